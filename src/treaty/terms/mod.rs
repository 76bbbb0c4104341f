//! `terms`: what the Parties agreed, and who they are.
//!
//! Entry 0 of a log is its first `terms`. It names the ledger's own keys, the root and recovery keys of both Parties
//! and of the hosts, the slots, the limits and the version of the rules; every root that it names signs it. A later
//! `terms` record is an amendment: it gives only what changes, carries the next version, and both Parties' roots sign
//! it. An entry is judged by the terms in force at its index.
//!
//! Invariants: origin and the mark of a demonstration stand for good; roots change by registration
//! ([`super::key_registration`]). The ledger's own keys change by an amendment that names the last size of the old ones,
//! which is no smaller than the log with that amendment: so the entry that brings a key is countersigned by the old one,
//! and no size that may be signed already changes its key.
//!
//! Deliberately absent: any reading of a clock; and a proof that somebody holds a new key of the ledger. Both Parties
//! sign it, and what it signs first shows it.

mod amend;
mod limits;

use std::collections::BTreeMap;

pub use limits::{Limits, ObligationKind, OneVisitPer, Quorum};

use super::party::{KeyName, Party, Role, Slot, Slots, Text};
use super::refusal::{Refusal, Refused};
use super::shape::{At, Code, Form, Int, List, MAX_MEMBERS, Schema, Shape, text, wrong, wrong_type};
use crate::hash::Hash;
use crate::json::{Fault, Value};
use crate::note::{KeyError, KeyKind, Succession, Verifier};

/// The version of the rules that this program holds.
pub const RULES: i64 = 1;

/// A verifier key inside a record, in C2SP's spelling; weak keys are refused as they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vkey(pub Verifier);

impl Shape for Vkey {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Vkey> {
        match Verifier::parse(text(value, at, faults)?) {
            Ok(verifier) => Some(Vkey(verifier)),
            Err(KeyError::Weak) => wrong(at, Form::KeyWeak, "", faults),
            Err(_) => wrong(at, Form::NotAVkey, "", faults),
        }
    }

    fn schema() -> Schema {
        Schema::Text { form: "a verifier key, `name+key id+base64`", max: 400 }
    }
}

crate::body! {
    /// The two keys on which an authority's other keys rest.
    pub struct Roots {
        /// Registers and revokes the authority's keys.
        root: Vkey,
        /// Replaces the root if it is lost or stolen.
        recovery: Vkey,
    }
}

crate::body! {
    /// What the terms say of one slot.
    pub struct SlotTerms {
        /// The Party that may inspect.
        inspecting: Party,
        /// The Party that owes access.
        inspected: Party,
        /// The state on whose territory the site lies; the inspected Party itself where that is so.
        host: Party,
        /// Who designates the site.
        designated_by: Party,
        /// What the slot is called.
        name: Text,
    }
}

crate::body! {
    /// A condition outside the ledger on which the agreement rests.
    pub struct Precondition {
        /// Its name.
        name: Code<64>,
        /// Whether a Party's NOT_MET puts slots out of force.
        suspensive: bool,
        /// The slots that it touches; all, where left out.
        slots: Option<Slots>,
    }
}

crate::body! {
    /// The log that this one continues after a loss.
    pub struct Succeeds {
        /// The origin of the ended log.
        origin: Code<255>,
        /// The size at which it ended.
        size: Int<1, { super::shape::INT_MAX }>,
        /// Its root at that size.
        root: Hash,
    }
}

/// An object whose member names are slots or states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<K: Ord, V>(pub BTreeMap<K, V>);

