//! Rulings 30 to 32: quota and counts.

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
