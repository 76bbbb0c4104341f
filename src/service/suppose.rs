//! What might follow: records that nobody has sent, answers that nobody has given, limits that nobody has agreed.
//!
//! They are put on a copy of the register, by the rules that would judge them, and a status is computed from that. The
//! order is that of receipt. Other limits come first: an amendment by both Parties, received with the last entry known.
//! Then the records, each at its own time. An answer to a claim is a record of the side opposite to the claim's author,
//! received at the instant asked about or with the last entry known, whichever is later, and after whatever else is
//! received by then.
//!
//! Invariants: nothing is stored, and no reader of the ledger sees any of it; what the ledger would refuse is refused
//! here, for the same reasons.
//!
//! Deliberately absent: signatures, numbers and anchors. Nothing of this was said by anybody.

use serde_json::{Map, Value, json};

use super::known::{Known, KnownAt};
use super::ledger::Ledger;
use super::query::QueryError;
use super::status::{Question, View};
use crate::history::{History, Rejected};
use crate::json::{self, Fault};
use crate::store::StoreError;
use crate::treaty::apply::apply;
use crate::treaty::docket::Act;
use crate::treaty::entry::Entry;
use crate::treaty::obligation::other;
use crate::treaty::party::Party;
use crate::treaty::reciprocity::Answer;
use crate::treaty::register::Register;
use crate::treaty::shape::{At, Form, Int, List, Schema, Shape, text, wrong, wrong_type};
use crate::treaty::terms::Limits;
use crate::treaty::time::Instant;
use crate::words::Words;

/// What is sent, in bytes at most.
pub const MAX_BYTES: usize = 65_536;
/// Entries that are folded at a time.
const PAGE: u64 = 1_000;

crate::one_of! {
    /// How much of a status is wanted.
    pub enum Include {
        /// Everything.
        All = "all",
    }
}

crate::body! {
    /// What is supposed, and what is asked of it.
    pub struct Supposed {
        /// The instant asked about. The ledger's current second if left out.
        as_of: Option<Instant>,
        /// What the ledger held: `tree:<size>`, or an instant before the current second. The newest size if left out.
        known_at: Option<KnownAt>,
        /// In whose view. What neither side disputes if left out.
        view: Option<View>,
        /// The calendar year. That of `as_of` if left out.
        period: Option<Int<1970, 9999>>,
        /// Whether everything is wanted.
        include: Option<Include>,
        /// Claims that the other side accepts: their digests, or ids of records below.
        accept: Option<List<Name, 0, 64>>,
        /// Claims that the other side contests.
        contest: Option<List<Name, 0, 64>>,
        /// Limits that both Parties agree on.
        limits: Option<Limits>,
        /// Records, in the order of their receipt.
        records: Option<List<Loose, 0, 64>>,
    }
}

crate::body! {
    /// A record that nobody has sent.
    pub struct Loose {
        /// When the ledger receives it.
        received_at: Instant,
        /// The states that sign it; that of the record if left out.
        signed_by: Option<List<Party, 1, 4>>,
        /// The record's object. Its `id` may be any text and names it; references may use digests, and ids of records
        /// before it.
        record: Object,
    }
}

/// The digest of a record, or the id of one that is supposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub String);

impl Shape for Name {
    fn read(value: &json::Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Name> {
        match text(value, at, faults)? {
            "" => wrong(at, Form::Empty, "", faults),
            name => Some(Name(name.to_owned())),
        }
    }

    fn schema() -> Schema {
        Schema::Text { form: "a digest, or the id of a record below", max: MAX_BYTES }
    }
}

impl Shape for KnownAt {
    fn read(value: &json::Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<KnownAt> {
        let given = text(value, at, faults)?;
        KnownAt::parse(given).or_else(|| wrong(at, Form::NotAnInstant, "", faults))
    }

    fn schema() -> Schema {
        Schema::Text { form: "`tree:<size>`, or `YYYY-MM-DDTHH:MM:SSZ`", max: 32 }
    }
}

impl Shape for View {
    fn read(value: &json::Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<View> {
        View::parse(text(value, at, faults)?).or_else(|| wrong(at, Form::NotOneOf, "us ru undisputed all", faults))
    }

    fn schema() -> Schema {
        Schema::OneOf(vec!["us", "ru", "undisputed", "all"])
    }
}

/// An object that is read later, as the record that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object(pub Map<String, Value>);

impl Shape for Object {
    fn read(value: &json::Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Object> {
        match plain(value) {
            Value::Object(members) => Some(Object(members)),
            _ => wrong_type(value, at, faults),
        }
    }

    fn schema() -> Schema {
        Schema::Text { form: "a record's object; what it need not say is filled in", max: MAX_BYTES }
    }
}

/// What the strict reader read, for whoever fills in the rest.
fn plain(value: &json::Value<'_>) -> Value {
    match value {
        json::Value::Bool(value) => (*value).into(),
        json::Value::Int(value) => (*value).into(),
        json::Value::String(text) => text.as_ref().into(),
        json::Value::Array(items) => items.iter().map(plain).collect(),
        json::Value::Object(members) => {
            members.iter().map(|member| (member.name.to_string(), plain(&member.value))).collect()
        }
        json::Value::Faulty => Value::Null,
    }
}

impl Supposed {
    /// Reads what was sent: one JSON object. Every fault at once.
    pub fn parse(sent: &str) -> Result<Supposed, Vec<Fault>> {
        let sent = format!("{}\n", sent.trim_end_matches(['\n', '\r', ' ', '\t']));
        let reading = json::read(&sent);
        let mut faults = reading.faults;
        let read = reading.value.as_ref().and_then(|value| Supposed::read(value, &At::root(1), &mut faults));
        read.filter(|_| faults.is_empty()).ok_or(faults)
    }

