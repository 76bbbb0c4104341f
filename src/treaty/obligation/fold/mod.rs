//! The state of one obligation: its moves, gone through in the order of (effect, index).
//!
//! The seven rules of section 3 of `docs/reciprocity.md`, as rulings 14 to 25, 29, 40, 41, 44 and 46 read them. A
//! [`Fold`] is one obligation in one view on its way through time; [`Fold::finish`] says how it stands.
//!
//! Invariants: what is performed or released stays so; every state names the records that made it so.
//!
//! Deliberately absent: which records are moves ([`super::moves`]), and room in a quota, which is told from outside.

mod finish;

use super::moves::{Move, What};
use super::quota::Hold;
use super::state::{Outcome, State};
use super::{Kind, Obligation, Sight, View};
use crate::treaty::docket::Pos;
use crate::treaty::time::Instant;

/// The record that made an obligation dormant, or for which it waits.
type Dormancy = Option<u32>;

/// One obligation in one view, on its way through time.
pub(super) struct Fold<'s, 'a> {
    pub(super) sight: &'s Sight<'a>,
    pub(super) obligation: &'s Obligation,
    pub(super) view: View,
    born: bool,
    due: Instant,
    due_by: Option<u32>,
    lifts: Vec<u32>,
    /// Claims that count and were not lifted: the place of each, and whether it withholds.
    pub(super) live: Vec<(Pos, bool)>,
    /// Whether how it stands may hinge on records that are about neither it nor its visit.
    entangled: bool,
    /// A postponement that came while a claim was live.
    pending: Option<(Pos, Instant)>,
    refused: Option<u32>,
    overdue: bool,
    dormant: Option<Dormancy>,
    /// At the lapse it was refused in the holder's view, because every claim was contested; and still is.
    accrued: bool,
    /// A postponement that took effect before the creation.
    early: Option<(u32, Instant)>,
    performed: Option<(Pos, bool)>,
    released: Option<u32>,
    waiting: bool,
    woken: Option<Pos>,
    in_force: bool,
    lapsed: Dormancy,
    touched: Vec<u32>,
    pub(super) hold: Option<Hold>,
    /// The due times after which the clock counted a denial.
    missed: Vec<Instant>,
    denied: bool,
}

impl<'a> Sight<'a> {
    /// How an obligation stands in a view; just before `before`, if that is given.
    pub fn fold(&self, obligation: &Obligation, view: View, before: Option<Pos>) -> Outcome {
        let mut fold = Fold::new(self, obligation, view);
        let moves = self.moves(obligation, view);
        for step in moves.iter().filter(|step| before.is_none_or(|before| step.pos < before)) {
            fold.advance(step.pos);
            fold.take(step, |lift| self.has_room(lift, obligation));
        }
        fold.finish()
    }
}

impl<'s, 'a> Fold<'s, 'a> {
    /// An obligation before anything happened to it.
    pub(super) fn new(sight: &'s Sight<'a>, obligation: &'s Obligation, view: View) -> Fold<'s, 'a> {
        Fold {
            sight,
            obligation,
            view,
            born: false,
            due: obligation.due,
            due_by: None,
            lifts: Vec::new(),
            live: Vec::new(),
            entangled: obligation.waits_for.is_some(),
            pending: None,
            refused: None,
            overdue: false,
            dormant: None,
            accrued: false,
            early: None,
            performed: None,
            released: None,
            waiting: obligation.waits_for.is_some(),
            woken: None,
            in_force: false,
            lapsed: None,
            touched: Vec::new(),
            hold: None,
            missed: Vec::new(),
            denied: false,
        }
    }

    /// Lets time pass up to a place in the order of effect.
    pub(super) fn advance(&mut self, to: Pos) {
        if !self.born && self.obligation.created() < to {
            self.begin();
        }
        if self.born {
            self.clock(to.0);
        }
    }

    /// The obligation comes into being.
    fn begin(&mut self) {
        self.born = true;
        let created = self.obligation.created();
        self.touched = vec![self.obligation.created_by];
        self.touched.extend(self.live.iter().map(|(claim, _)| claim.1));
        if let Some((by, due)) = self.early.filter(|_| self.in_force) {
            (self.due, self.due_by) = (due, Some(by));
            self.touched.push(by);
        }
        if let Some((pos, late)) = &mut self.performed {
            self.touched.push(pos.1);
            *late = pos.0 > self.due;
            return;
        }
        if self.live.is_empty() {
            self.hold = Some(Hold { begin: created, retaken: false, used: false });
        }
        if !self.in_force {
            let cause = self.lapsed.or_else(|| self.sight.basis.terms_entry(created).map(|(by, _)| by.1));
            self.sleep(cause);
        }
    }

