//! `release`: a Party releases a record to others.
//!
//! It names the records. It is recorded and shown, and is that Party's word alone.
//!
//! Deliberately absent: any change of who may read what. Access follows from roles, and no release widens it.

use super::admit::Case;
use super::refusal::Refused;

crate::one_of! {
    /// To whom a record is released.
    pub enum To {
        /// To the host state.
        Host = "host",
        /// To allies.
        Allies = "allies",
        /// To everybody.
        Public = "public",
    }
}

crate::body! {
    /// The body of a `release`.
    pub struct Release {
        /// To whom.
        to: To,
    }
}

impl Release {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
        case.names_a_record(refused);
    }
}
