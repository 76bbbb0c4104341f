//! Who read what, who sent what, and what was done about tokens.
//!
//! Reads are committed in groups, each before its answer is sent ([`crate::service::accesses`]); an act on a token is
//! recorded in the transaction that does it, and so is a record that becomes an entry.
//!
//! Events of reading and acts on tokens stand in a chain ([`super::access_chain`]), since no entry demands them. The place of
//! an event is unique, so of two processes that add at once one finds its place taken, and looks again.
//!
//! Invariants: rows are counted, and only ever added. A row holds no secret: of a token only its hash.
//!
//! Deliberately absent: requests that were refused, and public addresses. Those are counted elsewhere, so that a
//! stranger cannot fill a disk.

use sqlx::{Acquire as _, PgConnection, Postgres, Transaction};

use super::access_chain::chain_now;
use super::log::NewEntry;
use super::{StoreError, bigint, read::Reader, token::Token};
use crate::tlog::chain::link;

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

impl AccessEvent {
    /// The columns of its row in the order in which the chain has them, at this time.
    fn fields<'e>(&'e self, at: &'e [u8]) -> [Option<&'e [u8]>; 10] {
        [
            Some(at),
            self.request_id.as_deref().map(str::as_bytes),
            Some(self.token.hash.as_bytes()),
            Some(self.token.label.as_bytes()),
            Some(self.token.party.as_str().as_bytes()),
            Some(self.token.role.as_str().as_bytes()),
            None, // an address is known of who sent something, and of nobody else
            Some(self.action.as_str().as_bytes()),
            Some(self.subject.as_bytes()),
            Some(self.outcome.as_str().as_bytes()),
        ]
    }
}

/// The longest subject in bytes.
pub const MAX_SUBJECT: usize = 1_024;

impl Reader {
    /// Records events, all of them or none, durably.
    pub async fn record_accesses(&self, events: &[AccessEvent]) -> Result<(), StoreError> {
        let mut connection = self.pool().acquire().await?;
        for _ in 0..TRIES {
            if record(&mut connection, events).await? {
                return Ok(()); // one statement, so one transaction
            }
        }
        Err(crowded())
    }
}

/// How often a group looks for its place in the chain, where other processes add to it, too.
const TRIES: usize = 64;

fn crowded() -> StoreError {
    StoreError::Unreachable("other processes record accesses all the time: try again".into())
}

/// Records events in the transaction that is open.
pub(super) async fn record_within(
    transaction: &mut Transaction<'_, Postgres>,
    events: &[AccessEvent],
) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let mut within = transaction.begin().await?; // a savepoint: a place that was taken ends no more than this
        if record(&mut within, events).await? {
            return Ok(within.commit().await?);
        }
        within.rollback().await?;
    }
    Err(crowded())
}

/// Adds events to the end of the chain; `false` where another process was there first.
async fn record(connection: &mut PgConnection, events: &[AccessEvent]) -> Result<bool, StoreError> {
    let (mut head, at) = chain_now(connection).await?;
    let (mut places, mut chain) = (Vec::with_capacity(events.len()), Vec::with_capacity(events.len()));
    for event in events {
        places.push(bigint(head.count));
        head = head.after(link(&event.fields(at.to_string().as_bytes())));
        chain.push(head.value.as_bytes().to_vec());
    }
    let inserted = match insert(connection, events, &places, &chain, at).await {
        Err(error) if is_taken(&error) => return Ok(false),
        other => other?,
    };
    if inserted == events.len() as u64 {
        return Ok(true);
    }
    Err(StoreError::Falsified("Postgres reported success and stored no record of an access".into()))
}

/// Whether another process has the place.
fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.constraint()) == Some("access_event_place_key")
}

async fn insert(
    connection: &mut PgConnection,
    events: &[AccessEvent],
    places: &[i64],
    chain: &[Vec<u8>],
    at: i64,
) -> Result<u64, sqlx::Error> {
    let column = |of: fn(&AccessEvent) -> &str| events.iter().map(of).collect::<Vec<_>>();
    let request_ids: Vec<Option<&str>> = events.iter().map(|event| event.request_id.as_deref()).collect();
    let tokens: Vec<&[u8]> = events.iter().map(|event| event.token.hash.as_bytes().as_slice()).collect();
    let inserted = sqlx::query(
        "INSERT INTO countersign.access_event \
           (request_id, token, label, party, role, action, subject, outcome, place, chain, at) \
         SELECT i, t, l, p, r, a, s, o, n, c, 'epoch'::pg_catalog.timestamptz + $11 * '1 microsecond'::pg_catalog.interval \
         FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::bytea[]), pg_catalog.unnest($3::text[]), \
         pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::text[]), pg_catalog.unnest($6::text[]), \
         pg_catalog.unnest($7::text[]), pg_catalog.unnest($8::text[]), pg_catalog.unnest($9::bigint[]), \
         pg_catalog.unnest($10::bytea[])) AS batch(i, t, l, p, r, a, s, o, n, c)",
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
    .bind(places)
    .bind(chain)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected())
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
