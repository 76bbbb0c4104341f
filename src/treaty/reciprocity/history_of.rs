//! One obligation through time: every change of its state, in each view, by one state of knowledge.
//!
//! Nothing is remembered: the obligation is judged again at every instant at which something could have changed it,
//! which is when a record takes effect or is received, and the second after it is due.
//!
//! Invariants: between two changes the states are those of the earlier one; the last change leads to the states that a
//! status as of the same instant shows.
//!
//! Deliberately absent: what was known when. Everything known counts for every instant, as it does in a status.

use std::collections::BTreeSet;

use super::judge::{self, Judged, Standing, Viewer};
use super::timeline::instants;
use crate::treaty::countermeasure::Cited;
use crate::treaty::docket::Known;
use crate::treaty::obligation::{Basis, Clause, Obligation, Sight, State};
use crate::treaty::time::Instant;

/// The views, in the order in which a change has them.
pub const VIEWERS: [Viewer; 3] = [Viewer::Us, Viewer::Ru, Viewer::Undisputed];

/// A change of the state of an obligation. In a view in which it does not exist it has no state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// From when on.
    pub at: Instant,
    /// By which record; by the clock, if by none.
    pub by: Option<u32>,
    /// The rule that matches from here on.
    pub clause: Option<Clause>,
    /// When it is due from here on.
    pub due: Option<Instant>,
    /// The state before and after, in the order of [`VIEWERS`].
    pub states: [(Option<State>, Option<State>); 3],
}

/// Every change of an obligation until `as_of`, the oldest first.
pub fn history(known: Known<'_>, name: &Cited, as_of: Instant) -> Vec<Change> {
    let Some(record) = known.index_of(name.record()) else { return Vec::new() };
    let Some(event) = known.event(record) else { return Vec::new() };
    let begins = known.pos(record).map_or(event.received_at, |(effect, _)| effect.min(event.received_at));
    let basis = Basis::of(known);
    let sight = Sight::new(known, &basis, as_of);
    let mut ahead: BTreeSet<Instant> = instants(&sight).filter(|at| (begins..=as_of).contains(at)).collect();
    let mut before: [Option<Standing>; 3] = Default::default();
    let mut changes = Vec::new();
    while let Some(at) = ahead.pop_first() {
        let now = standing(&sight.at(at), record, name);
        let dues = now.iter().flatten().filter_map(|standing| standing.due.next());
        ahead.extend(dues.filter(|next| (at..=as_of).contains(next) && *next > at));
        let state = |standing: &Option<Standing>| standing.as_ref().map(|standing| standing.state);
        let states = [0, 1, 2].map(|view| (state(&before[view]), state(&now[view])));
        if states.iter().any(|(from, to)| from != to) {
            let by = cause(&known, at, record, &before, &now);
            let [.., undisputed] = &now;
            let (clause, due) = (undisputed.as_ref().map(|s| s.clause), undisputed.as_ref().map(|s| s.due));
            changes.push(Change { at, by, clause, due, states });
        }
        before = now;
    }
    changes
}

/// How the obligation of this name stands in each view.
fn standing(sight: &Sight<'_>, record: u32, name: &Cited) -> [Option<Standing>; 3] {
    let judged = judged(sight, record, name);
    VIEWERS.map(|viewer| judged.as_ref().and_then(|judged| judged.standing(viewer)))
}

/// The obligation of this name, created by `record`.
fn judged(sight: &Sight<'_>, record: u32, name: &Cited) -> Option<Judged> {
    let Cited::Obligation { kind, slot, .. } = name else { return None };
    let is_it = |obligation: &Obligation| {
        obligation.created_by == record && obligation.kind == *kind && obligation.slot == *slot
    };
    judge::about(sight, record, &is_it).pop()
}

/// The record that changed the states at `at`: of those that took effect then, the last that is a cause from here on,
/// or else the last that speaks of what made the states before.
fn cause(
    known: &Known<'_>,
    at: Instant,
    record: u32,
    before: &[Option<Standing>],
    now: &[Option<Standing>],
) -> Option<u32> {
    let causes = |of: &[Option<Standing>]| -> BTreeSet<u32> {
        of.iter().flatten().flat_map(|standing| standing.causes.iter().copied()).collect()
    };
    let (old, new) = (causes(before), causes(now));
    let then = |index: &u32| {
        known.pos(*index).is_some_and(|(effect, _)| effect == at)
            || known.event(*index).is_some_and(|event| event.received_at == at)
    };
    let fresh = new.iter().rev().copied().find(|index| then(index) && !old.contains(index));
    let by_the_clock = before.iter().flatten().any(|standing| standing.due.next() == Some(at));
    let speaks = |index: &u32| {
        let event = known.event(*index)?;
        let names_one = event.refs.iter().any(|named| *named == record || old.contains(named));
        let same_visit = || known.visit_of(*index).is_some_and(|visit| known.visit_of(record) == Some(visit));
        (names_one || same_visit()).then_some(())
    };
    if by_the_clock {
        return fresh;
    }
    fresh.or_else(|| (0..known.size()).rev().find(|index| then(index) && speaks(index).is_some()))
}
