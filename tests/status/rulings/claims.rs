//! Rulings 14 to 21, 40, 41 and 46: claims and the answers to them.

use serde_json::json;

use super::*;

#[test]
fn ruling_14_a_claim_after_due_changes_nothing() {
    let (mut timeline, request) = requested();
    timeline.say("03-04 00:00:01", "RU", "force_majeure", &[&request]);
    admit(&timeline, "03-05", &request, "OVERDUE");
}

#[test]
fn ruling_14_a_claim_at_due_counts_and_one_after_a_refusal_does_not() {
    let (mut timeline, request) = requested();
    timeline.say("03-04", "RU", "force_majeure", &[&request]);
    admit(&timeline, "03-05", &request, "EXCUSE_CLAIMED / EXCUSED / EXCUSE_CLAIMED");
    let (mut timeline, request) = requested();
    timeline.say("03-02", "RU", "refusal", &[&request]);
    timeline.say("03-02 12:00", "RU", "force_majeure", &[&request]);
    admit(&timeline, "03-05", &request, "REFUSED");
}

#[test]
fn ruling_15_access_offered_takes_back_the_denial_of_the_clock() {
    let (mut timeline, request) = requested();
    timeline.say("03-05", "RU", "access_offered", &[&request]);
    assert_eq!(denials(&timeline, "03-04 12:00", "RU"), 1);
    admit(&timeline, "03-06", &request, "EXCUSE_CLAIMED / EXCUSED / EXCUSE_CLAIMED");
    assert_eq!(denials(&timeline, "03-06", "RU"), 0);
}

#[test]
fn ruling_15_access_offered_too_early_or_too_late_has_no_effect() {
    for when in ["03-02 23:59:59", "03-05 00:00:01"] {
        let (mut timeline, request) = requested();
        timeline.say(when, "RU", "access_offered", &[&request]);
        admit(&timeline, "03-06", &request, "OVERDUE");
    }
}

#[test]
fn ruling_16_an_excuse_that_names_nothing_covers_nothing() {
    let (mut timeline, request) = requested();
    timeline.say("03-02", "RU", "force_majeure", &[]);
    admit(&timeline, "03-05", &request, "OVERDUE");
}

#[test]
fn ruling_16_a_suspension_that_names_nothing_covers_what_comes_later() {
    let mut timeline = ready();
    timeline.say("02-01", "RU", "suspension", &[]);
    let request = timeline.request("B1", "03-01", "03-03");
    admit(&timeline, "03-05", &request, "WITHHELD");
}

#[test]
fn ruling_16_a_refusal_does_not_cover_what_comes_later() {
    let (mut timeline, request) = requested();
    timeline.say("03-02", "RU", "refusal", &[&request]);
    let named = timeline.milestone(&request, "site_named", "03-03", &["US", "RU"]);
    admit(&timeline, "03-03 12:00", &request, "REFUSED");
    assert_eq!(timeline.states("03-03 12:00", "ACCESS", &named), three("OPEN"));
}

#[test]
fn ruling_17_the_least_disputed_claim_decides() {
    let (mut timeline, request) = requested();
    let first = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    let second = timeline.say("03-02", "RU", "exemption", &[&request]);
    timeline.say("03-02 01:00", "US", "contest", &[&first]);
    admit(&timeline, "03-05", &request, "EXCUSE_CLAIMED / EXCUSED / EXCUSE_CLAIMED");
    timeline.say("03-02 02:00", "US", "contest", &[&second]);
    admit(&timeline, "03-05", &request, "REFUSED / EXCUSED / CONTESTED");
}

#[test]
fn ruling_17_a_withholding_goes_before_an_excuse() {
    let (mut timeline, request) = requested();
    timeline.say("03-02", "RU", "force_majeure", &[&request]);
    timeline.say("03-02 01:00", "RU", "suspension", &[&request]);
    admit(&timeline, "03-05", &request, "WITHHELD");
}

