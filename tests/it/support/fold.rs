//! A ledger without a store: records, the time at which each is received, and the replica that they add up to.

use std::collections::BTreeMap;

use countersign::author::Draft;
use countersign::hash::Hash;
use countersign::replica::{Outcome, Replica, step};
use countersign::treaty::lateness::Late;
use countersign::treaty::record::{Kind, Signed};
use countersign::treaty::register::Register;
use countersign::treaty::time::Instant;
use serde_json::Value;

use super::ledger::{clerk_key, draft, ledger_keys, registration, signed};
use super::records::{consenting, declaring, designating, terms};
use super::visits::{after, at, intending, reporting, stepping};

/// The keys that sign in these ledgers.
pub const KEYS: [&str; 8] = [
    "US/centre/1",
    "RU/centre/1",
    "RO/centre/1",
    "PL/centre/1",
    "US/leader/1",
    "RU/leader/1",
    "US/escort/1",
    "RU/escort/1",
];

/// A ledger that is nothing but its entries.
#[derive(Clone)]
pub struct Fold {
    /// What the entries add up to.
    pub replica: Replica,
    /// The replica before each entry, from size 0 on, and the one after the last.
    pub history: Vec<Replica>,
    /// When the next record is received.
    pub now: Instant,
    digests: Vec<Hash>,
    numbers: BTreeMap<String, u64>,
    entries: Vec<String>,
}

impl Fold {
    /// A ledger of these terms with a key for everybody, on 1 March 2026 at noon.
    pub fn with_terms(change: impl FnOnce(&mut Value)) -> Fold {
        let now = at("2026-03-01T12:00:00Z");
        let note = Signed::parse(terms(change).as_bytes()).expect("a record");
        let digest = note.digest;
        let verified = note.verify(&Register::default(), "test").expect("signed");
        let (entry, replica) = Replica::begin(verified, now, &clerk_key()).expect("terms");
        let history = vec![Replica::default(), replica.clone()];
        let mut fold =
            Fold { replica, history, now, digests: vec![digest], numbers: BTreeMap::new(), entries: vec![entry.bytes] };
        for name in KEYS {
            fold.post(&registration(name)).expect("a key");
        }
        fold
    }

    /// The same with the terms of all these tests.
    pub fn new() -> Fold {
        Fold::with_terms(|_| {})
    }

    /// The same with sites at A1 and B1, which are declared, and Romania's consent.
    pub fn in_force() -> Fold {
        let mut fold = Fold::new();
        fold.add("RU/centre/1", Kind::Designation, &[], designating("A1", "designate"));
        fold.add("US/centre/1", Kind::Designation, &[], designating("B1", "designate"));
        fold.add("RO/centre/1", Kind::HostConsent, &[], consenting("A1", "standing", "give"));
        fold.add("US/centre/1", Kind::Declaration, &[], declaring("A1"));
        fold.add("RU/centre/1", Kind::Declaration, &[], declaring("B1"));
        fold
    }

    /// The bytes of every entry.
    pub fn entries(&self) -> &[String] {
        &self.entries
    }

    /// What is kept of everything.
    pub fn register(&self) -> &Register {
        self.replica.register()
    }

    /// Posts a note; the index of its entry, or every reason against it as `code@pointer`.
    pub fn post(&mut self, note: &str) -> Result<u64, Vec<String>> {
        let signed = Signed::parse(note.as_bytes()).unwrap_or_else(|malformed| panic!("{malformed:?}"));
        let digest = signed.digest;
        let verified = signed.verify(self.register(), "test").expect("signed");
        let batch = step(&self.replica, vec![verified], self.now, &ledger_keys());
        match batch.outcomes.into_iter().next() {
            Some(Outcome::Recorded { index }) => {
                self.replica = batch.next;
                self.history.push(self.replica.clone());
                self.digests.push(digest);
                self.entries.extend(batch.entries.into_iter().map(|entry| entry.bytes));
                Ok(index)
            }
            Some(Outcome::Refused(refused)) => {
                Err(refused.iter().map(|r| format!("{}@{}", r.refusal.code(), r.pointer)).collect())
            }
            other => panic!("{other:?}"),
        }
    }

    /// The draft of a record that refers to the entries at these indices.
    pub fn draft(&self, signers: &[&str], kind: Kind, refs: &[u64], body: Value) -> Draft {
        let mut record = draft(kind, signers, body);
        record.refs = refs.iter().map(|&index| self.digest(index)).collect();
        record
    }

    /// Signs a draft under the author's next number and posts it.
    pub fn send(&mut self, mut record: Draft) -> Result<u64, Vec<String>> {
        let number = self.numbers.entry(record.signers[0].clone()).or_insert(0);
        *number += 1;
        record.number = *number;
        self.post(&signed(&record))
    }

    /// Tries a record; signers are parted by spaces.
    pub fn offer(&mut self, signers: &str, kind: Kind, refs: &[u64], body: Value) -> Result<u64, Vec<String>> {
        let signers: Vec<&str> = signers.split(' ').collect();
        self.send(self.draft(&signers, kind, refs, body))
    }

    /// Adds a record, which must be admitted.
    #[track_caller]
    pub fn add(&mut self, signers: &str, kind: Kind, refs: &[u64], body: Value) -> u64 {
        self.offer(signers, kind, refs, body).unwrap_or_else(|reasons| panic!("{kind}: {reasons:?}"))
    }

    /// Lets the time go on.
    pub fn wait(&mut self, seconds: i64) {
        self.now = after(self.now, seconds);
    }

    /// The digest of an entry.
    pub fn digest(&self, index: u64) -> Hash {
        self.digests[usize::try_from(index).expect("an index")]
    }

    /// Requests a visit to a slot, to arrive when the default notice is over.
    pub fn request(&mut self, slot: &str) -> u64 {
        let eta = after(self.now, 32 * 3_600);
        let centre = if slot.starts_with('A') { "RU/centre/1" } else { "US/centre/1" };
        self.add(centre, Kind::Intent, &[], intending(slot, eta))
    }

    /// A step of a visit that happened at `when`.
    #[track_caller]
    pub fn step(&mut self, signers: &str, visit: u64, name: &str, when: Instant) -> u64 {
        let signers: Vec<&str> = signers.split(' ').collect();
        let mut record = self.draft(&signers, Kind::Milestone, &[visit], stepping(name));
        record.effective_at = Some(when);
        self.send(record).unwrap_or_else(|reasons| panic!("{name}: {reasons:?}"))
    }

    /// A report of a visit to A1 on the newest declaration, handed over at `when`.
    #[track_caller]
    pub fn report(&mut self, visit: u64, when: Instant) -> u64 {
        let slot = self.register().visit_at(visit).expect("a visit").slot;
        let data = &self.register().slot(slot).expect("a slot").data;
        let declaration = data.iter().rev().find(|data| data.is_declaration).expect("a declaration").index;
        let leader = if slot.to_string().starts_with('A') { "RU/leader/1" } else { "US/leader/1" };
        self.add(leader, Kind::Report, &[visit], reporting(self.digest(declaration), when))
    }

    /// How late an entry is: each limit with the seconds.
    pub fn late(&self, index: u64) -> Vec<(&'static str, u64)> {
        let late = self.register().fact(index).expect("an entry").late();
        late.iter().map(|Late { limit, by_seconds }| (*limit, *by_seconds)).collect()
    }

    /// Why a request is not admissible.
    pub fn verdict(&self, intent: u64) -> Option<&'static str> {
        self.register().visit_at(intent).expect("a visit").inadmissible.map(|reason| reason.as_str())
    }
}
