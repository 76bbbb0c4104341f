//! One batch of records becomes the next entries: the pure heart of the write path.
//!
//! [`step`] takes the current replica, the records that wait, the time and the clerk's key, and answers with the
//! entries to commit, the head they lead to, the replica to publish once they are durable, and one outcome for each
//! sender. It touches nothing: a batch that is not committed is simply dropped.
//!
//! Invariants: revocations go first, so that a key that is revoked in a batch signs nothing in it; otherwise records
//! keep their order. One bad record harms no other.
//!
//! Deliberately absent: locks, stores, and the log's own signature, which follows the commit.

use super::Replica;
use crate::note::Signer;
use crate::tlog::Head;
use crate::treaty::admit::{Signatures, shown_again};
use crate::treaty::entry::Entry;
use crate::treaty::record::Kind;
use crate::treaty::refusal::Refused;
use crate::treaty::time::Instant;
use crate::treaty::verify::Verified;

/// What a batch leads to.
#[derive(Debug)]
pub struct Batch {
    /// The entries to commit, in index order from the size of the replica on.
    pub entries: Vec<Entry>,
    /// Size and root after them.
    pub head: Head,
    /// The replica to publish after the commit.
    pub next: Replica,
    /// What became of each record, in the order in which they came.
    pub outcomes: Vec<Outcome>,
    /// The time of the batch.
    pub at: Instant,
}

/// What became of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is a new entry.
    Recorded {
        /// Its index.
        index: u64,
    },
    /// It has been an entry before.
    Known {
        /// Its index.
        index: u64,
    },
    /// Its id was used before by the same author for another text.
    Conflict {
        /// The entry that has the id.
        index: u64,
    },
    /// The ledger turns it away.
    Refused(Vec<Refused>),
    /// The clerk's key failed: the ledger cannot write. Not the sender's fault.
    Unavailable,
}

/// Folds a batch received at `now` into `replica`.
pub fn step(replica: &Replica, incoming: Vec<Verified>, now: Instant, clerk: &Signer) -> Batch {
    let mut next = replica.clone();
    let mut entries = Vec::with_capacity(incoming.len());
    let mut outcomes = vec![Outcome::Unavailable; incoming.len()];
    let is_revocation = |verified: &Verified| verified.signed().record.body.kind() == Kind::KeyRevocation;
    let mut queue: Vec<(usize, Verified)> = incoming.into_iter().enumerate().collect();
    queue.sort_by_key(|(_, verified)| !is_revocation(verified)); // stable: both halves keep their order
    for (position, verified) in queue {
        let outcome = take(&mut next, verified, now, clerk, &mut entries);
        if let Some(slot) = outcomes.get_mut(position) {
            *slot = outcome;
        }
    }
    Batch { entries, head: next.head(), next, outcomes, at: now }
}

/// One record: seen before, admitted, countersigned, folded.
fn take(next: &mut Replica, verified: Verified, now: Instant, clerk: &Signer, entries: &mut Vec<Entry>) -> Outcome {
    if let Some(index) = next.index_of(&verified) {
        let faults = shown_again(next.register(), &verified);
        return if faults.is_empty() { Outcome::Known { index } } else { Outcome::Refused(faults) };
    }
    let refused = next.admit(&verified, now, Signatures::Check);
    if !refused.is_empty() {
        return Outcome::Refused(refused);
    }
    if let Some(index) = next.index_of_id(&verified) {
        return Outcome::Conflict { index };
    }
    let index = next.tree().size();
    match Entry::countersign(verified.into_signed(), clerk, now) {
        Ok(entry) => {
            next.apply(&entry);
            entries.push(entry);
            Outcome::Recorded { index }
        }
        Err(_) => Outcome::Unavailable,
    }
}
