//! Every MUST of the standard on `add-checkpoint` and on what a witness shows, one after the other.

use std::time::{SystemTime, UNIX_EPOCH};

use countersign::hash::Hash;
use countersign::note::{KeyKind, Line, Note, Signer, assemble, open, sign_note};
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::cosignature::{cosign, cosigners};
use countersign::tlog::witness::write_request;

use super::support::{Asked, Log, Own, example_log, witness_key};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

#[test]
fn a_checkpoint_that_extends_is_cosigned_at_the_time_of_asking() {
    let (witness, log) = (Asked::start(), Log::new("first"));
    let before = now();
    for (old, size) in [(0, 1), (1, 2), (2, 3), (3, 8), (8, 9), (9, 40)] {
        let time = witness.cosigned(&log.request(old, size));
        assert!(time + 300 >= before && time <= now() + 300, "cosigned at {time}, asked at {before}");
    }
}

/// The request of the specification's example, byte for byte. The line of the witness of the examples follows from its
/// time, since Ed25519 is deterministic.
#[test]
fn the_example_request_is_answered_with_the_line_that_follows_from_its_time() {
    let (witness, log) = (Asked::start(), example_log());
    let first = witness.submit(log.request(0, 3));
    let held = if first.status == 409 { first.body.trim_end().parse().expect("a size") } else { 3 };
    let request = log.request(held, 8);
    let rest = "ApjRIpBtz8EIkstTpzmS/FufST6kybrbJ7eRtBJ6f+c=\nB1Bqhf2d0vEg62lPhgEeW7RmLlxBWmKRcDPUqWJEh+c=\n\
        +sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=\na0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=\n\n";
    assert!(held == 8 || request.starts_with(&format!("old 3\n{rest}ledger.example/bilateral\n8\n")), "{request}");
    let answer = witness.submit(&request);
    let time = witness.time_of(&request, &answer);
    if witness.key == *witness_key().verifier() {
        let line = cosign(&witness_key(), &log.checkpoint(8).to_string(), time).expect("a good key");
        assert_eq!(answer.body, format!("{line}\n"));
    }
}

#[test]
fn lines_by_unknown_keys_are_ignored() {
    let (witness, log) = (Asked::start(), Log::new("unknown-lines"));
    let text = log.checkpoint(8).to_string();
    let of_log = sign_note(&log.key, &text).expect("a good key");
    let named = |name: &str| Line { name: name.into(), ..of_log.clone() };
    let other = Signer::from_seed(&log.origin, KeyKind::Ed25519, [9; 32]).expect("a good seed");
    let of_other = sign_note(&other, &text).expect("a good key");
    let lines = [named("stranger.example/a"), of_other, of_log.clone(), named("stranger.example/b")];
    witness.cosigned(&write_request(0, &[], &assemble(&text, &lines)));
}

#[test]
fn a_note_with_sixteen_signatures_is_read() {
    let (witness, log) = (Asked::start(), Log::new("many-lines"));
    let text = log.checkpoint(8).to_string();
    let of_log = sign_note(&log.key, &text).expect("a good key");
    let mut lines: Vec<Line> = (0..15).map(|i| Line { name: format!("stranger/{i}"), ..of_log.clone() }).collect();
    lines.push(of_log);
    witness.cosigned(&write_request(0, &[], &assemble(&text, &lines)));
}

#[test]
fn an_unknown_log_is_answered_with_404() {
    let witness = Asked::start();
    let stranger = Log::of("conformance.example/stranger");
    assert_eq!(witness.status(stranger.request(0, 8)), 404);
    assert_eq!(witness.latest(&stranger).status, 404);
}

#[test]
fn a_checkpoint_without_a_good_line_by_a_trusted_key_is_answered_with_403() {
    let (witness, log) = (Asked::start(), Log::new("untrusted"));
    let text = log.checkpoint(8).to_string();
    let of_log = sign_note(&log.key, &text).expect("a good key");
    let other = Signer::from_seed(&log.origin, KeyKind::Ed25519, [9; 32]).expect("a good seed");
    let of_other = sign_note(&other, &text).expect("a good key");
    let altered = |at: usize| {
        let mut line = of_log.clone();
        line.blob[at] ^= 1;
        line
    };
    let relabelled = Line { id: of_log.id, ..of_other.clone() };
    let short = Line { blob: of_log.blob[..63].to_vec(), ..of_log.clone() };
    let other_text = sign_note(&log.key, &log.checkpoint(9).to_string()).expect("a good key");
    for lines in [
        vec![of_other.clone()],
        vec![altered(0)],
        vec![altered(63)],
        vec![relabelled],
        vec![short],
        vec![other_text],
        vec![of_other, altered(5)],
        vec![altered(5), of_log.clone()],
    ] {
        let answer = witness.submit(write_request(0, &[], &assemble(&text, &lines)));
        assert_eq!(answer.status, 403, "{lines:?}: {answer:?}");
    }
    assert_eq!(witness.latest(&log).status, 404, "nothing was cosigned");
    witness.cosigned(&write_request(0, &[], &assemble(&text, &[of_log])));
}

