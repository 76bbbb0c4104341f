//! Random histories, lawful and unlawful, that reach the corners often: claims that overlap, answers and lifts, late
//! knowledge, corrections, amendments, sites that come and go.
//!
//! A history is drawn from a seed. Times stand on a grid of six hours, so that many records take effect together.

use serde_json::{Value, json};

use crate::timeline::{Timeline, words};

/// SplitMix64: the same seed draws the same history everywhere.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Draw {
        Draw(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

/// An instant so many steps of six hours after the middle of 2026.
pub fn grid(step: usize) -> String {
    let (day, hour) = (1 + step / 4, step % 4 * 6);
    let (month, day) = (6 + (day - 1) / 28, 1 + (day - 1) % 28);
    let (year, month) = (2026 + (month - 1) / 12, 1 + (month - 1) % 12);
    format!("{year}-{month:02}-{day:02} {hour:02}:00")
}

/// What the history has had so far, to speak of.
#[derive(Default)]
struct Said {
    /// Requests, each with its slot.
    visits: Vec<(String, &'static str)>,
    claims: Vec<(String, &'static str)>,
    facts: Vec<(String, Vec<&'static str>)>,
    questions: Vec<(String, &'static str)>,
    replies: Vec<(String, &'static str)>,
    contests: Vec<(String, &'static str)>,
    version: i64,
}

const SLOTS: [&str; 4] = ["A1", "A2", "B1", "B2"];

fn inspected(slot: &str) -> &'static str {
    if slot.starts_with('A') { "US" } else { "RU" }
}

fn other(side: &str) -> &'static str {
    if side == "US" { "RU" } else { "US" }
}

/// A history of the seed, with hosts and designations or, mirrored, without either.
pub fn history(seed: u64, symmetric: bool) -> Timeline {
    let mut draw = Draw::new(seed);
    let mut timeline = if symmetric { Timeline::symmetric() } else { Timeline::new(json!({})) };
    timeline.lines[0]["record"]["body"]["graded"] = json!(draw.of(&[
        vec!["ADMIT"],
        vec!["ADMIT", "REPORT", "CLARIFY"],
        vec!["ADMIT", "ACCESS", "FREEZE", "RECEIPT", "ACK", "DATA_CHANGE", "BASELINE", "CONSULT"],
    ]));
    let mut said = Said { version: 1, ..Said::default() };
    let mut step = 0;
    for _ in 0..6 + draw.below(30) {
        step += draw.below(4);
        one(&mut draw, &mut timeline, &mut said, step, symmetric);
    }
    timeline
}

fn one(draw: &mut Draw, timeline: &mut Timeline, said: &mut Said, step: usize, symmetric: bool) {
    let now = grid(step);
    let side = *draw.of(&["US", "RU"]);
    match draw.below(if symmetric { 12 } else { 14 }) {
        0 | 1 => request(draw, timeline, said, step),
        2..=4 => on_visit(draw, timeline, said, step),
        5 | 6 => claim(draw, timeline, said, &now, side),
        7 | 8 => answer(draw, timeline, said, &now),
        9 => postpone(draw, timeline, said, step),
        10 => ask(draw, timeline, said, &now, side),
        11 => correct(draw, timeline, said, step),
        12 => basis(draw, timeline, &now),
        _ => amend(draw, timeline, said, &now),
    }
}

fn request(draw: &mut Draw, timeline: &mut Timeline, said: &mut Said, step: usize) {
    let slot = *draw.of(&SLOTS);
    let eta = grid(step + 4 + draw.below(8));
    let mut members = json!({});
    if draw.chance(10) && !said.visits.is_empty() {
        members["conditional_on"] = draw.of(&said.visits).0.clone().into();
    }
    let id = timeline.request_with(slot, &grid(step), &eta, members);
    said.visits.push((id, slot));
}

fn on_visit(draw: &mut Draw, timeline: &mut Timeline, said: &mut Said, step: usize) {
    let Some((visit, slot)) = said
        .visits
        .last()
        .cloned()
        .filter(|_| draw.chance(70))
        .or_else(|| (!said.visits.is_empty()).then(|| draw.of(&said.visits).clone()))
    else {
        return;
    };
    let (host, guest) = (inspected(slot), other(inspected(slot)));
    let now = grid(step);
    if draw.chance(20) {
        let kind = *draw.of(&["cancellation", "refusal", "acknowledgement"]);
        let side = if kind == "cancellation" { guest } else { host };
        timeline.say(&now, side, kind, &[&visit]);
        return;
    }
    let name =
        *draw.of(&["poe_arrival", "site_named", "restrictions", "site_arrival", "site_arrival", "end", "departure"]);
    let signed_by = draw.of(&[vec![host], vec![guest], vec![host, guest], vec![host, guest]]).clone();
    let when = grid(step.saturating_sub(draw.below(3) * draw.below(4)));
    let id = timeline.milestone_late(&visit, name, &now, &when, &signed_by);
    said.facts.push((id, signed_by));
}

fn claim(draw: &mut Draw, timeline: &mut Timeline, said: &mut Said, now: &str, side: &'static str) {
    let kind = *draw.of(&["force_majeure", "exemption", "access_offered", "suspension", "countermeasure"]);
    let mut members = json!({});
    let own: Vec<&(String, &str)> = said.visits.iter().filter(|(_, slot)| inspected(slot) == side).collect();
    let mut refs: Vec<String> = Vec::new();
    if draw.chance(70) && !own.is_empty() {
        refs.push(draw.of(&own).0.clone());
    } else if draw.chance(70) {
        let slots: Vec<&str> = SLOTS.into_iter().filter(|slot| inspected(slot) == side).collect();
        members["slots"] = json!([draw.of(&slots)]);
    }
    if draw.chance(15) {
        members["kinds"] = json!([draw.of(&["ADMIT", "FREEZE", "ACCESS", "RECEIPT"])]);
    }
    if kind == "countermeasure" {
        let cited = said.visits.iter().find(|(_, slot)| inspected(slot) != side);
        let Some((cited, slot)) = cited else { return };
        members["cites"] = json!([if draw.chance(50) { cited.clone() } else { format!("ADMIT:{cited}:{slot}") }]);
    }
    let refs: Vec<&str> = refs.iter().map(String::as_str).collect();
    let id = timeline.say_with(now, side, kind, &refs, members);
    said.claims.push((id, side));
}

fn answer(draw: &mut Draw, timeline: &mut Timeline, said: &mut Said, now: &str) {
    let targets: Vec<(String, &'static str)> = said
        .claims
        .iter()
        .cloned()
        .chain(said.facts.iter().filter(|(_, by)| by.len() == 1).map(|(id, by)| (id.clone(), by[0])))
        .chain(said.replies.iter().cloned())
        .collect();
    if targets.is_empty() {
        return;
    }
    let (target, author) = draw.of(&targets).clone();
    let is_claim = said.claims.iter().any(|(claim, _)| *claim == target);
    match draw.below(6) {
        0 | 1 => {
            let id = timeline.say(now, other(author), "contest", &[&target]);
            said.contests.push((id, other(author)));
        }
        2 => drop(timeline.say_with(now, other(author), "contest", &[&target], json!({ "action": "withdraw" }))),
        3 => drop(timeline.say(now, other(author), "acceptance", &[&target])),
        _ if is_claim => drop(timeline.say(now, author, "lift", &[&target])),
        _ => drop(timeline.say(now, other(author), "acknowledgement", &[&target])),
    }
}

fn postpone(draw: &mut Draw, timeline: &mut Timeline, said: &mut Said, step: usize) {
    if said.visits.is_empty() {
        return;
    }
    let (visit, _) = draw.of(&said.visits).clone();
    let to = crate::timeline::at(&grid(step + 1 + draw.below(10)));
    let body = if draw.chance(75) { json!({ "eta": to }) } else { json!({ "due_at": to }) };
    let sides = if draw.chance(50) { ["US", "RU"] } else { ["RU", "US"] };
    timeline.add(&grid(step), &sides, "postponement", &[&visit], body);
}

fn ask(draw: &mut Draw, timeline: &mut Timeline, said: &mut Said, now: &str, side: &'static str) {
    let open: Vec<(String, &'static str)> = said.questions.clone();
    match draw.below(4) {
        0 | 1 => {
            let id = timeline.say(now, side, "clarification_request", &[]);
            said.questions.push((id, side));
        }
        2 if !open.is_empty() => {
            let (question, asker) = draw.of(&open).clone();
            let id = timeline.say(now, other(asker), "clarification_reply", &[&question]);
            said.replies.push((id, other(asker)));
        }
        _ => drop(timeline.say(now, side, "consultation_request", &[])),
    }
}

fn correct(draw: &mut Draw, timeline: &mut Timeline, said: &mut Said, step: usize) {
    if said.facts.is_empty() {
        return;
    }
    let (fact, _) = draw.of(&said.facts).clone();
    let mut body = json!({ "supersedes": fact, "reason": words() });
    match draw.below(3) {
        0 => body["void"] = true.into(),
        1 => body["effective_at"] = crate::timeline::at(&grid(step.saturating_sub(draw.below(6)))).into(),
        _ => body["body"] = json!({ "name": "site_arrival" }),
    }
    timeline.add(&grid(step), &["US", "RU"], "correction", &[], body);
}

fn basis(draw: &mut Draw, timeline: &mut Timeline, now: &str) {
    let slot = *draw.of(&SLOTS);
    match draw.below(4) {
        0 => drop(timeline.designate(slot, now)),
        1 => drop(timeline.withdraw_designation(slot, now)),
        2 => {
            let host = *draw.of(&["RO", "PL"]);
            let slot = if host == "RO" { "A1" } else { "A2" };
            let action = *draw.of(&["give", "withdraw"]);
            let body = json!({ "scope": "standing", "slot": slot, "action": action });
            timeline.add(now, &[host], "host_consent", &[], body);
        }
        _ => {
            let body = json!({ "name": "flights", "state": draw.of(&["MET", "NOT_MET"]) });
            let side = *draw.of(&["US", "RU"]);
            timeline.add(now, &[side], "precondition", &[], body);
        }
    }
}

fn amend(draw: &mut Draw, timeline: &mut Timeline, said: &mut Said, now: &str) {
    said.version += 1;
    let mut body = json!({ "version": said.version });
    match draw.below(4) {
        0 => body["limits"] = json!({ "quota": draw.below(4), "notice": "24h" }),
        1 => body["graded"] = json!(["ADMIT", "REPORT"]),
        2 => body["preconditions"] = json!([{ "name": "flights", "suspensive": true }]) as Value,
        _ => body["limits"] = json!({ "admit": "12h", "one_visit_per": draw.of(&["slot", "party"]) }),
    }
    timeline.add(now, &["US", "RU"], "terms", &[], body);
}
