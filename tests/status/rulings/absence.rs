//! Ruling 39: findings of absence, and ambiguities.

use serde_json::json;

use super::*;

/// A visit whose report of 4 March 01:00 confirms everything. It ended on 4 March 00:00.
fn found() -> (Timeline, String, String) {
    let (mut timeline, declaration, request, _) = ended();
    let report = report(&mut timeline, "03-04 01:00", "03-04 01:00", &request, &declaration);
    (timeline, declaration, report)
}

fn absence(timeline: &Timeline, as_of: &str) -> Value {
    answer(timeline, as_of)["absence"].clone()
}

fn finding(report: &str, since: &str, valid_until: &str, invalidated_by: Value) -> Value {
    json!([{
        "slot": "B1", "report": report, "since": since, "valid_until": valid_until, "invalidated_by": invalidated_by,
    }])
}

const END: &str = "2026-03-04T00:00:00Z";

#[test]
fn ruling_39_the_row_stays_when_ninety_days_have_passed() {
    let (timeline, _, report) = found();
    assert_eq!(absence(&timeline, "03-04 00:30"), json!([])); // nothing is reported yet
    for as_of in ["03-04 01:00", "06-02 23:59:59", "12-31"] {
        let expected = finding(&report, END, "2026-06-02T23:59:59Z", Value::Null);
        assert_eq!(absence(&timeline, as_of), expected, "{as_of}");
    }
}

#[test]
fn ruling_39_a_designation_ends_it_and_a_change_without_a_reload_does_not() {
    let (mut timeline, _, report) = found();
    let body = json!({ "slot": "B1", "launchers": [], "items": [], "absent": [], "reload": false });
    timeline.add("03-10", &["RU"], "data_change", &[], body);
    timeline.designate("B2", "03-11");
    assert_eq!(absence(&timeline, "03-12")[0]["invalidated_by"], Value::Null);
    let designated = timeline.designate("B1", "03-20");
    timeline.withdraw_designation("B1", "03-25"); // the first that ends it is named
    let expected = finding(&report, END, "2026-03-20T00:00:00Z", json!(designated));
    assert_eq!(absence(&timeline, "03-30"), expected);

    let (mut timeline, _, report) = found();
    let withdrawn = timeline.withdraw_designation("B1", "03-20");
    assert_eq!(absence(&timeline, "03-30"), finding(&report, END, "2026-03-20T00:00:00Z", json!(withdrawn)));
    // What comes after its time ends nothing.
    let (mut timeline, _, report) = found();
    timeline.withdraw_designation("B1", "06-03");
    assert_eq!(absence(&timeline, "06-05"), finding(&report, END, "2026-06-02T23:59:59Z", Value::Null));
}

/// A second visit to B1, from 3 April 06:00 to the end on 4 April 00:00, whose report finds this of C1.
fn visited_again(timeline: &mut Timeline, declaration: &str, c1: &str) -> (String, String) {
    let visit = timeline.request("B1", "04-01", "04-03");
    timeline.milestone(&visit, "site_arrival", "04-03 06:00", BOTH);
    let end = timeline.milestone(&visit, "end", "04-04", BOTH);
    let report = report(timeline, "04-04 01:00", "04-04 01:00", &visit, declaration);
    let body = &mut timeline.lines.last_mut().expect("the report")["record"]["body"];
    let (k, n) = if c1 == "not_inspected" { (Value::Null, Value::Null) } else { (json!(4), json!(4)) };
    body["claims"]["C1"] = json!({ "finding": c1, "method": "by eye" });
    if !k.is_null() {
        (body["claims"]["C1"]["k"], body["claims"]["C1"]["n"]) = (k, n);
    }
    (end, report)
}

