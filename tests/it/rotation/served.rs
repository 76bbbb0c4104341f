//! A ledger over HTTP while its keys change: what it shows, what it needs at a start, and what it keeps of former keys.

use countersign::evidence::manifest::Manifest;
use countersign::note::Verifier;
use countersign::replica::LedgerKeys;
use countersign::service::former::FormerError;
use countersign::service::ledger::OpenError;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::leaf_hash;
use countersign::tlog::policy::Policy;
use countersign::tlog::proof::Proof;
use countersign::treaty::entry::Entry;
use countersign::treaty::turned_away::TurnedAway;
use serde_json::{Value, json};

use crate::support::http::{Api, Call};
use crate::support::ledger::{ORIGIN, clerk_key, ledger_keys, log_key};
use crate::support::records::{amendment, simple};
use crate::support::rotation::{change_to, clerk, log, new_alone, old_and_new};

/// A ledger whose keys change at this size; the first entries of both have been written.
pub const UNTIL: u64 = 7;

/// Terms and four centres (5), the amendment (5), a record (6), and two by the new keys (7 and 8), each in its own batch.
pub async fn changed() -> Option<Api> {
    let api = Api::start().await?.close().open(old_and_new).await;
    api.record(&change_to(2, 2, UNTIL)).await;
    for _ in 0..3 {
        api.record(&simple()).await;
    }
    assert_eq!(api.size(), 9);
    Some(api)
}

