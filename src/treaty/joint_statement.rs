//! `joint_statement`: what both Parties say together.
//!
//! A centre of each signs. One that names a request for consultation says that the consultation took place; one that
//! names a request for clarification, or a report, settles the ambiguities that these raise.
//!
//! Deliberately absent: what was agreed, in any form but words. What changes the agreement is an amendment of the terms.

use super::admit::Case;
use super::party::Text;
use super::refusal::Refused;

crate::body! {
    /// The body of a `joint_statement`.
    pub struct JointStatement {
        /// What both say.
        text: Text,
    }
}

impl JointStatement {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_both_centres(refused);
    }
}
