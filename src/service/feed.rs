//! The feed: every entry in log order, as it comes.
//!
//! A [`Feed`] is a place in the log and nothing else. Whoever reads it asks for the next lines when there is room for
//! them, and waits for the next announcement when there are none; so a slow reader holds a number, and nobody waits for
//! it.
//!
//! Invariants:
//! - Lines are numbered by the log: none is left out and none comes twice, whatever happens to server or reader.
//! - A line says what was known when its entry came, so it never changes.
//! - Which records come, and when, is for those alone who read everything.
//!
//! Deliberately absent: bodies. A line has the name under which the record is read.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use super::access::Principal;
use super::ledger::Ledger;
use super::published::Published;
use super::query::QueryError;
use super::view;
use crate::store::StoreError;
use crate::treaty::past::Past;

/// Lines that are read at once.
const PAGE: u64 = 256;

/// One entry, as the feed tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its place in the log.
    pub index: u64,
    /// The digest of its record.
    pub digest: String,
    /// The kind of record.
    pub kind: &'static str,
    /// The state that it is of.
    pub party: &'static str,
    /// The slot that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// The digest of the intent of its visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit: Option<String>,
    /// When the ledger received it.
    pub received_at: String,
    /// What was remarkable about it then.
    pub flags: Vec<Value>,
}

impl Line {
    /// The line as JSON, without a line feed.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() // no view can fail to be written
    }
}

/// A reader's place in the log.
pub struct Feed {
    ledger: Arc<Ledger>,
    arrivals: watch::Receiver<u64>,
    begin: u64,
    next: u64,
    end: u64,
}

impl Feed {
    /// A place after the entry `after`, or before the first; at most `limit` lines will come. Who names an entry that
    /// the log does not have has read another log, or this one before entries were lost: it is told so.
    pub fn open(
        ledger: &Arc<Ledger>,
        principal: &Principal,
        after: Option<u64>,
        limit: Option<u64>,
    ) -> Result<Feed, QueryError> {
        if !principal.reads_all() {
            return Err(QueryError::NotFound);
        }
        let published = ledger.now();
        let next = after.map_or(0, |after| after.saturating_add(1));
        if next > published.size() {
            return Err(QueryError::NotYet);
        }
        let end = limit.map_or(u64::MAX, |limit| next.saturating_add(limit));
        let arrivals = published.arrivals();
        Ok(Feed { ledger: Arc::clone(ledger), arrivals, begin: next, next, end })
    }

    /// The same, ending with the newest entry of now.
    pub fn until_now(mut self) -> Feed {
        self.end = self.end.min(self.ledger.now().size());
        self
    }

    /// The next lines that there are; none where the reader has seen all.
    pub async fn page(&mut self) -> Result<Vec<Line>, QueryError> {
        let published = self.ledger.now();
        let end = self.end.min(published.size()).min(self.next.saturating_add(PAGE));
        if self.next >= end {
            return Ok(Vec::new());
        }
        let lines = self.ledger.lines(&published, self.next, end).await?;
        self.next = end;
        Ok(lines)
    }

    /// Whether no line can come any more.
    pub const fn is_done(&self) -> bool {
        self.next >= self.end
    }

    /// The last index that was given.
    pub fn last(&self) -> Option<u64> {
        self.next.checked_sub(1).filter(|&last| last >= self.begin)
    }

    /// Waits until there is a line. Nothing is lost if the wait is given up.
    pub async fn arrived(&mut self) {
        while self.ledger.now().size() <= self.next {
            if self.arrivals.changed().await.is_err() {
                return std::future::pending().await; // the ledger in our hands holds the sender: it cannot be gone
            }
        }
    }
}

impl Ledger {
    /// The newest entries, newest first.
    pub async fn newest(&self, principal: &Principal, count: u64) -> Result<Vec<Line>, QueryError> {
        if !principal.reads_all() {
            return Err(QueryError::NotFound);
        }
        let published = self.now();
        let size = published.size();
        let mut lines = self.lines(&published, size.saturating_sub(count), size).await?;
        lines.reverse();
        Ok(lines)
    }

    /// The entries from `start` to before `end`. The store gives digests, and the register must know each at its index.
    async fn lines(&self, published: &Published, start: u64, end: u64) -> Result<Vec<Line>, StoreError> {
        let register = published.replica.register();
        let digests = self.reader.digests(start, end).await?;
        let lines = (start..end).zip(digests).map(|(index, digest)| {
            let past = Past::of(register, index + 1);
            let fact = past.fact(index).filter(|_| past.index_of(&digest) == Some(index));
            let fact = fact.ok_or_else(|| StoreError::Falsified(format!("the digest of entry {index} is another")))?;
            let visit = fact.visit.and_then(|intent| past.visit_at(u64::from(intent)));
            Ok(Line {
                index,
                digest: digest.to_string(),
                kind: fact.kind.as_str(),
                party: fact.party.as_str(),
                slot: fact.slot.map(|slot| slot.to_string()),
                visit: visit.map(|visit| visit.visit().digest.to_string()),
                received_at: fact.received_at.to_string(),
                flags: view::flags(&past, index),
            })
        });
        lines.collect()
    }
}
