//! `contest`: a Party disputes a record, or disputes it no longer.
//!
//! It names what it disputes. A contested claim is shown as such in every view; a fact that one side alone has signed
//! loses its effect for the side that disputes it, as the rules of the status say.
//!
//! Deliberately absent: who is right, and any limit on what can be disputed.

use super::admit::Case;
use super::party::Text;
use super::refusal::Refused;

crate::one_of! {
    /// What a contest does.
    pub enum Action {
        /// It disputes.
        Claim = "claim",
        /// It disputes no longer.
        Withdraw = "withdraw",
    }
}

crate::body! {
    /// The body of a `contest`.
    pub struct Contest {
        /// Whether the record is disputed, or no longer.
        action: Action,
        /// Why.
        reason: Option<Text>,
    }
}

impl Contest {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
        case.names_a_record(refused);
    }
}
