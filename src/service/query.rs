//! What readers ask: records, lists, sites, keys, terms, bundles.
//!
//! Every answer is computed from one [`Published`] state, so that all its parts agree, and every index is put to
//! [`Principal::may_read`] first. The register says which entries are wanted; the store gives their bytes.
//!
//! Invariants: what the asker may not read is answered exactly like what does not exist.
//!
//! Deliberately absent: HTTP, and status.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::access::Principal;
use super::ledger::Ledger;
use super::policy::policy;
use super::published::Published;
use super::view;
use crate::evidence::bundle::{self, Bundle, Proved};
use crate::hash::Hash;
use crate::store::StoreError;
use crate::tlog::tiles::{TileKind, TilePath, encode_bundle, hash_tile};
use crate::treaty::entry::Entry;
use crate::treaty::party::Slot;
use crate::treaty::register::Register;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It does not exist, or the asker may not know that it does.
    #[error("there is no such thing")]
    NotFound,
    /// The database does not answer, or answered nonsense.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log's key failed its own check.
    #[error("the log's key does not sign")]
    Sign,
}

/// How a record is named: by its index, or for good by its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordName {
    /// The place in the log.
    Index(u64),
    /// SHA-256 of the text.
    Digest(Hash),
}

/// Which part of which list is wanted.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The size of the log when the first page was read; later pages stay with it.
    pub size: Option<u64>,
    /// The index before which the page begins (lists are newest first).
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
    /// One kind only.
    pub kind: Option<String>,
    /// One state only.
    pub party: Option<String>,
}

impl Ledger {
    /// The index of a record that the asker may read.
    fn find(&self, published: &Published, principal: &Principal, name: RecordName) -> Result<u64, QueryError> {
        let index = match name {
            RecordName::Index(index) => Some(index),
            RecordName::Digest(digest) => published.replica.register().index_of(&digest),
        };
        index.filter(|&index| principal.may_read(&published.replica, index)).ok_or(QueryError::NotFound)
    }

    /// One record.
    pub async fn record(&self, principal: &Principal, name: RecordName) -> Result<Box<RawValue>, QueryError> {
        let published = self.now();
        let index = self.find(&published, principal, name)?;
        Ok(raw(&view::record(&published, index, &self.parsed(index).await?)))
    }

    /// The bytes of one entry.
    pub async fn note(&self, principal: &Principal, name: RecordName) -> Result<String, QueryError> {
        let index = self.find(&self.now(), principal, name)?;
        Ok(self.entry(index).await?)
    }

    /// The receipt of one entry.
    pub fn receipt(&self, principal: &Principal, name: RecordName) -> Result<String, QueryError> {
        let published = self.now();
        let index = self.find(&published, principal, name)?;
        published.receipt(index, &self.seal).ok_or(QueryError::Sign)
    }

    /// One committed entry, read.
    pub(super) async fn parsed(&self, index: u64) -> Result<Entry, StoreError> {
        parse(index, &self.entry(index).await?)
    }

    /// Everything that the verification of one record needs, proved in the newest checkpoint.
    pub async fn bundle(&self, principal: &Principal, name: RecordName) -> Result<Bundle, QueryError> {
        let published = self.now();
        let index = self.find(&published, principal, name)?;
        let entry = self.entry(index).await?;
        let support = self.support(&published, index, &entry).await?;
        let prove = |index| published.newest_proof(index, &self.seal).ok_or(QueryError::Sign);
        let support = support.into_iter().map(|(index, entry)| Ok(Proved { entry, receipt: prove(index)? }));
        Ok(Bundle {
            format: bundle::FORMAT,
            origin: self.trust.origin.clone(),
            trust: self.trust.to_string(),
            receipt: prove(index)?,
            entry,
            support: support.collect::<Result<_, QueryError>>()?,
        })
    }

