//! The docket as it was known at one size: what was said by then, corrections included.
//!
//! Here the rules of time and of naming have their place: when a record takes effect (rulings 8 and 9), what a
//! correction leaves of it (26), which records a record names (36), and how a claim was answered (18).
//!
//! Invariants: nothing from a later entry shows in an answer.

use super::Docket;
use super::event::{Act, Claim, Correction, Event};
use crate::hash::Hash;
use crate::treaty::claim::is_claim;
use crate::treaty::obliged::creates;
use crate::treaty::party::{Party, Slot};
use crate::treaty::record::Kind;
use crate::treaty::time::Instant;

/// A place in the order in which records take effect: the time, then the index.
pub type Pos = (Instant, u32);

/// The first entries of a docket.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    pub(super) docket: &'a Docket,
    pub(super) size: u32,
}

/// A record as its newest correction has it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The record.
    pub event: &'a Event,
    /// What it does.
    pub act: &'a Act,
    /// The time of the fact that it gives.
    effective_at: Option<Instant>,
    /// Whether both Parties signed it or its newest correction.
    both: bool,
}

/// How the other side answered a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It accepted, by this entry. That is final.
    Accepted(u32),
    /// It has not answered, or withdrew its contest.
    Unanswered,
    /// It contests, by this entry.
    Contested(u32),
}

impl Answer {
    /// The entry that answers.
    pub const fn by(self) -> Option<u32> {
        match self {
            Answer::Accepted(by) | Answer::Contested(by) => Some(by),
            Answer::Unanswered => None,
        }
    }
}

/// Whether records of this kind create obligations that belong to no visit, if a Party sends them.
pub(super) const fn creates_outside_visits(kind: Kind) -> bool {
    is_acknowledged(kind) || matches!(kind, Kind::ClarificationRequest | Kind::ConsultationRequest)
}

/// Whether an acknowledgement is owed for records of this kind (ruling 28).
pub const fn is_acknowledged(kind: Kind) -> bool {
    crate::treaty::acknowledgement::is_owed_for(kind)
}

/// Kinds in which an intent that comes first says only to which visit the record belongs (ruling 36).
const fn may_be_filed(kind: Kind) -> bool {
    needs_creating(kind) || matches!(kind, Kind::Contest | Kind::Acceptance | Kind::Lift | Kind::Acknowledgement)
}

/// Kinds that are about what a creating record created; others are about the records that they name.
const fn needs_creating(kind: Kind) -> bool {
    is_claim(kind) || matches!(kind, Kind::Refusal | Kind::Postponement)
}

impl<'a> Known<'a> {
    /// The docket when it had so many entries.
    pub fn of(docket: &'a Docket, size: u64) -> Known<'a> {
        let all = docket.events.len() as u64;
        Known { docket, size: u32::try_from(size.min(all)).unwrap_or(u32::MAX) }
    }

    /// The number of entries.
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// The record at `index`, as it was written.
    pub fn event(&self, index: u32) -> Option<&'a Event> {
        self.docket.events.get(index as usize).filter(|_| index < self.size).map(AsRef::as_ref)
    }

    /// The entry whose record has this digest.
    pub fn index_of(&self, digest: &Hash) -> Option<u32> {
        self.docket.index_of(digest).filter(|&index| index < self.size)
    }

    /// The newest correction of the record at `index`, in log order.
    pub fn correction(&self, index: u32) -> Option<(u32, &'a Correction)> {
        let newest = self.docket.corrections.get(&index)?.iter().rev().find(|&&correction| correction < self.size)?;
        match &self.event(*newest)?.act {
            Act::Correction(correction) => Some((*newest, correction)),
            _ => None,
        }
    }

