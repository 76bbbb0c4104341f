//! Known answers of the log's formats: one small log of eight entries, computed by several independent programs.

mod checkpoint;
mod fork;
mod policy;
mod proof;
mod tiles;
mod witness;

use super::checkpoint::Checkpoint;
use super::{EMPTY_ROOT, Tree, leaf_hash, node_hash};
use crate::hash::{Hash, unhex};
use crate::note::{KeyKind, Signer};

/// The origin of the example log.
pub const ORIGIN: &str = "ledger.example/bilateral";
/// The time of the example cosignature.
pub const TIME: u64 = 1_700_000_000;

/// The roots of the example log at sizes 0 to 8.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// The hash that 64 hexadecimal digits spell.
pub fn hash(hex: &str) -> Hash {
    Hash::new(unhex(hex).expect("64 digits"))
}

/// The hash that 44 characters of base64 spell.
pub fn hash64(text: &str) -> Hash {
    Hash::from_base64(text).expect("44 characters")
}

/// The eight entries of the example log.
pub fn entries() -> [&'static [u8]; 8] {
    [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ]
}

/// The example log.
pub fn tree() -> Tree {
    let mut tree = Tree::default();
    for entry in entries() {
        tree.append(leaf_hash(entry));
    }
    tree
}

/// A seed of 32 consecutive bytes.
pub fn seed(first: u8) -> [u8; 32] {
    std::array::from_fn(|i| first + u8::try_from(i).expect("32 of them"))
}

/// The key of the example log.
pub fn log_key() -> Signer {
    Signer::from_seed(ORIGIN, KeyKind::Ed25519, seed(0)).expect("a good seed")
}

/// The key of the example witness.
pub fn witness_key() -> Signer {
    Signer::from_seed("witness.example/w1", KeyKind::Cosignature, seed(0x20)).expect("a good seed")
}

/// The checkpoint of the example log at size 8.
pub fn head() -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size: 8, root: tree().root() }
}

#[test]
fn leaves_and_nodes_hash_as_in_the_published_examples() {
    assert_eq!(leaf_hash(b"L123456"), hash("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"));
    assert_eq!(leaf_hash(b""), hash(ROOTS[1]));
    // The example for inner nodes hashes short strings, so it is spelled out here.
    assert_eq!(Hash::of(b"\x01N123N456"), hash("aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"));
    let (left, right) = (leaf_hash(b""), leaf_hash(b"\x00"));
    assert_eq!(node_hash(left, right), hash(ROOTS[2]));
}

#[test]
fn the_root_at_every_size_is_the_published_one() {
    let mut growing = Tree::default();
    assert_eq!((growing.root(), EMPTY_ROOT), (hash(ROOTS[0]), hash(ROOTS[0])));
    for (entry, root) in entries().iter().zip(&ROOTS[1..]) {
        growing.append(leaf_hash(entry));
        assert_eq!(growing.root(), hash(root));
    }
    for (size, root) in (0..).zip(ROOTS) {
        assert_eq!(tree().root_at(size), Some(hash(root)));
    }
    for size in [9, 10, 16, 1 << 40, 1 << 63, u64::MAX] {
        assert_eq!(tree().root_at(size), None);
    }
}

#[test]
fn a_clone_keeps_its_size_while_the_original_grows() {
    let mut grown = tree();
    let kept = grown.clone();
    grown.append(leaf_hash(b"more"));
    assert_eq!((kept.size(), grown.size()), (8, 9));
    assert_eq!(kept.root(), hash(ROOTS[8]));
    assert_eq!(grown.root_at(8), Some(hash(ROOTS[8])));
}
