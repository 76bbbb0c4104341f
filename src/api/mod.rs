//! HTTP for machines: every route on this page.
//!
//! Records come in as the text that was signed and go out as JSON around that text. Reads need a token, but for what
//! verifies the ledger itself. Every answer has a `Request-Id`; every refusal is a [`problem`]; every successful read has
//! a tag of its content ([`etag`]).
//!
//! Invariants: no handler holds a transaction, so a request that is dropped leaves nothing behind; unknown addresses,
//! methods and parameters are refused; nothing that was sent is ever logged.
//!
//! Deliberately absent: pages for people, and any use of a signing key but the log's own.

mod access;
mod atom;
mod calendar;
mod copy;
mod docs;
mod etag;
mod evidence;
mod exports;
mod feed;
mod ical;
mod limit;
mod log;
mod metrics;
mod not_now;
mod obligations;
mod openapi;
pub mod operation;
mod places;
pub mod problem;
pub mod quarantine;
mod read;
mod request;
pub mod server;
mod status;
mod what_if;
mod write;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use self::operation::{Id, OPERATIONS};
use self::problem::Problem;
use self::request::RequestId;
use self::server::Timers;
use crate::service::ledger::Ledger;

/// What the handlers share.
pub struct App {
    ledger: Arc<Ledger>,
    failures: limit::Failures,
    timers: Timers,
    metrics: metrics::Metrics,
    /// Places for bundles that are being read and verified: each may be large, and anybody may send one.
    bundles: Semaphore,
    /// Places for streams of the feed.
    streams: Arc<places::Places>,
    /// Places for exports.
    downloads: Arc<places::Places>,
}

/// Bundles that are read and verified at once.
const BUNDLES: usize = 16;

/// The address that a request came from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The header that names a request in answers and logs.
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// Every route, from the table of operations; a copy has one more, for what is lodged there.
pub fn routes(ledger: Arc<Ledger>, timers: Timers) -> Router {
    let (bundles, is_copy) = (Semaphore::new(BUNDLES), ledger.copy.is_some());
    let metrics = metrics::Metrics::new(ledger.clock.unix_duration());
    let (failures, streams) = (limit::Failures::default(), places::Places::new(feed::STREAMS));
    let downloads = places::Places::new(exports::DOWNLOADS);
    let app = Arc::new(App { ledger, failures, timers, metrics, bundles, streams, downloads });
    let mut router = Router::new();
    for operation in OPERATIONS {
        let mut handler = handler(operation.id, is_copy);
        if operation.access.takes_token() {
            handler = handler.route_layer(from_fn_with_state(Arc::clone(&app), access::recorded));
        }
        router = router.route(operation.path, handler);
    }
    if is_copy {
        let recorded = from_fn_with_state(Arc::clone(&app), access::recorded);
        router = router.route("/v1/lodged", get(copy::lodged).route_layer(recorded));
    }
    router
        .fallback(|| async { Problem::route_unknown().into_response() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed().into_response() })
        .layer(from_fn_with_state(Arc::clone(&app), around))
        .with_state(app)
}

/// What answers an operation, at the log's own server or at a copy.
fn handler(id: Id, is_copy: bool) -> MethodRouter<Arc<App>> {
    match id {
        Id::Live => get(log::livez),
        Id::Ready => get(copy::readyz),
        Id::Metrics => get(metrics::metrics),
        Id::Description => get(openapi::description),
        Id::Docs => get(docs::page),
        Id::Log => get(log::about),
        Id::Policy => get(log::policy),
        Id::Heads => get(log::heads),
        Id::Accesses => get(log::accesses),
        Id::AccessLinks => get(log::access_links),
        Id::Cosigners => get(log::cosigners),
        Id::Inclusion => get(log::inclusion),
        Id::Consistency => get(log::consistency),
        Id::Evidence => post(evidence::evidence),
        Id::Checkpoint => get(log::checkpoint),
        Id::EntryTile => get(log::entry_tile),
        Id::Tile => get(log::tile),
        Id::Verify => post(write::verify),
        Id::Records => get(read::records),
        Id::Submit if is_copy => post(copy::lodge),
        Id::Submit => post(write::submit),
        Id::Prepare => post(write::prepare),
        Id::Record => get(read::record),
        Id::Note => get(read::note),
        Id::Receipt => get(read::receipt),
        Id::Bundle => get(read::bundle),
        Id::Sites => get(read::sites),
        Id::Site => get(read::site),
        Id::Inspections => get(read::inspections),
        Id::Inspection => get(read::inspection),
        Id::Declarations => get(read::declarations),
        Id::Keys => get(read::keys),
        Id::Terms => get(read::terms),
        Id::Reciprocity => get(status::reciprocity),
        Id::Timeline => get(status::timeline),
        Id::WhatIf => post(what_if::what_if),
        Id::Compare => get(status::compare),
        Id::Obligations => get(obligations::obligations),
        Id::Obligation => get(obligations::obligation),
        Id::Events => get(feed::events),
        Id::Stream => get(feed::stream),
        Id::Atom => get(feed::atom),
        Id::Calendar => get(calendar::calendar),
        Id::RecordsCsv => get(exports::records_csv),
        Id::RecordsNdjson => get(exports::records_ndjson),
        Id::InspectionsCsv => get(exports::inspections_csv),
        Id::InspectionsNdjson => get(exports::inspections_ndjson),
        Id::ObligationsCsv => get(exports::obligations_csv),
        Id::ObligationsNdjson => get(exports::obligations_ndjson),
        Id::StatusCsv => get(exports::status_csv),
        Id::StatusNdjson => get(exports::status_ndjson),
        Id::Database => get(exports::database),
        Id::Manifest => get(exports::manifest),
    }
}

/// What surrounds every request: its id, the language of a refusal, one line of log, the headers that all answers have.
async fn around(State(app): State<Arc<App>>, mut request: Request<Body>, next: Next) -> Response {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let well_formed = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    let id = given.filter(well_formed).map_or_else(|| format!("req_{}", uuid::Uuid::now_v7().simple()), str::to_owned);
    let lang = request::lang(request.headers());
    let wanted = etag::Wanted::of(request.method(), request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(RequestId(id.clone()));
    let started = app.ledger.clock.unix_duration();
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", request_id = id);
    let response = next.run(request).instrument(span).await;
    let code = response.extensions().get::<Problem>().map(|problem| problem.code);
    let mut response = etag::tagged(problem::render(response, &path, lang, &id), &wanted).await;
    let status = response.status();
    let took = app.ledger.clock.unix_duration().saturating_sub(started);
    let method = metrics::method_label(&method);
    app.metrics.answered(&route, method, status, code, took);
    let (status, duration_us) = (status.as_u16(), u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    tracing::debug!(request_id = id, method, route, status, duration_us, code, "request");
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// An answer in JSON.
fn json(value: &impl serde::Serialize) -> Response {
    written(serde_json::to_string(value).unwrap_or_default()) // no view can fail to be written
}

/// JSON that is written already.
fn written(mut text: String) -> Response {
    text.push('\n');
    typed("application/json", text)
}

/// An answer of this media type.
fn typed(media_type: &'static str, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(media_type))], body.into()).into_response()
}

/// Plain text, as signed things are.
const TEXT: &str = "text/plain; charset=utf-8";
