//! Checkpoints that anybody brings: what contradicts the ledger is kept and stops it, and what does not changes nothing.

use std::sync::Arc;

use countersign::api::server::Timers;
use countersign::hash::Hash;
use countersign::note::{KeyKind, Signer};
use countersign::service::ledger::Ledger;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::fork::{Finding, judge};

use super::support::http::{Answer, Api, Call};
use super::support::ledger::{ORIGIN, designation, log_key};

fn call(note: &str) -> Call {
    Call::new("POST", "/v1/log/evidence").header("content-type", "text/plain").body(note.as_bytes())
}

async fn bring(api: &Api, note: &str) -> Answer {
    api.send(call(note)).await
}

fn signed(origin: &str, size: u64, root: Hash, by: &Signer) -> String {
    Checkpoint { origin: origin.into(), size, root }.sign(by).expect("signs")
}

fn files(api: &Api) -> Vec<String> {
    let Ok(items) = std::fs::read_dir(api.evidence()) else { return Vec::new() };
    let text = |item: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(item.expect("an item").path());
    items.map(|item| text(item).expect("readable")).collect()
}

async fn writes(api: &Api) -> bool {
    let (ready, answer) = (api.send(Call::get("/readyz")).await, api.post(&designation("US/centre/1")).await);
    let figures = api.send(Call::get("/metrics")).await.expect(200);
    assert_eq!(figures.text().contains("\ncountersign_halted 1\n"), answer.status == 503);
    if answer.status == 503 {
        ready.problem(503, "halted");
        answer.problem(503, "halted");
        return false;
    }
    assert_eq!((ready.status, answer.status), (200, 201));
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_of_this_history_is_told_so_and_changes_nothing() {
    let Some(api) = Api::start().await else { return };
    for size in 0..=api.size() {
        let root = api.ledger.now().replica.tree().root_at(size).expect("a size that it has had");
        let said = bring(&api, &signed(ORIGIN, size, root, &log_key())).await.expect(200).json();
        assert_eq!((&said["finding"], &said["size"]), (&"consistent".into(), &size.into()), "{said}");
    }
    assert!(files(&api).is_empty());
    assert!(writes(&api).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_checkpoint_with_another_root_is_kept_as_proof_and_the_ledger_stops_for_good() {
    // The newest head, one of before, and a size at which this ledger never had a head of its own.
    for size in [5, 2, 6] {
        let Some(api) = Api::start().await else { return };
        if size == 6 {
            let holder = api.hold().await;
            let (one, other) = (designation("US/centre/1"), designation("US/centre/1"));
            let both = async { tokio::join!(api.post(&one), api.post(&other)) };
            let release = async {
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                api.release(holder).await;
            };
            tokio::join!(both, release);
            if api.ledger.now().sizes().contains(&6) {
                continue; // they came in two batches after all
            }
        }
        let note = signed(ORIGIN, size, Hash::of(b"another history"), &log_key());
        let said = bring(&api, &note).await.expect(200).json();
        assert_eq!((&said["finding"], &said["size"]), (&"forked".into(), &size.into()), "{said}");
        assert!(!writes(&api).await);
        let [text] = &files(&api)[..] else { panic!("one file") };
        assert!(text.contains(&note));
        assert_eq!(judge(text, ORIGIN, &[log_key().verifier().clone()]), Ok(Finding::TwoRoots(size)), "{text}");
        // Neither a second proof nor a good checkpoint takes it back, nor a new start.
        bring(&api, &api.ledger.now().checkpoint).await.expect(200);
        assert!(!writes(&api).await);
        let Err(error) = api.open_again().await else { panic!("it started again") };
        assert!(error.to_string().contains("two histories"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_checkpoint_beyond_the_ledger_is_kept_and_the_ledger_stops_and_only_reads_after_a_new_start() {
    let Some(api) = Api::start().await else { return };
    let note = signed(ORIGIN, 9, Hash::of(b"more"), &log_key());
    assert_eq!(bring(&api, &note).await.expect(200).json()["finding"], "beyond");
    assert!(!writes(&api).await);
    assert!(files(&api)[0].contains(&note));
    let api = api.open_again().await.expect("it reads");
    api.send(Call::get("/readyz")).await.problem(503, "read_only");
    api.post(&designation("US/centre/1")).await.problem(503, "read_only");
    assert_eq!(api.ledger.standing.missing.as_ref().map(|missing| (missing.from, missing.to)), Some((5, 9)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_server_of_the_same_ledger_has_just_signed_is_waited_for() {
    let Some(api) = Api::start().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = api.settings();
    settings.heads = folder.path().join("heads");
    let (other, _) = Ledger::open(settings).await.expect("a second server");
    let routes = countersign::api::routes(Arc::clone(&other), Timers::default());
    for _ in 0..3 {
        Call::note(&designation("US/centre/1")).send(routes.clone()).await.expect(201);
        let said = bring(&api, &other.now().checkpoint).await.expect(200).json();
        assert_eq!(said["finding"], "consistent", "{said}");
    }
    assert!(files(&api).is_empty());
    assert!(writes(&api).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_log_did_not_sign_is_refused_limited_and_never_kept() {
    let Some(api) = Api::start().await else { return };
    let stranger = Signer::from_seed(ORIGIN, KeyKind::Ed25519, [9; 32]).expect("a key");
    let another = Hash::of(b"another history");
    let good = signed(ORIGIN, 5, another, &log_key());
    let other = "ledger.example/other";
    let theirs = Signer::from_seed(other, KeyKind::Ed25519, [8; 32]).expect("a key");
    for (note, status, code) in [
        (signed(ORIGIN, 5, another, &stranger), 422, "checkpoint_not_signed"),
        (good.replace("\n5\n", "\n4\n"), 422, "checkpoint_not_signed"),
        (signed(other, 5, another, &theirs), 422, "checkpoint_of_another_log"),
        (format!("{good}{good}"), 400, "checkpoint_malformed"),
        (good.replace("\n5\n", "\n05\n"), 400, "checkpoint_malformed"),
        (signed(ORIGIN, 0, another, &log_key()), 400, "checkpoint_malformed"),
        (String::new(), 400, "checkpoint_malformed"),
        ("x".repeat(20_000), 413, "too_large"),
    ] {
        bring(&api, &note).await.problem(status, code);
    }
    let typed = Call::new("POST", "/v1/log/evidence").header("content-type", "application/json");
    api.send(typed.body(good.as_bytes())).await.problem(415, "media_type");
    for _ in 0..80 {
        bring(&api, "nothing").await;
    }
    bring(&api, &good).await.problem(429, "too_many_failures");
    assert!(files(&api).is_empty());
    assert!(!api.ledger.now().halted.load().is_some());
    // From another address it is taken.
    assert_eq!(api.send(call(&good).from([192, 0, 2, 9])).await.expect(200).json()["finding"], "forked");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_fills_the_disk_with_evidence() {
    let Some(api) = Api::start().await else { return };
    for n in 0..40u8 {
        let note = signed(ORIGIN, 5, Hash::of(&[n]), &log_key());
        assert_eq!(bring(&api, &note).await.expect(200).json()["finding"], "forked");
    }
    assert_eq!(files(&api).len(), 16);
}
