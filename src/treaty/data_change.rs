//! `data_change`: what an inspected Party says has changed at a site since its declaration.
//!
//! It supplements the declaration: it lists launchers, items and absences as they now are where they changed. `reload`
//! says that launchers were loaded or unloaded, which ends a standing finding of absence.
//!
//! Deliberately absent: a computed state of the site; the newest declaration and the changes after it are shown side
//! by side.

use super::admit::Case;
use super::declaration::{Absences, Items, Launchers, cells_of, inventory_agrees};
use super::party::{Role, Slot};
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Register};
use super::shape::Int;

crate::body! {
    /// The body of a `data_change`.
    pub struct DataChange {
        /// The slot.
        slot: Slot,
        /// The launchers that changed.
        launchers: Launchers,
        /// The items that changed.
        items: Items,
        /// What is away now.
        absent: Absences,
        /// Persons at the site.
        personnel: Option<Int<0, 100_000>>,
        /// Whether launchers were loaded or unloaded.
        reload: bool,
    }
}

impl DataChange {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let Some(terms) = case.slot(self.slot, refused) else { return };
        case.signed_by(&[(terms.inspected, Role::Centre)], refused);
        if !case.register.is_declared(self.slot) {
            refused.push(Refused::new(Refusal::NothingDeclared, "/body/slot", self.slot.to_string()));
        }
        inventory_agrees(&self.launchers.0, &self.items.0, refused);
    }

    /// Notes that the slot's data changed.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        register.put_data(self.slot, applied.index, false, cells_of(&self.launchers.0));
    }
}
