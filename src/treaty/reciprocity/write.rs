//! A status, written member by member in the shape of [`Answer`].
//!
//! Deliberately absent: any computation of states.

use std::collections::BTreeSet;

use super::answer::{
    Absence, Ambiguity, Answer, Cite, Exercise, Flags, Next, Pair, Quota, Request, Row, Side, Sides, Slot, Standing,
};
use super::grade::{Grade, SideGrade, pair};
use super::judge::{Judged, Standing as Stands};
use super::{Live, Names, Stand, absence};
use crate::treaty::countermeasure::Cited;
use crate::treaty::docket::{Act, Answer as Answered};
use crate::treaty::milestone::Milestones;
use crate::treaty::obligation::{Holds, Kind, Obligation, State};
use crate::treaty::party::Party;
use crate::treaty::record;

impl Stand<'_, '_> {
    /// The whole answer.
    pub(super) fn write(&self, names: &Names<'_>) -> Answer {
        let grounds = self.grounds();
        let (us, ru) = (self.side(Party::Us, &grounds), self.side(Party::Ru, &grounds));
        let (status, because) = pair(&us, &ru);
        Answer {
            absence: self.absences(names),
            ambiguity: self.ambiguity(names),
            as_of: self.sight.as_of.to_string(),
            denials: self.denials(),
            exercise: self.exercise(),
            known_at: format!("tree:{}", self.sight.known.size()),
            next: self.next(names),
            obligations: self.rows.iter().map(|(judged, standing)| self.row(judged, standing, names)).collect(),
            pair: Pair { because: named(&because, names), status },
            period: self.frame.period.to_string(),
            quota: self.quotas(),
            requests: self.requests(names),
            sides: Sides { us: side(&us, names), ru: side(&ru, names) },
            slots: self.slots(names),
            standing: self.live.iter().map(|live| self.standing(live, names)).collect(),
            terms: self.terms().map(names),
            view: self.viewer.as_str(),
        }
    }

    fn row(&self, judged: &Judged, standing: &Stands, names: &Names<'_>) -> Row {
        let obligation = &judged.obligation;
        Row {
            causes: named(&standing.causes, names),
            clause: format!("§3.{}", standing.clause),
            created_at: obligation.created_at.to_string(),
            created_by: names(obligation.created_by),
            due_at: standing.due.to_string(),
            flags: Flags {
                disputed: judged.is_disputed(self.sight),
                quality: judged.quality(self.sight, standing.state),
                quota: self.beyond_quota(obligation),
            },
            grade: Grade::of(standing.state).map(Grade::as_str),
            graded: self.is_graded(obligation.kind),
            holder: obligation.holder.as_str(),
            id: id(obligation, names),
            kind: obligation.kind.as_str(),
            obligor: obligation.obligor.as_str(),
            period: obligation.period.to_string(),
            slot: obligation.slot.map(|slot| slot.to_string()),
            state: standing.state.as_str(),
            visit: obligation.visit.map(names),
        }
    }

