//! The log in Postgres: one connection of its own, one transaction per batch.
//!
//! The sequencer owns this connection; nothing else ever runs on it, so no dropped request can leave it inside a
//! transaction. A batch is: lock the head row, read what others added, insert the entries in one statement, insert the
//! head, move the head row by compare-and-swap, COMMIT, and read the batch back.
//!
//! Invariants:
//! - Every insert counts its rows. Postgres can report success and store nothing, or something else.
//! - Functions and tables are named with their schemas, so that nothing can stand in their place.
//! - After a failed COMMIT the outcome is unknown, and is reported as such; the connection is thrown away.
//!
//! Deliberately absent: reads for people ([`super::read`]).

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Row};

use super::log::{CommitError, Log, NewEntry, Tail};
use super::{StoreError, hash_column, size_column};
use crate::hash::Hash;
use crate::tlog::Head;

/// Entries that one page of [`Log::load`] holds at most.
const PAGE: i64 = 4_096;

/// The log in Postgres.
pub struct PostgresLog {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
}

impl PostgresLog {
    /// A log that connects when it is first used, and again after a failure.
    pub fn new(options: PgConnectOptions) -> PostgresLog {
        PostgresLog { options, connection: None }
    }

    async fn connection(&mut self) -> Result<&mut PgConnection, StoreError> {
        match self.connection.take() {
            Some(connection) => Ok(self.connection.insert(connection)),
            None => {
                let connection = self.options.connect().await?;
                Ok(self.connection.insert(connection))
            }
        }
    }
}

/// The head row; with its lock where the sequencer writes.
async fn head(connection: &mut PgConnection, lock: bool) -> Result<Head, StoreError> {
    let query = if lock {
        "SELECT size, root FROM countersign.head FOR UPDATE"
    } else {
        "SELECT size, root FROM countersign.head"
    };
    let row = sqlx::query(query).fetch_one(connection).await?;
    Ok(Head { size: size_column(&row, 0)?, root: hash_column(&row, 1)? })
}

async fn tail(connection: &mut PgConnection, from: u64, limit: i64, head: Head) -> Result<Tail, StoreError> {
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    let rows = sqlx::query("SELECT index, note FROM countersign.entry WHERE index >= $1 ORDER BY index LIMIT $2")
        .bind(from)
        .bind(limit)
        .fetch_all(&mut *connection)
        .await?;
    let mut entries = Vec::with_capacity(rows.len());
    for (expected, row) in (from..).zip(&rows) {
        let index: i64 = row.try_get(0)?;
        if index != expected {
            return Err(StoreError::Falsified(format!("entry {expected} is missing: the next one stored is {index}")));
        }
        entries.push(row.try_get(1)?);
    }
    let end = from.saturating_add(i64::try_from(entries.len()).unwrap_or(i64::MAX));
    let rows = sqlx::query("SELECT size FROM countersign.tree_head WHERE size > $1 AND size <= $2 ORDER BY size")
        .bind(from)
        .bind(end)
        .fetch_all(connection)
        .await?;
    let sizes = rows.iter().map(|row| size_column(row, 0)).collect::<Result<_, _>>()?;
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

async fn insert(connection: &mut PgConnection, from: Head, to: Head, entries: &[NewEntry]) -> Result<(), CommitError> {
    let not_committed = CommitError::NotCommitted;
    let first = i64::try_from(from.size).unwrap_or(i64::MAX);
    let indices: Vec<i64> = (first..).take(entries.len()).collect();
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
    .map_err(|error| not_committed(error.into()))?;
    counted(&inserted, entries.len(), "entry").map_err(not_committed)?;
    let size = i64::try_from(to.size).unwrap_or(i64::MAX);
    let headed = sqlx::query("INSERT INTO countersign.tree_head (size, root) VALUES ($1, $2)")
        .bind(size)
        .bind(to.root.as_bytes().as_slice())
        .execute(&mut *connection)
        .await
        .map_err(|error| not_committed(error.into()))?;
    counted(&headed, 1, "tree_head").map_err(not_committed)?;
    let moved = sqlx::query("UPDATE countersign.head SET size = $1, root = $2 WHERE size = $3 AND root = $4")
        .bind(size)
        .bind(to.root.as_bytes().as_slice())
        .bind(first)
        .bind(from.root.as_bytes().as_slice())
        .execute(connection)
        .await
        .map_err(|error| not_committed(error.into()))?;
    if moved.rows_affected() == 1 { Ok(()) } else { Err(CommitError::Moved) }
}

/// The leaf hashes of what is stored, computed by Postgres from the stored bytes.
async fn read_back(connection: &mut PgConnection, from: Head, to: Head) -> Result<Vec<Hash>, StoreError> {
    let rows = sqlx::query(
        r"SELECT pg_catalog.sha256('\x00'::pg_catalog.bytea || note) FROM countersign.entry
          WHERE index >= $1 AND index < $2 ORDER BY index",
    )
    .bind(i64::try_from(from.size).unwrap_or(i64::MAX))
    .bind(i64::try_from(to.size).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| hash_column(row, 0)).collect()
}

impl Log for PostgresLog {
    async fn load(&mut self, from: u64) -> Result<Tail, StoreError> {
        let connection = self.connection().await?;
        let head = head(connection, false).await?;
        tail(connection, from, PAGE, head).await
    }

    async fn entries_after(&mut self, size: u64) -> Result<Tail, StoreError> {
        let connection = self.connection().await?;
        // Whatever an earlier batch left behind is undone first; without an open transaction this is a notice.
        let locked = async {
            sqlx::query("ROLLBACK").execute(&mut *connection).await?;
            sqlx::query("BEGIN").execute(&mut *connection).await?;
            let head = head(connection, true).await?;
            if head.size == size {
                Ok(Tail { head, ..Tail::default() })
            } else {
                tail(connection, size, i64::MAX, head).await
            }
        };
        let answer = locked.await;
        if answer.is_err() {
            self.connection = None;
        }
        answer
    }

    async fn commit(&mut self, from: Head, to: Head, entries: Vec<NewEntry>) -> Result<Vec<Hash>, CommitError> {
        let Some(mut connection) = self.connection.take() else {
            return Err(CommitError::NotCommitted(StoreError::Unreachable("no connection".into())));
        };
        if entries.is_empty() {
            // Nothing to keep: an error here loses nothing but the connection.
            if sqlx::query("ROLLBACK").execute(&mut connection).await.is_ok() {
                self.connection = Some(connection);
            }
            return Ok(Vec::new());
        }
        if let Err(error) = insert(&mut connection, from, to, &entries).await {
            let _ = connection.close_hard().await; // the server rolls back
            return Err(error);
        }
        // The commit point. Before it a crash leaves nothing; after it the batch is in every later state of the log,
        // whether or not anybody hears of it.
        sqlx::query("COMMIT").execute(&mut connection).await.map_err(|error| CommitError::Unknown(error.into()))?;
        let stored = read_back(&mut connection, from, to).await.map_err(CommitError::Unknown)?;
        self.connection = Some(connection);
        Ok(stored)
    }
}
