//! The log in Postgres: one connection of its own, one transaction per batch.
//!
//! The sequencer owns this connection; nothing else ever runs on it, so no dropped request can leave it inside a
//! transaction. A batch is: lock the head row, read what others added, insert the entries in one statement, insert the
//! head, move the head row by compare-and-swap, COMMIT, and read the batch back.
//!
//! Invariants:
//! - Every insert counts its rows. Postgres can report success and store nothing, or something else.
//! - What is read back is what the tables hold after COMMIT: entries, head and head row.
//! - Functions and tables are named with their schemas, so that nothing can stand in their place.
//! - After a failed COMMIT the outcome is unknown, and is reported as such; the connection is thrown away.
//! - Nothing waits for ever: not for the lock, not for a server that has gone silent.
//!
//! Deliberately absent: reads for people ([`super::read`]), and `statement_timeout`: it would end the wait for a
//! synchronous standby and report a commit that only one machine holds.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{ConnectOptions, Row};

use super::log::{CommitError, Log, NewEntry, Tail};
use super::{StoreError, bigint, hash_column, size_column};
use crate::hash::Hash;
use crate::tlog::Head;

/// Entries that one page of [`Log::load`] holds at most.
const PAGE: u64 = 4_096;
/// How long the server may be silent: longer than the wait for the lock, which it ends itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// The log in Postgres.
pub struct PostgresLog {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    /// The head row as it was when it was locked; `None` outside a transaction.
    locked: Option<Head>,
}

impl PostgresLog {
    /// A log that connects when it is first used, and again after a failure.
    pub fn new(options: PgConnectOptions) -> PostgresLog {
        PostgresLog { options: options.application_name("countersign sequencer"), connection: None, locked: None }
    }

    async fn connection(&mut self) -> Result<&mut PgConnection, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let mut connection = self.options.connect().await?;
                // Another server that hangs with the head row's lock must stop neither itself nor us for good.
                // And an operator of another schema must not stand in the place of Postgres's own.
                sqlx::raw_sql("SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '20s'; SET search_path = pg_catalog")
                    .execute(&mut connection)
                    .await?;
                connection
            }
        };
        Ok(self.connection.insert(connection))
    }

    /// Forgets the connection; the server rolls back what was open on it.
    fn hang_up(&mut self) {
        (self.connection, self.locked) = (None, None);
    }

    async fn lock(&mut self, size: u64) -> Result<Tail, StoreError> {
        let left_open = self.locked.take().is_some();
        let connection = self.connection().await?;
        if left_open {
            sqlx::query("ROLLBACK").execute(&mut *connection).await?;
        }
        // Said in full, whatever the defaults of the database: the entries are read after the lock is had.
        sqlx::query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").execute(&mut *connection).await?;
        let row = sqlx::query("SELECT size, root FROM countersign.head FOR UPDATE").fetch_optional(&mut *connection);
        let head = head_of(row.await?.as_ref())?;
        let tail = tail(connection, size, u64::MAX, head).await?;
        self.locked = Some(head);
        Ok(tail)
    }
}

