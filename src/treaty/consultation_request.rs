//! `consultation_request`: a Party asks the other to meet.
//!
//! A `joint_statement` that names the request says that the consultation took place.
//!
//! Deliberately absent: what there is to talk about, in any form but words.

use super::admit::Case;
use super::party::Text;
use super::refusal::Refused;

crate::body! {
    /// The body of a `consultation_request`.
    pub struct ConsultationRequest {
        /// What about.
        text: Text,
    }
}

impl ConsultationRequest {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
    }
}
