//! Bodies of the records that an inspection consists of.

use countersign::hash::Hash;
use countersign::treaty::time::Instant;
use serde_json::{Value, json};

use super::records::text;

/// A second, as it is written.
pub fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap_or_else(|| panic!("{text} is no time"))
}

/// The second so many seconds after another.
pub fn after(from: Instant, seconds: i64) -> Instant {
    Instant::from_seconds(from.seconds() + seconds).expect("a time")
}

/// A diagram of a slot.
pub fn drawing(slot: &str, version: u64) -> Value {
    let file = json!({ "sha256": Hash::of(b"a drawing").to_string(), "bytes": 9, "media_type": "application/pdf" });
    json!({ "slot": slot, "version": version, "file": file, "buildings": ["1", "2"] })
}

/// A list of inspectors with these codes.
pub fn listing(codes: &[&str]) -> Value {
    let inspectors = codes.iter().map(|code| json!({ "code": code, "languages": ["en"] })).collect::<Vec<_>>();
    json!({ "inspectors": inspectors })
}

/// An objection to inspectors.
pub fn objecting(codes: &[&str]) -> Value {
    json!({ "inspectors": codes, "reason": text("a reason") })
}

/// A request to inspect a slot.
pub fn intending(slot: &str, eta: Instant) -> Value {
    json!({ "slot": slot, "eta": eta.to_string(), "poe": "the airport", "type": "absence" })
}

/// A step of a visit.
pub fn stepping(name: &str) -> Value {
    json!({ "name": name })
}

/// A report on a declaration that confirms every claim: 8 of 24 cells opened, one item line, one photograph of one
/// ambiguity. The inspection ended an hour before the hand-over.
pub fn reporting(declaration: Hash, handed_over_at: Instant) -> Value {
    let claim = json!({ "finding": "confirmed", "k": 24, "n": 24, "method": "opened" });
    let sampled = json!({ "finding": "confirmed", "k": 8, "n": 24, "method": "opened", "selection": "by lot" });
    let photograph = Hash::of(b"a photograph").to_string();
    json!({
        "handed_over_at": handed_over_at.to_string(),
        "started_at": after(handed_over_at, -7_200).to_string(),
        "ended_at": after(handed_over_at, -3_600).to_string(),
        "declaration": declaration.to_string(),
        "claims": { "C1": sampled, "C2": claim, "C3": claim, "C4": claim, "C5": claim, "C6": claim },
        "items": [{
            "uid": "I-1", "location": "L1/24", "declared": { "type": "SM-3", "count": 1 },
            "observed": { "type": "SM-3", "count": 1 }, "method": "marking read",
        }],
        "ambiguities": [{ "id": "AM-1", "text": text("a conduit"), "photos": [photograph] }],
        "photographs": [{
            "sha256": photograph, "bytes": 1_000, "subject": text("a conduit"), "taken_by": "escort", "class": "parties",
        }],
        "limitations": [],
        "narrative": text("what happened"),
    })
}

/// An answer to a report.
pub fn receipting(result: &str) -> Value {
    let mut body = json!({ "result": result });
    match result {
        "acknowledged_with_comments" => body["comments"] = text("comments"),
        "declined" => body["reason"] = text("a reason"),
        _ => {}
    }
    body
}

/// A correction of a record: `change` gives its time, its body, or that it is void.
pub fn correcting(original: Hash, change: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({ "supersedes": original.to_string(), "reason": text("an error") });
    change(&mut body);
    body
}
