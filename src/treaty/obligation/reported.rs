//! What the reports on visits say, as far as a status needs it: how a visit ended, and what stayed unclear (ruling 39).
//!
//! Deliberately absent: findings of absence, which compare visits ([`crate::treaty::reciprocity::absence`]).

use super::Sight;
use crate::treaty::docket::{Act, Ended};
use crate::treaty::milestone::Milestones;

impl Sight<'_> {
    /// How a visit ended, and what its newest report says.
    pub fn ended(&self, visit: u32) -> Option<Ended> {
        let reports = self.known.naming(visit).filter_map(|index| {
            let seen = self.known.seen(index)?;
            let Act::Report { absence, .. } = seen.act else { return None };
            (self.known.visit_of(index) == Some(visit)).then(|| (self.known.pos_of(&seen), *absence))
        });
        let (report, absence) = reports.filter(|(pos, _)| *pos <= self.until()).max_by_key(|(pos, _)| *pos)?;
        let ends = self.milestones(visit, Milestones::End).map(|(pos, _)| pos).filter(|pos| *pos <= self.until());
        Some(Ended { visit, end: ends.min()?, report: report.1, absence })
    }

    /// The ambiguities of a report that nobody resolved, in its own order.
    pub fn unresolved(&self, report: u32) -> impl Iterator<Item = &str> {
        let seen = self.known.seen(report);
        let ids = seen.map_or(&[][..], |seen| match seen.act {
            Act::Report { ambiguities, .. } => ambiguities,
            _ => &[],
        });
        ids.iter().map(AsRef::as_ref).filter(move |id| !self.is_resolved(report, id))
    }

    /// Whether the side that raised an ambiguity accepted a reply that names it, or both Parties made a statement that
    /// does.
    fn is_resolved(&self, report: u32, id: &str) -> bool {
        let known = &self.known;
        let Some(raised_by) = known.event(report).map(|event| event.party) else { return false };
        let requests = known.naming(report).filter(|&index| {
            let asked = known.seen(index).map(|seen| seen.act);
            matches!(asked, Some(Act::ClarificationRequest { ambiguity: Some(named), .. }) if **named == *id)
        });
        let in_effect = |index: &u32| self.is_in_effect(*index);
        let is_joint = |index: u32| known.event(index).is_some_and(|event| matches!(event.act, Act::JointStatement));
        let accepted = |reply: u32| {
            let answers = known.naming(reply).filter(in_effect).filter_map(|index| known.seen(index));
            let mut answers = answers.filter(|by| by.event.party == raised_by && matches!(by.act, Act::Acceptance));
            answers.any(|by| known.names(by.event).contains(&reply))
        };
        let answered = |request: u32| {
            let mut about = known.naming(request).filter(in_effect);
            about.any(|index| match known.event(index).map(|event| &event.act) {
                Some(Act::ClarificationReply) => accepted(index),
                Some(Act::JointStatement) => true,
                _ => false,
            })
        };
        known.naming(report).filter(in_effect).any(is_joint) || requests.into_iter().any(answered)
    }
}
