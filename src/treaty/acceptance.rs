//! `acceptance`: a Party accepts what the other side said.
//!
//! It names the record: a claim, which then stands for good, or a reply, which then suffices. Nothing is ever accepted by
//! silence.
//!
//! Deliberately absent: a way to take it back.

use super::admit::Case;
use super::party::Text;
use super::refusal::Refused;

crate::body! {
    /// The body of an `acceptance`.
    pub struct Acceptance {
        /// Why.
        reason: Option<Text>,
    }
}

impl Acceptance {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
        case.names_a_record(refused);
    }
}
