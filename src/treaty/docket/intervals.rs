//! Intervals of whole numbers, asked for by a number that lies in them.
//!
//! An interval is filed at the one node of the tree of all numbers (halves of halves) whose centre lies in it and whose
//! range holds it whole. A number lies in the range of one node at each level, so that only these are looked at, and at
//! each only the intervals that reach to it from the centre: an answer takes time for its own length, whatever else is
//! filed.
//!
//! Invariants: the same item is filed once, or never.
//!
//! Deliberately absent: empty intervals, and the number 0.

use imbl::OrdSet;

/// The levels of the tree: numbers are below 2^40, which is far beyond the last second that an instant can be.
const LEVELS: u32 = 40;

/// Items, each with the first and the last number of its interval.
#[derive(Clone, Debug)]
pub(super) struct Intervals<T: Ord + Clone> {
    /// By centre and first number.
    firsts: OrdSet<(u64, u64, T)>,
    /// By centre and last number.
    lasts: OrdSet<(u64, u64, T)>,
    /// No interval that is filed has ever reached beyond this number.
    bound: u64,
}

impl<T: Ord + Clone> Default for Intervals<T> {
    fn default() -> Intervals<T> {
        Intervals { firsts: OrdSet::new(), lasts: OrdSet::new(), bound: 0 }
    }
}

impl<T: Ord + Copy> Intervals<T> {
    /// Files an item, whose interval is not empty and does not begin at 0.
    pub fn insert(&mut self, (first, last): (u64, u64), item: T) {
        let centre = centre(first, last);
        self.firsts.insert((centre, first, item));
        self.lasts.insert((centre, last, item));
        self.bound = self.bound.max(last);
    }

    /// Takes an item away.
    pub fn remove(&mut self, (first, last): (u64, u64), item: T) {
        let centre = centre(first, last);
        self.firsts.remove(&(centre, first, item));
        self.lasts.remove(&(centre, last, item));
    }

    /// Every item in whose interval a number lies; `least` is the least item that there can be.
    pub fn at(&self, number: u64, least: T) -> impl Iterator<Item = T> {
        let levels = if number > self.bound { 0 } else { LEVELS }; // who asks about now is beyond nearly everything
        (0..levels).flat_map(move |level| {
            let centre = (number >> (level + 1) << (level + 1)) | (1 << level);
            let up_to = (number <= centre).then(|| self.firsts.range((centre, 0, least)..(centre, number + 1, least)));
            let from = (number > centre).then(|| self.lasts.range((centre, number, least)..(centre + 1, 0, least)));
            up_to.into_iter().flatten().chain(from.into_iter().flatten()).map(|(_, _, item)| *item)
        })
    }
}

/// The centre of the node where an interval is filed: of its numbers the one that most twos divide.
const fn centre(first: u64, last: u64) -> u64 {
    let differing = first ^ last;
    if differing == 0 { first } else { last >> differing.ilog2() << differing.ilog2() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_finds_the_intervals_in_which_it_lies(
            all in proptest::collection::vec((1..200_u64, 0..60_u64), 0..40),
            gone in proptest::collection::vec(any::<bool>(), 40),
            number in 0..300_u64,
        ) {
            let mut intervals = Intervals::default();
            for (i, (first, length)) in all.iter().enumerate() {
                intervals.insert((*first, first + length), i);
            }
            for (i, (first, length)) in all.iter().enumerate().filter(|(i, _)| gone[*i]) {
                intervals.remove((*first, first + length), i);
            }
            let lies = |(i, (first, length)): (usize, &(u64, u64))| (!gone[i] && (*first..=first + length).contains(&number)).then_some(i);
            let wanted: Vec<usize> = all.iter().enumerate().filter_map(lies).collect();
            let mut found: Vec<usize> = intervals.at(number, 0).collect();
            found.sort_unstable();
            prop_assert_eq!(found, wanted);
        }
    }
}