/// The receipts of all entries, each good under the key of its size.
async fn receipts(api: &Api, token: &str) -> Vec<String> {
    let mut receipts = Vec::new();
    for index in 0..9 {
        let receipt = api.get(&format!("/v1/records/{index}/receipt"), token).await.expect(200).text().to_owned();
        let bytes = api.ledger.entry(index).await.expect("an entry");
        let proof = Proof::parse(&receipt).expect("a receipt");
        let (by, clerk): (_, Verifier) = match index {
            0..UNTIL => (log_key(), clerk_key().verifier().clone()),
            _ => (log(2), clerk(2).verifier().clone()),
        };
        proof.verify(leaf_hash(bytes.as_bytes()), ORIGIN, by.verifier()).expect("by the key of its size");
        assert!(Entry::parse(bytes.as_bytes()).expect("an entry").is_countersigned_by(&clerk), "{index}");
        receipts.push(receipt);
    }
    receipts
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_stay_what_they_were_after_the_former_key_is_gone() {
    let Some(api) = changed().await else { return };
    let token = api.party_token().await;
    let before = receipts(&api, &token).await;
    // The new key alone, before anything was kept: the old receipts are not to be had, and everything else is.
    let api = api.close().open(new_alone).await;
    api.get("/v1/records/6/receipt", &token).await.problem(503, "try_again");
    api.get("/v1/records/6/bundle", &token).await.expect(200);
    let file = api.folder.path().join("former");
    // Once with both.
    let api = api.close().open(old_and_new).await;
    assert_eq!(receipts(&api, &token).await, before);
    let kept = std::fs::read_to_string(&file).expect("kept");
    assert_eq!(kept.matches("\n\n\u{2014}").count(), 7, "one for each size of the former key: {kept}");
    // From then on without the old one.
    let api = api.close().open(new_alone).await;
    assert_eq!(receipts(&api, &token).await, before);
    api.record(&simple()).await;
    let api = api.close().open(new_alone).await;
    assert_eq!((receipts(&api, &token).await, std::fs::read_to_string(&file).expect("kept")), (before, kept.clone()));

    // What somebody changed in the file is not shown.
    let closed = api.close();
    std::fs::write(&file, kept.replacen("\n3\n", "\n4\n", 1)).expect("written");
    assert!(matches!(closed.try_open(new_alone).await, Err(OpenError::Former(FormerError::File(_)))));
    let line = kept.lines().find(|line| line.starts_with('\u{2014}')).expect("a line").to_owned();
    let forged = line.replace(&line[line.len() - 6..], "AAAA==");
    std::fs::write(&file, kept.replacen(&line, &forged, 1)).expect("written");
    assert!(matches!(closed.try_open(new_alone).await, Err(OpenError::Former(FormerError::File(_)))));
    let root = countersign::hash::Hash::of(b"another history");
    let other = Checkpoint { origin: ORIGIN.into(), size: 1, root }.sign(&log_key()).expect("signs");
    let first = kept.find("\n\n\u{2014}").and_then(|at| kept[at + 2..].find("\n\n").map(|end| at + 2 + end + 2));
    std::fs::write(&file, format!("{other}\n{}", &kept[first.expect("a note")..])).expect("written");
    assert!(matches!(closed.try_open(new_alone).await, Err(OpenError::Former(FormerError::Differs(1)))));
    std::fs::write(&file, kept).expect("written");
    closed.open(new_alone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_the_next_size_is_needed_at_a_start_and_named_where_it_is_missing() {
    let Some(api) = Api::start().await else { return };
    api.record(&change_to(2, 2, UNTIL)).await;
    let closed = api.close();
    // The change is to come: the old keys are enough, and the new ones alone are not.
    drop(closed.try_open(ledger_keys).await.expect("opens"));
    let Err(OpenError::KeyMissing(missing)) = closed.try_open(new_alone).await else { panic!("it opened") };
    assert_eq!((missing.office, missing.size, missing.vkey), ("log", 7, log_key().verifier().to_string()));
    let api = closed.open(ledger_keys).await;
    api.record(&simple()).await;
    // Size 7: everything that the old keys sign is written.
    api.post(&simple()).await.problem(503, "halted");
    let problem = api.post(&simple()).await.problem(503, "halted");
    let said = problem["detail"].as_str().expect("a sentence").to_owned();
    assert!(api.send(Call::get("/readyz")).await.status == 503, "{said}");
    let token = api.party_token().await;
    api.get("/v1/records/6/receipt", &token).await.expect(200);
    let closed = api.close();
    let Err(OpenError::KeyMissing(missing)) = closed.try_open(ledger_keys).await else { panic!("it opened") };
    assert_eq!((missing.office, missing.size), ("log", 8));
    let no_clerk = || LedgerKeys { log: vec![log_key(), log(2)], clerk: vec![clerk_key()] };
    let Err(OpenError::KeyMissing(missing)) = closed.try_open(no_clerk).await else { panic!("it opened") };
    assert_eq!((missing.office, missing.vkey), ("clerk", clerk(2).verifier().to_string()));
    // The newest checkpoint is the old key's: without it, or what it signed, there is nothing to show.
    let opened = closed.try_open(new_alone).await;
    assert!(matches!(opened, Err(OpenError::Former(FormerError::Missing(_)))));
    let api = closed.open(old_and_new).await;
    assert!(Checkpoint::open(api.ledger.now().checkpoint.as_bytes(), ORIGIN, log_key().verifier()).is_ok());
    let closed = api.close(); // it has kept what the former key signed
    let api = closed.open(new_alone).await;
    assert!(Checkpoint::open(api.ledger.now().checkpoint.as_bytes(), ORIGIN, log_key().verifier()).is_ok());
    api.record(&simple()).await;
    assert!(Checkpoint::open(api.ledger.now().checkpoint.as_bytes(), ORIGIN, log(2).verifier()).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_shows_which_key_is_whose_size_and_speaks_with_the_key_in_force() {
    let Some(api) = Api::start().await else { return };
    let api = api.close().open(old_and_new).await;
    let vkey = |key: countersign::note::Signer| key.verifier().to_string();
    let shown = async |api: &Api| api.send(Call::get("/v1/log")).await.expect(200).json();
    let log_1 = shown(&api).await;
    assert_eq!(log_1["log_keys"], json!([{ "vkey": vkey(log_key()), "from_size": 1 }]));
    api.record(&change_to(2, 2, UNTIL)).await;
    let announced = shown(&api).await;
    let keys = |old, new| json!([{ "vkey": old, "from_size": 1, "until_size": 7 }, { "vkey": new, "from_size": 8 }]);
    assert_eq!(announced["log_keys"], keys(vkey(log_key()), vkey(log(2))));
    assert_eq!(announced["clerk_keys"], keys(vkey(clerk_key()), vkey(clerk(2))));
    assert_eq!((&announced["log_vkey"], &announced["trust"]), (&log_1["log_vkey"], &log_1["trust"]));

    let refused = amendment(9, |_| {});
    let turned_away = async |api: &Api, clerk: &Verifier| {
        let problem = api.post(&refused).await.problem(422, "terms_version");
        let note = problem["refusal"].as_str().expect("a note").to_owned();
        TurnedAway::open(note.as_bytes(), clerk).expect("by the clerk of the next entry").0.size
    };
    let token = api.party_token().await;
    let manifest = async |api: &Api, clerk: &Verifier| {
        let note = api.get("/v1/exports/manifest?files=records.csv", &token).await.expect(200).body;
        Manifest::open(&note, clerk).expect("by the clerk of the next entry").head.size
    };
    let policy = async |api: &Api| {
        let text = api.send(Call::get("/v1/log/policy")).await.expect(200).text().to_owned();
        Policy::parse(&text).expect("a policy").logs()[0].key.clone()
    };
    let old = clerk_key().verifier().clone();
    assert_eq!((turned_away(&api, &old).await, manifest(&api, &old).await), (6, 6));
    api.record(&simple()).await; // size 7: the next entry is the new clerk's, and the checkpoint the old key's
    let new = clerk(2).verifier().clone();
    assert_eq!((turned_away(&api, &new).await, manifest(&api, &new).await), (7, 7));
    assert_eq!(
        (policy(&api).await, &shown(&api).await["log_vkey"]),
        (log_key().verifier().clone(), &log_1["log_vkey"])
    );
    api.record(&simple()).await;
    assert_eq!((turned_away(&api, &new).await, manifest(&api, &new).await), (8, 8));
    let after = shown(&api).await;
    assert_eq!((policy(&api).await, &after["log_vkey"]), (log(2).verifier().clone(), &Value::from(vkey(log(2)))));
    assert_eq!((&after["clerk_vkey"], &after["trust"]), (&Value::from(vkey(clerk(2))), &log_1["trust"]));
}
