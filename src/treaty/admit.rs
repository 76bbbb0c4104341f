//! Whether a record may become the next entry.
//!
//! [`admit`] judges one record against the register as it stands before it. It looks at authenticity first and answers
//! nothing else until that holds; then it collects every other reason. What it judges is the log's order, never a
//! clock: a key is good if it was registered before this index and not revoked before it.
//!
//! Invariants: the verdict is a pure function of the entries before, the record, and the time of receipt. Replaying the
//! log gives the same verdicts.
//!
//! Deliberately absent: the anchor, which needs the tree ([`crate::replica`]), and what happened to the same record
//! before (there too).

use super::party::{Party, Role, Slot, Slots};
use super::record::{Body, Header, Kind, Nature, Record};
use super::refusal::{Refusal, Refused};
use super::register::{Fact, Register};
use super::terms::{SlotTerms, Terms};
use super::time::Instant;
use super::verify::{LineVerdict, Verified, introduced};
use super::visit::Visit;
use crate::note::Verifier;

/// What a rule may look at.
pub struct Case<'a> {
    /// All entries before.
    pub register: &'a Register,
    /// The index that the record would have.
    pub index: u64,
    /// The terms in force.
    pub terms: &'a Terms,
    /// What the record says about itself.
    pub header: &'a Header,
    /// When the ledger received it.
    pub received_at: Instant,
}

/// Whether signatures are checked or known to be checked elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signatures {
    /// Check every signature that has not passed yet.
    Check,
    /// Another check covers them: the boot gate folds what mirrors and audits verify.
    CheckedElsewhere,
}

/// Judges a record against the entries before it, under `terms`. An empty answer admits it.
pub fn admit(
    register: &Register,
    terms: &Terms,
    verified: &Verified,
    received_at: Instant,
    signatures: Signatures,
) -> Vec<Refused> {
    let mut refused = authentic(register, verified, signatures);
    if !refused.is_empty() {
        return refused;
    }
    refused.extend(rules(register, terms, &verified.signed().record, received_at));
    refused
}

/// Every reason in what a record says; its lines are not looked at.
pub fn rules(register: &Register, terms: &Terms, record: &Record, received_at: Instant) -> Vec<Refused> {
    let mut refused = Vec::new();
    let header = &record.header;
    let case = Case { register, index: register.size(), terms, header, received_at };
    if record.origin != terms.origin {
        refused.push(Refused::new(Refusal::OriginMismatch, "", terms.origin.as_str()));
    }
    if header.party != header.author().party() {
        refused.push(Refused::new(Refusal::PartyMismatch, "/party", header.author().as_str()));
    }
    for (i, digest) in header.refs.iter().enumerate() {
        if register.index_of(digest).is_none() {
            refused.push(Refused::new(Refusal::RefUnknown, format!("/refs/{i}"), digest.to_string()));
        }
    }
    if record.body.kind().nature() == Nature::Fact {
        case.has_happened(&mut refused);
    }
    of_kind(record, &case, &mut refused);
    refused
}

/// The rules of the record's kind.
fn of_kind(record: &Record, case: &Case<'_>, refused: &mut Vec<Refused>) {
    match &record.body {
        Body::Terms(body) => body.admit(case, refused),
        Body::KeyRegistration(body) => body.admit(case, refused),
        Body::KeyRevocation(body) => body.admit(case, refused),
        Body::Designation(body) => body.admit(case, refused),
        Body::HostConsent(body) => body.admit(case, refused),
        Body::Declaration(body) => body.admit(case, refused),
        Body::DataChange(body) => body.admit(case, refused),
        Body::SiteDiagram(body) => body.admit(case, refused),
        Body::InspectorList(body) => body.admit(case, refused),
        Body::InspectorObjection(body) => body.admit(case, refused),
        Body::Intent(body) => body.admit(case, refused),
        Body::Acknowledgement(body) => body.admit(case, refused),
        Body::Milestone(body) => body.admit(case, refused),
        Body::Report(body) => body.admit(case, refused),
        Body::ReportReceipt(body) => body.admit(case, refused),
        Body::Correction(body) => body.admit(case, refused),
        Body::Precondition(body) => body.admit(case, refused),
        Body::JointStatement(body) => body.admit(case, refused),
        Body::Cancellation(body) => body.admit(case, refused),
        Body::Postponement(body) => body.admit(case, refused),
        Body::Refusal(body) => body.admit(case, refused),
        Body::Countermeasure(body) => body.admit(case, refused),
        Body::Lift(body) => body.admit(case, refused),
        Body::Contest(body) => body.admit(case, refused),
        Body::Acceptance(body) => body.admit(case, refused),
        Body::ClarificationRequest(body) => body.admit(case, refused),
        Body::ClarificationReply(body) => body.admit(case, refused),
        Body::ConsultationRequest(body) => body.admit(case, refused),
        Body::Determination(body) => body.admit(case, refused),
        Body::Release(body) => body.admit(case, refused),
        Body::ForceMajeure(body)
        | Body::Exemption(body)
        | Body::HostObjection(body)
        | Body::AccessOffered(body)
        | Body::Suspension(body) => body.admit(record.body.kind(), case, refused),
    }
}

