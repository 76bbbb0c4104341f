//! Rulings 34, 37, 38 and 45: how an answer is written, and what it leaves to other records.

use serde_json::json;

use super::*;
use crate::properties::{as_sets, mirrored};

#[test]
fn ruling_34_sides_are_named_in_one_order_and_every_default_beside_them() {
    let mut timeline = ready();
    let of_ru = timeline.request("B1", "03-01", "03-03");
    let out = timeline.withdraw_designation("B2", "03-10");
    assert_eq!(timeline.pairs("03-11"), three("NOT_IN_FORCE(RU; default RU)"));
    let status = answer(&timeline, "03-11");
    assert_eq!(status["sides"]["RU"], json!({ "grade": "N", "because": ["terms-0", out] }));
    assert_eq!(status["sides"]["US"], json!({ "grade": "S", "because": ["terms-0"] }));
    assert_eq!(status["pair"]["because"], json!(["terms-0", of_ru, out]));

    let of_us = timeline.request("A1", "03-12", "03-14");
    let body = json!({ "scope": "standing", "slot": "A2", "action": "withdraw" });
    let host = timeline.add("03-20", &["PL"], "host_consent", &[], body);
    assert_eq!(timeline.pairs("03-21"), three("NOT_IN_FORCE(US,RU; default US,RU)"));
    let because = answer(&timeline, "03-21")["pair"]["because"].clone();
    assert_eq!(because, json!(["terms-0", of_ru, out, of_us, host]));
}

#[test]
fn ruling_34_what_is_dormant_extinguished_or_inadmissible_has_no_grade() {
    let mut timeline = with_visas();
    let request = timeline.request("B1", "03-01", "03-03");
    timeline.request("B1", "03-01", "03-01 12:00");
    visas(&mut timeline, "03-02", "NOT_MET");
    visas(&mut timeline, "03-02 12:00", "MET");
    assert_eq!(row(&timeline, "03-05", "ADMIT", &request)["grade"], Value::Null);
    let status = answer(&timeline, "03-05");
    assert_eq!(status["sides"]["RU"], json!({ "grade": "S", "because": ["terms-0"] }));
    assert_eq!(timeline.pairs("03-05"), three("RECIPROCAL"));

    let mut timeline = ready_with(json!({ "graded": ["CLARIFY"] }));
    let question = timeline.say("03-02", "US", "clarification_request", &[]);
    timeline.add("03-03", BOTH, "terms", &[], json!({ "version": 2, "ended": true }));
    let row = row(&timeline, "03-05", "CLARIFY", &question);
    assert_eq!((&row["state"], &row["grade"], &row["graded"]), (&json!("EXTINGUISHED"), &Value::Null, &json!(true)));
    assert_eq!(timeline.pairs("03-05"), three("NOT_IN_FORCE(US,RU)"));
}

/// T8', on slots that mirror each other: `A` is inspected by RU, `B` by the US.
fn contested_countermeasure() -> Timeline {
    let mut timeline = Timeline::symmetric();
    let overdue = timeline.request("B1", "04-28", "05-01");
    let request = timeline.request("A1", "05-03", "05-06");
    let cites = json!({ "cites": [format!("ADMIT:{overdue}:B1")] });
    let claim = timeline.say_with("05-05", "US", "countermeasure", &[&request], cites);
    timeline.say("05-06", "RU", "contest", &[&claim]);
    timeline
}

#[test]
fn ruling_37_a_history_and_its_mirror_have_mirrored_answers() {
    let timeline = contested_countermeasure();
    let lines = mirrored(&timeline.text());
    let swapped = Timeline { lines: lines.lines().map(|line| serde_json::from_str(line).expect("a line")).collect() };
    assert_eq!(timeline.pairs("05-07"), three("COUNTERMEASURE_IN_EFFECT / MUTUAL_DEFAULT / ONE_SIDED(RU)"));
    assert_eq!(swapped.pairs("05-07"), three("MUTUAL_DEFAULT / COUNTERMEASURE_IN_EFFECT / ONE_SIDED(US)"));
    // Lists are compared as sets: `slots` and `quota` stand in the order of the slots' names.
    let one = serde_json::to_string(&timeline.status("05-07", Viewer::Us)).expect("an answer");
    let mut one: Value = serde_json::from_str(&mirrored(&one)).expect("JSON");
    let mut other = serde_json::to_value(swapped.status("05-07", Viewer::Ru)).expect("an answer");
    assert_ne!(one, other);
    as_sets(&mut one);
    as_sets(&mut other);
    assert_eq!(one, other);
}

