//! Which obligations a question looks at: all that ever were, or those that matter to a calendar year.
//!
//! Invariants: what an answer over a year shows is what an answer over everything shows, less what is left out by rule
//! ([`Frame::shows`]). The index of settled cases only says where nothing can be found.
//!
//! Deliberately absent: how they stand.

use std::collections::BTreeSet;

use super::judge::{self, Judged, Standing};
use crate::treaty::docket::{Case, CaseKind};
use crate::treaty::obligation::{Kind, Obligation, Sight};
use crate::treaty::party::Slot;
use crate::treaty::time::Instant;

/// How much an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything that ever was.
    Everything,
    /// What is outstanding or enters a grade of the period, and the requests and quotas of the period.
    Period,
}

/// What is looked at, in whosever view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The instant asked about.
    pub as_of: Instant,
    /// The calendar year.
    pub period: i32,
    /// How much is shown.
    pub scope: Scope,
}

/// The kinds of obligation that notices create outside visits.
const OF_NOTICES: [Kind; 4] = [Kind::Ack, Kind::DataChange, Kind::Clarify, Kind::Consult];

impl Frame {
    /// Everything, in this calendar year; in that of `as_of`, if none is named.
    pub fn everything(as_of: Instant, period: Option<i32>) -> Frame {
        Frame { as_of, period: period.unwrap_or_else(|| as_of.year()), scope: Scope::Everything }
    }

    /// Whether an obligation that stands so is shown.
    pub fn shows(&self, is_graded: bool, judged: &Judged, standing: &Standing) -> bool {
        self.scope == Scope::Everything
            || !standing.state.is_final()
            || (is_graded && judged.obligation.period == self.period)
    }

    /// Every obligation that may be shown.
    pub(super) fn judged(&self, sight: &Sight<'_>, graded: &[Kind]) -> Vec<Judged> {
        let wanted = |obligation: &Obligation| {
            self.scope == Scope::Everything
                || (graded.contains(&obligation.kind) && obligation.period == self.period)
                || !is_through(sight, obligation)
        };
        let mut all: Vec<Judged> = Vec::new();
        all.extend(self.visits(sight).into_iter().flat_map(|visit| judge::of_visit(sight, visit, &wanted)));
        all.extend(self.notices(sight, graded).into_iter().flat_map(|index| judge::of_notice(sight, index, &wanted)));
        all.extend(sight.basis.all_slots().flat_map(|slot| judge::of_slot(sight, slot, &wanted)));
        all
    }

    fn visits(&self, sight: &Sight<'_>) -> BTreeSet<u32> {
        match self.scope {
            Scope::Everything => sight.known.intents().collect(),
            Scope::Period => {
                self.requests(sight).into_iter().chain(sight.unsettled(CaseKind::Visit).iter().copied()).collect()
            }
        }
    }

    fn notices(&self, sight: &Sight<'_>, graded: &[Kind]) -> BTreeSet<u32> {
        let of_period = OF_NOTICES.iter().filter(|kind| graded.contains(kind));
        let of_period = of_period.flat_map(|kind| sight.known.notices_of(*kind, self.period));
        match self.scope {
            Scope::Everything => sight.known.notices().collect(),
            Scope::Period => of_period.chain(sight.unsettled(CaseKind::Notice).iter().copied()).collect(),
        }
    }

    /// The requests that are shown, in log order.
    pub(super) fn requests(&self, sight: &Sight<'_>) -> Vec<u32> {
        if self.scope == Scope::Everything {
            return sight.known.intents().collect();
        }
        let slots = sight.known.requested(self.period);
        let mut requests: Vec<u32> = slots.flat_map(|slot| sight.known.requests(slot, self.period)).collect();
        requests.sort_unstable();
        requests
    }

    /// The slots and years whose quotas are shown because somebody asked for a visit in them.
    pub(super) fn quotas(&self, sight: &Sight<'_>) -> BTreeSet<(Slot, i32)> {
        let asked: Vec<(Slot, i32)> = match self.scope {
            Scope::Everything => sight.known.requested_ever().collect(),
            Scope::Period => sight.known.requested(self.period).map(|slot| (slot, self.period)).collect(),
        };
        asked.into_iter().filter(|(slot, period)| !sight.group(*slot, *period).admits.is_empty()).collect()
    }
}

/// Whether it is known without a look that nothing is outstanding in an obligation.
fn is_through(sight: &Sight<'_>, obligation: &Obligation) -> bool {
    if obligation.kind == Kind::Baseline {
        return sight.is_declared(obligation);
    }
    let case = match obligation.visit.filter(|_| !OF_NOTICES.contains(&obligation.kind)) {
        Some(visit) => Case::Visit(visit),
        None => Case::Notice(obligation.created_by),
    };
    sight.known.is_settled(case, sight.as_of)
}
