//! `precondition`: a Party says whether a condition outside the ledger is met.
//!
//! The terms name the conditions on which the agreement rests and say which of them suspend it. Each Party states for
//! itself, as often as things change. A name that the terms do not have is recorded and has no effect.
//!
//! Deliberately absent: whether the condition is met. The latest word of each Party stands beside that of the other.

use super::admit::Case;
use super::party::Text;
use super::refusal::Refused;
use super::shape::Code;

crate::one_of! {
    /// What a Party says of a condition.
    pub enum State {
        /// It is met.
        Met = "MET",
        /// It is not met.
        NotMet = "NOT_MET",
    }
}

crate::body! {
    /// The body of a `precondition`.
    pub struct Precondition {
        /// The name of the condition in the terms.
        name: Code<64>,
        /// Whether it is met.
        state: State,
        /// What there is to say about it.
        text: Option<Text>,
    }
}

impl Precondition {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
    }
}
