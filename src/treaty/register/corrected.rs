//! What corrections make of the facts that the register keeps.
//!
//! Invariants: of several corrections of one record the newest in log order holds, and the ones before it have no
//! effect beside it; what it does not give stays as in the original. A record that is void counts as absent.
//!
//! Deliberately absent: whether a correction may be made ([`crate::treaty::correction`]).

use super::{Corrected, Register, SlotFacts};
use crate::treaty::milestone::Milestones;
use crate::treaty::party::Slot;
use crate::treaty::time::Instant;
use crate::treaty::visit::{Reported, Step, Visit};

impl Register {
    /// The corrections of an entry, in log order.
    pub fn corrections_of(&self, index: u64) -> impl DoubleEndedIterator<Item = &Corrected> {
        self.corrections.get(&index).into_iter().flatten()
    }

    /// The correction of an entry that holds.
    pub fn correction_of(&self, index: u64) -> Option<&Corrected> {
        self.corrections_of(index).next_back()
    }

    /// Notes a correction beside its original.
    pub fn put_correction(&mut self, original: u64, correction: Corrected) {
        self.corrections.entry(original).or_default().push_back(correction);
        let has = |facts: &SlotFacts| facts.data.binary_search_by_key(&original, |data| data.index).is_ok();
        let slot = self.slots.iter().find(|(_, facts)| has(facts)).map(|(slot, _)| *slot);
        if let Some(slot) = slot {
            let facts = self.slot_mut(slot);
            facts.corrected = facts.corrected.max(Some(original));
        }
    }

    /// The first step of this name in a visit, by (time, index), as corrections have it.
    pub fn first_step(&self, visit: &Visit, name: Milestones) -> Option<Step> {
        let steps = self.steps(visit).filter(|step| step.name == name);
        steps.min_by_key(|step| (step.effect, step.index))
    }

    /// The steps of a visit, as corrections have them.
    pub fn steps(&self, visit: &Visit) -> impl Iterator<Item = Step> {
        visit.milestones.iter().filter_map(|step| {
            let Some(corrected) = self.correction_of(step.index) else { return Some(*step) };
            let name = corrected.milestone.unwrap_or(step.name);
            let effect = corrected.effective_at.unwrap_or(step.effect);
            (!corrected.void).then_some(Step { name, effect, ..*step })
        })
    }

    /// When a report was handed over, as corrections have it; nothing for one that is void.
    pub fn handed_over_at(&self, report: &Reported) -> Option<Instant> {
        let Some(corrected) = self.correction_of(report.index) else { return Some(report.handed_over_at) };
        let new = corrected.effective_at.or(corrected.handed_over_at);
        (!corrected.void).then(|| new.unwrap_or(report.handed_over_at))
    }

    /// Whether a declaration of the slot stands, as corrections have it.
    pub fn is_declared(&self, slot: Slot) -> bool {
        let data = self.slot(slot).into_iter().flat_map(|facts| &facts.data);
        data.filter(|data| data.is_declaration).any(|data| !self.is_void(data.index))
    }

    pub(super) fn is_void(&self, index: u64) -> bool {
        self.correction_of(index).is_some_and(|corrected| corrected.void)
    }
}
