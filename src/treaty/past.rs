//! The register as it stood at an earlier size: what was known then.
//!
//! Nothing is kept twice for this. Every fact of the [`Register`] carries the index at which it came, and lists are in
//! index order, so a [`Past`] of the first n entries answers from the same register and leaves out what came later.
//!
//! Invariants: a past of size n answers exactly as a register that was folded from the first n entries alone.
//!
//! Deliberately absent: times. Which size an instant means is found by [`Past::at`].

use std::sync::Arc;

use super::host_consent::Scope;
use super::milestone::Milestones;
use super::party::Party;
use super::party::Slot;
use super::register::{Consented, Corrected, Data, Designated, Fact, Key, Listed, Register};
use super::terms::{Limits, Terms};
use super::time::Instant;
use super::visit::{Receipt, Reported, Step, Visit};
use crate::hash::Hash;

/// The first entries of a register.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    register: &'a Register,
    size: u64,
}

impl<'a> Past<'a> {
    /// The register when it had so many entries (or as it is, if it never had as many).
    pub fn of(register: &'a Register, size: u64) -> Past<'a> {
        Past { register, size: size.min(register.size()) }
    }

    /// How many entries had been received at `at`, this second included.
    pub fn at(register: &Register, at: Instant) -> u64 {
        let (mut low, mut high) = (0, register.size());
        while low < high {
            let middle = low + (high - low) / 2;
            if register.fact(middle).is_some_and(|fact| fact.received_at <= at) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        low
    }

    /// The number of entries.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// When the newest entry was received.
    pub fn last_received_at(&self) -> Option<Instant> {
        self.fact(self.size.checked_sub(1)?).map(|fact| fact.received_at)
    }

    /// What is kept of the entry at `index`.
    pub fn fact(&self, index: u64) -> Option<&'a Fact> {
        self.register.fact(index).filter(|_| index < self.size)
    }

    /// The entry whose record has this digest.
    pub fn index_of(&self, digest: &Hash) -> Option<u64> {
        self.register.index_of(digest).filter(|&index| index < self.size)
    }

    /// The terms in force.
    pub fn terms(&self) -> Option<&'a Arc<Terms>> {
        self.all_terms().last().map(|(_, terms)| terms)
    }

    /// Every version of the terms.
    pub fn all_terms(&self) -> impl Iterator<Item = (u64, &'a Arc<Terms>)> + use<'a> {
        let size = self.size;
        self.register.all_terms().take_while(move |(index, _)| *index < size)
    }

    /// Every key, as it stood.
    pub fn keys(&self) -> impl Iterator<Item = Key> + use<'a> {
        let size = self.size;
        self.register.keys().take_while(move |key| key.registered < size).cloned().map(move |mut key| {
            key.revoked = key.revoked.filter(|revoked| revoked.index < size);
            key
        })
    }

    /// The greatest number that an author had used; 0 before the first.
    pub fn last_number(&self, author: &str) -> u64 {
        self.register.last_number_before(author, self.size)
    }

    /// Whether the entry at `index` shared its author's number with another.
    pub fn is_number_reused(&self, index: u64) -> bool {
        self.register.is_number_reused_before(index, self.size)
    }

