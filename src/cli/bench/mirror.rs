//! `bench mirror`: whether a mirror keeps up with a ledger that is written to at full speed.
//!
//! First the ledger is filled without a mirror, which gives its peak; then a mirror takes up all of that, which gives the
//! mirror's own rate; then clients write at full speed while the mirror follows, and how far it is behind is looked at ten
//! times a second. Everything is a process of its own, on the same disk, and on the same cores unless the mirror is given its
//! own: `taskset --cpu-list 0 countersign bench mirror --mirror-cpus 1` is two machines with one core each.
//!
//! Deliberately absent: a network between them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};

use super::super::client::Client;
use super::super::store::{DATABASE, start_cluster};
use super::super::{files, keygen, token};
use super::{Server, begin, nobody, post_all, print, sign};
use crate::note::KeyKind;
use crate::store::cluster::ClusterRole;
use crate::store::read::{Reader, pool};
use crate::store::token::Reading;
use crate::treaty::party::Party;

/// Measures how far a mirror is behind its ledger while clients post records at full speed, beside the ledger's rate without
/// a mirror and the mirror's without writers.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Records that are posted without a mirror, and again with one
    #[arg(long, default_value_t = 40_000)]
    records: usize,
    /// Clients, each with one connection
    #[arg(long, default_value_t = 96)]
    clients: usize,
    /// Milliseconds between two looks of the mirror
    #[arg(long, default_value_t = 1_000)]
    every: u64,
    /// The processors of the mirror and its database alone, as taskset(1) takes them; those of everything else are the ones
    /// that this command was started with
    #[arg(long, value_name = "LIST")]
    mirror_cpus: Option<String>,
    /// Where the data directories are made; they are removed afterwards
    #[arg(long, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    scratch: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Never fetch PostgreSQL's programs, where this machine has none
    #[arg(long)]
    no_download: bool,
}

pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if arguments.clients == 0 || arguments.records < arguments.clients {
        bail!("give at least one client, and at least one record for each");
    }
    super::super::block_on(async move {
        let folder = arguments.scratch.join(format!("countersign-bench-{}", std::process::id()));
        let measured = measure(&arguments, &folder).await;
        let _ = std::fs::remove_dir_all(&folder);
        print(&measured?, arguments.json);
        Ok(ExitCode::SUCCESS)
    })
}

/// What both sides had at a moment.
#[derive(Clone, Copy)]
struct Sample {
    at: Duration,
    ledger: u64,
    mirror: u64,
}

async fn measure(arguments: &Arguments, folder: &Path) -> anyhow::Result<Value> {
    let cluster = start_cluster(folder, !arguments.no_download, DATABASE).await?;
    let keys = begin(folder, nobody())?;
    let server = Server::start(folder, &[])?;
    let reader = Reader::new(pool(cluster.options(ClusterRole::Runtime, DATABASE), 1));
    let token = token::create(&reader, Party::Us, Reading::Auditor, "bench").await?;
    let (address, total) = (server.address, 2 * arguments.records);
    let notes = tokio::task::spawn_blocking(move || sign(address, keys, total)).await??;
    let (before, during) = notes.split_at(arguments.records);

    let begun = Instant::now();
    post_all(address, before, arguments.clients, None).await?;
    let peak = before.len() as f64 / begun.elapsed().as_secs_f64();

    let begun = Instant::now();
    let own = folder.join("mirror");
    let key = files::write_key(&own.join("key"), &keygen::new_key("US/mirror/1", KeyKind::Cosignature)?, false)?;
    let at = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let program = program(arguments.mirror_cpus.as_deref())?;
    let mirror =
        Following::start(program, &own, (at, &key), (address, &token), arguments.every, arguments.no_download)?;
    let held = size(address)?;
    mirror.has(held)?;
    let alone = held as f64 / begun.elapsed().as_secs_f64();

    let begun = Instant::now();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let followed = mirror.address;
    let watching = tokio::task::spawn_blocking(move || watch(address, followed, begun, &stopped));
    post_all(address, during, arguments.clients, None).await?;
    let written = begun.elapsed();
    let last = size(address)?;
    mirror.has(last)?;
    let caught_up = begun.elapsed() - written;
    drop(stop);
    let samples = watching.await??;
    drop(mirror);
    server.stop();
    cluster.stop()?;
    Ok(report(arguments, [peak, alone, during.len() as f64 / written.as_secs_f64()], &samples, written, caught_up))
}

