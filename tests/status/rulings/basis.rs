//! Rulings 2 to 12: the basis, admissibility and times.

use serde_json::json;

use super::*;

fn suspensive(slots: Value) -> Timeline {
    let mut condition = json!({ "name": "visas", "suspensive": true });
    if !slots.is_null() {
        condition["slots"] = slots;
    }
    ready_with(json!({ "preconditions": [condition] }))
}

fn state(timeline: &mut Timeline, received: &str, party: &str, state: &str) {
    timeline.add(received, &[party], "precondition", &[], json!({ "name": "visas", "state": state }));
}

#[test]
fn ruling_02_a_withdrawn_host_consent_is_no_lapse() {
    let mut timeline = ready();
    let open = timeline.request("A1", "04-01", "04-10");
    let body = json!({ "scope": "standing", "slot": "A1", "action": "withdraw" });
    timeline.add("04-02", &["RO"], "host_consent", &[], body);
    let new = timeline.request("A1", "04-03", "04-20");
    admit(&timeline, "04-04", &open, "OPEN");
    assert_eq!(reason(&timeline, "04-04", &new), "SLOT_NOT_IN_FORCE");
    assert_eq!(timeline.pairs("04-04"), three("NOT_IN_FORCE(US)"));
}

#[test]
fn ruling_02_a_host_objection_needs_another_host() {
    let (mut timeline, request) = requested();
    timeline.say("03-02", "RU", "host_objection", &[&request]);
    assert_eq!(left_out(&timeline), 1);
}

#[test]
fn ruling_03_a_clarification_outlives_the_basis() {
    let mut timeline = suspensive(Value::Null);
    let request = timeline.request("B1", "03-01", "03-03");
    let question = timeline.say("03-01", "US", "clarification_request", &[]);
    state(&mut timeline, "03-02", "RU", "NOT_MET");
    admit(&timeline, "03-02 12:00", &request, "DORMANT");
    assert_eq!(timeline.states("03-02 12:00", "CLARIFY", &question), three("OPEN"));
}

#[test]
fn ruling_04_a_lapse_before_due_is_for_good() {
    let mut timeline = suspensive(Value::Null);
    let request = timeline.request("B1", "03-01", "03-03");
    state(&mut timeline, "03-02", "RU", "NOT_MET");
    state(&mut timeline, "03-02 12:00", "RU", "MET");
    admit(&timeline, "03-05", &request, "DORMANT");
    assert_eq!(quota(&timeline, "03-01 12:00", "B1"), (0, 1));
    assert_eq!(quota(&timeline, "03-05", "B1"), (0, 0));
    postpone(&mut timeline, "03-06", &request, "03-10");
    admit(&timeline, "03-07", &request, "OPEN");
}

#[test]
fn ruling_04_a_redesignation_is_no_lapse() {
    let (mut timeline, request) = requested();
    timeline.designate("B1", "03-02");
    admit(&timeline, "03-02 12:00", &request, "OPEN");
}

#[test]
fn ruling_05_one_partys_not_met_is_enough() {
    let mut timeline = suspensive(Value::Null);
    state(&mut timeline, "03-01", "RU", "NOT_MET");
    state(&mut timeline, "03-02", "US", "MET");
    assert_eq!(timeline.pairs("03-03"), three("NOT_IN_FORCE(US,RU)"));
}

#[test]
fn ruling_05_the_terms_may_narrow_it_to_slots() {
    let mut timeline = suspensive(json!(["B1"]));
    state(&mut timeline, "03-01", "US", "NOT_MET");
    assert_eq!(timeline.pairs("03-03"), three("NOT_IN_FORCE(RU)"));
}

#[test]
fn ruling_06_a_visit_is_open_until_it_ends() {
    let (mut timeline, request) = requested();
    let second = timeline.request("B2", "03-02", "03-10");
    timeline.milestone(&request, "site_arrival", "03-03 06:00", &["US", "RU"]);
    let third = timeline.request("B2", "03-03 07:00", "03-10");
    timeline.milestone(&request, "end", "03-04", &["US", "RU"]);
    let fourth = timeline.request("B2", "03-05", "03-10");
    assert_eq!(reason(&timeline, "03-06", &second), "OPEN_VISIT");
    assert_eq!(reason(&timeline, "03-06", &third), "OPEN_VISIT");
    assert_eq!(reason(&timeline, "03-06", &fourth), Value::Null);
}

#[test]
fn ruling_07_an_objection_in_time_takes_an_inspector_off_the_list() {
    let mut timeline = ready();
    let person = |code: &str| json!({ "code": code, "languages": ["ru"] });
    let body = json!({ "inspectors": [person("i1"), person("i2")] });
    let list = timeline.add("02-01", &["US"], "inspector_list", &[], body);
    let object = |code: &str| json!({ "inspectors": [code], "reason": crate::timeline::words() });
    timeline.add("02-10", &["RU"], "inspector_objection", &[&list], object("i2"));
    timeline.add("02-20", &["RU"], "inspector_objection", &[&list], object("i1"));
    let off = timeline.request_with("B1", "03-01", "03-03", json!({ "inspectors": ["i2"] }));
    let unknown = timeline.request_with("B1", "03-01", "03-03", json!({ "inspectors": ["i3"] }));
    let on = timeline.request_with("B1", "03-01", "03-03", json!({ "inspectors": ["i1"] }));
    assert_eq!(reason(&timeline, "03-02", &off), "INSPECTORS");
    assert_eq!(reason(&timeline, "03-02", &unknown), "INSPECTORS");
    assert_eq!(reason(&timeline, "03-02", &on), Value::Null);
}

#[test]
fn ruling_08_access_runs_from_the_time_of_the_milestone() {
    let (mut timeline, request) = requested();
    let named = timeline.milestone_late(&request, "site_named", "03-03 09:00", "03-03 04:00", &["US", "RU"]);
    assert_eq!(row(&timeline, "03-03 10:00", "FREEZE", &named)["due_at"], "2026-03-03T05:00:00Z");
    assert_eq!(row(&timeline, "03-03 10:00", "ACCESS", &named)["due_at"], "2026-03-04T04:00:00Z");
}

#[test]
fn ruling_09_a_claim_takes_no_effect_before_its_receipt() {
    let (mut timeline, request) = requested();
    let body = json!({ "reason": crate::timeline::words() });
    timeline.with_effect("03-05", Some("03-02"), &["RU"], "force_majeure", &[&request], body);
    admit(&timeline, "03-06", &request, "OVERDUE");
}

#[test]
fn ruling_11_a_request_keeps_the_limits_of_its_receipt() {
    let (mut timeline, request) = requested();
    let body = json!({ "version": 2, "limits": { "admit": "48h" } });
    timeline.add("03-02", &["US", "RU"], "terms", &[], body);
    assert_eq!(row(&timeline, "03-04", "ADMIT", &request)["due_at"], "2026-03-04T00:00:00Z");
    admit(&timeline, "03-04", &request, "OPEN");
    admit(&timeline, "03-04 00:00:01", &request, "OVERDUE");
}

#[test]
fn ruling_12_the_day_of_the_event_is_day_zero() {
    let mut timeline = ready();
    let urgency = json!({ "urgency": "routine" });
    let question = timeline.say_with("03-02 10:00", "US", "clarification_request", &[], urgency);
    assert_eq!(row(&timeline, "03-03", "CLARIFY", &question)["due_at"], "2026-03-12T23:59:59Z");
}
