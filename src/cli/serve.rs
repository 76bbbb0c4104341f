//! `serve`: a ledger over HTTP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing_subscriber::EnvFilter;

use super::files;
use super::own_keys::read_keys;
use super::store::StoreArguments;
use crate::api::quarantine::Door;
use crate::api::{self, server::Timers};
use crate::replica::LedgerKeys;
use crate::service::clock::Clock;
use crate::service::cosigned::config::{CosignerAt, CosigningSettings};
use crate::service::gate::GateSettings;
use crate::service::ledger::{Ledger, Settings};
use crate::service::origin::Origin;
use crate::store::Address;

/// Serves a ledger over HTTP until it is told to stop (SIGTERM or Ctrl-C); then it lets open requests finish.
///
/// A log is begun once, with `--create-log` and the terms that every root has signed; the log's and the clerk's key
/// must be those that the terms name. When an amendment of the terms changes them, give the old and the new one: each
/// signs the sizes that are its own. Put a proxy with TLS in front of it.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    store: StoreArguments,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", env = "COUNTERSIGN_LISTEN", default_value = "127.0.0.1:8440")]
    listen: SocketAddr,
    /// The key that signs checkpoints: a file, or the pkcs11: URI of a key in a hardware module; while it changes, the new
    /// one as well (once for each, or with commas between them)
    #[arg(long, value_name = "KEY", env = "COUNTERSIGN_LOG_KEY", required = true, value_delimiter = ',')]
    log_key: Vec<PathBuf>,
    /// The key that countersigns records; while it changes, the new one as well
    #[arg(long, value_name = "KEY", env = "COUNTERSIGN_CLERK_KEY", required = true, value_delimiter = ',')]
    clerk_key: Vec<PathBuf>,
    /// Begin the log with these terms, signed by every root that they name
    #[arg(long, value_name = "NOTE")]
    create_log: Option<PathBuf>,
    /// A mirror from which entries are taken that this database has lost
    #[arg(
        long,
        value_name = "URL",
        env = "COUNTERSIGN_RESTORE_FROM",
        value_delimiter = ',',
        conflicts_with = "create_log"
    )]
    restore_from: Vec<String>,
    /// A token of that mirror that reads everything
    #[arg(long, value_name = "TOKEN", env = "COUNTERSIGN_RESTORE_TOKEN", hide_env_values = true, default_value = "")]
    restore_token: String,
    /// Bring every checkpoint to this cosigner, a Party's mirror or witness: the name of its key, or the whole verifier
    /// key, and its address; once for each. Its key may be registered later
    #[arg(long, value_name = "KEY=URL", env = "COUNTERSIGN_COSIGNERS", value_delimiter = ' ')]
    cosigner: Vec<CosignerAt>,
    /// How the server's own log is written
    #[arg(long, value_enum, env = "COUNTERSIGN_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

/// How the server's own log is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    start_logging(arguments.log_format);
    super::block_on(serve(arguments))
}

/// Begins to write the server's log to standard error; `RUST_LOG` says how much.
pub fn start_logging(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

async fn serve(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let keys = || read_keys(&arguments.log_key, &arguments.clerk_key);
    let opened = arguments.store.open().await?;
    let data_dir = &arguments.store.data_dir;
    std::fs::create_dir_all(data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
    let settings = |keys| {
        let mut settings = settings(&opened.address, data_dir, keys, Clock::System);
        let mirror = |url: &String| Origin::new(url, &arguments.restore_token);
        settings.gate.mirrors = arguments.restore_from.iter().map(mirror).collect();
        settings.cosigning.cosigners.clone_from(&arguments.cosigner);
        settings
    };
    if let Some(note) = &arguments.create_log {
        let trust = Ledger::create(&settings(keys()?), &files::read(note)?).await?;
        println!("{trust}");
        eprintln!("The log has begun. The line above is its root of trust: print it, and give it to everybody.");
    }
    let running = Running::start(arguments.listen, settings(keys()?)).await?;
    tracing::info!(address = %running.address, entries = running.ledger.now().size(), "serving");
    eprintln!("Serving on http://{}", running.address);
    signals.wait().await;
    tracing::info!("stopping: open requests may finish");
    running.stop().await;
    if let Some(cluster) = opened.cluster {
        cluster.stop()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What a ledger in this data directory is opened with; nobody cosigns.
pub fn settings(store: &Address, data_dir: &Path, keys: LedgerKeys, clock: Clock) -> Settings {
    let (gate, cosigning) = (GateSettings::new(data_dir.join("evidence")), CosigningSettings::with(Vec::new()));
    Settings { store: store.clone(), heads: data_dir.join("heads"), keys, clock, gate, cosigning }
}

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it serves.
    pub ledger: Arc<Ledger>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    sequencer: JoinHandle<()>,
}

impl Running {
    /// Begins to listen, and opens the ledger.
    pub async fn start(listen: SocketAddr, settings: Settings) -> anyhow::Result<Running> {
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!("cannot listen on {listen}: another program may be using it; give another --listen")
        })?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let (timers, door) = (Timers::default(), Door::default());
        let server = tokio::spawn(api::server::serve(listener, door.routes(), timers, stopped));
        let (ledger, sequencer) = match Ledger::open(settings).await {
            Ok(opened) => opened,
            Err(error) => {
                let _ = stop.send(true);
                let _ = server.await;
                return Err(error.into());
            }
        };
        door.open(api::routes(Arc::clone(&ledger), timers));
        Ok(Running { address, ledger, stop, server, sequencer })
    }

    /// Lets open requests finish, then the sequencer.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.server.await;
        drop(self.ledger);
        // Whoever still holds the ledger holds the queue: wait only so long.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), self.sequencer).await;
    }
}

/// SIGTERM and Ctrl-C, noted from the moment at which this is made.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Begins to note signals: what comes before anybody waits for it is not lost.
    pub fn listen() -> anyhow::Result<Signals> {
        let cannot = "cannot listen for signals";
        let interrupt = signal(SignalKind::interrupt()).context(cannot)?;
        Ok(Signals { interrupt, terminate: signal(SignalKind::terminate()).context(cannot)? })
    }

    /// Waits for either.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
