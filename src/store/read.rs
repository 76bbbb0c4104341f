//! Reading for requests: entries by index, over a pool.
//!
//! The register knows the index of everything, so the store is asked for bytes by index and for nothing else.
//!
//! Invariants:
//! - A connection is rolled back before anybody gets it: a request that is dropped in the middle of something leaves
//!   nothing open for the next one. (Without this, sqlx 0.9 lets the next borrower's writes vanish.)
//! - What is read is checked by whoever proves it: a proof over bytes that were altered does not verify.
//!
//! Deliberately absent: writes to the log, which run on the sequencer's own connection.

use std::time::Duration;

use sqlx::Row;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use super::bundle::Bundles;
use super::lookup::Lookups;
use super::{StoreError, bigint, hash_column};
use crate::hash::Hash;

/// A pool of reading connections.
#[derive(Clone, Debug)]
pub struct Reader {
    pool: PgPool,
    bundles: Bundles,
    lookups: Lookups,
}

/// A pool on which nobody inherits another's transaction.
pub fn pool(options: PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(5))
        .after_connect(|connection, _| {
            // Names that stand without a schema, as operators do, are Postgres's own, whatever is set for the role. A
            // transaction whose other end is gone holds the next place in the chain of accesses, and so every reader.
            const SETTINGS: &str = "SET search_path = pg_catalog; SET idle_in_transaction_session_timeout = '20s'";
            Box::pin(async move { sqlx::raw_sql(SETTINGS).execute(connection).await.map(drop) })
        })
        .before_acquire(|connection, _| {
            Box::pin(async move {
                // Rolls back what a cancelled request left. A ROLLBACK alone is a warning where nothing was left, which is
                // nearly always, and would fill the log of Postgres. In a transaction that has failed, BEGIN fails, and the
                // pool takes another connection.
                sqlx::raw_sql("BEGIN; ROLLBACK").execute(connection).await.map(|_| true)
            })
        })
        .connect_lazy_with(options)
}

impl Reader {
    /// Reads over `pool`.
    pub fn new(pool: PgPool) -> Reader {
        Reader { pool, bundles: Bundles::default(), lookups: Lookups::default() }
    }

    /// Who waits for a token to be found.
    pub(super) fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    /// The bundles that are kept.
    pub(super) fn bundles(&self) -> &Bundles {
        &self.bundles
    }

    /// The pool, for the store's own modules.
    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The bytes of one entry.
    pub async fn entry(&self, index: u64) -> Result<Option<String>, StoreError> {
        let index = bigint(index);
        let row = sqlx::query("SELECT note FROM countersign.entry WHERE index = $1")
            .bind(index)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| note_column(&row, 0)).transpose()
    }

    /// The bytes of the entries from `start` to before `end`, in index order.
    pub async fn entries(&self, start: u64, end: u64) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT note FROM countersign.entry WHERE index >= $1 AND index < $2 ORDER BY index")
            .bind(bigint(start))
            .bind(bigint(end))
            .fetch_all(&self.pool)
            .await?;
        let entries = rows.iter().map(|row| note_column(row, 0)).collect::<Result<Vec<_>, _>>()?;
        if entries.len() as u64 == end.saturating_sub(start) {
            return Ok(entries);
        }
        Err(StoreError::Falsified(format!("of the entries {start} to {end} only {} are stored", entries.len())))
    }

    /// The digests of the records from `start` to before `end`, in index order.
    pub async fn digests(&self, start: u64, end: u64) -> Result<Vec<Hash>, StoreError> {
        let rows = sqlx::query("SELECT digest FROM countersign.entry WHERE index >= $1 AND index < $2 ORDER BY index")
            .bind(bigint(start))
            .bind(bigint(end))
            .fetch_all(&self.pool)
            .await?;
        let digests = rows.iter().map(|row| hash_column(row, 0)).collect::<Result<Vec<_>, _>>()?;
        if digests.len() as u64 == end.saturating_sub(start) {
            return Ok(digests);
        }
        Err(StoreError::Falsified(format!("of the entries {start} to {end} only {} are stored", digests.len())))
    }

    /// The bytes of the entries at these indices, in the order of `indices`.
    pub async fn entries_at(&self, indices: &[u64]) -> Result<Vec<String>, StoreError> {
        let wanted: Vec<i64> = indices.iter().map(|&index| bigint(index)).collect();
        let rows = sqlx::query(
            "SELECT note FROM pg_catalog.unnest($1::bigint[]) WITH ORDINALITY AS wanted(index, place) \
             JOIN countersign.entry USING (index) ORDER BY place",
        )
        .bind(wanted)
        .fetch_all(&self.pool)
        .await?;
        let entries = rows.iter().map(|row| note_column(row, 0)).collect::<Result<Vec<_>, _>>()?;
        if entries.len() == indices.len() {
            return Ok(entries);
        }
        Err(StoreError::Falsified(format!("of {} entries only {} are stored", indices.len(), entries.len())))
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }
}

fn note_column(row: &sqlx::postgres::PgRow, column: usize) -> Result<String, StoreError> {
    let bytes: Vec<u8> = row.try_get(column)?;
    String::from_utf8(bytes).map_err(|_| StoreError::Falsified("an entry is not UTF-8".into()))
}
