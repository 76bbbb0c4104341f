//! How records and keys are shown: JSON in the shapes of `docs/records.md`.
//!
//! Invariants: a record's own object is shown as it was signed, member by member; what the ledger adds stands beside
//! it and is computed from the register at one size.
//!
//! Deliberately absent: sentences for people, and any reading of the store.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use super::published::Published;
use crate::hash::Hash;
use crate::tlog::Head;
use crate::treaty::entry::Entry;
use crate::treaty::party::{KeyName, Role, Slot};
use crate::treaty::record::Body;
use crate::treaty::register::{Fact, Key, Register};
use crate::treaty::terms::{SlotTerms, Terms};

/// Size and root, as answers carry them.
pub fn head(head: Head) -> Value {
    json!({ "size": head.size, "root": head.root.to_string() })
}

/// What an answer knows: the first `size` entries, their root, and the time of the newest of them.
pub fn known_at(published: &Published, size: u64) -> Value {
    let root = published.replica.tree().root_at(size).unwrap_or_default();
    let mut known = head(Head { size, root });
    if let Some(fact) = size.checked_sub(1).and_then(|last| published.replica.register().fact(last)) {
        known["at"] = fact.received_at.to_string().into();
    }
    known
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
    flags: Vec<&'static str>,
    status: &'static str,
    /// The record's own object, as it was signed: what the strict reader accepted, every reader of JSON accepts.
    record: &'a RawValue,
    links: Links,
    checkpoint: HeadView,
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
}

#[derive(Clone, Debug, Serialize)]
struct HeadView {
    size: u64,
    root: String,
}

impl From<Head> for HeadView {
    fn from(head: Head) -> HeadView {
        HeadView { size: head.size, root: head.root.to_string() }
    }
}

/// One record with what the ledger says of it.
pub fn record<'a>(published: &Published, index: u64, entry: &'a Entry) -> RecordView<'a> {
    let header = &entry.signed.record.header;
    let digest = entry.signed.digest;
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
        flags: flags(published.replica.register(), index),
        status: "recorded",
        record: serde_json::from_str(entry.signed.json()).unwrap_or(RawValue::NULL),
        links: links(&digest),
        checkpoint: published.replica.head().into(),
        entry: None,
        receipt: None,
    }
}

fn flags(register: &Register, index: u64) -> Vec<&'static str> {
    let Some(fact) = register.fact(index) else { return Vec::new() };
    let all = [
        ("number_gap", fact.number_gap),
        ("number_reused", register.is_number_reused(index)),
        ("anchor_empty", fact.anchor_empty && index > 0),
    ];
    all.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect()
}

fn links(digest: &Hash) -> Links {
    let itself = format!("/v1/records/{digest}");
    let (note, receipt, bundle) = (format!("{itself}/note"), format!("{itself}/receipt"), format!("{itself}/bundle"));
    Links { itself, note, receipt, bundle }
}

/// One key, with the entry that registered it and the one that revoked it, and the number that follows `last_number`.
pub fn key(key: &Key, last_number: Option<u64>, digest_of: &dyn Fn(u64) -> Option<Hash>) -> Value {
    let at = |index: u64| json!({ "index": index, "digest": digest_of(index).map(|digest| digest.to_string()) });
    let mut value = json!({
        "name": key.name.as_str(),
        "vkey": key.published.to_string(),
        "party": key.name.party().as_str(),
        "role": key.name.role().as_str(),
    });
    if let Some(person) = &key.person {
        value["person"] = person.as_ref().into();
    }
    value["registered"] = at(key.registered);
    if let Some(revoked) = &key.revoked {
        let mut end = at(revoked.index);
        end["reason"] = revoked.reason.as_str().into();
        if let Some(from) = revoked.suspect_from {
            end["suspect_from"] = from.to_string().into();
        }
        value["revoked"] = end;
    }
    if let Some(last) = last_number.filter(|_| signs_records(key.name.role())) {
        value["next_number"] = (last + 1).into();
    }
    value
}

