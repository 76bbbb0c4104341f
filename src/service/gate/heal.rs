//! Filling up a database that was rolled back, from a mirror.
//!
//! The mirror's word counts for nothing. Its newest checkpoint must be signed by this log's own key; its entries are
//! judged as a mirror judges them, every signature, clerk's line and rule; and only if they add up to the signed root is
//! anything committed: they are fetched a second time, compared leaf by leaf with what was judged, and added under the
//! heads under which they once stood, as far as those are known.
//!
//! Invariants:
//! - Nothing is committed that is not under a checkpoint that this log signed.
//! - A mirror that sends something else changes nothing.
//! - Where a mirror proves that the log signed another history than the database holds, nothing is filled up.
//!
//! Deliberately absent: any choice between histories.

use std::collections::{BTreeSet, VecDeque};

use super::ask::Asked;
use super::decide::{Branch, Fork, Seen, decide};
use super::load::Loaded;
use crate::evidence::trust::Trust;
use crate::replica::{KeyMissing, LedgerKeys, ReplayError, Replayed, Replica};
use crate::service::origin::{Origin, OriginError};
use crate::store::StoreError;
use crate::store::log::{CommitError, Log, NewEntry, Sent};
use crate::tlog::checkpoint::{Checkpoint, CheckpointError};
use crate::tlog::fork::Leads;
use crate::tlog::{Head, leaf_hash};
use crate::treaty::admit::Signatures;
use crate::treaty::entry::Entry;
use crate::treaty::record::Malformed;

/// Entries that are fetched and judged together: eight tiles.
const PIECE: u64 = 2_048;

