//! Receipts, and the proofs inside them, against the known example and everything near it.

use super::super::checkpoint::CheckpointError;
use super::super::proof::{Proof, ReceiptError};
use super::super::verify::{ProofError, verify_consistency, verify_inclusion};
use super::super::{EMPTY_ROOT, TreeError, leaf_hash};
use super::{ORIGIN, ROOTS, entries, hash, hash64, head, log_key, tree};
use crate::hash::Hash;
use crate::note::{NoteError, Verifier};

const FILE: &str = "\
c2sp.org/tlog-proof@v1
index 3
ApjRIpBtz8EIkstTpzmS/FufST6kybrbJ7eRtBJ6f+c=
+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=
a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=

ledger.example/bilateral
8
XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

— ledger.example/bilateral QUiWOwq9AnpnrN8Rq9g1wVCUJmy5XYShLkZf7kPIlQpzlwFAMlCJEGr1mvK6KB4GkKhA/OAnnKL2C+Qaf94DaRmBOg8=
— witness.example/w1 IDJKvgAAAABlU/EAiXxUZB+O+2oKUJ9S6vmIkbQsoKbmenzf2ghif9WLMV+vQXgQbSV0FkUW1OR4usIhJhnRZorGsksIt2YbCJ0zBw==
";

fn log() -> Verifier {
    log_key().verifier().clone()
}

fn judge(text: &str) -> Result<(), ReceiptError> {
    Proof::parse(text)?.verify(leaf_hash(entries()[3]), ORIGIN, &log()).map(drop)
}

#[test]
fn the_example_receipt_is_read_verified_and_written_byte_for_byte() {
    assert_eq!(Hash::of(FILE.as_bytes()).to_hex(), "3332f61ac04f13950423e5af6d5a1cde9db5831e110cad67b506df6270a63cda");
    let proof = Proof::parse(FILE).expect("a proof");
    assert_eq!(proof.to_string(), FILE);
    assert_eq!(proof.hashes, tree().prove_inclusion(3, 8).expect("inside"));
    assert_eq!(proof.verify(leaf_hash(entries()[3]), ORIGIN, &log()), Ok(head()));
}

#[test]
fn a_receipt_proves_its_own_entry_at_its_own_index_only() {
    let proof = Proof::parse(FILE).expect("a proof");
    for (i, entry) in entries().iter().enumerate() {
        let verdict = proof.verify(leaf_hash(entry), ORIGIN, &log());
        assert_eq!(verdict.is_ok(), i == 3, "entry {i}");
    }
    let elsewhere = Err(ReceiptError::Proof(ProofError::OtherRoot));
    assert_eq!(judge(&FILE.replace("index 3", "index 2")), elsewhere);
    let outside = Err(ReceiptError::Proof(ProofError::OutOfRange));
    assert_eq!(judge(&FILE.replace("index 3", "index 8")), outside);
    assert_eq!(judge(&FILE.replace("index 3", "index 18446744073709551615")), outside);
}

#[test]
fn a_receipt_with_a_surplus_or_missing_hash_is_refused() {
    let last = "a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=\n";
    let length = |have| Err(ReceiptError::Proof(ProofError::Length { have, want: 3 }));
    assert_eq!(judge(&FILE.replace(last, "")), length(2));
    assert_eq!(judge(&FILE.replace(last, &last.repeat(2))), length(4));
    assert_eq!(judge(&FILE.replace(last, &last.repeat(61))), length(63));
    // 64 hashes are not even read.
    assert_eq!(judge(&FILE.replace(last, &last.repeat(62))), Err(ReceiptError::Malformed(66)));
}

#[test]
fn a_receipt_under_another_log_is_refused() {
    let proof = Proof::parse(FILE).expect("a proof");
    let leaf = leaf_hash(entries()[3]);
    let other = proof.verify(leaf, "ledger.example/other", &log());
    assert_eq!(other, Err(ReceiptError::Checkpoint(CheckpointError::OtherOrigin)));
    let unsigned = FILE.replace("QUiWOwq9", "QUiWOwr9");
    let bad = Err(ReceiptError::Checkpoint(CheckpointError::Note(NoteError::BadSignature { line: 5 })));
    assert_eq!(judge(&unsigned), bad);
}

#[test]
fn a_malformed_receipt_is_refused_at_its_line() {
    for (text, line) in [
        (String::new(), 1),
        (FILE.replace("@v1", "@v2"), 1),
        (FILE.replace("c2sp", " c2sp"), 1),
        (FILE.replace("index 3\n", ""), 2),
        (FILE.replace("index 3", "index 03"), 2),
        (FILE.replace("index 3", "index +3"), 2),
        (FILE.replace("index 3", "index"), 2),
        (FILE.replace("index 3", "index 3\r"), 2),
        (FILE.replace("index 3", "extra x\nindex 3"), 2),
        (FILE.replace("index 3", "extra AAAB=\nindex 3"), 2),
        (FILE.replace("index 3", "extra AAAA\nextra AAAA\nindex 3"), 3),
        (FILE.replace("index 3", "index 3\nextra AAAA"), 3),
        (FILE.replace("ApjRIpBtz8", " ApjRIpBtz8"), 3),
        (FILE.replace("6f+c=", "6f+c"), 3),
        (FILE.replace("6f+c=", "6f+d="), 3),
        (FILE.replace("c2sp.org/tlog-proof@v1\nindex 3\n", "c2sp.org/tlog-proof@v1\n"), 2),
    ] {
        assert_eq!(judge(&text), Err(ReceiptError::Malformed(line)), "{text}");
    }
    let headless = "c2sp.org/tlog-proof@v1\nindex 3\n";
    assert_eq!(judge(headless), Err(ReceiptError::Malformed(1)));
}

