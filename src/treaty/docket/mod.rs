//! The docket: every record as far as a status needs it, and which record speaks of which.
//!
//! It is part of the register and grows with it, one event an entry. Obligations and their states are not kept: they
//! are computed from a prefix of the docket when somebody asks ([`crate::treaty::obligation`]).
//!
//! Invariants: events stand at their index; lists are in index order, so that what was known earlier is a prefix.
//!
//! Deliberately absent: any judgement of what an event means.

mod digests;
pub(in crate::treaty) mod event;
mod intervals;
mod known;
mod lists;
mod marks;

use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet, Vector};

pub use event::{Act, Claim, ClaimNature, Correction, Event};
pub use known::{Answer, Known, Pos, Seen, is_acknowledged};
pub use marks::{Case, CaseKind, Mark};

use self::digests::Digests;
use self::marks::Marks;
use crate::hash::Hash;
use crate::treaty::claims::Finding;
use crate::treaty::host_consent::Scope;
use crate::treaty::party::Slot;
use crate::treaty::terms::ObligationKind;
use crate::treaty::time::Instant;

/// Every record of a log, as far as a status needs it.
#[derive(Clone, Debug, Default)]
pub struct Docket {
    events: Vector<Arc<Event>>,
    digests: Digests,
    /// The entries that name an entry in their references.
    naming: HashMap<u32, Vector<u32>>,
    corrections: HashMap<u32, Vector<u32>>,
    basis: Vector<u32>,
    intents: Vector<u32>,
    /// Requests, by the calendar year of the arrival as first notified.
    requests: OrdMap<(i32, Slot), Vector<u32>>,
    /// What creates obligations outside visits.
    notices: Vector<u32>,
    /// The same by the kind of obligation and the calendar year to which that may belong.
    notices_of: OrdMap<(ObligationKind, i32), OrdSet<u32>>,
    /// Lifted withholdings that name no slot, by the instant of the lift.
    wide_lifted: OrdSet<(Instant, u32)>,
    marks: Marks,
    /// Whether only what rules look up is marked, and nothing that a status alone looks up.
    for_rules: bool,
    by_slot: OrdMap<Slot, OfSlot>,
    /// When the visits ended that did.
    ends: HashMap<u32, Pos>,
}

/// What concerns one slot alone.
#[derive(Clone, Debug, Default)]
struct OfSlot {
    designations: Vector<u32>,
    /// Consents for every visit.
    consents: Vector<u32>,
    /// Declarations, by when they take effect; a corrected one stands at each place that it ever had.
    declared: OrdSet<Pos>,
    /// Changes by which launchers were loaded or unloaded, in the same way.
    reloads: OrdSet<Pos>,
    /// Lifted claims, by the instant of the lift.
    lifted: OrdSet<(Instant, u32)>,
    /// Visits that ended and were reported on, by their end, as known now.
    ended: OrdMap<Pos, Ended>,
}

/// A visit that ended, with the findings of its newest report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The request.
    pub visit: u32,
    /// The end.
    pub end: Pos,
    /// The newest report.
    pub report: u32,
    /// What its C1 and C2 say.
    pub absence: [Finding; 2],
}

impl Docket {
    /// A docket that is asked for no status: what rules do not look up stays open for good. A status would be the same, and
    /// would take longer.
    pub fn for_rules() -> Docket {
        Docket { for_rules: true, ..Docket::default() }
    }

    /// Whether a case is marked once it is settled.
    pub fn marks(&self, case: Case) -> bool {
        !self.for_rules || matches!(case, Case::Visit(_) | Case::Claim(_))
    }

