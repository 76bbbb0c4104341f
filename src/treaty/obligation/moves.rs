//! Which records move an obligation, each with its place in the order of effect.
//!
//! Invariants: moves are sorted by (effect, index), and none lies after the instant asked about.
//!
//! Deliberately absent: what a move does in which state ([`super::fold`]).

use std::collections::BTreeSet;

use super::cover::{covers, postpones, refuses, releases};
use super::{Kind, Obligation, Sight, View};
use crate::treaty::docket::{Act, CaseKind, ClaimNature, Pos, Seen};
use crate::treaty::host_consent::{Action, Scope};
use crate::treaty::milestone::Milestones;
use crate::treaty::party::Party;
use crate::treaty::time::Instant;

/// What a record does to one obligation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// The basis comes into force, or lapses.
    Basis(bool),
    /// It is performed.
    Perform,
    /// Its obligor claims an excuse, or withholds.
    Claim { offered: bool, withholding: bool },
    /// A claim is answered, or an answer withdrawn.
    Answer,
    /// The claim of this index is lifted.
    Lift(u32),
    /// It is refused.
    Refuse,
    /// Its holder withdraws it.
    Cancel,
    /// Both Parties agree that it is due then.
    Postpone(Instant),
    /// The request on which it waits has been performed.
    Wake,
}

/// A record that moves an obligation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Move {
    /// When it takes effect, and which record it is.
    pub pos: Pos,
    /// What it does.
    pub what: What,
}

impl<'a> Sight<'a> {
    /// Everything that moves an obligation in a view, in the order of effect.
    pub(super) fn moves(&self, obligation: &Obligation, view: View) -> Vec<Move> {
        let mut moves = Vec::new();
        let toggles = match obligation.slot.filter(|_| obligation.rests_on_slot()) {
            Some(slot) => self.basis.slot(slot),
            None => self.basis.agreement(),
        };
        // Of those before the creation, only the newest counts.
        let before = toggles.partition_point(|toggle| toggle.pos <= obligation.created());
        let toggles = &toggles[before.saturating_sub(1)..];
        moves.extend(toggles.iter().map(|toggle| Move { pos: toggle.pos, what: What::Basis(toggle.in_force) }));
        moves.extend(self.performances(obligation, view).map(|pos| Move { pos, what: What::Perform }));
        self.claims_on(obligation, view, &mut moves);
        self.records_on(obligation, &mut moves);
        moves.extend(
            obligation.waits_for.and_then(|other| self.woken_by(other, view)).map(|pos| Move { pos, what: What::Wake }),
        );
        moves.retain(|step| step.pos <= self.until());
        moves.sort_unstable();
        moves
    }

