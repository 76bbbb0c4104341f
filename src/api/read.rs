//! What the holders of tokens read: records, sites, keys, terms.
//!
//! Deliberately absent: what may be read. That is [`crate::service::access`]'s word.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::access::Asked;
use super::operation::Id;
use super::problem::Problem;
use super::request::{self, Parameters, Path, record_name};
use super::{App, TEXT, json, typed};
use crate::evidence::bundle;
use crate::service::access::Principal;
use crate::service::known::{Known, KnownAt};
use crate::service::query::{Filter, InspectionName, List};
use crate::service::view;
use crate::tlog::checkpoint::decimal;
use crate::treaty::party::{KeyName, Party, Slot};
use crate::treaty::record::Kind;
use crate::treaty::time::Instant;

/// Records of a list, where the reader does not say.
pub const DEFAULT_LIMIT: usize = 50;
/// Records of a list at most.
pub const MAX_LIMIT: usize = 200;

type Answer = Result<Response, Problem>;

/// What every read has: who asks, what the answer stands on, and in which form a list is wanted.
struct Reading {
    principal: Principal,
    known: Known,
    table: Option<bool>,
}

/// Reads what every read has, and refuses parameters that the address does not know.
fn reading(app: &App, asked: &Asked, id: Id) -> Result<(Reading, Parameters), Problem> {
    let principal = asked.holder()?;
    let mut parameters = Parameters::read(&asked.uri, id.operation().query);
    let at = parameters.take("known_at", KnownAt::parse);
    let table = table(asked, &mut parameters);
    let known = app.ledger.known(at.unwrap_or_default());
    Ok((Reading { principal, known: known?, table }, parameters))
}

/// Whether a list is wanted as a table, and then whether with a byte-order mark.
pub fn table(asked: &Asked, parameters: &mut Parameters) -> Option<bool> {
    let mark = parameters.take("bom", |text| match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    });
    request::accepts(&asked.headers, "text/csv").then(|| mark.unwrap_or(false))
}

/// A read without further parameters.
fn plain(app: &App, asked: &Asked, id: Id) -> Result<Reading, Problem> {
    let (reading, parameters) = reading(app, asked, id)?;
    parameters.finish()?;
    Ok(reading)
}

/// A list, as JSON or as a table.
fn listed(reading: &Reading, list: &List) -> Response {
    in_form(reading.table, &list.to_json(), || list.to_csv(reading.table.unwrap_or(false)))
}

