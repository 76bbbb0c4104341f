//! Which cases are settled: everything in them is performed or released, in both views, for good as far as is known.
//!
//! A status need not look at a settled case of an earlier year. This is an index and nothing else: it is kept as
//! records come, from the same folds that a status uses, and a status over all cases gives the same answer.
//!
//! Invariants: a case that is marked settled from an instant on, by the entry of an index, has no obligation that is
//! open, overdue, claimed, contested or dormant at any later instant, whatever of the later entries is known, until an
//! entry marks it otherwise.
//!
//! Deliberately absent: baselines, which are few and always looked at.

use std::collections::BTreeSet;

use super::{Basis, Kind, Obligation, Outcome, Sight, State, View};
use crate::treaty::docket::{Act, Case, Docket, Known, Pos};
use crate::treaty::milestone::Milestones;
use crate::treaty::party::Party;
use crate::treaty::time::Instant;

/// Brings the marks up to date after the newest entry.
pub fn settle(docket: &mut Docket) {
    let Some(index) = docket.size().checked_sub(1) else { return };
    let known = Known::of(docket, u64::from(docket.size()));
    let cases = touched(&known, index);
    if cases.is_empty() {
        return;
    }
    let basis = Basis::of(known);
    let sight = Sight::new(known, &basis, Instant::LAST);
    let marks: Vec<(Case, Option<Instant>)> = cases.into_iter().map(|case| (case, settled_at(&sight, case))).collect();
    for (case, at) in marks {
        docket.mark(case, at, index);
    }
}

/// The cases that an entry may settle or open again. Those that it begins are open from the start.
fn touched(known: &Known<'_>, index: u32) -> BTreeSet<Case> {
    let Some(event) = known.event(index) else { return BTreeSet::new() };
    let about: Vec<u32> = match &event.act {
        Act::Correction(correction) => vec![correction.original],
        _ => event.refs.to_vec(),
    };
    let visits = about.iter().filter_map(|&named| known.visit_of(named)).map(Case::Visit);
    let notices = about.iter().copied().filter(|&named| known.is_notice(named)).map(Case::Notice);
    let inadmissible = matches!(&event.act, Act::Intent { inadmissible: Some(_), .. }).then_some(Case::Visit(index));
    visits.chain(notices).chain(inadmissible).collect()
}

/// From when on a case is settled, as far as is known.
fn settled_at(sight: &Sight<'_>, case: Case) -> Option<Instant> {
    match case {
        Case::Notice(index) => sight.of_notice(index).iter().try_fold(Instant::default(), |latest, obligation| {
            let us = settled(sight, obligation, Party::Us)?;
            let ru = settled(sight, obligation, Party::Ru)?;
            Some(latest.max(us).max(ru))
        }),
        Case::Visit(intent) => visit_settled_at(sight, intent),
    }
}

/// A visit is not settled while the team is at the site.
fn visit_settled_at(sight: &Sight<'_>, intent: u32) -> Option<Instant> {
    let admissible = sight.is_admissible(intent);
    let all = [Party::Us, Party::Ru].map(|party| (party, sight.of_visit(intent, admissible, View::Of(party))));
    let name = |obligation: &Obligation| (obligation.created_by, obligation.kind);
    let [us, ru] = [&all[0].1, &all[1].1].map(|of| of.iter().map(name).collect::<Vec<_>>());
    let has = |step| sight.milestones(intent, step).next().is_some();
    let at_site = has(Milestones::SiteArrival) && !has(Milestones::End) && !has(Milestones::Departure);
    if us != ru || at_site {
        return None;
    }
    let mut latest = last_effect(sight, intent);
    for (party, obligations) in &all {
        for obligation in obligations {
            latest = latest.max(settled(sight, obligation, *party)?);
        }
    }
    Some(latest)
}

/// When the newest record of a visit, or about one of its records, takes effect.
fn last_effect(sight: &Sight<'_>, intent: u32) -> Instant {
    let of_visit = sight.known.naming(intent).flat_map(|index| sight.known.naming(index).chain([index]));
    of_visit.filter_map(|index| sight.known.pos(index)).map(|(at, _)| at).max().unwrap_or_default()
}

/// From when on an obligation stays performed or released in a view.
fn settled(sight: &Sight<'_>, obligation: &Obligation, party: Party) -> Option<Instant> {
    if obligation.kind == Kind::Opening {
        return None;
    }
    let Outcome { state, performed, .. } = sight.fold(obligation, View::Of(party), None);
    let at = |pos: Option<Pos>| pos.map_or(obligation.created_at, |pos| pos.0.max(obligation.created_at));
    match state {
        State::Fulfilled | State::FulfilledLate => Some(at(performed)),
        State::Released => Some(released_at(sight, obligation)),
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
