//! `bench cosign`: how much longer a record takes until a mirror of each Party has cosigned it.
//!
//! A ledger whose terms demand both, and two mirrors, each a process of its own with a database of its own. One client posts
//! records one after the other, in turns without waiting for cosignatures and with; so both kinds meet the same machine.
//!
//! Deliberately absent: a network between them.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};

use super::super::client::Client;
use super::super::files;
use super::super::keygen;
use super::super::store::{DATABASE, start_cluster};
use super::super::token;
use super::mirror::{Following, program, size};
use super::{Server, begin, percentile, post, print, request, sign};
use crate::note::KeyKind;
use crate::store::cluster::ClusterRole;
use crate::store::read::{Reader, pool};
use crate::store::token::Reading;
use crate::treaty::party::Party;

/// Measures what waiting for the cosignatures of both Parties' mirrors adds to the time of a record, on the loopback.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Records of each kind
    #[arg(long, default_value_t = 300)]
    records: usize,
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
    if arguments.records == 0 {
        bail!("give at least one record");
    }
    super::super::block_on(async move {
        let folder = arguments.scratch.join(format!("countersign-bench-{}", std::process::id()));
        let measured = measure(&arguments, &folder).await;
        let _ = std::fs::remove_dir_all(&folder);
        print(&measured?, arguments.json);
        Ok(ExitCode::SUCCESS)
    })
}

/// The mirror of a Party before it runs: its key, and where it will listen.
struct Place {
    name: String,
    key: PathBuf,
    address: SocketAddr,
}

async fn measure(arguments: &Arguments, folder: &Path) -> anyhow::Result<Value> {
    let cluster = start_cluster(folder, !arguments.no_download, DATABASE).await?;
    let quorum = json!({ "all": ["US/mirror", "RU/mirror"] });
    let (mut keys, mut places, mut cosigners) = (begin(folder, quorum)?, Vec::new(), Vec::new());
    for party in [Party::Us, Party::Ru] {
        let name = format!("{party}/mirror/1");
        let key = keygen::new_key(&name, KeyKind::Cosignature)?;
        let own = folder.join("mirrors").join(party.as_str());
        let place = Place {
            key: files::write_key(&own.join("key"), &key, false)?,
            address: TcpListener::bind("127.0.0.1:0")?.local_addr()?, // free now; the mirror takes it a moment later
            name,
        };
        cosigners.push(format!("{}=http://{}", place.name, place.address));
        keys.push(key);
        places.push((own, place));
    }
    let server = Server::start(folder, &cosigners)?;
    let reader = Reader::new(pool(cluster.options(ClusterRole::Runtime, DATABASE), 1));
    let token = token::create(&reader, Party::Us, Reading::Auditor, "bench").await?;
    let (address, total) = (server.address, 2 * arguments.records);
    let notes = tokio::task::spawn_blocking(move || sign(address, keys, total)).await??;
    let mut mirrors = Vec::with_capacity(places.len());
    for (own, place) in &places {
        let mirror = Following::start(
            program(None)?,
            own,
            (place.address, &place.key),
            (address, &token),
            1_000,
            arguments.no_download,
        )?;
        mirror.has(size(address)?)?;
        mirrors.push(mirror);
    }
    all_final(address)?;
    let (mut alone, mut cosigned) = (Vec::new(), Vec::new());
    for (place, note) in notes.iter().enumerate() {
        let (path, latencies) = match place % 2 {
            0 => ("/v1/records", &mut alone),
            _ => ("/v1/records?wait=cosigned", &mut cosigned),
        };
        latencies.extend(post(address, vec![request(address, path, note)], None, Duration::ZERO).await?);
    }
    all_final(address)?;
    drop(mirrors);
    server.stop();
    cluster.stop()?;
    Ok(report(&mut alone, &mut cosigned))
}

/// Waits until the newest checkpoint is final: the measurement begins and ends with cosigners that keep up.
fn all_final(address: SocketAddr) -> anyhow::Result<()> {
    let client = Client::new(&format!("http://{address}"), None);
    for _ in 0..600 {
        let shown = client.fetch_json("/v1/log/cosigners")?;
        if shown["final"]["size"].as_u64().context("nothing is final").ok() == shown["size"].as_u64() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("the mirrors did not cosign everything within a minute")
}

fn report(alone: &mut [Duration], cosigned: &mut [Duration]) -> Value {
    let added = percentile(cosigned, 0.50) - percentile(alone, 0.50);
    json!({
        "recorded_p50_ms": percentile(alone, 0.50),
        "recorded_p99_ms": percentile(alone, 0.99),
        "final_p50_ms": percentile(cosigned, 0.50),
        "final_p99_ms": percentile(cosigned, 0.99),
        "added_p50_ms": (added * 100.0).round() / 100.0,
        "records_of_each": cosigned.len(),
    })
}
