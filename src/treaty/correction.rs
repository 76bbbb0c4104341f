//! `correction`: what a record should have said.
//!
//! It names the original, never another correction, and gives the new time, or the body whole, or voids the record; the
//! original stays where it is. Only a milestone, a report, a receipt, a declaration or a data change can be corrected:
//! requests and claims are changed by records of their own. Every side that signed the original signs, and both Parties
//! do where the other side has acknowledged, accepted or contested it, where a time changes or the record is voided, and where the correction
//! takes the place of one that did either.
//!
//! Invariants: of several corrections the newest in log order holds.
//!
//! Deliberately absent: the effect of a correction on a status.

use std::collections::BTreeSet;

use super::admit::Case;
use super::declaration::{cells_of, inventory_agrees};
use super::party::{KeyName, Party, Role, Slot, Text};
use super::record::{Body, Kind};
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Corrected, Fact, Register};
use super::report::Report;
use super::shape::{At, Schema, Shape, wrong_type};
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
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<NewBody> {
        if !matches!(value, Value::Object(_)) {
            return wrong_type(value, at, faults);
        }
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
        self.signers(original, fact, case, refused);
        match self.body.as_ref().and_then(|body| body.as_kind(fact.kind)) {
            Some(Err(faults)) => {
                for fault in faults {
                    let got = fault.detail.en.to_string();
                    refused.push(Refused::new(Refusal::CorrectionBody, fault.pointer.clone(), got));
                }
            }
            Some(Ok(body)) => self.body_fits(original, fact, body, case, refused),
            None => {}
        }
    }

    /// One signer for each side that signed the original, or for both Parties: by centres, or, for a record of a visit,
    /// by the leader and the escort.
    fn signers(&self, original: u64, fact: &Fact, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let register = case.register;
        // A history has no keys, so the Parties are those of the record and not of its keys.
        let signed = u32::try_from(original).ok().and_then(|index| register.known(register.size()).event(index));
        let mut wanted: BTreeSet<Party> = signed.into_iter().flat_map(|event| event.sides.parties()).collect();
        if self.needs_both(original, register) {
            wanted.extend([Party::Us, Party::Ru]);
        }
        let visit = fact.visit.and_then(|intent| register.visit_at(u64::from(intent)));
        let on_site = |name: &KeyName| {
            visit.is_some_and(|visit| match name.role() {
                Role::Leader => name.party() == visit.inspecting,
                Role::Escort => name.party() == visit.inspected,
                _ => false,
            })
        };
        let signers = &case.header.signers;
        let have: BTreeSet<Party> = signers.iter().map(|name| name.party()).collect();
        // Where one side is enough, the other may sign as well.
        let sides_fit = have.is_superset(&wanted) && have.iter().all(|side| side.is_party() || wanted.contains(side));
        let in_office = signers.iter().all(|name| name.role() == Role::Centre || on_site(name));
        if !sides_fit || signers.len() != have.len() || !in_office {
            let words: Vec<&str> = wanted.iter().map(|party| party.as_str()).collect();
            refused.push(Refused::new(Refusal::CorrectionSigners, "/signers", words.join(", ")));
        }
    }

    /// Whether both Parties sign: it moves a time or voids, or takes the place of a correction that did, or the other
    /// side has relied on the original.
    fn needs_both(&self, original: u64, register: &Register) -> bool {
        self.moves_time(original, register)
            || register.correction_of(original).is_some_and(|before| before.moves_time)
            || register.relied_on_since(original).is_some()
    }

    fn moves_time(&self, original: u64, register: &Register) -> bool {
        let moves_hand_over = self.report().is_some_and(|report| {
            register.report(original).is_some_and(|(_, reported)| reported.handed_over_at != report.handed_over_at)
        });
        self.effective_at.is_some() || self.voids() || moves_hand_over
    }

    /// The body as that of a report, if it can be read so.
    fn report(&self) -> Option<&Report> {
        match self.body.as_ref()?.as_kind(Kind::Report)? {
            Ok(Body::Report(report)) => Some(report),
            _ => None,
        }
    }

    /// The rules of the original's kind that hang on the body.
    fn body_fits(&self, original: u64, fact: &Fact, body: &Body, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let mut found = Vec::new();
        let mut of_slot = |slot: Slot| {
            if fact.slot != Some(slot) {
                refused.push(Refused::new(Refusal::CorrectionBody, "/body/body/slot", slot.to_string()));
            }
        };
        match body {
            Body::Report(report) => {
                if let Some((visit, _)) = case.register.report(original) {
                    report.agrees(visit, case, &mut found);
                }
                if self.effective_at.is_some_and(|effective| effective != report.handed_over_at) {
                    let got = report.handed_over_at.to_string();
                    refused.push(Refused::new(Refusal::TimesDisordered, "/body/effective_at", got));
                }
            }
            Body::ReportReceipt(receipt) => receipt.agrees(&mut found),
            Body::Declaration(declaration) => {
                of_slot(declaration.slot);
                inventory_agrees(&declaration.launchers.0, &declaration.items.0, &mut found);
            }
            Body::DataChange(change) => {
                of_slot(change.slot);
                inventory_agrees(&change.launchers.0, &change.items.0, &mut found);
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
        let Some(original) = register.index_of(&self.supersedes) else { return };
        let kind = register.fact(original).map(|fact| fact.kind);
        let body = kind.and_then(|kind| self.body.as_ref()?.as_kind(kind)?.as_ref().ok());
        let mut corrected = Corrected {
            index: applied.index,
            void: self.voids(),
            effective_at: self.effective_at,
            moves_time: self.moves_time(original, register),
            milestone: None,
            handed_over_at: None,
            launchers: None,
        };
        match body {
            Some(Body::Milestone(milestone)) => corrected.milestone = Some(milestone.name),
            Some(Body::Report(report)) => corrected.handed_over_at = Some(report.handed_over_at),
            Some(Body::Declaration(body)) => corrected.launchers = Some(cells_of(&body.launchers.0).into()),
            Some(Body::DataChange(body)) => corrected.launchers = Some(cells_of(&body.launchers.0).into()),
            _ => {}
        }
        register.put_correction(original, corrected);
    }
}
