//! An operator with the log's and the clerk's keys, and a mirror that does not believe them.

use countersign::note::{KeyKind, Signer};
use countersign::service::clock::Clock;
use countersign::tlog::fork::{Finding, judge};
use countersign::tlog::leaf_hash;
use countersign::tlog::proof::Proof;
use countersign::treaty::record::Kind;
use countersign::treaty::time::Instant;

use super::support::http::{Call, now};
use super::support::ledger::{ORIGIN, designation, draft, log_key, signed};
use super::support::mirror::{Copied, From, Place, mirror_key, open};
use super::support::operator::Operator;
use super::support::records::designating;

/// An operator, a place, and a mirror that has cosigned what there was.
async fn cosigned() -> Option<(Operator, Place, Copied)> {
    let place = Place::new().await?;
    let operator = Operator::start(now()).await;
    let mirror = Copied::start(&place, &From::operator(&operator), &Clock::scripted(now()), "US").await;
    mirror.cosigned(&operator.newest(), &mirror.ask_for(&operator.shown(), 0).await);
    Some((operator, place, mirror))
}

fn after(seconds: i64) -> Instant {
    Instant::from_seconds(now().seconds() + seconds).expect("a time")
}

/// A record that its author signed well and that a rule forbids: the US designates a site that is Russia's to name.
fn forbidden() -> String {
    signed(&draft(Kind::Designation, &["US/centre/1"], designating("A1", "designate")))
}

