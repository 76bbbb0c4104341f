//! Notes and keys against known answers of other programs, and everything near them that must be refused.

use super::clerk::{ClerkError, countersign, countersigned_at, verify_countersignature};
use super::*;
use crate::hash::Hash;
use crate::tlog::leaf_hash;

/// The example of the signed-note standard.
const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE: &str = "\
This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
";

/// The examples of Go's own tests of the format.
const PETER_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const ENOCH_KEY: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const TEXT: &str = "\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.
";
const PETER_LINE: &str = "— PeterNeumann \
    x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH_LINE: &str = "— EnochRoot \
    rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

/// An entry of the ledger, by an author and the clerk.
const ENTRY: &str = "\
countersign/record/v1
ledger.example/bilateral
{\"id\":\"01a1b2c3-0000-7000-8000-000000000001\",\"kind\":\"acknowledgement\",\"party\":\"RU\"}

— RU/leader/07 BHnJV6FN86OciMdAz+0qeqqXTlwZaPNJr6Gro7P+0xDWgICQygutFxG9rM/jR/UNiuBN9bEtX/N/hBUv8D162N+ykQ4=
— ledger.example/bilateral/clerk jBSyigAAAABlU/EAYaEuq86cNfgqLJjimK3/D6fda5R1B7svuLHtdFiJOjBdyJ21nSbr+akLgLRaABJYTTSDzplN8XywVVCLsMroDw==
";
const TIME: u64 = 1_700_000_000;

fn verifier(vkey: &str) -> Verifier {
    Verifier::parse(vkey).expect("a good key")
}

fn signer(name: &str, kind: KeyKind, first: u8) -> Signer {
    let seed = std::array::from_fn(|i| first + u8::try_from(i).expect("32 of them"));
    Signer::from_seed(name, kind, seed).expect("a good seed")
}

/// How many lines of a note are by these keys, and good.
fn good(note: &str, known: &[Verifier]) -> Result<usize, NoteError> {
    open(&Note::parse(note.as_bytes())?, known).map(|good| good.len())
}

#[test]
fn the_example_of_the_standard_opens() {
    let key = verifier(EXAMPLE_KEY);
    assert_eq!(
        (key.name(), key.kind(), key.id().to_string().as_str()),
        ("example.com/foo", KeyKind::Ed25519, "530d903a")
    );
    assert_eq!(key.to_string(), EXAMPLE_KEY);
    let note = Note::parse(EXAMPLE.as_bytes()).expect("a note");
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(open(&note, &[key]).map(|good| good.len()), Ok(1));
    assert_eq!(assemble(note.text(), note.lines()), EXAMPLE);
}

#[test]
fn what_go_signs_we_sign_byte_for_byte() {
    let peter = Signer::parse(PETER_SECRET).expect("a good key");
    assert_eq!(peter.verifier().to_string(), PETER_KEY);
    assert_eq!(*peter.to_skey().expect("a secret"), PETER_SECRET);
    let line = sign_note(&peter, TEXT).expect("a good key");
    assert_eq!(assemble(TEXT, &[line]), format!("{TEXT}\n{PETER_LINE}"));
}

#[test]
fn unknown_lines_are_ignored_and_known_ones_counted() {
    let both = format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}");
    let (peter, enoch) = (verifier(PETER_KEY), verifier(ENOCH_KEY));
    assert_eq!(good(&both, std::slice::from_ref(&peter)), Ok(1));
    assert_eq!(good(&both, &[peter.clone(), enoch.clone()]), Ok(2));
    assert_eq!(good(&both, &[]), Err(NoteError::NoKnownKey));
    // A line of another key under a known name is an unknown line too, whatever stands in it.
    let other_id = PETER_LINE.replace("x08go", "xxxxo");
    assert_eq!(good(&format!("{TEXT}\n{other_id}{ENOCH_LINE}"), &[peter, enoch]), Ok(1));
}