    /// The question, for a ledger whose current second this is.
    pub fn question(&self, now: Instant) -> Question {
        let as_of = self.as_of.unwrap_or(now);
        let period = self.period.as_ref().and_then(|year| i32::try_from(year.0).ok()).unwrap_or_else(|| as_of.year());
        let view = self.view.unwrap_or_default();
        Question { as_of, view, period, everything: self.include.is_some() }
    }
}

/// Something that the ledger would not take.
#[derive(Clone, Debug)]
pub struct Impossible {
    /// An RFC 6901 pointer into what was sent.
    pub pointer: String,
    /// The stable code: that of the ledger's refusal, where a rule refuses.
    pub code: &'static str,
    /// The section of `docs/rules.md`, where a rule refuses.
    pub provision: Option<&'static str>,
    /// For people.
    pub words: Words,
}

/// Every reason for which a record cannot be, with pointers below `root`; those into its object go through `inner`.
fn impossible(rejected: Rejected, root: &str, inner: &dyn Fn(&str) -> String) -> Vec<Impossible> {
    match rejected {
        Rejected::Line { pointer, code, words } => {
            vec![Impossible { pointer: format!("{root}{pointer}"), code, provision: None, words }]
        }
        Rejected::Malformed(malformed) => {
            let faults = malformed.faults.into_iter();
            let one = |fault: Fault| Impossible {
                pointer: inner(&fault.pointer),
                code: fault.code,
                provision: None,
                words: fault.detail,
            };
            faults.map(one).collect()
        }
        Rejected::Refused(refused) => refused
            .iter()
            .map(|refused| Impossible {
                pointer: inner(&refused.pointer),
                code: refused.refusal.code(),
                provision: Some(refused.refusal.provision()),
                words: refused.words(),
            })
            .collect(),
    }
}

/// What is supposed, put on a register one after another.
struct Supposition<'s> {
    supposed: &'s Supposed,
    sent: &'s Value,
    history: History,
    /// When answers are received.
    answered_at: Instant,
}

impl Supposition<'_> {
    /// Everything, in the order of receipt, until something is impossible.
    fn all(&mut self) -> Result<(), Vec<Impossible>> {
        self.limits()?;
        let records = self.supposed.records.as_ref().map_or(&[][..], |records| &records.0);
        let later = records.iter().position(|loose| loose.received_at > self.answered_at).unwrap_or(records.len());
        for (i, loose) in records.iter().enumerate().take(later) {
            self.record(i, loose)?;
        }
        self.answers()?;
        for (i, loose) in records.iter().enumerate().skip(later) {
            self.record(i, loose)?;
        }
        Ok(())
    }

    /// Limits that both Parties agree on.
    fn limits(&mut self) -> Result<(), Vec<Impossible>> {
        let (Some(_), Some(at)) = (&self.supposed.limits, self.history.last_received_at()) else { return Ok(()) };
        let version = self.history.register().terms().map_or(0, |terms| terms.version) + 1;
        let body = json!({ "version": version, "limits": self.sent["limits"] });
        let record = json!({ "id": "limits", "kind": "terms", "party": "US", "body": body });
        let inner = |pointer: &str| pointer.strip_prefix("/body").unwrap_or("/limits").to_owned();
        self.take(at, &json!(["US", "RU"]), &record).map_err(|rejected| impossible(rejected, "/limits", &inner))
    }

