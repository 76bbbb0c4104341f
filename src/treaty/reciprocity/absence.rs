//! Findings of absence, and ambiguities that nobody resolved (ruling 39).
//!
//! Invariants: a finding rests on one report, and ends by time or by a record that is named.
//!
//! Deliberately absent: any word on what a finding is worth.

use crate::treaty::claims::Finding;
use crate::treaty::docket::{Act, Pos};
use crate::treaty::milestone::Milestones;
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

/// A visit that ended, with the findings of its newest report.
struct Ended {
    end: Pos,
    report: u32,
    absence: [Finding; 2],
}

/// The newest finding of absence of a slot, as far as there ever was one.
pub fn of_slot(sight: &Sight<'_>, slot: Slot) -> Option<Found> {
    let ended = ended(sight, slot);
    let finds =
        |visit: &&Ended| visit.absence == [Finding::Confirmed; 2] && unresolved(sight, visit.report).next().is_none();
    let newest = ended.iter().filter(finds).max_by_key(|visit| visit.end)?;
    let runs_out = sight.limits(newest.end).absence().deadline(newest.end.0);
    let contrary = |finding: &Finding| !matches!(finding, Finding::Confirmed | Finding::NotInspected);
    let newer = ended.iter().filter(|visit| visit.absence.iter().any(contrary)).map(|visit| visit.end);
    let reloads = sight.known.changes(slot).filter_map(|index| {
        let seen = sight.known.seen(index)?;
        matches!(seen.act, Act::DataChange { reload: true, .. }).then(|| sight.known.pos_of(&seen))
    });
    let designations = sight.known.designations(slot).filter_map(|index| sight.known.pos(index));
    let after = newer.chain(reloads).chain(designations).filter(|pos| *pos > newest.end && *pos <= sight.until());
    let ends = after.min().filter(|pos| pos.0 < runs_out);
    Some(Found {
        report: newest.report,
        since: newest.end.0,
        valid_until: ends.map_or(runs_out, |pos| pos.0),
        invalidated_by: ends.map(|pos| pos.1),
    })
}

/// The visits to a slot that ended and were reported on.
fn ended(sight: &Sight<'_>, slot: Slot) -> Vec<Ended> {
    let mut newest: std::collections::BTreeMap<u32, (Pos, [Finding; 2])> = std::collections::BTreeMap::new();
    for index in sight.known.reports(slot) {
        let Some(seen) = sight.known.seen(index) else { continue };
        let (Act::Report { absence, .. }, Some(visit)) = (seen.act, sight.known.visit_of(index)) else { continue };
        let pos = sight.known.pos_of(&seen);
        if pos <= sight.until() && newest.get(&visit).is_none_or(|(before, _)| *before < pos) {
            newest.insert(visit, (pos, *absence));
        }
    }
    let ended = newest.into_iter().filter_map(|(visit, (report, absence))| {
        let ends = sight.milestones(visit, Milestones::End).map(|(pos, _)| pos).filter(|pos| *pos <= sight.until());
        Some(Ended { end: ends.min()?, report: report.1, absence })
    });
    ended.collect()
}

/// The ambiguities of a report that nobody resolved, in its own order.
pub fn unresolved<'s>(sight: &'s Sight<'_>, report: u32) -> impl Iterator<Item = &'s str> + use<'s> {
    let seen = sight.known.seen(report);
    let ids = seen.map_or(&[][..], |seen| match seen.act {
        Act::Report { ambiguities, .. } => ambiguities,
        _ => &[],
    });
    ids.iter().map(AsRef::as_ref).filter(move |id| !is_resolved(sight, report, id))
}

/// Whether the side that raised an ambiguity accepted a reply that names it, or both Parties made a statement that does.
fn is_resolved(sight: &Sight<'_>, report: u32, id: &str) -> bool {
    let Some(raised_by) = sight.known.event(report).map(|event| event.party) else { return false };
    let requests = sight.known.naming(report).filter(|&index| {
        let asked = sight.known.seen(index).map(|seen| seen.act);
        matches!(asked, Some(Act::ClarificationRequest { ambiguity: Some(named), .. }) if **named == *id)
    });
    let in_effect = |index: &u32| sight.is_in_effect(*index);
    let is_joint = |index: u32| sight.known.event(index).is_some_and(|event| matches!(event.act, Act::JointStatement));
    let accepted = |reply: u32| {
        let answers = sight.known.naming(reply).filter(in_effect).filter_map(|index| sight.known.seen(index));
        let mut answers = answers.filter(|by| by.event.party == raised_by && matches!(by.act, Act::Acceptance));
        answers.any(|by| sight.known.names(by.event).contains(&reply))
    };
    let answered = |request: u32| {
        let mut about = sight.known.naming(request).filter(in_effect);
        about.any(|index| match sight.known.event(index).map(|event| &event.act) {
            Some(Act::ClarificationReply) => accepted(index),
            Some(Act::JointStatement) => true,
            _ => false,
        })
    };
    sight.known.naming(report).filter(in_effect).any(is_joint) || requests.into_iter().any(answered)
}

/// The oldest ambiguity that nobody resolved: its report and its id.
pub fn oldest<'s>(sight: &'s Sight<'_>) -> Option<(Pos, &'s str)> {
    let mut dated: Vec<Pos> = sight.known.ambiguous().filter_map(|index| sight.known.pos(index)).collect();
    dated.retain(|pos| *pos <= sight.until());
    dated.sort_unstable();
    dated.into_iter().find_map(|pos| Some((pos, unresolved(sight, pos.1).next()?)))
}
