//! What readers ask: records, lists, sites, keys, terms, bundles.
//!
//! Every answer is computed from one [`Published`] state, so that all its parts agree, and every index is put to
//! [`Principal::may_read`] first. The register says which entries are wanted; the store gives their bytes.
//!
//! Invariants: what the asker may not read is answered exactly like what does not exist.
//!
//! Deliberately absent: HTTP, and status.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use super::access::Principal;
use super::known::Known;
use super::ledger::Ledger;
use super::policy::policy;
use super::published::Published;
pub use super::unanswered::QueryError;
use super::view::{self, csv};
use crate::hash::Hash;
use crate::store::StoreError;
use crate::tlog::tiles::{TileKind, TilePath, encode_bundle, hash_tile};
use crate::treaty::entry::Entry;
use crate::treaty::party::{Party, Slot};
use crate::treaty::past::Past;
use crate::treaty::record::Kind;
use crate::treaty::time::Instant;

/// How a record is named: by its index, or for good by its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordName {
    /// The place in the log.
    Index(u64),
    /// SHA-256 of the text.
    Digest(Hash),
}

/// How a visit is named: by the digest of its intent, or by the intent's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InspectionName {
    /// SHA-256 of the intent's text.
    Digest(Hash),
    /// The id of the intent.
    Id(Uuid),
}

/// Which records a list is to have, and which part of it.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The index before which the page begins (lists are newest first).
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
    /// One kind only.
    pub kind: Option<Kind>,
    /// One state only.
    pub party: Option<Party>,
    /// One slot only.
    pub site: Option<Slot>,
    /// One visit only, named by its intent.
    pub inspection: Option<RecordName>,
    /// Signed by this key.
    pub signed_by: Option<String>,
    /// With this flag.
    pub flag: Option<String>,
    /// Received at this time or later.
    pub received_from: Option<Instant>,
    /// Received at this time or earlier.
    pub received_to: Option<Instant>,
}

/// A list, before it is written in one form or another.
#[derive(Debug)]
pub struct List {
    /// Its rows.
    pub data: Vec<Box<RawValue>>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// What it stands on.
    pub known_at: Value,
    /// Its columns, as a table.
    pub columns: &'static [&'static str],
}

impl Ledger {
    /// The index of a record that the asker may read.
    pub(super) fn find(&self, known: &Known, principal: &Principal, name: RecordName) -> Result<u64, QueryError> {
        let past = known.past();
        let index = match name {
            RecordName::Index(index) => Some(index),
            RecordName::Digest(digest) => past.index_of(&digest),
        };
        index.filter(|&index| principal.may_read(&past, index)).ok_or(QueryError::NotFound)
    }

    /// One record.
    pub async fn record(
        &self,
        known: &Known,
        principal: &Principal,
        name: RecordName,
    ) -> Result<Box<RawValue>, QueryError> {
        let index = self.find(known, principal, name)?;
        let shown = self.shown(known, &[index]).await?;
        shown.into_iter().next().ok_or(QueryError::NotFound)
    }

    /// The bytes of one entry.
    pub async fn note(&self, known: &Known, principal: &Principal, name: RecordName) -> Result<String, QueryError> {
        let index = self.find(known, principal, name)?;
        Ok(self.entry(index).await?)
    }

    /// The receipt of one entry.
    pub fn receipt(&self, known: &Known, principal: &Principal, name: RecordName) -> Result<String, QueryError> {
        let index = self.find(known, principal, name)?;
        self.receipt_of(&known.published, index).ok_or(QueryError::Sign)
    }

    /// The final receipt of one entry.
    pub fn final_receipt(&self, known: &Known, principal: &Principal, name: RecordName) -> Result<String, QueryError> {
        let index = self.find(known, principal, name)?;
        self.final_receipt_of(known, index).ok_or(QueryError::NotFinal)
    }

    /// One committed entry, read.
    pub(super) async fn parsed(&self, index: u64) -> Result<Entry, StoreError> {
        parse(index, &self.entry(index).await?)
    }

    /// The entries at these indices, read.
    async fn entries_at(&self, indices: &[u64]) -> Result<BTreeMap<u64, Entry>, StoreError> {
        let bytes = self.reader.entries_at(indices).await?;
        indices.iter().zip(&bytes).map(|(&index, bytes)| Ok((index, parse(index, bytes)?))).collect()
    }

    /// Records as they are shown, in the order of `indices`, each with its newest correction named.
    async fn shown(&self, known: &Known, indices: &[u64]) -> Result<Vec<Box<RawValue>>, StoreError> {
        let past = known.past();
        let corrections = indices.iter().filter_map(|&index| past.correction_of(index));
        let wanted: BTreeSet<u64> = indices.iter().copied().chain(corrections).collect();
        let entries = self.entries_at(&wanted.into_iter().collect::<Vec<_>>()).await?;
        let digest_of = |index: u64| entries.get(&index).map(|entry| entry.signed.digest);
        let found = indices.iter().filter_map(|index| Some((*index, entries.get(index)?)));
        let show =
            |(index, entry)| raw(&view::record(known, index, entry, &digest_of).cosigned(&self.finality(known, index)));
        Ok(found.map(show).collect())
    }