    /// A record, as it was written.
    fn record(&mut self, i: usize, loose: &Loose) -> Result<(), Vec<Impossible>> {
        let root = format!("/records/{i}");
        let signed_by = &self.sent["records"][i]["signed_by"];
        let taken = self.history.take(loose.received_at, signed_by, &loose.record.0, &Value::Null);
        taken.map_err(|rejected| impossible(rejected, &root, &|pointer| format!("{root}/record{pointer}")))
    }

    /// The answers to claims.
    fn answers(&mut self) -> Result<(), Vec<Impossible>> {
        let supposed = self.supposed;
        let given = [("accept", &supposed.accept, "acceptance"), ("contest", &supposed.contest, "contest")];
        for (member, names, kind) in given {
            let names = names.iter().flat_map(|names| &names.0).enumerate();
            for (i, Name(name)) in names {
                self.answer(&format!("/{member}/{i}"), member, kind, name)?;
            }
        }
        Ok(())
    }

    /// The answer to one claim, by the side opposite to its author.
    fn answer(&mut self, root: &str, member: &str, kind: &str, name: &str) -> Result<(), Vec<Impossible>> {
        let Some((digest, author)) = self.claim(name) else {
            let (provision, words) = (None, NO_CLAIM);
            return Err(vec![Impossible { pointer: root.to_owned(), code: "claim_unknown", provision, words }]);
        };
        let body = if kind == "contest" { json!({ "action": "claim" }) } else { json!({}) };
        let party = other(author).as_str();
        let record =
            json!({ "id": format!("{member}:{name}"), "kind": kind, "party": party, "refs": [digest], "body": body });
        let taken = self.take(self.answered_at, &json!([party]), &record);
        taken.map_err(|rejected| impossible(rejected, root, &|_| root.to_owned()))
    }

    /// The digest and the author of the claim of this name.
    fn claim(&self, name: &str) -> Option<(String, Party)> {
        let digest = self.history.digest_named(name)?;
        let docket = self.history.register().known(self.history.size());
        let event = docket.event(docket.index_of(&digest)?)?;
        matches!(event.act, Act::Claim(_)).then(|| (digest.to_string(), event.party))
    }

    fn take(&mut self, at: Instant, signed_by: &Value, record: &Value) -> Result<(), Rejected> {
        let nothing = Map::new();
        self.history.take(at, signed_by, record.as_object().unwrap_or(&nothing), &Value::Null)
    }
}

const NO_CLAIM: Words = Words::fixed(
    "This names no claim that is known: an excuse, a suspension, a countermeasure or access that was offered.",
    "Это не указывает ни на одно известное заявление: об освобождении, приостановке, контрмере или предложенном доступе.",
);

/// How the two sides would stand, in each view that is asked for; or everything that makes the first of the suppositions
/// impossible that cannot be. `sent` is what was sent, as JSON.
pub fn answers(
    register: Register,
    supposed: &Supposed,
    sent: &Value,
    question: &Question,
) -> Result<Vec<Answer>, Vec<Impossible>> {
    let held = register.size();
    let history = History::beyond(register);
    let answered_at = history.last_received_at().unwrap_or_default().max(question.as_of);
    let mut supposition = Supposition { supposed, sent, history, answered_at };
    supposition.all()?;
    let history = supposition.history;
    let (as_of, period) = (question.as_of, Some(question.period));
    let mut answers = history.statuses(history.size(), as_of, period, &question.view.viewers());
    for answer in &mut answers {
        answer.known_at = format!("tree:{held}"); // what is supposed is not known
    }
    Ok(answers)
}

impl Ledger {
    /// The register as it was when it held so many entries: a copy that nobody else sees.
    pub async fn register_at(&self, known: &Known) -> Result<Register, QueryError> {
        let published = &known.published;
        if known.size() == published.size() {
            return Ok(published.replica.register().clone());
        }
        let mut register = Register::default();
        while register.size() < known.size() {
            let from = register.size();
            let page = self.reader.entries(from, known.size().min(from + PAGE)).await?;
            register = self.computed(move || fold(register, &page)).await.map_err(|_| QueryError::NotYet)??;
        }
        Ok(register)
    }
}

/// Folds committed entries into a register.
fn fold(mut register: Register, entries: &[String]) -> Result<Register, StoreError> {
    for bytes in entries {
        let entry = Entry::parse(bytes.as_bytes()).map_err(|_| {
            StoreError::Falsified(format!("the stored bytes of entry {} are no entry", register.size()))
        })?;
        apply(&mut register, &entry.signed.record, entry.signed.digest, entry.received_at);
    }
    Ok(register)
}
