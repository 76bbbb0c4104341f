//! What a client runs: proofs against roots, without a tree.
//!
//! Invariants: every hash of a proof is used exactly once, and a surplus or missing one is a failure; a proof never has
//! more than 63 hashes. (Verifiers that did not look at every hash have been fooled.)
//!
//! Deliberately absent: where the root comes from. A root means nothing before its checkpoint is verified.

use super::{EMPTY_ROOT, node_hash};
use crate::hash::Hash;

/// The greatest number of hashes in a proof: no tree has more than 2^63 leaves.
pub const MAX_HASHES: usize = 63;

/// Why a proof is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index does not lie in the tree, or the sizes are out of order.
    #[error("index or sizes do not fit together")]
    OutOfRange,
    /// The proof has too many or too few hashes.
    #[error("the proof has {have} hashes instead of {want}")]
    Length {
        /// How many there are.
        have: usize,
        /// How many there should be.
        want: usize,
    },
    /// The proof leads to another root.
    #[error("the proof leads to another root")]
    OtherRoot,
}

/// Whether `leaf` is the leaf at `index` of the tree with `size` leaves and this root (RFC 6962 section 2.1.1).
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    // Up to `inner` levels the path has a sibling at each; above, only where the path is a right child.
    let inner = 64 - (index ^ (size - 1)).leading_zeros();
    let border = (index >> inner.min(63)).count_ones() * u32::from(inner < 64);
    let want = (inner + border) as usize;
    if proof.len() != want || want > MAX_HASHES {
        return Err(ProofError::Length { have: proof.len(), want });
    }
    let (below, above) = proof.split_at(inner as usize);
    let mut hash = leaf;
    for (level, &sibling) in below.iter().enumerate() {
        let is_right = index >> level & 1 == 1;
        hash = if is_right { node_hash(sibling, hash) } else { node_hash(hash, sibling) };
    }
    for &sibling in above {
        hash = node_hash(sibling, hash);
    }
    if hash == root { Ok(()) } else { Err(ProofError::OtherRoot) }
}

/// The part of a proof of the leaf at `index` in a tree of `size` leaves that proves it as the last leaf of the tree that
/// ends with it: what stands to its left. With the leaves before it, it says whether they are those of the greater tree.
pub fn as_last_leaf(index: u64, size: u64, proof: &[Hash]) -> Vec<Hash> {
    let inner = 64 - (index ^ size.saturating_sub(1)).leading_zeros() as usize;
    let is_left = |(level, _): &(usize, &Hash)| *level >= inner || index >> level & 1 == 1;
    proof.iter().enumerate().filter(is_left).map(|(_, hash)| *hash).collect()
}

/// Whether the tree with `second` leaves and `second_root` begins with the one of `first` leaves and `first_root`
/// (RFC 6962 section 2.1.2). The proof is empty where `first` is 0 or equals `second`.
pub fn verify_consistency(
    first: u64,
    second: u64,
    proof: &[Hash],
    first_root: Hash,
    second_root: Hash,
) -> Result<(), ProofError> {
    if first > second {
        return Err(ProofError::OutOfRange);
    }
    if first == 0 || first == second {
        let expected = if first == 0 { EMPTY_ROOT } else { second_root };
        let empty_is_empty = second > 0 || second_root == EMPTY_ROOT;
        return match proof.len() {
            0 if first_root == expected && empty_is_empty => Ok(()),
            0 => Err(ProofError::OtherRoot),
            have => Err(ProofError::Length { have, want: 0 }),
        };
    }
    if proof.len() > MAX_HASHES {
        return Err(ProofError::Length { have: proof.len(), want: MAX_HASHES });
    }
    // RFC 9162 section 2.1.4.2, which spells out the verification of the same proof.
    let (mut node, mut last) = (first - 1, second - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let mut rest = proof.iter().copied();
    let mut missing = || rest.next().ok_or(ProofError::Length { have: proof.len(), want: proof.len() + 1 });
    // A first tree that is a complete subtree stands in the second one whole; the proof leaves it out.
    let seed = if first.is_power_of_two() { first_root } else { missing()? };
    let (mut old, mut new) = (seed, seed);
    while last > 0 {
        let sibling = missing()?;
        if node & 1 == 1 || node == last {
            (old, new) = (node_hash(sibling, old), node_hash(sibling, new));
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new = node_hash(new, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    let surplus = rest.count();
    if surplus > 0 {
        return Err(ProofError::Length { have: proof.len(), want: proof.len() - surplus });
    }
    if old == first_root && new == second_root { Ok(()) } else { Err(ProofError::OtherRoot) }
}
