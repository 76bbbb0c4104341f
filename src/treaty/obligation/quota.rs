//! Places in a quota, and denials: from facts only, the same in all views.
//!
//! The requests of one slot and one calendar year are gone through together, because a lift takes a place again only
//! if there is room at that moment (ruling 19). Everything else about a request does not depend on the others.
//!
//! Invariants: a performed visit holds a place (ruling 30); answers to claims change nothing here.
//!
//! Deliberately absent: whether a request was admissible, which was judged once, at its own index.

use std::collections::BTreeMap;

use super::fold::Fold;
use super::moves::{Move, What};
use super::{Kind, Obligation, Outcome, Sight, View};
use crate::treaty::docket::{CaseKind, Pos};
use crate::treaty::milestone::Milestones;
use crate::treaty::party::{Party, Slot};
use crate::treaty::terms::OneVisitPer;

/// A place in a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Since when, and by which record.
    pub begin: Pos,
    /// Whether the place had been refunded and was taken again.
    pub retaken: bool,
    /// Whether it is used, and not only reserved.
    pub used: bool,
}

/// The admissible requests of one slot and year, each with how its ADMIT stands from facts.
#[derive(Debug, Default)]
pub struct Group {
    /// By request.
    pub admits: BTreeMap<u32, (Obligation, Outcome)>,
    /// Lifts that found no room, each with its request.
    pub no_room: Vec<(u32, u32)>,
}

/// The places of one slot and year.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// Visits that were performed, or withdrawn after the arrival.
    pub used: u64,
    /// Places held by requests that are open.
    pub reserved: u64,
    /// The requests whose places lie beyond the quota, and whether the place had been refunded and taken again.
    pub beyond: Vec<(u32, bool)>,
}

impl Group {
    /// The places, with those beyond `quota` in the order of their beginning.
    pub fn holds(&self, quota: u64) -> Holds {
        let mut held: Vec<(u32, Hold)> =
            self.admits.iter().filter_map(|(visit, (_, outcome))| Some((*visit, outcome.hold?))).collect();
        held.sort_unstable_by_key(|(visit, hold)| (hold.begin, *visit));
        let used = held.iter().filter(|(_, hold)| hold.used).count() as u64;
        let beyond = held.iter().skip(usize::try_from(quota).unwrap_or(usize::MAX));
        Holds {
            used,
            reserved: held.len() as u64 - used,
            beyond: beyond.map(|(visit, hold)| (*visit, hold.retaken)).collect(),
        }
    }
}

impl Sight<'_> {
    /// Goes through the admissible requests of one slot and year together.
    pub(super) fn count(&self, slot: Slot, period: i32) -> Group {
        let requests = self.known.requests(slot, period).filter(|&intent| self.is_admissible(intent));
        let admits: Vec<Obligation> = requests.filter_map(|intent| self.admit(intent)).collect();
        let mut steps: Vec<(Move, usize)> = Vec::new();
        for (i, admit) in admits.iter().enumerate() {
            steps.extend(self.moves(admit, View::Facts).into_iter().map(|step| (step, i)));
        }
        steps.sort_unstable();
        let mut folds: Vec<Fold<'_, '_>> = admits.iter().map(|admit| Fold::new(self, admit, View::Facts)).collect();
        let mut no_room = Vec::new();
        for (step, i) in steps {
            let has_room = !matches!(step.what, What::Lift(_)) || {
                folds.iter_mut().for_each(|fold| fold.advance(step.pos));
                let held = folds.iter().filter(|fold| fold.hold.is_some()).count() as u64;
                held < self.quota_at(step.pos)
            };
            folds[i].advance(step.pos);
            folds[i].take(&step, |lift| {
                no_room.extend(Some((lift, admits[i].created_by)).filter(|_| !has_room));
                has_room
            });
        }
        let outcomes: Vec<Outcome> = folds.into_iter().map(Fold::finish).collect();
        let admits = admits.iter().cloned().zip(outcomes);
        Group { admits: admits.map(|(admit, outcome)| (admit.created_by, (admit, outcome))).collect(), no_room }
    }

    /// The ADMIT of a request.
    fn admit(&self, intent: u32) -> Option<Obligation> {
        let of_visit = self.of_visit(intent, true, View::Facts);
        of_visit.into_iter().find(|obligation| obligation.kind == Kind::Admit)
    }

    /// The visits to a slot in a calendar year, by the terms in force then.
    pub fn quota_at(&self, pos: Pos) -> u64 {
        self.limits(pos).quota()
    }

    /// Whether a visit is open (ruling 6): it holds a reservation, or the team is at the site.
    pub fn is_open(&self, intent: u32) -> bool {
        let first = |name| self.milestones(intent, name).map(|(pos, _)| pos).filter(|pos| *pos <= self.until()).min();
        let left = first(Milestones::End).or(first(Milestones::Departure)).is_some();
        if first(Milestones::SiteArrival).is_some() {
            return !left;
        }
        let Some(visit) = self.visit(intent) else { return false };
        let group = self.group(visit.slot, visit.eta.year());
        group.admits.get(&intent).and_then(|(_, outcome)| outcome.hold).is_some_and(|hold| !hold.used)
    }

    /// Whether a visit by `sides` (inspecting, inspected) is open where only one may be.
    pub fn has_open_visit(&self, slot: Slot, sides: (Party, Party), host: Party, per: OneVisitPer) -> bool {
        self.unsettled(CaseKind::Visit).iter().filter_map(|other| self.visit(*other)).any(|other| {
            let same = match per {
                OneVisitPer::Party => true,
                OneVisitPer::Territory => other.host == host,
                OneVisitPer::Slot => other.slot == slot,
            };
            same && sides == (other.inspecting, other.inspected) && self.is_open(other.intent)
        })
    }
}
