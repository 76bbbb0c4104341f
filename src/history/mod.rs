//! A history: records in a plain file, with no ledger and no signatures.
//!
//! One JSON object a line, `{"received_at": "…", "signed_by": ["US", "RU"], "record": {…}}`, the first being the terms.
//! Analysts use it to teach, to plan and to argue; tests use it to compare with another implementation. The same rules
//! judge its records, and the same status is computed from them; only keys, numbers and anchors are not asked for, and
//! a record is named by its `id`, because without a signed text it has no digest.
//!
//! Invariants: a line that the ledger would refuse is left out, counts for nothing, and is named with the reason.
//!
//! What might follow on a ledger's own entries is written and judged in the same way ([`History::beyond`]).
//!
//! Deliberately absent: proof. Whoever writes the file writes what happened.

mod complete;
mod rejected;

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use self::complete::stand_in;
pub use self::rejected::Rejected;
use crate::author::lay_out;
use crate::hash::Hash;
use crate::json;
use crate::treaty::admit::rules;
use crate::treaty::apply::apply;
use crate::treaty::past::Past;
use crate::treaty::reciprocity::{Answer, Frame, Query, Viewer, status, statuses};
use crate::treaty::record::{Body, Record};
use crate::treaty::register::Register;
use crate::treaty::terms::Terms;
use crate::treaty::time::Instant;

/// Records in the order of their receipt.
#[derive(Debug, Default)]
pub struct History {
    register: Register,
    origin: String,
    /// How many entries a ledger holds before the first of these. They are named by their digests.
    held: u32,
    /// How each entry after those is named.
    names: Vec<String>,
    /// The digest that stands for each name.
    digests: HashMap<String, Hash>,
    /// The ids that each author has used.
    taken: HashSet<(String, String)>,
    numbers: HashMap<String, u64>,
}

/// A line that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

/// Why a file is no history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The first line must be the terms.
    #[error("line {line} does not begin a history with the terms: {why}")]
    NoTerms {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// There is no line.
    #[error("the file has no line; the first one must be the terms")]
    Empty,
}

