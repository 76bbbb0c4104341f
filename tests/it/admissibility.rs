//! Which requests create an obligation: each reason against one, their order, and what never changes the verdict.

use countersign::treaty::party::{Party, Slot};
use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::support::fold::Fold;
use super::support::ledger::signed;
use super::support::records::{amendment, consenting, designating};
use super::support::visits::{after, at, intending, listing, objecting};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// The verdict on a request for A1 that is made now, altered by `change`.
fn ask(fold: &mut Fold, change: impl FnOnce(&mut Value)) -> Option<&'static str> {
    let mut body = intending("A1", after(fold.now, 32 * HOUR));
    change(&mut body);
    let intent = fold.add("RU/centre/1", Kind::Intent, &[], body);
    let verdict = fold.verdict(intent);
    if verdict.is_none() {
        fold.add("RU/centre/1", Kind::Cancellation, &[intent], json!({})); // the next one finds its place free
    }
    verdict
}

fn plainly(fold: &mut Fold) -> Option<&'static str> {
    ask(fold, |_| {})
}

fn consent(fold: &mut Fold, action: &str, change: impl FnOnce(&mut Value)) {
    let mut body = consenting("A1", "standing", action);
    change(&mut body);
    fold.add("RO/centre/1", Kind::HostConsent, &[], body);
}

#[test]
fn a_request_under_everything_that_it_needs_is_admissible() {
    let mut fold = Fold::in_force();
    assert_eq!(plainly(&mut fold), None);
    let at_b1 = fold.request("B1");
    assert_eq!(fold.verdict(at_b1), None, "no host but the inspected Party: nobody has to consent");
    let slot = Slot::parse("B1").expect("a slot");
    let visit = fold.register().visit_at(at_b1).expect("a visit");
    assert_eq!((visit.slot, visit.inspecting, visit.inspected, visit.host), (slot, Party::Us, Party::Ru, Party::Ru));
}

#[test]
fn a_visit_that_is_open_stands_in_the_way_of_another() {
    let mut fold = Fold::in_force();
    let open = fold.request("A1");
    assert_eq!(fold.verdict(open), None);
    assert_eq!(plainly(&mut fold), Some("OPEN_VISIT"));
    fold.add("RU/centre/1", Kind::Cancellation, &[open], json!({}));
    assert_eq!(plainly(&mut fold), None);
}

#[test]
fn the_slot_is_not_in_force_without_a_site() {
    let mut fold = Fold::new();
    consent(&mut fold, "give", |_| {});
    assert_eq!(plainly(&mut fold), Some("SLOT_NOT_IN_FORCE"), "no designation");
    let mut ahead = fold.draft(&["RU/centre/1"], Kind::Designation, &[], designating("A1", "designate"));
    ahead.effective_at = Some(after(fold.now, HOUR));
    fold.send(ahead).expect("a designation");
    assert_eq!(plainly(&mut fold), Some("SLOT_NOT_IN_FORCE"), "a designation that lies ahead");
    fold.wait(HOUR - 1);
    assert_eq!(plainly(&mut fold), Some("SLOT_NOT_IN_FORCE"));
    fold.wait(1);
    assert_eq!(plainly(&mut fold), None, "in its first second");
    fold.add("RU/centre/1", Kind::Designation, &[], designating("A1", "withdraw"));
    assert_eq!(plainly(&mut fold), Some("SLOT_NOT_IN_FORCE"), "withdrawn");
}