/// The same, once it is written.
pub fn in_form(table: Option<bool>, list: &impl serde::Serialize, as_table: impl FnOnce() -> String) -> Response {
    let mut response = match table {
        Some(_) => typed(CSV, as_table()),
        None => json(list),
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}

/// The media type of a table.
const CSV: &str = "text/csv; charset=utf-8; header=present";

/// `GET /v1/records`: newest first, in pages that stay with one size of the log.
pub async fn records(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    list_of_records(&app, &asked, Id::Records, None).await
}

/// `GET /v1/declarations`: the declarations, as a list of records.
pub async fn declarations(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    list_of_records(&app, &asked, Id::Declarations, Some(Kind::Declaration)).await
}

async fn list_of_records(app: &App, asked: &Asked, id: Id, kind: Option<Kind>) -> Answer {
    let (mut reading, mut parameters) = reading(app, asked, id)?;
    let limit = |text: &str| decimal(text)?.try_into().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    let cursor = |text: &str| {
        let (size, before) = text.split_once('.')?;
        Some((decimal(size)?, decimal(before)?))
    };
    let cursor = parameters.take("cursor", cursor);
    let limit = parameters.take("limit", limit).unwrap_or(DEFAULT_LIMIT);
    let mut filter = Filter { before: cursor.map(|(_, before)| before), limit, ..filter(&mut parameters) };
    filter.kind = filter.kind.or(kind);
    parameters.finish()?;
    if let Some((size, _)) = cursor {
        reading.known = app.ledger.known(KnownAt::Size(size))?; // a page stays with the size of the first
    }
    let list = app.ledger.records(&reading.known, &reading.principal, &filter).await?;
    Ok(listed(&reading, &list))
}

/// Which records are wanted, wherever in the log they stand.
pub fn filter(parameters: &mut Parameters) -> Filter {
    let flag = |text: &str| view::FLAGS.contains(&text).then(|| text.to_owned());
    Filter {
        kind: parameters.take("kind", Kind::from_word),
        party: parameters.take("party", Party::from_word),
        site: parameters.take("site", Slot::parse),
        inspection: parameters.take("inspection", |text| record_name(text).ok()),
        signed_by: parameters.take("signed_by", |text| KeyName::parse(text).map(|name| name.to_string())),
        flag: parameters.take("flag", flag),
        received_from: parameters.take("received_from", Instant::parse),
        received_to: parameters.take("received_to", Instant::parse),
        ..Filter::default()
    }
}

/// `GET /v1/records/{index|digest}`.
pub async fn record(State(app): State<Arc<App>>, Path(name): Path<String>, asked: Asked) -> Answer {
    let reading = plain(&app, &asked, Id::Record)?;
    Ok(json(&app.ledger.record(&reading.known, &reading.principal, record_name(&name)?).await?))
}

/// `GET /v1/records/{…}/note`: the entry's bytes.
pub async fn note(State(app): State<Arc<App>>, Path(name): Path<String>, asked: Asked) -> Answer {
    let reading = plain(&app, &asked, Id::Note)?;
    Ok(typed(TEXT, app.ledger.note(&reading.known, &reading.principal, record_name(&name)?).await?))
}

/// `GET /v1/records/{…}/receipt`: its C2SP tlog-proof in the first checkpoint that contained it, or in the first that met
/// the quorum of the terms.
pub async fn receipt(State(app): State<Arc<App>>, Path(name): Path<String>, asked: Asked) -> Answer {
    let (reading, mut parameters) = reading(&app, &asked, Id::Receipt)?;
    let is_final = parameters.take("final", |text| text.parse().ok()).unwrap_or(false);
    parameters.finish()?;
    let (known, principal, name) = (&reading.known, &reading.principal, record_name(&name)?);
    let ledger = &app.ledger;
    let receipt =
        if is_final { ledger.final_receipt(known, principal, name) } else { ledger.receipt(known, principal, name) };
    Ok(typed(TEXT, receipt?))
}

/// `GET /v1/records/{…}/bundle`: everything that its verification needs, in one file.
pub async fn bundle(State(app): State<Arc<App>>, Path(name): Path<String>, asked: Asked) -> Answer {
    let reading = plain(&app, &asked, Id::Bundle)?;
    let bundle = app.ledger.bundle(&reading.known, &reading.principal, record_name(&name)?).await?;
    let text = serde_json::to_string_pretty(&bundle).unwrap_or_default();
    Ok(typed(bundle::MEDIA_TYPE, format!("{text}\n")))
}

/// `GET /v1/sites`: the slots, each with its site, what is declared there, and the visits to it.
pub async fn sites(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    let reading = plain(&app, &asked, Id::Sites)?;
    Ok(listed(&reading, &app.ledger.sites(&reading.known, &reading.principal).await?))
}

/// `GET /v1/sites/{code}`.
pub async fn site(State(app): State<Arc<App>>, Path(code): Path<String>, asked: Asked) -> Answer {
    let reading = plain(&app, &asked, Id::Site)?;
    let slot = Slot::parse(&code).ok_or(Problem::not_found())?;
    Ok(json(&app.ledger.site(&reading.known, &reading.principal, slot).await?))
}

/// `GET /v1/inspections`: every visit from its intent on, newest first.
pub async fn inspections(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    let (reading, mut parameters) = reading(&app, &asked, Id::Inspections)?;
    let site = parameters.take("site", Slot::parse);
    parameters.finish()?;
    Ok(listed(&reading, &app.ledger.inspections(&reading.known, &reading.principal, site)))
}

/// `GET /v1/inspections/{digest or id of the intent}`: both sides' records side by side.
pub async fn inspection(State(app): State<Arc<App>>, Path(name): Path<String>, asked: Asked) -> Answer {
    let reading = plain(&app, &asked, Id::Inspection)?;
    let digest = name.parse().ok().map(InspectionName::Digest);
    let name = digest.or_else(|| uuid::Uuid::try_parse(&name).ok().map(InspectionName::Id));
    let name = name.ok_or(Problem::not_found())?;
    Ok(json(&app.ledger.inspection(&reading.known, &reading.principal, name).await?))
}

/// `GET /v1/keys`: the keys, each with its revocation and, for authors, the next number.
pub async fn keys(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    let reading = plain(&app, &asked, Id::Keys)?;
    Ok(listed(&reading, &app.ledger.keys(&reading.known, &reading.principal).await?))
}

/// `GET /v1/terms`: the first terms and every amendment.
pub async fn terms(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    let reading = plain(&app, &asked, Id::Terms)?;
    Ok(listed(&reading, &app.ledger.terms(&reading.known).await?))
}
