//! Who can owe something because of a record.
//!
//! A claim or a refusal is the obligor's to make: it is admitted only if its author owes, or can come to owe, at least one
//! obligation that the record creates or, for an intent, that belongs to its visit. What really is owed, and whether the
//! claim counts for it, is said by the status.
//!
//! Deliberately absent: due times and states. An obligation that was performed, or never arose, can be claimed about.

use super::acknowledgement;
use super::admit::Case;
use super::milestone::Milestones;
use super::party::{Party, Slot};
use super::record::Kind;
use super::refusal::Refused;
use super::register::{Fact, Register};
use super::terms::{ObligationKind, SlotTerms};

/// The kinds of obligation that a claim or a refusal about a visit is taken to mean where it names none.
const OF_A_VISIT: &[ObligationKind] =
    &[ObligationKind::Admit, ObligationKind::Freeze, ObligationKind::Access, ObligationKind::Opening];

/// The kinds that a claim about any other record covers where it names none: that record alone decides, and whether it
/// was acknowledged is never meant without saying so.
const BUT_ACK: &[ObligationKind] = &[
    ObligationKind::Baseline,
    ObligationKind::DataChange,
    ObligationKind::Freeze,
    ObligationKind::Access,
    ObligationKind::Opening,
    ObligationKind::Report,
    ObligationKind::Receipt,
    ObligationKind::Clarify,
    ObligationKind::Consult,
];

/// Whether something is owed because of records of this kind.
pub const fn creates(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Intent
            | Kind::Milestone
            | Kind::Report
            | Kind::DataChange
            | Kind::Designation
            | Kind::HostConsent
            | Kind::ClarificationRequest
            | Kind::ConsultationRequest
    )
}

/// The records by which something is owed that a claim, a refusal or a postponement names.
pub(super) fn creating<'a>(kind: Kind, case: &Case<'a>) -> Vec<(u64, &'a Fact)> {
    let of = |index: u64| case.register.fact(index).filter(|fact| creates(fact.kind)).map(|fact| (index, fact));
    case.register.named(kind, case.header).into_iter().filter_map(of).collect()
}

/// The author owes something by a record that the references name, if they name one by which something is owed.
pub(super) fn admit(kind: Kind, kinds: Option<&[ObligationKind]>, case: &Case<'_>, refused: &mut Vec<Refused>) {
    let (named, party) = (creating(kind, case), case.header.author().party());
    let owes = |&(index, fact): &(u64, &Fact)| {
        let covered = kinds.unwrap_or(if fact.kind == Kind::Intent { OF_A_VISIT } else { BUT_ACK });
        covered.iter().any(|&kind| can_owe(party, kind, index, fact, case.register))
    };
    if !named.is_empty() && !named.iter().any(owes) {
        case.not_of_this_side("the obligor's centre", refused);
    }
}

/// Whether a Party can owe an obligation of this kind because of an entry.
fn can_owe(party: Party, kind: ObligationKind, index: u64, fact: &Fact, register: &Register) -> bool {
    use ObligationKind as Owed;
    let visit = fact.visit.and_then(|intent| register.visit_at(u64::from(intent)));
    let is_inspected = visit.is_some_and(|visit| visit.inspected == party);
    let is_inspecting = visit.is_some_and(|visit| visit.inspecting == party);
    let is_step =
        |name| visit.is_some_and(|visit| register.steps(visit).any(|step| step.index == index && step.name == name));
    match (fact.kind, kind) {
        (of, Owed::Ack) => acknowledgement::is_owed_for(of) && fact.party.is_party() && fact.party != party,
        (Kind::Intent, Owed::Admit | Owed::Freeze | Owed::Access | Owed::Opening | Owed::Receipt) => is_inspected,
        (Kind::Intent, Owed::Report) => is_inspecting,
        // Either side may have asked something about the visit.
        (Kind::Intent, Owed::Clarify | Owed::Consult) => true,
        (Kind::Milestone, Owed::Freeze | Owed::Access | Owed::Opening) => {
            is_inspected && is_step(Milestones::SiteNamed)
        }
        (Kind::Milestone, Owed::Report) => is_inspecting && is_step(Milestones::End),
        (Kind::Report, Owed::Receipt) => is_inspected,
        (Kind::DataChange, Owed::DataChange) => fact.party == party,
        (Kind::Designation | Kind::HostConsent, Owed::Baseline) => {
            fact.slot.and_then(|slot| newest(slot, register)).is_some_and(|terms| terms.inspected == party)
        }
        (Kind::ClarificationRequest, Owed::Clarify) | (Kind::ConsultationRequest, Owed::Consult) => fact.party != party,
        _ => false,
    }
}

/// What the newest terms that have a slot say of it.
pub(super) fn newest(slot: Slot, register: &Register) -> Option<&SlotTerms> {
    register.all_terms().filter_map(|(_, terms)| terms.slot(slot)).last()
}
