//! `correction`: what a record should have said.
//!
//! It names the original, never another correction, and gives the new time, or the body whole, or voids the record; the
//! original stays where it is. Only a milestone, a report, a receipt, a declaration or a data change can be corrected:
//! requests and claims are changed by records of their own. Every side that signed the original signs, and both Parties
//! do where the other side has relied on it, or where a time changes or the record is voided.
//!
//! Invariants: of several corrections the newest in log order holds.
//!
//! Deliberately absent: the effect of a correction on a status.

use std::collections::BTreeSet;

use super::admit::Case;
use super::party::{Party, Role, Text};
use super::record::{Body, Kind};
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Register};
use super::shape::{At, Schema, Shape};
use super::time::Instant;
use crate::hash::Hash;
use crate::json::{Fault, Value};

/// The kinds that can be corrected.
const CORRECTABLE: [Kind; 5] =
    [Kind::Milestone, Kind::Report, Kind::ReportReceipt, Kind::Declaration, Kind::DataChange];

/// A body that is read as every kind that it may belong to; which one it is, the original says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBody(Vec<(Kind, Result<Body, Vec<Fault>>)>);

impl Shape for NewBody {
    fn read(value: &Value<'_>, at: &At<'_>, _: &mut Vec<Fault>) -> Option<NewBody> {
        let read = CORRECTABLE.map(|kind| {
            let mut faults = Vec::new();
            let body = Body::read(kind, value, at, &mut faults);
            (kind, body.filter(|_| faults.is_empty()).ok_or(faults))
        });
        Some(NewBody(read.into()))
    }

    fn schema() -> Schema {
        Schema::Text { form: "the body of the original's kind, an object", max: super::record::MAX_BYTES }
    }
}

impl NewBody {
    /// The body as one of this kind, or what is wrong with it.
    pub fn as_kind(&self, wanted: Kind) -> Option<&Result<Body, Vec<Fault>>> {
        self.0.iter().find(|(kind, _)| *kind == wanted).map(|(_, body)| body)
    }
}

crate::body! {
    /// The body of a `correction`.
    pub struct Correction {
        /// The original.
        supersedes: Hash,
        /// The time of the fact, as it should have been.
        effective_at: Option<Instant>,
        /// The body, whole.
        body: Option<NewBody>,
        /// Whether the original is void.
        void: Option<bool>,
        /// Why.
        reason: Text,
    }
}

impl Correction {
    fn voids(&self) -> bool {
        self.void == Some(true)
    }

    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        if self.voids() == (self.effective_at.is_some() || self.body.is_some()) {
            refused.push(Refused::new(Refusal::CorrectionEmpty, "/body", ""));
        }
        let original = case.register.index_of(&self.supersedes);
        let fact = original.and_then(|index| case.register.fact(index));
        let (Some(original), Some(fact)) = (original, fact.filter(|fact| CORRECTABLE.contains(&fact.kind))) else {
            let got = self.supersedes.to_string();
            refused.push(Refused::new(Refusal::CorrectionTarget, "/body/supersedes", got));
            return;
        };
        if self.effective_at.is_some_and(|effective| effective > case.received_at) {
            let got = case.received_at.to_string();
            refused.push(Refused::new(Refusal::FactInFuture, "/body/effective_at", got));
        }
        self.signers(original, case, refused);
        match self.body.as_ref().and_then(|body| body.as_kind(fact.kind)) {
            Some(Err(faults)) => {
                for fault in faults {
                    let got = fault.detail.en.to_string();
                    refused.push(Refused::new(Refusal::CorrectionBody, fault.pointer.clone(), got));
                }
            }
            Some(Ok(body)) => self.body_fits(original, body, case, refused),
            None => {}
        }
    }

    /// The sides that signed the original, or both Parties, by centres or by the roles of the original.
    fn signers(&self, original: u64, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let register = case.register;
        let signed = register.signers_of(original);
        let mut wanted: BTreeSet<Party> = signed.iter().map(|name| name.party()).collect();
        let moves_time = self.effective_at.is_some() || self.voids() || self.moves_hand_over(original, register);
        if moves_time || register.is_relied_on(original) {
            wanted.extend([Party::Us, Party::Ru]);
        }
        let roles: BTreeSet<Role> = signed.iter().map(|name| name.role()).chain([Role::Centre]).collect();
        let have: BTreeSet<Party> = case.header.signers.iter().map(|name| name.party()).collect();
        let one_each = case.header.signers.len() == have.len();
        let in_office = case.header.signers.iter().all(|name| roles.contains(&name.role()));
        if have != wanted || !one_each || !in_office {
            let words: Vec<&str> = wanted.iter().map(|party| party.as_str()).collect();
            refused.push(Refused::new(Refusal::CorrectionSigners, "/signers", words.join(", ")));
        }
    }

    fn moves_hand_over(&self, original: u64, register: &Register) -> bool {
        let new = self.body.as_ref().and_then(|body| body.as_kind(Kind::Report));
        let Some(Ok(Body::Report(report))) = new else { return false };
        register.report(original).is_some_and(|(_, reported)| reported.handed_over_at != report.handed_over_at)
    }

    /// The rules of the original's kind that hang on the body alone.
    fn body_fits(&self, original: u64, body: &Body, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let register = case.register;
        let slot = register.fact(original).and_then(|fact| fact.slot);
        let mut found = Vec::new();
        match body {
            Body::Report(report) => {
                if let Some((visit, _)) = register.report(original) {
                    report.agrees(visit, register, &mut found);
                }
            }
            Body::Declaration(declaration) => {
                super::declaration::inventory_agrees(&declaration.launchers.0, &declaration.items.0, &mut found);
                if slot != Some(declaration.slot) {
                    found.push(Refused::new(Refusal::CorrectionBody, "/body/slot", declaration.slot.to_string()));
                }
            }
            Body::DataChange(change) => {
                super::declaration::inventory_agrees(&change.launchers.0, &change.items.0, &mut found);
                if slot != Some(change.slot) {
                    found.push(Refused::new(Refusal::CorrectionBody, "/body/slot", change.slot.to_string()));
                }
            }
            _ => {}
        }
        for mut fault in found {
            fault.pointer = format!("/body{}", fault.pointer);
            refused.push(fault);
        }
    }

    /// Notes the correction beside its original.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        if let Some(original) = register.index_of(&self.supersedes) {
            register.put_correction(original, applied.index);
        }
    }
}