#[test]
fn ruling_37_hosts_are_no_mirror_of_each_other() {
    let mut timeline = ready();
    let (of_us, of_ru) = (timeline.request("A1", "03-01", "03-05"), timeline.request("B1", "03-01", "03-05"));
    assert_eq!(timeline.states("03-02", "HOST_ACT", &of_us), three("OPEN"));
    assert_eq!(timeline.states("03-02", "HOST_ACT", &of_ru), three("-"));
}

#[test]
fn ruling_38_limits_that_create_no_obligation_are_shown_on_the_record() {
    let (mut timeline, declaration, visit, _) = ended();
    // Four hours are given for the naming, a day for the inspection, a day for the lodging after the departure.
    timeline.milestone(&visit, "poe_arrival", "03-04 01:00", BOTH);
    timeline.milestone(&visit, "site_named", "03-04 05:00:07", BOTH);
    timeline.milestone(&visit, "start", "03-04 06:00", BOTH);
    timeline.milestone(&visit, "end", "03-05 06:00:08", BOTH);
    timeline.milestone(&visit, "departure", "03-05 07:00", BOTH);
    report(&mut timeline, "03-06 07:00:09", "03-04 02:00", &visit, &declaration);
    let history = timeline.history();
    let late: Vec<(&str, u64)> = (0..history.size())
        .flat_map(|index| history.register().fact(index).expect("an entry").late())
        .map(|late| (late.limit, late.by_seconds))
        .collect();
    assert_eq!(late, [("site_named", 7), ("duration", 8), ("lodging", 9)]);
    let answer = timeline.status("03-10", Viewer::Us);
    let of_visit = answer.obligations.iter().filter(|row| row.visit.as_ref() == Some(&visit));
    let kinds: std::collections::BTreeSet<&str> = of_visit.map(|row| row.kind).collect();
    assert_eq!(kinds, ["ACCESS", "ADMIT", "FREEZE", "RECEIPT", "REPORT"].into());
    assert_eq!(answer.pair.status, "RECIPROCAL");
}

#[test]
fn ruling_38_a_team_larger_than_the_terms_have_it_is_flagged_and_is_no_obligation() {
    let mut timeline = super::ready();
    let codes: Vec<String> = (1..=11).map(|number| format!("US-{number}")).collect();
    let listed: Vec<_> = codes.iter().map(|code| json!({ "code": code, "languages": ["ru"] })).collect();
    timeline.add("02-20", &["US"], "inspector_list", &[], json!({ "inspectors": listed }));
    let request = timeline.request_with("B1", "03-01", "03-03", json!({ "inspectors": codes }));
    let history = timeline.history();
    let digest = history.digest_named(&request).expect("an entry");
    let index = history.register().index_of(&digest).expect("an entry");
    assert_eq!(history.register().visit_at(index).expect("a visit").oversized, Some((11, 10)));
    let kinds: Vec<&str> = timeline
        .status("03-02", Viewer::Us)
        .obligations
        .iter()
        .filter(|row| row.visit.as_ref() == Some(&request))
        .map(|row| row.kind)
        .collect();
    assert_eq!(kinds, ["ADMIT"]);
}

