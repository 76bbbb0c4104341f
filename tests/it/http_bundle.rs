//! Bundles: one file that verifies under one line of trust, and no altered file that does.

use countersign::evidence::trust::Trust;
use countersign::evidence::verdict::{Overall, Verdict};
use countersign::evidence::verify;
use countersign::words::Lang;
use serde_json::{Value, json};

use super::support::http::{Api, Call};
use super::support::ledger::registration;
use super::support::records::{by, designating, digest, revocation};
use super::support::stock::{ENTRIES, OF_ROMANIA, Stock};
use countersign::treaty::record::Kind;

const MEDIA_TYPE: &str = "application/vnd.countersign.bundle+json";

async fn trust(api: &Api) -> Trust {
    let log = api.send(Call::get("/v1/log")).await.expect(200).json();
    log["trust"].as_str().expect("a line").parse().expect("a root of trust")
}

async fn bundle(api: &Api, name: impl std::fmt::Display, token: &str) -> String {
    let answer = api.get(&format!("/v1/records/{name}/bundle"), token).await.expect(200);
    assert_eq!(answer.header("content-type"), MEDIA_TYPE);
    answer.text().to_owned()
}

fn is_verified(verdict: &Verdict) -> bool {
    matches!(verdict.overall, Overall::Verified | Overall::VerifiedWithRemarks)
}

