//! What a witness decides: the known answers, every refusal with its status, and what is kept of a fork.

use super::super::checkpoint::Checkpoint;
use super::super::cosignature::{cosigners, verify_cosignature};
use super::super::fork::{Checkpoints, Finding, ForkError, judge};
use super::super::verify::ProofError;
use super::super::witness::{Held, Logs, LogsFault, MAX_REQUEST, Refusal, Request, Witness, write_request};
use super::super::{Tree, leaf_hash};
use super::{ORIGIN, TIME, entries, head, log_key, seed, tree, witness_key};
use crate::hash::Hash;
use crate::note::{self, KeyKind, Line, Note, NoteError, Signer, assemble, sign_note};

const FROM_3_TO_8: &str = "\
old 3
ApjRIpBtz8EIkstTpzmS/FufST6kybrbJ7eRtBJ6f+c=
B1Bqhf2d0vEg62lPhgEeW7RmLlxBWmKRcDPUqWJEh+c=
+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=
a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=

ledger.example/bilateral
8
XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

— ledger.example/bilateral QUiWOwq9AnpnrN8Rq9g1wVCUJmy5XYShLkZf7kPIlQpzlwFAMlCJEGr1mvK6KB4GkKhA/OAnnKL2C+Qaf94DaRmBOg8=
";
const LINE: &str = "— witness.example/w1 IDJKvgAAAABlU/EAiXxUZB+O+2oKUJ9S6vmIkbQsoKbmenzf2ghif9WLMV+vQXgQbSV0FkUW1OR4usIhJhnRZorGsksIt2YbCJ0zBw==";

fn witness() -> Witness {
    let logs = Logs::parse(&format!("# the example\n\n{}\n", log_key().verifier())).expect("a list");
    Witness::new(witness_key(), logs).expect("a key for cosigning")
}

/// The checkpoint of a tree at a size, signed by the log.
fn signed(tree: &Tree, size: u64) -> String {
    let root = tree.root_at(size).expect("a size it has had");
    Checkpoint { origin: ORIGIN.into(), size, root }.sign(&log_key()).expect("a good key")
}

/// What is held after the checkpoint of the example at this size was cosigned.
fn held(size: u64) -> Held {
    ask(&request(&tree(), 0, size), None).expect("the first one is cosigned")
}

/// A request with the right proof.
fn request(tree: &Tree, old: u64, size: u64) -> String {
    let proof = tree.prove_consistency(old, size).expect("sizes in order");
    write_request(old, &proof, &signed(tree, size))
}

fn ask(body: &str, held: Option<&Held>) -> Result<Held, Refusal> {
    let witness = witness();
    let authentic = witness.authenticate(body.as_bytes())?;
    witness.cosign(&authentic, held, TIME).map(|cosigned| cosigned.held)
}

/// A tree that goes another way behind the first three entries.
fn forked() -> Tree {
    let mut tree = Tree::default();
    entries().iter().take(3).for_each(|entry| tree.append(leaf_hash(entry)));
    (0..6_u8).for_each(|i| tree.append(leaf_hash(&[0xff, i])));
    tree
}

#[test]
fn the_example_request_is_written_and_answered_byte_for_byte() {
    assert_eq!(request(&tree(), 3, 8), FROM_3_TO_8);
    let witness = witness();
    let authentic = witness.authenticate(FROM_3_TO_8.as_bytes()).expect("signed by the log");
    let cosigned = witness.cosign(&authentic, Some(&held(3)), TIME).expect("cosigned");
    assert_eq!(cosigned.line.to_string(), LINE);
    assert_eq!(
        Hash::of(cosigned.held.note.as_bytes()).to_hex(),
        "0c3f961b4b6cc5e2cff1860057adbfa55e347c900b2205d9064a0db3dc69f77b"
    );
    assert_eq!(witness.reopen(&cosigned.held.note), Ok(cosigned.held));
    assert!(request(&tree(), 4, 8).starts_with("old 4\na0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=\n\nledger"));
}

