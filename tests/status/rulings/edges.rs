//! Rulings 19, 30, 36, 40, 41, 42 and 46 where several of them meet.

use serde_json::json;

use super::*;

/// One visit a year: a first request for B1, and a second of 10 March when the place of the first is free again.
fn two_for_one_place(excuse: bool) -> (Timeline, String, Option<String>) {
    let mut timeline = Timeline::new(json!({ "quota": 1 }));
    let first = timeline.request("B1", "03-01", "03-03");
    let claim = excuse.then(|| timeline.say("03-02", "RU", "force_majeure", &[&first]));
    let second = timeline.request("B1", "03-10", "03-20");
    assert_eq!(reason(&timeline, "03-11", &second), Value::Null);
    (timeline, first, claim)
}

#[test]
fn ruling_19_a_lift_without_room_in_the_quota_leaves_it_dormant() {
    let (mut timeline, first, claim) = two_for_one_place(true);
    timeline.say("03-12", "RU", "lift", &[&claim.expect("a claim")]);
    admit(&timeline, "03-12", &first, "DORMANT");
    assert_eq!(quota(&timeline, "03-12", "B1"), (0, 1));
}

#[test]
fn ruling_30_a_place_retaken_by_consent_is_flagged() {
    let (mut timeline, first, _) = two_for_one_place(false);
    postpone(&mut timeline, "03-12", &first, "04-01");
    admit(&timeline, "03-13", &first, "OPEN");
    assert_eq!(row(&timeline, "03-13", "ADMIT", &first)["flags"]["quota"], "OVER_QUOTA_BY_CONSENT");
}

#[test]
fn ruling_36_an_intent_before_a_milestone_is_not_named() {
    let (mut timeline, request) = requested();
    let named = timeline.milestone(&request, "site_named", "03-03", &["US", "RU"]);
    timeline.say("03-03 00:30", "RU", "contest", &[&request, &named]);
    assert_eq!(row(&timeline, "03-03 00:30", "FREEZE", &named)["flags"]["disputed"], true);
    assert_eq!(row(&timeline, "03-03 00:30", "ADMIT", &request)["flags"]["disputed"], false);
}

#[test]
fn ruling_36_an_intent_before_a_claim_that_is_answered_is_not_named() {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    timeline.say("03-02 12:00", "US", "contest", &[&request, &claim]);
    timeline.say_with("03-02 13:00", "US", "contest", &[&claim], json!({ "action": "withdraw" }));
    admit(&timeline, "03-05", &request, "EXCUSE_CLAIMED / EXCUSED / EXCUSE_CLAIMED");
    assert_eq!(row(&timeline, "03-05", "ADMIT", &request)["flags"]["disputed"], false);
}

#[test]
fn ruling_40_a_refusal_by_contest_lasts_as_long_as_the_contest() {
    let mut timeline = with_visas();
    let request = timeline.request("B1", "03-01", "03-03");
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    timeline.say("03-02 06:00", "US", "contest", &[&claim]);
    timeline.add("03-02 12:00", &["RU"], "precondition", &[], json!({ "name": "visas", "state": "NOT_MET" }));
    admit(&timeline, "03-02 18:00", &request, "REFUSED / DORMANT / CONTESTED");
    timeline.say_with("03-03", "US", "contest", &[&claim], json!({ "action": "withdraw" }));
    admit(&timeline, "03-03", &request, "DORMANT");
}

#[test]
fn ruling_41_a_postponement_takes_its_place_at_its_effect() {
    let (mut timeline, request) = requested();
    let body = json!({ "eta": "2026-03-20T00:00:00Z" });
    timeline.with_effect("03-05", Some("03-07"), BOTH, "postponement", &[&request], body);
    assert_eq!(quota(&timeline, "03-04", "B1"), (0, 1));
    assert_eq!(quota(&timeline, "03-06 23:59:59", "B1"), (0, 0));
    admit(&timeline, "03-06 23:59:59", &request, "OVERDUE");
    assert_eq!(quota(&timeline, "03-07", "B1"), (0, 1));
    admit(&timeline, "03-07", &request, "OPEN");
}