    /// The entries on which a record rests: all terms, and the registration and revocation of every key that signed it
    /// or one of these.
    async fn support(
        &self,
        published: &Published,
        index: u64,
        entry: &str,
    ) -> Result<BTreeMap<u64, String>, QueryError> {
        let register = published.replica.register();
        let mut found = BTreeMap::new();
        let mut wanted: BTreeSet<u64> = register.all_terms().map(|(index, _)| index).collect();
        wanted.extend(key_entries(register, &parse(index, entry)?));
        while let Some(index) = wanted.pop_first() {
            if found.contains_key(&index) {
                continue;
            }
            let bytes = self.entry(index).await?;
            wanted.extend(key_entries(register, &parse(index, &bytes)?));
            found.insert(index, bytes);
        }
        Ok(found)
    }

    /// A list of records, newest first.
    pub async fn records(&self, principal: &Principal, page: &Page) -> Result<Box<RawValue>, QueryError> {
        let published = self.now();
        let register = published.replica.register();
        let size = page.size.unwrap_or(register.size()).min(register.size());
        let end = page.before.unwrap_or(size).min(size);
        let mut readable = (0..end).rev().filter(|&index| {
            let listed = |fact| view::matches(fact, page.kind.as_deref(), page.party.as_deref());
            register.fact(index).is_some_and(listed) && principal.may_read(&published.replica, index)
        });
        let indices: Vec<u64> = readable.by_ref().take(page.limit).collect();
        let has_more = readable.next().is_some();
        let entries = self.reader.entries_at(&indices).await?;
        let mut data = Vec::with_capacity(indices.len());
        for (&index, bytes) in indices.iter().zip(&entries) {
            data.push(raw(&view::record(&published, index, &parse(index, bytes)?)));
        }
        let next = indices.last().filter(|_| has_more).map(|last| format!("{size}.{last}"));
        Ok(list(data, next, view::known_at(&published, size)))
    }

    /// Every slot that the asker may see.
    pub async fn sites(&self, principal: &Principal) -> Result<Box<RawValue>, QueryError> {
        let published = self.now();
        let Some(terms) = published.replica.register().terms().cloned() else { return Err(QueryError::NotFound) };
        let slots = terms.slots.iter().filter(|(_, slot)| principal.reads_all() || principal.is_of(slot.host));
        let mut data = Vec::new();
        for (&code, _) in slots {
            data.push(self.site_at(&published, code).await?);
        }
        Ok(list(data, None, view::known_at(&published, published.size())))
    }

    /// One slot.
    pub async fn site(&self, principal: &Principal, code: Slot) -> Result<Value, QueryError> {
        let published = self.now();
        let terms = published.replica.register().terms().and_then(|terms| terms.slot(code)).cloned();
        terms.filter(|slot| principal.reads_all() || principal.is_of(slot.host)).ok_or(QueryError::NotFound)?;
        self.site_at(&published, code).await
    }

    async fn site_at(&self, published: &Arc<Published>, code: Slot) -> Result<Value, QueryError> {
        let terms = published.replica.register().terms().cloned().ok_or(QueryError::NotFound)?;
        let slot = terms.slot(code).ok_or(QueryError::NotFound)?;
        let indices = view::site_indices(published, code);
        let mut entries = BTreeMap::new();
        for (&index, bytes) in indices.iter().zip(&self.reader.entries_at(&indices).await?) {
            entries.insert(index, parse(index, bytes)?);
        }
        let record_of = |index: u64| entries.get(&index).map(|entry| (entry.signed.digest, entry.clone()));
        Ok(view::site(published, code, slot, &record_of))
    }

