//! `force_majeure`, `exemption`, `host_objection`, `access_offered` and `suspension`: a Party says why it does not do, or
//! has not done, what it owes.
//!
//! The five are one form of words with five meanings, so they are declared once, here, and [`Kind`] says which is meant.
//! The first four are excuses: who claims one is inspected, and says so of named slots, or of a named visit or another
//! record by which it owes something. A suspension withholds and may be about everything. The sixth claim, which must
//! cite, is [`super::countermeasure`].
//!
//! Invariants: a claim that is unwelcome, late, or covers nothing is recorded.
//!
//! Deliberately absent: whether a claim is true or counts. The other side accepts or contests it; the status shows both.

use super::admit::Case;
use super::obliged;
use super::party::{Slot, Slots, Text};
use super::record::Kind;
use super::refusal::{Refusal, Refused};
use super::shape::List;
use super::terms::ObligationKind;

/// Kinds of obligation, as a claim names them.
pub type Kinds = List<ObligationKind, 1, 12>;

crate::body! {
    /// The body of a `force_majeure`, an `exemption`, a `host_objection`, an `access_offered` or a `suspension`.
    pub struct Claim {
        /// The slots that it is about.
        slots: Option<Slots>,
        /// The kinds of obligation that it is about.
        kinds: Option<Kinds>,
        /// Why.
        reason: Text,
    }
}

impl Claim {
    /// The rules.
    pub fn admit(&self, kind: Kind, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
        case.has_slots(self.slots.as_ref(), refused);
        if kind == Kind::Suspension {
            return;
        }
        self.is_of_the_inspected(case, refused);
        obliged::admit(kind, self.kinds.as_ref().map(|kinds| &kinds.0[..]), case, refused);
        if kind == Kind::HostObjection {
            self.has_hosts(case, refused);
        }
    }

    /// Who claims an excuse at a slot is inspected there.
    fn is_of_the_inspected(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let terms = self.slots.iter().flat_map(|slots| &slots.0).filter_map(|slot| case.terms.slot(*slot));
        let party = case.header.author().party();
        if let Some(other) = terms.map(|terms| terms.inspected).find(|inspected| *inspected != party) {
            case.not_of_this_side(&format!("{other}/centre"), refused);
        }
    }

    /// Every slot that is named, or that a named record is about, lies in a state that is not the inspected Party.
    fn has_hosts(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let slots = self.slots.iter().flat_map(|slots| &slots.0).enumerate();
        for (i, slot) in
            slots.filter(|(_, slot)| case.terms.slot(**slot).is_some_and(|terms| terms.host == terms.inspected))
        {
            refused.push(Refused::new(Refusal::SlotWithoutHost, format!("/body/slots/{i}"), slot.to_string()));
        }
        for slot in obliged::creating(Kind::HostObjection, case).into_iter().filter_map(|(_, fact)| fact.slot) {
            if obliged::newest(slot, case.register).is_some_and(|terms| terms.host == terms.inspected) {
                refused.push(Refused::new(Refusal::SlotWithoutHost, "/refs", slot.to_string()));
                return;
            }
        }
    }

    /// The slot, where it names one alone.
    pub fn slot(&self) -> Option<Slot> {
        only_slot(self.slots.as_ref())
    }
}

/// Whether records of the kind are claims: excuses and withholdings.
pub const fn is_claim(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ForceMajeure
            | Kind::Exemption
            | Kind::HostObjection
            | Kind::AccessOffered
            | Kind::Suspension
            | Kind::Countermeasure
    )
}

/// The slot of a list that has one alone.
pub(super) fn only_slot(slots: Option<&Slots>) -> Option<Slot> {
    match slots?.0[..] {
        [slot] => Some(slot),
        _ => None,
    }
}
