//! Codes and sentences: each code once, each sentence in both languages.

use std::collections::BTreeSet;

use crate::json::Flaw;
use crate::treaty::refusal::{Refusal, Refused};
use crate::treaty::shape::Form;
use crate::words::Words;

fn is_said(code: &str, words: &Words) {
    assert!(
        !code.is_empty() && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'),
        "{code}"
    );
    let cyrillic = |text: &str| text.chars().any(|c| ('\u{400}'..='\u{4ff}').contains(&c));
    assert!(!cyrillic(&words.en) && words.en.ends_with('.'), "{code}: {}", words.en);
    assert!(cyrillic(&words.ru) && words.ru.ends_with('.'), "{code}: {}", words.ru);
}

#[test]
fn every_form_of_fault_has_its_own_code_and_both_languages() {
    // Faults of JSON and of form stand in one list, so no code may mean two things.
    let codes: BTreeSet<&str> =
        Form::ALL.iter().map(|form| form.code()).chain(Flaw::ALL.iter().map(|f| f.code())).collect();
    assert_eq!(codes.len(), Form::ALL.len() + Flaw::ALL.len());
    for form in Form::ALL {
        is_said(form.code(), &form.words());
    }
}

#[test]
fn every_refusal_has_its_own_code_a_provision_and_both_languages() {
    let codes: BTreeSet<&str> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
    assert_eq!(codes.len(), Refusal::ALL.len());
    for refusal in Refusal::ALL {
        is_said(refusal.code(), &refusal.words());
        let (chapter, section) = refusal.provision().split_once('.').expect("chapter.section");
        assert!(chapter.parse::<u8>().is_ok() && section.parse::<u8>().is_ok(), "{}", refusal.provision());
    }
}

#[test]
fn a_refusal_says_what_was_found() {
    let bare = Refused::new(Refusal::KeyUnknown, "/signers/0", "");
    assert_eq!(bare.words(), Refusal::KeyUnknown.words());
    let named = Refused::new(Refusal::KeyUnknown, "/signers/0", "RU/leader/07").words();
    assert!(named.en.ends_with(" (RU/leader/07)") && named.ru.ends_with(" (RU/leader/07)"));
}