    /// The keys that the asker may know of. Who reads everything sees every key that was ever registered; others see
    /// those of their own state, those that the terms name, and those that signed what they may read.
    pub async fn keys(&self, principal: &Principal) -> Result<Box<RawValue>, QueryError> {
        let published = self.now();
        let register = published.replica.register();
        let readable = |index: u64| principal.may_read(&published.replica, index);
        let authors: BTreeSet<u32> = if principal.reads_all() {
            BTreeSet::new()
        } else {
            let facts = (0..register.size()).filter(|&index| readable(index)).filter_map(|index| register.fact(index));
            facts.map(|fact| fact.author).collect()
        };
        let keys = (0u32..).zip(register.keys());
        let shown = keys.filter(|(position, key)| readable(key.registered) || authors.contains(position));
        let keys: Vec<_> = shown.map(|(_, key)| key.clone()).collect();
        let revoked = keys.iter().filter_map(|key| key.revoked.as_ref().map(|revoked| revoked.index));
        let indices: BTreeSet<u64> = keys.iter().map(|key| key.registered).chain(revoked).collect();
        let indices: Vec<u64> = indices.into_iter().collect();
        let mut digests = BTreeMap::new();
        for (&index, bytes) in indices.iter().zip(&self.reader.entries_at(&indices).await?) {
            digests.insert(index, parse(index, bytes)?.signed.digest);
        }
        let digest_of = |index: u64| digests.get(&index).copied();
        let shown = keys.iter().map(|key| {
            let counted = principal.reads_all() || principal.is_of(key.name.party());
            view::key(key, counted.then(|| register.last_number(key.name.as_str())), &digest_of)
        });
        let data: Vec<Value> = shown.collect();
        Ok(list(data, None, view::known_at(&published, published.size())))
    }

    /// What a verifier may demand, as C2SP tlog-policy.
    pub fn policy(&self) -> Option<String> {
        policy(&self.now().replica).map(|policy| policy.to_string())
    }

    /// One tile, by what follows `tile/` in its path. Entries are for those who read everything.
    pub async fn tile(&self, published: &Published, principal: &Principal, path: &str) -> Result<Vec<u8>, QueryError> {
        let path: TilePath = format!("tile/{path}").parse().map_err(|_| QueryError::NotFound)?;
        let size = published.size();
        match path.kind() {
            TileKind::Hashes(_) => hash_tile(published.replica.tree(), size, path).map_err(|_| QueryError::NotFound),
            TileKind::Entries if !principal.reads_all() => Err(QueryError::NotFound),
            TileKind::Entries => {
                let range = path.range(size).map_err(|_| QueryError::NotFound)?;
                let entries = self.reader.entries(range.start, range.end).await?;
                encode_bundle(entries.iter().map(String::as_bytes))
                    .map_err(|_| StoreError::Falsified("an entry is larger than it can be".into()).into())
            }
        }
    }

    /// The first terms and every amendment, oldest first.
    pub async fn terms(&self) -> Result<Box<RawValue>, QueryError> {
        let published = self.now();
        let indices: Vec<u64> = published.replica.register().all_terms().map(|(index, _)| index).collect();
        let mut data = Vec::new();
        for (&index, bytes) in indices.iter().zip(&self.reader.entries_at(&indices).await?) {
            data.push(raw(&view::record(&published, index, &parse(index, bytes)?)));
        }
        Ok(list(data, None, view::known_at(&published, published.size())))
    }
}

/// The entries that registered or revoked the keys of an entry's signers.
fn key_entries(register: &Register, entry: &Entry) -> Vec<u64> {
    let keys = entry.signed.record.header.signers.iter().filter_map(|name| register.key(name.as_str()));
    keys.flat_map(|key| [Some(key.registered), key.revoked.as_ref().map(|revoked| revoked.index)]).flatten().collect()
}

/// A list in the shape that all lists have.
fn list(data: Vec<impl Serialize>, next: Option<String>, known_at: Value) -> Box<RawValue> {
    #[derive(Serialize)]
    struct List<T> {
        data: Vec<T>,
        page: Value,
        known_at: Value,
    }
    let page = json!({ "next": next, "has_more": next.is_some() });
    raw(&List { data, page, known_at })
}

/// The JSON of a view. None of them can fail to be written.
fn raw(view: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(view).unwrap_or_default()
}

fn parse(index: u64, bytes: &str) -> Result<Entry, StoreError> {
    Entry::parse(bytes.as_bytes())
        .map_err(|_| StoreError::Falsified(format!("the stored bytes of entry {index} are no entry")))
}
