//! `countermeasure`: a Party withholds what it owes, and cites what it says the other side owes.
//!
//! It is a claim like those of [`super::claim`], with two members more: what it cites, and on what condition it will be
//! lifted. It must cite, and is recorded whatever it cites: the state of each obligation that is cited stands beside it,
//! as each side sees it.
//!
//! Deliberately absent: whether what is cited was in default. Enforcing that would make the ledger a judge.

use std::fmt;

use super::admit::Case;
use super::claim::{Kinds, only_slot};
use super::party::{Slot, Slots, Text};
use super::refusal::Refused;
use super::shape::{At, Form, List, Schema, Shape, text, wrong};
use super::terms::ObligationKind;
use crate::hash::Hash;
use crate::json::{Fault, Value};

/// What a countermeasure cites: every obligation that a record created, or one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cited {
    /// All that the record with this digest created.
    Record(Hash),
    /// One obligation, by its id.
    Obligation {
        /// Its kind.
        kind: ObligationKind,
        /// The record that created it.
        record: Hash,
        /// Its slot, if it has one.
        slot: Option<Slot>,
    },
}

impl Cited {
    /// Reads `sha256:…`, or the id of an obligation, `KIND:sha256:…:<slot or ->`.
    pub fn parse(text: &str) -> Option<Cited> {
        if let Ok(record) = text.parse() {
            return Some(Cited::Record(record));
        }
        let (kind, rest) = text.split_once(':')?;
        let (record, slot) = rest.rsplit_once(':')?;
        let slot = if slot == "-" { None } else { Some(Slot::parse(slot)?) };
        Some(Cited::Obligation { kind: ObligationKind::from_word(kind)?, record: record.parse().ok()?, slot })
    }

    /// The digest of the record.
    pub const fn record(&self) -> &Hash {
        match self {
            Cited::Record(record) | Cited::Obligation { record, .. } => record,
        }
    }
}

impl fmt::Display for Cited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cited::Record(record) => write!(f, "{record}"),
            Cited::Obligation { kind, record, slot: Some(slot) } => write!(f, "{kind}:{record}:{slot}"),
            Cited::Obligation { kind, record, slot: None } => write!(f, "{kind}:{record}:-"),
        }
    }
}

impl Shape for Cited {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Cited> {
        let text = text(value, at, faults)?;
        Cited::parse(text).or_else(|| wrong(at, Form::NotACitation, "", faults))
    }

    fn schema() -> Schema {
        Schema::Text { form: "a digest, or an obligation's id, `<kind>:<digest>:<slot or ->`", max: 87 }
    }
}

crate::body! {
    /// The body of a `countermeasure`.
    pub struct Countermeasure {
        /// The slots that it is about.
        slots: Option<Slots>,
        /// The kinds of obligation that it is about.
        kinds: Option<Kinds>,
        /// Why.
        reason: Text,
        /// What the other side owes: obligations, or records that created some.
        cites: List<Cited, 1, 16>,
        /// On what condition it will be lifted.
        lifting_condition: Text,
    }
}

impl Countermeasure {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
        case.has_slots(self.slots.as_ref(), refused);
    }

    /// The slot, where it names one alone.
    pub fn slot(&self) -> Option<Slot> {
        only_slot(self.slots.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";

    #[test]
    fn what_is_cited_is_a_record_or_an_obligation_and_is_written_as_it_was_read() {
        let record = DIGEST.parse().expect("a digest");
        for (text, cited) in [
            (DIGEST.to_owned(), Cited::Record(record)),
            (
                format!("ADMIT:{DIGEST}:B1"),
                Cited::Obligation { kind: ObligationKind::Admit, record, slot: Slot::parse("B1") },
            ),
            (format!("HOST_ACT:{DIGEST}:-"), Cited::Obligation { kind: ObligationKind::HostAct, record, slot: None }),
        ] {
            assert_eq!(Cited::parse(&text), Some(cited));
            assert_eq!(cited.to_string(), text);
            assert_eq!(cited.record(), &record);
        }
    }

    #[test]
    fn a_citation_that_is_not_whole_is_none() {
        for wrong in [
            String::new(),
            "ADMIT".into(),
            "ADMIT::B1".into(),
            format!("ADMIT:{DIGEST}"),
            format!("ADMIT:{DIGEST}:"),
            format!("ADMIT:{DIGEST}:B0"),
            format!("admit:{DIGEST}:B1"),
            format!("VISIT:{DIGEST}:B1"),
            format!(":{DIGEST}:B1"),
            format!("{DIGEST}:B1"),
            format!("ADMIT:{DIGEST}:B1:"),
            format!("ADMIT:{}:B1", DIGEST.to_uppercase()),
        ] {
            assert_eq!(Cited::parse(&wrong), None, "{wrong}");
        }
    }
}
