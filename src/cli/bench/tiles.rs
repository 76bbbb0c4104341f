//! `bench tiles`: the rate at which tiles are served, beside a plain static file server with the same bytes.
//!
//! Both servers are processes of their own, and the same clients ask both for the same paths, over connections that stay
//! open. The static one is tower-http's on the same hyper ([`static_files`]): it knows no tokens, records no reading and
//! asks no database.
//!
//! Deliberately absent: partial tiles. They change with every batch, and nobody fetches them at a rate.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::super::client::Client;
use super::super::store::{DATABASE, start_cluster};
use super::super::token;
use super::{Server, answer, begin, post_all, print, sign};
use crate::store::cluster::ClusterRole;
use crate::store::read::{Reader, pool};
use crate::store::token::Reading;
use crate::tlog::tiles::{TileKind, tiles_of};
use crate::treaty::party::Party;

/// Measures how many tiles a second are served: hash tiles to anybody and to the holder of a token, and bundles of entries,
/// which only holders of tokens may read; then a static file server with the same files. Each round asks both.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Records in the ledger; 256 fill a tile
    #[arg(long, default_value_t = 20_480)]
    records: usize,
    /// Connections that stay open, each with one request at a time
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Seconds for each measure of a round
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Rounds; the medians are printed
    #[arg(long, default_value_t = 5)]
    rounds: usize,
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
    if arguments.connections == 0 || arguments.rounds == 0 || arguments.records < 512 {
        bail!("give at least one connection, one round and 512 records");
    }
    super::super::block_on(async move {
        let folder = arguments.scratch.join(format!("countersign-bench-{}", std::process::id()));
        let measured = measure(&arguments, &folder).await;
        let _ = std::fs::remove_dir_all(&folder);
        print(&measured?, arguments.json);
        Ok(ExitCode::SUCCESS)
    })
}

async fn measure(arguments: &Arguments, folder: &Path) -> anyhow::Result<Value> {
    let cluster = start_cluster(folder, !arguments.no_download, DATABASE).await?;
    let keys = begin(folder)?;
    let server = Server::start(folder)?;
    let reader = Reader::new(pool(cluster.options(ClusterRole::Runtime, DATABASE), 1));
    let token = token::create(&reader, Party::Us, Reading::Auditor, "bench").await?;
    let (address, records) = (server.address, arguments.records);
    let notes = tokio::task::spawn_blocking(move || sign(address, keys, records)).await??;
    post_all(address, &notes, 64.min(records), None).await?;
    drop(notes);
    let files = folder.join("static");
    let (hashes, bundles) = store_tiles(address, &token, &files)?;
    let plain = Plain::start(&files)?;
    let mut rounds = Vec::with_capacity(arguments.rounds);
    for _ in 0..arguments.rounds {
        let ask = |address, token: Option<&str>, paths: &[String]| {
            rate(address, token.map(str::to_owned), paths.to_vec(), arguments.connections, arguments.seconds)
        };
        rounds.push([
            ask(address, None, &hashes).await?,
            ask(address, Some(&token), &hashes).await?,
            ask(plain.address, None, &hashes).await?,
            ask(address, Some(&token), &bundles).await?,
            ask(plain.address, None, &bundles).await?,
        ]);
    }
    let sizes = [&hashes, &bundles].map(|paths| paths.first().map(|path| std::fs::metadata(files.join(&path[1..]))));
    let [hash_bytes, bundle_bytes] = sizes.map(|size| size.and_then(Result::ok).map_or(0, |size| size.len()));
    drop(plain);
    server.stop();
    cluster.stop()?;
    let median = |which: fn(&[f64; 5]) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(which).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or_default()
    };
    let ratio = |which| (median(which) * 1_000.0).round() / 1_000.0;
    Ok(json!({
        "hash_tiles_to_anybody_per_second": median(|r| r[0]).round(),
        "hash_tiles_with_token_per_second": median(|r| r[1]).round(),
        "hash_tiles_static_per_second": median(|r| r[2]).round(),
        "hash_tiles_to_anybody_ratio": ratio(|r| r[0] / r[2]),
        "hash_tiles_with_token_ratio": ratio(|r| r[1] / r[2]),
        "bundles_with_token_per_second": median(|r| r[3]).round(),
        "bundles_static_per_second": median(|r| r[4]).round(),
        "bundles_ratio": ratio(|r| r[3] / r[4]),
        "hash_tile_bytes": hash_bytes,
        "bundle_bytes": bundle_bytes,
        "hash_tiles": hashes.len(),
        "bundles": bundles.len(),
        "connections": arguments.connections,
        "rounds": arguments.rounds,
    }))
}

/// Writes every whole tile to files; answers the paths of hash tiles and of bundles.
fn store_tiles(address: SocketAddr, token: &str, files: &Path) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let client = Client::new(&format!("http://{address}"), Some(token));
    let size = client.fetch_json("/v1/log")?["checkpoint"]["size"].as_u64().context("the log says its size")?;
    let (mut hashes, mut bundles) = (Vec::new(), Vec::new());
    for tile in tiles_of(size).filter(|tile| tile.width() == 256) {
        let path = format!("/{tile}");
        let file = files.join(tile.to_string());
        std::fs::create_dir_all(file.parent().context("a tile lies in a folder")?)?;
        std::fs::write(&file, client.fetch(&path)?)?;
        if tile.kind() == TileKind::Entries { &mut bundles } else { &mut hashes }.push(path);
    }
    Ok((hashes, bundles))
}

/// Answers a second for these paths, asked for in turn by so many connections.
async fn rate(
    address: SocketAddr,
    token: Option<String>,
    paths: Vec<String>,
    connections: usize,
    seconds: u64,
) -> anyhow::Result<f64> {
    let authority = token.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
    let request = |path: &String| format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{authority}\r\n").into_bytes();
    let requests: Arc<Vec<Vec<u8>>> = Arc::new(paths.iter().map(request).collect());
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let clients = (0..connections).map(|client| tokio::spawn(asking(address, Arc::clone(&requests), client, end)));
    let mut answered = 0;
    for client in clients.collect::<Vec<_>>() {
        answered += client.await??;
    }
    Ok(f64::from(answered) / begun.elapsed().as_secs_f64())
}

/// Asks for one path after the other until the end; answers how many were answered.
async fn asking(address: SocketAddr, requests: Arc<Vec<Vec<u8>>>, first: usize, end: Instant) -> anyhow::Result<u32> {
    let mut stream = TcpStream::connect(address).await.context("the server does not answer")?;
    stream.set_nodelay(true)?;
    let (mut buffer, mut answered) = (Vec::with_capacity(1 << 20), 0);
    for request in requests.iter().cycle().skip(first * 7) {
        if Instant::now() >= end {
            break;
        }
        stream.write_all(request).await?;
        answer(&mut stream, &mut buffer, 200).await?;
        answered += 1;
    }
    Ok(answered)
}

/// The static file server, in its own process.
struct Plain {
    child: Child,
    address: SocketAddr,
}

impl Plain {
    fn start(files: &Path) -> anyhow::Result<Plain> {
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = Command::new(std::env::current_exe()?)
            .args(["bench", "static-files", "--listen", &address.to_string(), "--folder"])
            .arg(files)
            .stdout(Stdio::null())
            .spawn()
            .context("the static file server cannot be started")?;
        let plain = Plain { child, address };
        for _ in 0..500 {
            if std::net::TcpStream::connect(address).is_ok() {
                return Ok(plain);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("the static file server did not begin to answer within ten seconds")
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