#[test]
fn the_slot_is_not_in_force_without_the_hosts_consent() {
    let mut fold = Fold::new();
    fold.add("RU/centre/1", Kind::Designation, &[], designating("A1", "designate"));
    assert_eq!(plainly(&mut fold), Some("SLOT_NOT_IN_FORCE"), "never given");
    consent(&mut fold, "give", |_| {});
    assert_eq!(plainly(&mut fold), None);
    consent(&mut fold, "withdraw", |_| {});
    assert_eq!(plainly(&mut fold), Some("SLOT_NOT_IN_FORCE"), "withdrawn");
    consent(&mut fold, "condition", |body| body["conditions"] = json!({ "en": "by day", "ru": "днём" }));
    assert_eq!(plainly(&mut fold), None, "under conditions");
    let until = after(fold.now, DAY);
    consent(&mut fold, "give", |body| body["valid_until"] = until.to_string().into());
    fold.wait(DAY);
    assert_eq!(plainly(&mut fold), None, "its last second");
    fold.wait(1);
    assert_eq!(plainly(&mut fold), Some("SLOT_NOT_IN_FORCE"), "run out");
}

#[test]
fn a_consent_to_one_visit_is_no_standing_consent() {
    let mut fold = Fold::new();
    fold.add("RU/centre/1", Kind::Designation, &[], designating("A1", "designate"));
    let intent = fold.request("A1");
    fold.add("RO/centre/1", Kind::HostConsent, &[intent], consenting("A1", "visit", "give"));
    assert_eq!(plainly(&mut fold), Some("SLOT_NOT_IN_FORCE"));
}

#[test]
fn nothing_is_in_force_when_the_agreement_has_ended() {
    let mut fold = Fold::in_force();
    fold.post(&amendment(2, |body| body["ended"] = true.into())).expect("an amendment");
    assert_eq!(plainly(&mut fold), Some("SLOT_NOT_IN_FORCE"));
}

#[test]
fn notice_is_kept_to_the_second() {
    let eta = |seconds: i64| move |now| after(now, 32 * HOUR + seconds).to_string();
    for (seconds, verdict) in [(1, None), (0, None), (-1, Some("NOTICE")), (-40 * HOUR, Some("NOTICE"))] {
        let mut fold = Fold::in_force();
        let eta = eta(seconds)(fold.now);
        assert_eq!(ask(&mut fold, |body| body["eta"] = eta.into()), verdict, "{seconds}");
    }
    let mut fold = Fold::in_force();
    fold.post(&amendment(2, |body| body["limits"] = json!({ "notice": "2d" }))).expect("an amendment");
    for (eta, verdict) in [("2026-03-03T23:59:59Z", None), ("2026-03-03T23:59:58Z", Some("NOTICE"))] {
        assert_eq!(ask(&mut fold, |body| body["eta"] = eta.into()), verdict, "{eta}");
    }
}

#[test]
fn a_request_takes_effect_when_it_is_received() {
    let mut fold = Fold::in_force();
    let mut record = fold.draft(&["RU/centre/1"], Kind::Intent, &[], intending("A1", after(fold.now, 31 * HOUR)));
    record.effective_at = Some(after(fold.now, -DAY));
    let intent = fold.send(record).expect("an intent");
    assert_eq!(fold.verdict(intent), Some("NOTICE"));
}

#[test]
fn a_team_is_accredited_or_not_named() {
    let mut fold = Fold::in_force();
    let team = |codes: &'static [&'static str]| move |body: &mut Value| body["inspectors"] = json!(codes);
    assert_eq!(plainly(&mut fold), None, "a request that names nobody");
    assert_eq!(ask(&mut fold, team(&["R-1"])), Some("INSPECTORS"), "there is no list");
    fold.add("RU/centre/1", Kind::InspectorList, &[], listing(&["R-1", "R-2"]));
    fold.add("US/centre/1", Kind::InspectorList, &[], listing(&["U-1"]));
    assert_eq!(ask(&mut fold, team(&["R-1", "R-2"])), None);
    assert_eq!(ask(&mut fold, team(&["R-1", "R-3"])), Some("INSPECTORS"));
    assert_eq!(ask(&mut fold, team(&["U-1"])), Some("INSPECTORS"), "the other Party's list is not one's own");
    assert_eq!(ask(&mut fold, |body| body["leader"] = "R-3".into()), Some("INSPECTORS"), "the leader, too");
    assert_eq!(ask(&mut fold, |body| body["leader"] = "R-2".into()), None);
    let mut ahead = fold.draft(&["RU/centre/1"], Kind::InspectorList, &[], listing(&["R-3"]));
    ahead.effective_at = Some(after(fold.now, HOUR));
    fold.send(ahead).expect("a list");
    assert_eq!(ask(&mut fold, team(&["R-3"])), Some("INSPECTORS"), "a list that lies ahead");
    fold.wait(HOUR);
    assert_eq!(ask(&mut fold, team(&["R-3"])), None);
    assert_eq!(ask(&mut fold, team(&["R-1"])), Some("INSPECTORS"), "the newest list takes the place of the others");
}

