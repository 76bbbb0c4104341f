//! One inspection of a demonstration, from the request to the departure.
//!
//! Everything is in time unless the plan says otherwise: notice of two days, the site named within three hours, the
//! report within two hours of the end, the receipt within one.
//!
//! Deliberately absent: what the team saw. That is [`super::report`].

use serde_json::{Value, json};

use super::super::player::Statement;
use super::report::{Seen, Times, report};
use super::story::{DAY, HOUR, MINUTE, Story, after, host_text, text};
use crate::hash::Hash;
use crate::treaty::party::Party;
use crate::treaty::record::Kind;
use crate::treaty::time::Instant;

/// What the escort answers to the report.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is acknowledged in time.
    InTime,
    /// It is acknowledged, and comes late.
    Late,
    /// It is acknowledged with comments.
    Comments,
    /// It is declined.
    Declined,
}

/// The plan of one inspection.
pub struct Visit {
    /// The slot.
    pub slot: &'static str,
    /// The arrival at the point of entry that is asked for: `MM-DDTHH:MM`.
    pub eta: &'static str,
    /// The arrival as it was agreed later, where it was moved.
    pub moved_to: Option<&'static str>,
    /// The key of the team's leader.
    pub leader: &'static str,
    /// The key of the escort.
    pub escort: &'static str,
    /// The code of the leader, and of the team.
    pub team: [&'static str; 3],
    /// Whether the host sets a condition.
    pub conditions: bool,
    /// What the team sees.
    pub seen: Seen,
    /// What the escort answers.
    pub answer: Answer,
}

/// The records of an inspection that later ones name.
pub struct Visited {
    /// The intent.
    pub intent: Hash,
    /// The milestone `restrictions`, and its time.
    pub restrictions: (Hash, Instant),
    /// The report, and its body.
    pub report: (Hash, Value),
}

/// Who signs a milestone.
#[derive(Clone, Copy)]
enum By {
    Leader,
    Escort,
    Both,
}

/// The steps: what, how long after the arrival at the point of entry, by whom.
const STEPS: [(&str, i64, By); 7] = [
    ("poe_arrival", 0, By::Both),
    ("site_named", 3 * HOUR, By::Leader),
    ("restrictions", 3 * HOUR + 40 * MINUTE, By::Escort),
    ("site_arrival", 9 * HOUR, By::Both),
    ("start", 10 * HOUR, By::Both),
    ("end", 22 * HOUR, By::Both),
    ("departure", 30 * HOUR, By::Leader),
];
/// When the report is handed over, after the arrival at the point of entry.
const HANDED_OVER: i64 = 23 * HOUR + 30 * MINUTE;

/// The inspecting and the inspected Party of a slot, and the host if it is another state.
pub fn sides(slot: &str) -> (Party, Party, Option<Party>) {
    match slot {
        "A1" => (Party::Ru, Party::Us, Some(Party::Ro)),
        "A2" => (Party::Ru, Party::Us, Some(Party::Pl)),
        _ => (Party::Us, Party::Ru, None),
    }
}

/// The body of an intent.
pub fn intent(slot: &str, eta: Instant, team: &[&str]) -> Value {
    let poe = match slot {
        "A1" => "Bucharest",
        "A2" => "Gdańsk",
        _ => "Moscow",
    };
    json!({
        "slot": slot, "eta": eta.to_string(), "poe": poe, "type": "reciprocal transparency visit (demonstration)",
        "leader": team.first(), "inspectors": team,
    })
}

impl Visit {
    /// Plays it from the request, two days ahead, by the declaration of its slot.
    pub fn play(&self, story: &mut Story<'_>, declaration: Hash) -> anyhow::Result<Visited> {
        let intent = self.ask(story, 2 * DAY, None)?;
        self.carry_out(story, intent, declaration)
    }

