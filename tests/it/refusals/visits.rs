//! 5.7 to 5.10 and 6.4 to 6.9: inspections and reports.

use countersign::hash::Hash;
use countersign::treaty::record::Kind;
use countersign::treaty::refusal::Refusal;
use serde_json::{Value, json};

use super::Court;
use crate::support::http::now;
use crate::support::ledger::{draft, registration, signed};
use crate::support::records::{by, declaring, designating, digest, simple, text};
use crate::support::visits::{after, drawing, intending, listing, objecting, receipting, reporting, stepping};

/// A note by these signers, parted by spaces, that refers to these records.
pub fn noted(signers: &str, kind: Kind, refs: &[Hash], body: Value) -> String {
    let signers: Vec<&str> = signers.split(' ').collect();
    let mut record = draft(kind, &signers, body);
    record.refs = refs.to_vec();
    signed(&record)
}

impl Court {
    /// Adds a record; its digest.
    pub async fn add(&self, signers: &str, kind: Kind, refs: &[Hash], body: Value) -> Hash {
        let note = noted(signers, kind, refs, body);
        self.admit(&note).await;
        digest(&note)
    }

    /// Adds a request to inspect a slot; its digest.
    pub async fn visit(&self, slot: &str) -> Hash {
        let centre = if slot.starts_with('A') { "RU/centre/1" } else { "US/centre/1" };
        self.add(centre, Kind::Intent, &[], intending(slot, after(now(), 32 * 3_600))).await
    }
}

/// 5: visits, lists, diagrams.
pub async fn visits(court: &mut Court) {
    for name in ["RU/leader/1", "RU/leader/2", "US/escort/1", "US/escort/2"] {
        court.admit(&registration(name)).await;
    }
    diagrams(court).await;
    inspectors(court).await;

    let visit = court.visit("A1").await;
    let other = digest(&simple());
    court
        .refuse(&noted("RU/leader/1", Kind::Milestone, &[], stepping("start")), Refusal::VisitUnknown, "/refs/0")
        .await;
    let list = court.add("RU/centre/1", Kind::InspectorList, &[], listing(&["R-1"])).await;
    let beside = noted("RU/leader/1", Kind::Milestone, &[list, visit], stepping("start"));
    court.refuse(&beside, Refusal::VisitUnknown, "/refs/0").await;
    for signers in ["RU/leader/1", "US/escort/1", "RU/leader/1 US/escort/1", "US/escort/1 RU/leader/1"] {
        court.admit(&noted(signers, Kind::Milestone, &[visit], stepping("start"))).await;
    }
    for signers in
        ["RU/centre/1", "US/leader/1", "RU/leader/1 US/centre/1", "RU/leader/1 RU/leader/2", "US/escort/1 US/escort/2"]
    {
        let note = noted(signers, Kind::Milestone, &[visit], stepping("start"));
        court.refuse(&note, Refusal::RoleNotAllowed, "/signers").await;
    }
    let conditional = |on: Hash| {
        let mut body = intending("A1", now());
        body["conditional_on"] = on.to_string().into();
        by("RU/centre/1", Kind::Intent, body)
    };
    for on in [other, list] {
        court.refuse(&conditional(on), Refusal::VisitUnknown, "/body/conditional_on").await;
    }
    court.admit(&conditional(visit)).await;
    let intent = by("US/centre/1", Kind::Intent, intending("A1", now()));
    court.refuse(&intent, Refusal::RoleNotAllowed, "/signers").await;
    court.refuse(&by("RU/centre/1", Kind::Intent, intending("C1", now())), Refusal::SlotUnknown, "/body/slot").await;
    acknowledgements(court, visit, list).await;
}

async fn diagrams(court: &mut Court) {
    let signed_by = |signers: &str, slot: &str, version| noted(signers, Kind::SiteDiagram, &[], drawing(slot, version));
    let (both, all) = ("US/centre/1 RU/centre/1", "US/centre/1 RU/centre/1 RO/centre/1");
    court.refuse(&signed_by(all, "A1", 2), Refusal::DiagramVersion, "/body/version").await;
    court.refuse(&signed_by(both, "A1", 1), Refusal::RoleNotAllowed, "/signers").await;
    court.admit(&signed_by(all, "A1", 1)).await;
    court.refuse(&signed_by(all, "A1", 1), Refusal::DiagramVersion, "/body/version").await;
    court.refuse(&signed_by(all, "A1", 3), Refusal::DiagramVersion, "/body/version").await;
    court.admit(&signed_by(all, "A1", 2)).await;
    court.refuse(&signed_by(all, "B1", 1), Refusal::RoleNotAllowed, "/signers").await;
    court.admit(&signed_by(both, "B1", 1)).await;
    court.refuse(&signed_by(both, "B2", 1), Refusal::SlotNotDesignated, "/body/slot").await;
}