#[test]
fn extra_bytes_are_kept_and_vouched_for_by_nothing() {
    let text = FILE.replace("index 3", "extra aGVsbG8=\nindex 3");
    let proof = Proof::parse(&text).expect("a proof");
    assert_eq!(proof.extra.as_deref(), Some(&b"hello"[..]));
    assert_eq!(proof.to_string(), text);
    assert_eq!(judge(&text), Ok(()));
    assert_eq!(judge(&text.replace("aGVsbG8=", "aGVsbGE=")), Ok(()));
}

#[test]
fn a_log_of_one_entry_needs_no_hashes() {
    let checkpoint = super::Checkpoint { origin: ORIGIN.into(), size: 1, root: hash(ROOTS[1]) };
    let checkpoint = checkpoint.sign(&log_key()).expect("a good key");
    let proof = Proof { extra: None, index: 0, hashes: vec![], checkpoint };
    let text = proof.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nledger.example/bilateral\n1\n"));
    assert!(Proof::parse(&text).expect("a proof").verify(leaf_hash(b""), ORIGIN, &log()).is_ok());
}

#[test]
fn the_example_consistency_proofs_are_the_published_ones() {
    let from_three: Vec<Hash> = [
        "ApjRIpBtz8EIkstTpzmS/FufST6kybrbJ7eRtBJ6f+c=",
        "B1Bqhf2d0vEg62lPhgEeW7RmLlxBWmKRcDPUqWJEh+c=",
        "+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=",
        "a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=",
    ]
    .map(hash64)
    .to_vec();
    assert_eq!(tree().prove_consistency(3, 8).as_ref(), Ok(&from_three));
    assert_eq!(tree().prove_consistency(4, 8).as_deref(), Ok(&from_three[3..]));
    assert_eq!(verify_consistency(3, 8, &from_three, hash(ROOTS[3]), hash(ROOTS[8])), Ok(()));
    assert_eq!(verify_consistency(4, 8, &from_three[3..], hash(ROOTS[4]), hash(ROOTS[8])), Ok(()));
}

#[test]
fn equal_sizes_need_equal_roots_and_size_zero_the_empty_root() {
    let (three, eight) = (hash(ROOTS[3]), hash(ROOTS[8]));
    assert_eq!(verify_consistency(8, 8, &[], eight, eight), Ok(()));
    assert_eq!(verify_consistency(8, 8, &[], three, eight), Err(ProofError::OtherRoot));
    assert_eq!(verify_consistency(8, 8, &[three], eight, eight), Err(ProofError::Length { have: 1, want: 0 }));
    assert_eq!(verify_consistency(0, 8, &[], EMPTY_ROOT, eight), Ok(()));
    assert_eq!(verify_consistency(0, 8, &[], eight, eight), Err(ProofError::OtherRoot));
    assert_eq!(verify_consistency(0, 8, &[three], EMPTY_ROOT, eight), Err(ProofError::Length { have: 1, want: 0 }));
    assert_eq!(verify_consistency(0, 0, &[], EMPTY_ROOT, EMPTY_ROOT), Ok(()));
    assert_eq!(verify_consistency(0, 0, &[], EMPTY_ROOT, eight), Err(ProofError::OtherRoot));
    assert_eq!(verify_consistency(8, 3, &[], eight, three), Err(ProofError::OutOfRange));
    let too_many = vec![three; 64];
    assert_eq!(verify_consistency(3, 8, &too_many, three, eight), Err(ProofError::Length { have: 64, want: 63 }));
}

#[test]
fn sizes_near_the_end_of_the_numbers_do_no_harm() {
    let leaf = leaf_hash(b"");
    let last = u64::MAX;
    assert_eq!(verify_inclusion(leaf, last, last, &[], leaf), Err(ProofError::OutOfRange));
    for index in [0, 1, last / 2, last - 1] {
        assert!(verify_inclusion(leaf, index, last, &[leaf; 63], leaf).is_err());
        assert!(verify_inclusion(leaf, index, last, &[leaf; 64], leaf).is_err());
        assert!(verify_consistency(index.max(1), last, &[leaf; 63], leaf, leaf).is_err());
    }
}

#[test]
fn a_tree_says_why_it_has_no_proof() {
    let tree = tree();
    assert_eq!(tree.prove_inclusion(0, 9), Err(TreeError::NoSuchSize { size: 9, current: 8 }));
    // Every hash of this proof is there, but not the entry.
    assert_eq!(tree.prove_inclusion(8, 9), Err(TreeError::NoSuchSize { size: 9, current: 8 }));
    assert_eq!(tree.prove_inclusion(8, 8), Err(TreeError::NoSuchIndex { index: 8, size: 8 }));
    assert_eq!(tree.prove_inclusion(0, 0), Err(TreeError::NoSuchIndex { index: 0, size: 0 }));
    assert_eq!(tree.prove_consistency(3, 9), Err(TreeError::NoSuchSize { size: 9, current: 8 }));
    assert_eq!(tree.prove_consistency(9, 9), Err(TreeError::NoSuchSize { size: 9, current: 8 }));
    assert_eq!(tree.prove_consistency(0, 9), Err(TreeError::NoSuchSize { size: 9, current: 8 }));
    assert_eq!(tree.prove_consistency(4, 3), Err(TreeError::WrongOrder { first: 4, second: 3 }));
    assert_eq!(tree.prove_consistency(0, 8), Ok(vec![]));
    assert_eq!(tree.prove_consistency(8, 8), Ok(vec![]));
}
