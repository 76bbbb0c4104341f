//! The problems of what is not there now and may be later.
//!
//! Deliberately absent: what stops the ledger itself ([`Problem::unavailable`]).

use axum::http::StatusCode;

use super::problem::Problem;
use crate::words::Words;

impl Problem {
    /// A size or an instant that the ledger has not reached.
    pub const fn not_yet() -> Problem {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "known_at",
            Words::fixed("Not known yet", "Ещё неизвестно"),
            Words::fixed(
                "known_at is a size that the log has reached, tree:<size>, or an instant before the current second.",
                "known_at – это достигнутый размер журнала, tree:<размер>, или момент раньше текущей секунды.",
            ),
        )
    }

    /// A record without a final receipt.
    pub const fn not_final() -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_final",
            Words::fixed("Not final", "Не окончательно"),
            Words::fixed(
                "No checkpoint that contains this record has met the quorum of the terms. Ask again later, or without final=true for the receipt.",
                "Ни одна контрольная точка с этой записью не набрала кворум, предусмотренный условиями. Повторите запрос позже или запросите квитанцию без final=true.",
            ),
        )
    }

    /// Too many ask for the same costly thing.
    pub fn busy() -> Problem {
        let detail = Words::fixed(
            "Too many bundles are being verified here. Try again, or verify it yourself: countersign verify.",
            "Сейчас здесь проверяется слишком много пакетов. Повторите запрос или проверьте сами: countersign verify.",
        );
        Problem::unavailable("busy", detail, 1)
    }
}
