//! `bench read`: how long readers wait, alone and while others write.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::super::store::{DATABASE, start_cluster};
use super::super::token;
use super::{Server, answer, begin, nobody, percentile, post_all, print, sign};
use crate::store::cluster::ClusterRole;
use crate::store::read::{Reader, pool};
use crate::store::token::Reading;
use crate::treaty::party::Party;

/// How often each address is read.
const READS: usize = 300;

/// Measures reading on a ledger of so many records: a list of 200, a site, one record; each with a token, so that every
/// read waits for its access event. Then the list and the record again while writers post at full speed.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Records in the ledger
    #[arg(long, default_value_t = 100_000)]
    records: usize,
    /// Clients that write
    #[arg(long, default_value_t = 64)]
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
    super::super::block_on(async {
        let folder = arguments.scratch.join(format!("countersign-bench-{}", std::process::id()));
        let measured = measure(&arguments, &folder).await;
        let _ = std::fs::remove_dir_all(&folder);
        print(&measured?, arguments.json);
        Ok(ExitCode::SUCCESS)
    })
}

async fn measure(arguments: &Arguments, folder: &Path) -> anyhow::Result<serde_json::Value> {
    let cluster = start_cluster(folder, !arguments.no_download, DATABASE).await?;
    let keys = begin(folder, nobody())?;
    let server = Server::start(folder, &[])?;
    let address = server.address;
    let reader = Reader::new(pool(cluster.options(ClusterRole::Runtime, DATABASE), 1));
    let token = token::create(&reader, Party::Us, Reading::Auditor, "bench").await?;
    let more = arguments.records / 2;
    let total = arguments.records + more;
    let notes = tokio::task::spawn_blocking(move || sign(address, keys, total)).await??;
    let (before, during) = notes.split_at(arguments.records);
    post_all(address, before, arguments.clients, None).await?;

    let (list, site) = ("/v1/records?limit=200", "/v1/sites/B1");
    let record = format!("/v1/records/{}", arguments.records / 2);
    let mut alone_list = read(address, list, &token, READS).await?;
    let mut alone_site = read(address, site, &token, READS).await?;
    let mut alone_record = read(address, &record, &token, READS).await?;

    let writers = post_all(address, during, arguments.clients, None);
    let readers = async {
        let lists = read(address, list, &token, READS / 3).await?;
        let records = read(address, &record, &token, READS).await?;
        anyhow::Ok((lists, records))
    };
    let (written, busy) = tokio::join!(writers, readers);
    written?;
    let (mut busy_list, mut busy_record) = busy?;
    server.stop();
    cluster.stop()?;
    Ok(json!({
        "records": arguments.records,
        "list_of_200_p50_ms": percentile(&mut alone_list, 0.50),
        "list_of_200_p99_ms": percentile(&mut alone_list, 0.99),
        "site_p50_ms": percentile(&mut alone_site, 0.50),
        "site_p99_ms": percentile(&mut alone_site, 0.99),
        "record_p50_ms": percentile(&mut alone_record, 0.50),
        "record_p99_ms": percentile(&mut alone_record, 0.99),
        "list_under_writes_p50_ms": percentile(&mut busy_list, 0.50),
        "list_under_writes_p99_ms": percentile(&mut busy_list, 0.99),
        "record_under_writes_p50_ms": percentile(&mut busy_record, 0.50),
        "record_under_writes_p99_ms": percentile(&mut busy_record, 0.99),
    }))
}

/// Reads one address so many times, one after the other; answers the latencies.
async fn read(address: SocketAddr, path: &str, token: &str, times: usize) -> anyhow::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await.context("the server does not answer")?;
    stream.set_nodelay(true)?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n");
    let mut latencies = Vec::with_capacity(times);
    let mut buffer = Vec::new();
    for _ in 0..times {
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        answer(&mut stream, &mut buffer, 200).await?;
        latencies.push(begun.elapsed());
    }
    Ok(latencies)
}