async fn inspectors(court: &mut Court) {
    let list = court.add("RU/centre/1", Kind::InspectorList, &[], listing(&["R-1", "R-2"])).await;
    let own = court.add("US/centre/1", Kind::InspectorList, &[], listing(&["U-1"])).await;
    let twice = by("RU/centre/1", Kind::InspectorList, listing(&["R-1", "R-2", "R-1"]));
    court.refuse(&twice, Refusal::ItemRepeated, "/body/inspectors/2/code").await;
    court.refuse(&by("RO/centre/1", Kind::InspectorList, listing(&["P-1"])), Refusal::RoleNotAllowed, "/signers").await;
    let object = |by: &str, refs: &[Hash], codes: &[&str]| noted(by, Kind::InspectorObjection, refs, objecting(codes));
    for refs in [&[][..], &[own], &[own, list]] {
        court.refuse(&object("US/centre/1", refs, &["R-1"]), Refusal::TargetMissing, "/refs/0").await;
    }
    let unknown = object("US/centre/1", &[list], &["R-1", "R-3"]);
    court.refuse(&unknown, Refusal::InspectorUnknown, "/body/inspectors/1").await;
    court.refuse(&object("RO/centre/1", &[list], &["R-1"]), Refusal::RoleNotAllowed, "/signers").await;
    court.admit(&object("US/centre/1", &[list], &["R-1", "R-2"])).await;
}

/// 5.8: nobody acknowledges a record of their own.
async fn acknowledgements(court: &mut Court, visit: Hash, list: Hash) {
    let acknowledge = |by: &str, refs: &[Hash]| noted(by, Kind::Acknowledgement, refs, json!({}));
    let own = court.add("US/centre/1", Kind::Declaration, &[visit], declaring("A1")).await;
    for refs in [&[][..], &[own], &[visit, own], &[own, list], &[list, own]] {
        court.refuse(&acknowledge("US/centre/1", refs), Refusal::TargetMissing, "/refs").await;
    }
    for refs in [&[visit][..], &[visit, list], &[list]] {
        court.admit(&acknowledge("US/centre/1", refs)).await;
        court.refuse(&acknowledge("RU/centre/1", refs), Refusal::TargetMissing, "/refs").await;
    }
    // The visit's own intent only says to which visit this belongs.
    court.admit(&acknowledge("RU/centre/1", &[visit, own])).await;
    court.refuse(&acknowledge("RU/leader/1", &[own]), Refusal::RoleNotAllowed, "/signers").await;
}

/// 6: reports and their receipts.
pub async fn reports(court: &mut Court) {
    court.admit(&by("RU/centre/1", Kind::Designation, designating("A2", "designate"))).await;
    let visit = court.visit("A1").await;
    let elsewhere = court.visit("A2").await;
    let declared = court.add("US/centre/1", Kind::Declaration, &[], declaring("A1")).await;
    let other = court.add("US/centre/1", Kind::Declaration, &[], declaring("A2")).await;
    let good = reporting(declared, now());
    let report = |signers: &str, visit: Hash, body: &Value| noted(signers, Kind::Report, &[visit], body.clone());
    court.refuse(&noted("RU/leader/1", Kind::Report, &[], good.clone()), Refusal::VisitUnknown, "/refs/0").await;
    for signers in ["US/leader/1", "RU/centre/1", "US/escort/1", "RU/leader/1 US/escort/1"] {
        court.refuse(&report(signers, visit, &good), Refusal::RoleNotAllowed, "/signers").await;
    }
    court.refuse(&report("RU/leader/1", elsewhere, &good), Refusal::DeclarationOther, "/body/declaration").await;
    for (pointer, value, refusal, place) in faulty(&good, other, visit) {
        let mut body = good.clone();
        *body.pointer_mut(pointer).expect("a place") = value;
        court.refuse(&report("RU/leader/1", visit, &body), refusal, place).await;
    }
    for (pointer, value) in [
        ("/claims/C1", json!({ "finding": "not_inspected", "method": "none" })),
        ("/claims/C1/k", json!(24)),
        ("/claims/C1/k", json!(0)),
        ("/items/0/location", json!("L9/25")),
        ("/items/0/location", json!("yard")),
        ("/ambiguities/0/photos", json!([])),
        ("/started_at", good["ended_at"].clone()),
        ("/ended_at", good["handed_over_at"].clone()),
    ] {
        let mut body = good.clone();
        *body.pointer_mut(pointer).expect("a place") = value;
        court.admit(&report("RU/leader/1", visit, &body)).await;
    }
    let note = report("RU/leader/1", visit, &good);
    court.admit(&note).await;
    receipts(court, visit, elsewhere, digest(&note)).await;
}

