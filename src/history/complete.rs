//! A loose record, completed: everything that a history may leave out, and digests in the place of names.
//!
//! Whoever supposes what might be said writes as little as whoever writes a history: a record's own words, who signs,
//! and when it is received. The rest is filled in here, for both.
//!
//! Invariants: what is given is never changed, but for names of records, which become digests, and for an id that is no
//! UUID.
//!
//! Deliberately absent: judgement. A completed record is judged like any other.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::History;
use super::rejected::Rejected;
use crate::hash::Hash;
use crate::note::{KeyKind, Signer};
use crate::treaty::party::Party;
use crate::treaty::record::Kind;
use crate::treaty::time::Instant;

impl History {
    /// A record with everything that a history may leave out, and digests in the place of names; and its author.
    pub(super) fn complete(
        &self,
        record: &Map<String, Value>,
        signed_by: &Value,
        received_at: Instant,
    ) -> Result<(Value, String), Rejected> {
        let mut record = record.clone();
        let kind = record.get("kind").and_then(Value::as_str).and_then(Kind::from_word);
        self.point_at_digests(&mut record);
        if let (Some(Kind::Terms), true) = (kind, self.size() == 0) {
            complete_terms(&mut record);
        }
        if !record.contains_key("signers") {
            let sides = self.sides(&record, signed_by)?;
            let role = |side: &str| self.role(kind, side, &record);
            let signers: Vec<String> = sides.iter().map(|side| format!("{side}/{}/history", role(side))).collect();
            record.insert("signers".into(), signers.into());
        }
        let author = record["signers"][0].as_str().unwrap_or_default().to_owned();
        let mut fill = |name: &str, value: Value| {
            record.entry(name).or_insert(value);
        };
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
    fn sides(&self, record: &Map<String, Value>, signed_by: &Value) -> Result<Vec<String>, Rejected> {
        let party = record.get("party").and_then(Value::as_str).ok_or(Rejected::NO_PARTY)?;
        let mut sides: Vec<String> = match signed_by {
            Value::Null => vec![party.to_owned()],
            Value::Array(sides) => sides.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => return Err(Rejected::SIGNED_BY),
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
pub(super) fn stand_in(name: &str) -> Hash {
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
    let mut fill = |name: &str, value: Value| {
        body.entry(name).or_insert(value);
    };
    fill("title", json!({ "en": "A history", "ru": "История" }));
    fill("origin", origin.clone().into());
    fill("version", 1.into());
    fill("rules", 1.into());
    fill("log_vkey", vkey(&origin, KeyKind::Ed25519));
    fill("clerk_vkey", vkey(&format!("{origin}/clerk"), KeyKind::Countersign));
    fill("roots", roots.into());
    fill("quorum", json!({ "all": [] }));
}
