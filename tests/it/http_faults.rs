//! What the routes say to those who send something wrong: a clear problem, in their language, never a breakdown.

use countersign::author::{Draft, text_of as around};
use countersign::note::{KeyKind, assemble, sign_note};
use countersign::store::token::Reading;
use countersign::treaty::record::{Anchor, Kind};
use serde_json::Value;

use super::support::http::{Answer, Api, Call, errors};
use super::support::ledger::{ORIGIN, draft, key, signed};
use super::support::records::{declaring, designating, simple, text_of};

fn record() -> Draft {
    draft(Kind::Designation, &["US/centre/1"], designating("B1", "designate"))
}

/// A note around any text, with a good line.
fn note_of(text: &str) -> String {
    assemble(text, &[sign_note(&key("US/centre/1"), text).expect("signs")])
}

#[tokio::test(flavor = "multi_thread")]
async fn five_faults_of_one_record_are_answered_with_five_pointers() {
    let Some(api) = Api::start().await else { return };
    let mut object = record().object();
    object["id"] = "01A1B2C3-0000-7000-8000-000000000001".into();
    object["number"] = 0.into();
    object["signed_at"] = "2026-01-01 00:00:00".into();
    object["body"]["lat_e7"] = 1.5.into();
    object["body"]["surprise"] = true.into();
    let text = around(ORIGIN, &format!("{object:#}"));
    let problem = api.post(&note_of(&text)).await.problem(400, "record_malformed");
    let mut found = errors(&problem);
    found.sort();
    assert_eq!(
        found,
        [
            "/body/lat_e7 number_not_integer",
            "/body/surprise member_unknown",
            "/id not_a_uuid",
            "/number out_of_range",
            "/signed_at not_an_instant",
        ]
    );
    assert!(problem["errors"].as_array().expect("errors").iter().all(|error| error["detail"].is_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_note_is_answered_with_the_line_of_the_fault() {
    let Some(api) = Api::start().await else { return };
    let (note, size) = (simple(), api.size());
    let text = text_of(&note).to_owned();
    let line = note.lines().last().expect("a line").to_owned();
    let with = |from: &str, to: &str| note.replacen(from, to, 1).into_bytes();
    let nine = {
        let lines: Vec<_> = (0..9).map(|i| sign_note(&key(&format!("US/centre/{i}")), &text).expect("signs")).collect();
        assemble(&text, &lines).into_bytes()
    };
    let mut not_utf8 = note.clone().into_bytes();
    not_utf8[40] = 0xff;
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let cases: [(&str, Vec<u8>, &str, Option<&str>); 20] = [
        ("garbage", b"\x01\x02garbage".to_vec(), "not_a_note", Some("line 1 not_a_note")),
        ("nothing", Vec::new(), "not_a_note", Some("line 1 not_a_note")),
        ("words", b"hello\n".to_vec(), "not_a_note", Some("line 1 not_a_note")),
        ("JSON alone", record().object().to_string().into_bytes(), "not_a_note", None),
        ("no line", text.clone().into_bytes(), "not_a_note", Some("line 1 not_a_note")),
        ("NUL", with("ledger.example", "ledger.\0example"), "not_a_note", Some("line 2 not_a_note")),
        ("CRLF", note.replace('\n', "\r\n").into_bytes(), "not_a_note", Some("line 1 not_a_note")),
        ("a tab", with("  \"kind\"", "\t\"kind\""), "not_a_note", Some("line 5 not_a_note")),
        ("not UTF-8", not_utf8, "not_a_note", None),
        ("a byte order mark", format!("\u{feff}{note}").into_bytes(), "not_a_record", Some("line 1 not_a_record")),
        ("nine lines", nine, "too_many_lines", Some("line 1 too_many_lines")),
        ("no last line feed", note.trim_end().as_bytes().to_vec(), "not_a_note", None),
        ("a hyphen for a dash", with(&line, &line.replace('—', "-")), "not_a_note", None),
        ("stray bits", with(&line, line.trim_end_matches('=')), "not_a_note", None),
        ("another first line", with("/record/v1", "/record/v2"), "not_a_record", Some("line 1 not_a_record")),
        ("no origin", with(&format!("{ORIGIN}\n"), "\n"), "not_a_record", Some("line 2 not_a_record")),
        ("an empty line inside", note_of(&text.replacen("{\n", "{\n\n", 1)).into_bytes(), "record_malformed", None),
        ("a checkpoint", api.ledger.now().checkpoint.as_bytes().to_vec(), "not_a_record", None),
        ("an array", note_of(&around(ORIGIN, "[]")).into_bytes(), "record_malformed", None),
        ("deep nesting", note_of(&around(ORIGIN, &deep)).into_bytes(), "record_malformed", None),
    ];
    for (what, body, code, error) in cases {
        let answer = api.send(Call::note("").body(&body)).await;
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
        let problem = answer.problem(400, code);
        let found = errors(&problem);
        assert!(!found.is_empty(), "{what}: {problem}");
        if let Some(error) = error {
            assert_eq!(found, [error], "{what}: {problem}");
        }
    }
    assert_eq!(api.size(), size);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_sent_as_plain_text_in_utf_8() {
    let Some(api) = Api::start().await else { return };
    let note = simple();
    let post = |kind: Option<&str>| {
        let call = Call::new("POST", "/v1/records").body(note.as_bytes());
        kind.map_or(call.clone(), |kind| call.header("content-type", kind))
    };
    for wrong in [
        None,
        Some(""),
        Some("application/json"),
        Some("text/html"),
        Some("text/plain2"),
        Some("application/octet-stream"),
        Some("application/x-www-form-urlencoded"),
        Some("text/plain; charset=koi8-r"),
        Some("text/plain, application/json"),
    ] {
        api.send(post(wrong)).await.problem(415, "media_type");
    }
    api.send(post(Some("Text/Plain ; Charset=\"UTF-8\""))).await.expect(201);
    api.send(post(Some("text/plain"))).await.expect(200);
    let elsewhere = [("/v1/records/prepare", "text/plain"), ("/v1/verify", "text/plain")];
    for (path, kind) in elsewhere {
        let call = Call::new("POST", path).header("content-type", kind).body(b"{}\n");
        api.send(call).await.problem(415, "media_type");
    }
}

fn is_russian(text: &Value) -> bool {
    text.as_str().expect("text").chars().any(|c| ('а'..='я').contains(&c))
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_are_told_in_russian_to_those_who_ask_for_it() {
    let Some(api) = Api::start().await else { return };
    let calls = [
        Call::note("x"),
        Call::note(&signed(&draft(Kind::Declaration, &["US/centre/1"], declaring("C1")))),
        Call::get("/v1/records"),
        Call::get("/nowhere"),
        Call::get("/v1/log?x=1"),
        Call::new("PUT", "/v1/records"),
        Call::new("POST", "/v1/records"),
    ];
    for call in calls {
        for (asked, russian) in [
            ("ru", true),
            ("ru-RU,en;q=0.5", true),
            ("en-GB, ru;q=0.9", false),
            ("pl, ru;q=0.8, en;q=0.5", true),
            ("fr", false),
        ] {
            let answer = api.send(call.clone().header("accept-language", asked)).await;
            assert_eq!(answer.header("content-language"), if russian { "ru" } else { "en" }, "{asked}");
            let problem = answer.json();
            assert_eq!(is_russian(&problem["title"]), russian, "{problem}");
            assert_eq!(is_russian(&problem["detail"]), russian, "{problem}");
            for error in problem["errors"].as_array().unwrap_or(&Vec::new()) {
                assert_eq!(is_russian(&error["detail"]), russian, "{problem}");
            }
            let plain = api.send(call.clone()).await;
            assert_eq!((plain.status, &plain.json()["code"]), (answer.status, &problem["code"]));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_id_of_its_request() {
    let Some(api) = Api::start().await else { return };
    for path in ["/livez", "/nowhere", "/v1/records"] {
        let answer = api.send(Call::get(path).header("request-id", "courier-7.b_2")).await;
        assert_eq!(answer.header("request-id"), "courier-7.b_2");
        let mut made = std::collections::BTreeSet::new();
        let too_long = "x".repeat(65);
        for bad in ["", "a b", "\"><script>", "é", &too_long] {
            let answer = api.send(Call::get(path).header("request-id", bad)).await;
            let id = answer.header("request-id").to_owned();
            assert!(id.starts_with("req_") && id != bad, "{id}");
            assert!(made.insert(id), "an id was used twice");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_sends_bad_signatures_waits_and_others_do_not() {
    let Some(api) = Api::start().await else { return };
    let forged = simple().replacen("S-B1", "S-B2", 1);
    let from = |note: &str, peer| Call::note(note).from(peer);
    let mut refused = 0;
    let limited: Answer = loop {
        let answer = api.send(from(&forged, [203, 0, 113, 9])).await;
        if answer.status == 429 {
            break answer;
        }
        answer.problem(422, "signature_invalid");
        refused += 1;
        assert!(refused < 500, "nobody counts");
    };
    assert!(refused >= 10, "a mistake or two is forgiven, {refused}");
    assert!((1..=60).contains(&limited.header("retry-after").parse::<u32>().expect("seconds")));
    limited.problem(429, "too_many_failures");
    api.send(from(&simple(), [203, 0, 113, 10])).await.expect(201);
    api.send(from(&simple().replacen("S-B1", "S-B2", 1), [203, 0, 113, 10])).await.expect(422);
    api.send(Call::get("/v1/log").from([203, 0, 113, 9])).await.expect(200);
    // The allowance comes back with time.
    tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
    api.send(from(&simple(), [203, 0, 113, 9])).await.expect(201);
    // Records that are authentic and refused cost nothing.
    for _ in 0..80 {
        let note = signed(&draft(Kind::Designation, &["US/centre/1"], designating("C1", "designate")));
        api.send(from(&note, [203, 0, 113, 11])).await.problem(422, "slot_unknown");
    }
}

fn prepare(object: &[u8]) -> Call {
    Call::new("POST", "/v1/records/prepare").header("content-type", "application/json").body(object)
}

#[tokio::test(flavor = "multi_thread")]
async fn preparing_a_record_never_changes_a_byte_of_it() {
    let Some(api) = Api::start().await else { return };
    let size = api.size();
    let object = record().object();
    let reversed: Vec<String> = object
        .as_object()
        .expect("an object")
        .iter()
        .rev()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    for spelling in [
        format!("{object}\n"),
        format!("{object:#}\n"),
        format!("{{{}}}\n", reversed.join(" ,\n   ")),
        format!("{{\n\n{}\n", &object.to_string()[1..]).replace("\n\n", "\n"),
    ] {
        let answer = api.send(prepare(spelling.as_bytes())).await.expect(200);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.text(), format!("countersign/record/v1\n{ORIGIN}\n{spelling}"));
    }
    // What is prepared, signed and sent is recorded as it stands.
    let text = api.send(prepare(format!("{object}\n").as_bytes())).await.expect(200).text().to_owned();
    let entry = api.record(&note_of(&text)).await["entry"].as_str().expect("an entry").to_owned();
    assert!(entry.starts_with(&text));
    assert_eq!(api.size(), size + 1);
    for bad in [&b"{}"[..], b"", b"null", b"[]", b"\xff", b"{\"id\": \"\\ud800\"}", b"{\"a\": 1, \"a\": 1}"] {
        let answer = api.send(prepare(bad)).await.expect(400);
        assert!(!errors(&answer.json()).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn preparing_foresees_refusals_for_the_author_s_own_side_alone() {
    let Some(api) = Api::start().await else { return };
    let us = api.party_token().await;
    let (ru, ro) = (api.token("RU", Reading::Party).await, api.token("RO", Reading::Host).await);
    let mut bad = draft(Kind::Declaration, &["US/centre/404"], declaring("A1"));
    bad.anchor = Anchor { size: 2, root: countersign::hash::Hash::of(b"elsewhere") };
    bad.refs = vec![countersign::hash::Hash::of(b"nothing")];
    let object = bad.object().to_string();
    let text = around(ORIGIN, &object);
    // Without a token, and with another side's, only the form is looked at: nothing of the log shows.
    api.send(prepare(object.as_bytes())).await.expect(200);
    for other in [&ru, &ro] {
        let answer = api.send(prepare(object.as_bytes()).token(other)).await.expect(200);
        assert_eq!(answer.text(), text);
    }
    let problem = api.send(prepare(object.as_bytes()).token(&us)).await.expect(422).json();
    let mut found = errors(&problem);
    found.sort();
    assert_eq!(
        found,
        ["/anchor anchor_unknown", "/body/slot slot_not_designated", "/refs/0 ref_unknown", "/signers/0 key_unknown",]
    );
    let good = record().object().to_string();
    assert_eq!(api.send(prepare(good.as_bytes()).token(&us)).await.expect(200).text(), around(ORIGIN, &good));
    api.send(prepare(good.as_bytes()).token("cs_0000")).await.problem(401, "token_required");
    // A new key may stand in its own registration.
    let leader = key("US/leader/9").with_kind(KeyKind::Ed25519);
    let body = super::support::records::registering(&leader, |_| {});
    let registration = draft(Kind::KeyRegistration, &["US/root/1", "US/leader/9"], body).object().to_string();
    api.send(prepare(registration.as_bytes()).token(&us)).await.expect(200);
}
