//! A visit: one inspection from its intent on, as the register keeps it.
//!
//! Everything that names the intent in its first reference belongs to the visit, in index order. States and clocks are
//! computed when they are asked for.
//!
//! Invariants: nothing is removed; each fact carries the index at which it came, so the past is read by a prefix.
//!
//! Deliberately absent: what either side owes the other.

use std::sync::Arc;

use imbl::Vector;

use super::claims::{Finding, RollUp};
use super::intent::Inadmissible;
use super::milestone::Milestones;
use super::party::{KeyName, Party, Slot};
use super::report_receipt::ReceiptResult;
use super::time::Instant;
use crate::hash::Hash;

/// One inspection from its intent on.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The entry of the intent.
    pub intent: u64,
    /// Its digest: the name of the visit.
    pub digest: Hash,
    /// The slot.
    pub slot: Slot,
    /// Who inspects.
    pub inspecting: Party,
    /// Who is inspected.
    pub inspected: Party,
    /// On whose territory.
    pub host: Party,
    /// When the intent was received.
    pub received_at: Instant,
    /// The estimated arrival, as first notified.
    pub eta: Instant,
    /// The point of entry.
    pub poe: Arc<str>,
    /// The designation of the site when the intent was received.
    pub site: Option<u64>,
    /// Why the intent is not admissible, if it is not.
    pub inadmissible: Option<Inadmissible>,
    /// A team that is larger than the terms have it: how many inspectors were named, and the limit.
    pub oversized: Option<(u64, u64)>,
    /// Every record of the visit after the intent, in index order.
    pub records: Vector<u64>,
    /// What happened.
    pub milestones: Vector<Step>,
    /// What was reported.
    pub reports: Vector<Reported>,
    /// What the escort answered.
    pub receipts: Vector<Receipt>,
}

/// One milestone of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The entry.
    pub index: u64,
    /// Which step.
    pub name: Milestones,
    /// When it happened.
    pub effect: Instant,
    /// Who says so.
    pub signed_by: Sides,
}

/// Which of the two Parties signed a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// The United States.
    pub us: bool,
    /// The Russian Federation.
    pub ru: bool,
}

impl Sides {
    /// The Parties of these signers.
    pub fn of(signers: &[KeyName]) -> Sides {
        let has = |party| signers.iter().any(|name| name.party() == party);
        Sides { us: has(Party::Us), ru: has(Party::Ru) }
    }

    /// Who of the two signed one or the other.
    pub const fn with(self, other: Sides) -> Sides {
        Sides { us: self.us || other.us, ru: self.ru || other.ru }
    }

    /// Whether this Party signed.
    pub const fn has(self, party: Party) -> bool {
        match party {
            Party::Us => self.us,
            Party::Ru => self.ru,
            Party::Ro | Party::Pl => false,
        }
    }

    /// Those who signed.
    pub fn parties(self) -> impl Iterator<Item = Party> {
        [Party::Us, Party::Ru].into_iter().filter(move |party| self.has(*party))
    }

    /// Whether both signed.
    pub const fn are_both(self) -> bool {
        self.us && self.ru
    }
}

/// One report of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The entry.
    pub index: u64,
    /// When it was handed over.
    pub handed_over_at: Instant,
    /// The findings on C1 to C6.
    pub findings: [Finding; 6],
    /// What they add up to.
    pub roll_up: RollUp,
    /// The ids of the ambiguities that it raises.
    pub ambiguities: Vector<Arc<str>>,
}

/// One answer to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The entry.
    pub index: u64,
    /// The entry of the report.
    pub report: u64,
    /// The answer.
    pub result: ReceiptResult,
}
