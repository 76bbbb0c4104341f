//! `determination`: what one Party concludes.
//!
//! It is that Party's word, kept apart from the facts that it may name and from what the other side concludes.
//!
//! Deliberately absent: any effect. No status is computed from a conclusion.

use super::admit::Case;
use super::party::Text;
use super::refusal::Refused;

crate::body! {
    /// The body of a `determination`.
    pub struct Determination {
        /// What is concluded.
        text: Text,
    }
}

impl Determination {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
    }
}