/// Each check's name, result and code.
fn checks(verdict: &Verdict) -> Vec<(String, String, String)> {
    let json = verdict.to_json(Lang::En);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let checks = json["checks"].as_array().expect("checks").iter();
    checks.map(|check| (text(&check["check"]), text(&check["result"]), text(&check["code"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bundle_verifies_under_the_one_line_of_trust() {
    let Some(stock) = Stock::new(true).await else { return };
    let trust = trust(&stock.api).await;
    for index in 0..ENTRIES {
        let text = bundle(&stock.api, index, &stock.us).await;
        let json: Value = serde_json::from_str(&text).expect("JSON");
        let names: Vec<&String> = json.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["format", "origin", "trust", "entry", "receipt", "support"]);
        assert_eq!((&json["format"], &json["trust"]), (&json!("countersign/bundle/v1"), &json!(trust.to_string())));
        let verdict = verify(&text, Some(&trust));
        assert_eq!(verdict.overall, Overall::VerifiedWithRemarks, "{index}: {:?}", checks(&verdict));
        let found = checks(&verdict);
        let order = [
            "form",
            "trust",
            "content",
            "signature",
            "key",
            "revocation",
            "countersignature",
            "checkpoint",
            "inclusion",
            "cosignature",
            "policy",
        ];
        let place = |name: &str| order.iter().position(|check| *check == name).expect("a known check");
        assert!(found.is_sorted_by_key(|(name, _, _)| place(name)), "{found:?}");
        for (name, result, _) in &found {
            let expected = match name.as_str() {
                "revocation" => "could_not_check",
                "policy" => "not_required",
                _ => "pass",
            };
            assert_eq!(result, expected, "{name} of {index}");
        }
        let shown = verdict.to_json(Lang::En);
        let members: Vec<&String> = shown.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["verdict", "checks", "record", "trust", "does_not_say"]);
        // Without a root of trust, and under another, nothing is decided in its favour.
        assert_eq!(verify(&text, None).overall, Overall::CannotDecide);
        let other = Trust { origin: trust.origin.clone(), terms: countersign::hash::Hash::of(b"other") };
        assert_eq!(verify(&text, Some(&other)).overall, Overall::NotVerified);
    }
    // Whoever reads a record for its territory gets the same file, with nothing in it but the record, the terms, and
    // the keys that signed them.
    for index in OF_ROMANIA {
        let text = bundle(&stock.api, index, &stock.ro).await;
        assert_eq!(text, bundle(&stock.api, index, &stock.us).await);
        let json: Value = serde_json::from_str(&text).expect("JSON");
        for proved in json["support"].as_array().expect("support") {
            let entry = proved["entry"].as_str().expect("an entry");
            assert!(["terms", "key_registration"].iter().any(|kind| entry.contains(&format!("\"kind\": \"{kind}\""))));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_and_the_library_draw_the_same_verdict() {
    let Some(stock) = Stock::new(true).await else { return };
    let (trust, good) = (trust(&stock.api).await, bundle(&stock.api, 12, &stock.us).await);
    let cases: Vec<Vec<u8>> = vec![
        good.clone().into_bytes(),
        good.replace("S-A1", "S-A2").into_bytes(),
        good.replace("store-1", "store-2").into_bytes(),
        good.trim_end().as_bytes().to_vec(),
        b"{}".to_vec(),
        b"".to_vec(),
        b"\xff\xfe".to_vec(),
        b"null\n".to_vec(),
        good.as_bytes()[..good.len() / 2].to_vec(),
    ];
    for body in cases {
        for (kind, asked, lang) in [(MEDIA_TYPE, "en", Lang::En), ("application/json", "ru", Lang::Ru)] {
            let call = Call::new("POST", "/v1/verify").header("content-type", kind).header("accept-language", asked);
            let answer = stock.api.send(call.body(&body)).await.expect(200).json();
            let expected = verify(&String::from_utf8_lossy(&body), Some(&trust)).to_json(lang);
            assert_eq!(answer, expected);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bundle_with_one_byte_changed_verifies() {
    let Some(stock) = Stock::new(true).await else { return };
    let (trust, good) = (trust(&stock.api).await, bundle(&stock.api, 24, &stock.us).await);
    assert!(is_verified(&verify(&good, Some(&trust))));
    let meaning: Value = serde_json::from_str(&good).expect("JSON");
    let mut tried = 0;
    for (count, position) in (0..good.len()).step_by(good.len() / 600).enumerate() {
        let mut bytes = good.clone().into_bytes();
        bytes[position] = match count % 4 {
            0 => bytes[position] ^ 1,
            1 => bytes[position].wrapping_add(1),
            2 => b' ',
            _ => b'A',
        };
        let Ok(altered) = String::from_utf8(bytes) else { continue };
        match serde_json::from_str::<Value>(&altered) {
            // The same file, laid out otherwise.
            Ok(read) if read == meaning => continue,
            // What a bundle says of itself; a verifier takes its own root of trust and its own origin.
            Ok(mut read) => {
                for own in ["origin", "trust"] {
                    read[own] = meaning[own].clone();
                }
                if read == meaning {
                    continue;
                }
            }
            Err(_) => {}
        }
        tried += 1;
        let verdict = verify(&altered, Some(&trust));
        assert!(!is_verified(&verdict), "byte {position}: {:?}", checks(&verdict));
    }
    assert!(tried > 400, "{tried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bundle_that_was_put_together_otherwise_verifies() {
    let Some(stock) = Stock::new(true).await else { return };
    stock.api.record(&registration("US/leader/2")).await;
    let trust = trust(&stock.api).await;
    let read = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let (good, other) =
        (read(&bundle(&stock.api, 24, &stock.us).await), read(&bundle(&stock.api, 25, &stock.us).await));
    let support = good["support"].as_array().expect("support").clone();
    assert!(support.len() >= 2);
    let mut altered: Vec<(String, Value)> = Vec::new();
    let mut with = |what: &str, change: &dyn Fn(&mut Value)| {
        let mut bundle = good.clone();
        change(&mut bundle);
        altered.push((what.to_owned(), bundle));
    };
    with("the receipt of another entry", &|bundle| bundle["receipt"] = other["receipt"].clone());
    with("another entry", &|bundle| bundle["entry"] = other["entry"].clone());
    let first = stock.answers[24 - 5]["receipt"].clone();
    with("the receipt in another checkpoint", &|bundle| bundle["receipt"] = first.clone());
    with("no support", &|bundle| bundle["support"] = json!([]));
    for i in 0..support.len() {
        let without: Vec<Value> = support.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, v)| v.clone()).collect();
        with("a dropped supporting entry", &|bundle| bundle["support"] = without.clone().into());
        let mut doubled = support.clone();
        doubled.insert(i, support[i].clone());
        with("a doubled supporting entry", &|bundle| bundle["support"] = doubled.clone().into());
        with("a supporting entry with a foreign receipt", &|bundle| {
            bundle["support"][i]["receipt"] = good["receipt"].clone();
        });
        with("a supporting entry that is no support", &|bundle| {
            bundle["support"][i] = json!({ "entry": good["entry"], "receipt": good["receipt"] });
        });
    }
    let mut reversed = support.clone();
    reversed.reverse();
    with("support out of order", &|bundle| bundle["support"] = reversed.clone().into());
    with("another format", &|bundle| bundle["format"] = "countersign/bundle/v2".into());
    with("a member more", &|bundle| bundle["note"] = "trust me".into());
    for name in ["format", "origin", "trust", "entry", "receipt", "support"] {
        with("a member less", &|bundle| drop(bundle.as_object_mut().expect("an object").remove(name)));
        with("a member of another type", &|bundle| bundle[name] = 1.into());
    }
    let entry = good["entry"].as_str().expect("an entry").to_owned();
    let clerk = entry.trim_end().rfind('\n').expect("lines") + 1;
    with("an entry without the clerk's line", &|bundle| bundle["entry"] = entry[..clerk].into());
    for (what, bundle) in altered {
        let text = format!("{bundle}\n");
        let verdict = verify(&text, Some(&trust));
        assert!(!is_verified(&verdict), "{what}: {:?}", checks(&verdict));
        let call = Call::new("POST", "/v1/verify").header("content-type", MEDIA_TYPE).body(text.as_bytes());
        assert_eq!(stock.api.send(call).await.expect(200).json(), verdict.to_json(Lang::En), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_outlives_the_revocation_of_its_key() {
    let Some(stock) = Stock::new(true).await else { return };
    let (api, trust) = (&stock.api, trust(&stock.api).await);
    api.record(&registration("US/centre/2")).await;
    let sign = || by("US/centre/2", Kind::Designation, designating("B1", "designate"));
    let (older, later) = (sign(), sign());
    api.record(&older).await;
    api.record(&revocation("US/centre/2")).await;
    api.post(&later).await.problem(422, "key_revoked");
    let text = bundle(api, digest(&older), &stock.us).await;
    let verdict = verify(&text, Some(&trust));
    assert_eq!(verdict.overall, Overall::VerifiedWithRemarks);
    let key = checks(&verdict).into_iter().find(|(check, _, _)| check == "key").expect("a key");
    assert_eq!((key.1.as_str(), key.2.as_str()), ("pass", "key_good_revoked_later"));
    // The same bytes still find their receipt.
    api.post(&older).await.expect(200);
}
