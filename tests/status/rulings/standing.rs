//! Rulings 20 and 21: claims that stand without meeting an obligation.

use serde_json::json;

use super::*;

#[test]
fn ruling_20_a_standing_withholding_covers_admit_on_a_slot_of_its_author() {
    for (members, pair) in [
        (json!({ "slots": ["B1"] }), "SUSPENDED_BY(RU)"),
        (json!({ "slots": ["B2"], "kinds": ["ADMIT"] }), "SUSPENDED_BY(RU)"),
        (json!({ "kinds": ["ADMIT", "REPORT"] }), "SUSPENDED_BY(RU)"),
        (json!({ "kinds": ["ACCESS", "REPORT"] }), "RECIPROCAL"),
        (json!({ "slots": ["B1"], "kinds": ["FREEZE"] }), "RECIPROCAL"),
        (json!({ "slots": ["A1"] }), "RECIPROCAL"), // there RU inspects, and owes no admission
    ] {
        let mut timeline = ready();
        let slots = members["slots"].clone();
        let claim = timeline.say_with("02-01", "RU", "suspension", &[], members.clone());
        assert_eq!(timeline.pairs("02-02"), three(pair), "{members}");
        let standing = answer(&timeline, "02-02")["standing"].clone();
        let slots = if slots.is_null() { json!([]) } else { slots };
        let row = json!({
            "claim": claim, "kind": "suspension", "party": "RU", "slots": slots, "answer": "unanswered", "answered_by": null,
        });
        assert_eq!(standing, json!([row]));
    }
}

#[test]
fn ruling_20_other_claims_that_meet_nothing_change_no_grade() {
    let mut timeline = ready();
    timeline.say_with("02-01", "RU", "force_majeure", &[], json!({ "slots": ["B1", "B2"] }));
    let request = timeline.request("B1", "03-01", "03-03");
    timeline.say("03-01 12:00", "US", "cancellation", &[&request]);
    timeline.say("03-02", "RU", "suspension", &[&request]); // it names a request, and nothing of it is left
    assert_eq!(timeline.pairs("03-05"), three("RECIPROCAL"));
    let kinds: Vec<Value> = answer(&timeline, "03-05")["standing"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| row["kind"].clone())
        .collect();
    assert_eq!(kinds, ["force_majeure", "suspension"]);
}

#[test]
fn ruling_20_a_standing_claim_counts_in_every_period_and_only_where_admit_is_graded() {
    let mut timeline = ready();
    timeline.say("02-01", "RU", "suspension", &[]);
    for period in [2025, 2026, 2031] {
        assert_eq!(timeline.status_in(period, "02-02", Viewer::Us).pair.status, "SUSPENDED_BY(RU)");
    }
    let mut timeline = ready_with(json!({ "graded": ["REPORT", "CLARIFY"] }));
    timeline.say("02-01", "RU", "suspension", &[]);
    assert_eq!(timeline.pairs("02-02"), three("RECIPROCAL"));
}

#[test]
fn ruling_20_an_answer_to_a_standing_claim_is_shown_and_counts_in_its_view() {
    let mut timeline = ready();
    let claim = timeline.say("02-01", "RU", "suspension", &[]);
    let contest = timeline.say("02-03", "US", "contest", &[&claim]);
    let answered = |timeline: &Timeline, as_of: &str| {
        let row = answer(timeline, as_of)["standing"][0].clone();
        (row["answer"].clone(), row["answered_by"].clone())
    };
    assert_eq!(answered(&timeline, "02-04"), (json!("contested"), json!(contest)));
    let because = VIEWS.map(|viewer| timeline.status("02-04", viewer).sides.ru.because);
    let both = vec![claim.clone(), contest];
    assert_eq!(because, [both.clone(), vec![claim.clone()], both]);
    let acceptance = timeline.say("02-05", "US", "acceptance", &[&claim]);
    assert_eq!(answered(&timeline, "02-06"), (json!("accepted"), json!(acceptance)));
    assert_eq!(timeline.pairs("02-06"), three("SUSPENDED_BY(RU)"));
    timeline.say("02-07", "RU", "lift", &[&claim]);
    assert_eq!(timeline.pairs("02-07"), three("RECIPROCAL"));
    assert_eq!(answer(&timeline, "02-07")["standing"], json!([]));
}

#[test]
fn ruling_21_a_standing_countermeasure_shows_what_it_cites_as_it_stood() {
    let mut timeline = ready();
    let overdue = timeline.request("B1", "04-28", "05-01"); // due 2 May 00:00
    let cites = json!({ "cites": [overdue, format!("ADMIT:{overdue}:B1")] });
    timeline.say_with("05-05", "US", "countermeasure", &[], cites);
    assert_eq!(timeline.pairs("05-06"), three("COUNTERMEASURE_IN_EFFECT"));
    timeline.milestone(&overdue, "site_arrival", "05-07", BOTH);
    assert_eq!(timeline.pairs("05-08"), three("SUSPENDED_BY(US)"));
    // The record stands for all that it created, in the order of obligations; what came later changes nothing here.
    let cite = |cited: &str, kind: &str| {
        let (obligation, state) = (format!("{kind}:{overdue}:B1"), "OVERDUE");
        json!({ "cited": cited, "obligation": obligation, "state": state })
    };
    let expected = [cite(&overdue, "ACK"), cite(&overdue, "ADMIT"), cite(&format!("ADMIT:{overdue}:B1"), "ADMIT")];
    assert_eq!(answer(&timeline, "05-08")["standing"][0]["cites"], json!(expected));
}

#[test]
fn ruling_21_a_citation_of_an_acknowledgement_makes_no_countermeasure() {
    let mut timeline = ready();
    let overdue = timeline.request("B1", "04-28", "05-01");
    let cites = json!({ "cites": [format!("ACK:{overdue}:B1")] });
    timeline.say_with("05-05", "US", "countermeasure", &[], cites);
    assert_eq!(timeline.pairs("05-06"), three("MUTUAL_DEFAULT"));
}
