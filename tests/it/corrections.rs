//! What can be corrected, who signs, and what holds then.

use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::support::fold::Fold;
use super::support::records::{changing, declaring};
use super::support::visits::{after, correcting, receipting, reporting, stepping};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A visit to A1 with a milestone by the escort, one by both, and a report that nobody has answered.
struct Scene {
    fold: Fold,
    visit: u64,
    declaration: u64,
    escorts: u64,
    both: u64,
    report: u64,
}

impl Scene {
    fn new() -> Scene {
        let mut fold = Fold::in_force();
        let declaration = fold.add("US/centre/1", Kind::Declaration, &[], declaring("A1"));
        let visit = fold.request("A1");
        fold.wait(5 * DAY);
        let escorts = fold.step("US/escort/1", visit, "restrictions", after(fold.now, -5 * HOUR));
        let both = fold.step("RU/leader/1 US/escort/1", visit, "site_arrival", after(fold.now, -4 * HOUR));
        let report = fold.report(visit, after(fold.now, -HOUR));
        Scene { fold, visit, declaration, escorts, both, report }
    }

    /// Tries a correction; signers are parted by spaces.
    fn offer(&mut self, signers: &str, original: u64, change: impl FnOnce(&mut Value)) -> Result<u64, Vec<String>> {
        let body = correcting(self.fold.digest(original), change);
        self.fold.offer(signers, Kind::Correction, &[], body)
    }

    fn report_body(&self) -> Value {
        reporting(self.fold.digest(self.declaration), after(self.fold.now, -HOUR))
    }

    /// The signers who are enough for a correction, of these.
    fn enough(&self, original: u64, change: impl Fn(&mut Value)) -> Vec<&'static str> {
        const ALL: [&str; 12] = [
            "US/centre/1",
            "RU/centre/1",
            "US/escort/1",
            "RU/leader/1",
            "RU/escort/1",
            "RO/centre/1",
            "US/centre/1 RU/centre/1",
            "RU/leader/1 US/escort/1",
            "RU/leader/1 US/centre/1",
            "US/leader/1 RU/escort/1",
            "US/centre/1 US/escort/1",
            "RU/centre/1 US/centre/1 RO/centre/1",
        ];
        let admits = |signers: &&str| {
            let body = correcting(self.fold.digest(original), &change);
            let mut fold = self.fold.clone();
            match fold.offer(signers, Kind::Correction, &[], body) {
                Ok(_) => true,
                Err(reasons) => {
                    assert_eq!(reasons, ["correction_signers@/signers"], "{signers}");
                    false
                }
            }
        };
        ALL.into_iter().filter(admits).collect()
    }
}

/// Who is enough where one side is: the other may sign as well.
const US: [&str; 5] = ["US/centre/1", "US/escort/1", BOTH[0], BOTH[1], BOTH[2]];
const RU: [&str; 5] = ["RU/centre/1", "RU/leader/1", BOTH[0], BOTH[1], BOTH[2]];
const BOTH: [&str; 3] = ["US/centre/1 RU/centre/1", "RU/leader/1 US/escort/1", "RU/leader/1 US/centre/1"];

fn new_step(body: &mut Value) {
    body["body"] = stepping("site_arrival");
}

fn new_time(body: &mut Value) {
    body["effective_at"] = "2026-03-05T00:00:00Z".into();
}

fn void(body: &mut Value) {
    body["void"] = true.into();
}

#[test]
fn every_side_that_signed_the_original_signs_its_correction() {
    let scene = Scene::new();
    assert_eq!(scene.enough(scene.escorts, new_step), US);
    assert_eq!(scene.enough(scene.both, new_step), BOTH);
    let body = scene.report_body();
    assert_eq!(scene.enough(scene.report, |correction| correction["body"] = body.clone()), RU);
    let declared = |correction: &mut Value| correction["body"] = declaring("A1");
    assert_eq!(scene.enough(scene.declaration, declared), [US[0], BOTH[0]], "no visit, no leader and no escort");
}

#[test]
fn both_parties_sign_where_a_time_changes_or_the_record_is_voided() {
    let scene = Scene::new();
    for change in [new_time, void] {
        assert_eq!(scene.enough(scene.escorts, change), BOTH);
        assert_eq!(scene.enough(scene.report, change), BOTH);
        assert_eq!(scene.enough(scene.declaration, change), BOTH[..1]);
    }
    let mut body = scene.report_body();
    body["handed_over_at"] = after(scene.fold.now, -HOUR + 1).to_string().into();
    assert_eq!(scene.enough(scene.report, |correction| correction["body"] = body.clone()), BOTH);
}

