//! Mirrors while the ledger's keys change.

use countersign::api::server::Timers;
use countersign::mirror::follow::LookError;
use countersign::mirror::load::LoadError;
use countersign::note::Signer;
use countersign::service::clock::Clock;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::leaf_hash;
use countersign::tlog::proof::Proof;
use countersign::tlog::witness::write_request;
use countersign::treaty::record::Kind;

use super::served::{UNTIL, changed};
use crate::support::http::{Api, Call, now};
use crate::support::ledger::{ORIGIN, designation, draft, log_key, signed};
use crate::support::mirror::{Copied, From, Place, mirror_key, open};
use crate::support::operator::{Operator, Shown};
use crate::support::records::{designating, simple};
use crate::support::rotation::{change_to, clerk, log, new_alone, old_and_new};

/// How to follow a ledger that listens.
async fn from(api: &Api, address: std::net::SocketAddr) -> From {
    From { url: format!("http://{address}"), token: api.party_token().await, terms: api.ledger.trust.terms }
}

/// Asks a mirror to cosign the newest checkpoint of a ledger.
async fn ask(api: &Api, mirror: &Copied, old: u64) {
    let published = api.ledger.now();
    let proof = published.replica.tree().prove_consistency(old, published.size()).expect("sizes in order");
    let answer = mirror.ask(write_request(old, &proof, &published.checkpoint)).await;
    mirror.cosigned(&published.checkpoint, &answer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_follows_the_change_cosigns_under_both_keys_and_starts_again_after_it() {
    let Some(api) = Api::start().await else { return };
    let api = api.close().open(old_and_new).await;
    let listening = api.listen(Timers::default()).await;
    let (from, Some(place)) = (from(&api, listening.address).await, Place::new().await) else { return };
    let mirror = Copied::start(&place, &from, &api.clock, "US").await;
    ask(&api, &mirror, 0).await;
    api.record(&change_to(2, 2, UNTIL)).await; // 5
    assert_eq!(mirror.look().await.expect("followed"), 6);
    ask(&api, &mirror, 5).await;
    api.record(&simple()).await; // 6, the last of the old keys
    ask(&api, &mirror, 6).await;
    for _ in 0..2 {
        api.record(&simple()).await; // 7 and 8
    }
    // The mirror is asked before it looks: it holds the amendment, so that it knows the key.
    ask(&api, &mirror, 7).await;
    assert_eq!(mirror.size(), 9);
    let receipt = |mirror: &Copied, token: String, index: u64| {
        let call = Call::get(&format!("/v1/records/{index}/receipt")).token(&token);
        let routes = mirror.routes.clone();
        async move { call.send(routes).await.expect(200).text().to_owned() }
    };
    let token = mirror.token("US").await;
    let before: Vec<String> = vec![receipt(&mirror, token.clone(), 4).await, receipt(&mirror, token.clone(), 8).await];
    drop(mirror);
    let mirror = Copied::start(&place, &from, &api.clock, "US").await;
    assert_eq!(mirror.size(), 9);
    let after = vec![receipt(&mirror, token.clone(), 4).await, receipt(&mirror, token, 8).await];
    assert_eq!(after, before);
    api.record(&simple()).await;
    ask(&api, &mirror, 9).await;
    assert_eq!(place.evidence(), Vec::<String>::new());
    listening.stop.send(true).expect("it listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_begins_after_the_change_finds_the_key_in_the_entries() {
    let Some(api) = changed().await else { return };
    let listening = api.listen(Timers::default()).await;
    let (from, Some(place)) = (from(&api, listening.address).await, Place::new().await) else { return };
    let mirror = Copied::start(&place, &from, &api.clock, "RU").await;
    assert_eq!(mirror.size(), 9);
    ask(&api, &mirror, 0).await;
    // So does one that held less than the amendment, and one that lost its database.
    let Some(second) = Place::new().await else { return };
    let follower = open(&second, &from, &api.clock).await.expect("a mirror");
    drop(follower);
    let file = std::fs::read_to_string(place.folder.path().join("checkpoints")).expect("readable");
    // Beside it stands one that the log did not sign, which is noticed when its entries are there.
    let root = api.ledger.now().replica.tree().root_at(7).expect("a size");
    let forged = Checkpoint { origin: ORIGIN.into(), size: 7, root }.sign(&log(2)).expect("signs");
    std::fs::write(second.folder.path().join("checkpoints"), format!("{forged}\n{file}")).expect("written");
    drop(mirror);
    let mirror = Copied::start(&second, &from, &api.clock, "US").await;
    assert_eq!(mirror.size(), 9);
    let sizes: Vec<u64> = mirror.mirror.published.load().sizes().iter().copied().collect();
    assert_eq!(sizes, [9], "size 7 is the former key's to sign");
    ask(&api, &mirror, 0).await;
    // The next start holds the entries, and says that somebody changed the file.
    drop(mirror);
    let opened = open(&second, &from, &api.clock).await;
    assert!(matches!(opened, Err(LoadError::Checkpoints(_))));
    listening.stop.send(true).expect("it listens");
    let api = api.close().open(old_and_new).await.close().open(new_alone).await;
    assert_eq!(api.size(), 9);
}

/// An operator's checkpoint over everything that is shown, by this key.
fn by(shown: &Shown, signer: &Signer) -> String {
    let (size, root) = (shown.tree().size(), shown.tree().root());
    Checkpoint { origin: ORIGIN.into(), size, root }.sign(signer).expect("signs")
}

async fn ask_by(mirror: &Copied, operator: &Operator, old: u64, signer: &Signer) -> (u16, String) {
    let shown = operator.shown();
    let proof = shown.tree().prove_consistency(old, shown.tree().size()).expect("sizes in order");
    mirror.ask(write_request(old, &proof, &by(&shown, signer))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_former_key_is_not_followed_and_not_cosigned_beyond_its_last_size() {
    let Some(place) = Place::new().await else { return };
    let operator = Operator::start(now()).await;
    let from = From::operator(&operator);
    let mirror = Copied::start(&place, &from, &Clock::scripted(now()), "US").await;
    mirror.cosigned(&operator.newest(), &mirror.ask_for(&operator.shown(), 0).await);
    operator.append(&change_to(2, 2, 4), now()); // 3
    mirror.cosigned(&operator.newest(), &mirror.ask_for(&operator.shown(), 3).await);
    operator.append_by(&designation("US/centre/1"), now(), &clerk(2)); // 4: size 5 is the new key's
    // The operator shows it under the key that both Parties have replaced, or under one of his own.
    for signer in [log_key(), log(3)] {
        operator.show(Some(by(&operator.shown(), &signer)));
        let looked = mirror.look().await;
        assert!(matches!(looked, Err(LookError::NotSigned(_))), "{looked:?}");
        assert_eq!((ask_by(&mirror, &operator, 4, &signer).await.0, mirror.size()), (403, 4));
    }
    operator.show(Some(by(&operator.shown(), &log(2))));
    assert_eq!(mirror.look().await.expect("followed"), 5);
    assert_eq!(ask_by(&mirror, &operator, 4, &log_key()).await.0, 403, "it holds the entries, and asks for the key");
    let (status, line) = ask_by(&mirror, &operator, 4, &log(2)).await;
    assert_eq!((status, line.contains(mirror_key("US").verifier().name())), (200, true));
    // The new key signs no size of the old one, not even for what was signed before.
    operator.cut(4);
    operator.show(Some(by(&operator.shown(), &log(2))));
    assert!(matches!(mirror.look().await, Err(LookError::NotSigned(_))));
    assert_eq!(place.evidence(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_forbids_after_the_change_is_kept_with_a_proof_under_the_new_key() {
    let Some(place) = Place::new().await else { return };
    let operator = Operator::start(now()).await;
    let mirror = Copied::start(&place, &From::operator(&operator), &Clock::scripted(now()), "US").await;
    operator.append(&change_to(2, 2, 4), now()); // 3
    let forbidden = signed(&draft(Kind::Designation, &["US/centre/1"], designating("A1", "designate")));
    let index = operator.append_by(&forbidden, now(), &clerk(2)); // 4
    operator.show(Some(by(&operator.shown(), &log(2))));
    // Nothing that is held names the key; the amendment does, and the log's own signature is held against it.
    let looked = mirror.look().await;
    assert!(matches!(&looked, Err(LookError::Stopped(stopped)) if stopped.at == index), "{looked:?}");
    assert_eq!(mirror.size(), 3);
    let kept = place.evidence();
    let proof = kept.iter().find(|name| name.ends_with(".tlog-proof")).expect("kept");
    let read = |name: &str| std::fs::read(place.folder.path().join("evidence").join(name)).expect("readable");
    let entry = read(kept.iter().find(|name| name.ends_with(".entry")).expect("kept"));
    let proof = Proof::parse(std::str::from_utf8(&read(proof)).expect("text")).expect("a proof");
    proof.verify(leaf_hash(&entry), ORIGIN, log(2).verifier()).expect("the log signed it");
}
