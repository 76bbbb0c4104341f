//! Rulings 1, 10 and 13: when a request is judged, in which order records count, and what was known when.

use serde_json::json;

use super::*;

#[test]
fn ruling_01_no_record_that_comes_later_changes_a_verdict() {
    let (mut timeline, first) = requested();
    timeline.milestone(&first, "site_arrival", "03-03 06:00", BOTH);
    let during = timeline.request("B2", "03-05", "03-10");
    // It had ended the day before that; this is said the day after.
    timeline.milestone_late(&first, "end", "03-06", "03-04", BOTH);
    let after = timeline.request("B2", "03-07", "03-12");
    // And both agree, for all of February and March, to more notice than anybody gave.
    let body = json!({ "version": 2, "limits": { "notice": "30d" } });
    timeline.with_effect("03-08", Some("02-01"), BOTH, "terms", &[], body);
    assert_eq!(reason(&timeline, "03-09", &during), "OPEN_VISIT");
    assert_eq!(reason(&timeline, "03-09", &after), Value::Null);
    admit(&timeline, "03-09", &during, "-");
    admit(&timeline, "03-09", &after, "OPEN");
}

#[test]
fn ruling_01_a_request_is_judged_by_the_terms_of_its_receipt_over_the_entries_before_it() {
    let mut timeline = ready();
    let short = timeline.request("B1", "03-01", "03-02");
    timeline.add("03-01", BOTH, "terms", &[], json!({ "version": 2, "limits": { "notice": "24h" } }));
    let first = timeline.request("B1", "03-01", "03-02");
    let second = timeline.request("B2", "03-01", "03-02"); // in the same second, and one entry later
    assert_eq!(reason(&timeline, "03-01", &short), "NOTICE");
    assert_eq!(reason(&timeline, "03-01", &first), Value::Null);
    assert_eq!(reason(&timeline, "03-01", &second), "OPEN_VISIT");
}

#[test]
fn ruling_01_the_first_reason_that_applies_is_given() {
    let mut timeline = Timeline::new(json!({ "quota": 1 }));
    let person = json!({ "code": "i1", "languages": ["ru"] });
    timeline.add("02-01", &["US"], "inspector_list", &[], json!({ "inspectors": [person] }));
    let visit = timeline.request("B1", "03-01", "03-03");
    timeline.milestone(&visit, "site_arrival", "03-03 06:00", BOTH);
    let stranger = || json!({ "inspectors": ["i2"] });
    let short = timeline.request_with("B1", "03-05", "03-06", stranger());
    let full = timeline.request_with("B1", "03-05", "03-10", stranger());
    let second = timeline.request_with("B2", "03-05", "03-10", stranger());
    timeline.milestone(&visit, "end", "03-06", BOTH);
    let unlisted = timeline.request_with("B2", "03-07", "03-12", stranger());
    timeline.withdraw_designation("B1", "03-08");
    let nowhere = timeline.request_with("B1", "03-08", "03-09", stranger());
    let reasons = [nowhere, short, full, second, unlisted].map(|request| reason(&timeline, "03-09", &request));
    assert_eq!(reasons, ["SLOT_NOT_IN_FORCE", "NOTICE", "QUOTA", "OPEN_VISIT", "INSPECTORS"].map(Value::from));
}

#[test]
fn ruling_01_a_request_by_the_side_that_may_not_inspect_is_refused() {
    let mut timeline = ready();
    let body = json!({ "slot": "B1", "eta": "2026-03-03T00:00:00Z", "poe": "poe", "type": "absence" });
    timeline.add("03-01", &["RU"], "intent", &[], body);
    assert_eq!(left_out(&timeline), 1);
}

#[test]
fn ruling_10_of_two_postponements_the_later_in_effect_holds_and_not_the_later_entry() {
    let (mut timeline, request) = requested();
    let due = |timeline: &Timeline, as_of: &str| row(timeline, as_of, "ADMIT", &request)["due_at"].clone();
    let to = |eta: &str| json!({ "eta": crate::timeline::at(eta) });
    postpone(&mut timeline, "03-02", &request, "03-20");
    timeline.with_effect("03-02 12:00", Some("03-01 12:00"), BOTH, "postponement", &[&request], to("03-10"));
    assert_eq!(due(&timeline, "03-01 18:00"), "2026-03-11T00:00:00Z");
    assert_eq!(due(&timeline, "03-03"), "2026-03-21T00:00:00Z");
    // Of two that take effect together the later entry holds.
    timeline.with_effect("03-02 18:00", Some("03-02"), BOTH, "postponement", &[&request], to("03-15"));
    assert_eq!(due(&timeline, "03-03"), "2026-03-16T00:00:00Z");
}

#[test]
fn ruling_10_terms_come_into_force_in_the_order_of_their_effect() {
    let mut timeline = ready();
    let quota = |version: i64, quota: i64| json!({ "version": version, "limits": { "quota": quota } });
    timeline.with_effect("02-01", Some("05-01"), BOTH, "terms", &[], quota(2, 3));
    timeline.add("02-02", BOTH, "terms", &[], quota(3, 1));
    let distributed = |as_of: &str| quota_row(&timeline, as_of, "B1")["distributed"].clone();
    assert_eq!([distributed("02-01"), distributed("04-30"), distributed("05-01")], [json!(2), json!(1), json!(3)]);
}

#[test]
fn ruling_13_the_clocks_run_on_with_what_is_known() {
    let (mut timeline, request) = requested();
    timeline.milestone_late(&request, "site_arrival", "03-10", "03-03 06:00", BOTH);
    // Terms, four designations, two consents, the request; and from 10 March 00:00:00 on the arrival.
    for (known_at, size, state) in [
        ("03-01", "tree:8", "OVERDUE"),
        ("03-09 23:59:59", "tree:8", "OVERDUE"),
        ("03-10", "tree:9", "FULFILLED"),
        ("12-31", "tree:9", "FULFILLED"),
    ] {
        let answer = timeline.status_known("03-05", known_at, Viewer::Us);
        let admit = answer.obligations.iter().find(|row| row.kind == "ADMIT").expect("the ADMIT");
        assert_eq!((answer.known_at.as_str(), admit.state), (size, state), "known at {known_at}");
    }
    assert_eq!(answer(&timeline, "03-05")["known_at"], "tree:9");
    assert_eq!(answer(&timeline, "03-05")["as_of"], "2026-03-05T00:00:00Z");
}
