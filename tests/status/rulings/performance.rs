//! Rulings 22 to 29 and 44: performance, release, postponement, correction and sequence.

use serde_json::json;

use super::*;

#[test]
fn ruling_22_an_arrival_at_the_site_performs_access_too() {
    let (mut timeline, request) = requested();
    let named = timeline.milestone(&request, "site_named", "03-03", &["US", "RU"]);
    timeline.milestone(&request, "site_arrival", "03-03 06:00", &["US", "RU"]);
    admit(&timeline, "03-05", &request, "FULFILLED");
    assert_eq!(timeline.states("03-05", "ACCESS", &named), three("FULFILLED"));
    assert_eq!(timeline.states("03-05", "FREEZE", &named), three("OVERDUE"));
}

#[test]
fn ruling_22_a_contested_milestone_creates_nothing_for_the_obligor() {
    let (mut timeline, request) = requested();
    let named = timeline.milestone(&request, "site_named", "03-03", &["US"]);
    assert_eq!(timeline.states("03-03 00:30", "FREEZE", &named), three("OPEN"));
    timeline.say("03-03 00:30", "RU", "contest", &[&named]);
    assert_eq!(timeline.states("03-03 00:30", "FREEZE", &named), three("OPEN / - / CONTESTED"));
}

#[test]
fn ruling_23_only_the_obligors_own_milestone_loses_by_a_contest() {
    for (signed_by, states) in [(&["RU"][..], "OVERDUE / FULFILLED / CONTESTED"), (&["US", "RU"], "FULFILLED")] {
        let (mut timeline, request) = requested();
        let arrival = timeline.milestone(&request, "site_arrival", "03-03 06:00", signed_by);
        admit(&timeline, "03-05", &request, "FULFILLED");
        timeline.say("03-03 12:00", "US", "contest", &[&arrival]);
        admit(&timeline, "03-05", &request, states);
    }
}

#[test]
fn ruling_23_performance_counts_after_a_refusal() {
    let (mut timeline, request) = requested();
    timeline.say("03-02", "RU", "refusal", &[&request]);
    timeline.milestone(&request, "site_arrival", "03-05", &["US", "RU"]);
    admit(&timeline, "03-04", &request, "REFUSED");
    admit(&timeline, "03-06", &request, "FULFILLED_LATE");
    assert_eq!(denials(&timeline, "03-06", "RU"), 1);
}

#[test]
fn ruling_24_a_waiver_after_due_releases_and_leaves_the_denial() {
    let (mut timeline, request) = requested();
    timeline.say("03-06", "US", "cancellation", &[&request]);
    admit(&timeline, "03-05", &request, "OVERDUE");
    admit(&timeline, "03-07", &request, "RELEASED");
    assert_eq!(denials(&timeline, "03-07", "RU"), 1);
}

#[test]
fn ruling_24_a_visit_withdrawn_after_the_point_of_entry_is_used() {
    let (mut timeline, request) = requested();
    timeline.say("03-03 04:00", "US", "cancellation", &[&request]);
    assert_eq!(quota(&timeline, "03-05", "B1"), (0, 0));
    let (mut timeline, request) = requested();
    timeline.milestone(&request, "poe_arrival", "03-03", &["US", "RU"]);
    timeline.say("03-03 04:00", "US", "cancellation", &[&request]);
    admit(&timeline, "03-05", &request, "RELEASED");
    assert_eq!(quota(&timeline, "03-05", "B1"), (1, 0));
}

#[test]
fn ruling_25_a_postponement_takes_out_of_overdue_and_leaves_the_denial() {
    let (mut timeline, request) = requested();
    postpone(&mut timeline, "03-06", &request, "03-20");
    admit(&timeline, "03-05", &request, "OVERDUE");
    admit(&timeline, "03-21", &request, "OPEN");
    assert_eq!(row(&timeline, "03-07", "ADMIT", &request)["due_at"], "2026-03-21T00:00:00Z");
    assert_eq!(denials(&timeline, "03-07", "RU"), 1);
    assert_eq!(quota(&timeline, "03-07", "B1"), (0, 1));
}

#[test]
fn ruling_26_a_voided_milestone_never_was() {
    let (mut timeline, request) = requested();
    let arrival = timeline.milestone(&request, "site_arrival", "03-03 06:00", &["US", "RU"]);
    correct(&mut timeline, "03-08", &["US", "RU"], &arrival, json!({ "void": true }));
    admit(&timeline, "03-05", &request, "OVERDUE");
    let known = timeline.status_known("03-05", "03-07", Viewer::Us);
    assert_eq!(known.pair.status, "RECIPROCAL");
}

#[test]
fn ruling_26_a_void_needs_both_signatures() {
    let (mut timeline, request) = requested();
    let arrival = timeline.milestone(&request, "site_arrival", "03-03 06:00", &["US"]);
    correct(&mut timeline, "03-08", &["US"], &arrival, json!({ "void": true }));
    assert_eq!(left_out(&timeline), 1);
}

/// A request for A1 of 1 April, arrival on 10 April 00:00: Romania owes its answer by 9 April 12:00.
fn hosted() -> (Timeline, String) {
    let mut timeline = ready_with(json!({ "graded": ["ADMIT"] }));
    let request = timeline.request("A1", "04-01", "04-10");
    (timeline, request)
}

