//! A record: one statement of one state, signed by those it names.
//!
//! The text of a record is `countersign/record/v1`, the ledger's origin, and one JSON object; the note around it
//! carries exactly one Ed25519 line by each signer that the object names. [`Signed::parse`] reads all of that and
//! believes nothing; [`Signed::verify`] checks the signatures whose keys are known; [`super::admit`] decides.
//!
//! Invariants:
//! - The bytes are the record: what was signed is kept and logged as it came, and nothing is written anew.
//! - A fault of form is a [`Malformed`] with every fault that was found; whoever reads it can mend all at once.
//!
//! Deliberately absent: the ledger's own line, which makes a record an [`Entry`](super::entry::Entry).

use uuid::Uuid;

use super::acknowledgement::Acknowledgement;
use super::correction::Correction;
use super::data_change::DataChange;
use super::declaration::Declaration;
use super::designation::Designation;
use super::host_consent::HostConsent;
use super::inspector_list::InspectorList;
use super::inspector_objection::InspectorObjection;
use super::intent::Intent;
use super::key_registration::KeyRegistration;
use super::key_revocation::KeyRevocation;
use super::milestone::Milestone;
use super::party::{KeyName, Party, Slot};
use super::report::Report;
use super::report_receipt::ReportReceipt;
use super::shape::{At, Form, INT_MAX, Int, List, Members, Schema, Shape, text, wrong};
use super::site_diagram::SiteDiagram;
use super::terms::TermsBody;
use super::time::Instant;
use crate::hash::Hash;
use crate::json::{self, Fault, Value};
use crate::note::{Line, Note};
use crate::words::Words;