#[test]
fn ruling_18_an_acceptance_is_final() {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    timeline.say("03-02 01:00", "US", "acceptance", &[&claim]);
    timeline.say("03-02 02:00", "US", "contest", &[&claim]);
    admit(&timeline, "03-05", &request, "EXCUSED");
}

#[test]
fn ruling_18_a_withdrawn_contest_leaves_the_claim_unanswered() {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    timeline.say("03-02 01:00", "US", "contest", &[&claim]);
    timeline.say_with("03-06", "US", "contest", &[&claim], json!({ "action": "withdraw" }));
    admit(&timeline, "03-05", &request, "REFUSED / EXCUSED / CONTESTED");
    admit(&timeline, "03-06", &request, "EXCUSE_CLAIMED / EXCUSED / EXCUSE_CLAIMED");
}

#[test]
fn ruling_19_after_a_lift_the_notice_runs_again() {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    assert_eq!(quota(&timeline, "03-10", "B1"), (0, 0));
    timeline.say("03-20", "RU", "lift", &[&claim]);
    admit(&timeline, "03-20", &request, "OPEN");
    assert_eq!(row(&timeline, "03-20", "ADMIT", &request)["due_at"], "2026-03-21T08:00:00Z");
    assert_eq!(quota(&timeline, "03-20", "B1"), (0, 1));
    admit(&timeline, "03-22", &request, "OVERDUE");
}

#[test]
fn ruling_19_and_41_a_lift_takes_the_date_postponed_to_under_the_claim() {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    postpone(&mut timeline, "03-10", &request, "04-01");
    assert_eq!(row(&timeline, "03-11", "ADMIT", &request)["due_at"], "2026-03-04T00:00:00Z");
    timeline.say("03-20", "RU", "lift", &[&claim]);
    assert_eq!(row(&timeline, "03-20", "ADMIT", &request)["due_at"], "2026-04-02T00:00:00Z");
}

#[test]
fn ruling_20_a_standing_suspension_enters_the_grade() {
    let mut timeline = ready();
    let claim = timeline.say("02-01", "RU", "suspension", &[]);
    assert_eq!(timeline.pairs("02-02"), three("SUSPENDED_BY(RU)"));
    timeline.say("02-03", "US", "contest", &[&claim]);
    assert_eq!(timeline.pairs("02-04"), three("CONTESTED / SUSPENDED_BY(RU) / CONTESTED"));
}

#[test]
fn ruling_21_a_countermeasure_must_cite_the_side_in_default() {
    let mut timeline = ready();
    timeline.request("B1", "04-28", "05-01");
    let request = timeline.request("A1", "05-03", "05-06");
    let cites = json!({ "cites": [format!("ADMIT:{request}:A1")] });
    timeline.say_with("05-05", "US", "countermeasure", &[&request], cites);
    assert_eq!(timeline.pairs("05-07"), three("MUTUAL_DEFAULT"));
}

#[test]
fn ruling_40_a_refusal_of_a_dormant_obligation_has_no_effect() {
    let mut timeline = ready_with(json!({ "preconditions": [{ "name": "visas", "suspensive": true }] }));
    let request = timeline.request("B1", "03-01", "03-03");
    for (received, state) in [("03-02", "NOT_MET"), ("03-04", "MET")] {
        let body = json!({ "name": "visas", "state": state });
        timeline.add(received, &["RU"], "precondition", &[], body);
        timeline.say(&format!("{received} 12:00"), "RU", "refusal", &[&request]);
    }
    admit(&timeline, "03-05", &request, "DORMANT");
    postpone(&mut timeline, "03-06", &request, "03-10");
    admit(&timeline, "03-07", &request, "OPEN");
}

#[test]
fn ruling_46_a_refusal_under_an_excuse_shows_once_the_excuse_is_gone() {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    timeline.say("03-02 01:00", "RU", "refusal", &[&request]);
    assert_eq!(denials(&timeline, "03-03", "RU"), 0);
    timeline.say("03-03 12:00", "RU", "lift", &[&claim]);
    assert_eq!(denials(&timeline, "03-03 12:00", "RU"), 1);
    admit(&timeline, "03-03 12:00", &request, "REFUSED");
}
