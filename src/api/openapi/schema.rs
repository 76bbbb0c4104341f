//! Shapes of what is sent and answered, as JSON Schema 2020-12.
//!
//! The bodies of records are translated from the declarations that the strict reader enforces; the rest is what the
//! views answer.
//!
//! Deliberately absent: what JSON Schema cannot say (characters, times that exist, rules). The strict reader says it.

use serde_json::{Map, Value, json};

use super::{reference, subjects};
use crate::hash::Hash;
use crate::service::suppose::{Object, Supposed};
use crate::treaty::correction::NewBody;
use crate::treaty::header::RawAnchor;
use crate::treaty::party::{KeyName, Party};
use crate::treaty::record::{Channel, Kind};
use crate::treaty::shape::{INT_MAX, Schema, Shape};
use crate::treaty::terms::Quorum;
use crate::treaty::time::Instant;

/// Every shape by its name.
pub fn components() -> Value {
    let mut shapes = Map::new();
    for kind in Kind::ALL {
        shapes.insert(format!("body_{kind}"), schema(&kind.schema()));
    }
    shapes.insert("draft".into(), draft());
    shapes.insert("record".into(), record(&[]));
    shapes.insert("cosigners".into(), cosigners());
    shapes.insert("recorded".into(), record(&["entry", "receipt"]));
    shapes.insert("head".into(), head());
    shapes.insert("list".into(), list());
    shapes.insert("problem".into(), problem());
    shapes.insert("bundle".into(), bundle());
    shapes.insert("log".into(), log());
    shapes.insert("evidence".into(), evidence());
    shapes.insert("inclusion".into(), proof(&["index", "size"], &["leaf_hash", "root"]));
    shapes.insert("consistency".into(), proof(&["first", "second"], &["first_root", "second_root"]));
    shapes.insert("status".into(), status());
    shapes.insert("obligation".into(), obligation());
    shapes.insert("supposition".into(), schema(&Supposed::schema()));
    shapes.extend(subjects::shapes().into_iter().map(|(name, shape)| (name.to_owned(), shape)));
    shapes.insert("any".into(), json!({ "type": "object" }));
    Value::Object(shapes)
}

/// The status of the pair in one view; with `view=all` there are `views` in the place of what depends on the view.
fn status() -> Value {
    let text = json!({ "type": "string" });
    let object = json!({ "type": "object" });
    let list = json!({ "type": "array", "items": object });
    let names = ["absence", "next", "obligations", "quota", "requests", "slots", "standing"];
    let mut properties: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), list.clone())).collect();
    for name in ["denials", "exercise", "links", "pair", "sides", "views", "words"] {
        properties.insert(name.into(), object.clone());
    }
    for name in ["as_of", "known_at", "period", "view"] {
        properties.insert(name.into(), text.clone());
    }
    properties.insert("ambiguity".into(), json!({ "type": ["object", "null"] }));
    properties.insert("terms".into(), json!({ "type": ["string", "null"] }));
    properties.insert("checkpoint".into(), reference("head"));
    json!({ "type": "object", "properties": properties, "required": ["as_of", "checkpoint", "known_at", "links", "period"] })
}

/// What a checkpoint says about the ledger.
fn evidence() -> Value {
    let words = ["consistent", "forked", "beyond"];
    json!({
        "type": "object",
        "properties": {
            "finding": { "type": "string", "enum": words },
            "size": { "type": "integer", "minimum": 0 },
            "root": schema(&Hash::schema()),
            "entries": { "type": "integer", "minimum": 0 },
            "words": { "type": "object" },
        },
        "required": ["finding", "size", "root", "entries", "words"],
    })
}

/// An obligation in one view.
fn obligation() -> Value {
    let words = ["clause", "created_at", "created_by", "due_at", "holder", "id", "kind", "obligor", "period", "state"];
    let mut shape = texts(&words);
    for name in ["grade", "slot", "visit"] {
        shape["properties"][name] = json!({ "type": ["string", "null"] });
    }
    shape["properties"]["graded"] = json!({ "type": "boolean" });
    shape["properties"]["causes"] = json!({ "type": "array", "items": schema(&Hash::schema()) });
    for name in ["flags", "links"] {
        shape["properties"][name] = json!({ "type": "object" });
    }
    shape
}

