//! Proof that this log has signed two histories: at the start, and brought by anybody while the ledger runs.
//!
//! What is kept is in the form of every witness ([`crate::tlog::fork`]): signed checkpoints, and a consistency proof where
//! their sizes differ. Whoever has the log's key can judge it.
//!
//! Invariants: the log key signs here only heads that the second store has, which were flushed to be signed; so a proof
//! is never made by the hand that keeps it. The folder is bounded.
//!
//! Deliberately absent: taking an alarm back. Whoever has looked into it moves the file away and starts again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::ask::Asked;
use super::decide::{Fork, Seen};
use crate::note::Note;
use crate::replica::{LedgerKeys, Replica};
use crate::service::ledger::Ledger;
use crate::store::StoreError;
use crate::tlog::Head;
use crate::tlog::checkpoint::{Checkpoint, CheckpointError};
use crate::tlog::fork::{Evidence, Leads};
use crate::witness::evidence::EvidenceFolder;

/// The greatest checkpoint that is taken as evidence, in bytes: one with many cosignatures.
pub const MAX_BYTES: usize = 1 << 14;
/// How long entries that another server of this ledger has just added may take to arrive here.
const ARRIVAL: Duration = Duration::from_secs(3);

/// What is kept of a fork: at which size and by whom, and the file.
pub fn of_fork(fork: &Fork, replica: &Replica, heads: &[Head], keys: &LedgerKeys) -> ((u64, String), Evidence) {
    let terms = replica.register().terms();
    let origin = terms.map(|terms| terms.origin.clone()).unwrap_or_default();
    let signed = |head: &Head| {
        let checkpoint = Checkpoint { origin: origin.clone(), size: head.size, root: head.root };
        let note = checkpoint.sign(keys.log_at(terms?, head.size)?).ok()?;
        Some((checkpoint, note))
    };
    // Heads of the second store that the database holds, too: were one of them not of its history, that would be the fork.
    let tree = replica.tree();
    let heads = heads.iter().take_while(|head| head.size <= tree.size());
    let held = |size: u64| heads.clone().filter(|head| head.size <= size).last();
    let alone = |seen: &Seen| Evidence::of(None, &seen.checkpoint, &seen.note);
    let about = |seen: &Seen| (seen.checkpoint.size, seen.by.clone());
    match fork {
        Fork::SecondStore(head) => {
            let checkpoint = Checkpoint { origin, size: head.size, root: head.root };
            ((head.size, super::decide::SECOND_STORE.into()), Evidence::of(None, &checkpoint, ""))
        }
        Fork::Between(one, other) => {
            (about(other), Evidence::of(Some((&one.checkpoint, &one.note)), &other.checkpoint, &other.note))
        }
        Fork::Shown(seen) => {
            let Some((held, note)) = held(tree.size()).and_then(signed) else { return (about(seen), alone(seen)) };
            let size = seen.checkpoint.size;
            let same = heads.clone().find(|head| head.size == size);
            if let Some((same, note)) = same.and_then(signed) {
                return (about(seen), Evidence::of(Some((&same, &note)), &seen.checkpoint, &seen.note));
            }
            let leads = tree.root_at(size).and_then(|root| {
                let hashes = tree.prove_consistency(size, held.size).ok()?;
                Some(Leads { from: Head { size, root }, to: held.size, hashes })
            });
            let evidence = match leads {
                Some(leads) => Evidence::with_proof((&held, &note), &seen.checkpoint, &seen.note, &leads),
                None => Evidence::of(Some((&held, &note)), &seen.checkpoint, &seen.note),
            };
            (about(seen), evidence)
        }
        Fork::Diverged(seen, leads) => {
            let newest = held(leads.from.size).filter(|head| head.size == leads.from.size).and_then(signed);
            let evidence = match newest {
                Some((held, note)) => Evidence::with_proof((&held, &note), &seen.checkpoint, &seen.note, leads),
                None => alone(seen),
            };
            ((leads.from.size, seen.by.clone()), evidence)
        }
    }
}