#[test]
fn ruling_45_a_line_that_a_ledger_would_refuse_is_left_out_named_and_counts_for_nothing() {
    let (mut timeline, request) = requested();
    let before = timeline.status("03-02", Viewer::Us);
    timeline.say("03-01 12:00", "US", "refusal", &[&request]); // the US owe nothing here
    timeline.say("03-01 12:00", "RU", "host_objection", &[&request]); // and B1 has no host
    timeline.lines.push(json!("no record"));
    let (history, left_out) = History::read(&timeline.text()).expect("a history");
    assert_eq!(left_out.iter().map(|left| left.line).collect::<Vec<_>>(), [9, 10, 11]);
    assert!(left_out.iter().all(|left| !left.why.is_empty()));
    assert_eq!(history.size(), 8);
    let query = Query { as_of: crate::timeline::instant("03-02"), viewer: Viewer::Us, period: None };
    assert_eq!(history.status(history.size(), query), before);
}

#[test]
fn ruling_45_verdicts_slots_and_grades_that_there_are_not_are_null() {
    let (mut timeline, request) = requested();
    let short = timeline.request("B2", "03-01", "03-01 12:00");
    let question = timeline.say("03-01", "US", "consultation_request", &[]);
    let status = answer(&timeline, "03-02");
    let eta = |text: &str| crate::timeline::at(text);
    assert_eq!(
        status["requests"],
        json!([
            { "intent": request, "slot": "B1", "party": "US", "period": "2026", "eta": eta("03-03"),
              "verdict": "ADMISSIBLE", "reason": null },
            { "intent": short, "slot": "B2", "party": "US", "period": "2026", "eta": eta("03-01 12:00"),
              "verdict": "INADMISSIBLE", "reason": "NOTICE" },
        ])
    );
    let consult = row(&timeline, "03-02", "CONSULT", &question);
    assert_eq!((&consult["id"], &consult["slot"]), (&json!(format!("CONSULT:{question}:-")), &Value::Null));
}

#[test]
fn ruling_45_the_terms_are_those_in_force_and_before_any_the_first() {
    let mut timeline = ready();
    let second = timeline.add("03-01", BOTH, "terms", &[], json!({ "version": 2, "limits": { "quota": 3 } }));
    let terms = |as_of: &str| answer(&timeline, as_of)["terms"].clone();
    assert_eq!(
        [terms("2025-10-01"), terms("02-28"), terms("03-01")],
        [json!("terms-0"), json!("terms-0"), json!(second)]
    );
}

#[test]
fn ruling_45_lists_have_every_period_and_the_quota_of_the_one_asked_for_besides() {
    let mut timeline = ready();
    let next_year = timeline.request("B2", "12-30", "2027-01-02");
    let claim = timeline.say("12-31", "RU", "suspension", &[]);
    let older = timeline.say("12-31", "US", "suspension", &[]);
    let status = serde_json::to_value(timeline.status_in(2026, "2027-01-01", Viewer::Us)).expect("an answer");
    let list = |name: &str, member: &str| -> Vec<Value> {
        status[name].as_array().expect("a list").iter().map(|row| row[member].clone()).collect()
    };
    assert_eq!(list("requests", "intent"), [json!(next_year)]);
    assert_eq!(list("standing", "claim"), [json!(claim), json!(older)]);
    let admits = status["obligations"].as_array().expect("a list").iter().filter(|row| row["kind"] == "ADMIT");
    assert_eq!(admits.map(|row| &row["period"]).collect::<Vec<_>>(), ["2027"]);
    let rows: Vec<(Value, Value)> = list("quota", "period").into_iter().zip(list("quota", "slot")).collect();
    let expected = [("2026", "A1"), ("2026", "A2"), ("2026", "B1"), ("2026", "B2"), ("2027", "B2")];
    assert_eq!(rows, expected.map(|(period, slot)| (json!(period), json!(slot))));
    assert_eq!(list("slots", "slot"), ["A1", "A2", "B1", "B2"]);
}