/// How the names of a map's members are read, the fault where one is not, and what to call them.
type Names<K> = (fn(&str) -> Option<K>, Form, &'static str);

impl<V: Shape> Map<Slot, V> {
    const NAME: Names<Slot> = (Slot::parse, Form::NotASlot, "a slot");
}

impl<V: Shape> Map<Party, V> {
    const NAME: Names<Party> = (Party::from_word, Form::NotOneOf, "a state");
}

fn read_map<K: Ord, V: Shape>(
    value: &Value<'_>,
    at: &At<'_>,
    faults: &mut Vec<Fault>,
    name: Names<K>,
) -> Option<Map<K, V>> {
    let Value::Object(members) = value else { return wrong_type(value, at, faults) };
    if members.is_empty() {
        return wrong(at, Form::TooFew, "≥ 1", faults);
    }
    if members.len() > MAX_MEMBERS {
        return wrong(at, Form::TooMany, &format!("≤ {MAX_MEMBERS}"), faults);
    }
    let before = faults.len();
    let mut map = BTreeMap::new();
    for member in members {
        let here = at.member(&member.name, member.line);
        let (key, read) = (name.0(&member.name), V::read(&member.value, &here, faults));
        match (key, read) {
            (Some(key), Some(read)) => drop(map.insert(key, read)),
            (None, _) => faults.push(here.fault(name.1, "")),
            (Some(_), None) => {}
        }
    }
    (faults.len() == before).then_some(Map(map))
}

impl<V: Shape> Shape for Map<Slot, V> {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Self> {
        read_map(value, at, faults, Self::NAME)
    }

    fn schema() -> Schema {
        Schema::Map { names: Self::NAME.2, value: Box::new(V::schema()) }
    }
}

impl<V: Shape> Shape for Map<Party, V> {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Self> {
        read_map(value, at, faults, Self::NAME)
    }

    fn schema() -> Schema {
        Schema::Map { names: Self::NAME.2, value: Box::new(V::schema()) }
    }
}

crate::body! {
    /// The body of a `terms` record. Entry 0 gives everything that is not marked; an amendment only what changes.
    pub struct TermsBody {
        /// What the agreement is called.
        title: Option<Text>,
        /// The name of the log. Entry 0 only.
        origin: Option<Code<255>>,
        /// 1 in entry 0, one more in each amendment.
        version: Int<1, 1_000_000>,
        /// The version of the rules in force from here on.
        rules: Option<Int<1, 1_000_000>>,
        /// Whether all of this is a demonstration. Entry 0 only.
        demonstration: Option<bool>,
        /// Whether anybody may read checkpoints and hash tiles.
        public_log: Option<bool>,
        /// The key that signs checkpoints; in an amendment, those of more than `log_until` entries.
        log_vkey: Option<Vkey>,
        /// The key that countersigns entries; in an amendment, those from index `log_until` on.
        clerk_vkey: Option<Vkey>,
        /// The last size of the keys that this amendment replaces; with a new key only.
        log_until: Option<Int<1, { super::shape::INT_MAX }>>,
        /// The root and recovery keys of each authority. Entry 0 only.
        roots: Option<Map<Party, Roots>>,
        /// The slots that inspections are owed for.
        slots: Option<Map<Slot, SlotTerms>>,
        /// The time limits and counts.
        limits: Option<Limits>,
        /// The kinds of obligation that enter a side's grade. Default ADMIT, REPORT, CLARIFY.
        graded: Option<List<ObligationKind, 0, 11>>,
        /// Conditions outside the ledger.
        preconditions: Option<List<Precondition, 0, 16>>,
        /// Who must cosign for a record to be final.
        quorum: Option<Quorum>,
        /// The log that this one continues. Entry 0 only.
        succeeds: Option<Succeeds>,
        /// Whether the agreement ends here.
        ended: Option<bool>,
    }
}

/// The terms in force from one entry on, with every member filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What the agreement is called.
    pub title: Text,
    /// The name of the log.
    pub origin: String,
    /// 1 for entry 0, one more for each amendment.
    pub version: i64,
    /// The version of the rules.
    pub rules: i64,
    /// Whether all of this is a demonstration.
    pub demonstration: bool,
    /// Whether anybody may read checkpoints and hash tiles.
    pub public_log: bool,
    /// The keys that sign checkpoints, each of the sizes that are its own.
    pub log: Succession,
    /// The keys that countersign entries: that of an entry is the one of the size that ends with it.
    pub clerk: Succession,
    /// The first root and recovery keys of each authority.
    pub roots: BTreeMap<Party, Roots>,
    /// The slots.
    pub slots: BTreeMap<Slot, SlotTerms>,
    /// The limits, as far as they were given.
    pub limits: Limits,
    /// The graded kinds of obligation.
    pub graded: Vec<ObligationKind>,
    /// Conditions outside the ledger.
    pub preconditions: Vec<Precondition>,
    /// Who must cosign.
    pub quorum: Quorum,
    /// The log that this one continues.
    pub succeeds: Option<Succeeds>,
    /// Whether the agreement has ended.
    pub ended: bool,
}

impl Terms {
    /// The terms that entry 0 sets. Answers everything that is missing or contradicts itself.
    pub fn begin(body: &TermsBody, origin: &str) -> Result<Terms, Vec<Refused>> {
        let mut refused = Vec::new();
        let mut missing = |there: bool, name: &str| {
            if !there {
                refused.push(Refused::new(Refusal::TermsInconsistent, format!("/body/{name}"), "missing in entry 0"));
            }
        };
        missing(body.title.is_some(), "title");
        missing(body.rules.is_some(), "rules");
        missing(body.log_vkey.is_some(), "log_vkey");
        missing(body.clerk_vkey.is_some(), "clerk_vkey");
        missing(body.roots.is_some(), "roots");
        missing(body.slots.is_some(), "slots");
        missing(body.quorum.is_some(), "quorum");
        if body.origin.as_ref().is_none_or(|named| named.0 != origin) {
            refused.push(Refused::new(Refusal::TermsInconsistent, "/body/origin", format!("line 2 says {origin}")));
        }
        if body.version.0 != 1 {
            refused.push(Refused::new(Refusal::TermsVersion, "/body/version", "1"));
        }
        if body.log_until.is_some() {
            refused.push(Refused::new(Refusal::LogUntil, "/body/log_until", "entry 0"));
        }
        let terms = Terms::filled(body, origin);
        if let Some(terms) = &terms {
            terms.contradictions(&mut refused);
            let mut seen = std::collections::BTreeSet::new();
            if !terms.all_keys().all(|key| seen.insert(*key.public())) {
                let twice = "one public key stands twice";
                refused.push(Refused::new(Refusal::TermsInconsistent, "/body/roots", twice));
            }
        }
        terms.filter(|_| refused.is_empty()).ok_or(refused)
    }