/// The mirror has stopped at an index for this reason, says so everywhere, and cosigns nothing.
async fn has_stopped(mirror: &Copied, operator: &Operator, code: &str, index: u64) {
    let stopped = mirror.mirror.standing.stopped().expect("it has stopped");
    assert_eq!((stopped.code.as_str(), stopped.at), (code, index));
    let problem = mirror.send(Call::get("/readyz")).await.problem(503, "mirror_stopped");
    let said = problem["detail"].as_str().expect("text");
    assert!(said.contains(&format!("{code} at {index}")), "{said}");
    let (status, why) = mirror.ask_for(&operator.shown(), 3).await;
    assert!(status != 200 && !why.contains(mirror.key.name()), "{status} {why}");
    let size = mirror.size();
    operator.append(&designation("US/centre/1"), now());
    mirror.look().await.expect_err("it follows no further");
    assert_eq!(mirror.size(), size);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_every_signature_allows_and_one_rule_forbids_stops_the_mirror_and_is_kept_with_its_proof() {
    let Some((operator, place, mirror)) = cosigned().await else { return };
    let good = operator.shown();
    operator.append(&designation("US/centre/1"), now());
    let index = operator.append(&forbidden(), now());
    operator.append(&designation("RU/centre/1"), now());
    let (status, why) = mirror.ask_for(&operator.shown(), 3).await;
    assert!(status == 422 && why.contains("role_not_allowed at 4"), "{status} {why}");
    has_stopped(&mirror, &operator, "role_not_allowed", index).await;
    assert_eq!(mirror.ask_for(&good, 3).await.0, 422, "what was good is cosigned no more either");
    let kept = place.evidence();
    assert_eq!(kept.len(), 2, "{kept:?}");
    let read = |end: &str| {
        let name = kept.iter().find(|name| name.ends_with(end)).expect("kept");
        std::fs::read(place.folder.path().join("evidence").join(name)).expect("readable")
    };
    let (entry, proof) = (read(".entry"), read(".tlog-proof"));
    let proof = Proof::parse(std::str::from_utf8(&proof).expect("text")).expect("a proof");
    assert_eq!(proof.index, index);
    proof.verify(leaf_hash(&entry), ORIGIN, log_key().verifier()).expect("the log signed it");
    // A new start finds the same, and what it held before is still served.
    drop(mirror);
    let again = Copied::start(&place, &From::operator(&operator), &Clock::scripted(now()), "US").await;
    assert_eq!(again.size(), 3);
    assert!(again.mirror.standing.stopped().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_another_clerk_countersigned_stops_the_mirror() {
    let Some((operator, _place, mirror)) = cosigned().await else { return };
    let other = Signer::from_seed(&format!("{ORIGIN}/clerk"), KeyKind::Countersign, [7; 32]).expect("a key");
    let index = operator.append_by(&designation("US/centre/1"), now(), &other);
    mirror.look().await.expect_err("it stops");
    has_stopped(&mirror, &operator, "not_countersigned", index).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_goes_back_behind_the_one_before_it_stops_the_mirror() {
    let Some((operator, _place, mirror)) = cosigned().await else { return };
    let index = operator.append(&designation("US/centre/1"), after(-1));
    mirror.look().await.expect_err("it stops");
    has_stopped(&mirror, &operator, "time_went_back", index).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_dated_before_the_last_cosignature_is_never_cosigned() {
    let Some((operator, place, mirror)) = cosigned().await else { return };
    // Nothing happened for an hour; the mirror confirmed that. Then something is said to have happened in it.
    mirror.clock.set(after(3_600));
    mirror.cosigned(&operator.newest(), &mirror.ask_for(&operator.shown(), 3).await);
    operator.append(&designation("US/centre/1"), after(3_539));
    let (status, why) = mirror.ask_for(&operator.shown(), 3).await;
    assert_eq!(status, 422, "{why}");
    assert!(why.starts_with("entry 3 is dated 2026-03-01T12:58:59Z"), "{why}");
    assert_eq!(mirror.size(), 4, "it is held and shown");
    let problem = mirror.send(Call::get("/readyz")).await.problem(503, "not_cosigned");
    assert!(problem["detail"].as_str().expect("text").contains("entry 3 is dated"), "{problem}");
    mirror.clock.set(after(7_200));
    operator.append(&designation("US/centre/1"), after(7_200));
    assert_eq!(mirror.ask_for(&operator.shown(), 3).await.0, 422, "nor with what follows it");
    drop(place);
}

#[tokio::test(flavor = "multi_thread")]
async fn within_a_minute_of_the_last_cosignature_an_entry_may_be_dated_before_it() {
    let Some((operator, _place, mirror)) = cosigned().await else { return };
    mirror.clock.set(after(3_600));
    mirror.cosigned(&operator.newest(), &mirror.ask_for(&operator.shown(), 3).await);
    operator.append(&designation("US/centre/1"), after(3_540));
    mirror.cosigned(&operator.newest(), &mirror.ask_for(&operator.shown(), 3).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_dated_ahead_is_not_cosigned_before_its_time() {
    let Some((operator, _place, mirror)) = cosigned().await else { return };
    operator.append(&designation("US/centre/1"), after(61));
    let (status, why) = mirror.ask_for(&operator.shown(), 3).await;
    assert_eq!(status, 503, "{why}");
    assert!(why.contains("entry 3 is dated"), "{why}");
    mirror.clock.set(after(1));
    mirror.cosigned(&operator.newest(), &mirror.ask_for(&operator.shown(), 3).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_from_which_the_log_has_long_gone_on_is_not_cosigned() {
    let Some((operator, _place, mirror)) = cosigned().await else { return };
    operator.append(&designation("US/centre/1"), after(100));
    let old = operator.shown();
    operator.append(&designation("US/centre/1"), after(100));
    mirror.clock.set(after(161));
    let (status, why) = mirror.ask_for(&old, 3).await;
    assert!(status == 503 && why.contains("bring its newest"), "{status} {why}");
    mirror.cosigned(&operator.newest(), &mirror.ask_for(&operator.shown(), 3).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_history_of_the_same_size_stops_the_mirror_and_is_proved() {
    let Some((operator, place, mirror)) = cosigned().await else { return };
    operator.cut(2);
    operator.append(&designation("US/centre/1"), now());
    mirror.look().await.expect_err("it stops");
    proves_a_fork(&place);
    has_stopped(&mirror, &operator, "forked", 3).await;
}

fn proves_a_fork(place: &Place) {
    let kept = place.evidence();
    let [name] = kept.as_slice() else { panic!("{kept:?}") };
    let text = std::fs::read_to_string(place.folder.path().join("evidence").join(name)).expect("readable");
    let found = judge(&text, ORIGIN, std::slice::from_ref(log_key().verifier())).expect("a file of checkpoints");
    assert_eq!(found, Finding::TwoRoots(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_history_that_is_only_brought_for_a_cosignature_stops_the_mirror_too() {
    let Some((operator, place, mirror)) = cosigned().await else { return };
    let honest = operator.shown();
    operator.cut(2);
    operator.append(&designation("US/centre/1"), now());
    let forked = operator.shown();
    operator.change(|shown| *shown = honest);
    let (status, why) = mirror.ask_for(&forked, 3).await;
    assert_eq!(status, 422, "{why}");
    proves_a_fork(&place);
    assert_eq!(mirror.mirror.standing.stopped().expect("it has stopped").code, "forked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_longer_history_that_does_not_begin_with_what_is_held_is_not_taken_up_and_is_named() {
    let Some((operator, place, mirror)) = cosigned().await else { return };
    let honest = operator.shown();
    operator.cut(2);
    operator.append(&designation("US/centre/1"), now());
    operator.append(&designation("US/centre/1"), now());
    mirror.look().await.expect_err("no proof leads there");
    let kept = place.evidence();
    assert!(kept.len() == 1 && kept[0].starts_with("unproved-"), "{kept:?}");
    mirror.send(Call::get("/readyz")).await.problem(503, "origin_differs");
    let (status, why) = mirror.ask_for(&operator.shown(), 3).await;
    assert!(status == 422 && mirror.size() == 3, "{status} {why}");
    // Whoever stood between the two is gone: a bad proof by itself accused nobody.
    operator.change(|shown| *shown = honest);
    operator.append(&designation("US/centre/1"), now());
    assert_eq!(mirror.look().await.expect("the history that is held"), 4);
    mirror.send(Call::get("/readyz")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_was_rolled_back_is_named_and_followed_again_when_it_is_back() {
    let Some((operator, place, mirror)) = cosigned().await else { return };
    let whole = operator.shown();
    operator.cut(2);
    mirror.look().await.expect_err("there is less");
    mirror.send(Call::get("/readyz")).await.problem(503, "origin_differs");
    assert_eq!(mirror.size(), 3, "the mirror forgets nothing");
    assert_eq!(place.evidence().len(), 1);
    let (status, _) = mirror.ask_for(&operator.shown(), 2).await;
    assert_eq!(status, 409);
    operator.change(|shown| *shown = whole);
    operator.append(&designation("US/centre/1"), now());
    assert_eq!(mirror.look().await.expect("it is back"), 4);
    mirror.send(Call::get("/readyz")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_the_log_did_not_sign_accuse_nobody() {
    let Some((operator, _place, mirror)) = cosigned().await else { return };
    operator.append(&designation("US/centre/1"), now());
    let honest = operator.shown();
    operator.cut(3);
    operator.append(&forbidden(), now());
    // The checkpoint is over the honest entry; the tile holds another.
    operator.show(Some(honest.signed(4)));
    mirror.look().await.expect_err("they do not add up");
    assert!(mirror.mirror.standing.stopped().is_none());
    operator.show(Some(honest.signed(4).replace("— ledger", "— other")));
    mirror.look().await.expect_err("nobody signed it");
    assert!(mirror.mirror.standing.stopped().is_none());
    operator.change(|shown| *shown = honest);
    assert_eq!(mirror.look().await.expect("honest"), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_the_root_of_trust_does_not_name_is_not_mirrored() {
    let Some(place) = Place::new().await else { return };
    let operator = Operator::start(now()).await;
    let other = Operator::start(now()).await;
    let from = From { url: other.url.clone(), ..From::operator(&operator) };
    assert!(open(&place, &from, &Clock::scripted(now())).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_without_its_memory_does_not_start_and_two_do_not_share_it() {
    let Some((_operator, place, mirror)) = cosigned().await else { return };
    let remembers = place.folder.path().join("cosigned");
    assert!(mirror.mirror.cosigner(mirror_key("US"), &remembers, false).is_err(), "it is in use");
    assert!(mirror.mirror.cosigner(mirror_key("US"), &place.folder.path().join("lost"), false).is_err());
    assert!(mirror.mirror.cosigner(mirror_key("US"), &remembers, true).is_err(), "it is there");
}
