//! What every record says about itself, whatever its kind.
//!
//! Deliberately absent: the body.

use uuid::Uuid;

use super::party::{KeyName, Party};
use super::shape::{At, Form, INT_MAX, Int, Schema, Shape, text, wrong};
use super::time::Instant;
use crate::hash::Hash;
use crate::json::{Fault, Value};

crate::one_of! {
    /// How a record reached the other side first.
    pub enum Channel {
        /// Between national centres.
        NationalCentre = "national_centre",
        /// By diplomatic note.
        DiplomaticNote = "diplomatic_note",
        /// Handed over at the site.
        OnSite = "on_site",
        /// Over the network of the OSCE.
        OsceNetwork = "osce_network",
        /// By courier.
        Courier = "courier",
    }
}

crate::body! {
    /// The last checkpoint that the author saw.
    pub struct RawAnchor {
        /// Its size; 0 for who never saw one.
        size: Int<0, { INT_MAX }>,
        /// Its root; the empty root at size 0.
        root: Hash,
    }
}

/// The last checkpoint that an author saw: gossip against split views, and a lower bound of the signing time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The number of entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// A UUID of version 7 in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(pub(super) Uuid);

impl Shape for Id {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Id> {
        let text = text(value, at, faults)?;
        let id = Uuid::try_parse(text).ok().filter(|id| text.len() == 36 && id.get_version_num() == 7);
        let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
        id.filter(|id| lower && id.get_variant() == uuid::Variant::RFC4122)
            .map_or_else(|| wrong(at, Form::NotAUuid, "", faults), |id| Some(Id(id)))
    }

    fn schema() -> Schema {
        Schema::Text { form: "a UUID of version 7 (RFC 9562) in lower case", max: 36 }
    }
}

/// What every record says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Unique for its first signer.
    pub id: Uuid,
    /// The state of the first signer.
    pub party: Party,
    /// Who signs; the first is the author.
    pub signers: Vec<KeyName>,
    /// The author's own count of records.
    pub number: u64,
    /// When the author says that it was signed.
    pub signed_at: Instant,
    /// The time of the fact.
    pub effective_at: Option<Instant>,
    /// The last checkpoint that the author saw.
    pub anchor: Anchor,
    /// How it reached the other side first.
    pub channel: Channel,
    /// Records that this one refers to.
    pub refs: Vec<Hash>,
}

impl Header {
    /// The first signer. There is always one.
    pub fn author(&self) -> &KeyName {
        &self.signers[0]
    }
}