impl History {
    /// Reads a history, and names the lines that the ledger would refuse.
    pub fn read(text: &str) -> Result<(History, Vec<LeftOut>), HistoryError> {
        let mut history = History::default();
        let mut left_out = Vec::new();
        for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let line_number = i + 1;
            match history.add(line) {
                Ok(()) => {}
                Err(why) if history.size() == 0 => {
                    return Err(HistoryError::NoTerms { line: line_number, why: why.to_string() });
                }
                Err(why) => left_out.push(LeftOut { line: line_number, why: why.to_string() }),
            }
        }
        if history.size() == 0 { Err(HistoryError::Empty) } else { Ok((history, left_out)) }
    }

    /// What might follow on the entries of a ledger.
    pub fn beyond(register: Register) -> History {
        let origin = register.terms().map(|terms| terms.origin.clone()).unwrap_or_default();
        let held = u32::try_from(register.size()).unwrap_or(u32::MAX);
        History { register, origin, held, ..History::default() }
    }

    /// The entries so far.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// The digest that a name stands for: that of a record of this history, or one that is written out.
    pub fn digest_named(&self, name: &str) -> Option<Hash> {
        self.digests.get(name).copied().or_else(|| name.parse().ok())
    }

    /// The number of records.
    pub fn size(&self) -> u64 {
        self.register.size()
    }

    /// How many records had been received at `at`, this second included.
    pub fn size_at(&self, at: Instant) -> u64 {
        Past::at(&self.register, at)
    }

    /// When the newest record was received.
    pub fn last_received_at(&self) -> Option<Instant> {
        Past::of(&self.register, self.size()).last_received_at()
    }

    /// The status by the first `size` records.
    pub fn status(&self, size: u64, query: Query) -> Answer {
        status(self.register.known(size), query, &|index| self.name(index))
    }

    /// The same in several views.
    pub fn statuses(&self, size: u64, as_of: Instant, period: Option<i32>, viewers: &[Viewer]) -> Vec<Answer> {
        statuses(self.register.known(size), Frame::everything(as_of, period), viewers, &|index| self.name(index))
    }

    /// How a record is named.
    fn name(&self, index: u32) -> String {
        match index.checked_sub(self.held) {
            Some(place) => self.names.get(place as usize).cloned().unwrap_or_default(),
            None => self.register.known(self.size()).event(index).map(|e| e.digest.to_string()).unwrap_or_default(),
        }
    }

    /// Takes up one line, or says why it is left out.
    fn add(&mut self, line: &str) -> Result<(), Rejected> {
        let text = format!("{line}\n");
        let reading = json::read(&text);
        if let Some(fault) = reading.faults.into_iter().next() {
            return Err(Rejected::Line { pointer: "", code: fault.code, words: fault.detail });
        }
        let line: Value = serde_json::from_str(line).unwrap_or_default(); // what the strict reader reads, this one does
        let received_at = line["received_at"].as_str().and_then(Instant::parse).ok_or(Rejected::RECEIVED_AT)?;
        let record = line["record"].as_object().ok_or(Rejected::RECORD)?;
        self.take(received_at, &line["signed_by"], record, &line["digest"])
    }

    /// Takes up one record that is received at a time, or says why the ledger would not.
    pub fn take(
        &mut self,
        received_at: Instant,
        signed_by: &Value,
        record: &Map<String, Value>,
        digest: &Value,
    ) -> Result<(), Rejected> {
        if self.last_received_at().is_some_and(|last| received_at < last) {
            return Err(Rejected::BEFORE);
        }
        let name = record.get("id").and_then(Value::as_str).ok_or(Rejected::NO_ID)?.to_owned();
        if self.held > 0 && name.parse::<Hash>().is_ok() {
            return Err(Rejected::ID_IS_A_DIGEST); // it would pass for a record of the ledger
        }
        let (record, author) = self.complete(record, signed_by, received_at)?;
        if self.taken.contains(&(author.clone(), name.clone())) {
            return Err(Rejected::ID_TAKEN);
        }
        let parsed = Record::parse(&lay_out(&self.origin_for(&record), &record)).map_err(Rejected::Malformed)?;
        self.judge(&parsed, received_at)?;
        self.taken.insert((author.clone(), name.clone()));
        let held = self.digest_for(&name, digest);
        apply(&mut self.register, &parsed, held, received_at);
        self.origin = parsed.origin;
        *self.numbers.entry(author).or_default() += 1;
        let shown = digest.as_str().map_or(name, str::to_owned);
        self.names.push(shown);
        Ok(())
    }

    /// Whether the ledger would admit a record.
    fn judge(&self, record: &Record, received_at: Instant) -> Result<(), Rejected> {
        let refused = match (self.register.terms(), &record.body) {
            (Some(terms), _) => rules(&self.register, terms, record, received_at),
            (None, Body::Terms(body)) => Terms::begin(body, &record.origin).err().unwrap_or_default(),
            (None, _) => return Err(Rejected::NOT_TERMS),
        };
        if refused.is_empty() { Ok(()) } else { Err(Rejected::Refused(refused)) }
    }

    /// The origin that the terms name, or one for a history that names none.
    fn origin_for(&self, record: &Value) -> String {
        let named = record["body"]["origin"].as_str().filter(|_| self.size() == 0);
        named.map_or_else(|| self.origin.clone(), str::to_owned)
    }

    /// The digest that stands for a record. Two authors may use one id: the second is not the one that references mean.
    fn digest_for(&mut self, name: &str, given: &Value) -> Hash {
        let given = given.as_str().and_then(|text| text.parse().ok());
        match self.digests.get(name) {
            Some(_) => given.unwrap_or_else(|| stand_in(&format!("{name} again {}", self.names.len()))),
            None => {
                let digest = given.unwrap_or_else(|| stand_in(name));
                self.digests.insert(name.to_owned(), digest);
                digest
            }
        }
    }
}
