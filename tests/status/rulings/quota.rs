//! Rulings 30 to 32: quota and counts.

use serde_json::json;

use super::*;

#[test]
fn ruling_30_the_clock_refunds_in_the_first_second_after_due() {
    let (timeline, _) = requested();
    assert_eq!(quota(&timeline, "03-04", "B1"), (0, 1));
    assert_eq!(quota(&timeline, "03-04 00:00:01", "B1"), (0, 0));
}

#[test]
fn ruling_30_a_late_visit_still_counts_as_used() {
    let (mut timeline, request) = requested();
    timeline.milestone(&request, "site_arrival", "03-10", &["US", "RU"]);
    assert_eq!(quota(&timeline, "03-09", "B1"), (0, 0));
    assert_eq!(quota(&timeline, "03-11", "B1"), (1, 0));
}

#[test]
fn ruling_31_a_contested_excuse_is_no_denial() {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    timeline.say("03-02 12:00", "US", "contest", &[&claim]);
    admit(&timeline, "03-05", &request, "REFUSED / EXCUSED / CONTESTED");
    assert_eq!(denials(&timeline, "03-05", "RU"), 0);
}

#[test]
fn ruling_31_late_knowledge_of_timely_performance_takes_a_denial_back() {
    let (mut timeline, request) = requested();
    assert_eq!(denials(&timeline, "03-05", "RU"), 1);
    timeline.milestone_late(&request, "site_arrival", "03-10", "03-03 06:00", &["US", "RU"]);
    assert_eq!(denials(&timeline, "03-05", "RU"), 0);
}

#[test]
fn ruling_32_a_visit_without_an_end_is_not_completed() {
    let (mut timeline, request) = requested();
    timeline.milestone(&request, "site_arrival", "03-03 06:00", &["US", "RU"]);
    assert_eq!(timeline.status("03-05", Viewer::Us).exercise.completed.us, 0);
    timeline.milestone(&request, "end", "03-04", &["US", "RU"]);
    let exercise = timeline.status("03-05", Viewer::Us).exercise;
    assert_eq!((exercise.completed.us, exercise.balance), (1, 1));
}

/// Used, reserved and remaining at B1, and what each of these requests carries.
fn places(timeline: &Timeline, as_of: &str, requests: &[&str]) -> ([u64; 3], Vec<Value>) {
    let quota = quota_row(timeline, as_of, "B1");
    let counts = ["used", "reserved", "remaining"].map(|member| quota[member].as_u64().expect("a count"));
    let flag = |request: &&str| row(timeline, as_of, "ADMIT", request)["flags"]["quota"].clone();
    (counts, requests.iter().map(flag).collect())
}

#[test]
fn ruling_30_an_amendment_flags_the_places_that_were_taken_last() {
    let (mut timeline, first) = requested();
    timeline.milestone(&first, "site_arrival", "03-03 06:00", BOTH);
    timeline.milestone(&first, "end", "03-04", BOTH);
    let second = timeline.request("B1", "03-10", "03-20");
    let both = [first.as_str(), &second];
    let amend = |timeline: &mut Timeline, received: &str, version: i64, quota: i64| {
        let body = json!({ "version": version, "limits": { "quota": quota } });
        timeline.add(received, BOTH, "terms", &[], body);
    };
    assert_eq!(places(&timeline, "03-11", &both), ([1, 1, 0], vec![Value::Null, Value::Null]));
    amend(&mut timeline, "03-12", 2, 1);
    assert_eq!(places(&timeline, "03-12", &both), ([1, 1, 0], vec![Value::Null, json!("OVER_QUOTA")]));
    amend(&mut timeline, "03-13", 3, 0);
    assert_eq!(places(&timeline, "03-13", &both), ([1, 1, 0], vec![json!("OVER_QUOTA"); 2]));
    amend(&mut timeline, "03-14", 4, 5);
    assert_eq!(places(&timeline, "03-14", &both), ([1, 1, 3], vec![Value::Null, Value::Null]));
}

#[test]
fn ruling_30_a_record_that_came_late_flags_the_visit_that_took_the_place_meanwhile() {
    let mut timeline = Timeline::new(json!({ "quota": 1 }));
    let first = timeline.request("B1", "03-01", "03-03");
    let second = timeline.request("B1", "03-10", "03-20");
    let both = [first.as_str(), &second];
    assert_eq!(places(&timeline, "03-11", &both), ([0, 1, 0], vec![Value::Null, Value::Null]));
    timeline.milestone_late(&first, "site_arrival", "03-12", "03-03 06:00", BOTH);
    assert_eq!(places(&timeline, "03-11", &both), ([1, 1, 0], vec![Value::Null, json!("OVER_QUOTA")]));
}

#[test]
fn ruling_30_places_beyond_the_quota_are_counted_in_the_order_of_their_beginning() {
    // The first is overdue, and its place is taken by a third; a visit that is late takes it again, after the third.
    let mut timeline = Timeline::new(json!({ "quota": 1 }));
    let first = timeline.request("B1", "03-01", "03-03");
    let second = timeline.request("B1", "03-10", "03-20");
    timeline.milestone(&first, "site_arrival", "03-12", BOTH);
    let expected = ([1, 1, 0], vec![json!("OVER_QUOTA_BY_CONSENT"), Value::Null]);
    assert_eq!(places(&timeline, "03-13", &[&first, &second]), expected);
}