/// The first line of every record.
pub const FIRST_LINE: &str = "countersign/record/v1";
/// The greatest size of a submitted note, in bytes, so that its entry always fits a tile.
pub const MAX_BYTES: usize = 61_440;
/// The greatest number of signature lines of a submitted note.
pub const MAX_LINES: usize = 8;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident($body:ty) = $word:literal, $nature:ident;)*) => {
        crate::one_of! {
            /// The kind of a record.
            pub enum Kind { $($(#[doc = $doc])+ $name = $word,)* }
        }

        impl Kind {
            /// Whether records of the kind state facts, or claims and consents.
            pub const fn nature(self) -> Nature {
                match self { $(Kind::$name => Nature::$nature,)* }
            }

            /// The declaration of the kind's body.
            pub fn schema(self) -> Schema {
                match self { $(Kind::$name => <$body as Shape>::schema(),)* }
            }
        }

        /// The body of a record, by kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Body { $($(#[doc = $doc])+ $name(Box<$body>),)* }

        impl Body {
            /// The kind.
            pub const fn kind(&self) -> Kind {
                match self { $(Body::$name(_) => Kind::$name,)* }
            }

            /// Reads a body as its kind declares it.
            pub fn read(kind: Kind, value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Body> {
                match kind { $(Kind::$name => <$body>::read(value, at, faults).map(|body| Body::$name(Box::new(body))),)* }
            }
        }
    };
}

/// What a record states. Facts have happened when the ledger receives them; claims and consents may lie ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// What was done or seen.
    Fact,
    /// What is agreed, claimed, notified or consented to.
    Statement,
}

kinds! {
    /// The terms of the agreement, or an amendment.
    Terms(TermsBody) = "terms", Statement;
    /// An authority admits a key.
    KeyRegistration(KeyRegistration) = "key_registration", Statement;
    /// An authority ends a key.
    KeyRevocation(KeyRevocation) = "key_revocation", Statement;
    /// A site is named for a slot.
    Designation(Designation) = "designation", Statement;
    /// A host state consents.
    HostConsent(HostConsent) = "host_consent", Statement;
    /// A Party declares what is at a site.
    Declaration(Declaration) = "declaration", Fact;
    /// A Party declares what has changed.
    DataChange(DataChange) = "data_change", Fact;
    /// The agreed drawing of a site.
    SiteDiagram(SiteDiagram) = "site_diagram", Statement;
    /// Whom a Party may send.
    InspectorList(InspectorList) = "inspector_list", Statement;
    /// A Party objects to inspectors of the other.
    InspectorObjection(InspectorObjection) = "inspector_objection", Statement;
    /// A Party asks to inspect.
    Intent(Intent) = "intent", Statement;
    /// A centre has a notification before it.
    Acknowledgement(Acknowledgement) = "acknowledgement", Fact;
    /// A step of a visit has happened.
    Milestone(Milestone) = "milestone", Fact;
    /// What an inspection team saw.
    Report(Report) = "report", Fact;
    /// The escort has the report.
    ReportReceipt(ReportReceipt) = "report_receipt", Fact;
    /// What a record should have said.
    Correction(Correction) = "correction", Statement;
}

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
struct Id(Uuid);

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

/// A record that was read, with nothing believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The ledger that it is for.
    pub origin: String,
    /// What it says about itself.
    pub header: Header,
    /// What it states.
    pub body: Body,
}

impl Record {
    /// The slot that the body names, if its kind has one.
    pub fn slot(&self) -> Option<Slot> {
        match &self.body {
            Body::Terms(_) | Body::KeyRegistration(_) | Body::KeyRevocation(_) => None,
            Body::Designation(body) => Some(body.slot),
            Body::HostConsent(body) => Some(body.slot),
            Body::Declaration(body) => Some(body.slot),
            Body::DataChange(body) => Some(body.slot),
            Body::SiteDiagram(body) => Some(body.slot),
            Body::Intent(body) => Some(body.slot),
            Body::InspectorList(_)
            | Body::InspectorObjection(_)
            | Body::Acknowledgement(_)
            | Body::Milestone(_)
            | Body::Report(_)
            | Body::ReportReceipt(_)
            | Body::Correction(_) => None,
        }
    }

    /// Reads a record's text: the first line, the origin, and the JSON object.
    pub fn parse(text: &str) -> Result<Record, Malformed> {
        let (origin, object) = split(text)?;
        let reading = json::read(object);
        let mut faults = reading.faults;
        let read = reading.value.as_ref().and_then(|value| read_object(value, &mut faults));
        match read {
            Some((header, body)) if faults.is_empty() => Ok(Record { origin: origin.to_owned(), header, body }),
            _ => {
                for fault in &mut faults {
                    fault.line += 2; // the JSON begins on line 3
                }
                Err(Malformed { code: "record_malformed", faults })
            }
        }
    }
}

/// The origin and the JSON of a record's text.
fn split(text: &str) -> Result<(&str, &str), Malformed> {
    let rest = text.strip_prefix(FIRST_LINE).and_then(|rest| rest.strip_prefix('\n'));
    let Some(rest) = rest else {
        return Err(Malformed::one(
            "not_a_record",
            1,
            Words::fixed("The first line is not countersign/record/v1.", "Первая строка не countersign/record/v1."),
        ));
    };
    match rest.split_once('\n') {
        Some((origin, object)) if crate::note::is_key_name(origin) && origin.len() <= 255 => Ok((origin, object)),
        _ => Err(Malformed::one(
            "not_a_record",
            2,
            Words::fixed("The second line is not the origin of a ledger.", "Вторая строка не является именем реестра."),
        )),
    }
}

/// Reads the object of a record: its header and its body.
fn read_object(value: &Value<'_>, faults: &mut Vec<Fault>) -> Option<(Header, Body)> {
    let root = At::root(1);
    let mut members = Members::open(value, &root, faults)?;
    let id = members.take::<Id>("id", faults);
    let kind = members.take::<Kind>("kind", faults);
    let party = members.take::<Party>("party", faults);
    let signers = members.take::<List<KeyName, 1, 4>>("signers", faults);
    let number = members.take::<Int<1, { INT_MAX }>>("number", faults);
    let signed_at = members.take::<Instant>("signed_at", faults);
    let effective_at = members.take::<Option<Instant>>("effective_at", faults);
    let anchor = members.take::<RawAnchor>("anchor", faults);
    let channel = members.take::<Channel>("channel", faults);
    let refs = members.take::<Option<List<Hash, 0, 16>>>("refs", faults);
    let body = read_body(kind, &mut members, faults);
    members.finish(faults);
    if let Some(signers) = &signers {
        no_two_alike(&signers.0, &root.member("signers", 1), faults);
    }
    let (anchor, refs) = (anchor?, refs?.map_or_else(Vec::new, |refs| refs.0));
    no_two_alike(&refs, &root.member("refs", 1), faults);
    let header = Header {
        id: id?.0,
        party: party?,
        signers: signers?.0,
        number: number?.0.unsigned_abs(),
        signed_at: signed_at?,
        effective_at: effective_at?,
        anchor: Anchor { size: anchor.size.0.unsigned_abs(), root: anchor.root },
        channel: channel?,
        refs,
    };
    Some((header, body?))
}

/// Reads the body as its kind declares it; without a kind, only that it is there.
fn read_body(kind: Option<Kind>, members: &mut Members<'_, '_>, faults: &mut Vec<Fault>) -> Option<Body> {
    let at = members.at();
    let Some(member) = members.find("body") else {
        return wrong(&at.member("body", 1), Form::MemberMissing, "", faults);
    };
    Body::read(kind?, &member.value, &at.member("body", member.line), faults)
}

/// Every item of a list that has stood in it before is a fault.
fn no_two_alike<T: PartialEq>(items: &[T], at: &At<'_>, faults: &mut Vec<Fault>) {
    for (i, item) in items.iter().enumerate() {
        if items[..i].contains(item) {
            faults.push(at.item(i).fault(Form::Repeated, ""));
        }
    }
}

/// A text that is not a record: everything that is wrong with its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The stable code of the whole.
    pub code: &'static str,
    /// Every fault that was found, at least one. Faults outside the JSON have an empty pointer and name the line.
    pub faults: Vec<Fault>,
}

