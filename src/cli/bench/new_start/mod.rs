//! `bench new-start`: twelve made-up years of a whole treaty, loaded through HTTP, asked about, and audited.
//!
//! The server runs in this process, because its clock is scripted: what happened at one time is sent at once, by many
//! clients, and then the clock goes on. Everything is signed before the clock of the measurement starts.
//!
//! Deliberately absent: limits. A measurement is a figure, never a test.

pub mod years;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use futures_util::future::try_join_all;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use self::years::{Author, OFFICES, Pen, QUOTA};
use super::super::client::Client;
use super::super::demo::story::{HOUR, after};
use super::super::player::{Player, Statement};
use super::super::serve::{Running, read_keys, settings};
use super::super::store::{DATABASE, fit, start_cluster};
use super::super::terms_init::{self, Keys};
use super::super::{files, keygen, token};
use super::{ORIGIN, answer, first_keys, percentile, print, request};
use crate::author;
use crate::hash::Hash;
use crate::note::{KeyKind, Signer};
use crate::service::clock::Clock;
use crate::service::ledger::Ledger;
use crate::store::cluster::ClusterRole;
use crate::store::token::Reading;
use crate::treaty::party::Party;
use crate::treaty::record::{Kind, Signed};
use crate::treaty::time;

/// The first year, as that of the treaty was.
pub const FIRST: i32 = 2011;
/// How often each question is asked.
const ASKED: usize = 300;

/// Loads twelve made-up years with the volume of New START (25,449 notifications, 328 inspections) through HTTP, asks how
/// the two sides stand, then exports the log and audits it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Years
    #[arg(long, default_value_t = 12)]
    years: i32,
    /// Clients, each with one connection
    #[arg(long, default_value_t = 32)]
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
    ensure!(
        arguments.clients > 0 && (1..=100).contains(&arguments.years),
        "give at least one client, and 1 to 100 years"
    );
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
    let address = cluster.options(ClusterRole::Runtime, DATABASE);
    fit(&address).await?;
    let begins = time::Instant::parse(&format!("{FIRST}-01-01T00:00:00Z")).context("a calendar year")?;
    let clock = Clock::scripted(begins);
    let keys = begin(folder, &clock)?;
    let set = || {
        let key = |name: &str| folder.join("keys").join(files::stem(name)).with_added_extension("key");
        let keys = read_keys(&[key(ORIGIN)], &[key(&format!("{ORIGIN}/clerk"))])?;
        anyhow::Ok(settings(&address, folder, keys, clock.clone()))
    };
    let trust = Ledger::create(&set()?, &files::read(&folder.join("terms.note"))?).await?;
    files::write_new(&folder.join("trust"), format!("{trust}\n").as_bytes(), 0o644)?;
    let running = Running::start(([127, 0, 0, 1], 0).into(), set()?).await?;
    let token = token::create(&running.ledger.reader, Party::Us, Reading::Auditor, "bench").await?;
    let (url, scripted, years) = (format!("http://{}", running.address), clock.clone(), arguments.years);
    let written = tokio::task::spawn_blocking(move || sign(&url, keys, &scripted, years)).await??;

    let begun = Instant::now();
    let records = load(&running, &clock, &written, arguments.clients).await?;
    let loaded = begun.elapsed();
    clock.let_go();
    let mut result = json!({
        "records": records,
        "load_s": seconds(loaded),
        "records_per_second": (records as f64 / loaded.as_secs_f64()).round(),
    });
    let last = FIRST + arguments.years - 1;
    for (name, path) in [
        ("status", format!("/v1/reciprocity?as_of={last}-12-31T00:00:00Z")),
        ("status_all_views", format!("/v1/reciprocity?as_of={last}-12-31T00:00:00Z&view=all")),
        ("status_half_known", format!("/v1/reciprocity?as_of={last}-12-31T00:00:00Z&known_at=tree:{}", records / 2)),
    ] {
        let [mut whole, mut answered, mut recorded] = ask(&running, &path, &token).await?;
        result[format!("{name}_p50_ms")] = percentile(&mut answered, 0.5).into();
        result[format!("{name}_access_event_p50_ms")] = percentile(&mut recorded, 0.5).into();
        result[format!("{name}_client_p50_ms")] = percentile(&mut whole, 0.5).into();
    }
    let url = format!("http://{}", running.address);
    result["audit_s"] = tokio::task::block_in_place(|| audit(folder, &url, &token)).map(seconds)?.into();
    running.stop().await;
    cluster.stop()?;
    Ok(result)
}

fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100.0).round() / 100.0
}

/// Makes the keys and signs the terms; answers the keys.
fn begin(folder: &Path, clock: &Clock) -> anyhow::Result<Vec<Signer>> {
    let mut keys = first_keys()?;
    for (name, _) in OFFICES {
        keys.push(keygen::new_key(name, KeyKind::Ed25519)?);
    }
    for key in &keys[..2] {
        files::write_key(&folder.join("keys"), key, false)?;
    }
    let all = Keys::of(keys.iter().map(|key| key.verifier().clone()));
    let mut terms = terms_init::draft(ORIGIN, &all, true, true, clock)?;
    terms.body["limits"] = json!({ "quota": QUOTA });
    let roots: Vec<&Signer> =
        keys.iter().filter(|key| terms.signers.iter().any(|name| name == key.verifier().name())).collect();
    let note = author::sign(&terms.text(ORIGIN), &roots)?;
    files::write_new(&folder.join("terms.note"), note.as_bytes(), 0o644)?;
    Ok(keys)
}