#[test]
fn the_first_reason_that_applies_is_given() {
    let all = |fold: &mut Fold| {
        let eta = fold.now.to_string();
        ask(fold, |body| {
            body["eta"] = eta.into();
            body["inspectors"] = json!(["R-9"]);
        })
    };
    let mut fold = Fold::in_force();
    assert_eq!(all(&mut fold), Some("NOTICE"));
    assert_eq!(ask(&mut fold, |body| body["inspectors"] = json!(["R-9"])), Some("INSPECTORS"));
    consent(&mut fold, "withdraw", |_| {});
    assert_eq!(all(&mut fold), Some("SLOT_NOT_IN_FORCE"));
    assert_eq!(ask(&mut fold, |body| body["inspectors"] = json!(["R-9"])), Some("SLOT_NOT_IN_FORCE"));
}

#[test]
fn no_later_record_changes_a_verdict() {
    let mut fold = Fold::new();
    let refused = fold.request("A1");
    let mut early = fold.draft(&["RU/centre/1"], Kind::Designation, &[], designating("A1", "designate"));
    early.effective_at = Some(after(fold.now, -DAY));
    fold.send(early).expect("a designation");
    consent(&mut fold, "give", |_| {});
    let granted = fold.request("A1");
    assert_eq!((fold.verdict(refused), fold.verdict(granted)), (Some("SLOT_NOT_IN_FORCE"), None));
    consent(&mut fold, "withdraw", |_| {});
    fold.add("RU/centre/1", Kind::Designation, &[], designating("A1", "withdraw"));
    fold.post(&amendment(2, |body| body["limits"] = json!({ "notice": "99d" }))).expect("an amendment");
    assert_eq!((fold.verdict(refused), fold.verdict(granted)), (Some("SLOT_NOT_IN_FORCE"), None));
}

#[test]
fn what_follows_an_inadmissible_request_is_recorded_all_the_same() {
    let mut fold = Fold::new();
    let visit = fold.request("A1");
    fold.wait(DAY);
    let step = fold.step("RU/leader/1 US/escort/1", visit, "site_arrival", fold.now);
    let visit = fold.register().visit_at(visit).expect("a visit");
    assert_eq!((visit.milestones.len(), visit.records.last()), (1, Some(&step)));
}

/// Whom Russia may send now.
fn accredited(fold: &Fold) -> Vec<String> {
    let codes = fold.register().accredited(Party::Ru, fold.now).expect("a list");
    codes.into_iter().map(str::to_owned).collect()
}

#[test]
fn an_objection_in_time_takes_inspectors_off_the_list_and_a_late_one_does_not() {
    let in_time = at("2026-03-16T23:59:59Z");
    for (received_at, left) in [(in_time, &["R-1", "R-3"][..]), (after(in_time, 1), &["R-1", "R-2", "R-3"])] {
        let mut fold = Fold::in_force();
        let list = fold.add("RU/centre/1", Kind::InspectorList, &[], listing(&["R-1", "R-2", "R-3"]));
        fold.now = received_at;
        let objection = fold.add("US/centre/1", Kind::InspectorObjection, &[list], objecting(&["R-2"]));
        assert_eq!(accredited(&fold), left, "{received_at}");
        let late = if left.len() == 3 { vec![("inspector_objection", 1)] } else { vec![] };
        assert_eq!(fold.late(objection), late);
        let verdict = ask(&mut fold, |body| body["inspectors"] = json!(["R-2"]));
        assert_eq!(verdict, (left.len() == 2).then_some("INSPECTORS"));
        fold.add("RU/centre/1", Kind::InspectorList, &[], listing(&["R-2"]));
        assert_eq!(accredited(&fold), ["R-2"], "an objection does not carry over to a newer list");
    }
}

