//! What obligations rest on: the agreement, the designation of a site, the suspensive preconditions.
//!
//! Rulings 2 to 5: the basis of a slot is in force while the terms stand and have the slot, a site is designated, and
//! no suspensive precondition of the slot is NOT_MET by the latest statement of either Party. A host's consent is not
//! part of it; it counts for requests and for the grade.
//!
//! Invariants: toggles are in the order of (effect, index), and each names the record that caused it.
//!
//! Deliberately absent: what a lapse does to an obligation ([`super::fold`]).

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::treaty::docket::{Act, Known, Pos};
use crate::treaty::host_consent::{Action, Scope};
use crate::treaty::party::{Party, Slot};
use crate::treaty::terms::{SlotTerms, Terms};
use crate::treaty::time::Instant;

/// A change of a basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Toggle {
    /// When, and by which record.
    pub pos: Pos,
    /// Whether the basis is in force from here on.
    pub in_force: bool,
}

/// Terms, designations and preconditions of a docket, in the order in which they take effect.
#[derive(Debug)]
pub struct Basis<'a> {
    known: Known<'a>,
    terms: Vec<(Pos, &'a Terms)>,
    agreement: Vec<Toggle>,
    /// Terms and preconditions, in the same order.
    common: Vec<Pos>,
    /// The toggles of each slot, once somebody asked.
    slots: BTreeMap<Slot, OnceCell<Vec<Toggle>>>,
}

/// Whether a slot is in force, and the records that make it so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotStatus {
    /// The slot.
    pub slot: Slot,
    /// Whether visits can be asked for.
    pub in_force: bool,
    /// The records that make it so, in log order.
    pub because: Vec<u32>,
}

impl<'a> Basis<'a> {
    /// The basis of every slot, as far as it was known.
    pub fn of(known: Known<'a>) -> Basis<'a> {
        let mut common: Vec<Pos> = known.basis().filter_map(|index| known.pos(index)).collect();
        common.sort_unstable();
        let terms_of = |pos: &Pos| match known.seen(pos.1)?.act {
            Act::Terms(terms) => Some((*pos, terms.as_ref())),
            _ => None,
        };
        let terms: Vec<_> = common.iter().filter_map(terms_of).collect();
        let slots = terms.iter().flat_map(|(_, terms)| terms.slots.keys());
        let slots = slots.map(|slot| (*slot, OnceCell::new())).collect();
        let mut basis = Basis { known, terms, agreement: Vec::new(), common, slots };
        basis.agreement = basis.agreement_toggles();
        basis
    }

    /// The terms in force at `pos`; before any, the first.
    pub fn terms_at(&self, pos: Pos) -> Option<&'a Terms> {
        self.terms_entry(pos).map(|(_, terms)| terms)
    }

    /// The same, with the place of the record that put them in force.
    pub fn terms_entry(&self, pos: Pos) -> Option<(Pos, &'a Terms)> {
        let after = self.terms.partition_point(|(from, _)| *from <= pos);
        self.terms.get(after.saturating_sub(1)).copied()
    }

