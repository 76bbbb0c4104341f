//! Claims that are live, and what they cite (rulings 20 and 21).
//!
//! Deliberately absent: whether what is cited was in default. The states are shown; each side draws its conclusion.

use super::judge::{self, Judged, Viewer};
use crate::treaty::countermeasure::Cited;
use crate::treaty::docket::{Act, Answer, CaseKind, Claim, ClaimNature, Event, Pos};
use crate::treaty::obligation::{Kind, Obligation, Sight, State};
use crate::treaty::party::{Party, Slot};

/// A claim that is live.
#[derive(Clone, Copy, Debug)]
pub struct Live<'a> {
    /// Its record.
    pub event: &'a Event,
    /// What it says.
    pub claim: &'a Claim,
    /// When it took effect.
    pub pos: Pos,
    /// How the other side answered.
    pub answer: Answer,
}

/// Every claim that is live, in log order.
pub fn live<'a>(sight: &Sight<'a>) -> Vec<Live<'a>> {
    let claims = sight.unsettled(CaseKind::Claim).iter().filter_map(|&index| {
        let event = sight.known.event(index)?;
        let Act::Claim(claim) = &event.act else { return None };
        let pos = sight.known.pos(index).filter(|pos| *pos <= sight.until())?;
        let is_lifted = sight.lift_of(index).is_some_and(|lift| lift <= sight.until());
        let answer = sight.known.answer(index, sight.until());
        (!is_lifted).then_some(Live { event, claim, pos, answer })
    });
    claims.collect()
}

impl Live<'_> {
    /// Whether it withholds ADMIT on one of these slots as such, and not only on named requests (ruling 20).
    pub fn withholds_access(&self, sight: &Sight<'_>, slots: &[Slot]) -> bool {
        let kinds = self.claim.kinds.as_ref().is_none_or(|kinds| kinds.contains(&Kind::Admit));
        let on_slot = self.claim.slots.iter().any(|slot| slots.contains(slot));
        let wide = sight.known.is_wide(self.event, self.claim) && !slots.is_empty();
        self.claim.nature == ClaimNature::Withholding && kinds && (on_slot || wide)
    }

    /// Whether it cites an obligation of this side, ACK aside.
    pub fn cites_side(&self, sight: &Sight<'_>, party: Party, viewer: Viewer) -> bool {
        let cited = self.claim.cites.iter().flat_map(|cited| self::cited(sight, cited));
        let mut cited = cited.filter(|judged| judged.standing(viewer).is_some());
        cited.any(|judged| judged.obligation.kind != Kind::Ack && judged.obligation.obligor == party)
    }

    /// What it cites, each with its state when the withholding took effect.
    pub fn citations(&self, sight: &Sight<'_>, viewer: Viewer) -> Vec<(Cited, Judged, State)> {
        let then = sight.at(self.pos.0);
        let cites = self.claim.cites.iter();
        let each = cites.flat_map(|cited| self::cited(&then, cited).into_iter().map(move |judged| (*cited, judged)));
        each.filter_map(|(cited, judged)| {
            let state = judged.standing(viewer)?.state;
            Some((cited, judged, state))
        })
        .collect()
    }
}

/// The obligations that a citation means, in the order of obligations.
fn cited(sight: &Sight<'_>, cited: &Cited) -> Vec<Judged> {
    let Some(record) = sight.known.index_of(cited.record()) else { return Vec::new() };
    let wanted = |obligation: &Obligation| {
        obligation.created_by == record
            && match cited {
                Cited::Record(_) => true,
                Cited::Obligation { kind, slot, .. } => obligation.kind == *kind && obligation.slot == *slot,
            }
    };
    let mut all = judge::about(sight, record, &wanted);
    all.sort_by_key(|judged| super::order(&judged.obligation));
    all
}
