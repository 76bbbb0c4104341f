//! Rulings 19, 30, 36, 40, 42 and 46 where several of them meet.

use serde_json::json;

use super::*;

/// One visit a year: a first request for B1, and a second of 10 March when the place of the first is free again.
fn two_for_one_place(excuse: bool) -> (Timeline, String, Option<String>) {
    let mut timeline = Timeline::new(json!({ "quota": 1 }));
    let first = timeline.request("B1", "03-01", "03-03");
    let claim = excuse.then(|| timeline.say("03-02", "RU", "force_majeure", &[&first]));
    let second = timeline.request("B1", "03-10", "03-20");
    assert_eq!(reason(&timeline, "03-11", &second), Value::Null);
    (timeline, first, claim)
}

#[test]
fn ruling_19_a_lift_without_room_in_the_quota_leaves_it_dormant() {
    let (mut timeline, first, claim) = two_for_one_place(true);
    timeline.say("03-12", "RU", "lift", &[&claim.expect("a claim")]);
    admit(&timeline, "03-12", &first, "DORMANT");
    assert_eq!(quota(&timeline, "03-12", "B1"), (0, 1));
}

#[test]
fn ruling_30_a_place_retaken_by_consent_is_flagged() {
    let (mut timeline, first, _) = two_for_one_place(false);
    postpone(&mut timeline, "03-12", &first, "04-01");
    admit(&timeline, "03-13", &first, "OPEN");
    assert_eq!(row(&timeline, "03-13", "ADMIT", &first)["flags"]["quota"], "OVER_QUOTA_BY_CONSENT");
}

#[test]
fn ruling_36_an_intent_before_a_milestone_is_not_named() {
    let (mut timeline, request) = requested();
    let named = timeline.milestone(&request, "site_named", "03-03", &["US", "RU"]);
    timeline.say("03-03 00:30", "RU", "contest", &[&request, &named]);
    assert_eq!(row(&timeline, "03-03 00:30", "FREEZE", &named)["flags"]["disputed"], true);
    assert_eq!(row(&timeline, "03-03 00:30", "ADMIT", &request)["flags"]["disputed"], false);
}

#[test]
fn ruling_36_an_intent_before_a_claim_that_is_answered_is_not_named() {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    timeline.say("03-02 12:00", "US", "contest", &[&request, &claim]);
    timeline.say_with("03-02 13:00", "US", "contest", &[&claim], json!({ "action": "withdraw" }));
    admit(&timeline, "03-05", &request, "EXCUSE_CLAIMED / EXCUSED / EXCUSE_CLAIMED");
    assert_eq!(row(&timeline, "03-05", "ADMIT", &request)["flags"]["disputed"], false);
}

#[test]
fn ruling_40_a_refusal_by_contest_lasts_as_long_as_the_contest() {
    let mut timeline = ready_with(json!({ "preconditions": [{ "name": "visas", "suspensive": true }] }));
    let request = timeline.request("B1", "03-01", "03-03");
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    timeline.say("03-02 06:00", "US", "contest", &[&claim]);
    timeline.add("03-02 12:00", &["RU"], "precondition", &[], json!({ "name": "visas", "state": "NOT_MET" }));
    admit(&timeline, "03-02 18:00", &request, "REFUSED / DORMANT / CONTESTED");
    timeline.say_with("03-03", "US", "contest", &[&claim], json!({ "action": "withdraw" }));
    admit(&timeline, "03-03", &request, "DORMANT");
}

#[test]
fn ruling_42_the_lift_is_a_cause_from_then_on() {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    let lift = timeline.say("03-20", "RU", "lift", &[&claim]);
    let causes = row(&timeline, "03-20", "ADMIT", &request)["causes"].clone();
    assert!(causes.as_array().expect("a list").contains(&json!(lift)));
}

#[test]
fn ruling_46_a_claim_lifted_before_its_effect_never_was_live() {
    let (mut timeline, request) = requested();
    let body = json!({ "reason": crate::timeline::words() });
    let claim = timeline.with_effect("03-02", Some("03-03"), &["RU"], "force_majeure", &[&request], body);
    timeline.say("03-02 12:00", "RU", "lift", &[&claim]);
    assert_eq!(row(&timeline, "03-03 12:00", "ADMIT", &request)["due_at"], "2026-03-04T00:00:00Z");
    admit(&timeline, "03-04 00:00:01", &request, "OVERDUE");
}