#[test]
fn every_right_step_between_two_sizes_is_cosigned_and_no_other() {
    for old in 0..=8 {
        let held = (old > 0).then(|| held(old));
        for size in old..=8 {
            let now = ask(&request(&tree(), old, size), held.as_ref()).expect("cosigned");
            assert_eq!(now.checkpoint.size, size);
            if old > 0 && size > old {
                let other = ask(&request(&forked(), old, size), held.as_ref());
                let is_fork = old > 3;
                assert_eq!(other.is_err(), is_fork, "{old} to {size}");
                assert!(!is_fork || matches!(other, Err(Refusal::Inconsistent(_))), "{other:?}");
            }
        }
    }
}

#[test]
fn a_malformed_request_is_refused_before_anything_is_believed() {
    let (first, rest) = FROM_3_TO_8.split_once('\n').expect("lines");
    let with_first = |line: &str| format!("{line}\n{rest}");
    let hash = "ApjRIpBtz8EIkstTpzmS/FufST6kybrbJ7eRtBJ6f+c=\n";
    let many = |count: usize| FROM_3_TO_8.replacen(hash, &hash.repeat(count - 3), 1);
    for (body, what) in [
        (String::new(), "nothing"),
        ("old 3".into(), "no line feed"),
        ("old 3\n".into(), "no empty line"),
        ("old 3\n\n".into(), "no checkpoint"),
        (with_first("old 03"), "a leading zero"),
        (with_first("old 00"), "two zeros"),
        (with_first("old -3"), "a sign"),
        (with_first("old +3"), "a sign"),
        (with_first("old  3"), "two spaces"),
        (with_first("old\t3"), "a tab"),
        (with_first("old 3 "), "a space behind"),
        (with_first("old 18446744073709551616"), "beyond 64 bits"),
        (with_first("Old 3"), "a capital"),
        (with_first("3"), "no word"),
        (FROM_3_TO_8.replace("f+c=\nB1", "f+c\nB1"), "no padding"),
        (FROM_3_TO_8.replace("f+c=\nB1", "f+d=\nB1"), "stray bits"),
        (FROM_3_TO_8.replace("f+c=\nB1", "f+c=\r\nB1"), "a carriage return"),
        (FROM_3_TO_8.replace("f+c=\nB1", "f+c= \nB1"), "a space"),
        (FROM_3_TO_8.replace("f+c=\nB1", "B1"), "two hashes on a line"),
        (many(64), "64 hashes"),
        (FROM_3_TO_8.replace("=\n\nledger", "=\nledger"), "no empty line behind the proof"),
        (FROM_3_TO_8.replace("bilateral\n8", "bilateral\n08"), "a checkpoint with a leading zero"),
        (FROM_3_TO_8.replace("Qyg=\n", "Qyg\n"), "a root without padding"),
        (FROM_3_TO_8.trim_end().into(), "a note without its last line feed"),
        (FROM_3_TO_8.replace("\n— ", "\n"), "no signature"),
        (FROM_3_TO_8.replace("\n8\n", "\n8\r\n"), "a carriage return in the note"),
    ] {
        assert!(matches!(ask(&body, Some(&held(3))), Err(Refusal::Malformed(_))), "{what}");
    }
    assert_eq!(first, "old 3");
    assert!(matches!(ask(&many(63), Some(&held(3))), Err(Refusal::Inconsistent(_))), "63 hashes can be read");
    assert!(matches!(witness().authenticate(b"old 3\n\xff\n\n"), Err(Refusal::Malformed(_))));
}

#[test]
fn a_request_is_measured_before_it_is_decoded() {
    let fits = vec![0xff; MAX_REQUEST];
    assert_eq!(Request::parse(&fits), Err(Refusal::Malformed("it is not UTF-8")));
    let exceeds = vec![0xff; MAX_REQUEST + 1];
    assert_eq!(Request::parse(&exceeds), Err(Refusal::TooLarge));
    // The cap leaves room for the greatest note behind the greatest proof.
    let proof = [Hash::of(b"x"); 63];
    assert_eq!(write_request(u64::MAX, &proof, &"x".repeat(note::MAX_BYTES)).len(), MAX_REQUEST);
}

