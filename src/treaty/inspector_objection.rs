//! `inspector_objection`: a Party objects to inspectors of the other's list.
//!
//! The first reference names the list. An objection that was received within the limit takes the inspectors off it; a
//! later one is recorded, shown as late, and without effect. It does not carry over to a newer list.
//!
//! Deliberately absent: whether the reason is a good one.

use super::admit::Case;
use super::inspector_list::Inspector;
use super::party::Text;
use super::record::Kind;
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Register};
use super::shape::List;
use super::time::Instant;

crate::body! {
    /// The body of an `inspector_objection`.
    pub struct InspectorObjection {
        /// The codes of the inspectors.
        inspectors: List<Inspector, 1, 400>,
        /// Why.
        reason: Text,
    }
}

impl InspectorObjection {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
        let target = case.reference(0, Kind::InspectorList).filter(|(_, fact)| fact.party != case.header.party);
        let Some((index, fact)) = target else {
            refused.push(Refused::new(Refusal::TargetMissing, "/refs/0", Kind::InspectorList.as_str()));
            return;
        };
        let Some(list) = case.register.list_at(fact.party, index) else { return };
        for (i, inspector) in self.inspectors.0.iter().enumerate() {
            if !list.codes.contains(inspector.0.as_str()) {
                let pointer = format!("/body/inspectors/{i}");
                refused.push(Refused::new(Refusal::InspectorUnknown, pointer, inspector.0.as_str()));
            }
        }
    }

    /// Takes the inspectors off the list, if the objection is in time.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        let Some(list) = applied.header.refs.first().and_then(|digest| register.index_of(digest)) else { return };
        if late_by(list, applied.received_at, register).is_none() {
            let codes = self.inspectors.0.iter().map(|inspector| inspector.0.as_str());
            register.put_objection(list, applied.index, codes);
        }
    }
}

/// By how many seconds an objection that is received at `at` is late. A list keeps the limit that was in force when it
/// was received.
pub(super) fn late_by(list: u64, at: Instant, register: &Register) -> Option<u64> {
    let received_at = register.fact(list)?.received_at;
    register.limits_at(list).inspector_objection().exceeded(received_at, at)
}
