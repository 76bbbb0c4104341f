//! The docket: every record as far as a status needs it, and which record speaks of which.
//!
//! It is part of the register and grows with it, one event an entry. Obligations and their states are not kept: they
//! are computed from a prefix of the docket when somebody asks ([`crate::treaty::obligation`]).
//!
//! Invariants: events stand at their index; lists are in index order, so that what was known earlier is a prefix.
//!
//! Deliberately absent: any judgement of what an event means.

pub(in crate::treaty) mod event;
mod known;
mod lists;

use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet, Vector};

pub use event::{Act, Claim, ClaimNature, Correction, Event};
pub use known::{Answer, Known, Pos, Seen, is_acknowledged};

use crate::hash::Hash;
use crate::treaty::party::Slot;
use crate::treaty::time::Instant;

/// Every record of a log, as far as a status needs it.
#[derive(Clone, Debug, Default)]
pub struct Docket {
    events: Vector<Arc<Event>>,
    // Ordered, because a hashed map of every entry takes four times as much.
    by_digest: OrdMap<Hash, u32>,
    /// The entries that name an entry in their references.
    naming: HashMap<u32, Vector<u32>>,
    corrections: HashMap<u32, Vector<u32>>,
    basis: Vector<u32>,
    claims: Vector<u32>,
    intents: Vector<u32>,
    requests: OrdMap<(Slot, i32), Vector<u32>>,
    /// What creates obligations outside visits.
    notices: Vector<u32>,
    /// Withholdings that name no slot.
    wide: Vector<u32>,
    /// Reports that raise ambiguities.
    ambiguous: Vector<u32>,
    settled: Settled,
    by_slot: OrdMap<Slot, OfSlot>,
}

/// What concerns one slot alone.
#[derive(Clone, Debug, Default)]
struct OfSlot {
    designations: Vector<u32>,
    consents: Vector<u32>,
    declarations: Vector<u32>,
    changes: Vector<u32>,
    reports: Vector<u32>,
    claims: Vector<u32>,
}

/// Obligations that are looked at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Case {
    /// Those of the visit that this request began.
    Visit(u32),
    /// Those that this notice created outside visits.
    Notice(u32),
}

/// Which cases are settled, from when on, and by which entry.
#[derive(Clone, Debug, Default)]
struct Settled {
    open: OrdSet<Case>,
    marks: HashMap<Case, (Instant, u32)>,
    by_time: OrdSet<(Instant, Case)>,
    by_entry: OrdSet<(u32, Case)>,
}

impl Docket {
    /// Takes up the next record.
    pub fn put(&mut self, event: Event) {
        let index = event.index;
        for &named in &event.refs {
            self.naming.entry(named).or_default().push_back(index);
        }
        match &event.act {
            Act::Terms(_) | Act::Precondition { .. } => self.basis.push_back(index),
            Act::Claim(claim) => self.put_claim(index, claim),
            Act::Intent { slot, eta, .. } => {
                self.intents.push_back(index);
                self.settled.open.insert(Case::Visit(index));
                self.requests.entry((*slot, eta.year())).or_default().push_back(index);
            }
            Act::Correction(correction) => self.put_correction(index, correction),
            Act::Designation { slot, .. } => self.slot(*slot).designations.push_back(index),
            Act::Consent { slot, .. } => self.slot(*slot).consents.push_back(index),
            Act::Declaration { slot } => self.slot(*slot).declarations.push_back(index),
            Act::DataChange { slot, .. } => self.slot(*slot).changes.push_back(index),
            Act::Report { ambiguities, .. } => self.put_report(&event, ambiguities.len()),
            _ => {}
        }
        if known::creates_outside_visits(event.kind) && event.party.is_party() {
            self.notices.push_back(index);
            self.settled.open.insert(Case::Notice(index));
        }
        self.by_digest.insert(event.digest, index);
        self.events.push_back(Arc::new(event));
    }

    fn slot(&mut self, slot: Slot) -> &mut OfSlot {
        self.by_slot.entry(slot).or_default()
    }

    /// A report is filed under the slot of its visit.
    fn put_report(&mut self, event: &Event, ambiguities: usize) {
        if ambiguities > 0 {
            self.ambiguous.push_back(event.index);
        }
        let intent = event.refs.first().and_then(|&intent| self.events.get(intent as usize));
        if let Some(&Act::Intent { slot, .. }) = intent.map(|intent| &intent.act) {
            self.slot(slot).reports.push_back(event.index);
        }
    }

    /// A correction may give a report ambiguities that it did not have.
    fn put_correction(&mut self, index: u32, correction: &Correction) {
        self.corrections.entry(correction.original).or_default().push_back(index);
        if matches!(correction.act.as_deref(), Some(Act::Report { ambiguities, .. }) if !ambiguities.is_empty()) {
            self.ambiguous.push_back(correction.original);
        }
    }

    fn put_claim(&mut self, index: u32, claim: &Claim) {
        self.claims.push_back(index);
        for &slot in &claim.slots {
            self.slot(slot).claims.push_back(index);
        }
        if claim.nature == ClaimNature::Withholding && claim.slots.is_empty() {
            self.wide.push_back(index);
        }
    }

    /// The entry whose record has this digest.
    pub fn index_of(&self, digest: &Hash) -> Option<u32> {
        self.by_digest.get(digest).copied()
    }

    /// The number of entries.
    pub fn size(&self) -> u32 {
        u32::try_from(self.events.len()).unwrap_or(u32::MAX)
    }

    /// Notes whether a case is settled, from when on, and which entry made it so.
    pub fn mark(&mut self, case: Case, settled: Option<Instant>, by: u32) {
        let marks = &mut self.settled;
        if let Some((at, entry)) = marks.marks.remove(&case) {
            marks.by_time.remove(&(at, case));
            marks.by_entry.remove(&(entry, case));
        }
        match settled {
            Some(at) => {
                marks.open.remove(&case);
                marks.marks.insert(case, (at, by));
                marks.by_time.insert((at, case));
                marks.by_entry.insert((by, case));
            }
            None => drop(marks.open.insert(case)),
        }
    }
}