#[test]
fn ruling_27_a_host_performs_by_a_consent_to_the_visit_and_refuses_by_a_withdrawal() {
    for (action, state) in [("give", "FULFILLED"), ("condition", "FULFILLED"), ("withdraw", "REFUSED")] {
        let (mut timeline, request) = hosted();
        let mut body = json!({ "scope": "visit", "slot": "A1", "action": action });
        if action == "condition" {
            body["conditions"] = crate::timeline::words();
        }
        let word = timeline.add("04-05", &["RO"], "host_consent", &[&request], body);
        assert_eq!(timeline.states("04-06", "HOST_ACT", &request), three(state));
        assert_eq!(row(&timeline, "04-06", "HOST_ACT", &request)["causes"], json!([request, word]));
    }
    // A standing consent answers no request.
    let (mut timeline, request) = hosted();
    let body = json!({ "scope": "standing", "slot": "A1", "action": "give" });
    timeline.add("04-05", &["RO"], "host_consent", &[&request], body);
    assert_eq!(timeline.states("04-09 12:00", "HOST_ACT", &request), three("OPEN"));
    assert_eq!(timeline.states("04-09 12:00:01", "HOST_ACT", &request), three("OVERDUE"));
}

#[test]
fn ruling_27_what_a_host_owes_enters_no_grade_and_is_no_denial() {
    let (mut timeline, request) = hosted();
    let body = json!({ "scope": "visit", "slot": "A1", "action": "withdraw" });
    timeline.add("04-05", &["RO"], "host_consent", &[&request], body);
    assert_eq!(timeline.pairs("04-06"), three("RECIPROCAL_OPEN"));
    assert_eq!(row(&timeline, "04-06", "HOST_ACT", &request)["graded"], false);
    assert_eq!(answer(&timeline, "04-06")["denials"], json!({ "RU": 0, "US": 0 }));
    assert_eq!(quota(&timeline, "04-06", "A1"), (0, 1));
}

#[test]
fn ruling_27_an_inadmissible_request_asks_nothing_of_the_host() {
    let mut timeline = ready();
    let request = timeline.request("A1", "04-01", "04-01 12:00");
    assert_eq!(reason(&timeline, "04-02", &request), "NOTICE");
    assert_eq!(timeline.states("04-02", "HOST_ACT", &request), three("-"));
}

#[test]
fn ruling_27_a_data_change_counts_from_its_receipt_however_early_it_took_effect() {
    let mut timeline = ready();
    declare(&mut timeline, "01-05");
    let body = json!({ "slot": "B1", "launchers": [], "items": [], "absent": [], "reload": false });
    let change = timeline.with_effect("03-07", Some("03-02 10:00"), &["RU"], "data_change", &[], body);
    // Between its effect and its receipt it is open, then performed.
    assert_eq!(timeline.states("03-06 23:59:59", "DATA_CHANGE", &change), three("OPEN"));
    assert_eq!(timeline.states("03-07", "DATA_CHANGE", &change), three("FULFILLED"));
}

#[test]
fn ruling_28_an_inadmissible_request_is_to_be_acknowledged() {
    let mut timeline = ready();
    let request = timeline.request("B1", "03-01", "03-01 12:00");
    let ack = row(&timeline, "03-01 00:30", "ACK", &request);
    assert_eq!((&ack["state"], &ack["due_at"]), (&json!("OPEN"), &json!("2026-03-01T01:00:00Z")));
    timeline.say("03-01 01:00", "RU", "acknowledgement", &[&request]);
    assert_eq!(timeline.states("03-01 02:00", "ACK", &request), three("FULFILLED"));
}

/// A request for B1, and one for A1 that waits for it.
fn sequenced() -> (Timeline, String, String) {
    let (mut timeline, first) = requested();
    let second = timeline.request_with("A1", "03-01 12:00", "03-04", json!({ "conditional_on": first }));
    (timeline, first, second)
}

#[test]
fn ruling_29_a_sequenced_obligation_wakes_with_the_notice() {
    let (mut timeline, first, second) = sequenced();
    admit(&timeline, "03-02", &second, "DORMANT");
    assert_eq!(quota(&timeline, "03-02", "A1"), (0, 1));
    timeline.milestone(&first, "site_arrival", "03-04", &["US", "RU"]);
    admit(&timeline, "03-04", &second, "OPEN");
    assert_eq!(row(&timeline, "03-04", "ADMIT", &second)["due_at"], "2026-03-05T08:00:00Z");
}

#[test]
fn ruling_29_a_sequenced_obligation_that_waited_too_long_is_dormant_for_good() {
    let (mut timeline, first, second) = sequenced();
    timeline.milestone(&first, "site_arrival", "03-06", &["US", "RU"]);
    admit(&timeline, "03-07", &second, "DORMANT");
    assert_eq!(quota(&timeline, "03-07", "A1"), (0, 0));
}

#[test]
fn ruling_44_a_cancellation_changes_what_waits() {
    let (mut timeline, _, second) = sequenced();
    timeline.say("03-02", "RU", "cancellation", &[&second]);
    admit(&timeline, "03-02 12:00", &second, "RELEASED");
}
