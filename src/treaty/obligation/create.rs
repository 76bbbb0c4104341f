//! Which obligations exist.
//!
//! The table of RECIPROCITY section 6, kept in `docs/reciprocity.md`: each kind, the record that creates it, who owes
//! it to whom, and when it is due.
//!
//! Invariants: an obligation is named by its kind, the record that created it and its slot; two views may differ in
//! which milestone created one, never in the rest.
//!
//! Deliberately absent: sealed declarations, and so OPENING; how an obligation ends.

use super::{Holder, Kind, Obligation, Sight, State, View};
use crate::treaty::docket::{Act, Pos, Seen, is_acknowledged};
use crate::treaty::milestone::Milestones;
use crate::treaty::party::{Party, Slot};
use crate::treaty::terms::SlotTerms;
use crate::treaty::time::{Instant, Span};
use crate::treaty::visit::Sides;

/// What was fixed about a visit when its request was received.
#[derive(Clone, Copy, Debug)]
pub struct VisitFacts {
    /// The request.
    pub intent: u32,
    /// The slot.
    pub slot: Slot,
    /// Who inspects.
    pub inspecting: Party,
    /// Who is inspected.
    pub inspected: Party,
    /// On whose territory.
    pub host: Party,
    /// The arrival, as first notified.
    pub eta: Instant,
    /// The request on whose admission this one waits.
    pub waits_for: Option<u32>,
    /// When the request was received.
    pub received_at: Instant,
}

/// The other Party.
pub const fn other(party: Party) -> Party {
    match party {
        Party::Us => Party::Ru,
        _ => Party::Us,
    }
}

impl<'a> Sight<'a> {
    /// What was fixed about the visit that a request began.
    pub fn visit(&self, intent: u32) -> Option<VisitFacts> {
        let event = self.known.event(intent)?;
        let Act::Intent { slot, eta, conditional_on, .. } = &event.act else { return None };
        let at = (event.received_at, intent);
        let terms = self.slot_terms(*slot, at)?;
        Some(VisitFacts {
            intent,
            slot: *slot,
            inspecting: event.party,
            inspected: terms.inspected,
            host: terms.host,
            eta: *eta,
            waits_for: *conditional_on,
            received_at: event.received_at,
        })
    }