    fn beyond_quota(&self, obligation: &Obligation) -> Option<&'static str> {
        if obligation.kind != Kind::Admit {
            return None;
        }
        let holds = self.holds.get(&(obligation.slot?, obligation.period))?;
        let (_, retaken) = holds.beyond.iter().find(|(visit, _)| *visit == obligation.created_by)?;
        Some(if *retaken { "OVER_QUOTA_BY_CONSENT" } else { "OVER_QUOTA" })
    }

    fn quotas(&self) -> Vec<Quota> {
        let distributed = self.sight.quota_at(self.sight.until());
        let slots = self.sight.basis.slots_at(self.sight.until()).map(|slot| (self.frame.period, slot));
        let asked = self.frame.quotas(self.sight).into_iter().map(|(slot, period)| (period, slot));
        let keys: BTreeSet<_> = slots.chain(asked).collect();
        let rows = keys.into_iter().map(|(period, slot)| {
            let none = Holds::default();
            let holds = self.holds.get(&(slot, period)).unwrap_or(&none);
            Quota {
                distributed,
                period: period.to_string(),
                remaining: distributed.saturating_sub(holds.used + holds.reserved),
                reserved: holds.reserved,
                slot: slot.to_string(),
                used: holds.used,
            }
        });
        rows.collect()
    }

    fn denials(&self) -> Sides<u64> {
        let slots = self.sight.known.requested(self.frame.period);
        let groups: Vec<_> = slots.map(|slot| self.sight.group(slot, self.frame.period)).collect();
        let admits = groups.iter().flat_map(|group| group.admits.values());
        let denied: Vec<Party> = admits.filter(|(_, outcome)| outcome.denied).map(|(admit, _)| admit.obligor).collect();
        let by = |party| denied.iter().filter(|denier| **denier == party).count() as u64;
        Sides { us: by(Party::Us), ru: by(Party::Ru) }
    }

    fn exercise(&self) -> Exercise {
        let (sight, period) = (self.sight, self.frame.period);
        let requests = sight.known.requested(period).flat_map(|slot| sight.known.requests(slot, period));
        let visits = requests.filter_map(|intent| sight.visit(intent));
        let completed: Vec<Party> = visits
            .filter(|visit| visit.received_at <= sight.as_of)
            .filter(|visit| sight.milestones(visit.intent, Milestones::End).any(|(pos, _)| pos <= sight.until()))
            .map(|visit| visit.inspecting)
            .collect();
        let by = |party| completed.iter().filter(|inspecting| **inspecting == party).count() as u64;
        let completed = Sides { us: by(Party::Us), ru: by(Party::Ru) };
        let balance = completed.us.cast_signed() - completed.ru.cast_signed();
        Exercise { balance, completed }
    }

    fn next(&self, names: &Names<'_>) -> Vec<Next> {
        let open = self.rows.iter().filter(|(_, standing)| standing.state == State::Open);
        let mut open: Vec<&(&Judged, Stands)> = open.collect();
        open.sort_by_key(|(judged, standing)| (standing.due, super::order(&judged.obligation)));
        let next = open.into_iter().map(|(judged, standing)| Next {
            due_at: standing.due.to_string(),
            obligation: id(&judged.obligation, names),
            seconds_left: standing.due.seconds() - self.sight.as_of.seconds(),
        });
        next.collect()
    }

    fn requests(&self, names: &Names<'_>) -> Vec<Request> {
        let requests = self.frame.requests(self.sight).into_iter().filter_map(|intent| {
            let event = self.sight.known.event(intent).filter(|event| event.received_at <= self.sight.as_of)?;
            let Act::Intent { slot, eta, inadmissible, .. } = &event.act else { return None };
            Some(Request {
                eta: eta.to_string(),
                intent: names(intent),
                party: event.party.as_str(),
                period: eta.year().to_string(),
                reason: inadmissible.map(|reason| reason.as_str()),
                slot: slot.to_string(),
                verdict: if inadmissible.is_none() { "ADMISSIBLE" } else { "INADMISSIBLE" },
            })
        });
        requests.collect()
    }

    fn slots(&self, names: &Names<'_>) -> Vec<Slot> {
        let until = self.sight.until();
        let slots = self.sight.basis.slots_at(until).map(|slot| self.sight.basis.slot_status(slot, until));
        let rows = slots.map(|status| Slot {
            because: named(&status.because, names),
            in_force: status.in_force,
            slot: status.slot.to_string(),
        });
        rows.collect()
    }

    fn standing(&self, live: &Live<'_>, names: &Names<'_>) -> Standing {
        let (answer, by) = match live.answer {
            Answered::Accepted(by) => ("accepted", Some(by)),
            Answered::Contested(by) => ("contested", Some(by)),
            Answered::Unanswered => ("unanswered", None),
        };
        let cites = (live.event.kind == record::Kind::Countermeasure).then(|| {
            let cited = live.citations(self.sight, self.viewer).into_iter();
            let rows = cited.map(|(cited, judged, state)| Cite {
                cited: citation(&cited, judged.obligation.created_by, names),
                obligation: id(&judged.obligation, names),
                state: state.as_str(),
            });
            rows.collect()
        });
        Standing {
            answer,
            answered_by: by.map(names),
            cites,
            claim: names(live.event.index),
            kind: live.event.kind.as_str(),
            party: live.event.party.as_str(),
            slots: live.claim.slots.iter().map(ToString::to_string).collect(),
        }
    }

    fn absences(&self, names: &Names<'_>) -> Vec<Absence> {
        let found = self.sight.basis.slots_at(self.sight.until()).filter_map(|slot| {
            let found = absence::of_slot(self.sight, slot)?;
            Some(Absence {
                invalidated_by: found.invalidated_by.map(names),
                report: names(found.report),
                since: found.since.to_string(),
                slot: slot.to_string(),
                valid_until: found.valid_until.to_string(),
            })
        });
        found.collect()
    }

    fn ambiguity(&self, names: &Names<'_>) -> Option<Ambiguity> {
        let (raised, id) = absence::oldest(self.sight)?;
        Some(Ambiguity { oldest: format!("{}/{id}", names(raised.1)), raised_at: raised.0.to_string() })
    }
}

fn side(side: &SideGrade, names: &Names<'_>) -> Side {
    Side { because: named(side.shown_because(), names), grade: side.letter() }
}

fn named(indices: &[u32], names: &Names<'_>) -> Vec<String> {
    indices.iter().map(|&index| names(index)).collect()
}

/// `KIND:<creating record>:<slot or ->`.
fn id(obligation: &Obligation, names: &Names<'_>) -> String {
    let slot = obligation.slot.map_or_else(|| "-".to_owned(), |slot| slot.to_string());
    format!("{}:{}:{slot}", obligation.kind, names(obligation.created_by))
}

/// A citation, with the record named as the answer names records.
fn citation(cited: &Cited, record: u32, names: &Names<'_>) -> String {
    match cited {
        Cited::Record(_) => names(record),
        Cited::Obligation { kind, slot, .. } => {
            let slot = slot.map_or_else(|| "-".to_owned(), |slot| slot.to_string());
            format!("{kind}:{}:{slot}", names(record))
        }
    }
}
