//! What every handler asks of a request: who asks, with which parameters, with which body.
//!
//! Invariants: a parameter that is not known is refused, never ignored; a body is read under a cap and a timer; a token
//! is looked up by its hash and never printed.
//!
//! Deliberately absent: routes.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Limited};

use super::problem::{Detail, Problem};
use crate::hash::Hash;
use crate::service::access::Token;
use crate::service::ledger::Ledger;
use crate::service::query::RecordName;
use crate::words::{Lang, Words};

/// The language of the answer: the first of the two that the reader names.
pub fn lang(headers: &HeaderMap) -> Lang {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let tags = wanted.split(',').map(|tag| tag.trim().to_ascii_lowercase());
    let known = tags.filter_map(|tag| match tag.get(..2) {
        Some("ru") => Some(Lang::Ru),
        Some("en") => Some(Lang::En),
        _ => None,
    });
    known.into_iter().next().unwrap_or_default()
}

/// Whether the reader asks for this media type by name, before JSON.
pub fn accepts(headers: &HeaderMap, wanted: &str) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut types = accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    let first = types.find(|media_type| *media_type == wanted || *media_type == "application/json");
    first == Some(wanted)
}

/// The id of a request, in its answer, in logs, and in the record of an access.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// The token that was sent, if one was. One that is not in force is refused.
pub async fn token(headers: &HeaderMap, ledger: &Ledger) -> Result<Option<Token>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or_default();
    let token = Some(token.trim()).filter(|_| scheme.eq_ignore_ascii_case("Bearer"));
    let token = token.filter(|token| token.starts_with("cs_") && token.len() < 128).ok_or(Problem::token_required())?;
    let found = ledger.token(&Hash::of(token.as_bytes())).await?;
    found.map(Some).ok_or(Problem::token_required())
}

/// What stands in the path of an address. What cannot be read is the name of nothing.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        let read = axum::extract::Path::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(value)| Path(value)).map_err(|_| Problem::not_found())
    }
}

/// The parameters of a query, each at most once and each known, and every fault of them.
pub struct Parameters {
    values: BTreeMap<String, String>,
    faults: Vec<Detail>,
}

impl Parameters {
    /// Reads the query of an address that knows these parameters.
    pub fn read(uri: &Uri, known: &[&str]) -> Parameters {
        let (mut values, mut faults) = (BTreeMap::new(), Vec::new());
        for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decode(name), decode(value)) else {
                faults.push(fault("", "parameter_encoding", &ENCODING));
                continue;
            };
            if !known.contains(&name.as_str()) {
                faults.push(fault(&name, "parameter_unknown", &UNKNOWN));
            } else if values.insert(name.clone(), value).is_some() {
                faults.push(fault(&name, "parameter_repeated", &REPEATED));
            }
        }
        Parameters { values, faults }
    }

    /// For an address that knows no parameters.
    pub fn none(uri: &Uri) -> Result<(), Problem> {
        Parameters::read(uri, &[]).finish()
    }

    /// Whether a parameter is there.
    pub fn is_given(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Sets a parameter that was sent in another place; that place wins.
    pub fn put(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// A parameter that `read` understands, if it is there.
    pub fn take<T>(&mut self, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = read(self.values.get(name)?);
        if value.is_none() {
            self.faults.push(fault(name, "parameter_malformed", &MALFORMED));
        }
        value
    }

    /// Takes note of a value that can be read, but cannot be.
    pub fn refuse(&mut self, name: &str, code: &'static str, words: &Words) {
        self.faults.push(fault(name, code, words));
    }

    /// The problem of one value that cannot be.
    pub fn refused(name: &str, code: &'static str, words: &Words) -> Problem {
        let mut problem = Problem::parameters(vec![fault(name, code, words)]);
        problem.status = StatusCode::UNPROCESSABLE_ENTITY;
        problem
    }

    /// Every fault at once, where what cannot be asked about is well-formed and refused: only what is no question at
    /// all is malformed.
    pub fn answerable(self) -> Result<(), Problem> {
        let is_of_value = |fault: &Detail| !NO_QUESTION.contains(&fault.code);
        match &self.faults[..] {
            [fault] if fault.code == NOT_KNOWN => Err(Problem::not_yet()),
            faults if !faults.is_empty() && faults.iter().all(is_of_value) => {
                let mut problem = Problem::parameters(self.faults);
                problem.status = StatusCode::UNPROCESSABLE_ENTITY;
                Err(problem)
            }
            _ => self.finish(),
        }
    }

    /// Every fault at once, if there is one.
    pub fn finish(self) -> Result<(), Problem> {
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::parameters(self.faults)) }
    }
}

/// The code of a size or an instant that the ledger has not reached.
pub const NOT_KNOWN: &str = "known_at";
/// The codes of what is no question at all.
const NO_QUESTION: [&str; 3] = ["parameter_encoding", "parameter_unknown", "parameter_repeated"];

const ENCODING: Words =
    Words::fixed("The query is not percent-encoded UTF-8.", "Строка запроса не в кодировке UTF-8 с %-кодированием.");
const UNKNOWN: Words = Words::fixed("This parameter is not known here.", "Такой параметр здесь не предусмотрен.");
const REPEATED: Words = Words::fixed("This parameter stands twice.", "Этот параметр указан дважды.");
const MALFORMED: Words =
    Words::fixed("This parameter has a value that it cannot have.", "У этого параметра недопустимое значение.");

fn fault(name: &str, code: &'static str, words: &Words) -> Detail {
    // What is repeated to the sender is short and printable.
    let pointer = name.chars().filter(|c| c.is_ascii_graphic()).take(64).collect();
    Detail { pointer, line: None, code, provision: None, words: words.clone() }
}

/// Decodes percent signs and plus signs.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high << 4 | low).ok()?
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The whole body, under a cap and a timer.
pub async fn body(headers: &HeaderMap, body: Body, limit: usize, timer: Duration) -> Result<Bytes, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(Problem::too_large(limit));
    }
    match tokio::time::timeout(timer, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(Problem::too_large(limit)),
        Ok(Err(_)) | Err(_) => Err(Problem::body_incomplete()),
    }
}

/// The body is sent as this type (parameters of the type aside, but a charset must be UTF-8).
pub fn media_type(headers: &HeaderMap, wanted: &'static str) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let charset_is_good = parts.all(|part| match part.strip_prefix("charset=") {
        Some(charset) => charset.trim_matches('"') == "utf-8",
        None => true,
    });
    if essence == wanted && charset_is_good { Ok(()) } else { Err(Problem::media_type(wanted)) }
}

/// The name of a record in an address: an index without leading zeros, or a digest.
pub fn record_name(text: &str) -> Result<RecordName, Problem> {
    let index = crate::tlog::checkpoint::decimal(text).map(RecordName::Index);
    let digest = || Hash::from_str(text).ok().map(RecordName::Digest);
    index.or_else(digest).ok_or(Problem::not_found())
}