    /// The designation of a slot in effect at `at`.
    pub fn designation(&self, slot: Slot, at: Instant) -> Option<&'a Designated> {
        let known = self.register.slot(slot)?.designations.iter().filter(|designated| designated.index < self.size);
        let newest = known.filter(|designated| designated.effect <= at).max_by_key(|d| (d.effect, d.index))?;
        (!newest.withdraw).then_some(newest)
    }

    /// The host's newest standing consent or withdrawal for a slot in effect at `at`.
    pub fn standing_consent(&self, slot: Slot, at: Instant) -> Option<&'a Consented> {
        let standing = self.consents(slot).filter(|c| c.scope == Scope::Standing && c.effect <= at);
        standing.max_by_key(|c| (c.effect, c.index))
    }

    /// Everything that the host said about a slot.
    pub fn consents(&self, slot: Slot) -> impl Iterator<Item = &'a Consented> + use<'a> {
        let size = self.size;
        let facts = self.register.slot(slot);
        facts.into_iter().flat_map(|facts| facts.consents.iter()).filter(move |c| c.index < size)
    }

    /// Declarations and data changes of a slot.
    pub fn data(&self, slot: Slot) -> impl Iterator<Item = &'a Data> + use<'a> {
        let size = self.size;
        let facts = self.register.slot(slot);
        facts.into_iter().flat_map(|facts| facts.data.iter()).filter(move |data| data.index < size)
    }

    /// The newest diagram of a slot.
    pub fn diagram(&self, slot: Slot) -> Option<u64> {
        self.register.slot(slot)?.diagrams.iter().copied().filter(|&index| index < self.size).last()
    }

    /// The newest list of inspectors of a Party in effect at `at`, with the objections that had come.
    pub fn list(&self, party: Party, at: Instant) -> Option<Listed> {
        let known = self.register.lists(party).filter(|list| list.index < self.size && list.effect <= at);
        let mut newest = known.max_by_key(|list| (list.effect, list.index))?.clone();
        newest.objected.retain(|_, objection| *objection < self.size);
        Some(newest)
    }

    /// Whether the other Party had acknowledged the entry.
    pub fn is_relied_on(&self, index: u64) -> bool {
        self.register.relied_on_since(index).is_some_and(|since| since < self.size)
    }

    /// Every visit, in the order of their intents.
    pub fn visits(&self) -> impl DoubleEndedIterator<Item = PastVisit<'a>> + use<'a> {
        let (size, register) = (self.size, self.register);
        register.visits().filter(move |visit| visit.intent < size).map(move |visit| PastVisit { register, visit, size })
    }

    /// The visit whose intent is the entry at `index`.
    pub fn visit_at(&self, index: u64) -> Option<PastVisit<'a>> {
        let visit = self.register.visit_at(index).filter(|_| index < self.size)?;
        Some(PastVisit { register: self.register, visit, size: self.size })
    }

    /// The newest correction of an entry, in log order.
    pub fn correction_of(&self, index: u64) -> Option<u64> {
        let mut newest_first = self.register.corrections_of(index).rev().map(|corrected| corrected.index);
        newest_first.find(|&correction| correction < self.size)
    }

    /// Whether the newest correction of an entry had made it void.
    pub fn is_void(&self, index: u64) -> bool {
        let mut newest_first = self.register.corrections_of(index).rev();
        newest_first.find(|corrected| corrected.index < self.size).is_some_and(|corrected| corrected.void)
    }
}

/// A visit as it stood at an earlier size.
#[derive(Clone, Copy, Debug)]
pub struct PastVisit<'a> {
    register: &'a Register,
    visit: &'a Visit,
    size: u64,
}

impl<'a> PastVisit<'a> {
    /// What was fixed when the intent was received.
    pub const fn visit(&self) -> &'a Visit {
        self.visit
    }

    /// The records of the visit after its intent.
    pub fn records(&self) -> impl Iterator<Item = u64> + use<'a> {
        let size = self.size;
        self.visit.records.iter().copied().take_while(move |&index| index < size)
    }

    /// What had happened.
    pub fn milestones(&self) -> impl Iterator<Item = &'a Step> + use<'a> {
        let size = self.size;
        self.visit.milestones.iter().take_while(move |step| step.index < size)
    }

    /// The first step of this name by (time, index), as corrections had it.
    pub fn first_step(&self, name: Milestones) -> Option<Step> {
        let corrected = self.milestones().filter_map(|step| {
            let Some(corrected) = self.correction(step.index) else { return Some(*step) };
            let name = corrected.milestone.unwrap_or(step.name);
            let effect = corrected.effective_at.unwrap_or(step.effect);
            (!corrected.void).then_some(Step { name, effect, ..*step })
        });
        corrected.filter(|step| step.name == name).min_by_key(|step| (step.effect, step.index))
    }

    /// The arrival that both had last agreed on by `until`; before any agreement, the one that was notified.
    pub fn agreed_eta(&self, until: Instant) -> Instant {
        let intent = u32::try_from(self.visit.intent).ok();
        let agreed = intent.and_then(|intent| self.register.known(self.size).agreed_eta(intent, (until, u32::MAX)));
        agreed.unwrap_or(self.visit.eta)
    }

    /// When a report was handed over, as corrections had it; nothing for one that was void.
    pub fn handed_over_at(&self, report: &Reported) -> Option<Instant> {
        let Some(corrected) = self.correction(report.index) else { return Some(report.handed_over_at) };
        let new = corrected.effective_at.or(corrected.handed_over_at);
        (!corrected.void).then(|| new.unwrap_or(report.handed_over_at))
    }

    /// The limits that what began with the entry at `index` keeps.
    pub fn limits_at(&self, index: u64) -> Limits {
        self.register.limits_at(index)
    }

    fn correction(&self, index: u64) -> Option<&'a Corrected> {
        self.register.corrections_of(index).rev().find(|corrected| corrected.index < self.size)
    }

    /// What had been reported.
    pub fn reports(&self) -> impl Iterator<Item = &'a Reported> + use<'a> {
        let size = self.size;
        self.visit.reports.iter().take_while(move |report| report.index < size)
    }

    /// What the escort had answered.
    pub fn receipts(&self) -> impl Iterator<Item = &'a Receipt> + use<'a> {
        let size = self.size;
        self.visit.receipts.iter().take_while(move |receipt| receipt.index < size)
    }
}
