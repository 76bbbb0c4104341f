//! The secret keys that a ledger was given: those of its log and of its clerk, more than one of each while they change.
//!
//! The terms say which key signs for a size. What a server holds is only looked up by that, so a key that is not in force
//! signs nothing, whatever else was given; and where the one in force is missing, nothing is signed at all.
//!
//! Deliberately absent: where the keys are kept.

use crate::note::{Signer, Succession};
use crate::treaty::terms::Terms;

/// The keys that the ledger holds.
pub struct LedgerKeys {
    /// Those that sign checkpoints.
    pub log: Vec<Signer>,
    /// Those that countersign entries.
    pub clerk: Vec<Signer>,
}

/// The terms put a key in force that the ledger was not given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "from size {size} on the {office} key is {vkey}, and this server was not given it: start it with that key, too"
)]
pub struct KeyMissing {
    /// `log` or `clerk`.
    pub office: &'static str,
    /// The key.
    pub vkey: String,
    /// The first size that it is needed for.
    pub size: u64,
}

impl LedgerKeys {
    /// A ledger with one key of each.
    pub fn new(log: Signer, clerk: Signer) -> LedgerKeys {
        LedgerKeys { log: vec![log], clerk: vec![clerk] }
    }

    /// The key that signs the checkpoint of a size.
    pub fn log_at(&self, terms: &Terms, size: u64) -> Option<&Signer> {
        find(&self.log, &terms.log, size)
    }

    /// The key that countersigns the entry at an index.
    pub fn clerk_of(&self, terms: &Terms, index: u64) -> Option<&Signer> {
        find(&self.clerk, &terms.clerk, index.saturating_add(1))
    }

    /// What is missing to write the entry at an index, and the checkpoint over it.
    pub fn missing(&self, terms: &Terms, index: u64) -> Option<KeyMissing> {
        self.missing_at(terms, index.saturating_add(1))
    }

    /// What is missing for a size: to sign its checkpoint, and to write the entry that it ends with.
    pub fn missing_at(&self, terms: &Terms, size: u64) -> Option<KeyMissing> {
        let offices = [("log", &self.log, &terms.log), ("clerk", &self.clerk, &terms.clerk)];
        let missing = offices.into_iter().find(|(_, held, keys)| find(held, keys, size).is_none());
        missing.map(|(office, _, keys)| KeyMissing { office, vkey: keys.at(size).to_string(), size })
    }

    /// What will be missing for sizes greater than this, as far as the terms say now.
    pub fn will_be_missing(&self, terms: &Terms, size: u64) -> Option<KeyMissing> {
        let begin = |keys: &Succession| keys.terms().into_iter().map(|term| term.from).collect::<Vec<_>>();
        let mut sizes: Vec<u64> = begin(&terms.log).into_iter().chain(begin(&terms.clerk)).collect();
        sizes.sort_unstable();
        sizes.into_iter().filter(|begun| *begun > size).find_map(|size| self.missing_at(terms, size))
    }
}

/// The secret of the key that is in force at a size.
pub fn find<'k>(held: &'k [Signer], keys: &Succession, size: u64) -> Option<&'k Signer> {
    held.iter().find(|signer| signer.verifier() == keys.at(size))
}
