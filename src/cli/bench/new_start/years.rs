//! Made-up years with the volume of New START: 25,449 notifications and 328 inspections in twelve years.
//!
//! The numbers are those of the treaty from 2011 to 2023; everything else is made up. Inspections come in pairs, one on
//! each side, some 25 days apart; a notification is a request, a milestone or a change of data, and changes come on forty
//! days of each year. Everything is acknowledged in time, so that a status has as little outstanding as in a good year;
//! once a year one side claims an excuse, which is accepted and lifted, and asks a question, which is answered.
//!
//! Invariants: the same years are the same records; time goes forward.
//!
//! Deliberately absent: keys and clocks, which a [`Pen`] has.

use serde_json::{Value, json};

use super::super::super::demo::places::declaration;
use super::super::super::demo::report::{Seen, Times, report};
use super::super::super::demo::story::{DAY, HOUR, MINUTE, after, text};
use super::super::super::demo::visit::{intent, sides};
use super::super::super::player::Statement;
use crate::hash::Hash;
use crate::treaty::party::Party;
use crate::treaty::record::Kind;
use crate::treaty::time::Instant;

/// What writes records.
pub trait Pen {
    /// Writes a record that the ledger receives at `at`; answers its digest.
    fn write(&mut self, at: Instant, statement: Statement<'_>) -> anyhow::Result<Hash>;
}

/// How many times the visits of an ordinary year fit into one.
const MOST_TIMES: i64 = 7;
/// The quota of the terms: a crowded year has seven visits to each slot, seven times.
pub const QUOTA: i64 = 50;
/// The keys that write, beside the roots.
pub const OFFICES: [(&str, &str); 8] = [
    ("US/centre/1", "centre"),
    ("RU/centre/1", "centre"),
    ("RO/centre/1", "centre"),
    ("PL/centre/1", "centre"),
    ("US/leader/1", "leader"),
    ("RU/leader/1", "leader"),
    ("US/escort/1", "escort"),
    ("RU/escort/1", "escort"),
];

const SLOTS: [&str; 4] = ["A1", "A2", "B1", "B2"];
/// Days of a year on which data changes are notified.
const DAYS: i64 = 40;
/// Pairs of inspections in a year.
const PAIRS: i64 = 14;
/// The steps of a visit that are notified: how long after the arrival each happens, and when it is lodged.
const STEPS: [(&str, i64, i64); 7] = [
    ("poe_arrival", 0, ADMITTED),
    ("site_named", 3 * HOUR, ADMITTED),
    ("restrictions", 3 * HOUR + 40 * MINUTE, ADMITTED),
    ("site_arrival", 9 * HOUR, ADMITTED),
    ("start", 10 * HOUR, REPORTED),
    ("end", 22 * HOUR, REPORTED),
    ("departure", 24 * HOUR, ANSWERED),
];
const ADMITTED: i64 = 9 * HOUR + 10 * MINUTE;
const REPORTED: i64 = 23 * HOUR + 35 * MINUTE;
const ANSWERED: i64 = 24 * HOUR + 15 * MINUTE;

/// Inspections in the first so many years.
const fn inspections(years: i64) -> i64 {
    years * 328 / 12
}

/// Changes of data on the first so many days of notification: what is left of the notifications.
const fn changes(days: i64) -> i64 {
    days * (25_449 - 328 * (1 + STEPS.len() as i64)) / (12 * DAYS)
}

/// Something that is written at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Ask(usize),
    Answer(usize),
    Milestone(usize, usize),
    Report(usize),
    Receipt(usize),
    Changes(i64),
    Seen,
    Claim,
    Accept,
    Lift,
    Question,
    Reply,
}

/// One visit of a year.
struct Visit {
    slot: &'static str,
    eta: Instant,
    intent: Option<Hash>,
    report: Option<Hash>,
}

