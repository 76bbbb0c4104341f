//! What the holders of tokens read: records, sites, keys, terms.
//!
//! Deliberately absent: what may be read. That is [`crate::service::access`]'s word.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::problem::Problem;
use super::request::{self, Parameters, Path, record_name};
use super::{App, TEXT, json, typed};
use crate::evidence::bundle;
use crate::service::query::Page;
use crate::tlog::checkpoint::decimal;
use crate::treaty::party::{Party, Slot};
use crate::treaty::record::Kind;

/// Records of a list, where the reader does not say.
const DEFAULT_LIMIT: usize = 50;
/// Records of a list at most.
const MAX_LIMIT: usize = 200;

type Answer = Result<Response, Problem>;

/// `GET /v1/records`: newest first, in pages that stay with one size of the log.
pub async fn records(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Answer {
    let principal = request::holder(&headers, &app.ledger).await?;
    let mut parameters = Parameters::read(&uri, &["limit", "cursor", "kind", "party"]);
    let limit = |text: &str| decimal(text)?.try_into().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    let cursor = |text: &str| {
        let (size, before) = text.split_once('.')?;
        Some((decimal(size)?, decimal(before)?))
    };
    let cursor = parameters.take("cursor", cursor);
    let page = Page {
        size: cursor.map(|(size, _)| size),
        before: cursor.map(|(_, before)| before),
        limit: parameters.take("limit", limit).unwrap_or(DEFAULT_LIMIT),
        kind: parameters.take("kind", Kind::from_word).map(|kind| kind.to_string()),
        party: parameters.take("party", Party::from_word).map(|party| party.to_string()),
    };
    parameters.finish()?;
    Ok(json(&app.ledger.records(&principal, &page).await?))
}

/// `GET /v1/records/{index|digest}`.
pub async fn record(State(app): State<Arc<App>>, Path(name): Path<String>, uri: Uri, headers: HeaderMap) -> Answer {
    let principal = request::holder(&headers, &app.ledger).await?;
    Parameters::none(&uri)?;
    Ok(json(&app.ledger.record(&principal, record_name(&name)?).await?))
}

/// `GET /v1/records/{…}/note`: the entry's bytes.
pub async fn note(State(app): State<Arc<App>>, Path(name): Path<String>, uri: Uri, headers: HeaderMap) -> Answer {
    let principal = request::holder(&headers, &app.ledger).await?;
    Parameters::none(&uri)?;
    Ok(typed(TEXT, app.ledger.note(&principal, record_name(&name)?).await?))
}

/// `GET /v1/records/{…}/receipt`: its C2SP tlog-proof in the first checkpoint that contained it.
pub async fn receipt(State(app): State<Arc<App>>, Path(name): Path<String>, uri: Uri, headers: HeaderMap) -> Answer {
    let principal = request::holder(&headers, &app.ledger).await?;
    Parameters::none(&uri)?;
    Ok(typed(TEXT, app.ledger.receipt(&principal, record_name(&name)?)?))
}

/// `GET /v1/records/{…}/bundle`: everything that its verification needs, in one file.
pub async fn bundle(State(app): State<Arc<App>>, Path(name): Path<String>, uri: Uri, headers: HeaderMap) -> Answer {
    let principal = request::holder(&headers, &app.ledger).await?;
    Parameters::none(&uri)?;
    let bundle = app.ledger.bundle(&principal, record_name(&name)?).await?;
    let text = serde_json::to_string_pretty(&bundle).unwrap_or_default();
    Ok(typed(bundle::MEDIA_TYPE, format!("{text}\n")))
}

/// `GET /v1/sites`: the slots, each with its site and what is declared there.
pub async fn sites(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Answer {
    let principal = request::holder(&headers, &app.ledger).await?;
    Parameters::none(&uri)?;
    Ok(json(&app.ledger.sites(&principal).await?))
}

/// `GET /v1/sites/{code}`.
pub async fn site(State(app): State<Arc<App>>, Path(code): Path<String>, uri: Uri, headers: HeaderMap) -> Answer {
    let principal = request::holder(&headers, &app.ledger).await?;
    Parameters::none(&uri)?;
    let slot = Slot::parse(&code).ok_or(Problem::not_found())?;
    Ok(json(&app.ledger.site(&principal, slot).await?))
}

/// `GET /v1/keys`: the keys that the asker may know of, with their revocations and, for authors, the next number.
pub async fn keys(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Answer {
    let principal = request::holder(&headers, &app.ledger).await?;
    Parameters::none(&uri)?;
    Ok(json(&app.ledger.keys(&principal).await?))
}

/// `GET /v1/terms`: the first terms and every amendment.
pub async fn terms(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Answer {
    request::holder(&headers, &app.ledger).await?;
    Parameters::none(&uri)?;
    Ok(json(&app.ledger.terms().await?))
}
