//! The record of who read what cannot be changed unseen: what the clerk says of it, the links that lead there, and a mirror
//! that keeps both Parties' word on it.

use std::sync::Arc;
use std::time::Duration;

use countersign::api::server::Timers;
use countersign::evidence::accesses::AccessHead;
use countersign::hash::Hash;
use countersign::mirror::accesses::{AccessWatch, WatchError};
use countersign::mirror::origin::Origin;
use countersign::note::Succession;
use countersign::service::accesses::{AccessEvent, Accesses, Action, Outcome};
use countersign::store::cluster::ClusterRole;
use countersign::store::read::{Reader, pool};
use countersign::store::token::{Reading, Token};
use countersign::tlog::chain::ChainHead;
use countersign::treaty::party::Party;
use countersign::treaty::time::Instant;

use super::attacks::forge::{REMAKE, behind};
use super::support::http::{Api, Call};
use super::support::ledger::{ORIGIN, clerk_key};
use super::support::mirror::{Copied, From, Place};
use super::support::program::{Folder, run};
use super::support::stock::Stock;

/// Everything that may be done at once without a place in the chain being taken twice.
const READERS: usize = 8;
const READINGS: usize = 40;

fn clerks() -> Succession {
    Succession::of(clerk_key().verifier().clone())
}

/// What the clerk says, of so many events.
async fn said(api: &Api, token: &str, count: Option<u64>) -> AccessHead {
    let path = count.map_or("/v1/log/accesses".to_owned(), |count| format!("/v1/log/accesses?count={count}"));
    let note = api.get(&path, token).await.expect(200).body;
    AccessHead::open(&note, ORIGIN, &clerks()).expect("a statement of the clerk")
}

