//! Deadlines as a calendar (RFC 5545), for who reads everything.
//!
//! An event for every obligation that is open, at the instant at which it is due, and one for the arrival of every team
//! whose admission is open, as it was notified or as both sides last agreed.
//!
//! Invariants: for one size, one instant, one view and one address the bytes are the same; an event keeps its name
//! (`UID`) for good, so a program that subscribes moves it and never doubles it; no text of a record stands in it, so that
//! nothing an adversary wrote is shown by a program that may take it for HTML.
//!
//! Deliberately absent: alarms, which are each reader's own, and what is no longer open.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;

use super::access::Asked;
use super::exports::name_question;
use super::ical::{Lines, time};
use super::operation::Id;
use super::problem::Problem;
use super::{App, status, typed};
use crate::service::known::Known;
use crate::service::obligations::Filter;
use crate::service::status::viewer;
use crate::treaty::obligation::{Kind, State as Stands};
use crate::treaty::party::{Party, Slot};
use crate::treaty::reciprocity::{Row, Viewer};
use crate::treaty::time::Instant;
use crate::words::Words;

/// The media type.
pub const CALENDAR: &str = "text/calendar; charset=utf-8";

/// `GET /v1/calendar.ics`.
pub async fn calendar(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let mut parameters = status::parameters(&asked, Id::Calendar)?;
    let known = status::known(&app, &mut parameters, "known_at");
    let filter = Filter {
        as_of: status::as_of(&app, &mut parameters),
        viewer: parameters.take("view", viewer).unwrap_or(Viewer::Undisputed),
        after: 0,
        limit: usize::MAX,
        kind: parameters.take("kind", Kind::from_word),
        slot: parameters.take("slot", Slot::parse),
        obligor: parameters.take("obligor", Party::from_word),
        state: Some(Stands::Open),
        due_before: parameters.take("due_before", Instant::parse),
    };
    parameters.answerable()?;
    let known = known.ok_or(Problem::not_yet())?;
    let (size, as_of) = (known.size(), filter.as_of);
    let calendar = Calendar { origin: app.ledger.trust.origin.clone(), address: address(&asked.headers), known };
    let text = app.ledger.computed(move || calendar.written(&filter)).await?;
    let mut response = typed(CALENDAR, text);
    name_question(&mut response, size, Some(as_of));
    Ok(response)
}

/// The address of the server, as its reader knows it: what the reader sent, and a proxy says of the way there. Programs
/// follow no address that is not whole, so without it none is given.
fn address(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let scheme = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    let scheme = if scheme == Some("https") { "https" } else { "http" }; // the server itself speaks no other
    (!host.is_empty() && host.bytes().all(is_plain)).then(|| format!("{scheme}://{host}"))
}

/// What a calendar is made of.
struct Calendar {
    origin: String,
    address: Option<String>,
    known: Known,
}

/// One event.
struct Event {
    at: String,
    id: String,
    path: String,
    created: String,
    category: &'static str,
    is_sure: bool,
    summary: Words,
    description: Words,
}

impl Calendar {
    fn written(&self, filter: &Filter) -> String {
        let rows = self.known.obligations(filter).rows;
        let mut events: Vec<Event> = rows.iter().map(due).collect();
        events.extend(rows.iter().filter_map(|row| self.arrival(row, filter.as_of)));
        events.sort_by(|one, other| (&one.at, &one.id).cmp(&(&other.at, &other.id)));
        let mut lines = Lines::default();
        lines.put("BEGIN", "VCALENDAR");
        lines.put("VERSION", "2.0");
        lines.put("PRODID", "-//Countersign//Deadlines//EN");
        lines.text("X-WR-CALNAME", &self.origin);
        if events.is_empty() {
            nothing(&mut lines);
        }
        for event in &events {
            self.event(&mut lines, event);
        }
        lines.put("END", "VCALENDAR");
        lines.into_text()
    }

    fn event(&self, lines: &mut Lines, event: &Event) {
        lines.put("BEGIN", "VEVENT");
        lines.text("UID", &format!("{}@{}", event.id, self.origin));
        // What the calendar says is as old as the newest entry that is known.
        lines.put("DTSTAMP", &time(&self.known.past().last_received_at().unwrap_or_default().to_string()));
        lines.put("CREATED", &time(&event.created));
        lines.put("DTSTART", &time(&event.at)); // without an end: it takes no time
        lines.text("SUMMARY", &event.summary.en);
        lines.text("DESCRIPTION", &format!("{}\n{}\n{}", event.description.en, event.summary.ru, event.description.ru));
        lines.put("CATEGORIES", event.category);
        lines.put("STATUS", if event.is_sure { "CONFIRMED" } else { "TENTATIVE" });
        lines.put("TRANSP", "TRANSPARENT");
        if let Some(address) = &self.address {
            lines.put("URL", &format!("{address}{}", event.path));
        }
        lines.put("END", "VEVENT");
    }

