//! `bench audit`: how long the audit of a large log takes, beside the bare loop over its signatures.
//!
//! The log is the years of [`super::new_start::years`], signed and countersigned, written as the folder that `export` would
//! write. The loop does nothing but verify, with all cores, the very signatures that the audit has to; the audit is a process
//! of its own, as its users run it.
//!
//! Invariants: what the loop verifies is read and parsed before its clock runs.
//!
//! Deliberately absent: a server. What is measured is the audit.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde_json::json;
use uuid::{ContextV7, Timestamp, Uuid};

use super::super::demo::story::{HOUR, after};
use super::super::keygen;
use super::super::player::Statement;
use super::super::progress::Progress;
use super::super::terms_init::{self, Keys};
use super::new_start::FIRST;
use super::new_start::years::{Author, OFFICES, Pen, QUOTA};
use super::{ORIGIN, first_keys, print};
use crate::author::{self, Draft};
use crate::evidence::trust::Trust;
use crate::hash::Hash;
use crate::note::{KeyKind, Signer, Verifier};
use crate::replica::on_every_core;
use crate::service::clock::Clock;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::tiles::{
    FULL, TileKind, TilePath, decode_bundle, encode_bundle, hash_tile, hash_tiles_of, tiles_of_kind,
};
use crate::tlog::{EMPTY_ROOT, Tree, leaf_hash};
use crate::treaty::entry::Entry;
use crate::treaty::party::KeyName;
use crate::treaty::record::{Anchor, Kind, Signed};
use crate::treaty::time;

/// Measures the audit of a folder with so many entries: its time beside that of a loop that only verifies the same signatures
/// on all cores, before and after it, and the most memory that it had. Making the log takes longer than both.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Entries
    #[arg(long, default_value_t = 100_000)]
    entries: u64,
    /// Audits, each between two loops
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// Where the log is made, 1.5 GB for a million entries; it is removed afterwards
    #[arg(long, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    scratch: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.entries < 1_000 || arguments.rounds == 0 {
        bail!("give at least 1,000 entries and one round");
    }
    let folder = arguments.scratch.join(format!("countersign-bench-{}", std::process::id()));
    let measured = measure(arguments, &folder);
    let _ = std::fs::remove_dir_all(&folder);
    print(&measured?, arguments.json);
    Ok(ExitCode::SUCCESS)
}

fn measure(arguments: &Arguments, folder: &Path) -> anyhow::Result<serde_json::Value> {
    let (size, keys) = write_log(folder, arguments.entries)?;
    let (mut loops, mut audits, mut most, mut lines) = (Vec::new(), Vec::new(), 0, 0);
    let (mut loop_cpu, mut audit_cpu) = (0.0, 0.0);
    for _ in 0..arguments.rounds {
        for is_audit in [false, true, false] {
            if is_audit {
                let before = cpu("children");
                let (took, memory) = audit(folder)?;
                audit_cpu += cpu("children") - before;
                audits.push(took.as_secs_f64());
                most = most.max(memory);
            } else {
                let (took, busy, verified) = bare_loop(folder, size, &keys)?;
                loop_cpu += busy / 2.0; // there are two for each audit
                loops.push(took.as_secs_f64());
                lines = verified;
            }
        }
    }
    let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
    let round = |number: f64| (number * 1_000.0).round() / 1_000.0;
    Ok(json!({
        "entries": size,
        "signatures": lines,
        "audit_s": audits.iter().map(|s| round(*s)).collect::<Vec<_>>(),
        "bare_loop_s": loops.iter().map(|s| round(*s)).collect::<Vec<_>>(),
        "ratio": round(mean(&audits) / mean(&loops)),
        "audit_cpu_s": round(audit_cpu),
        "bare_loop_cpu_s": round(loop_cpu),
        "cpu_ratio": round(audit_cpu / loop_cpu),
        "entries_per_second": (size as f64 / mean(&audits)).round(),
        "peak_memory_mb": most / 1_000_000,
        "peak_memory_bytes_per_entry": most / size,
        "cores": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    }))
}

/// Seconds that processors have worked for this process, or for its children that have ended (Linux, in hundredths).
fn cpu(whose: &str) -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let first = if whose == "self" { 11 } else { 13 };
    let ticks = fields.iter().skip(first).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Audits the folder in a process of its own; answers the time and the most memory, in bytes, that it had.
