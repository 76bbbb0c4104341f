//! `milestone`: a step of a visit has happened.
//!
//! The team's leader or the escort signs it, or both do. The first reference is the visit's intent. A milestone that
//! comes after a limit is recorded and shown as late.
//!
//! Deliberately absent: an order of milestones that would be enforced. What happened, happened.

use super::admit::Case;
use super::party::{Name, Text};
use super::refusal::Refused;
use super::register::{Applied, Register};
use super::visit::{Sides, Step};

crate::one_of! {
    /// The steps of a visit.
    pub enum Milestones {
        /// The team has arrived at the point of entry.
        PoeArrival = "poe_arrival",
        /// The team has named the site.
        SiteNamed = "site_named",
        /// Movements at the site are restricted.
        Restrictions = "restrictions",
        /// The team has arrived at the site.
        SiteArrival = "site_arrival",
        /// The inspection has started.
        Start = "start",
        /// The inspection is extended by agreement.
        Extension = "extension",
        /// The inspection has ended.
        End = "end",
        /// The team has left the country.
        Departure = "departure",
    }
}

crate::body! {
    /// The body of a `milestone`.
    pub struct Milestone {
        /// Which step.
        name: Milestones,
        /// Where.
        place: Option<Name>,
        /// A remark.
        remark: Option<Text>,
    }
}

impl Milestone {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        if let Some(visit) = case.visit(refused) {
            case.signed_on_site(visit, refused);
        }
    }

    /// Adds the step to its visit.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        let step = Step {
            index: applied.index,
            name: self.name,
            effect: applied.header.effective_at.unwrap_or(applied.received_at),
            signed_by: Sides::of(&applied.header.signers),
        };
        if let Some(visit) = applied.visit(register) {
            visit.milestones.push_back(step);
        }
    }
}
