//! Rulings 9, 23 and 26: what a record should have said.

use serde_json::json;

use super::*;

#[test]
fn ruling_26_a_corrected_time_counts_for_every_day_once_it_is_known() {
    let (mut timeline, request) = requested();
    let arrival = timeline.milestone(&request, "site_arrival", "03-03 06:00", BOTH);
    let correction = correct(&mut timeline, "03-08", BOTH, &arrival, json!({ "effective_at": "2026-03-04T06:00:00Z" }));
    admit(&timeline, "03-03 12:00", &request, "OPEN");
    admit(&timeline, "03-04 05:59:59", &request, "OVERDUE");
    admit(&timeline, "03-04 06:00", &request, "FULFILLED_LATE");
    assert_eq!(denials(&timeline, "03-05", "RU"), 1);
    assert_eq!(row(&timeline, "03-05", "ADMIT", &request)["causes"], json!([request, arrival, correction]));
    let before = timeline.status_known("03-05", "03-07", Viewer::Us);
    assert_eq!((before.denials.ru, before.pair.status.as_str()), (0, "RECIPROCAL"));
}

#[test]
fn ruling_26_the_newest_correction_holds_and_the_ones_before_it_have_no_effect() {
    let (mut timeline, request) = requested();
    let arrival = timeline.milestone(&request, "site_arrival", "03-03 06:00", BOTH);
    correct(&mut timeline, "03-08", BOTH, &arrival, json!({ "effective_at": "2026-03-06T00:00:00Z" }));
    admit(&timeline, "03-07", &request, "FULFILLED_LATE");
    correct(&mut timeline, "03-09", BOTH, &arrival, json!({ "body": { "name": "start" } }));
    admit(&timeline, "03-07", &request, "OVERDUE");
    // It leaves the time as the original had it, whatever the first correction said of it.
    let newest = correct(&mut timeline, "03-10", BOTH, &arrival, json!({ "body": { "name": "site_arrival" } }));
    admit(&timeline, "03-07", &request, "FULFILLED");
    assert_eq!(row(&timeline, "03-07", "ADMIT", &request)["causes"], json!([request, arrival, newest]));
    assert_eq!(denials(&timeline, "03-07", "RU"), 0);
}

#[test]
fn ruling_26_the_time_of_receipt_stays_the_originals() {
    let mut timeline = ready();
    declare(&mut timeline, "01-05");
    let body = json!({ "slot": "B1", "launchers": [], "items": [], "absent": [], "reload": false });
    // Due on 7 March, received on 8 March.
    let change = timeline.with_effect("03-08", Some("03-02 10:00"), &["RU"], "data_change", &[], body);
    assert_eq!(timeline.states("03-09", "DATA_CHANGE", &change), three("FULFILLED_LATE"));
    correct(&mut timeline, "03-20", BOTH, &change, json!({ "effective_at": "2026-03-03T10:00:00Z" }));
    assert_eq!(timeline.states("03-09", "DATA_CHANGE", &change), three("FULFILLED"));
    let row = row(&timeline, "03-09", "DATA_CHANGE", &change);
    assert_eq!([&row["created_at"], &row["due_at"]], ["2026-03-03T10:00:00Z", "2026-03-08T23:59:59Z"]);
}

#[test]
fn ruling_26_who_signed_may_correct_until_the_other_side_has_answered() {
    let new_step = || json!({ "body": { "name": "site_arrival" } });
    let said = |answer: Option<&str>, by: &[&str]| {
        let (mut timeline, request) = requested();
        let step = timeline.milestone(&request, "start", "03-03 06:00", &["RU"]);
        if let Some(answer) = answer {
            timeline.say("03-03 12:00", "US", answer, &[&step]);
        }
        correct(&mut timeline, "03-03 18:00", by, &step, new_step());
        left_out(&timeline)
    };
    assert_eq!((said(None, &["RU"]), said(None, &["US"])), (0, 1));
    for answer in ["acknowledgement", "acceptance", "contest"] {
        assert_eq!((said(Some(answer), &["RU"]), said(Some(answer), BOTH)), (1, 0), "{answer}");
    }
    let (mut timeline, request) = requested();
    let step = timeline.milestone(&request, "start", "03-03 06:00", &["RU"]);
    correct(&mut timeline, "03-03 12:00", &["RU"], &step, json!({ "effective_at": "2026-03-03T05:00:00Z" }));
    assert_eq!(left_out(&timeline), 1, "one side alone moves no time");
    timeline.lines.pop();
    correct(&mut timeline, "03-03 12:00", &["RU"], &step, new_step());
    admit(&timeline, "03-05", &request, "FULFILLED");
}

#[test]
fn ruling_26_requests_claims_and_corrections_are_not_corrected() {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    let step = timeline.milestone(&request, "start", "03-03 06:00", BOTH);
    let time = || json!({ "effective_at": "2026-03-01T00:00:00Z" });
    let correction = correct(&mut timeline, "03-04", BOTH, &step, time());
    assert_eq!(left_out(&timeline), 0);
    for original in [request, claim, correction] {
        correct(&mut timeline, "03-05", BOTH, &original, time());
    }
    assert_eq!(left_out(&timeline), 3);
}

#[test]
fn ruling_09_and_23_a_correction_by_both_gives_a_record_its_own_time_and_not_a_second_signature() {
    let (mut timeline, request) = requested();
    let step = timeline.milestone(&request, "site_arrival", "03-03 06:00", &["RU"]);
    correct(&mut timeline, "03-03 12:00", BOTH, &step, json!({ "effective_at": "2026-03-03T05:00:00Z" }));
    timeline.say("03-03 18:00", "US", "contest", &[&step]);
    admit(&timeline, "03-05", &request, "OVERDUE / FULFILLED / CONTESTED");

    // A declaration counts from its receipt, and from its own time once both have signed for that.
    let mut timeline = ready();
    let body = json!({ "slot": "B1", "launchers": [], "items": [], "absent": [] });
    // The baseline of B1, designated on 1 December, is due on 15 January.
    let declaration = timeline.with_effect("01-20", Some("01-10"), &["RU"], "declaration", &[], body);
    assert_eq!(timeline.states("01-21", "BASELINE", "designation-3"), three("FULFILLED_LATE"));
    correct(&mut timeline, "01-25", BOTH, &declaration, json!({ "effective_at": "2026-01-10T00:00:00Z" }));
    assert_eq!(timeline.states("01-21", "BASELINE", "designation-3"), three("FULFILLED"));
}
