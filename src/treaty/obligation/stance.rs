//! How the live claims on an obligation stand in a view (rulings 17, 18 and 42).
//!
//! Deliberately absent: which claims count ([`super::fold`]).

use super::View;
use super::fold::Fold;
use super::state::{Clause, State};
use crate::treaty::docket::{Answer, Pos};

/// How the live claims on an obligation stand.
pub(super) struct Stance {
    /// The state that they give.
    pub state: State,
    /// The rule that matched.
    pub clause: Clause,
    /// The claims that decide, and the answers that matter.
    pub causes: Vec<u32>,
}

/// Accepted before unanswered before contested.
const fn rank(answer: Answer) -> u8 {
    match answer {
        Answer::Accepted(_) => 0,
        Answer::Unanswered => 1,
        Answer::Contested(_) => 2,
    }
}

/// The state that the least disputed claims give.
const fn state_of(withheld: bool, is_holder: bool, least: u8) -> State {
    match (withheld, is_holder, least) {
        (_, true, 2) => State::Refused,
        (true, ..) => State::Withheld,
        (false, false, _) | (false, _, 0) => State::Excused,
        (false, true, _) => State::ExcuseClaimed,
    }
}

impl Fold<'_, '_> {
    /// How the live claims stand at `pos`, if there are any: each suffices alone, so the least disputed decide
    /// (ruling 17).
    pub(super) fn stance(&self, pos: Pos) -> Option<Stance> {
        let withheld = self.live.iter().any(|(_, withholding)| *withholding);
        let deciding = self.live.iter().filter(|(_, withholding)| *withholding == withheld);
        let is_holder = match self.view {
            View::Of(viewer) => self.obligation.holder.is(viewer) && viewer != self.obligation.obligor,
            View::Facts => false,
        };
        let answered: Vec<(u32, Answer)> = deciding
            .map(|(claim, _)| match self.view {
                View::Facts => (claim.1, Answer::Unanswered),
                View::Of(_) => (claim.1, self.sight.known.answer(claim.1, pos)),
            })
            .collect();
        let least = answered.iter().map(|(_, answer)| rank(*answer)).min()?;
        let state = state_of(withheld, is_holder, least);
        let mut causes = Vec::new();
        for (claim, answer) in answered.iter().filter(|(_, answer)| rank(*answer) == least) {
            causes.push(*claim);
            let others = answered.iter().filter(|(other, _)| other != claim).map(|(_, answer)| rank(*answer));
            let were_unanswered = others.chain([1]).min().unwrap_or(1);
            if is_holder && state_of(withheld, true, were_unanswered) != state {
                causes.extend(match answer {
                    Answer::Accepted(by) | Answer::Contested(by) => Some(*by),
                    Answer::Unanswered => None,
                });
            }
        }
        Some(Stance { state, clause: if withheld { 4 } else { 5 }, causes })
    }
}
