//! Checkpoints and cosignatures against the known example, and everything near it that must be refused.

use super::super::checkpoint::{Checkpoint, CheckpointError, decimal};
use super::super::cosignature::{CosignatureError, cosign, cosigned_at, cosigners, verify_cosignature};
use super::{ORIGIN, TIME, head, log_key, seed, witness_key};
use crate::hash::Hash;
use crate::note::{KeyKind, Line, Note, NoteError, Signer, assemble, sign_note};

const TEXT: &str = "ledger.example/bilateral\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n";
const COSIGNED: &str = "\
ledger.example/bilateral
8
XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

— ledger.example/bilateral QUiWOwq9AnpnrN8Rq9g1wVCUJmy5XYShLkZf7kPIlQpzlwFAMlCJEGr1mvK6KB4GkKhA/OAnnKL2C+Qaf94DaRmBOg8=
— witness.example/w1 IDJKvgAAAABlU/EAiXxUZB+O+2oKUJ9S6vmIkbQsoKbmenzf2ghif9WLMV+vQXgQbSV0FkUW1OR4usIhJhnRZorGsksIt2YbCJ0zBw==
";

fn cosigned_line() -> Line {
    cosign(&witness_key(), TEXT, TIME).expect("a checkpoint")
}

#[test]
fn the_example_checkpoint_is_signed_and_cosigned_byte_for_byte() {
    assert_eq!(head().to_string(), TEXT);
    let line = sign_note(&log_key(), TEXT).expect("a good key");
    assert_eq!(assemble(TEXT, &[line, cosigned_line()]), COSIGNED);
    assert_eq!(
        Hash::of(COSIGNED.as_bytes()).to_hex(),
        "0c3f961b4b6cc5e2cff1860057adbfa55e347c900b2205d9064a0db3dc69f77b"
    );
}

#[test]
fn the_example_checkpoint_opens_under_the_logs_key_alone() {
    let log = log_key();
    assert_eq!(Checkpoint::open(COSIGNED.as_bytes(), ORIGIN, log.verifier()), Ok(head()));
    let by_log = head().sign(&log).expect("a good key");
    assert_eq!(Checkpoint::open(by_log.as_bytes(), ORIGIN, log.verifier()), Ok(head()));
    let other = Signer::from_seed(ORIGIN, KeyKind::Ed25519, seed(1)).expect("a good seed");
    assert_eq!(
        Checkpoint::open(COSIGNED.as_bytes(), ORIGIN, other.verifier()),
        Err(CheckpointError::Note(NoteError::NoKnownKey))
    );
    assert_eq!(
        Checkpoint::open(COSIGNED.as_bytes(), "ledger.example/other", log.verifier()),
        Err(CheckpointError::OtherOrigin)
    );
    let altered = COSIGNED.replacen("\n8\n", "\n9\n", 1);
    assert_eq!(
        Checkpoint::open(altered.as_bytes(), ORIGIN, log.verifier()),
        Err(CheckpointError::Note(NoteError::BadSignature { line: 5 }))
    );
}

#[test]
fn a_malformed_checkpoint_is_refused_at_its_line() {
    let root = "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=";
    let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    for (text, line) in [
        (String::new(), 1),
        ("a".to_owned(), 1),
        (format!("a\n8\n{root}"), 1),
        (format!("\n8\n{root}\n"), 1),
        (format!("a b\n8\n{root}\n"), 1),
        (format!("a+b\n8\n{root}\n"), 1),
        ("a\n".to_owned(), 2),
        (format!("a\n08\n{root}\n"), 2),
        (format!("a\n00\n{empty}\n"), 2),
        (format!("a\n+8\n{root}\n"), 2),
        (format!("a\n-8\n{root}\n"), 2),
        (format!("a\n8 \n{root}\n"), 2),
        (format!("a\n\n{root}\n"), 2),
        (format!("a\n18446744073709551616\n{root}\n"), 2),
        ("a\n8\n".to_owned(), 3),
        (format!("a\n0\n{root}\n"), 3),
        (format!("a\n8\n{}\n", root.trim_end_matches('=')), 3),
        (format!("a\n8\n{}\n", root.replace("yg=", "yh=")), 3),
        (format!("a\n8\n{root}=\n"), 3),
        (format!("a\n8\n{root} \n"), 3),
        (format!("a\n8\n{root}\n\n"), 4),
        (format!("a\n8\n{root}\nextension\n\nmore\n"), 5),
    ] {
        assert_eq!(Checkpoint::parse(&text), Err(CheckpointError::Malformed(line)), "{text:?}");
    }
    assert!(Checkpoint::parse(&format!("a\n0\n{empty}\n")).is_ok());
    assert!(Checkpoint::parse(&format!("a\n18446744073709551615\n{root}\n")).is_ok());
}

