//! What a copy of a log answers otherwise than the log's own server: readiness, and the second window.
//!
//! Deliberately absent: the routes for cosigning, which a mirror has beside these ([`crate::witness::http`] serves them).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use serde_json::json;

use super::access::Asked;
use super::problem::Problem;
use super::request::{self, Parameters};
use super::{App, Peer, TEXT, json, log, typed, write};
use crate::hash::Hash;
use crate::service::copy::{Mirrored, Standing};
use crate::service::known::Known;
use crate::service::ledger::Ledger;
use crate::service::query::QueryError;
use crate::service::submit::SubmitError;
use crate::service::view;
use crate::service::window::{Window, WindowError};
use crate::treaty::entry::Entry;
use crate::treaty::record::{self, Signed};
use crate::words::Words;

type Answer = Result<Response, Problem>;

/// `GET /readyz` of a copy: as of a ledger, and 503 where the copy has stopped, with the rule and the index.
pub async fn readyz(State(app): State<Arc<App>>, uri: Uri) -> Answer {
    let Some(copy) = app.ledger.copy.clone() else { return log::readyz(State(app), uri).await };
    if let Some(problem) = why_not(&copy.standing) {
        Parameters::none(&uri)?;
        return Err(problem);
    }
    let response = log::readyz(State(Arc::clone(&app)), uri).await?;
    let trouble = copy.standing.troubled().map(|why| format!("the origin is not followed now: {why}\n"));
    let readers = copy.standing.are_accesses_differing().map(|why| format!("{why}\n"));
    if trouble.is_none() && readers.is_none() {
        return Ok(response);
    }
    let said = format!("ready\n{}{}", trouble.unwrap_or_default(), readers.unwrap_or_default());
    let mut response = typed(TEXT, said);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn why_not(standing: &Standing) -> Option<Problem> {
    if let Some(stopped) = standing.stopped() {
        let (code, at, why) = (&stopped.code, stopped.at, &stopped.why);
        let detail = Words::new(
            format!("This mirror has stopped: {code} at {at}: {why}. It cosigns nothing, and serves what it holds."),
            format!("Это зеркало остановилось: {code}, {at}: {why}. Оно ничего не заверяет и отдаёт то, что хранит."),
        );
        return Some(Problem::unavailable("mirror_stopped", detail, 60));
    }
    if let Some(why) = standing.is_withheld() {
        let detail = Words::new(
            format!("This mirror does not cosign what its origin signed: {why}."),
            format!("Это зеркало не заверяет подписанное источником: {why}."),
        );
        return Some(Problem::unavailable("not_cosigned", detail, 60));
    }
    let why = standing.is_differing()?;
    let detail = Words::new(
        format!("The origin does not go on from what it signed: {why}."),
        format!("Источник не продолжает подписанное им: {why}."),
    );
    Some(Problem::unavailable("origin_differs", detail, 60))
}

fn window(app: &App) -> Result<Arc<Window>, Problem> {
    app.ledger.copy.as_deref().and_then(|Mirrored { window, .. }| window.clone()).ok_or(Problem::route_unknown())
}

/// `POST /v1/records` at a copy: keeps the record, answers the window's word for it (202), and brings it to the origin. A
/// record that is an entry already is answered as by the ledger.
pub async fn lodge(
    State(app): State<Arc<App>>,
    Extension(Peer(address)): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    Parameters::none(&uri)?;
    let window = window(&app)?;
    request::media_type(&headers, "text/plain")?;
    let now = app.ledger.clock.unix_duration().as_secs_f64();
    app.failures.may_try(address, now).map_err(Problem::too_many_failures)?;
    let bytes = request::body(&headers, body, record::MAX_BYTES, app.timers.body).await?;
    let digest = authentic(&app.ledger, &bytes, &address.to_string()).await.map_err(|error| {
        if let SubmitError::Refused { .. } = &error {
            app.failures.failed(address, now);
            app.metrics.failed_verification();
        }
        write::with_lines(error, &bytes)
    })?;
    let published = app.ledger.now();
    if let Some(index) = published.replica.register().index_of(&digest) {
        return included(&app, index).await;
    }
    let (at, size) = (app.ledger.clock.now(), published.size());
    let kept = tokio::task::spawn_blocking(move || window.lodge(digest, &bytes, at, size)).await;
    let word = kept.map_err(|_| not_lodged())?.map_err(|error| match error {
        WindowError::Full => full(),
        other => {
            tracing::error!(error = %other, "a record could not be lodged");
            not_lodged()
        }
    })?;
    let mut response = typed(TEXT, word);
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// The digest of a record whose every signature is good. A window keeps nothing else.
async fn authentic(ledger: &Ledger, bytes: &[u8], source: &str) -> Result<Hash, SubmitError> {
    let _permit = ledger.verification_permit().await;
    let published = ledger.now();
    let signed = Signed::parse(bytes).map_err(SubmitError::Malformed)?;
    let (digest, size) = (signed.digest, published.size());
    let refused = |refused| SubmitError::Refused { digest, refused, size, note: None };
    if signed.record.origin != ledger.trust.origin {
        let other = crate::treaty::refusal::Refusal::OriginMismatch;
        return Err(refused(vec![crate::treaty::refusal::Refused::new(other, "", &signed.record.origin)]));
    }
    let verified = signed.verify(published.replica.register(), source).map_err(refused)?;
    let unknown = verified.unknown_keys(published.replica.register());
    // A record may introduce a key, but somebody whom the log knows must have signed it, or strangers could fill the disk.
    let is_known = unknown.len() < verified.signed().record.header.signers.len();
    if verified.is_authentic() && is_known { Ok(digest) } else { Err(refused(unknown)) }
}

async fn included(app: &App, index: u64) -> Answer {
    let published = app.ledger.now();
    let bytes = app.ledger.entry(index).await.map_err(QueryError::from)?;
    let entry = Entry::parse(bytes.as_bytes()).map_err(|_| not_lodged())?;
    let receipt = app.ledger.receipt_of(&published, index);
    let mut answer = view::record(&Known::all(published), index, &entry, &|_| None);
    answer.entry = Some(&entry.bytes);
    answer.receipt = receipt.as_deref();
    Ok(json(&answer))
}

fn not_lodged() -> Problem {
    let detail = Words::fixed(
        "The record could not be kept now. Send the same bytes again: that is always safe.",
        "Сейчас запись сохранить не удалось. Отправьте те же байты ещё раз: это всегда безопасно.",
    );
    Problem::unavailable("try_again", detail, 1)
}

fn full() -> Problem {
    let detail = Words::fixed(
        "As many records are lodged here as may be. Send it again when some of them are in the ledger.",
        "Здесь оставлено наибольшее допустимое число записей. Повторите, когда часть из них войдёт в реестр.",
    );
    Problem::unavailable("window_full", detail, 60)
}

/// `GET /v1/lodged`: what is lodged here and not yet an entry, for those who read everything.
pub async fn lodged(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    Parameters::none(&asked.uri)?;
    let window = window(&app)?;
    if !asked.holder()?.reads_all() {
        return Err(Problem::not_found());
    }
    let published = app.ledger.now();
    let open: Vec<_> = window
        .list(&published)
        .into_iter()
        .map(|open| {
            json!({
                "digest": open.said.digest.to_string(), "lodged_at": open.said.at.to_string(), "size": open.said.size,
                "origin_answered": open.answered, "lodged": open.note,
            })
        })
        .collect();
    Ok(json(
        &json!({ "window": window.verifier().to_string(), "known_at": format!("tree:{}", published.size()), "data": open }),
    ))
}
