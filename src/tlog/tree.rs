//! The Merkle tree, as an immutable value that grows at its right edge.
//!
//! For every level the tree keeps the hashes of all complete subtrees of that height, left to right. They never change,
//! so a clone shares them, and every root and proof at every size that the tree has had is computed from them: O(log n)
//! hashes each.
//!
//! Invariants: level k has ⌊n / 2^k⌋ hashes; level 0 are the leaves; nothing is ever removed.
//!
//! Deliberately absent: the leaves' bytes.

use imbl::Vector;

use super::{EMPTY_ROOT, node_hash};
use crate::hash::Hash;

/// Why a tree cannot answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Ask for a size that the tree has had.
    #[error("the tree has never had the size {size}; it has {current} leaves")]
    NoSuchSize {
        /// The size asked for.
        size: u64,
        /// The size it has.
        current: u64,
    },
    /// Ask for an index below the size.
    #[error("index {index} lies outside a tree of {size} leaves")]
    NoSuchIndex {
        /// The index asked for.
        index: u64,
        /// The size asked for.
        size: u64,
    },
    /// Ask for two sizes in order.
    #[error("size {first} is greater than size {second}")]
    WrongOrder {
        /// The first size.
        first: u64,
        /// The second size.
        second: u64,
    },
}

/// A Merkle tree (RFC 6962 section 2.1).
#[derive(Clone, Debug, Default)]
pub struct Tree {
    levels: Vector<Vector<Hash>>,
}

impl Tree {
    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.levels.front().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Adds a leaf, and every subtree that it completes.
    pub fn append(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push_back(Vector::new());
            }
            let Some(nodes) = self.levels.get_mut(level) else { return };
            nodes.push_back(hash);
            if nodes.len() % 2 == 1 {
                return;
            }
            let Some(&left) = nodes.get(nodes.len() - 2) else { return };
            hash = node_hash(left, hash);
        }
    }

    /// The hash of the complete subtree of height `level` at position `index` from the left.
    pub fn node(&self, level: u32, index: u64) -> Option<Hash> {
        self.levels.get(level as usize)?.get(usize::try_from(index).ok()?).copied()
    }

    /// The hash of a leaf.
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        self.node(0, index)
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        self.root_at(self.size()).unwrap_or(EMPTY_ROOT)
    }

    /// The root over the first `size` leaves; `None` for a size that the tree has not reached.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        // Beyond the last leaf some subtree is missing, so the range has no root.
        if size == 0 { Some(EMPTY_ROOT) } else { self.range(0, size) }
    }

    /// The root of the leaves `start..end`, where `start` is a multiple of the least power of two not below the length.
    fn range(&self, start: u64, end: u64) -> Option<Hash> {
        let mut right: Option<Hash> = None;
        let mut end = end;
        // The complete subtrees from right to left, smallest first, folded into one (RFC 6962: split at the largest
        // power of two below the length).
        while end > start {
            let height = (end - start).trailing_zeros();
            let node = self.node(height, (end >> height).checked_sub(1)?)?;
            right = Some(right.map_or(node, |right| node_hash(node, right)));
            end -= 1 << height;
        }
        right
    }

    /// The inclusion proof of the leaf at `index` in the tree of `size` leaves (RFC 6962 section 2.1.1): the leaf's
    /// sibling first, the root's child last.
    pub fn prove_inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, TreeError> {
        let current = self.size();
        if size > current {
            return Err(TreeError::NoSuchSize { size, current });
        }
        if index >= size {
            return Err(TreeError::NoSuchIndex { index, size });
        }
        let mut proof = Vec::new();
        let (mut start, mut end) = (0, size);
        while end - start > 1 {
            let split = start + largest_power_below(end - start);
            let sibling = if index < split { (split, end) } else { (start, split) };
            proof.push(self.range(sibling.0, sibling.1).ok_or(TreeError::NoSuchSize { size, current })?);
            (start, end) = if index < split { (start, split) } else { (split, end) };
        }
        proof.reverse();
        Ok(proof)
    }

    /// The consistency proof between the trees of `first` and of `second` leaves (RFC 6962 section 2.1.2). Empty where
    /// `first` is 0 or equals `second`.
    pub fn prove_consistency(&self, first: u64, second: u64) -> Result<Vec<Hash>, TreeError> {
        let current = self.size();
        if second > current {
            return Err(TreeError::NoSuchSize { size: second, current });
        }
        if first > second {
            return Err(TreeError::WrongOrder { first, second });
        }
        let mut proof = Vec::new();
        if first == 0 || first == second {
            return Ok(proof);
        }
        let missing = TreeError::NoSuchSize { size: second, current };
        let (mut start, mut end, mut whole) = (0, second, true);
        while first != end {
            let split = start + largest_power_below(end - start);
            if first <= split {
                proof.push(self.range(split, end).ok_or(missing)?);
                end = split;
            } else {
                proof.push(self.range(start, split).ok_or(missing)?);
                start = split;
                whole = false;
            }
        }
        if !whole {
            proof.push(self.range(start, end).ok_or(missing)?);
        }
        proof.reverse();
        Ok(proof)
    }
}

/// The largest power of two below `n`, for n ≥ 2.
const fn largest_power_below(n: u64) -> u64 {
    1 << (63 - (n - 1).leading_zeros())
}
