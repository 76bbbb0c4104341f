//! What former keys of the log have signed, kept so that the keys themselves need not be.
//!
//! The receipt of an entry is its proof in the first checkpoint that contained it, and that is signed anew whenever the
//! receipt is asked for: the same key over the same text gives the same bytes. A key that is replaced should be destroyed,
//! and its checkpoints must still be shown. So the first start after a change at which the former key is at hand writes
//! them all to a file; from then on the key can go.
//!
//! Invariants: what is kept is verified at every start, and is the root of these entries at its size. Only sizes that
//! were committed are signed, and no size that is still to come belongs to a former key.
//!
//! Deliberately absent: checkpoints of the key in force, which signs them itself.

use std::collections::BTreeSet;
use std::path::Path;

use imbl::Vector;

use super::checkpoints::{CheckpointFile, CheckpointsError, verify};
use super::published::Seal;
use crate::note::SignError;
use crate::replica::{KeyMissing, LedgerKeys, Replica};
use crate::tlog::checkpoint::Checkpoint;

/// Why what former keys signed cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum FormerError {
    /// See the reason.
    #[error(transparent)]
    File(#[from] CheckpointsError),
    /// Somebody changed the file: keep it, and bring back the right one.
    #[error("at size {0} the file of what former keys signed has another root than the entries")]
    Differs(u64),
    /// Give the former key once more, or bring back the file.
    #[error(
        "the newest checkpoint is by a former key, and nothing is kept of what it signed: {0} (or bring back the file \
         `former` beside the file of heads)"
    )]
    Missing(KeyMissing),
    /// A key failed its own check.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Keeps the checkpoints of former keys in the file at `path`, and gives them to the seal. Those that cannot be made are
/// said: receipts of their entries are not to be had here.
pub fn keep(
    path: &Path,
    replica: &Replica,
    sizes: &Vector<u64>,
    keys: &LedgerKeys,
    seal: &Seal,
) -> Result<(), FormerError> {
    let Some(terms) = replica.register().terms() else { return Ok(()) };
    let in_force = terms.log.at(replica.tree().size() + 1);
    let former: Vec<u64> = sizes.iter().copied().filter(|&size| terms.log.at(size) != in_force).collect();
    if former.is_empty() {
        return Ok(());
    }
    let (mut file, kept) = CheckpointFile::open(path, &terms.origin)?;
    verify(path, &kept, &terms.origin, &terms.log)?;
    if let Some((head, _)) = kept.iter().find(|(head, _)| replica.tree().root_at(head.size) != Some(head.root)) {
        return Err(FormerError::Differs(head.size));
    }
    kept.iter().for_each(|(head, note)| seal.keep(head.size, note));
    let (mut new, mut missing) = (Vec::new(), Vec::new());
    let known: BTreeSet<u64> = kept.iter().map(|(head, _)| head.size).collect();
    for size in former.into_iter().filter(|size| !known.contains(size)) {
        let Some(signer) = keys.log_at(terms, size) else {
            missing.push(size);
            continue;
        };
        let root = replica.tree().root_at(size).unwrap_or_default();
        let note = Checkpoint { origin: terms.origin.clone(), size, root }.sign(signer)?;
        seal.keep(size, &note);
        new.push((size, note));
    }
    let last = known.last().copied().unwrap_or(0);
    let notes: Vec<&str> = new.iter().filter(|(size, _)| *size > last).map(|(_, note)| note.as_str()).collect();
    if !notes.is_empty() {
        file.append(&notes)?;
        tracing::info!(checkpoints = notes.len(), file = %path.display(), "what the former key signed is kept: it can go");
    }
    missed(&missing, replica, terms)
}

/// Says which checkpoints are not to be had. Without the newest nothing can be shown.
fn missed(missing: &[u64], replica: &Replica, terms: &crate::treaty::terms::Terms) -> Result<(), FormerError> {
    let (Some(&first), Some(&last)) = (missing.first(), missing.last()) else { return Ok(()) };
    if last == replica.tree().size() {
        let vkey = terms.log.at(last).to_string();
        return Err(FormerError::Missing(KeyMissing { office: "log", vkey, size: last }));
    }
    tracing::error!(
        first,
        last,
        checkpoints = missing.len(),
        "receipts of entries below these sizes cannot be shown: start once with the former log key, too"
    );
    Ok(())
}
