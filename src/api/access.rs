//! Who asks, and the record of it: what surrounds every address that tokens are for.
//!
//! The token is looked up once, before the handler; what it read is recorded after the handler and before the answer
//! ([`crate::service::accesses`]).
//!
//! Invariants: an answer that a holder was given is recorded, and so is one that said "not found". What was refused
//! for its form or for want of a token is not; it is counted. What is recorded of an address is only what the ledger
//! understood of it, so that a secret that was sent in a wrong place does not stay.
//!
//! Deliberately absent: public addresses, at which a token is not looked at.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::App;
use super::problem::Problem;
use super::request::{self, RequestId};
use crate::hash::Hash;
use crate::service::access::{Principal, Token};
use crate::service::accesses::{AccessEvent, Action, MAX_SUBJECT, Outcome};
use crate::tlog::checkpoint::decimal;
use crate::treaty::countermeasure::Cited;
use crate::treaty::party::Slot;
use crate::words::Words;

/// A question: who asks, where, and with which headers.
pub struct Asked {
    /// Who asks.
    pub principal: Principal,
    /// With which token.
    pub token: Option<Token>,
    /// Where.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    /// Without [`recorded`] around the handler nobody is known.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Asked, Problem> {
        let principal = parts.extensions.get::<Principal>().cloned().unwrap_or(Principal::Anonymous);
        let token = parts.extensions.get::<Token>().cloned();
        Ok(Asked { principal, token, uri: parts.uri.clone(), headers: parts.headers.clone() })
    }
}

impl Asked {
    /// Only for the holders of tokens.
    pub fn holder(&self) -> Result<Principal, Problem> {
        if self.principal.is_known() { Ok(self.principal.clone()) } else { Err(Problem::token_required()) }
    }
}

/// Finds out who asks, and records what a holder was answered.
pub async fn recorded(State(app): State<Arc<App>>, mut request: Request<Body>, next: Next) -> Response {
    let token = match request::token(request.headers(), &app.ledger).await {
        Ok(Some(token)) => token,
        Ok(None) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    request.extensions_mut().insert(Principal::Holder { party: token.party, role: token.role });
    request.extensions_mut().insert(token.clone());
    let request_id = request.extensions().get::<RequestId>().map(|RequestId(id)| id.clone());
    let template = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let subject = subject(&template, request.uri());
    let action = if template.ends_with("/prepare") { Action::Prepare } else { Action::Read };
    let is_timed = Principal::Holder { party: token.party, role: token.role }.reads_all();
    let begun = app.ledger.clock.unix_duration();
    let response = next.run(request).await;
    let answered = app.ledger.clock.unix_duration();
    let outcome = match response.status() {
        status if status.is_success() => Outcome::Ok,
        StatusCode::NOT_FOUND => Outcome::NotFound,
        status if status.is_server_error() => Outcome::Error,
        _ => return response, // refused
    };
    app.metrics.access(outcome.as_str());
    match app.ledger.accesses.record(AccessEvent { request_id, token, action, subject, outcome }).await {
        // Whoever does not read everything is not told how long it took to find nothing.
        Ok(()) if is_timed => timed(response, [begun, answered, app.ledger.clock.unix_duration()]),
        Ok(()) => response,
        Err(_) => {
            let detail = Words::fixed(
                "Reads are recorded before they are answered, and now they cannot be recorded. Try again.",
                "Чтение записывается до ответа, а сейчас запись невозможна. Повторите запрос.",
            );
            Problem::unavailable("access_not_recorded", detail, 1).into_response()
        }
    }
}

/// Says how long the answer took, and how long it waited until the reading was recorded, in milliseconds.
fn timed(mut response: Response, [begun, answered, recorded]: [Duration; 3]) -> Response {
    let milliseconds = |from: Duration, to: Duration| to.saturating_sub(from).as_secs_f64() * 1_000.0;
    let (answer, access) = (milliseconds(begun, answered), milliseconds(answered, recorded));
    let value = HeaderValue::from_str(&format!("answer;dur={answer:.3}, access;dur={access:.3}"));
    response.headers_mut().extend(value.ok().map(|value| (HeaderName::from_static("server-timing"), value)));
    response
}

/// What is recorded of an address: its path and its query, without names that are no names of anything.
fn subject(template: &str, uri: &Uri) -> String {
    let mut subject = String::new();
    let mut wanted = template.split('/').skip(1);
    let mut rest = false;
    for given in uri.path().split('/').skip(1) {
        let wanted = if rest { "{*" } else { wanted.next().unwrap_or_default() };
        rest |= wanted.starts_with("{*");
        subject.push('/');
        subject.push_str(if wanted == given || is_name(given) { given } else { "-" });
    }
    if let Some(query) = uri.query() {
        subject.push('?');
        subject.push_str(query); // only known parameters in good form come so far
    }
    subject.chars().filter(char::is_ascii).take(MAX_SUBJECT).collect()
}

/// An index, a digest, an id, a slot, the id of an obligation, or a part of the path of a tile.
fn is_name(text: &str) -> bool {
    let owed = || Cited::parse(&text.replace("%3A", ":").replace("%3a", ":")).is_some();
    let tile =
        || text == "entries" || (text.len() <= 8 && text.bytes().all(|b| b.is_ascii_digit() || b"x.p".contains(&b)));
    decimal(text).is_some()
        || text.parse::<Hash>().is_ok()
        || uuid::Uuid::try_parse(text).is_ok()
        || Slot::parse(text).is_some()
        || tile()
        || owed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_of_an_address_is_what_was_understood() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for (template, given, recorded) in [
            ("/v1/records", "/v1/records?kind=intent", "/v1/records?kind=intent"),
            ("/v1/records/{name}", "/v1/records/12", "/v1/records/12"),
            ("/v1/records/{name}/note", &format!("/v1/records/{digest}/note"), &format!("/v1/records/{digest}/note")),
            ("/v1/records/{name}", "/v1/records/cs_secret", "/v1/records/-"),
            ("/v1/sites/{code}", "/v1/sites/A1", "/v1/sites/A1"),
            (
                "/v1/obligations/{id}",
                &format!("/v1/obligations/ADMIT%3A{digest}:A1"),
                &format!("/v1/obligations/ADMIT%3A{digest}:A1"),
            ),
            ("/v1/obligations/{id}", "/v1/obligations/ADMIT:cs_secret:A1", "/v1/obligations/-"),
            ("/tile/{*path}", "/tile/0/x001/234.p/9", "/tile/0/x001/234.p/9"),
            ("/tile/{*path}", "/tile/entries/cs_secret/000", "/tile/entries/-/000"),
        ] {
            assert_eq!(subject(template, &Uri::try_from(given).expect("an address")), recorded);
        }
    }
}
