//! Every GET route: the shape of its answer, and that its parts agree with the bytes of the log.

use countersign::hash::Hash;
use countersign::note::Verifier;
use countersign::tlog::leaf_hash;
use countersign::tlog::proof::Proof;
use countersign::treaty::entry::Entry;
use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::support::http::{Call, now};
use super::support::ledger::{ORIGIN, clerk_key, draft, log_key, signed};
use super::support::records::{declaring, revocation};
use super::support::stock::{ENTRIES, Stock};
use super::support::visits::correcting;

fn names(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// The members of a record in answers.
const RECORD: [&str; 14] = [
    "index",
    "digest",
    "id",
    "kind",
    "party",
    "number",
    "received_at",
    "signed_by",
    "flags",
    "status",
    "record",
    "links",
    "checkpoint",
    "cosigned",
];

/// A list has its data, its page, and what it knew.
fn data(list: &Value, known: &str) -> Vec<Value> {
    assert_eq!(names(list), ["data", "page", "known_at"]);
    assert_eq!(names(&list["page"]), ["next", "has_more"]);
    assert_eq!(list["known_at"], json!({ "size": ENTRIES, "root": known, "at": now().to_string() }));
    list["data"].as_array().expect("data").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_shown_as_it_was_signed_with_what_the_ledger_says_of_it() {
    let Some(stock) = Stock::new(true).await else { return };
    let root = stock.api.ledger.now().replica.head().root.to_string();
    for (index, bytes) in stock.entries().await.iter().enumerate() {
        let entry = Entry::parse(bytes.as_bytes()).expect("an entry");
        let (header, digest) = (&entry.signed.record.header, entry.signed.digest);
        let path = format!("/v1/records/{index}");
        let answer = stock.api.get(&path, &stock.us).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/json");
        let by_digest = stock.api.get(&format!("/v1/records/{digest}"), &stock.us).await.expect(200);
        assert_eq!(answer.body, by_digest.body, "by index and by digest it is one record");
        let record = answer.json();
        assert_eq!(names(&record), RECORD);
        assert_eq!(record["index"], index);
        assert_eq!(record["digest"], digest.to_string());
        assert_eq!(record["record"], serde_json::from_str::<Value>(entry.signed.json()).expect("JSON"));
        for member in ["id", "kind", "party", "number"] {
            assert_eq!(record[member], record["record"][member], "{member}");
        }
        assert_eq!(record["received_at"], entry.received_at.to_string());
        let signed_by: Vec<Value> = header
            .signers
            .iter()
            .map(|name| json!({ "key": name.as_str(), "party": name.party().as_str(), "role": name.role().as_str() }))
            .collect();
        assert_eq!(record["signed_by"], Value::from(signed_by));
        assert_eq!(record["status"], "recorded");
        let itself = format!("/v1/records/{digest}");
        let links = json!({ "self": itself, "note": format!("{itself}/note"), "receipt": format!("{itself}/receipt"), "bundle": format!("{itself}/bundle") });
        assert_eq!(record["links"], links);
        assert_eq!(record["checkpoint"], json!({ "size": ENTRIES, "root": root }));

        let note = stock.api.get(&format!("{path}/note"), &stock.us).await.expect(200);
        assert_eq!(note.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(note.text(), bytes);
        let receipt = stock.api.get(&format!("{itself}/receipt"), &stock.us).await.expect(200);
        assert_eq!(receipt.header("content-type"), "text/plain; charset=utf-8");
        let log = Verifier::parse(&log_key().verifier().to_string()).expect("a key");
        let proof = Proof::parse(receipt.text()).expect("a receipt");
        let checkpoint = proof.verify(leaf_hash(bytes.as_bytes()), ORIGIN, &log).expect("a good receipt");
        assert_eq!((proof.index, checkpoint.size), (index as u64, index as u64 + 1), "the first that contained it");
        if let Some(answer) = index.checked_sub(5).and_then(|i| stock.answers.get(i)) {
            assert_eq!(
                (answer["receipt"].as_str(), answer["entry"].as_str()),
                (Some(receipt.text()), Some(note.text()))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_say_what_is_odd_about_a_record_and_change_nothing() {
    let Some(stock) = Stock::new(true).await else { return };
    let flags = |index: u64| {
        let (api, us) = (&stock.api, &stock.us);
        async move { api.get(&format!("/v1/records/{index}"), us).await.expect(200).json()["flags"].clone() }
    };
    assert_eq!(flags(0).await, json!([]), "entry 0 has seen nothing before it");
    assert_eq!(flags(20).await, json!(["anchor_empty"]));
    let kind = countersign::treaty::record::Kind::Designation;
    let mut record =
        super::support::ledger::draft(kind, &["US/centre/1"], super::support::records::designating("B1", "designate"));
    let head = stock.api.ledger.now().replica.head();
    record.anchor = countersign::treaty::record::Anchor { size: head.size, root: head.root };
    record.number = 100;
    let gap = stock.api.record(&super::support::ledger::signed(&record)).await;
    assert_eq!(gap["flags"], json!(["number_gap"]));
    record.id = uuid::Uuid::now_v7();
    let again = stock.api.record(&super::support::ledger::signed(&record)).await;
    assert_eq!(again["flags"], json!(["number_reused"]));
    assert_eq!(flags(ENTRIES).await, json!(["number_gap", "number_reused"]), "both records are flagged");
}

#[tokio::test(flavor = "multi_thread")]
async fn sites_keys_terms_and_the_log_say_what_the_entries_add_up_to() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    api.record(&super::support::ledger::registration("RU/leader/1")).await;
    api.record(&revocation("RU/leader/1")).await;
    let head = api.ledger.now().replica.head();
    let known = json!({ "size": head.size, "root": head.root.to_string(), "at": now().to_string() });
    let list = |path: &'static str| {
        let (us, known) = (&stock.us, &known);
        async move {
            let list = api.get(path, us).await.expect(200).json();
            assert_eq!(&list["known_at"], known);
            assert_eq!(list["page"], json!({ "next": null, "has_more": false }));
            list["data"].as_array().expect("data").clone()
        }
    };
    let sites = list("/v1/sites").await;
    let codes: Vec<&str> = sites.iter().map(|site| site["code"].as_str().expect("a code")).collect();
    assert_eq!(codes, ["A1", "A2", "B1", "B2"]);
    for site in &sites {
        let code = site["code"].as_str().expect("a code");
        let mut single = api.get(&format!("/v1/sites/{code}"), &stock.us).await.expect(200).json();
        let known_at = single.as_object_mut().expect("an object").remove("known_at").expect("what it stands on");
        assert_eq!((&single, &known_at["size"]), (site, &api.size().into()));
        assert_eq!(site["site"]["code"], format!("S-{code}"));
        assert_eq!(site["declaration"]["declared"], declaring(code));
    }
    assert_eq!((&sites[0]["host"], &sites[0]["host_consent"]["action"]), (&json!("RO"), &json!("give")));
    assert_eq!(sites[2].get("host_consent"), None);

    let keys = list("/v1/keys").await;
    assert_eq!(keys.len(), 8 + 4 + 1 + 1, "roots and recovery keys, centres, two leaders");
    for key in &keys {
        let mut members = names(key);
        members.retain(|name| !["person", "revoked", "next_number"].contains(name));
        assert_eq!(members, ["name", "vkey", "party", "role", "registered"]);
        assert_eq!(names(&key["registered"]), ["index", "digest"]);
        let vkey = Verifier::parse(key["vkey"].as_str().expect("a vkey")).expect("a key");
        assert_eq!(Some(vkey.name()), key["name"].as_str());
        let path = format!("/v1/records/{}", key["registered"]["index"]);
        assert_eq!(api.get(&path, &stock.us).await.expect(200).json()["digest"], key["registered"]["digest"]);
    }
    let last = keys.last().expect("keys");
    assert_eq!(last["name"], "RU/leader/1");
    assert_eq!(names(&last["revoked"]), ["index", "digest", "reason", "suspect_from"]);
    assert_eq!((&last["revoked"]["index"], &last["revoked"]["reason"]), (&json!(31), &json!("lost")));

    let terms = list("/v1/terms").await;
    assert_eq!((terms.len(), names(&terms[0])), (1, RECORD.to_vec()));
    assert_eq!(terms[0]["kind"], "terms");

    let log = api.send(Call::get("/v1/log")).await.expect(200).json();
    let members = ["origin", "log_vkey", "clerk_vkey", "policy", "trust", "checkpoint", "demonstration"];
    assert_eq!(names(&log), [&members[..], &["log_keys", "clerk_keys"]].concat());
    assert_eq!((&log["origin"], &log["demonstration"]), (&json!(ORIGIN), &json!(true)));
    assert_eq!(log["log_vkey"], log_key().verifier().to_string());
    assert_eq!(log["clerk_vkey"], clerk_key().verifier().to_string());
    assert_eq!(log["trust"], format!("countersign/trust/v1 {ORIGIN} {}", terms[0]["digest"].as_str().expect("one")));
    assert_eq!(log["checkpoint"]["size"], head.size);
    let policy = api.send(Call::get(log["policy"].as_str().expect("a path"))).await.expect(200);
    assert_eq!(policy.header("content-type"), "text/plain; charset=utf-8");
    assert!(policy.text().contains(&format!("log {}\n", log_key().verifier())), "{}", policy.text());
    assert!(policy.text().ends_with("quorum none\n"), "{}", policy.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_no_record_has_are_not_found() {
    let Some(stock) = Stock::new(true).await else { return };
    let digest = Hash::of(b"nothing").to_string();
    for name in [
        "00",
        "01",
        "-1",
        "+1",
        "1.0",
        "1e1",
        "0x1",
        "%31x",
        "30",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999",
        "first",
        "sha256:",
        "%20",
        "%ff",
        "%00",
        "%2e%2e",
        "٣",
        &digest,
        &digest.to_uppercase(),
        &digest[7..],
        &format!("{digest}0"),
    ] {
        let encoded: String =
            name.chars().map(|c| if c.is_ascii() { c.to_string() } else { "%D9%A3".into() }).collect();
        for part in ["", "/note", "/receipt", "/bundle"] {
            let path = format!("/v1/records/{encoded}{part}");
            stock.api.get(&path, &stock.us).await.problem(404, "not_found");
        }
    }
    for code in ["A3", "a1", "A01", "A", "B%31x", "%ff", "Z99"] {
        stock.api.get(&format!("/v1/sites/{code}"), &stock.us).await.problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_and_methods_that_are_not_there_are_named() {
    let Some(stock) = Stock::new(true).await else { return };
    for path in [
        "/",
        "/v1",
        "/v2/log",
        "/V1/log",
        "/v1/log/",
        "/v1/records/0/x",
        "/v1/records/0/note/x",
        "/tile",
        "/admin",
        "/%ff",
    ] {
        stock.api.get(path, &stock.us).await.problem(404, "route_unknown");
        stock.api.send(Call::new("POST", path)).await.problem(404, "route_unknown");
    }
    let routes = [
        ("/livez", "GET,HEAD"),
        ("/v1/log", "GET,HEAD"),
        ("/checkpoint", "GET,HEAD"),
        ("/tile/0/000.p/1", "GET,HEAD"),
        ("/v1/records", "GET,HEAD,POST"),
        ("/v1/records/0", "GET,HEAD"),
        ("/v1/records/0/bundle", "GET,HEAD"),
        ("/v1/verify", "POST"),
        ("/v1/keys", "GET,HEAD"),
    ];
    for (path, allowed) in routes {
        for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"] {
            let answer = stock.api.send(Call::new(method, path).token(&stock.us)).await;
            assert_eq!(answer.header("allow"), allowed, "{method} {path}");
            answer.problem(405, "method_not_allowed");
        }
    }
    stock.api.get("/v1/verify", &stock.us).await.problem(405, "method_not_allowed");
}

/// Every address that can be read.
pub const READABLE: [&str; 23] = [
    "/livez",
    "/readyz",
    "/v1/log",
    "/v1/log/policy",
    "/v1/log/proofs/inclusion/3/9",
    "/v1/log/proofs/consistency/3/9",
    "/checkpoint",
    "/tile/0/000.p/9",
    "/tile/entries/000.p/9",
    "/v1/records",
    "/v1/records/6",
    "/v1/records/6/note",
    "/v1/records/6/receipt",
    "/v1/records/6/bundle",
    "/v1/sites",
    "/v1/sites/A1",
    "/v1/keys",
    "/v1/terms",
    "/v1/records?limit=3&kind=designation&party=RU",
    "/v1/reciprocity?view=all&period=2026",
    "/v1/obligations?kind=BASELINE",
    "/v1/reciprocity/timeline?view=ru",
    "/v1/calendar.ics?view=ru",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_a_get_without_its_body() {
    let Some(stock) = Stock::new(true).await else { return };
    for path in READABLE.iter().chain(&["/nowhere", "/v1/records/999", "/v1/log?x=1"]) {
        let call = |method| Call::new(method, path).token(&stock.us).header("request-id", "same");
        let (get, head) = (stock.api.send(call("GET")).await, stock.api.send(call("HEAD")).await);
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        let shown = |answer: &super::support::http::Answer, name| answer.header(name).to_owned();
        for name in ["content-type", "request-id", "cache-control"] {
            assert_eq!(shown(&head, name), shown(&get, name), "{path} {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_holds_the_records_of_the_single_answers() {
    let Some(stock) = Stock::new(true).await else { return };
    let root = stock.api.ledger.now().replica.head().root.to_string();
    let list = stock.api.get("/v1/records?limit=200", &stock.auditor).await.expect(200).json();
    let data = data(&list, &root);
    assert_eq!(data.len() as u64, ENTRIES);
    for (place, record) in data.iter().enumerate() {
        let index = ENTRIES - 1 - place as u64;
        assert_eq!(record, &stock.api.get(&format!("/v1/records/{index}"), &stock.us).await.expect(200).json());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_declaration_is_not_shown_as_declared_and_changes_of_it_stay() {
    let Some(stock) = Stock::new(true).await else { return };
    let (api, us) = (&stock.api, &stock.us);
    let at_a1 = |known: &str| format!("/v1/sites/A1{known}");
    let before = api.get(&at_a1(""), us).await.expect(200).json();
    assert_eq!(before["declaration"]["index"], 12);
    let again = api.record(&signed(&draft(Kind::Declaration, &["US/centre/1"], declaring("A1")))).await;
    assert_eq!(api.get(&at_a1(""), us).await.expect(200).json()["declaration"]["index"], again["index"]);
    let target = again["digest"].as_str().and_then(|digest| digest.parse().ok()).expect("a digest");
    let void = correcting(target, |body| body["void"] = true.into());
    api.record(&signed(&draft(Kind::Correction, &["US/centre/1", "RU/centre/1"], void))).await;
    let after = api.get(&at_a1(""), us).await.expect(200).json();
    assert_eq!((&after["declaration"], &after["data_changes"]), (&before["declaration"], &before["data_changes"]));
    let then = api.get(&at_a1("?known_at=tree:31"), us).await.expect(200).json();
    assert_eq!(then["declaration"]["index"], again["index"], "it was not void then");
}
