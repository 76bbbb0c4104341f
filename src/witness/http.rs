//! The two addresses of a witness, one to submit to and one to look at (C2SP tlog-witness):
//! `POST /add-checkpoint` and `GET /<SHA-256 of the origin, in hex>/checkpoint`.
//!
//! Invariants: a body is read under a cap and a timer, and its announced length is looked at first; what blocks runs
//! beside the connections, a bounded number at once.
//!
//! Deliberately absent: TLS and prefixes, which belong to a proxy in front; and accounts. Whoever has a checkpoint that
//! the log signed may submit it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http_body_util::{BodyExt as _, Limited};
use tokio::sync::Semaphore;

use super::{Cosigner, Failure, Withheld};
use crate::tlog::witness::{MAX_REQUEST, Refusal};

/// Requests that are decided or wait for it at once. More are asked to come again.
const PLACES: usize = 256;
const TEXT: &str = "text/plain; charset=utf-8";
/// The media type of a size that is answered to a request that began at another one.
const SIZE: &str = "text/x.tlog.size";

struct App {
    cosigner: Arc<Cosigner>,
    places: Arc<Semaphore>,
    body: Duration,
}

/// The routes of a witness; `body` is how long the body of a request may take.
pub fn routes(cosigner: Arc<Cosigner>, body: Duration) -> Router {
    let app = App { cosigner, places: Arc::new(Semaphore::new(PLACES)), body };
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin}/checkpoint", get(checkpoint))
        .with_state(Arc::new(app))
}

async fn add_checkpoint(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Response {
    let body = match read(&headers, body, app.body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let Ok(place) = Arc::clone(&app.places).try_acquire_owned() else {
        let again = [(header::RETRY_AFTER, "1"), (header::CONTENT_TYPE, TEXT)];
        return (StatusCode::TOO_MANY_REQUESTS, again, "too many requests at once: send it again\n").into_response();
    };
    let cosigner = Arc::clone(&app.cosigner);
    // A request that is dropped here is still decided, and what was decided is stored: neither hurts.
    let decided = tokio::task::spawn_blocking(move || {
        let decided = cosigner.add_checkpoint(&body);
        drop(place);
        decided
    });
    match decided.await {
        Ok(Ok(line)) => answer(StatusCode::OK, TEXT, format!("{line}\n")),
        Ok(Err(failure)) => refused(&failure),
        Err(_) => refused(&Failure::Stopped(None)),
    }
}

async fn checkpoint(State(app): State<Arc<App>>, Path(origin): Path<String>) -> Response {
    // The lock may be held over a flush.
    let cosigner = Arc::clone(&app.cosigner);
    match tokio::task::spawn_blocking(move || cosigner.latest(&origin)).await {
        Ok(Ok(Some(note))) => answer(StatusCode::OK, TEXT, note),
        Ok(Ok(None)) => {
            answer(StatusCode::NOT_FOUND, TEXT, "this witness has cosigned no checkpoint of such a log\n".into())
        }
        Ok(Err(failure)) => refused(&failure),
        Err(_) => refused(&Failure::Stopped(None)),
    }
}

/// Reads a body that is not too large and does not take too long.
async fn read(headers: &HeaderMap, body: Body, within: Duration) -> Result<Bytes, Response> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let too_large = || refused(&Failure::Refused(Refusal::TooLarge));
    if announced.is_some_and(|length| length > MAX_REQUEST) {
        return Err(too_large());
    }
    match tokio::time::timeout(within, Limited::new(body, MAX_REQUEST).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(refused(&Failure::Refused(Refusal::Malformed("the body did not arrive whole")))),
        Err(_) => Err(answer(StatusCode::REQUEST_TIMEOUT, TEXT, "the body took too long\n".into())),
    }
}

fn refused(failure: &Failure) -> Response {
    match failure {
        Failure::Refused(Refusal::OtherSize { held }) => answer(StatusCode::CONFLICT, SIZE, format!("{held}\n")),
        Failure::Refused(refusal) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            answer(status, TEXT, format!("{refusal}\n"))
        }
        Failure::Withheld(Withheld::Never(_)) => answer(StatusCode::UNPROCESSABLE_ENTITY, TEXT, format!("{failure}\n")),
        Failure::Withheld(Withheld::NotYet(_)) | Failure::Stopped(_) => {
            answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{failure}\n"))
        }
    }
}

fn answer(status: StatusCode, media_type: &'static str, body: String) -> Response {
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}