#[test]
fn a_team_larger_than_the_terms_have_it_is_noted_and_turned_away_by_nothing() {
    let mut fold = Fold::in_force();
    let codes: Vec<String> = (1..=11).map(|number| format!("R-{number}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    fold.add("RU/centre/1", Kind::InspectorList, &[], listing(&codes));
    let ask = |fold: &mut Fold, team: &[&str]| {
        let mut body = intending("A1", after(fold.now, 32 * HOUR));
        (body["leader"], body["inspectors"]) = (team[0].into(), json!(team));
        let intent = fold.add("RU/centre/1", Kind::Intent, &[], body);
        assert_eq!(fold.verdict(intent), None);
        let noted = fold.register().visit_at(intent).expect("a visit").oversized;
        fold.add("RU/centre/1", Kind::Cancellation, &[intent], json!({}));
        noted
    };
    assert_eq!(ask(&mut fold, &codes[..10]), None, "the leader is one of the ten");
    assert_eq!(ask(&mut fold, &codes), Some((11, 10)));
    fold.post(&amendment(2, |body| body["limits"] = json!({ "team": 11 }))).expect("an amendment");
    assert_eq!(ask(&mut fold, &codes), None);
    fold.post(&amendment(3, |body| body["limits"] = json!({ "team": 1 }))).expect("an amendment");
    assert_eq!(ask(&mut fold, &codes[..2]), Some((2, 1)));
}

#[test]
fn a_list_keeps_the_limit_for_objections_that_was_in_force_when_it_came() {
    let mut fold = Fold::in_force();
    let list = fold.add("RU/centre/1", Kind::InspectorList, &[], listing(&["R-1", "R-2"]));
    fold.post(&amendment(2, |body| body["limits"] = json!({ "inspector_objection": "1h" }))).expect("an amendment");
    fold.wait(DAY);
    let objection = fold.add("US/centre/1", Kind::InspectorObjection, &[list], objecting(&["R-2"]));
    assert_eq!((accredited(&fold), fold.late(objection)), (vec!["R-1".to_owned()], vec![]));
}

#[test]
fn only_the_other_party_objects_and_only_parties_have_lists() {
    let mut fold = Fold::in_force();
    let list = fold.add("RU/centre/1", Kind::InspectorList, &[], listing(&["R-1"]));
    let own = fold.offer("RU/centre/1", Kind::InspectorObjection, &[list], objecting(&["R-1"]));
    assert_eq!(own, Err(vec!["target_missing@/refs/0".to_owned()]));
    let hosts = fold.offer("RO/centre/1", Kind::InspectorObjection, &[list], objecting(&["R-1"]));
    assert_eq!(hosts, Err(vec!["role_not_allowed@/signers".to_owned()]));
    let hosts = fold.offer("RO/centre/1", Kind::InspectorList, &[], listing(&["P-1"]));
    assert_eq!(hosts, Err(vec!["role_not_allowed@/signers".to_owned()]));
    assert_eq!(accredited(&fold), ["R-1"]);
}

#[test]
fn a_request_is_the_inspecting_partys_to_make() {
    let mut fold = Fold::in_force();
    let record = fold.draft(&["US/centre/1"], Kind::Intent, &[], intending("A1", after(fold.now, 32 * HOUR)));
    let note = signed(&record);
    assert_eq!(fold.post(&note), Err(vec!["role_not_allowed@/signers".to_owned()]));
}
