//! A history: records in a plain file, with no ledger and no signatures.
//!
//! One JSON object a line, `{"received_at": "…", "signed_by": ["US", "RU"], "record": {…}}`, the first being the terms.
//! Analysts use it to teach, to plan and to argue; tests use it to compare with another implementation. The same rules
//! judge its records, and the same status is computed from them; only keys, numbers and anchors are not asked for, and
//! a record is named by its `id`, because without a signed text it has no digest.
//!
//! Invariants: a line that the ledger would refuse is left out, counts for nothing, and is named with the reason.
//!
//! Deliberately absent: proof. Whoever writes the file writes what happened.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::author::lay_out;
use crate::hash::Hash;
use crate::json;
use crate::note::{KeyKind, Signer};
use crate::treaty::admit::rules;
use crate::treaty::apply::apply;
use crate::treaty::party::Party;
use crate::treaty::past::Past;
use crate::treaty::reciprocity::{Answer, Query, status};
use crate::treaty::record::{Body, Kind, Record};
use crate::treaty::register::Register;
use crate::treaty::terms::Terms;
use crate::treaty::time::Instant;

/// Records in the order of their receipt.
#[derive(Debug, Default)]
pub struct History {
    register: Register,
    origin: String,
    /// How each entry is named.
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
                Err(why) if history.names.is_empty() => return Err(HistoryError::NoTerms { line: line_number, why }),
                Err(why) => left_out.push(LeftOut { line: line_number, why }),
            }
        }
        if history.names.is_empty() { Err(HistoryError::Empty) } else { Ok((history, left_out)) }
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
        let name = |index: u32| self.names.get(index as usize).cloned().unwrap_or_default();
        status(self.register.known(size), query, &name)
    }

    /// Takes up one line, or says why it is left out.
    fn add(&mut self, line: &str) -> Result<(), String> {
        let text = format!("{line}\n");
        let reading = json::read(&text);
        if let Some(fault) = reading.faults.first() {
            return Err(fault.detail.to_string());
        }
        let line: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let received_at =
            line["received_at"].as_str().and_then(Instant::parse).ok_or("received_at is not an instant")?;
        if self.last_received_at().is_some_and(|last| received_at < last) {
            return Err("it was received before the line before it".into());
        }
        let record = line["record"].as_object().ok_or("record is not an object")?;
        let name = record.get("id").and_then(Value::as_str).ok_or("the record has no id")?.to_owned();
        let (record, author) = self.complete(record, &line["signed_by"], received_at)?;
        if !self.taken.insert((author.clone(), name.clone())) {
            return Err(format!("{author} has used the id {name} before"));
        }
        let refuse = |history: &mut History, why| {
            history.taken.remove(&(author.clone(), name.clone()));
            Err(why)
        };
        let parsed = match Record::parse(&lay_out(&self.origin_for(&record), &record)) {
            Ok(parsed) => parsed,
            Err(malformed) => {
                let fault = malformed.faults.first();
                let why = fault.map_or(String::new(), |fault| format!("{} {}", fault.pointer, fault.detail));
                return refuse(self, format!("{}: {why}", malformed.code));
            }
        };
        if let Err(why) = self.judge(&parsed, received_at) {
            return refuse(self, why);
        }
        let digest = self.digest_for(&name, &line["digest"]);
        apply(&mut self.register, &parsed, digest, received_at);
        self.origin = parsed.origin;
        *self.numbers.entry(author).or_default() += 1;
        let shown = line["digest"].as_str().map_or(name, str::to_owned);
        self.names.push(shown);
        Ok(())
    }

    /// Whether the ledger would admit a record.
    fn judge(&self, record: &Record, received_at: Instant) -> Result<(), String> {
        let refused = match (self.register.terms(), &record.body) {
            (Some(terms), _) => rules(&self.register, terms, record, received_at),
            (None, Body::Terms(body)) => Terms::begin(body, &record.origin).err().unwrap_or_default(),
            (None, _) => return Err("it is not a terms record".into()),
        };
        match refused.first() {
            Some(refused) => Err(format!("{}: {} {}", refused.refusal.code(), refused.pointer, refused.words())),
            None => Ok(()),
        }
    }

    /// The origin that the terms name, or one for a history that names none.
    fn origin_for(&self, record: &Value) -> String {
        let named = record["body"]["origin"].as_str().filter(|_| self.names.is_empty());
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

    /// A record with everything that a history may leave out, and digests in the place of names; and its author.
    fn complete(
        &self,
        record: &Map<String, Value>,
        signed_by: &Value,
        received_at: Instant,
    ) -> Result<(Value, String), String> {
        let mut record = record.clone();
        let kind = record.get("kind").and_then(Value::as_str).and_then(Kind::from_word);
        self.point_at_digests(&mut record);
        if let (Some(Kind::Terms), true) = (kind, self.names.is_empty()) {
            complete_terms(&mut record);
        }
        if !record.contains_key("signers") {
            let sides = self.sides(&record, signed_by)?;
            let role = |side: &str| self.role(kind, side, &record);
            let signers: Vec<String> = sides.iter().map(|side| format!("{side}/{}/history", role(side))).collect();
            record.insert("signers".into(), signers.into());
        }
        let author = record["signers"][0].as_str().unwrap_or_default().to_owned();
        let mut fill = |name: &str, value: Value| drop(record.entry(name).or_insert(value));
        fill("number", (self.numbers.get(&author).copied().unwrap_or(0) + 1).into());
        fill("signed_at", received_at.to_string().into());
        fill("anchor", json!({ "size": 0, "root": stand_in("no checkpoint").to_string() }));
        fill("channel", "national_centre".into());
        let id = record.get("id").and_then(Value::as_str).unwrap_or_default();
        if Uuid::parse_str(id).is_err() {
            let plain = plain_id(id);
            record.insert("id".into(), plain.into());
        }
        Ok((Value::Object(record), author))
    }

    /// The states that signed, the record's own first.
    fn sides(&self, record: &Map<String, Value>, signed_by: &Value) -> Result<Vec<String>, String> {
        let party = record.get("party").and_then(Value::as_str).ok_or("the record names no party")?;
        let mut sides: Vec<String> = match signed_by {
            Value::Null => vec![party.to_owned()],
            Value::Array(sides) => sides.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => return Err("signed_by is not a list".into()),
        };
        if let Some(position) = sides.iter().position(|side| side == party) {
            sides[..=position].rotate_right(1);
        }
        Ok(sides)
    }

    /// As what a side signs a record of this kind.
    fn role(&self, kind: Option<Kind>, side: &str, record: &Map<String, Value>) -> &'static str {
        let intent =
            record.get("refs").and_then(|refs| refs[0].as_str()).and_then(|digest| digest.parse::<Hash>().ok());
        let visit = intent.and_then(|intent| self.register.visit(&intent));
        match kind {
            Some(Kind::Terms | Kind::KeyRegistration | Kind::KeyRevocation) => "root",
            Some(Kind::Report) => "leader",
            Some(Kind::ReportReceipt) => "escort",
            Some(Kind::Milestone) => match visit {
                Some(visit) if Party::from_word(side) == Some(visit.inspected) => "escort",
                _ => "leader",
            },
            _ => "centre",
        }
    }

    /// Puts digests in the place of the names by which a record refers to others.
    fn point_at_digests(&self, record: &mut Map<String, Value>) {
        if let Some(Value::Array(refs)) = record.get_mut("refs") {
            refs.iter_mut().for_each(|name| self.point(name));
        }
        let Some(body) = record.get_mut("body") else { return };
        for place in ["/supersedes", "/declaration", "/conditional_on", "/body/declaration"] {
            if let Some(name) = body.pointer_mut(place) {
                self.point(name);
            }
        }
        if let Some(Value::Array(cites)) = body.get_mut("cites") {
            for cited in cites {
                let Some((kind, rest)) = cited.as_str().and_then(|text| text.split_once(':')) else {
                    self.point(cited);
                    continue;
                };
                if let Some((name, slot)) = rest.rsplit_once(':').filter(|_| kind != "sha256") {
                    *cited = format!("{kind}:{}:{slot}", self.digest_of(name)).into();
                }
            }
        }
    }

    fn point(&self, name: &mut Value) {
        if let Some(text) = name.as_str() {
            *name = self.digest_of(text).into();
        }
    }

    fn digest_of(&self, name: &str) -> String {
        match self.digests.get(name) {
            Some(digest) => digest.to_string(),
            None if name.starts_with("sha256:") => name.to_owned(),
            None => stand_in(name).to_string(),
        }
    }
}

