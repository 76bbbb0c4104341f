//! `host_consent`: a host state consents to inspections on its territory, sets conditions, or withdraws.
//!
//! The sites of slots A1 and A2 lie in states that are not the inspected Party. Such a state gives a standing consent
//! for the slot, and may answer each visit. What it withdraws is withdrawn for the future only.
//!
//! Deliberately absent: what a missing consent does to a request; a visit consent is the host's answer and never a
//! duty of a Party.

use super::admit::Case;
use super::party::{Role, Slot, Text};
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Consented, Register};
use super::time::Instant;

crate::one_of! {
    /// What a consent covers.
    pub enum Scope {
        /// Every visit.
        Standing = "standing",
        /// The visit that the first reference names.
        Visit = "visit",
    }
}

crate::one_of! {
    /// What a host says.
    pub enum Action {
        /// It consents.
        Give = "give",
        /// It consents under conditions.
        Condition = "condition",
        /// It consents no longer.
        Withdraw = "withdraw",
    }
}

crate::body! {
    /// The body of a `host_consent`.
    pub struct HostConsent {
        /// For every visit or for one.
        scope: Scope,
        /// The slot.
        slot: Slot,
        /// What is said.
        action: Action,
        /// Until when it holds, this second included.
        valid_until: Option<Instant>,
        /// The conditions.
        conditions: Option<Text>,
    }
}

impl HostConsent {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let Some(terms) = case.slot(self.slot, refused) else { return };
        if terms.host == terms.inspected {
            refused.push(Refused::new(Refusal::SlotWithoutHost, "/body/slot", self.slot.to_string()));
        } else {
            case.signed_by(&[(terms.host, Role::Centre)], refused);
        }
        let visit = case.header.refs.first().and_then(|digest| case.register.visit(digest));
        if self.scope == Scope::Visit && visit.is_none_or(|visit| visit.slot != self.slot) {
            refused.push(Refused::new(Refusal::VisitNotNamed, "/refs/0", self.slot.to_string()));
        }
        if (self.action == Action::Condition) != self.conditions.is_some() {
            refused.push(Refused::new(Refusal::ConditionsMismatch, "/body/conditions", self.action.as_str()));
        }
        let standing = case.register.standing_consent(self.slot, case.received_at);
        let nothing = standing.is_none_or(|consent| consent.action == Action::Withdraw);
        if self.scope == Scope::Standing && self.action == Action::Withdraw && nothing {
            refused.push(Refused::new(Refusal::NothingToWithdraw, "/body/action", self.slot.to_string()));
        }
    }

    /// Notes the consent.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        let (index, effect) = (applied.index, applied.effect());
        let consented =
            Consented { index, effect, scope: self.scope, action: self.action, valid_until: self.valid_until };
        register.slot_mut(self.slot).consents.push_back(consented);
    }
}