#[test]
fn a_bad_line_by_a_known_key_condemns_the_whole_note() {
    let known = [verifier(PETER_KEY), verifier(ENOCH_KEY)];
    let bad_enoch = ENOCH_LINE.replace("5n2t", "5n3t");
    let bad = Err(NoteError::BadSignature { line: 5 });
    assert_eq!(good(&format!("{TEXT}\n{PETER_LINE}{bad_enoch}"), &known), bad);
    assert_eq!(good(&format!("{TEXT}\n{PETER_LINE}{bad_enoch}"), &known[..1]), Ok(1));
    let too_long = format!("{}ABCD{}", &PETER_LINE[..60], &PETER_LINE[60..]);
    let first = Err(NoteError::BadSignature { line: 4 });
    assert_eq!(good(&format!("{TEXT}\n{too_long}{ENOCH_LINE}"), &known), first);
    let other_text = format!("{TEXT}\n{PETER_LINE}").replace("answer", "Answer");
    assert_eq!(good(&other_text, &known), first);
}

#[test]
fn a_second_line_by_the_same_key_is_not_looked_at() {
    let known = [verifier(PETER_KEY)];
    let bad = PETER_LINE.replace("UG/S", "UH/S");
    assert_eq!(good(&format!("{TEXT}\n{PETER_LINE}{PETER_LINE}"), &known), Ok(1));
    assert_eq!(good(&format!("{TEXT}\n{PETER_LINE}{bad}"), &known), Ok(1));
    assert_eq!(good(&format!("{TEXT}\n{bad}{PETER_LINE}"), &known), Err(NoteError::BadSignature { line: 4 }));
}

#[test]
fn a_malformed_note_is_refused_at_its_line() {
    let note = format!("{TEXT}\n{PETER_LINE}");
    let with_line = |line: &str| format!("{TEXT}\n{line}\n").into_bytes();
    let unpadded = PETER_LINE.trim_end().trim_end_matches('=').to_owned();
    let malformed = NoteError::MalformedLine { line: 4 };
    for (bytes, error) in [
        (vec![], NoteError::NoFinalLineFeed { line: 1 }),
        (TEXT.into(), NoteError::NoSignatures),
        (format!("{TEXT}\n").into(), NoteError::NoSignatures),
        (format!("{TEXT}{PETER_LINE}").into(), NoteError::NoSignatures),
        (note.trim_end().into(), NoteError::NoFinalLineFeed { line: 4 }),
        (format!("\u{1}{note}").into(), NoteError::ControlCharacter { line: 1 }),
        (note.replace('\n', "\r\n").into(), NoteError::ControlCharacter { line: 1 }),
        (note.replace("then", "then\0").into(), NoteError::ControlCharacter { line: 2 }),
        (note.replace("then", "\tthen").into(), NoteError::ControlCharacter { line: 2 }),
        ([b"\xff", note.as_bytes()].concat(), NoteError::NotUtf8 { line: 1 }),
        ([b"a\n\xc0\xaf", note.as_bytes()].concat(), NoteError::NotUtf8 { line: 2 }),
        ([b"\xed\xa0\x80", note.as_bytes()].concat(), NoteError::NotUtf8 { line: 1 }),
        (format!("{note}Unexpected line.\n").into(), NoteError::MalformedLine { line: 5 }),
        (with_line(&PETER_LINE.trim_end().replace("PeterNeumann", "Bad Name")), malformed),
        (with_line(&PETER_LINE.trim_end().replace("PeterNeumann", "Bad+Name")), malformed),
        (with_line(&PETER_LINE.trim_end().replace("PeterNeumann", "Bad\u{a0}Name")), malformed),
        (with_line(&PETER_LINE.trim_end().replace("PeterNeumann", "")), malformed),
        (with_line(&PETER_LINE.trim_end().replace('—', "-")), malformed),
        (with_line(&PETER_LINE.trim_end().replace('—', "–")), malformed),
        (with_line(&PETER_LINE.trim_end().replace("— ", "—")), malformed),
        (with_line(&PETER_LINE.trim_end().replace("n x", "n  x")), malformed),
        (with_line(&format!("{} ", PETER_LINE.trim_end())), malformed),
        (with_line(&unpadded), malformed),
        (with_line(&PETER_LINE.trim_end().replace("nAM=", "nAN=")), malformed),
        (with_line(&PETER_LINE.trim_end().replace('/', "_")), malformed),
        (with_line("— PeterNeumann"), malformed),
        (with_line("— PeterNeumann "), malformed),
        (with_line("— PeterNeumann x08="), malformed),
        (with_line("— PeterNeumann x08gow=="), malformed),
        (with_line(" "), malformed),
    ] {
        assert_eq!(Note::parse(&bytes).err(), Some(error), "{}", String::from_utf8_lossy(&bytes));
        assert!(error.line() >= 1);
    }
}

