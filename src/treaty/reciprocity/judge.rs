//! Obligations as each side sees them, and what both agree on.
//!
//! Invariants: UNDISPUTED is made from the two views and from nothing else (ruling 35).
//!
//! Deliberately absent: grades.

use std::collections::BTreeMap;

use crate::treaty::docket::{Act, Answer};
use crate::treaty::obligation::{Clause, Kind, Obligation, Outcome, Sight, State, View};
use crate::treaty::party::{Party, Slot};
use crate::treaty::time::Instant;

crate::one_of! {
    /// Whose view a status is.
    pub enum Viewer {
        /// That of the United States.
        Us = "US",
        /// That of the Russian Federation.
        Ru = "RU",
        /// What both views agree on.
        Undisputed = "UNDISPUTED",
    }
}

/// An obligation, and how it stands in both views. A view in which it does not exist has no outcome.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The obligation.
    pub obligation: Obligation,
    us: Option<Outcome>,
    ru: Option<Outcome>,
}

/// How an obligation stands for one viewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: State,
    /// The rule that matched.
    pub clause: Clause,
    /// The records that made it so, in log order.
    pub causes: Vec<u32>,
    /// When it is due.
    pub due: Instant,
}

impl Judged {
    /// How it stands for a viewer; nothing where it does not exist for that one.
    pub fn standing(&self, viewer: Viewer) -> Option<Standing> {
        match viewer {
            Viewer::Us => self.us.as_ref().map(of_outcome),
            Viewer::Ru => self.ru.as_ref().map(of_outcome),
            Viewer::Undisputed => self.undisputed(),
        }
    }

    fn undisputed(&self) -> Option<Standing> {
        let (us, ru) = match (&self.us, &self.ru) {
            (Some(us), Some(ru)) => (us, ru),
            (Some(one), None) | (None, Some(one)) => {
                return Some(Standing { state: State::Contested, ..of_outcome(one) });
            }
            (None, None) => return None,
        };
        let state = match (us.state, ru.state) {
            (a, b) if a == b => a,
            (State::Excused, State::ExcuseClaimed) | (State::ExcuseClaimed, State::Excused) => State::ExcuseClaimed,
            _ => State::Contested,
        };
        let mut causes: Vec<u32> = us.causes.iter().chain(&ru.causes).copied().collect();
        causes.sort_unstable();
        causes.dedup();
        let due = if us.due == ru.due { us.due } else { self.obligation.due };
        Some(Standing { state, clause: us.clause.min(ru.clause), causes, due })
    }

    /// Whether both views have it EXCUSED.
    pub fn is_excused_by_both(&self) -> bool {
        let excused = |outcome: &Option<Outcome>| outcome.as_ref().is_some_and(|o| o.state == State::Excused);
        excused(&self.us) && excused(&self.ru)
    }

    /// Whether a contest that stands names a record which moved the obligation, in either view (ruling 36).
    pub fn is_disputed(&self, sight: &Sight<'_>) -> bool {
        let touched = [&self.us, &self.ru].into_iter().flatten().flat_map(|outcome| &outcome.touched);
        let contested = |&index: &u32| {
            let is_claim = sight.known.event(index).is_some_and(|event| matches!(event.act, Act::Claim(_)));
            let accepted = is_claim && matches!(sight.known.answer(index, sight.until()), Answer::Accepted(_));
            !accepted && sight.known.contest(index, None, sight.until()).is_some()
        };
        touched.into_iter().any(contested)
    }

    /// Whether the asker found the newest reply that it answered enough (ruling 36).
    pub fn quality(&self, sight: &Sight<'_>, state: State) -> &'static str {
        if self.obligation.kind != Kind::Clarify || state != State::Fulfilled {
            return "n/a";
        }
        let replies = sight.known.naming(self.obligation.created_by).filter_map(|index| {
            let seen = sight.known.seen(index).filter(|seen| matches!(seen.act, Act::ClarificationReply))?;
            let pos = sight.known.pos_of(&seen);
            (seen.event.party == self.obligation.obligor && pos <= sight.until()).then_some(pos)
        });
        let mut replies: Vec<_> = replies.collect();
        replies.sort_unstable();
        let answers = replies.iter().rev().map(|reply| sight.known.answer(reply.1, sight.until()));
        let mut answered = answers.filter(|answer| *answer != Answer::Unanswered);
        match answered.next() {
            Some(Answer::Accepted(_)) => "sufficient",
            Some(Answer::Contested(_)) => "insufficient",
            _ => "n/a",
        }
    }
}

fn of_outcome(outcome: &Outcome) -> Standing {
    Standing { state: outcome.state, clause: outcome.clause, causes: outcome.causes.clone(), due: outcome.due }
}

/// Which obligations are looked at.
pub type Wanted<'w> = dyn Fn(&Obligation) -> bool + 'w;

/// What two views make of the obligations that exist in each.
fn judged(sight: &Sight<'_>, us: Vec<Obligation>, ru: Vec<Obligation>, wanted: &Wanted<'_>) -> Vec<Judged> {
    let key = |obligation: &Obligation| (obligation.created_by, obligation.kind.as_str(), obligation.slot);
    let mut all: BTreeMap<(u32, &str, Option<Slot>), Judged> = BTreeMap::new();
    for obligation in us.into_iter().filter(wanted) {
        let outcome = sight.fold(&obligation, View::Of(Party::Us), None);
        all.insert(key(&obligation), Judged { obligation, us: Some(outcome), ru: None });
    }
    for obligation in ru.into_iter().filter(wanted) {
        let outcome = sight.fold(&obligation, View::Of(Party::Ru), None);
        let entry = all.entry(key(&obligation));
        entry.or_insert(Judged { obligation, us: None, ru: None }).ru = Some(outcome);
    }
    all.into_values().collect()
}

/// The obligations of a visit.
pub fn of_visit(sight: &Sight<'_>, intent: u32, wanted: &Wanted<'_>) -> Vec<Judged> {
    let admissible = sight.is_admissible(intent);
    let in_view = |party| sight.of_visit(intent, admissible, View::Of(party));
    judged(sight, in_view(Party::Us), in_view(Party::Ru), wanted)
}

/// What a notice creates outside visits.
pub fn of_notice(sight: &Sight<'_>, index: u32, wanted: &Wanted<'_>) -> Vec<Judged> {
    let created = sight.of_notice(index);
    judged(sight, created.clone(), created, wanted)
}

/// The baselines of a slot.
pub fn of_slot(sight: &Sight<'_>, slot: Slot, wanted: &Wanted<'_>) -> Vec<Judged> {
    let created = sight.baselines(slot);
    judged(sight, created.clone(), created, wanted)
}

/// The obligations that a record may have created, or of the visit that it belongs to.
pub fn about(sight: &Sight<'_>, record: u32, wanted: &Wanted<'_>) -> Vec<Judged> {
    let of_visit = sight.known.visit_of(record).into_iter().flat_map(|visit| of_visit(sight, visit, wanted));
    let of_slots = sight.basis.all_slots().flat_map(|slot| of_slot(sight, slot, wanted));
    of_visit.chain(of_notice(sight, record, wanted)).chain(of_slots).collect()
}
