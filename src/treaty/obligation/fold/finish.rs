//! How an obligation stands once everything that moves it has been gone through: the first of the seven rules that
//! matches, and the records that it rests on.
//!
//! Deliberately absent: the way there ([`super::Fold`]).

use super::super::state::{Clause, Outcome, State};
use super::Fold;

impl Fold<'_, '_> {
    /// How it stands at the instant asked about.
    pub(in super::super) fn finish(mut self) -> Outcome {
        self.advance((self.sight.as_of, u32::MAX));
        let mut causes = vec![self.obligation.created_by];
        causes.extend(self.due_by);
        causes.extend(&self.lifts);
        causes.extend(self.woken.filter(|_| !self.waiting).map(|woken| woken.1));
        let (state, clause, by) = self.state();
        causes.extend(by);
        Outcome {
            state,
            clause,
            causes: self.sight.with_corrections(causes),
            due: self.due,
            touched: self.touched,
            performed: self.performed.map(|(pos, _)| pos),
            entangled: self.entangled,
            hold: self.hold,
            denied: self.denied || !self.missed.is_empty(),
        }
    }

    /// What is dormant is extinguished once the agreement has ended.
    fn asleep(&self) -> State {
        let toggles = self.sight.basis.agreement();
        let newest = toggles.iter().rfind(|toggle| toggle.pos <= self.sight.until());
        if newest.is_some_and(|toggle| !toggle.in_force) { State::Extinguished } else { State::Dormant }
    }

    /// The first of the seven rules that matches, and the records that it rests on.
    fn state(&self) -> (State, Clause, Vec<u32>) {
        if let Some(by) = self.released {
            return (State::Released, 2, vec![by]);
        }
        if let Some((by, late)) = self.performed {
            return (if late { State::FulfilledLate } else { State::Fulfilled }, 3, vec![by.1]);
        }
        if let Some(dormant) = self.dormant.filter(|_| !self.accrued) {
            return (self.asleep(), 1, dormant.into_iter().collect());
        }
        if self.waiting {
            return (self.asleep(), 1, self.obligation.waits_for.into_iter().collect());
        }
        if let Some(stance) = self.stance(self.sight.until()) {
            return (stance.state, stance.clause, stance.causes);
        }
        match self.refused {
            Some(by) => (State::Refused, 6, vec![by]),
            None if self.overdue => (State::Overdue, 7, Vec::new()),
            None => (State::Open, 7, Vec::new()),
        }
    }
}
