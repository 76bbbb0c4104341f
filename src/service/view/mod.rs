//! How records and keys are shown: JSON in the shapes of `docs/records.md`.
//!
//! Invariants: a record's own object is shown as it was signed, member by member; what the ledger adds stands beside
//! it and is computed from the register at one size.
//!
//! In reading order: records and what all answers share are here; [`key`], [`site`], [`inspection`], [`status`],
//! [`timeline`], [`comparison`], [`obligation`] and [`cosigners`] show the rest;
//! [`csv`] writes any list as a table.
//!
//! Deliberately absent: sentences for people, and any reading of the store.

mod cosigners;
pub mod csv;
mod key;
mod obligation;
mod site;
mod status;
mod through;
mod visit;

pub use cosigners::cosigners;
pub use key::key;
pub use obligation::{obligation, obligation_line, obligations};
pub use site::{site, site_indices};
pub use status::{sorted, status, status_line, supposed};
pub use through::{comparison, timeline};
pub use visit::{declaration_named, inspection, inspection_line};

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cosigned::Finality;
use super::known::Known;
use super::published::Published;
use crate::hash::Hash;
use crate::note::Succession;
use crate::tlog::Head;
use crate::treaty::entry::Entry;
use crate::treaty::party::KeyName;
use crate::treaty::past::Past;
use crate::treaty::terms::Terms;
use crate::treaty::time::Instant;

/// Size and root, as answers carry them.
pub fn head(head: Head) -> Value {
    json!({ "size": head.size, "root": head.root.to_string() })
}

/// What an answer knows: the first so many entries, their root, and the time of the newest of them.
pub fn known_at(known: &Known) -> Value {
    let mut value = head(known.head());
    if let Some(at) = known.past().last_received_at() {
        value["at"] = at.to_string().into();
    }
    value
}

/// One record with what the ledger says of it.
#[derive(Clone, Debug, Serialize)]
pub struct RecordView<'a> {
    index: u64,
    digest: String,
    id: Uuid,
    kind: &'static str,
    party: &'static str,
    number: u64,
    received_at: String,
    signed_by: Vec<SignedBy<'a>>,
    flags: Vec<Value>,
    status: &'static str,
    /// The record's own object, as it was signed: what the strict reader accepted, every reader of JSON accepts.
    record: &'a RawValue,
    /// The digest of the newest correction.
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<String>,
    links: Links,
    checkpoint: HeadView,
    /// What cosigners said of the checkpoints that contain it. Not in exports.
    #[serde(skip_serializing_if = "Option::is_none")]
    cosigned: Option<CosignedView>,
    /// The entry's bytes, in the answer to a submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<&'a str>,
    /// The receipt, in the answer to a submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<&'a str>,
}

#[derive(Clone, Debug, Serialize)]
struct SignedBy<'a> {
    key: &'a str,
    party: &'static str,
    role: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct Links {
    #[serde(rename = "self")]
    itself: String,
    note: String,
    receipt: String,
    bundle: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    inspection: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct HeadView {
    size: u64,
    root: String,
}

#[derive(Clone, Debug, Serialize)]
struct CosignedView {
    us: Option<String>,
    ru: Option<String>,
    r#final: Option<u64>,
    quorum: &'static str,
}

impl RecordView<'_> {
    /// The same with how far it is from final, and by whom and when it was cosigned. Cosignatures come later than entries,
    /// so what is to be the same for ever goes without them.
    pub fn cosigned(self, finality: &Finality) -> Self {
        let at = |at: Option<Instant>| at.map(|at| at.to_string());
        let quorum = if finality.is_demanded { "demanded" } else { "none" };
        let cosigned = CosignedView { us: at(finality.us), ru: at(finality.ru), r#final: finality.size, quorum };
        RecordView { cosigned: Some(cosigned), status: finality.word(), ..self }
    }
}

impl From<Head> for HeadView {
    fn from(head: Head) -> HeadView {
        HeadView { size: head.size, root: head.root.to_string() }
    }
}

/// One record with what the ledger says of it. `digest_of` gives the digest of another entry.
pub fn record<'a>(
    known: &Known,
    index: u64,
    entry: &'a Entry,
    digest_of: &dyn Fn(u64) -> Option<Hash>,
) -> RecordView<'a> {
    let header = &entry.signed.record.header;
    let digest = entry.signed.digest;
    let past = known.past();
    let visit = past.fact(index).and_then(|fact| past.visit_at(u64::from(fact.visit?)));
    let signer =
        |name: &'a KeyName| SignedBy { key: name.as_str(), party: name.party().as_str(), role: name.role().as_str() };
    RecordView {
        index,
        digest: digest.to_string(),
        id: header.id,
        kind: entry.signed.record.body.kind().as_str(),
        party: header.party.as_str(),
        number: header.number,
        received_at: entry.received_at.to_string(),
        signed_by: header.signers.iter().map(signer).collect(),
        flags: flags(&past, index),
        status: "recorded",
        record: serde_json::from_str(entry.signed.json()).unwrap_or(RawValue::NULL),
        superseded_by: past.correction_of(index).and_then(digest_of).map(|digest| digest.to_string()),
        links: links(&digest, visit.map(|visit| visit.visit().digest)),
        checkpoint: known.head().into(),
        cosigned: None,
        entry: None,
        receipt: None,
    }
}