/// What stands for a record that has no text.
fn stand_in(name: &str) -> Hash {
    Hash::of(format!("countersign/history/v1\n{name}").as_bytes())
}

/// A UUIDv7 for an id that is none.
fn plain_id(id: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&stand_in(id).as_bytes()[..16]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    Uuid::from_bytes(bytes).to_string()
}

/// Fills in what the terms of a history need not say: whose keys are good, and what nobody will cosign.
fn complete_terms(record: &mut Map<String, Value>) {
    let Some(Value::Object(body)) = record.get_mut("body") else { return };
    let origin = body.get("origin").and_then(Value::as_str).unwrap_or("history.example").to_owned();
    let vkey = |name: &str, kind| {
        let signer = Signer::from_seed(name, kind, *stand_in(name).as_bytes());
        signer.map_or(Value::Null, |signer| signer.verifier().to_string().into())
    };
    let root = |party: &str, role: &str| vkey(&format!("{party}/{role}/history"), KeyKind::Ed25519);
    let roots: Map<String, Value> = Party::ALL
        .iter()
        .map(|party| party.as_str())
        .map(|party| (party.into(), json!({ "root": root(party, "root"), "recovery": root(party, "recovery") })))
        .collect();
    let mut fill = |name: &str, value: Value| drop(body.entry(name).or_insert(value));
    fill("title", json!({ "en": "A history", "ru": "История" }));
    fill("origin", origin.clone().into());
    fill("version", 1.into());
    fill("rules", 1.into());
    fill("log_vkey", vkey(&origin, KeyKind::Ed25519));
    fill("clerk_vkey", vkey(&format!("{origin}/clerk"), KeyKind::Countersign));
    fill("roots", roots.into());
    fill("quorum", json!({ "all": [] }));
}
