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

pub use super::header::{Anchor, Channel, Header};

use super::acceptance::Acceptance;
use super::acknowledgement::Acknowledgement;
use super::cancellation::Cancellation;
use super::claim::Claim;
use super::clarification_reply::ClarificationReply;
use super::clarification_request::ClarificationRequest;
use super::consultation_request::ConsultationRequest;
use super::contest::Contest;
use super::correction::Correction;
use super::countermeasure::Countermeasure;
use super::data_change::DataChange;
use super::declaration::Declaration;
use super::denial::Denial;
use super::designation::Designation;
use super::determination::Determination;
use super::header::{Id, RawAnchor};
use super::host_consent::HostConsent;
use super::inspector_list::InspectorList;
use super::inspector_objection::InspectorObjection;
use super::intent::Intent;
use super::joint_statement::JointStatement;
use super::key_registration::KeyRegistration;
use super::key_revocation::KeyRevocation;
use super::lift::Lift;
use super::milestone::Milestone;
use super::party::{KeyName, Party, Slot};
use super::postponement::Postponement;
use super::precondition::Precondition;
use super::release::Release;
use super::report::Report;
use super::report_receipt::ReportReceipt;
use super::shape::{At, Form, INT_MAX, Int, List, Members, Schema, Shape, wrong};
use super::site_diagram::SiteDiagram;
use super::terms::TermsBody;
use super::time::Instant;
use crate::hash::Hash;
use crate::json::{self, Fault, Value};
use crate::words::Words;

pub use super::signed::Signed;

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
    /// A Party says whether a condition outside the ledger is met.
    Precondition(Precondition) = "precondition", Statement;
    /// Both Parties say something together.
    JointStatement(JointStatement) = "joint_statement", Statement;
    /// A Party waives what it had asked for.
    Cancellation(Cancellation) = "cancellation", Statement;
    /// Both Parties move a date.
    Postponement(Postponement) = "postponement", Statement;
    /// A Party says that it was prevented.
    ForceMajeure(Claim) = "force_majeure", Statement;
    /// A Party says that it is exempt.
    Exemption(Claim) = "exemption", Statement;
    /// A Party says that the host state objects.
    HostObjection(Claim) = "host_objection", Statement;
    /// A Party says that it offered access and nobody came.
    AccessOffered(Claim) = "access_offered", Statement;
    /// A Party will not do what it owes.
    Refusal(Denial) = "refusal", Statement;
    /// A Party suspends what it owes.
    Suspension(Claim) = "suspension", Statement;
    /// A Party withholds what it owes, and cites what the other owes.
    Countermeasure(Countermeasure) = "countermeasure", Statement;
    /// A Party gives up a claim of its own.
    Lift(Lift) = "lift", Statement;
    /// A Party disputes a record, or no longer.
    Contest(Contest) = "contest", Statement;
    /// A Party accepts what the other said.
    Acceptance(Acceptance) = "acceptance", Statement;
    /// A Party asks the other to explain.
    ClarificationRequest(ClarificationRequest) = "clarification_request", Statement;
    /// A Party has explained.
    ClarificationReply(ClarificationReply) = "clarification_reply", Fact;
    /// A Party asks the other to meet.
    ConsultationRequest(ConsultationRequest) = "consultation_request", Statement;
    /// What a Party concludes.
    Determination(Determination) = "determination", Statement;
    /// A Party releases a record to others.
    Release(Release) = "release", Statement;
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
            Body::ClarificationRequest(body) => body.slot,
            Body::ForceMajeure(body)
            | Body::Exemption(body)
            | Body::HostObjection(body)
            | Body::AccessOffered(body)
            | Body::Suspension(body) => body.slot(),
            Body::Countermeasure(body) => body.slot(),
            Body::InspectorList(_)
            | Body::InspectorObjection(_)
            | Body::Acknowledgement(_)
            | Body::Milestone(_)
            | Body::Report(_)
            | Body::ReportReceipt(_)
            | Body::Correction(_)
            | Body::Precondition(_)
            | Body::JointStatement(_)
            | Body::Cancellation(_)
            | Body::Postponement(_)
            | Body::Refusal(_)
            | Body::Lift(_)
            | Body::Contest(_)
            | Body::Acceptance(_)
            | Body::ClarificationReply(_)
            | Body::ConsultationRequest(_)
            | Body::Determination(_)
            | Body::Release(_) => None,
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
