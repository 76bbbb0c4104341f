//! Rulings 4, 8, 9, 12, 23 and 39 on declarations, reports and what they find.

use serde_json::json;

use super::*;

#[test]
fn ruling_04_a_designation_creates_the_baseline() {
    let mut timeline = ready();
    assert_eq!(timeline.states("01-04", "BASELINE", "designation-3"), three("OPEN"));
    declare(&mut timeline, "01-05");
    assert_eq!(timeline.states("01-06", "BASELINE", "designation-3"), three("FULFILLED"));
}

#[test]
fn ruling_08_a_receipt_is_due_after_the_later_of_hand_over_and_receipt() {
    let (mut timeline, declaration, request, _) = ended();
    let report = report(&mut timeline, "03-04 03:00", "03-04 01:00", &request, &declaration);
    assert_eq!(row(&timeline, "03-04 03:30", "RECEIPT", &report)["due_at"], "2026-03-04T04:00:00Z");
}

#[test]
fn ruling_09_a_report_counts_from_its_hand_over_once_there_is_a_receipt() {
    let (mut timeline, declaration, request, end) = ended();
    let report = report(&mut timeline, "03-04 03:00", "03-04 01:00", &request, &declaration);
    assert_eq!(timeline.states("03-05", "REPORT", &end), three("FULFILLED_LATE"));
    timeline.add("03-06", &["RU"], "report_receipt", &[&request, &report], json!({ "result": "acknowledged" }));
    assert_eq!(timeline.states("03-05", "REPORT", &end), three("FULFILLED"));
}

#[test]
fn ruling_12_and_27_a_data_change_is_performed_when_it_is_received() {
    for (received, state) in [("03-07 23:59:59", "FULFILLED"), ("03-08", "FULFILLED_LATE")] {
        let mut timeline = ready();
        declare(&mut timeline, "01-05");
        let body = json!({ "slot": "B1", "launchers": [], "items": [], "absent": [], "reload": false });
        let change = timeline.with_effect(received, Some("03-02 10:00"), &["RU"], "data_change", &[], body);
        assert_eq!(timeline.states("03-09", "DATA_CHANGE", &change), three(state));
    }
}

#[test]
fn ruling_39_an_absence_stands_ninety_days_or_until_a_reload() {
    let (mut timeline, declaration, request, _) = ended();
    let report = report(&mut timeline, "03-04 01:00", "03-04 01:00", &request, &declaration);
    let absence = answer(&timeline, "03-10")["absence"][0].clone();
    let members = (&absence["slot"], &absence["report"], &absence["valid_until"]);
    assert_eq!(members, (&json!("B1"), &json!(report), &json!("2026-06-02T23:59:59Z")));
    let body = json!({ "slot": "B1", "launchers": [], "items": [], "absent": [], "reload": true });
    let change = timeline.add("03-20", &["RU"], "data_change", &[], body);
    assert_eq!(answer(&timeline, "03-21")["absence"][0]["invalidated_by"], json!(change));
}

#[test]
fn ruling_39_an_unresolved_ambiguity_leaves_no_absence() {
    let (mut timeline, declaration, request, _) = ended();
    let ambiguity = json!({ "id": "a1", "text": crate::timeline::words(), "photos": [] });
    let report =
        report_with(&mut timeline, "03-04 00:59:59", "03-04 00:30", &request, &declaration, json!([ambiguity]));
    assert_eq!(answer(&timeline, "03-10")["absence"], json!([]));
    assert_eq!(answer(&timeline, "03-10")["ambiguity"]["oldest"], format!("{report}/a1"));
    timeline.add("03-11", &["US", "RU"], "joint_statement", &[&report], json!({ "text": crate::timeline::words() }));
    assert_eq!(answer(&timeline, "03-12")["ambiguity"], Value::Null);
    assert_eq!(answer(&timeline, "03-12")["absence"][0]["slot"], "B1");
}

#[test]
fn ruling_23_a_receipt_that_was_declined_may_still_be_given() {
    let (mut timeline, declaration, request, _) = ended();
    let report = report(&mut timeline, "03-04 01:00", "03-04 01:00", &request, &declaration);
    let declined = json!({ "result": "declined", "reason": crate::timeline::words() });
    timeline.add("03-04 01:30", &["RU"], "report_receipt", &[&request, &report], declined);
    timeline.add("03-04 02:00", &["RU"], "report_receipt", &[&request, &report], json!({ "result": "acknowledged" }));
    assert_eq!(timeline.states("03-04 01:45", "RECEIPT", &report), three("REFUSED"));
    assert_eq!(timeline.states("03-04 02:00", "RECEIPT", &report), three("FULFILLED"));
}
