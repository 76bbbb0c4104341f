//! `witness`: a light cosigner for third parties.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::files;
use super::serve::{LogFormat, Signals, start_logging};
use crate::api::server::{Timers, serve};
use crate::service::clock::Clock;
use crate::tlog::witness::{Logs, Witness};
use crate::witness::evidence::EvidenceFolder;
use crate::witness::state::State;
use crate::witness::{Cosigner, http};

/// Cosigns checkpoints that extend everything this witness cosigned before, until it is told to stop (SIGTERM or
/// Ctrl-C). Logs submit to `POST /add-checkpoint` (C2SP tlog-witness); anybody reads the latest checkpoint at
/// `GET /<SHA-256 of the origin, in hex>/checkpoint`.
///
/// It needs no database. Its state file is its memory: back it up only with the witness stopped, and never start it
/// with an older copy. Put a proxy with TLS in front of it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The key that cosigns, made by `keygen --witness` or `keygen --name <authority>/witness/<label>`
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_WITNESS_KEY")]
    key: PathBuf,
    /// The file in which it remembers what it cosigned
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_WITNESS_STATE")]
    state: PathBuf,
    /// Make the state file: once, for a witness with a new key
    #[arg(long)]
    begin: bool,
    /// The logs to cosign for: on each line the log's verifier key, or its origin and a verifier key
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_WITNESS_LOGS")]
    logs: PathBuf,
    /// The folder for signed checkpoints that contradict what was cosigned [default: the state file with `.evidence`]
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_WITNESS_EVIDENCE")]
    evidence: Option<PathBuf>,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", env = "COUNTERSIGN_WITNESS_LISTEN", default_value = "127.0.0.1:8450")]
    listen: SocketAddr,
    /// How the witness's own log is written
    #[arg(long, value_enum, env = "COUNTERSIGN_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    start_logging(arguments.log_format);
    super::block_on(witness(arguments))
}

async fn witness(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let witness = open_witness(&arguments.key, &arguments.logs)?;
    let (vkey, logs) = (witness.verifier().to_string(), witness.logs().len());
    let state =
        if arguments.begin { State::begin(&arguments.state)? } else { State::open(&arguments.state, &witness)? };
    let remembered = state.logs();
    let evidence = arguments.evidence.clone().unwrap_or_else(|| arguments.state.with_added_extension("evidence"));
    let now = Box::new(|| u64::try_from(Clock::System.now().seconds()).unwrap_or_default());
    let cosigner = Arc::new(Cosigner::new(witness, state, EvidenceFolder::new(&evidence), now));
    let listener = TcpListener::bind(arguments.listen).await.with_context(|| {
        format!("cannot listen on {}: another program may be using it; give another --listen", arguments.listen)
    })?;
    let address = listener.local_addr()?;
    let timers = Timers::default();
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(serve(listener, http::routes(cosigner, timers.body), timers, stopped));
    tracing::info!(%address, logs, remembered, "witnessing");
    println!("{vkey}");
    eprintln!("Witnessing on http://{address}. The line above is the key to know this witness by.");
    signals.wait().await;
    tracing::info!("stopping: open requests may finish");
    let _ = stop.send(true);
    server.await.context("the server ended badly")?;
    Ok(ExitCode::SUCCESS)
}

fn open_witness(key: &Path, logs: &Path) -> anyhow::Result<Witness> {
    let list = Logs::parse(&files::read_text(logs)?).with_context(|| format!("{} cannot be used", logs.display()))?;
    if list.is_empty() {
        bail!("{} names no log: write the verifier key (vkey) of each log on a line", logs.display());
    }
    let signer = files::read_signer(key)?;
    Witness::new(signer, list).map_err(|_| {
        anyhow::anyhow!(
            "{} is not a key for cosigning: make one with `countersign keygen --witness NAME`",
            key.display()
        )
    })
}
