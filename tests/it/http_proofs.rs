//! Checkpoint, proofs and tiles: what any program that knows transparency logs can check.

use countersign::hash::Hash;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::leaf_hash;
use countersign::tlog::tiles::{TilePath, decode_bundle, hash_tile};
use countersign::tlog::verify::{verify_consistency, verify_inclusion};
use serde_json::Value;

use super::support::http::{Call, errors};
use super::support::ledger::{ORIGIN, log_key};
use super::support::records::simple;
use super::support::stock::{ENTRIES, Stock};

fn hash(value: &Value) -> Hash {
    Hash::from_base64(value.as_str().expect("base64")).expect("a hash")
}

fn hashes(value: &Value) -> Vec<Hash> {
    value["hashes"].as_array().expect("hashes").iter().map(hash).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_is_proved_in_every_size_and_every_size_in_every_later_one() {
    let Some(stock) = Stock::new(true).await else { return };
    let now = stock.api.ledger.now();
    let tree = now.replica.tree();
    let leaves: Vec<Hash> = stock.entries().await.iter().map(|entry| leaf_hash(entry.as_bytes())).collect();
    let root = |size: u64| tree.root_at(size).expect("a root");
    for size in 1..=ENTRIES {
        for (index, leaf) in (0..size).zip(&leaves) {
            let path = format!("/v1/log/proofs/inclusion/{index}/{size}");
            let proof = stock.api.send(Call::get(&path)).await.expect(200).json();
            let names: Vec<&String> = proof.as_object().expect("an object").keys().collect();
            assert_eq!(names, ["index", "size", "leaf_hash", "root", "hashes"]);
            assert_eq!((&proof["index"], &proof["size"]), (&index.into(), &size.into()));
            assert_eq!((hash(&proof["leaf_hash"]), hash(&proof["root"])), (*leaf, root(size)));
            verify_inclusion(*leaf, index, size, &hashes(&proof), root(size)).expect("included");
        }
    }
    for second in 0..=ENTRIES {
        for first in 0..=second {
            let path = format!("/v1/log/proofs/consistency/{first}/{second}");
            let proof = stock.api.send(Call::get(&path)).await.expect(200).json();
            let names: Vec<&String> = proof.as_object().expect("an object").keys().collect();
            assert_eq!(names, ["first", "second", "first_root", "second_root", "hashes"]);
            assert_eq!((&proof["first"], &proof["second"]), (&first.into(), &second.into()));
            let roots = (hash(&proof["first_root"]), hash(&proof["second_root"]));
            assert_eq!(roots, (root(first), root(second)));
            verify_consistency(first, second, &hashes(&proof), root(first), root(second)).expect("consistent");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_beyond_the_log_has_no_proof() {
    let Some(stock) = Stock::new(true).await else { return };
    let beyond = [
        "inclusion/30/30",
        "inclusion/0/31",
        "inclusion/0/0",
        "inclusion/9/9",
        "inclusion/0/18446744073709551615",
        "inclusion/18446744073709551615/30",
        "inclusion/18446744073709551615/18446744073709551615",
        "consistency/5/4",
        "consistency/0/31",
        "consistency/31/31",
        "consistency/31/30",
        "consistency/18446744073709551615/18446744073709551615",
    ];
    for path in beyond {
        let answer = stock.api.send(Call::get(&format!("/v1/log/proofs/{path}"))).await.expect(422).json();
        assert!(errors(&answer)[0].ends_with(" out_of_range"), "{answer}");
    }
    for path in [
        "inclusion/01/30",
        "inclusion/-1/30",
        "inclusion/1/x",
        "inclusion/1/18446744073709551616",
        "consistency/%20/3",
        "consistency/1/%ff",
    ] {
        stock.api.send(Call::get(&format!("/v1/log/proofs/{path}"))).await.problem(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checkpoint_is_signed_by_the_log_and_grows_with_it() {
    let Some(stock) = Stock::new(true).await else { return };
    let mut sizes = Vec::new();
    for _ in 0..3 {
        let answer = stock.api.send(Call::get("/checkpoint")).await.expect(200);
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-cache");
        let checkpoint = Checkpoint::open(&answer.body, ORIGIN, log_key().verifier()).expect("a checkpoint");
        assert_eq!(checkpoint.root, stock.api.ledger.now().replica.head().root);
        let log = stock.api.send(Call::get("/v1/log")).await.expect(200).json();
        assert_eq!(log["checkpoint"]["note"].as_str(), Some(answer.text()));
        sizes.push(checkpoint.size);
        stock.api.record(&simple()).await;
    }
    assert_eq!(sizes, [ENTRIES, ENTRIES + 1, ENTRIES + 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_hold_the_hashes_and_entries_of_every_published_size() {
    let Some(stock) = Stock::new(true).await else { return };
    let (entries, now) = (stock.entries().await, stock.api.ledger.now());
    for width in 1..=ENTRIES {
        let path = format!("tile/0/000.p/{width}");
        let answer = stock.api.send(Call::get(&format!("/{path}"))).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        let parsed: TilePath = path.parse().expect("a path");
        assert_eq!(
            answer.body,
            hash_tile(now.replica.tree(), width, parsed).expect("a tile"),
            "as it was at that size"
        );
        let answer = stock.api.get(&format!("/tile/entries/000.p/{width}"), &stock.us).await.expect(200);
        let width = u16::try_from(width).expect("a width");
        let held = decode_bundle(&answer.body, width).expect("a bundle");
        let expected: Vec<&[u8]> = entries.iter().take(usize::from(width)).map(String::as_bytes).collect();
        assert_eq!(held, expected);
    }
    // A record that is still on its way is in no tile.
    let mut holder = stock.api.hold().await;
    let (routes, note) = (stock.api.routes.clone(), simple());
    let sender = tokio::spawn(async move { Call::note(&note).send(routes).await });
    stock.api.batch_waits(&mut holder).await;
    stock.api.send(Call::get("/tile/0/000.p/31")).await.problem(404, "not_found");
    stock.api.release(holder).await;
    sender.await.expect("answered").expect(201);
    stock.api.send(Call::get("/tile/0/000.p/31")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_name_no_tile_are_not_found() {
    let Some(stock) = Stock::new(true).await else { return };
    for kind in ["0", "entries"] {
        for rest in [
            "000",
            "000.p/0",
            "000.p/31",
            "000.p/256",
            "000.p/257",
            "000.p/01",
            "000.p/-1",
            "000.p/",
            "000.p",
            "000.p/1/",
            "000.p/1.p/1",
            "00.p/1",
            "0.p/1",
            "0000.p/1",
            "x000/000.p/1",
            "000/000.p/1",
            "001.p/1",
            "x001/000.p/1",
            "999.p/1",
            "x018/x446/x744/x073/x709/x551/615.p/1",
            "x999/x999/x999/x999/x999/x999/x999/999.p/1",
            "..%2f0/000.p/1",
            "%ff",
            "abc",
            " 000.p/1",
        ] {
            let path = format!("/tile/{kind}/{}", rest.replace(' ', "%20"));
            stock.api.get(&path, &stock.us).await.problem(404, "not_found");
        }
    }
    for path in
        ["1/000.p/1", "64/000.p/1", "00/000.p/1", "-1/000.p/1", "256/000.p/1", "Entries/000.p/1", "data/000.p/1", "0"]
    {
        stock.api.get(&format!("/tile/{path}"), &stock.us).await.problem(404, "not_found");
    }
}