#[test]
fn who_signed_decides_before_what_is_claimed() {
    let text = head().to_string();
    let of_log = sign_note(&log_key(), &text).expect("a good key");
    let other = Signer::from_seed(ORIGIN, KeyKind::Ed25519, seed(1)).expect("a good seed");
    let of_other = sign_note(&other, &text).expect("a good key");
    let mut bad = of_log.clone();
    bad.blob[63] ^= 1;
    // An old size above the checkpoint's comes after the signature in the order of the checks.
    let said = |lines: &[Line]| ask(&write_request(9, &[], &assemble(&text, lines)), None).expect_err("refused");
    assert_eq!(said(std::slice::from_ref(&of_other)), Refusal::NotSigned(NoteError::NoKnownKey));
    assert_eq!(said(&[of_other.clone(), bad.clone()]), Refusal::NotSigned(NoteError::BadSignature { line: 6 }));
    assert_eq!(said(&[bad, of_log.clone()]), Refusal::NotSigned(NoteError::BadSignature { line: 5 }));
    assert_eq!(said(&[of_other, of_log]), Refusal::OldAboveNew { old: 9, new: 8 });
    let elsewhere = text.replace("bilateral", "elsewhere");
    let note = assemble(&elsewhere, &[sign_note(&log_key(), &elsewhere).expect("a good key")]);
    assert_eq!(ask(&write_request(9, &[], &note), None), Err(Refusal::UnknownOrigin));
}

#[test]
fn lines_by_unknown_keys_are_ignored_and_not_kept() {
    let text = head().to_string();
    let of_log = sign_note(&log_key(), &text).expect("a good key");
    let stranger = |i: u8| Line { name: format!("stranger.example/{i}"), id: of_log.id, blob: vec![i; 2420] };
    let mut lines: Vec<Line> = (0..20).map(stranger).collect();
    lines.push(of_log.clone());
    lines.push(of_log);
    let kept = ask(&write_request(0, &[], &assemble(&text, &lines)), None).expect("cosigned").note;
    let note = Note::parse(kept.as_bytes()).expect("a note");
    let names: Vec<&str> = note.lines().iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, [ORIGIN, "witness.example/w1"]);
    let known = [witness_key().verifier().clone()];
    assert_eq!(cosigners(&note, &known).expect("good").len(), 1);
}

#[test]
fn another_old_size_is_answered_with_the_one_that_is_held() {
    for old in [0, 1, 2, 4, 7] {
        assert_eq!(ask(&request(&tree(), old, 8), Some(&held(3))), Err(Refusal::OtherSize { held: 3 }));
    }
    assert_eq!(ask(&request(&tree(), 3, 8), None), Err(Refusal::OtherSize { held: 0 }));
    // The size comes before the proof: a wrong proof from another size is answered in the same way.
    let wrong = write_request(2, &[Hash::of(b"x")], &signed(&tree(), 8));
    assert_eq!(ask(&wrong, Some(&held(3))), Err(Refusal::OtherSize { held: 3 }));
}

#[test]
fn what_does_not_extend_is_refused_as_inconsistent() {
    let (note, none) = (signed(&tree(), 8), Vec::new());
    let mut surplus = tree().prove_consistency(3, 8).expect("a proof");
    surplus.push(Hash::of(b"x"));
    let empty = Checkpoint { origin: ORIGIN.into(), size: 0, root: Hash::of(b"x") }.sign(&log_key()).expect("signed");
    for (body, held, what) in [
        (write_request(3, &none, &note), Some(held(3)), "no proof"),
        (write_request(3, &surplus, &note), Some(held(3)), "a hash too many"),
        (write_request(0, &surplus, &note), None, "a proof from nothing"),
        (write_request(8, &surplus, &note), Some(held(8)), "a proof between equal sizes"),
        (write_request(8, &none, &signed(&forked(), 8)), Some(held(8)), "equal sizes, other roots"),
        (request(&forked(), 4, 8), Some(held(4)), "another history"),
        (write_request(0, &none, &empty), None, "nothing with a root"),
    ] {
        let said = ask(&body, held.as_ref());
        assert!(matches!(said, Err(Refusal::Inconsistent(_))), "{what}: {said:?}");
    }
    let nothing = ask(&request(&tree(), 0, 0), None).expect("nothing is cosigned, too");
    assert!(ask(&request(&tree(), 0, 8), Some(&nothing)).is_ok());
}