/// A declaration as JSON Schema.
pub(super) fn schema(declared: &Schema) -> Value {
    match declared {
        Schema::Bool => json!({ "type": "boolean" }),
        Schema::Int { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        // Three declarations describe in words what is no text, or not always.
        Schema::Text { form, .. } if *declared == Quorum::schema() => {
            json!({ "type": ["string", "object"], "description": form })
        }
        Schema::Text { form, .. } if *declared == NewBody::schema() || *declared == Object::schema() => {
            json!({ "type": "object", "description": form })
        }
        Schema::Text { form, max } => {
            json!({ "type": "string", "minLength": 1, "maxLength": max, "description": form })
        }
        Schema::OneOf(words) => json!({ "type": "string", "enum": words }),
        Schema::List { item, min, max } => {
            json!({ "type": "array", "items": schema(item), "minItems": min, "maxItems": max })
        }
        Schema::Object(members) => {
            let described = |doc: &str, mut value: Value| {
                value["title"] = doc.trim().into();
                value
            };
            let properties: Map<String, Value> =
                members.iter().map(|m| (m.name.to_owned(), described(m.doc, schema(&m.schema)))).collect();
            let required: Vec<&str> = members.iter().filter(|m| m.required).map(|m| m.name).collect();
            let mut value = json!({ "type": "object", "properties": properties, "additionalProperties": false });
            value["required"] = required.into();
            value
        }
        Schema::Map { names, value } => {
            json!({ "type": "object", "additionalProperties": schema(value), "propertyNames": { "description": names } })
        }
    }
}

/// A record's own object.
fn draft() -> Value {
    let of = |kind: &Kind| {
        let body = reference(&format!("body_{kind}"));
        json!({ "properties": { "kind": { "const": kind.as_str() }, "body": body } })
    };
    let digest = schema(&Hash::schema());
    json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "format": "uuid", "description": "a UUID of version 7 in lower case" },
            "kind": { "type": "string", "enum": Kind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>() },
            "party": schema(&Party::schema()),
            "signers": { "type": "array", "items": schema(&KeyName::schema()), "minItems": 1, "maxItems": 4, "uniqueItems": true },
            "number": { "type": "integer", "minimum": 1, "maximum": INT_MAX },
            "signed_at": schema(&Instant::schema()),
            "effective_at": schema(&Instant::schema()),
            "anchor": schema(&RawAnchor::schema()),
            "channel": schema(&Channel::schema()),
            "refs": { "type": "array", "items": digest, "maxItems": 16, "uniqueItems": true },
            "body": { "type": "object" },
        },
        "required": ["id", "kind", "party", "signers", "number", "signed_at", "anchor", "channel", "body"],
        "additionalProperties": false,
        "oneOf": Kind::ALL.iter().map(of).collect::<Vec<_>>(),
    })
}

/// What cosigners said of one record.
fn cosigned() -> Value {
    let at = json!({ "type": ["string", "null"] });
    let quorum = json!({ "type": "string", "enum": ["demanded", "none"] });
    let properties = json!({ "us": at, "ru": at, "final": { "type": ["integer", "null"] }, "quorum": quorum });
    json!({ "type": "object", "properties": properties, "required": ["us", "ru", "final", "quorum"] })
}

/// How cosigners stand.
fn cosigners() -> Value {
    let (text, size) = (json!({ "type": "string" }), json!({ "type": ["integer", "null"] }));
    let one = json!({
        "type": "object",
        "properties": { "key": text, "state": text, "size": size, "at": { "type": ["string", "null"] }, "lag": size },
        "required": ["key", "state", "size", "at", "lag"],
    });
    let properties = json!({
        "size": { "type": "integer" }, "quorum": text, "cosigners": { "type": "array", "items": one },
        "final": { "type": ["object", "null"] }, "alarm": { "type": "boolean" },
    });
    let required = ["size", "quorum", "cosigners", "final", "alarm"];
    json!({ "type": "object", "properties": properties, "required": required })
}

