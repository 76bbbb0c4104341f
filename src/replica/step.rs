//! One batch of records becomes the next entries: the pure heart of the write path.
//!
//! [`step`] takes the current replica, the records that wait, the time and the ledger's keys, and answers with the
//! entries to commit, the head they lead to, the replica to publish once they are durable, and one outcome for each
//! sender. It touches nothing: a batch that is not committed is simply dropped.
//!
//! Invariants: revocations go first, so that a key that is revoked in a batch signs nothing in it; otherwise records
//! keep their order. One bad record harms no other. Each entry is countersigned by the clerk's key of its own index, also
//! where that changes within a batch; where the ledger lacks a key that is needed, the batch ends before it.
//!
//! Deliberately absent: locks, stores, and the log's own signature, which follows the commit.

use super::Replica;
use super::cores::on_every_core;
use super::keys::{KeyMissing, LedgerKeys};
use crate::note::{SignError, Signer};
use crate::tlog::{Head, leaf_hash};
use crate::treaty::admit::{Signatures, shown_again};
use crate::treaty::entry::Entry;
use crate::treaty::record::{Kind, Signed};
use crate::treaty::refusal::Refused;
use crate::treaty::time::Instant;
use crate::treaty::verify::{Ahead, Verified};

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
    /// The key for want of which records were left over.
    pub missing: Option<KeyMissing>,
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
    /// A key of the ledger failed or is missing: it cannot write. Not the sender's fault.
    Unavailable,
}

/// Folds a batch received at `now` into `replica`: first every record into the register, one after the other; then all
/// countersignatures, which depend on nothing but the texts and the time; then the leaves into the tree.
pub fn step(replica: &Replica, incoming: Vec<Verified>, now: Instant, keys: &LedgerKeys) -> Batch {
    let mut next = replica.clone();
    let mut missing = None;
    let mut admitted = Vec::with_capacity(incoming.len());
    let mut outcomes = vec![Outcome::Unavailable; incoming.len()];
    let is_revocation = |verified: &Verified| verified.signed().record.body.kind() == Kind::KeyRevocation;
    let mut queue: Vec<(usize, Verified)> = incoming.into_iter().enumerate().collect();
    queue.sort_by_key(|(_, verified)| !is_revocation(verified)); // stable: both halves keep their order
    for (position, verified) in queue {
        let outcome = take(&mut next, verified, now, keys, &mut admitted);
        if outcome == Outcome::Unavailable && missing.is_none() {
            let terms = next.register().terms();
            missing = terms.and_then(|terms| keys.missing(terms, next.register().size()));
        }
        if let Some(slot) = outcomes.get_mut(position) {
            *slot = outcome;
        }
    }
    let Ok(entries) = countersign_all(admitted, now) else {
        let outcomes = vec![Outcome::Unavailable; outcomes.len()];
        return Batch { entries: Vec::new(), head: replica.head(), next: replica.clone(), outcomes, at: now, missing };
    };
    for entry in &entries {
        next.tree.append(leaf_hash(entry.bytes.as_bytes()));
    }
    Batch { entries, head: next.head(), next, outcomes, at: now, missing }
}

/// A record that is folded, what was countersigned ahead for it, and the clerk's key of its index.
type Admitted<'k> = (Signed, Option<Ahead>, &'k Signer);

/// One record: seen before, admitted, folded.
fn take<'k>(
    next: &mut Replica,
    verified: Verified,
    now: Instant,
    keys: &'k LedgerKeys,
    admitted: &mut Vec<Admitted<'k>>,
) -> Outcome {
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
    let index = next.register().size();
    let terms = next.register().terms().filter(|terms| keys.missing(terms, index).is_none());
    let Some(clerk) = terms.and_then(|terms| keys.clerk_of(terms, index)) else { return Outcome::Unavailable };
    let (signed, ahead) = verified.into_parts();
    next.fold(&signed, now);
    admitted.push((signed, ahead, clerk));
    Outcome::Recorded { index }
}

/// Countersigns every record, in order, with the same time; what was made ahead for that second by that key is used. A
/// key that fails once is not to be trusted with any.
fn countersign_all(records: Vec<Admitted<'_>>, now: Instant) -> Result<Vec<Entry>, SignError> {
    let missing = records.iter().filter(|admitted| !is_made(admitted, now)).count();
    let countersign = |admitted: Admitted<'_>| match admitted {
        (signed, Some(ahead), _) if is_made_by(&ahead, admitted.2, now) => {
            Ok(Entry::with_line(signed, ahead.line, now))
        }
        (signed, _, clerk) => Entry::countersign(signed, clerk, now),
    };
    if missing == 0 {
        return records.into_iter().map(countersign).collect(); // nothing is left to compute
    }
    on_every_core(records, countersign).ok_or(SignError)?.into_iter().collect()
}

fn is_made((_, ahead, clerk): &Admitted<'_>, now: Instant) -> bool {
    ahead.as_ref().is_some_and(|ahead| is_made_by(ahead, clerk, now))
}

fn is_made_by(ahead: &Ahead, clerk: &Signer, now: Instant) -> bool {
    ahead.at == now && ahead.line.id == clerk.verifier().id()
}
