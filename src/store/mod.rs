//! The store: Postgres, and the only module that speaks SQL.
//!
//! It keeps bytes under indices and one head, and is trusted with nothing: every insert counts its rows, every batch is
//! read back, every leaf is hashed again at the start, and what detects a superuser who rewrites history are the
//! mirrors, not the grants.
//!
//! In reading order: [`log`] says what the sequencer needs, [`postgres`] and [`memory`] are its two implementations,
//! [`read`] serves requests, [`token`] keeps who may read, [`access_event`] who did (kept in order by [`access_chain`]), and
//! [`cosignature`] what cosigners said. [`snapshot`] is what an audit looks at. [`migrate`] makes the schema, [`runtime`] says whether a
//! database is fit, and [`cluster`] runs a private one where none is given.
//!
//! Deliberately absent: rules, hashes of trees, and signatures.

mod access_chain;
pub mod access_event;
pub mod bundle;
mod catalogue;
pub mod cluster;
pub mod cosignature;
pub mod log;
mod lookup;
pub mod memory;
pub mod migrate;
pub mod plain;
pub mod postgres;
pub mod read;
pub mod runtime;
pub mod snapshot;
pub mod token;

/// How to reach a database, and as whom.
pub use sqlx::postgres::PgConnectOptions as Address;

use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::hash::Hash;

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is not there or does not answer: look at it, and try again.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The database answered something that it cannot have been given. Stop, and look.
    #[error("the database holds something else than was given to it: {0}")]
    Falsified(String),
    /// The database refused a statement.
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
    /// The schema could not be made or brought up to date; the text says what to do.
    #[error("cannot migrate: {0}")]
    Migration(String),
    /// Write `postgres://role@host/database`.
    #[error("not the address of a Postgres database: {0}")]
    Address(String),
}

/// Reads the address of a database, `postgres://role:password@host:port/name`.
pub fn address(url: &str) -> Result<Address, StoreError> {
    url.parse().map_err(|error: sqlx::Error| StoreError::Address(error.to_string()))
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
                StoreError::Unreachable(error.to_string())
            }
            other => StoreError::Database(other),
        }
    }
}

/// A column that holds the 32 bytes of a hash.
fn hash_column(row: &PgRow, column: usize) -> Result<Hash, StoreError> {
    let bytes: Vec<u8> = row.try_get(column)?;
    let bytes = bytes.try_into().map_err(|_| StoreError::Falsified("a hash does not have 32 bytes".into()))?;
    Ok(Hash::new(bytes))
}

/// A number as Postgres counts; nothing that is counted here comes near the end of it.
fn bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A column that holds a size.
fn size_column(row: &PgRow, column: usize) -> Result<u64, StoreError> {
    let size: i64 = row.try_get(column)?;
    u64::try_from(size).map_err(|_| StoreError::Falsified("a size is negative".into()))
}