#[test]
fn a_note_has_limits() {
    let lines = |count: usize| format!("{TEXT}\n{}", PETER_LINE.repeat(count));
    assert_eq!(good(&lines(MAX_LINES), &[verifier(PETER_KEY)]), Ok(1));
    assert_eq!(good(&lines(MAX_LINES + 1), &[verifier(PETER_KEY)]), Err(NoteError::TooManyLines));
    let sized = |bytes: usize| {
        let rest = format!("\n\n{PETER_LINE}");
        format!("{}{rest}", "x".repeat(bytes - rest.len()))
    };
    assert!(Note::parse(sized(MAX_BYTES).as_bytes()).is_ok());
    assert_eq!(Note::parse(sized(MAX_BYTES + 1).as_bytes()).err(), Some(NoteError::TooLarge));
}

#[test]
fn text_and_signatures_part_at_the_last_empty_line() {
    let text = format!("{EXAMPLE}\n\n");
    let note = format!("{text}\n{PETER_LINE}");
    let note = Note::parse(note.as_bytes()).expect("a note");
    assert_eq!(note.text(), text);
    assert_eq!((note.lines().len(), note.first_line()), (1, 7));
}

#[test]
fn no_part_and_no_mangling_of_a_verifier_key_is_one() {
    for start in 0..PETER_KEY.len() {
        for end in start..=PETER_KEY.len() {
            let part = &PETER_KEY[start..end];
            assert_eq!(Verifier::parse(part).is_ok(), part == PETER_KEY, "{part}");
        }
    }
    for position in 0..PETER_KEY.len() {
        let mut bytes = PETER_KEY.as_bytes().to_vec();
        bytes[position] += 1;
        let mangled = String::from_utf8(bytes).expect("ASCII");
        assert!(Verifier::parse(&mangled).is_err(), "{mangled}");
    }
    for (wrong, error) in [
        ("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", KeyError::Malformed),
        ("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::UnknownKind),
        ("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Malformed),
        ("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::Name),
        ("PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", KeyError::WrongId),
    ] {
        assert_eq!(Verifier::parse(wrong), Err(error), "{wrong}");
    }
}

#[test]
fn no_part_and_no_mangling_of_a_secret_key_is_one() {
    for start in 0..PETER_SECRET.len() {
        for end in start..=PETER_SECRET.len() {
            let part = &PETER_SECRET[start..end];
            assert_eq!(Signer::parse(part).is_ok(), part == PETER_SECRET);
        }
    }
    for position in 0..PETER_SECRET.len() {
        let mut bytes = PETER_SECRET.as_bytes().to_vec();
        bytes[position] += 1;
        let mangled = String::from_utf8(bytes).expect("ASCII");
        assert!(Signer::parse(&mangled).is_err(), "position {position}");
    }
    let on_a_line = format!("{PETER_SECRET}\n");
    assert!(Signer::parse(&on_a_line).is_ok());
}

#[test]
fn the_keys_of_the_example_log_are_written_as_other_programs_write_them() {
    for (signer, vkey) in [
        (
            signer("ledger.example/bilateral", KeyKind::Ed25519, 0),
            "ledger.example/bilateral+4148963b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        ),
        (
            signer("witness.example/w1", KeyKind::Cosignature, 0x20),
            "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X",
        ),
        (
            signer("RU/leader/07", KeyKind::Ed25519, 0x60),
            "RU/leader/07+0479c957+ARdFU7RW3d/GkI7KscEB/mqyHiuqBhd5W31DpjSCmT/V",
        ),
        (
            signer("ledger.example/bilateral/clerk", KeyKind::Countersign, 0x40),
            "ledger.example/bilateral/clerk+8c14b28a+/2NvdW50ZXJzaWduL3YxJUO5L/EJVRFHatyDadtt3JM2ZaEZeN2hQE7hBmypVZ0=",
        ),
    ] {
        assert_eq!(signer.verifier().to_string(), vkey);
        assert_eq!(&verifier(vkey), signer.verifier());
        assert_eq!(
            Signer::parse(&signer.to_skey().expect("a secret")).expect("its own text").verifier(),
            signer.verifier()
        );
    }
    let log = signer("ledger.example/bilateral", KeyKind::Ed25519, 0);
    assert_eq!(
        *log.to_skey().expect("a secret"),
        "PRIVATE+KEY+ledger.example/bilateral+4148963b+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    );
    assert_eq!(
        crate::hash::hex(log.verifier().public()),
        "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    );
}

#[test]
fn a_secret_shows_itself_to_nobody() {
    let peter = Signer::parse(PETER_SECRET).expect("a good key");
    assert_eq!(format!("{peter:?}"), "Signer(PeterNeumann, [redacted])");
}

#[test]
fn a_secret_is_written_for_openssl_in_its_oldest_form() {
    let pem = signer("RU/leader/07", KeyKind::Ed25519, 0x60).to_pkcs8_pem().expect("encodes");
    // RFC 8410: a fixed beginning, then the 32 bytes of the seed.
    assert_eq!(
        *pem,
        "-----BEGIN PRIVATE KEY-----\n\
         MC4CAQAwBQYDK2VwBCIEIGBhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/\n\
         -----END PRIVATE KEY-----\n"
    );
}

#[test]
fn a_key_name_is_not_empty_and_has_no_space_plus_or_control() {
    for good in ["a", "example.com/foo", "RU/leader/07", "сторона", "none", "—"] {
        assert!(is_key_name(good), "{good}");
    }
    for wrong in ["", " ", "a b", "a\tb", "a\nb", "a+b", "a\u{a0}b", "a\u{2003}b", "a\u{3000}b", "a\u{85}b", "a\u{7f}b"]
    {
        assert!(!is_key_name(wrong), "{wrong:?}");
    }
    assert!(is_key_name(&"n".repeat(512)) && !is_key_name(&"n".repeat(513)));
}

#[test]
fn one_key_under_two_purposes_is_two_keys() {
    let ordinary = signer("RU/mirror/1", KeyKind::Ed25519, 1).verifier().clone();
    let cosigning = ordinary.with_kind(KeyKind::Cosignature);
    assert_ne!(ordinary, cosigning);
    assert_ne!(ordinary.id(), cosigning.id());
    assert_eq!(cosigning, *signer("RU/mirror/1", KeyKind::Cosignature, 1).verifier());
}

#[test]
fn the_example_entry_is_made_byte_for_byte() {
    let (author, clerk) = (
        signer("RU/leader/07", KeyKind::Ed25519, 0x60),
        signer("ledger.example/bilateral/clerk", KeyKind::Countersign, 0x40),
    );
    let note = Note::parse(ENTRY.as_bytes()).expect("a note");
    let digest = Hash::of(note.text().as_bytes());
    assert_eq!(digest.to_hex(), "8d3e0d0f58ee4636364a5eae9d003026874fbb8edad6a2d96790a583729b568a");
    let lines =
        [sign_note(&author, note.text()).expect("a good key"), countersign(&clerk, &digest, TIME).expect("a good key")];
    assert_eq!(assemble(note.text(), &lines), ENTRY);
    assert_eq!(ENTRY.len(), 382);
    let leaf = leaf_hash(ENTRY.as_bytes());
    assert_eq!(leaf.to_hex(), "fba73b365e7e890eded84b280630b06164f94cce14cccb35511e240936653852");
    // A program that knows the author alone passes over the clerk's line.
    assert_eq!(good(ENTRY, &[author.verifier().clone()]), Ok(1));
}

#[test]
fn a_countersignature_covers_the_digest_and_the_time() {
    let key = signer("ledger.example/bilateral/clerk", KeyKind::Countersign, 0x40);
    let clerk = key.verifier();
    let digest = Hash::of(b"text");
    let line = countersign(&key, &digest, TIME).expect("a good key");
    assert_eq!(countersigned_at(&line), Some(TIME));
    assert_eq!(verify_countersignature(clerk, &line, &digest), Ok(TIME));
    assert_eq!(verify_countersignature(clerk, &line, &Hash::of(b"other")), Err(ClerkError::Bad));
    for byte in 0..line.blob.len() {
        let mut altered = line.clone();
        altered.blob[byte] ^= 0x10;
        assert_eq!(verify_countersignature(clerk, &altered, &digest), Err(ClerkError::Bad), "byte {byte}");
    }
}

#[test]
fn a_countersignature_of_another_form_or_key_is_refused() {
    let key = signer("ledger.example/bilateral/clerk", KeyKind::Countersign, 0x40);
    let clerk = key.verifier();
    let digest = Hash::of(b"text");
    let line = countersign(&key, &digest, TIME).expect("a good key");
    for blob in [line.blob[..71].to_vec(), line.blob[8..].to_vec(), [&line.blob[..], b"x"].concat()] {
        let line = Line { blob, ..line.clone() };
        assert_eq!(countersigned_at(&line), None);
        assert_eq!(verify_countersignature(clerk, &line, &digest), Err(ClerkError::Malformed));
    }
    let renamed = Line { name: "ledger.example/other/clerk".into(), ..line.clone() };
    assert_eq!(verify_countersignature(clerk, &renamed, &digest), Err(ClerkError::OtherKey));
    let cosigner = clerk.with_kind(KeyKind::Cosignature);
    let relabelled = Line { id: cosigner.id(), ..line };
    assert_eq!(verify_countersignature(&cosigner, &relabelled, &digest), Err(ClerkError::OtherKey));
}

#[test]
fn weak_and_non_canonical_keys_are_not_admitted() {
    let admit = |hex: &str| Verifier::new("weak", KeyKind::Ed25519, crate::hash::unhex(hex).expect("64 digits"));
    for (key, error) in [
        // The eight points of small order in canonical encoding.
        ("0100000000000000000000000000000000000000000000000000000000000000", KeyError::Weak),
        ("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", KeyError::Weak),
        ("0000000000000000000000000000000000000000000000000000000000000000", KeyError::Weak),
        ("0000000000000000000000000000000000000000000000000000000000000080", KeyError::Weak),
        ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", KeyError::Weak),
        ("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", KeyError::Weak),
        ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", KeyError::Weak),
        ("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", KeyError::Weak),
        // The same points in other encodings: y not reduced, or the sign of zero set.
        ("0100000000000000000000000000000000000000000000000000000000000080", KeyError::NotCanonical),
        ("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", KeyError::NotCanonical),
        ("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", KeyError::NotCanonical),
        ("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", KeyError::NotCanonical),
        ("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", KeyError::NotCanonical),
        ("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", KeyError::NotCanonical),
        // Not a point at all.
        ("0200000000000000000000000000000000000000000000000000000000000000", KeyError::NotCanonical),
    ] {
        assert_eq!(admit(key), Err(error), "{key}");
    }
}

#[test]
fn every_note_error_is_said_in_both_languages() {
    for error in [
        NoteError::TooLarge,
        NoteError::NotUtf8 { line: 1 },
        NoteError::ControlCharacter { line: 1 },
        NoteError::NoFinalLineFeed { line: 1 },
        NoteError::NoSignatures,
        NoteError::MalformedLine { line: 1 },
        NoteError::TooManyLines,
        NoteError::BadSignature { line: 1 },
        NoteError::NoKnownKey,
    ] {
        let words = error.words();
        assert!(words.en.is_ascii() && words.en.ends_with('.'), "{error:?}");
        assert!(words.ru.chars().any(|c| ('а'..='я').contains(&c)) && words.ru.ends_with('.'), "{error:?}");
    }
}
