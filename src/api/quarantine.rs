//! What a server answers before its ledger has passed the boot gate: that it is there, and nothing else.
//!
//! The server listens from its first second, so that whoever watches it can tell a server that compares itself with its
//! mirrors from one that is down. Nothing was verified yet, so nothing is read, and nothing is written.
//!
//! Invariants: the door opens once, and never closes.
//!
//! Deliberately absent: how far the gate is. The server's log says that.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use tower::ServiceExt as _;

use super::problem::{self, Problem};
use super::{REQUEST_ID, TEXT, request, typed};
use crate::words::Words;

/// Where the routes of a ledger come in once it may be shown.
#[derive(Clone, Debug, Default)]
pub struct Door(Arc<OnceLock<Router>>);

impl Door {
    /// Shows these routes from now on.
    pub fn open(&self, routes: Router) {
        let _ = self.0.set(routes); // it is open already
    }

    /// What is served: the ledger behind the open door, or that it is not open yet.
    pub fn routes(&self) -> Router {
        Router::new().fallback(behind).with_state(self.clone())
    }
}

async fn behind(State(door): State<Door>, request: Request<Body>) -> Response {
    match door.0.get() {
        Some(routes) => match routes.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        None => closed(&request),
    }
}

fn closed(request: &Request<Body>) -> Response {
    let path = request.uri().path();
    let detail = Words::fixed(
        "This ledger compares itself with its mirrors and its second store before anything is shown or written. Try again.",
        "Реестр сверяет себя с зеркалами и вторым хранилищем, прежде чем что-либо показывать или записывать. Повторите запрос.",
    );
    let id = format!("req_{}", uuid::Uuid::now_v7().simple());
    let mut response = match path {
        "/livez" => typed(TEXT, "ok\n"),
        _ => {
            let problem = Problem::unavailable("quarantine", detail, 1).into_response();
            problem::render(problem, path, request::lang(request.headers()), &id)
        }
    };
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    const FIXED: [(HeaderName, &str); 2] =
        [(header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::CACHE_CONTROL, "no-store")];
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