#[test]
fn both_parties_sign_where_the_other_has_acknowledged_the_original() {
    let mut scene = Scene::new();
    scene.fold.add("RO/centre/1", Kind::Acknowledgement, &[scene.escorts], json!({}));
    assert_eq!(scene.enough(scene.escorts, new_step), US, "a host is not the other side");
    scene.fold.add("RU/centre/1", Kind::Acknowledgement, &[scene.visit, scene.escorts], json!({}));
    assert_eq!(scene.enough(scene.escorts, new_step), BOTH);
    let body = scene.report_body();
    for result in ["acknowledged", "acknowledged_with_comments", "declined"] {
        let mut fold = scene.fold.clone();
        let receipt = fold.add("US/escort/1", Kind::ReportReceipt, &[scene.visit, scene.report], receipting(result));
        let answered = Scene { fold, ..scene };
        assert_eq!(answered.enough(scene.report, |correction| correction["body"] = body.clone()), BOTH, "{result}");
        let own = |correction: &mut Value| correction["body"] = receipting("declined");
        assert_eq!(answered.enough(receipt, own), US, "the receipt itself is nobody else's");
    }
}

#[test]
fn both_parties_sign_where_the_other_has_accepted_or_contested_the_original() {
    let changed = |scene: &mut Scene| scene.fold.add("US/centre/1", Kind::DataChange, &[], changing("A1"));
    for (kind, body) in [(Kind::Acceptance, json!({})), (Kind::Contest, json!({ "action": "claim" }))] {
        let mut scene = Scene::new();
        scene.fold.add("US/centre/1", kind, &[scene.visit, scene.escorts], body.clone());
        assert_eq!(scene.enough(scene.escorts, new_step), US, "{kind}: nobody is the other side of oneself");
        scene.fold.add("RU/centre/1", kind, &[scene.visit], body.clone());
        assert_eq!(scene.enough(scene.escorts, new_step), US, "{kind}: the intent alone is named");
        scene.fold.add("RU/centre/1", kind, &[scene.visit, scene.escorts], body.clone());
        assert_eq!(scene.enough(scene.escorts, new_step), BOTH, "{kind}");
        let whole = |body: Value| move |correction: &mut Value| correction["body"] = body.clone();
        let report = whole(scene.report_body());
        assert_eq!(scene.enough(scene.report, &report), RU);
        let receipt =
            scene.fold.add("US/escort/1", Kind::ReportReceipt, &[scene.visit, scene.report], receipting("declined"));
        assert_eq!(scene.enough(receipt, whole(receipting("acknowledged"))), US);
        let change = changed(&mut scene);
        scene.fold.add("RU/centre/1", kind, &[receipt, scene.declaration, change], body.clone());
        assert_eq!(scene.enough(receipt, whole(receipting("acknowledged"))), BOTH, "{kind}");
        assert_eq!(scene.enough(scene.declaration, whole(declaring("A1"))), BOTH[..1], "{kind}");
        assert_eq!(scene.enough(change, whole(changing("A1"))), BOTH[..1], "{kind}");
        let mut scene = Scene::new();
        let report = whole(scene.report_body());
        scene.fold.add("US/centre/1", kind, &[scene.visit, scene.report], body);
        assert_eq!(scene.enough(scene.report, &report), BOTH, "{kind}");
    }
    let mut scene = Scene::new();
    scene.fold.add("RU/centre/1", Kind::Contest, &[scene.escorts], json!({ "action": "withdraw" }));
    assert_eq!(scene.enough(scene.escorts, new_step), US, "nothing was ever disputed");
    scene.fold.add("RU/centre/1", Kind::Contest, &[scene.escorts], json!({ "action": "claim" }));
    scene.fold.add("RU/centre/1", Kind::Contest, &[scene.escorts], json!({ "action": "withdraw" }));
    assert_eq!(scene.enough(scene.escorts, new_step), BOTH, "it was disputed once");
}

#[test]
fn what_both_have_moved_one_alone_does_not_move_back() {
    for change in [new_time, void] {
        let mut scene = Scene::new();
        scene.offer(BOTH[0], scene.escorts, change).expect("a correction");
        assert_eq!(scene.enough(scene.escorts, new_step), BOTH);
        scene.offer(BOTH[0], scene.escorts, new_step).expect("a correction");
        assert_eq!(scene.enough(scene.escorts, new_step), US, "the newest leaves the time as it was");
    }
    let mut scene = Scene::new();
    let mut moved = scene.report_body();
    moved["handed_over_at"] = after(scene.fold.now, -HOUR - 60).to_string().into();
    scene.offer(BOTH[1], scene.report, |correction| correction["body"] = moved).expect("a correction");
    let back = scene.report_body();
    assert_eq!(scene.enough(scene.report, |correction| correction["body"] = back.clone()), BOTH);
}