#[test]
fn an_old_size_above_the_checkpoints_is_answered_with_400() {
    let (witness, log) = (Asked::start(), Log::new("order"));
    witness.cosigned(&log.request(0, 8));
    for old in [6, 8, 9, u64::MAX] {
        assert_eq!(witness.status(write_request(old, &[], &log.signed(5))), 400, "{old}");
    }
}

#[test]
fn another_old_size_than_the_latest_is_answered_with_409_and_the_latest() {
    let (witness, log) = (Asked::start(), Log::new("conflict"));
    let conflict = |body: String, latest: &str| {
        let answer = witness.submit(body);
        assert_eq!(answer.status, 409, "{answer:?}");
        assert_eq!((answer.media_type.as_str(), answer.body.as_str()), ("text/x.tlog.size", latest));
    };
    conflict(log.request(3, 8), "0\n");
    witness.cosigned(&log.request(0, 8));
    for (old, size) in [(0, 20), (7, 20), (9, 20), (3, 5), (0, 8), (7, 8)] {
        conflict(log.request(old, size), "8\n");
    }
    // Even where the proof is wrong.
    conflict(write_request(7, &[Hash::of(b"x")], &log.signed(20)), "8\n");
    witness.cosigned(&log.request(8, 20));
    conflict(log.request(8, 20), "20\n");
}

#[test]
fn a_wrong_proof_is_answered_with_422_and_changes_nothing() {
    let (witness, log) = (Asked::start(), Log::new("proofs"));
    let refused = |body: String, what: &str| {
        let answer = witness.submit(body);
        assert_eq!(answer.status, 422, "{what}: {answer:?}");
        assert!(!answer.body.contains('—'), "{what}: {answer:?}");
    };
    refused(write_request(0, &[Hash::of(b"x")], &log.signed(8)), "a proof from nothing");
    witness.cosigned(&log.request(0, 5));
    let proof = log.tree.prove_consistency(5, 20).expect("a proof");
    let note = log.signed(20);
    for at in 0..proof.len() {
        let mut altered = proof.clone();
        altered[at] = Hash::of(b"x");
        refused(write_request(5, &altered, &note), "a hash altered");
        let mut shortened = proof.clone();
        shortened.remove(at);
        refused(write_request(5, &shortened, &note), "a hash left out");
        let mut doubled = proof.clone();
        doubled.insert(at, proof[at]);
        refused(write_request(5, &doubled, &note), "a hash twice");
    }
    refused(write_request(5, &[], &note), "no proof");
    refused(write_request(5, &[Hash::of(b"x"); 63], &note), "63 hashes");
    refused(log.forked_at(3).request(5, 20), "another history");
    refused(log.forked_at(4).request(5, 6), "another history, one entry more");
    witness.cosigned(&log.request(5, 20));
}

#[test]
fn equal_sizes_need_equal_roots_and_no_proof() {
    let (witness, log) = (Asked::start(), Log::new("equal"));
    witness.cosigned(&log.request(0, 8));
    assert_eq!(witness.status(log.forked_at(3).request(8, 8)), 422, "another root");
    assert_eq!(witness.status(write_request(8, &[Hash::of(b"x")], &log.signed(8))), 422, "a proof");
    witness.cosigned(&log.request(8, 8));
    witness.cosigned(&log.request(8, 9));
}

#[test]
fn size_zero_has_the_root_of_nothing() {
    let (witness, log) = (Asked::start(), Log::new("empty"));
    let filled = Checkpoint { root: Hash::of(b"x"), ..log.checkpoint(0) };
    let note = filled.sign(&log.key).expect("a good key");
    assert_eq!(witness.status(write_request(0, &[], &note)), 422);
    witness.cosigned(&log.request(0, 0));
    witness.cosigned(&log.request(0, 0));
    witness.cosigned(&log.request(0, 8));
    assert_eq!(witness.status(log.request(0, 0)), 409);
}

