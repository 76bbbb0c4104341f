//! Folding an admitted record into the register.
//!
//! Each kind adds what it says; what every entry has in common is noted last.
//!
//! Invariants: what is applied was admitted; the register grows by one entry.
//!
//! Deliberately absent: judgement ([`super::admit`]), and the tree.

use std::sync::Arc;

use super::lateness::lateness;
use super::party::{KeyName, Role};
use super::record::{Body, Record};
use super::register::{Applied, Key, Register};
use super::terms::Terms;
use super::time::Instant;
use crate::hash::Hash;

/// Folds an admitted record into the register as its next entry.
pub fn apply(register: &mut Register, record: &Record, digest: Hash, received_at: Instant) {
    let applied = Applied { index: register.size(), digest, received_at, header: &record.header };
    let late = lateness(&applied, &record.body, register);
    match &record.body {
        Body::Terms(_) if applied.index == 0 => begin(record, register),
        Body::Terms(body) => body.apply(&applied, register),
        Body::KeyRegistration(body) => body.apply(&applied, register),
        Body::KeyRevocation(body) => body.apply(&applied, register),
        Body::Designation(body) => body.apply(&applied, register),
        Body::HostConsent(body) => body.apply(&applied, register),
        Body::Declaration(body) => body.apply(&applied, register),
        Body::DataChange(body) => body.apply(&applied, register),
        Body::SiteDiagram(body) => body.apply(&applied, register),
        Body::InspectorList(body) => body.apply(&applied, register),
        Body::InspectorObjection(body) => body.apply(&applied, register),
        Body::Intent(body) => body.apply(&applied, register),
        Body::Acknowledgement(_)
        | Body::Precondition(_)
        | Body::JointStatement(_)
        | Body::Cancellation(_)
        | Body::Postponement(_)
        | Body::ForceMajeure(_)
        | Body::Exemption(_)
        | Body::HostObjection(_)
        | Body::AccessOffered(_)
        | Body::Refusal(_)
        | Body::Suspension(_)
        | Body::Countermeasure(_)
        | Body::Lift(_)
        | Body::Contest(_)
        | Body::Acceptance(_)
        | Body::ClarificationRequest(_)
        | Body::ClarificationReply(_)
        | Body::ConsultationRequest(_)
        | Body::Determination(_)
        | Body::Release(_) => {}
        Body::Milestone(body) => body.apply(&applied, register),
        Body::Report(body) => body.apply(&applied, register),
        Body::ReportReceipt(body) => body.apply(&applied, register),
        Body::Correction(body) => body.apply(&applied, register),
    }
    register.put_fact(&applied, record, late);
}

/// Puts the terms of entry 0 and the keys they name into an empty register.
fn begin(record: &Record, register: &mut Register) {
    let Body::Terms(body) = &record.body else { return };
    let Ok(terms) = Terms::begin(body, &record.origin) else { return };
    for roots in terms.roots.values() {
        for (vkey, role) in [(&roots.root.0, Role::Root), (&roots.recovery.0, Role::Recovery)] {
            let Some(name) = KeyName::parse(vkey.name()) else { continue };
            debug_assert_eq!(name.role(), role, "Terms::begin has checked the names");
            let (verifier, published) = (vkey.clone(), vkey.clone());
            register.put_key(Key { name, verifier, published, person: None, registered: 0, revoked: None });
        }
    }
    register.put_terms(0, Arc::new(terms));
}
