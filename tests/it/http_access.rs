//! Who may read what, and that what is hidden looks like what is absent.

use countersign::hash::Hash;
use countersign::store::token::Reading;
use countersign::treaty::party::Party;
use countersign::treaty::record::Kind;
use serde_json::Value;

use super::http_read::READABLE;
use super::support::http::{Answer, Api, Call};
use super::support::ledger::registration;
use super::support::records::{by, designating};
use super::support::stock::{ENTRIES, OF_ROMANIA, Stock};

/// An answer to a request for `path`, with everything that names the path taken out.
async fn face(api: &Api, path: &str, token: Option<&str>) -> (u16, String, String) {
    let mut call = Call::get(path).header("request-id", "same");
    if let Some(token) = token {
        call = call.token(token);
    }
    let answer = api.send(call).await;
    let mut headers = answer.headers.clone();
    headers.remove("content-length"); // the path is part of the body
    let headers = format!("{headers:?}");
    let instance = format!("\"instance\":\"{}\"", path.split('?').next().unwrap_or_default());
    (answer.status, headers, answer.text().replace(&instance, "\"instance\":…"))
}

/// The addresses that need a token even where the log is public.
fn needs_token() -> Vec<&'static str> {
    READABLE.iter().copied().filter(|path| path.starts_with("/v1/") && !path.starts_with("/v1/log")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_in_force_nothing_but_the_log_itself_is_read() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    let revoked = "cs_revoked";
    let hash = Hash::of(revoked.as_bytes());
    api.ledger.reader.create_token(&hash, "courier", Party::Us, Reading::Party).await.expect("a token");
    api.get("/v1/records", revoked).await.expect(200);
    assert_eq!(api.ledger.reader.revoke_tokens("courier").await.expect("revoked"), 1);
    let bare = stock.us.trim_start_matches("cs_").to_owned();
    let credentials = [
        None,
        Some(format!("Bearer {revoked}")),
        Some(format!("Bearer {bare}")),
        Some(format!("Bearer {}0", stock.us)),
        Some(format!("Bearer {}", stock.us.to_uppercase())),
        Some(format!("Bearer {} {}", stock.us, stock.us)),
        Some(format!("Basic {}", stock.us)),
        Some(stock.us.clone()),
        Some(format!("Bearer{}", stock.us)),
        Some("Bearer".into()),
        Some(String::new()),
        Some(format!("Bearer cs_{}", "0".repeat(4_000))),
        Some("Bearer cs_' OR 1=1 --".into()),
    ];
    for path in needs_token().into_iter().chain(["/v1/records/999", "/v1/records/x", "/v1/sites/Z9"]) {
        for credential in &credentials {
            let mut call = Call::get(path);
            if let Some(credential) = credential {
                call = call.header("authorization", credential);
            }
            let answer = api.send(call).await;
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{path} {credential:?}");
            answer.problem(401, "token_required");
        }
    }
    // The scheme is written as anybody likes (RFC 9110 section 11.1).
    api.send(Call::get("/v1/records").header("authorization", &format!("bearer {}", stock.us))).await.expect(200);
    // A bad token is nobody's, even where anybody may read.
    api.get("/checkpoint", revoked).await.problem(401, "token_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_public_only_where_the_terms_say_so() {
    let tree = ["/checkpoint", "/tile/0/000.p/9", "/v1/log/proofs/inclusion/3/9", "/v1/log/proofs/consistency/3/9"];
    for public in [true, false] {
        let Some(stock) = Stock::new(public).await else { return };
        for path in ["/livez", "/readyz", "/v1/log", "/v1/log/policy"] {
            stock.api.send(Call::get(path)).await.expect(200);
        }
        for path in tree {
            let answer = stock.api.send(Call::get(path)).await;
            if public {
                answer.expect(200);
            } else {
                answer.problem(401, "token_required");
            }
            for token in [&stock.us, &stock.auditor, &stock.ro] {
                stock.api.get(path, token).await.expect(200);
            }
        }
        let entries = stock.api.send(Call::get("/tile/entries/000.p/9")).await;
        if public {
            entries.problem(404, "not_found");
        } else {
            entries.problem(401, "token_required");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_parties_and_their_auditors_read_everything() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    for token in [api.token("RU", Reading::Party).await, api.token("US", Reading::Auditor).await] {
        for path in READABLE {
            assert_eq!(api.get(path, &token).await.expect(200).body, api.get(path, &stock.us).await.body, "{path}");
        }
        for index in 0..ENTRIES {
            api.get(&format!("/v1/records/{index}"), &token).await.expect(200);
        }
    }
    // Tokens that nobody should have made read nothing.
    for odd in [api.token("RO", Reading::Party).await, api.token("PL", Reading::Auditor).await] {
        for index in 0..ENTRIES {
            api.get(&format!("/v1/records/{index}"), &odd).await.problem(404, "not_found");
        }
    }
}

async fn shown(api: &Api, path: &str, token: &str) -> Vec<Value> {
    api.get(path, token).await.expect(200).json()["data"].as_array().expect("data").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_reads_the_terms_its_own_records_and_its_territory_and_nothing_else() {
    let Some(stock) = Stock::new(true).await else { return };
    let (api, ro) = (&stock.api, stock.ro.as_str());
    let digests: Vec<String> = stock
        .entries()
        .await
        .iter()
        .map(|bytes| {
            countersign::treaty::entry::Entry::parse(bytes.as_bytes()).expect("an entry").signed.digest.to_string()
        })
        .collect();
    let absent = [("999".to_owned(), Hash::of(b"nothing").to_string())];
    for (index, digest) in digests.iter().enumerate() {
        for part in ["", "/note", "/receipt", "/bundle"] {
            for (name, nobody) in [(index.to_string(), &absent[0].0), (digest.clone(), &absent[0].1)] {
                let path = format!("/v1/records/{name}{part}");
                if OF_ROMANIA.contains(&(index as u64)) {
                    let (ours, theirs) = (api.get(&path, ro).await.expect(200), api.get(&path, &stock.us).await);
                    assert_eq!(ours.body, theirs.body, "{path}");
                } else {
                    let hidden = face(api, &path, Some(ro)).await;
                    let nothing = face(api, &format!("/v1/records/{nobody}{part}"), Some(ro)).await;
                    assert_eq!((hidden.0, &hidden), (404, &nothing), "{path}");
                }
            }
        }
    }
    let list = shown(api, "/v1/records?limit=200", ro).await;
    let mut seen: Vec<u64> = list.iter().map(|record| record["index"].as_u64().expect("an index")).collect();
    seen.reverse();
    assert_eq!(seen, OF_ROMANIA);
    let page = api.get("/v1/records?limit=9", ro).await.expect(200).json()["page"].clone();
    assert_eq!((&page["has_more"], &page["next"]), (&Value::Bool(false), &Value::Null), "nothing hidden is counted");
    for (query, count) in [("kind=data_change", 4), ("party=PL", 0), ("party=RU", 1), ("kind=key_registration", 1)] {
        assert_eq!(shown(api, &format!("/v1/records?{query}"), ro).await.len(), count, "{query}");
    }
    let sites = shown(api, "/v1/sites", ro).await;
    let mut single = api.get("/v1/sites/A1", &stock.us).await.json();
    single.as_object_mut().expect("an object").remove("known_at");
    assert_eq!((sites.len(), &sites[0]), (1, &single));
    for hidden in ["A2", "B1", "B2"] {
        let nothing = face(api, "/v1/sites/Z9", Some(ro)).await;
        assert_eq!(face(api, &format!("/v1/sites/{hidden}"), Some(ro)).await, nothing);
    }
    assert_eq!(shown(api, "/v1/terms", ro).await.len(), 1);
    let entries = face(api, "/tile/entries/000.p/9", Some(ro)).await;
    assert_eq!(entries, face(api, "/tile/entries/999.p/9", Some(ro)).await);
    assert_eq!(entries.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_knows_the_keys_that_it_needs_and_no_others() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    api.record(&registration("US/centre/2")).await;
    let keys = shown(api, "/v1/keys", &stock.ro).await;
    let mut names: Vec<&str> = keys.iter().map(|key| key["name"].as_str().expect("a name")).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "PL/recovery/1",
            "PL/root/1",
            "RO/centre/1",
            "RO/recovery/1",
            "RO/root/1",
            "RU/centre/1",
            "RU/recovery/1",
            "RU/root/1",
            "US/centre/1",
            "US/recovery/1",
            "US/root/1",
        ],
        "those of the terms, its own, and those that signed what it reads"
    );
    for key in &keys {
        let own = key["party"] == "RO";
        assert_eq!(key.get("next_number").is_some(), own, "how many records others wrote does not show: {key}");
    }
    // Every key that its bundles rest on is among them.
    for index in OF_ROMANIA {
        let record = api.get(&format!("/v1/records/{index}"), &stock.ro).await.expect(200).json();
        for signer in record["signed_by"].as_array().expect("signers") {
            assert!(names.contains(&signer["key"].as_str().expect("a name")), "{signer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_reads_does_not_change_with_what_it_may_not_know() {
    let (Some(one), Some(other)) = (Stock::new(true).await, Stock::new(true).await) else { return };
    let note = by("US/centre/1", Kind::Designation, designating("B2", "designate"));
    one.api.record(&note).await;
    other.api.record(&by("RU/centre/1", Kind::Designation, designating("A2", "designate"))).await;
    // Ids differ between the two ledgers, so only what is counted is compared.
    for path in ["/v1/records?limit=3", "/v1/records?kind=designation", "/v1/sites", "/v1/keys", "/v1/terms"] {
        let count = |answer: Answer| {
            let json = answer.json();
            (json["data"].as_array().expect("data").len(), json["page"].clone(), json["known_at"]["size"].clone())
        };
        let (a, b) = (one.api.get(path, &one.ro).await, other.api.get(path, &other.ro).await);
        assert_eq!(count(a), count(b), "{path}");
    }
    // The digest of a hidden record, once known, opens nothing; the note itself is authority enough to ask.
    let digest = super::support::records::digest(&note);
    one.api.get(&format!("/v1/records/{digest}"), &one.ro).await.problem(404, "not_found");
    one.api.post(&note).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_at_once_are_each_taken_for_who_they_are() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    let revoked = format!("cs_{}", "0".repeat(64));
    let hash = Hash::of(revoked.as_bytes());
    api.ledger.reader.create_token(&hash, "courier", Party::Us, Reading::Party).await.expect("a token");
    let unknown = format!("cs_{}", "1".repeat(64));
    // Entry 7 is of A2, which Romania may not see.
    let asked = [(&stock.us, 200), (&stock.ro, 404), (&unknown, 401), (&revoked, 200), (&stock.auditor, 200)];
    for round in 0..3 {
        let all = (0..40).map(|i| {
            let (token, status) = asked[i % asked.len()];
            let status = if *token == revoked && round > 0 { 401 } else { status };
            async move {
                let call = Call::get("/v1/records/7").token(token);
                // One in four leaves before it is answered; nobody else notices.
                if i % 4 == 3 {
                    let _ = tokio::time::timeout(std::time::Duration::ZERO, api.send(call)).await;
                } else {
                    assert_eq!(api.send(call).await.status, status, "{i} in round {round}");
                }
            }
        });
        futures_util::future::join_all(all).await;
        if round == 0 {
            assert_eq!(api.ledger.reader.revoke_tokens("courier").await.expect("revoked"), 1);
        }
    }
}
