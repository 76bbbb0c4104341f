//! Whole tables to take away, and the signed manifest that says what they should be.
//!
//! Invariants: an export is whole or visibly is not. Its first page is read before the head of the answer is sent, so a
//! database that does not answer is a problem with a status; what fails later breaks the connection off, and is never
//! ended as if nothing were missing. Rows are read when the connection has room for them.
//!
//! Deliberately absent: trailers, which few programs read; NDJSON says in its last line how many rows it has, CSV has
//! the manifest.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, Version, header};
use axum::response::Response;
use futures_util::stream::{StreamExt as _, once, try_unfold};
use tokio::io::AsyncReadExt as _;

use super::access::Asked;
use super::operation::{Access, Id};
use super::places::Place;
use super::problem::Problem;
use super::read::filter;
use super::request::Parameters;
use super::{App, TEXT, status, typed};
use crate::service::export::text::Text;
use crate::service::export::{ExportError, File, Form, Table, Wanted, sqlite};
use crate::service::known::KnownAt;
use crate::service::query::Filter;
use crate::service::status::{Question, View};
use crate::treaty::time::Instant;
use crate::words::Words;

type Answer = Result<Response, Problem>;

/// Downloads that one token may have open.
pub const DOWNLOADS: u32 = 4;
/// The media type of a table.
const CSV: &str = "text/csv; charset=utf-8; header=present";
/// The media type of a database.
pub const SQLITE: &str = "application/vnd.sqlite3";
/// The media type of one JSON object a line.
pub const NDJSON: &str = "application/x-ndjson";
/// The part of the log that an export is made of.
const KNOWN_AT: HeaderName = HeaderName::from_static("known-at");
/// The instant that a status was asked about.
const AS_OF: HeaderName = HeaderName::from_static("as-of");
/// What only those are asked who read everything.
const OF_STATUS: [&str; 3] = ["as_of", "view", "period"];
/// Bytes of a file that are read at once.
const PIECE: usize = 64 * 1024;

/// `GET /v1/exports/records.csv`.
pub async fn records_csv(State(app): State<Arc<App>>, version: Version, asked: Asked) -> Answer {
    can_break_off(version)?;
    text(&app, &asked, Id::RecordsCsv, Table::Records, Form::Csv).await
}

/// `GET /v1/exports/records.ndjson`.
pub async fn records_ndjson(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    text(&app, &asked, Id::RecordsNdjson, Table::Records, Form::Ndjson).await
}

/// `GET /v1/exports/inspections.csv`.
pub async fn inspections_csv(State(app): State<Arc<App>>, version: Version, asked: Asked) -> Answer {
    can_break_off(version)?;
    text(&app, &asked, Id::InspectionsCsv, Table::Inspections, Form::Csv).await
}

/// `GET /v1/exports/inspections.ndjson`.
pub async fn inspections_ndjson(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    text(&app, &asked, Id::InspectionsNdjson, Table::Inspections, Form::Ndjson).await
}

/// `GET /v1/exports/obligations.csv`.
pub async fn obligations_csv(State(app): State<Arc<App>>, version: Version, asked: Asked) -> Answer {
    can_break_off(version)?;
    text(&app, &asked, Id::ObligationsCsv, Table::Obligations, Form::Csv).await
}

/// `GET /v1/exports/obligations.ndjson`.
pub async fn obligations_ndjson(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    text(&app, &asked, Id::ObligationsNdjson, Table::Obligations, Form::Ndjson).await
}

/// `GET /v1/exports/status.csv`.
pub async fn status_csv(State(app): State<Arc<App>>, version: Version, asked: Asked) -> Answer {
    can_break_off(version)?;
    text(&app, &asked, Id::StatusCsv, Table::Status, Form::Csv).await
}

/// `GET /v1/exports/status.ndjson`.
pub async fn status_ndjson(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    text(&app, &asked, Id::StatusNdjson, Table::Status, Form::Ndjson).await
}

/// `GET /v1/exports/ledger.sqlite`: every table in one file.
pub async fn database(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    let (wanted, _, place) = wanted(&app, &asked, Id::Database)?;
    let made = sqlite::build(&app.ledger, &wanted).await?;
    let file = tokio::fs::File::from_std(made.file);
    // The file and the place go with the body, when it ends or when its reader leaves.
    let body = try_unfold((file, place), |(mut file, place)| async move {
        let mut piece = vec![0; PIECE];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(piece), (file, place))))
    });
    let mut response = taken_away(SQLITE, Body::from_stream(body), &wanted, File::Database);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(made.bytes));
    Ok(response)
}

/// `GET /v1/exports/manifest`: what the files of an export should be, signed by the clerk.
pub async fn manifest(State(app): State<Arc<App>>, asked: Asked) -> Answer {
    let (wanted, files, _place) = wanted(&app, &asked, Id::Manifest)?;
    let mut response = typed(TEXT, app.ledger.manifest(&wanted, &files).await?);
    let question = files.iter().find_map(|file| wanted.question(*file));
    name_question(&mut response, wanted.size(), question.map(|question| question.as_of));
    Ok(response)
}