/// Why a mirror did not fill the database up.
#[derive(Debug, thiserror::Error)]
pub enum NotHealed {
    /// Look at the address and the token, or wait.
    #[error("{0}")]
    Mirror(#[from] OriginError),
    /// It is another log's mirror, or somebody answers in its place.
    #[error("it shows no checkpoint that this log signed: {0}")]
    NotSigned(#[from] CheckpointError),
    /// Take another mirror.
    #[error("it has {0} entries, no more than the database")]
    NothingMore(u64),
    /// Take another mirror.
    #[error("it sends what is no entry of this log: {0}")]
    Replay(#[from] ReplayError),
    /// Take another mirror.
    #[error("it sends what is no entry of this log, at index {index}: {}", malformed.code)]
    Malformed {
        /// Where.
        index: u64,
        /// What is wrong.
        malformed: Malformed,
    },
    /// Take another mirror.
    #[error("its entries do not add up to the checkpoint of size {0} that this log signed")]
    DoNotAddUp(u64),
    /// Give the keys that its entries name.
    #[error("by its entries, {0}")]
    Key(#[from] KeyMissing),
    /// Look at the database.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// Look at the database.
    #[error("the database: {0}")]
    Commit(#[from] CommitError),
    /// The log signed two histories.
    #[error("what it holds and this log signed contradicts the database or the second store")]
    Forked(Box<Fork>),
    /// The log signed a history in which the database's newest head does not stand.
    #[error("it proves that this log signed another history than the database holds")]
    Diverged(Box<(Seen, Leads)>),
}

/// What is to be filled up.
pub struct Behind<'a> {
    /// What the database holds.
    pub loaded: &'a Loaded,
    /// The heads of the second store.
    pub heads: &'a [Head],
    /// What others show.
    pub seen: &'a [Seen],
    /// The log.
    pub asked: &'a Asked,
    /// The ledger's keys.
    pub keys: &'a LedgerKeys,
}

/// Fills the database up from a mirror, as far as that reaches. Answers what the database then holds.
pub async fn heal(behind: &Behind<'_>, mirror: &Origin, log: &mut impl Log) -> Result<Loaded, NotHealed> {
    let target = target(behind, mirror).await?;
    let from = behind.loaded.replica.head();
    diverges(from, &target, mirror).await?;
    let judged = judge(behind, &target, mirror).await?;
    let mut seen = behind.seen.to_vec();
    seen.push(target.clone());
    if let Branch::Forked(fork) = decide(judged.replica.tree(), behind.heads, &seen) {
        return Err(NotHealed::Forked(Box::new(fork)));
    }
    let size = judged.replica.tree().size();
    let terms = judged.replica.register().terms().cloned().ok_or(NotHealed::DoNotAddUp(size))?;
    Checkpoint::open_by(target.note.as_bytes(), &behind.asked.origin, &terms.log)?; // by the key of its size, too
    if let Some(missing) = behind.keys.missing(&terms, size) {
        return Err(missing.into());
    }
    let sizes = boundaries(from.size, &target, behind.heads, &seen);
    commit(&judged.replica, from, &sizes, mirror, log).await?;
    let mut healed = judged;
    healed.sizes.extend(sizes);
    Ok(healed)
}

/// The newest checkpoint of a mirror, which this log has signed and which is over more than the database holds.
async fn target(behind: &Behind<'_>, mirror: &Origin) -> Result<Seen, NotHealed> {
    let origin = mirror.clone();
    let note = blocking(move || origin.checkpoint()).await?;
    let checkpoint = behind.asked.open(note.as_bytes())?;
    if checkpoint.size <= behind.loaded.replica.tree().size() {
        return Err(NotHealed::NothingMore(checkpoint.size));
    }
    Ok(Seen { by: mirror.url().to_owned(), checkpoint, note })
}

/// Whether the mirror proves that the log signed another history. That it proves nothing accuses nobody: what it sends is
/// judged by itself.
async fn diverges(from: Head, target: &Seen, mirror: &Origin) -> Result<(), NotHealed> {
    let (origin, first, second) = (mirror.clone(), from.size, target.checkpoint.size);
    if first == 0 {
        return Ok(());
    }
    let Ok((Some(root), hashes)) = blocking(move || origin.consistency_from(first, second)).await else {
        return Ok(());
    };
    let leads = Leads { from: Head { size: first, root }, to: second, hashes };
    if root != from.root && leads.is_proved(target.head()) {
        return Err(NotHealed::Diverged(Box::new((target.clone(), leads))));
    }
    Ok(())
}

/// Fetches and judges every missing entry; nothing is kept of them but the tree and the register.
async fn judge(behind: &Behind<'_>, target: &Seen, mirror: &Origin) -> Result<Loaded, NotHealed> {
    let mut loaded = behind.loaded.clone();
    while loaded.replica.tree().size() < target.checkpoint.size {
        let start = loaded.replica.tree().size();
        let end = target.checkpoint.size.min(start - start % PIECE + PIECE);
        let (origin, mut next) = (mirror.clone(), loaded.replica.clone());
        let entries = blocking(move || origin.entries(start, end)).await?;
        let replayed = tokio::task::spawn_blocking(move || {
            let bytes: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
            (next.replay_all(&bytes, Signatures::Check), next)
        });
        let (Replayed { entries, error }, next) = replayed.await.map_err(|_| cut())?;
        if let Some(error) = error {
            return Err(error.into());
        }
        if let Some(first) = entries.first().filter(|_| start == 0) {
            let origin = first.signed.record.origin.clone();
            loaded.trust = Some(Trust { origin, terms: first.signed.digest });
        }
        loaded.replica = next;
        tracing::info!(entries = loaded.replica.tree().size(), of = target.checkpoint.size, "judged");
    }
    let fits = loaded.replica.head() == target.head();
    if fits { Ok(loaded) } else { Err(NotHealed::DoNotAddUp(target.checkpoint.size)) }
}

/// The sizes at which to commit: those of the heads that once were, so that receipts stay what they are, and steps of a
/// few thousand entries where no head is known.
fn boundaries(from: u64, target: &Seen, heads: &[Head], seen: &[Seen]) -> Vec<u64> {
    let to = target.checkpoint.size;
    let known = heads.iter().map(|head| head.size).chain(seen.iter().map(|seen| seen.checkpoint.size));
    let known: BTreeSet<u64> = known.filter(|size| (from + 1..=to).contains(size)).collect();
    let mut sizes = Vec::with_capacity(known.len());
    let mut last = from;
    for size in known {
        while size - last > PIECE {
            last += PIECE;
            sizes.push(last);
        }
        sizes.push(size);
        last = size;
    }
    sizes
}

/// Fetches the entries again, piece by piece, and commits those that are the ones that were judged.
async fn commit(
    judged: &Replica,
    from: Head,
    sizes: &[u64],
    mirror: &Origin,
    log: &mut impl Log,
) -> Result<(), NotHealed> {
    let (tree, mut from) = (judged.tree(), from);
    // Fetched and not committed yet, from the size of `from` on.
    let mut fetched: VecDeque<Vec<u8>> = VecDeque::new();
    for &size in sizes {
        while from.size + (fetched.len() as u64) < size {
            let start = from.size + fetched.len() as u64;
            let end = tree.size().min(start - start % PIECE + PIECE);
            let origin = mirror.clone();
            let piece = blocking(move || origin.entries(start, end)).await?;
            let same = (start..end).zip(&piece).all(|(index, bytes)| tree.leaf(index) == Some(leaf_hash(bytes)));
            if !same || piece.len() as u64 != end - start {
                return Err(NotHealed::DoNotAddUp(tree.size()));
            }
            fetched.extend(piece);
        }
        let count = usize::try_from(size - from.size).unwrap_or(usize::MAX).min(fetched.len());
        let entries: Vec<NewEntry> = (from.size..)
            .zip(fetched.drain(..count))
            .map(|(index, bytes)| new_entry(index, &bytes))
            .collect::<Result<_, _>>()?;
        let to = Head { size, root: tree.root_at(size).unwrap_or_default() };
        log.entries_after(from.size).await?;
        let stored = log.commit(from, to, entries).await?;
        if !(from.size..).zip(&stored).all(|(index, leaf)| tree.leaf(index) == Some(*leaf)) {
            return Err(StoreError::Falsified("what was read back is not what was committed".into()).into());
        }
        from = to;
    }
    Ok(())
}

fn new_entry(index: u64, bytes: &[u8]) -> Result<NewEntry, NotHealed> {
    let entry = Entry::parse(bytes).map_err(|malformed| NotHealed::Malformed { index, malformed })?;
    Ok(NewEntry {
        digest: entry.signed.digest,
        leaf_hash: leaf_hash(bytes),
        json: entry.signed.json().to_owned(),
        note: entry.bytes,
        sent: Sent { request_id: None, address: "restored".into() },
    })
}

fn cut() -> OriginError {
    OriginError::Absent("the question was cut off".into())
}

/// Asks where waiting is allowed.
async fn blocking<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, OriginError> + Send + 'static,
) -> Result<T, OriginError> {
    tokio::task::spawn_blocking(ask).await.map_err(|_| cut())?
}
