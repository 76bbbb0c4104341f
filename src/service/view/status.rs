//! How the status of the pair is shown.
//!
//! The members of section 8 of `docs/reciprocity.md` keep their names and their meaning. Beside them stand the
//! checkpoint on which the answer rests, links, and a sentence for people. What is settled and enters no grade of the
//! period is left out unless everything is asked for.
//!
//! Invariants: keys are sorted, so that the same status is the same bytes; `links.self` names everything that the
//! answer depends on.
//!
//! Deliberately absent: any computation of states.

use serde_json::{Map, Value, json};

use super::super::known::Known;
use super::super::status::{Question, View};
use super::head;
use crate::treaty::obligation::State;
use crate::treaty::reciprocity::{Answer, words};

/// The members that no view changes. With all three views side by side they are shown once.
const SHARED: [&str; 11] = [
    "absence",
    "ambiguity",
    "as_of",
    "denials",
    "exercise",
    "known_at",
    "period",
    "quota",
    "requests",
    "slots",
    "terms",
];

/// A status, in the view or the views that were asked for.
pub fn status(known: &Known, question: &Question, answers: &[Answer]) -> Value {
    let mut because: Vec<&String> = answers.iter().flat_map(|answer| &answer.pair.because).collect();
    because.sort_unstable();
    because.dedup();
    let links = links(known, question, &because);
    let mut shown: Vec<Value> = answers.iter().map(|answer| one(question, answer)).collect();
    let mut whole = match (&mut shown[..], answers) {
        ([one], [_]) => one.take(),
        (all, _) => side_by_side(all, answers),
    };
    whole["checkpoint"] = head(known.head());
    whole["links"] = links;
    sorted(whole)
}

/// A status that rests on what is supposed: it says so, and what. Only records of the ledger have links.
pub fn supposed(known: &Known, question: &Question, answers: &[Answer], assumptions: &Value) -> Value {
    let mut whole = status(known, question, answers);
    if let Value::Array(records) = whole["links"]["records"].take() {
        let held = |link: &Value| link.as_str().is_some_and(|link| link.starts_with("/v1/records/sha256:"));
        whole["links"] = json!({
            "records": records.into_iter().filter(held).collect::<Vec<_>>(),
            "without_assumptions": whole["links"]["self"],
        });
    }
    whole["assumptions"] = ["accept", "contest", "limits", "records"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), assumptions.get(name)?.clone())))
        .collect::<Map<_, _>>()
        .into();
    whole["hypothetical"] = true.into();
    sorted(whole)
}

/// One view as a row that stands on its own. What is owed is a table of its own, and so left out.
pub fn status_line(mut answer: Answer) -> Value {
    let sentence = words::sentence(&answer);
    answer.obligations = Vec::new();
    let mut value = serde_json::to_value(&answer).unwrap_or_default(); // no answer can fail to be written
    if let Value::Object(members) = &mut value {
        members.remove("obligations");
    }
    value["words"] = json!({ "en": sentence.en, "ru": sentence.ru });
    sorted(value)
}

/// All views, and once what they share.
fn side_by_side(shown: &mut [Value], answers: &[Answer]) -> Value {
    let mut whole = Map::new();
    let mut views = Map::new();
    for (value, answer) in shown.iter_mut().zip(answers) {
        let Value::Object(members) = value.take() else { continue };
        let (shared, own): (Map<_, _>, Map<_, _>) =
            members.into_iter().partition(|(name, _)| SHARED.contains(&name.as_str()));
        whole.extend(shared);
        views.insert(answer.view.to_owned(), own.into());
    }
    whole.insert("views".into(), views.into());
    whole.into()
}

/// One view of a status.
fn one(question: &Question, answer: &Answer) -> Value {
    let sentence = words::sentence(answer);
    let mut answer = answer.clone();
    if !question.everything {
        let period = answer.period.clone();
        answer.obligations.retain(|row| {
            !State::from_word(row.state).is_some_and(State::is_final) || (row.graded && row.period == period)
        });
        answer.requests.retain(|request| request.period == period);
        answer.quota.retain(|quota| quota.period == period);
    }
    let mut value = serde_json::to_value(&answer).unwrap_or_default(); // no answer can fail to be written
    value["words"] = json!({ "en": sentence.en, "ru": sentence.ru });
    value
}

fn links(known: &Known, question: &Question, because: &[&String]) -> Value {
    let (as_of, size, view, period) = (question.as_of, known.size(), question.view.word(), question.period);
    let include = if question.everything { "&include=all" } else { "" };
    let asked = format!("as_of={as_of}&known_at=tree:{size}&view={view}");
    let begin = format!("{period}-01-01T00:00:00Z").min(as_of.to_string());
    let one = if question.view == View::All { "undisputed" } else { view };
    json!({
        "obligations": format!("/v1/obligations?as_of={as_of}&known_at=tree:{size}&view={one}"),
        "records": because.iter().map(|digest| format!("/v1/records/{digest}")).collect::<Vec<_>>(),
        "self": format!("/v1/reciprocity?{asked}&period={period}{include}"),
        "timeline": format!("/v1/reciprocity/timeline?from={begin}&known_at=tree:{size}&to={as_of}&view={view}"),
    })
}

/// The same value with sorted keys, all the way down.
pub fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(members.into_iter().map(|(name, value)| (name, sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
