//! How the two sides would stand, had something else been said.
//!
//! Invariants: nothing is stored, and the answer says that it is hypothetical.
//!
//! Deliberately absent: tags and caches. The answer depends on what was sent.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::access::Asked;
use super::operation::Id;
use super::problem::{Detail, Problem};
use super::{App, request, status, written};
use crate::json::Fault;
use crate::service::suppose::{self, Impossible, Supposed};
use crate::service::view;
use crate::words::Words;

/// `POST /v1/reciprocity/what-if`.
pub async fn what_if(State(app): State<Arc<App>>, asked: Asked, body: Body) -> Result<Response, Problem> {
    status::parameters(&asked, Id::WhatIf)?.finish()?;
    request::media_type(&asked.headers, "application/json")?;
    let bytes = request::body(&asked.headers, body, suppose::MAX_BYTES, app.timers.body).await?;
    let text = String::from_utf8(bytes.to_vec()).map_err(|_| malformed(&[]))?;
    let supposed = Supposed::parse(&text).map_err(|faults| malformed(&faults))?;
    let known = app.ledger.known(supposed.known_at.unwrap_or_default())?;
    if known.size() == 0 {
        return Err(Problem::not_yet());
    }
    let sent: Value = serde_json::from_str(&text).map_err(|_| malformed(&[]))?;
    let register = app.ledger.register_at(&known).await?;
    let question = supposed.question(app.ledger.clock.now());
    let work = move || {
        let answers = suppose::answers(register, &supposed, &sent, &question)?;
        Ok(view::supposed(&known, &question, &answers, &sent))
    };
    let shown = app.ledger.computed(work).await?.map_err(|reasons: Vec<Impossible>| impossible(&reasons))?;
    Ok(written(shown))
}

/// What was sent is no supposition.
fn malformed(faults: &[Fault]) -> Problem {
    let mut problem = Problem::new(
        StatusCode::BAD_REQUEST,
        "supposition_malformed",
        Words::fixed("Not a supposition", "Это не предположение"),
        Words::fixed(
            "Send one JSON object with what is supposed; see errors for every fault.",
            "Отправьте один объект JSON с предположениями; все недостатки указаны в errors.",
        ),
    );
    problem.errors = faults.iter().map(Detail::fault).collect();
    problem
}

/// The ledger would not take what is supposed.
fn impossible(reasons: &[Impossible]) -> Problem {
    let mut problem = Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        reasons.first().map_or("refused", |first| first.code),
        Words::fixed("This cannot be supposed", "Такое предположение невозможно"),
        Words::fixed(
            "The ledger would not take this; see errors for every reason. Nothing after it was looked at.",
            "Реестр этого не принял бы; все причины указаны в errors. Следующее за этим не рассматривалось.",
        ),
    );
    let detail = |reason: &Impossible| Detail {
        pointer: reason.pointer.clone(),
        line: None,
        code: reason.code,
        provision: reason.provision,
        words: reason.words.clone(),
    };
    problem.errors = reasons.iter().map(detail).collect();
    problem
}