    /// What performs an obligation, as far as the view counts it.
    fn performances(&self, obligation: &Obligation, view: View) -> Box<dyn Iterator<Item = Pos> + '_> {
        let visit = obligation.visit.unwrap_or(u32::MAX);
        let step = |name| Box::new(self.counted_milestones(visit, name, obligation.obligor, view));
        match obligation.kind {
            Kind::Admit | Kind::Access => step(Milestones::SiteArrival),
            Kind::Freeze => step(Milestones::Restrictions),
            Kind::Report => Box::new(self.known.naming(visit).filter_map(move |index| {
                let seen = self.known.seen(index).filter(|seen| matches!(seen.act, Act::Report { .. }))?;
                (self.known.visit_of(index) == Some(visit)).then(|| self.known.pos_of(&seen))
            })),
            Kind::Receipt => Box::new(self.receipts(obligation.created_by, false)),
            Kind::HostAct => Box::new(self.host_words(visit, false)),
            Kind::DataChange => {
                let event = self.known.event(obligation.created_by);
                Box::new(event.map(|event| (event.received_at, event.index)).into_iter())
            }
            Kind::Baseline => Box::new(self.declarations(obligation)),
            Kind::Ack | Kind::Clarify | Kind::Consult => Box::new(self.replies(obligation)),
            Kind::Opening => Box::new(std::iter::empty()),
        }
    }

    /// Milestones of this name. One that the obligor's side signed alone counts in the holder's view while the holder
    /// does not contest it (ruling 23).
    fn counted_milestones(
        &self,
        visit: u32,
        name: Milestones,
        obligor: Party,
        view: View,
    ) -> impl Iterator<Item = Pos> + use<'_, 'a> {
        let counts = move |pos: Pos, alone: bool| match view {
            View::Of(viewer) if viewer != obligor && alone => !self.is_contested_by(pos.1, viewer),
            _ => true,
        };
        self.milestones(visit, name).filter_map(move |(pos, sides)| {
            let alone = sides.has(obligor) && !sides.are_both();
            counts(pos, alone).then_some(pos)
        })
    }

    fn receipts(&self, report: u32, declined: bool) -> impl Iterator<Item = Pos> + use<'_, 'a> {
        let receipts = self.known.receipts(report).filter(move |(_, is_declined)| *is_declined == declined);
        receipts.filter_map(|(index, _)| self.known.pos(index))
    }

    /// What a host said about one visit: that it consents, or that it does not.
    fn host_words(&self, visit: u32, withdrawn: bool) -> impl Iterator<Item = Pos> + use<'_, 'a> {
        self.known.naming(visit).filter_map(move |index| {
            let seen = self.known.seen(index)?;
            let Act::Consent { scope: Scope::Visit, action, .. } = seen.act else { return None };
            let is_of_visit = seen.event.refs.first() == Some(&visit);
            (is_of_visit && (*action == Action::Withdraw) == withdrawn).then(|| self.known.pos_of(&seen))
        })
    }

    /// The first declaration of the site for which a baseline is owed: since its designation.
    fn declarations(&self, baseline: &Obligation) -> impl Iterator<Item = Pos> + use<'_, 'a> {
        let designated = |slot| {
            let named = self.known.designations(slot).filter_map(|index| self.known.pos(index));
            named.filter(|pos| *pos <= baseline.created()).max()
        };
        let since = baseline.slot.and_then(designated).unwrap_or(baseline.created());
        baseline.slot.and_then(|slot| self.known.declared(slot, since)).into_iter()
    }

    /// Whether a baseline was declared by the instant asked about: it is performed then, or nothing is owed any more.
    pub fn is_declared(&self, baseline: &Obligation) -> bool {
        self.declarations(baseline).any(|pos| pos <= self.until())
    }

    /// Acknowledgements, replies and joint statements that answer the creating record.
    fn replies(&self, obligation: &Obligation) -> impl Iterator<Item = Pos> + use<'_, 'a> {
        let (kind, obligor, record) = (obligation.kind, obligation.obligor, obligation.created_by);
        let answers = move |seen: &Seen<'_>| match (kind, seen.act) {
            (Kind::Ack, Act::Acknowledgement) | (Kind::Clarify, Act::ClarificationReply) => {
                seen.event.party == obligor && self.known.names(seen.event).contains(&record)
            }
            (Kind::Consult, Act::JointStatement) => true,
            _ => false,
        };
        self.known.naming(record).filter_map(move |index| {
            let event = self.known.event(index)?;
            debug_assert!(event.refs.contains(&record));
            let seen = self.known.seen(index)?;
            answers(&seen).then(|| self.known.pos_of(&seen))
        })
    }

    /// Claims that may cover the obligation.
    fn claims_about(&self, obligation: &Obligation) -> BTreeSet<u32> {
        let records = [Some(obligation.created_by), obligation.visit];
        let named = records.into_iter().flatten().flat_map(|record| self.known.naming(record));
        let is_claim = |index: &u32| self.known.event(*index).is_some_and(|event| matches!(event.act, Act::Claim(_)));
        let named = named.filter(is_claim);
        let lifted = self.known.lifted_claims(obligation.slot, (obligation.created_at, self.as_of));
        self.unsettled(CaseKind::Claim).iter().copied().chain(lifted).chain(named).collect()
    }

    /// Claims that cover the obligation, their answers and their lifts. A claim that is lifted before it takes effect
    /// never was live (ruling 46).
    fn claims_on(&self, obligation: &Obligation, view: View, moves: &mut Vec<Move>) {
        for index in self.claims_about(obligation) {
            let Some(event) = self.known.event(index) else { continue };
            let Act::Claim(claim) = &event.act else { continue };
            let Some(pos) = self.known.pos(index).filter(|pos| *pos <= self.until()) else { continue };
            if !covers(&self.known, event, claim, obligation) {
                continue;
            }
            let lift = self.lift_of(index);
            if lift.is_some_and(|lift| lift < pos) {
                continue;
            }
            let offered = claim.nature == ClaimNature::AccessOffered;
            let withholding = claim.nature == ClaimNature::Withholding;
            moves.push(Move { pos, what: What::Claim { offered, withholding } });
            moves.extend(lift.map(|pos| Move { pos, what: What::Lift(index) }));
            if view != View::Facts {
                let answers = self.known.naming(index).filter_map(|by| self.known.seen(by));
                let answers = answers.filter(|by| matches!(by.act, Act::Acceptance | Act::Contest { .. }));
                moves.extend(answers.map(|by| Move { pos: self.known.pos_of(&by), what: What::Answer }));
            }
        }
    }

    /// The first lift of a claim by its author.
    pub fn lift_of(&self, claim: u32) -> Option<Pos> {
        let author = self.known.event(claim)?.party;
        let lifts = self.known.naming(claim).filter_map(|index| {
            let seen = self.known.seen(index).filter(|seen| matches!(seen.act, Act::Lift))?;
            let names = seen.event.party == author && self.known.names(seen.event).contains(&claim);
            names.then(|| self.known.pos_of(&seen))
        });
        lifts.min()
    }

    /// Refusals, cancellations and postponements that are about the obligation.
    fn records_on(&self, obligation: &Obligation, moves: &mut Vec<Move>) {
        let of_visit = obligation.visit.into_iter().flat_map(|intent| self.known.naming(intent));
        let about: BTreeSet<u32> = self.known.naming(obligation.created_by).chain(of_visit).collect();
        for index in about {
            let Some(seen) = self.known.seen(index) else { continue };
            let what = match seen.act {
                Act::Refusal if refuses(&self.known, seen.event, obligation) => What::Refuse,
                Act::Cancellation if releases(&self.known, seen.event, obligation) => What::Cancel,
                Act::Postponement { eta, due_at } if postpones(&self.known, seen.event, obligation) => {
                    match self.new_due(obligation, *eta, *due_at) {
                        Some(due) => What::Postpone(due),
                        None => continue,
                    }
                }
                _ => continue,
            };
            moves.push(Move { pos: self.known.pos_of(&seen), what });
        }
        let visit = obligation.visit.unwrap_or(u32::MAX);
        let refusals: Vec<Pos> = match obligation.kind {
            Kind::Receipt => self.receipts(obligation.created_by, true).collect(),
            Kind::HostAct => self.host_words(visit, true).collect(),
            _ => Vec::new(),
        };
        moves.extend(refusals.into_iter().map(|pos| Move { pos, what: What::Refuse }));
    }

    /// The due time that a postponement gives: a new arrival moves ADMIT and HOST_ACT, a due time moves the others.
    fn new_due(&self, obligation: &Obligation, eta: Option<Instant>, due_at: Option<Instant>) -> Option<Instant> {
        match obligation.kind {
            Kind::Admit => eta.map(|eta| obligation.limits.admit().deadline(eta)),
            Kind::HostAct => eta.map(|eta| super::create::before(obligation.limits.host_act(), eta)),
            _ => due_at,
        }
    }

    /// When, and by which record, the ADMIT of another request was performed.
    fn woken_by(&self, other: u32, view: View) -> Option<Pos> {
        let of_other = self.of_visit(other, self.is_admissible(other), view);
        let admit = of_other.iter().find(|obligation| obligation.kind == Kind::Admit)?;
        self.fold(admit, view, None).performed
    }

    /// Whether a request was admissible when it was received.
    pub fn is_admissible(&self, intent: u32) -> bool {
        let event = self.known.event(intent);
        event.is_some_and(|event| matches!(&event.act, Act::Intent { inadmissible: None, .. }))
    }
}
