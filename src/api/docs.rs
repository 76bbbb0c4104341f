//! The description of this interface for people: one page, written from the table of operations.
//!
//! Invariants: the page needs no script and nothing from elsewhere, and its policy forbids both.
//!
//! Deliberately absent: trying things out in the browser. The lines for a shell do that.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::response::Response;
use serde_json::Value;

use super::openapi::cell;
use super::operation::{Caller, Mistake, OPERATIONS, Operation};
use super::problem::Problem;
use super::request::Parameters;
use super::typed;
use crate::hash::Hash;

/// Lines for a shell are wrapped, so that nothing is cut off on a narrow screen or on paper.
const STYLE: &str = ":root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
pre,code{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}\
pre{white-space:pre-wrap;margin:.5rem 0 1rem;padding:.5rem;border:1px solid #888}\
table{border-collapse:collapse;margin:1rem 0}\
td,th{border:1px solid #888;padding:.2rem .5rem;text-align:left;vertical-align:top}td:first-child{white-space:nowrap}\
section{border-top:1px solid #888;margin-top:2rem}@media print{section{break-inside:avoid}}";

/// `GET /v1/docs`.
pub async fn page(uri: Uri) -> Result<Response, Problem> {
    static WRITTEN: LazyLock<String> = LazyLock::new(write);
    static POLICY: LazyLock<String> = LazyLock::new(policy);
    Parameters::none(&uri)?;
    let mut response = typed("text/html; charset=utf-8", WRITTEN.as_str());
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    Ok(response)
}

/// Nothing but the one style of the page.
fn policy() -> String {
    let style = Hash::of(STYLE.as_bytes()).to_base64();
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn write() -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Countersign: HTTP</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\n\
         <h1>Countersign: HTTP</h1>\n<p>Writing needs signatures and no token; reading needs a token. The same as \
         <a href=\"/v1/openapi.json\">OpenAPI 3.1</a>, with a schema for every record. In the examples <code>$LEDGER</code> \
         is the address of the server, <code>$TOKEN</code> a token, and <code>$VISIT</code> the digest of an intent.</p>\n<ul>\n"
    );
    for operation in OPERATIONS {
        let (name, summary) = (operation.name, escape(operation.summary));
        let _ = writeln!(page, "<li><a href=\"#{name}\">{}</a> {summary}</li>", title(operation));
    }
    page.push_str("</ul>\n");
    for operation in OPERATIONS {
        section(&mut page, operation);
    }
    page.push_str("</body></html>\n");
    page
}

fn title(operation: &Operation) -> String {
    format!("<code>{} {}</code>", operation.method.as_str(), escape(&operation.template()))
}

fn section(page: &mut String, operation: &Operation) {
    let (name, summary) = (operation.name, escape(operation.summary));
    let _ = writeln!(page, "<section id=\"{name}\"><h2>{}</h2>\n<p>{summary}.</p>", title(operation));
    page.push_str(&heading(&["nobody known", "host", "party, auditor"]));
    page.push_str("<tr>");
    for caller in Caller::ALL {
        let _ = write!(page, "<td>{}</td>", cell(operation.access.may(caller)));
    }
    page.push_str("</tr></table>\n");
    let names = operation.names();
    if !names.is_empty() || !operation.query.is_empty() {
        page.push_str(&heading(&["parameter", "meaning", "value"]));
        for name in names.iter().chain(operation.query) {
            let parameter = operation.parameter(name);
            let (meaning, value) = (marked(parameter.meaning), value(&parameter.schema));
            let _ = writeln!(page, "<tr><td><code>{name}</code></td><td>{meaning}</td><td>{value}</td></tr>");
        }
        page.push_str("</table>\n");
    }
    if let Some(sent) = operation.sent {
        let _ = writeln!(page, "<p>Takes <code>{}</code>.</p>", sent.media_type());
    }
    let types = operation.answered.media_types().join("</code> or <code>");
    let _ = writeln!(page, "<p>Answers {} and <code>{types}</code>:</p>", operation.status());
    let _ = writeln!(page, "<pre>{}</pre>", escape(&operation.curl()));
    for mistake in operation.example.mistakes {
        wrong(page, operation, mistake);
    }
    page.push_str("</section>\n");
}

fn wrong(page: &mut String, operation: &Operation, mistake: Mistake) {
    let (status, code) = mistake.answer();
    let _ = writeln!(page, "<p>{}: {status} <code>{code}</code></p>", mistake.words());
    let _ = writeln!(page, "<pre>{}</pre>", escape(&operation.curl_wrong(mistake)));
}

/// The first row of a table.
fn heading(names: &[&str]) -> String {
    let cells: String = names.iter().map(|name| format!("<th scope=\"col\">{name}</th>")).collect();
    format!("<table><tr>{cells}</tr>\n")
}

/// A sentence in which what stands between backticks is code.
fn marked(text: &str) -> String {
    let parts = escape(text);
    let part = |(i, part): (usize, &str)| if i % 2 == 0 { part.to_owned() } else { code(part) };
    parts.split('`').enumerate().map(part).collect()
}

fn code(text: &str) -> String {
    format!("<code>{text}</code>")
}

/// What a parameter may be, and what it is if it is left out.
fn value(schema: &Value) -> String {
    let written = |value: &Value| code(&escape(value.as_str().unwrap_or(&value.to_string())));
    let each = |name: &str| schema[name].as_array().map(|values| values.iter().map(written).collect::<Vec<_>>());
    let range = match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}")),
        (Some(least), None) => Some(format!("{least} or more")),
        _ => (schema["type"] == "boolean").then(|| code("true") + ", " + &code("false")),
    };
    let example = || each("examples").map(|examples| format!("such as {}", examples.join(" or ")));
    let words = each("enum").map(|words| words.join(", ")).or(range).or_else(example).unwrap_or_else(|| "text".into());
    match &schema["default"] {
        Value::Null => words,
        default => format!("{words}; {} if left out", written(default)),
    }
}

/// Text as HTML and XML carry it.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
