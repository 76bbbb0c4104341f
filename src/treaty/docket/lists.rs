//! The lists of a docket, as far as they were known.
//!
//! Invariants: a list is in index order unless it says otherwise, and has nothing from a later entry.
//!
//! Deliberately absent: what the entries mean.

use std::ops::Bound::{self, Excluded, Unbounded};

use super::event::Act;
use super::known::{Known, Pos, creates_outside_visits, is_acknowledged};
use super::{Case, Ended, OfSlot};
use crate::treaty::party::Slot;
use crate::treaty::terms::ObligationKind;
use crate::treaty::time::Instant;

impl<'a> Known<'a> {
    /// Terms and preconditions.
    pub fn basis(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.before(&self.docket.basis)
    }

    /// Requests.
    pub fn intents(&self) -> impl DoubleEndedIterator<Item = u32> + use<'a> {
        self.before(&self.docket.intents)
    }

    /// Requests for a slot whose arrival, as first notified, lies in a calendar year.
    pub fn requests(&self, slot: Slot, period: i32) -> impl Iterator<Item = u32> + use<'a> {
        let of = self.docket.requests.get(&(period, slot));
        let known = *self;
        of.into_iter().flat_map(move |list| known.before(list))
    }

    /// The slots for which somebody asked in a calendar year.
    pub fn requested(&self, period: i32) -> impl Iterator<Item = Slot> + use<'a> {
        let known = *self;
        let of_year = self.docket.requests.range((period, Slot::FIRST)..=(period, Slot::LAST));
        of_year.filter(move |(_, list)| known.before(list).next().is_some()).map(|((_, slot), _)| *slot)
    }

    /// The slots and years for which somebody asked.
    pub fn requested_ever(&self) -> impl Iterator<Item = (Slot, i32)> + use<'a> {
        self.docket.requests.keys().map(|(period, slot)| (*slot, *period))
    }

    /// Whether a record creates obligations outside visits.
    pub fn is_notice(&self, index: u32) -> bool {
        self.event(index).is_some_and(|event| creates_outside_visits(event.kind) && event.party.is_party())
    }

    /// The claims on a slot, or on everything, that were lifted after `created` and not after `as_of`. Those that are not
    /// lifted by then are in [`Known::unsettled`].
    pub fn lifted_claims(
        &self,
        slot: Option<Slot>,
        (created, as_of): (Instant, Instant),
    ) -> impl Iterator<Item = u32> + use<'a> {
        let known = *self;
        let on_slot = slot.and_then(|slot| self.docket.by_slot.get(&slot)).map(|of| &of.lifted);
        let lists = on_slot.into_iter().chain([&self.docket.wide_lifted]);
        let while_owed = (created, 0)..=(created.max(as_of), u32::MAX);
        let all = lists.flat_map(move |list| list.range(while_owed.clone())).map(|(_, claim)| *claim);
        all.filter(move |&claim| claim < known.size)
    }

    /// What creates obligations outside visits.
    pub fn notices(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.before(&self.docket.notices)
    }

    /// Those that may create an obligation of this kind that belongs to a calendar year.
    pub fn notices_of(&self, kind: ObligationKind, period: i32) -> impl Iterator<Item = u32> + use<'a> {
        let known = *self;
        let of = self.docket.notices_of.get(&(kind, period));
        of.into_iter().flatten().copied().take_while(move |&index| index < known.size)
    }

    /// The kinds of obligation that a notice creates outside visits, each with the calendar year that it belongs to.
    pub(super) fn periods(&self, index: u32) -> Vec<(ObligationKind, i32)> {
        let Some(seen) = self.seen(index).filter(|_| self.is_notice(index)) else { return Vec::new() };
        let effect = self.pos_of(&seen).0.year();
        let of_visit = self.visit_of(index).and_then(|intent| self.eta(intent)).map_or(effect, Instant::year);
        let by_effect = match seen.act {
            Act::DataChange { .. } => Some((ObligationKind::DataChange, effect)),
            Act::ClarificationRequest { .. } => Some((ObligationKind::Clarify, of_visit)),
            Act::ConsultationRequest => Some((ObligationKind::Consult, of_visit)),
            _ => None,
        };
        let ack = is_acknowledged(seen.event.kind).then(|| (ObligationKind::Ack, seen.event.received_at.year()));
        ack.into_iter().chain(by_effect).collect()
    }

    /// The arrival that a request asks for.
    pub(super) fn eta(&self, intent: u32) -> Option<Instant> {
        match self.event(intent)?.act {
            Act::Intent { eta, .. } => Some(eta),
            _ => None,
        }
    }

    /// Designations and withdrawals of a slot.
    pub fn designations(&self, slot: Slot) -> impl Iterator<Item = u32> + use<'a> {
        let known = *self;
        self.of_slot(slot).into_iter().flat_map(move |of| known.before(&of.designations))
    }

    /// What the host of a slot said about every visit.
    pub fn consents(&self, slot: Slot) -> impl Iterator<Item = u32> + use<'a> {
        let known = *self;
        self.of_slot(slot).into_iter().flat_map(move |of| known.before(&of.consents))
    }

    /// When the first declaration of a slot after `after` took effect, and which it is.
    pub fn declared(&self, slot: Slot, after: Pos) -> Option<Pos> {
        let is_one = |act: &Act| matches!(act, Act::Declaration { slot: of } if *of == slot);
        let mut declared = self.of_slot(slot)?.declared.range((Excluded(after), Unbounded));
        declared.find(|pos| self.is_at(**pos, is_one)).copied()
    }

    /// When launchers of a slot were first loaded or unloaded after `after`, and by which record that was said.
    pub fn reloaded(&self, slot: Slot, after: Pos) -> Option<Pos> {
        let is_one = |act: &Act| matches!(act, Act::DataChange { slot: of, reload: true } if *of == slot);
        let mut reloads = self.of_slot(slot)?.reloads.range((Excluded(after), Unbounded));
        reloads.find(|pos| self.is_at(**pos, is_one)).copied()
    }

    /// Whether a record has this place in time, by what was known, and does such a thing.
    fn is_at(&self, pos: Pos, does: impl Fn(&Act) -> bool) -> bool {
        self.seen(pos.1).is_some_and(|seen| does(seen.act) && self.pos_of(&seen) == pos)
    }

    /// Settled visits to a slot that ended and were reported on, by their end.
    pub fn ended(
        &self,
        slot: Slot,
        range: (Bound<Pos>, Bound<Pos>),
        as_of: Instant,
    ) -> impl DoubleEndedIterator<Item = &'a Ended> + use<'a> {
        let known = *self;
        let ended = self.of_slot(slot).into_iter().flat_map(move |of| of.ended.range(range)).map(|(_, ended)| ended);
        ended.filter(move |ended| ended.visit < known.size && known.is_settled(Case::Visit(ended.visit), as_of))
    }

    fn of_slot(&self, slot: Slot) -> Option<&'a OfSlot> {
        self.docket.by_slot.get(&slot)
    }

    fn before(&self, list: &'a imbl::Vector<u32>) -> impl DoubleEndedIterator<Item = u32> + use<'a> {
        let size = self.size;
        list.iter().copied().filter(move |&index| index < size)
    }
}
