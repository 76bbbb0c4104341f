//! The log as it grows: a piece of it, a stream of it, and an Atom feed of its end.
//!
//! Invariants: an answer takes its next lines from the published state when its connection has room for them, so a
//! reader who stops reading holds a place in the log, one page, and no transaction. A stream ends when the server
//! does, when its token is revoked (at the next heartbeat), or where its `limit` is.
//!
//! Deliberately absent: replay to hosts, filters, and acknowledgement. A reader remembers the last index it has.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use futures_util::stream::{StreamExt as _, once, try_unfold};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::access::Asked;
use super::operation::Id;
use super::places::Place;
use super::problem::Problem;
use super::request::{Parameters, RequestId};
use super::server::{Stopping, stopped};
use super::{App, atom, typed};
use crate::service::access::Token;
use crate::service::accesses::{AccessEvent, Action, Outcome};
use crate::service::feed::{Feed, Line};
use crate::service::ledger::Ledger;
use crate::service::query::QueryError;
use crate::tlog::checkpoint::decimal;
use crate::words::Words;

type Answer = Result<Response, Problem>;

/// Streams that one token may have open.
pub const STREAMS: u32 = 8;
/// Where a stream that broke off says what it had.
const LAST_EVENT_ID: &str = "last-event-id";

/// The piece of the feed that is asked for.
/// What `had` says counts more than the address: it is what the reader had when it lost the stream.
fn piece(app: &App, asked: &Asked, id: Id, had: Option<&str>) -> Result<Feed, Problem> {
    let principal = asked.holder()?;
    let mut parameters = Parameters::read(&asked.uri, id.operation().query);
    if let Some(had) = had {
        parameters.put("after", had);
    }
    let after = parameters.take("after", decimal);
    let limit = parameters.take("limit", |text| decimal(text).filter(|&limit| limit > 0));
    parameters.finish()?;
    Feed::open(&app.ledger, &principal, after, limit).map_err(|error| match error {
        QueryError::NotYet => not_reached(),
        other => other.into(),
    })
}

/// `GET /v1/events`: entries in log order, one line each.
pub async fn events(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    let feed = piece(&app, &asked, Id::Events, None)?;
    let mut feed = feed.until_now();
    let first = text(&feed.page().await?, row); // while there is still a status to say that it fails
    let rest = try_unfold(feed, |mut feed| async move {
        let page = feed.page().await?;
        Ok::<_, QueryError>((!page.is_empty()).then(|| (text(&page, row), feed)))
    });
    let body = Body::from_stream(once(async { Ok(first) }).chain(rest));
    Ok(typed("application/x-ndjson", body))
}

/// `GET /v1/events.atom`: the newest entries.
pub async fn atom(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    let principal = asked.holder()?;
    Parameters::none(&asked.uri)?;
    let lines = app.ledger.newest(&principal, atom::ENTRIES).await?;
    Ok(typed("application/atom+xml; charset=utf-8", atom::write(&app.ledger.trust, &lines)))
}

/// `GET /v1/events/stream`: entries as they come.
pub async fn stream(
    State(app): State<Arc<App>>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    stopping: Option<Extension<Stopping>>,
    asked: Asked,
) -> Answer {
    let had = asked.headers.get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or("-"));
    let feed = piece(&app, &asked, Id::Stream, had)?;
    let token = asked.token.ok_or(Problem::token_required())?;
    let place = app.streams.take(token.hash)?;
    let mut beat = interval(app.timers.beat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stopping = stopping.map(|Extension(Stopping(stopping))| stopping);
    let ledger = Arc::clone(&app.ledger);
    let watching = Watching { feed, ledger, token, request_id, stopping, beat, _place: place };
    let body = try_unfold(watching, |mut watching| async move {
        let next = watching.next().await?;
        Ok::<_, QueryError>(next.map(|text| (text, watching)))
    });
    let mut response = typed("text/event-stream", Body::from_stream(body));
    // Else a proxy keeps events until it has a bufferful.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// A stream that is open.
struct Watching {
    feed: Feed,
    ledger: Arc<Ledger>,
    token: Token,
    request_id: String,
    stopping: Option<watch::Receiver<bool>>,
    beat: Interval,
    _place: Place,
}

impl Watching {
    /// What is sent next: entries, or a comment that shows that the stream lives. Nothing at its end.
    async fn next(&mut self) -> Result<Option<String>, QueryError> {
        if self.feed.is_done() {
            return Ok(None);
        }
        let end = async {
            match &mut self.stopping {
                Some(stopping) => stopped(stopping).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = end => Ok(None),
            _ = self.beat.tick() => {
                let in_force = self.ledger.token(&self.token.hash).await?.is_some();
                Ok(in_force.then(|| ":\n\n".to_owned()))
            }
            () = self.feed.arrived() => Ok(Some(text(&self.feed.page().await?, event))),
        }
    }
}

impl Drop for Watching {
    /// Notes how far the reader came. The reading itself was recorded when the stream began, so nothing waits for this.
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let last = self.feed.last().map_or_else(String::new, |last| format!("?last={last}"));
        let event = AccessEvent {
            request_id: Some(std::mem::take(&mut self.request_id)),
            token: self.token.clone(),
            action: Action::StreamEnd,
            subject: format!("{}{last}", Id::Stream.operation().path),
            outcome: Outcome::Ok,
        };
        let accesses = self.ledger.accesses.clone();
        runtime.spawn(async move { accesses.record(event).await });
    }
}

fn text(lines: &[Line], write: fn(&Line) -> String) -> String {
    lines.iter().map(write).collect()
}

/// A line of the feed as a line.
fn row(line: &Line) -> String {
    format!("{}\n", line.to_json())
}

/// A line of the feed as an event.
fn event(line: &Line) -> String {
    format!("id: {}\nevent: entry\ndata: {}\n\n", line.index, line.to_json())
}

/// The reader names an entry that the log does not have.
fn not_reached() -> Problem {
    Problem::new(
        axum::http::StatusCode::UNPROCESSABLE_ENTITY,
        "after",
        Words::fixed("No such entry", "Такой записи нет"),
        Words::fixed(
            "The log has no entry of the index that you name. If it had one before, entries were lost: keep what you have.",
            "В журнале нет записи с указанным номером. Если прежде она была, записи утрачены: сохраните то, что у вас есть.",
        ),
    )
}
