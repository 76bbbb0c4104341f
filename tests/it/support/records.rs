//! Records of every kind, as their authors would write them.

use countersign::hash::Hash;
use countersign::note::{KeyKind, Signer};
use countersign::treaty::record::{Kind, Signed};
use serde_json::{Value, json};

use super::ledger::{ORIGIN, clerk_key, draft, key, log_key, signed};

/// A text in both languages.
pub fn text(en: &str) -> Value {
    json!({ "en": en, "ru": "текст" })
}

/// The first terms, altered by `change`, signed by every root: A1 lies in Romania, A2 in Poland, B1 and B2 in Russia.
pub fn terms(change: impl FnOnce(&mut Value)) -> String {
    let vkey = |name: &str| key(name).verifier().to_string();
    let roots = |state: &str| json!({ "root": vkey(&format!("{state}/root/1")), "recovery": vkey(&format!("{state}/recovery/1")) });
    let mut body = json!({
        "title": text("test"), "origin": ORIGIN, "version": 1, "rules": 1, "demonstration": true, "public_log": true,
        "log_vkey": log_key().verifier().to_string(), "clerk_vkey": clerk_key().verifier().to_string(),
        "roots": { "US": roots("US"), "RU": roots("RU"), "RO": roots("RO"), "PL": roots("PL") },
        "slots": slots(),
        "quorum": { "all": [] },
    });
    change(&mut body);
    let mut record = draft(Kind::Terms, &["US/root/1", "RU/root/1", "RO/root/1", "PL/root/1"], body);
    record.number = 1;
    signed(&record)
}

/// The slots of these terms.
pub fn slots() -> Value {
    let slot = |inspecting, inspected, host, designated_by| json!({ "inspecting": inspecting, "inspected": inspected, "host": host, "designated_by": designated_by, "name": text("a site") });
    json!({
        "A1": slot("RU", "US", "RO", "RU"), "A2": slot("RU", "US", "PL", "RU"),
        "B1": slot("US", "RU", "RU", "US"), "B2": slot("US", "RU", "RU", "US"),
    })
}

/// The body of an amendment.
pub fn amendment(version: u64, change: impl FnOnce(&mut Value)) -> String {
    let mut body = json!({ "version": version });
    change(&mut body);
    signed(&draft(Kind::Terms, &["US/root/1", "RU/root/1"], body))
}

/// The body of a registration of this key, altered by `change`.
pub fn registering(signer: &Signer, change: impl FnOnce(&mut Value)) -> Value {
    let name = signer.verifier().name().to_owned();
    let role = name.split('/').nth(1).expect("a role").to_owned();
    let kind = if ["mirror", "witness"].contains(&role.as_str()) { KeyKind::Cosignature } else { KeyKind::Ed25519 };
    let mut body = json!({ "vkey": signer.verifier().with_kind(kind).to_string(), "name": name, "role": role });
    change(&mut body);
    body
}

/// The revocation of a key by its authority's root.
pub fn revocation(name: &str) -> String {
    let state = name.split('/').next().expect("a state");
    let body = json!({ "name": name, "reason": "lost", "suspect_from": "2026-02-01T00:00:00Z" });
    signed(&draft(Kind::KeyRevocation, &[&format!("{state}/root/1")], body))
}

/// The body of a designation.
pub fn designating(slot: &str, action: &str) -> Value {
    json!({
        "slot": slot, "site": format!("S-{slot}"), "action": action, "name": text("a site"),
        "lat_e7": 440_000_000, "lon_e7": -240_000_000, "accuracy_m": 500, "source": "a map",
    })
}

/// The body of a host's consent.
pub fn consenting(slot: &str, scope: &str, action: &str) -> Value {
    json!({ "scope": scope, "slot": slot, "action": action })
}

/// The body of a declaration: one launcher of 24 cells, one item in its last cell and one at the site.
pub fn declaring(slot: &str) -> Value {
    json!({
        "slot": slot,
        "launchers": [{ "id": "L1", "type": "Mk 41", "cells": 24 }],
        "items": [
            { "uid": "I-1", "type": "SM-3", "location": "L1/24", "count": 1 },
            { "uid": "I-2", "type": "canister", "location": "store-1", "count": 3 },
        ],
        "absent": [],
    })
}

/// The body of a data change.
pub fn changing(slot: &str) -> Value {
    let mut body = declaring(slot);
    body["reload"] = false.into();
    body
}

/// A record of one signer.
pub fn by(signer: &str, kind: Kind, body: Value) -> String {
    signed(&draft(kind, &[signer], body))
}

/// A designation that the US centre may always make.
pub fn simple() -> String {
    by("US/centre/1", Kind::Designation, designating("B1", "designate"))
}

/// The digest of a note's record.
pub fn digest(note: &str) -> Hash {
    Signed::parse(note.as_bytes()).expect("a record").digest
}

/// The text of a note, up to the empty line.
pub fn text_of(note: &str) -> &str {
    let end = note.rfind("\n\n").expect("an empty line");
    &note[..=end]
}

/// The number of the last line of a note that this key signed.
pub fn line_of(note: &str, name: &str) -> usize {
    let mark = format!("— {name} ");
    let lines: Vec<&str> = note.lines().collect();
    lines.iter().rposition(|line| line.starts_with(&mark)).expect("a line") + 1
}