/// A record as it is shown; a submission is answered with more.
fn record(more: &[&str]) -> Value {
    let text = json!({ "type": "string" });
    let signer = json!({ "type": "object", "properties": { "key": text, "party": text, "role": text } });
    let mut properties = json!({
        "index": { "type": "integer", "minimum": 0 },
        "digest": schema(&Hash::schema()),
        "id": text, "kind": text, "party": text,
        "number": { "type": "integer", "minimum": 1 },
        "received_at": schema(&Instant::schema()),
        "signed_by": { "type": "array", "items": signer },
        "flags": { "type": "array", "items": { "type": ["string", "object"] } },
        "status": { "type": "string", "enum": ["recorded", "cosigned_us", "cosigned_ru", "cosigned_both", "final"] },
        "cosigned": cosigned(),
        "record": reference("draft"),
        "superseded_by": schema(&Hash::schema()),
        "links": { "type": "object", "additionalProperties": text },
        "checkpoint": reference("head"),
    });
    let mut required = vec!["index", "digest", "id", "kind", "party", "number", "received_at", "signed_by", "flags"];
    required.extend(["status", "record", "links", "checkpoint"]);
    for name in more {
        properties[*name] = text.clone();
        required.push(name);
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

/// Size and root, and the time of the newest entry where it is known.
fn head() -> Value {
    let properties = json!({ "size": { "type": "integer", "minimum": 0 }, "root": schema(&Hash::schema()), "at": schema(&Instant::schema()) });
    json!({ "type": "object", "properties": properties, "required": ["size", "root"] })
}

fn list() -> Value {
    json!({
        "type": "object",
        "properties": {
            "data": { "type": "array" },
            "page": {
                "type": "object",
                "properties": { "next": { "type": ["string", "null"] }, "has_more": { "type": "boolean" } },
                "required": ["next", "has_more"],
            },
            "known_at": reference("head"),
        },
        "required": ["data", "page", "known_at"],
    })
}

fn problem() -> Value {
    let text = json!({ "type": "string" });
    let error = json!({
        "type": "object",
        "properties": { "pointer": text, "line": { "type": "integer" }, "code": text, "provision": text, "detail": text },
        "required": ["code", "detail"],
    });
    json!({
        "type": "object",
        "properties": {
            "type": text, "title": text, "status": { "type": "integer" }, "detail": text, "instance": text, "code": text,
            "request_id": text, "errors": { "type": "array", "items": error }, "refusal": text,
        },
        "required": ["type", "title", "status", "detail", "instance", "code", "request_id"],
    })
}

fn bundle() -> Value {
    let text = json!({ "type": "string" });
    let proved =
        json!({ "type": "object", "properties": { "entry": text, "receipt": text }, "required": ["entry", "receipt"] });
    json!({
        "type": "object",
        "properties": {
            "format": { "const": crate::evidence::bundle::FORMAT }, "origin": text, "trust": text, "entry": text,
            "receipt": text, "support": { "type": "array", "items": proved },
        },
        "required": ["format", "origin", "trust", "entry", "receipt", "support"],
        "additionalProperties": false,
    })
}

fn proof(numbers: &[&str], hashes: &[&str]) -> Value {
    let mut properties = json!({ "hashes": { "type": "array", "items": { "type": "string" } } });
    for name in numbers {
        properties[*name] = json!({ "type": "integer", "minimum": 0 });
    }
    for name in hashes {
        properties[*name] = json!({ "type": "string", "description": "base64" });
    }
    let required: Vec<&str> = numbers.iter().chain(hashes).copied().chain(["hashes"]).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// What the whole log says about itself.
fn log() -> Value {
    let mut log = texts(&["origin", "log_vkey", "clerk_vkey", "policy", "trust"]);
    let size = json!({ "type": "integer", "minimum": 1 });
    let key = json!({
        "type": "object",
        "properties": { "vkey": { "type": "string" }, "from_size": size, "until_size": size },
        "required": ["vkey", "from_size"],
    });
    for (name, shape) in [
        ("checkpoint", json!({ "type": "object" })),
        ("demonstration", json!({ "type": "boolean" })),
        ("log_keys", json!({ "type": "array", "items": key })),
        ("clerk_keys", json!({ "type": "array", "items": key })),
    ] {
        log["properties"][name] = shape;
        if let Some(required) = log["required"].as_array_mut() {
            required.push(name.into());
        }
    }
    log
}

pub(super) fn texts(names: &[&str]) -> Value {
    let properties: Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect();
    json!({ "type": "object", "properties": properties, "required": names })
}
