//! How obligations are shown.
//!
//! Invariants: keys are sorted; links name everything that an answer depends on.
//!
//! Deliberately absent: any computation of states.

use serde_json::{Map, Value, json};

use super::super::known::Known;
use super::super::obligations::{Filter, Page, Told};
use super::{head, known_at, sorted};
use crate::treaty::obligation::State;
use crate::treaty::reciprocity::history_of::{Change, VIEWERS};
use crate::treaty::reciprocity::{Row, Viewer};
use crate::treaty::time::Instant;

/// The members of a row that depend on the view.
const OF_VIEW: [&str; 6] = ["causes", "clause", "due_at", "flags", "grade", "state"];

/// A page of a list.
pub fn obligations(known: &Known, filter: &Filter, page: &Page) -> Value {
    let (size, as_of) = (known.size(), filter.as_of);
    let reached = filter.after + page.rows.len();
    let next = page.has_more.then(|| format!("{size}.{}.{reached}", as_of.seconds()));
    let rows = page.rows.iter().map(|row| {
        let mut value = written(row);
        value["links"] = json!({ "self": link(known, &row.id, as_of) });
        value
    });
    sorted(json!({
        "as_of": as_of.to_string(),
        "data": rows.collect::<Vec<_>>(),
        "known_at": known_at(known),
        "page": { "next": next, "has_more": page.has_more },
        "view": filter.viewer.as_str(),
    }))
}

/// An obligation as a row that stands on its own: it says what it answers.
pub fn obligation_line(known: &Known, as_of: Instant, viewer: Viewer, row: &Row) -> Value {
    let mut value = written(row);
    value["as_of"] = as_of.to_string().into();
    value["known_at"] = format!("tree:{}", known.size()).into();
    value["view"] = viewer.as_str().into();
    sorted(value)
}

/// One obligation, in every view and through time.
pub fn obligation(known: &Known, as_of: Instant, told: &Told) -> Value {
    let mut whole = Map::new();
    let mut views = Map::new();
    for (viewer, row) in &told.rows {
        let Value::Object(members) = written(row) else { continue };
        let (own, shared): (Map<_, _>, Map<_, _>) =
            members.into_iter().partition(|(name, _)| OF_VIEW.contains(&name.as_str()));
        views.insert(viewer.as_str().to_owned(), own.into());
        whole.extend(shared);
    }
    let id = told.rows.first().map_or("", |(_, row)| row.id.as_str());
    let visit = told.rows.iter().find_map(|(_, row)| row.visit.as_deref());
    let mut links = json!({ "self": link(known, id, as_of) });
    if let Some(visit) = visit {
        links["inspection"] = format!("/v1/inspections/{visit}?known_at=tree:{}", known.size()).into();
    }
    let created_by = told.rows.first().map_or("", |(_, row)| row.created_by.as_str());
    links["created_by"] = format!("/v1/records/{created_by}").into();
    let mut whole = Value::Object(whole);
    whole["as_of"] = as_of.to_string().into();
    whole["checkpoint"] = head(known.head());
    whole["history"] = told.history.iter().map(|step| change(known, step)).collect();
    whole["known_at"] = format!("tree:{}", known.size()).into();
    whole["links"] = links;
    whole["views"] = views.into();
    sorted(whole)
}

/// A change of state.
fn change(known: &Known, change: &Change) -> Value {
    let by = change
        .by
        .and_then(|index| known.docket().event(index))
        .map(|event| json!({ "digest": event.digest.to_string(), "index": event.index, "kind": event.kind.as_str() }));
    let word = |state: Option<State>| state.map(State::as_str);
    let views = VIEWERS.iter().zip(change.states);
    let views =
        views.map(|(viewer, (from, to))| (viewer.as_str().to_owned(), json!({ "from": word(from), "to": word(to) })));
    json!({
        "at": change.at.to_string(),
        "by": by,
        "clause": change.clause.map(|clause| format!("§3.{clause}")),
        "due_at": change.due.map(|due| due.to_string()),
        "views": views.collect::<Map<_, _>>(),
    })
}

fn written(row: &Row) -> Value {
    serde_json::to_value(row).unwrap_or_default() // no row can fail to be written
}

fn link(known: &Known, id: &str, as_of: Instant) -> String {
    format!("/v1/obligations/{id}?as_of={as_of}&known_at=tree:{}", known.size())
}
