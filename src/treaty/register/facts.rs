//! What the register keeps: facts, each with the index at which it came.
//!
//! Deliberately absent: the records themselves. Their bytes are read from the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use imbl::Vector;

use super::Register;
use crate::hash::Hash;
use crate::note::Verifier;
use crate::treaty::host_consent;
use crate::treaty::key_revocation::Reason;
use crate::treaty::lateness::Late;
use crate::treaty::milestone::Milestones;
use crate::treaty::party::{KeyName, Party, Slot};
use crate::treaty::record::{Header, Kind};
use crate::treaty::time::Instant;
use crate::treaty::visit::Visit;

/// A key that the log admitted.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name: for whom and as what it signs.
    pub name: KeyName,
    /// The public key, as a signer of records (signed-note type 0x01).
    pub verifier: Verifier,
    /// The verifier key as published: type 0x04 for keys that cosign checkpoints.
    pub published: Verifier,
    /// The person who holds it, if said.
    pub person: Option<Arc<str>>,
    /// The entry that registered it.
    pub registered: u64,
    /// Its revocation, if there is one.
    pub revoked: Option<Revocation>,
}

/// The end of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The entry that revoked it: records from this index on are refused.
    pub index: u64,
    /// Why.
    pub reason: Reason,
    /// From when its holder suspects misuse. Shown; changes nothing.
    pub suspect_from: Option<Instant>,
}

impl Key {
    /// Whether a record at `index` may be signed with the key: log order decides, not clocks.
    pub fn is_good_at(&self, index: u64) -> bool {
        self.registered < index && self.revoked.as_ref().is_none_or(|revoked| index <= revoked.index)
    }
}

/// What the register keeps of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The kind of record.
    pub kind: Kind,
    /// The state of its first signer.
    pub party: Party,
    /// The position of the first signer's key in the order of registration.
    pub author: u32,
    /// The author's own number.
    pub number: u64,
    /// When the ledger received it.
    pub received_at: Instant,
    /// Whether the author had seen no checkpoint.
    pub anchor_empty: bool,
    /// Whether numbers before this one were missing when it came.
    pub number_gap: bool,
    /// The slot that the body names, or that of its visit.
    pub slot: Option<Slot>,
    /// The intent of the visit that it belongs to; of an intent, its own index.
    pub visit: Option<u32>,
    /// What few entries have.
    pub rare: Option<Box<Rare>>,
}

/// What few entries have; kept apart, for there are many entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rare {
    /// The positions of the other signers' keys.
    pub cosigners: Vec<u32>,
    /// Which limits it came after.
    pub late: Vec<Late>,
}

impl Fact {
    /// The positions of the other signers' keys.
    pub fn cosigners(&self) -> &[u32] {
        self.rare.as_ref().map_or(&[], |rare| &rare.cosigners)
    }

    /// Which limits it came after.
    pub fn late(&self) -> &[Late] {
        self.rare.as_ref().map_or(&[], |rare| &rare.late)
    }
}

/// What the log holds about one slot, in index order.
#[derive(Clone, Debug, Default)]
pub struct SlotFacts {
    /// Designations and their withdrawals.
    pub designations: Vector<Designated>,
    /// What the host said.
    pub consents: Vector<Consented>,
    /// Declarations and data changes.
    pub data: Vector<Data>,
    /// The newest declaration.
    pub declared: Option<u64>,
    /// The newest declaration or data change that was ever corrected.
    pub corrected: Option<u64>,
    /// Diagrams.
    pub diagrams: Vector<u64>,
}

/// The launchers of a site, each with the number of its cells.
pub type Cells = Arc<Vec<(Box<str>, u16)>>;

/// A declaration or a data change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// The entry.
    pub index: u64,
    /// Whether it is a declaration.
    pub is_declaration: bool,
    /// The launchers that it names.
    pub launchers: Cells,
    /// Those that any of it and what came before it since the newest declaration names, each with the greatest number; as
    /// they were written, whatever corrections say.
    pub most: Cells,
}

/// A correction, as far as rules and look-ups need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// The entry of the correction.
    pub index: u64,
    /// Whether the original is void.
    pub void: bool,
    /// The new time of the fact, where it gives one.
    pub effective_at: Option<Instant>,
    /// Whether it gives a time other than the original's, or voids it: both Parties have signed then.
    pub moves_time: bool,
    /// The step, where it gives the body of a milestone.
    pub milestone: Option<Milestones>,
    /// The time of the hand-over, where it gives the body of a report.
    pub handed_over_at: Option<Instant>,
    /// The launchers, where it gives the body of a declaration or a data change.
    pub launchers: Option<Cells>,
}

/// A list of inspectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The entry.
    pub index: u64,
    /// When it takes effect.
    pub effect: Instant,
    /// The codes on it.
    pub codes: BTreeSet<Arc<str>>,
    /// The codes that the other Party objected to in time, each with the entry of the objection.
    pub objected: BTreeMap<Arc<str>, u64>,
}

/// A designation or its withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Designated {
    /// The entry.
    pub index: u64,
    /// When it takes effect.
    pub effect: Instant,
    /// Whether it withdraws.
    pub withdraw: bool,
}

/// A host's consent, condition or withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consented {
    /// The entry.
    pub index: u64,
    /// When it takes effect.
    pub effect: Instant,
    /// For all visits or for one.
    pub scope: host_consent::Scope,
    /// What is said.
    pub action: host_consent::Action,
    /// Until when it holds.
    pub valid_until: Option<Instant>,
}

/// The entry that is being applied.
pub struct Applied<'a> {
    /// Its index.
    pub index: u64,
    /// The digest of its record.
    pub digest: Hash,
    /// When the ledger received it.
    pub received_at: Instant,
    /// The record's header.
    pub header: &'a Header,
}

impl Applied<'_> {
    /// The visit whose intent the record names first, to add to.
    pub fn visit<'r>(&self, register: &'r mut Register) -> Option<&'r mut Visit> {
        let intent = register.index_of(self.header.refs.first()?)?;
        register.visit_mut(intent)
    }

    /// When a claim or a consent takes effect: at the later of its own time and its receipt.
    pub fn effect(&self) -> Instant {
        self.header.effective_at.map_or(self.received_at, |own| own.max(self.received_at))
    }
}