impl Malformed {
    /// One fault outside the JSON.
    pub fn one(code: &'static str, line: u32, detail: Words) -> Malformed {
        Malformed { code, faults: vec![Fault { pointer: String::new(), line, code, detail }] }
    }
}

/// A record with its signature lines, parsed, and nothing believed.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The exact bytes that came.
    pub note: String,
    /// The length of the text that is signed, in bytes.
    pub text_len: usize,
    /// SHA-256 of the text: the record's permanent address.
    pub digest: Hash,
    /// What the text says.
    pub record: Record,
    /// The signature lines.
    pub lines: Vec<Line>,
}

impl Signed {
    /// Parses a submitted note. Sizes are checked first; every fault of the JSON is answered.
    pub fn parse(bytes: &[u8]) -> Result<Signed, Malformed> {
        if bytes.len() > MAX_BYTES {
            return Err(Malformed::one(
                "too_large",
                1,
                Words::fixed("A record has at most 61,440 bytes.", "Запись не может быть больше 61 440 байт."),
            ));
        }
        let note = Note::parse(bytes).map_err(|error| Malformed::one("not_a_note", error.line(), error.words()))?;
        let text = note.text();
        let all = String::from_utf8_lossy(bytes).into_owned(); // a parsed note is UTF-8
        Signed::of_parts(all, text, note.into_lines())
    }

    /// Reads the text of a note whose lines are known; `note` is the whole of it.
    pub(super) fn of_parts(note: String, text: &str, lines: Vec<Line>) -> Result<Signed, Malformed> {
        if lines.len() > MAX_LINES {
            return Err(Malformed::one(
                "too_many_lines",
                1,
                Words::fixed("A record has at most 8 signature lines.", "В записи не более 8 строк подписи."),
            ));
        }
        let record = Record::parse(text)?;
        Ok(Signed { note, text_len: text.len(), digest: Hash::of(text.as_bytes()), record, lines })
    }

    /// The text that is signed, with its final LF.
    pub fn text(&self) -> &str {
        self.note.get(..self.text_len).unwrap_or_default()
    }

    /// The JSON of the record.
    pub fn json(&self) -> &str {
        let mut parts = self.text().splitn(3, '\n');
        parts.nth(2).unwrap_or_default()
    }

    /// The line of the signer at a position of `signers`.
    pub fn line_of(&self, signer: usize) -> Option<&Line> {
        let name = self.record.header.signers.get(signer)?.as_str();
        self.lines.iter().find(|line| line.name == name)
    }
}
