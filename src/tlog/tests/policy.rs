//! Policies: reading and writing, every fault with its line, and when a quorum is met.

use super::super::policy::{Draft, Policy, PolicyError, PolicyFault, Threshold};
use super::{log_key, seed};
use crate::note::{KeyError, KeyKind, Signer, Verifier};

fn key(name: &str, first: u8) -> Verifier {
    Signer::from_seed(name, KeyKind::Cosignature, seed(first)).expect("a good seed").verifier().clone()
}

/// The bilateral policy: both Parties and one of two neutrals.
fn text() -> String {
    let log = log_key().verifier().clone();
    let (us, ru) = (key("US/mirror/1", 10), key("RU/mirror/1", 20));
    let (n1, n2) = (key("n1.example", 30), key("n2.example", 40));
    format!(
        "log {log} https://ledger.example/\n\
         witness state-a {us} https://witness.state-a.example/\n\
         witness state-b {ru}\n\
         witness neutral-1 {n1}\n\
         witness neutral-2 {n2}\n\
         group both all state-a state-b\n\
         group neutrals any neutral-1 neutral-2\n\
         group final all both neutrals\n\
         quorum final\n"
    )
}

fn fault(text: &str) -> (u32, PolicyFault) {
    let PolicyError { line, fault } = Policy::parse(text).expect_err("a fault");
    (line, fault)
}

fn met(policy: &str, names: &[&str]) -> bool {
    Policy::parse(policy).expect("a policy").is_met(|witness| names.contains(&witness.name.as_str()))
}

#[test]
fn a_policy_is_read_and_written_alike() {
    let policy = Policy::parse(&text()).expect("a policy");
    assert_eq!(policy.to_string(), text());
    assert_eq!(policy.logs().len(), 1);
    assert_eq!(policy.logs()[0].url.as_deref(), Some("https://ledger.example/"));
    assert_eq!(policy.witnesses().count(), 4);
    let commented = format!("# ours\n\n \t\n  # more\n{}", text().replace(" all ", " \t all  ").replace('\n', " \n"));
    assert_eq!(Policy::parse(&commented), Ok(policy));
}

#[test]
fn the_quorum_of_both_parties_and_one_neutral_is_met_by_nothing_less() {
    let all = ["state-a", "state-b", "neutral-1", "neutral-2"];
    for chosen in 0..16u32 {
        let names: Vec<&str> = (0..4).filter(|i| chosen >> i & 1 == 1).map(|i| all[i]).collect();
        let expected = chosen & 3 == 3 && chosen > 3;
        assert_eq!(met(&text(), &names), expected, "{names:?}");
    }
}

#[test]
fn a_quorum_is_met_by_keys_and_not_by_names() {
    let policy = Policy::parse(&text()).expect("a policy");
    let (us, ru, n1) = (key("US/mirror/1", 10), key("RU/mirror/1", 20), key("n1.example", 30));
    assert!(policy.is_met_by(&[&us, &ru, &n1]));
    assert!(!policy.is_met_by(&[&us, &us, &n1]));
    let (other_key, other_name) = (key("RU/mirror/1", 21), key("RU/mirror/2", 20));
    assert!(!policy.is_met_by(&[&us, &other_key, &n1]));
    assert!(!policy.is_met_by(&[&us, &other_name, &n1]));
    assert!(!policy.is_met_by(&[&us, &ru.with_kind(KeyKind::Ed25519), &n1]));
}

#[test]
fn thresholds_count_members() {
    let base = text().replace("group both all state-a state-b\n", "");
    let base = base.split("group neutrals").next().expect("a beginning").to_owned();
    let with = |threshold: &str| format!("{base}group g {threshold} state-a state-b neutral-1\nquorum g\n");
    for (threshold, needs) in [("any", 1), ("1", 1), ("2", 2), ("3", 3), ("all", 3)] {
        for have in 0..=3 {
            let names = &["state-a", "state-b", "neutral-1"][..have];
            assert_eq!(met(&with(threshold), names), have >= needs, "{threshold} of {have}");
        }
    }
    for wrong in ["0", "4", "02", "+2", "-1", "most", "ALL", "18446744073709551616"] {
        assert_eq!(fault(&with(wrong)), (6, PolicyFault::Threshold), "{wrong}");
    }
    assert!(met(&format!("{base}quorum none\n"), &[]));
    assert!(met(&format!("{base}quorum state-b\n"), &["state-b"]));
    assert!(!met(&format!("{base}quorum state-b\n"), &["state-a"]));
    assert!(met("quorum none\n", &[]));
}

