//! The meeting point of the log and the treaty: tree and register, folded from the same entries.
//!
//! A [`Replica`] of the first n entries is the same value in the server, in a Party's mirror, in an offline audit and
//! in a test, because it is computed from the entries and nothing else. The server publishes one after every commit;
//! whoever holds an older one goes on seeing exactly the entries it was made of.
//!
//! Invariants:
//! - Tree and register have the same size.
//! - An entry is applied only after it was admitted (or, on a replay, judged again and found admissible).
//! - Times of receipt never go back from one entry to the next.
//!
//! Deliberately absent: durability. A replica may be thrown away and folded again at any time.

mod cores;
mod keys;
mod replay;
mod step;

pub use cores::on_every_core;
pub use keys::{KeyMissing, LedgerKeys, find};
pub use replay::{ReplayError, Replayed};
pub use step::{Batch, Outcome, step};

use crate::hash::Hash;
use crate::note::SignError;
use crate::tlog::{Head, Tree, leaf_hash};
use crate::treaty::admit::{Signatures, admit, keys, rules};
use crate::treaty::apply::apply;
use crate::treaty::entry::Entry;
use crate::treaty::record::{Body, Record, Signed};
use crate::treaty::refusal::{Refusal, Refused};
use crate::treaty::register::Register;
use crate::treaty::terms::Terms;
use crate::treaty::time::Instant;
use crate::treaty::verify::Verified;

/// Tree and register of the first n entries.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    tree: Tree,
    register: Register,
}

impl Replica {
    /// A replica of no entries that will be asked for no status: it judges as every other, with less of an index.
    pub fn for_rules() -> Replica {
        Replica { tree: Tree::default(), register: Register::for_rules() }
    }

    /// Size and root.
    pub fn head(&self) -> Head {
        Head { size: self.tree.size(), root: self.tree.root() }
    }

    /// The tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The register.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// When the newest entry was received.
    pub fn last_received_at(&self) -> Option<Instant> {
        let last = self.register.size().checked_sub(1)?;
        self.register.fact(last).map(|fact| fact.received_at)
    }

    /// Every reason to refuse a record as the next entry; none admits it.
    pub fn admit(&self, verified: &Verified, received_at: Instant, signatures: Signatures) -> Vec<Refused> {
        let Some(terms) = self.register.terms() else {
            return begin(verified, signatures).err().unwrap_or_default();
        };
        let mut refused = admit(&self.register, terms, verified, received_at, signatures);
        // A stranger without a good signature learns nothing about our roots.
        if refused.iter().all(|refused| refused.refusal.is_of_content()) {
            refused.extend(self.anchor_fault(&verified.signed().record));
        }
        refused
    }

    /// Every reason for which a record would be refused if it were signed now and well. A preview: only [`Self::admit`]
    /// decides.
    pub fn foresee(&self, record: &Record, received_at: Instant) -> Vec<Refused> {
        let Some(terms) = self.register.terms() else { return Vec::new() };
        let mut refused = keys(&self.register, record);
        refused.extend(rules(&self.register, terms, record, received_at));
        refused.extend(self.anchor_fault(record));
        refused
    }

    /// The anchor is this log's root at its size.
    fn anchor_fault(&self, record: &Record) -> Option<Refused> {
        let anchor = record.header.anchor;
        let root: Option<Hash> = self.tree.root_at(anchor.size);
        (root != Some(anchor.root))
            .then(|| Refused::new(Refusal::AnchorUnknown, "/anchor", format!("size {}", anchor.size)))
    }

    /// The earlier entry that holds the same record, if there is one.
    pub fn index_of(&self, verified: &Verified) -> Option<u64> {
        self.register.index_of(&verified.signed().digest)
    }

    /// The earlier entry by the same author under the same id, if there is one.
    pub fn index_of_id(&self, verified: &Verified) -> Option<u64> {
        let header = &verified.signed().record.header;
        self.register.index_of_id(header.author().as_str(), header.id)
    }

    /// Takes up an admitted entry.
    pub fn apply(&mut self, entry: &Entry) {
        self.fold(&entry.signed, entry.received_at);
        self.tree.append(leaf_hash(entry.bytes.as_bytes()));
    }

    /// Folds an admitted record into the register. Its leaf must follow before anything is proved.
    fn fold(&mut self, signed: &Signed, received_at: Instant) {
        apply(&mut self.register, &signed.record, signed.digest, received_at);
    }

    /// Begins a log: checks the terms of entry 0 in full and countersigns them.
    pub fn begin(verified: Verified, at: Instant, clerk: &crate::note::Signer) -> Result<(Entry, Replica), BeginError> {
        begin(&verified, Signatures::Check).map_err(BeginError::Refused)?;
        let entry = Entry::countersign(verified.signed().clone(), clerk, at)?;
        let mut replica = Replica::default();
        replica.apply(&entry);
        Ok((entry, replica))
    }
}

/// Why a note cannot begin a log.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// Mend what is named, have the roots sign again.
    #[error("the terms cannot begin a log: {}", .0.iter().map(|r| format!("{} {}", r.pointer, r.words())).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Refused>),
    /// The clerk's key failed its own check.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// The terms of entry 0, if the record can be that entry: every root that they name has signed.
fn begin(verified: &Verified, signatures: Signatures) -> Result<Terms, Vec<Refused>> {
    let record = &verified.signed().record;
    let Body::Terms(body) = &record.body else {
        return Err(vec![Refused::new(Refusal::RoleNotAllowed, "/kind", "entry 0 is the terms")]);
    };
    let terms = Terms::begin(body, &record.origin)?;
    let mut refused = verified.introduced_faults(signatures);
    let mut wanted: Vec<&str> = terms.roots.values().map(|roots| roots.root.0.name()).collect();
    let mut have: Vec<&str> = record.header.signers.iter().map(|name| name.as_str()).collect();
    wanted.sort_unstable();
    have.sort_unstable();
    if wanted != have {
        refused.push(Refused::new(Refusal::RoleNotAllowed, "/signers", wanted.join(", ")));
    }
    if record.header.party != record.header.author().party() {
        refused.push(Refused::new(Refusal::PartyMismatch, "/party", record.header.author().as_str()));
    }
    if record.header.anchor.size != 0 || record.header.anchor.root != crate::tlog::EMPTY_ROOT {
        refused.push(Refused::new(Refusal::AnchorUnknown, "/anchor", "size 0"));
    }
    if !record.header.refs.is_empty() {
        refused.push(Refused::new(Refusal::RefUnknown, "/refs", ""));
    }
    if refused.is_empty() { Ok(terms) } else { Err(refused) }
}
