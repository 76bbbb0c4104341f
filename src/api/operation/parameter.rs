//! The parameters of addresses and of queries: each name means one thing everywhere, but for those of the status.
//!
//! Deliberately absent: reading them, which is each handler's.

use serde_json::{Value, json};

use super::{Id, Operation};
use crate::service::view::FLAGS;
use crate::treaty::obligation::{Kind as Owed, State};
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

impl Operation {
    /// The parameter of this name, as this operation has it.
    pub fn parameter(&self, name: &str) -> Parameter {
        of_status(self.id, name).unwrap_or_else(|| parameter(self.id, name))
    }

    /// Whether it must be there.
    pub fn requires(&self, name: &str) -> bool {
        self.names().contains(&name) || (self.id == Id::Compare && name == "from")
    }
}

/// A second of UTC.
fn instant() -> Value {
    let pattern = "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$";
    json!({ "type": "string", "pattern": pattern, "examples": ["2026-03-01T12:00:00Z"] })
}

fn slot() -> Value {
    json!({ "type": "string", "examples": ["A1"], "pattern": "^[A-Z][0-9]+$" })
}

/// What only the status and its parts are asked.
fn of_status(id: Id, name: &str) -> Option<Parameter> {
    let size_or_instant = || json!({ "type": "string", "examples": ["tree:7", "2026-03-01T12:00:00Z"] });
    let one_view = ["us", "ru", "undisputed"];
    let (meaning, schema) = match (id, name) {
        (Id::Obligations | Id::Calendar, "kind") => {
            ("Obligations of this kind.", words(Owed::ALL.iter().map(|kind| kind.as_str())))
        }
        (Id::Obligations | Id::Calendar, "view") => (
            "In whose view: what neither side disputes if left out.",
            json!({ "type": "string", "enum": one_view, "default": "undisputed" }),
        ),
        (Id::Obligations, "limit") => {
            ("Obligations of a page.", json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 }))
        }
        (Id::Timeline, "from") => ("The first instant. The beginning of the year of `to` if left out.", instant()),
        (Id::Timeline, "to") => ("The last instant. The ledger's current second if left out.", instant()),
        (Id::Compare, "from") => ("What was known before, as `known_at`. It must be there.", size_or_instant()),
        (Id::Compare, "to") => ("What is known after, as `known_at`. The newest size if left out.", size_or_instant()),
        (
            Id::ObligationsCsv | Id::ObligationsNdjson | Id::StatusCsv | Id::StatusNdjson | Id::Database | Id::Manifest,
            "view",
        ) => (
            "In whose view: all three if left out.",
            json!({ "type": "string", "enum": one_view.iter().chain(&["all"]).collect::<Vec<_>>(), "default": "all" }),
        ),
        (_, "slot") => ("What concerns this slot.", slot()),
        (_, "obligor") => ("What this state owes.", words(Party::ALL.iter().map(|party| party.as_str()))),
        (_, "state") => ("What stands so.", words(State::ALL.iter().map(|state| state.as_str()))),
        (_, "due_before") => ("What is due before this instant.", instant()),
        (_, "id") => (
            "The id of an obligation, `KIND:<digest of the creating record>:<slot or ->`.",
            json!({ "type": "string", "examples": [format!("ADMIT:sha256:{}:A1", "0".repeat(64))] }),
        ),
        (_, "as_of") => ("The instant asked about. The ledger's current second if left out.", instant()),
        (_, "view") => (
            "In whose view: what neither side disputes if left out; `all` for all three.",
            json!({ "type": "string", "enum": one_view.iter().chain(&["all"]).collect::<Vec<_>>(), "default": "undisputed" }),
        ),
        (_, "period") => (
            "The calendar year. That of `as_of` if left out.",
            json!({ "type": "integer", "minimum": 1970, "maximum": 9999 }),
        ),
        (_, "include") => (
            "`all`: also what is settled and enters no grade of the period, and requests and quotas of other years.",
            json!({ "type": "string", "enum": ["all"] }),
        ),
        _ => return None,
    };
    Some(Parameter { meaning, schema })
}

/// The parameter of this name, at this address.
fn parameter(id: Id, name: &str) -> Parameter {
    let text = || json!({ "type": "string" });
    let size = || json!({ "type": "integer", "minimum": 0 });
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
        "wait" => (
            "`cosigned`: answers when the record is final, or cannot become so now; at most some seconds later.",
            json!({ "type": "string", "enum": ["cosigned"] }),
        ),
        "final" => (
            "Whether the proof is to be in the first checkpoint that met the quorum of the terms.",
            json!({ "type": "boolean", "default": false }),
        ),
        "count" => ("The number of events. All of them if left out.", size()),
        "after" if id == Id::AccessLinks => {
            ("The number of events after which it begins. The first one if left out.", size())
        }
        "after" if id == Id::Heads => ("The size after which it begins. The first head if left out.", size()),
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

    #[test]
    fn every_parameter_is_explained() {
        for operation in OPERATIONS {
            for name in operation.query.iter().copied().chain(operation.names()) {
                assert!(!operation.parameter(name).meaning.is_empty(), "{name}");
            }
        }
    }
}
