//! The status of the pair through time: every change of it, by one state of knowledge.
//!
//! The status is computed again at every instant at which it could have changed: when a record takes effect or is
//! received, the second after something is due, the second after a consent has run out, and when a year begins.
//!
//! Invariants: between two changes the status in each view is that of the earlier one.
//!
//! Deliberately absent: changes of what is known. Two states of knowledge are compared in [`super::compare`].

use crate::treaty::obligation::Sight;
use crate::treaty::time::Instant;

/// Every instant at which a record takes effect or is received, or at which a consent has run out.
pub(super) fn instants(sight: &Sight<'_>) -> impl Iterator<Item = Instant> {
    let known = sight.known;
    let of_records = (0..known.size()).flat_map(move |index| {
        let effect = known.pos(index).map(|(effect, _)| effect);
        [effect, known.event(index).map(|event| event.received_at)].into_iter().flatten()
    });
    let run_outs = sight.basis.all_slots().flat_map(|slot| sight.basis.run_outs(slot)).filter_map(Instant::next);
    of_records.chain(run_outs)
}