/// The signers whose keys are not good at the next index, before anything is signed.
pub fn keys(register: &Register, record: &Record) -> Vec<Refused> {
    let index = register.size();
    let refusal_of = |i: usize, name: &str| match register.key(name) {
        Some(key) if key.is_good_at(index) => None,
        Some(_) => Some(Refusal::KeyRevoked),
        None if introduced(record, i).is_some() => None,
        None => Some(Refusal::KeyUnknown),
    };
    let signers = record.header.signers.iter().enumerate();
    let faults = signers.filter_map(|(i, name)| {
        Some(Refused::new(refusal_of(i, name.as_str())?, format!("/signers/{i}"), name.as_str()))
    });
    faults.collect()
}

/// Every signer's key is good at this index, and its line is good.
fn authentic(register: &Register, verified: &Verified, signatures: Signatures) -> Vec<Refused> {
    let record = &verified.signed().record;
    let index = register.size();
    let mut refused = Vec::new();
    for (i, name) in record.header.signers.iter().enumerate() {
        let key = match new_key(verified, i).or_else(|| register.key(name.as_str()).map(|key| key.verifier.clone())) {
            Some(key) => key,
            None => {
                refused.push(Refused::new(Refusal::KeyUnknown, format!("/signers/{i}"), name.as_str()));
                continue;
            }
        };
        let revoked =
            register.key(name.as_str()).is_some_and(|known| known.verifier == key && !known.is_good_at(index));
        if revoked {
            refused.push(Refused::new(Refusal::KeyRevoked, format!("/signers/{i}"), name.as_str()));
        } else {
            refused.extend(line_fault(verified, i, &key, signatures));
        }
    }
    refused
}

/// The key that a registration introduces, where the line of this signer is by it. (Under a name that is taken the
/// registered key is another one; the rules of the registration say so.)
fn new_key(verified: &Verified, signer: usize) -> Option<Verifier> {
    let record = &verified.signed().record;
    // Amendments introduce nobody: the roots that `terms` names count in entry 0 alone.
    let key = introduced(record, signer).filter(|_| record.body.kind() == Kind::KeyRegistration)?;
    matches!(verified.line_is_of(signer, &key), LineVerdict::Good).then_some(key)
}

fn line_fault(verified: &Verified, signer: usize, key: &Verifier, signatures: Signatures) -> Option<Refused> {
    let verdict = match signatures {
        Signatures::Check => verified.is_signed_by(signer, key),
        Signatures::CheckedElsewhere => verified.line_is_of(signer, key),
    };
    let refusal = match verdict {
        LineVerdict::Good => return None,
        LineVerdict::Bad => Refusal::SignatureInvalid,
        LineVerdict::OtherKey => Refusal::KeyUnknown,
    };
    Some(Refused::new(refusal, format!("/signers/{signer}"), key.name()))
}

/// What is wrong with the lines of a record that is in the log already. Its keys may have been revoked since; but who
/// cannot show its signatures does not learn that it is there.
pub fn shown_again(register: &Register, verified: &Verified) -> Vec<Refused> {
    let signers = verified.signed().record.header.signers.iter().enumerate();
    let faults = signers.filter_map(|(i, name)| match register.key(name.as_str()) {
        Some(key) => line_fault(verified, i, &key.verifier, Signatures::Check),
        None => Some(Refused::new(Refusal::KeyUnknown, format!("/signers/{i}"), name.as_str())),
    });
    faults.collect()
}

