//! A chain of events: where so many of them lead, in 32 bytes.
//!
//! What stands beside the log and no entry demands, as that somebody has read, is kept from being removed, moved or changed
//! unseen by a chain: each event is hashed together with everything before it. Whoever holds where the chain once stood
//! finds out about any change of an event before that place. A tree would prove one event without the others; nobody asks
//! for that here, and a chain goes on from its last value alone, however many events there are.
//!
//! ```text
//! value of no events       SHA-256 of nothing
//! link of an event         SHA-256(0x02, then for each of its fields: 0x00 where it is absent, else 0x01, its length in
//!                          bytes as four bytes, big endian, and its bytes)
//! value after an event     SHA-256(0x03, the value before it, its link)
//! ```
//!
//! Invariants: pure. The prefixes are neither those of leaves and nodes of a tree nor the beginning of a text.
//!
//! Deliberately absent: what an event says, and who signs where a chain stands ([`crate::evidence::accesses`]).

use super::EMPTY_ROOT;
use crate::hash::{Hash, Hasher};

/// Links that one answer holds at most.
pub const PAGE: usize = 4_096;

/// Where a chain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// The number of events.
    pub count: u64,
    /// What they add up to.
    pub value: Hash,
}

impl Default for ChainHead {
    fn default() -> ChainHead {
        ChainHead { count: 0, value: EMPTY_ROOT }
    }
}

impl ChainHead {
    /// Where the chain stands after one more event.
    pub fn after(self, link: Hash) -> ChainHead {
        let value = Hash::of_parts(&[b"\x03", self.value.as_bytes(), link.as_bytes()]);
        ChainHead { count: self.count + 1, value }
    }
}

/// The link of an event with these fields.
pub fn link(fields: &[Option<&[u8]>]) -> Hash {
    let mut hasher = Hasher::default();
    hasher.update(b"\x02");
    for field in fields {
        match field {
            None => hasher.update(b"\x00"),
            Some(bytes) => {
                hasher.update(b"\x01");
                hasher.update(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
                hasher.update(bytes);
            }
        }
    }
    hasher.hash()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_what_the_formula_says() {
        let by_hand = Hash::of(b"\x02\x01\x00\x00\x00\x02ab\x00\x01\x00\x00\x00\x00");
        assert_eq!(link(&[Some(b"ab"), None, Some(b"")]), by_hand);
        let next = ChainHead::default().after(by_hand);
        let whole = [b"\x03".as_slice(), EMPTY_ROOT.as_bytes(), by_hand.as_bytes()].concat();
        assert_eq!(next, ChainHead { count: 1, value: Hash::of(&whole) });
    }

    #[test]
    fn no_other_events_lead_to_the_same_place() {
        let links = [
            link(&[Some(b"ab"), Some(b"c")]),
            link(&[Some(b"a"), Some(b"bc")]),
            link(&[Some(b"ab"), None, Some(b"c")]),
            link(&[Some(b"ab"), Some(b""), Some(b"c")]),
            link(&[Some(b"abc")]),
        ];
        let mut seen = std::collections::BTreeSet::from(links);
        assert_eq!(seen.len(), links.len());
        let walk = |order: &[usize]| order.iter().fold(ChainHead::default(), |head, &i| head.after(links[i])).value;
        for order in [&[0, 1, 2][..], &[1, 0, 2], &[0, 2], &[0, 1], &[0, 1, 2, 3]] {
            assert!(seen.insert(walk(order)), "{order:?}");
        }
    }
}
