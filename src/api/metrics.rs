//! Figures for the operator's monitoring, in the text form of Prometheus.
//!
//! Counters live in a registry of this router's own; what the ledger knows already (its size, its queue) is read when
//! somebody asks. Labels are templates of addresses, classes of status and codes: nothing that was sent, and nobody.
//!
//! Invariants: the figures show the size and the rhythm of the log, so they are for those who may read a checkpoint
//! ([`crate::service::access::Principal::may_read_tree`]), and for nobody else.
//!
//! Deliberately absent: figures by state (but for how far its cosigners are), by token or by address, and any push.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::access::Asked;
use super::problem::Problem;
use super::request::Parameters;
use super::{App, typed};
use crate::service::ledger::Ledger;

/// The media type of the figures.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of the durations, in seconds.
const BOUNDS: [f64; 11] = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

type Labels<const N: usize> = [(&'static str, String); N];
type Durations = Family<Labels<1>, Histogram, fn() -> Histogram>;

/// The counters of one router.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels<3>, Counter>,
    durations: Durations,
    refusals: Family<Labels<1>, Counter>,
    failed_verifications: Counter,
    accesses: Family<Labels<1>, Counter>,
    entries: Gauge,
    batches: Gauge,
    last_batch: Gauge,
    queue: Gauge,
    halted: Gauge,
    missing: Gauge,
    final_entries: Gauge,
    lag: Family<Labels<1>, Gauge>,
}

impl Metrics {
    /// Counters at zero, of a process that started at this time since the epoch.
    pub fn new(started: Duration) -> Metrics {
        let histogram: fn() -> Histogram = || Histogram::new(BOUNDS);
        let mut metrics = Metrics {
            registry: Registry::with_prefix("countersign"),
            requests: Family::default(),
            durations: Family::new_with_constructor(histogram),
            refusals: Family::default(),
            failed_verifications: Counter::default(),
            accesses: Family::default(),
            entries: Gauge::default(),
            batches: Gauge::default(),
            last_batch: Gauge::default(),
            queue: Gauge::default(),
            halted: Gauge::default(),
            missing: Gauge::default(),
            final_entries: Gauge::default(),
            lag: Family::default(),
        };
        metrics.register(started);
        metrics
    }

    fn register(&mut self, started: Duration) {
        let start = Gauge::<i64>::default();
        start.set(i64::try_from(started.as_secs()).unwrap_or(i64::MAX));
        let registry = &mut self.registry;
        registry.register("requests", "Requests by route, method and class of status", self.requests.clone());
        let help = "From the head of a request to its answer";
        registry.register_with_unit("request_duration", help, Unit::Seconds, self.durations.clone());
        registry.register("refusals", "Answers that said no, by code", self.refusals.clone());
        let help = "Records with lines or signatures that do not fit";
        registry.register("failed_verifications", help, self.failed_verifications.clone());
        registry.register("access_events", "Reads by holders of tokens, by outcome", self.accesses.clone());
        registry.register("entries", "Entries of the log", self.entries.clone());
        registry.register("batches", "Committed heads of the log", self.batches.clone());
        registry.register("last_batch_entries", "Entries of the newest batch", self.last_batch.clone());
        registry.register("queue_depth", "Records that wait for the sequencer", self.queue.clone());
        registry.register("halted", "1 if the ledger has stopped writing", self.halted.clone());
        let help = "Entries that were signed once and are not here: the ledger only reads";
        registry.register("missing_entries", help, self.missing.clone());
        let help = "Entries in the newest checkpoint that met the quorum of the terms";
        registry.register("final_entries", help, self.final_entries.clone());
        let help = "Entries that a cosigner has not cosigned yet, by the name of its key";
        registry.register("cosigner_lag_entries", help, self.lag.clone());
        registry.register_with_unit("process_start_time", "Since the epoch", Unit::Seconds, start);
    }

    /// Counts an answer. `route` is a template; empty where no address fitted.
    pub fn answered(&self, route: &str, method: &'static str, status: StatusCode, code: Option<&str>, took: Duration) {
        let route = if route.is_empty() { "none" } else { route };
        let class = format!("{}xx", status.as_u16() / 100);
        let labels = [("route", route.to_owned()), ("method", method.to_owned()), ("status", class)];
        self.requests.get_or_create(&labels).inc();
        self.durations.get_or_create(&[("route", route.to_owned())]).observe(took.as_secs_f64());
        if let Some(code) = code {
            self.refusals.get_or_create(&[("code", code.to_owned())]).inc();
        }
    }

    /// Counts a record whose lines or signatures do not fit.
    pub fn failed_verification(&self) {
        self.failed_verifications.inc();
    }

    /// Counts a recorded access.
    pub fn access(&self, outcome: &str) {
        self.accesses.get_or_create(&[("outcome", outcome.to_owned())]).inc();
    }

    /// All figures, as they stand.
    fn render(&self, ledger: &Ledger) -> String {
        let published = ledger.now();
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let sizes = published.sizes();
        let newest = sizes.last().copied().unwrap_or(0);
        let before = sizes.len().checked_sub(2).and_then(|place| sizes.get(place)).copied().unwrap_or(0);
        self.entries.set(gauge(published.size()));
        self.batches.set(gauge(sizes.len() as u64));
        self.last_batch.set(gauge(newest.saturating_sub(before)));
        self.queue.set(gauge(ledger.waiting() as u64));
        self.halted.set(i64::from(published.halted.load().is_some()));
        let missing = ledger.standing.missing.as_ref().map_or(0, |missing| missing.to - missing.from);
        self.missing.set(gauge(missing));
        self.final_entries.set(gauge(ledger.cosigned.lines.load().last_final().unwrap_or(0)));
        for one in ledger.cosigned.standings.load().iter() {
            let cosigned = one.cosigned.map_or(0, |(size, _)| size);
            let label = [("cosigner", one.name.to_string())];
            self.lag.get_or_create(&label).set(gauge(published.size().saturating_sub(cosigned)));
        }
        let mut text = String::new();
        let _ = encode(&mut text, &self.registry); // a String takes everything
        text
    }
}

/// The method as a label: methods that no address knows are one.
pub fn method_label(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        _ => "other",
    }
}

/// `GET /metrics`: the figures.
pub async fn metrics(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    Parameters::none(&asked.uri)?;
    if !asked.principal.may_read_tree(&app.ledger.now().replica) {
        return Err(Problem::token_required());
    }
    let mut response = typed(MEDIA_TYPE, app.metrics.render(&app.ledger));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
