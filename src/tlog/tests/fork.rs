//! Files of evidence: checkpoints of two sizes, and the proof of what one of them had at the size of the other.

use super::super::checkpoint::Checkpoint;
use super::super::fork::{Evidence, Finding, ForkError, Leads, is_proof, judge};
use super::super::verify::{as_last_leaf, verify_inclusion};
use super::super::{Head, leaf_hash};
use super::{ORIGIN, entries, hash64, log_key, tree};
use crate::hash::Hash;
use crate::note::{KeyKind, Signer, Verifier};

fn signed(size: u64, root: Hash) -> (Checkpoint, String) {
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root };
    let note = checkpoint.sign(&log_key()).expect("signs");
    (checkpoint, note)
}

fn root(size: u64) -> Hash {
    tree().root_at(size).expect("a size that it has had")
}

fn leads(from: u64, to: u64) -> Leads {
    let hashes = tree().prove_consistency(from, to).expect("sizes in order");
    Leads { from: Head { size: from, root: root(from) }, to, hashes }
}

fn keys() -> [Verifier; 1] {
    [log_key().verifier().clone()]
}

/// The proof from 3 to 8 of the example log, computed by others.
const FROM_3_TO_8: &str = "\
countersign/consistency/v1
3
8
rra8/idLcKFPsGel5VeCZNsPqbUa9eC6FZFY8yngbnc=

ApjRIpBtz8EIkstTpzmS/FufST6kybrbJ7eRtBJ6f+c=
B1Bqhf2d0vEg62lPhgEeW7RmLlxBWmKRcDPUqWJEh+c=
+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=
a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=
";

#[test]
fn two_sizes_and_a_proof_between_them_prove_a_fork() {
    for (first, second) in (1..8).flat_map(|first| (first + 1..=8).map(move |second| (first, second))) {
        let (small, note) = signed(first, hash64("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="));
        let (large, larger) = signed(second, root(second));
        for evidence in [
            Evidence::with_proof((&small, &note), &large, &larger, &leads(first, second)),
            Evidence::with_proof((&large, &larger), &small, &note, &leads(first, second)),
        ] {
            assert_eq!(evidence.finding, Finding::TwoRoots(first), "{first} {second}");
            assert!(evidence.name.starts_with("fork-"), "{}", evidence.name);
            assert_eq!(judge(&evidence.text, ORIGIN, &keys()), Ok(Finding::TwoRoots(first)), "{}", evidence.text);
        }
    }
}

#[test]
fn the_proof_is_written_as_it_always_was() {
    assert_eq!(leads(3, 8).to_string(), FROM_3_TO_8);
    assert!(is_proof(FROM_3_TO_8) && !is_proof("countersign/consistency/v10\n"));
}

#[test]
fn a_proof_that_leads_nowhere_accuses_nobody() {
    let another = Hash::of(b"another");
    let (small, note) = signed(3, another);
    let (large, larger) = signed(8, root(8));
    let unproved = |leads: &Leads| {
        let evidence = Evidence::with_proof((&small, &note), &large, &larger, leads);
        assert_eq!(
            (evidence.finding, judge(&evidence.text, ORIGIN, &keys())),
            (Finding::Unproved, Ok(Finding::Unproved))
        );
        assert!(evidence.name.starts_with("unproved-"), "{}", evidence.name);
    };
    let good = leads(3, 8);
    for (place, _) in good.hashes.iter().enumerate() {
        let mut altered = good.clone();
        altered.hashes[place] = another;
        unproved(&altered);
    }
    unproved(&Leads { from: Head { size: 3, root: Hash::of(b"third") }, ..good.clone() });
    unproved(&Leads { from: Head { size: 4, root: root(4) }, ..leads(4, 8) });
    unproved(&Leads { to: 7, ..good.clone() });
    unproved(&Leads { hashes: good.hashes[..3].to_vec(), ..good.clone() });
    // A proof between sizes of one history shows nothing either, nor does one alone.
    let (same, note) = signed(3, root(3));
    let evidence = Evidence::with_proof((&same, &note), &large, &larger, &good);
    assert_eq!(judge(&evidence.text, ORIGIN, &keys()), Ok(Finding::Unproved));
    assert_eq!(judge(&format!("{good}\n"), ORIGIN, &keys()), Err(ForkError::Malformed));
}

#[test]
fn an_inclusion_proof_shows_the_leaves_before_it_too() {
    for (index, size) in (1..=8u64).flat_map(|size| (0..size).map(move |index| (index, size))) {
        let (tree, leaf) = (tree(), leaf_hash(entries()[usize::try_from(index).expect("an index")]));
        let proof = tree.prove_inclusion(index, size).expect("a proof");
        let left = as_last_leaf(index, size, &proof);
        assert_eq!(left, tree.prove_inclusion(index, index + 1).expect("a proof"), "{index} of {size}");
        assert_eq!(verify_inclusion(leaf, index, index + 1, &left, root(index + 1)), Ok(()));
    }
}

#[test]
fn a_checkpoint_by_another_key_or_a_broken_proof_spoils_the_file() {
    let (small, note) = signed(3, Hash::of(b"another"));
    let (large, larger) = signed(8, root(8));
    let text = Evidence::with_proof((&small, &note), &large, &larger, &leads(3, 8)).text;
    let stranger = Signer::from_seed(ORIGIN, KeyKind::Ed25519, [9; 32]).expect("a key");
    let judged = judge(&text, ORIGIN, &[stranger.verifier().clone()]);
    assert!(matches!(judged, Err(ForkError::Checkpoint { number: 1, .. })), "{judged:?}");
    for (from, to) in [
        ("consistency/v1\n3\n", "consistency/v1\n03\n"),
        ("consistency/v1\n3\n8\n", "consistency/v1\n3\n8\n8\n"),
        ("ApjRIpBtz8EIkstTpzmS", "!pjRIpBtz8EIkstTpzmS"),
    ] {
        assert!(text.contains(from));
        assert_eq!(judge(&text.replace(from, to), ORIGIN, &keys()), Err(ForkError::Malformed), "{to}");
    }
    let many = text.replacen("ApjRIpBtz8EIkstTpzmS", &format!("{}ApjRIpBtz8EIkstTpzmS", "x".repeat(9_000)), 1);
    assert_eq!(judge(&many, ORIGIN, &keys()), Err(ForkError::Malformed));
}