#[test]
fn every_refusal_has_the_status_of_the_standard() {
    let malformed = Refusal::Malformed("x");
    let proof = Refusal::Inconsistent(ProofError::OtherRoot);
    for (refusal, status) in [
        (malformed, 400),
        (Refusal::OldAboveNew { old: 2, new: 1 }, 400),
        (Refusal::NotSigned(NoteError::NoKnownKey), 403),
        (Refusal::UnknownOrigin, 404),
        (Refusal::OtherSize { held: 1 }, 409),
        (Refusal::TooLarge, 413),
        (proof, 422),
        (Refusal::ClockBehind(61), 503),
    ] {
        assert_eq!(refusal.status(), status);
    }
}

#[test]
fn the_times_of_cosignatures_never_go_back() {
    let (witness, held) = (witness(), held(3));
    let body = request(&tree(), 3, 8);
    let authentic = witness.authenticate(body.as_bytes()).expect("authentic");
    let at = |now| witness.cosign(&authentic, Some(&held), now).map(|cosigned| cosigned.held.time);
    assert_eq!(at(TIME + 5), Ok(TIME + 5));
    assert_eq!(at(TIME - 60), Ok(TIME), "a little behind");
    assert_eq!(at(TIME - 61), Err(Refusal::ClockBehind(61)));
    let cosigned = witness.cosign(&authentic, Some(&held), TIME - 9).expect("cosigned");
    let text = head().to_string();
    assert_eq!(verify_cosignature(witness.verifier(), &cosigned.line, &text), Ok(TIME));
}

#[test]
fn a_refused_fork_leaves_a_file_that_proves_it() {
    let witness = witness();
    let keys = [log_key().verifier().clone()];
    let kept = |body: &str, held: Option<&Held>| {
        let authentic = witness.authenticate(body.as_bytes()).expect("authentic");
        let refusal = witness.cosign(&authentic, held, TIME).expect_err("refused");
        authentic.evidence(held, refusal)
    };
    let (three, eight) = (held(3), held(8));
    // The same size with another root, whatever old size was claimed.
    for body in [request(&forked(), 8, 8), request(&forked(), 3, 8)] {
        let evidence = kept(&body, Some(&eight)).expect("evidence");
        assert_eq!(evidence.finding, Finding::TwoRoots(8));
        assert!(evidence.name.starts_with("fork-") && evidence.name.ends_with(".txt"), "{}", evidence.name);
        assert_eq!(judge(&evidence.text, ORIGIN, &keys), Ok(Finding::TwoRoots(8)));
        let other = Signer::from_seed(ORIGIN, KeyKind::Ed25519, seed(1)).expect("a good seed");
        let stranger = judge(&evidence.text, ORIGIN, &[other.verifier().clone()]);
        assert!(matches!(stranger, Err(ForkError::Checkpoint { number: 1, .. })), "{stranger:?}");
    }
    let empty = Checkpoint { origin: ORIGIN.into(), size: 0, root: Hash::of(b"x") }.sign(&log_key()).expect("signed");
    let evidence = kept(&write_request(0, &[], &empty), None).expect("evidence");
    assert_eq!(judge(&evidence.text, ORIGIN, &keys), Ok(Finding::NotEmpty));
    // A greater size proves nothing by itself, and is kept to ask about.
    let five = held(5);
    let evidence = kept(&request(&forked(), 5, 8), Some(&five)).expect("evidence");
    assert_eq!((evidence.finding, judge(&evidence.text, ORIGIN, &keys)), (Finding::Unproved, Ok(Finding::Unproved)));
    // What an honest log, or anybody with its checkpoints, may send leaves nothing.
    assert_eq!(kept(&request(&tree(), 2, 8), Some(&three)), None);
    assert_eq!(kept(&request(&tree(), 8, 8), Some(&three)), None);
    assert_eq!(kept(&write_request(3, &[], &signed(&tree(), 8)), Some(&three)), None);
    assert_eq!(kept(&write_request(0, &[Hash::of(b"x")], &signed(&tree(), 8)), None), None);
}

