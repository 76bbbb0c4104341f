//! How the two sides stand: for any day, as known on any day, in each side's view.
//!
//! [`status`] is a pure function of a prefix of the log and of a [`Query`]. It gathers every obligation
//! ([`judge`]), grades each side ([`grade`]), and shows beside the status of the pair what it rests on: live claims
//! ([`standing`]), findings of absence ([`absence`]), quotas, open clocks. `docs/reciprocity.md` is its specification.
//!
//! Invariants: the same prefix and the same query give the same bytes; every status names the records that cause it.
//!
//! Deliberately absent: any determination. Those are records of the Parties.

pub mod absence;
mod answer;
mod cases;
pub mod compare;
pub mod grade;
pub mod history_of;
pub mod judge;
pub mod standing;
pub mod timeline;
pub mod words;
mod write;

use std::collections::{BTreeMap, BTreeSet};

pub use answer::*;
pub use cases::{Frame, Scope};
pub use judge::{Judged, Viewer};

use self::grade::{Grade, Ground, SideGrade, carries_over, of_standing};
use self::judge::Standing as Stands;
use self::standing::Live;
use super::docket::{Answer as Answered, Known};
use super::obligation::{Basis, Holds, Kind, Obligation, Sight, State};
use super::party::{Party, Slot as SlotName};
use super::time::Instant;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// The instant asked about.
    pub as_of: Instant,
    /// In whose view.
    pub viewer: Viewer,
    /// The calendar year; that of `as_of`, if none is named.
    pub period: Option<i32>,
}

/// How records are named in an answer: by their digests, or in a history without signatures by their ids.
pub type Names<'n> = dyn Fn(u32) -> String + 'n;

/// Everything that a status is made of, before it is written.
struct Stand<'q, 'a> {
    sight: &'q Sight<'a>,
    viewer: Viewer,
    frame: Frame,
    /// The places in each quota, by what the terms in force distribute.
    holds: &'q BTreeMap<(SlotName, i32), Holds>,
    rows: Vec<(&'q Judged, Stands)>,
    live: &'q [Live<'a>],
}

/// The status of the pair by what was `known`.
pub fn status(known: Known<'_>, query: Query, names: &Names<'_>) -> Answer {
    let frame = Frame::everything(query.as_of, query.period);
    look(known, frame, |in_view| in_view(query.viewer).write(names))
}

/// The same in several views. What is owed, and how it stands in each, is gone through once.
pub fn statuses(known: Known<'_>, frame: Frame, viewers: &[Viewer], names: &Names<'_>) -> Vec<Answer> {
    look(known, frame, |in_view| viewers.iter().map(|viewer| in_view(*viewer).write(names)).collect())
}

/// Gathers what every view is made of, and hands out views of it.
fn look<T>(known: Known<'_>, frame: Frame, then: impl for<'q> FnOnce(&dyn Fn(Viewer) -> Stand<'q, 'q>) -> T) -> T {
    let basis = Basis::of(known);
    let sight = Sight::new(known, &basis, frame.as_of);
    let graded = sight.graded();
    let mut judged = frame.judged(&sight, graded);
    judged.sort_by_key(|judged| order(&judged.obligation));
    let asked = judged.iter().map(|judged| &judged.obligation).filter(|obligation| obligation.kind == Kind::Admit);
    let asked = asked.filter_map(|admit| Some((admit.slot?, admit.period)));
    let quotas: BTreeSet<(SlotName, i32)> = asked.chain(frame.quotas(&sight)).collect();
    let distributed = sight.quota_at(sight.until());
    let holds = quotas.into_iter().map(|(slot, year)| ((slot, year), sight.group(slot, year).holds(distributed)));
    let (holds, live) = (holds.collect(), standing::live(&sight));
    then(&|viewer| {
        let stands = |judged| Judged::standing(judged, viewer).map(|standing| (judged, standing));
        let rows = judged.iter().filter_map(stands);
        let shown = |(judged, standing): &(&Judged, Stands)| {
            frame.shows(graded.contains(&judged.obligation.kind), judged, standing)
        };
        Stand { sight: &sight, viewer, frame, holds: &holds, rows: rows.filter(shown).collect(), live: &live }
    })
}

fn order(obligation: &Obligation) -> (u32, &'static str, Option<SlotName>) {
    (obligation.created_by, obligation.kind.as_str(), obligation.slot)
}

impl Stand<'_, '_> {
    /// The kinds that enter a side's grade.
    fn is_graded(&self, kind: Kind) -> bool {
        self.sight.graded().contains(&kind)
    }

    /// The index of the terms in force.
    fn terms(&self) -> Option<u32> {
        self.sight.basis.terms_entry(self.sight.until()).map(|(pos, _)| pos.1)
    }

    /// The slots of a side: those at which it is inspected.
    fn slots_of(&self, party: Party) -> Vec<SlotName> {
        let terms = self.sight.basis.terms_at(self.sight.until());
        let slots = terms.into_iter().flat_map(|terms| &terms.slots);
        slots.filter(|(_, slot)| slot.inspected == party).map(|(name, _)| *name).collect()
    }

    /// Everything that enters the grades of the period.
    fn grounds(&self) -> Vec<Ground> {
        let enters = |(judged, standing): &&(&Judged, Stands)| {
            let period = judged.obligation.period;
            self.is_graded(judged.obligation.kind)
                && (period == self.frame.period || (period < self.frame.period && carries_over(judged, standing)))
        };
        let owed = self.rows.iter().filter(enters).filter_map(|(judged, standing)| {
            let party = judged.obligation.obligor;
            let grade = Grade::of(standing.state)?;
            let cites_other = standing.state == State::Withheld && self.cites_other(party, &standing.causes);
            Some(Ground { party, grade, causes: standing.causes.clone(), cites_other })
        });
        let standing = self.live.iter().filter_map(|live| self.of_claim(live));
        owed.chain(standing).collect()
    }

    /// What a standing withholding counts.
    fn of_claim(&self, live: &Live<'_>) -> Option<Ground> {
        let party = live.event.party;
        if !self.is_graded(Kind::Admit) || !live.withholds_access(self.sight, &self.slots_of(party)) {
            return None;
        }
        let contested = matches!(live.answer, Answered::Contested(_));
        let grade = of_standing(self.viewer, party, contested);
        let mut causes = vec![live.event.index];
        if let (Answered::Contested(by), Grade::C) = (live.answer, grade) {
            causes.push(by);
        }
        let cites_other = live.cites_side(self.sight, super::obligation::other(party), self.viewer);
        Some(Ground { party, grade, causes: self.sight.with_corrections(causes), cites_other })
    }

    /// Whether one of the claims among these records cites an obligation of the other side.
    fn cites_other(&self, party: Party, causes: &[u32]) -> bool {
        let other = super::obligation::other(party);
        let mut deciding = self.live.iter().filter(|live| causes.contains(&live.event.index));
        deciding.any(|live| live.cites_side(self.sight, other, self.viewer))
    }

    /// How a side stands.
    fn side(&self, party: Party, grounds: &[Ground]) -> SideGrade {
        let until = self.sight.until();
        let slots = self.slots_of(party).into_iter().map(|slot| self.sight.basis.slot_status(slot, until));
        let out: Vec<u32> = slots.filter(|status| !status.in_force).flat_map(|status| status.because).collect();
        SideGrade::of(party, grounds, (!out.is_empty()).then(|| grade::sorted(out)), self.terms())
    }
}
