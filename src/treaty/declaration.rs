//! `declaration`: what an inspected Party says is at a site.
//!
//! Launchers with their cells, items with their places, and what is temporarily absent. A later declaration
//! supplements the record and takes the earlier one's place as the newest; it never replaces or changes it. An item
//! whose `location` begins with the id of a launcher stands in one of its cells, `<launcher>/<cell>`, counted from 1;
//! any other location is a place at the site (a store, a hangar).
//!
//! Deliberately absent: whether it is true. That is for inspections.

use std::collections::{BTreeMap, BTreeSet};

use super::admit::Case;
use super::party::{Name, Role, Slot, Text};
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Register};
use super::shape::{Code, Int, List};
use super::time::Instant;

crate::body! {
    /// A launcher.
    pub struct Launcher {
        /// Its id at the site.
        id: Code<32>,
        /// Its type.
        r#type: Name,
        /// How many cells or canisters it has.
        cells: Int<0, 1_000>,
    }
}

crate::body! {
    /// A declared item, or several alike in one place.
    pub struct Item {
        /// Its unique identifier.
        uid: Code<64>,
        /// Its type.
        r#type: Name,
        /// Where it is: `<launcher>/<cell>`, or a place at the site.
        location: Code<64>,
        /// How many.
        count: Int<0, 1_000_000>,
    }
}

crate::body! {
    /// Something declared that is away from the site.
    pub struct Absent {
        /// Its type.
        r#type: Name,
        /// Until when.
        until: Option<Instant>,
        /// Why.
        reason: Text,
    }
}

/// The launchers of one site.
pub type Launchers = List<Launcher, 0, 200>;
/// The items of one site.
pub type Items = List<Item, 0, 500>;
/// What is away from one site.
pub type Absences = List<Absent, 0, 100>;

crate::body! {
    /// The body of a `declaration`.
    pub struct Declaration {
        /// The slot.
        slot: Slot,
        /// Every launcher.
        launchers: Launchers,
        /// Every item.
        items: Items,
        /// What is away.
        absent: Absences,
        /// Persons at the site.
        personnel: Option<Int<0, 100_000>>,
    }
}

impl Declaration {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let Some(terms) = case.slot(self.slot, refused) else { return };
        case.signed_by(&[(terms.inspected, Role::Centre)], refused);
        if case.register.designation(self.slot, case.received_at).is_none() {
            refused.push(Refused::new(Refusal::SlotNotDesignated, "/body/slot", self.slot.to_string()));
        }
        inventory_agrees(&self.launchers.0, &self.items.0, refused);
    }

    /// Notes that the slot was declared.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        register.put_data(self.slot, applied.index, true, cells_of(&self.launchers.0));
    }
}

/// The launchers and the number of their cells, as the register keeps them.
pub(super) fn cells_of(launchers: &[Launcher]) -> Vec<(Box<str>, u16)> {
    // A launcher has at most 1,000 cells.
    launchers.iter().map(|l| (Box::from(l.id.0.as_str()), u16::try_from(l.cells.0).unwrap_or(u16::MAX))).collect()
}

/// Every launcher and item stands once, and every cell that is named exists.
pub(super) fn inventory_agrees(launchers: &[Launcher], items: &[Item], refused: &mut Vec<Refused>) {
    let mut cells = BTreeMap::new();
    for (i, launcher) in launchers.iter().enumerate() {
        if cells.insert(launcher.id.0.as_str(), launcher.cells.0).is_some() {
            refused.push(Refused::new(
                Refusal::ItemRepeated,
                format!("/body/launchers/{i}/id"),
                launcher.id.0.as_str(),
            ));
        }
    }
    let mut uids = BTreeSet::new();
    for (i, item) in items.iter().enumerate() {
        if !uids.insert(item.uid.0.as_str()) {
            refused.push(Refused::new(Refusal::ItemRepeated, format!("/body/items/{i}/uid"), item.uid.0.as_str()));
        }
        if !location_exists(&item.location.0, &cells) {
            let pointer = format!("/body/items/{i}/location");
            refused.push(Refused::new(Refusal::CellUnknown, pointer, item.location.0.as_str()));
        }
    }
}

/// Whether a location that names a launcher names one of its cells. Other places are not ours to know.
pub(super) fn location_exists(location: &str, cells: &BTreeMap<&str, i64>) -> bool {
    let (launcher, cell) = location.split_once('/').unwrap_or((location, ""));
    let Some(&cells) = cells.get(launcher) else { return true };
    let plain = !cell.starts_with('0') && cell.bytes().all(|b| b.is_ascii_digit());
    plain && cell.parse().is_ok_and(|cell: i64| (1..=cells).contains(&cell))
}
