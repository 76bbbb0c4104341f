//! `refusal`, the record: a Party will not do what it owes, and claims no excuse.
//!
//! The body is called a denial in the program, because [`Refusal`](super::refusal::Refusal) there is the ledger's own:
//! why a record is turned away. The two have nothing in common. The references name the request or another record by
//! which the author owes something.
//!
//! Deliberately absent: a way back. A refusal cannot be lifted; what was refused can still be done, or postponed by both.

use super::admit::Case;
use super::obliged;
use super::party::Text;
use super::record::Kind;
use super::refusal::Refused;

crate::body! {
    /// The body of a `refusal`.
    pub struct Denial {
        /// Why.
        reason: Option<Text>,
    }
}

impl Denial {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
        case.names_a_record(refused);
        obliged::admit(Kind::Refusal, None, case, refused);
    }
}
