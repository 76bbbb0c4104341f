//! The form of records: what is read, what is not, and where the answer points.

mod bodies;
mod form;
mod words;

use super::record::{Malformed, Record};
use crate::json::Fault;

/// The faults of a record's text as `code@pointer`, joined by commas; nothing for a good one.
pub fn faults(text: &str) -> String {
    match Record::parse(text) {
        Ok(_) => String::new(),
        Err(malformed) => listed(&malformed),
    }
}

/// The faults of something malformed as `code@pointer`.
pub fn listed(malformed: &Malformed) -> String {
    let one = |fault: &Fault| format!("{}@{}", fault.code, fault.pointer);
    malformed.faults.iter().map(one).collect::<Vec<_>>().join(",")
}

/// The text of a record around an object.
pub fn text_of(object: &serde_json::Value) -> String {
    format!("countersign/record/v1\nledger.example/bilateral\n{object}\n")
}

/// A record of a kind with this body, and every member of the header.
pub fn object(kind: &str, body: &serde_json::Value) -> serde_json::Value {
    serde_json::json!({
        "id": "018e0000-0000-7000-8000-000000000001",
        "kind": kind,
        "party": "RU",
        "signers": ["RU/centre/1"],
        "number": 1,
        "signed_at": "2024-03-01T12:00:00Z",
        "effective_at": "2024-03-01T11:00:00Z",
        "anchor": {
            "size": 0,
            "root": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        },
        "channel": "national_centre",
        "refs": ["sha256:5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"],
        "body": body,
    })
}

/// The example body of a kind, which has every member that the kind declares.
pub fn example(kind: &str) -> serde_json::Value {
    let path = format!("{}/tests/corpus/bodies/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}
