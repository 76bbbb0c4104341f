//! What the sequencer needs of a store: three verbs.
//!
//! A [`Log`] keeps entries under gapless indices and one head, `(size, root)`. [`Log::load`] reads what is there;
//! [`Log::entries_after`] takes the head's lock and answers what other processes added; [`Log::commit`] adds a batch
//! under that lock and reads back what was stored. There are two implementations: Postgres
//! ([`super::postgres::PostgresLog`]) and one in memory ([`super::memory::MemoryLog`]), which tests make fail in every
//! way a database can.
//!
//! Invariants:
//! - The head moves by compare-and-swap from the head that the batch was built on.
//! - An answer `Ok` from [`Log::commit`] means durable. [`CommitError::Unknown`] means just that: nobody may guess.
//!
//! Deliberately absent: hashing and signing; a store is not trusted with either.

use super::StoreError;
use crate::hash::Hash;
use crate::tlog::Head;

/// One entry on its way into the store.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// SHA-256 of the record's text.
    pub digest: Hash,
    /// The leaf hash.
    pub leaf_hash: Hash,
    /// The entry's bytes.
    pub note: String,
    /// The record's JSON, for people's own queries.
    pub json: String,
    /// Who sent it.
    pub sent: Sent,
}

/// Who sent a record: all that is known of it.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// The request.
    pub request_id: Option<String>,
    /// The address that it came from, or what stands for one.
    pub address: String,
}

/// A piece of the log, in index order.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    /// The bytes of the entries, from the size that was asked for on.
    pub entries: Vec<Vec<u8>>,
    /// The sizes of the heads committed in that range, ascending.
    pub sizes: Vec<u64>,
    /// The head of the whole log.
    pub head: Head,
}

/// Why a batch was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The batch was built on another head than the one that is locked; nothing was written.
    #[error("the head is not the one that the batch was built on; nothing was written")]
    Moved,
    /// Nothing was written.
    #[error("nothing was written")]
    NotCommitted(#[source] StoreError),
    /// It may have been written or not: reload under the head's lock before anything else.
    #[error("the outcome of the commit is unknown")]
    Unknown(#[source] StoreError),
}

impl CommitError {
    /// What the store was caught at, if it holds something else than was given to it.
    pub fn falsified(&self) -> Option<&str> {
        match self {
            CommitError::NotCommitted(StoreError::Falsified(what))
            | CommitError::Unknown(StoreError::Falsified(what)) => Some(what),
            _ => None,
        }
    }
}

/// Entries under gapless indices, and one head.
pub trait Log: Send + 'static {
    /// At most some thousands of entries from index `from` on, and the head.
    fn load(&mut self, from: u64) -> impl Future<Output = Result<Tail, StoreError>> + Send;

    /// Takes the head's lock, and answers every entry from index `size` on. The lock is held until the next
    /// [`Log::commit`], which must follow.
    fn entries_after(&mut self, size: u64) -> impl Future<Output = Result<Tail, StoreError>> + Send;

    /// Adds entries after `from` and moves the head to `to`, durably; then answers the leaf hashes of what the store
    /// holds at those indices. Without entries it only gives the lock back.
    fn commit(
        &mut self,
        from: Head,
        to: Head,
        entries: Vec<NewEntry>,
    ) -> impl Future<Output = Result<Vec<Hash>, CommitError>> + Send;
}
