//! The parameters of addresses and of queries: each name means one thing everywhere.
//!
//! Deliberately absent: reading them, which is each handler's.

use serde_json::{Value, json};

use super::Id;
use crate::service::view::FLAGS;
use crate::treaty::party::Party;
use crate::treaty::record::Kind;

/// What a parameter means and may be.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// What it means.
    pub meaning: &'static str,
    /// What it may be, as JSON Schema.
    pub schema: Value,
}

/// The parameter of this name, at this address.
pub fn parameter(id: Id, name: &str) -> Parameter {
    let text = || json!({ "type": "string" });
    let size = || json!({ "type": "integer", "minimum": 0 });
    let instant = || json!({ "type": "string", "pattern": "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$" });
    let slot = || json!({ "type": "string", "examples": ["A1"], "pattern": "^[A-Z][0-9]+$" });
    let name_of_record = || json!({ "type": "string", "examples": ["6", format!("sha256:{}", "0".repeat(64))] });
    let (meaning, schema) = match name {
        "files" => (
            "The files that it is about, with commas between them. All of them if left out.",
            json!({ "type": "string", "examples": ["records.csv,ledger.sqlite"] }),
        ),
        "known_at" => (
            "What the ledger held: `tree:<size>`, or an instant before the current second. The newest size if left out.",
            json!({ "type": "string", "examples": ["tree:7", "2026-03-01T12:00:00Z"] }),
        ),
        "after" => ("The index after which it begins. The whole log if left out.", size()),
        "limit" if matches!(id, Id::Events | Id::Stream) => {
            ("Ends after so many entries.", json!({ "type": "integer", "minimum": 1 }))
        }
        "limit" => ("Records of a page.", json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 })),
        "cursor" => ("Where the page begins: `page.next` of the page before.", text()),
        "kind" => ("Records of this kind.", words(Kind::ALL.iter().map(|kind| kind.as_str()))),
        "party" => ("Records of this state.", words(Party::ALL.iter().map(|party| party.as_str()))),
        "site" => ("What belongs to this slot.", slot()),
        "inspection" => ("What belongs to the visit of this intent.", name_of_record()),
        "signed_by" => ("Records that this key signed.", json!({ "type": "string", "examples": ["RU/centre/1"] })),
        "flag" => ("Records with this flag.", words(FLAGS.iter().copied())),
        "received_from" => ("Received then or later.", instant()),
        "received_to" => ("Received then or earlier.", instant()),
        "bom" => ("Whether a table begins with a byte-order mark.", json!({ "type": "boolean", "default": false })),
        "name" => (
            "An index, or a digest: the permanent name. A visit has the digest or the id of its intent.",
            name_of_record(),
        ),
        "code" => ("A slot.", slot()),
        "index" => ("An index.", size()),
        "size" => ("A size of the log.", size()),
        "first" => ("The smaller size.", size()),
        "second" => ("The greater size.", size()),
        "path" => ("The rest of the address of a tile (C2SP tlog-tiles).", text()),
        _ => ("", text()),
    };
    Parameter { meaning, schema }
}

fn words(words: impl Iterator<Item = &'static str>) -> Value {
    json!({ "type": "string", "enum": words.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::super::OPERATIONS;
    use super::*;

    #[test]
    fn every_parameter_is_explained() {
        for operation in OPERATIONS {
            for name in operation.query.iter().copied().chain(operation.names()) {
                assert!(!parameter(operation.id, name).meaning.is_empty(), "{name}");
            }
        }
    }
}
