//! Checkpoints that somebody brings: gossip against a ledger that shows each side another history.
//!
//! Anybody may bring one, since whoever was shown another history may have no token. What is not signed by the log is a
//! failed verification, of which an address has an allowance.
//!
//! Invariants: what is kept is bounded in size and number, and only what this log signed is.
//!
//! Deliberately absent: where the file is; the operator's log says that.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::json;

use super::problem::Problem;
use super::request::{self, Parameters};
use super::{App, Peer, json};
use crate::note::NoteError;
use crate::service::gate::evidence::{Brought, BroughtError, MAX_BYTES};
use crate::tlog::checkpoint::CheckpointError;
use crate::words::Words;

/// `POST /v1/log/evidence`: takes a signed checkpoint, and says whether it is of this ledger's history.
pub async fn evidence(
    State(app): State<Arc<App>>,
    Extension(Peer(address)): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    Parameters::none(&uri)?;
    request::media_type(&headers, "text/plain")?;
    if app.ledger.copy.is_some() {
        return Err(Problem::route_unknown()); // a mirror is shown checkpoints as every witness is
    }
    let now = app.ledger.clock.unix_duration().as_secs_f64();
    app.failures.may_try(address, now).map_err(Problem::too_many_failures)?;
    let bytes = request::body(&headers, body, MAX_BYTES, app.timers.body).await?;
    let permit = app.ledger.verification_permit().await;
    let brought = app.ledger.bring(&bytes).await.map_err(|error| {
        if let BroughtError::NotSigned(_) = &error {
            app.failures.failed(address, now);
            app.metrics.failed_verification();
        }
        problem(error)
    })?;
    drop(permit);
    let entries = app.ledger.now().size();
    let (finding, checkpoint, words) = match &brought {
        Brought::Consistent(checkpoint) => (
            "consistent",
            checkpoint,
            Words::fixed("It is of this ledger's history.", "Она относится к истории этого реестра."),
        ),
        Brought::Forked(checkpoint) => (
            "forked",
            checkpoint,
            Words::fixed(
                "This log signed it, and has another root at that size: two histories. It is kept, and the ledger has stopped writing. Keep yours, too.",
                "Подписано этим журналом, но при этом размере его корень другой: две истории. Сохранено; запись остановлена. Сохраните и вы свой экземпляр.",
            ),
        ),
        Brought::Beyond(checkpoint) => (
            "beyond",
            checkpoint,
            Words::fixed(
                "This log signed it, and has fewer entries now: it was rolled back, or has two histories. It is kept, and the ledger has stopped writing. Keep yours, too.",
                "Подписано этим журналом, но записей в нём теперь меньше: он откачен назад или имеет две истории. Сохранено; запись остановлена. Сохраните и вы свой экземпляр.",
            ),
        ),
    };
    Ok(json(&json!({
        "finding": finding,
        "size": checkpoint.size,
        "root": checkpoint.root.to_string(),
        "entries": entries,
        "words": { "en": words.in_lang(crate::words::Lang::En), "ru": words.in_lang(crate::words::Lang::Ru) },
    })))
}

fn problem(error: BroughtError) -> Problem {
    let title = Words::fixed("Not a checkpoint of this log", "Это не контрольная точка этого журнала");
    match error {
        BroughtError::NotSigned(CheckpointError::OtherOrigin) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "checkpoint_of_another_log",
            title,
            Words::fixed("The checkpoint is of another log.", "Контрольная точка другого журнала."),
        ),
        BroughtError::NotSigned(CheckpointError::Note(NoteError::BadSignature { .. } | NoteError::NoKnownKey)) => {
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "checkpoint_not_signed",
                title,
                Words::fixed(
                    "It has no good signature by this log's key, so it says nothing about this log.",
                    "На ней нет верной подписи ключом этого журнала, поэтому о нём она ничего не говорит.",
                ),
            )
        }
        BroughtError::NotSigned(error) => Problem::new(
            StatusCode::BAD_REQUEST,
            "checkpoint_malformed",
            title,
            Words::new(
                format!("Send a signed checkpoint (C2SP tlog-checkpoint) as text: {error}."),
                format!("Отправьте подписанную контрольную точку (C2SP tlog-checkpoint) в виде текста: {error}."),
            ),
        ),
        BroughtError::Store(_) | BroughtError::NotKept(_) => {
            tracing::error!(%error, "a checkpoint that was brought could not be dealt with");
            let detail = Words::fixed(
                "It could not be compared or kept now. Keep it, and send it again.",
                "Сейчас её не удалось сравнить или сохранить. Сохраните её и отправьте ещё раз.",
            );
            Problem::unavailable("try_again", detail, 1)
        }
    }
}
