//! Texts that no record may hold, inside the body of every kind: answered, never a fault of the server, never recorded.

use countersign::author::{sign, text_of};
use countersign::json;
use countersign::treaty::record::Kind;
use serde_json::Value;

use crate::support::http::{Answer, Api, Call, errors};
use crate::support::ledger::{ORIGIN, draft, key};

/// What the corpus of the strict reader holds, without the line feed at the end of each document.
fn documents() -> Vec<String> {
    let lines = include_str!("../../corpus/json/strict.txt").split('\n');
    let documents = lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" | "));
    documents.map(|(_, document)| spelled_out(document.trim_end_matches('⏎'))).collect()
}

/// Puts the characters in that a line of the corpus only names.
fn spelled_out(document: &str) -> String {
    let mut parts = document.split('⟨');
    let mut text = parts.next().expect("a first part").to_owned();
    for part in parts {
        let (code, rest) = part.split_once('⟩').expect("a closing bracket");
        let code = u32::from_str_radix(code, 16).expect("hexadecimal digits");
        text.push(char::from_u32(code).expect("a character"));
        text.push_str(rest);
    }
    text.replace('⏎', "\n")
}

/// The record of a kind, as text, with this in the place of its body.
fn with_body(kind: Kind, signer: &str, body: &str) -> String {
    let object = draft(kind, &[signer], Value::String("the body".into())).object().to_string();
    text_of(ORIGIN, &object.replacen("\"the body\"", body, 1))
}

async fn post(api: &Api, note: &str) -> Answer {
    api.send(Call::note(note)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hostile_document_is_recorded_as_the_body_of_any_kind() {
    let Some(api) = Api::start().await else { return };
    let documents = documents();
    let mut hostile = 0;
    for kind in Kind::ALL {
        for document in &documents {
            let text = with_body(*kind, "US/centre/1", document);
            let object = text.splitn(3, '\n').nth(2).expect("an object");
            let is_strict = json::read(object).faults.is_empty();
            // A note ends at its last empty line; a text that cannot be signed as one is sent as it is.
            let note = sign(&text, &[&key("US/centre/1")]).unwrap_or_else(|_| format!("{text}\n— x AAAA\n"));
            let size = api.size();
            let answer = post(&api, &note).await;
            if !is_strict {
                hostile += 1;
                assert_eq!(answer.status, 400, "{kind} {document:?}");
                assert_eq!(api.size(), size, "{kind} {document:?}");
            }
            if answer.status != 201 {
                assert!(answer.status < 500, "{kind} {document:?}");
                assert_eq!(api.size(), size, "{kind} {document:?}");
            }
        }
    }
    assert!(hostile > Kind::ALL.len() * 300, "{hostile}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_turns_the_direction_of_writing_is_answered_at_its_place() {
    let Some(api) = Api::start().await else { return };
    for kind in Kind::ALL {
        let path = format!("{}/tests/corpus/bodies/{kind}.json", env!("CARGO_MANIFEST_DIR"));
        let body = std::fs::read_to_string(path).expect("an example");
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let mut tried = 0;
        for (pointer, text) in texts(&body, String::new()) {
            for (mark, code) in
                [('\u{202e}', "string_bidi"), ('\u{200b}', "string_invisible"), ('\u{7}', "string_control")]
            {
                let mut altered = body.clone();
                *altered.pointer_mut(&pointer).expect("a text") = format!("{text}{mark}").into();
                // Written raw: an escape of a control character is another fault.
                let raw = with_body(*kind, "US/centre/1", &altered.to_string().replace("\\u0007", "\u{7}"));
                let note = sign(&raw, &[&key("US/centre/1")]);
                let size = api.size();
                let Ok(note) = note else { continue };
                let answer = post(&api, &note).await;
                assert_eq!(answer.status, 400, "{kind} {pointer}");
                assert_eq!(api.size(), size, "{kind} {pointer}");
                if answer.json()["code"] == "record_malformed" {
                    let expected = format!("/body{pointer} {code}");
                    assert!(errors(&answer.json()).contains(&expected), "{kind}: {expected} in {}", answer.json());
                    tried += 1;
                }
            }
        }
        assert!(tried > 1, "{kind}: {tried}");
    }
}

/// Every text in a body, with its pointer.
fn texts(value: &Value, pointer: String) -> Vec<(String, String)> {
    match value {
        Value::String(text) => vec![(pointer, text.clone())],
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(i, item)| texts(item, format!("{pointer}/{i}"))).collect()
        }
        Value::Object(members) => {
            members.iter().flat_map(|(name, member)| texts(member, format!("{pointer}/{name}"))).collect()
        }
        _ => Vec::new(),
    }
}
