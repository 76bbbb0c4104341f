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

mod ahead;
mod corrected;
mod data;
mod facts;

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::{HashMap, OrdMap, Vector};
use uuid::Uuid;

pub use facts::{
    Applied, Cells, Consented, Corrected, Data, Designated, Fact, Key, Listed, Rare, Revocation, SlotFacts,
};

use super::contest::Action;
use super::docket::{Docket, Event, Known};
use super::host_consent;
use super::lateness::Late;
use super::obligation::settle;
use super::party::{KeyName, Party, Role, Slot};
use super::record::{Body, Header, Kind, Record};
use super::terms::{Limits, Terms};
use super::time::Instant;
use super::visit::{Reported, Visit};
use crate::hash::Hash;

/// What all entries of a log add up to.
#[derive(Clone, Debug, Default)]
pub struct Register {
    facts: Vector<Fact>,
    // Ordered, because these maps are the most of a register's memory, and hashed ones take four times as much.
    by_id: OrdMap<(u32, [u8; 16]), u32>,
    by_number: OrdMap<(u32, u64), Numbered>,
    keys: Vector<Key>,
    key_by_name: HashMap<Arc<str>, u32>,
    key_by_public: HashMap<[u8; 32], u32>,
    terms: Vector<(u64, Arc<Terms>)>,
    slots: OrdMap<Slot, SlotFacts>,
    visits: OrdMap<u64, Visit>,
    lists: OrdMap<Party, Vector<Listed>>,
    corrections: HashMap<u64, Vector<Corrected>>,
    /// Entries that the other Party has acknowledged, accepted or contested, each with the entry that did so first.
    relied_on: HashMap<u64, u64>,
    docket: Docket,
}

/// The entries that carry one number of one author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbered {
    first: u32,
    /// [`NONE`] where there is no second.
    second: u32,
}

/// No entry: entries are counted in u32, and this one would not fit.
const NONE: u32 = u32::MAX;

impl Register {
    /// A register of no entries that will be asked for no status ([`Docket::for_rules`]).
    pub fn for_rules() -> Register {
        Register { docket: Docket::for_rules(), ..Register::default() }
    }

