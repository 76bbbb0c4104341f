//! The tag of an answer, and the answer that says "you have it already".
//!
//! Every successful GET or HEAD has a strong `ETag`: the SHA-256 of its body. It says nothing of who asked, so all who
//! may see the same content have the same tag, whatever their token. `If-None-Match` is answered with 304.
//!
//! Invariants: the handler has done all its work, the record of the access included, before a 304 is decided. A body
//! whose length is not known beforehand is passed on as it comes, without a tag.
//!
//! Deliberately absent: `Last-Modified`. Content decides, not clocks.

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt as _;

use crate::hash::{Hash, hex};

/// The tags that the reader has, and whether the request is one that is answered with a tag.
pub struct Wanted {
    tagged: bool,
    held: Vec<HeaderValue>,
}

impl Wanted {
    /// Reads what a request says.
    pub fn of(method: &Method, headers: &HeaderMap) -> Wanted {
        let held = headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect();
        Wanted { tagged: method == Method::GET || method == Method::HEAD, held }
    }

    /// Whether the reader has this. Tags are compared weakly, as RFC 9110 says for reading; ours hold no commas.
    fn has(&self, tag: &str) -> bool {
        let given = self.held.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        given.map(str::trim).any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
    }
}

/// The SHA-256 of a body, where whoever answers knows it already.
#[derive(Clone, Copy, Debug)]
pub struct Hashed(pub Hash);

/// Tags a successful answer, or answers 304 where the reader has it already.
pub async fn tagged(response: Response, wanted: &Wanted) -> Response {
    if !wanted.tagged || response.status() != StatusCode::OK || response.body().size_hint().exact().is_none() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = body.collect().await else {
        return Response::from_parts(parts, Body::empty()); // a body in memory cannot fail
    };
    let body = body.to_bytes();
    let hash = parts.extensions.remove::<Hashed>().map_or_else(|| Hash::of(&body), |Hashed(hash)| hash);
    let tag = format!("\"{}\"", hex(hash.as_bytes()));
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    let usual = HeaderValue::from_static("private, no-cache");
    parts.headers.entry(header::CACHE_CONTROL).or_insert(usual);
    if !wanted.has(&tag) {
        return Response::from_parts(parts, Body::from(body));
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    Response::from_parts(parts, Body::empty())
}
