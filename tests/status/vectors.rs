//! The vectors of section 4: notice 32 h, quota 2, graded ADMIT alone.

use countersign::treaty::reciprocity::Viewer;
use serde_json::json;

use crate::timeline::Timeline;

fn three(text: &str) -> [String; 3] {
    let mut parts: Vec<String> = text.split(" / ").map(str::to_owned).collect();
    if parts.len() == 1 {
        parts = vec![parts[0].clone(); 3];
    }
    parts.try_into().expect("one for each view")
}

fn ready() -> Timeline {
    Timeline::new(json!({}))
}

#[track_caller]
fn admit(timeline: &Timeline, as_of: &str, request: &str, states: &str, pairs: &str) {
    assert_eq!(timeline.states(as_of, "ADMIT", request), three(states));
    assert_eq!(timeline.pairs(as_of), three(pairs));
}

/// T1a.
fn requested() -> (Timeline, String) {
    let mut timeline = ready();
    let request = timeline.request("B1", "03-01", "03-02 08:00");
    (timeline, request)
}

/// T3.
fn excused() -> (Timeline, String, String) {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02 01:00", "RU", "force_majeure", &[&request]);
    (timeline, request, claim)
}

const CONTESTED: &str = "ONE_SIDED(RU) / RECIPROCAL_WITH_EXCUSE / CONTESTED";

#[test]
fn t1a_exactly_the_notice_is_enough() {
    let (timeline, request) = requested();
    admit(&timeline, "03-01 12:00", &request, "OPEN", "RECIPROCAL_OPEN");
}

#[test]
fn t1b_a_team_let_in_in_time_fulfils() {
    let (mut timeline, request) = requested();
    timeline.milestone(&request, "site_arrival", "03-02 07:30", &["US", "RU"]);
    admit(&timeline, "03-03", &request, "FULFILLED", "RECIPROCAL");
}

#[test]
fn t2_a_minute_less_than_the_notice_is_inadmissible() {
    let mut timeline = ready();
    let request = timeline.request("B1", "03-01 00:01", "03-02 08:00");
    admit(&timeline, "03-03", &request, "-", "RECIPROCAL");
    let requests = timeline.status("03-03", Viewer::Us).requests;
    assert_eq!((requests[0].verdict, requests[0].reason), ("INADMISSIBLE", Some("NOTICE")));
}

#[test]
fn t3_an_unanswered_excuse_is_claimed() {
    let (timeline, request, _) = excused();
    let pairs = "CONTESTED / RECIPROCAL_WITH_EXCUSE / CONTESTED";
    admit(&timeline, "03-05", &request, "EXCUSE_CLAIMED / EXCUSED / EXCUSE_CLAIMED", pairs);
}

#[test]
fn t4_a_contested_excuse_is_a_refusal_to_who_contests() {
    let (mut timeline, request, claim) = excused();
    timeline.say("03-04", "US", "contest", &[&claim]);
    admit(&timeline, "03-05", &request, "REFUSED / EXCUSED / CONTESTED", CONTESTED);
}

#[test]
fn t4_an_accepted_excuse_excuses_everywhere() {
    let (mut timeline, request, claim) = excused();
    timeline.say("03-04", "US", "acceptance", &[&claim]);
    admit(&timeline, "03-05", &request, "EXCUSED", "RECIPROCAL_WITH_EXCUSE");
}

#[test]
fn t5_an_exemption_of_slots_covers_a_later_request() {
    let mut timeline = ready();
    let claim = timeline.say_with("08-08", "RU", "exemption", &[], json!({ "slots": ["B1", "B2"] }));
    let request = timeline.request("B1", "08-10", "08-12");
    timeline.say("08-11", "US", "contest", &[&claim]);
    admit(&timeline, "08-13", &request, "REFUSED / EXCUSED / CONTESTED", CONTESTED);
}

