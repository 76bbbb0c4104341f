//! The strict reader against a corpus, against a second reader, and against another crate's copy of Unicode.

use std::collections::BTreeSet;

use proptest::prelude::*;
use regex_syntax::hir::{Class, HirKind};

use super::chars::{flaw_of, is_assigned, is_normalized};
use super::{Flaw, MAX_DEPTH, MAX_FAULTS, Value, read};

const CORPUS: &str = include_str!("../../tests/corpus/json/strict.txt");

/// Every line of the corpus: its number, its verdict, its document.
fn corpus() -> Vec<(usize, &'static str, String)> {
    let lines = (1..).zip(CORPUS.split('\n')).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            let (verdict, document) = line.split_once(" | ").unwrap_or_else(|| panic!("line {number} has no bar"));
            (number, verdict, spelled_out(document))
        })
        .collect()
}

/// Puts the characters in that a line of the corpus only names.
fn spelled_out(document: &str) -> String {
    let mut parts = document.split('⟨');
    let mut text = parts.next().expect("a first part").to_owned();
    for part in parts {
        let (code, rest) = part.split_once('⟩').expect("a closing bracket");
        let code = u32::from_str_radix(code, 16).expect("hexadecimal digits");
        text.push(char::from_u32(code).expect("a character"));
        text.push_str(rest);
    }
    text.replace('⏎', "\n")
}

/// The verdict as the corpus writes it.
fn verdict(text: &str) -> String {
    let reading = read(text);
    let faults: Vec<String> = reading.faults.iter().map(|f| format!("{}@{}", f.code, f.pointer)).collect();
    match reading.value {
        Some(_) if faults.is_empty() => "accept".to_owned(),
        _ => faults.join(","),
    }
}

/// Whether a second reader finds the same value.
fn equals(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Value::Int(a), serde_json::Value::Number(b)) => b.as_i64() == Some(*a),
        (Value::String(a), serde_json::Value::String(b)) => a == b,
        (Value::Array(a), serde_json::Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equals(a, b))
        }
        (Value::Object(a), serde_json::Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, (name, b))| a.name == *name && equals(&a.value, b))
        }
        _ => false,
    }
}

