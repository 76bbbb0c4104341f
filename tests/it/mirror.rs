//! A mirror of an honest ledger: it catches up, follows, cosigns, serves its own copy, and goes on after a kill.

use std::time::Duration;

use countersign::api::server::Timers;
use countersign::service::clock::Clock;
use countersign::tlog::witness::write_request;

use super::support::http::{Api, Call, now};
use super::support::ledger::designation;
use super::support::mirror::{Copied, From, Place, open};
use super::support::operator::Operator;

/// An honest ledger on a port, and how to follow it.
async fn ledger() -> Option<(Api, super::support::http::Listening, From)> {
    let api = Api::start().await?;
    let listening = api.listen(Timers::default()).await;
    let from = From {
        url: format!("http://{}", listening.address),
        token: api.party_token().await,
        terms: api.ledger.trust.terms,
    };
    Some((api, listening, from))
}

/// A request for the newest checkpoint of a ledger, and that checkpoint.
fn request(api: &Api, old: u64) -> (String, String) {
    let published = api.ledger.now();
    let proof = published.replica.tree().prove_consistency(old, published.size()).expect("sizes in order");
    (write_request(old, &proof, &published.checkpoint), published.checkpoint.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mirrors_of_both_parties_catch_up_follow_and_cosign_what_they_judged() {
    let Some((api, _listening, from)) = ledger().await else { return };
    for state in ["US", "RU"] {
        let Some(place) = Place::new().await else { return };
        let mirror = Copied::start(&place, &from, &api.clock, state).await;
        assert_eq!(mirror.size(), api.size());
        let (asked, checkpoint) = request(&api, 0);
        let time = mirror.cosigned(&checkpoint, &mirror.ask(asked).await);
        assert_eq!(i64::try_from(time), Ok(now().seconds()));
        // What it does not hold yet, it fetches before it answers.
        let held = api.size();
        api.record(&designation("US/centre/1")).await;
        assert_eq!(mirror.size(), held);
        let (asked, checkpoint) = request(&api, held);
        mirror.cosigned(&checkpoint, &mirror.ask(asked.clone()).await);
        assert_eq!(mirror.size(), held + 1);
        assert_eq!(mirror.ask(asked).await, (409, format!("{}\n", held + 1)), "it remembers");
        assert_eq!(place.evidence(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_serves_its_own_copy_with_its_own_tokens_also_when_the_origin_is_gone() {
    let Some((api, listening, from)) = ledger().await else { return };
    let Some(place) = Place::new().await else { return };
    let mirror = Copied::start(&place, &from, &api.clock, "US").await;
    let size = api.size();
    let paths =
        ["/checkpoint", "/tile/0/000.p/5", "/tile/entries/000.p/5", "/v1/records", "/v1/records/3/note", "/v1/terms"];
    let mut said = Vec::new();
    for path in paths {
        said.push(api.get(path, &from.token).await.expect(200).body);
    }
    let receipt = api.get("/v1/records/4/receipt", &from.token).await.expect(200).body;
    listening.stop.send(true).expect("running");
    listening.task.await.expect("it ends");
    drop(mirror);
    let mirror = Copied::start(&place, &from, &api.clock, "US").await;
    assert_eq!(mirror.size(), size, "what it holds is there after a start without its origin");
    let token = mirror.token("US").await;
    for (path, said) in paths.into_iter().zip(said) {
        assert_eq!(mirror.send(Call::get(path).token(&token)).await.expect(200).body, said, "{path}");
    }
    assert_eq!(mirror.send(Call::get("/v1/records/4/receipt").token(&token)).await.expect(200).body, receipt);
    mirror.send(Call::get("/v1/records").token(&from.token)).await.problem(401, "token_required");
    let ready = mirror.send(Call::get("/readyz")).await.expect(200);
    assert!(ready.text().starts_with("ready\nthe origin is not followed now: "), "{}", ready.text());
    // It cosigns nothing while it cannot know what it does not hold.
    let (asked, _) = request(&api, 0);
    let (status, why) = mirror.ask(asked).await;
    assert_eq!((status, why.as_str()), (503, "not now: the origin does not answer this mirror\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_is_killed_in_the_middle_goes_on_from_where_it_was() {
    let Some(place) = Place::new().await else { return };
    let operator = Operator::start(now()).await;
    while operator.size() < 2_100 {
        operator.append(&designation("US/centre/1"), now());
    }
    operator.break_from(Some(2_048));
    let (from, clock) = (From::operator(&operator), Clock::scripted(now()));
    let mut follower = open(&place, &from, &clock).await.expect("a mirror");
    follower.look().await.expect_err("the rest is not to be had");
    assert!(follower.published.is_none(), "half a copy is shown to nobody");
    drop(follower);
    let follower = open(&place, &from, &clock).await.expect("a mirror");
    assert_eq!(follower.replica.tree().size(), 2_048, "what was judged was kept");
    drop(follower);
    operator.break_from(None);
    let mirror = Copied::start(&place, &from, &clock, "US").await;
    assert_eq!(mirror.size(), 2_100);
    mirror.cosigned(&operator.newest(), &mirror.ask_for(&operator.shown(), 0).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_rolled_back_is_filled_up_and_one_that_was_changed_is_not_served() {
    let Some(place) = Place::new().await else { return };
    let operator = Operator::start(now()).await;
    let (from, clock) = (From::operator(&operator), Clock::scripted(now()));
    drop(Copied::start(&place, &from, &clock, "US").await);
    operator.append(&designation("US/centre/1"), now());
    let mut follower = open(&place, &from, &clock).await.expect("a mirror");
    assert_eq!(follower.look().await.expect("taken up"), 4);
    drop(follower);
    let roll_back = "ALTER TABLE countersign.entry DISABLE TRIGGER USER; ALTER TABLE countersign.tree_head DISABLE TRIGGER USER; \
        ALTER TABLE countersign.head DISABLE TRIGGER USER; DELETE FROM countersign.entry WHERE index = 3; \
        DELETE FROM countersign.tree_head WHERE size = 4; \
        UPDATE countersign.head SET (size, root) = (SELECT size, root FROM countersign.tree_head WHERE size = 3)";
    place.database.sabotage(roll_back).await;
    operator.append(&designation("US/centre/1"), now());
    let mirror = Copied::start(&place, &from, &clock, "US").await;
    assert_eq!(mirror.size(), 5);
    let sizes: Vec<u64> = mirror.mirror.published.load().sizes().iter().copied().collect();
    assert_eq!(sizes, [3, 4, 5], "receipts stand on the checkpoints that they stood on");
    drop(mirror);
    let change = "UPDATE countersign.entry SET note = note || 'x' WHERE index = 4";
    place.database.sabotage(change).await;
    assert!(open(&place, &from, &clock).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_follows_by_itself_until_it_is_told_to_stop() {
    let Some((api, _listening, from)) = ledger().await else { return };
    let Some(place) = Place::new().await else { return };
    let copied = Copied::start(&place, &from, &api.clock, "RU").await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let following = tokio::spawn(std::sync::Arc::clone(&copied.mirror).follow(Duration::from_millis(20), stopped));
    for _ in 0..3 {
        api.record(&designation("US/centre/1")).await;
        for _ in 0..500 {
            if copied.size() == api.size() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(copied.size(), api.size());
    }
    stop.send(true).expect("it follows");
    following.await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_take_what_was_judged_is_asked_again() {
    let Some(place) = Place::new().await else { return };
    let operator = Operator::start(now()).await;
    let (from, clock) = (From::operator(&operator), Clock::scripted(now()));
    let mirror = Copied::start(&place, &from, &clock, "US").await;
    operator.append(&designation("US/centre/1"), now());
    place.database.sabotage("REVOKE INSERT ON countersign.entry FROM countersign_runtime").await;
    for _ in 0..2 {
        mirror.look().await.expect_err("nothing is written");
        assert_eq!(mirror.size(), 3, "and nothing is shown");
    }
    let (status, why) = mirror.ask_for(&operator.shown(), 0).await;
    assert!(status == 503 && why.contains("holds 3 entries"), "{status} {why}");
    place.database.sabotage("GRANT INSERT ON countersign.entry TO countersign_runtime").await;
    operator.append(&designation("US/centre/1"), now());
    assert_eq!(mirror.look().await.expect("taken up"), 5);
    mirror.cosigned(&operator.newest(), &mirror.ask_for(&operator.shown(), 0).await);
    drop(mirror);
    let mirror = Copied::start(&place, &from, &clock, "US").await;
    let sizes: Vec<u64> = mirror.mirror.published.load().sizes().iter().copied().collect();
    assert_eq!(sizes, [3, 4, 5], "each checkpoint stands in the file once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_hand_wrote_into_the_database_is_judged_like_everything_else() {
    let (Some(place), Some(other)) = (Place::new().await, Place::new().await) else { return };
    let operator = Operator::start(now()).await;
    let (from, clock) = (From::operator(&operator), Clock::scripted(now()));
    let mirror = Copied::start(&place, &from, &clock, "US").await;
    let place = Place { folder: other.folder, ..place };
    let mut second = open(&place, &from, &clock).await.expect("a second mirror over the same database");
    operator.append(&designation("US/centre/1"), now());
    assert_eq!(second.look().await.expect("taken up"), 4);
    assert_eq!(mirror.look().await.expect("found in the database"), 4);
    mirror.cosigned(&operator.newest(), &mirror.ask_for(&operator.shown(), 0).await);
}
