//! Posting records: what is answered, how often, and what happens when something comes between.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use countersign::note::clerk::verify_countersignature;
use countersign::note::{Note, Verifier};
use countersign::store::token::Reading;
use countersign::tlog::leaf_hash;
use countersign::tlog::proof::Proof;
use countersign::treaty::record::Kind;
use countersign::treaty::time::Instant;
use serde_json::Value;
use tokio::task::JoinSet;

use super::support::http::{Answer, Api, Call, now};
use super::support::ledger::{ORIGIN, clerk_key, draft, log_key, registration, signed};
use super::support::records::{by, designating, digest, revocation, simple, text_of};

/// The names of an object's members, in order.
fn names(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_record_is_answered_with_a_receipt_that_verifies_offline() {
    let Some(api) = Api::start().await else { return };
    let note = simple();
    let answer = api.post(&note).await.expect(201);
    assert_eq!(answer.header("location"), format!("/v1/records/{}", digest(&note)));
    assert_eq!(answer.header("content-type"), "application/json");
    let json = answer.json();
    assert_eq!(
        names(&json),
        [
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
            "entry",
            "receipt",
        ]
    );
    // The entry is the note and one line more, by the clerk, over the digest and the time.
    let entry = json["entry"].as_str().expect("an entry");
    assert!(entry.starts_with(&note), "{entry}");
    let lines = Note::parse(entry.as_bytes()).expect("a note").lines().to_vec();
    assert_eq!(lines.len(), 2);
    let received = verify_countersignature(clerk_key().verifier(), &lines[1], &digest(&note)).expect("countersigned");
    assert_eq!(received, now().unsigned());
    assert_eq!(json["received_at"], now().to_string());
    // The receipt needs the log's key and nothing else.
    let log = Verifier::parse(&log_key().verifier().to_string()).expect("a key");
    let proof = Proof::parse(json["receipt"].as_str().expect("a receipt")).expect("a proof");
    let checkpoint = proof.verify(leaf_hash(entry.as_bytes()), ORIGIN, &log).expect("a good receipt");
    assert_eq!((proof.index, checkpoint.size), (5, 6));
    assert_eq!(json["index"], 5);
    assert_eq!(json["checkpoint"]["root"], checkpoint.root.to_string());
    assert!(proof.verify(leaf_hash(note.as_bytes()), ORIGIN, &log).is_err(), "the note alone is not the leaf");

    // Later, in a larger log, the same bytes find the same receipt.
    api.record(&simple()).await;
    let again = api.post(&note).await.expect(200).json();
    for member in ["index", "digest", "received_at", "entry", "receipt"] {
        assert_eq!(again[member], json[member], "{member}");
    }
    assert_eq!(api.size(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_senders_of_one_record_get_equal_receipts_and_make_one_entry() {
    let Some(api) = Api::start().await else { return };
    let (note, size) = (simple(), api.size());
    let mut senders = JoinSet::new();
    for i in 0..64 {
        let (call, routes) = (Call::note(&note).from([198, 51, 100, i]), api.routes.clone());
        senders.spawn(async move { call.send(routes).await });
    }
    let answers = senders.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().all(|answer| [200, 201].contains(&answer.status)));
    let receipts: std::collections::BTreeSet<String> =
        answers.iter().map(|answer| answer.json()["receipt"].as_str().expect("a receipt").to_owned()).collect();
    assert_eq!((receipts.len(), api.size()), (1, size + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_taken_once_by_each_author() {
    let Some(api) = Api::start().await else { return };
    let first = draft(Kind::Designation, &["US/centre/1"], designating("B1", "designate"));
    let index = api.record(&signed(&first)).await["index"].as_u64().expect("an index");
    let mut other = first.clone();
    other.body["accuracy_m"] = 501.into();
    let size = api.size();
    let problem = api.post(&signed(&other)).await.problem(409, "id_conflict");
    assert!(problem["detail"].as_str().expect("a detail").contains(&index.to_string()), "{problem}");
    assert_eq!(api.size(), size);
    let mut elsewhere = draft(Kind::Designation, &["RU/centre/1"], designating("A1", "designate"));
    elsewhere.id = first.id;
    api.record(&signed(&elsewhere)).await;
    api.post(&signed(&first)).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_who_leaves_has_recorded_all_the_same() {
    let Some(api) = Api::start().await else { return };
    let (note, size) = (simple(), api.size());
    let mut holder = api.hold().await;
    let (call, routes) = (Call::note(&note), api.routes.clone());
    let sender = tokio::spawn(async move { call.send(routes).await });
    api.batch_waits(&mut holder).await;
    sender.abort();
    assert!(sender.await.expect_err("dropped").is_cancelled());
    assert_eq!(api.size(), size);
    api.release(holder).await;
    let answer = api.post(&note).await.expect(200).json();
    assert_eq!((answer["index"].as_u64(), api.size()), (Some(size), size + 1));
    // Whoever comes next inherits nothing from the one who left.
    api.record(&simple()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_and_a_record_that_arrive_together_leave_the_record_out() {
    let Some(api) = Api::start().await else { return };
    api.record(&registration("US/centre/2")).await;
    let size = api.size();
    let mut holder = api.hold().await;
    let send = |note: String| {
        let routes = api.routes.clone();
        tokio::spawn(async move { Call::note(&note).send(routes).await })
    };
    let before = send(simple());
    api.batch_waits(&mut holder).await;
    let record = send(by("US/centre/2", Kind::Designation, designating("B1", "designate")));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let revoking = send(revocation("US/centre/2"));
    tokio::time::sleep(Duration::from_millis(700)).await;
    api.release(holder).await;
    before.await.expect("answered").expect(201);
    assert_eq!(revoking.await.expect("answered").expect(201).json()["index"], size + 1);
    record.await.expect("answered").problem(422, "key_revoked");
    assert_eq!(api.size(), size + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_turns_senders_away_for_a_moment() {
    let Some(api) = Api::start().await else { return };
    let (note, size) = (simple(), api.size());
    let mut holder = api.hold().await;
    let mut senders = JoinSet::new();
    let send = |senders: &mut JoinSet<Answer>| {
        let (call, routes) = (Call::note(&note), api.routes.clone());
        senders.spawn(async move { call.send(routes).await });
    };
    send(&mut senders);
    api.batch_waits(&mut holder).await;
    for _ in 0..4_200 {
        send(&mut senders);
    }
    // Nobody is answered while the lock is held, but those whom the queue has no room for.
    let mut away = 0;
    while away < 104 {
        let answer = senders.join_next().await.expect("a sender").expect("an answer");
        assert_eq!(answer.header("retry-after"), "1");
        answer.problem(503, "try_again");
        away += 1;
    }
    api.release(holder).await;
    let answers = senders.join_all().await;
    assert!(answers.iter().all(|answer| [200, 201].contains(&answer.status)), "4,097 wait and are answered");
    assert_eq!((answers.len(), api.size()), (4_097, size + 1));
    api.post(&note).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_has_stopped_writing_says_so_and_still_answers() {
    let Some(api) = Api::start().await else { return };
    let (note, token) = (simple(), api.party_token().await);
    let receipt = api.record(&note).await["receipt"].clone();
    let size = api.size();
    api.send(Call::get("/readyz")).await.expect(200);
    api.clock.set(Instant::from_seconds(now().seconds() - 3).expect("a time"));
    for note in [simple(), simple(), note.clone()] {
        let answer = api.post(&note).await;
        assert!(answer.header("retry-after").parse::<u32>().is_ok());
        answer.problem(503, "halted");
    }
    let ready = api.send(Call::get("/readyz")).await;
    assert!(ready.header("retry-after").parse::<u32>().is_ok());
    ready.problem(503, "halted");
    api.send(Call::get("/livez")).await.expect(200);
    api.clock.set(now());
    api.post(&simple()).await.problem(503, "halted");
    let read = api.get(&format!("/v1/records/{}/receipt", digest(&note)), &token).await.expect(200);
    assert_eq!((receipt.as_str(), api.size()), (Some(read.text()), size));
}

/// A body that says nothing about its length.
fn chunked(bytes: Vec<u8>) -> Body {
    let mut chunks: Vec<Bytes> = bytes.chunks(7_001).map(Bytes::copy_from_slice).collect();
    chunks.reverse();
    Body::new(Chunks(chunks))
}

struct Chunks(Vec<Bytes>);

impl axum::body::HttpBody for Chunks {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(self.0.pop().map(|chunk| Ok(hyper::body::Frame::data(chunk))))
    }
}

/// A body that never ends, and counts how often it was asked for more.
struct Endless(Arc<AtomicUsize>);

impl axum::body::HttpBody for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        let asked = self.0.fetch_add(1, Ordering::Relaxed);
        assert!(asked < 10_000, "somebody reads for ever");
        std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(Bytes::from_static(&[b'x'; 4_096])))))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_a_body_that_never_ends() {
    let Some(api) = Api::start().await else { return };
    let prepare = Call::new("POST", "/v1/records/prepare").header("content-type", "application/json");
    for call in [Call::note(""), prepare] {
        let asked = Arc::new(AtomicUsize::new(0));
        let body = Body::new(Endless(Arc::clone(&asked)));
        call.send_body(api.routes.clone(), body).await.problem(413, "too_large");
        assert!(asked.load(Ordering::Relaxed) <= 20, "it stops where the limit is");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_a_length_is_held_to_the_same_limit() {
    let Some(api) = Api::start().await else { return };
    // Free text fills the record up to the last byte that it may have.
    let filled = |total: usize| {
        let mut record = draft(Kind::Designation, &["US/centre/1"], designating("B1", "designate"));
        record.refs = Vec::new();
        for lang in ["en", "ru", "ro", "pl"] {
            record.body["name"][lang] = "\u{1d11e}".repeat(3_750).into();
        }
        let missing = total.checked_sub(signed(&record).len()).expect("room");
        record.body["name"]["pl"] = format!("{}{}", "\u{1d11e}".repeat(3_750), "x".repeat(missing.min(240))).into();
        let missing = total - signed(&record).len();
        record.body["source"] = format!("a map{}", "\u{1d11e}".repeat(missing / 4)).into();
        let missing = total - signed(&record).len();
        record.body["site"] = format!("S-B1{}", "x".repeat(missing)).into();
        signed(&record)
    };
    let (fits, too_large) = (filled(61_440), filled(61_441));
    assert_eq!((fits.len(), too_large.len()), (61_440, 61_441));
    let size = api.size();
    for note in [&too_large, &"x".repeat(200_000)] {
        let call = Call::note("");
        call.clone().send_body(api.routes.clone(), chunked(note.clone().into_bytes())).await.problem(413, "too_large");
        api.post(note).await.problem(413, "too_large");
        call.header("content-length", "61441").send(api.routes.clone()).await.problem(413, "too_large");
    }
    assert_eq!(api.size(), size);
    // What is prepared can be sent once it is signed, or is not prepared.
    for (note, status) in [(&too_large, 413), (&fits, 200)] {
        let object = text_of(note).splitn(3, '\n').nth(2).expect("an object");
        let prepare = Call::new("POST", "/v1/records/prepare").header("content-type", "application/json");
        api.send(prepare.body(object.as_bytes())).await.expect(status);
    }
    Call::note("").send_body(api.routes.clone(), chunked(fits.clone().into_bytes())).await.expect(201);
    api.post(&fits).await.expect(200);
    let token = api.token("US", Reading::Party).await;
    let entry = api.get(&format!("/v1/records/{}/note", digest(&fits)), &token).await.expect(200);
    assert!(entry.text().starts_with(&fits) && entry.body.len() <= 65_535);
}
