//! The second window: what the operator does not take in is kept by the mirror, and both sides can show it.

use std::sync::Arc;
use std::time::Duration;

use countersign::api::server::Timers;
use countersign::hash::Hash;
use countersign::service::clock::Clock;
use countersign::service::window::Window;
use countersign::treaty::lodged::Lodged;
use countersign::treaty::record::Kind;

use super::support::http::{Api, Call, now};
use super::support::ledger::{designation, draft, key, registration, signed};
use super::support::mirror::{Copied, From, Place};
use super::support::operator::Operator;
use super::support::records::digest;

fn open(word: &str) -> Lodged {
    Lodged::open(word.as_bytes(), key("US/window/1").verifier()).expect("the window's word")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_ignores_is_lodged_listed_and_shown_also_after_a_new_start() {
    let Some(place) = Place::new().await else { return };
    let operator = Operator::start(now()).await; // it has no address for records
    let (from, clock) = (From::operator(&operator), Clock::scripted(now()));
    let mirror = Copied::start(&place, &from, &clock, "US").await;
    let note = designation("US/centre/1");
    let word = mirror.send(Call::note(&note)).await.expect(202);
    assert_eq!(word.header("content-type"), "text/plain; charset=utf-8");
    let said = open(word.text());
    assert_eq!((said.digest, said.note, said.at, said.size), (digest(&note), Hash::of(note.as_bytes()), now(), 3));
    clock.set(countersign::treaty::time::Instant::from_seconds(now().seconds() + 60).expect("a time"));
    assert_eq!(mirror.send(Call::note(&note)).await.expect(202).body, word.body, "the first word stays");
    drop(mirror);
    let mirror = Copied::start(&place, &from, &clock, "US").await;
    let (us, pl) = (mirror.token("US").await, mirror.token("PL").await);
    let list = mirror.send(Call::get("/v1/lodged").token(&us)).await.expect(200).json();
    assert_eq!(list["data"].as_array().expect("a list").len(), 1, "{list}");
    assert_eq!(list["data"][0]["digest"], digest(&note).to_string());
    assert_eq!(list["data"][0]["lodged"], word.text());
    mirror.send(Call::get("/v1/lodged").token(&pl)).await.problem(404, "not_found");
    mirror.send(Call::get("/v1/lodged")).await.problem(401, "token_required");
    // Once it is an entry, it is answered as the ledger does, and is open no more.
    operator.append(&note, now());
    mirror.look().await.expect("taken up");
    let answer = mirror.send(Call::note(&note)).await.expect(200).json();
    assert!(answer["receipt"].as_str().expect("a receipt").starts_with("c2sp.org/tlog-proof@v1\n"));
    let list = mirror.send(Call::get("/v1/lodged").token(&us)).await.expect(200).json();
    assert_eq!(list["data"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lodged_is_brought_to_the_ledger() {
    let Some(api) = Api::start().await else { return };
    let listening = api.listen(Timers::default()).await;
    let (url, token) = (format!("http://{}", listening.address), api.party_token().await);
    let from = From { url, token, terms: api.ledger.trust.terms };
    let Some(place) = Place::new().await else { return };
    let mirror = Copied::start(&place, &from, &api.clock, "US").await;
    let bringing = tokio::spawn(Window::bring(Arc::downgrade(&mirror.window), Arc::clone(&mirror.mirror.published)));
    let (size, note) = (api.size(), designation("US/centre/1"));
    mirror.send(Call::note(&note)).await.expect(202);
    for _ in 0..500 {
        if api.size() > size {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(api.size(), size + 1);
    mirror.look().await.expect("taken up");
    mirror.send(Call::note(&note)).await.expect(200);
    bringing.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_fill_a_window_with_what_nobody_signed() {
    let Some(place) = Place::new().await else { return };
    let operator = Operator::start(now()).await;
    let mirror = Copied::start(&place, &From::operator(&operator), &Clock::scripted(now()), "US").await;
    let stranger = designation("US/centre/9");
    mirror.send(Call::note(&stranger)).await.problem(422, "key_unknown");
    let good = designation("US/centre/1");
    let bad = good.replace("\"accuracy_m\": 1", "\"accuracy_m\": 2");
    assert_ne!(good, bad);
    mirror.send(Call::note(&bad)).await.problem(422, "signature_invalid");
    mirror.send(Call::note("nothing")).await.expect(400);
    // Whoever brings all keys along is a stranger, too.
    let name = "US/leader/09";
    let body = serde_json::json!({ "vkey": key(name).verifier().to_string(), "name": name, "role": "leader" });
    let alone = signed(&draft(Kind::KeyRegistration, &[name], body));
    mirror.send(Call::note(&alone)).await.problem(422, "key_unknown");
    mirror.send(Call::note(&registration("US/leader/07"))).await.expect(202);
    let token = mirror.token("RU").await;
    let list = mirror.send(Call::get("/v1/lodged").token(&token)).await.expect(200).json();
    assert_eq!(list["data"].as_array().expect("a list").len(), 1, "{list}");
}