/// Gives up on a server that has gone silent.
async fn within<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let silent = || StoreError::Unreachable(format!("no answer for {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(silent()))
}

fn head_of(row: Option<&PgRow>) -> Result<Head, StoreError> {
    let row = row.ok_or_else(|| StoreError::Falsified("the head row is not there".into()))?;
    Ok(Head { size: size_column(row, 0)?, root: hash_column(row, 1)? })
}

/// Up to `limit` entries from index `from` to the end that `head` says, without a gap.
async fn tail(connection: &mut PgConnection, from: u64, limit: u64, head: Head) -> Result<Tail, StoreError> {
    let end = head.size.min(from.saturating_add(limit));
    if end <= from {
        return Ok(Tail { head, ..Tail::default() });
    }
    let rows = sqlx::query("SELECT index, note FROM countersign.entry WHERE index >= $1 AND index < $2 ORDER BY index")
        .bind(bigint(from))
        .bind(bigint(end))
        .fetch_all(&mut *connection)
        .await?;
    let mut entries = Vec::with_capacity(rows.len());
    for (expected, row) in (from..).zip(&rows) {
        if size_column(row, 0)? != expected {
            return Err(StoreError::Falsified(format!("entry {expected} is missing")));
        }
        entries.push(row.try_get(1)?);
    }
    if entries.len() as u64 != end - from {
        let missing = from + entries.len() as u64;
        return Err(StoreError::Falsified(format!("entry {missing} is missing: the head row counts {}", head.size)));
    }
    let rows = sqlx::query("SELECT size FROM countersign.tree_head WHERE size > $1 AND size <= $2 ORDER BY size")
        .bind(bigint(from))
        .bind(bigint(end))
        .fetch_all(connection)
        .await?;
    let sizes: Vec<u64> = rows.iter().map(|row| size_column(row, 0)).collect::<Result<_, _>>()?;
    if end == head.size && sizes.last() != Some(&end) {
        return Err(StoreError::Falsified(format!("the head of size {end} is missing from tree_head")));
    }
    Ok(Tail { entries, sizes, head })
}

/// Exactly `wanted` rows were written.
fn counted(result: &sqlx::postgres::PgQueryResult, wanted: usize, what: &str) -> Result<(), StoreError> {
    let written = result.rows_affected();
    if written == wanted as u64 {
        return Ok(());
    }
    Err(StoreError::Falsified(format!("Postgres reported success for {wanted} rows of {what} and wrote {written}")))
}

/// A refusal inside the batch. An index or digest that is there already cannot be: the head row is locked, and nobody
/// adds without it.
fn refused(error: sqlx::Error) -> StoreError {
    match error.as_database_error() {
        Some(said) if said.is_unique_violation() => {
            StoreError::Falsified(format!("something was added beside the head row: {said}"))
        }
        _ => error.into(),
    }
}

async fn insert(connection: &mut PgConnection, from: Head, to: Head, entries: &[NewEntry]) -> Result<(), StoreError> {
    let indices: Vec<i64> = (from.size..).map(bigint).take(entries.len()).collect();
    let digests: Vec<&[u8]> = entries.iter().map(|entry| entry.digest.as_bytes().as_slice()).collect();
    let leaves: Vec<&[u8]> = entries.iter().map(|entry| entry.leaf_hash.as_bytes().as_slice()).collect();
    let notes: Vec<&[u8]> = entries.iter().map(|entry| entry.note.as_bytes()).collect();
    let records: Vec<&str> = entries.iter().map(|entry| entry.json.as_str()).collect();
    let inserted = sqlx::query(
        "INSERT INTO countersign.entry (index, digest, leaf_hash, note, record) \
         SELECT i, d, l, n, r::pg_catalog.jsonb \
         FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::bytea[]), pg_catalog.unnest($3::bytea[]), \
         pg_catalog.unnest($4::bytea[]), pg_catalog.unnest($5::text[])) AS batch(i, d, l, n, r)",
    )
    .bind(indices)
    .bind(digests)
    .bind(leaves)
    .bind(notes)
    .bind(records)
    .execute(&mut *connection)
    .await
    .map_err(refused)?;
    counted(&inserted, entries.len(), "entry")?;
    super::access_event::record_sent(connection, entries).await?;
    let headed = sqlx::query("INSERT INTO countersign.tree_head (size, root) VALUES ($1, $2)")
        .bind(bigint(to.size))
        .bind(to.root.as_bytes().as_slice())
        .execute(&mut *connection)
        .await
        .map_err(refused)?;
    counted(&headed, 1, "tree_head")?;
    let moved = sqlx::query("UPDATE countersign.head SET size = $1, root = $2 WHERE size = $3 AND root = $4")
        .bind(bigint(to.size))
        .bind(to.root.as_bytes().as_slice())
        .bind(bigint(from.size))
        .bind(from.root.as_bytes().as_slice())
        .execute(connection)
        .await?;
    counted(&moved, 1, "head") // it is locked, and was `from` when it was
}

/// The leaf hashes of what is stored, computed by Postgres from the stored bytes; and the heads are there.
async fn read_back(connection: &mut PgConnection, from: Head, to: Head) -> Result<Vec<Hash>, StoreError> {
    let rows = sqlx::query(
        r"SELECT index, pg_catalog.sha256('\x00'::pg_catalog.bytea || note), 0 AS part FROM countersign.entry
            WHERE index >= $1 AND index < $2
          UNION ALL SELECT size, root, 1 FROM countersign.tree_head WHERE size = $2
          UNION ALL SELECT size, root, 2 FROM countersign.head
          ORDER BY part, index",
    )
    .bind(bigint(from.size))
    .bind(bigint(to.size))
    .fetch_all(connection)
    .await?;
    let mut leaves = Vec::with_capacity(rows.len());
    let (mut heads, mut rows_of_head) = (0, 0);
    for row in &rows {
        let (number, hash) = (size_column(row, 0)?, hash_column(row, 1)?);
        match row.try_get::<i32, _>(2)? {
            0 => leaves.push(hash),
            1 if hash == to.root => heads += 1,
            // Another process may have gone on from here, never back.
            2 if number > to.size || (number, hash) == (to.size, to.root) => rows_of_head += 1,
            _ => return Err(StoreError::Falsified(format!("the head of size {} was stored as another", to.size))),
        }
    }
    if (heads, rows_of_head) == (1, 1) {
        return Ok(leaves);
    }
    Err(StoreError::Falsified(format!("the head of size {} was reported as stored, and is not", to.size)))
}

impl Log for PostgresLog {
    async fn load(&mut self, from: u64) -> Result<Tail, StoreError> {
        let page = async {
            let connection = self.connection().await?;
            let row = sqlx::query("SELECT size, root FROM countersign.head").fetch_optional(&mut *connection).await?;
            tail(connection, from, PAGE, head_of(row.as_ref())?).await
        };
        let answer = within(page).await;
        if answer.is_err() {
            self.hang_up();
        }
        answer
    }

    async fn entries_after(&mut self, size: u64) -> Result<Tail, StoreError> {
        // A connection that the server closed between two batches costs nobody an answer: nothing was open on it.
        let mut again = self.connection.is_some();
        loop {
            match within(self.lock(size)).await {
                Ok(tail) => return Ok(tail),
                Err(error) => {
                    self.hang_up();
                    if !std::mem::take(&mut again) || matches!(error, StoreError::Falsified(_)) {
                        return Err(error);
                    }
                }
            }
        }
    }

    async fn commit(&mut self, from: Head, to: Head, entries: Vec<NewEntry>) -> Result<Vec<Hash>, CommitError> {
        let (Some(mut connection), Some(locked)) = (self.connection.take(), self.locked.take()) else {
            return Err(CommitError::NotCommitted(StoreError::Unreachable("the head row is not locked".into())));
        };
        let unchanged = entries.is_empty();
        if unchanged || locked != from {
            // Nothing to keep: an error here loses nothing but the connection.
            let rolled_back = within(async { Ok(sqlx::query("ROLLBACK").execute(&mut connection).await?) }).await;
            self.connection = rolled_back.is_ok().then_some(connection);
            return if unchanged { Ok(Vec::new()) } else { Err(CommitError::Moved) };
        }
        // An error drops the connection, and the server rolls back.
        within(insert(&mut connection, from, to, &entries)).await.map_err(CommitError::NotCommitted)?;
        // The commit point. Before it a crash leaves nothing; after it the batch is in every later state of the log,
        // whether or not anybody hears of it.
        let committed = within(async { Ok(sqlx::query("COMMIT").execute(&mut connection).await?) });
        committed.await.map_err(CommitError::Unknown)?;
        let stored = within(read_back(&mut connection, from, to)).await.map_err(CommitError::Unknown)?;
        self.connection = Some(connection);
        Ok(stored)
    }
}
