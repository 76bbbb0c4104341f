//! Every kind's body, driven by its own declaration: accepted once whole, and answered with a pointer for every
//! member that is missing, unknown, of the wrong type, or out of bounds.
//!
//! The examples are files in `tests/corpus/bodies`; a new kind needs one that has every member.

use serde_json::{Value, json};

use super::{example, faults, object, text_of};
use crate::treaty::record::Kind;
use crate::treaty::shape::Schema;

/// The record of a kind while one place in it is changed.
struct Probe<'a> {
    kind: &'a str,
    whole: Value,
    /// How many changes were tried.
    tried: usize,
}

impl Probe<'_> {
    /// Puts a value at a place of the body and compares the answer.
    fn expect(&mut self, pointer: &str, value: Value, answer: &str) {
        let mut changed = self.whole.clone();
        *changed.pointer_mut(pointer).expect("a place in the example") = value;
        self.compare(&changed, pointer, answer);
    }

    fn compare(&mut self, changed: &Value, pointer: &str, answer: &str) {
        self.tried += 1;
        let expected = if answer.is_empty() { String::new() } else { format!("{answer}@{pointer}") };
        assert_eq!(faults(&text_of(changed)), expected, "{} {pointer}", self.kind);
    }

    /// Takes a member out of an object.
    fn without(&mut self, object: &str, name: &str, answer: &str) {
        let mut changed = self.whole.clone();
        let members = changed.pointer_mut(object).and_then(Value::as_object_mut).expect("an object");
        members.shift_remove(name).unwrap_or_else(|| panic!("the example of {} lacks {object}/{name}", self.kind));
        self.compare(&changed, &format!("{object}/{name}"), answer);
    }

    /// Puts a member into an object.
    fn with(&mut self, object: &str, name: &str, value: &Value, answer: &str) {
        let mut changed = self.whole.clone();
        let members = changed.pointer_mut(object).and_then(Value::as_object_mut).expect("an object");
        members.insert(name.to_owned(), value.clone());
        self.compare(&changed, &format!("{object}/{name}"), answer);
    }

    /// Tries everything that can be wrong at a place.
    fn at(&mut self, pointer: &str, schema: &Schema) {
        self.expect(pointer, Value::Null, "json_null");
        self.expect(pointer, json!(1.5), "number_not_integer");
        match schema {
            Schema::Bool => {
                self.expect(pointer, json!(1), "wrong_type");
                self.expect(pointer, json!(true), "");
            }
            Schema::Int { min, max } => self.int(pointer, *min, *max),
            Schema::Text { form, max } => self.text(pointer, form, *max),
            Schema::OneOf(words) => {
                self.expect(pointer, json!(1), "wrong_type");
                self.expect(pointer, json!(""), "not_one_of");
                self.expect(pointer, json!("nonsense"), "not_one_of");
                for word in words {
                    self.expect(pointer, json!(word), "");
                    let other_case =
                        if word.to_uppercase() == *word { word.to_lowercase() } else { word.to_uppercase() };
                    self.expect(pointer, json!(other_case), "not_one_of");
                }
            }
            Schema::List { item, min, max } => self.list(pointer, item, *min, *max),
            Schema::Object(members) => {
                self.expect(pointer, json!([]), "wrong_type");
                self.with(pointer, "zz", &json!(1), "member_unknown");
                let many = (0..65).map(|i| (format!("m{i}"), json!(1))).collect::<serde_json::Map<_, _>>();
                self.expect(pointer, many.into(), "too_many");
                for member in members {
                    self.without(pointer, member.name, if member.required { "member_missing" } else { "" });
                    self.at(&format!("{pointer}/{}", member.name), &member.schema);
                    assert!(member.doc.trim().ends_with('.'), "{pointer}/{}: {}", member.name, member.doc);
                }
            }
            Schema::Map { names, value } => self.map(pointer, names, value),
        }
    }

    fn int(&mut self, pointer: &str, min: i64, max: i64) {
        self.expect(pointer, json!("1"), "wrong_type");
        self.expect(pointer, json!(min), "");
        self.expect(pointer, json!(max), "");
        let below = if min == -crate::json::MAX_INT { "number_out_of_range" } else { "out_of_range" };
        self.expect(pointer, json!(min - 1), below);
        let beyond = if max == crate::json::MAX_INT { "number_out_of_range" } else { "out_of_range" };
        self.expect(pointer, json!(max + 1), beyond);
    }

    fn text(&mut self, pointer: &str, form: &str, max: usize) {
        self.expect(pointer, json!(1), "wrong_type");
        let long = |n: usize| json!("x".repeat(n));
        // Counted in characters, not in bytes.
        let wide = |n: usize| json!("ж".repeat(n));
        match form {
            "one line of text" | "free text, line feeds allowed" => {
                self.expect(pointer, json!(""), "empty");
                self.expect(pointer, wide(max), "");
                self.expect(pointer, wide(max + 1), "too_long");
                let feed = if form == "one line of text" { "line_feed" } else { "" };
                self.expect(pointer, json!("a\nb"), feed);
            }
            "ASCII letters, digits and `. _ / -`" => {
                self.expect(pointer, json!(""), "empty");
                self.expect(pointer, long(max), "");
                self.expect(pointer, long(max + 1), "too_long");
                for wrong in ["a b", "ж", "a\nb", "a+b", "é"] {
                    self.expect(pointer, json!(wrong), "not_a_code");
                }
            }
            form => {
                let (code, wrong) = special(form);
                for wrong in wrong {
                    self.expect(pointer, json!(wrong), code);
                }
                self.expect(pointer, json!(""), code);
            }
        }
    }

    fn list(&mut self, pointer: &str, item: &Schema, min: usize, max: usize) {
        self.expect(pointer, json!({}), "wrong_type");
        self.expect(pointer, json!([]), if min > 0 { "too_few" } else { "" });
        let items = self.whole.pointer(pointer).and_then(Value::as_array).expect("a list").clone();
        let first = items.first().unwrap_or_else(|| panic!("the example of {} has no item at {pointer}", self.kind));
        self.expect(pointer, json!(vec![first; max]), "");
        self.expect(pointer, json!(vec![first; max + 1]), "too_many");
        self.at(&format!("{pointer}/0"), item);
    }

    fn map(&mut self, pointer: &str, names: &str, value: &Schema) {
        self.expect(pointer, json!([]), "wrong_type");
        self.expect(pointer, json!({}), "too_few");
        let members = self.whole.pointer(pointer).and_then(Value::as_object).expect("an object").clone();
        let (name, first) = members.iter().next().expect("a member in the example");
        let code = match names {
            "a slot" => "not_a_slot",
            "a state" => "not_one_of",
            other => panic!("no test for names that are {other}"),
        };
        self.with(pointer, "zz", first, code);
        if names == "a slot" {
            let slots = |n: usize| (1..=n).map(|i| (format!("Z{i}"), first.clone())).collect::<serde_json::Map<_, _>>();
            self.expect(pointer, slots(64).into(), "");
            self.expect(pointer, slots(65).into(), "too_many");
        }
        self.at(&format!("{pointer}/{name}"), value);
    }
}

