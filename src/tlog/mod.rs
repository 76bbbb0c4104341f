//! A transparency log over opaque bytes: leaf → tree → checkpoint → cosignature → proof.
//!
//! Entries are leaves of the Merkle tree of RFC 6962 section 2.1. A [`Tree`] gives the root at every size it has had,
//! and the proofs between them; a [`checkpoint`] is a root with the log's name, signed as a note; a [`cosignature`] is the
//! line that a mirror or witness adds to it. A [`proof`] carries an entry's place in a checkpoint to whoever holds
//! neither tree nor server; [`verify`] and a [`policy`] are all that such a person needs. [`tiles`] are the whole log as
//! files that never change. A [`witness`] decides what may be cosigned, and a [`fork`] is what it hands on where a log
//! contradicts itself. A [`chain`] keeps what stands beside the log in its order.
//!
//! ```
//! use countersign::tlog::{Tree, leaf_hash, verify};
//! let mut tree = Tree::default();
//! for entry in ["a", "b", "c"] {
//!     tree.append(leaf_hash(entry.as_bytes()));
//! }
//! let proof = tree.prove_inclusion(1, 3)?;
//! assert!(verify::verify_inclusion(leaf_hash(b"b"), 1, 3, &proof, tree.root()).is_ok());
//! # Ok::<(), countersign::tlog::TreeError>(())
//! ```
//!
//! Deliberately absent: what an entry means ([`crate::treaty`]), and any store or network.

mod tree;

pub mod verify;

pub mod checkpoint;

pub mod cosignature;

pub mod proof;

pub mod policy;

pub mod tiles;

pub mod chain;

pub mod fork;

pub mod witness;

#[cfg(test)]
mod tests;

pub use tree::{Tree, TreeError};

use crate::hash::Hash;

/// The root of no entries: SHA-256 of nothing (RFC 6962 section 2.1).
pub const EMPTY_ROOT: Hash = Hash::new([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// How many entries a log has, and the root over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// The number of entries.
    pub size: u64,
    /// The root.
    pub root: Hash,
}

impl Default for Head {
    fn default() -> Head {
        Head { size: 0, root: EMPTY_ROOT }
    }
}

/// The hash of a leaf: SHA-256 of 0x00 and the entry (RFC 6962 section 2.1).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash::of_parts(&[b"\x00", entry])
}

/// The hash of an inner node: SHA-256 of 0x01 and its two children (RFC 6962 section 2.1).
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    Hash::of_parts(&[b"\x01", left.as_bytes(), right.as_bytes()])
}
