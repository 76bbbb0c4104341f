//! A log in memory, shared by any number of handles, that fails on command.
//!
//! It is the sequencer's second store: tests and simulations drive the real sequencer against it, and tell it to lose
//! the answer of a commit, to write nothing, or to write something else than it was given, as databases have been seen
//! to do.
//!
//! Deliberately absent: durability.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::StoreError;
use super::log::{CommitError, Log, NewEntry, Tail};
use crate::hash::Hash;
use crate::tlog::{Head, leaf_hash};

/// What the next commit does instead of its duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails and writes nothing.
    Refuse,
    /// It writes nothing and its answer is lost.
    LoseBefore,
    /// It writes everything and its answer is lost.
    LoseAfter,
    /// It writes other bytes than it was given, and reports success.
    Falsify,
    /// It writes nothing and reports success.
    Swallow,
}

#[derive(Debug, Default)]
struct State {
    entries: Vec<String>,
    sizes: Vec<u64>,
    head: Head,
    faults: VecDeque<Option<Fault>>,
}

/// One process's handle on a log in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog {
    state: Arc<Mutex<State>>,
}

/// A handle that may hold the head's lock.
#[derive(Debug, Default)]
pub struct MemoryHandle {
    log: MemoryLog,
    lock: Option<OwnedMutexGuard<State>>,
}

impl MemoryLog {
    /// A handle for one sequencer.
    pub fn handle(&self) -> MemoryHandle {
        MemoryHandle { log: self.clone(), lock: None }
    }

    /// Plans a fault (or none) for each commit to come, in order.
    pub async fn plan(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.state.lock().await.faults.extend(faults);
    }

    /// Every entry's bytes.
    pub async fn entries(&self) -> Vec<String> {
        self.state.lock().await.entries.clone()
    }
}

impl State {
    fn tail(&self, from: u64, limit: usize) -> Tail {
        let start = usize::try_from(from).unwrap_or(usize::MAX).min(self.entries.len());
        let entries: Vec<Vec<u8>> =
            self.entries[start..].iter().take(limit).map(|entry| entry.clone().into_bytes()).collect();
        let end = from + entries.len() as u64;
        let sizes = self.sizes.iter().copied().filter(|size| (from + 1..=end).contains(size)).collect();
        Tail { entries, sizes, head: self.head }
    }

    fn write(&mut self, to: Head, entries: &[NewEntry], falsify: bool) {
        for entry in entries {
            let mut note = entry.note.clone();
            if falsify {
                note = note.replacen("countersign/record", "countersign/rec0rd", 1);
            }
            self.entries.push(note);
        }
        self.sizes.push(to.size);
        self.head = to;
    }
}

fn lost() -> StoreError {
    StoreError::Unreachable("the connection was lost".into())
}

impl Log for MemoryHandle {
    async fn load(&mut self, from: u64) -> Result<Tail, StoreError> {
        Ok(self.log.state.lock().await.tail(from, 4_096))
    }

    async fn entries_after(&mut self, size: u64) -> Result<Tail, StoreError> {
        self.lock = None;
        let state = self.log.state.clone().lock_owned().await;
        let tail = state.tail(size, usize::MAX);
        self.lock = Some(state);
        Ok(tail)
    }

    async fn commit(&mut self, from: Head, to: Head, entries: Vec<NewEntry>) -> Result<Vec<Hash>, CommitError> {
        let Some(mut state) = self.lock.take() else { return Err(CommitError::NotCommitted(lost())) };
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        if state.head != from {
            return Err(CommitError::Moved);
        }
        // Here, and after the write, whoever waits can be killed.
        tokio::task::yield_now().await;
        let fault = state.faults.pop_front().flatten();
        match fault {
            Some(Fault::Refuse) => return Err(CommitError::NotCommitted(lost())),
            Some(Fault::LoseBefore) => return Err(CommitError::Unknown(lost())),
            Some(Fault::Swallow) => {}
            _ => state.write(to, &entries, fault == Some(Fault::Falsify)),
        }
        if fault == Some(Fault::LoseAfter) {
            return Err(CommitError::Unknown(lost()));
        }
        let start = usize::try_from(from.size).unwrap_or(usize::MAX).min(state.entries.len());
        let stored = state.entries[start..].iter().map(|note| leaf_hash(note.as_bytes())).collect();
        drop(state);
        tokio::task::yield_now().await;
        Ok(stored)
    }
}
