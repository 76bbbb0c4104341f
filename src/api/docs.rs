//! The description of this interface for people: one page, written from the table of operations.
//!
//! Invariants: the page needs no script and nothing from elsewhere, and its policy forbids both.
//!
//! Deliberately absent: trying things out in the browser. The lines for a shell do that.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::response::Response;

use super::openapi::cell;
use super::operation::{Caller, Mistake, OPERATIONS, Operation};
use super::problem::Problem;
use super::request::Parameters;
use super::typed;
use crate::hash::Hash;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
pre,code{font-family:ui-monospace,monospace;font-size:.9em}pre{overflow-x:auto;padding:.5rem;border:1px solid}\
table{border-collapse:collapse}td,th{border:1px solid;padding:.2rem .5rem;text-align:left;vertical-align:top}\
section{border-top:1px solid;margin-top:2rem}";

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
    page.push_str("<table><tr><th>nobody known</th><th>host</th><th>party, auditor</th></tr><tr>");
    for caller in Caller::ALL {
        let _ = write!(page, "<td>{}</td>", cell(operation.access.may(caller)));
    }
    page.push_str("</tr></table>\n");
    let names = operation.names();
    if !names.is_empty() || !operation.query.is_empty() {
        page.push_str("<table><tr><th>parameter</th><th>meaning</th></tr>\n");
        for name in names.iter().chain(operation.query) {
            let _ = writeln!(
                page,
                "<tr><td><code>{name}</code></td><td>{}</td></tr>",
                escape(operation.parameter(name).meaning)
            );
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

/// Text as HTML and XML carry it.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