    /// What the newest terms that had it said of a slot.
    pub fn any_terms_of(&self, slot: Slot) -> Option<&'a SlotTerms> {
        self.terms.iter().rev().find_map(|(_, terms)| terms.slot(slot))
    }

    /// The slots of the terms in force at `pos`.
    pub fn slots_at(&self, pos: Pos) -> impl Iterator<Item = Slot> + use<'a> {
        self.terms_at(pos).into_iter().flat_map(|terms| terms.slots.keys().copied())
    }

    /// Every slot that any terms ever had.
    pub fn all_slots(&self) -> impl Iterator<Item = Slot> + use<'_> {
        self.slots.keys().copied()
    }

    /// The toggles of the agreement alone.
    pub fn agreement(&self) -> &[Toggle] {
        &self.agreement
    }

    /// The toggles of a slot.
    pub fn slot(&self, slot: Slot) -> &[Toggle] {
        self.slots.get(&slot).map_or(&[], |toggles| toggles.get_or_init(|| self.toggles(slot)))
    }

    fn agreement_toggles(&self) -> Vec<Toggle> {
        let mut toggles: Vec<Toggle> = Vec::new();
        for (pos, terms) in &self.terms {
            let in_force = !terms.ended;
            if toggles.last().is_none_or(|last| last.in_force != in_force) {
                toggles.push(Toggle { pos: *pos, in_force });
            }
        }
        toggles
    }

    fn toggles(&self, slot: Slot) -> Vec<Toggle> {
        let mut all = self.common.clone();
        all.extend(self.known.designations(slot).filter_map(|index| self.known.pos(index)));
        all.sort_unstable();
        let mut state = State { slot, terms: None, designated: None, preconditions: BTreeMap::new() };
        let mut toggles: Vec<Toggle> = Vec::new();
        for pos in all {
            state.take(&self.known, pos.1);
            let toggle = Toggle { pos, in_force: state.in_force() };
            if toggles.last().map_or(toggle.in_force, |last| last.in_force != toggle.in_force) {
                toggles.push(toggle);
            }
        }
        toggles
    }

    /// Whether a slot was in force for visits at `pos`, its host's consent included, and why.
    pub fn slot_status(&self, slot: Slot, pos: Pos) -> SlotStatus {
        let terms_by = self.terms_entry(pos).map(|(by, _)| by.1);
        let mut state = State { slot, terms: None, designated: None, preconditions: BTreeMap::new() };
        let designations = self.known.designations(slot);
        let mut all: Vec<Pos> = self.known.basis().chain(designations).filter_map(|i| self.known.pos(i)).collect();
        all.retain(|at| *at <= pos);
        all.sort_unstable();
        all.iter().for_each(|at| state.take(&self.known, at.1));
        let needs_consent = state.terms.and_then(|terms| terms.slot(slot)).is_some_and(|of| of.host != of.inspected);
        let consent = self.consent(slot, pos).filter(|_| needs_consent);
        let in_force = state.in_force() && (!needs_consent || consent.is_some_and(|(_, stands)| stands));
        let mut because: Vec<u32> = terms_by.into_iter().collect();
        if in_force {
            because.extend(state.designated.map(|(by, _)| by));
            because.extend(consent.map(|(by, _)| by));
        } else {
            because.extend(state.designated.filter(|(_, withdrawn)| *withdrawn).map(|(by, _)| by));
            because.extend(state.not_met());
            because.extend(consent.filter(|(_, stands)| !*stands).map(|(by, _)| by));
        }
        because.sort_unstable();
        because.dedup();
        SlotStatus { slot, in_force, because }
    }

    /// The newest standing word of the host, and whether it holds at `pos`.
    fn consent(&self, slot: Slot, pos: Pos) -> Option<(u32, bool)> {
        let standing = self.known.consents(slot).filter_map(|index| {
            let at = self.known.pos(index)?;
            match self.known.seen(index)?.act {
                Act::Consent { scope: Scope::Standing, action, valid_until, .. } => Some((at, *action, *valid_until)),
                _ => None,
            }
        });
        let (at, action, until) = standing.filter(|(at, ..)| *at <= pos).max_by_key(|(at, ..)| *at)?;
        Some((at.1, action != Action::Withdraw && until.is_none_or(|until| pos.0 <= until)))
    }

    /// The instants at which the consents of a slot run out.
    pub fn run_outs(&self, slot: Slot) -> impl Iterator<Item = Instant> {
        self.known.consents(slot).filter_map(|index| match self.known.seen(index)?.act {
            Act::Consent { scope: Scope::Standing, valid_until, .. } => *valid_until,
            _ => None,
        })
    }
}

/// Terms, designation and preconditions while they are gone through in order.
struct State<'a> {
    slot: Slot,
    terms: Option<&'a Terms>,
    /// The newest designation or withdrawal, and which it is.
    designated: Option<(u32, bool)>,
    preconditions: BTreeMap<(&'a str, Party), (u32, bool)>,
}

impl<'a> State<'a> {
    fn take(&mut self, known: &Known<'a>, index: u32) {
        let Some(seen) = known.seen(index) else { return };
        match seen.act {
            Act::Terms(terms) => self.terms = Some(terms),
            Act::Designation { withdraw, .. } => self.designated = Some((index, *withdraw)),
            Act::Precondition { name, met } => {
                self.preconditions.insert((name, seen.event.party), (index, *met));
            }
            _ => {}
        }
    }

    fn in_force(&self) -> bool {
        let stands = self.terms.is_some_and(|terms| !terms.ended && terms.slot(self.slot).is_some());
        stands && self.designated.is_some_and(|(_, withdrawn)| !withdrawn) && self.not_met().next().is_none()
    }

    /// The statements by which a suspensive precondition of the slot is not met.
    fn not_met(&self) -> impl Iterator<Item = u32> {
        let suspensive = |name: &str| {
            self.terms.is_some_and(|terms| {
                terms.preconditions.iter().any(|precondition| {
                    let slots = precondition.slots.as_ref();
                    precondition.suspensive
                        && precondition.name.0 == name
                        && slots.is_none_or(|slots| slots.0.contains(&self.slot))
                })
            })
        };
        let stated = self.preconditions.iter();
        stated.filter(move |((name, _), (_, met))| !met && suspensive(name)).map(|(_, (index, _))| *index)
    }
}