    /// The clock: what is not performed when it is due.
    fn clock(&mut self, to: Instant) {
        if to <= self.due || self.is_done() || self.dormant.is_some() {
            return;
        }
        if self.waiting {
            self.sleep(self.obligation.waits_for);
        } else if self.live.is_empty() && self.refused.is_none() && !self.overdue {
            self.overdue = true;
            self.missed.push(self.due);
            self.hold = None;
        }
    }

    fn is_done(&self) -> bool {
        self.performed.is_some() || self.released.is_some()
    }

    fn is_dormant(&self) -> bool {
        self.dormant.is_some() && !self.accrued
    }

    fn sleep(&mut self, why: Dormancy) {
        self.dormant = Some(why);
        self.hold = None;
    }

    /// Takes the next move. `room`: whether the quota has room for what a lift would reserve again.
    pub(super) fn take(&mut self, step: &Move, room: impl FnOnce(u32) -> bool) {
        let Move { pos, what } = *step;
        match what {
            What::Basis(in_force) => self.basis(pos, in_force),
            What::Perform => self.perform(pos),
            What::Claim { offered, withholding } => self.claim(pos, offered, withholding),
            What::Answer => {}
            What::Lift(claim) => self.lift(pos, claim, room),
            What::Refuse if self.born => self.refuse(pos),
            What::Cancel if self.born => self.cancel(pos),
            What::Refuse | What::Cancel => {} // they are about what exists
            What::Postpone(due) if self.born => self.postpone(pos, due),
            What::Postpone(due) => self.early = Some((pos.1, due)),
            What::Wake => self.wake(pos),
        }
        if self.accrued && self.stance(pos).is_none_or(|stance| stance.state != State::Refused) {
            self.accrued = false;
        }
    }

    /// The basis lapses or returns. A lapse before the due time makes dormant what has not accrued (rulings 4, 40).
    fn basis(&mut self, pos: Pos, in_force: bool) {
        self.in_force = in_force;
        if in_force {
            return;
        }
        self.lapsed = Some(pos.1);
        let refused = self.refused.is_some() && self.live.is_empty() && !self.waiting;
        if !self.born || self.is_done() || self.dormant.is_some() || pos.0 >= self.due || refused {
            return;
        }
        self.entangled |= !self.live.is_empty();
        self.accrued = self.stance(pos).is_some_and(|stance| stance.state == State::Refused) && !self.waiting;
        self.sleep(self.lapsed);
    }

    fn perform(&mut self, pos: Pos) {
        if self.released.is_some() {
            // What is released stays so; but a visit that was carried out all the same has used its place.
            self.hold = Some(self.hold.unwrap_or(Hold { begin: pos, retaken: true, used: true }));
        }
        if self.is_done() {
            return;
        }
        self.performed = Some((pos, pos.0 > self.due));
        self.touched.push(pos.1);
        (self.dormant, self.accrued, self.waiting) = (None, false, false);
        let hold = self.hold.unwrap_or(Hold { begin: pos, retaken: self.born, used: true });
        self.hold = Some(Hold { used: true, ..hold });
    }

    /// A claim counts if it takes effect not later than the due time and before any refusal (rulings 14, 15).
    fn claim(&mut self, pos: Pos, offered: bool, withholding: bool) {
        if self.is_done() || self.is_dormant() || self.refused.is_some() {
            return;
        }
        let counts = if offered {
            let eta = self.obligation.visit.and_then(|intent| self.sight.known.agreed_eta(intent, pos));
            let latest = self.obligation.limits.access_offered().deadline(self.due);
            eta.is_none_or(|eta| pos.0 >= eta) && pos.0 <= latest
        } else {
            pos.0 <= self.due && !self.overdue
        };
        if !counts {
            return;
        }
        if self.overdue {
            self.overdue = false;
            self.missed.retain(|due| *due != self.due);
        }
        self.live.push((pos, withholding));
        self.touched.push(pos.1);
        self.hold = None;
    }

