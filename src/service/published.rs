//! What readers see: one committed state of the ledger, and the proofs that follow from it.
//!
//! A [`Published`] is an immutable value behind one pointer. It has a replica, the sizes of all committed heads, and the
//! signed checkpoint of the newest one; from these every proof, receipt and list is computed, at one size.
//!
//! Invariants:
//! - The receipt of an entry is its proof in the first committed head that contains it. It never changes: the size is
//!   fixed, and Ed25519 gives the same signature over the same text every time.
//! - Only sizes that were committed are signed.
//!
//! Deliberately absent: cosignatures ([`super::receipt`] adds them), and the way by which a state came to be published.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use arc_swap::ArcSwapOption;
use imbl::Vector;
use tokio::sync::watch;

use crate::note::SignError;
use crate::replica::{LedgerKeys, Replica};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::proof::Proof;

/// The log's name, and where its signed checkpoints come from: what was signed and kept, or else the log's own keys. A
/// copy of the log has no key and keeps them all; a ledger keeps those that a former key signed.
pub struct Seal {
    origin: String,
    keys: Arc<LedgerKeys>,
    kept: RwLock<BTreeMap<u64, Arc<str>>>,
}

impl Seal {
    /// A seal for a log, by its keys.
    pub fn new(origin: &str, keys: Arc<LedgerKeys>) -> Seal {
        Seal { origin: origin.to_owned(), keys, kept: RwLock::default() }
    }

    /// A seal for a copy of the log.
    pub fn kept(origin: &str) -> Seal {
        Seal::new(origin, Arc::new(LedgerKeys { log: Vec::new(), clerk: Vec::new() }))
    }

    /// Keeps a checkpoint that the log signed; whoever calls has verified it.
    pub fn keep(&self, size: u64, note: &str) {
        self.kept.write().unwrap_or_else(PoisonError::into_inner).insert(size, note.into());
    }

    /// What is kept of a size.
    pub fn kept_at(&self, size: u64) -> Option<Arc<str>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).get(&size).cloned()
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The signed checkpoint of a tree at a committed size, by the key that was in force there.
    fn checkpoint(&self, replica: &Replica, size: u64) -> Result<String, SignError> {
        if let Some(note) = self.kept_at(size) {
            return Ok(note.to_string());
        }
        let terms = replica.register().terms().ok_or(SignError)?;
        let signer = self.keys.log_at(terms, size).ok_or(SignError)?;
        let root = replica.tree().root_at(size).unwrap_or_default();
        Checkpoint { origin: self.origin.clone(), size, root }.sign(signer)
    }
}

/// One committed state of the ledger.
#[derive(Debug)]
pub struct Published {
    /// Tree and register.
    pub replica: Replica,
    /// The signed checkpoint of the newest head.
    pub checkpoint: Arc<str>,
    /// Why the ledger has stopped writing, if it has.
    pub halted: Arc<ArcSwapOption<String>>,
    sizes: Vector<u64>,
    /// Wakes whoever waits for entries; what there is they read here.
    arrivals: Arc<watch::Sender<u64>>,
}

impl Published {
    /// The state after loading `replica`, whose committed heads have these sizes, ascending.
    pub fn first(replica: Replica, sizes: Vector<u64>, seal: &Seal) -> Result<Published, SignError> {
        let newest = sizes.last().copied().unwrap_or(0);
        let checkpoint = seal.checkpoint(&replica, newest)?.into();
        Ok(Published { replica, checkpoint, halted: Arc::default(), sizes, arrivals: Arc::default() })
    }

    /// The state after this one.
    pub fn next(&self, replica: Replica, new: &[u64], seal: &Seal) -> Result<Published, SignError> {
        let mut sizes = self.sizes.clone();
        sizes.extend(new.iter().copied());
        let newest = sizes.last().copied().unwrap_or(0);
        let checkpoint = seal.checkpoint(&replica, newest)?.into();
        let (halted, arrivals) = (Arc::clone(&self.halted), Arc::clone(&self.arrivals));
        Ok(Published { replica, checkpoint, halted, sizes, arrivals })
    }

    /// Wakes when a later state than this one has been announced.
    pub fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.subscribe()
    }

    /// Wakes whoever waits, once readers see this state. Nobody is waited for.
    pub fn announce(&self) {
        self.arrivals.send_replace(self.size());
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.replica.tree().size()
    }

    /// The size of the first committed head that contains the entry at `index`.
    pub fn first_size_over(&self, index: u64) -> Option<u64> {
        let position = match self.sizes.binary_search(&(index + 1)) {
            Ok(position) | Err(position) => position,
        };
        self.sizes.get(position).copied()
    }

    /// The sizes of all committed heads, ascending.
    pub fn sizes(&self) -> &Vector<u64> {
        &self.sizes
    }

    /// The signed checkpoint of a committed size; `None` for a size that was never committed.
    pub fn checkpoint_at(&self, size: u64, seal: &Seal) -> Option<Arc<str>> {
        if self.sizes.last() == Some(&size) {
            return Some(Arc::clone(&self.checkpoint));
        }
        self.sizes.binary_search(&size).ok()?;
        seal.checkpoint(&self.replica, size).ok().map(Arc::from)
    }

    /// The text of the checkpoint of a committed size: what cosigners sign.
    pub fn text_at(&self, size: u64, seal: &Seal) -> Option<String> {
        self.sizes.binary_search(&size).ok()?;
        let root = self.replica.tree().root_at(size)?;
        Some(Checkpoint { origin: seal.origin.clone(), size, root }.to_string())
    }

    /// The receipt of an entry as the log alone signed it: its proof in the first committed head that contains it.
    pub fn receipt(&self, index: u64, seal: &Seal) -> Option<String> {
        let size = self.first_size_over(index)?;
        self.proof(index, size, self.checkpoint_at(size, seal)?.to_string())
    }

    /// The proof of an entry under the checkpoint of a size (C2SP tlog-proof).
    pub fn proof(&self, index: u64, size: u64, checkpoint: String) -> Option<String> {
        let hashes = self.replica.tree().prove_inclusion(index, size).ok()?;
        Some(Proof { extra: None, index, hashes, checkpoint }.to_string())
    }
}
