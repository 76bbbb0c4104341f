//! `bench load`: how many records a second go through, beside the rate of plain inserts on the same machine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::super::store::{DATABASE, start_cluster};
use super::{Server, begin, nobody, percentile, post_all, print, sign};
use crate::store::cluster::ClusterRole;
use crate::store::plain;

/// Measures the write path. Clients post records that were signed before, over loopback HTTP, to a real server with a
/// real, durable PostgreSQL in a new data directory; then as many connections insert the same bytes, one durable row at
/// a time, into a plain table of the same PostgreSQL. Latencies are taken at half the rate that was reached.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Records to post at full speed
    #[arg(long, default_value_t = 40_000)]
    records: usize,
    /// Clients, each with one connection
    #[arg(long, default_value_t = 96)]
    clients: usize,
    /// Where the data directory is made; it is removed afterwards
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
    super::super::block_on(bench(arguments))
}

async fn bench(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let folder = arguments.scratch.join(format!("countersign-bench-{}", std::process::id()));
    let measured = measure(&arguments, &folder).await;
    let _ = std::fs::remove_dir_all(&folder);
    print(&measured?, arguments.json);
    Ok(ExitCode::SUCCESS)
}

async fn measure(arguments: &Arguments, folder: &Path) -> anyhow::Result<serde_json::Value> {
    let cluster = start_cluster(folder, !arguments.no_download, DATABASE).await?;
    let keys = begin(folder, nobody())?;
    let server = Server::start(folder, &[])?;
    let address = server.address;
    let paced = arguments.records / 4;
    let total = arguments.records + paced;
    let notes = tokio::task::spawn_blocking(move || sign(address, keys, total)).await??;
    let bytes = notes.iter().map(String::len).sum::<usize>() / notes.len().max(1);
    let (fast, slow) = notes.split_at(arguments.records);

    let begun = Instant::now();
    post_all(address, fast, arguments.clients, None).await?;
    let rate = fast.len() as f64 / begun.elapsed().as_secs_f64();

    let mut latencies = post_all(address, slow, arguments.clients, Some(rate / 2.0)).await?;
    server.stop();

    let admin = cluster.options(ClusterRole::Superuser, DATABASE);
    let plain = plain::insert_rate(&admin, arguments.clients, fast).await?;
    cluster.stop()?;
    Ok(json!({
        "records_per_second": rate.round(),
        "plain_insert_per_second": plain.round(),
        "ratio": (rate / plain * 1000.0).round() / 1000.0,
        "p50_ms": percentile(&mut latencies, 0.50),
        "p99_ms": percentile(&mut latencies, 0.99),
        "paced_at_per_second": (rate / 2.0).round(),
        "records": fast.len(),
        "clients": arguments.clients,
        "bytes_per_record": bytes,
    }))
}
