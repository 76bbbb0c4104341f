//! Which entry has which digest.
//!
//! Every entry is looked up by its digest several times, and the events have the digests whole. So here they are filed by
//! their first eight bytes, which takes a third of the memory and of the time; one whose first bytes another has that came
//! before is filed whole.
//!
//! Invariants: an answer is an entry with exactly that digest, whoever chose the digests.
//!
//! Deliberately absent: the digests themselves. Whoever asks says which one an entry has.

use imbl::OrdMap;
use imbl::ordmap::Entry;

use crate::hash::Hash;

/// Entries by their digests.
#[derive(Clone, Debug, Default)]
pub(super) struct Digests {
    // Ordered, because a hashed map of every entry takes four times as much.
    by_prefix: OrdMap<u64, u32>,
    whole: OrdMap<Hash, u32>,
}

impl Digests {
    /// Files an entry. A digest is filed once.
    pub fn insert(&mut self, digest: Hash, index: u32) {
        match self.by_prefix.entry(prefix(&digest)) {
            Entry::Vacant(vacant) => drop(vacant.insert(index)),
            Entry::Occupied(_) => drop(self.whole.insert(digest, index)),
        }
    }

    /// The entry with this digest; `of` answers the digest of an entry.
    pub fn find(&self, digest: &Hash, of: impl Fn(u32) -> Option<Hash>) -> Option<u32> {
        let first = *self.by_prefix.get(&prefix(digest))?;
        if of(first).as_ref() == Some(digest) { Some(first) } else { self.whole.get(digest).copied() }
    }
}

fn prefix(digest: &Hash) -> u64 {
    digest.as_bytes().first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_that_begin_alike_are_told_apart() {
        let alike = |last: u8| {
            let mut bytes = [7; 32];
            bytes[31] = last;
            Hash::new(bytes)
        };
        let filed = [alike(0), Hash::of(b"another"), alike(1), alike(2)];
        let mut digests = Digests::default();
        let find = |digests: &Digests, digest: &Hash| digests.find(digest, |index| filed.get(index as usize).copied());
        for (index, digest) in (0..).zip(&filed) {
            assert_eq!(find(&digests, digest), None);
            digests.insert(*digest, index);
        }
        for (index, digest) in (0..).zip(&filed) {
            assert_eq!(find(&digests, digest), Some(index));
        }
        assert_eq!(find(&digests, &alike(3)), None);
        assert_eq!(find(&digests, &Hash::of(b"none")), None);
    }
}
