//! How a status is shown through time, and as more becomes known.
//!
//! Invariants: keys are sorted; `links.self` names everything that an answer depends on.
//!
//! Deliberately absent: any computation of states.

use serde_json::{Map, Value, json};

use super::super::known::Known;
use super::super::status::{Question, View};
use super::{head, sorted};
use crate::treaty::reciprocity::timeline::{Timeline, Turn};
use crate::treaty::reciprocity::{Answer, Pair};
use crate::treaty::time::Instant;

/// Every change of the status from one instant to another.
pub fn timeline(known: &Known, view: View, (from, to): (Instant, Instant), timeline: &Timeline) -> Value {
    let status = |pair: &Option<Pair>| pair.as_ref().map(|pair| pair.status.clone());
    let before = timeline.before.iter().map(|(viewer, pair)| (viewer.as_str().to_owned(), status(pair).into()));
    let turn = |turn: &Turn| {
        let shown = json!({
            "after": turn.after.status,
            "because": turn.after.because,
            "before": status(&turn.before),
        });
        (turn.viewer.as_str().to_owned(), shown)
    };
    let changes = timeline.changes.iter().map(|(at, turns)| {
        let views: Map<String, Value> = turns.iter().map(turn).collect();
        json!({ "at": at.to_string(), "views": views })
    });
    let (word, size) = (view.word(), known.size());
    sorted(json!({
        "before": before.collect::<Map<_, _>>(),
        "changes": changes.collect::<Vec<_>>(),
        "checkpoint": head(known.head()),
        "from": from.to_string(),
        "known_at": format!("tree:{size}"),
        "links": { "self": format!("/v1/reciprocity/timeline?from={from}&known_at=tree:{size}&to={to}&view={word}") },
        "to": to.to_string(),
        "view": word.to_ascii_uppercase(),
    }))
}

/// What became of a status as more became known.
pub fn comparison(from: &Known, to: &Known, question: &Question) -> Value {
    let (before, after) = (from.standing(question), to.standing(question));
    let compared = before.iter().zip(&after).map(|(old, new)| (new.view.to_owned(), one(from, to, old, new)));
    let mut compared: Map<String, Value> = compared.collect();
    let mut whole = match compared.values_mut().next() {
        Some(one) if question.view != View::All => one.take(),
        _ => json!({ "views": compared }),
    };
    let new = (from.docket().size()..to.docket().size()).filter_map(|index| to.docket().event(index));
    let records = new.map(|event| {
        json!({
            "digest": event.digest.to_string(),
            "index": event.index,
            "kind": event.kind.as_str(),
            "party": event.party.as_str(),
            "received_at": event.received_at.to_string(),
        })
    });
    let state =
        |known: &Known| json!({ "checkpoint": head(known.head()), "known_at": format!("tree:{}", known.size()) });
    let (as_of, view, sizes) = (question.as_of, question.view.word(), (from.size(), to.size()));
    whole["as_of"] = as_of.to_string().into();
    whole["from"] = state(from);
    whole["links"] = json!({
        "self": format!("/v1/compare?as_of={as_of}&from=tree:{}&to=tree:{}&view={view}", sizes.0, sizes.1),
    });
    whole["records"] = records.collect();
    whole["to"] = state(to);
    whole["view"] = view.to_ascii_uppercase().into();
    sorted(whole)
}

/// One view of a comparison.
fn one(from: &Known, to: &Known, old: &Answer, new: &Answer) -> Value {
    let moved = to.moved(from, old, new).into_iter().map(|moved| {
        let by: Vec<String> = moved.by.iter().map(|index| to.name(*index)).collect();
        json!({ "by": by, "from": moved.from, "id": moved.id, "to": moved.to })
    });
    json!({
        "obligations": moved.collect::<Vec<_>>(),
        "pair": { "from": old.pair, "to": new.pair },
        "sides": {
            "RU": { "from": old.sides.ru.grade, "to": new.sides.ru.grade },
            "US": { "from": old.sides.us.grade, "to": new.sides.us.grade },
        },
    })
}