#[test]
fn only_five_kinds_are_corrected_and_never_a_correction() {
    let mut scene = Scene::new();
    let changed = scene.fold.add("US/centre/1", Kind::DataChange, &[], changing("A1"));
    let receipt =
        scene.fold.add("US/escort/1", Kind::ReportReceipt, &[scene.visit, scene.report], receipting("declined"));
    let mut done = 0;
    for original in [scene.escorts, scene.report, receipt, scene.declaration, changed] {
        done = scene.offer(BOTH[0], original, void).expect("a correction");
    }
    let others = (0..scene.fold.register().size()).filter(|&index| {
        let kind = scene.fold.register().fact(index).expect("an entry").kind;
        !matches!(kind, Kind::Milestone | Kind::Report | Kind::ReportReceipt | Kind::Declaration | Kind::DataChange)
    });
    let others: Vec<u64> = others.collect();
    assert!(others.contains(&done) && others.contains(&scene.visit) && others.contains(&0));
    for original in others {
        let target = Err(vec!["correction_target@/body/supersedes".to_owned()]);
        assert_eq!(scene.offer(BOTH[0], original, void), target, "entry {original}");
    }
}

#[test]
fn a_correction_changes_something_and_a_void_one_nothing_else() {
    let mut scene = Scene::new();
    let empty = Err(vec!["correction_empty@/body".to_owned()]);
    let original = scene.both;
    assert_eq!(scene.offer(BOTH[0], original, |_| {}), empty);
    assert_eq!(scene.offer(BOTH[0], original, |body| body["void"] = false.into()), empty);
    for change in [new_time, new_step] {
        let and_void = |body: &mut Value| {
            change(body);
            void(body);
        };
        assert_eq!(scene.offer(BOTH[0], original, and_void), empty);
    }
    scene.offer(BOTH[0], original, new_time).expect("a time");
    scene.offer(BOTH[0], original, new_step).expect("a body");
    let both = |body: &mut Value| {
        new_time(body);
        new_step(body);
        body["void"] = false.into();
    };
    scene.offer(BOTH[0], original, both).expect("both");
}

#[test]
fn the_new_body_is_read_and_judged_as_one_of_the_originals_kind() {
    let mut scene = Scene::new();
    let receipt =
        scene.fold.add("US/escort/1", Kind::ReportReceipt, &[scene.visit, scene.report], receipting("declined"));
    let with = |mut body: Value, pointer: &str, value: Value| {
        *body.pointer_mut(pointer).expect("a place") = value;
        body
    };
    let report = scene.report_body();
    let future = after(scene.fold.now, 1).to_string();
    let cases = [
        (scene.both, json!({ "place": "gate" }), "correction_body@/body/body/name"),
        (scene.both, json!({ "name": "arrival" }), "correction_body@/body/body/name"),
        (scene.both, json!({ "name": "end", "result": "declined" }), "correction_body@/body/body/result"),
        (receipt, json!({ "result": "declined" }), "receipt_incomplete@/body/body/result"),
        (scene.declaration, declaring("A2"), "correction_body@/body/body/slot"),
        (
            scene.declaration,
            with(declaring("A1"), "/items/0/location", json!("L1/25")),
            "cell_unknown@/body/body/items/0/location",
        ),
        (
            scene.report,
            with(report.clone(), "/items/0/location", json!("L1/25")),
            "cell_unknown@/body/body/items/0/location",
        ),
        (scene.report, with(report.clone(), "/claims/C4/k", json!(25)), "coverage_impossible@/body/body/claims/C4/k"),
        (
            scene.report,
            with(report.clone(), "/declaration", scene.fold.digest(scene.both).to_string().into()),
            "declaration_other@/body/body/declaration",
        ),
        (
            scene.report,
            with(report.clone(), "/handed_over_at", json!(future)),
            "times_disordered@/body/body/handed_over_at",
        ),
        (
            scene.report,
            with(report.clone(), "/photographs", json!([])),
            "photograph_missing@/body/body/ambiguities/0/photos/0",
        ),
    ];
    for (original, body, reason) in cases {
        let found = scene.offer(BOTH[0], original, |correction| correction["body"] = body);
        assert_eq!(found, Err(vec![reason.to_owned()]));
    }
    let apart = |correction: &mut Value| {
        correction["body"] = report;
        new_time(correction);
    };
    let found = scene.offer(BOTH[0], scene.report, apart);
    assert_eq!(found, Err(vec!["times_disordered@/body/effective_at".to_owned()]));
    let found = scene.offer(BOTH[0], scene.both, |correction| correction["effective_at"] = future.into());
    assert_eq!(found, Err(vec!["fact_in_future@/body/effective_at".to_owned()]));
}

