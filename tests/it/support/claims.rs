//! Bodies of what the Parties say about what they owe, and of what they answer.

use countersign::hash::Hash;
use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::records::text;

/// The kinds that a Party's centre signs alone, and that say something about other records or about the agreement.
pub const OF_ONE_PARTY: [Kind; 17] = [
    Kind::Precondition,
    Kind::Cancellation,
    Kind::ForceMajeure,
    Kind::Exemption,
    Kind::HostObjection,
    Kind::AccessOffered,
    Kind::Refusal,
    Kind::Suspension,
    Kind::Countermeasure,
    Kind::Lift,
    Kind::Contest,
    Kind::Acceptance,
    Kind::ClarificationRequest,
    Kind::ClarificationReply,
    Kind::ConsultationRequest,
    Kind::Determination,
    Kind::Release,
];

/// The claims that excuse.
pub const EXCUSES: [Kind; 4] = [Kind::ForceMajeure, Kind::Exemption, Kind::HostObjection, Kind::AccessOffered];

/// The least that a record of the kind can say.
pub fn saying(kind: Kind) -> Value {
    match kind {
        Kind::Precondition => json!({ "name": "new-start", "state": "NOT_MET" }),
        Kind::Postponement => json!({ "due_at": "2026-04-01T00:00:00Z" }),
        Kind::Cancellation | Kind::Refusal | Kind::Lift | Kind::Acceptance => json!({}),
        Kind::Contest => json!({ "action": "claim" }),
        Kind::ClarificationRequest => json!({ "urgency": "routine", "text": text("a question") }),
        Kind::ClarificationReply | Kind::ConsultationRequest | Kind::Determination | Kind::JointStatement => {
            json!({ "text": text("words") })
        }
        Kind::Release => json!({ "to": "public" }),
        Kind::Countermeasure => json!({
            "reason": text("a reason"),
            "cites": [Hash::of(b"whatever it is").to_string()],
            "lifting_condition": text("a condition"),
        }),
        _ => json!({ "reason": text("a reason") }),
    }
}

/// A claim about these slots.
pub fn at_slots(kind: Kind, slots: &[&str]) -> Value {
    let mut body = saying(kind);
    body["slots"] = json!(slots);
    body
}

/// A claim about these kinds of obligation.
pub fn about(kind: Kind, kinds: &[&str]) -> Value {
    let mut body = saying(kind);
    body["kinds"] = json!(kinds);
    body
}
