//! `designation`: a state says which site fills a slot.
//!
//! The terms say for each slot who designates. A new designation takes the place of the one before it; `withdraw`
//! leaves the slot without a site. The coordinates are for finding a place on a map: the boundary of an inspection is
//! the co-signed site diagram, never a point.
//!
//! Deliberately absent: whether the slot is in force, which also hangs on consent and preconditions.

use super::admit::Case;
use super::party::{Name, Role, Slot, Text};
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Designated, Register};
use super::shape::{Code, Int};

crate::one_of! {
    /// What a designation does.
    pub enum Action {
        /// The site fills the slot from now on.
        Designate = "designate",
        /// No site fills the slot from now on.
        Withdraw = "withdraw",
    }
}

crate::body! {
    /// The body of a `designation`.
    pub struct Designation {
        /// The slot.
        slot: Slot,
        /// The site's code.
        site: Code<64>,
        /// Whether it is designated or withdrawn.
        action: Action,
        /// What the site is called.
        name: Text,
        /// Latitude in 1e-7 degree, north positive (WGS 84).
        lat_e7: Int<{ -900_000_000 }, 900_000_000>,
        /// Longitude in 1e-7 degree, east positive (WGS 84).
        lon_e7: Int<{ -1_800_000_000 }, 1_800_000_000>,
        /// Radius around the point within which the site lies, in metres.
        accuracy_m: Int<0, 1_000_000>,
        /// Where the coordinates come from.
        source: Name,
    }
}

impl Designation {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let Some(terms) = case.slot(self.slot, refused) else { return };
        case.signed_by(&[(terms.designated_by, Role::Centre)], refused);
        if self.action == Action::Withdraw && case.register.designation(self.slot, case.received_at).is_none() {
            refused.push(Refused::new(Refusal::NothingToWithdraw, "/body/action", self.slot.to_string()));
        }
    }

    /// Notes the designation.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        let withdraw = self.action == Action::Withdraw;
        let designated = Designated { index: applied.index, effect: applied.effect(), withdraw };
        register.slot_mut(self.slot).designations.push_back(designated);
    }
}
