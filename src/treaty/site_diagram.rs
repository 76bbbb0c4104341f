//! `site_diagram`: the agreed drawing of a site, by its hash.
//!
//! The boundary of an inspection is this drawing, never a point on a map. Both Parties' centres sign it, and the host's
//! where the site lies on the territory of a third state. Each version carries the next number and takes the place of
//! the one before; the file itself is exchanged by other means.
//!
//! Deliberately absent: the file.

use super::admit::Case;
use super::party::{Name, Party, Role, Slot};
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Register};
use super::shape::{Code, Int, List};
use crate::hash::Hash;

crate::body! {
    /// A file that is kept elsewhere.
    pub struct File {
        /// SHA-256 of its bytes.
        sha256: Hash,
        /// Its size in bytes.
        bytes: Int<1, 10_000_000_000>,
        /// Its media type.
        media_type: Code<128>,
    }
}

crate::body! {
    /// The body of a `site_diagram`.
    pub struct SiteDiagram {
        /// The slot.
        slot: Slot,
        /// 1, and one more for each later diagram of the slot.
        version: Int<1, 1_000_000>,
        /// The drawing.
        file: File,
        /// What the drawing calls the buildings.
        buildings: List<Name, 0, 200>,
    }
}

impl SiteDiagram {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let Some(terms) = case.slot(self.slot, refused) else { return };
        let mut centres = vec![(Party::Us, Role::Centre), (Party::Ru, Role::Centre)];
        if !terms.host.is_party() {
            centres.push((terms.host, Role::Centre));
        }
        case.signed_by(&centres, refused);
        if case.register.designation(self.slot, case.received_at).is_none() {
            refused.push(Refused::new(Refusal::SlotNotDesignated, "/body/slot", self.slot.to_string()));
        }
        let next = case.register.slot(self.slot).map_or(0, |facts| facts.diagrams.len()) as i64 + 1;
        if self.version.0 != next {
            refused.push(Refused::new(Refusal::DiagramVersion, "/body/version", next.to_string()));
        }
    }

    /// Notes the diagram.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        register.slot_mut(self.slot).diagrams.push_back(applied.index);
    }
}