#[test]
fn ruling_41_a_date_that_both_agreed_to_counts_if_it_is_ahead_at_the_lift() {
    // 10 March is agreed to before the claim, 15 March since; both have passed at the lift of the 20th.
    let (mut timeline, request) = requested();
    postpone(&mut timeline, "03-01 12:00", &request, "03-10");
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    postpone(&mut timeline, "03-10", &request, "03-15");
    let lift = timeline.say("03-20", "RU", "lift", &[&claim]);
    assert_eq!(row(&timeline, "03-19", "ADMIT", &request)["due_at"], "2026-03-11T00:00:00Z");
    assert_eq!(row(&timeline, "03-20", "ADMIT", &request)["due_at"], "2026-03-21T08:00:00Z");
    assert_eq!(causes(&timeline, "03-20", "ADMIT", &request)[0], [request, lift]);
}

#[test]
fn ruling_42_a_postponement_whose_date_outlasts_the_notice_of_a_lift_stays_a_cause() {
    for (eta, due, stays) in [("03-19", "2026-03-21T08:00:00Z", false), ("03-25", "2026-03-26T00:00:00Z", true)] {
        let (mut timeline, request) = requested();
        let postponed = postpone(&mut timeline, "03-01 12:00", &request, eta);
        let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
        let lift = timeline.say("03-20", "RU", "lift", &[&claim]);
        assert_eq!(row(&timeline, "03-20", "ADMIT", &request)["due_at"], due);
        let mut expected = vec![request.clone(), lift];
        if stays {
            expected.insert(1, postponed);
        }
        assert_eq!(causes(&timeline, "03-20", "ADMIT", &request)[0], expected);
    }
}

#[test]
fn ruling_41_a_date_counts_if_it_was_agreed_to_since_the_claim_that_was_lifted_last() {
    for (last, due) in [(1, "2026-03-21T08:00:00Z"), (0, "2026-04-02T00:00:00Z")] {
        let (mut timeline, request) = requested();
        let first = timeline.say("03-02", "RU", "force_majeure", &[&request]);
        postpone(&mut timeline, "03-02 06:00", &request, "04-01");
        let second = timeline.say("03-02 12:00", "RU", "exemption", &[&request]);
        let claims = [first, second];
        timeline.say("03-05", "RU", "lift", &[&claims[1 - last]]);
        timeline.say("03-20", "RU", "lift", &[&claims[last]]);
        assert_eq!(row(&timeline, "03-20", "ADMIT", &request)["due_at"], due);
    }
}

#[test]
fn ruling_41_a_lift_needs_no_room_where_both_have_postponed() {
    for (eta, state, reserved) in [("04-01", "OPEN", 2), ("03-12", "DORMANT", 1)] {
        let (mut timeline, first, claim) = two_for_one_place(true);
        postpone(&mut timeline, "03-11", &first, eta);
        timeline.say("03-14", "RU", "lift", &[&claim.expect("a claim")]);
        admit(&timeline, "03-14", &first, state);
        assert_eq!(quota(&timeline, "03-14", "B1"), (0, reserved));
        let flag = row(&timeline, "03-14", "ADMIT", &first)["flags"]["quota"].clone();
        assert_eq!(flag == "OVER_QUOTA_BY_CONSENT", state == "OPEN");
    }
}

#[test]
fn ruling_41_a_postponement_without_the_basis_takes_overdue_and_refused_to_dormant() {
    for refused in [false, true] {
        let mut timeline = with_visas();
        let request = timeline.request("B1", "03-01", "03-03");
        if refused {
            timeline.say("03-02", "RU", "refusal", &[&request]);
        }
        visas(&mut timeline, "03-05", "NOT_MET");
        admit(&timeline, "03-06", &request, if refused { "REFUSED" } else { "OVERDUE" });
        postpone(&mut timeline, "03-07", &request, "03-20");
        admit(&timeline, "03-07", &request, "DORMANT");
        assert_eq!((quota(&timeline, "03-07", "B1"), denials(&timeline, "03-07", "RU")), ((0, 0), json!(1)));
        visas(&mut timeline, "03-08", "MET");
        admit(&timeline, "03-08", &request, "DORMANT");
        postpone(&mut timeline, "03-09", &request, "03-25");
        admit(&timeline, "03-09", &request, "OPEN");
        assert_eq!(quota(&timeline, "03-09", "B1"), (0, 1));
    }
}

