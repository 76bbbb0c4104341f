//! Shapes of what a ledger is about: keys, sites, visits.
//!
//! They name every member that is always there and say what kind of value each has; members that are there sometimes are
//! described, too. More may come, as everywhere in an answer.
//!
//! Deliberately absent: the bodies of records inside them, which have shapes of their own.

use serde_json::{Map, Value, json};

use super::reference;
use super::schema::{schema, texts};
use crate::hash::Hash;
use crate::treaty::milestone::Milestones;
use crate::treaty::party::{Party, Role};
use crate::treaty::shape::Shape as _;
use crate::treaty::time::Instant;

/// The shapes, by their names.
pub fn shapes() -> Vec<(&'static str, Value)> {
    vec![("key", key()), ("site", site()), ("visit_line", visit_line()), ("visit", visit())]
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn index() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn digest() -> Value {
    schema(&Hash::schema())
}

fn instant() -> Value {
    schema(&Instant::schema())
}

fn or_null(name: &str) -> Value {
    json!({ "type": [name, "null"] })
}

fn words(words: impl Iterator<Item = &'static str>) -> Value {
    json!({ "type": "string", "enum": words.collect::<Vec<_>>() })
}

fn list(item: Value) -> Value {
    json!({ "type": "array", "items": item })
}

/// An object with members that are always there, and others.
fn object<const N: usize, const M: usize>(always: [(&str, Value); N], sometimes: [(&str, Value); M]) -> Value {
    let required: Vec<&str> = always.iter().map(|(name, _)| *name).collect();
    let required: Value = required.into();
    let members = always.into_iter().chain(sometimes);
    let properties: Map<String, Value> = members.map(|(name, value)| (name.to_owned(), value)).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// An entry, as others point to it.
fn entry<const M: usize>(more: [(&str, Value); M]) -> Value {
    object([("index", index()), ("digest", digest()), ("received_at", instant())], more)
}

fn key() -> Value {
    let of = || object([("index", index()), ("digest", json!({ "type": ["string", "null"] }))], []);
    let mut revoked = of();
    revoked["properties"]["reason"] = text();
    revoked["properties"]["suspect_from"] = instant();
    object(
        [
            ("name", text()),
            ("vkey", text()),
            ("party", words(Party::ALL.iter().map(|party| party.as_str()))),
            ("role", words(Role::ALL.iter().map(|role| role.as_str()))),
            ("registered", of()),
        ],
        [("person", text()), ("revoked", revoked), ("next_number", json!({ "type": "integer", "minimum": 1 }))],
    )
}

fn site() -> Value {
    let place = object(
        [
            ("code", text()),
            ("name", json!({ "type": "object" })),
            ("lat_e7", json!({ "type": "integer" })),
            ("lon_e7", json!({ "type": "integer" })),
            ("accuracy_m", index()),
            ("source", text()),
        ],
        [],
    );
    let consent = object(
        [
            ("index", index()),
            ("scope", text()),
            ("action", text()),
            ("effect", instant()),
            ("valid_until", or_null("string")),
        ],
        [],
    );
    let mut seen = visit_line();
    let observed = || texts_and_count();
    let item = object([("location", text()), ("declared", observed()), ("observed", observed())], []);
    seen["properties"]["declared_and_observed"] = list(item);
    object(
        [
            ("code", text()),
            ("name", json!({ "type": "object" })),
            ("inspecting", text()),
            ("inspected", text()),
            ("host", text()),
            ("designated_by", text()),
            ("consents", list(consent)),
            ("visits", list(seen)),
        ],
        [
            ("site", place),
            ("designation", entry([])),
            ("host_consent", entry([("action", text()), ("valid_until", instant())])),
            ("diagram", entry([("diagram", reference("body_site_diagram"))])),
            (
                "declaration",
                entry([
                    ("declared", reference("body_declaration")),
                    ("corrected", entry([("correction", reference("body_correction"))])),
                ]),
            ),
            ("data_changes", list(entry([]))),
            ("known_at", reference("head")),
        ],
    )
}

fn texts_and_count() -> Value {
    object([("type", text()), ("count", index())], [])
}

/// A visit as lists have it.
fn visit_line() -> Value {
    let step = object(
        [
            ("name", words(Milestones::ALL.iter().map(|name| name.as_str()))),
            ("at", instant()),
            ("index", index()),
            ("signed_by", list(text())),
        ],
        [],
    );
    let report = object(
        [
            ("index", index()),
            ("handed_over_at", instant()),
            ("roll_up", text()),
            ("ambiguities", index()),
            ("receipt", or_null("string")),
            ("corrected", json!({ "type": "boolean" })),
        ],
        [],
    );
    object(
        [
            ("inspection", digest()),
            ("index", index()),
            ("slot", text()),
            ("inspecting", text()),
            ("inspected", text()),
            ("host", text()),
            ("received_at", instant()),
            ("eta", instant()),
            ("poe", text()),
            ("verdict", words(["ADMISSIBLE", "INADMISSIBLE"].into_iter())),
            ("reason", or_null("string")),
            ("milestones", list(step)),
            ("reports", list(report)),
            ("links", texts(&["self", "site"])),
        ],
        [],
    )
}

/// A whole visit.
fn visit() -> Value {
    let side = || list(reference("record"));
    let clock = object(
        [
            ("limit", text()),
            ("from", instant()),
            ("due_at", instant()),
            ("met_at", or_null("string")),
            ("late_by_seconds", or_null("integer")),
        ],
        [],
    );
    let difference = object(
        [
            ("item", index()),
            ("location", text()),
            ("declared", texts_and_count()),
            ("observed", texts_and_count()),
            ("in_declaration", or_null("object")),
        ],
        [],
    );
    let ambiguity = object(
        [("id", text()), ("open", json!({ "type": "boolean" }))],
        [("cleared_by", digest()), ("cleared_at", instant())],
    );
    let found = object(
        [("report", or_null("string"))],
        [
            ("corrected_by", digest()),
            ("void", json!({ "type": "boolean" })),
            ("roll_up", text()),
            ("claims", json!({ "type": "object" })),
            ("differences", list(difference)),
            ("ambiguities", list(ambiguity)),
        ],
    );
    let mut shape = visit_line();
    let more = object(
        [
            ("records", object([("inspecting", side()), ("inspected", side()), ("host", side())], [])),
            ("clocks", list(clock)),
            ("findings", list(found)),
            ("known_at", reference("head")),
        ],
        [],
    );
    for (place, from) in [("properties", &more["properties"])] {
        for (name, value) in from.as_object().into_iter().flatten() {
            shape[place][name] = value.clone();
        }
    }
    let required = [&shape["required"], &more["required"]].into_iter().flat_map(|names| names.as_array().cloned());
    shape["required"] = required.flatten().collect();
    shape
}
