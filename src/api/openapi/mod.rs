//! The description of this interface for programs: OpenAPI 3.1, written from the table of operations.
//!
//! Operations come from [`super::operation`], the bodies of records from the declarations that the strict reader
//! enforces ([`schema`]). Nothing is described twice.
//!
//! Invariants: the description is the same for every caller and every ledger, so it is public.
//!
//! Deliberately absent: the shape of what the register computes (sites, visits, keys); `docs/http.md` tells of it.

mod schema;
mod subjects;

use std::sync::LazyLock;

use axum::http::Uri;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::json;
use super::operation::{Answered, Caller, May, Mistake, OPERATIONS, Operation, Sent};
use super::problem::{self, Problem};
use super::request::Parameters;

/// `GET /v1/openapi.json`.
pub async fn description(uri: Uri) -> Result<Response, Problem> {
    static WRITTEN: LazyLock<Value> = LazyLock::new(write);
    Parameters::none(&uri)?;
    Ok(json(&*WRITTEN))
}

fn write() -> Value {
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.template()).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = describe(operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Countersign",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "An inspection record that two states which do not trust each other can both rely on. Writing \
                            needs signatures and no token; reading needs a token. x-access says who may call what.",
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schema::components(),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token of a state and a role: cs_…" },
            },
        },
    })
}

fn describe(operation: &Operation) -> Value {
    let mut value = json!({
        "operationId": operation.name,
        "summary": operation.summary,
        "x-access": access(operation),
        "security": security(operation),
        "parameters": parameters(operation),
        "responses": responses(operation),
        "x-examples": examples(operation),
    });
    if let Some(sent) = operation.sent {
        let schema = match sent {
            Sent::Note => json!({ "type": "string", "maxLength": crate::treaty::record::MAX_BYTES }),
            Sent::Checkpoint => {
                json!({ "type": "string", "maxLength": crate::service::gate::evidence::MAX_BYTES })
            }
            Sent::Record => reference("draft"),
            Sent::Bundle => reference("bundle"),
            Sent::Supposition => reference("supposition"),
        };
        value["requestBody"] = json!({ "required": true, "content": { sent.media_type(): { "schema": schema } } });
    }
    value
}

/// A row of the access matrix.
fn access(operation: &Operation) -> Value {
    let cell = |caller: Caller| (caller.as_str().to_owned(), Value::from(operation.access.may(caller).as_str()));
    Value::Object(Caller::ALL.into_iter().map(cell).collect())
}

fn security(operation: &Operation) -> Value {
    if operation.access.needs_token() {
        json!([{ "token": [] }])
    } else if operation.access.takes_token() {
        json!([{}, { "token": [] }])
    } else {
        json!([])
    }
}

fn parameters(operation: &Operation) -> Value {
    let one = |name: &str, place: &str| {
        let parameter = operation.parameter(name);
        let (meaning, schema) = (parameter.meaning, parameter.schema);
        json!({ "name": name, "in": place, "required": operation.requires(name), "description": meaning, "schema": schema })
    };
    let names = operation.names().into_iter().map(|name| one(name, "path"));
    names.chain(operation.query.iter().map(|name| one(name, "query"))).collect()
}

fn responses(operation: &Operation) -> Value {
    let shape = |media_type: &str| match operation.answered {
        Answered::List(of) if media_type == "application/json" => list(of),
        Answered::Json(of) => reference(of),
        Answered::Bundle => reference("bundle"),
        Answered::Bytes => json!({}),
        Answered::Text(_) | Answered::List(_) | Answered::Stream(_) => json!({ "type": "string" }),
    };
    let types = operation.answered.media_types();
    let content: Map<String, Value> =
        types.iter().map(|name| ((*name).to_owned(), json!({ "schema": shape(name) }))).collect();
    let good = json!({ "description": operation.summary, "content": content });
    let problem = json!({
        "description": "A problem; its code says which",
        "content": { problem::MEDIA_TYPE: { "schema": reference("problem") } },
    });
    let mut responses = json!({ operation.status().to_string(): good.clone(), "default": problem });
    if operation.status() == 201 {
        responses["200"] = good;
    }
    if operation.sent.is_none() && !matches!(operation.answered, Answered::Stream(_)) {
        responses["304"] = json!({ "description": "You have it already (If-None-Match)" });
    }
    for mistake in operation.example.mistakes {
        let (status, _) = mistake.answer();
        responses[status.to_string()] = problem.clone();
        responses[status.to_string()]["description"] = mistake.words().into();
    }
    responses
}

fn examples(operation: &Operation) -> Value {
    let wrong = |mistake: Mistake| {
        let (status, code) = mistake.answer();
        json!({ "curl": operation.curl_wrong(mistake), "status": status, "code": code })
    };
    let [one, other] = operation.example.mistakes.map(wrong);
    json!([{ "curl": operation.curl(), "status": operation.status() }, one, other])
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn list(of: &str) -> Value {
    json!({ "allOf": [reference("list"), { "properties": { "data": { "type": "array", "items": reference(of) } } }] })
}

/// The words of a cell, for people.
pub fn cell(may: May) -> &'static str {
    match may {
        May::Yes => "yes",
        May::No => "no",
        May::IfPublic => "if the terms say public_log",
        May::Own => "its own, and what lies on its territory",
    }
}