impl<'a> Case<'a> {
    /// What the terms say of a slot; a refusal if they do not have it.
    pub fn slot(&self, slot: Slot, refused: &mut Vec<Refused>) -> Option<&'a SlotTerms> {
        let terms = self.terms.slot(slot);
        if terms.is_none() {
            refused.push(Refused::new(Refusal::SlotUnknown, "/body/slot", slot.to_string()));
        }
        terms
    }

    /// The terms have each of these slots.
    pub fn has_slots(&self, slots: Option<&Slots>, refused: &mut Vec<Refused>) {
        let slots = slots.iter().flat_map(|slots| &slots.0).enumerate();
        for (i, slot) in slots.filter(|(_, slot)| self.terms.slot(**slot).is_none()) {
            refused.push(Refused::new(Refusal::SlotUnknown, format!("/body/slots/{i}"), slot.to_string()));
        }
    }

    /// The record is another side's to make; that is said once.
    pub fn not_of_this_side(&self, wanted: &str, refused: &mut Vec<Refused>) {
        if refused.iter().all(|other| other.refusal != Refusal::RoleNotAllowed) {
            refused.push(Refused::new(Refusal::RoleNotAllowed, "/signers", wanted));
        }
    }

    /// The signers are exactly one for each of these, in any order.
    pub fn signed_by(&self, wanted: &[(Party, Role)], refused: &mut Vec<Refused>) {
        let mut have: Vec<_> = self.header.signers.iter().map(|name| (name.party(), name.role())).collect();
        let mut wanted = wanted.to_vec();
        have.sort();
        wanted.sort();
        let roots_in_force = self.header.signers.iter().all(|name| self.is_root_in_force(name.as_str()));
        if have != wanted || !roots_in_force {
            let words: Vec<_> = wanted.iter().map(|(party, role)| format!("{party}/{role}")).collect();
            refused.push(Refused::new(Refusal::RoleNotAllowed, "/signers", words.join(", ")));
        }
    }

    /// The only signer is a centre of the record's own state.
    pub fn signed_by_own_centre(&self, refused: &mut Vec<Refused>) {
        self.signed_by(&[(self.header.author().party(), Role::Centre)], refused);
    }

    /// The only signer is a centre of one of the two Parties.
    pub fn signed_by_centre_of_party(&self, refused: &mut Vec<Refused>) {
        let party = self.header.author().party();
        if party.is_party() {
            self.signed_by(&[(party, Role::Centre)], refused);
        } else {
            refused.push(Refused::new(Refusal::RoleNotAllowed, "/signers", "US/centre | RU/centre"));
        }
    }

    /// The signers are a centre of each Party.
    pub fn signed_by_both_centres(&self, refused: &mut Vec<Refused>) {
        self.signed_by(&[(Party::Us, Role::Centre), (Party::Ru, Role::Centre)], refused);
    }

    /// The signers are the leader of the team, or an escort, or both.
    pub fn signed_on_site(&self, visit: &Visit, refused: &mut Vec<Refused>) {
        let (leader, escort) = ((visit.inspecting, Role::Leader), (visit.inspected, Role::Escort));
        let have: Vec<_> = self.header.signers.iter().map(|name| (name.party(), name.role())).collect();
        let leaders = have.iter().filter(|signer| **signer == leader).count();
        let escorts = have.iter().filter(|signer| **signer == escort).count();
        if leaders > 1 || escorts > 1 || leaders + escorts != have.len() {
            let got = format!("{}/{} | {}/{}", leader.0, leader.1, escort.0, escort.1);
            refused.push(Refused::new(Refusal::RoleNotAllowed, "/signers", got));
        }
    }

    /// The entry that a reference names, if it is of this kind.
    pub fn reference(&self, position: usize, kind: Kind) -> Option<(u64, &'a Fact)> {
        let index = self.register.index_of(self.header.refs.get(position)?)?;
        self.register.fact(index).filter(|fact| fact.kind == kind).map(|fact| (index, fact))
    }

    /// The first entry of this kind that the references name.
    pub fn named(&self, kind: Kind) -> Option<u64> {
        (0..self.header.refs.len()).find_map(|position| self.reference(position, kind)).map(|(index, _)| index)
    }

    /// At least one reference names an entry.
    pub fn names_a_record(&self, refused: &mut Vec<Refused>) {
        if self.header.refs.iter().all(|digest| self.register.index_of(digest).is_none()) {
            refused.push(Refused::new(Refusal::TargetMissing, "/refs", ""));
        }
    }

    /// The visit whose intent stands first among the references; a refusal if none does.
    pub fn visit(&self, refused: &mut Vec<Refused>) -> Option<&'a Visit> {
        let visit = self.header.refs.first().and_then(|digest| self.register.visit(digest));
        if visit.is_none() {
            refused.push(Refused::new(Refusal::VisitUnknown, "/refs/0", ""));
        }
        visit
    }

    /// The first signer is a key of this authority with one of these roles; the second, where `new_key` is given, is
    /// that key; there are no others.
    pub fn signed_by_authority(&self, party: Party, roles: &[Role], new_key: Option<&str>, refused: &mut Vec<Refused>) {
        let author = self.header.author();
        let author_is_good =
            author.party() == party && roles.contains(&author.role()) && self.is_root_in_force(author.as_str());
        let rest: Vec<_> = self.header.signers.iter().skip(1).map(|name| name.as_str()).collect();
        if !author_is_good || rest != new_key.into_iter().collect::<Vec<_>>() {
            let mut words: Vec<_> = roles.iter().map(|role| format!("{party}/{role}")).collect();
            words = vec![words.join(" | ")];
            words.extend(new_key.map(str::to_owned));
            refused.push(Refused::new(Refusal::RoleNotAllowed, "/signers", words.join(", ")));
        }
    }

    /// A root or recovery key acts only while it is the newest one of its authority.
    fn is_root_in_force(&self, name: &str) -> bool {
        let Some(key) = self.register.key(name) else { return true };
        let role = key.name.role();
        if !matches!(role, Role::Root | Role::Recovery) {
            return true;
        }
        self.register.root_of(key.name.party(), role).is_some_and(|newest| newest.name == key.name)
    }

    /// A fact does not take effect after its receipt.
    fn has_happened(&self, refused: &mut Vec<Refused>) {
        if self.header.effective_at.is_some_and(|effective| effective > self.received_at) {
            refused.push(Refused::new(Refusal::FactInFuture, "/effective_at", self.received_at.to_string()));
        }
    }
}