    /// The request, so long ahead; it may wait for the admission of another.
    pub fn ask(&self, story: &mut Story<'_>, ahead: i64, waits_for: Option<Hash>) -> anyhow::Result<Hash> {
        let (inspecting, inspected, host) = sides(self.slot);
        let eta = story.time(self.eta)?;
        story.go_to(after(eta, -ahead)?)?;
        let mut body = intent(self.slot, eta, &self.team);
        if let Some(other) = waits_for {
            body["conditional_on"] = other.to_string().into();
        }
        let intent = story.centre(Kind::Intent, inspecting, &[], body)?;
        story.acknowledge(inspected, &[intent])?;
        if let Some(host) = host {
            story.later(4 * HOUR)?;
            story.centre(Kind::HostConsent, host, &[intent], self.consent(host))?;
        }
        Ok(intent)
    }

    /// From the arrival to the departure.
    pub fn carry_out(&self, story: &mut Story<'_>, intent: Hash, declaration: Hash) -> anyhow::Result<Visited> {
        let eta = story.time(self.moved_to.unwrap_or(self.eta))?;
        let at = |by| after(eta, by);
        let mut restrictions = (intent, eta);
        for (name, by, who) in &STEPS[..6] {
            let said = self.step(story, intent, name, at(*by)?, *who)?;
            if *name == "restrictions" {
                restrictions = (said, at(*by)?);
            }
        }
        let times = Times { started: at(10 * HOUR)?, ended: at(22 * HOUR)?, handed_over: at(HANDED_OVER)? };
        story.go_to(after(times.handed_over, 5 * MINUTE)?)?;
        let body = report(self.slot, declaration, &times, &self.seen);
        let leader = [self.leader];
        let report = story.say(Statement::new(Kind::Report, &leader, body.clone()).about(&[intent]).on_site())?;
        self.receipt(story, intent, report)?;
        let (name, by, who) = STEPS[6];
        self.step(story, intent, name, at(by)?, who)?;
        Ok(Visited { intent, restrictions, report: (report, body) })
    }

    /// A milestone, lodged ten minutes after it.
    fn step(&self, story: &mut Story<'_>, intent: Hash, name: &str, at: Instant, who: By) -> anyhow::Result<Hash> {
        story.go_to(after(at, 10 * MINUTE)?)?;
        let signers: &[&str] = match who {
            By::Leader => &[self.leader],
            By::Escort => &[self.escort],
            By::Both => &[self.leader, self.escort],
        };
        let said = Statement::new(Kind::Milestone, signers, json!({ "name": name }));
        story.say(said.about(&[intent]).effective(at).on_site())
    }

    /// The host's answer to the intent.
    fn consent(&self, host: Party) -> Value {
        let mut body = json!({ "scope": "visit", "slot": self.slot, "action": "give" });
        if self.conditions {
            body["action"] = "condition".into();
            let (en, ru) = ("The team enters by the north gate only", "Группа въезжает только через северные ворота");
            let own = match host {
                Party::Ro => "Echipa intră numai prin poarta de nord",
                _ => "Zespół wjeżdża tylko bramą północną",
            };
            body["conditions"] = host_text(host, en, ru, own);
        }
        body
    }

    /// The escort's answer to the report.
    fn receipt(&self, story: &mut Story<'_>, intent: Hash, report: Hash) -> anyhow::Result<Hash> {
        story.later(if self.answer == Answer::Late { 4 * HOUR } else { 40 * MINUTE })?;
        let body = match self.answer {
            Answer::InTime | Answer::Late => json!({ "result": "acknowledged" }),
            Answer::Comments => json!({
                "result": "acknowledged_with_comments",
                "comments": text(
                    "The item that is not in store 1 is away for maintenance; a data change follows",
                    "Изделие, отсутствующее в хранилище 1, находится на обслуживании; уведомление последует",
                ),
            }),
            Answer::Declined => json!({
                "result": "declined",
                "reason": text(
                    "The report describes an area outside the site diagram",
                    "В отчёте описан район вне схемы объекта",
                ),
            }),
        };
        story.say(Statement::new(Kind::ReportReceipt, &[self.escort], body).about(&[intent, report]).on_site())
    }
}