#[test]
fn ruling_42_all_live_claims_that_decide_equally_are_causes() {
    let (mut timeline, request) = requested();
    let first = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    let second = timeline.say("03-02 01:00", "RU", "exemption", &[&request]);
    let all = vec![request.clone(), first.clone(), second.clone()];
    assert_eq!(causes(&timeline, "03-02 02:00", "ADMIT", &request), [(); 3].map(|()| all.clone()));
    // Contested, the first decides nothing for who contests it; in the obligor's view answers play no part.
    timeline.say("03-02 03:00", "US", "contest", &[&first]);
    let of_us = vec![request.clone(), second];
    assert_eq!(causes(&timeline, "03-02 03:00", "ADMIT", &request), [of_us, all.clone(), all]);
}

#[test]
fn ruling_42_an_answer_is_named_where_it_changes_the_state_and_never_for_the_obligor() {
    // What the US says of a claim by RU, and whether the state would be another without it.
    for (kind, said, changes) in [
        ("force_majeure", "acceptance", true),
        ("force_majeure", "contest", true),
        ("suspension", "acceptance", false),
        ("suspension", "contest", true),
    ] {
        let (mut timeline, request) = requested();
        let claim = timeline.say("03-02", "RU", kind, &[&request]);
        let by = timeline.say("03-02 01:00", "US", said, &[&claim]);
        let own = vec![request.clone(), claim];
        let mut holders = own.clone();
        holders.extend(Some(by).filter(|_| changes));
        let expected = [holders.clone(), own, holders];
        assert_eq!(causes(&timeline, "03-05", "ADMIT", &request), expected, "{kind}, {said}");
    }
}

#[test]
fn ruling_42_a_lift_is_named_with_the_postponement_whose_date_it_took() {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    let postponed = postpone(&mut timeline, "03-10", &request, "04-01");
    let lift = timeline.say("03-20", "RU", "lift", &[&claim]);
    let under = vec![request.clone(), claim];
    assert_eq!(causes(&timeline, "03-19", "ADMIT", &request), [(); 3].map(|()| under.clone()));
    let after = vec![request.clone(), postponed, lift];
    assert_eq!(causes(&timeline, "03-20", "ADMIT", &request), [(); 3].map(|()| after.clone()));
}

#[test]
fn ruling_42_the_lift_is_a_cause_from_then_on() {
    let (mut timeline, request) = requested();
    let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
    let lift = timeline.say("03-20", "RU", "lift", &[&claim]);
    let causes = row(&timeline, "03-20", "ADMIT", &request)["causes"].clone();
    assert!(causes.as_array().expect("a list").contains(&json!(lift)));
}

#[test]
fn ruling_46_a_claim_lifted_before_its_effect_never_was_live() {
    let (mut timeline, request) = requested();
    let body = json!({ "reason": crate::timeline::words() });
    let claim = timeline.with_effect("03-02", Some("03-03"), &["RU"], "force_majeure", &[&request], body);
    timeline.say("03-02 12:00", "RU", "lift", &[&claim]);
    assert_eq!(row(&timeline, "03-03 12:00", "ADMIT", &request)["due_at"], "2026-03-04T00:00:00Z");
    admit(&timeline, "03-04 00:00:01", &request, "OVERDUE");
}

#[test]
fn ruling_46_a_postponement_takes_back_a_refusal_that_a_claim_hides() {
    for postponed in [false, true] {
        let (mut timeline, request) = requested();
        let claim = timeline.say("03-02", "RU", "force_majeure", &[&request]);
        timeline.say("03-02 01:00", "RU", "refusal", &[&request]);
        if postponed {
            postpone(&mut timeline, "03-02 02:00", &request, "03-20");
        }
        timeline.say("03-03", "RU", "lift", &[&claim]);
        let (state, denied) = if postponed { ("OPEN", 0) } else { ("REFUSED", 1) };
        admit(&timeline, "03-05", &request, state);
        assert_eq!(denials(&timeline, "03-05", "RU"), denied);
    }
}

