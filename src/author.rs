//! Writing a record's text, and signing it.
//!
//! A record is signed as it is written, so everything about its layout is decided here once: the two first lines, the
//! members of the header in the order of `docs/records.md`, those of the body in the order of their declaration, one
//! member a line with two spaces of indent. Readers accept any layout that the strict reader does; this one is for
//! people, who sign what they read.
//!
//! Invariants: what is laid out is what was given, value by value; nothing is filled in. A text that was signed is
//! never laid out again.
//!
//! Deliberately absent: clocks, random numbers and files. Ids and times are arguments.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::hash::Hash;
use crate::note::{KeyKind, SignError, Signer, assemble, sign_note};
use crate::treaty::party::Party;
use crate::treaty::record::{Anchor, Channel, FIRST_LINE, Kind};
use crate::treaty::shape::Schema;
use crate::treaty::time::Instant;

/// The members of a header, in the order in which they are written.
const HEADER: [&str; 11] =
    ["id", "kind", "party", "signers", "number", "signed_at", "effective_at", "anchor", "channel", "refs", "body"];

/// A record before it is text.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Unique for its first signer.
    pub id: Uuid,
    /// What kind of record it is.
    pub kind: Kind,
    /// The state of the first signer.
    pub party: Party,
    /// The names of the keys that will sign; the first is the author's.
    pub signers: Vec<String>,
    /// The author's own count.
    pub number: u64,
    /// When it is signed.
    pub signed_at: Instant,
    /// The time of the fact.
    pub effective_at: Option<Instant>,
    /// The last checkpoint that the author saw.
    pub anchor: Anchor,
    /// How it reached the other side first.
    pub channel: Channel,
    /// Records that it refers to.
    pub refs: Vec<Hash>,
    /// The body, as JSON.
    pub body: Value,
}

impl Draft {
    /// The record's JSON object.
    pub fn object(&self) -> Value {
        let mut object = serde_json::json!({
            "id": self.id,
            "kind": self.kind.as_str(),
            "party": self.party.as_str(),
            "signers": self.signers,
            "number": self.number,
            "signed_at": self.signed_at.to_string(),
        });
        if let Some(effective_at) = self.effective_at {
            object["effective_at"] = effective_at.to_string().into();
        }
        object["anchor"] = serde_json::json!({ "size": self.anchor.size, "root": self.anchor.root.to_string() });
        object["channel"] = self.channel.as_str().into();
        if !self.refs.is_empty() {
            object["refs"] = self.refs.iter().map(Hash::to_string).collect::<Vec<_>>().into();
        }
        object["body"] = self.body.clone();
        object
    }

    /// The text to sign, for the ledger with this origin.
    pub fn text(&self, origin: &str) -> String {
        lay_out(origin, &self.object())
    }
}

/// The text of a record: its first two lines, and `object` one member a line in the documented order.
pub fn lay_out(origin: &str, object: &Value) -> String {
    let kind = object.get("kind").and_then(Value::as_str).and_then(Kind::from_word);
    let mut ordered = in_order(object, &HEADER);
    if let (Some(body), Some(kind)) = (ordered.get_mut("body"), kind) {
        *body = in_schema_order(body, &kind.schema());
    }
    text_of(origin, &format!("{ordered:#}"))
}

/// The text of a record around an object that stays byte for byte as it is, but for line feeds at its end.
pub fn text_of(origin: &str, object: &str) -> String {
    format!("{FIRST_LINE}\n{origin}\n{}\n", object.trim_end_matches('\n'))
}

/// An object with the named members first, in this order, and every other after them.
fn in_order(value: &Value, names: &[&str]) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let mut ordered = Map::new();
    for name in names {
        if let Some(value) = members.get(*name) {
            ordered.insert((*name).to_owned(), value.clone());
        }
    }
    for (name, value) in members {
        ordered.entry(name).or_insert_with(|| value.clone());
    }
    Value::Object(ordered)
}

fn in_schema_order(value: &Value, schema: &Schema) -> Value {
    match (value, schema) {
        (Value::Object(_), Schema::Object(members)) => {
            let names: Vec<&str> = members.iter().map(|member| member.name).collect();
            let mut ordered = in_order(value, &names);
            for member in members {
                if let Some(inner) = ordered.get_mut(member.name) {
                    *inner = in_schema_order(inner, &member.schema);
                }
            }
            ordered
        }
        (Value::Object(members), Schema::Map { value: inner, .. }) => {
            members.iter().map(|(name, value)| (name.clone(), in_schema_order(value, inner))).collect()
        }
        (Value::Array(items), Schema::List { item, .. }) => {
            items.iter().map(|value| in_schema_order(value, item)).collect()
        }
        _ => value.clone(),
    }
}

/// Why a text was not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorError {
    /// The machine or the key is broken.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Signs a record's text with each of the keys, in this order. Keys that cosign checkpoints sign records (their own
/// registration) with the type of ordinary notes.
pub fn sign(text: &str, signers: &[&Signer]) -> Result<String, AuthorError> {
    let mut lines = Vec::with_capacity(signers.len());
    for signer in signers {
        lines.push(sign_note(&signer.with_kind(KeyKind::Ed25519), text)?);
    }
    Ok(assemble(text, &lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::treaty::record::{Record, Signed};
    use crate::treaty::register::Register;

    fn draft() -> Draft {
        Draft {
            id: Uuid::parse_str("01a1b2c3-0000-7000-8000-000000000001").expect("a UUID"),
            kind: Kind::KeyRevocation,
            party: Party::Us,
            signers: vec!["US/root/1".into()],
            number: 1,
            signed_at: Instant::parse("2026-01-02T03:04:05Z").expect("a time"),
            effective_at: None,
            anchor: Anchor { size: 0, root: crate::hash::Hash::of(b"") },
            channel: Channel::NationalCentre,
            refs: Vec::new(),
            body: serde_json::json!({ "reason": "lost", "name": "US/leader/1" }),
        }
    }

    #[test]
    fn a_record_is_written_one_member_a_line_in_the_documented_order() {
        let text = draft().text("ledger.example/x");
        let expected = "countersign/record/v1\nledger.example/x\n{\n  \"id\": \"01a1b2c3-0000-7000-8000-000000000001\",\n  \
            \"kind\": \"key_revocation\",\n  \"party\": \"US\",\n  \"signers\": [\n    \"US/root/1\"\n  ],\n  \"number\": 1,\n  \
            \"signed_at\": \"2026-01-02T03:04:05Z\",\n  \"anchor\": {\n    \"size\": 0,\n    \"root\": \"sha256:\
            e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n  },\n  \"channel\": \"national_centre\",\n  \
            \"body\": {\n    \"name\": \"US/leader/1\",\n    \"reason\": \"lost\"\n  }\n}\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_written_is_read_back_and_verifies() {
        let text = draft().text("ledger.example/x");
        assert!(Record::parse(&text).is_ok());
        let signer = Signer::from_seed("US/root/1", KeyKind::Ed25519, [7; 32]).expect("a key");
        let note = sign(&text, &[&signer]).expect("signs");
        let signed = Signed::parse(note.as_bytes()).expect("parses");
        assert_eq!(signed.text(), text);
        assert!(signed.verify(&Register::default(), "test").is_ok());
    }

    #[test]
    fn unknown_members_are_kept_so_that_the_reader_can_name_them() {
        let mut object = draft().object();
        object["surprise"] = 1.into();
        assert!(lay_out("x", &object).contains("\"surprise\": 1"));
    }
}
