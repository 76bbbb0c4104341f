//! Measurements of a real server with a real, durable PostgreSQL, over loopback HTTP.
//!
//! [`load`] measures writing, [`read`] reading, [`tiles`] what is served of the log itself, [`mirror`] how a mirror follows,
//! [`new_start`] a whole treaty; [`status`] the status of the pair and [`audit`] the audit, both without a server. The first
//! four run the server as a process of its own in a new data directory.
//!
//! Deliberately absent: limits. A measurement is a figure, never a test.

pub mod audit;
pub mod load;
pub mod mirror;
pub mod new_start;
pub mod read;
pub mod static_files;
pub mod status;
pub mod tiles;

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::client::Client;
use super::player::{Player, Statement};
use super::progress::Progress;
use super::terms_init::{self, Keys};
use super::{files, keygen};
use crate::author;
use crate::note::{KeyKind, Signer};
use crate::service::clock::Clock;
use crate::treaty::party::Party;
use crate::treaty::record::Kind;

/// The name of the log that is measured.
const ORIGIN: &str = "bench.countersign.example/load";

/// The keys that entry 0 names: the log's, the clerk's, and each authority's root and recovery key.
fn first_keys() -> anyhow::Result<Vec<Signer>> {
    let mut keys = vec![
        keygen::new_key(ORIGIN, KeyKind::Ed25519)?,
        keygen::new_key(&format!("{ORIGIN}/clerk"), KeyKind::Countersign)?,
    ];
    for party in Party::ALL {
        for role in ["root/1", "recovery/1"] {
            keys.push(keygen::new_key(&format!("{party}/{role}"), KeyKind::Ed25519)?);
        }
    }
    Ok(keys)
}

/// Makes the keys and signs the terms; answers the keys that write.
fn begin(folder: &Path) -> anyhow::Result<Vec<Signer>> {
    let mut keys = first_keys()?;
    files::write_key(&folder.join("keys/log"), &keys[0], false)?;
    files::write_key(&folder.join("keys/clerk"), &keys[1], false)?;
    let all = Keys::of(keys.iter().map(|key| key.verifier().clone()));
    let terms = terms_init::draft(ORIGIN, &all, true, true, &Clock::System)?;
    let roots: Vec<&Signer> =
        keys.iter().filter(|key| terms.signers.iter().any(|name| name == key.verifier().name())).collect();
    let note = author::sign(&terms.text(ORIGIN), &roots)?;
    files::write_new(&folder.join("terms.note"), note.as_bytes(), 0o644)?;
    keys.push(keygen::new_key("US/centre/bench", KeyKind::Ed25519)?);
    keys.push(keygen::new_key("RU/centre/bench", KeyKind::Ed25519)?);
    Ok(keys)
}

