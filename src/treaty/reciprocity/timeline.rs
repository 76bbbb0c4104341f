//! The status of the pair through time: every change of it, by one state of knowledge.
//!
//! The status is computed again at every instant at which it could have changed: when a record takes effect or is
//! received, the second after something is due, the second after a consent has run out, and when a year begins.
//!
//! Invariants: between two changes the status in each view is that of the earlier one.
//!
//! Deliberately absent: changes of what is known. Two states of knowledge are compared in [`super::compare`].

use std::collections::BTreeSet;

use super::answer::Pair;
use super::{Frame, Names, Scope, Viewer, statuses};
use crate::treaty::docket::Known;
use crate::treaty::obligation::{Basis, Sight};
use crate::treaty::time::Instant;

/// Every instant at which a record takes effect or is received, or at which a consent has run out.
pub(super) fn instants(sight: &Sight<'_>) -> impl Iterator<Item = Instant> {
    let known = sight.known;
    let of_records = (0..known.size()).flat_map(move |index| {
        let effect = known.pos(index).map(|(effect, _)| effect);
        [effect, known.event(index).map(|event| event.received_at)].into_iter().flatten()
    });
    let run_outs = sight.basis.all_slots().flat_map(|slot| sight.basis.run_outs(slot)).filter_map(Instant::next);
    of_records.chain(run_outs)
}

/// At how many instants a timeline looks at most. Whoever wants more asks for it in parts.
pub const MOST: usize = 2_000;

/// There are too many instants between the two at which the status could have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the status could have changed at more than {MOST} instants between these two")]
pub struct TooLong;

/// A status in one view before and after an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// In whose view.
    pub viewer: Viewer,
    /// The status until then.
    pub before: Option<Pair>,
    /// The status from then on.
    pub after: Pair,
}

/// The status of the pair from one instant to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The status in each view just before the first instant.
    pub before: Vec<(Viewer, Option<Pair>)>,
    /// Every instant at which it changed in one of the views, with the views in which it did.
    pub changes: Vec<(Instant, Vec<Turn>)>,
}

/// Every change of the status in these views, from `from` to `to`, both included.
pub fn timeline(
    known: Known<'_>,
    viewers: &[Viewer],
    (from, to): (Instant, Instant),
    names: &Names<'_>,
) -> Result<Timeline, TooLong> {
    // What neither side disputes changes with either view, so both are looked at for the times at which something is due.
    let both = viewers.contains(&Viewer::Undisputed);
    let seen = Viewer::ALL.iter().copied().filter(|viewer| both || viewers.contains(viewer)).collect::<Vec<_>>();
    let basis = Basis::of(known);
    let sight = Sight::new(known, &basis, to);
    let candidates = instants(&sight).chain((from.year()..=to.year()).filter_map(begin_of_year));
    let mut ahead: BTreeSet<Instant> = candidates.filter(|at| (from..=to).contains(at)).collect();
    let mut standing: Vec<(Viewer, Option<Pair>)> = viewers.iter().map(|viewer| (*viewer, None)).collect();
    let mut timeline = Timeline::default();
    let look = |at: Instant, standing: &mut Vec<(Viewer, Option<Pair>)>, ahead: &mut BTreeSet<Instant>| {
        let mut turns = Vec::new();
        let frame = Frame { as_of: at, period: at.year(), scope: Scope::Period };
        for (viewer, answer) in seen.iter().copied().zip(statuses(known, frame, &seen, names)) {
            let dues = answer.obligations.iter().filter_map(|row| Instant::parse(&row.due_at)?.next());
            ahead.extend(dues.filter(|due| *due > at && (from..=to).contains(due)));
            let Some((_, before)) = standing.iter_mut().find(|(of, _)| *of == viewer) else { continue };
            if before.as_ref().is_none_or(|before| before.status != answer.pair.status) {
                turns.push(Turn { viewer, before: before.clone(), after: answer.pair.clone() });
            }
            *before = Some(answer.pair);
        }
        turns
    };
    if let Some(before) = from.previous() {
        drop(look(before, &mut standing, &mut ahead));
    }
    timeline.before = standing.clone();
    let mut looked = 0;
    while let Some(at) = ahead.pop_first() {
        looked += 1;
        if looked + ahead.len() > MOST {
            return Err(TooLong);
        }
        let turns = look(at, &mut standing, &mut ahead);
        if !turns.is_empty() {
            timeline.changes.push((at, turns));
        }
    }
    Ok(timeline)
}

fn begin_of_year(year: i32) -> Option<Instant> {
    Instant::parse(&format!("{year}-01-01T00:00:00Z"))
}