    /// Takes up the next record.
    pub fn put(&mut self, event: Event) {
        let index = event.index;
        for &named in &event.refs {
            self.naming.entry(named).or_default().push_back(index);
        }
        match &event.act {
            Act::Terms(_) | Act::Precondition { .. } => self.basis.push_back(index),
            Act::Claim(_) => self.marks.open(Case::Claim(index)),
            Act::Intent { slot, eta, .. } => {
                self.intents.push_back(index);
                self.marks.open(Case::Visit(index));
                self.requests.entry((eta.year(), *slot)).or_default().push_back(index);
            }
            Act::Correction(correction) => self.corrections.entry(correction.original).or_default().push_back(index),
            Act::Designation { slot, .. } => self.slot(*slot).designations.push_back(index),
            Act::Consent { slot, scope: Scope::Standing, .. } => self.slot(*slot).consents.push_back(index),
            _ => {}
        }
        if known::creates_outside_visits(event.kind) && event.party.is_party() {
            self.notices.push_back(index);
            self.marks.open(Case::Notice(index));
        }
        self.digests.insert(event.digest, index);
        let corrected = match &event.act {
            Act::Correction(correction) => Some(correction.original),
            _ => None,
        };
        self.events.push_back(Arc::new(event));
        self.place(corrected.unwrap_or(index));
    }

    /// Files a record under the places that it has in time, as it is known now.
    fn place(&mut self, index: u32) {
        let known = Known::of(self, u64::from(self.size()));
        let periods = known.periods(index);
        let seen = known.seen(index);
        let pos = seen.as_ref().map(|seen| known.pos_of(seen));
        let (mut declared, mut reloaded, mut is_ambiguous) = (None, None, false);
        match seen.map(|seen| seen.act) {
            Some(Act::Declaration { slot }) => declared = pos.map(|pos| (*slot, pos)),
            Some(Act::DataChange { slot, reload: true }) => reloaded = pos.map(|pos| (*slot, pos)),
            Some(Act::Report { ambiguities, .. }) => is_ambiguous = !ambiguities.is_empty(),
            _ => {}
        }
        for key in periods {
            self.notices_of.entry(key).or_default().insert(index);
        }
        if let Some((slot, pos)) = declared {
            self.slot(slot).declared.insert(pos);
        }
        if let Some((slot, pos)) = reloaded {
            self.slot(slot).reloads.insert(pos);
        }
        if is_ambiguous {
            self.marks.open(Case::Report(index));
        }
    }

    fn slot(&mut self, slot: Slot) -> &mut OfSlot {
        self.by_slot.entry(slot).or_default()
    }

    /// The entry whose record has this digest.
    pub fn index_of(&self, digest: &Hash) -> Option<u32> {
        self.digests.find(digest, |index| Some(self.events.get(index as usize)?.digest))
    }

    /// The number of entries.
    pub fn size(&self) -> u32 {
        u32::try_from(self.events.len()).unwrap_or(u32::MAX)
    }

    /// Notes that a case is settled, or open again.
    pub fn mark(&mut self, case: Case, mark: Option<Mark>) {
        if self.marks.is_marked(case, mark) {
            return;
        }
        if let Case::Claim(index) = case {
            self.put_lift(index, self.marks.of(case).map(|mark| mark.settled), mark.map(|mark| mark.settled));
        }
        self.marks.mark(case, mark);
    }

    /// Moves a claim in the lists of those that are lifted.
    fn put_lift(&mut self, index: u32, before: Option<Instant>, after: Option<Instant>) {
        let event = self.events.get(index as usize).map(Arc::clone);
        let Some(Act::Claim(claim)) = event.as_ref().map(|event| &event.act) else { return };
        let change = |list: &mut OrdSet<(Instant, u32)>| {
            if let Some(before) = before {
                list.remove(&(before, index));
            }
            list.extend(after.map(|after| (after, index)));
        };
        if claim.slots.is_empty() && claim.nature == ClaimNature::Withholding {
            change(&mut self.wide_lifted);
        }
        claim.slots.iter().for_each(|&slot| change(&mut self.slot(slot).lifted));
    }

    /// Notes how a visit to a slot ended, as known now.
    pub fn mark_end(&mut self, slot: Slot, visit: u32, ended: Option<Ended>) {
        let before = self.ends.get(&visit).copied();
        if before.is_none() && ended.is_none() {
            return; // as nearly always
        }
        match &ended {
            Some(ended) => drop(self.ends.insert(visit, ended.end)),
            None => drop(self.ends.remove(&visit)),
        }
        let list = &mut self.slot(slot).ended;
        if let Some(before) = before {
            list.remove(&before);
        }
        list.extend(ended.map(|ended| (ended.end, ended)));
    }
}