/// Signed records, by the time at which they are received.
type Written = BTreeMap<time::Instant, Vec<String>>;

/// A pen that signs, and keeps what it signed.
struct Signing<'a> {
    player: &'a mut Player,
    clock: &'a Clock,
    written: Written,
}

impl Pen for Signing<'_> {
    fn write(&mut self, at: time::Instant, statement: Statement<'_>) -> anyhow::Result<Hash> {
        self.clock.set(at);
        let note = self.player.sign(statement)?;
        let digest = Signed::parse(note.as_bytes()).ok().context("what was signed is no record")?.digest;
        self.written.entry(at).or_default().push(note);
        Ok(digest)
    }
}

/// Registers the keys of offices, and signs every year.
fn sign(url: &str, keys: Vec<Signer>, clock: &Clock, years: i32) -> anyhow::Result<Written> {
    let begins = clock.now();
    let mut player = Player::new(Client::new(url, None), clock.clone())?;
    for key in keys {
        let written = u64::from(key.verifier().name().starts_with("US/root/"));
        player.hold(key, written);
    }
    for (name, role) in OFFICES {
        let root = format!("{}/root/1", &name[..2]);
        let mut body = json!({ "vkey": player.vkey(name)?, "name": name, "role": role });
        if role != "centre" {
            body["office"] = json!({ "en": "Made up", "ru": "Вымышленная должность" });
        }
        player.say(Statement::new(Kind::KeyRegistration, &[&root, name], body))?;
    }
    let mut pen = Signing { player: &mut player, clock, written: Written::new() };
    let mut author = Author::begin(&mut pen, after(begins, HOUR)?)?;
    let mut progress = super::super::progress::Progress::new("years signed", years.unsigned_abs().into());
    for year in 0..years {
        author.year(year, FIRST)?;
        progress.at(year.unsigned_abs().into());
    }
    progress.end();
    clock.set(begins);
    Ok(pen.written)
}

/// Sends everything, time by time; answers how many records that were.
async fn load(running: &Running, clock: &Clock, written: &Written, clients: usize) -> anyhow::Result<usize> {
    let mut connections = Vec::with_capacity(clients);
    for _ in 0..clients {
        let stream = TcpStream::connect(running.address).await.context("the server does not answer")?;
        stream.set_nodelay(true)?;
        connections.push((stream, Vec::with_capacity(16 * 1024)));
    }
    for (at, notes) in written {
        clock.set(*at);
        let shares = connections.iter_mut().enumerate().map(|(client, (stream, buffer))| {
            let share = notes.iter().skip(client).step_by(clients);
            async move {
                for note in share {
                    stream.write_all(&request(running.address, note)).await?;
                    answer(stream, buffer, 201).await?;
                }
                anyhow::Ok(())
            }
        });
        try_join_all(shares).await?;
    }
    Ok(written.values().map(Vec::len).sum())
}

/// Asks one question many times. Answers how long that took for who asks, and by the server's own measure how long the
/// answer took, and how long it waited until the reading was recorded.
async fn ask(running: &Running, path: &str, token: &str) -> anyhow::Result<[Vec<Duration>; 3]> {
    let mut stream = TcpStream::connect(running.address).await.context("the server does not answer")?;
    stream.set_nodelay(true)?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n", running.address);
    let mut times: [Vec<Duration>; 3] = Default::default();
    let mut buffer = Vec::new();
    for _ in 0..ASKED {
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        answer(&mut stream, &mut buffer, 200).await?;
        times[0].push(begun.elapsed());
        let head = String::from_utf8_lossy(&buffer);
        times[1].push(server_timing(&head, "answer").context("the server does not say how long an answer took")?);
        times[2].push(server_timing(&head, "access").context("the server does not say how long it recorded")?);
    }
    Ok(times)
}

/// One measure of the header `Server-Timing`, which is in milliseconds.
fn server_timing(head: &str, name: &str) -> Option<Duration> {
    let line = head.lines().find_map(|line| line.strip_prefix("server-timing: "))?;
    let measure = line.split(", ").find_map(|part| part.strip_prefix(name)?.strip_prefix(";dur="))?;
    Some(Duration::from_secs_f64(measure.parse::<f64>().ok()? / 1_000.0))
}

/// Exports the log, then audits the folder in a process of its own; answers how long the audit took.
fn audit(folder: &Path, url: &str, token: &str) -> anyhow::Result<Duration> {
    let program = std::env::current_exe()?;
    let exported = folder.join("exported");
    let run = |command: &mut Command| {
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        anyhow::ensure!(status.success(), "{command:?} failed: {status}");
        anyhow::Ok(())
    };
    run(Command::new(&program).args(["export", "--url", url, "--token", token, "--folder"]).arg(&exported))?;
    let begun = Instant::now();
    run(Command::new(&program).args(["audit", "--folder"]).arg(&exported).arg("--trust").arg(folder.join("trust")))?;
    Ok(begun.elapsed())
}
