//! What one side owes the other, and how that stands: for any day, as known on any day, in each side's view.
//!
//! Nothing here is stored. [`Sight`] looks at a prefix of the [docket](crate::treaty::docket) (`known_at`) as of an
//! instant (`as_of`); [`create`] says which obligations exist, [`moves`] which records move one of them, and [`fold`]
//! goes through those in the order of (effect, index) and answers the state, in one side's [`View`] or, for quota and
//! denials, from facts alone ([`quota`]).
//!
//! Invariants: an answer is a function of the prefix, the instant and the view. The ledger states what follows from
//! the records and from each side's claims about them; it determines nothing.
//!
//! Deliberately absent: grades and the status of the pair ([`crate::treaty::reciprocity`]).

mod basis;
mod cover;
mod create;
mod fold;
mod moves;
mod quota;
mod reported;
mod settle;
mod stance;
mod state;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

pub use basis::{Basis, SlotStatus, Toggle};
pub use create::{VisitFacts, other};
pub use quota::{Group, Hold, Holds};
pub use settle::settle;
pub use state::{Clause, Outcome, State};

use super::docket::{CaseKind, Known, Pos};
use super::party::{Party, Slot};
use super::terms::Limits;
pub use super::terms::ObligationKind as Kind;
use super::time::Instant;

/// One thing that one side owes the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation {
    /// What is owed.
    pub kind: Kind,
    /// The slot that it concerns, if it concerns one.
    pub slot: Option<Slot>,
    /// The calendar year that it belongs to (ruling 33).
    pub period: i32,
    /// Who owes it.
    pub obligor: Party,
    /// To whom.
    pub holder: Holder,
    /// The record that created it.
    pub created_by: u32,
    /// When.
    pub created_at: Instant,
    /// When it is due, as first set.
    pub due: Instant,
    /// The intent of its visit.
    pub visit: Option<u32>,
    /// The intent on whose admission it waits (ruling 29).
    pub waits_for: Option<u32>,
    /// The limits that it keeps for good (ruling 11).
    pub limits: Limits,
}

/// To whom an obligation is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// To one Party.
    Party(Party),
    /// To both: what a host owes.
    Both,
}

impl Holder {
    /// Whether it is owed to this Party.
    pub fn is(self, party: Party) -> bool {
        match self {
            Holder::Party(holder) => holder == party,
            Holder::Both => party.is_party(),
        }
    }

    /// As the answer writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Holder::Party(party) => party.as_str(),
            Holder::Both => "BOTH",
        }
    }
}

/// From where a state is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// As one Party sees it.
    Of(Party),
    /// From facts alone: every milestone counts however signed, and no answer to a claim does. For quota and denials.
    Facts,
}

impl Obligation {
    /// When, and by which record, it was created.
    pub const fn created(&self) -> Pos {
        (self.created_at, self.created_by)
    }

    /// Whether it rests on the basis of its slot, and not on the agreement alone (ruling 3).
    pub const fn rests_on_slot(&self) -> bool {
        use Kind::{Access, Admit, Baseline, Freeze, HostAct, Opening};
        matches!(self.kind, Baseline | Admit | Freeze | Access | Opening | HostAct)
    }
}

/// A prefix of the log, looked at as of an instant.
#[derive(Debug)]
pub struct Sight<'a> {
    /// What was known.
    pub known: Known<'a>,
    /// The basis of every slot.
    pub basis: &'a Basis<'a>,
    /// The instant asked about, inclusive.
    pub as_of: Instant,
    /// The cases of each kind that are not settled, once somebody asked.
    unsettled: [OnceCell<Vec<u32>>; 4],
    /// The quota of each slot and year that somebody asked about.
    groups: RefCell<BTreeMap<(Slot, i32), Rc<Group>>>,
    /// Whether the places of a quota are being counted: what lifts find room is not known yet (ruling 19).
    is_counting: bool,
}

impl<'a> Sight<'a> {
    /// A prefix as of an instant.
    pub fn new(known: Known<'a>, basis: &'a Basis<'a>, as_of: Instant) -> Sight<'a> {
        let (unsettled, groups) = Default::default();
        Sight { known, basis, as_of, unsettled, groups, is_counting: false }
    }

    /// The same at another instant.
    pub fn at(&self, as_of: Instant) -> Sight<'a> {
        Sight::new(self.known, self.basis, as_of)
    }

    /// The cases of a kind that are not settled at the instant asked about.
    pub fn unsettled(&self, kind: CaseKind) -> &[u32] {
        self.unsettled[kind as usize].get_or_init(|| self.known.unsettled(kind, self.as_of))
    }

    /// The admissible requests of one slot and year, as they stand from facts.
    pub fn group(&self, slot: Slot, period: i32) -> Rc<Group> {
        if let Some(group) = self.groups.borrow().get(&(slot, period)) {
            return Rc::clone(group);
        }
        let counting = Sight { is_counting: true, ..self.at(self.as_of) };
        let group = Rc::new(counting.count(slot, period));
        self.groups.borrow_mut().insert((slot, period), Rc::clone(&group));
        group
    }

    /// Whether a lift found room in the quota for a request, so that it could take its place again (ruling 19).
    fn has_room(&self, lift: u32, admit: &Obligation) -> bool {
        let Some(slot) = admit.slot.filter(|_| !self.is_counting) else { return true };
        !self.group(slot, admit.period).no_room.contains(&(lift, admit.created_by))
    }

    /// The last place in the order of effect that counts.
    pub const fn until(&self) -> Pos {
        (self.as_of, u32::MAX)
    }

    /// Whether a record has taken effect.
    pub fn is_in_effect(&self, index: u32) -> bool {
        self.known.pos(index).is_some_and(|pos| pos <= self.until())
    }

    /// The limits in force at a place in the order of effect.
    pub fn limits(&self, pos: Pos) -> Limits {
        self.basis.terms_at(pos).map(|terms| terms.limits.clone()).unwrap_or_default()
    }

    /// The kinds that enter a side's grade, by the terms in force at the instant asked about.
    pub fn graded(&self) -> &'a [Kind] {
        self.basis.terms_at(self.until()).map_or(&[], |terms| &terms.graded)
    }

    /// Causes in log order, each once, with the newest correction of each.
    pub fn with_corrections(&self, mut causes: Vec<u32>) -> Vec<u32> {
        let corrections: Vec<u32> = causes.iter().filter_map(|&index| Some(self.known.correction(index)?.0)).collect();
        causes.extend(corrections);
        causes.sort_unstable();
        causes.dedup();
        causes
    }
}