#[test]
fn every_document_of_the_corpus_gets_its_verdict() {
    let mut wrong = Vec::new();
    for (line, expected, document) in corpus() {
        let have = verdict(&document);
        if have != expected {
            wrong.push(format!("line {line}: {document:?}\n  want {expected}\n  have {have}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_corpus_is_large_and_shows_every_flaw() {
    let corpus = corpus();
    let refused: Vec<&str> = corpus.iter().map(|(_, verdict, _)| *verdict).filter(|v| *v != "accept").collect();
    assert!(refused.len() >= 300, "{}", refused.len());
    for flaw in Flaw::ALL.iter().filter(|flaw| **flaw != Flaw::TooManyFaults) {
        assert!(refused.iter().any(|v| v.contains(&format!("{}@", flaw.code()))), "{}", flaw.code());
    }
}

#[test]
fn a_second_reader_finds_the_same_value_in_whatever_the_corpus_accepts() {
    for (line, _, document) in corpus().iter().filter(|(_, verdict, _)| *verdict == "accept") {
        let theirs = serde_json::from_str(document).expect("JSON");
        let ours = read(document).value.expect("a value");
        assert!(equals(&ours, &theirs), "line {line}");
    }
}

#[test]
fn five_faults_are_answered_with_five_pointers_and_their_lines() {
    let reading = read("{\n\"a\": 1.5,\n\"b\": [1, null],\n\"c\": {\"d\": \"\u{202e}\"},\n\"a\": 2,\n\"e/f\": 01\n}\n");
    let faults: Vec<_> = reading.faults.iter().map(|f| (f.code, f.pointer.as_str(), f.line)).collect();
    assert_eq!(
        faults,
        [
            ("number_not_integer", "/a", 2),
            ("json_null", "/b/1", 3),
            ("string_bidi", "/c/d", 4),
            ("duplicate_name", "/a", 5),
            ("number_spelling", "/e~1f", 6),
        ]
    );
    assert!(reading.value.is_some());
}

#[test]
fn a_fault_shows_the_character_that_cannot_be_seen() {
    let detail = |text: &str| read(text).faults[0].detail.clone();
    assert!(detail("{\"a\":\"\u{202e}\"}\n").en.ends_with("(U+202E)"));
    assert!(detail("{\"a\":\"\u{202e}\"}\n").ru.ends_with("(U+202E)"));
    assert!(detail("{\"\u{430}\":1}\n").en.ends_with("(\\u{430})"));
}

#[test]
fn what_is_faulty_has_no_value() {
    let reading = read("{\"a\":1.5,\"b\":\"\u{200b}\",\"c\":[null],\"d\":7}\n");
    let Some(Value::Object(members)) = reading.value else { panic!("an object") };
    let values: Vec<&Value<'_>> = members.iter().map(|member| &member.value).collect();
    let list = Value::Array(vec![Value::Faulty]);
    assert_eq!(values, [&Value::Faulty, &Value::Faulty, &list, &Value::Int(7)]);
}

#[test]
fn strings_without_escapes_are_borrowed() {
    let text = "{\"a\":\"Девеселу\",\"b\":\"a\\nb\"}\n".to_owned();
    let Some(Value::Object(members)) = read(&text).value else { panic!("an object") };
    let borrowed: Vec<bool> =
        members.iter().map(|member| matches!(&member.value, Value::String(std::borrow::Cow::Borrowed(_)))).collect();
    assert_eq!(borrowed, [true, false]);
}

#[test]
fn depth_sixteen_is_read_and_seventeen_is_not() {
    let nested = |depth: usize| format!("{{\"a\":{}1{}}}\n", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert_eq!(verdict(&nested(MAX_DEPTH)), "accept");
    for depth in [17, 18, 19, 20, 100] {
        let text = nested(depth);
        let reading = read(&text);
        assert_eq!(reading.faults[0].code, "too_deep", "depth {depth}");
        assert!(reading.faults.len() <= 2);
    }
}

#[test]
fn huge_nesting_does_not_reach_the_end_of_the_stack() {
    let small = std::thread::Builder::new().stack_size(256 * 1024);
    let refused = small.spawn(|| {
        for open in ["[", "{\"a\":", "[{\"a\":"] {
            let text = format!("{{\"a\":{}", open.repeat(1_000_000));
            let reading = read(&text);
            assert!(reading.faults.iter().any(|fault| fault.code == "too_deep"));
            assert_eq!(reading.value, None);
        }
    });
    refused.expect("a thread").join().expect("no overflow");
}

#[test]
fn at_most_so_many_faults_are_listed() {
    let text = format!("{{\"a\":[{}null]}}\n", "null,".repeat(199));
    let faults = read(&text).faults;
    assert_eq!(faults.len(), MAX_FAULTS + 1);
    assert_eq!(faults[MAX_FAULTS].code, "too_many_faults");
    assert_eq!(faults[MAX_FAULTS - 1].pointer, "/a/63");
}

#[test]
fn a_text_of_many_members_costs_little_and_keeps_its_duplicates() {
    let names: Vec<String> = (0..200_000).map(|i| format!("\"n{i}\":1")).collect();
    let start = std::time::Instant::now();
    let text = format!("{{{},\"n31\":1,\"n40\":1,\"n199999\":1}}\n", names.join(","));
    let pointers: Vec<String> = read(&text).faults.into_iter().map(|fault| fault.pointer).collect();
    assert_eq!(pointers, ["/n31", "/n40", "/n199999"]);
    // Each name compared with each would take minutes.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn every_flaw_has_its_own_code_and_both_languages() {
    let codes: BTreeSet<&str> = Flaw::ALL.iter().map(|flaw| flaw.code()).collect();
    assert_eq!(codes.len(), Flaw::ALL.len());
    for flaw in Flaw::ALL {
        let words = flaw.words();
        assert!(flaw.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{flaw:?}");
        assert!(words.en.ends_with('.') && !words.en.chars().any(|c| ('а'..='я').contains(&c)), "{flaw:?}");
        assert!(words.ru.ends_with('.') && words.ru.chars().any(|c| ('а'..='я').contains(&c)), "{flaw:?}");
    }
}

/// The characters that another crate's Unicode says a class has.
fn class(pattern: &str) -> BTreeSet<char> {
    let hir = regex_syntax::parse(pattern).expect("a pattern");
    let HirKind::Class(Class::Unicode(class)) = hir.kind() else { panic!("a class of characters") };
    class.iter().flat_map(|range| range.start()..=range.end()).collect()
}

fn every_char() -> impl Iterator<Item = char> {
    '\0'..=char::MAX
}

#[test]
fn assigned_is_what_another_crates_unicode_says_of_version_15() {
    let noncharacters = class(r"\p{Noncharacter_Code_Point}");
    let theirs: BTreeSet<char> = class(r"\p{Age=15.0}").difference(&noncharacters).copied().collect();
    let ours: BTreeSet<char> = every_char().filter(|c| is_assigned(*c)).collect();
    let only_ours: Vec<_> = ours.difference(&theirs).collect();
    let only_theirs: Vec<_> = theirs.difference(&ours).collect();
    assert!(only_ours.is_empty() && only_theirs.is_empty(), "ours {only_ours:x?}, theirs {only_theirs:x?}");
    assert_eq!(noncharacters.len(), 66);
}

#[test]
fn what_acts_unseen_is_refused_whatever_else_is_allowed() {
    let unseen = class(r"[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]");
    let spaces = class(r"\p{White_Space}");
    for c in every_char() {
        let must_refuse = (unseen.contains(&c) || spaces.contains(&c)) && c != ' ';
        if must_refuse {
            assert!(flaw_of(c).is_some(), "U+{:04X} is let through", u32::from(c));
        }
    }
    for c in class(r"[\p{Bidi_Control}]") {
        assert_eq!(flaw_of(c), Some(Flaw::Bidi), "U+{:04X}", u32::from(c));
    }
    for c in class(r"[\p{Cc}]") {
        assert_eq!(flaw_of(c), Some(Flaw::Control), "U+{:04X}", u32::from(c));
    }
}

#[test]
fn what_people_can_see_is_let_through() {
    // Letters, marks, numbers, punctuation and symbols of version 15, but for a handful that leave no mark.
    let seen = class(r"[[\p{L}\p{M}\p{N}\p{P}\p{S}]&&\p{Age=15.0}&&[^\p{Default_Ignorable_Code_Point}]]");
    let refused: Vec<String> =
        seen.into_iter().filter(|c| flaw_of(*c).is_some()).map(|c| format!("{:X}", u32::from(c))).collect();
    assert_eq!(refused, ["2800", "1D159"]);
}

#[test]
fn the_short_cut_for_normal_form_is_right_about_every_character() {
    use unicode_normalization::is_nfc;
    for c in every_char() {
        let alone = c.to_string();
        assert_eq!(is_normalized(&alone), is_nfc(&alone), "U+{:04X}", u32::from(c));
        let behind = format!("e{c}\u{301}");
        assert_eq!(is_normalized(&behind), is_nfc(&behind), "e U+{:04X}", u32::from(c));
    }
}

/// What texts that look like JSON are put together from.
const TOKENS: &[&str] = &[
    "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\n", " ", "\t", "\"a\"", "\"b\":", "1", "-", "0", ".", "e",
    "true", "null", "d83d", "é", "\u{202e}", "🚀", "\"a\":1", "\\n", "\u{301}",
];

/// Texts that look enough like JSON to get far into the reader.
fn nearly_json() -> impl Strategy<Value = String> {
    let token = proptest::sample::select(TOKENS);
    proptest::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

/// Documents that the strict reader accepts.
fn accepted() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(serde_json::Value::from),
        (-super::MAX_INT..=super::MAX_INT).prop_map(serde_json::Value::from),
        "[ -~а-яё€\n]{0,12}".prop_map(serde_json::Value::from),
    ];
    let value = leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            proptest::collection::btree_map("[a-z0-9._/-]{1,9}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    proptest::collection::btree_map("[a-z0-9._/-]{1,9}", value, 0..6)
        .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_we_accept_a_second_reader_accepts_with_an_equal_value(text in nearly_json()) {
        for text in [text.clone(), format!("{{{text}}}\n"), format!("{{\"x\":[{text}]}}\n")] {
            let reading = read(&text);
            if let (Some(value), true) = (&reading.value, reading.faults.is_empty()) {
                let theirs: serde_json::Value = serde_json::from_str(&text).expect("JSON");
                prop_assert!(equals(value, &theirs), "{text}");
                prop_assert!(unicode_normalization::is_nfc(&text), "{text}");
            }
        }
    }

    #[test]
    fn a_document_within_the_rules_is_accepted_however_it_is_spaced(document in accepted()) {
        for text in [serde_json::to_string(&document), serde_json::to_string_pretty(&document)] {
            let text = format!("{}\n", text.expect("JSON"));
            let reading = read(&text);
            prop_assert_eq!(&reading.faults, &[]);
            prop_assert!(equals(&reading.value.expect("a value"), &document), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic_and_none_is_refused_without_a_fault(text in any::<String>()) {
        let reading = read(&text);
        prop_assert!(reading.value.is_some() || !reading.faults.is_empty());
        for cut in text.char_indices().map(|(at, _)| at) {
            let inside = format!("{{\"a\":\"{}", text.get(cut..).unwrap_or_default());
            let reading = read(&inside);
            prop_assert!(reading.value.is_some() || !reading.faults.is_empty());
        }
    }
}
