//! What each side owes, for who reads everything.
//!
//! Deliberately absent: writing. An obligation follows from records.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use super::access::Asked;
use super::operation::Id;
use super::problem::Problem;
use super::read::{self, MAX_LIMIT};
use super::request::{Parameters, Path};
use super::{App, json, status};
use crate::service::known::{Known, KnownAt};
use crate::service::obligations::Filter;
use crate::service::status::viewer;
use crate::service::view::{self, csv};
use crate::tlog::checkpoint::decimal;
use crate::treaty::countermeasure::Cited;
use crate::treaty::obligation::{Kind, State as Stands};
use crate::treaty::party::{Party, Slot};
use crate::treaty::reciprocity::Viewer;
use crate::treaty::time::Instant;

/// A place in a list: the size, the instant, and how many rows come before.
#[derive(Clone, Copy)]
struct Cursor {
    size: u64,
    as_of: Instant,
    after: usize,
}

impl Cursor {
    fn parse(text: &str) -> Option<Cursor> {
        let (size, rest) = text.split_once('.')?;
        let (as_of, after) = rest.split_once('.')?;
        let as_of = Instant::from_unsigned(decimal(as_of)?)?;
        Some(Cursor { size: decimal(size)?, as_of, after: decimal(after)?.try_into().ok()? })
    }
}

/// What a list is to have.
fn filter(app: &App, parameters: &mut Parameters, cursor: Option<Cursor>) -> Filter {
    let limit = |text: &str| decimal(text)?.try_into().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    let as_of = status::as_of(app, parameters);
    Filter {
        as_of: cursor.map_or(as_of, |cursor| cursor.as_of),
        after: cursor.map_or(0, |cursor| cursor.after),
        viewer: parameters.take("view", viewer).unwrap_or(Viewer::Undisputed),
        limit: parameters.take("limit", limit).unwrap_or(read::DEFAULT_LIMIT),
        kind: parameters.take("kind", Kind::from_word),
        slot: parameters.take("slot", Slot::parse),
        obligor: parameters.take("obligor", Party::from_word),
        state: parameters.take("state", Stands::from_word),
        due_before: parameters.take("due_before", Instant::parse),
    }
}

/// `GET /v1/obligations`: in the order of the records that created them, in pages that stay with one size of the log
/// and one instant.
pub async fn obligations(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let mut parameters = status::parameters(&asked, Id::Obligations)?;
    let cursor = parameters.take("cursor", Cursor::parse);
    let known = status::known(&app, &mut parameters, "known_at");
    let filter = filter(&app, &mut parameters, cursor);
    let table = read::table(&asked, &mut parameters);
    parameters.answerable()?;
    let known = match cursor {
        Some(cursor) if cursor.size > 0 => app.ledger.known(KnownAt::Size(cursor.size))?,
        Some(_) => return Err(Problem::not_yet()),
        None => known.ok_or(Problem::not_yet())?,
    };
    let work = move || view::obligations(&known, &filter, &known.obligations(&filter));
    let list = app.ledger.computed(work).await?;
    Ok(read::in_form(table, &list, || {
        csv::table(csv::OBLIGATIONS, list["data"].as_array().map_or(&[], Vec::as_slice), table.unwrap_or(false))
    }))
}

/// `GET /v1/obligations/{id}`: how it stands in each view, and every change of its state.
pub async fn obligation(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let mut parameters = status::parameters(&asked, Id::Obligation)?;
    let known = status::known(&app, &mut parameters, "known_at");
    let as_of = status::as_of(&app, &mut parameters);
    parameters.answerable()?;
    let known: Known = known.ok_or(Problem::not_yet())?;
    let name = Cited::parse(&id).ok_or(Problem::not_found())?;
    let work = move || known.obligation(&name, as_of).map(|told| view::obligation(&known, as_of, &told));
    let shown: Option<Value> = app.ledger.computed(work).await?;
    Ok(json(&shown.ok_or(Problem::not_found())?))
}
