//! `acknowledgement`: a centre has the notification before it.
//!
//! It says that somebody read the records that its references name, and nothing about their content. The ledger's own
//! receipt comes at once; this is the watch officer's.
//!
//! Deliberately absent: agreement.

use super::admit::Case;
use super::party::Text;
use super::record::{Header, Kind};
use super::refusal::{Refusal, Refused};
use super::register::Register;

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
        let targets = targets(case.header, case.register);
        let own =
            targets.iter().filter_map(|&index| case.register.fact(index)).any(|fact| fact.party == case.header.party);
        if targets.is_empty() || own {
            refused.push(Refused::new(Refusal::TargetMissing, "/refs", "a record of another state"));
        }
    }
}

/// The entries that an acknowledgement is about. An intent that comes first and is followed by a record of its visit
/// says to which visit the acknowledgement belongs, and is not itself named.
pub(super) fn targets(header: &Header, register: &Register) -> Vec<u64> {
    let named: Vec<u64> = header.refs.iter().filter_map(|digest| register.index_of(digest)).collect();
    let Some((&first, others)) = named.split_first() else { return named };
    let facts = || others.iter().filter_map(|&index| register.fact(index));
    let begins_visit = register.visit_at(first).is_some();
    let of_visit = facts().any(|fact| fact.visit.map(u64::from) == Some(first));
    if begins_visit && of_visit && facts().all(|fact| fact.kind != Kind::Intent) { others.to_vec() } else { named }
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
