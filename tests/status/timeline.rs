//! A history for tests, record by record, in the words of the specification.

use countersign::history::History;
use countersign::treaty::reciprocity::{Answer, Query, Viewer};
use countersign::treaty::time::Instant;
use serde_json::{Value, json};

/// All three views, in the order of the specification's tables.
pub const VIEWS: [Viewer; 3] = [Viewer::Us, Viewer::Ru, Viewer::Undisputed];

/// Records in the order of their receipt.
pub struct Timeline {
    pub lines: Vec<Value>,
}

/// An instant of 2026: `03-01`, `03-01 08:00`, `03-01 08:00:01`; or with a year before it.
pub fn at(text: &str) -> String {
    let (day, hour) = text.split_once(' ').unwrap_or((text, "00:00:00"));
    let day = if day.len() == 5 { format!("2026-{day}") } else { day.to_owned() };
    let hour = if hour.len() == 5 { format!("{hour}:00") } else { hour.to_owned() };
    format!("{day}T{hour}Z")
}

pub fn instant(text: &str) -> Instant {
    Instant::parse(&at(text)).unwrap_or_else(|| panic!("{text} is no instant"))
}

/// A text in both languages.
pub fn words() -> Value {
    json!({ "en": "x", "ru": "x" })
}

impl Timeline {
    /// Terms with these limits beside the defaults, graded ADMIT alone, four slots, sites designated, hosts consenting.
    pub fn new(limits: Value) -> Timeline {
        let mut timeline = Timeline::bare(json!({ "limits": limits }));
        for slot in ["A1", "A2", "B1", "B2"] {
            timeline.designate(slot, "2025-12-01");
        }
        for (slot, host) in [("A1", "RO"), ("A2", "PL")] {
            let body = json!({ "scope": "standing", "slot": slot, "action": "give" });
            timeline.add("2025-12-02", &[host], "host_consent", &[], body);
        }
        timeline
    }

    /// The same with slots that mirror each other: no hosts, and each side designates where it inspects.
    pub fn symmetric() -> Timeline {
        let mut timeline = Timeline::bare(json!({}));
        for (slot, inspecting, inspected) in
            [("A1", "RU", "US"), ("A2", "RU", "US"), ("B1", "US", "RU"), ("B2", "US", "RU")]
        {
            timeline.lines[0]["record"]["body"]["slots"][slot] = json!({
                "inspecting": inspecting, "inspected": inspected, "host": inspected, "designated_by": inspecting,
                "name": words(),
            });
        }
        for slot in ["A1", "A2", "B1", "B2"] {
            timeline.designate(slot, "2025-12-01");
            let line = timeline.lines.last_mut().expect("a designation");
            let by = if slot.starts_with('A') { "RU" } else { "US" };
            line["signed_by"] = json!([by]);
            line["record"]["party"] = by.into();
        }
        timeline
    }

    /// The terms alone; `members` are laid over their body.
    pub fn bare(members: Value) -> Timeline {
        let slot = |inspecting: &str, inspected: &str, host: &str| json!({ "inspecting": inspecting, "inspected": inspected, "host": host, "designated_by": "US", "name": words() });
        let mut body = json!({
            "title": words(), "origin": "history.example", "version": 1, "rules": 1,
            "slots": {
                "A1": slot("RU", "US", "RO"), "A2": slot("RU", "US", "PL"),
                "B1": slot("US", "RU", "RU"), "B2": slot("US", "RU", "RU"),
            },
            "graded": ["ADMIT"], "quorum": { "all": [] },
        });
        for (name, value) in members.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let mut timeline = Timeline { lines: Vec::new() };
        timeline.add("2025-11-01", &["US", "RU"], "terms", &[], body);
        timeline
    }

    /// A record, received at a time, signed by sides; the first is its party. Answers its id.
    pub fn add(&mut self, received: &str, signed_by: &[&str], kind: &str, refs: &[&str], body: Value) -> String {
        self.with_effect(received, None, signed_by, kind, refs, body)
    }

    /// The same with a time of its own.
    pub fn with_effect(
        &mut self,
        received: &str,
        effective: Option<&str>,
        signed_by: &[&str],
        kind: &str,
        refs: &[&str],
        body: Value,
    ) -> String {
        let id = format!("{kind}-{}", self.lines.len());
        let mut record = json!({ "id": id, "kind": kind, "party": signed_by[0], "body": body });
        if let Some(effective) = effective {
            record["effective_at"] = at(effective).into();
        }
        if !refs.is_empty() {
            record["refs"] = refs.into();
        }
        self.lines.push(json!({ "received_at": at(received), "signed_by": signed_by, "record": record }));
        id
    }

