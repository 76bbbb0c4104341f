//! Rulings 33 to 46: periods, views, grades and the pair.

use serde_json::json;

use super::*;

#[test]
fn ruling_33_a_default_does_not_heal_at_midnight() {
    let mut timeline = ready();
    let request = timeline.request("B1", "12-01", "12-03");
    assert_eq!(timeline.pairs("2027-01-02"), three("ONE_SIDED(RU)"));
    timeline.say("2027-01-03", "US", "cancellation", &[&request]);
    assert_eq!(timeline.pairs("2027-01-04"), three("RECIPROCAL"));
}

#[test]
fn ruling_33_what_both_hold_excused_does_not_carry_over() {
    let mut timeline = ready();
    let request = timeline.request("B1", "12-01", "12-03");
    let claim = timeline.say("12-02", "RU", "force_majeure", &[&request]);
    assert_eq!(timeline.pairs("2027-01-02"), three("CONTESTED / RECIPROCAL_WITH_EXCUSE / CONTESTED"));
    timeline.say("12-03", "US", "acceptance", &[&claim]);
    assert_eq!(timeline.pairs("12-10"), three("RECIPROCAL_WITH_EXCUSE"));
    assert_eq!(timeline.pairs("2027-01-02"), three("RECIPROCAL"));
}

#[test]
fn ruling_34_a_default_is_named_beside_what_is_not_in_force() {
    let (mut timeline, _) = requested();
    let body = json!({ "scope": "standing", "slot": "A1", "action": "withdraw" });
    timeline.add("03-10", &["RO"], "host_consent", &[], body);
    assert_eq!(timeline.pairs("03-11"), three("NOT_IN_FORCE(US; default RU)"));
}

#[test]
fn ruling_35_undisputed_joins_the_causes_of_both_views() {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    let contest = timeline.say("03-02 12:00", "US", "contest", &[&claim]);
    let causes = crate::timeline::VIEWS.map(|viewer| {
        let answer = serde_json::to_value(timeline.status("03-05", viewer)).expect("an answer");
        let rows = answer["obligations"].as_array().expect("a list").clone();
        rows.into_iter().find(|row| row["kind"] == "ADMIT").expect("the ADMIT")["causes"].clone()
    });
    let all = json!([request, claim, contest]);
    assert_eq!(causes, [all.clone(), json!([request, claim]), all]);
}

#[test]
fn ruling_36_a_contest_of_the_request_sets_the_flag_and_nothing_more() {
    let (mut timeline, request) = requested();
    timeline.say("03-01 12:00", "RU", "contest", &[&request]);
    admit(&timeline, "03-02", &request, "OPEN");
    assert_eq!(row(&timeline, "03-02", "ADMIT", &request)["flags"]["disputed"], true);
    timeline.say_with("03-02 12:00", "RU", "contest", &[&request], json!({ "action": "withdraw" }));
    assert_eq!(row(&timeline, "03-02 12:00", "ADMIT", &request)["flags"]["disputed"], false);
}

#[test]
fn ruling_36_the_quality_of_a_reply_is_the_requesters_word() {
    for (answer, quality) in [("acceptance", "sufficient"), ("contest", "insufficient")] {
        let mut timeline = ready();
        let question = timeline.say("03-02", "US", "clarification_request", &[]);
        let reply = timeline.say("03-03", "RU", "clarification_reply", &[&question]);
        assert_eq!(row(&timeline, "03-04", "CLARIFY", &question)["flags"]["quality"], "n/a");
        timeline.say("03-04", "US", answer, &[&reply]);
        let row = row(&timeline, "03-05", "CLARIFY", &question);
        assert_eq!((&row["state"], &row["flags"]["quality"]), (&json!("FULFILLED"), &json!(quality)));
    }
}

#[test]
fn ruling_43_the_holder_of_a_host_act_is_both() {
    let mut timeline = ready();
    let request = timeline.request("A1", "04-01", "04-10");
    let act = row(&timeline, "04-02", "HOST_ACT", &request);
    let members = (&act["obligor"], &act["holder"], &act["due_at"], &act["period"]);
    assert_eq!(members, (&json!("RO"), &json!("BOTH"), &json!("2026-04-09T12:00:00Z"), &json!("2026")));
    assert_eq!(row(&timeline, "04-02", "ACK", &request)["slot"], "A1");
    assert_eq!(row(&timeline, "04-02", "ACK", &request)["visit"], Value::Null);
    assert_eq!(answer(&timeline, "04-02")["known_at"], "tree:8");
}

#[test]
fn ruling_46_a_slot_that_an_amendment_drops_lapses() {
    let (mut timeline, request) = requested();
    let mut slots = timeline.lines[0]["record"]["body"]["slots"].clone();
    slots.as_object_mut().expect("an object").remove("B1");
    timeline.add("03-02", &["US", "RU"], "terms", &[], json!({ "version": 2, "slots": slots }));
    admit(&timeline, "03-05", &request, "DORMANT");
}