    /// A claim is lifted; if it was the last one, the clock runs again (ruling 19).
    fn lift(&mut self, pos: Pos, claim: u32, room: impl FnOnce(u32) -> bool) {
        let Some(position) = self.live.iter().position(|(live, _)| live.1 == claim) else { return };
        let (since, _) = self.live.remove(position);
        self.touched.push(pos.1);
        if !self.live.is_empty() || self.is_done() || !self.born {
            return;
        }
        self.lifts.push(pos.1);
        if self.is_dormant() {
            return;
        }
        if !self.in_force {
            self.sleep(self.lapsed);
            return;
        }
        let agreed = self.pending.take().filter(|(at, due)| *at > since && *due > pos.0);
        let noticed = (self.sight.limits(pos).notice().deadline(pos.0), None);
        match agreed {
            Some((by, due)) => (self.due, self.due_by) = (due, Some(by.1)),
            // What the notice moves, no earlier postponement moves any longer.
            None => (self.due, self.due_by) = (self.due, self.due_by).max(noticed),
        }
        if self.refused.is_some() {
            self.denied |= !self.waiting;
        } else if self.obligation.kind == Kind::Admit {
            self.entangled = true;
            if agreed.is_some() || room(pos.1) {
                self.retake(pos);
            } else {
                self.sleep(Some(pos.1));
            }
        }
    }

    fn retake(&mut self, pos: Pos) {
        if self.hold.is_none() {
            self.hold = Some(Hold { begin: pos, retaken: true, used: false });
        }
    }

    fn refuse(&mut self, pos: Pos) {
        if self.is_done() || self.is_dormant() || self.overdue || self.refused.is_some() {
            return;
        }
        self.refused = Some(pos.1);
        self.touched.push(pos.1);
        self.hold = None;
        self.denied |= self.live.is_empty() && !self.waiting;
    }

    /// The holder withdraws. After the arrival at the point of entry the visit counts as used (ruling 24).
    fn cancel(&mut self, pos: Pos) {
        if self.is_done() || self.is_dormant() {
            return;
        }
        self.released = Some(pos.1);
        self.touched.push(pos.1);
        let visit = self.obligation.visit.unwrap_or(u32::MAX);
        let mut arrivals = self.sight.milestones(visit, crate::treaty::milestone::Milestones::PoeArrival);
        let arrived = arrivals.any(|(arrival, _)| arrival < pos);
        self.hold = self.hold.filter(|_| arrived).map(|hold| Hold { used: true, ..hold });
    }

    /// Both Parties agree to another time (rulings 25, 41, 44, 46).
    fn postpone(&mut self, pos: Pos, due: Instant) {
        if self.is_done() {
            return;
        }
        if self.dormant.is_some() && self.in_force {
            self.touched.push(pos.1);
            self.revive(pos, due);
            return;
        }
        if self.is_dormant() {
            return;
        }
        self.touched.push(pos.1);
        self.refused = None;
        self.pending = Some((pos, due)).filter(|_| !self.live.is_empty());
        if self.pending.is_some() && !self.waiting {
            return;
        }
        (self.due, self.due_by, self.overdue) = (due, Some(pos.1), false);
        if !self.in_force {
            self.sleep(self.lapsed);
        } else if self.live.is_empty() {
            self.retake(pos);
        }
    }

    fn revive(&mut self, pos: Pos, due: Instant) {
        (self.dormant, self.accrued) = (None, false);
        self.refused = None;
        self.overdue = false;
        (self.due, self.due_by) = (due, Some(pos.1));
        self.pending = Some((pos, due)).filter(|_| !self.live.is_empty());
        self.waiting = self.obligation.waits_for.is_some() && self.woken.is_none();
        if let Some(woken) = self.woken {
            self.due = self.due.max(self.obligation.limits.notice().deadline(woken.0));
        }
        if self.live.is_empty() {
            self.retake(pos);
        }
    }

    /// The request on which this one waits was performed (ruling 29).
    fn wake(&mut self, pos: Pos) {
        self.woken = Some(pos);
        if !self.waiting || self.dormant.is_some() || self.is_done() {
            return;
        }
        self.waiting = false;
        self.due = self.due.max(self.obligation.limits.notice().deadline(pos.0));
        self.denied |= self.refused.is_some() && self.live.is_empty();
    }
}
