//! Who read what, who sent what, and what was done about tokens.
//!
//! Reads are committed in groups, each before its answer is sent ([`crate::service::accesses`]); an act on a token is
//! recorded in the transaction that does it, and so is a record that becomes an entry.
//!
//! Invariants: rows are counted, and only ever added. A row holds no secret: of a token only its hash.
//!
//! Deliberately absent: requests that were refused, and public addresses. Those are counted elsewhere, so that a
//! stranger cannot fill a disk.

use sqlx::PgConnection;

use super::log::NewEntry;
use super::{StoreError, read::Reader, token::Token};

crate::one_of! {
    /// What was done.
    pub enum Action {
        /// Something was read.
        Read = "read",
        /// A stream ended; its beginning was a read.
        StreamEnd = "stream_end",
        /// A text was prepared, and judged before it is signed.
        Prepare = "prepare",
        /// A token was made.
        TokenCreate = "token_create",
        /// A token was revoked.
        TokenRevoke = "token_revoke",
    }
}

crate::one_of! {
    /// What came of it.
    pub enum Outcome {
        /// It was done.
        Ok = "ok",
        /// There is no such thing, or it may not be seen.
        NotFound = "not_found",
        /// The ledger could not answer.
        Error = "error",
    }
}

/// One event.
#[derive(Clone, Debug)]
pub struct AccessEvent {
    /// The request, where there is one.
    pub request_id: Option<String>,
    /// The token of whoever read, or the token that was made or revoked.
    pub token: Token,
    /// What was done.
    pub action: Action,
    /// To what.
    pub subject: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// The longest subject in bytes.
pub const MAX_SUBJECT: usize = 1_024;

impl Reader {
    /// Records events, all of them or none, durably.
    pub async fn record_accesses(&self, events: &[AccessEvent]) -> Result<(), StoreError> {
        let mut connection = self.pool().acquire().await?;
        record(&mut connection, events).await // one statement, so one transaction
    }
}

/// Records events in the transaction that is open, if there is one.
pub(super) async fn record(connection: &mut PgConnection, events: &[AccessEvent]) -> Result<(), StoreError> {
    let column = |of: fn(&AccessEvent) -> &str| events.iter().map(of).collect::<Vec<_>>();
    let request_ids: Vec<Option<&str>> = events.iter().map(|event| event.request_id.as_deref()).collect();
    let tokens: Vec<&[u8]> = events.iter().map(|event| event.token.hash.as_bytes().as_slice()).collect();
    let inserted = sqlx::query(
        "INSERT INTO countersign.access_event (request_id, token, label, party, role, action, subject, outcome) \
         SELECT i, t, l, p, r, a, s, o \
         FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::bytea[]), pg_catalog.unnest($3::text[]), \
         pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::text[]), pg_catalog.unnest($6::text[]), \
         pg_catalog.unnest($7::text[]), pg_catalog.unnest($8::text[])) AS batch(i, t, l, p, r, a, s, o)",
    )
    .persistent(false) // the plan of a statement that a rule swallowed would outlive the rule
    .bind(request_ids)
    .bind(tokens)
    .bind(column(|event| &event.token.label))
    .bind(column(|event| event.token.party.as_str()))
    .bind(column(|event| event.token.role.as_str()))
    .bind(column(|event| event.action.as_str()))
    .bind(column(|event| &event.subject))
    .bind(column(|event| event.outcome.as_str()))
    .execute(connection)
    .await?;
    if inserted.rows_affected() == events.len() as u64 {
        return Ok(());
    }
    Err(StoreError::Falsified("Postgres reported success and stored no record of an access".into()))
}

/// Records who sent these entries, in the transaction that adds them.
pub(super) async fn record_sent(connection: &mut PgConnection, entries: &[NewEntry]) -> Result<(), StoreError> {
    let request_ids: Vec<Option<&str>> = entries.iter().map(|entry| entry.sent.request_id.as_deref()).collect();
    let addresses: Vec<&str> = entries.iter().map(|entry| entry.sent.address.as_str()).collect();
    let digests: Vec<String> = entries.iter().map(|entry| entry.digest.to_string()).collect();
    let inserted = sqlx::query(
        "INSERT INTO countersign.access_event (request_id, address, action, subject, outcome) \
         SELECT i, NULLIF(a, ''), 'submit', d, 'recorded' \
         FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS batch(i, a, d)",
    )
    .persistent(false) // as above
    .bind(request_ids)
    .bind(addresses)
    .bind(digests)
    .execute(connection)
    .await?;
    if inserted.rows_affected() == entries.len() as u64 {
        return Ok(());
    }
    Err(StoreError::Falsified("Postgres reported success and stored no record of who sent an entry".into()))
}