/// A server in its own process.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(folder: &Path) -> anyhow::Result<Server> {
        // A port that is free now; the server takes it a moment later.
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let key = |which: &str, name: &str| {
            folder.join("keys").join(which).join(files::stem(name)).with_added_extension("key")
        };
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "--listen", &address.to_string(), "--data-dir"])
            .arg(folder)
            .arg("--log-key")
            .arg(key("log", ORIGIN))
            .arg("--clerk-key")
            .arg(key("clerk", &format!("{ORIGIN}/clerk")))
            .arg("--create-log")
            .arg(folder.join("terms.note"))
            .env_remove("DATABASE_URL")
            .env("RUST_LOG", "warn")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("the server cannot be started")?;
        let server = Server { child, address };
        let client = Client::new(&format!("http://{address}"), None);
        for _ in 0..500 {
            if client.get("/readyz").is_ok_and(|answer| answer.status == 200) {
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("the server did not begin to answer within ten seconds")
    }

    fn stop(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Registers two centres, designates a site, and signs `count` declarations of it.
fn sign(address: SocketAddr, keys: Vec<Signer>, count: usize) -> anyhow::Result<Vec<String>> {
    let mut player = Player::new(Client::new(&format!("http://{address}"), None), Clock::System)?;
    for key in keys {
        let written = u64::from(key.verifier().name().starts_with("US/root/"));
        player.hold(key, written);
    }
    for party in ["US", "RU"] {
        let (root, name) = (format!("{party}/root/1"), format!("{party}/centre/bench"));
        let body = json!({ "vkey": player.vkey(&name)?, "name": name, "role": "centre" });
        player.say(Statement::new(Kind::KeyRegistration, &[&root, &name], body))?;
    }
    let site = json!({
        "slot": "B1", "site": "bench", "action": "designate", "name": { "en": "Bench", "ru": "Стенд" },
        "lat_e7": 0, "lon_e7": 0, "accuracy_m": 1, "source": "made up for a measurement",
    });
    player.say(Statement::new(Kind::Designation, &["US/centre/bench"], site))?;
    let items: Vec<_> = (1..=8)
        .map(|i| json!({ "uid": format!("B1-{i}"), "type": "9M728", "location": format!("L{}/1", i % 2 + 1), "count": 1 }))
        .collect();
    let launchers = [
        json!({ "id": "L1", "type": "launcher, two canisters", "cells": 2 }),
        json!({ "id": "L2", "type": "launcher, two canisters", "cells": 2 }),
    ];
    let body = json!({ "slot": "B1", "launchers": launchers, "items": items, "absent": [] });
    let mut progress = Progress::new("signing", count as u64);
    let mut notes = Vec::with_capacity(count);
    for done in 0..count {
        let body = body.clone();
        let declaration = Statement::new(Kind::Declaration, &["RU/centre/bench"], body);
        notes.push(player.sign(declaration)?);
        progress.at(done as u64);
    }
    progress.end();
    Ok(notes)
}

/// Posts every note once, each client its share; with a pace, at so many a second in all. Answers the latencies, which
/// with a pace are counted from the moment at which a record should have been sent.
async fn post_all(
    address: SocketAddr,
    notes: &[String],
    clients: usize,
    pace: Option<f64>,
) -> anyhow::Result<Vec<Duration>> {
    let mut tasks = Vec::with_capacity(clients);
    for client in 0..clients {
        let requests: Vec<Vec<u8>> =
            notes.iter().skip(client).step_by(clients).map(|note| request(address, note)).collect();
        let interval = pace.map(|pace| Duration::from_secs_f64(clients as f64 / pace));
        let offset = pace.map_or(Duration::ZERO, |pace| Duration::from_secs_f64(client as f64 / pace));
        tasks.push(tokio::spawn(post(address, requests, interval, offset)));
    }
    let mut latencies = Vec::with_capacity(notes.len());
    for task in tasks {
        latencies.extend(task.await??);
    }
    Ok(latencies)
}

fn request(address: SocketAddr, note: &str) -> Vec<u8> {
    let head = format!(
        "POST /v1/records HTTP/1.1\r\nhost: {address}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\r\n",
        note.len()
    );
    [head.as_bytes(), note.as_bytes()].concat()
}

async fn post(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    interval: Option<Duration>,
    offset: Duration,
) -> anyhow::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await.context("the server does not answer")?;
    stream.set_nodelay(true)?;
    let mut latencies = Vec::with_capacity(requests.len());
    let mut buffer = Vec::with_capacity(32 * 1024);
    let mut due = Instant::now() + offset;
    for request in requests {
        let from = match interval {
            None => Instant::now(),
            Some(interval) => {
                tokio::time::sleep_until(due.into()).await;
                let from = due;
                due += interval;
                from
            }
        };
        stream.write_all(&request).await?;
        answer(&mut stream, &mut buffer, 201).await?;
        latencies.push(from.elapsed());
    }
    Ok(latencies)
}

/// The latency, in milliseconds, below which this part of all lies.
fn percentile(latencies: &mut [Duration], part: f64) -> f64 {
    latencies.sort_unstable();
    let last = latencies.len().saturating_sub(1);
    let latency = latencies.get((last as f64 * part) as usize).copied().unwrap_or_default();
    (latency.as_secs_f64() * 100_000.0).round() / 100.0
}

/// Prints a result, as JSON or a figure a line.
fn print(result: &serde_json::Value, as_json: bool) {
    if as_json {
        println!("{result:#}");
        return;
    }
    for (name, value) in result.as_object().into_iter().flatten() {
        println!("{name:<28} {value}");
    }
}

/// Reads one answer, which must have this status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>, status: u16) -> anyhow::Result<()> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        let Some(length) = length else { bail!("an answer without its length: {head}") };
        if buffer.len() < end + 4 + length {
            continue;
        }
        if !head.starts_with(&format!("http/1.1 {status}")) {
            bail!("another status than was due: {}", String::from_utf8_lossy(&buffer[end + 4..]));
        }
        return Ok(());
    }
}