    /// A list of records, newest first.
    pub async fn records(&self, known: &Known, principal: &Principal, filter: &Filter) -> Result<List, QueryError> {
        let past = known.past();
        let size = known.size();
        let visit = match filter.inspection {
            Some(RecordName::Index(index)) => Some(index),
            Some(RecordName::Digest(digest)) => Some(past.index_of(&digest).unwrap_or(u64::MAX)),
            None => None,
        };
        let end = filter.before.unwrap_or(size).min(size);
        let wanted = |index: &u64| filter.has(&past, *index, visit, known) && principal.may_read(&past, *index);
        let mut readable = (0..end).rev().filter(wanted);
        let indices: Vec<u64> = readable.by_ref().take(filter.limit).collect();
        let has_more = readable.next().is_some();
        let next = indices.last().filter(|_| has_more).map(|last| format!("{size}.{last}"));
        let data = self.shown(known, &indices).await?;
        Ok(List { data, next, known_at: view::known_at(known), columns: csv::RECORDS })
    }

    /// Every slot that the asker may see.
    pub async fn sites(&self, known: &Known, principal: &Principal) -> Result<List, QueryError> {
        let past = known.past();
        let terms = past.terms().ok_or(QueryError::NotFound)?;
        let mut data = Vec::new();
        for &code in terms.slots.keys().filter(|slot| principal.may_see(&past, **slot)) {
            data.push(raw(&self.site_at(known, code).await?));
        }
        Ok(List { data, next: None, known_at: view::known_at(known), columns: csv::SITES })
    }

    /// One slot.
    pub async fn site(&self, known: &Known, principal: &Principal, code: Slot) -> Result<Value, QueryError> {
        if !principal.may_see(&known.past(), code) {
            return Err(QueryError::NotFound);
        }
        let mut site = self.site_at(known, code).await?;
        site["known_at"] = view::known_at(known);
        Ok(site)
    }

    async fn site_at(&self, known: &Known, code: Slot) -> Result<Value, QueryError> {
        let terms = known.past().terms().cloned().ok_or(QueryError::NotFound)?;
        let slot = terms.slot(code).ok_or(QueryError::NotFound)?;
        let entries = self.entries_at(&view::site_indices(known, code)).await?;
        Ok(view::site(known, code, slot, &|index| entries.get(&index)))
    }

    /// Every visit that the asker may see, newest first.
    pub fn inspections(&self, known: &Known, principal: &Principal, site: Option<Slot>) -> List {
        let past = known.past();
        let seen = past.visits().rev().filter(|visit| {
            let slot = visit.visit().slot;
            site.is_none_or(|site| site == slot) && principal.may_see(&past, slot)
        });
        let data = seen.map(|visit| raw(&view::inspection_line(&past, &visit))).collect();
        List { data, next: None, known_at: view::known_at(known), columns: csv::INSPECTIONS }
    }

    /// One visit, named by the digest or the id of its intent: both sides' records side by side.
    pub async fn inspection(
        &self,
        known: &Known,
        principal: &Principal,
        name: InspectionName,
    ) -> Result<Value, QueryError> {
        let past = known.past();
        let index = match name {
            InspectionName::Digest(digest) => past.index_of(&digest),
            InspectionName::Id(id) => known.published.replica.register().visit_of_id(id),
        };
        let visit = index.and_then(|index| past.visit_at(index)).ok_or(QueryError::NotFound)?;
        if !principal.may_see(&past, visit.visit().slot) {
            return Err(QueryError::NotFound);
        }
        let of_visit: Vec<u64> = [visit.visit().intent].into_iter().chain(visit.records()).collect();
        let corrections = of_visit.iter().filter_map(|&index| past.correction_of(index));
        let wanted: BTreeSet<u64> = of_visit.iter().copied().chain(corrections).collect();
        let mut entries = self.entries_at(&wanted.into_iter().collect::<Vec<_>>()).await?;
        let named = entries.values().filter_map(view::declaration_named);
        let declarations: BTreeSet<u64> = named.filter_map(|digest| past.index_of(digest)).collect();
        entries.extend(self.entries_at(&declarations.into_iter().collect::<Vec<_>>()).await?);
        let mut shown =
            view::inspection(known, &visit, &|index| entries.get(&index), &|index| self.finality(known, index));
        shown["known_at"] = view::known_at(known);
        Ok(shown)
    }