/// The author of years.
pub struct Author<'p, P> {
    pen: &'p mut P,
    declared: Vec<Hash>,
    visits: Vec<Visit>,
    /// What is to be acknowledged, by each side.
    unread: [Vec<Hash>; 2],
    claim: Option<Hash>,
    question: Option<Hash>,
    written: u64,
    times: i64,
}

impl<'p, P: Pen> Author<'p, P> {
    /// Begins with the sites, the consents of their hosts, and what is declared there.
    pub fn begin(pen: &'p mut P, at: Instant) -> anyhow::Result<Author<'p, P>> {
        let (declared, visits, unread) = Default::default();
        let mut author = Author { pen, declared, visits, unread, claim: None, question: None, written: 0, times: 1 };
        for slot in SLOTS {
            let (_, inspected, host) = sides(slot);
            let site = json!({
                "slot": slot, "site": slot, "action": "designate", "name": { "en": "Made up", "ru": "Вымышленный" },
                "lat_e7": 0, "lon_e7": 0, "accuracy_m": 1, "source": "made up for a measurement",
            });
            let site = author.say(at, Kind::Designation, "US/centre/1", &[], site)?;
            author.unread[1].push(site);
            if let Some(host) = host {
                let consent = json!({ "scope": "standing", "slot": slot, "action": "give" });
                author.say(at, Kind::HostConsent, centre(host), &[], consent)?;
            }
            let said = author.say(after(at, MINUTE)?, Kind::Declaration, centre(inspected), &[], declaration(slot))?;
            author.declared.push(said);
            author.unread[side(other(inspected))].push(said);
        }
        author.acknowledge(after(at, 20 * MINUTE)?)?;
        Ok(author)
    }

    /// What it writes with.
    pub const fn pen(&self) -> &P {
        self.pen
    }

    /// The number of records so far.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Writes one year; `number` counts from 0.
    pub fn year(&mut self, number: i32, first: i32) -> anyhow::Result<()> {
        self.crowded_year(number, first, 1)
    }

    /// Writes one year with so many times the changes, and as many times the visits as fit: seven, since a side
    /// receives one at a time.
    pub fn crowded_year(&mut self, number: i32, first: i32, times: i64) -> anyhow::Result<()> {
        self.times = times;
        let (number, year) = (i64::from(number), i64::from(first) + i64::from(number));
        let begin = Instant::parse(&format!("{year}-01-01T00:00:00Z"));
        let begin = begin.ok_or_else(|| anyhow::anyhow!("{year} is no calendar year"))?;
        let mut steps: Vec<(Instant, Step)> = Vec::new();
        self.visits.clear();
        let of_each = times.min(MOST_TIMES);
        let count = inspections(number + 1) - inspections(number);
        for i in 0..count.min(2 * PAIRS) * of_each {
            let (pair, eta) = (i / 2, after(begin, 12 * DAY + i / 2 * (25 * DAY / of_each))?);
            let slot = SLOTS[usize::try_from(2 * (i % 2) + pair % 2)?];
            let (_, _, host) = sides(slot);
            let visit = self.visits.len();
            self.visits.push(Visit { slot, eta, intent: None, report: None });
            steps.push((after(eta, -2 * DAY)?, Step::Ask(visit)));
            steps.push((after(eta, -2 * DAY + 30 * MINUTE)?, Step::Seen));
            steps.extend(host.map(|_| anyhow::Ok((after(eta, -DAY)?, Step::Answer(visit)))).transpose()?);
            for (step, (_, _, lodged)) in STEPS.iter().enumerate() {
                steps.push((after(eta, *lodged)?, Step::Milestone(visit, step)));
            }
            steps.push((after(eta, REPORTED)?, Step::Report(visit)));
            steps.push((after(eta, ANSWERED)?, Step::Receipt(visit)));
        }
        for day in 0..DAYS {
            let at = after(begin, (4 + 9 * day) * DAY + 12 * HOUR)?;
            steps.push((at, Step::Changes(number * DAYS + day)));
            steps.push((after(at, 30 * MINUTE)?, Step::Seen));
        }
        for (day, step) in
            [(100, Step::Claim), (101, Step::Accept), (120, Step::Lift), (200, Step::Question), (201, Step::Reply)]
        {
            steps.push((after(begin, day * DAY + HOUR)?, step));
            steps.push((after(begin, day * DAY + HOUR + 30 * MINUTE)?, Step::Seen));
        }
        steps.sort_unstable();
        steps.into_iter().try_for_each(|(at, step)| self.take(at, step))
    }

    fn take(&mut self, at: Instant, step: Step) -> anyhow::Result<()> {
        match step {
            Step::Ask(visit) => self.ask(at, visit),
            Step::Answer(visit) => self.consent(at, visit),
            Step::Milestone(visit, step) => self.milestone(at, visit, step),
            Step::Report(visit) => self.report(at, visit),
            Step::Receipt(visit) => self.receipt(at, visit),
            Step::Changes(day) => {
                let numbers = changes(day) * self.times..changes(day + 1) * self.times;
                numbers.into_iter().try_for_each(|number| self.change(at, number))
            }
            Step::Seen => self.acknowledge(at),
            Step::Claim | Step::Accept | Step::Lift => self.excuse(at, step),
            Step::Question | Step::Reply => self.clarify(at, step),
        }
    }

    fn ask(&mut self, at: Instant, visit: usize) -> anyhow::Result<()> {
        let Visit { slot, eta, .. } = self.visits[visit];
        let (inspecting, inspected, _) = sides(slot);
        let mut body = intent(slot, eta, &[]);
        body.as_object_mut()
            .into_iter()
            .for_each(|body| body.retain(|name, _| name != "leader" && name != "inspectors"));
        let said = self.say(at, Kind::Intent, centre(inspecting), &[], body)?;
        self.visits[visit].intent = Some(said);
        self.unread[side(inspected)].push(said);
        Ok(())
    }

    fn consent(&mut self, at: Instant, visit: usize) -> anyhow::Result<()> {
        let Visit { slot, intent, .. } = self.visits[visit];
        let (_, _, host) = sides(slot);
        let body = json!({ "scope": "visit", "slot": slot, "action": "give" });
        host.map(|host| self.say(at, Kind::HostConsent, centre(host), intent.as_slice(), body)).transpose()?;
        Ok(())
    }

    fn milestone(&mut self, at: Instant, visit: usize, step: usize) -> anyhow::Result<()> {
        let Visit { slot, eta, intent, .. } = self.visits[visit];
        let (leader, escort) = team(slot);
        let (name, by, _) = STEPS[step];
        let signers = [leader, escort];
        let said = Statement::new(Kind::Milestone, &signers, json!({ "name": name }));
        self.write(at, said.about(intent.as_slice()).effective(after(eta, by)?).on_site())?;
        Ok(())
    }

    fn report(&mut self, at: Instant, visit: usize) -> anyhow::Result<()> {
        let Visit { slot, eta, intent, .. } = self.visits[visit];
        let declared = self.declared[SLOTS.iter().position(|of| *of == slot).unwrap_or_default()];
        let (started, ended) = (after(eta, 10 * HOUR)?, after(eta, 22 * HOUR)?);
        let times = Times { started, ended, handed_over: after(at, -5 * MINUTE)? };
        let body = report(slot, declared, &times, &Seen::default());
        let leader = [team(slot).0];
        let said = self.write(at, Statement::new(Kind::Report, &leader, body).about(intent.as_slice()).on_site())?;
        self.visits[visit].report = Some(said);
        Ok(())
    }

    fn receipt(&mut self, at: Instant, visit: usize) -> anyhow::Result<()> {
        let Visit { slot, intent, report, .. } = self.visits[visit];
        let about: Vec<Hash> = intent.into_iter().chain(report).collect();
        self.say(at, Kind::ReportReceipt, team(slot).1, &about, json!({ "result": "acknowledged" }))?;
        Ok(())
    }

    fn change(&mut self, at: Instant, number: i64) -> anyhow::Result<()> {
        let slot = SLOTS[usize::try_from(number % 4)?];
        let (_, inspected, _) = sides(slot);
        let items = json!([{ "uid": format!("{slot}-C{number}"), "type": "cruise missile", "location": "store-1", "count": 1 }]);
        let body = json!({ "slot": slot, "launchers": [], "items": items, "absent": [], "reload": number % 97 == 0 });
        let signers = [centre(inspected)];
        let said = Statement::new(Kind::DataChange, &signers, body).effective(after(at, -12 * HOUR)?);
        let said = self.write(at, said)?;
        self.unread[side(other(inspected))].push(said);
        Ok(())
    }

    fn acknowledge(&mut self, at: Instant) -> anyhow::Result<()> {
        for party in [Party::Us, Party::Ru] {
            for notices in std::mem::take(&mut self.unread[side(party)]).chunks(16) {
                self.say(at, Kind::Acknowledgement, centre(party), notices, json!({}))?;
            }
        }
        Ok(())
    }

    /// An excuse for one obligation of one site, which the other side accepts and the first lifts.
    fn excuse(&mut self, at: Instant, step: Step) -> anyhow::Result<()> {
        let reason = text("A road was closed", "Дорога была закрыта");
        let claim = self.claim;
        match step {
            Step::Claim => {
                let body = json!({ "reason": reason, "slots": ["B1"], "kinds": ["FREEZE"] });
                self.claim = Some(self.say(at, Kind::Exemption, centre(Party::Ru), &[], body)?);
                self.unread[0].extend(self.claim);
            }
            Step::Accept => drop(self.say(at, Kind::Acceptance, centre(Party::Us), claim.as_slice(), json!({}))?),
            _ => {
                let lifted =
                    self.say(at, Kind::Lift, centre(Party::Ru), claim.as_slice(), json!({ "reason": reason }))?;
                self.unread[0].push(lifted);
            }
        }
        Ok(())
    }

    /// A question about one site, and its answer.
    fn clarify(&mut self, at: Instant, step: Step) -> anyhow::Result<()> {
        let words = text("About one container", "Об одном контейнере");
        if step == Step::Question {
            let body = json!({ "urgency": "routine", "slot": "A1", "text": words });
            self.question = Some(self.say(at, Kind::ClarificationRequest, centre(Party::Ru), &[], body)?);
            self.unread[0].extend(self.question);
        } else {
            let question = self.question;
            let body = json!({ "text": words });
            self.say(at, Kind::ClarificationReply, centre(Party::Us), question.as_slice(), body)?;
        }
        Ok(())
    }

    fn say(&mut self, at: Instant, kind: Kind, author: &str, about: &[Hash], body: Value) -> anyhow::Result<Hash> {
        self.write(at, Statement::new(kind, &[author], body).about(about))
    }

    fn write(&mut self, at: Instant, statement: Statement<'_>) -> anyhow::Result<Hash> {
        self.written += 1;
        self.pen.write(at, statement)
    }
}

/// The key of a state's centre.
const fn centre(party: Party) -> &'static str {
    match party {
        Party::Us => OFFICES[0].0,
        Party::Ru => OFFICES[1].0,
        Party::Ro => OFFICES[2].0,
        Party::Pl => OFFICES[3].0,
    }
}

/// The leader and the escort of a visit.
fn team(slot: &str) -> (&'static str, &'static str) {
    if slot.starts_with('A') { (OFFICES[5].0, OFFICES[6].0) } else { (OFFICES[4].0, OFFICES[7].0) }
}

const fn side(party: Party) -> usize {
    matches!(party, Party::Ru) as usize
}

const fn other(party: Party) -> Party {
    crate::treaty::obligation::other(party)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_years_have_the_volume_of_the_treaty() {
        assert_eq!(inspections(12), 328);
        assert_eq!(changes(12 * DAYS) + 328 * (1 + STEPS.len() as i64), 25_449);
    }
}