#[test]
fn a_file_of_checkpoints_is_read_whole_or_not() {
    let keys = [log_key().verifier().clone()];
    let notes: Vec<String> = (1..=8).map(|size| signed(&tree(), size)).collect();
    let text: String = notes.iter().map(|note| format!("{note}\n")).collect();
    let mut reader = Checkpoints::default();
    let read: Vec<String> = text.split_inclusive('\n').filter_map(|line| reader.take(line)).collect();
    assert_eq!((read, reader.is_between()), (notes, true));
    assert_eq!(judge(&text, ORIGIN, &keys), Ok(Finding::Unproved));
    for cut in [0, 1, 20, text.len() - 1, text.len() - 2] {
        assert_eq!(judge(&text[..cut], ORIGIN, &keys), Err(ForkError::Malformed), "{cut}");
    }
    // Two that contradict each other are found wherever they stand.
    let mixed = format!("{text}{}\n{}\n", signed(&forked(), 9), signed(&forked(), 5));
    assert_eq!(judge(&mixed, ORIGIN, &keys), Ok(Finding::TwoRoots(5)));
}

#[test]
fn a_list_of_logs_names_each_by_its_origin() {
    let vkey = log_key().verifier().to_string();
    let logs = Logs::parse(&format!("{vkey}\nledger.example/old {vkey}\n")).expect("a list");
    assert_eq!((logs.len(), logs.keys(ORIGIN).map(<[_]>::len)), (2, Some(1)));
    let digits = Hash::of(ORIGIN.as_bytes()).to_hex();
    assert_eq!(logs.origin_of(&digits), Some(ORIGIN));
    assert_eq!(logs.origin_of(&digits.to_uppercase()), None);
    assert_eq!((logs.keys("ledger.example/other"), logs.origin_of("")), (None, None));
    let cosigner = witness_key().verifier().to_string();
    for (text, line, fault) in [
        (format!("{vkey}\n{vkey}\n"), 2, LogsFault::Repeated),
        (format!("# a comment\n{cosigner}\n"), 2, LogsFault::KeyKind),
        (format!("a b {vkey}\n"), 1, LogsFault::Words),
        (format!("a+b {vkey}\n"), 1, LogsFault::Words),
    ] {
        let error = Logs::parse(&text).expect_err("refused");
        assert_eq!((error.line, error.fault), (line, fault), "{text}");
    }
    assert!(matches!(Logs::parse("x\n").map_err(|error| error.fault), Err(LogsFault::Key(_))));
    assert!(Witness::new(log_key(), Logs::default()).is_err(), "a log's key does not cosign");
}

#[test]
fn while_a_log_changes_its_key_either_signs_and_a_mirror_names_the_one() {
    let new = Signer::from_seed(ORIGIN, KeyKind::Ed25519, seed(1)).expect("a good seed");
    let list = format!("{}\n{}\n", log_key().verifier(), new.verifier());
    let witness = Witness::new(witness_key(), Logs::parse(&list).expect("a list")).expect("a key for cosigning");
    let (old_only, tree) = (self::witness(), tree());
    let by_new = |size: u64| {
        let root = tree.root_at(size).expect("a size it has had");
        let signed = Checkpoint { origin: ORIGIN.into(), size, root }.sign(&new).expect("a good key");
        let proof = tree.prove_consistency(3, size).expect("sizes in order");
        write_request(3, &proof, &signed)
    };
    let before = held(3);
    let request = by_new(8);
    let authentic = witness.authenticate(request.as_bytes()).expect("signed by a key of the log");
    let after = witness.cosign(&authentic, Some(&before), TIME).expect("one history, whoever signs it").held;
    assert_eq!((after.checkpoint.size, witness.reopen(&before.note)), (8, Ok(before)));
    let unknown = Err(Refusal::NotSigned(NoteError::NoKnownKey));
    assert_eq!(old_only.authenticate(request.as_bytes()).map(|_| ()), unknown);
    // A mirror knows which key is whose size.
    let key = |size| Some(if size > 5 { new.verifier().clone() } else { log_key().verifier().clone() });
    assert!(witness.authenticate_by(request.as_bytes(), key).is_ok());
    assert_eq!(witness.authenticate_by(by_new(5).as_bytes(), key).map(|_| ()), unknown);
    assert_eq!(witness.authenticate_by(FROM_3_TO_8.as_bytes(), key).map(|_| ()), unknown);
    assert_eq!(witness.authenticate_by(request.as_bytes(), |_| None).map(|_| ()), unknown);
}