fn audit(folder: &Path) -> anyhow::Result<(Duration, u64)> {
    let said = folder.with_added_extension("said");
    let report = std::fs::File::create(&said)?;
    let begun = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .args(["audit", "--folder"])
        .arg(folder)
        .arg("--trust")
        .arg(folder.join("trust"))
        .stdout(Stdio::null())
        .stderr(report)
        .spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    loop {
        if let Some(ended) = child.try_wait()? {
            let said = std::fs::read_to_string(&said).and_then(|text| std::fs::remove_file(&said).map(|()| text))?;
            ensure!(ended.success(), "the audit ended with {ended}: {said}");
            return Ok((begun.elapsed(), most));
        }
        let said = std::fs::read_to_string(&status).unwrap_or_default();
        let line = said.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        most = line.and_then(|kilobytes| kilobytes.parse::<u64>().ok()).map_or(most, |kilobytes| kilobytes * 1_024);
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Verifies every line of every entry, on all cores, and nothing else; answers the time of that, that of the processors, and
/// how many there are.
fn bare_loop(folder: &Path, size: u64, keys: &HashMap<String, Verifier>) -> anyhow::Result<(Duration, f64, u64)> {
    const TILES: usize = 16;
    let tiles: Vec<TilePath> = tiles_of_kind(TileKind::Entries, size).collect();
    let (mut took, mut busy, mut lines) = (Duration::ZERO, 0.0, 0);
    for tiles in tiles.chunks(TILES) {
        let mut entries = Vec::with_capacity(TILES * usize::from(FULL));
        for tile in tiles {
            let bytes = std::fs::read(folder.join(tile.to_string()))?;
            for entry in decode_bundle(&bytes, tile.width())? {
                entries.push(Entry::parse(entry).map_err(|malformed| anyhow::anyhow!("{malformed:?}"))?);
            }
        }
        let (begun, before) = (Instant::now(), cpu("self"));
        let good = on_every_core(entries.iter().collect(), |entry: &Entry| verified(entry, keys));
        took += begun.elapsed();
        busy += cpu("self") - before;
        for count in good.context("a panic")? {
            lines += count.context("a line does not verify")?;
        }
    }
    Ok((took, busy, lines))
}

/// How many lines an entry has, if each of them is good.
fn verified(entry: &Entry, keys: &HashMap<String, Verifier>) -> Option<u64> {
    let text = entry.signed.text().as_bytes();
    for line in &entry.signed.lines {
        let signature = line.blob.as_slice().try_into().ok()?;
        if !keys.get(&line.name)?.verify(text, signature) {
            return None;
        }
    }
    let is_countersigned = entry.is_countersigned_by(keys.get(&format!("{ORIGIN}/clerk"))?);
    is_countersigned.then_some(entry.signed.lines.len() as u64 + 1)
}

/// Makes a log of at least so many entries in a folder; answers its size and its keys.
fn write_log(folder: &Path, entries: u64) -> anyhow::Result<(u64, HashMap<String, Verifier>)> {
    let mut keys = first_keys()?;
    for (name, _) in OFFICES {
        keys.push(keygen::new_key(name, KeyKind::Ed25519)?);
    }
    let begins = time::Instant::parse(&format!("{FIRST}-01-01T00:00:00Z")).context("a calendar year")?;
    let mut scribe = Scribe::begin(folder, keys, begins)?;
    let mut progress = Progress::new("entries written", entries);
    let mut author = Author::begin(&mut scribe, after(begins, HOUR)?)?;
    for year in 0.. {
        author.year(year, FIRST)?;
        progress.at(author.written());
        if author.written() >= entries {
            break;
        }
    }
    progress.end();
    let size = scribe.end()?;
    Ok((size, scribe.keys.into_iter().map(|(name, key)| (name, key.verifier().clone())).collect()))
}

/// Texts that are signed together.
const BATCH: usize = 4_096;

/// A pen that signs, countersigns, and writes tiles.
struct Scribe<'f> {
    folder: &'f Path,
    keys: HashMap<String, Signer>,
    numbers: HashMap<String, u64>,
    order: ContextV7,
    /// What is to be signed: the text, by whom, and when it is received.
    texts: Vec<(String, Vec<String>, time::Instant)>,
    tree: Tree,
    bundle: Vec<String>,
}

impl Scribe<'_> {
    /// Begins with the terms and the keys of the offices.
    fn begin(folder: &Path, keys: Vec<Signer>, at: time::Instant) -> anyhow::Result<Scribe<'_>> {
        let all = Keys::of(keys.iter().map(|key| key.verifier().clone()));
        let mut terms = terms_init::draft(ORIGIN, &all, true, true, &Clock::scripted(at))?;
        terms.body["limits"] = json!({ "quota": QUOTA });
        let text = terms.text(ORIGIN);
        let trust = Trust { origin: ORIGIN.to_owned(), terms: Hash::of(text.as_bytes()) };
        let mut scribe = Scribe {
            folder,
            keys: keys.into_iter().map(|key| (key.verifier().name().to_owned(), key)).collect(),
            numbers: HashMap::from([(terms.signers.first().cloned().unwrap_or_default(), 1)]),
            order: ContextV7::new(),
            texts: vec![(text, terms.signers.clone(), at)],
            tree: Tree::default(),
            bundle: Vec::new(),
        };
        scribe.file("trust", format!("{trust}\n").as_bytes())?;
        for (name, role) in OFFICES {
            let root = format!("{}/root/1", name.split('/').next().unwrap_or_default());
            let vkey = scribe.keys.get(name).context("a key")?.verifier().to_string();
            let mut body = json!({ "vkey": vkey, "name": name, "role": role });
            if role != "centre" {
                body["office"] = json!({ "en": "Made up", "ru": "Вымышленная должность" });
            }
            scribe.write(at, Statement::new(Kind::KeyRegistration, &[&root, name], body))?;
        }
        Ok(scribe)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(self.folder))?;
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Signs what waits, on all cores, and writes whole bundles.
    fn sign(&mut self) -> anyhow::Result<()> {
        let (keys, clerk) = (&self.keys, self.keys.get(&format!("{ORIGIN}/clerk")).context("the clerk's key")?);
        let sign = |(text, names, at): (String, Vec<String>, time::Instant)| {
            let signers = names.iter().map(|name| keys.get(name)).collect::<Option<Vec<_>>>()?;
            let signed = Signed::parse(author::sign(&text, &signers).ok()?.as_bytes()).ok()?;
            Some(Entry::countersign(signed, clerk, at).ok()?.bytes)
        };
        let mut texts = std::mem::take(&mut self.texts);
        texts.sort_by_key(|(_, _, at)| *at); // what the author writes side by side comes in the order of its times
        let entries = on_every_core(texts, sign).context("a panic")?;
        for entry in entries {
            let entry = entry.context("a record was not signed")?;
            self.tree.append(leaf_hash(entry.as_bytes()));
            self.bundle.push(entry);
            if self.bundle.len() == usize::from(FULL) {
                self.store()?;
            }
        }
        Ok(())
    }

    /// Writes the entries that wait for their bundle.
    fn store(&mut self) -> anyhow::Result<()> {
        let (last, width) = (self.tree.size().saturating_sub(1), u16::try_from(self.bundle.len())?);
        let tile = TilePath::new(TileKind::Entries, last / u64::from(FULL), width).context("a tile")?;
        self.file(&tile.to_string(), &encode_bundle(self.bundle.iter().map(String::as_bytes))?)?;
        self.bundle.clear();
        Ok(())
    }

    /// Writes what is left, the hash tiles and the checkpoint; answers the size.
    fn end(&mut self) -> anyhow::Result<u64> {
        self.sign()?;
        if !self.bundle.is_empty() {
            self.store()?;
        }
        let size = self.tree.size();
        for tile in hash_tiles_of(size) {
            self.file(&tile.to_string(), &hash_tile(&self.tree, size, tile)?)?;
        }
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: self.tree.root() };
        self.file("checkpoint", checkpoint.sign(self.keys.get(ORIGIN).context("the log's key")?)?.as_bytes())?;
        Ok(size)
    }
}

impl Pen for Scribe<'_> {
    fn write(&mut self, at: time::Instant, statement: Statement<'_>) -> anyhow::Result<Hash> {
        let author = *statement.signers.first().context("a record has an author")?;
        let number = self.numbers.entry(author.to_owned()).or_default();
        *number += 1;
        let draft = Draft {
            id: Uuid::new_v7(Timestamp::from_unix(&self.order, at.unsigned(), 0)),
            kind: statement.kind,
            party: KeyName::parse(author).with_context(|| format!("{author} is no key name"))?.party(),
            signers: statement.signers.iter().map(|name| (*name).to_owned()).collect(),
            number: *number,
            signed_at: at,
            effective_at: statement.effective_at,
            anchor: Anchor { size: 0, root: EMPTY_ROOT },
            channel: statement.channel,
            refs: statement.refs,
            body: statement.body,
        };
        let text = draft.text(ORIGIN);
        let digest = Hash::of(text.as_bytes());
        self.texts.push((text, draft.signers, at));
        if self.texts.len() >= BATCH {
            self.sign()?;
        }
        Ok(digest)
    }
}
