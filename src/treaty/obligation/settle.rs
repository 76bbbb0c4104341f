//! Which cases are settled: nothing in them is outstanding, in either view, for good as far as is known.
//!
//! A status need not look at a settled case of an earlier year. This is an index and nothing else: it is kept as
//! records come, from the same folds that a status uses, and a status over all cases gives the same answer.
//!
//! Invariants: a case that is marked settled from an instant on, by the entry of an index, has no obligation that is
//! open, overdue, claimed or contested at any later instant, whatever of the later entries is known, until an entry
//! marks it otherwise. What cannot be promised is not marked.
//!
//! Deliberately absent: baselines, which are few: whether one is declared is looked up.

use std::collections::BTreeSet;

use super::{Basis, Kind, Obligation, Sight, State, View};
use crate::treaty::docket::{Act, Case, Docket, Ended, Event, Known, Mark};
use crate::treaty::milestone::Milestones;
use crate::treaty::party::{Party, Slot};
use crate::treaty::time::Instant;

/// How far a record reaches along references: a correction of a withdrawal of a contest of a milestone of a visit.
const REACH: usize = 5;

/// Brings the marks up to date after the newest entry.
pub fn settle(docket: &mut Docket) {
    let Some(index) = docket.size().checked_sub(1) else { return };
    let known = Known::of(docket, u64::from(docket.size()));
    let mut cases = touched(&known, index);
    cases.extend(disturbed(&known, index));
    cases.retain(|case| docket.marks(*case));
    if cases.is_empty() {
        return;
    }
    let basis = Basis::of(known);
    let sight = Sight::new(known, &basis, Instant::LAST);
    let mark = |&case: &Case| {
        let settled = settled_at(&sight, case)?;
        Some(Mark { begins: begins(&sight, case.index()), settled, by: index })
    };
    let marks: Vec<(Case, Option<Mark>)> = cases.iter().map(|case| (*case, mark(case))).collect();
    let visits = cases.iter().filter_map(|case| sight.visit(case.index()).filter(|_| matches!(case, Case::Visit(_))));
    let ends: Vec<(Slot, u32, Option<Ended>)> =
        visits.map(|visit| (visit.slot, visit.intent, sight.ended(visit.intent))).collect();
    for (case, mark) in marks {
        docket.mark(case, mark);
    }
    for (slot, visit, ended) in ends {
        docket.mark_end(slot, visit, ended);
    }
}

/// The cases that an entry may settle or open again: its visit, and those of the records that it reaches. What it begins
/// itself is open until another entry ends it.
fn touched(known: &Known<'_>, index: u32) -> BTreeSet<Case> {
    let (mut reached, mut layer) = (BTreeSet::from([index]), vec![index]);
    for _ in 0..REACH {
        let events = layer.iter().filter_map(|&index| known.event(index));
        let named: Vec<u32> = events.flat_map(names).filter(|&named| reached.insert(named)).collect();
        layer = named;
    }
    reached.remove(&index);
    let visit = known.visit_of(index).filter(|&visit| visit != index || !is_admissible(known, index)).map(Case::Visit);
    reached.iter().flat_map(|&index| of_record(known, index)).chain(visit).collect()
}

/// Whether an entry is a request by which something is owed.
fn is_admissible(known: &Known<'_>, index: u32) -> bool {
    known.event(index).is_some_and(|event| matches!(event.act, Act::Intent { inadmissible: None, .. }))
}

/// What a record is about. A request is about nothing that came before it.
fn names(event: &Event) -> impl Iterator<Item = u32> + use<'_> {
    let (original, refs) = match &event.act {
        Act::Correction(correction) => (Some(correction.original), &[][..]),
        Act::Intent { .. } => (None, &[][..]),
        _ => (None, &event.refs[..]),
    };
    original.into_iter().chain(refs.iter().copied())
}

/// The cases of one record.
fn of_record(known: &Known<'_>, index: u32) -> impl Iterator<Item = Case> {
    let act = known.event(index).map(|event| &event.act);
    let visit = known.visit_of(index).map(Case::Visit);
    let notice = Some(Case::Notice(index)).filter(|_| known.is_notice(index));
    let claim = Some(Case::Claim(index)).filter(|_| matches!(act, Some(Act::Claim(_))));
    let is_unclear = || matches!(act, Some(Act::Report { ambiguities, .. }) if !ambiguities.is_empty());
    let is_corrected = || known.correction(index).is_some() && matches!(act, Some(Act::Report { .. }));
    let report = Some(Case::Report(index)).filter(|_| is_unclear() || is_corrected());
    [visit, notice, claim, report].into_iter().flatten()
}

