//! The register: what all entries of a log add up to.
//!
//! A [`Register`] is a fold of the entries, in order, and nothing else: the same entries give the same register in the
//! server, in a mirror, in an audit and in a test. It is an immutable value in the sense that matters: its collections
//! are persistent, a clone costs a few pointers, and a clone never sees what is applied to its original later.
//!
//! Invariants:
//! - Every fact carries the index of the entry that brought it, and lists are in index order, so the past is read by
//!   taking a prefix.
//! - Nothing is ever removed. A revocation is noted beside the key; a withdrawal follows what it withdraws.
//! - It keeps what rules and look-ups need, not the records: their bytes are read from the store.
//!
//! Deliberately absent: hashes of the tree ([`crate::tlog`]), judgement of a new record ([`super::admit`]), and
//! obligations and status, which are computed at the query.

use std::sync::Arc;

use imbl::{HashMap, OrdMap, Vector};

use super::host_consent;
use super::key_revocation::Reason;
use super::party::{KeyName, Party, Role, Slot};
use super::record::{Header, Kind};
use super::terms::Terms;
use super::time::Instant;
use crate::hash::Hash;
use crate::note::Verifier;

/// A key that the log admitted.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name: for whom and as what it signs.
    pub name: KeyName,
    /// The public key, as a signer of records (signed-note type 0x01).
    pub verifier: Verifier,
    /// The verifier key as published: type 0x04 for keys that cosign checkpoints.
    pub published: Verifier,
    /// The person who holds it, if said.
    pub person: Option<Arc<str>>,
    /// The entry that registered it.
    pub registered: u64,
    /// Its revocation, if there is one.
    pub revoked: Option<Revocation>,
}

/// The end of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The entry that revoked it: records from this index on are refused.
    pub index: u64,
    /// Why.
    pub reason: Reason,
    /// From when its holder suspects misuse. Shown; changes nothing.
    pub suspect_from: Option<Instant>,
}

impl Key {
    /// Whether a record at `index` may be signed with the key: log order decides, not clocks.
    pub fn is_good_at(&self, index: u64) -> bool {
        self.registered < index && self.revoked.as_ref().is_none_or(|revoked| index <= revoked.index)
    }
}

/// What the register keeps of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The kind of record.
    pub kind: Kind,
    /// The state of its first signer.
    pub party: Party,
    /// The position of the first signer's key in the order of registration.
    pub author: u32,
    /// The author's own number.
    pub number: u64,
    /// When the ledger received it.
    pub received_at: Instant,
    /// Whether the author had seen no checkpoint.
    pub anchor_empty: bool,
    /// Whether numbers before this one were missing when it came.
    pub number_gap: bool,
    /// The slot that the body names.
    pub slot: Option<Slot>,
}

/// What the log holds about one slot, in index order.
#[derive(Clone, Debug, Default)]
pub struct SlotFacts {
    /// Designations and their withdrawals.
    pub designations: Vector<Designated>,
    /// What the host said.
    pub consents: Vector<Consented>,
    /// Declarations and data changes: (index, whether it is a declaration).
    pub data: Vector<(u64, bool)>,
}

/// A designation or its withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Designated {
    /// The entry.
    pub index: u64,
    /// When it takes effect.
    pub effect: Instant,
    /// Whether it withdraws.
    pub withdraw: bool,
}

/// A host's consent, condition or withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consented {
    /// The entry.
    pub index: u64,
    /// When it takes effect.
    pub effect: Instant,
    /// For all visits or for one.
    pub scope: host_consent::Scope,
    /// What is said.
    pub action: host_consent::Action,
    /// Until when it holds.
    pub valid_until: Option<Instant>,
}

/// The entry that is being applied.
pub struct Applied<'a> {
    /// Its index.
    pub index: u64,
    /// The digest of its record.
    pub digest: Hash,
    /// When the ledger received it.
    pub received_at: Instant,
    /// The record's header.
    pub header: &'a Header,
}

impl Applied<'_> {
    /// When a claim or a consent takes effect: at the later of its own time and its receipt.
    pub fn effect(&self) -> Instant {
        self.header.effective_at.map_or(self.received_at, |own| own.max(self.received_at))
    }
}

/// What all entries of a log add up to.
#[derive(Clone, Debug, Default)]
pub struct Register {
    facts: Vector<Fact>,
    by_digest: HashMap<Hash, u32>,
    by_id: HashMap<(u32, u128), u32>,
    by_number: OrdMap<(u32, u64), Numbered>,
    keys: Vector<Key>,
    key_by_name: HashMap<Arc<str>, u32>,
    key_by_public: HashMap<[u8; 32], u32>,
    terms: Vector<(u64, Arc<Terms>)>,
    slots: OrdMap<Slot, SlotFacts>,
}

/// The entries that carry one number of one author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbered {
    first: u32,
    second: Option<u32>,
}

impl Register {
    /// The number of entries.
    pub fn size(&self) -> u64 {
        self.facts.len() as u64
    }

    /// What is kept of the entry at `index`.
    pub fn fact(&self, index: u64) -> Option<&Fact> {
        self.facts.get(usize::try_from(index).ok()?)
    }

    /// The entry whose record has this digest.
    pub fn index_of(&self, digest: &Hash) -> Option<u64> {
        self.by_digest.get(digest).map(|&index| u64::from(index))
    }

