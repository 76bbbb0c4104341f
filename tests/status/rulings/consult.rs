//! CONSULT (section 6), in each of the seven rules; it rests on the agreement alone (ruling 3).

use serde_json::json;

use super::*;

/// Consultation that the US ask for on 2 March 10:00. RU owes it until the last second of the 45th day: 16 April.
fn asked() -> (Timeline, String) {
    let mut timeline = ready();
    let request = timeline.say("03-02 10:00", "US", "consultation_request", &[]);
    (timeline, request)
}

/// The states in each view, and the clause in the view of the US.
#[track_caller]
fn stands(timeline: &Timeline, as_of: &str, request: &str, states: &str, clause: &str) {
    assert_eq!(timeline.states(as_of, "CONSULT", request), three(states));
    assert_eq!(row(timeline, as_of, "CONSULT", request)["clause"], clause);
}

fn state_together(timeline: &mut Timeline, received: &str, refs: &[&str]) -> String {
    timeline.add(received, BOTH, "joint_statement", refs, json!({ "text": crate::timeline::words() }))
}

#[test]
fn a_consultation_is_owed_by_the_other_party_for_forty_five_days() {
    let (timeline, request) = asked();
    let row = row(&timeline, "03-03", "CONSULT", &request);
    assert_eq!(row["id"], format!("CONSULT:{request}:-"));
    let members = [&row["obligor"], &row["holder"], &row["created_at"], &row["due_at"], &row["period"]];
    assert_eq!(members, ["RU", "US", "2026-03-02T10:00:00Z", "2026-04-16T23:59:59Z", "2026"]);
    let absent = [&row["slot"], &row["visit"], &row["flags"]["quota"]];
    assert_eq!((absent, &row["graded"]), ([&Value::Null; 3], &json!(false)));
    stands(&timeline, "04-16 23:59:59", &request, "OPEN", "§3.7");
    stands(&timeline, "04-17", &request, "OVERDUE", "§3.7");
    assert_eq!(timeline.pairs("04-17"), three("RECIPROCAL")); // a clock, where the terms do not grade it
}

#[test]
fn a_consultation_is_held_by_a_joint_statement_that_names_the_request() {
    for (received, state) in [("04-16 23:59:59", "FULFILLED"), ("04-17", "FULFILLED_LATE")] {
        let (mut timeline, request) = asked();
        state_together(&mut timeline, "03-05", &[]);
        stands(&timeline, "03-06", &request, "OPEN", "§3.7");
        let statement = state_together(&mut timeline, received, &[&request]);
        stands(&timeline, "04-18", &request, state, "§3.3");
        assert_eq!(row(&timeline, "04-18", "CONSULT", &request)["causes"], json!([request, statement]));
    }
}

#[test]
fn ruling_03_a_consultation_rests_on_the_agreement_alone() {
    let (mut timeline, request) = asked();
    for slot in ["A1", "A2", "B1", "B2"] {
        timeline.withdraw_designation(slot, "03-10");
    }
    stands(&timeline, "03-11", &request, "OPEN", "§3.7");
    let end = timeline.add("03-12", BOTH, "terms", &[], json!({ "version": 2, "ended": true }));
    stands(&timeline, "03-12", &request, "EXTINGUISHED", "§3.1");
    assert_eq!(row(&timeline, "03-12", "CONSULT", &request)["causes"], json!([request, end]));
    // What had accrued before the end stays.
    let (mut timeline, request) = asked();
    timeline.add("04-17", BOTH, "terms", &[], json!({ "version": 2, "ended": true }));
    stands(&timeline, "04-18", &request, "OVERDUE", "§3.7");
}

#[test]
fn a_consultation_is_released_withheld_excused_or_refused_like_anything_else_that_is_owed() {
    let (mut timeline, request) = asked();
    timeline.say("03-05", "US", "cancellation", &[&request]);
    stands(&timeline, "03-05", &request, "RELEASED", "§3.2");

    let (mut timeline, request) = asked();
    let claim = timeline.say("03-05", "RU", "suspension", &[]);
    stands(&timeline, "03-05", &request, "WITHHELD", "§3.4");
    timeline.say("03-06", "US", "contest", &[&claim]);
    stands(&timeline, "03-06", &request, "REFUSED / WITHHELD / CONTESTED", "§3.4");

    let (mut timeline, request) = asked();
    let claim = timeline.say("03-05", "RU", "force_majeure", &[&request]);
    stands(&timeline, "03-05", &request, "EXCUSE_CLAIMED / EXCUSED / EXCUSE_CLAIMED", "§3.5");
    timeline.say("05-01", "RU", "lift", &[&claim]); // 32 h of notice from here
    stands(&timeline, "05-02 08:00", &request, "OPEN", "§3.7");
    stands(&timeline, "05-02 08:00:01", &request, "OVERDUE", "§3.7");

    let (mut timeline, request) = asked();
    timeline.say("03-05", "RU", "refusal", &[&request]);
    stands(&timeline, "03-05", &request, "REFUSED", "§3.6");
}

#[test]
fn a_consultation_is_postponed_by_both_and_graded_where_the_terms_say_so() {
    let mut timeline = ready_with(json!({ "graded": ["CONSULT"] }));
    let request = timeline.say("03-02 10:00", "US", "consultation_request", &[]);
    let body = json!({ "due_at": "2026-05-01T12:00:00Z" });
    timeline.add("03-20", BOTH, "postponement", &[&request], body);
    stands(&timeline, "05-01 12:00", &request, "OPEN", "§3.7");
    assert_eq!(timeline.pairs("05-01 12:00"), three("RECIPROCAL_OPEN"));
    stands(&timeline, "05-01 12:00:01", &request, "OVERDUE", "§3.7");
    assert_eq!(timeline.pairs("05-01 12:00:01"), three("ONE_SIDED(RU)"));
    assert_eq!(denials(&timeline, "05-02", "RU"), 0); // denials count ADMIT only (ruling 31)
}