#[test]
fn ruling_45_a_slot_names_what_puts_it_in_force_or_out_of_it() {
    let mut timeline =
        Timeline::bare(json!({ "preconditions": [{ "name": "visas", "suspensive": true, "slots": ["A1"] }] }));
    let slot = |timeline: &Timeline, as_of: &str| {
        let row = answer(timeline, as_of)["slots"][0].clone();
        (row["in_force"].clone(), row["because"].clone())
    };
    let consent = |timeline: &mut Timeline, received: &str, action: &str, until: Option<&str>| {
        let mut body = json!({ "scope": "standing", "slot": "A1", "action": action });
        if let Some(until) = until {
            body["valid_until"] = crate::timeline::at(until).into();
        }
        timeline.add(received, &["RO"], "host_consent", &[], body)
    };
    assert_eq!(slot(&timeline, "2025-11-01"), (json!(false), json!(["terms-0"])));
    let designated = timeline.designate("A1", "2025-12-01");
    assert_eq!(slot(&timeline, "2025-12-01"), (json!(false), json!(["terms-0"]))); // nobody consented yet
    let given = consent(&mut timeline, "2025-12-02", "give", Some("02-01"));
    assert_eq!(slot(&timeline, "02-01"), (json!(true), json!(["terms-0", designated, given])));
    assert_eq!(slot(&timeline, "02-01 00:00:01"), (json!(false), json!(["terms-0", given])));
    let withdrawn = consent(&mut timeline, "01-15", "withdraw", None);
    let not_met = visas(&mut timeline, "01-20", "NOT_MET");
    let ended = timeline.withdraw_designation("A1", "01-25");
    assert_eq!(slot(&timeline, "01-26"), (json!(false), json!(["terms-0", withdrawn, not_met, ended])));
}

#[test]
fn ruling_45_a_baseline_is_created_by_the_record_that_brought_the_basis_into_force() {
    let created_by = |timeline: &Timeline| -> Vec<String> {
        let all = timeline.status("03-01", Viewer::Us).obligations;
        all.into_iter().filter(|row| row.kind == "BASELINE").map(|row| row.created_by).collect()
    };
    let mut timeline = Timeline::bare(json!({ "preconditions": [{ "name": "visas", "suspensive": true }] }));
    visas(&mut timeline, "2025-11-15", "NOT_MET");
    timeline.designate("B1", "2025-12-01");
    let met = visas(&mut timeline, "2025-12-05", "MET");
    assert_eq!(created_by(&timeline), [met]);

    // An amendment drops the slot before the baseline is due, and another one brings it back.
    let mut timeline = Timeline::bare(json!({}));
    let designated = timeline.designate("B1", "2025-12-01");
    let slots = timeline.lines[0]["record"]["body"]["slots"].clone();
    let mut fewer = slots.clone();
    fewer.as_object_mut().expect("an object").remove("B1");
    timeline.add("2025-12-10", BOTH, "terms", &[], json!({ "version": 2, "slots": fewer }));
    let back = timeline.add("2025-12-20", BOTH, "terms", &[], json!({ "version": 3, "slots": slots }));
    assert_eq!(created_by(&timeline), [designated, back.clone()]);
    let row = row(&timeline, "03-01", "BASELINE", &back);
    assert_eq!([&row["created_at"], &row["due_at"]], ["2025-12-20T00:00:00Z", "2026-02-03T23:59:59Z"]);
}

#[test]
fn ruling_45_a_receipt_of_any_result_counts_as_an_acknowledgement_of_the_report() {
    for result in ["acknowledged", "declined"] {
        let (mut timeline, declaration, visit, _) = ended();
        let report = report(&mut timeline, "03-04 01:00", "03-04 01:00", &visit, &declaration);
        let body = timeline.lines.last().expect("the report")["record"]["body"].clone();
        correct(&mut timeline, "03-04 01:10", &["US"], &report, json!({ "body": body }));
        assert_eq!(left_out(&timeline), 0);
        let mut receipt = json!({ "result": result });
        if result == "declined" {
            receipt["reason"] = crate::timeline::words();
        }
        timeline.add("03-04 01:20", &["RU"], "report_receipt", &[&visit, &report], receipt);
        correct(&mut timeline, "03-04 01:30", &["US"], &report, json!({ "body": body }));
        assert_eq!(left_out(&timeline), 1, "after a receipt both sign");
    }
}
