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

impl Fold<'_, '_> {
    /// How the live claims stand at `pos`, if there are any: each suffices alone, so the least disputed decide, and with
    /// them whatever alone gives the same state. A withholding goes before any excuse.
    pub(super) fn stance(&self, pos: Pos) -> Option<Stance> {
        let withheld = self.live.iter().any(|(_, withholding)| *withholding);
        let deciding = self.live.iter().filter(|(_, withholding)| *withholding == withheld);
        let alone = |answer| state_of(withheld, self.is_held(), answer);
        let answered: Vec<(u32, Answer)> = deciding.map(|(claim, _)| (claim.1, self.answer(claim.1, pos))).collect();
        let state = answered.iter().min_by_key(|(_, answer)| rank(*answer)).map(|(_, answer)| alone(*answer))?;
        let mut causes = Vec::new();
        for (claim, answer) in answered.iter().filter(|(_, answer)| alone(*answer) == state) {
            causes.push(*claim);
            if alone(Answer::Unanswered) != state {
                causes.extend(answer.by());
            }
        }
        Some(Stance { state, clause: if withheld { 4 } else { 5 }, causes })
    }

    /// Whether the view is that of who holds the obligation: only there an answer changes anything.
    fn is_held(&self) -> bool {
        matches!(self.view, View::Of(viewer) if self.obligation.holder.is(viewer))
    }

    fn answer(&self, claim: u32, pos: Pos) -> Answer {
        if self.is_held() { self.sight.known.answer(claim, pos) } else { Answer::Unanswered }
    }
}

/// Accepted before unanswered before contested.
const fn rank(answer: Answer) -> u8 {
    match answer {
        Answer::Accepted(_) => 0,
        Answer::Unanswered => 1,
        Answer::Contested(_) => 2,
    }
}

/// The state that a claim alone gives.
const fn state_of(withheld: bool, held: bool, answer: Answer) -> State {
    match (withheld, held, answer) {
        (_, true, Answer::Contested(_)) => State::Refused,
        (true, ..) => State::Withheld,
        (false, true, Answer::Unanswered) => State::ExcuseClaimed,
        (false, ..) => State::Excused,
    }
}