/// Whether keys of a role are the author of records, and so count them.
const fn signs_records(role: Role) -> bool {
    matches!(role, Role::Root | Role::Recovery | Role::Centre | Role::Leader | Role::Escort)
}

/// One slot: what the terms say of it, and what the log holds about it. `record_of` gives the entry at an index.
pub fn site(
    published: &Published,
    code: Slot,
    terms: &SlotTerms,
    record_of: &dyn Fn(u64) -> Option<(Hash, Entry)>,
) -> Value {
    let register = published.replica.register();
    let at = published.replica.last_received_at().unwrap_or_default();
    let reference = |index: u64| {
        let found = record_of(index)?;
        Some(json!({ "index": index, "digest": found.0.to_string(), "received_at": found.1.received_at.to_string() }))
    };
    let mut value = json!({
        "code": code.to_string(),
        "name": text(&terms.name),
        "inspecting": terms.inspecting.as_str(),
        "inspected": terms.inspected.as_str(),
        "host": terms.host.as_str(),
        "designated_by": terms.designated_by.as_str(),
    });
    let designation = register.designation(code, at).map(|designated| designated.index);
    if let Some((_, entry)) = designation.and_then(record_of)
        && let Body::Designation(body) = &entry.signed.record.body
    {
        value["site"] = json!({
            "code": body.site.0,
            "name": text(&body.name),
            "lat_e7": body.lat_e7.0,
            "lon_e7": body.lon_e7.0,
            "accuracy_m": body.accuracy_m.0,
            "source": body.source.0,
        });
        value["designation"] = designation.and_then(reference).into();
    }
    if let Some(consent) = register.standing_consent(code, at) {
        let mut shown = reference(consent.index).unwrap_or_default();
        shown["action"] = consent.action.as_str().into();
        if let Some(until) = consent.valid_until {
            shown["valid_until"] = until.to_string().into();
        }
        value["host_consent"] = shown;
    }
    let data: Vec<(u64, bool)> =
        register.slot(code).map(|facts| facts.data.iter().copied().collect()).unwrap_or_default();
    let declared = data.iter().rposition(|(_, is_declaration)| *is_declaration);
    if let Some((_, entry)) = declared.and_then(|i| record_of(data[i].0))
        && let Some(position) = declared
    {
        let mut shown = reference(data[position].0).unwrap_or_default();
        let object: Value = serde_json::from_str(entry.signed.json()).unwrap_or_default();
        shown["declared"] = object["body"].clone();
        value["declaration"] = shown;
        let changes: Vec<Value> = data[position + 1..].iter().filter_map(|(index, _)| reference(*index)).collect();
        value["data_changes"] = changes.into();
    }
    value
}

/// The indices of the entries that [`site`] shows.
pub fn site_indices(published: &Published, code: Slot) -> Vec<u64> {
    let register = published.replica.register();
    let at = published.replica.last_received_at().unwrap_or_default();
    let mut indices: Vec<u64> = register.designation(code, at).map(|designated| designated.index).into_iter().collect();
    indices.extend(register.standing_consent(code, at).map(|consent| consent.index));
    if let Some(facts) = register.slot(code) {
        let newest = facts.data.iter().rposition(|(_, is_declaration)| *is_declaration).unwrap_or(0);
        indices.extend(facts.data.iter().skip(newest).map(|(index, _)| *index));
    }
    indices
}

fn text(text: &crate::treaty::party::Text) -> Value {
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
    json!({
        "origin": terms.origin,
        "log_vkey": terms.log.to_string(),
        "clerk_vkey": terms.clerk.to_string(),
        "policy": "/v1/log/policy",
        "trust": trust,
        "checkpoint": checkpoint,
        "demonstration": terms.demonstration,
    })
}

/// Whether a fact may stand in a list of one kind or one state.
pub fn matches(fact: &Fact, kind: Option<&str>, party: Option<&str>) -> bool {
    kind.is_none_or(|kind| fact.kind.as_str() == kind) && party.is_none_or(|party| fact.party.as_str() == party)
}
