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
mod step;

pub use step::{Batch, Outcome, step};

use crate::hash::Hash;
use crate::note::SignError;
use crate::tlog::{Head, Tree, leaf_hash};
use crate::treaty::admit::{Signatures, admit, keys, rules};
use crate::treaty::apply::apply;
use crate::treaty::entry::Entry;
use crate::treaty::record::{Body, Kind, Malformed, Record, Signed};
use crate::treaty::refusal::{Refusal, Refused};
use crate::treaty::register::Register;
use crate::treaty::terms::{RULES, Terms};
use crate::treaty::time::Instant;
use crate::treaty::verify::Verified;

/// Tree and register of the first n entries.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    tree: Tree,
    register: Register,
}

/// Why a committed entry cannot be taken up. Whoever meets one stops: it writes nothing, cosigns nothing, skips nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The bytes are not those of an entry.
    #[error("entry {index} is malformed: {}", .malformed.faults.first().map_or(String::new(), |f| f.detail.to_string()))]
    Malformed {
        /// Which entry.
        index: u64,
        /// What is wrong with it.
        malformed: Malformed,
    },
    /// The rules refuse it.
    #[error("entry {index} is refused by the rules: {}", .refused.first().map_or("", |r| r.refusal.code()))]
    Refused {
        /// Which entry.
        index: u64,
        /// Every reason.
        refused: Vec<Refused>,
    },
    /// Entry 0 is not the beginning of a ledger.
    #[error("entry 0 does not begin a ledger: {0}")]
    Beginning(&'static str),
    /// It was received before the entry before it.
    #[error("entry {index} was received before entry {}", index - 1)]
    TimeWentBack {
        /// Which entry.
        index: u64,
    },
    /// The same record, or another with the same id by the same author, stands earlier.
    #[error("entry {index} repeats the record or the id of entry {earlier}")]
    Repeated {
        /// Which entry.
        index: u64,
        /// The one before.
        earlier: u64,
    },
    /// The clerk's line is not the clerk's.
    #[error("entry {index} has no good countersignature by the clerk")]
    NotCountersigned {
        /// Which entry.
        index: u64,
    },
    /// The terms put rules in force that this program does not hold.
    #[error("the terms put version {0} of the rules in force, which this program does not hold")]
    RulesUnknown(i64),
}

impl Replica {
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

    /// Judges a committed entry again and takes it up. With [`Signatures::Check`] every signature is checked, the
    /// clerk's too.
    pub fn replay(&mut self, bytes: &[u8], signatures: Signatures) -> Result<Entry, ReplayError> {
        let index = self.tree.size();
        let mut entry = Entry::parse(bytes).map_err(|malformed| ReplayError::Malformed { index, malformed })?;
        if self.last_received_at().is_some_and(|last| entry.received_at < last) {
            return Err(ReplayError::TimeWentBack { index });
        }
        let verified = entry.signed.trust().map_err(|refused| ReplayError::Refused { index, refused })?;
        if let Some(earlier) = self.index_of(&verified).or_else(|| self.index_of_id(&verified)) {
            return Err(ReplayError::Repeated { index, earlier });
        }
        let refused = self.admit(&verified, entry.received_at, signatures);
        if !refused.is_empty() {
            return Err(ReplayError::Refused { index, refused });
        }
        entry.signed = verified.into_signed(); // moved there and back: a log has many entries
        if entry.signed.record.body.kind() == Kind::Terms {
            // Terms are checked under themselves: they name the clerk of their own entry, and the rules from it on.
            let mut next = self.clone();
            next.fold(&entry.signed, entry.received_at);
            next.check_terms(index, &entry, signatures)?;
            *self = next;
        } else {
            self.check_terms(index, &entry, signatures)?;
            self.fold(&entry.signed, entry.received_at);
        }
        self.tree.append(leaf_hash(bytes));
        Ok(entry)
    }

    /// The clerk that the terms name has countersigned this entry, and the rules that they put in force are known.
    fn check_terms(&self, index: u64, entry: &Entry, signatures: Signatures) -> Result<(), ReplayError> {
        let Some(terms) = self.register.terms() else {
            return Err(ReplayError::Beginning("it is not a terms record"));
        };
        if terms.rules != RULES {
            return Err(ReplayError::RulesUnknown(terms.rules));
        }
        if signatures == Signatures::Check && !entry.is_countersigned_by(&terms.clerk) {
            return Err(ReplayError::NotCountersigned { index });
        }
        Ok(())
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
