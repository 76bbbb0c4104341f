//! The frame of records and entries: first lines, header, signature lines, sizes.

use serde_json::{Value, json};

use super::{example, faults, listed, object, text_of};
use crate::note::{KeyKind, Line, Signer, assemble, sign_note};
use crate::treaty::entry::{self, Entry};
use crate::treaty::record::{MAX_BYTES, MAX_LINES, Signed};
use crate::treaty::register::Register;
use crate::treaty::time::Instant;

const DIGEST: &str = "sha256:5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";

fn good() -> Value {
    object("key_revocation", &example("key_revocation"))
}

fn key(name: &str, kind: KeyKind) -> Signer {
    Signer::from_seed(name, kind, [7; 32]).expect("a good seed")
}

fn line(name: &str, text: &str) -> Line {
    sign_note(&key(name, KeyKind::Ed25519), text).expect("a good key")
}

/// What the parser says of bytes: the code of the whole, and the faults.
fn malformed(bytes: &[u8]) -> (&'static str, String) {
    let malformed = Signed::parse(bytes).expect_err("malformed");
    (malformed.code, listed(&malformed))
}

fn signed_note(text: &str, names: &[&str]) -> String {
    assemble(text, &names.iter().map(|name| line(name, text)).collect::<Vec<_>>())
}

/// The codes and pointers of what is wrong with the lines of a record by `RU/centre/1`.
fn line_faults(names: &[&str]) -> Vec<(&'static str, String)> {
    let note = signed_note(&text_of(&good()), names);
    let signed = Signed::parse(note.as_bytes()).expect("a record");
    match signed.verify(&Register::default(), "test") {
        Ok(_) => Vec::new(),
        Err(refused) => refused.into_iter().map(|r| (r.refusal.code(), r.pointer)).collect(),
    }
}

#[test]
fn a_record_gives_back_what_it_was_made_of() {
    let text = text_of(&good());
    let note = signed_note(&text, &["RU/centre/1"]);
    let signed = Signed::parse(note.as_bytes()).expect("a record");
    assert_eq!((signed.note.as_str(), signed.text()), (note.as_str(), text.as_str()));
    assert_eq!(signed.json(), format!("{}\n", good()));
    assert_eq!(signed.digest, crate::hash::Hash::of(text.as_bytes()));
    assert_eq!(signed.record.origin, "ledger.example/bilateral");
    let header = &signed.record.header;
    assert_eq!((header.author().as_str(), header.number, header.refs.len()), ("RU/centre/1", 1, 1));
    assert_eq!(header.signed_at.to_string(), "2024-03-01T12:00:00Z");
    assert_eq!(header.effective_at.map(|at| at.to_string()).as_deref(), Some("2024-03-01T11:00:00Z"));
    assert_eq!(header.id.to_string(), "018e0000-0000-7000-8000-000000000001");
}

#[test]
fn every_member_of_the_header_is_required_but_two() {
    for name in ["id", "kind", "party", "signers", "number", "signed_at", "anchor", "channel", "body"] {
        let mut without = good();
        without.as_object_mut().expect("an object").shift_remove(name);
        assert_eq!(faults(&text_of(&without)), format!("member_missing@/{name}"));
    }
    for name in ["effective_at", "refs"] {
        let mut without = good();
        without.as_object_mut().expect("an object").shift_remove(name);
        assert_eq!(faults(&text_of(&without)), "");
    }
}