#[test]
fn the_newest_correction_holds_and_belongs_to_the_visit_of_its_original() {
    let mut scene = Scene::new();
    let first = scene.offer(BOTH[0], scene.both, new_time).expect("a correction");
    let second = scene.offer(BOTH[0], scene.both, new_step).expect("a correction");
    let register = scene.fold.register();
    let indices: Vec<u64> = register.corrections_of(scene.both).map(|corrected| corrected.index).collect();
    assert_eq!(indices, [first, second]);
    let holds = register.correction_of(scene.both).expect("a correction");
    assert_eq!((holds.index, holds.effective_at, holds.void), (second, None, false));
    let original = register.fact(scene.both).expect("an entry");
    let fact = register.fact(second).expect("an entry");
    assert_eq!((fact.visit, fact.slot), (original.visit, original.slot));
    let visit = register.visit_at(scene.visit).expect("a visit");
    assert!(visit.records.contains(&first) && visit.records.contains(&second));
}

#[test]
fn a_correction_stays_with_its_original_even_if_it_names_another_visit() {
    let mut scene = Scene::new();
    let other = scene.fold.request("B1");
    let body = correcting(scene.fold.digest(scene.escorts), new_step);
    let corrected = scene.fold.add("US/escort/1", Kind::Correction, &[other], body);
    let register = scene.fold.register();
    let fact = register.fact(corrected).expect("an entry");
    assert_eq!(fact.visit.map(u64::from), Some(scene.visit));
    assert!(register.visit_at(other).expect("a visit").records.is_empty());
}

/// Whether a report of the visit that names this cell is admitted.
fn can_name(scene: &Scene, cell: &str) -> bool {
    let mut body = scene.report_body();
    body["items"][0]["location"] = cell.into();
    match scene.fold.clone().offer("RU/leader/1", Kind::Report, &[scene.visit], body) {
        Ok(_) => true,
        Err(reasons) => {
            assert_eq!(reasons, ["cell_unknown@/body/items/0/location"]);
            false
        }
    }
}

#[test]
fn the_cells_that_a_report_names_are_those_of_the_declaration_as_corrected_and_of_later_changes() {
    let mut scene = Scene::new();
    let launchers = |cells: u64| json!([{ "id": "L1", "type": "Mk 41", "cells": cells }]);
    let with = |mut body: Value, cells: u64| {
        body["launchers"] = launchers(cells);
        body["items"] = json!([]);
        body
    };
    assert!(can_name(&scene, "L1/24") && !can_name(&scene, "L1/25") && can_name(&scene, "L9/25"));
    let declaration = scene.declaration;
    scene.offer("US/centre/1", declaration, |c| c["body"] = with(declaring("A1"), 26)).expect("a correction");
    assert!(can_name(&scene, "L1/26") && !can_name(&scene, "L1/27"));
    scene.offer("US/centre/1", declaration, |c| c["body"] = with(declaring("A1"), 8)).expect("a correction");
    assert!(can_name(&scene, "L1/8") && !can_name(&scene, "L1/9"));
    let changed = scene.fold.add("US/centre/1", Kind::DataChange, &[], with(changing("A1"), 16));
    assert!(can_name(&scene, "L1/16") && !can_name(&scene, "L1/17"));
    scene.fold.add("US/centre/1", Kind::DataChange, &[], with(changing("A1"), 4));
    assert!(can_name(&scene, "L1/16"), "the greatest number counts");
    scene.offer(BOTH[0], changed, void).expect("a correction");
    assert!(!can_name(&scene, "L1/16"), "the change is void");
    let newer = scene.fold.add("US/centre/1", Kind::Declaration, &[], with(declaring("A1"), 64));
    assert!(!can_name(&scene, "L1/16"), "a later declaration is another");
    assert!(scene.fold.register().fact(newer).is_some());
}

#[test]
fn a_void_declaration_is_none() {
    let mut scene = Scene::new();
    let slot = scene.fold.register().fact(scene.declaration).expect("an entry").slot.expect("a slot");
    let all = scene.fold.register().slot(slot).expect("a slot").data.clone();
    for data in all.iter().filter(|data| data.is_declaration) {
        scene.fold.add("US/centre/1", Kind::DataChange, &[], changing("A1"));
        scene.offer(BOTH[0], data.index, void).expect("a correction");
    }
    let body = scene.report_body();
    let found = scene.fold.offer("RU/leader/1", Kind::Report, &[scene.visit], body);
    assert_eq!(found, Err(vec!["declaration_other@/body/declaration".to_owned()]));
    let found = scene.fold.offer("US/centre/1", Kind::DataChange, &[], changing("A1"));
    assert_eq!(found, Err(vec!["nothing_declared@/body/slot".to_owned()]));
}
