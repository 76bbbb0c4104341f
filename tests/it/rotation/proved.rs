//! What stays verifiable: receipts and bundles from before and after every change, under the same one line of trust.

use std::path::Path;

use countersign::api::server::Timers;
use countersign::evidence::audit::Auditor;
use countersign::evidence::trust::Trust;
use countersign::evidence::verdict::{Outcome, Overall};
use countersign::evidence::verify;
use countersign::note::{KeyKind, Signer};
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::leaf_hash;
use countersign::tlog::proof::Proof;
use countersign::treaty::entry::Entry;
use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::served::changed;
use crate::support::fold::Fold;
use crate::support::http::Api;
use crate::support::ledger::{ORIGIN, clerk_key, draft, key, log_key, signed};
use crate::support::program::{Folder, run};
use crate::support::records::{amendment, by, designating, registering, simple};
use crate::support::rotation::{change_to, clerk, log, old_and_new};

async fn bundle(api: &Api, index: u64, token: &str) -> String {
    api.get(&format!("/v1/records/{index}/bundle"), token).await.expect(200).text().to_owned()
}

fn verified(text: &str, trust: &Trust) -> bool {
    matches!(verify(text, Some(trust)).overall, Overall::Verified | Overall::VerifiedWithRemarks)
}

/// The code of the first check that failed.
fn fault(text: &str, trust: &Trust) -> Option<&'static str> {
    let verdict = verify(text, Some(trust));
    verdict.findings.iter().find(|finding| finding.result == Outcome::Fail).map(|finding| finding.code)
}

/// A registration by this signer.
fn registration(by: &str, name: &str) -> String {
    signed(&draft(Kind::KeyRegistration, &[by, name], registering(&key(name), |_| {})))
}

fn revocation(by: &str, name: &str) -> String {
    signed(&draft(Kind::KeyRevocation, &[by], json!({ "name": name, "reason": "superseded" })))
}

#[tokio::test(flavor = "multi_thread")]
async fn bundles_from_before_and_after_every_change_verify_under_the_same_line_of_trust() {
    let Some(api) = Api::start().await else { return };
    let api = api.close().open(old_and_new).await;
    let (trust, token) = (api.ledger.trust.clone(), api.party_token().await);
    let mut bundles = Vec::new();
    let mut record = async |note: String, what: &'static str| {
        let index = api.record(&note).await["index"].as_u64().expect("an index");
        bundles.push((what, bundle(&api, index, &token).await));
        let again = api.get(&format!("/v1/records/{index}/receipt"), &token).await.expect(200).text().to_owned();
        bundles.push((what, again));
        let newer = bundle(&api, 1, &token).await;
        assert!(verified(&newer, &trust), "{what}: {:?}", fault(&newer, &trust));
    };
    record(simple(), "before").await;
    record(registration("US/root/1", "US/mirror/1"), "a mirror").await;
    record(amendment(2, |body| body["quorum"] = json!({ "all": ["US/mirror"] })), "a quorum").await;
    // Roots: by the recovery key in the United States, by the old root in Russia.
    record(registration("US/recovery/1", "US/root/2"), "a root by the recovery key").await;
    record(registration("RU/root/1", "RU/root/2"), "a root by the old one").await;
    record(registration("US/root/2", "US/centre/2"), "a key of the new root").await;
    record(by("US/centre/2", Kind::Designation, designating("B1", "designate")), "a record of that key").await;
    record(by("US/centre/1", Kind::Designation, designating("B1", "designate")), "one of the old root's").await;
    // The mirror's key, and the quorum once more, by the new roots.
    record(revocation("US/root/2", "US/mirror/1"), "the end of a mirror's key").await;
    record(registration("US/root/2", "US/mirror/2"), "another mirror").await;
    let body = json!({ "version": 3, "quorum": { "all": ["US/mirror", "RU/mirror"] } });
    record(signed(&draft(Kind::Terms, &["US/root/2", "RU/root/2"], body)), "another quorum").await;
    // The ledger's own, by the new roots.
    let body = json!({
        "version": 4, "log_until": api.size() + 2,
        "log_vkey": log(2).verifier().to_string(), "clerk_vkey": clerk(2).verifier().to_string(),
    });
    record(signed(&draft(Kind::Terms, &["US/root/2", "RU/root/2"], body)), "the ledger's keys").await;
    for what in ["the last of the old keys", "the first of the new ones", "after"] {
        record(by("US/centre/2", Kind::Designation, designating("B1", "designate")), what).await;
    }
    let terms = api.ledger.now().replica.register().terms().expect("terms").clone();
    let other = Trust { origin: trust.origin.clone(), terms: leaf_hash(b"another") };
    let mut keys = std::collections::BTreeSet::new();
    for (what, held) in &bundles {
        if held.starts_with('{') {
            assert!(verified(held, &trust), "{what}: {:?}", fault(held, &trust));
            assert!(!verified(held, &other), "{what}");
            continue;
        }
        let proof = Proof::parse(held).expect("a receipt");
        let checkpoint = Checkpoint::open_by(proof.checkpoint.as_bytes(), ORIGIN, &terms.log).expect("signed");
        let bytes = api.ledger.entry(proof.index).await.expect("an entry");
        let log = terms.log.at(checkpoint.size);
        proof.verify(leaf_hash(bytes.as_bytes()), ORIGIN, log).unwrap_or_else(|error| panic!("{what}: {error}"));
        keys.insert(log.to_string());
    }
    assert_eq!((bundles.len(), keys.len()), (30, 2), "both keys have signed");
}