    /// The arrival of the team whose admission is owed.
    fn arrival(&self, row: &Row, as_of: Instant) -> Option<Event> {
        if row.kind != Kind::Admit.as_str() {
            return None;
        }
        let digest = row.visit.as_ref()?;
        let past = self.known.past();
        let visit = past.visit_at(past.index_of(&digest.parse().ok()?)?)?;
        let (slot, team) = (visit.visit().slot, name(row.holder));
        Some(Event {
            at: visit.agreed_eta(as_of).to_string(),
            id: format!("ARRIVAL:{digest}:{slot}"),
            path: format!("/v1/inspections/{digest}"),
            created: row.created_at.clone(),
            category: "ARRIVAL",
            is_sure: false,
            summary: Words::new(
                format!("Arrival: inspection team of {} ({slot})", team.en),
                format!("Прибытие: инспекционная группа, {} ({slot})", team.ru),
            ),
            description: Words::fixed(
                "The estimated arrival, as notified or as both sides last agreed.",
                "Расчётное прибытие: по уведомлению или по последнему согласию обеих сторон.",
            ),
        })
    }
}

/// An obligation, at the instant at which it is due.
fn due(row: &Row) -> Event {
    let (what, who, whom) = (what(row.kind), name(row.obligor), name(row.holder));
    let slot = row.slot.as_ref().map_or_else(String::new, |slot| format!(" ({slot})"));
    let clause = &row.clause;
    Event {
        at: row.due_at.clone(),
        id: row.id.clone(),
        path: format!("/v1/obligations/{}", row.id),
        created: row.created_at.clone(),
        category: row.kind,
        is_sure: !row.flags.disputed,
        summary: Words::new(
            format!("Due from {}: {}{slot}", who.en, what.en),
            format!("Срок, {}: {}{slot}", who.ru, what.ru),
        ),
        description: Words::new(
            format!("Owed to: {}. Open by rule {clause}.", whom.en),
            format!("Перед кем: {}. Открыто по правилу {clause}.", whom.ru),
        ),
    }
}

/// The grammar wants something in every calendar. Where nothing is due, this is said of the hour of UTC.
fn nothing(lines: &mut Lines) {
    for (name, value) in [
        ("BEGIN", "VTIMEZONE"),
        ("TZID", "UTC"),
        ("BEGIN", "STANDARD"),
        ("DTSTART", "19700101T000000"),
        ("TZOFFSETFROM", "+0000"),
        ("TZOFFSETTO", "+0000"),
        ("END", "STANDARD"),
        ("END", "VTIMEZONE"),
    ] {
        lines.put(name, value);
    }
}

/// A state by its word; what is owed to both names both.
fn name(word: &str) -> Words {
    let both = Words::fixed("both Parties", "обе Стороны");
    Party::from_word(word).map_or(both, Party::name)
}

/// What is to be done, in plain words.
fn what(kind: &str) -> Words {
    let Some(kind) = Kind::from_word(kind) else { return Words::new(kind.to_owned(), kind.to_owned()) };
    match kind {
        Kind::Baseline => Words::fixed("declare the site for the first time", "первое объявление по объекту"),
        Kind::DataChange => Words::fixed("notify a change", "уведомить об изменении"),
        Kind::Ack => Words::fixed("acknowledge a notification", "подтвердить уведомление"),
        Kind::Admit => Words::fixed("let the inspection team in", "принять инспекционную группу"),
        Kind::Freeze => Words::fixed("restrict movements at the site", "ограничить перемещения на объекте"),
        Kind::Access => Words::fixed("bring the team to the site", "доставить группу на объект"),
        Kind::Report => Words::fixed("hand over the report", "передать отчёт"),
        Kind::Receipt => Words::fixed("acknowledge receipt of the report", "подтвердить получение отчёта"),
        Kind::Clarify => Words::fixed("answer a request for clarification", "ответить на запрос о разъяснении"),
        Kind::Consult => Words::fixed("meet for consultations", "провести консультации"),
        Kind::Opening => Words::fixed("open the sealed declaration", "вскрыть запечатанное объявление"),
        Kind::HostAct => Words::fixed("answer the request to inspect, as host", "ответить на запрос об инспекции"),
    }
}
