//! `clarification_request`: a Party asks the other to explain something.
//!
//! It may be about a slot, about an ambiguity of a report that its references name, or about anything else. How soon the
//! answer is due depends on the urgency.
//!
//! Deliberately absent: whether the ambiguity exists. A question about nothing can be answered in one sentence.

use super::admit::Case;
use super::party::{Slot, Text};
use super::refusal::Refused;
use super::shape::Code;

crate::one_of! {
    /// How soon an answer is due.
    pub enum Urgency {
        /// Within `clarify_urgent`.
        Urgent = "urgent",
        /// Within `clarify_routine`.
        Routine = "routine",
    }
}

crate::body! {
    /// The body of a `clarification_request`.
    pub struct ClarificationRequest {
        /// How soon an answer is due.
        urgency: Urgency,
        /// The slot that it is about.
        slot: Option<Slot>,
        /// The id of an ambiguity in a report that the references name.
        ambiguity: Option<Code<64>>,
        /// The question.
        text: Text,
    }
}

impl ClarificationRequest {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
        if let Some(slot) = self.slot {
            case.slot(slot, refused);
        }
    }
}