#[test]
fn extension_lines_by_others_are_read_over_and_are_signed() {
    let extended = format!("{TEXT}an extension\n");
    assert_eq!(Checkpoint::parse(&extended), Ok(head()));
    let line = cosign(&witness_key(), &extended, TIME).expect("a checkpoint");
    assert_eq!(verify_cosignature(witness_key().verifier(), &line, &extended), Ok(TIME));
    assert_eq!(verify_cosignature(witness_key().verifier(), &line, TEXT), Err(CosignatureError::Bad));
}

#[test]
fn a_decimal_number_has_one_spelling() {
    for (text, number) in [("0", 0), ("7", 7), ("70000", 70_000), ("18446744073709551615", u64::MAX)] {
        assert_eq!(decimal(text), Some(number));
    }
    for wrong in ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "0x1", "٣", "18446744073709551616"] {
        assert_eq!(decimal(wrong), None, "{wrong}");
    }
}

#[test]
fn a_cosignature_covers_the_checkpoint_and_the_time() {
    let (key, line) = (witness_key(), cosigned_line());
    let witness = key.verifier();
    assert_eq!(cosigned_at(&line), Some(TIME));
    assert_eq!(verify_cosignature(witness, &line, TEXT), Ok(TIME));
    let other_text = TEXT.replacen('8', "9", 1);
    assert_eq!(verify_cosignature(witness, &line, &other_text), Err(CosignatureError::Bad));
    for byte in 0..line.blob.len() {
        let mut altered = line.clone();
        altered.blob[byte] ^= 1;
        assert_eq!(verify_cosignature(witness, &altered, TEXT), Err(CosignatureError::Bad), "byte {byte}");
    }
}

#[test]
fn a_cosignature_of_another_form_or_key_is_refused() {
    let (key, line) = (witness_key(), cosigned_line());
    let witness = key.verifier();
    let malformed = |blob: Vec<u8>| {
        let line = Line { blob, ..line.clone() };
        assert_eq!(cosigned_at(&line), None);
        assert_eq!(verify_cosignature(witness, &line, TEXT), Err(CosignatureError::Malformed));
    };
    malformed(line.blob[..71].to_vec());
    malformed([&line.blob[..], b"x"].concat());
    malformed(line.blob[8..].to_vec());
    malformed([&[0; 8], &line.blob[8..]].concat());
    malformed([&(1u64 << 63).to_be_bytes()[..], &line.blob[8..]].concat());
    let renamed = Line { name: "witness.example/w2".into(), ..line.clone() };
    assert_eq!(verify_cosignature(witness, &renamed, TEXT), Err(CosignatureError::OtherKey));
    let ordinary = witness.with_kind(KeyKind::Ed25519);
    assert_eq!(verify_cosignature(&ordinary, &line, TEXT), Err(CosignatureError::OtherKey));
    // Even if the line claims the id of the ordinary key, that key does not cosign.
    let relabelled = Line { id: ordinary.id(), ..line };
    assert_eq!(verify_cosignature(&ordinary, &relabelled, TEXT), Err(CosignatureError::OtherKey));
}

#[test]
fn only_a_cosigner_cosigns_and_only_a_checkpoint_and_only_at_a_time() {
    let ordinary = Signer::from_seed("witness.example/w1", KeyKind::Ed25519, seed(0x20)).expect("a good seed");
    assert_eq!(cosign(&ordinary, TEXT, TIME), Err(CosignatureError::OtherKey));
    assert_eq!(cosign(&witness_key(), TEXT, 0), Err(CosignatureError::Malformed));
    assert_eq!(cosign(&witness_key(), TEXT, 1 << 63), Err(CosignatureError::Malformed));
    assert!(cosign(&witness_key(), TEXT, (1 << 63) - 1).is_ok());
    let not_one = cosign(&witness_key(), "not a checkpoint\n", TIME);
    assert_eq!(not_one, Err(CosignatureError::Checkpoint(CheckpointError::Malformed(1))));
}

#[test]
fn cosigners_are_found_and_unknown_lines_ignored() {
    let key = witness_key();
    let known = [key.verifier().clone()];
    let found = |text: &str| cosigners(&Note::parse(text.as_bytes()).expect("a note"), &known).map(|c| c.len());
    assert_eq!(found(COSIGNED), Ok(1));
    assert_eq!(found(&head().sign(&log_key()).expect("a good key")), Ok(0));
    // The second line by the same key is not looked at; the first one decides.
    let good = cosigned_line();
    let mut bad = good.clone();
    bad.blob[70] ^= 1;
    assert_eq!(found(&assemble(TEXT, &[good.clone(), bad.clone()])), Ok(1));
    assert_eq!(found(&assemble(TEXT, &[bad, good])), Err(NoteError::BadSignature { line: 5 }));
}
