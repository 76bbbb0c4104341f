//! One record, as far as a status needs it.
//!
//! Invariants: an event never changes. What a correction makes of it is said by [`super::Known`].
//!
//! Deliberately absent: texts, and everything that only people read.

use std::sync::Arc;

use crate::hash::Hash;
use crate::treaty::claims::Finding;
use crate::treaty::countermeasure::Cited;
use crate::treaty::host_consent;
use crate::treaty::intent::Inadmissible;
use crate::treaty::milestone::Milestones;
use crate::treaty::party::{Party, Slot};
use crate::treaty::record::{Body, Kind, Record};
use crate::treaty::register::{Applied, Register};
use crate::treaty::report_receipt::ReceiptResult;
use crate::treaty::terms::{ObligationKind, Terms};
use crate::treaty::time::Instant;
use crate::treaty::visit::Sides;
use crate::treaty::{clarification_request, contest, correction, designation, precondition};

/// One record of the log.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its index. A log has fewer than 2^32 entries.
    pub index: u32,
    /// The digest of its text.
    pub digest: Hash,
    /// The kind of record.
    pub kind: Kind,
    /// The state of its first signer.
    pub party: Party,
    /// Which Parties signed.
    pub sides: Sides,
    /// When the ledger received it.
    pub received_at: Instant,
    /// The time of the fact, where the record gives one.
    pub effective_at: Option<Instant>,
    /// The entries that it refers to, in its own order.
    pub refs: Box<[u32]>,
    /// What it does.
    pub act: Act,
}

/// What a record does to obligations and their states.
#[derive(Clone, Debug)]
pub enum Act {
    /// The terms in force from its effect on.
    Terms(Arc<Terms>),
    /// A site is named, or no longer.
    Designation {
        /// The slot.
        slot: Slot,
        /// Whether it ends.
        withdraw: bool,
    },
    /// A host's word.
    Consent {
        /// The slot.
        slot: Slot,
        /// For every visit, or for one.
        scope: host_consent::Scope,
        /// Given, given under conditions, or withdrawn.
        action: host_consent::Action,
        /// Its last second.
        valid_until: Option<Instant>,
    },
    /// The state of a condition outside the ledger.
    Precondition {
        /// Its name in the terms.
        name: Box<str>,
        /// Whether it is met.
        met: bool,
    },
    /// A first or a full declaration.
    Declaration {
        /// The slot.
        slot: Slot,
    },
    /// A change of what was declared.
    DataChange {
        /// The slot.
        slot: Slot,
        /// Whether launchers were loaded or unloaded.
        reload: bool,
    },
    /// A request.
    Intent {
        /// The slot.
        slot: Slot,
        /// The arrival that is asked for.
        eta: Instant,
        /// The request whose admission it waits for.
        conditional_on: Option<u32>,
        /// Why it creates no obligation to admit.
        inadmissible: Option<Inadmissible>,
    },
    /// A step of a visit.
    Milestone(Milestones),
    /// A report: its time, C1 and C2, and the ids of its ambiguities.
    Report {
        /// When it was handed over.
        handed_over_at: Instant,
        /// What C1 and C2 say.
        absence: [Finding; 2],
        /// The ids of what stayed unclear.
        ambiguities: Box<[Box<str>]>,
    },
    /// The answer to a report.
    Receipt {
        /// Whether the report is declined.
        declined: bool,
    },
    /// A notification is acknowledged.
    Acknowledgement,
    /// What another record should have said.
    Correction(Correction),
    /// A request or another creating record is withdrawn by whom it is owed.
    Cancellation,
    /// Both agree to another time.
    Postponement {
        /// The new arrival.
        eta: Option<Instant>,
        /// The new due time.
        due_at: Option<Instant>,
    },
    /// An excuse, or a withholding.
    Claim(Claim),
    /// What is owed is refused.
    Refusal,
    /// A claim is lifted.
    Lift,
    /// A record is contested, or no longer.
    Contest {
        /// Whether it is contested no longer.
        withdraw: bool,
    },
    /// A record is accepted.
    Acceptance,
    /// A question.
    ClarificationRequest {
        /// Whether the shorter limit holds.
        urgent: bool,
        /// The slot that it is about.
        slot: Option<Slot>,
        /// The id of an ambiguity.
        ambiguity: Option<Box<str>>,
    },
    /// An answer to one.
    ClarificationReply,
    /// A meeting is asked for.
    ConsultationRequest,
    /// What both say.
    JointStatement,
    /// Nothing that moves an obligation; it may still have to be acknowledged.
    Other,
}

/// What a correction puts in the place of a record.
#[derive(Clone, Debug)]
pub struct Correction {
    /// The original.
    pub original: u32,
    /// The new time of the fact.
    pub effective_at: Option<Instant>,
    /// Whether the original is void.
    pub void: bool,
    /// The new body.
    pub act: Option<Box<Act>>,
}

/// What kind of claim it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimNature {
    /// Force majeure, exemption or host objection.
    Excuse,
    /// Access stood open, and nobody came: an excuse that may follow the due time.
    AccessOffered,
    /// Suspension or countermeasure.
    Withholding,
}

/// A claim of the obligor.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Excuse or withholding.
    pub nature: ClaimNature,
    /// The slots that it names.
    pub slots: Box<[Slot]>,
    /// The kinds of obligation that it names, if it names any.
    pub kinds: Option<Box<[ObligationKind]>>,
    /// What it cites.
    pub cites: Box<[Cited]>,
}

