//! What came after a limit of the terms, and by how much.
//!
//! Nothing is refused for being late. Each record is measured once, at its own index, against what the log held before
//! it and the limits in force then; what is late carries the name of the limit and the seconds.
//!
//! Deliberately absent: what lateness means for an obligation.

use super::milestone::Milestones;
use super::record::{Body, Kind};
use super::register::{Applied, Register};
use super::terms::Limits;
use super::time::{Instant, Span};
use super::visit::Visit;

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
    let mut measure = Measure { limits: register.limits(), late: Vec::new() };
    let visit = applied.header.refs.first().and_then(|digest| register.visit(digest));
    let effect = applied.header.effective_at.unwrap_or(applied.received_at);
    match body {
        Body::DataChange(_) => measure.span("data_change", Limits::data_change, Some(effect), applied.received_at),
        Body::Acknowledgement(_) => measure.acknowledgement(applied, register),
        Body::InspectorObjection(_) => {
            let list = named(applied, register, Kind::InspectorList);
            let since = list.and_then(|index| register.fact(index)).map(|fact| fact.received_at);
            measure.span("inspector_objection", Limits::inspector_objection, since, applied.received_at);
        }
        Body::Milestone(milestone) => {
            if let Some(visit) = visit {
                measure.milestone(milestone.name, effect, visit);
            }
        }
        Body::Report(report) => {
            let ended = visit.and_then(|visit| visit.first(Milestones::End)).map(|step| step.effect);
            measure.span("report", Limits::report, ended, report.handed_over_at);
            let left = visit.and_then(|visit| visit.first(Milestones::Departure)).map(|step| step.effect);
            measure.span("lodging", Limits::lodging, left, applied.received_at);
        }
        Body::ReportReceipt(_) => {
            let report = named(applied, register, Kind::Report);
            let since = report.and_then(|index| {
                let received_at = register.fact(index)?.received_at;
                Some(register.report(index)?.1.handed_over_at.max(received_at))
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

struct Measure {
    limits: Limits,
    late: Vec<Late>,
}

impl Measure {
    fn span(&mut self, limit: &'static str, span: fn(&Limits) -> Span, since: Option<Instant>, at: Instant) {
        if let Some(by_seconds) = since.and_then(|since| span(&self.limits).exceeded(since, at)) {
            self.late.push(Late { limit, by_seconds });
        }
    }

    /// An acknowledgement is as late as it is for the oldest record that it names.
    fn acknowledgement(&mut self, applied: &Applied<'_>, register: &Register) {
        let targets = applied.header.refs.iter().filter_map(|digest| register.fact(register.index_of(digest)?));
        let others = targets.filter(|fact| fact.party != applied.header.party);
        let visit_only = applied.header.refs.len() > 1;
        // An intent that is followed by other references says to which visit the record belongs.
        let answered = others.filter(|fact| !(visit_only && fact.kind == Kind::Intent));
        let oldest = answered.map(|fact| fact.received_at).min();
        self.span("ack", Limits::ack, oldest, applied.received_at);
    }

    fn milestone(&mut self, name: Milestones, effect: Instant, visit: &Visit) {
        let at = |name| visit.first(name).map(|step| step.effect);
        match name {
            Milestones::SiteNamed => self.span("site_named", Limits::site_named, at(Milestones::PoeArrival), effect),
            Milestones::Restrictions => self.span("freeze", Limits::freeze, at(Milestones::SiteNamed), effect),
            Milestones::SiteArrival => {
                self.span("access", Limits::access, at(Milestones::SiteNamed), effect);
                self.span("admit", Limits::admit, Some(visit.eta), effect);
            }
            Milestones::End => {
                let extended = visit.first(Milestones::Extension).is_some();
                let latest = at(Milestones::Start).map(|start| {
                    let end = self.limits.duration().deadline(start);
                    if extended { self.limits.extension().deadline(end) } else { end }
                });
                if let Some(by) = latest.filter(|latest| effect > *latest) {
                    let by_seconds = (effect.seconds() - by.seconds()).unsigned_abs();
                    self.late.push(Late { limit: "duration", by_seconds });
                }
            }
            Milestones::PoeArrival | Milestones::Start | Milestones::Extension | Milestones::Departure => {}
        }
    }
}
