//! The keys that one office of a log has had, one after the other: who signs its checkpoints, who is its clerk.
//!
//! A log is known by its origin, and its keys may change. Each key after the first begins behind a size: it signs for
//! every greater one, until a later key begins. So a size names exactly one key, whenever it is asked about, and what was
//! signed by a former key stays verifiable with it for good.
//!
//! Invariants: of keys that begin behind a size, the one that was named last signs for it. A key that is named later
//! changes nothing for sizes up to the one behind which it begins.
//!
//! Deliberately absent: who may name a key, and from which size on (the terms do).

use super::key::Verifier;

/// The keys of one office in the order in which they were named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succession {
    first: Verifier,
    /// Each with the last size that is not its own.
    later: Vec<(u64, Verifier)>,
}

/// A key, and the sizes that it signs for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term<'k> {
    /// The key.
    pub key: &'k Verifier,
    /// The first size.
    pub from: u64,
    /// The last size; none for the last key.
    pub until: Option<u64>,
}

impl Succession {
    /// An office that has had one key.
    pub fn of(first: Verifier) -> Succession {
        Succession { first, later: Vec::new() }
    }

    /// Names the key that signs for every size greater than `after`.
    pub fn change(&mut self, after: u64, key: Verifier) {
        self.later.push((after, key));
    }

    /// The key that signs for a size.
    pub fn at(&self, size: u64) -> &Verifier {
        let begun = self.later.iter().rev().find(|(after, _)| *after < size);
        begun.map_or(&self.first, |(_, key)| key)
    }

    /// The key that was named last; it may not have begun.
    pub fn newest(&self) -> &Verifier {
        self.later.last().map_or(&self.first, |(_, key)| key)
    }

    /// Every key that was ever named, in that order.
    pub fn all(&self) -> impl Iterator<Item = &Verifier> {
        std::iter::once(&self.first).chain(self.later.iter().map(|(_, key)| key))
    }

    /// The keys that sign, in the order of sizes. One that was replaced before it began is not among them.
    pub fn terms(&self) -> Vec<Term<'_>> {
        let mut behind: Vec<u64> = self.later.iter().map(|(after, _)| *after).collect();
        behind.sort_unstable();
        behind.dedup();
        let mut terms = vec![Term { key: &self.first, from: 1, until: None }];
        for after in behind {
            let key = self.at(after.saturating_add(1));
            if let Some(last) = terms.last_mut().filter(|last| last.key != key) {
                last.until = Some(after);
                terms.push(Term { key, from: after.saturating_add(1), until: None });
            }
        }
        terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{KeyKind, Signer};

    fn key(seed: u8) -> Verifier {
        let signer = Signer::from_seed("ledger.example/x", KeyKind::Ed25519, [seed; 32]).expect("a key");
        signer.verifier().clone()
    }

    #[test]
    fn a_size_names_one_key_and_a_later_change_moves_nothing_before_it() {
        let mut keys = Succession::of(key(1));
        assert_eq!((keys.at(0), keys.at(u64::MAX)), (&key(1), &key(1)));
        keys.change(5, key(2));
        assert_eq!([keys.at(5), keys.at(6), keys.newest()], [&key(1), &key(2), &key(2)]);
        let before: Vec<Verifier> = (0..=9).map(|size| keys.at(size).clone()).collect();
        keys.change(9, key(3));
        assert_eq!((0..=9).map(|size| keys.at(size).clone()).collect::<Vec<_>>(), before);
        assert_eq!(keys.at(10), &key(3));
        let term = |seed, from, until| (key(seed), from, until);
        let terms: Vec<_> = keys.terms().into_iter().map(|term| (term.key.clone(), term.from, term.until)).collect();
        assert_eq!(terms, [term(1, 1, Some(5)), term(2, 6, Some(9)), term(3, 10, None)]);
    }

    #[test]
    fn a_key_that_has_not_begun_can_be_replaced() {
        let mut keys = Succession::of(key(1));
        keys.change(1_000, key(2));
        keys.change(10, key(3));
        assert_eq!([keys.at(10), keys.at(11), keys.at(1_000), keys.at(1_001)], [&key(1), &key(3), &key(3), &key(3)]);
        assert_eq!(keys.terms().len(), 2, "the second key never signs");
        assert_eq!(keys.all().count(), 3);
    }
}