    pub fn designate(&mut self, slot: &str, received: &str) -> String {
        self.designation(slot, received, "designate")
    }

    pub fn withdraw_designation(&mut self, slot: &str, received: &str) -> String {
        self.designation(slot, received, "withdraw")
    }

    fn designation(&mut self, slot: &str, received: &str, action: &str) -> String {
        let body = json!({
            "slot": slot, "site": "site", "action": action, "name": words(),
            "lat_e7": 0, "lon_e7": 0, "accuracy_m": 10, "source": "public",
        });
        self.add(received, &["US"], "designation", &[], body)
    }

    /// A request by the slot's inspecting Party.
    pub fn request(&mut self, slot: &str, received: &str, eta: &str) -> String {
        self.request_with(slot, received, eta, json!({}))
    }

    pub fn request_with(&mut self, slot: &str, received: &str, eta: &str, members: Value) -> String {
        let party = if slot.starts_with('A') { "RU" } else { "US" };
        let mut body = json!({ "slot": slot, "eta": at(eta), "poe": "poe", "type": "absence" });
        for (name, value) in members.as_object().expect("an object") {
            body[name] = value.clone();
        }
        self.add(received, &[party], "intent", &[], body)
    }

    /// A milestone at a time, received then, signed by these sides.
    pub fn milestone(&mut self, visit: &str, name: &str, when: &str, signed_by: &[&str]) -> String {
        self.milestone_late(visit, name, when, when, signed_by)
    }

    pub fn milestone_late(
        &mut self,
        visit: &str,
        name: &str,
        received: &str,
        when: &str,
        signed_by: &[&str],
    ) -> String {
        self.with_effect(received, Some(when), signed_by, "milestone", &[visit], json!({ "name": name }))
    }

    /// A claim, an answer to one, a refusal, a cancellation: what has a reason and references.
    pub fn say(&mut self, received: &str, party: &str, kind: &str, refs: &[&str]) -> String {
        self.say_with(received, party, kind, refs, json!({}))
    }

    pub fn say_with(&mut self, received: &str, party: &str, kind: &str, refs: &[&str], members: Value) -> String {
        let mut body = match kind {
            "contest" => json!({ "action": "claim" }),
            "countermeasure" => json!({ "reason": words(), "lifting_condition": words() }),
            "clarification_request" => json!({ "urgency": "urgent", "text": words() }),
            "clarification_reply" | "consultation_request" | "joint_statement" => json!({ "text": words() }),
            "cancellation" | "refusal" | "acceptance" | "lift" | "acknowledgement" => json!({}),
            _ => json!({ "reason": words() }),
        };
        for (name, value) in members.as_object().expect("an object") {
            body[name] = value.clone();
        }
        self.add(received, &[party], kind, refs, body)
    }

    /// The file.
    pub fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// The history, of which no line is left out.
    pub fn history(&self) -> History {
        let (history, left_out) = History::read(&self.text()).expect("a history");
        assert_eq!(left_out, [], "no line is left out");
        history
    }

    /// The status as of an instant, with everything known.
    pub fn status(&self, as_of: &str, viewer: Viewer) -> Answer {
        let history = self.history();
        history.status(history.size(), Query { as_of: instant(as_of), viewer, period: None })
    }

    /// The status as of an instant, as known at another.
    pub fn status_known(&self, as_of: &str, known_at: &str, viewer: Viewer) -> Answer {
        let history = self.history();
        let size = history.size_at(instant(known_at));
        history.status(size, Query { as_of: instant(as_of), viewer, period: None })
    }

    /// The status of a calendar year as of an instant, with everything known.
    pub fn status_in(&self, period: i32, as_of: &str, viewer: Viewer) -> Answer {
        let history = self.history();
        history.status(history.size(), Query { as_of: instant(as_of), viewer, period: Some(period) })
    }

    /// The state of the obligation of a kind that a record created, in each view; `-` where it does not exist.
    pub fn states(&self, as_of: &str, kind: &str, created_by: &str) -> [String; 3] {
        VIEWS.map(|viewer| {
            let answer = self.status(as_of, viewer);
            let mut rows = answer.obligations.iter().filter(|row| row.kind == kind && row.created_by == created_by);
            rows.next().map_or("-".to_owned(), |row| row.state.to_owned())
        })
    }

    /// The status of the pair in each view.
    pub fn pairs(&self, as_of: &str) -> [String; 3] {
        VIEWS.map(|viewer| self.status(as_of, viewer).pair.status)
    }
}