/// One fault each: where, what stands there, and the refusal with its place.
fn faulty(good: &Value, other: Hash, visit: Hash) -> Vec<(&'static str, Value, Refusal, &'static str)> {
    let twice = |pointer: &str, change: fn(&mut Value)| {
        let mut list = good.pointer(pointer).expect("a list").clone();
        let mut second = list[0].clone();
        change(&mut second);
        list.as_array_mut().expect("a list").push(second);
        list
    };
    let only_k = json!({ "finding": "confirmed", "k": 8, "method": "opened" });
    let only_n = json!({ "finding": "confirmed", "n": 24, "method": "opened" });
    let photograph = Hash::of(b"another photograph").to_string();
    vec![
        ("/claims/C1/k", json!(25), Refusal::CoverageImpossible, "/body/claims/C1/k"),
        ("/claims/C6", only_k, Refusal::CoverageImpossible, "/body/claims/C6/k"),
        ("/claims/C3", only_n, Refusal::CoverageImpossible, "/body/claims/C3/k"),
        (
            "/photographs",
            twice("/photographs", |photograph| photograph["subject"] = text("another subject")),
            Refusal::ReportRepeats,
            "/body/photographs/1/sha256",
        ),
        (
            "/items",
            twice("/items", |item| item["location"] = "L1/23".into()),
            Refusal::ReportRepeats,
            "/body/items/1/uid",
        ),
        (
            "/ambiguities",
            twice("/ambiguities", |ambiguity| ambiguity["photos"] = json!([])),
            Refusal::ReportRepeats,
            "/body/ambiguities/1/id",
        ),
        ("/declaration", other.to_string().into(), Refusal::DeclarationOther, "/body/declaration"),
        ("/declaration", visit.to_string().into(), Refusal::DeclarationOther, "/body/declaration"),
        ("/declaration", photograph.clone().into(), Refusal::DeclarationOther, "/body/declaration"),
        ("/items/0/location", json!("L1/25"), Refusal::CellUnknown, "/body/items/0/location"),
        ("/items/0/location", json!("L1"), Refusal::CellUnknown, "/body/items/0/location"),
        ("/started_at", good["handed_over_at"].clone(), Refusal::TimesDisordered, "/body/handed_over_at"),
        ("/handed_over_at", good["started_at"].clone(), Refusal::TimesDisordered, "/body/handed_over_at"),
        ("/handed_over_at", after(now(), 1).to_string().into(), Refusal::TimesDisordered, "/body/handed_over_at"),
        ("/ambiguities/0/photos/0", photograph.into(), Refusal::PhotographMissing, "/body/ambiguities/0/photos/0"),
        ("/photographs", json!([]), Refusal::PhotographMissing, "/body/ambiguities/0/photos/0"),
    ]
}

async fn receipts(court: &mut Court, visit: Hash, elsewhere: Hash, report: Hash) {
    let answer = |signers: &str, refs: &[Hash], body: Value| noted(signers, Kind::ReportReceipt, refs, body);
    let good = || receipting("acknowledged");
    court.refuse(&answer("US/escort/1", &[report], good()), Refusal::VisitUnknown, "/refs/0").await;
    court.refuse(&answer("US/escort/1", &[visit], good()), Refusal::TargetMissing, "/refs").await;
    court.refuse(&answer("US/escort/1", &[elsewhere, report], good()), Refusal::TargetMissing, "/refs").await;
    for signers in ["US/centre/1", "RU/leader/1", "US/escort/1 RU/leader/1"] {
        court.refuse(&answer(signers, &[visit, report], good()), Refusal::RoleNotAllowed, "/signers").await;
    }
    for (result, has) in [
        ("acknowledged", &["comments"][..]),
        ("acknowledged", &["reason"]),
        ("acknowledged_with_comments", &[]),
        ("acknowledged_with_comments", &["comments", "reason"]),
        ("declined", &[]),
        ("declined", &["comments"]),
    ] {
        let mut body = json!({ "result": result });
        for name in has {
            body[*name] = text("words");
        }
        court.refuse(&answer("US/escort/1", &[visit, report], body), Refusal::ReceiptIncomplete, "/body/result").await;
    }
    for result in ["acknowledged", "acknowledged_with_comments", "declined"] {
        court.admit(&answer("US/escort/1", &[visit, report], receipting(result))).await;
    }
    let mut both = receipting("declined");
    both["comments"] = text("comments");
    court.admit(&answer("US/escort/1", &[visit, report], both)).await;
}
