//! Rulings 22 to 29 and 44: performance, release, postponement, correction and sequence.

use serde_json::json;

use super::*;

fn correct(timeline: &mut Timeline, received: &str, signed_by: &[&str], supersedes: &str, members: Value) {
    let mut body = json!({ "supersedes": supersedes, "reason": crate::timeline::words() });
    for (name, value) in members.as_object().expect("an object") {
        body[name] = value.clone();
    }
    timeline.add(received, signed_by, "correction", &[], body);
}

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