    /// The docket of the first `size` entries.
    pub fn known(&self, size: u64) -> Known<'_> {
        Known::of(&self.docket, size)
    }

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
        self.docket.index_of(digest).map(u64::from)
    }

    /// The entry of this author that carries this id.
    pub fn index_of_id(&self, author: &str, id: Uuid) -> Option<u64> {
        let author = *self.key_by_name.get(author)?;
        self.by_id.get(&(author, *id.as_bytes())).map(|&index| u64::from(index))
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
        let mut ours = self.terms().into_iter().flat_map(|terms| terms.own_keys());
        ours.find(|key| key.public() == public).map(|key| key.name().to_owned())
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

    /// The terms' limits; the defaults before there are terms.
    pub fn limits(&self) -> Limits {
        self.terms().map(|terms| terms.limits.clone()).unwrap_or_default()
    }

    /// The limits in force when the entry at `index` was received: what it begins keeps them for good.
    pub fn limits_at(&self, index: u64) -> Limits {
        let before = self.terms.iter().rev().find(|(terms, _)| *terms < index);
        before.map(|(_, terms)| terms.limits.clone()).unwrap_or_default()
    }

    /// The slot of the record that a correction or an acknowledgement is about.
    pub fn slot_about(&self, record: &Record) -> Option<Slot> {
        let about = match &record.body {
            Body::Correction(correction) => std::slice::from_ref(&correction.supersedes),
            _ => &record.header.refs,
        };
        about.iter().find_map(|digest| self.fact(self.index_of(digest)?)?.slot)
    }

    /// The entries that a record of this kind and header names.
    pub fn named(&self, kind: Kind, header: &Header) -> Vec<u64> {
        let refs = header.refs.iter().filter_map(|digest| self.docket.index_of(digest));
        let refs: Vec<u32> = refs.collect();
        self.known(self.size()).named(kind, &refs).iter().copied().map(u64::from).collect()
    }

    /// The visit that the intent with this digest began.
    pub fn visit(&self, intent: &Hash) -> Option<&Visit> {
        self.visits.get(&self.index_of(intent)?)
    }

    /// The entry of the intent with this id; the first one, where two authors use one id.
    pub fn visit_of_id(&self, id: Uuid) -> Option<u64> {
        self.visits.keys().copied().find(|&intent| {
            let author = self.fact(intent).map(|fact| fact.author);
            author
                .is_some_and(|author| self.by_id.get(&(author, *id.as_bytes())).map(|&i| u64::from(i)) == Some(intent))
        })
    }

    /// The visit whose intent is the entry at `index`.
    pub fn visit_at(&self, index: u64) -> Option<&Visit> {
        self.visits.get(&index)
    }

    /// The same, to add to.
    pub fn visit_mut(&mut self, index: u64) -> Option<&mut Visit> {
        self.visits.get_mut(&index)
    }

    /// Every visit, in the order of their intents.
    pub fn visits(&self) -> impl DoubleEndedIterator<Item = &Visit> {
        self.visits.values()
    }

    /// The report at `index`, with its visit.
    pub fn report(&self, index: u64) -> Option<(&Visit, &Reported)> {
        let visit = self.visit_at(u64::from(self.fact(index)?.visit?))?;
        Some((visit, visit.reports.iter().find(|report| report.index == index)?))
    }

    /// A list of inspectors by its entry.
    pub fn list_at(&self, party: Party, index: u64) -> Option<&Listed> {
        self.lists.get(&party)?.iter().find(|list| list.index == index)
    }

    /// Whom a Party may send at `at`: its newest list in effect, less those objected to. Nothing before the first.
    pub fn accredited(&self, party: Party, at: Instant) -> Option<BTreeSet<&str>> {
        let lists = self.lists.get(&party)?.iter().filter(|list| list.effect <= at);
        let newest = lists.max_by_key(|list| (list.effect, list.index))?;
        let stands = |code: &&Arc<str>| !newest.objected.contains_key(*code);
        Some(newest.codes.iter().filter(stands).map(AsRef::as_ref).collect())
    }

    /// The entry by which the other Party first acknowledged, accepted or contested this one.
    pub fn relied_on_since(&self, index: u64) -> Option<u64> {
        self.relied_on.get(&index).copied()
    }

    /// The names of the keys that signed an entry, the author's first.
    pub fn signers_of(&self, index: u64) -> Vec<&KeyName> {
        let Some(fact) = self.fact(index) else { return Vec::new() };
        let positions = [fact.author].into_iter().chain(fact.cosigners().iter().copied());
        positions.filter_map(|position| self.key_at(position)).map(|key| &key.name).collect()
    }

    /// Every list of inspectors of a Party, in index order.
    pub fn lists(&self, party: Party) -> impl Iterator<Item = &Listed> {
        self.lists.get(&party).into_iter().flatten()
    }

    /// Whether the entry at `index`, among the first `size`, shares its author's number with another.
    pub fn is_number_reused_before(&self, index: u64, size: u64) -> bool {
        let Some(fact) = self.fact(index).filter(|_| index < size) else { return false };
        let numbered = self.by_number.get(&(fact.author, fact.number));
        numbered.is_some_and(|numbered| numbered.second != NONE && u64::from(numbered.second) < size)
    }

    /// The greatest number that an author has used in the first `size` entries; 0 before the first.
    pub fn last_number_before(&self, author: &str, size: u64) -> u64 {
        let Some(&author) = self.key_by_name.get(author) else { return 0 };
        let numbers = self.by_number.range((author, 0)..=(author, u64::MAX)).rev();
        let mut known = numbers.filter(|(_, numbered)| u64::from(numbered.first) < size);
        known.next().map_or(0, |(&(_, number), _)| number)
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

    /// Opens a visit.
    pub fn put_visit(&mut self, visit: Visit) {
        self.visits.insert(visit.intent, visit);
    }

    /// Notes a list of inspectors.
    pub fn put_list(&mut self, party: Party, list: Listed) {
        self.lists.entry(party).or_default().push_back(list);
    }

    /// Takes inspectors off the list at an index.
    pub fn put_objection<'c>(&mut self, list: u64, objection: u64, codes: impl Iterator<Item = &'c str>) {
        let Some(party) = self.fact(list).map(|fact| fact.party) else { return };
        let lists = self.lists.entry(party).or_default();
        if let Some(list) = lists.iter_mut().find(|listed| listed.index == list) {
            for code in codes {
                list.objected.entry(Arc::from(code)).or_insert(objection);
            }
        }
    }

    /// The facts of a slot, to add to.
    pub fn slot_mut(&mut self, slot: Slot) -> &mut SlotFacts {
        self.slots.entry(slot).or_default()
    }

    /// Notes what every entry has in common. The body has been applied before, so that keys which the record
    /// introduced are known.
    pub fn put_fact(&mut self, applied: &Applied<'_>, record: &Record, late: Vec<Late>) {
        let index = applied.index as u32;
        let (kind, header) = (record.body.kind(), applied.header);
        let slot = record.slot().or_else(|| self.slot_about(record));
        let position = |name: &KeyName| self.key_by_name.get(name.as_str()).copied().unwrap_or(u32::MAX);
        let author = position(header.author());
        let cosigners: Vec<u32> = header.signers.iter().skip(1).map(position).collect();
        let number_gap = header.number > self.last_number_at(author) + 1;
        let corrects = match &record.body {
            Body::Correction(correction) => Some(&correction.supersedes),
            _ => None,
        };
        let visit = self.join_visit(applied, corrects);
        let visit_slot = visit.and_then(|intent| self.visits.get(&intent)).map(|visit| visit.slot);
        self.facts.push_back(Fact {
            kind,
            party: header.party,
            author,
            number: header.number,
            received_at: applied.received_at,
            anchor_empty: header.anchor.size == 0,
            number_gap,
            slot: slot.or(visit_slot),
            visit: visit.map(|intent| intent as u32), // entries are counted in u32
            rare: (!cosigners.is_empty() || !late.is_empty()).then(|| Box::new(Rare { cosigners, late })),
        });
        self.note_reliance(applied, &record.body);
        self.docket.put(Event::of(applied, record, self));
        settle(&mut self.docket);
        self.by_id.insert((author, *header.id.as_bytes()), index);
        self.by_number
            .entry((author, header.number))
            .and_modify(|numbered| numbered.second = numbered.second.min(index))
            .or_insert(Numbered { first: index, second: NONE });
    }

    /// The visit that a record belongs to: the one whose intent it is, or that of the record which it corrects, or the
    /// one whose intent it names first.
    fn join_visit(&mut self, applied: &Applied<'_>, corrects: Option<&Hash>) -> Option<u64> {
        if self.visits.contains_key(&applied.index) {
            return Some(applied.index);
        }
        let intent = match corrects {
            Some(original) => u64::from(self.fact(self.index_of(original)?)?.visit?),
            None => self.index_of(applied.header.refs.first()?)?,
        };
        self.visits.get_mut(&intent)?.records.push_back(applied.index);
        Some(intent)
    }

    /// A Party has records of the other before it, accepts them or disputes them.
    fn note_reliance(&mut self, applied: &Applied<'_>, body: &Body) {
        if !applied.header.party.is_party() {
            return;
        }
        let answers = || self.named(body.kind(), applied.header);
        let targets: Vec<u64> = match body {
            Body::Acknowledgement(_) | Body::Acceptance(_) => answers(),
            Body::Contest(contest) if contest.action == Action::Claim => answers(),
            Body::ReportReceipt(_) => applied.header.refs.iter().filter_map(|digest| self.index_of(digest)).collect(),
            _ => return,
        };
        for index in targets {
            let fact = self.fact(index).filter(|fact| fact.party != applied.header.party);
            if fact.is_some_and(|fact| body.kind() != Kind::ReportReceipt || fact.kind == Kind::Report) {
                self.relied_on.entry(index).or_insert(applied.index);
            }
        }
    }
}