/// A bundle with another checkpoint signed in the place of its own.
fn resigned(bundle: &str, signer: &Signer, size_of: impl Fn(Checkpoint) -> Checkpoint) -> String {
    let mut read: Value = serde_json::from_str(bundle).expect("JSON");
    let again = |receipt: &Value| {
        let mut proof = Proof::parse(receipt.as_str().expect("text")).expect("a receipt");
        let text = proof.checkpoint.split("\n\n").next().expect("a text").to_owned() + "\n";
        proof.checkpoint = size_of(Checkpoint::parse(&text).expect("a checkpoint")).sign(signer).expect("signs");
        Value::from(proof.to_string())
    };
    read["receipt"] = again(&read["receipt"]);
    for supporting in read["support"].as_array_mut().expect("support") {
        supporting["receipt"] = again(&supporting["receipt"]);
    }
    read.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_signed_by_the_one_key_of_its_size_and_that_key_is_proved_in_it() {
    let Some(api) = changed().await else { return };
    let (trust, token) = (api.ledger.trust.clone(), api.party_token().await);
    let good = bundle(&api, 8, &token).await;
    assert!(verified(&good, &trust), "{:?}", fault(&good, &trust));
    assert!(verified(&resigned(&good, &log(2), |checkpoint| checkpoint), &trust), "the same bytes");
    // A former key, a key of nobody, and the new key under another name's kind.
    for (what, signer) in [("the former key", log_key()), ("another key", log(3))] {
        let forged = resigned(&good, &signer, |checkpoint| checkpoint);
        assert_eq!(fault(&forged, &trust), Some("checkpoint_not_signed"), "{what}");
    }
    // The new key signs nothing of the old one's sizes.
    let size = |checkpoint: Checkpoint| Checkpoint { size: 7, ..checkpoint };
    assert_eq!(fault(&resigned(&good, &log(2), size), &trust), Some("checkpoint_not_signed"));
    // Without the amendment nothing says whose key it is.
    let read: Value = serde_json::from_str(&good).expect("JSON");
    let support = read["support"].as_array().expect("support").clone();
    let (kept, dropped): (Vec<Value>, Vec<Value>) =
        support.iter().cloned().partition(|proved| !proved["entry"].as_str().expect("text").contains("log_until"));
    assert_eq!((kept.len() + 1, dropped.len()), (support.len(), 1));
    let mut without = read.clone();
    without["support"] = kept.into();
    assert_eq!(fault(&without.to_string(), &trust), Some("checkpoint_not_signed"));
    // An amendment that one root signed names no key.
    let body = json!({ "version": 2, "log_until": 7, "log_vkey": log(3).verifier().to_string() });
    let note = signed(&draft(Kind::Terms, &["US/root/1"], body));
    let entry = countersign::treaty::record::Signed::parse(note.as_bytes()).expect("a record");
    let received = Entry::parse(dropped[0]["entry"].as_str().expect("text").as_bytes()).expect("an entry").received_at;
    let entry = Entry::countersign(entry, &clerk_key(), received).expect("signs").bytes;
    let mut forged = read.clone();
    for proved in forged["support"].as_array_mut().expect("support") {
        if proved["entry"] == dropped[0]["entry"] {
            proved["entry"] = entry.clone().into();
        }
    }
    let forged = resigned(&forged.to_string(), &log(3), |checkpoint| checkpoint);
    assert_eq!(fault(&forged, &trust), Some("checkpoint_not_signed"));
    // The countersignature is of the clerk of the index.
    let last = read["entry"].as_str().expect("text").trim_end().rsplit_once('\n').expect("lines").0.to_owned() + "\n";
    let record = countersign::treaty::record::Signed::parse(last.as_bytes()).expect("a record");
    let mut other = read.clone();
    other["entry"] = Entry::countersign(record, &clerk_key(), received).expect("signs").bytes.into();
    assert_eq!(fault(&other.to_string(), &trust), Some("countersignature_invalid"));
}

#[test]
fn an_audit_holds_each_checkpoint_against_the_key_of_its_size() {
    let mut fold = Fold::new();
    let until = fold.replica.tree().size() + 2;
    fold.post(&change_to(2, 2, until)).expect("admitted");
    fold.post(&simple()).expect("admitted");
    let mut entries: Vec<Vec<u8>> = fold.entries().iter().map(|entry| entry.clone().into_bytes()).collect();
    let signed = countersign::treaty::record::Signed::parse(simple().as_bytes()).expect("a record");
    entries.push(Entry::countersign(signed, &clerk(2), fold.now).expect("signs").bytes.into_bytes());
    let checkpoint = |size: u64, signer: &Signer| {
        let mut tree = countersign::tlog::Tree::default();
        entries.iter().take(size as usize).for_each(|entry| tree.append(leaf_hash(entry)));
        Checkpoint { origin: ORIGIN.into(), size, root: tree.root() }.sign(signer).expect("signs")
    };
    let audited = |note: &str| {
        let mut auditor = Auditor::new(None);
        assert!(auditor.entries(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>()));
        auditor.checkpoint("held", note.as_bytes());
        auditor.receipt("held", note);
        let report = auditor.finish();
        report.checks.iter().find(|check| check.check == "checkpoint").map(|check| check.code).expect("a check")
    };
    for (size, signer, code) in [
        (until, log_key(), "root_agrees"),
        (until + 1, log(2), "root_agrees"),
        (until, log(2), "checkpoint_not_signed"),
        (until + 1, log_key(), "checkpoint_not_signed"),
        (until + 1, log(3), "checkpoint_not_signed"),
    ] {
        assert_eq!(audited(&checkpoint(size, &signer)), code, "{size} by {}", signer.verifier());
    }
    // Where the entries break off, the key of what lies beyond is not known.
    let mut auditor = Auditor::new(None);
    assert!(!auditor.entries(&[entries[0].as_slice(), b"broken"]));
    auditor.checkpoint("held", checkpoint(until + 1, &log(2)).as_bytes());
    let report = auditor.finish();
    let found = report.checks.iter().find(|check| check.check == "checkpoint").map(|check| (check.code, check.result));
    assert_eq!(found, Some(("not_reached", Outcome::CouldNotCheck)));
    let impostor = Signer::from_seed(ORIGIN, KeyKind::Ed25519, [1; 32]).expect("a key");
    assert_eq!(audited(&checkpoint(until, &impostor)), "checkpoint_not_signed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_keys_changed_is_exported_and_audited_with_what_was_held_before() {
    let Some(api) = Api::start().await else { return };
    let api = api.close().open(old_and_new).await;
    let (folder, token) = (Folder::new(), api.party_token().await);
    let path = |name: &str| folder.path(name);
    let held = |name: &str, text: &str| std::fs::write(path(name), text).expect("written");
    held("old.receipt", api.get("/v1/records/3/receipt", &token).await.expect(200).text());
    held("old.bundle", &bundle(&api, 3, &token).await);
    held("old.checkpoint", &api.ledger.now().checkpoint);
    held("trust", &format!("{}\n", api.ledger.trust));
    api.record(&change_to(2, 2, 7)).await;
    for _ in 0..3 {
        api.record(&simple()).await;
    }
    held("new.bundle", &bundle(&api, 8, &token).await);
    let server = api.listen(Timers::default()).await;
    let url = format!("http://{}", server.address);
    fn text(path: &Path) -> &str {
        path.to_str().expect("UTF-8")
    }
    let (log, trust) = (path("log"), path("trust"));
    let succeeds = |arguments: &[&str]| {
        let done = tokio::task::block_in_place(|| run(arguments));
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    succeeds(&["export", "--folder", text(&log), "--url", &url, "--token", &token]);
    succeeds(&["export", "--tables", text(&path("tables")), "--url", &url, "--token", &token]);
    let kept = ["old.receipt", "old.bundle", "new.bundle"].map(path);
    let checkpoint = path("old.checkpoint");
    let mut audit = vec!["audit", "--folder", text(&log), "--trust", text(&trust), "--checkpoint", text(&checkpoint)];
    kept.iter().for_each(|held| audit.extend(["--receipt", text(held)]));
    succeeds(&audit);
    succeeds(&["audit", "--url", &url, "--token", &token, "--trust", text(&trust)]);
    for bundle in ["old.bundle", "new.bundle"] {
        succeeds(&["verify", text(&path(bundle)), "--trust", text(&trust)]);
    }
    if crate::support::foreign::has_program("python3") {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers/verify_log.py");
        let mut python = std::process::Command::new("python3");
        let said = python.arg(script).args([&log, &trust]).output();
        let said = said.expect("it runs");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    }
    server.stop.send(true).expect("it listens");
}