#[test]
fn ruling_46_the_quality_is_that_of_the_newest_reply_that_was_answered() {
    let mut timeline = ready();
    let question = timeline.say("03-02", "US", "clarification_request", &[]);
    let first = timeline.say("03-03", "RU", "clarification_reply", &[&question]);
    timeline.say("03-03 06:00", "US", "acceptance", &[&first]);
    let second = timeline.say("03-03 12:00", "RU", "clarification_reply", &[&question]);
    timeline.say("03-03 18:00", "US", "contest", &[&second]);
    timeline.say("03-04", "RU", "clarification_reply", &[&question]);
    timeline.say_with("03-05", "US", "contest", &[&second], json!({ "action": "withdraw" }));
    let quality = |as_of: &str| row(&timeline, as_of, "CLARIFY", &question)["flags"]["quality"].clone();
    assert_eq!(quality("03-03"), "n/a");
    assert_eq!(quality("03-03 12:00"), "sufficient");
    assert_eq!(quality("03-03 18:00"), "insufficient");
    assert_eq!(quality("03-04"), "insufficient");
    assert_eq!(quality("03-05"), "sufficient"); // the second is unanswered again
}

#[test]
fn ruling_46_an_objection_does_not_carry_over_to_a_newer_list() {
    let mut timeline = ready();
    let list = json!({ "inspectors": [{ "code": "i1", "languages": ["ru"] }] });
    let first = timeline.add("02-01", &["US"], "inspector_list", &[], list.clone());
    let objection = json!({ "inspectors": ["i1"], "reason": crate::timeline::words() });
    timeline.add("02-02", &["RU"], "inspector_objection", &[&first], objection);
    let off = timeline.request_with("B1", "02-10", "02-20", json!({ "inspectors": ["i1"] }));
    timeline.add("02-11", &["US"], "inspector_list", &[], list);
    let on = timeline.request_with("B1", "02-12", "02-22", json!({ "inspectors": ["i1"] }));
    assert_eq!(reason(&timeline, "02-13", &off), "INSPECTORS");
    assert_eq!(reason(&timeline, "02-13", &on), Value::Null);
}

#[test]
fn ruling_46_a_host_objection_to_several_slots_needs_a_host_of_each() {
    let mut timeline = Timeline::bare(json!({}));
    timeline.lines[0]["record"]["body"]["slots"]["A2"]["host"] = "US".into();
    timeline.say_with("03-01", "US", "host_objection", &[], json!({ "slots": ["A1"] }));
    assert_eq!(left_out(&timeline), 0);
    timeline.say_with("03-01", "US", "host_objection", &[], json!({ "slots": ["A1", "A2"] }));
    assert_eq!(left_out(&timeline), 1);
}

#[test]
fn ruling_46_what_is_created_without_its_basis_is_dormant() {
    let mut timeline = with_visas();
    let request = timeline.request("B1", "03-01", "03-03");
    let missing = visas(&mut timeline, "03-02", "NOT_MET");
    let named = timeline.milestone(&request, "site_named", "03-03", BOTH);
    assert_eq!(timeline.states("03-03", "ACCESS", &named), three("DORMANT"));
    assert_eq!(row(&timeline, "03-05", "ACCESS", &named)["causes"], json!([missing, named]));
    timeline.milestone(&request, "site_arrival", "03-03 06:00", BOTH);
    assert_eq!(timeline.states("03-03 06:00", "ACCESS", &named), three("FULFILLED"));

    let mut timeline = ready();
    timeline.add("03-01", BOTH, "terms", &[], json!({ "version": 2, "ended": true }));
    let question = timeline.say("03-02", "US", "clarification_request", &[]);
    assert_eq!(timeline.states("03-02", "CLARIFY", &question), three("EXTINGUISHED"));
}

#[test]
fn ruling_46_an_acknowledgement_is_owed_from_receipt_of_what_takes_effect_later() {
    let (mut timeline, request) = requested();
    let body = json!({ "reason": crate::timeline::words() });
    let claim = timeline.with_effect("03-02", Some("03-03"), &["RU"], "force_majeure", &[&request], body);
    let ack = row(&timeline, "03-02", "ACK", &claim);
    assert_eq!((&ack["state"], &ack["due_at"]), (&json!("OPEN"), &json!("2026-03-02T01:00:00Z")));
    assert_eq!(timeline.states("03-02 01:00:01", "ACK", &claim), three("OVERDUE"));
    admit(&timeline, "03-02 23:59:59", &request, "OPEN"); // the claim itself waits
}