#[test]
fn ruling_39_the_end_of_a_newer_visit_that_finds_otherwise_ends_it() {
    for c1 in ["contrary_observed", "not_confirmed", "ambiguous"] {
        let (mut timeline, declaration, report) = found();
        let (end, _) = visited_again(&mut timeline, &declaration, c1);
        assert_eq!(absence(&timeline, "04-10"), finding(&report, END, "2026-04-04T00:00:00Z", json!(end)), "{c1}");
    }
    let (mut timeline, declaration, report) = found();
    visited_again(&mut timeline, &declaration, "not_inspected");
    assert_eq!(absence(&timeline, "04-10"), finding(&report, END, "2026-06-02T23:59:59Z", Value::Null));
    // A newer finding of the same takes the place of the older one.
    let (mut timeline, declaration, _) = found();
    let (_, newer) = visited_again(&mut timeline, &declaration, "confirmed");
    let expected = finding(&newer, "2026-04-04T00:00:00Z", "2026-07-03T23:59:59Z", Value::Null);
    assert_eq!(absence(&timeline, "04-10"), expected);
}

/// A visit whose report leaves `a1` unclear.
fn unclear() -> (Timeline, String) {
    let (mut timeline, declaration, request, _) = ended();
    let ambiguity = json!({ "id": "a1", "text": crate::timeline::words(), "photos": [] });
    let report = report_with(&mut timeline, "03-04 01:00", "03-04 01:00", &request, &declaration, json!([ambiguity]));
    (timeline, report)
}

#[test]
fn ruling_39_an_ambiguity_is_resolved_when_who_raised_it_accepts_a_reply_that_names_it() {
    let (mut timeline, report) = unclear();
    let oldest = json!({ "oldest": format!("{report}/a1"), "raised_at": "2026-03-04T01:00:00Z" });
    assert_eq!((answer(&timeline, "03-05")["ambiguity"].clone(), absence(&timeline, "03-05")), (oldest, json!([])));
    let ask = |timeline: &mut Timeline, received: &str, refs: &[&str], id: &str| {
        timeline.say_with(received, "US", "clarification_request", refs, json!({ "ambiguity": id }))
    };
    let answered = |timeline: &mut Timeline, question: &str| {
        let reply = timeline.say("03-06", "RU", "clarification_reply", &[question]);
        timeline.say("03-06", "US", "acceptance", &[&reply]);
    };
    // Another ambiguity, and one of no report, are not this one.
    for (refs, id) in [(&[report.as_str()][..], "a2"), (&[], "a1")] {
        let question = ask(&mut timeline, "03-06", refs, id);
        answered(&mut timeline, &question);
    }
    assert_eq!(absence(&timeline, "03-07"), json!([]));
    let question = ask(&mut timeline, "03-08", &[&report], "a1");
    let reply = timeline.say("03-09", "RU", "clarification_reply", &[&question]);
    timeline.say("03-10", "US", "contest", &[&reply]);
    assert_eq!(absence(&timeline, "03-10"), json!([]));
    timeline.say("03-11", "US", "acceptance", &[&reply]);
    assert_eq!(answer(&timeline, "03-10 23:59:59")["ambiguity"]["oldest"], format!("{report}/a1"));
    assert_eq!(answer(&timeline, "03-11")["ambiguity"], Value::Null);
    assert_eq!(absence(&timeline, "03-11"), finding(&report, END, "2026-06-02T23:59:59Z", Value::Null));
}

#[test]
fn ruling_39_a_joint_statement_resolves_what_a_request_in_its_references_names() {
    let (mut timeline, report) = unclear();
    let question = timeline.say_with("03-05", "US", "clarification_request", &[&report], json!({ "ambiguity": "a1" }));
    let state = |timeline: &mut Timeline, received: &str, refs: &[&str]| {
        timeline.add(received, BOTH, "joint_statement", refs, json!({ "text": crate::timeline::words() }))
    };
    state(&mut timeline, "03-06", &[]);
    assert_eq!(absence(&timeline, "03-06"), json!([]));
    state(&mut timeline, "03-07", &[&question]);
    assert_eq!(absence(&timeline, "03-07"), finding(&report, END, "2026-06-02T23:59:59Z", Value::Null));
    assert_eq!(answer(&timeline, "03-07")["ambiguity"], Value::Null);
}
