//! `mirror`: a Party's full copy of a ledger, which judges every entry again before it cosigns.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::files;
use super::serve::{LogFormat, Signals, start_logging};
use super::store::StoreArguments;
use crate::api::server::{Timers, serve};
use crate::evidence::trust::Trust;
use crate::mirror::follow::{Follower, LookError};
use crate::mirror::origin::Origin;
use crate::mirror::{Mirror, load};
use crate::note::KeyKind;
use crate::service::clock::Clock;
use crate::service::copy::{CopySettings, Mirrored};
use crate::service::ledger::Ledger;
use crate::service::window::Window;
use crate::store::Address;
use crate::witness::{Cosigner, http};

/// Exit code of a mirror that found a rule broken or a history forked.
const BROKEN: u8 = 1;

/// Keeps a full copy of a ledger in a database of its own, and judges every signature, rule and hash of every entry again
/// before anything is shown or cosigned, until it is told to stop (SIGTERM or Ctrl-C).
///
/// It cosigns checkpoints whose every entry it holds and has judged (`POST /add-checkpoint`, C2SP tlog-witness), serves
/// everything that the ledger serves, from its own copy and with tokens of its own (`countersign token`), also when the
/// ledger is gone, and takes in at `POST /v1/records` what the ledger's operator does not. The first start needs the ledger
/// and, with a new key, `--begin`; it begins to listen when the copy is complete. Put a proxy with TLS in front of it.
///
/// Where the log signed what a rule forbids, the mirror stops: it names the rule and the entry in its log and at `/readyz`,
/// keeps both as files in `evidence`, cosigns nothing, and goes on serving what it holds.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The ledger to follow
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_MIRROR_FROM")]
    from: String,
    /// A token of the ledger that reads everything
    #[arg(long, env = "COUNTERSIGN_MIRROR_TOKEN", hide_env_values = true)]
    token: String,
    /// The ledger's root of trust
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_TRUST")]
    trust: PathBuf,
    /// The key that cosigns, made by `keygen --name <authority>/mirror/<label>`
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_MIRROR_KEY", required_unless_present = "once")]
    key: Option<PathBuf>,
    /// The key that confirms what is lodged here, made by `keygen --name <authority>/window/<label>`; without it nothing is
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_WINDOW_KEY")]
    window_key: Option<PathBuf>,
    /// Make the file in which the mirror remembers what it cosigned: once, with a new key
    #[arg(long)]
    begin: bool,
    #[command(flatten)]
    store: StoreArguments,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", env = "COUNTERSIGN_MIRROR_LISTEN", default_value = "127.0.0.1:8460")]
    listen: SocketAddr,
    /// Milliseconds between two looks at the ledger
    #[arg(long, value_name = "MS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(50..=60_000))]
    every: u64,
    /// Bring the copy up to date and end: 0 if everything was judged good, 1 if a rule is broken or a history forked
    #[arg(long, conflicts_with_all = ["begin", "window_key"])]
    once: bool,
    /// How the mirror's own log is written
    #[arg(long, value_enum, env = "COUNTERSIGN_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    start_logging(arguments.log_format);
    super::block_on(mirror(arguments))
}

