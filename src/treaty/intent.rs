//! `intent`: a Party asks to inspect. Its digest names the visit from here on.
//!
//! The ledger records every intent by the side whose right it is, and says whether it is admissible: over the entries
//! before it, at its receipt, by the terms in force then. An inadmissible one creates no obligation; it stays visible.
//!
//! Invariants: the verdict is judged once and kept; no later record changes it.
//!
//! Deliberately absent: what a request that is admissible creates ([`super::obligation`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::admit::Case;
use super::inspector_list::Inspector;
use super::obligation::{Basis, Sight};
use super::party::{Name, Role, Slot};
use super::record::Kind;
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Register};
use super::shape::List;
use super::time::Instant;
use super::visit::Visit;
use crate::hash::Hash;

crate::body! {
    /// The body of an `intent`.
    pub struct Intent {
        /// The slot to be inspected.
        slot: Slot,
        /// The estimated time of arrival at the point of entry.
        eta: Instant,
        /// The point of entry.
        poe: Name,
        /// The type of inspection.
        r#type: Name,
        /// The code of the team's leader.
        leader: Option<Inspector>,
        /// The codes of the team.
        inspectors: Option<List<Inspector, 1, 100>>,
        /// Another intent, on whose admission this one waits.
        conditional_on: Option<Hash>,
    }
}

crate::one_of! {
    /// Why an intent is not admissible: the first reason that applies, in this order.
    pub enum Inadmissible {
        /// The agreement has ended, no site is designated, or the host does not consent.
        SlotNotInForce = "SLOT_NOT_IN_FORCE",
        /// It came too late before the arrival.
        Notice = "NOTICE",
        /// The slot's quota of the year is used and reserved.
        Quota = "QUOTA",
        /// Another visit of the same side is open.
        OpenVisit = "OPEN_VISIT",
        /// The team has somebody who is not on the list.
        Inspectors = "INSPECTORS",
    }
}

impl Intent {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let Some(terms) = case.slot(self.slot, refused) else { return };
        case.signed_by(&[(terms.inspecting, Role::Centre)], refused);
        if let Some(other) = &self.conditional_on {
            let found = case.register.index_of(other).and_then(|index| case.register.fact(index));
            if found.is_none_or(|fact| fact.kind != Kind::Intent) {
                refused.push(Refused::new(Refusal::VisitUnknown, "/body/conditional_on", other.to_string()));
            }
        }
    }

    /// Why the request is not admissible, over the entries that `register` holds.
    pub fn verdict(&self, applied: &Applied<'_>, register: &Register) -> Option<Inadmissible> {
        let at = applied.received_at;
        let known = register.known(applied.index);
        let basis = Basis::of(known);
        let sight = Sight::new(known, &basis, at);
        if let Some(reason) = self.no_place(&sight) {
            return Some(reason);
        }
        let named = self.team();
        let accredited = register.accredited(applied.header.party, at);
        let all_are = named.iter().all(|code| accredited.as_ref().is_some_and(|codes| codes.contains(*code)));
        (!all_are).then_some(Inadmissible::Inspectors)
    }

    /// The codes of everybody in the team.
    fn team(&self) -> BTreeSet<&str> {
        let team = self.inspectors.iter().flat_map(|list| &list.0).chain(&self.leader);
        team.map(|inspector| inspector.0.as_str()).collect()
    }

    /// What stands against any team: the slot, the notice, the quota of the year, the visits that are open.
    fn no_place(&self, sight: &Sight<'_>) -> Option<Inadmissible> {
        let now = sight.until();
        if !sight.basis.slot_status(self.slot, now).in_force {
            return Some(Inadmissible::SlotNotInForce);
        }
        if sight.limits(now).notice().deadline(now.0) > self.eta {
            return Some(Inadmissible::Notice);
        }
        let quota = sight.quota_at(now);
        let holds = sight.group(self.slot, self.eta.year()).holds(quota);
        if holds.used + holds.reserved >= quota {
            return Some(Inadmissible::Quota);
        }
        let terms = sight.basis.terms_at(now)?;
        let of_slot = terms.slot(self.slot)?;
        let sides = (of_slot.inspecting, of_slot.inspected);
        let is_open = sight.has_open_visit(self.slot, sides, of_slot.host, terms.limits.one_visit_per());
        is_open.then_some(Inadmissible::OpenVisit)
    }

    /// Opens the visit.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        let inadmissible = self.verdict(applied, register);
        let (named, limit) = (self.team().len() as u64, register.terms().map(|terms| terms.limits.team()));
        let Some(terms) = register.terms().and_then(|terms| terms.slot(self.slot)).cloned() else { return };
        let site = register.designation(self.slot, applied.received_at).map(|designated| designated.index);
        register.put_visit(Visit {
            intent: applied.index,
            digest: applied.digest,
            slot: self.slot,
            inspecting: terms.inspecting,
            inspected: terms.inspected,
            host: terms.host,
            received_at: applied.received_at,
            eta: self.eta,
            poe: Arc::from(self.poe.0.as_str()),
            site,
            inadmissible,
            oversized: limit.filter(|limit| named > *limit).map(|limit| (named, limit)),
            records: imbl::Vector::new(),
            milestones: imbl::Vector::new(),
            reports: imbl::Vector::new(),
            receipts: imbl::Vector::new(),
        });
    }
}
