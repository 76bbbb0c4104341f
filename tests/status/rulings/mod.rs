//! The rulings of the specification, by number: each test is a history and what the ruling says about it.

mod absence;
mod basis;
mod claims;
mod consult;
mod corrections;
mod edges;
mod order;
mod performance;
mod quota;
mod reports;
mod standing;
mod views;
mod written;

use countersign::history::History;
use countersign::treaty::reciprocity::{Query, Viewer};
use serde_json::{Value, json};

use crate::timeline::{Timeline, VIEWS};

fn ready() -> Timeline {
    Timeline::new(json!({}))
}

/// The same with members of the terms, all slots designated and consented to.
fn ready_with(members: Value) -> Timeline {
    let mut timeline = Timeline::bare(members);
    for slot in ["A1", "A2", "B1", "B2"] {
        timeline.designate(slot, "2025-12-01");
    }
    for (slot, host) in [("A1", "RO"), ("A2", "PL")] {
        let body = json!({ "scope": "standing", "slot": slot, "action": "give" });
        timeline.add("2025-12-02", &[host], "host_consent", &[], body);
    }
    timeline
}

/// A request for B1 of 1 March, arrival on 3 March 00:00, due on 4 March 00:00.
fn requested() -> (Timeline, String) {
    let mut timeline = ready();
    let request = timeline.request("B1", "03-01", "03-03");
    (timeline, request)
}

fn three(text: &str) -> [String; 3] {
    let parts: Vec<&str> = text.split(" / ").collect();
    std::array::from_fn(|i| parts[i % parts.len()].to_owned())
}

#[track_caller]
fn admit(timeline: &Timeline, as_of: &str, request: &str, states: &str) {
    assert_eq!(timeline.states(as_of, "ADMIT", request), three(states));
}

/// What both Parties sign.
const BOTH: &[&str] = &["US", "RU"];

/// The answer as its JSON, in the view of the US.
fn answer(timeline: &Timeline, as_of: &str) -> Value {
    serde_json::to_value(timeline.status(as_of, Viewer::Us)).expect("an answer")
}

/// The obligation of a kind that a record created, in the view of the US.
fn row(timeline: &Timeline, as_of: &str, kind: &str, created_by: &str) -> Value {
    let answer = answer(timeline, as_of);
    let rows = answer["obligations"].as_array().expect("a list");
    let found = rows.iter().find(|row| row["kind"] == kind && row["created_by"] == created_by);
    found.unwrap_or_else(|| panic!("no {kind} of {created_by}")).clone()
}

/// The causes of the obligation of a kind that a record created, in each view.
fn causes(timeline: &Timeline, as_of: &str, kind: &str, created_by: &str) -> [Vec<String>; 3] {
    VIEWS.map(|viewer| {
        let answer = timeline.status(as_of, viewer);
        let mut rows = answer.obligations.into_iter().filter(|row| row.kind == kind && row.created_by == created_by);
        rows.next().expect("the obligation").causes
    })
}

/// The row of a slot's quota in 2026.
fn quota_row(timeline: &Timeline, as_of: &str, slot: &str) -> Value {
    let answer = answer(timeline, as_of);
    let rows = answer["quota"].as_array().expect("a list");
    rows.iter().find(|row| row["slot"] == slot && row["period"] == "2026").expect("a slot").clone()
}

/// Used and reserved of a slot in 2026.
fn quota(timeline: &Timeline, as_of: &str, slot: &str) -> (u64, u64) {
    let row = quota_row(timeline, as_of, slot);
    (row["used"].as_u64().expect("a count"), row["reserved"].as_u64().expect("a count"))
}

fn denials(timeline: &Timeline, as_of: &str, side: &str) -> Value {
    answer(timeline, as_of)["denials"][side].clone()
}

/// The reason for which a request was inadmissible, or null.
fn reason(timeline: &Timeline, as_of: &str, request: &str) -> Value {
    let answer = answer(timeline, as_of);
    let rows = answer["requests"].as_array().expect("a list");
    rows.iter().find(|row| row["intent"] == request).expect("the request")["reason"].clone()
}

fn left_out(timeline: &Timeline) -> usize {
    History::read(&timeline.text()).expect("a history").1.len()
}

fn postpone(timeline: &mut Timeline, received: &str, visit: &str, eta: &str) -> String {
    let body = json!({ "eta": crate::timeline::at(eta) });
    timeline.add(received, &["US", "RU"], "postponement", &[visit], body)
}

/// What a record should have said: `members` are its new time, its new body, or that it is void.
fn correct(timeline: &mut Timeline, received: &str, signed_by: &[&str], supersedes: &str, members: Value) -> String {
    let mut body = json!({ "supersedes": supersedes, "reason": crate::timeline::words() });
    for (name, value) in members.as_object().expect("an object") {
        body[name] = value.clone();
    }
    timeline.add(received, signed_by, "correction", &[], body)
}

/// A word on the precondition `visas`.
fn visas(timeline: &mut Timeline, received: &str, state: &str) -> String {
    timeline.add(received, &["RU"], "precondition", &[], json!({ "name": "visas", "state": state }))
}

/// A suspensive precondition `visas`, which is met until somebody says otherwise.
fn with_visas() -> Timeline {
    ready_with(json!({ "preconditions": [{ "name": "visas", "suspensive": true }] }))
}

/// A declaration of B1, in which nothing stands.
fn declare(timeline: &mut Timeline, received: &str) -> String {
    let body = json!({ "slot": "B1", "launchers": [], "items": [], "absent": [] });
    timeline.add(received, &["RU"], "declaration", &[], body)
}

/// A report of a visit by the US, with all six claims confirmed and nothing unclear.
fn report(timeline: &mut Timeline, received: &str, handed_over: &str, visit: &str, declaration: &str) -> String {
    report_with(timeline, received, handed_over, visit, declaration, json!([]))
}

/// The same with ambiguities.
fn report_with(
    timeline: &mut Timeline,
    received: &str,
    handed_over: &str,
    visit: &str,
    declaration: &str,
    ambiguities: Value,
) -> String {
    let at = crate::timeline::at;
    let finding = json!({ "finding": "confirmed", "k": 4, "n": 4, "method": "by eye" });
    let claims: Value =
        ["C1", "C2", "C3", "C4", "C5", "C6"].map(|claim| (claim.to_owned(), finding.clone())).into_iter().collect();
    let body = json!({
        "handed_over_at": at(handed_over), "started_at": at("03-03 07:00"), "ended_at": at("03-04"),
        "declaration": declaration, "claims": claims, "items": [], "ambiguities": ambiguities,
        "photographs": [], "limitations": [], "narrative": crate::timeline::words(),
    });
    timeline.add(received, &["US"], "report", &[visit], body)
}

/// A visit to B1 that ended on 4 March 00:00: its declaration, its request, its end.
fn ended() -> (Timeline, String, String, String) {
    let mut timeline = ready();
    let declaration = declare(&mut timeline, "01-05");
    let request = timeline.request("B1", "03-01", "03-03");
    timeline.milestone(&request, "site_arrival", "03-03 06:00", &["US", "RU"]);
    let end = timeline.milestone(&request, "end", "03-04", &["US", "RU"]);
    (timeline, declaration, request, end)
}
