//! Findings of absence, and ambiguities that nobody resolved (ruling 39).
//!
//! Invariants: a finding rests on one report, and ends by time or by a record that is named.
//!
//! Deliberately absent: any word on what a finding is worth.

use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::ops::RangeBounds as _;

use crate::treaty::claims::Finding;
use crate::treaty::docket::{CaseKind, Ended, Pos};
use crate::treaty::obligation::Sight;
use crate::treaty::party::Slot;
use crate::treaty::time::Instant;

/// The newest finding of absence of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The report.
    pub report: u32,
    /// The end of the visit.
    pub since: Instant,
    /// Until when it stands.
    pub valid_until: Instant,
    /// What ended it before its time.
    pub invalidated_by: Option<u32>,
}

/// The newest finding of absence of a slot, as far as there ever was one.
pub fn of_slot(sight: &Sight<'_>, slot: Slot) -> Option<Found> {
    let unsettled = &unsettled(sight, slot);
    // Settled and not: by their end.
    let between = |from: Bound<Pos>, to: Bound<Pos>| {
        let others = unsettled.iter().filter(move |visit| (from, to).contains(&visit.end));
        sight.known.ended(slot, (from, to), sight.as_of).chain(others)
    };
    let finds =
        |visit: &&Ended| visit.absence == [Finding::Confirmed; 2] && sight.unresolved(visit.report).next().is_none();
    let newest_settled = sight.known.ended(slot, (Unbounded, Included(sight.until())), sight.as_of).rfind(finds);
    let newest = unsettled.iter().filter(finds).chain(newest_settled).max_by_key(|visit| visit.end)?;
    let runs_out = sight.limits(newest.end).absence().deadline(newest.end.0);
    let contrary = |finding: &Finding| !matches!(finding, Finding::Confirmed | Finding::NotInspected);
    let newer = between(Excluded(newest.end), Included(sight.until()));
    let newer = newer.filter(|visit| visit.absence.iter().any(contrary)).map(|visit| visit.end);
    let reload = sight.known.reloaded(slot, newest.end);
    let designations = sight.known.designations(slot).filter_map(|index| sight.known.pos(index));
    let after = newer.chain(reload).chain(designations).filter(|pos| *pos > newest.end && *pos <= sight.until());
    let ends = after.min().filter(|pos| pos.0 < runs_out);
    Some(Found {
        report: newest.report,
        since: newest.end.0,
        valid_until: ends.map_or(runs_out, |pos| pos.0),
        invalidated_by: ends.map(|pos| pos.1),
    })
}

/// The visits to a slot that ended and were reported on, and are not settled.
fn unsettled(sight: &Sight<'_>, slot: Slot) -> Vec<Ended> {
    let visits = sight.unsettled(CaseKind::Visit).iter().copied();
    visits.filter(|&visit| sight.known.slot_of_visit(visit) == Some(slot)).filter_map(|v| sight.ended(v)).collect()
}

/// The oldest ambiguity that nobody resolved: its report and its id.
pub fn oldest<'s>(sight: &'s Sight<'_>) -> Option<(Pos, &'s str)> {
    let reports = sight.unsettled(CaseKind::Report).iter();
    let mut dated: Vec<Pos> = reports.filter_map(|&index| sight.known.pos(index)).collect();
    dated.retain(|pos| *pos <= sight.until());
    dated.sort_unstable();
    dated.into_iter().find_map(|pos| Some((pos, sight.unresolved(pos.1).next()?)))
}
