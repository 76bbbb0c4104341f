//! The lists of a docket, as far as they were known.
//!
//! Invariants: a list is in index order unless it says otherwise, and has nothing from a later entry.
//!
//! Deliberately absent: what the entries mean.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};

use super::event::Act;
use super::known::{Known, creates_outside_visits};
use super::{Case, OfSlot};
use crate::treaty::party::Slot;
use crate::treaty::time::Instant;

impl<'a> Known<'a> {
    /// Terms and preconditions.
    pub fn basis(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.before(&self.docket.basis)
    }

    /// Excuses and withholdings.
    pub fn claims(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.before(&self.docket.claims)
    }

    /// Requests.
    pub fn intents(&self) -> impl DoubleEndedIterator<Item = u32> + use<'a> {
        self.before(&self.docket.intents)
    }

    /// Requests for a slot whose arrival, as first notified, lies in a calendar year.
    pub fn requests(&self, slot: Slot, period: i32) -> impl Iterator<Item = u32> + use<'a> {
        let size = self.size;
        let of = self.docket.requests.get(&(slot, period));
        of.into_iter().flatten().copied().filter(move |&index| index < size)
    }

    /// Cases that are not settled at `as_of`, by what was known; among them some that are.
    pub fn unsettled(&self, as_of: Instant) -> BTreeSet<Case> {
        let marks = &self.docket.settled;
        let later = marks.by_time.range((Excluded((as_of, Case::Notice(u32::MAX))), Unbounded)).map(|(_, case)| *case);
        let since = marks.by_entry.range((self.size, Case::Visit(0))..).map(|(_, case)| *case);
        let all = marks.open.iter().copied().chain(later).chain(since);
        all.filter(|case| match case {
            Case::Visit(index) | Case::Notice(index) => *index < self.size,
        })
        .collect()
    }

    /// Whether a record creates obligations outside visits.
    pub fn is_notice(&self, index: u32) -> bool {
        self.event(index).is_some_and(|event| creates_outside_visits(event.kind) && event.party.is_party())
    }

    /// Claims that may cover something of these: a slot, and what two records began.
    pub fn claims_about(&self, slot: Option<Slot>, records: [Option<u32>; 2]) -> BTreeSet<u32> {
        let on_slot = slot.into_iter().flat_map(|slot| self.of_slot(slot, |of| &of.claims));
        let named = records.into_iter().flatten().flat_map(|record| self.naming(record));
        let all = on_slot.chain(self.before(&self.docket.wide)).chain(named);
        all.filter(|&index| self.event(index).is_some_and(|event| matches!(event.act, Act::Claim(_)))).collect()
    }

    /// Reports that raise ambiguities.
    pub fn ambiguous(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.before(&self.docket.ambiguous)
    }

    /// What creates obligations outside visits.
    pub fn notices(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.before(&self.docket.notices)
    }

    /// Designations and withdrawals of a slot.
    pub fn designations(&self, slot: Slot) -> impl Iterator<Item = u32> + use<'a> {
        self.of_slot(slot, |of| &of.designations)
    }

    /// What the host of a slot said.
    pub fn consents(&self, slot: Slot) -> impl Iterator<Item = u32> + use<'a> {
        self.of_slot(slot, |of| &of.consents)
    }

    /// Declarations of a slot.
    pub fn declarations(&self, slot: Slot) -> impl Iterator<Item = u32> + use<'a> {
        self.of_slot(slot, |of| &of.declarations)
    }

    /// Data changes of a slot.
    pub fn changes(&self, slot: Slot) -> impl DoubleEndedIterator<Item = u32> + use<'a> {
        self.of_slot(slot, |of| &of.changes)
    }

    /// Reports on a slot.
    pub fn reports(&self, slot: Slot) -> impl DoubleEndedIterator<Item = u32> + use<'a> {
        self.of_slot(slot, |of| &of.reports)
    }

    fn of_slot(
        &self,
        slot: Slot,
        list: fn(&OfSlot) -> &imbl::Vector<u32>,
    ) -> impl DoubleEndedIterator<Item = u32> + use<'a> {
        let size = self.size;
        let of = self.docket.by_slot.get(&slot);
        of.into_iter().flat_map(list).copied().filter(move |&index| index < size)
    }

    fn before(&self, list: &'a imbl::Vector<u32>) -> impl DoubleEndedIterator<Item = u32> + use<'a> {
        let size = self.size;
        list.iter().copied().filter(move |&index| index < size)
    }
}