/// The code of a text that has not the form, and texts that have not.
fn special(form: &str) -> (&'static str, &'static [&'static str]) {
    match form {
        "`sha256:` and 64 lower-case hexadecimal digits" => {
            ("not_a_digest", &["x", "sha256:", "SHA256:00", "5dc9da79"])
        }
        "a second of UTC, `YYYY-MM-DDTHH:MM:SSZ`" => ("not_an_instant", &["2024-03-01", "2024-02-30T00:00:00Z"]),
        "a limit, `<n>h` or `<n>d`" => ("not_a_span", &["1", "1m", "01h", "-1h"]),
        "a slot, such as `A1`" => ("not_a_slot", &["a1", "A0", "A01", "AA1"]),
        "a key name, `<authority>/<role>/<label>`" => ("not_a_key_name", &["RU", "RU/leader", "XX/leader/1"]),
        "a verifier key, `name+key id+base64`" => {
            ("not_a_vkey", &["x", "a+00000000+AAAA", "RU/leader/07+0479c957+ARdF"])
        }
        "a digest, or an obligation's id, `<kind>:<digest>:<slot or ->`" => {
            ("not_a_citation", &["x", "ADMIT", "sha256:", "ADMIT:sha256:00:A1"])
        }
        "the body of the original's kind, an object" => ("wrong_type", &["x", "{}"]),
        form if form.starts_with("a key name prefix, or") => ("not_a_code", &["a b", "ж", "a+b"]),
        other => panic!("no test for a text that is {other}"),
    }
}

#[test]
fn every_body_is_read_whole_and_every_fault_in_it_has_its_pointer() {
    for kind in Kind::ALL {
        let body = example(kind.as_str());
        let whole = object(kind.as_str(), &body);
        assert_eq!(faults(&text_of(&whole)), "", "the example of {kind}");
        let mut probe = Probe { kind: kind.as_str(), whole, tried: 0 };
        probe.at("/body", &kind.schema());
        assert!(probe.tried > 10, "{kind}: {}", probe.tried);
    }
}

#[test]
fn every_kind_declares_an_object_and_states_its_nature() {
    for kind in Kind::ALL {
        assert!(matches!(kind.schema(), Schema::Object(_)), "{kind}");
        assert_eq!(Kind::from_word(kind.as_str()), Some(*kind));
    }
}

#[test]
fn a_weak_key_in_a_body_is_called_weak() {
    let mut body = example("key_registration");
    // The neutral element as a public key; the key id fits.
    let id =
        crate::hash::Hash::of(b"RU/leader/07\n\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    body["vkey"] = json!(format!("RU/leader/07+{}+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &id.to_hex()[..8]));
    assert_eq!(faults(&text_of(&object("key_registration", &body))), "key_weak@/body/vkey");
}