/// Keeps evidence; answers where it is, also if it was there before.
pub fn keep(folder: &Path, evidence: &Evidence) -> std::io::Result<PathBuf> {
    let kept = EvidenceFolder::new(folder).keep(evidence)?;
    Ok(kept.unwrap_or_else(|| folder.join(&evidence.name)))
}

/// What a checkpoint that somebody brought says about a running ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brought {
    /// It is of this ledger's history.
    Consistent(Checkpoint),
    /// This log signed it, and the ledger has another root at its size.
    Forked(Checkpoint),
    /// This log signed it, and the ledger has fewer entries.
    Beyond(Checkpoint),
}

/// Why a checkpoint that somebody brought says nothing.
#[derive(Debug, thiserror::Error)]
pub enum BroughtError {
    /// It is not a checkpoint of this log, or not signed by it.
    #[error(transparent)]
    NotSigned(#[from] CheckpointError),
    /// Whether the ledger has more by now is not known: bring it again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Mend the folder: the ledger has stopped writing, and the proof could not be kept.
    #[error("the evidence could not be kept: {0}")]
    NotKept(#[from] std::io::Error),
}

impl Ledger {
    /// Judges a checkpoint that somebody brought. One that this log signed and that is not of its history stops the
    /// ledger, and is kept.
    pub async fn bring(&self, bytes: &[u8]) -> Result<Brought, BroughtError> {
        let none = LedgerKeys { log: Vec::new(), clerk: Vec::new() };
        let keys = self.keys.as_deref().unwrap_or(&none);
        let checkpoint = Asked::of(&self.now().replica, keys).open(bytes)?;
        let note = Note::parse(bytes).map_err(CheckpointError::from)?.all();
        let mut published = self.now();
        let mut arrivals = published.arrivals();
        if checkpoint.size > published.size() && self.standing.missing.is_none() {
            // Another server of this ledger may have signed it a moment ago.
            self.reader.ping().await?;
            let arrived = arrivals.wait_for(|size| *size >= checkpoint.size);
            let _ = tokio::time::timeout(ARRIVAL, arrived).await;
            published = self.now();
        }
        let found = match published.replica.tree().root_at(checkpoint.size) {
            Some(root) if root == checkpoint.root => return Ok(Brought::Consistent(checkpoint)),
            Some(_) => Brought::Forked(checkpoint.clone()),
            None => Brought::Beyond(checkpoint.clone()),
        };
        let why = match found {
            Brought::Forked(_) => format!("this log signed another root at size {}", checkpoint.size),
            _ => format!("this log signed {} entries, and {} are here", checkpoint.size, published.size()),
        };
        tracing::error!(why, "a signed checkpoint was brought that contradicts the ledger: it has stopped writing");
        published.halted.rcu(|first| first.clone().or_else(|| Some(Arc::new(why.clone()))));
        if let Some(folder) = &self.evidence {
            folder.keep(&self.beside(&published.replica, &checkpoint, note))?;
        }
        Ok(found)
    }

    /// A checkpoint that was brought, beside what this ledger has signed.
    fn beside(&self, replica: &Replica, brought: &Checkpoint, note: &str) -> Evidence {
        let (tree, published) = (replica.tree(), self.now());
        let terms = replica.register().terms();
        let open = |note: &str| Checkpoint::open_by(note.as_bytes(), self.seal.origin(), &terms?.log).ok();
        if let Some(same) = published.checkpoint_at(brought.size, &self.seal)
            && let Some(checkpoint) = open(&same)
        {
            return Evidence::of(Some((&checkpoint, &same)), brought, note);
        }
        let Some(newest) = open(&published.checkpoint) else { return Evidence::of(None, brought, note) };
        let held = (&newest, &*published.checkpoint);
        let leads = tree.root_at(brought.size).filter(|_| brought.size < newest.size).and_then(|root| {
            let hashes = tree.prove_consistency(brought.size, newest.size).ok()?;
            Some(Leads { from: Head { size: brought.size, root }, to: newest.size, hashes })
        });
        match leads {
            Some(leads) => Evidence::with_proof(held, brought, note, &leads),
            None => Evidence::of(Some(held), brought, note),
        }
    }
}
