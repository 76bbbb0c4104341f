//! Which obligations a claim, a refusal, a cancellation or a postponement is about (rulings 16, 24, 25).
//!
//! Deliberately absent: when they take effect, and whether they count.

use super::{Kind, Obligation};
use crate::treaty::docket::{Claim, ClaimNature, Event, Known};

/// What an excuse that names a request covers of the visit.
const OF_REQUEST: [Kind; 4] = [Kind::Admit, Kind::Freeze, Kind::Access, Kind::Opening];
/// What a claim on a slot covers there.
const OF_SLOT: [Kind; 3] = [Kind::Admit, Kind::Freeze, Kind::Access];

/// Whether a claim of this author covers an obligation.
pub(super) fn covers<'a>(known: &Known<'a>, event: &'a Event, claim: &Claim, obligation: &Obligation) -> bool {
    if event.party != obligation.obligor {
        return false;
    }
    let kind = obligation.kind;
    let listed = claim.kinds.as_ref().map(|kinds| kinds.contains(&kind));
    if kind == Kind::Ack && listed != Some(true) {
        return false;
    }
    let is_excuse = claim.nature != ClaimNature::Withholding;
    let by_record = known.created_by(event).any(|record| {
        let default = if is_excuse && known.is_intent(record) { OF_REQUEST.contains(&kind) } else { true };
        concerns(known, record, obligation) && listed.unwrap_or(default)
    });
    let on_slot = obligation.slot.is_some_and(|slot| claim.slots.contains(&slot));
    by_record
        || (on_slot && listed.unwrap_or(OF_SLOT.contains(&kind)))
        || (known.is_wide(event, claim) && listed.unwrap_or(true))
}

/// Whether an obligation was created by the record, or belongs to the visit that it began.
fn concerns(known: &Known<'_>, record: u32, obligation: &Obligation) -> bool {
    record == obligation.created_by || (obligation.visit == Some(record) && known.is_intent(record))
}

/// Whether a refusal by its author is about an obligation.
pub(super) fn refuses<'a>(known: &Known<'a>, event: &'a Event, obligation: &Obligation) -> bool {
    event.party == obligation.obligor
        && obligation.kind != Kind::Ack
        && known.created_by(event).any(|record| concerns(known, record, obligation))
}

/// Whether a cancellation by its author releases an obligation.
pub(super) fn releases(known: &Known<'_>, event: &Event, obligation: &Obligation) -> bool {
    obligation.holder.is(event.party)
        && obligation.kind != Kind::Ack
        && event.refs.iter().any(|&record| concerns(known, record, obligation))
}

/// Whether a postponement is about an obligation.
pub(super) fn postpones<'a>(known: &Known<'a>, event: &'a Event, obligation: &Obligation) -> bool {
    obligation.kind != Kind::Ack && known.created_by(event).any(|record| concerns(known, record, obligation))
}
