//! `cancellation`: a Party waives what it had asked for.
//!
//! It names the record that is cancelled. Who is owed something by that record, and cancels, is owed it no longer; what
//! the other side is owed stays. A cancellation that releases nothing is recorded all the same.
//!
//! Deliberately absent: removal. What was asked for stays in the log, and so does that it was not granted in time.

use super::admit::Case;
use super::party::Text;
use super::refusal::Refused;

crate::body! {
    /// The body of a `cancellation`.
    pub struct Cancellation {
        /// Why.
        reason: Option<Text>,
    }
}

impl Cancellation {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
        case.names_a_record(refused);
    }
}