#[test]
fn every_wrong_member_of_the_header_is_answered_at_its_place() {
    for (pointer, value, answer) in [
        ("/id", json!("018E0000-0000-7000-8000-000000000001"), "not_a_uuid@/id"),
        ("/id", json!("018e0000-0000-4000-8000-000000000001"), "not_a_uuid@/id"),
        ("/id", json!("018e0000-0000-7000-0000-000000000001"), "not_a_uuid@/id"),
        ("/id", json!("018e000000007000800000000000000001"), "not_a_uuid@/id"),
        ("/id", json!("{018e0000-0000-7000-8000-00000000001}"), "not_a_uuid@/id"),
        ("/id", json!(1), "wrong_type@/id"),
        ("/kind", json!("opinion"), "not_one_of@/kind"),
        ("/party", json!("FR"), "not_one_of@/party"),
        ("/party", json!("ru"), "not_one_of@/party"),
        ("/signers", json!([]), "too_few@/signers"),
        ("/signers", json!("RU/centre/1"), "wrong_type@/signers"),
        ("/signers", json!(["RU/centre/1", "RU/centre/1"]), "repeated@/signers/1"),
        ("/signers", json!(["RU/centre/1", "x"]), "not_a_key_name@/signers/1"),
        ("/signers", json!(["RU/root/1", "RU/root/2", "RU/root/3", "RU/root/4", "RU/root/5"]), "too_many@/signers"),
        ("/number", json!(0), "out_of_range@/number"),
        ("/number", json!("1"), "wrong_type@/number"),
        ("/signed_at", json!("2024-03-01T12:00:00+00:00"), "not_an_instant@/signed_at"),
        ("/effective_at", json!(""), "not_an_instant@/effective_at"),
        ("/effective_at", Value::Null, "json_null@/effective_at"),
        ("/anchor", json!(0), "wrong_type@/anchor"),
        ("/anchor/size", json!(-1), "out_of_range@/anchor/size"),
        ("/anchor/root", json!("sha256:"), "not_a_digest@/anchor/root"),
        ("/anchor", json!({"size": 0}), "member_missing@/anchor/root"),
        ("/channel", json!("telephone"), "not_one_of@/channel"),
        ("/refs", json!([DIGEST, DIGEST]), "repeated@/refs/1"),
        ("/refs", json!(["x"]), "not_a_digest@/refs/0"),
        ("/refs", json!(vec![DIGEST; 17]), "too_many@/refs"),
        ("/body", json!([]), "wrong_type@/body"),
    ] {
        let mut changed = good();
        *changed.pointer_mut(pointer).expect("a place") = value;
        assert_eq!(faults(&text_of(&changed)), answer);
    }
    let mut surplus = good();
    surplus["note"] = json!("x");
    surplus["anchor"]["at"] = json!("x");
    assert_eq!(faults(&text_of(&surplus)), "member_unknown@/anchor/at,member_unknown@/note");
}

#[test]
fn all_faults_of_json_and_form_are_answered_at_once_with_the_lines_of_the_text() {
    let text = "countersign/record/v1\nledger.example/bilateral\n{\n  \"id\": \"x\",\n  \"kind\": \"terms\",\n  \
                \"number\": 1.5,\n  \"extra\": 1,\n  \"body\": {\"version\": 0}\n}\n";
    let malformed = super::Record::parse(text).expect_err("malformed");
    let found: Vec<_> = malformed.faults.iter().map(|f| (f.code, f.pointer.as_str(), f.line)).collect();
    for expected in [
        ("number_not_integer", "/number", 6),
        ("not_a_uuid", "/id", 4),
        ("member_missing", "/party", 3),
        ("member_missing", "/anchor", 3),
        ("out_of_range", "/body/version", 8),
        ("member_unknown", "/extra", 7),
    ] {
        assert!(found.contains(&expected), "{expected:?} in {found:?}");
    }
    assert_eq!(found.iter().filter(|(_, pointer, _)| *pointer == "/number").count(), 1);
}

#[test]
fn the_first_two_lines_are_fixed() {
    let object = good().to_string();
    for (text, code, line) in [
        (format!("countersign/record/v2\nledger.example/bilateral\n{object}\n"), "not_a_record", 1),
        (format!(" countersign/record/v1\nledger.example/bilateral\n{object}\n"), "not_a_record", 1),
        (format!("countersign/record/v1 \nledger.example/bilateral\n{object}\n"), "not_a_record", 1),
        (format!("countersign/record/v1\n\n{object}\n"), "not_a_record", 2),
        (format!("countersign/record/v1\nledger example\n{object}\n"), "not_a_record", 2),
        (format!("countersign/record/v1\n{}\n{object}\n", "o".repeat(256)), "not_a_record", 2),
        (format!("countersign/record/v1\nledger.example/bilateral\n\n{object}\n"), "json_empty_line", 3),
        (format!("countersign/record/v1\nledger.example/bilateral\n{object}\n\n"), "json_trailing", 3),
        (format!("countersign/record/v1\nledger.example/bilateral\n{object}"), "json_no_final_line_feed", 3),
        ("countersign/record/v1\nledger.example/bilateral\n".into(), "json_unexpected_end", 3),
        ("countersign/record/v1\n".into(), "not_a_record", 2),
        ("countersign/record/v1".into(), "not_a_record", 1),
    ] {
        let malformed = super::Record::parse(&text).expect_err("malformed");
        let fault = &malformed.faults[0];
        assert_eq!((fault.code, fault.line, malformed.faults.len()), (code, line, 1), "{text}");
    }
}

