//! What became of a status as more became known.
//!
//! Two answers to one question on two states of knowledge are laid side by side: which obligations stand otherwise, and
//! which of the records that were not known before made them so.
//!
//! Invariants: an obligation that stands as before is not named; every record that is named was not known before.
//!
//! Deliberately absent: time. Both answers are as of one instant; [`super::timeline`] goes through instants.

use std::collections::{BTreeMap, BTreeSet};

use super::Names;
use super::answer::{Answer, Row};
use crate::treaty::docket::Known;

/// An obligation that stands otherwise. Where it does not exist it has no state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its id.
    pub id: String,
    /// How it stood by what was known before.
    pub from: Option<&'static str>,
    /// How it stands by what is known now.
    pub to: Option<&'static str>,
    /// The new records that made it so, in log order.
    pub by: Vec<u32>,
}

/// The obligations that stand otherwise, in the order of obligations. `known` is the later state of knowledge, `size` that
/// of the earlier.
pub fn moved(known: Known<'_>, size: u32, before: &Answer, after: &Answer, names: &Names<'_>) -> Vec<Moved> {
    let new: BTreeMap<String, u32> = (size..known.size()).map(|index| (names(index), index)).collect();
    let old_rows: BTreeMap<&str, &Row> = before.obligations.iter().map(|row| (row.id.as_str(), row)).collect();
    let new_rows: BTreeSet<&str> = after.obligations.iter().map(|row| row.id.as_str()).collect();
    let gone = before.obligations.iter().filter(|row| !new_rows.contains(row.id.as_str())).map(|row| (Some(row), None));
    let here = after.obligations.iter().map(|row| (old_rows.get(row.id.as_str()).copied(), Some(row)));
    let state = |row: Option<&Row>| row.map(|row| row.state);
    let moved = here.chain(gone).filter(|(from, to)| state(*from) != state(*to)).filter_map(|(from, to)| {
        let row = to.or(from)?;
        let by = causes(&known, &new, from, to);
        Some(Moved { id: row.id.clone(), from: state(from), to: state(to), by })
    });
    moved.collect()
}

/// The new records that made a state: those among its causes, or else those that speak of what made the old state.
fn causes(known: &Known<'_>, new: &BTreeMap<String, u32>, from: Option<&Row>, to: Option<&Row>) -> Vec<u32> {
    let named = to.into_iter().flat_map(|row| &row.causes).filter_map(|name| new.get(name).copied());
    let mut by: Vec<u32> = named.collect();
    if by.is_empty() {
        let old: BTreeSet<u32> = [from, to]
            .into_iter()
            .flatten()
            .flat_map(|row| row.causes.iter().chain([&row.created_by]))
            .filter_map(|name| known.index_of(&name.parse().ok()?))
            .collect();
        let speaks = |index: &u32| {
            let refs = known.event(*index).map(|event| &event.refs);
            let same_visit =
                || old.iter().any(|of| known.visit_of(*of).is_some() && known.visit_of(*of) == known.visit_of(*index));
            refs.is_some_and(|refs| refs.iter().any(|named| old.contains(named))) || same_visit()
        };
        by.extend(new.values().copied().filter(speaks));
    }
    by.sort_unstable();
    by
}
