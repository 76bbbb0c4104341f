//! The tree and its proofs, against RFC 6962 written down a second time, and against another crate.

use std::collections::HashMap;

use countersign::hash::Hash;
use countersign::tlog::verify::{ProofError, verify_consistency, verify_inclusion};
use countersign::tlog::{Tree, leaf_hash};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

/// The greatest size that is tried in full.
const MAX: u64 = 256;

/// RFC 6962 section 2.1, word by word and without a shortcut but a memory of what was computed.
#[derive(Default)]
struct Oracle {
    known: HashMap<(u64, u64), Hash>,
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

/// "Let k be the largest power of two smaller than n."
fn split(n: u64) -> u64 {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

impl Oracle {
    /// MTH(D[a:b]).
    fn root(&mut self, a: u64, b: u64) -> Hash {
        if let Some(hash) = self.known.get(&(a, b)) {
            return *hash;
        }
        let hash = match b - a {
            0 => Sha256::digest(b""),
            1 => Sha256::digest([&[0][..], &entry(a)].concat()),
            n => {
                let k = a + split(n);
                let (left, right) = (self.root(a, k), self.root(k, b));
                Sha256::digest([&[1][..], left.as_bytes(), right.as_bytes()].concat())
            }
        };
        let hash = Hash::new(hash.into());
        self.known.insert((a, b), hash);
        hash
    }

    /// PATH(m, D[a:b]), section 2.1.1.
    fn path(&mut self, m: u64, a: u64, b: u64) -> Vec<Hash> {
        let n = b - a;
        if n == 1 {
            return Vec::new();
        }
        let k = split(n);
        let (mut path, last) = if m < k {
            (self.path(m, a, a + k), self.root(a + k, b))
        } else {
            (self.path(m - k, a + k, b), self.root(a, a + k))
        };
        path.push(last);
        path
    }

    /// PROOF(m, D[0:n]), section 2.1.2.
    fn proof(&mut self, m: u64, n: u64) -> Vec<Hash> {
        if m == 0 { Vec::new() } else { self.subproof(m, 0, n, true) }
    }

    /// SUBPROOF(m, D[a:b], whole).
    fn subproof(&mut self, m: u64, a: u64, b: u64, whole: bool) -> Vec<Hash> {
        let n = b - a;
        if m == n {
            return if whole { Vec::new() } else { vec![self.root(a, b)] };
        }
        let k = split(n);
        let (mut proof, last) = if m <= k {
            (self.subproof(m, a, a + k, whole), self.root(a + k, b))
        } else {
            (self.subproof(m - k, a + k, b, false), self.root(a, a + k))
        };
        proof.push(last);
        proof
    }
}

fn grown(size: u64) -> Tree {
    let mut tree = Tree::default();
    for index in 0..size {
        tree.append(leaf_hash(&entry(index)));
    }
    tree
}

fn turned(proof: &[Hash], hash: usize, bit: usize) -> Vec<Hash> {
    let mut proof = proof.to_vec();
    let mut bytes = *proof[hash].as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    proof[hash] = Hash::new(bytes);
    proof
}

/// The bits to turn: all of them in small trees, in larger ones another few in every proof.
fn bits(size: u64, salt: u64) -> Vec<usize> {
    if size <= 20 { (0..256).collect() } else { vec![usize::try_from(salt * 37 % 256).expect("small")] }
}

/// Whether a verifier refuses every proof near a good one: with a bit turned, a hash more, less, or elsewhere.
fn refuses_everything_near(proof: &[Hash], size: u64, salt: u64, verify: impl Fn(&[Hash]) -> Result<(), ProofError>) {
    let other = Hash::of(b"other");
    for hash in 0..proof.len() {
        for bit in bits(size, salt + hash as u64) {
            assert_eq!(verify(&turned(proof, hash, bit)), Err(ProofError::OtherRoot), "hash {hash}, bit {bit}");
        }
        let mut without = proof.to_vec();
        without.remove(hash);
        assert!(matches!(verify(&without), Err(ProofError::Length { .. })), "without hash {hash}");
        if hash > 0 {
            let mut swapped = proof.to_vec();
            swapped.swap(hash - 1, hash);
            assert_eq!(verify(&swapped), Err(ProofError::OtherRoot), "hash {hash} swapped");
        }
    }
    for surplus in [other, proof.last().copied().unwrap_or(other), proof.first().copied().unwrap_or(other)] {
        for place in [0, proof.len()] {
            let mut longer = proof.to_vec();
            longer.insert(place, surplus);
            assert!(matches!(verify(&longer), Err(ProofError::Length { .. })), "surplus at {place}");
        }
    }
}

#[test]
fn every_root_up_to_256_is_the_oracles() {
    let (tree, mut oracle) = (grown(MAX), Oracle::default());
    for size in 0..=MAX {
        assert_eq!(tree.root_at(size), Some(oracle.root(0, size)));
        assert_eq!(grown(size).root(), oracle.root(0, size));
    }
}

#[test]
fn every_inclusion_proof_up_to_256_is_the_oracles_and_nothing_near_it_verifies() {
    let (tree, mut oracle) = (grown(MAX), Oracle::default());
    for size in 1..=MAX {
        let root = oracle.root(0, size);
        for index in 0..size {
            let proof = tree.prove_inclusion(index, size).expect("inside");
            assert_eq!(proof, oracle.path(index, 0, size), "{index} in {size}");
            let leaf = leaf_hash(&entry(index));
            assert_eq!(verify_inclusion(leaf, index, size, &proof, root), Ok(()), "{index} in {size}");
            refuses_everything_near(&proof, size, size + index, |proof| {
                verify_inclusion(leaf, index, size, proof, root)
            });
            let wrong = Hash::of(b"wrong");
            assert_eq!(verify_inclusion(wrong, index, size, &proof, root), Err(ProofError::OtherRoot));
            assert_eq!(verify_inclusion(leaf, index, size, &proof, wrong), Err(ProofError::OtherRoot));
            assert_eq!(verify_inclusion(leaf, size, size, &proof, root), Err(ProofError::OutOfRange));
            if size > 1 {
                assert!(verify_inclusion(leaf, (index + 1) % size, size, &proof, root).is_err());
            }
        }
    }
}

#[test]
fn every_consistency_proof_up_to_256_is_the_oracles_and_nothing_near_it_verifies() {
    let (tree, mut oracle) = (grown(MAX), Oracle::default());
    let wrong = Hash::of(b"wrong");
    for second in 0..=MAX {
        let new = oracle.root(0, second);
        for first in 0..=second {
            let old = oracle.root(0, first);
            let proof = tree.prove_consistency(first, second).expect("in order");
            assert_eq!(proof, oracle.proof(first, second), "{first} to {second}");
            assert_eq!(verify_consistency(first, second, &proof, old, new), Ok(()), "{first} to {second}");
            refuses_everything_near(&proof, second, second + first, |proof| {
                verify_consistency(first, second, proof, old, new)
            });
            assert!(verify_consistency(first, second, &proof, wrong, new).is_err(), "{first} to {second}");
            // From nothing every tree is consistent; its root is believed for other reasons.
            let any_root = first == 0 && second > 0;
            assert_eq!(verify_consistency(first, second, &proof, old, wrong).is_ok(), any_root, "{first} to {second}");
        }
    }
}

#[test]
fn a_proof_between_two_sizes_proves_no_other_sizes() {
    let tree = grown(40);
    let roots: Vec<Hash> = (0..=40).map(|size| tree.root_at(size).expect("inside")).collect();
    for (first, second) in (1..40).flat_map(|second| (1..second).map(move |first| (first, second))) {
        let (old, new) = (roots[first], roots[second]);
        let proof = tree.prove_consistency(first as u64, second as u64).expect("in order");
        for other in (0..=40).filter(|other| *other != second) {
            let verdict = verify_consistency(first as u64, other as u64, &proof, old, roots[other]);
            assert!(verdict.is_err(), "{first} to {second} as {other}");
        }
        for other in (0..=40).filter(|other| *other != first) {
            let verdict = verify_consistency(other as u64, second as u64, &proof, roots[other], new);
            assert!(verdict.is_err(), "{first} to {second} from {other}");
        }
    }
}

/// The other crate's hash as ours.
fn as_hash(bytes: &[u8]) -> Hash {
    Hash::new(bytes.try_into().expect("32 bytes"))
}

fn hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes.chunks(32).map(as_hash).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_crate_proves_and_verifies_the_same(
        entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..300),
        pick in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        let mut ours = Tree::default();
        for entry in &entries {
            theirs.push(entry.clone());
            ours.append(leaf_hash(entry));
        }
        let size = entries.len();
        prop_assert_eq!(ours.root(), as_hash(theirs.root().as_bytes()));

        let index = pick.index(size);
        let proof = ours.prove_inclusion(index as u64, size as u64).expect("inside");
        prop_assert_eq!(&proof, &hashes(theirs.prove_inclusion(index).as_bytes()));

        let first = 1 + cut.index(size);
        let proof = ours.prove_consistency(first as u64, size as u64).expect("in order");
        let their_proof = if first == size { Vec::new() } else { hashes(theirs.prove_consistency(size - first).as_bytes()) };
        prop_assert_eq!(&proof, &their_proof);
        if first < size {
            let old = ours.root_at(first as u64).expect("inside");
            let old = ct_merkle::RootHash::<Sha256>::new((*old.as_bytes()).into(), first as u64);
            let digests: Vec<_> = proof.iter().map(|hash| (*hash.as_bytes()).into()).collect();
            let proof = ct_merkle::ConsistencyProof::<Sha256>::from_digests(digests.iter());
            prop_assert!(theirs.root().verify_consistency(&old, &proof).is_ok());
        }
    }
}
