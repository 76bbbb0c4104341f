//! The rows of the feed, the log as it grows, and of the calendar of what is due.
//!
//! Deliberately absent: hosts. Which records come, and when, is itself what a host may not know.

use super::row::{NONE, example, get};
use super::{Access, Answered, Id, Mistake, Operation};

/// Parameters of a piece of the feed.
const PIECE: &[&str] = &["after", "limit"];

/// Every entry in log order, one line each.
pub const EVENTS: Operation = get(
    (Id::Events, "events"),
    "/v1/events",
    "Every entry in log order, one line each, without bodies",
    Access::Everything,
    PIECE,
    Answered::Stream("application/x-ndjson"),
    example("/v1/events?after=2&limit=3", Mistake::NoToken, Mistake::Parameter),
);

/// Every entry as it comes.
pub const STREAM: Operation = get(
    (Id::Stream, "stream"),
    "/v1/events/stream",
    "Every entry as it comes (server-sent events); goes on after Last-Event-ID",
    Access::Everything,
    PIECE,
    Answered::Stream("text/event-stream"),
    example("/v1/events/stream?after=2&limit=3", Mistake::NoToken, Mistake::Parameter),
);

/// What is due.
pub const CALENDAR: Operation = get(
    (Id::Calendar, "calendar"),
    "/v1/calendar.ics",
    "When what is open is due, and when teams arrive, as a calendar (RFC 5545)",
    Access::Everything,
    &["as_of", "known_at", "view", "kind", "slot", "obligor", "due_before"],
    Answered::Text(super::super::calendar::CALENDAR),
    example("/v1/calendar.ics?as_of=2026-03-02T00:00:00Z&obligor=US", Mistake::NoToken, Mistake::Value("obligor=EU")),
);

/// The newest entries.
pub const ATOM: Operation = get(
    (Id::Atom, "atom"),
    "/v1/events.atom",
    "The newest entries, as an Atom feed",
    Access::Everything,
    NONE,
    Answered::Text("application/atom+xml; charset=utf-8"),
    example("/v1/events.atom", Mistake::NoToken, Mistake::Parameter),
);