#[test]
fn t6_late_knowledge_changes_what_is_known_and_not_what_was() {
    let mut timeline = ready();
    let request = timeline.request("B1", "03-01", "03-02 08:00");
    timeline.milestone_late(&request, "site_arrival", "03-10", "03-03 07:00", &["US", "RU"]);
    for viewer in crate::timeline::VIEWS {
        let state = |known_at| {
            let answer = timeline.status_known("03-05", known_at, viewer);
            let row = answer.obligations.iter().find(|row| row.kind == "ADMIT").expect("the ADMIT");
            (row.state, answer.pair.status.clone())
        };
        assert_eq!(state("03-05"), ("OVERDUE", "ONE_SIDED(RU)".to_owned()));
        assert_eq!(state("03-11"), ("FULFILLED", "RECIPROCAL".to_owned()));
    }
}

#[test]
fn t7_a_host_objection_is_an_excuse_of_the_inspected_party() {
    let mut timeline = ready();
    let request = timeline.request("A1", "04-01", "04-02 12:00");
    timeline.say("04-01 20:00", "US", "host_objection", &[&request]);
    let pairs = "RECIPROCAL_WITH_EXCUSE / CONTESTED / CONTESTED";
    admit(&timeline, "04-03", &request, "EXCUSED / EXCUSE_CLAIMED / EXCUSE_CLAIMED", pairs);
}

/// T8: B1 overdue since 2 May; the US withholds a visit to A1 and cites it.
fn countermeasure() -> (Timeline, String, String, String) {
    let mut timeline = ready();
    let overdue = timeline.request("B1", "04-28", "05-01");
    let request = timeline.request("A1", "05-03", "05-06");
    let cites = json!({ "cites": [format!("ADMIT:{overdue}:B1")] });
    let claim = timeline.say_with("05-05", "US", "countermeasure", &[&request], cites);
    (timeline, overdue, request, claim)
}

#[test]
fn t8_a_withholding_that_cites_a_default_is_a_countermeasure() {
    let (timeline, overdue, request, _) = countermeasure();
    assert_eq!(timeline.states("05-07", "ADMIT", &overdue), three("OVERDUE"));
    admit(&timeline, "05-07", &request, "WITHHELD", "COUNTERMEASURE_IN_EFFECT");
}

#[test]
fn t8_a_contested_countermeasure_is_a_refusal_to_who_contests() {
    let (mut timeline, _, request, claim) = countermeasure();
    timeline.say("05-06", "RU", "contest", &[&claim]);
    let pairs = "COUNTERMEASURE_IN_EFFECT / MUTUAL_DEFAULT / ONE_SIDED(RU)";
    admit(&timeline, "05-07", &request, "WITHHELD / REFUSED / CONTESTED", pairs);
}

#[test]
fn t9_a_third_visit_in_the_year_is_beyond_the_quota() {
    let mut timeline = ready();
    for month in ["03", "05"] {
        let visit = timeline.request("B1", &format!("{month}-01"), &format!("{month}-03"));
        timeline.milestone(&visit, "site_arrival", &format!("{month}-03 06:00"), &["US", "RU"]);
        timeline.milestone(&visit, "end", &format!("{month}-04 06:00"), &["US", "RU"]);
    }
    let third = timeline.request("B1", "07-01", "07-03");
    admit(&timeline, "07-04", &third, "-", "RECIPROCAL");
    let answer = timeline.status("07-04", Viewer::Us);
    assert_eq!(answer.requests[2].reason, Some("QUOTA"));
    assert_eq!((answer.exercise.completed.us, answer.exercise.balance), (2, 2));
}

#[test]
fn t10_a_slot_that_was_never_designated_is_nobodys_default() {
    let mut timeline = Timeline::bare(json!({}));
    for slot in ["A1", "A2", "B1"] {
        timeline.designate(slot, "2025-12-01");
    }
    for (slot, host) in [("A1", "RO"), ("A2", "PL")] {
        let body = json!({ "scope": "standing", "slot": slot, "action": "give" });
        timeline.add("2025-12-02", &[host], "host_consent", &[], body);
    }
    assert_eq!(timeline.pairs("03-01"), three("NOT_IN_FORCE(RU)"));
}