    /// The record at `index` as its newest correction has it; nothing where that voids it.
    pub fn seen(&self, index: u32) -> Option<Seen<'a>> {
        let event = self.event(index)?;
        let plain = Seen { event, act: &event.act, effective_at: event.effective_at, both: event.sides.are_both() };
        let Some((by, correction)) = self.correction(index) else { return Some(plain) };
        let both = plain.both || self.event(by)?.sides.are_both();
        let act = correction.act.as_deref().unwrap_or(plain.act);
        let effective_at = correction.effective_at.or(plain.effective_at);
        (!correction.void).then_some(Seen { event, act, effective_at, both })
    }

    /// When the record at `index` takes effect.
    pub fn pos(&self, index: u32) -> Option<Pos> {
        self.seen(index).map(|seen| self.pos_of(&seen))
    }

    /// When a record takes effect.
    pub fn pos_of(&self, seen: &Seen<'a>) -> Pos {
        (self.effect(seen), seen.event.index)
    }

    fn effect(&self, seen: &Seen<'a>) -> Instant {
        let received_at = seen.event.received_at;
        let own = seen.effective_at.unwrap_or(received_at);
        match seen.act {
            Act::Intent { .. } => received_at,
            Act::Milestone(_) | Act::DataChange { .. } => own,
            Act::Report { .. } => {
                let own = self.handed_over_at(seen).unwrap_or(own);
                let has_receipt = || self.receipts(seen.event.index).any(|(_, declined)| !declined);
                if seen.both || has_receipt() { own } else { own.max(received_at) }
            }
            _ if seen.both => own,
            _ => own.max(received_at),
        }
    }

    /// When a report was handed over: by its newest correction, or as it says.
    pub fn handed_over_at(&self, seen: &Seen<'a>) -> Option<Instant> {
        let Act::Report { handed_over_at, .. } = seen.act else { return None };
        let new = self.correction(seen.event.index).and_then(|(_, correction)| correction.effective_at);
        Some(new.unwrap_or(*handed_over_at))
    }

    /// The arrival that both last agreed on by `until`; before any agreement, the one that was notified.
    pub fn agreed_eta(&self, intent: u32, until: Pos) -> Option<Instant> {
        let notified = self.eta(intent)?;
        let agreed = self.answering(intent, until).filter_map(|(pos, by)| match by.act {
            Act::Postponement { eta: Some(eta), .. } => Some((pos, *eta)),
            _ => None,
        });
        Some(agreed.max().map_or(notified, |(_, eta)| eta))
    }

    /// The receipts of a report, each with whether it declines.
    pub fn receipts(&self, report: u32) -> impl Iterator<Item = (u32, bool)> + use<'a> {
        let known = *self;
        self.naming(report).filter_map(move |index| match known.seen(index)?.act {
            Act::Receipt { declined } => Some((index, *declined)),
            _ => None,
        })
    }

    /// The entries that name this one among their references, in index order.
    pub fn naming(&self, index: u32) -> impl Iterator<Item = u32> + use<'a> {
        let size = self.size;
        self.docket.naming.get(&index).into_iter().flatten().copied().take_while(move |&by| by < size)
    }

    /// The intent of the visit that a record belongs to.
    pub fn visit_of(&self, index: u32) -> Option<u32> {
        let event = self.event(index)?;
        match &event.act {
            Act::Intent { .. } => Some(index),
            Act::Correction(correction) => self.visit_of(correction.original),
            _ => event.refs.first().copied().filter(|&first| self.is_intent(first)),
        }
    }

    /// Whether the entry is a request.
    pub fn is_intent(&self, index: u32) -> bool {
        self.event(index).is_some_and(|event| event.kind == Kind::Intent)
    }

    /// The slot of a visit.
    pub fn slot_of_visit(&self, intent: u32) -> Option<Slot> {
        match &self.event(intent)?.act {
            Act::Intent { slot, .. } => Some(*slot),
            _ => None,
        }
    }

    /// The entries that a record names (ruling 36).
    pub fn names(&self, event: &'a Event) -> &'a [u32] {
        self.named(event.kind, &event.refs)
    }

    /// The entries that a record of this kind with these references names.
    pub fn named<'r>(&self, kind: Kind, refs: &'r [u32]) -> &'r [u32] {
        let Some((&first, others)) = refs.split_first() else { return refs };
        let is_filed = || {
            let kind_of = |index: &u32| self.event(*index).map(|other| other.kind);
            others.iter().any(|&other| self.visit_of(other) == Some(first) || self.claim_covers_visit(other, first))
                && others.iter().filter_map(kind_of).all(|kind| kind != Kind::Intent)
                && (!needs_creating(kind) || others.iter().filter_map(kind_of).any(creates))
        };
        if may_be_filed(kind) && self.is_intent(first) && is_filed() { others } else { refs }
    }

    /// Whether a record is a claim that covers something of a visit.
    fn claim_covers_visit(&self, index: u32, intent: u32) -> bool {
        let Some(event) = self.event(index) else { return false };
        let Act::Claim(claim) = &event.act else { return false };
        let slot = self.slot_of_visit(intent);
        let of_visit = |&named: &u32| self.visit_of(named) == Some(intent);
        self.created_by(event).any(|named| of_visit(&named))
            || slot.is_some_and(|slot| claim.slots.contains(&slot))
            || self.is_wide(event, claim)
    }

    /// The creating records that a record names.
    pub fn created_by(&self, event: &'a Event) -> impl Iterator<Item = u32> + use<'a> {
        let known = *self;
        let creates = move |index: &u32| known.event(*index).is_some_and(|named| creates(named.kind));
        self.names(event).iter().copied().filter(creates)
    }

    /// Whether a withholding names neither records nor slots, and so covers everything.
    pub fn is_wide(&self, event: &'a Event, claim: &Claim) -> bool {
        claim.nature == super::ClaimNature::Withholding
            && claim.slots.is_empty()
            && self.created_by(event).next().is_none()
    }

    /// How the other side had answered a claim or a fact by `until`.
    pub fn answer(&self, index: u32, until: Pos) -> Answer {
        let Some(author) = self.event(index).map(|event| event.party) else { return Answer::Unanswered };
        if let Some(accepted) = self.acceptance(index, author, until) {
            return Answer::Accepted(accepted);
        }
        self.contest(index, Some(author), until).map_or(Answer::Unanswered, Answer::Contested)
    }

    fn acceptance(&self, index: u32, author: Party, until: Pos) -> Option<u32> {
        let accepts = |by: &Seen<'_>| matches!(by.act, Act::Acceptance) && by.event.party != author;
        self.answering(index, until).filter(|(_, by)| accepts(by)).map(|(pos, _)| pos).min().map(|(_, by)| by)
    }

    /// The newest contest of a record that was not withdrawn by `until`; not by `except`, if that is given.
    pub fn contest(&self, index: u32, except: Option<Party>, until: Pos) -> Option<u32> {
        let mut said: Vec<(Pos, Party, bool)> = self
            .answering(index, until)
            .filter_map(|(pos, by)| match by.act {
                Act::Contest { withdraw } => Some((pos, by.event.party, *withdraw)),
                _ => None,
            })
            .filter(|(_, party, _)| Some(*party) != except)
            .collect();
        said.sort_unstable_by_key(|(pos, ..)| *pos);
        let mut live: Vec<(u32, Party)> = Vec::new();
        for ((_, by), party, withdraw) in said {
            if withdraw {
                live.retain(|(_, of)| *of != party);
            } else if !self.is_withdrawn(by, party, until) {
                live.push((by, party));
            }
        }
        live.last().map(|(by, _)| *by)
    }

    /// Whether a contest was itself named by a withdrawal.
    fn is_withdrawn(&self, contest: u32, party: Party, until: Pos) -> bool {
        self.answering(contest, until)
            .any(|(_, by)| matches!(by.act, Act::Contest { withdraw: true }) && by.event.party == party)
    }

    /// The records that name this one, in effect by `until`.
    fn answering(&self, index: u32, until: Pos) -> impl Iterator<Item = (Pos, Seen<'a>)> + use<'a> {
        let known = *self;
        self.naming(index).filter_map(move |by| {
            let seen = known.seen(by)?;
            let pos = known.pos_of(&seen);
            (pos <= until && known.names(seen.event).contains(&index)).then_some((pos, seen))
        })
    }
}