/// What is to be taken away, which files of it, and a place for it.
fn wanted(app: &App, asked: &Asked, id: Id) -> Result<(Wanted, Vec<File>, Place), Problem> {
    let principal = asked.holder()?;
    let (all, of_status) = (principal.reads_all(), id.operation().access == Access::Everything);
    if of_status && !all {
        return Err(Problem::not_found());
    }
    let mut names = id.operation().query.to_vec();
    names.retain(|name| all || !OF_STATUS.contains(name));
    let mut parameters = Parameters::read(&asked.uri, &names);
    let question = question(app, &mut parameters);
    let mark = parameters.take("bom", |text| text.parse().ok()).unwrap_or(false);
    let parse = |text: &str| text.split(',').map(|name| File::parse(name, &principal)).collect::<Option<Vec<_>>>();
    let files = parameters.take("files", parse).unwrap_or_else(|| File::of(&principal));
    let filter: Filter = filter(&mut parameters);
    let known = if of_status {
        let known = status::known(app, &mut parameters, "known_at");
        parameters.answerable()?;
        known.ok_or(Problem::not_yet())?
    } else {
        let at = parameters.take("known_at", KnownAt::parse);
        parameters.finish()?;
        app.ledger.known(at.unwrap_or_default())?
    };
    let token = asked.token.as_ref().ok_or(Problem::token_required())?;
    let place = app.downloads.take(token.hash)?;
    Ok((Wanted::new(principal, &known.past(), filter, mark, question), files, place))
}

/// What tables of the status are asked: a whole table has every view.
fn question(app: &App, parameters: &mut Parameters) -> Question {
    let as_of = status::as_of(app, parameters);
    let view = parameters.take("view", View::parse).unwrap_or(View::All);
    let period = parameters.take("period", status::year).unwrap_or_else(|| as_of.year());
    Question { as_of, view, period, everything: true }
}

/// Over HTTP/1.0 an answer of unknown length ends where the connection does, so half a table would look like a whole
/// one, and a proxy would pass it on as one.
fn can_break_off(version: Version) -> Result<(), Problem> {
    if version > Version::HTTP_10 {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UPGRADE_REQUIRED,
        "http_version",
        Words::fixed("HTTP/1.1 is needed", "Требуется HTTP/1.1"),
        Words::fixed(
            "Over HTTP/1.0 nobody could see that a table was cut off. Use HTTP/1.1 (in nginx: proxy_http_version 1.1), \
             or take records.ndjson.",
            "По HTTP/1.0 нельзя увидеть, что таблица оборвана. Используйте HTTP/1.1 (в nginx: proxy_http_version 1.1) \
             или возьмите records.ndjson.",
        ),
    ))
}

/// A table as text, page by page.
async fn text(app: &App, asked: &Asked, id: Id, table: Table, form: Form) -> Answer {
    let (wanted, _, place) = wanted(app, asked, id)?;
    let mut text = Text::new(Arc::clone(&app.ledger), wanted.clone(), table, form);
    let first = text.chunk().await?.unwrap_or_default();
    let rest = try_unfold((text, place), |(mut text, place)| async move {
        let chunk = text.chunk().await.inspect_err(|error| tracing::error!(%error, "an export is broken off"))?;
        Ok::<_, crate::service::query::QueryError>(chunk.map(|chunk| (chunk, (text, place))))
    });
    let body = Body::from_stream(once(async { Ok(first) }).chain(rest));
    let media_type = if form == Form::Csv { CSV } else { NDJSON };
    Ok(taken_away(media_type, body, &wanted, File::Text(table, form)))
}

/// An answer that is kept as a file.
fn taken_away(media_type: &'static str, body: Body, wanted: &Wanted, file: File) -> Response {
    let mut response = typed(media_type, body);
    let as_of = wanted.question(file).map(|question| question.as_of);
    let day = as_of.map_or_else(String::new, |as_of| format!("_{}", as_of.to_string().replace(':', "")));
    let name = file.name().replacen('.', &format!("_tree-{}{day}.", wanted.size()), 1);
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    name_question(&mut response, wanted.size(), as_of);
    response
}

/// Says beside an answer that has no room for it what it stands on, and which instant it is about.
pub fn name_question(response: &mut Response, size: u64, as_of: Option<Instant>) {
    let names = [(KNOWN_AT, Some(format!("tree:{size}"))), (AS_OF, as_of.map(|as_of| as_of.to_string()))];
    for (name, text) in names {
        if let Some(Ok(value)) = text.map(|text| HeaderValue::from_str(&text)) {
            response.headers_mut().insert(name, value);
        }
    }
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Problem {
        match error {
            ExportError::Query(error) => error.into(),
            ExportError::File(_) => {
                tracing::error!(%error, "an export could not be made");
                let detail = Words::fixed(
                    "The file could not be made here now; the log of the server says why. Try again, or take another form.",
                    "Сейчас файл создать не удалось; причина указана в журнале сервера. Повторите или выберите другой вид.",
                );
                Problem::unavailable("export", detail, 30)
            }
        }
    }
}
