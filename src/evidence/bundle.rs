//! The bundle: everything about one record, in one file.
//!
//! It carries the record's entry and its proof in a checkpoint, and the entries on which that rests (all `terms`, the
//! registrations of the signers' keys, and revocations of them below the checkpoint's size), each with its own proof in
//! the same checkpoint. It is JSON so that other programs can open it; everything that matters inside is signed text.
//!
//! Deliberately absent: judgement ([`super::verify()`]).

use serde::Serialize;

use crate::json::{self, Fault};
use crate::treaty::shape::{At, List, Members, Schema, Shape, text};

/// The media type of a bundle.
pub const MEDIA_TYPE: &str = "application/vnd.countersign.bundle+json";
/// The value of `format`.
pub const FORMAT: &str = "countersign/bundle/v1";
/// The greatest size of a bundle that is read, in bytes.
pub const MAX_BYTES: usize = 16 << 20;

/// An entry with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proved {
    /// The entry's bytes, as text.
    pub entry: String,
    /// Its C2SP tlog-proof.
    pub receipt: String,
}

/// One record with all that its verification needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bundle {
    /// [`FORMAT`].
    pub format: &'static str,
    /// The name of the log.
    pub origin: String,
    /// The root of trust that the ledger names. A verifier takes its own.
    pub trust: String,
    /// The record's entry.
    pub entry: String,
    /// Its proof.
    pub receipt: String,
    /// What it rests on, in log order.
    pub support: Vec<Proved>,
}

/// A text of any length: the notes inside a bundle have limits of their own.
struct Raw(String);

impl Shape for Raw {
    fn read(value: &json::Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Raw> {
        text(value, at, faults).map(|text| Raw(text.to_owned()))
    }

    fn schema() -> Schema {
        Schema::Text { form: "signed text", max: MAX_BYTES }
    }
}

impl Shape for Proved {
    fn read(value: &json::Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Proved> {
        let mut members = Members::open(value, at, faults)?;
        let (entry, receipt) = (members.take::<Raw>("entry", faults), members.take::<Raw>("receipt", faults));
        members.finish(faults);
        Some(Proved { entry: entry?.0, receipt: receipt?.0 })
    }

    fn schema() -> Schema {
        Raw::schema()
    }
}

impl Bundle {
    /// Reads a bundle; every fault of its form is answered.
    pub fn parse(text: &str) -> Result<Bundle, Vec<Fault>> {
        let ended = if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        let reading = json::read(&ended);
        let mut faults = reading.faults;
        let bundle = reading.value.as_ref().and_then(|value| Bundle::read(value, &mut faults));
        bundle.filter(|_| faults.is_empty()).ok_or(faults)
    }

    fn read(value: &json::Value<'_>, faults: &mut Vec<Fault>) -> Option<Bundle> {
        use crate::treaty::shape::{Form, wrong};
        let at = At::root(1);
        let mut members = Members::open(value, &at, faults)?;
        let format = members.take::<Raw>("format", faults);
        let origin = members.take::<Raw>("origin", faults);
        let trust = members.take::<Raw>("trust", faults);
        let entry = members.take::<Raw>("entry", faults);
        let receipt = members.take::<Raw>("receipt", faults);
        let support = members.take::<List<Proved, 0, 4_096>>("support", faults);
        members.finish(faults);
        if format?.0 != FORMAT {
            return wrong(&at.member("format", 1), Form::NotOneOf, FORMAT, faults);
        }
        Some(Bundle {
            format: FORMAT,
            origin: origin?.0,
            trust: trust?.0,
            entry: entry?.0,
            receipt: receipt?.0,
            support: support?.0,
        })
    }
}
