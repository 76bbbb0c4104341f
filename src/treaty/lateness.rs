//! What came after a limit of the terms, and by how much.
//!
//! Nothing is refused for being late. Each record is measured once, at its own index, against what the log held before
//! it, corrections included; what is late carries the name of the limit and the seconds. A clock keeps the limit that
//! was in force at the entry which started it.
//!
//! Deliberately absent: what lateness means for an obligation.

use super::acknowledgement;
use super::docket::{Act, Known};
use super::inspector_objection;
use super::milestone::Milestones;
use super::record::{Body, Kind};
use super::register::{Applied, Register};
use super::terms::Limits;
use super::time::{Instant, Span};
use super::visit::{Sides, Visit};

/// A limit that was not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    /// The name of the limit in the terms.
    pub limit: &'static str,
    /// By how many seconds.
    pub by_seconds: u64,
}

/// Measures a record against what `register` holds before it.
pub fn lateness(applied: &Applied<'_>, body: &Body, register: &Register) -> Vec<Late> {
    let mut measure = Measure { register, late: Vec::new() };
    let visit = applied.header.refs.first().and_then(|digest| register.visit(digest));
    let effect = applied.header.effective_at.unwrap_or(applied.received_at);
    match body {
        Body::DataChange(_) => {
            measure.span("data_change", Limits::data_change, Some((effect, applied.index)), applied.received_at);
        }
        Body::Acknowledgement(_) => measure.acknowledgement(applied),
        Body::InspectorObjection(_) => {
            let list = named(applied, register, Kind::InspectorList);
            let by = list.and_then(|list| inspector_objection::late_by(list, applied.received_at, register));
            measure.note("inspector_objection", by);
        }
        Body::Milestone(milestone) => {
            if let Some(visit) = visit {
                measure.milestone(milestone.name, effect, visit);
            }
        }
        Body::ClarificationReply(_) => measure.reply(applied),
        Body::Report(report) => {
            measure.span("report", Limits::report, measure.since(visit, Milestones::End), report.handed_over_at);
            measure.span("lodging", Limits::lodging, measure.since(visit, Milestones::Departure), applied.received_at);
        }
        Body::ReportReceipt(_) => {
            let since = named(applied, register, Kind::Report).and_then(|index| {
                let received_at = register.fact(index)?.received_at;
                let handed_over_at = register.handed_over_at(register.report(index)?.1)?;
                Some((handed_over_at.max(received_at), index))
            });
            measure.span("receipt", Limits::receipt, since, applied.received_at);
        }
        _ => {}
    }
    measure.late
}

/// The first entry of this kind among the references.
fn named(applied: &Applied<'_>, register: &Register, kind: Kind) -> Option<u64> {
    let mut indices = applied.header.refs.iter().filter_map(|digest| register.index_of(digest));
    indices.find(|&index| register.fact(index).is_some_and(|fact| fact.kind == kind))
}

/// When a clock started, and the entry that started it.
type Since = (Instant, u64);

struct Measure<'r> {
    register: &'r Register,
    late: Vec<Late>,
}

impl Measure<'_> {
    fn note(&mut self, limit: &'static str, by_seconds: Option<u64>) {
        self.late.extend(by_seconds.map(|by_seconds| Late { limit, by_seconds }));
    }

    fn span(&mut self, limit: &'static str, span: fn(&Limits) -> Span, since: Option<Since>, at: Instant) {
        let by = since.and_then(|(from, index)| span(&self.register.limits_at(index)).exceeded(from, at));
        self.note(limit, by);
    }

    /// When a step of the visit happened first.
    fn since(&self, visit: Option<&Visit>, name: Milestones) -> Option<Since> {
        self.register.first_step(visit?, name).map(|step| (step.effect, step.index))
    }

    /// An acknowledgement by a Party is as late as it is for the record that has waited longest, of those which the
    /// other Party notified.
    fn acknowledgement(&mut self, applied: &Applied<'_>) {
        if !applied.header.party.is_party() {
            return;
        }
        let targets = self.register.named(Kind::Acknowledgement, applied.header);
        let late = targets.into_iter().filter_map(|index| {
            let fact = self.register.fact(index)?;
            let owed = fact.party.is_party() && acknowledgement::is_owed_for(fact.kind);
            let ack = self.register.limits_at(index).ack();
            owed.then(|| ack.exceeded(fact.received_at, applied.received_at)).flatten()
        });
        let by = late.max();
        self.note("ack", by);
    }

    fn milestone(&mut self, name: Milestones, effect: Instant, visit: &Visit) {
        let since = |name| self.since(Some(visit), name);
        let (named, arrived) = (since(Milestones::SiteNamed), since(Milestones::PoeArrival));
        match name {
            Milestones::SiteNamed => self.span("site_named", Limits::site_named, arrived, effect),
            Milestones::Restrictions => self.span("freeze", Limits::freeze, named, effect),
            Milestones::SiteArrival => {
                self.span("access", Limits::access, named, effect);
                self.span("admit", Limits::admit, self.agreed(visit, effect), effect);
            }
            Milestones::End => {
                let by = self.overrun(visit, effect);
                self.note("duration", by);
            }
            Milestones::PoeArrival | Milestones::Start | Milestones::Extension | Milestones::Departure => {}
        }
    }

    /// The arrival that both had last agreed on when the team came, with the entry whose limit holds: the request keeps
    /// its own.
    fn agreed(&self, visit: &Visit, came: Instant) -> Option<Since> {
        let eta = self.known().agreed_eta(u32::try_from(visit.intent).ok()?, (came, u32::MAX))?;
        Some((eta, visit.intent))
    }

    /// A reply is as late as it is for the question that has waited longest, of those by the other Party; for each
    /// urgency on its own. It counts from when a question takes effect, like what is owed.
    fn reply(&mut self, applied: &Applied<'_>) {
        let asked = |index: u32| {
            let event = self.known().event(index).filter(|event| event.party != applied.header.party)?;
            let Act::ClarificationRequest { urgent, .. } = event.act else { return None };
            Some((urgent, self.known().pos(index)?.0, index))
        };
        let refs = applied.header.refs.iter().filter_map(|digest| self.known().index_of(digest));
        let asked: Vec<(bool, Instant, u32)> = refs.filter_map(asked).collect();
        for urgency in [true, false] {
            let name = if urgency { "clarify_urgent" } else { "clarify_routine" };
            let span = |limits: Limits| if urgency { limits.clarify_urgent() } else { limits.clarify_routine() };
            let late = asked.iter().filter(|(urgent, ..)| *urgent == urgency).filter_map(|(_, from, index)| {
                span(self.register.limits_at(u64::from(*index))).exceeded(*from, applied.received_at)
            });
            let by = late.max();
            self.note(name, by);
        }
    }

    fn known(&self) -> Known<'_> {
        self.register.known(self.register.size())
    }

    /// By how much an inspection lasted too long. It is extended where both sides signed for that, in one record or in
    /// two.
    fn overrun(&self, visit: &Visit, end: Instant) -> Option<u64> {
        let (start, index) = self.since(Some(visit), Milestones::Start)?;
        let limits = self.register.limits_at(index);
        let extensions = self.register.steps(visit).filter(|step| step.name == Milestones::Extension);
        let by = extensions.fold(Sides::default(), |sides, step| sides.with(step.signed_by));
        let latest = limits.duration().deadline(start);
        let latest = if by.are_both() { limits.extension().deadline(latest) } else { latest };
        latest.seconds_until(end)
    }
}
