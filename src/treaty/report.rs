//! `report`: what an inspection team saw, claim by claim.
//!
//! The core datum of the ledger. For each of six claims a finding, with the coverage k of N and the method; item lines
//! with what was declared and what was observed side by side; ambiguities; photographs by hash. The leader signs for
//! what the team saw. What the findings add up to ([`super::claims::RollUp`]) is computed, never stated.
//!
//! Deliberately absent: photographs, and whether what was seen is allowed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::admit::Case;
use super::claims::Claims;
use super::declaration::location_exists;
use super::party::{Name, Role, Text};
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Register};
use super::shape::{Code, INT_MAX, Int, List};
use super::time::Instant;
use super::visit::{Reported, Visit};
use crate::hash::Hash;

crate::body! {
    /// So many of one type.
    pub struct Quantity {
        /// The type.
        r#type: Name,
        /// How many.
        count: Int<0, 1_000_000>,
    }
}

crate::body! {
    /// One measurement.
    pub struct Measurement {
        /// What was measured.
        what: Name,
        /// The value, in units.
        value: Int<{ -INT_MAX }, INT_MAX>,
        /// The unit.
        unit: Code<16>,
        /// By how much it may be off, in the same unit.
        tolerance: Int<0, INT_MAX>,
        /// With which instrument.
        instrument: Name,
    }
}

crate::body! {
    /// What was declared and what was observed in one place.
    pub struct ReportItem {
        /// The unique identifier, where one was read.
        uid: Option<Code<64>>,
        /// Where: `<launcher>/<cell>`, or a place at the site.
        location: Code<64>,
        /// What the declaration says.
        declared: Quantity,
        /// What was there.
        observed: Quantity,
        /// How it was looked at.
        method: Name,
        /// What was measured.
        measurements: Option<List<Measurement, 1, 32>>,
    }
}

crate::body! {
    /// Something that stayed unclear.
    pub struct Ambiguity {
        /// Its id within the report.
        id: Code<32>,
        /// What is unclear.
        text: Text,
        /// Photographs of it, which the report lists.
        photos: List<Hash, 0, 32>,
    }
}

crate::body! {
    /// A photograph, which is kept elsewhere.
    pub struct Photograph {
        /// SHA-256 of the file.
        sha256: Hash,
        /// Its size in bytes.
        bytes: Int<1, 10_000_000_000>,
        /// What it shows.
        subject: Text,
        /// Who took it.
        taken_by: Name,
        /// The class of release that was agreed for it.
        class: Code<32>,
    }
}

crate::body! {
    /// A limit that was set to the inspection.
    pub struct Limitation {
        /// Where.
        area: Text,
        /// Why.
        reason: Text,
        /// What was offered instead.
        alternative: Option<Text>,
    }
}

crate::body! {
    /// The body of a `report`.
    pub struct Report {
        /// When it was handed over: the time of the fact.
        handed_over_at: Instant,
        /// When the inspection started.
        started_at: Instant,
        /// When it ended.
        ended_at: Instant,
        /// The declaration of the slot that it was compared with.
        declaration: Hash,
        /// The findings.
        claims: Claims,
        /// Declared and observed, place by place.
        items: List<ReportItem, 0, 500>,
        /// What stayed unclear.
        ambiguities: List<Ambiguity, 0, 64>,
        /// Photographs, by hash.
        photographs: List<Photograph, 0, 256>,
        /// Limits that were set to the inspection.
        limitations: List<Limitation, 0, 64>,
        /// The equipment that was used.
        equipment: Option<List<Name, 0, 64>>,
        /// What happened.
        narrative: Text,
        /// A dissenting opinion within the team.
        dissent: Option<Text>,
    }
}

impl Report {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let Some(visit) = case.visit(refused) else { return };
        case.signed_by(&[(visit.inspecting, Role::Leader)], refused);
        self.agrees(visit, case, refused);
    }

    /// Everything that hangs on the body, its visit and the declaration, also for a correction of a report.
    pub fn agrees(&self, visit: &Visit, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let in_order = self.started_at <= self.ended_at
            && self.ended_at <= self.handed_over_at
            && self.handed_over_at <= case.received_at;
        if !in_order {
            refused.push(Refused::new(Refusal::TimesDisordered, "/body/handed_over_at", case.received_at.to_string()));
        }
        for (name, claim) in ["C1", "C2", "C3", "C4", "C5", "C6"].iter().zip(self.claims.all()) {
            if !claim.coverage_is_possible() {
                refused.push(Refused::new(Refusal::CoverageImpossible, format!("/body/claims/{name}/k"), *name));
            }
        }
        self.places(visit, case.register, refused);
        self.repeats(refused);
    }

    /// The declaration is one of the visited slot, and the cells of its launchers exist.
    fn places(&self, visit: &Visit, register: &Register, refused: &mut Vec<Refused>) {
        let declaration = register.index_of(&self.declaration);
        let Some(cells) = declaration.and_then(|index| register.cells(visit.slot, index)) else {
            let got = self.declaration.to_string();
            refused.push(Refused::new(Refusal::DeclarationOther, "/body/declaration", got));
            return;
        };
        for (i, item) in self.items.0.iter().enumerate() {
            if !location_exists(&item.location.0, &cells) {
                let pointer = format!("/body/items/{i}/location");
                refused.push(Refused::new(Refusal::CellUnknown, pointer, item.location.0.as_str()));
            }
        }
    }

    /// Photographs, uids and ambiguities stand once, and ambiguities name photographs that are listed.
    fn repeats(&self, refused: &mut Vec<Refused>) {
        let mut photographs = BTreeSet::new();
        for (i, photograph) in self.photographs.0.iter().enumerate() {
            if !photographs.insert(photograph.sha256) {
                let pointer = format!("/body/photographs/{i}/sha256");
                refused.push(Refused::new(Refusal::ReportRepeats, pointer, photograph.sha256.to_string()));
            }
        }
        let mut seen = BTreeSet::new();
        for (i, item) in self.items.0.iter().enumerate() {
            if item.uid.as_ref().is_some_and(|uid| !seen.insert(uid.0.as_str())) {
                let got = item.uid.as_ref().map_or("", |uid| uid.0.as_str());
                refused.push(Refused::new(Refusal::ReportRepeats, format!("/body/items/{i}/uid"), got));
            }
        }
        let mut ids = BTreeSet::new();
        for (i, ambiguity) in self.ambiguities.0.iter().enumerate() {
            if !ids.insert(ambiguity.id.0.as_str()) {
                let pointer = format!("/body/ambiguities/{i}/id");
                refused.push(Refused::new(Refusal::ReportRepeats, pointer, ambiguity.id.0.as_str()));
            }
            for (j, photo) in ambiguity.photos.0.iter().enumerate() {
                if !photographs.contains(photo) {
                    let pointer = format!("/body/ambiguities/{i}/photos/{j}");
                    refused.push(Refused::new(Refusal::PhotographMissing, pointer, photo.to_string()));
                }
            }
        }
    }

    /// Adds the report to its visit.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        let reported = Reported {
            index: applied.index,
            handed_over_at: self.handed_over_at,
            findings: self.claims.all().map(|claim| claim.finding),
            roll_up: self.claims.roll_up(),
            ambiguities: self.ambiguities.0.iter().map(|ambiguity| Arc::from(ambiguity.id.0.as_str())).collect(),
        };
        if let Some(visit) = applied.visit(register) {
            visit.reports.push_back(reported);
        }
    }
}