    fn filled(body: &TermsBody, origin: &str) -> Option<Terms> {
        use ObligationKind::{Admit, Clarify, Report};
        Some(Terms {
            title: body.title.clone()?,
            origin: origin.to_owned(),
            version: body.version.0,
            rules: body.rules?.0,
            demonstration: body.demonstration.unwrap_or(false),
            public_log: body.public_log.unwrap_or(false),
            log: Succession::of(body.log_vkey.clone()?.0),
            clerk: Succession::of(body.clerk_vkey.clone()?.0),
            roots: body.roots.clone()?.0,
            slots: body.slots.clone()?.0,
            limits: body.limits.clone().unwrap_or_default(),
            graded: body.graded.clone().map_or_else(|| vec![Admit, Report, Clarify], |list| list.0),
            preconditions: body.preconditions.clone().map_or_else(Vec::new, |list| list.0),
            quorum: body.quorum.clone()?,
            succeeds: body.succeeds.clone(),
            ended: body.ended.unwrap_or(false),
        })
    }

    /// Everything in these terms that cannot be so.
    fn contradictions(&self, refused: &mut Vec<Refused>) {
        let mut wrong = |pointer: String, got: &str| {
            refused.push(Refused::new(Refusal::TermsInconsistent, pointer, got));
        };
        let (log, clerk) = (self.log.newest(), self.clerk.newest());
        if log.name() != self.origin || log.kind() != KeyKind::Ed25519 {
            wrong("/body/log_vkey".into(), "the log key is named by the origin and has type 0x01");
        }
        if clerk.name() != format!("{}/clerk", self.origin) || clerk.kind() != KeyKind::Countersign {
            wrong("/body/clerk_vkey".into(), "the clerk key is named <origin>/clerk and has type 0xff");
        }
        for party in [Party::Us, Party::Ru] {
            if !self.roots.contains_key(&party) {
                wrong(format!("/body/roots/{party}"), "missing");
            }
        }
        if self.succeeds.as_ref().is_some_and(|before| before.origin.0 == self.origin) {
            wrong("/body/succeeds/origin".into(), "a log that continues another has a name of its own");
        }
        for (party, roots) in &self.roots {
            for (key, role) in [(&roots.root, Role::Root), (&roots.recovery, Role::Recovery)] {
                if !is_key_of(&key.0, *party, role) {
                    wrong(format!("/body/roots/{party}/{role}"), "the name is not of this authority and role");
                }
            }
        }
        for (slot, terms) in &self.slots {
            let sides = terms.inspecting.is_party() && terms.inspected.is_party();
            if !sides || terms.inspecting == terms.inspected {
                wrong(format!("/body/slots/{slot}/inspected"), "one Party inspects the other");
            }
            for (name, state) in [("host", terms.host), ("designated_by", terms.designated_by)] {
                if !self.roots.contains_key(&state) {
                    wrong(format!("/body/slots/{slot}/{name}"), "the terms name no keys of this state");
                }
            }
        }
        for (i, _) in self.graded.iter().enumerate().filter(|(_, kind)| **kind == ObligationKind::HostAct) {
            wrong(format!("/body/graded/{i}"), "what a host owes enters no Party's grade");
        }
        if let Some((a, b)) = self.quorum.overlap() {
            wrong("/body/quorum".into(), &format!("{a} overlaps {b}"));
        }
        if self.rules != RULES {
            refused.push(Refused::new(Refusal::RulesUnknown, "/body/rules", self.rules.to_string()));
        }
    }

    /// The keys of the log and its clerk, and the first root and recovery key of every authority.
    fn all_keys(&self) -> impl Iterator<Item = &Verifier> {
        let of_states = self.roots.values().flat_map(|roots| [&roots.root.0, &roots.recovery.0]);
        self.own_keys().chain(of_states)
    }

    /// Every key that the log and its clerk have had.
    pub fn own_keys(&self) -> impl Iterator<Item = &Verifier> {
        self.log.all().chain(self.clerk.all())
    }

    /// The key that countersigns the entry at an index.
    pub fn clerk_of(&self, index: u64) -> &Verifier {
        self.clerk.at(index.saturating_add(1))
    }

    /// What the terms say of a slot.
    pub fn slot(&self, slot: Slot) -> Option<&SlotTerms> {
        self.slots.get(&slot)
    }
}

/// Whether a verifier key carries a name of this authority and role, and the type that signs records.
fn is_key_of(key: &Verifier, party: Party, role: Role) -> bool {
    let named = KeyName::parse(key.name());
    named.is_some_and(|name| name.party() == party && name.role() == role) && key.kind() == KeyKind::Ed25519
}

impl TermsBody {
    /// The keys that entry 0 introduces: every root, so that it can be signed by them.
    pub fn introduced(&self, name: &str) -> Option<&Verifier> {
        let roots = &self.roots.as_ref()?.0;
        roots.values().map(|roots| &roots.root.0).find(|key| key.name() == name)
    }
}
