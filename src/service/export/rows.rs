//! The rows of a table, in pages.
//!
//! Records come in log order and visits in the order of their intents, so an export at a greater size begins with the
//! rows of one at a smaller size. Obligations come view by view, in the order of the list.
//!
//! Invariants: a page is read by queries that end before it is handed on, so a reader who is slow holds no transaction.
//! The bytes of every entry give its leaf of the tree: what somebody changed in the database is never exported.
//!
//! Deliberately absent: order and paging by choice. That is what lists are for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::super::known::{Known, KnownAt};
use super::super::ledger::Ledger;
use super::super::query::{QueryError, RecordName};
use super::super::view;
use super::standing::Standing;
use super::{Table, Wanted};
use crate::store::StoreError;
use crate::tlog::leaf_hash;
use crate::treaty::entry::Entry;

/// Rows of a page at most. An entry has at most 64 KiB, and may come with its correction.
pub const PAGE: usize = 64;
/// Entries that are looked at for a page at most, where few of them are wanted.
const SCAN: u64 = 4_096;

/// A table that is being read.
pub struct Rows {
    ledger: Arc<Ledger>,
    wanted: Wanted,
    table: Table,
    next: u64,
    standing: Standing,
}

impl Rows {
    /// The beginning of a table.
    pub fn new(ledger: Arc<Ledger>, wanted: Wanted, table: Table) -> Rows {
        let standing = Standing::new(&wanted.question);
        Rows { ledger, wanted, table, next: 0, standing }
    }

    /// The table.
    pub const fn table(&self) -> Table {
        self.table
    }

    /// The next rows, which may be none where a stretch of the log has none; nothing at the end.
    pub async fn page(&mut self) -> Result<Option<Vec<Value>>, QueryError> {
        if self.next >= self.wanted.size {
            return Ok(None);
        }
        let known = self.ledger.known(KnownAt::Size(self.wanted.size))?;
        match self.table {
            Table::Records => {
                let (indices, next) = self.indices(&known);
                let rows = self.records(&known, &indices).await?;
                self.next = next;
                Ok(Some(rows))
            }
            Table::Inspections => Ok(Some(self.visits(&known))),
            // Before the first entry there is no status, and such a page is never asked for.
            Table::Obligations | Table::Status => {
                self.standing.page(&self.ledger, &known, &self.wanted, self.table).await
            }
        }
    }

    /// The indices of a page of records, and where the next page begins.
    fn indices(&self, known: &Known) -> (Vec<u64>, u64) {
        let (past, wanted) = (known.past(), &self.wanted);
        let visit = match wanted.filter.inspection {
            Some(RecordName::Index(index)) => Some(index),
            _ => None, // a digest became an index when the export began
        };
        let end = wanted.size.min(self.next.saturating_add(SCAN));
        let has =
            |index: &u64| wanted.principal.may_read(&past, *index) && wanted.filter.has(&past, *index, visit, known);
        let indices: Vec<u64> = (self.next..end).filter(has).take(PAGE).collect();
        let next = indices.last().filter(|_| indices.len() == PAGE).map_or(end, |last| last + 1);
        (indices, next)
    }

    async fn records(&self, known: &Known, indices: &[u64]) -> Result<Vec<Value>, StoreError> {
        let past = known.past();
        let corrections = indices.iter().filter_map(|&index| past.correction_of(index));
        let wanted: BTreeSet<u64> = indices.iter().copied().chain(corrections).collect();
        let wanted: Vec<u64> = wanted.into_iter().collect();
        let bytes = self.ledger.reader.entries_at(&wanted).await?;
        let entries = wanted.iter().zip(&bytes).map(|(&index, bytes)| Ok((index, genuine(known, index, bytes)?)));
        let entries = entries.collect::<Result<BTreeMap<u64, Entry>, StoreError>>()?;
        let digest_of = |index: u64| entries.get(&index).map(|entry| entry.signed.digest);
        let shown = indices.iter().filter_map(|index| {
            let view = view::record(known, *index, entries.get(index)?, &digest_of);
            Some(serde_json::to_value(view).unwrap_or_default()) // no view can fail to be written
        });
        Ok(shown.collect())
    }

    fn visits(&mut self, known: &Known) -> Vec<Value> {
        let (past, wanted) = (known.past(), &self.wanted);
        let visits = past.visits().filter(|visit| visit.visit().intent >= self.next);
        let seen = visits.filter(|visit| wanted.principal.may_see(&past, visit.visit().slot)).take(PAGE);
        let (mut rows, mut last) = (Vec::new(), None);
        for visit in seen {
            last = Some(visit.visit().intent);
            rows.push(view::inspection_line(&past, &visit));
        }
        self.next = last.filter(|_| rows.len() == PAGE).map_or(wanted.size, |last| last + 1);
        rows
    }
}

/// The entry with these bytes, if they are the ones that the tree has at the index.
fn genuine(known: &Known, index: u64, bytes: &str) -> Result<Entry, StoreError> {
    if known.published.replica.tree().leaf(index) != Some(leaf_hash(bytes.as_bytes())) {
        return Err(StoreError::Falsified(format!("the stored bytes of entry {index} are not those of the tree")));
    }
    Entry::parse(bytes.as_bytes())
        .map_err(|_| StoreError::Falsified(format!("the stored bytes of entry {index} are no entry")))
}
