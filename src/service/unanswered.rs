//! Why a question has no answer.
//!
//! Deliberately absent: words for people, which belong to the answers over HTTP.

use super::status::Stopping;
use crate::store::StoreError;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It does not exist, or the asker may not know that it does.
    #[error("there is no such thing")]
    NotFound,
    /// The database does not answer, or answered nonsense.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log's key failed its own check.
    #[error("the log's key does not sign")]
    Sign,
    /// Ask again later, or take the receipt.
    #[error("no checkpoint that contains the record has met the quorum of the terms yet")]
    NotFinal,
    /// Ask for a size that the log has reached, or for an instant that has passed.
    #[error("the ledger does not know that yet")]
    NotYet,
    /// It takes a while to compute, and the process is stopping.
    #[error(transparent)]
    Stopping(#[from] Stopping),
}
