//! How the status of the pair is shown.
//!
//! The members of section 8 of `docs/reciprocity.md` keep their names and their meaning. Beside them stand the
//! checkpoint on which the answer rests, links, and a sentence for people.
//!
//! Invariants: keys are sorted, so that the same status is the same bytes; `links.self` names everything that the
//! answer depends on.
//!
//! Deliberately absent: any computation of states.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::known::Known;
use super::super::status::{Question, View};
use super::head;
use crate::treaty::reciprocity::{Answer, words};

/// A status, in the view or the views that were asked for, as JSON.
pub fn status(known: &Known, question: &Question, answers: &[Answer]) -> String {
    let mut members = Members::of(answers);
    members.put("checkpoint", &sorted(head(known.head())));
    members.put("links", &links(known, question, answers));
    members.text()
}

/// A status that rests on what is supposed: it says so, and what. Only records of the ledger have links.
pub fn supposed(known: &Known, question: &Question, answers: &[Answer], assumptions: &Value) -> String {
    let mut members = Members::of(answers);
    members.put("checkpoint", &sorted(head(known.head())));
    let mut links = links(known, question, answers);
    if let Value::Array(records) = links["records"].take() {
        let held = |link: &Value| link.as_str().is_some_and(|link| link.starts_with("/v1/records/sha256:"));
        let records = records.into_iter().filter(held).collect::<Vec<_>>();
        links = json!({ "records": records, "without_assumptions": links["self"] });
    }
    members.put("links", &links);
    let given = |name: &str| Some((name.to_owned(), sorted(assumptions.get(name)?.clone())));
    members.put(
        "assumptions",
        &["accept", "contest", "limits", "records"].into_iter().filter_map(given).collect::<Map<_, _>>(),
    );
    members.put("hypothetical", &true);
    members.text()
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

/// The members of an answer, each already written, in the order of their names.
#[derive(Default)]
struct Members(BTreeMap<&'static str, String>);

impl Members {
    /// What was answered: in one view, or in several side by side, and once what no view changes.
    fn of(answers: &[Answer]) -> Members {
        let mut members = Members::default();
        match answers {
            [one] => {
                members.put_shared(one);
                members.put_own(one);
            }
            several => {
                several.first().into_iter().for_each(|one| members.put_shared(one));
                let mut views = Members::default();
                for one in several {
                    let mut own = Members::default();
                    own.put_own(one);
                    views.0.insert(one.view, own.text());
                }
                members.0.insert("views", views.text());
            }
        }
        members
    }

    /// The members that no view changes.
    fn put_shared(&mut self, answer: &Answer) {
        self.put("absence", &answer.absence);
        self.put("ambiguity", &answer.ambiguity);
        self.put("as_of", &answer.as_of);
        self.put("denials", &answer.denials);
        self.put("exercise", &answer.exercise);
        self.put("known_at", &answer.known_at);
        self.put("period", &answer.period);
        self.put("quota", &answer.quota);
        self.put("requests", &answer.requests);
        self.put("slots", &answer.slots);
        self.put("terms", &answer.terms);
    }

    /// Those that belong to one view, and the sentence that says it in words.
    fn put_own(&mut self, answer: &Answer) {
        let sentence = words::sentence(answer);
        self.put("next", &answer.next);
        self.put("obligations", &answer.obligations);
        self.put("pair", &answer.pair);
        self.put("sides", &answer.sides);
        self.put("standing", &answer.standing);
        self.put("view", &answer.view);
        self.put("words", &json!({ "en": sentence.en, "ru": sentence.ru }));
    }

    fn put(&mut self, name: &'static str, value: &impl Serialize) {
        self.0.insert(name, serde_json::to_string(value).unwrap_or_default()); // no answer can fail to be written
    }

    fn text(&self) -> String {
        let members: Vec<String> = self.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}

fn links(known: &Known, question: &Question, answers: &[Answer]) -> Value {
    let because: BTreeSet<&String> = answers.iter().flat_map(|answer| &answer.pair.because).collect();
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