/// What is remarkable about an entry.
pub fn flags(past: &Past<'_>, index: u64) -> Vec<Value> {
    let Some(fact) = past.fact(index) else { return Vec::new() };
    let all = [
        ("number_gap", fact.number_gap),
        ("number_reused", past.is_number_reused(index)),
        ("anchor_empty", fact.anchor_empty && index > 0),
    ];
    let mut flags: Vec<Value> = all.into_iter().filter(|(_, is)| *is).map(|(name, _)| name.into()).collect();
    for late in fact.late() {
        flags.push(json!({ "late": { "limit": late.limit, "by_seconds": late.by_seconds } }));
    }
    let begun = past.visit_at(index);
    if let Some(reason) = begun.as_ref().and_then(|visit| visit.visit().inadmissible) {
        flags.push(json!({ "inadmissible": { "reason": reason.as_str() } }));
    }
    if let Some((named, limit)) = begun.as_ref().and_then(|visit| visit.visit().oversized) {
        flags.push(json!({ "team_size": { "limit": limit, "named": named } }));
    }
    flags
}

/// The names of flags, as a list can be asked for them.
pub const FLAGS: [&str; 6] = ["number_gap", "number_reused", "anchor_empty", "late", "inadmissible", "team_size"];

/// Whether an entry has a flag of this name.
pub fn has_flag(past: &Past<'_>, index: u64, name: &str) -> bool {
    flags(past, index).iter().any(|flag| flag == name || flag.get(name).is_some())
}

fn links(digest: &Hash, visit: Option<Hash>) -> Links {
    let itself = format!("/v1/records/{digest}");
    let (note, receipt, bundle) = (format!("{itself}/note"), format!("{itself}/receipt"), format!("{itself}/bundle"));
    let inspection = visit.map(|visit| format!("/v1/inspections/{visit}"));
    Links { itself, note, receipt, bundle, inspection }
}

/// A text in the languages that it has.
pub fn text(text: &crate::treaty::party::Text) -> Value {
    let mut value = json!({ "en": text.en.0, "ru": text.ru.0 });
    for (lang, other) in [("ro", &text.ro), ("pl", &text.pl)] {
        if let Some(other) = other {
            value[lang] = other.0.as_str().into();
        }
    }
    value
}

/// What the whole log says about itself.
pub fn log(published: &Published, terms: &Terms, trust: &str) -> Value {
    let mut checkpoint = head(published.replica.head());
    checkpoint["note"] = published.checkpoint.as_ref().into();
    let size = published.size();
    let mut value = json!({
        "origin": terms.origin,
        "log_vkey": terms.log.at(size).to_string(),
        "clerk_vkey": terms.clerk_of(size).to_string(),
        "policy": "/v1/log/policy",
        "trust": trust,
        "checkpoint": checkpoint,
        "demonstration": terms.demonstration,
        "log_keys": own_keys(&terms.log),
        "clerk_keys": own_keys(&terms.clerk),
    });
    if let Some(before) = &terms.succeeds {
        let (origin, size, root) = (&before.origin.0, before.size.0, before.root.to_string());
        value["succeeds"] = json!({ "origin": origin, "size": size, "root": root });
    }
    value
}

/// The keys of an office, each with the first and, if there is one, the last size that is its own.
fn own_keys(keys: &Succession) -> Vec<Value> {
    let shown = keys.terms().into_iter().map(|term| {
        let mut shown = json!({ "vkey": term.key.to_string(), "from_size": term.from });
        if let Some(until) = term.until {
            shown["until_size"] = until.into();
        }
        shown
    });
    shown.collect()
}
