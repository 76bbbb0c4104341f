//! What is sent to the ledger: records, texts to prepare, bundles to verify.
//!
//! Deliberately absent: tokens for writing. The signatures are the authority, and a record may come by courier.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use super::access::Asked;
use super::operation::Id;
use super::problem::Problem;
use super::request::{self, Parameters, RequestId};
use super::{App, Peer, TEXT, json, typed};
use crate::author;
use crate::evidence::bundle;
use crate::note::Note;
use crate::service::known::Known;
use crate::service::sequencer::Unavailable;
use crate::service::submit::SubmitError;
use crate::service::view;
use crate::treaty::record::{self, Record};
use crate::treaty::refusal::{Refusal, Refused};

/// `POST /v1/records`: takes a signed note; answers when it is durable.
pub async fn submit(
    State(app): State<Arc<App>>,
    Extension(Peer(address)): Extension<Peer>,
    Extension(RequestId(id)): Extension<RequestId>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let mut parameters = Parameters::read(&uri, Id::Submit.operation().query);
    let wait = parameters.take("wait", |text| (text == "cosigned").then_some(()));
    parameters.finish()?;
    request::media_type(&headers, "text/plain")?;
    let now = app.ledger.clock.unix_duration().as_secs_f64();
    app.failures.may_try(address, now).map_err(Problem::too_many_failures)?;
    let bytes = request::body(&headers, body, record::MAX_BYTES, app.timers.body).await?;
    let recorded = app.ledger.submit(bytes.to_vec(), address.to_string(), Some(id)).await.map_err(|error| {
        if let SubmitError::Refused { refused, .. } = &error
            && refused.iter().any(|refused| !refused.refusal.is_of_content())
        {
            app.failures.failed(address, now);
            app.metrics.failed_verification();
        }
        with_lines(error, &bytes)
    })?;
    let (ledger, entry, index) = (&app.ledger, &recorded.entry, recorded.index);
    let mut known = Known::all(Arc::clone(&recorded.published));
    if wait.is_some() {
        ledger.cosigned.wait(index, &known.published.replica).await;
        known = Known::all(ledger.now());
    }
    let receipt = ledger.receipt_of(&known.published, index);
    let receipt = receipt.ok_or_else(|| Unavailable::TryAgain("the log's key does not sign".into()));
    let receipt = receipt.map_err(|error| Problem::from(SubmitError::from(error)))?;
    let mut answer = view::record(&known, index, entry, &|_| None).cosigned(&ledger.finality(&known, index));
    (answer.entry, answer.receipt) = (Some(entry.bytes.as_str()), Some(receipt.as_str()));
    let mut response = json(&answer);
    if recorded.new {
        *response.status_mut() = StatusCode::CREATED;
        let location = format!("/v1/records/{}", entry.signed.digest);
        if let Ok(location) = HeaderValue::from_str(&location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
    }
    Ok(response)
}

/// The problem of a submission. A fault that lies outside the record's JSON names its line of the note.
pub(super) fn with_lines(error: SubmitError, note: &[u8]) -> Problem {
    let SubmitError::Refused { refused, .. } = &error else { return error.into() };
    let lines: Vec<Option<u32>> = refused.iter().map(|refused| line_of(refused, note)).collect();
    let mut problem = Problem::from(error);
    for (detail, line) in problem.errors.iter_mut().zip(lines) {
        detail.line = line;
    }
    problem
}

fn line_of(refused: &Refused, note: &[u8]) -> Option<u32> {
    if !refused.pointer.is_empty() {
        return None;
    }
    if refused.refusal == Refusal::OriginMismatch {
        return Some(2);
    }
    let note = Note::parse(note).ok()?;
    let line = note.lines().iter().rposition(|line| line.name == refused.got)?;
    note.first_line().checked_add(u32::try_from(line).ok()?)
}

/// `POST /v1/records/prepare`: takes a record's JSON object and answers the exact text to sign. The object stays as it
/// is. For a token of the record's own state the rules are asked as well; for others only the form is looked at.
pub async fn prepare(State(app): State<Arc<App>>, asked: Asked, body: Body) -> Result<Response, Problem> {
    Parameters::none(&asked.uri)?;
    request::media_type(&asked.headers, "application/json")?;
    let bytes = request::body(&asked.headers, body, record::MAX_BYTES, app.timers.body).await?;
    let object = String::from_utf8(bytes.to_vec()).map_err(|_| Problem::malformed(&not_utf8()))?;
    let text = author::text_of(&app.ledger.trust.origin, &object);
    let record = Record::parse(&text).map_err(|malformed| Problem::malformed(&malformed))?;
    // Each signer adds a line: a dash, a name, and the base64 of 68 bytes, with spaces and a line feed.
    let lines: usize = record.header.signers.iter().map(|name| "—  \n".len() + name.as_str().len() + 92).sum();
    if text.len() + 1 + lines > record::MAX_BYTES {
        return Err(Problem::too_large(record::MAX_BYTES));
    }
    if asked.principal.is_of(record.header.party) {
        let refused = app.ledger.now().replica.foresee(&record, app.ledger.clock.now());
        if !refused.is_empty() {
            return Err(Problem::refused(&refused));
        }
    }
    Ok(typed(TEXT, text))
}

fn not_utf8() -> record::Malformed {
    use crate::words::Words;
    record::Malformed::one("not_utf8", 1, Words::fixed("The body is not UTF-8.", "Тело запроса не в кодировке UTF-8."))
}

/// `POST /v1/verify`: takes a bundle; answers the verdict under this ledger's own root of trust.
pub async fn verify(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    Parameters::none(&uri)?;
    request::media_type(&headers, bundle::MEDIA_TYPE).or_else(|_| request::media_type(&headers, "application/json"))?;
    let Ok(_place) = app.bundles.try_acquire() else { return Err(Problem::busy()) };
    let bytes = request::body(&headers, body, bundle::MAX_BYTES, app.timers.body).await?;
    let lang = request::lang(&headers);
    let trust = app.ledger.trust.clone();
    let permit = app.ledger.verification_permit().await;
    let work = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        crate::evidence::verify(&String::from_utf8_lossy(&bytes), Some(&trust)).to_json(lang)
    });
    let verdict = work.await.map_err(|_| Problem::body_incomplete())?;
    Ok(json(&verdict).into_response())
}
