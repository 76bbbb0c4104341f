//! `export`: a whole log as a folder of files, or its records as a plain history.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::files;
use super::progress::Progress;
use crate::note::Note;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::tiles::{TileKind, decode_bundle, tiles_of};
use crate::treaty::entry::Entry;

/// Saves a whole log as a folder: its checkpoint, every hash tile and every entry, in the layout of C2SP tlog-tiles, and
/// the root of trust that the ledger names. Any static web server can serve the folder, and `audit --folder` verifies
/// it with no ledger in reach. With `--history` the records go into a plain file, one JSON object a line, which
/// `status --history` reads; nothing in that file is proved. Needs a token of a Party or an auditor.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder; it must not exist yet
    #[arg(long, value_name = "DIR", required_unless_present = "history")]
    folder: Option<PathBuf>,
    /// The plain file of records; it must not exist yet
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// The ledger
    #[arg(long, env = "COUNTERSIGN_URL")]
    url: String,
    /// Your token
    #[arg(long, env = "COUNTERSIGN_TOKEN", hide_env_values = true)]
    token: String,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let client = Client::new(&arguments.url, Some(&arguments.token));
    for path in arguments.folder.iter().chain(&arguments.history) {
        if path.exists() {
            bail!("{} is there already; export into a new place", path.display());
        }
    }
    if let Some(folder) = &arguments.folder {
        whole(&client, folder)?;
    }
    if let Some(file) = &arguments.history {
        plain(&client, file)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Everything goes into a folder of another name first, so that half an export is never taken for a whole one.
fn whole(client: &Client, folder: &Path) -> anyhow::Result<()> {
    let partial = folder.with_added_extension("partial");
    if partial.exists() {
        std::fs::remove_dir_all(&partial).with_context(|| format!("cannot remove {}", partial.display()))?;
    }
    let size = save(client, &partial)?;
    std::fs::rename(&partial, folder).with_context(|| format!("cannot make {}", folder.display()))?;
    eprintln!("{size} entries in {}. Audit them with: countersign audit --folder {0}", folder.display());
    Ok(())
}

/// The records as a history, without their signatures.
fn plain(client: &Client, file: &Path) -> anyhow::Result<()> {
    let (_, size) = checkpoint(client)?;
    let mut lines = String::new();
    for tile in tiles_of(size).filter(|tile| matches!(tile.kind(), TileKind::Entries)) {
        for bytes in decode_bundle(&client.fetch(&format!("/{tile}"))?, tile.width())? {
            let entry = Entry::parse(bytes).ok().context("the ledger answered something that is not an entry")?;
            lines.push_str(&line(&entry));
            lines.push('\n');
        }
    }
    files::write_new(file, lines.as_bytes(), 0o600)?;
    eprintln!("{size} records in {}, without signatures. See: countersign status --history {0}", file.display());
    Ok(())
}

/// An entry as a line of a history. Its digest goes with it, so that references still lead to it; its signatures do not.
fn line(entry: &Entry) -> String {
    let record: Value = serde_json::from_str(entry.signed.json()).unwrap_or_default();
    let signers = entry.signed.record.header.signers.iter();
    let mut sides: Vec<&str> = signers.map(|name| name.party().as_str()).collect();
    sides.dedup();
    json!({
        "received_at": entry.received_at.to_string(),
        "signed_by": sides,
        "digest": entry.signed.digest.to_string(),
        "record": record,
    })
    .to_string()
}

/// The newest checkpoint, and its size.
fn checkpoint(client: &Client) -> anyhow::Result<(Vec<u8>, u64)> {
    let checkpoint = client.fetch("/checkpoint")?;
    match Note::parse(&checkpoint).map(|note| Checkpoint::parse(note.text())) {
        Ok(Ok(Checkpoint { size, .. })) => Ok((checkpoint, size)),
        _ => bail!("the ledger answered something that is not a checkpoint"),
    }
}

fn save(client: &Client, folder: &Path) -> anyhow::Result<u64> {
    let about = client.fetch_json("/v1/log")?;
    let (checkpoint, size) = checkpoint(client)?;
    let total = tiles_of(size).count() as u64;
    let mut progress = Progress::new("tiles", total);
    for (done, tile) in (1..).zip(tiles_of(size)) {
        write(folder, &tile.to_string(), &client.fetch(&format!("/{tile}"))?)?;
        progress.at(done);
    }
    progress.end();
    let trust = about["trust"].as_str().unwrap_or_default();
    write(folder, "trust", format!("{trust}\n").as_bytes())?;
    write(folder, "policy", &client.fetch("/v1/log/policy")?)?;
    write(folder, "checkpoint", &checkpoint)?;
    Ok(size)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(name);
    let parent = path.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