fn report(
    arguments: &Arguments,
    [peak, alone, beside]: [f64; 3],
    samples: &[Sample],
    written: Duration,
    caught_up: Duration,
) -> Value {
    let behind = |sample: &Sample| sample.ledger.saturating_sub(sample.mirror);
    let during: Vec<&Sample> = samples.iter().filter(|sample| sample.at <= written).collect();
    let most = |samples: &[&Sample]| samples.iter().map(|sample| behind(sample)).max().unwrap_or_default();
    let quarter = during.len().div_ceil(4).max(1);
    let quarters: Vec<u64> = during.chunks(quarter).map(most).collect();
    json!({
        "ledger_alone_per_second": peak.round(),
        "mirror_alone_per_second": alone.round(),
        "ledger_with_mirror_per_second": beside.round(),
        "most_behind": most(&during),
        "most_behind_by_quarter": quarters,
        "most_behind_s": (most(&during) as f64 / beside * 100.0).round() / 100.0,
        "caught_up_after_s": (caught_up.as_secs_f64() * 100.0).round() / 100.0,
        "written_for_s": (written.as_secs_f64() * 100.0).round() / 100.0,
        "looks_every_ms": arguments.every,
        "mirror_cpus": arguments.mirror_cpus,
        "records": arguments.records,
        "clients": arguments.clients,
    })
}

/// The size that a ledger or a mirror says it has.
pub fn size(address: SocketAddr) -> anyhow::Result<u64> {
    let about = Client::new(&format!("http://{address}"), None).fetch_json("/v1/log")?;
    about["checkpoint"]["size"].as_u64().context("the log says its size")
}

/// Looks at both until the other end hangs up.
fn watch(
    ledger: SocketAddr,
    mirror: SocketAddr,
    begun: Instant,
    stopped: &std::sync::mpsc::Receiver<()>,
) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    while stopped.recv_timeout(Duration::from_millis(100)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
        let mirror = size(mirror)?;
        let ledger = size(ledger)?;
        samples.push(Sample { at: begun.elapsed(), ledger, mirror });
    }
    Ok(samples)
}

/// This program once more, on these processors if any are named.
pub fn program(cpus: Option<&str>) -> anyhow::Result<Command> {
    let own = std::env::current_exe()?;
    let Some(cpus) = cpus else { return Ok(Command::new(own)) };
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", cpus]).arg(own);
    Ok(command)
}

/// A mirror in its own process.
pub struct Following {
    child: Child,
    address: SocketAddr,
}

impl Following {
    /// Starts a mirror with this program in a folder of its own, at an address and with a key, of a ledger that it may read
    /// with a token; it looks at that every so many milliseconds.
    pub fn start(
        mut command: Command,
        own: &Path,
        (address, key): (SocketAddr, &Path),
        (ledger, token): (SocketAddr, &str),
        every: u64,
        no_download: bool,
    ) -> anyhow::Result<Following> {
        let about = Client::new(&format!("http://{ledger}"), None).fetch_json("/v1/log")?;
        let trust = own.join("trust");
        files::write_new(&trust, about["trust"].as_str().unwrap_or_default().as_bytes(), 0o644)?;
        command.args(["mirror", "--begin", "--from", &format!("http://{ledger}"), "--token", token]);
        command.args(["--listen", &address.to_string(), "--every", &every.to_string(), "--key"]);
        command.arg(key).arg("--trust").arg(trust).arg("--data-dir").arg(own);
        command.args(no_download.then_some("--no-download"));
        let child = command.env_remove("DATABASE_URL").env("RUST_LOG", "warn").stdout(Stdio::null()).spawn()?;
        Ok(Following { child, address })
    }

    /// Waits until the mirror has so many entries.
    pub fn has(&self, entries: u64) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(300) {
            if size(self.address).is_ok_and(|size| size >= entries) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("the mirror did not come to {entries} entries within five minutes")
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // It has a database server of its own to stop.
        let id = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}
