//! What cosigners said: their signature lines under checkpoints, one for each size and cosigner.
//!
//! Invariants: rows are only ever added; the first line of a cosigner over a size stays. What was added is read back,
//! and the caller uses what was read.
//!
//! Deliberately absent: any belief in a line. Who reads one verifies it ([`crate::service`]).

use sqlx::Row;

use super::read::Reader;
use super::{StoreError, bigint, hash_column, size_column};
use crate::hash::Hash;

/// Lines that one page of [`Reader::cosignatures_after`] holds at most.
const PAGE: i64 = 4_096;

/// A line as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLine {
    /// The size of the checkpoint.
    pub size: u64,
    /// The name of the cosigner's key.
    pub name: String,
    /// The line, without its line feed.
    pub line: String,
}

impl Reader {
    /// The next lines in the order of their sizes and names, after the one that is named.
    pub async fn cosignatures_after(&self, size: u64, name: &str) -> Result<Vec<StoredLine>, StoreError> {
        let rows = sqlx::query(
            "SELECT size, name, line FROM countersign.cosignature WHERE (size, name) > ($1, $2 COLLATE \"C\") \
             ORDER BY size, name LIMIT $3",
        )
        .bind(bigint(size))
        .bind(name)
        .bind(PAGE)
        .fetch_all(self.pool())
        .await?;
        let read = |row| Ok(StoredLine { size: size_column(row, 0)?, name: row.try_get(1)?, line: row.try_get(2)? });
        rows.iter().map(read).collect()
    }

    /// Adds a line, unless the cosigner has one over this size. Answers the line that the table then holds.
    pub async fn add_cosignature(&self, new: &StoredLine) -> Result<String, StoreError> {
        sqlx::query(
            "INSERT INTO countersign.cosignature (size, name, line) VALUES ($1, $2, $3) ON CONFLICT (size, name) DO NOTHING",
        )
        .persistent(false) // the plan of a statement that a rule swallowed would outlive the rule
        .bind(bigint(new.size))
        .bind(&new.name)
        .bind(&new.line)
        .execute(self.pool())
        .await?;
        let row = sqlx::query("SELECT line FROM countersign.cosignature WHERE size = $1 AND name = $2")
            .bind(bigint(new.size))
            .bind(&new.name)
            .fetch_optional(self.pool())
            .await?;
        let row = row.ok_or_else(|| StoreError::Falsified("a cosignature was added and is not there".into()))?;
        Ok(row.try_get(0)?)
    }

    /// The root of a committed head; nothing for a size that was never committed.
    pub async fn root_of(&self, size: u64) -> Result<Option<Hash>, StoreError> {
        let row = sqlx::query("SELECT root FROM countersign.tree_head WHERE size = $1")
            .bind(bigint(size))
            .fetch_optional(self.pool())
            .await?;
        row.map(|row| hash_column(&row, 0)).transpose()
    }
}