#[test]
fn a_malformed_request_is_answered_with_400() {
    let (witness, log) = (Asked::start(), Log::new("malformed"));
    witness.cosigned(&log.request(0, 3));
    let good = log.request(3, 8);
    let rest = good.split_once('\n').expect("lines").1;
    let hash = good.lines().nth(1).expect("a hash");
    let with_first = |line: &str| format!("{line}\n{rest}");
    let with_hash = |line: &str| good.replacen(hash, line, 1);
    let sixty_four = format!("old 3\n{}\n{}", format!("{hash}\n").repeat(64), log.signed(8));
    for body in [
        String::new(),
        "\n".into(),
        "old 3\n".into(),
        good.lines().next().expect("a line").to_owned(),
        with_first("old 03"),
        with_first("old -3"),
        with_first("old +3"),
        with_first("old 3 "),
        with_first("old  3"),
        with_first(" old 3"),
        with_first("old"),
        with_first("new 3"),
        with_first("old 18446744073709551616"),
        with_first("old 0x3"),
        with_hash(hash.trim_end_matches('=')),
        with_hash(&format!("{hash}=")),
        with_hash(&hash[1..]),
        with_hash("AAAA"),
        with_hash(&format!("{hash}\r")),
        with_hash(&format!(" {hash}")),
        sixty_four,
        good.trim_end().to_owned(),
        good.replacen("\n\n", "\n", 1),
        good.replace(&log.signed(8), ""),
        good.replacen("\n8\n", "\n08\n", 1),
        good.replacen("\n8\n", "\neight\n", 1),
        good.replacen("— ", "- ", 1),
    ] {
        let answer = witness.submit(&body);
        assert_eq!(answer.status, 400, "{body:?}: {answer:?}");
    }
    witness.cosigned(&good);
}

#[test]
fn extension_lines_are_cosigned_with_the_rest() {
    let (witness, log) = (Asked::start(), Log::new("extension"));
    let text = format!("{}an extension\n", log.checkpoint(8));
    let note = assemble(&text, &[sign_note(&log.key, &text).expect("a good key")]);
    witness.cosigned(&write_request(0, &[], &note));
}

#[test]
fn what_was_cosigned_last_is_shown_with_both_signatures() {
    let (witness, log) = (Asked::start(), Log::new("monitoring"));
    assert_eq!(witness.latest(&log).status, 404, "nothing yet");
    let mut held = 0;
    for size in [5, 20, 21] {
        witness.cosigned(&log.request(held, size));
        held = size;
        let shown = witness.latest(&log);
        assert_eq!(shown.status, 200, "{shown:?}");
        let note = Note::parse(shown.body.as_bytes()).expect("a note");
        assert_eq!(Checkpoint::parse(note.text()), Ok(log.checkpoint(size)));
        open(&note, &[log.key.verifier().clone()]).expect("signed by the log");
        assert_eq!(
            cosigners(&note, std::slice::from_ref(&witness.key)).expect("good").len(),
            1,
            "cosigned by the witness"
        );
    }
    let digits = Hash::of(log.origin.as_bytes()).to_hex();
    assert_eq!(witness.latest_of(&digits[1..]).status, 404);
    assert_eq!(witness.latest_of(&digits.to_uppercase()).status, 404);
}

#[test]
fn a_log_that_is_known_and_was_never_cosigned_has_nothing_to_show() {
    let (witness, log) = (Asked::start(), Log::new("never"));
    assert_eq!(witness.latest(&log).status, 404);
    assert_eq!(witness.status(log.request(1, 2)), 409);
    assert_eq!(witness.latest(&log).status, 404, "a refusal shows nothing either");
}

#[test]
fn a_checkpoint_is_submitted_by_post_alone() {
    let witness = Asked::start();
    assert_eq!(witness.get("/add-checkpoint").status, 405);
}

#[test]
fn what_is_shown_outlives_the_witness() {
    let (own, log) = (Own::begin(), Log::new("monitoring"));
    own.target.cosigned(&log.request(0, 8));
    let shown = own.target.latest(&log);
    let own = own.restart();
    assert_eq!(own.target.latest(&log), shown);
    assert_eq!(own.target.submit(log.request(0, 9)).body, "8\n");
    own.target.cosigned(&log.request(8, 9));
}
