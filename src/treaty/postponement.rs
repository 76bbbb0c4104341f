//! `postponement`: both Parties move a date.
//!
//! Its references name the request, or another record by which something is owed. `eta` is a new arrival and moves what
//! hangs on the arrival; `due_at` is a new date for everything else. A centre of each Party signs: nobody moves a date
//! alone.
//!
//! Deliberately absent: whether there is anything left to postpone; after performance it is recorded without effect.

use super::admit::Case;
use super::obliged;
use super::record::Kind;
use super::refusal::{Refusal, Refused};
use super::time::Instant;

crate::body! {
    /// The body of a `postponement`.
    pub struct Postponement {
        /// The new estimated time of arrival at the point of entry.
        eta: Option<Instant>,
        /// The new date by which what is owed is due.
        due_at: Option<Instant>,
    }
}

impl Postponement {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_both_centres(refused);
        if self.eta.is_some() == self.due_at.is_some() {
            refused.push(Refused::new(Refusal::PostponementDate, "/body", "eta | due_at"));
        } else if self.eta.is_some() && case.named(Kind::Intent).is_none() {
            refused.push(Refused::new(Refusal::PostponementDate, "/body/eta", Kind::Intent.as_str()));
        }
        if obliged::creating(Kind::Postponement, case).is_empty() {
            refused.push(Refused::new(Refusal::TargetMissing, "/refs", Kind::Intent.as_str()));
        }
    }
}