    /// The keys that the asker may know of. Who reads everything sees every key that was ever registered; others see
    /// those of their own state, those that the terms name, and those that signed what they may read.
    pub async fn keys(&self, known: &Known, principal: &Principal) -> Result<List, QueryError> {
        let past = known.past();
        let readable = |index: u64| principal.may_read(&past, index);
        let authors: BTreeSet<u32> = if principal.reads_all() {
            BTreeSet::new()
        } else {
            let facts = (0..past.size()).filter(|&index| readable(index)).filter_map(|index| past.fact(index));
            facts.map(|fact| fact.author).collect()
        };
        let keys = (0u32..).zip(past.keys());
        let shown = keys.filter(|(position, key)| readable(key.registered) || authors.contains(position));
        let keys: Vec<_> = shown.map(|(_, key)| key).collect();
        let revoked = keys.iter().filter_map(|key| key.revoked.as_ref().map(|revoked| revoked.index));
        let indices: BTreeSet<u64> = keys.iter().map(|key| key.registered).chain(revoked).collect();
        let entries = self.entries_at(&indices.into_iter().collect::<Vec<_>>()).await?;
        let digest_of = |index: u64| entries.get(&index).map(|entry| entry.signed.digest);
        let shown = keys.iter().map(|key| {
            let counted = principal.reads_all() || principal.is_of(key.name.party());
            raw(&view::key(key, counted.then(|| past.last_number(key.name.as_str())), &digest_of))
        });
        let data = shown.collect();
        Ok(List { data, next: None, known_at: view::known_at(known), columns: csv::KEYS })
    }

    /// The first terms and every amendment, oldest first.
    pub async fn terms(&self, known: &Known) -> Result<List, QueryError> {
        let indices: Vec<u64> = known.past().all_terms().map(|(index, _)| index).collect();
        let data = self.shown(known, &indices).await?;
        Ok(List { data, next: None, known_at: view::known_at(known), columns: csv::RECORDS })
    }

    /// What a verifier may demand, as C2SP tlog-policy.
    pub fn policy(&self) -> Option<String> {
        policy(&Known::all(self.now()).past()).map(|policy| policy.to_string())
    }

    /// One tile, by what follows `tile/` in its path, and the hash of its bytes where that is known. Entries are for those who
    /// read everything.
    pub async fn tile(
        &self,
        published: &Published,
        principal: &Principal,
        path: &str,
    ) -> Result<(Bytes, Option<Hash>), QueryError> {
        let path: TilePath = format!("tile/{path}").parse().map_err(|_| QueryError::NotFound)?;
        let size = published.size();
        match path.kind() {
            TileKind::Hashes(_) => {
                let tile = hash_tile(published.replica.tree(), size, path).map_err(|_| QueryError::NotFound)?;
                Ok((tile.into(), None))
            }
            TileKind::Entries if !principal.reads_all() => Err(QueryError::NotFound),
            TileKind::Entries => {
                let range = path.range(size).map_err(|_| QueryError::NotFound)?;
                if path.is_full() {
                    let whole = self.reader.bundle(path.index()).await?;
                    return Ok((whole.bytes, Some(whole.hash)));
                }
                let entries = self.reader.entries(range.start, range.end).await?;
                let bundle = encode_bundle(entries.iter().map(String::as_bytes))
                    .map_err(|_| StoreError::Falsified("an entry is larger than it can be".into()))?;
                Ok((bundle.into(), None))
            }
        }
    }
}

impl Filter {
    /// Whether the list is to have the entry at `index`.
    pub(super) fn has(&self, past: &Past<'_>, index: u64, visit: Option<u64>, known: &Known) -> bool {
        let Some(fact) = past.fact(index) else { return false };
        let signed = |name: &str| {
            let signers = known.published.replica.register().signers_of(index);
            signers.iter().any(|signer| signer.as_str() == name)
        };
        self.kind.is_none_or(|kind| fact.kind == kind)
            && self.party.is_none_or(|party| fact.party == party)
            && self.site.is_none_or(|site| fact.slot == Some(site))
            && visit.is_none_or(|visit| fact.visit.map(u64::from) == Some(visit))
            && self.received_from.is_none_or(|from| fact.received_at >= from)
            && self.received_to.is_none_or(|to| fact.received_at <= to)
            && self.signed_by.as_deref().is_none_or(signed)
            && self.flag.as_deref().is_none_or(|flag| view::has_flag(past, index, flag))
    }
}

impl List {
    /// The list in the shape that all lists have.
    pub fn to_json(&self) -> Box<RawValue> {
        #[derive(Serialize)]
        struct Shape<'a> {
            data: &'a [Box<RawValue>],
            page: Value,
            known_at: &'a Value,
        }
        let page = json!({ "next": self.next, "has_more": self.next.is_some() });
        raw(&Shape { data: &self.data, page, known_at: &self.known_at })
    }

    /// The list as a table.
    pub fn to_csv(&self, byte_order_mark: bool) -> String {
        let rows: Vec<Value> =
            self.data.iter().map(|row| serde_json::from_str(row.get()).unwrap_or_default()).collect();
        csv::table(self.columns, &rows, byte_order_mark)
    }
}

/// The JSON of a view. None of them can fail to be written.
fn raw(view: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(view).unwrap_or_default()
}

pub(super) fn parse(index: u64, bytes: &str) -> Result<Entry, StoreError> {
    Entry::parse(bytes.as_bytes())
        .map_err(|_| StoreError::Falsified(format!("the stored bytes of entry {index} are no entry")))
}
