//! 1.4, 6 and 7: what a site holds, and the terms.

use countersign::hash::Hash;
use countersign::note::{KeyKind, Signer};
use countersign::treaty::record::Kind;
use countersign::treaty::refusal::Refusal;
use countersign::treaty::time::Instant;
use serde_json::json;

use super::Court;
use crate::support::http::now;
use crate::support::ledger::{ORIGIN, clerk_key, draft, log_key, own_key, signed};
use crate::support::records::{amendment, by, changing, declaring, designating, digest, simple, slots};

/// 1.4 and 6: facts.
pub async fn data(court: &mut Court) {
    let us = |kind, body| by("US/centre/1", kind, body);
    court.admit(&by("RU/centre/1", Kind::Designation, designating("A1", "designate"))).await;
    court.refuse(&us(Kind::DataChange, changing("A1")), Refusal::NothingDeclared, "/body/slot").await;
    court.admit(&us(Kind::Declaration, declaring("A1"))).await;
    court.admit(&us(Kind::DataChange, changing("A1"))).await;

    let mut record = draft(Kind::Declaration, &["US/centre/1"], declaring("A1"));
    record.effective_at = Instant::from_seconds(now().seconds() + 1);
    court.refuse(&signed(&record), Refusal::FactInFuture, "/effective_at").await;
    record.effective_at = Some(now());
    court.admit(&signed(&record)).await;

    let mut body = declaring("A1");
    body["items"][1]["uid"] = "I-1".into();
    court.refuse(&us(Kind::Declaration, body), Refusal::ItemRepeated, "/body/items/1/uid").await;
    let mut body = declaring("A1");
    body["launchers"] = json!([{ "id": "L1", "type": "x", "cells": 24 }, { "id": "L1", "type": "x", "cells": 24 }]);
    court.refuse(&us(Kind::Declaration, body), Refusal::ItemRepeated, "/body/launchers/1/id").await;

    for wrong in ["L1/25", "L1/0", "L1/01", "L1", "L1/", "L1/1/2", "L1/x"] {
        let mut body = declaring("A1");
        body["items"][0]["location"] = wrong.into();
        court.refuse(&us(Kind::Declaration, body), Refusal::CellUnknown, "/body/items/0/location").await;
    }
    for good in ["L1/1", "L1/24", "L2/25", "store", "l1"] {
        let mut body = declaring("A1");
        body["items"][0]["location"] = good.into();
        court.admit(&us(Kind::Declaration, body)).await;
    }
}

/// 7: the terms.
pub async fn terms_in_force(court: &mut Court) {
    court.refuse(&amendment(3, |_| {}), Refusal::TermsVersion, "/body/version").await;
    court.refuse(&amendment(1, |_| {}), Refusal::TermsVersion, "/body/version").await;
    court.admit(&amendment(2, |_| {})).await;
    court.refuse(&amendment(2, |_| {}), Refusal::TermsVersion, "/body/version").await;
    let fixed = [
        ("origin", json!(ORIGIN)),
        ("demonstration", json!(true)),
        ("succeeds", json!({ "origin": "x", "size": 1, "root": digest(&simple()).to_string() })),
    ];
    for (name, value) in fixed {
        let note = amendment(3, |body| body[name] = value);
        court.refuse(&note, Refusal::TermsFixed, &format!("/body/{name}")).await;
    }
    court.refuse(&amendment(3, |body| body["rules"] = 2.into()), Refusal::RulesUnknown, "/body/rules").await;
    court.admit(&amendment(3, |body| body["rules"] = 1.into())).await;
    let alone = |body: &mut serde_json::Value| {
        body["slots"] = slots();
        body["slots"]["A1"]["inspected"] = "RU".into();
    };
    court.refuse(&amendment(4, alone), Refusal::TermsInconsistent, "/body/slots/A1/inspected").await;
    court.admit(&amendment(4, |body| body["slots"] = slots())).await;
    quorums(court).await;
    own_keys(court).await;
}

/// 7.5 and 3.4: new keys of the ledger.
async fn own_keys(court: &mut Court) {
    let size = court.api.size();
    let with = |log: Option<&Signer>, clerk: Option<&Signer>, until: Option<u64>| {
        amendment(6, |body| {
            for (name, key) in [("log_vkey", log), ("clerk_vkey", clerk)] {
                if let Some(key) = key {
                    body[name] = key.verifier().to_string().into();
                }
            }
            if let Some(until) = until {
                body["log_until"] = until.into();
            }
        })
    };
    let (log, clerk) = (&own_key(ORIGIN, 2), &own_key(&format!("{ORIGIN}/clerk"), 2));
    for note in [
        with(Some(log), None, None),
        with(None, Some(clerk), None),
        with(None, None, Some(size + 1)),
        with(Some(log), None, Some(size)),
        with(None, Some(clerk), Some(1)),
    ] {
        court.refuse(&note, Refusal::LogUntil, "/body/log_until").await;
    }
    let until = Some(size + 100);
    for taken in [log_key(), named("US/root/1"), named("US/leader/1")] {
        court.refuse(&with(Some(&taken), None, until), Refusal::KeyReused, "/body/log_vkey").await;
    }
    court.refuse(&with(None, Some(&clerk_key()), until), Refusal::KeyReused, "/body/clerk_vkey").await;
    let same = |name: &str, kind| Signer::from_seed(name, kind, [9; 32]).expect("a key");
    let (a, b) = (same(ORIGIN, KeyKind::Ed25519), same(&format!("{ORIGIN}/clerk"), KeyKind::Countersign));
    court.refuse(&with(Some(&a), Some(&b), until), Refusal::KeyReused, "/body/clerk_vkey").await;
    for (note, place) in [
        (with(Some(&own_key("ledger.example/other", 4)), None, until), "/body/log_vkey"),
        (with(None, Some(&own_key(ORIGIN, 4)), until), "/body/clerk_vkey"),
    ] {
        court.refuse(&note, Refusal::TermsInconsistent, place).await;
    }
    court.admit(&with(Some(log), Some(clerk), until)).await;
}

/// The key of the state with this name, as if it were the log's.
fn named(name: &str) -> Signer {
    Signer::from_seed(ORIGIN, KeyKind::Ed25519, *Hash::of(name.as_bytes()).as_bytes()).expect("a key")
}

/// 7.4: no cosigner of a quorum may be counted twice.
async fn quorums(court: &mut Court) {
    for quorum in [
        json!({ "all": ["US", "US/mirror"] }),
        json!({ "all": ["US/mirror", "RU/mirror", "US/mirror"] }),
        json!({ "any": ["RU/mirror", { "all": ["US/mirror/1", { "n": 1, "of": ["RU/mirror/7"] }] }] }),
        json!({ "n": 1, "of": ["US/mirror/", "US/mirror/1"] }),
    ] {
        let note = amendment(5, |body| body["quorum"] = quorum);
        court.refuse(&note, Refusal::TermsInconsistent, "/body/quorum").await;
    }
    let apart = json!({ "all": ["US/mirror/1", "US/mirror/10", { "any": ["US/witness", "RU/mirror", "RU/mirrors"] }] });
    court.admit(&amendment(5, |body| body["quorum"] = apart)).await;
}