#[test]
fn every_fault_of_a_policy_names_its_line() {
    let name = |name: &str| PolicyFault::Name(name.into());
    let unknown = |name: &str| PolicyFault::NotDefined(name.into());
    let twice = |name: &str| PolicyFault::MemberTwice(name.into());
    let (us, ru) = (key("US/mirror/1", 10), key("RU/mirror/1", 20));
    let log = log_key().verifier().clone();
    let two = format!("witness a {us}\nwitness b {ru}\n");
    for (text, line, expected) in [
        (String::new(), 1, PolicyFault::NoQuorum),
        (two.clone(), 3, PolicyFault::NoQuorum),
        ("# quorum none\n".into(), 2, PolicyFault::NoQuorum),
        ("quorum none".into(), 1, PolicyFault::NoFinalLineFeed),
        ("quorum none\n# no line feed".into(), 2, PolicyFault::NoFinalLineFeed),
        ("quorum none\r\n".into(), 1, PolicyFault::ControlCharacter),
        ("# \u{0}\nquorum none\n".into(), 1, PolicyFault::ControlCharacter),
        ("# \u{7f}\nquorum none\n".into(), 1, PolicyFault::ControlCharacter),
        ("quorum none\nquorum none\n".into(), 2, PolicyFault::SecondQuorum),
        ("quorum a\n".into(), 1, unknown("a")),
        (format!("quorum a\n{two}"), 1, unknown("a")),
        (format!("{two}group g all a c\nquorum g\n"), 3, unknown("c")),
        (format!("{two}group g all a g\nquorum g\n"), 3, unknown("g")),
        (format!("{two}group g any h\ngroup h any a\nquorum g\n"), 3, unknown("h")),
        (format!("{two}group g any none\nquorum g\n"), 3, unknown("none")),
        (format!("{two}group g all a a\nquorum g\n"), 3, twice("a")),
        (format!("{two}group g any a\ngroup h all a b\nquorum h\n"), 4, twice("a")),
        (format!("{two}group g any a\ngroup h any g\ngroup i any g b\nquorum i\n"), 5, twice("g")),
        (format!("{two}group a any b\nquorum a\n"), 3, name("a")),
        (format!("{two}group none any b\nquorum none\n"), 3, name("none")),
        (format!("witness none {us}\nquorum none\n"), 1, name("none")),
        (format!("witness a {us}\nwitness a {ru}\nquorum a\n"), 2, name("a")),
        (format!("witness a {us}\nwitness b {us}\nquorum a\n"), 2, PolicyFault::KeyRepeated),
        (format!("witness a {us}\nwitness b {}\nquorum a\n", key("other", 10)), 2, PolicyFault::KeyRepeated),
        (format!("log {log}\nlog {log}\nquorum none\n"), 2, PolicyFault::KeyRepeated),
        (format!("log {us}\nquorum none\n"), 1, PolicyFault::KeyKind),
        (format!("witness a {log}\nquorum none\n"), 1, PolicyFault::KeyKind),
        ("log x\nquorum none\n".into(), 1, PolicyFault::Key(KeyError::Malformed)),
        (format!("log {log} url more\nquorum none\n"), 1, PolicyFault::Words),
        ("log\nquorum none\n".into(), 1, PolicyFault::Words),
        ("witness a\nquorum none\n".into(), 1, PolicyFault::Words),
        (format!("witness a {us} url more\nquorum a\n"), 1, PolicyFault::Words),
        (format!("{two}group g\nquorum a\n"), 3, PolicyFault::Words),
        (format!("{two}group g any\nquorum a\n"), 3, PolicyFault::Threshold),
        (format!("{two}quorum a b\n"), 3, PolicyFault::Words),
        (format!("{two}quorum\n"), 3, PolicyFault::Words),
        (format!("{two}Quorum a\n"), 3, PolicyFault::UnknownWord("Quorum".into())),
        (format!("{two}quorum a # both\n"), 3, PolicyFault::Words),
        ("#".repeat(super::super::policy::MAX_BYTES + 1), 1, PolicyFault::TooLarge),
    ] {
        assert_eq!(fault(&text), (line, expected), "{text}");
    }
}

#[test]
fn a_policy_that_is_built_obeys_the_same_rules() {
    let mut draft = Draft::default();
    draft.log(log_key().verifier().clone(), None).expect("a log key");
    draft.witness("us", key("US/mirror/1", 10), None).expect("new");
    draft.witness("ru", key("RU/mirror/1", 20), None).expect("new");
    for wrong in ["", "a b", "a\tb", "a\nb"] {
        let refused = draft.witness(wrong, key("x", 30), None);
        assert_eq!(refused, Err(PolicyFault::Name(wrong.into())));
    }
    assert_eq!(draft.group("both", Threshold::AtLeast(3), &["us", "ru"]), Err(PolicyFault::Threshold));
    assert_eq!(draft.group("both", Threshold::All, &[]), Err(PolicyFault::Threshold));
    draft.group("both", Threshold::All, &["us", "ru"]).expect("possible");
    assert_eq!(draft.clone().quorum("final").err(), Some(PolicyFault::NotDefined("final".into())));
    let policy = draft.quorum("both").expect("defined");
    assert_eq!(Policy::parse(&policy.to_string()), Ok(policy));
}

#[test]
fn names_are_compared_byte_for_byte() {
    let (us, ru) = (key("US/mirror/1", 10), key("RU/mirror/1", 20));
    let text = format!("witness K {us}\nwitness \u{212a} {ru}\nquorum \u{212a}\n");
    assert!(met(&text, &["\u{212a}"]));
    assert!(!met(&text, &["K"]));
}