impl Event {
    /// The event of a record that is being applied. Its body has been applied: terms are in the register.
    pub fn of(applied: &Applied<'_>, record: &Record, register: &Register) -> Event {
        let header = applied.header;
        let position = |digest: &Hash| register.index_of(digest).and_then(|index| u32::try_from(index).ok());
        Event {
            index: u32::try_from(applied.index).unwrap_or(u32::MAX),
            digest: applied.digest,
            kind: record.body.kind(),
            party: header.party,
            sides: Sides::of(&header.signers),
            received_at: applied.received_at,
            effective_at: header.effective_at,
            refs: header.refs.iter().filter_map(position).collect(),
            act: request(&record.body, applied.index, register).unwrap_or_else(|| act(&record.body, register)),
        }
    }
}

/// What a request does, with the verdict that was given on it.
fn request(body: &Body, index: u64, register: &Register) -> Option<Act> {
    let Body::Intent(body) = body else { return None };
    let position = |digest: &Hash| register.index_of(digest).and_then(|index| u32::try_from(index).ok());
    Some(Act::Intent {
        slot: body.slot,
        eta: body.eta,
        conditional_on: body.conditional_on.as_ref().and_then(position),
        inadmissible: register.visit_at(index)?.inadmissible,
    })
}

/// What a body does.
fn act(body: &Body, register: &Register) -> Act {
    match body {
        Body::Terms(_) => register.terms().map_or(Act::Other, |terms| Act::Terms(Arc::clone(terms))),
        Body::Designation(body) => {
            Act::Designation { slot: body.slot, withdraw: body.action == designation::Action::Withdraw }
        }
        Body::HostConsent(body) => {
            Act::Consent { slot: body.slot, scope: body.scope, action: body.action, valid_until: body.valid_until }
        }
        Body::Precondition(body) => {
            Act::Precondition { name: body.name.0.as_str().into(), met: body.state == precondition::State::Met }
        }
        Body::Declaration(body) => Act::Declaration { slot: body.slot },
        Body::DataChange(body) => Act::DataChange { slot: body.slot, reload: body.reload },
        Body::Milestone(body) => Act::Milestone(body.name),
        Body::Report(body) => {
            let findings = body.claims.all().map(|claim| claim.finding);
            Act::Report {
                handed_over_at: body.handed_over_at,
                absence: [findings[0], findings[1]],
                ambiguities: body.ambiguities.0.iter().map(|ambiguity| ambiguity.id.0.as_str().into()).collect(),
            }
        }
        Body::ReportReceipt(body) => Act::Receipt { declined: body.result == ReceiptResult::Declined },
        Body::Acknowledgement(_) => Act::Acknowledgement,
        Body::Correction(body) => corrected(body, register),
        Body::Cancellation(_) => Act::Cancellation,
        Body::Postponement(body) => Act::Postponement { eta: body.eta, due_at: body.due_at },
        Body::Refusal(_) => Act::Refusal,
        Body::Lift(_) => Act::Lift,
        Body::Contest(body) => Act::Contest { withdraw: body.action == contest::Action::Withdraw },
        Body::Acceptance(_) => Act::Acceptance,
        Body::ClarificationRequest(body) => Act::ClarificationRequest {
            urgent: body.urgency == clarification_request::Urgency::Urgent,
            slot: body.slot,
            ambiguity: body.ambiguity.as_ref().map(|id| id.0.as_str().into()),
        },
        Body::ClarificationReply(_) => Act::ClarificationReply,
        Body::ConsultationRequest(_) => Act::ConsultationRequest,
        Body::JointStatement(_) => Act::JointStatement,
        _ => claim(body).map_or(Act::Other, Act::Claim),
    }
}

/// What a correction puts in the place of its original.
fn corrected(body: &correction::Correction, register: &Register) -> Act {
    let Some(original) = register.index_of(&body.supersedes) else { return Act::Other };
    let new = register.fact(original).and_then(|fact| body.body.as_ref()?.as_kind(fact.kind)?.as_ref().ok());
    Act::Correction(Correction {
        original: u32::try_from(original).unwrap_or(u32::MAX),
        effective_at: body.effective_at,
        void: body.void == Some(true),
        act: new.map(|new| Box::new(act(new, register))),
    })
}

/// The claim that a body makes, if it makes one.
fn claim(body: &Body) -> Option<Claim> {
    let (nature, slots, kinds) = match body {
        Body::ForceMajeure(body) => (ClaimNature::Excuse, &body.slots, &body.kinds),
        Body::Exemption(body) => (ClaimNature::Excuse, &body.slots, &body.kinds),
        Body::HostObjection(body) => (ClaimNature::Excuse, &body.slots, &body.kinds),
        Body::AccessOffered(body) => (ClaimNature::AccessOffered, &body.slots, &body.kinds),
        Body::Suspension(body) => (ClaimNature::Withholding, &body.slots, &body.kinds),
        Body::Countermeasure(body) => (ClaimNature::Withholding, &body.slots, &body.kinds),
        _ => return None,
    };
    let cites = match body {
        Body::Countermeasure(body) => body.cites.0.clone().into(),
        _ => Box::default(),
    };
    Some(Claim {
        nature,
        slots: slots.iter().flat_map(|slots| slots.0.iter().copied()).collect(),
        kinds: kinds.as_ref().map(|kinds| kinds.0.clone().into()),
        cites,
    })
}
