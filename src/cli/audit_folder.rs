//! The audit of a folder: reads files, and uses nothing of the server.
//!
//! The folder has the layout of C2SP tlog-tiles (`checkpoint`, `tile/…`), with `heads` (one committed head a line) beside
//! it, and can be served by any static web server.
//!
//! Deliberately absent: the `trust` file that an export writes. Trust does not come from what is audited.

use std::path::Path;

use anyhow::{Context as _, bail};

use super::progress::Progress;
use crate::evidence::audit::{Auditor, Report};
use crate::evidence::trust::Trust;
use crate::hash::Hash;
use crate::note::Note;
use crate::replica::Replica;
use crate::tlog::Head;
use crate::tlog::checkpoint::{Checkpoint, decimal};
use crate::tlog::tiles::{TileKind, TilePath, decode_bundle, tiles_of};
use crate::treaty::admit::Signatures;

/// The checkpoint in a folder, and how many entries it says there are. Whoever folds them checks its root.
fn checkpoint(folder: &Path) -> anyhow::Result<(Vec<u8>, Checkpoint)> {
    let path = folder.join("checkpoint");
    let bytes = std::fs::read(&path)
        .with_context(|| format!("{} cannot be read; the folder must be one that `export` wrote", path.display()))?;
    match Note::parse(&bytes).map(|note| Checkpoint::parse(note.text())) {
        Ok(Ok(checkpoint)) => Ok((bytes, checkpoint)),
        _ => bail!("{} is not a checkpoint", path.display()),
    }
}

/// What the entries of a folder add up to. Rules and hashes are gone through; signatures are for [`audit`].
pub fn replica(folder: &Path) -> anyhow::Result<Replica> {
    let (_, checkpoint) = checkpoint(folder)?;
    let mut replica = Replica::default();
    for tile in tiles_of(checkpoint.size).filter(|tile| matches!(tile.kind(), TileKind::Entries)) {
        let bytes = entries_of(folder, tile).with_context(|| format!("{tile} cannot be read"))?;
        for entry in decode_bundle(&bytes, tile.width())? {
            replica.replay(entry, Signatures::CheckedElsewhere)?;
        }
    }
    if replica.head().root != checkpoint.root {
        bail!("the entries in {} are not those of its checkpoint; `audit` says where they differ", folder.display());
    }
    Ok(replica)
}

/// Audits the log in a folder.
pub fn audit(folder: &Path, trust: Option<Trust>) -> anyhow::Result<Report> {
    let (checkpoint, Checkpoint { size, .. }) = checkpoint(folder)?;
    let mut auditor = Auditor::new(trust);
    entries(folder, size, &mut auditor);
    auditor.checkpoint(&checkpoint);
    heads(folder, &mut auditor);
    for tile in tiles_of(size).filter(|tile| matches!(tile.kind(), TileKind::Hashes(_))) {
        match std::fs::read(folder.join(tile.to_string())) {
            Ok(bytes) => auditor.tile(tile, size, &bytes),
            Err(error) => auditor.missing("tiles", &tile.to_string(), &error.to_string()),
        }
    }
    Ok(auditor.finish())
}

/// Feeds every entry, in order, to the auditor.
fn entries(folder: &Path, size: u64, auditor: &mut Auditor) {
    let mut progress = Progress::new("entries", size);
    for tile in tiles_of(size).filter(|tile| matches!(tile.kind(), TileKind::Entries)) {
        match entries_of(folder, tile) {
            Ok(bytes) => {
                let Ok(entries) = decode_bundle(&bytes, tile.width()) else {
                    auditor.missing("entries", &tile.to_string(), "it does not hold as many entries as its name says");
                    return;
                };
                for entry in entries {
                    if !auditor.entry(entry) {
                        return;
                    }
                }
            }
            Err(error) => {
                auditor.missing("entries", &tile.to_string(), &error.to_string());
                return;
            }
        }
        progress.at(auditor.size());
    }
    progress.end();
}

fn entries_of(folder: &Path, tile: TilePath) -> std::io::Result<Vec<u8>> {
    std::fs::read(folder.join(tile.to_string()))
}

/// Compares every head that was ever committed. A folder of somebody else's making may have none.
fn heads(folder: &Path, auditor: &mut Auditor) {
    let Ok(text) = std::fs::read_to_string(folder.join("heads")) else { return };
    for (number, line) in (1..).zip(text.lines()) {
        let head = line
            .split_once(' ')
            .and_then(|(size, root)| Some(Head { size: decimal(size)?, root: Hash::from_base64(root).ok()? }));
        match head {
            Some(head) => auditor.committed(head),
            None => auditor.missing("heads", &format!("line {number}"), "it is not a size and a root"),
        }
    }
}