#[test]
fn a_quorum_is_a_prefix_or_one_of_three_lists() {
    let verdict = |quorum: Value| {
        let mut body = example("terms");
        body["quorum"] = quorum;
        faults(&text_of(&object("terms", &body)))
    };
    for good in [
        json!({"all": []}),
        json!({"all": ["US/mirror", "RU/mirror"]}),
        json!({"any": ["US/mirror", {"all": ["RU/mirror", "RU/witness"]}]}),
        json!({"n": 2, "of": ["US/mirror", {"any": ["RU/mirror"]}]}),
    ] {
        assert_eq!(verdict(good), "");
    }
    for (wrong, answer) in [
        (json!({}), "combination@/body/quorum"),
        (json!({"all": [], "any": []}), "combination@/body/quorum"),
        (json!({"n": 1}), "combination@/body/quorum"),
        (json!({"of": []}), "combination@/body/quorum"),
        (json!({"all": [], "n": 1}), "combination@/body/quorum"),
        (json!({"all": "US/mirror"}), "wrong_type@/body/quorum/all"),
        (json!({"all": ["US mirror"]}), "not_a_code@/body/quorum/all/0"),
        (json!({"all": [1]}), "wrong_type@/body/quorum/all/0"),
        (json!({"any": [{"all": [""]}]}), "not_a_code@/body/quorum/any/0/all/0"),
        (json!({"n": 0, "of": ["US/mirror"]}), "out_of_range@/body/quorum/n"),
        (json!({"n": 2, "of": ["US/mirror"]}), "out_of_range@/body/quorum/n"),
        (json!({"n": 1, "of": []}), "out_of_range@/body/quorum/n"),
        (json!({"any": []}), "too_few@/body/quorum/any"),
        (json!({"all": ["US/mirror", {"any": []}]}), "too_few@/body/quorum/all/1/any"),
        (json!({"any": ["US/mirror", {"all": []}]}), "too_few@/body/quorum/any/1"),
        (json!({"all": [], "most": []}), "member_unknown@/body/quorum/most"),
        (json!({"all": vec!["US/mirror"; 33]}), "too_many@/body/quorum/all"),
    ] {
        assert_eq!(verdict(wrong.clone()), answer, "{wrong}");
    }
}
