//! What is declared of a slot: declarations, changes of data, and the launchers and cells that follow from them.
//!
//! Invariants: the short way to an answer leads to what the long way finds.
//!
//! Deliberately absent: items, and what of the data a status rests on.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::Vector;

use super::{Cells, Data, Register};
use crate::treaty::party::Slot;

impl Register {
    /// Notes a declaration or a data change. Launchers that are those of the one before are kept once.
    pub fn put_data(&mut self, slot: Slot, index: u64, is_declaration: bool, launchers: Vec<(Box<str>, u16)>) {
        let facts = self.slots.entry(slot).or_default();
        let before = facts.data.last();
        let same = before.map(|before| &before.launchers).filter(|before| ***before == launchers);
        let launchers = same.map_or_else(|| Arc::new(launchers), Arc::clone);
        let since = before.filter(|_| !is_declaration).map(|before| &before.most);
        let most = since.map_or_else(|| Arc::clone(&launchers), |since| greatest(since, &launchers));
        facts.data.push_back(Data { index, is_declaration, launchers, most });
        facts.declared = Some(index).filter(|_| is_declaration).or(facts.declared);
    }

    /// The launchers that a declaration and the changes after it name, each with the greatest number of its cells;
    /// nothing where the slot has no such declaration, or it is void.
    pub fn cells(&self, slot: Slot, declaration: u64) -> Option<BTreeMap<&str, i64>> {
        let facts = self.slot(slot)?;
        if facts.declared == Some(declaration) && facts.corrected < Some(declaration) {
            // What everybody asks about, without going through all changes since.
            return facts.data.last().map(|newest| by_name([&newest.most]));
        }
        self.cells_of_all(&facts.data, declaration)
    }

    fn cells_of_all<'r>(&'r self, data: &'r Vector<Data>, declaration: u64) -> Option<BTreeMap<&'r str, i64>> {
        let position = data.binary_search_by_key(&declaration, |data| data.index).ok()?; // they stand in log order
        if !data.get(position)?.is_declaration || self.is_void(declaration) {
            return None;
        }
        let after = (position + 1..data.len()).filter_map(|place| data.get(place));
        let changes = after.filter(|data| !data.is_declaration && !self.is_void(data.index));
        Some(by_name(data.get(position).into_iter().chain(changes).map(|data| {
            let corrected = self.correction_of(data.index).and_then(|corrected| corrected.launchers.as_ref());
            corrected.unwrap_or(&data.launchers)
        })))
    }
}

/// Launchers by name, each with the greatest number of its cells.
fn by_name<'r>(all: impl IntoIterator<Item = &'r Cells>) -> BTreeMap<&'r str, i64> {
    let mut most = BTreeMap::new();
    for (id, cells) in all.into_iter().flat_map(|launchers| launchers.iter()) {
        let known = most.entry(&**id).or_insert(0);
        *known = i64::from(*cells).max(*known);
    }
    most
}

/// The launchers of both, each with the greater number of its cells. Where the second adds nothing, it is the first.
fn greatest(known: &Cells, new: &Cells) -> Cells {
    let has = |id: &str, cells: u16| known.iter().any(|(known, most)| **known == *id && *most >= cells);
    if new.iter().all(|(id, cells)| has(id, *cells)) {
        return Arc::clone(known);
    }
    let mut all = known.to_vec();
    for (id, cells) in new.iter() {
        match all.iter_mut().find(|(known, _)| known == id) {
            Some((_, most)) => *most = (*most).max(*cells),
            None => all.push((id.clone(), *cells)),
        }
    }
    Arc::new(all)
}

#[cfg(test)]
mod tests {
    use super::super::Corrected;
    use super::*;

    /// Numbers that look random and are not.
    struct Dice(u64);

    impl Dice {
        fn throw(&mut self, sides: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % sides
        }
    }

    #[test]
    fn the_short_way_to_the_cells_of_the_newest_declaration_leads_to_what_the_long_way_finds() {
        let slot = Slot::parse("A1").expect("a slot");
        let (mut short, mut found) = (0, 0);
        for seed in 0..300 {
            let (mut dice, mut register) = (Dice(seed), Register::default());
            let launchers = |dice: &mut Dice| {
                let count = dice.throw(3);
                let some = (0..count).map(|_| (format!("L{}", dice.throw(4)).into(), dice.throw(30) as u16));
                some.collect::<Vec<(Box<str>, u16)>>()
            };
            for index in 0..25 {
                match dice.throw(8) {
                    0 | 1 => register.put_data(slot, index, true, launchers(&mut dice)),
                    2 => {
                        let (original, void) = (dice.throw(index.max(1)), dice.throw(2) == 0);
                        let launchers = (dice.throw(2) == 0).then(|| Arc::new(launchers(&mut dice)));
                        let (effective_at, milestone, handed_over_at, moves_time) = (None, None, None, false);
                        let new =
                            Corrected { index, void, effective_at, moves_time, milestone, handed_over_at, launchers };
                        register.put_correction(original, new);
                    }
                    _ => register.put_data(slot, index, false, launchers(&mut dice)),
                }
                let Some(facts) = register.slot(slot) else { continue };
                for declaration in 0..=index {
                    let all = register.cells_of_all(&facts.data, declaration);
                    assert_eq!(register.cells(slot, declaration), all, "seed {seed}, {index}, {declaration}");
                    found += usize::from(all.is_some());
                    short += usize::from(facts.declared == Some(declaration) && facts.corrected < Some(declaration));
                }
            }
        }
        assert!(short > 500 && found > 2 * short, "both ways were taken: {short} of {found}");
    }
}