async fn mirror(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let data_dir = &arguments.store.data_dir;
    std::fs::create_dir_all(data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
    let opened = arguments.store.open().await?;
    let settings = load::Settings {
        origin: Origin::new(&arguments.from, &arguments.token),
        trust: files::read_trust(&arguments.trust)?,
        store: opened.address.clone(),
        folder: data_dir.clone(),
        clock: Clock::System,
    };
    let trust = settings.trust.clone();
    let follower = load::open(settings).await?;
    let code = if arguments.once {
        once(follower).await?
    } else {
        let complete = complete(follower, Duration::from_millis(arguments.every));
        let mirror = tokio::select! {
            mirror = complete => Some(mirror?),
            () = signals.wait() => None,
        };
        match mirror {
            Some(mirror) => serve_until(&arguments, mirror, &opened.address, trust, &mut signals).await?,
            None => ExitCode::SUCCESS,
        }
    };
    if let Some(cluster) = opened.cluster {
        cluster.stop()?;
    }
    Ok(code)
}

async fn once(mut follower: Follower) -> anyhow::Result<ExitCode> {
    match follower.look().await {
        Ok(size) => {
            println!("{size}");
            Ok(ExitCode::SUCCESS)
        }
        Err(error @ (LookError::Stopped(_) | LookError::WentBack { .. } | LookError::LeadsElsewhere { .. })) => {
            eprintln!("countersign: {error}");
            Ok(ExitCode::from(BROKEN))
        }
        Err(error) => Err(error.into()),
    }
}

/// Waits until there is something to show. A mirror that held something before shows that, whether its origin is there or
/// not.
pub async fn complete(mut follower: Follower, every: Duration) -> anyhow::Result<Arc<Mirror>> {
    loop {
        match Mirror::new(follower) {
            Ok(mirror) => return Ok(mirror),
            Err(not_yet) => follower = *not_yet,
        }
        match follower.look().await {
            Ok(size) if size > 0 => continue,
            Ok(_) => tracing::warn!("the log has no entry yet"),
            Err(error @ LookError::Stopped(_)) => bail!("there is nothing to serve: {error}"),
            Err(error) => tracing::warn!(%error, "the copy is not complete yet"),
        }
        tokio::time::sleep(every).await;
    }
}

async fn serve_until(
    arguments: &Arguments,
    mirror: Arc<Mirror>,
    store: &Address,
    trust: Trust,
    signals: &mut Signals,
) -> anyhow::Result<ExitCode> {
    let data_dir = &arguments.store.data_dir;
    let window = window(arguments, &trust.origin, data_dir)?;
    let Some(key) = &arguments.key else { bail!("give --key") };
    let cosigner = mirror.cosigner(files::read_signer(key)?, &data_dir.join("cosigned"), arguments.begin)?;
    let listener = TcpListener::bind(arguments.listen).await.with_context(|| {
        format!("cannot listen on {}: another program may be using it; give another --listen", arguments.listen)
    })?;
    let (store, every) = (store.clone(), Duration::from_millis(arguments.every));
    let mirroring = Mirroring::start(Copying { mirror, cosigner, window, store, trust, every }, listener)?;
    let (address, entries) = (mirroring.address, mirroring.ledger.now().size());
    tracing::info!(%address, entries, "mirroring");
    eprintln!("Mirroring {} on http://{address}", arguments.from);
    signals.wait().await;
    tracing::info!("stopping: open requests may finish");
    mirroring.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// What a mirror that listens is made of.
pub struct Copying {
    /// The copy, and who follows with it.
    pub mirror: Arc<Mirror>,
    /// What cosigns.
    pub cosigner: Cosigner,
    /// Where records are lodged, if anywhere.
    pub window: Option<Arc<Window>>,
    /// The mirror's own database.
    pub store: Address,
    /// The root of trust.
    pub trust: Trust,
    /// How often it looks at the ledger.
    pub every: Duration,
}

/// A mirror that listens.
pub struct Mirroring {
    /// Where.
    pub address: SocketAddr,
    /// What it shows.
    pub ledger: Arc<Ledger>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    following: JoinHandle<()>,
}

impl Mirroring {
    /// Follows, cosigns, serves.
    pub fn start(copying: Copying, listener: TcpListener) -> anyhow::Result<Mirroring> {
        let Copying { mirror, cosigner, window, store, trust, every } = copying;
        let (seal, published) = (Arc::clone(&mirror.seal), Arc::clone(&mirror.published));
        let copy = Mirrored { standing: Arc::clone(&mirror.standing), window: window.clone() };
        let clock = Clock::System;
        let cosigned = Arc::clone(&mirror.cosigned);
        let settings = CopySettings { store, trust, seal, published: Arc::clone(&published), cosigned, clock, copy };
        let (address, timers, ledger) = (listener.local_addr()?, Timers::default(), Ledger::of_copy(settings));
        let routes = crate::api::routes(Arc::clone(&ledger), timers);
        let routes = routes.merge(http::routes(Arc::new(cosigner), timers.body));
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(serve(listener, routes, timers, stopped.clone()));
        let following = tokio::spawn(mirror.follow(every, stopped));
        if let Some(window) = &window {
            tokio::spawn(Window::bring(Arc::downgrade(window), published));
        }
        Ok(Mirroring { address, ledger, stop, server, following })
    }

    /// Lets open requests finish.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.server.await;
        let _ = self.following.await;
    }
}

fn window(arguments: &Arguments, origin: &str, data_dir: &Path) -> anyhow::Result<Option<Arc<Window>>> {
    let Some(path) = &arguments.window_key else { return Ok(None) };
    let key = files::read_signer(path)?;
    if key.verifier().kind() != KeyKind::Ed25519 {
        bail!("{} is not a window's key: make one with `keygen --name <authority>/window/<label>`", path.display());
    }
    Ok(Some(Arc::new(Window::start(&data_dir.join("lodged"), key, origin, &arguments.from)?)))
}