/// Where the links lead that are after a place.
async fn follow(api: &Api, token: &str, from: ChainHead, to: u64) -> ChainHead {
    let links = api.get(&format!("/v1/log/accesses/links?after={}", from.count), token).await.expect(200);
    let links = links.text().lines().map(|line| Hash::from_base64(line).expect("a hash")).collect::<Vec<_>>();
    links.into_iter().take(usize::try_from(to - from.count).expect("few")).fold(from, |head, link| head.after(link))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_clerk_says_of_the_record_is_where_its_links_lead_and_stays_so() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    let first = said(api, &stock.us, None).await;
    assert_eq!(first.head.count, 3, "three tokens were made; that somebody asked is recorded with the answer");
    assert_eq!(follow(api, &stock.us, ChainHead::default(), 3).await, first.head);
    for path in ["/v1/records/6", "/v1/records?limit=2", "/v1/records/99"] {
        api.get(path, &stock.auditor).await;
    }
    let second = said(api, &stock.auditor, None).await;
    assert_eq!(second.head.count, 3 + 2 + 3, "every reading, and what was not found");
    assert_eq!(follow(api, &stock.us, first.head, 8).await, second.head);
    assert_eq!(said(api, &stock.us, Some(3)).await.head, first.head, "it says the same of what it said before");
    assert_eq!(said(api, &stock.us, Some(0)).await.head, ChainHead::default());
    api.get("/v1/log/accesses?count=99", &stock.us).await.problem(404, "not_found");
    assert_eq!(api.get("/v1/log/accesses/links?after=99", &stock.us).await.expect(200).text(), "");
    // It is for those who read everything.
    for path in ["/v1/log/accesses", "/v1/log/accesses/links"] {
        api.get(path, &stock.ro).await.problem(404, "not_found");
        api.send(Call::get(path)).await.problem(401, "token_required");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_record_at_once_make_one_chain() {
    let Some(api) = Api::start().await else { return };
    let token = Token {
        hash: Hash::of(b"a token"),
        label: "a reader".into(),
        party: Party::Us,
        role: Reading::Party,
        created_at: String::new(),
        revoked_at: None,
    };
    let mut tasks = Vec::new();
    for reader in 0..READERS {
        // Each is as the server of another process: it has its own connection and its own queue.
        let accesses = Accesses::start(Reader::new(pool(api.database.options(ClusterRole::Runtime), 1)));
        let (token, api_reader) = (token.clone(), api.ledger.reader.clone());
        tasks.push(tokio::spawn(async move {
            for reading in 0..READINGS {
                let (request_id, subject) = (Some(format!("{reader}-{reading}")), format!("/v1/records/{reading}"));
                let (token, action, outcome) = (token.clone(), Action::Read, Outcome::Ok);
                accesses.record(AccessEvent { request_id, token, action, subject, outcome }).await.expect("recorded");
                if reading % 10 == 0 {
                    let (hash, label) =
                        (Hash::of(format!("{reader} {reading}").as_bytes()), format!("{reader}-{reading}"));
                    api_reader.create_token(&hash, &label, Party::Ru, Reading::Auditor).await.expect("made");
                }
            }
        }));
    }
    for task in tasks {
        task.await.expect("no panic");
    }
    let count = u64::try_from(READERS * (READINGS + READINGS / 10)).expect("few");
    let head = api.ledger.reader.chain_at(None).await.expect("an answer").expect("a chain");
    assert_eq!(head.count, count);
    let links = api.ledger.reader.links_after(0).await.expect("links");
    assert_eq!(links.into_iter().fold(ChainHead::default(), ChainHead::after), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_that_hashes_the_columns_finds_the_same_chain() {
    let Some(stock) = Stock::new(true).await else { return };
    stock.api.get("/v1/records/6", &stock.us).await.expect(200);
    let before = stock.api.ledger.reader.chain_at(None).await.expect("an answer");
    // Postgres computes the whole chain anew, by the formula of the documentation.
    stock
        .api
        .database
        .sabotage(&behind(&format!(
            "UPDATE countersign.access_event SET chain = pg_catalog.sha256('') WHERE place IS NOT NULL; {REMAKE}"
        )))
        .await;
    assert_eq!(stock.api.ledger.reader.chain_at(None).await.expect("an answer"), before);
}

/// A ledger on a port, its stock, and a mirror of it.
async fn mirrored(place: &Place) -> Option<(Stock, super::support::http::Listening, Copied)> {
    let stock = Stock::new(true).await?;
    let listening = stock.api.listen(Timers::default()).await;
    let (url, terms) = (format!("http://{}", listening.address), stock.api.ledger.trust.terms);
    let from = From { url, token: stock.us.clone(), terms };
    let copied = Copied::start(place, &from, &stock.api.clock, "US").await;
    Some((stock, listening, copied))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_finds_that_events_of_reading_were_removed_and_keeps_the_proof() {
    let Some(place) = Place::new().await else { return };
    let Some((stock, _listening, copied)) = mirrored(&place).await else { return };
    let first = copied.mirror.watch_accesses().await.expect("nothing was held");
    stock.api.get("/v1/records/6", &stock.auditor).await.expect(200);
    let second = copied.mirror.watch_accesses().await.expect("it only grew");
    assert!(second > first + 1, "{first} and {second}");
    assert_eq!(place.evidence(), Vec::<String>::new());
    assert_eq!(copied.send(Call::get("/readyz")).await.expect(200).text(), "ready\n");
    // Somebody removes one reading, and makes everything after it anew.
    let remove =
        |subject: &str| behind(&format!("DELETE FROM countersign.access_event WHERE subject = '{subject}'; {REMAKE}"));
    stock.api.database.sabotage(&remove("/v1/records/6")).await;
    stock.api.get("/v1/records/7", &stock.us).await.expect(200); // the ledger goes on from there
    let found = copied.mirror.watch_accesses().await.expect_err("it is another record");
    assert!(matches!(found, WatchError::Contradicts(count) if count == second), "{found}");
    let ready = copied.send(Call::get("/readyz")).await.expect(200).text().to_owned();
    assert!(ready.starts_with(&format!("ready\nthe clerk signed two records of {second} accesses")), "{ready}");
    copied.mirror.look().await.expect("the log is followed all the same");
    let [held, shown] = &place.evidence()[..] else { panic!("{:?}", place.evidence()) };
    assert!(held.ends_with(&format!("-{second}.held")) && shown.ends_with(".shown"), "{held} {shown}");
    // A third person needs nothing but the two files.
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).display().to_string();
    std::fs::write(path("trust"), stock.api.ledger.trust.to_string()).expect("written");
    std::fs::write(path("terms"), &stock.entries().await[0]).expect("written");
    let evidence = |name: &String| place.folder.path().join("evidence").join(name).display().to_string();
    let (held, shown) = (evidence(held), evidence(shown));
    let judge = |files: &[&str]| {
        let (trust, terms) = (path("trust"), path("terms"));
        let judged = run(&[&["judge", "--json", "--trust", &trust, "--terms", &terms], files].concat());
        let said: serde_json::Value = serde_json::from_slice(&judged.stdout).expect("a judgement");
        (judged.status.code(), said["finding"].as_str().expect("a word").to_owned())
    };
    assert_eq!(judge(&[&held, &shown]), (Some(1), "accesses_changed".into()));
    assert_eq!(judge(&[&held]), (Some(0), "consistent".into()));
    let altered = std::fs::read_to_string(&shown).expect("readable").replacen(ORIGIN, "other.example/x", 1);
    std::fs::write(path("altered"), altered).expect("written");
    assert_eq!(judge(&[&held, &path("altered")]), (Some(0), "consistent".into()), "what the clerk did not sign");
    assert_eq!(judge(&[&path("altered")]), (Some(2), "nothing_signed".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_finds_that_the_newest_events_of_reading_are_gone() {
    let Some(place) = Place::new().await else { return };
    let Some((stock, _listening, copied)) = mirrored(&place).await else { return };
    for _ in 0..5 {
        stock.api.get("/v1/records/6", &stock.auditor).await.expect(200);
    }
    let held = copied.mirror.watch_accesses().await.expect("nothing was held");
    let remove = "DELETE FROM countersign.access_event WHERE subject = '/v1/records/6'";
    stock.api.database.sabotage(&behind(&format!("{remove}; {REMAKE}"))).await;
    let found = copied.mirror.watch_accesses().await.expect_err("there were more");
    assert!(matches!(found, WatchError::WentBack { held: before, said } if before == held && said < held), "{found}");
    assert_eq!(place.evidence().len(), 2);
    let ready = copied.send(Call::get("/readyz")).await.expect(200).text().to_owned();
    assert!(ready.starts_with("ready\nthe origin has a record of "), "{ready}");
    // As the ledger goes on, it comes to the number that its clerk had signed, with other events: that is the proof.
    for _ in 0..held {
        stock.api.get("/v1/records/7", &stock.us).await.expect(200);
    }
    let found = copied.mirror.watch_accesses().await.expect_err("they are others");
    assert!(matches!(found, WatchError::Contradicts(count) if count == held), "{found}");
    // Whoever knows why moves the file away; from then on the mirror holds what there is.
    std::fs::remove_file(place.folder.path().join("accesses")).expect("removed");
    copied.mirror.watch_accesses().await.expect("it begins anew");
    assert_eq!(copied.send(Call::get("/readyz")).await.expect(200).text(), "ready\n");
    std::fs::write(place.folder.path().join("accesses"), "something else").expect("written");
    let found = copied.mirror.watch_accesses().await.expect_err("that is nothing");
    assert!(matches!(found, WatchError::Held { .. }), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_accuses_itself_of_nothing_whatever_it_is_asked_and_however_its_clock_goes() {
    let Some(place) = Place::new().await else { return };
    let Some((stock, _listening, copied)) = mirrored(&place).await else { return };
    let first = said(&stock.api, &stock.us, None).await;
    copied.mirror.watch_accesses().await.expect("nothing was held");
    let (mut all, clock) = (vec![first], &stock.api.clock);
    for (seconds, count) in [(60, None), (60, Some(1)), (-300, None), (0, Some(0)), (600, Some(3))] {
        clock.set(Instant::from_seconds(clock.now().seconds() + seconds).expect("a time"));
        all.push(said(&stock.api, &stock.us, count).await);
        copied.mirror.watch_accesses().await.expect("it only grows");
    }
    for one in &all {
        assert!(all.iter().all(|other| !one.contradicts(other)), "{one:?} and another of {all:?}");
    }
    assert_eq!(place.evidence(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_lead_nowhere_show_nothing_and_are_asked_for_again() {
    let Some(place) = Place::new().await else { return };
    let Some((stock, _listening, copied)) = mirrored(&place).await else { return };
    let held = copied.mirror.watch_accesses().await.expect("nothing was held");
    stock.api.get("/v1/records/6", &stock.auditor).await.expect(200);
    // An event after what the clerk signed is changed, and nothing else: the clerk still says what it said.
    let change = |to: &str| {
        behind(&format!("UPDATE countersign.access_event SET outcome = '{to}' WHERE subject = '/v1/records/6'"))
    };
    stock.api.database.sabotage(&change("error")).await;
    let found = copied.mirror.watch_accesses().await.expect_err("the links do not fit");
    assert!(matches!(found, WatchError::DoNotAddUp { held: before, .. } if before == held), "{found}");
    assert_eq!(place.evidence(), Vec::<String>::new());
    stock.api.database.sabotage(&change("ok")).await;
    // Where an event has no place, the links end before it.
    let moved =
        |from: u64, to: u64| behind(&format!("UPDATE countersign.access_event SET place = {to} WHERE place = {from}"));
    stock.api.database.sabotage(&moved(held, 9_999)).await;
    assert_eq!(stock.api.ledger.reader.links_after(held).await.expect("links"), [], "the next one is further on");
    let found = copied.mirror.watch_accesses().await.expect_err("a link is missing");
    assert!(matches!(found, WatchError::DoNotAddUp { held: before, .. } if before == held), "{found}");
    let newer = "DELETE FROM countersign.access_event WHERE place > 9999";
    stock.api.database.sabotage(&behind(newer)).await;
    stock.api.database.sabotage(&moved(9_999, held)).await;
    assert!(copied.mirror.watch_accesses().await.expect("as it was") > held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_watches_by_itself_and_goes_on_where_nobody_says_anything() {
    let Some(place) = Place::new().await else { return };
    let Some((_stock, listening, copied)) = mirrored(&place).await else { return };
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let following = tokio::spawn(Arc::clone(&copied.mirror).follow(Duration::from_millis(20), stopped));
    let file = place.folder.path().join("accesses");
    for _ in 0..500 {
        if file.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let note = std::fs::read(&file).expect("kept");
    AccessHead::open(&note, ORIGIN, &clerks()).expect("what the clerk signed");
    stop.send(true).expect("running");
    following.await.expect("it ends");
    listening.stop.send(true).expect("running");
    listening.task.await.expect("it ends");
    let found = copied.mirror.watch_accesses().await.expect_err("nobody answers");
    assert!(matches!(found, WatchError::Origin(_)), "{found}");
    assert_eq!(std::fs::read(&file).expect("kept"), note);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_over_the_network_follows_heads_and_the_record_of_accesses() {
    let Some(stock) = Stock::new(true).await else { return };
    let listening = stock.api.listen(Timers::default()).await;
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).display().to_string();
    std::fs::write(path("trust"), stock.api.ledger.trust.to_string()).expect("written");
    let held = stock.api.get("/v1/log/accesses", &stock.us).await.expect(200).body;
    std::fs::write(path("held"), held).expect("written");
    let url = format!("http://{}", listening.address);
    let audit = |more: &[&str]| {
        let trust = path("trust");
        let arguments = ["audit", "--url", &url, "--trust", &trust, "--json", "--token", &stock.us];
        let output = tokio::task::block_in_place(|| run(&[&arguments, more].concat()));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
        let checks = report["checks"].as_array().expect("checks").clone();
        let of = move |name: &str| -> Vec<(String, String)> {
            let one = |check: &serde_json::Value| {
                let word = |member: &str| check[member].as_str().expect("a word").to_owned();
                (word("result"), word("code"))
            };
            checks.iter().filter(|check| check["check"] == name).map(one).collect()
        };
        (output.status.code(), of("heads"), of("accesses"))
    };
    let pair = |result: &str, code: &str| (result.to_owned(), code.to_owned());
    let good = || pair("pass", "events_agree");
    let heads = vec![pair("pass", "heads_agree")];
    assert_eq!(audit(&[]), (Some(0), heads.clone(), vec![good(), good()]), "its own word, and the whole");
    assert_eq!(audit(&["--accesses", &path("held")]), (Some(0), heads.clone(), vec![good(), good(), good()]));
    stock
        .api
        .database
        .sabotage(&behind(&format!("DELETE FROM countersign.access_event WHERE place = 1; {REMAKE}")))
        .await;
    assert_eq!(audit(&[]).0, Some(0), "whoever holds nothing finds nothing");
    let (code, _, found) = audit(&["--accesses", &path("held")]);
    assert_eq!((code, found), (Some(1), vec![pair("fail", "events_differ"), good()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_that_stops_before_the_events_of_reading_says_nothing_of_them() {
    let Some(stock) = Stock::new(true).await else { return };
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).display().to_string();
    std::fs::write(path("trust"), stock.api.ledger.trust.to_string()).expect("written");
    let held = stock.api.get("/v1/log/accesses", &stock.us).await.expect(200).body;
    std::fs::write(path("held"), held).expect("written");
    let junk = "INSERT INTO countersign.access_event (action, subject, outcome) \
        SELECT 'submit', 'nothing', 'recorded' FROM pg_catalog.generate_series(1, 5000)";
    stock.api.database.sabotage(junk).await;
    let options = stock.api.database.options(ClusterRole::Runtime);
    let socket = options.get_socket().expect("a socket").display().to_string();
    let name = options.get_database().expect("a name").to_owned();
    let url = format!("postgres://countersign_runtime@localhost/{name}?host={socket}");
    let (trust, held) = (path("trust"), path("held"));
    let arguments = ["audit", "--database-url", &url, "--trust", &trust, "--accesses", &held, "--json"];
    let output = tokio::task::block_in_place(|| run(&arguments));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
    let checks = report["checks"].as_array().expect("checks");
    let of = |name: &str| -> Vec<(&str, &str)> {
        let of_name = checks.iter().filter(|check| check["check"] == name);
        of_name
            .map(|check| (check["result"].as_str().expect("a word"), check["code"].as_str().expect("a code")))
            .collect()
    };
    assert!(of("sent").contains(&("fail", "event_of_nothing")), "{report:#}");
    assert_eq!(of("accesses"), [("could_not_check", "not_reached")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_was_away_for_long_comes_nearer_with_each_look_and_finds_what_was_removed_meanwhile() {
    let Some(place) = Place::new().await else { return };
    let Some((stock, listening, _copied)) = mirrored(&place).await else { return };
    let origin = Origin::new(&format!("http://{}", listening.address), &stock.us);
    let watch = AccessWatch::new(origin, ORIGIN, &place.folder.path().join("evidence")).by(4);
    let kept = || {
        let note = std::fs::read(place.folder.path().join("accesses")).expect("kept");
        AccessHead::open(&note, ORIGIN, &clerks()).expect("what the clerk signed").head.count
    };
    let held = watch.look(&clerks()).await.expect("nothing was held");
    for _ in 0..20 {
        stock.api.get("/v1/records/6", &stock.auditor).await.expect(200);
    }
    for step in 1..=3 {
        let newest = watch.look(&clerks()).await.expect("it only grows");
        assert!(newest > kept(), "{newest}");
        assert_eq!(kept(), held + 4 * step);
    }
    stock
        .api
        .database
        .sabotage(&behind(&format!("DELETE FROM countersign.access_event WHERE place = 1; {REMAKE}")))
        .await;
    let found = watch.look(&clerks()).await.expect_err("it is another record");
    assert!(matches!(found, WatchError::Contradicts(count) if count == held + 12), "{found}");
}
