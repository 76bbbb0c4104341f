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

use std::sync::Arc;

use imbl::{HashMap, OrdMap, Vector};

pub use event::{Act, Claim, ClaimNature, Correction, Event};
pub use known::{Answer, Known, Pos, Seen, is_acknowledged};

use crate::hash::Hash;
use crate::treaty::party::Slot;

/// Every record of a log, as far as a status needs it.
#[derive(Clone, Debug, Default)]
pub struct Docket {
    events: Vector<Arc<Event>>,
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
            Act::Claim(_) => self.claims.push_back(index),
            Act::Intent { slot, eta, .. } => {
                self.intents.push_back(index);
                self.requests.entry((*slot, eta.year())).or_default().push_back(index);
            }
            Act::Correction(correction) => self.corrections.entry(correction.original).or_default().push_back(index),
            Act::Designation { slot, .. } => self.slot(*slot).designations.push_back(index),
            Act::Consent { slot, .. } => self.slot(*slot).consents.push_back(index),
            Act::Declaration { slot } => self.slot(*slot).declarations.push_back(index),
            Act::DataChange { slot, .. } => self.slot(*slot).changes.push_back(index),
            Act::Report { .. } => self.put_report(&event),
            _ => {}
        }
        if known::creates_outside_visits(event.kind) && event.party.is_party() {
            self.notices.push_back(index);
        }
        self.by_digest.insert(event.digest, index);
        self.events.push_back(Arc::new(event));
    }

    fn slot(&mut self, slot: Slot) -> &mut OfSlot {
        self.by_slot.entry(slot).or_default()
    }

    /// A report is filed under the slot of its visit.
    fn put_report(&mut self, event: &Event) {
        let intent = event.refs.first().and_then(|&intent| self.events.get(intent as usize));
        if let Some(Act::Intent { slot, .. }) = intent.map(|intent| &intent.act) {
            let slot = *slot;
            self.slot(slot).reports.push_back(event.index);
        }
    }
}
