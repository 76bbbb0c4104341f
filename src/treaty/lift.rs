//! `lift`: a Party gives up a claim of its own.
//!
//! It names one or more claims by the same Party. What they covered is owed again, from the lift on.
//!
//! Deliberately absent: the lifting of a refusal, which was never a claim.

use super::admit::Case;
use super::party::Text;
use super::refusal::Refused;

crate::body! {
    /// The body of a `lift`.
    pub struct Lift {
        /// Why.
        reason: Option<Text>,
    }
}

impl Lift {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
    }
}