    /// What the terms said of a slot: those in force then, or the newest before that had it.
    fn slot_terms(&self, slot: Slot, at: Pos) -> Option<&'a SlotTerms> {
        self.basis.terms_at(at)?.slot(slot).or_else(|| self.basis.any_terms_of(slot))
    }

    /// Every obligation of a visit that exists in a view. `admissible`: whether its request is.
    pub fn of_visit(&self, intent: u32, admissible: bool, view: View) -> Vec<Obligation> {
        let Some(visit) = self.visit(intent) else { return Vec::new() };
        let mut all = Vec::new();
        if admissible && visit.received_at <= self.as_of {
            all.extend(self.of_request(&visit));
        }
        let named = self.first_milestone(&visit, Milestones::SiteNamed, visit.inspected, view);
        all.extend(named.map(|pos| self.of_milestone(&visit, Kind::Freeze, pos)));
        all.extend(named.map(|pos| self.of_milestone(&visit, Kind::Access, pos)));
        let end = self.first_milestone(&visit, Milestones::End, visit.inspecting, view);
        all.extend(end.map(|pos| self.of_milestone(&visit, Kind::Report, pos)));
        let reports = self.known.naming(intent).filter_map(|index| self.of_report(&visit, index));
        all.extend(reports);
        all
    }

    /// ADMIT and, where the site lies in a third state, HOST_ACT.
    fn of_request(&self, visit: &VisitFacts) -> Vec<Obligation> {
        let created = (visit.received_at, visit.intent);
        let limits = self.limits(created);
        let mut all = Vec::with_capacity(2);
        let mut admit = self.obligation(Kind::Admit, visit, created, limits.admit().deadline(visit.eta));
        admit.waits_for = visit.waits_for;
        all.push(admit);
        if visit.host != visit.inspected {
            let mut act = self.obligation(Kind::HostAct, visit, created, before(limits.host_act(), visit.eta));
            act.obligor = visit.host;
            act.holder = Holder::Both;
            all.push(act);
        }
        all
    }

    /// What a milestone of a visit creates.
    fn of_milestone(&self, visit: &VisitFacts, kind: Kind, created: Pos) -> Obligation {
        let limits = self.limits(created);
        let limit = match kind {
            Kind::Freeze => limits.freeze(),
            Kind::Access => limits.access(),
            _ => limits.report(),
        };
        let mut obligation = self.obligation(kind, visit, created, limit.deadline(created.0));
        if kind == Kind::Report {
            obligation.obligor = visit.inspecting;
            obligation.holder = Holder::Party(visit.inspected);
        }
        obligation
    }

    /// RECEIPT, if the entry is a report of the visit.
    fn of_report(&self, visit: &VisitFacts, index: u32) -> Option<Obligation> {
        let seen = self.known.seen(index).filter(|seen| matches!(seen.act, Act::Report { .. }))?;
        if self.known.visit_of(index) != Some(visit.intent) {
            return None;
        }
        let created = self.known.pos_of(&seen);
        let from = self.known.handed_over_at(&seen)?.max(seen.event.received_at);
        let due = self.limits(created).receipt().deadline(from);
        (created <= self.until()).then(|| self.obligation(Kind::Receipt, visit, created, due))
    }

    /// An obligation of a visit that the inspected Party owes the inspecting one.
    fn obligation(&self, kind: Kind, visit: &VisitFacts, created: Pos, due: Instant) -> Obligation {
        Obligation {
            kind,
            slot: Some(visit.slot),
            period: visit.eta.year(),
            obligor: visit.inspected,
            holder: Holder::Party(visit.inspecting),
            created_by: created.1,
            created_at: created.0,
            due,
            visit: Some(visit.intent),
            waits_for: None,
            limits: self.limits(created),
        }
    }

    /// The first milestone of this name by (effect, index) that creates something in the view (ruling 22).
    fn first_milestone(&self, visit: &VisitFacts, name: Milestones, obligor: Party, view: View) -> Option<Pos> {
        let counts = |pos: &Pos, sides: Sides| {
            let unsigned = !sides.has(obligor);
            let in_own_view = view == View::Of(obligor);
            *pos <= self.until() && !(in_own_view && unsigned && self.is_contested_by(pos.1, obligor))
        };
        self.milestones(visit.intent, name).filter(|(pos, sides)| counts(pos, *sides)).map(|(pos, _)| pos).min()
    }

    /// Every milestone of this name in a visit.
    pub fn milestones(&self, intent: u32, name: Milestones) -> impl Iterator<Item = (Pos, Sides)> + use<'a> {
        let known = self.known;
        known.naming(intent).filter_map(move |index| {
            let seen = known.seen(index)?;
            let is_named = matches!(seen.act, Act::Milestone(step) if *step == name);
            let is_of_visit = seen.event.refs.first() == Some(&intent);
            (is_named && is_of_visit).then(|| (known.pos_of(&seen), seen.event.sides))
        })
    }

    /// Whether a Party contests a record, at the instant asked about.
    pub fn is_contested_by(&self, index: u32, party: Party) -> bool {
        self.known.contest(index, Some(other(party)), self.until()).is_some()
    }

    /// The obligations that a notice creates outside visits: ACK, DATA_CHANGE, CLARIFY, CONSULT.
    pub fn of_notice(&self, index: u32) -> Vec<Obligation> {
        let Some(seen) = self.known.seen(index) else { return Vec::new() };
        let mut all = Vec::new();
        let received = (seen.event.received_at, index);
        if is_acknowledged(seen.event.kind) && received <= self.until() {
            let due = self.limits(received).ack().deadline(received.0);
            let mut ack = self.notice(Kind::Ack, &seen, received, due, other(seen.event.party));
            (ack.slot, ack.visit) = (slot_of(seen.act), None);
            ack.period = received.0.year();
            all.push(ack);
        }
        let pos = self.known.pos_of(&seen);
        if pos <= self.until() {
            all.extend(self.of_effect(&seen, pos));
        }
        all
    }

    fn of_effect(&self, seen: &Seen<'a>, pos: Pos) -> Option<Obligation> {
        let limits = self.limits(pos);
        let addressee = other(seen.event.party);
        let owed = |kind, span: Span, obligor| self.notice(kind, seen, pos, span.deadline(pos.0), obligor);
        match seen.act {
            Act::DataChange { slot, .. } => {
                let mut change = owed(Kind::DataChange, limits.data_change(), seen.event.party);
                (change.slot, change.visit, change.period) = (Some(*slot), None, pos.0.year());
                Some(change)
            }
            Act::ClarificationRequest { urgent: true, .. } => {
                Some(owed(Kind::Clarify, limits.clarify_urgent(), addressee))
            }
            Act::ClarificationRequest { .. } => Some(owed(Kind::Clarify, limits.clarify_routine(), addressee)),
            Act::ConsultationRequest => Some(owed(Kind::Consult, limits.consult(), addressee)),
            _ => None,
        }
    }

    fn notice(&self, kind: Kind, seen: &Seen<'a>, created: Pos, due: Instant, obligor: Party) -> Obligation {
        let visit = self.known.visit_of(created.1);
        let of_visit = visit.and_then(|intent| self.visit(intent));
        Obligation {
            kind,
            slot: slot_of(seen.act).or(of_visit.map(|visit| visit.slot)),
            period: of_visit.map_or(created.0.year(), |visit| visit.eta.year()),
            obligor,
            holder: Holder::Party(other(obligor)),
            created_by: created.1,
            created_at: created.0,
            due,
            visit,
            waits_for: None,
            limits: self.limits(created),
        }
    }

    /// The BASELINE obligations of a slot, oldest first: one when the basis first comes into force for a site, and
    /// another at a return of the basis if the one before went dormant (ruling 4).
    pub fn baselines(&self, slot: Slot) -> Vec<Obligation> {
        let mut all: Vec<Obligation> = Vec::new();
        let named = self.known.designations(slot).filter_map(|index| {
            let seen = self.known.seen(index)?;
            let names = matches!(seen.act, Act::Designation { withdraw: false, .. });
            names.then(|| self.known.pos_of(&seen))
        });
        let toggles = self.basis.slot(slot);
        let mut moments: Vec<(Pos, bool)> = named.map(|pos| (pos, true)).collect();
        moments.extend(toggles.iter().filter(|toggle| toggle.in_force).map(|toggle| (toggle.pos, false)));
        moments.sort_unstable();
        moments.dedup_by_key(|(pos, _)| *pos);
        let mut is_owed = false;
        for (pos, _) in moments.iter().filter(|(pos, _)| *pos <= self.until()) {
            let names_site = self.known.designations(slot).any(|index| index == pos.1);
            is_owed |= names_site;
            let in_force = toggles.iter().rfind(|toggle| toggle.pos <= *pos).is_some_and(|toggle| toggle.in_force);
            let went_dormant = || all.last().is_some_and(|last| self.was_dormant(last, *pos));
            if in_force && (is_owed || went_dormant()) {
                all.extend(self.baseline(slot, *pos));
                is_owed = false;
            }
        }
        all
    }

    fn baseline(&self, slot: Slot, created: Pos) -> Option<Obligation> {
        let terms = self.slot_terms(slot, created)?;
        let limits = self.limits(created);
        Some(Obligation {
            kind: Kind::Baseline,
            slot: Some(slot),
            period: created.0.year(),
            obligor: terms.inspected,
            holder: Holder::Party(terms.inspecting),
            created_by: created.1,
            created_at: created.0,
            due: limits.baseline().deadline(created.0),
            visit: None,
            waits_for: None,
            limits,
        })
    }

    /// Whether an obligation was dormant, from facts, just before `pos`.
    fn was_dormant(&self, obligation: &Obligation, pos: Pos) -> bool {
        matches!(self.at(pos.0).fold(obligation, View::Facts, Some(pos)).state, State::Dormant | State::Extinguished)
    }
}

/// So long before an instant.
pub(super) fn before(span: Span, at: Instant) -> Instant {
    let seconds = match span {
        Span::Hours(n) => i64::from(n) * 3_600,
        Span::Days(n) => i64::from(n) * 86_400,
    };
    Instant::from_seconds(at.seconds() - seconds).unwrap_or_default()
}

/// The slot that the body of a notice names.
fn slot_of(act: &Act) -> Option<Slot> {
    match act {
        Act::Designation { slot, .. }
        | Act::Declaration { slot }
        | Act::DataChange { slot, .. }
        | Act::Intent { slot, .. } => Some(*slot),
        Act::ClarificationRequest { slot, .. } => *slot,
        _ => None,
    }
}
