//! `acknowledgement`: a centre has the notification before it.
//!
//! It says that somebody read the records that its references name, and nothing about their content. The ledger's own
//! receipt comes at once; this is the watch officer's.
//!
//! Deliberately absent: agreement.

use super::admit::Case;
use super::party::Text;
use super::record::Kind;
use super::refusal::{Refusal, Refused};

crate::body! {
    /// The body of an `acknowledgement`.
    pub struct Acknowledgement {
        /// A remark.
        remark: Option<Text>,
    }
}

impl Acknowledgement {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_own_centre(refused);
        let targets = case.register.named(Kind::Acknowledgement, case.header);
        let own =
            targets.iter().filter_map(|&index| case.register.fact(index)).any(|fact| fact.party == case.header.party);
        if targets.is_empty() || own {
            refused.push(Refused::new(Refusal::TargetMissing, "/refs", "a record of another state"));
        }
    }
}

/// The kinds that a Party notifies, and that the other acknowledges within the limit.
pub(in crate::treaty) const fn is_owed_for(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Intent
            | Kind::Designation
            | Kind::Declaration
            | Kind::DataChange
            | Kind::InspectorList
            | Kind::InspectorObjection
            | Kind::Cancellation
            | Kind::ClarificationRequest
            | Kind::ConsultationRequest
            | Kind::Refusal
            | Kind::Lift
            | Kind::ForceMajeure
            | Kind::Exemption
            | Kind::HostObjection
            | Kind::AccessOffered
            | Kind::Suspension
            | Kind::Countermeasure
    )
}
