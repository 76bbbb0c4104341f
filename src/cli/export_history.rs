//! The records of a ledger as a history: a plain file that `status --history` reads.
//!
//! Deliberately absent: signatures. Whoever wants proof exports the whole log.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::client::Client;
use super::files;
use crate::note::Note;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::tiles::{TileKind, decode_bundle, tiles_of_kind};
use crate::treaty::entry::Entry;

/// Writes every record, one a line.
pub fn write(client: &Client, file: &Path) -> anyhow::Result<()> {
    let size = size(client)?;
    let mut lines = String::new();
    for tile in tiles_of_kind(TileKind::Entries, size) {
        for bytes in decode_bundle(&client.fetch(&format!("/{tile}"))?, tile.width())? {
            let entry = Entry::parse(bytes).ok().context("the ledger answered something that is not an entry")?;
            lines.push_str(&line(&entry)?);
            lines.push('\n');
        }
    }
    files::write_new(file, lines.as_bytes(), 0o600)?;
    eprintln!("{size} records in {}, without signatures. See: countersign status --history {0}", file.display());
    Ok(())
}

/// How many entries the newest checkpoint has.
fn size(client: &Client) -> anyhow::Result<u64> {
    match Note::parse(&client.fetch("/checkpoint")?).map(|note| Checkpoint::parse(note.text())) {
        Ok(Ok(checkpoint)) => Ok(checkpoint.size),
        _ => bail!("the ledger answered something that is not a checkpoint"),
    }
}

/// An entry as a line. Its digest goes with it, so that references still lead to it.
fn line(entry: &Entry) -> anyhow::Result<String> {
    let record: Value = serde_json::from_str(entry.signed.json()).context("an entry holds no JSON")?;
    let signers = entry.signed.record.header.signers.iter();
    let mut sides: Vec<&str> = signers.map(|name| name.party().as_str()).collect();
    sides.dedup();
    let line = json!({
        "received_at": entry.received_at.to_string(),
        "signed_by": sides,
        "digest": entry.signed.digest.to_string(),
        "record": record,
    });
    Ok(line.to_string())
}