#[test]
fn a_note_that_is_too_large_or_has_too_many_lines_is_no_record() {
    let text = text_of(&good());
    let note = signed_note(&text, &["RU/centre/1"]);
    assert_eq!(malformed(&[note.as_bytes(), &vec![b' '; MAX_BYTES]].concat()).0, "too_large");
    let lines = |count: usize| format!("{text}\n{}", format!("{}\n", line("RU/centre/1", &text)).repeat(count));
    assert!(Signed::parse(lines(MAX_LINES).as_bytes()).is_ok());
    assert_eq!(malformed(lines(MAX_LINES + 1).as_bytes()).0, "too_many_lines");
    assert_eq!(malformed(text.as_bytes()).0, "not_a_note");
    assert_eq!(malformed(note.replace('\n', "\r\n").as_bytes()).0, "not_a_note");
    assert_eq!(malformed(b"\xff").0, "not_a_note");
}

#[test]
fn a_record_carries_one_line_by_each_signer_and_no_other() {
    assert_eq!(line_faults(&["RU/centre/1"]), []);
    assert_eq!(
        line_faults(&["RU/centre/2"]),
        [("signature_missing", "/signers/0".to_owned()), ("signature_surplus", String::new())]
    );
    assert_eq!(line_faults(&["RU/centre/1", "RU/centre/1"]), [("signature_doubled", "/signers/0".to_owned())]);
    assert_eq!(line_faults(&["RU/centre/1", "example.com/x"]), [("signature_surplus", String::new())]);
    let clerk = "ledger.example/bilateral/clerk";
    assert_eq!(line_faults(&["RU/centre/1", clerk]), [("clerk_line_present", String::new())]);
}

#[test]
fn an_entry_is_the_record_and_the_clerks_line() {
    let clerk = key("ledger.example/bilateral/clerk", KeyKind::Countersign);
    let note = signed_note(&text_of(&good()), &["RU/centre/1"]);
    let signed = Signed::parse(note.as_bytes()).expect("a record");
    let at = Instant::from_seconds(1_700_000_000).expect("a time");
    let entry = Entry::countersign(signed, &clerk, at).expect("a good key");
    let (before, last) = entry.bytes.split_at(note.len());
    assert_eq!(before, note);
    assert!(last.starts_with("— ledger.example/bilateral/clerk ") && last.ends_with('\n'));
    let read = Entry::parse(entry.bytes.as_bytes()).expect("an entry");
    assert_eq!((read.received_at, &read.signed.note, &read.bytes), (at, &note, &entry.bytes));
    assert!(read.is_countersigned_by(clerk.verifier()));
    assert!(!read.is_countersigned_by(key("ledger.example/other/clerk", KeyKind::Countersign).verifier()));
    assert!(!read.is_countersigned_by(key("ledger.example/bilateral/clerk", KeyKind::Ed25519).verifier()));
}

#[test]
fn what_is_no_entry_is_refused() {
    let clerk = key("ledger.example/bilateral/clerk", KeyKind::Countersign);
    let text = text_of(&good());
    let author = line("RU/centre/1", &text);
    let digest = crate::hash::Hash::of(text.as_bytes());
    let by_clerk = crate::note::clerk::countersign(&clerk, &digest, 1_700_000_000).expect("a good key");
    let far = crate::note::clerk::countersign(&clerk, &digest, u64::MAX).expect("a good key");
    let code = |lines: &[Line]| Entry::parse(assemble(&text, lines).as_bytes()).map_err(|m| m.code).map(|_| ());
    assert_eq!(code(&[author.clone(), by_clerk.clone()]), Ok(()));
    assert_eq!(code(std::slice::from_ref(&author)), Err("not_an_entry"));
    assert_eq!(code(std::slice::from_ref(&by_clerk)), Err("not_an_entry"));
    assert_eq!(code(&[by_clerk.clone(), author.clone()]), Err("not_an_entry"));
    assert_eq!(code(&[author.clone(), far]), Err("not_an_entry"));
    let renamed = Line { name: "ledger.example/bilateral".into(), ..by_clerk };
    assert_eq!(code(&[author, renamed]), Err("not_an_entry"));
    let large = Entry::parse(&vec![b'x'; entry::MAX_BYTES + 1]).map_err(|m| m.code).map(|_| ());
    assert_eq!(large, Err("not_an_entry"));
}