    /// The entry of this author that carries this id.
    pub fn index_of_id(&self, author: &str, id: u128) -> Option<u64> {
        let author = *self.key_by_name.get(author)?;
        self.by_id.get(&(author, id)).map(|&index| u64::from(index))
    }

    /// The terms in force after the last entry.
    pub fn terms(&self) -> Option<&Arc<Terms>> {
        self.terms.last().map(|(_, terms)| terms)
    }

    /// Every version of the terms with the entry that set it.
    pub fn all_terms(&self) -> impl Iterator<Item = (u64, &Arc<Terms>)> {
        self.terms.iter().map(|(index, terms)| (*index, terms))
    }

    /// A key by its name.
    pub fn key(&self, name: &str) -> Option<&Key> {
        let position = *self.key_by_name.get(name)?;
        self.keys.get(position as usize)
    }

    /// Every key in order of registration.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    /// The key at a position in the order of registration.
    pub fn key_at(&self, position: u32) -> Option<&Key> {
        self.keys.get(position as usize)
    }

    /// The name under which a public key stands in the ledger.
    pub fn name_of_public(&self, public: &[u8; 32]) -> Option<String> {
        if let Some(key) = self.key_by_public.get(public).and_then(|&position| self.key_at(position)) {
            return Some(key.name.to_string());
        }
        let ours = self.terms.iter().flat_map(|(_, terms)| [&terms.log, &terms.clerk]);
        ours.into_iter().find(|key| key.public() == public).map(|key| key.name().to_owned())
    }

    /// The newest root (or recovery key) of an authority. It may be revoked: then nobody acts in that role.
    pub fn root_of(&self, party: Party, role: Role) -> Option<&Key> {
        self.keys.iter().rev().find(|key| key.name.party() == party && key.name.role() == role)
    }

    /// What the log holds about a slot.
    pub fn slot(&self, slot: Slot) -> Option<&SlotFacts> {
        self.slots.get(&slot)
    }

    /// The designation of a slot in force at `at`, as known now; `None` where none is, or it was withdrawn.
    pub fn designation(&self, slot: Slot, at: Instant) -> Option<&Designated> {
        let all = self.slots.get(&slot)?.designations.iter();
        let newest = all.filter(|designated| designated.effect <= at).max_by_key(|d| (d.effect, d.index))?;
        (!newest.withdraw).then_some(newest)
    }

    /// The host's newest standing consent or withdrawal for a slot in effect at `at`.
    pub fn standing_consent(&self, slot: Slot, at: Instant) -> Option<&Consented> {
        let all = self.slots.get(&slot)?.consents.iter();
        let standing = all.filter(|c| c.scope == host_consent::Scope::Standing && c.effect <= at);
        standing.max_by_key(|c| (c.effect, c.index))
    }

    /// Whether the entry at `index`, as known now, shares its author's number with another.
    pub fn is_number_reused(&self, index: u64) -> bool {
        let Some(fact) = self.fact(index) else { return false };
        self.by_number.get(&(fact.author, fact.number)).is_some_and(|numbered| numbered.second.is_some())
    }

    /// The greatest number that an author has used; 0 before the first.
    pub fn last_number(&self, author: &str) -> u64 {
        let Some(&author) = self.key_by_name.get(author) else { return 0 };
        self.last_number_at(author)
    }

    fn last_number_at(&self, author: u32) -> u64 {
        let mut numbers = self.by_number.range((author, 0)..=(author, u64::MAX));
        numbers.next_back().map_or(0, |(&(_, number), _)| number)
    }

    /// Adds a key that an entry introduced.
    pub fn put_key(&mut self, key: Key) {
        let position = self.keys.len() as u32; // a log has fewer keys than entries, and entries are counted in u32
        self.key_by_name.insert(Arc::from(key.name.as_str()), position);
        self.key_by_public.insert(*key.verifier.public(), position);
        self.keys.push_back(key);
    }

    /// Notes the revocation of a key.
    pub fn put_revocation(&mut self, name: &str, revocation: Revocation) {
        if let Some(&position) = self.key_by_name.get(name)
            && let Some(key) = self.keys.get_mut(position as usize)
        {
            key.revoked = Some(revocation);
        }
    }

    /// Puts terms in force from the entry at `index` on.
    pub fn put_terms(&mut self, index: u64, terms: Arc<Terms>) {
        self.terms.push_back((index, terms));
    }

    /// The facts of a slot, to add to.
    pub fn slot_mut(&mut self, slot: Slot) -> &mut SlotFacts {
        self.slots.entry(slot).or_default()
    }

    /// Notes what every entry has in common. The body has been applied before, so that keys which the record
    /// introduced are known.
    pub fn put_fact(&mut self, applied: &Applied<'_>, kind: Kind, slot: Option<Slot>) {
        let index = applied.index as u32;
        let header = applied.header;
        let author = self.key_by_name.get(header.author().as_str()).copied().unwrap_or(u32::MAX);
        let number_gap = header.number > self.last_number_at(author) + 1;
        self.facts.push_back(Fact {
            kind,
            party: header.party,
            author,
            number: header.number,
            received_at: applied.received_at,
            anchor_empty: header.anchor.size == 0,
            number_gap,
            slot,
        });
        self.by_digest.insert(applied.digest, index);
        self.by_id.insert((author, header.id.as_u128()), index);
        self.by_number
            .entry((author, header.number))
            .and_modify(|numbered| numbered.second = numbered.second.or(Some(index)))
            .or_insert(Numbered { first: index, second: None });
    }
}
