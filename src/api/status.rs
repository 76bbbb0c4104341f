//! How the two sides stand, for who reads everything.
//!
//! Invariants: a host and whoever has no token learn nothing here, not even whether a question is well put. Whoever may
//! ask is told every fault of the question at once: what is no question (400), and what cannot be asked about (422).
//!
//! Deliberately absent: any opinion on a status. The sentences repeat what the members say.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::access::Asked;
use super::operation::Id;
use super::problem::Problem;
use super::request::{NOT_KNOWN, Parameters};
use super::{App, json, written};
use crate::service::known::{Known, KnownAt};
use crate::service::status::{NotNow, Question, Stopping, View};
use crate::service::view;
use crate::treaty::reciprocity::timeline::TooLong;
use crate::treaty::time::Instant;
use crate::words::Words;

/// The parameters of a question by somebody who may ask it.
pub fn parameters(asked: &Asked, id: Id) -> Result<Parameters, Problem> {
    if asked.holder()?.reads_all() {
        Ok(Parameters::read(&asked.uri, id.operation().query))
    } else {
        Err(Problem::not_found())
    }
}

/// What the answer stands on, by the parameter of this name. Before the first entry there is nothing to stand on.
pub fn known(app: &App, parameters: &mut Parameters, name: &str) -> Option<Known> {
    let given = parameters.is_given(name);
    let at = parameters.take(name, KnownAt::parse);
    if given && at.is_none() {
        return None;
    }
    let known = app.ledger.known(at.unwrap_or_default()).ok().filter(|known| known.size() > 0);
    if known.is_none() {
        parameters.refuse(name, NOT_KNOWN, &Problem::not_yet().detail);
    }
    known
}

/// The instant asked about; the ledger's current second, if none is named.
pub fn as_of(app: &App, parameters: &mut Parameters) -> Instant {
    parameters.take("as_of", Instant::parse).unwrap_or_else(|| app.ledger.clock.now())
}

/// In whose view.
pub fn view(parameters: &mut Parameters) -> View {
    parameters.take("view", View::parse).unwrap_or_default()
}

/// The whole question of a status.
fn question(app: &App, parameters: &mut Parameters) -> Question {
    let as_of = as_of(app, parameters);
    let view = view(parameters);
    let period = parameters.take("period", year).unwrap_or_else(|| as_of.year());
    let everything = parameters.take("include", |text| (text == "all").then_some(())).is_some();
    Question { as_of, view, period, everything }
}

/// A calendar year that an instant can lie in.
pub fn year(text: &str) -> Option<i32> {
    let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|year| is_year && (1970..=9999).contains(year))
}

/// `GET /v1/reciprocity`: the status of the pair, and everything that it rests on.
pub async fn reciprocity(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let mut parameters = parameters(&asked, Id::Reciprocity)?;
    let known = known(&app, &mut parameters, "known_at");
    let question = question(&app, &mut parameters);
    parameters.answerable()?;
    let known = known.ok_or(Problem::not_yet())?;
    let work = move || view::status(&known, &question, &known.standing(&question));
    Ok(written(app.ledger.computed(work).await?))
}

/// `GET /v1/reciprocity/timeline`: every change of the status from one instant to another.
pub async fn timeline(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let mut parameters = parameters(&asked, Id::Timeline)?;
    let known = known(&app, &mut parameters, "known_at");
    let view = view(&mut parameters);
    let to = parameters.take("to", Instant::parse).unwrap_or_else(|| app.ledger.clock.now());
    let from = parameters.take("from", Instant::parse).unwrap_or_else(|| begin_of_year(to));
    if from > to {
        parameters.refuse("from", "range_reversed", &REVERSED);
    }
    parameters.answerable()?;
    let known = known.ok_or(Problem::not_yet())?;
    let work = move || known.timeline(view, (from, to)).map(|found| view::timeline(&known, view, (from, to), &found));
    let shown = app.ledger.computed_alone(work).await?;
    shown.map(|shown| json(&shown)).map_err(|TooLong| Parameters::refused("from", "range_too_long", &TOO_LONG))
}

/// `GET /v1/compare`: what became of a status as more became known.
pub async fn compare(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let mut parameters = parameters(&asked, Id::Compare)?;
    if !parameters.is_given("from") {
        parameters.refuse("from", "parameter_missing", &MISSING);
    }
    let to = known(&app, &mut parameters, "to");
    let from = known(&app, &mut parameters, "from");
    let as_of = as_of(&app, &mut parameters);
    let view = view(&mut parameters);
    if let (Some(from), Some(to)) = (&from, &to)
        && from.size() > to.size()
    {
        parameters.refuse("from", "range_reversed", &REVERSED);
    }
    parameters.answerable()?;
    let (from, to) = (from.ok_or(Problem::not_yet())?, to.ok_or(Problem::not_yet())?);
    let question = Question { as_of, view, period: as_of.year(), everything: true };
    let work = move || view::comparison(&from, &to, &question);
    Ok(json(&app.ledger.computed(work).await?))
}

/// When the year of an instant begins.
fn begin_of_year(at: Instant) -> Instant {
    Instant::parse(&format!("{}-01-01T00:00:00Z", at.year())).unwrap_or(at)
}

const MISSING: Words = Words::fixed("This parameter must be there.", "Этот параметр обязателен.");
const REVERSED: Words = Words::fixed("from lies after to.", "Начало (from) позже конца (to).");
const TOO_LONG: Words = Words::fixed(
    "Between from and to lie more instants than one answer looks at. Ask for less at once.",
    "Между from и to больше моментов, чем просматривается за один ответ. Запросите меньший промежуток.",
);

impl From<NotNow> for Problem {
    fn from(error: NotNow) -> Problem {
        let detail = Words::fixed(
            "Another timeline is being computed. Try again, or ask for a shorter one.",
            "Вычисляется другая хронология. Повторите запрос или запросите более короткую.",
        );
        match error {
            NotNow::Busy => Problem::unavailable("busy", detail, 2),
            NotNow::Stopping(stopping) => stopping.into(),
        }
    }
}

impl From<Stopping> for Problem {
    fn from(_: Stopping) -> Problem {
        let detail = Words::fixed("The ledger is stopping. Try again.", "Реестр останавливается. Повторите запрос.");
        Problem::unavailable("try_again", detail, 1)
    }
}
