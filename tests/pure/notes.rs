//! Notes and checkpoints, against another crate's reading of the same standards.

use countersign::note::{KeyKind, Line, Note, Signer, Verifier, assemble, is_key_name, open, sign_note};
use countersign::tlog::checkpoint::Checkpoint;
use proptest::prelude::*;
use signed_note::{Note as TheirNote, StandardSigner, StandardVerifier, VerifierList};

/// Whether the other crate opens a note under a key.
fn theirs_opens(note: &[u8], vkey: &str) -> bool {
    let key = StandardVerifier::new(vkey).expect("a good key");
    TheirNote::from_bytes(note).is_ok_and(|note| note.verify(&VerifierList::new(vec![Box::new(key)])).is_ok())
}

/// Whether we open it.
fn ours_opens(note: &[u8], vkey: &str) -> bool {
    let key = Verifier::parse(vkey).expect("a good key");
    Note::parse(note).is_ok_and(|note| open(&note, &[key]).is_ok())
}

fn texts() -> impl Strategy<Value = String> {
    proptest::collection::vec("[ -~а-яé—]{0,20}", 1..6).prop_map(|lines| lines.join("\n") + "\n")
}

fn names() -> impl Strategy<Value = String> {
    "[a-zа-я0-9./_-]{1,20}"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_we_sign_another_crate_opens_and_the_other_way_round(
        text in texts(), name in names(), seed in any::<[u8; 32]>(), other in any::<[u8; 32]>(),
    ) {
        let ours = Signer::from_seed(&name, KeyKind::Ed25519, seed).expect("a good seed");
        let vkey = ours.verifier().to_string();
        let note = assemble(&text, &[sign_note(&ours, &text).expect("a good key")]);
        prop_assert!(theirs_opens(note.as_bytes(), &vkey));
        prop_assert!(ours_opens(note.as_bytes(), &vkey));

        let theirs = StandardSigner::new(&ours.to_skey().expect("a secret")).expect("a good key");
        let mut their_note = TheirNote::new(text.as_bytes(), &[]).expect("a good text");
        their_note.add_sigs(&[&theirs]).expect("a good key");
        prop_assert_eq!(String::from_utf8(their_note.to_bytes()).expect("UTF-8"), note.clone());

        let stranger = Signer::from_seed(&name, KeyKind::Ed25519, other).expect("a good seed");
        let vkey = stranger.verifier().to_string();
        prop_assert_eq!(ours_opens(note.as_bytes(), &vkey), seed == other);
    }

    /// Ours may refuse more (it caps sizes and admits fewer keys), never less.
    #[test]
    fn a_note_with_a_byte_changed_is_never_opened_by_us_alone(
        text in texts(), seed in any::<[u8; 32]>(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let key = Signer::from_seed("example.com/key", KeyKind::Ed25519, seed).expect("a good seed");
        let vkey = key.verifier().to_string();
        let good = assemble(&text, &[sign_note(&key, &text).expect("a good key")]).into_bytes();
        let mut note = good.clone();
        let at = at.index(note.len());
        note[at] = byte;
        prop_assert_eq!(ours_opens(&note, &vkey), theirs_opens(&note, &vkey));
        prop_assert_eq!(ours_opens(&note, &vkey), note == good);
    }

    #[test]
    fn both_read_the_same_notes(text in "[a \n—+é\u{1}\u{7f}]{0,24}", tail in "(— [a+ ]{0,3} [A-Za-z0-9+/=]{0,12}\n){0,3}") {
        let note = format!("{text}{tail}");
        let ours = Note::parse(note.as_bytes());
        let theirs = TheirNote::from_bytes(note.as_bytes());
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}: {:?}", note, ours);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(ours.text().as_bytes(), theirs.text());
            prop_assert_eq!(assemble(ours.text(), ours.lines()), note);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert_eq!(assemble(note.text(), note.lines()).into_bytes(), bytes);
        }
    }

    #[test]
    fn a_line_is_written_and_read_alike(name in names(), id in any::<[u8; 4]>(), blob in proptest::collection::vec(any::<u8>(), 1..90)) {
        let line = Line { name, id: countersign::note::KeyId::new(id), blob };
        let note = assemble("text\n", std::slice::from_ref(&line));
        let read = Note::parse(note.as_bytes()).expect("a note");
        prop_assert_eq!(read.lines(), &[line]);
    }

    #[test]
    fn both_know_the_same_names(name in "[a +\u{a0}\u{2003}é\t]{0,4}") {
        // Ours also refuses control characters, which no note can carry.
        let theirs = signed_note::is_key_name_valid(&name) && !name.chars().any(char::is_control);
        prop_assert_eq!(is_key_name(&name), theirs, "{:?}", name);
    }

    #[test]
    fn both_read_the_same_checkpoints(
        origin in "[a-z./ +]{0,6}", size in "(0|00|[1-9][0-9]{0,21}|0[0-9]{1,3}|[+-]1| 1)",
        root in any::<[u8; 32]>(), cut in 0usize..3, tail in "(|x\n|x\ny\n|\n|x)",
    ) {
        let root = countersign::hash::Hash::new(root).to_base64();
        let root = &root[..root.len() - cut];
        let text = format!("{origin}\n{size}\n{root}\n{tail}");
        let ours = Checkpoint::parse(&text);
        let theirs = tlog_tiles::Checkpoint::from_bytes(text.as_bytes());
        match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => {
                prop_assert_eq!(ours.origin.as_str(), theirs.origin());
                prop_assert_eq!(ours.size, theirs.size());
                prop_assert_eq!(ours.root.as_bytes(), &theirs.hash().0);
            }
            (Ok(_), Err(_)) => prop_assert!(false, "only we read {:?}", text),
            // The standard's rules for origins, and the root of size 0, are checked by us alone.
            (Err(_), Ok(theirs)) => prop_assert!(!is_key_name(theirs.origin()) || theirs.size() == 0, "{:?}", text),
            (Err(_), Err(_)) => {}
        }
    }
}