/// The cases that were settled when a basis changes for a time that has passed: terms carry everything, a designation the
/// visits to its slot, a precondition visits. No correction changes one: what obligations rest on cannot be corrected.
fn disturbed(known: &Known<'_>, index: u32) -> Vec<Case> {
    let Some(seen) = known.seen(index) else { return Vec::new() };
    let rests = |case: &Case| match (seen.act, case) {
        (Act::Terms(_), _) | (Act::Precondition { .. }, Case::Visit(_)) => true,
        (Act::Designation { slot, .. }, Case::Visit(intent)) => known.slot_of_visit(*intent) == Some(*slot),
        _ => false,
    };
    match seen.act {
        Act::Terms(_) | Act::Designation { .. } | Act::Precondition { .. } => {
            known.settled_since(known.pos_of(&seen).0).filter(rests).collect()
        }
        _ => Vec::new(),
    }
}

/// From when on a case is settled, as far as is known.
fn settled_at(sight: &Sight<'_>, case: Case) -> Option<Instant> {
    match case {
        Case::Notice(index) => sight.of_notice(index).iter().try_fold(Instant::default(), |latest, obligation| {
            Some(latest.max(settled(sight, obligation, obligation)?))
        }),
        Case::Visit(intent) => visit_settled_at(sight, intent),
        Case::Claim(claim) if sight.known.pos(claim).is_none() => Some(Instant::default()),
        Case::Claim(claim) => sight.lift_of(claim).map(|(at, _)| at),
        Case::Report(report) => sight.unresolved(report).next().is_none().then(|| last_effect(sight, report, REACH)),
    }
}

/// A visit is not settled while the team is at the site.
fn visit_settled_at(sight: &Sight<'_>, intent: u32) -> Option<Instant> {
    let has = |step| sight.milestones(intent, step).next().is_some();
    if has(Milestones::SiteArrival) && !has(Milestones::End) && !has(Milestones::Departure) {
        return None;
    }
    let admissible = sight.is_admissible(intent);
    let [us, ru] = [Party::Us, Party::Ru].map(|party| sight.of_visit(intent, admissible, View::Of(party)));
    let name = |obligation: &Obligation| (obligation.created_by, obligation.kind);
    if !us.iter().map(name).eq(ru.iter().map(name)) {
        return None;
    }
    let each = |latest: Instant, (us, ru)| Some(latest.max(settled(sight, us, ru)?));
    // What is owed last is open longest.
    let all = us.iter().zip(&ru).rev().try_fold(Instant::default(), each)?;
    Some(all.max(last_effect(sight, intent, 2)))
}

/// When the newest record that leads to this one in so many steps takes effect.
fn last_effect(sight: &Sight<'_>, index: u32, steps: usize) -> Instant {
    let own = sight.known.pos(index).map(|(at, _)| at).unwrap_or_default();
    let Some(steps) = steps.checked_sub(1) else { return own };
    sight.known.naming(index).map(|by| last_effect(sight, by, steps)).fold(own, Instant::max)
}

/// When this record or the first that names it took effect or was received.
fn begins(sight: &Sight<'_>, index: u32) -> Instant {
    let all = sight.known.naming(index).chain([index]);
    let times = all.flat_map(|index| {
        let received = sight.known.event(index).map(|event| event.received_at);
        [sight.known.pos(index).map(|(at, _)| at), received].into_iter().flatten()
    });
    times.min().unwrap_or_default()
}

/// From when on nothing is outstanding in an obligation, which exists in both views. Where these differ, that is.
fn settled(sight: &Sight<'_>, us: &Obligation, ru: &Obligation) -> Option<Instant> {
    let first = sight.fold(us, View::Of(Party::Us), None);
    let state = first.state;
    let ends = matches!(state, State::Fulfilled | State::FulfilledLate | State::Released);
    if us.kind == Kind::Opening || !ends || first.entangled {
        return None; // most obligations stand so for most of their time, and need no second look
    }
    let outcomes = [first, sight.fold(ru, View::Of(Party::Ru), None)];
    if outcomes[1].state != state || outcomes[1].entangled {
        return None;
    }
    match state {
        State::Fulfilled | State::FulfilledLate => {
            let performed = outcomes.iter().filter_map(|outcome| outcome.performed);
            Some(performed.map(|(at, _)| at).fold(us.created_at.max(ru.created_at), Instant::max))
        }
        State::Released => Some(released_at(sight, us)),
        _ => None,
    }
}

/// The latest effect of a record that names what created the obligation.
fn released_at(sight: &Sight<'_>, obligation: &Obligation) -> Instant {
    let about = sight
        .known
        .naming(obligation.created_by)
        .chain(obligation.visit.into_iter().flat_map(|intent| sight.known.naming(intent)));
    about.filter_map(|index| sight.known.pos(index)).map(|(at, _)| at).max().unwrap_or(obligation.created_at)
}
