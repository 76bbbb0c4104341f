//! The boot gate, branch by branch: a ledger is compared with its second store and with what others hold of it, and
//! writes only if it is the whole ledger.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use countersign::api;
use countersign::api::server::Timers;
use countersign::hash::Hash;
use countersign::note::KeyKind;
use countersign::replica::LedgerKeys;
use countersign::service::clock::Clock;
use countersign::service::cosigned::config::CosigningSettings;
use countersign::service::gate::decide::Missing;
use countersign::service::gate::{GateError, GateSettings, Monitor};
use countersign::service::heads::HeadsError;
use countersign::service::ledger::{Ledger, OpenError, Settings};
use countersign::service::origin::Origin;
use countersign::store::cluster::ClusterRole;
use countersign::tlog::fork::{Finding, judge};

use super::support::http::{Answer, Api, Call, now};
use super::support::ledger::{ORIGIN, clerk_key, designation, key, log_key, registration, terms};
use super::support::mirror::{Copied, From, Place};
use super::support::operator::Operator;
use super::support::postgres::{TestDatabase, database};

/// A ledger's database and data directory.
struct Home {
    database: TestDatabase,
    folder: tempfile::TempDir,
}

/// An open ledger and its routes.
struct Open {
    ledger: Arc<Ledger>,
    routes: Router,
}

impl Home {
    async fn new() -> Option<Home> {
        Some(Home { database: database().await?, folder: tempfile::tempdir().expect("a folder") })
    }

    /// The home of a log of three entries, whose ledger was closed in good order.
    async fn begun() -> Option<Home> {
        let home = Home::new().await?;
        Ledger::create(&home.settings(&[]), terms().as_bytes()).await.expect("a log");
        let open = home.open(&[]).await.expect("a ledger");
        for centre in ["US/centre/1", "RU/centre/1"] {
            open.record(&registration(centre)).await.expect(201);
        }
        open.close().await;
        Some(home)
    }

    fn settings(&self, mirrors: &[&str]) -> Settings {
        let mut gate = GateSettings::new(self.evidence());
        gate.within = Duration::from_millis(1_500);
        gate.mirrors = mirrors.iter().map(|url| Origin::new(url, "cs_none")).collect();
        Settings {
            store: self.database.options(ClusterRole::Runtime),
            heads: self.heads(),
            keys: LedgerKeys::new(log_key(), clerk_key()),
            clock: Clock::scripted(now()),
            gate,
            cosigning: CosigningSettings::with(Vec::new()),
        }
    }

    fn heads(&self) -> std::path::PathBuf {
        self.folder.path().join("heads")
    }

    fn evidence(&self) -> std::path::PathBuf {
        self.folder.path().join("evidence")
    }

    /// Opens the ledger; these are the addresses of its cosigners.
    async fn open(&self, cosigners: &[&str]) -> Result<Open, OpenError> {
        self.open_with(cosigners, &[]).await
    }

    /// The same with mirrors to fill up from.
    async fn open_with(&self, cosigners: &[&str], mirrors: &[&str]) -> Result<Open, OpenError> {
        let cosigners: Vec<Monitor> = (1..).zip(cosigners).map(|(n, url)| cosigner(n, url)).collect();
        let ledger = loop {
            let mut settings = self.settings(mirrors);
            settings.gate.cosigners.clone_from(&cosigners);
            match Ledger::open(settings).await {
                Err(OpenError::Heads(HeadsError::InUse { .. })) => tokio::time::sleep(Duration::from_millis(5)).await,
                other => break other?.0,
            }
        };
        let routes = api::routes(Arc::clone(&ledger), Timers::default());
        Ok(Open { ledger, routes })
    }

    /// Takes the database back to its first entries, as an old backup has them.
    async fn roll_back(&self, size: u64) {
        self.database
            .sabotage(&format!(
                "ALTER TABLE countersign.entry DISABLE TRIGGER USER; ALTER TABLE countersign.tree_head DISABLE TRIGGER USER; \
                 ALTER TABLE countersign.head DISABLE TRIGGER USER; \
                 DELETE FROM countersign.entry WHERE index >= {size}; DELETE FROM countersign.tree_head WHERE size > {size}; \
                 UPDATE countersign.head SET size = {size}, root = COALESCE((SELECT root FROM countersign.tree_head WHERE size = {size}), \
                   pg_catalog.sha256('')); \
                 ALTER TABLE countersign.entry ENABLE ALWAYS TRIGGER entry_is_kept; \
                 ALTER TABLE countersign.entry ENABLE ALWAYS TRIGGER entry_is_not_truncated; \
                 ALTER TABLE countersign.tree_head ENABLE ALWAYS TRIGGER tree_head_is_kept; \
                 ALTER TABLE countersign.tree_head ENABLE ALWAYS TRIGGER tree_head_is_not_truncated; \
                 ALTER TABLE countersign.head ENABLE ALWAYS TRIGGER head_is_one_row; \
                 ALTER TABLE countersign.head ENABLE ALWAYS TRIGGER head_is_not_truncated; \
                 ALTER TABLE countersign.head ENABLE ALWAYS TRIGGER head_moves_forward"
            ))
            .await;
    }

    /// Every entry that the database holds.
    async fn entries(&self) -> Vec<Vec<u8>> {
        sqlx::query_scalar("SELECT note FROM countersign.entry ORDER BY index")
            .fetch_all(&mut self.database.connect(ClusterRole::Superuser).await)
            .await
            .expect("readable")
    }

    /// The sizes of the heads in the database.
    async fn sizes(&self) -> Vec<i64> {
        sqlx::query_scalar("SELECT size FROM countersign.tree_head ORDER BY size")
            .fetch_all(&mut self.database.connect(ClusterRole::Superuser).await)
            .await
            .expect("readable")
    }

    /// A mirror that serves what the database holds now.
    async fn mirrored(&self) -> Operator {
        Operator::of(self.entries().await).await
    }
}

fn cosigner(number: usize, url: &str) -> Monitor {
    Monitor { name: format!("US/mirror/{number}"), url: url.to_owned() }
}

impl Open {
    async fn record(&self, note: &str) -> Answer {
        self.send(Call::note(note)).await
    }

    async fn send(&self, call: Call) -> Answer {
        call.send(self.routes.clone()).await
    }

    fn size(&self) -> u64 {
        self.ledger.now().size()
    }

    fn checkpoint(&self) -> String {
        self.ledger.now().checkpoint.to_string()
    }

    /// Lets it go, and waits until it has.
    async fn close(self) {
        let weak = Arc::downgrade(&self.ledger);
        drop(self);
        while weak.strong_count() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// It takes records.
    async fn writes(&self) {
        self.record(&designation("US/centre/1")).await.expect(201);
        self.send(Call::get("/readyz")).await.expect(200);
    }

    /// It takes none, says what is missing, and answers reads.
    async fn only_reads(&self, from: u64, last: u64) {
        let before = self.size();
        for call in [Call::note(&designation("US/centre/1")), Call::get("/readyz")] {
            let problem = self.send(call).await.problem(503, "read_only");
            let detail = problem["detail"].as_str().expect("words");
            assert!(detail.contains(&format!("entries {from} to {last}")), "{detail}");
            assert!(detail.contains("--restore-from"), "{detail}");
        }
        assert_eq!(self.size(), before);
        self.send(Call::get("/v1/log")).await.expect(200);
        self.send(Call::get("/checkpoint")).await.expect(200);
        let figures = self.send(Call::get("/metrics")).await.expect(200);
        let missing = format!("countersign_missing_entries {}", last + 1 - from);
        assert!(figures.text().contains(&missing) && figures.text().contains("\ncountersign_halted 1\n"), "{missing}");
    }
}

/// A cosigner that answers its latest checkpoint of this log with this status and text, and never slower than told.
async fn shows(status: u16, text: impl Into<String>) -> String {
    let text: String = text.into();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let path = format!("/{}/checkpoint", Hash::of(ORIGIN.as_bytes()).to_hex());
    let status = StatusCode::from_u16(status).expect("a status");
    let routes = Router::new().route(&path, get(move || async move { (status, text) }));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

/// Somebody who accepts a connection and says nothing.
async fn mute() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    url
}

fn files(folder: &Path) -> Vec<String> {
    let Ok(items) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        items.map(|item| item.expect("an item").file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_a_ledger_as_long_as_its_cosigners_know_it_writes() {
    let Some(home) = Home::begun().await else { return };
    let newest = home.mirrored().await.newest();
    let cosigner = shows(200, newest.clone()).await;
    let open = home.open(&[&cosigner, &cosigner]).await.expect("a ledger");
    assert_eq!(open.checkpoint(), newest);
    assert_eq!(*open.ledger.standing, Default::default());
    open.writes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ahead_a_ledger_with_more_than_its_cosigners_know_writes() {
    let Some(home) = Home::begun().await else { return };
    let shown = home.mirrored().await.shown();
    let (old, unknown) = (shows(200, shown.signed(2)).await, shows(404, "").await);
    let open = home.open(&[&old, &unknown]).await.expect("a ledger");
    assert!(open.ledger.standing.silent.is_empty(), "who never cosigned this log is not silent");
    open.writes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_ledger_is_filled_up_from_a_mirror_and_every_receipt_stays_what_it_was() {
    let Some(home) = Home::begun().await else { return };
    let open = home.open(&[]).await.expect("a ledger");
    let mut receipts = Vec::new();
    for _ in 0..4 {
        receipts.push(open.record(&designation("US/centre/1")).await.expect(201).json()["receipt"].clone());
    }
    let newest = open.checkpoint();
    open.close().await;
    let (entries, sizes) = (home.entries().await, home.sizes().await);
    let mirror = home.mirrored().await;
    // Once with the heads of before, and once with a second store as old as the database.
    let heads = std::fs::read_to_string(home.heads()).expect("readable");
    let old: String = heads.split_inclusive('\n').take(3).collect();
    for (second_store, with_heads) in [(&heads, true), (&old, false)] {
        home.roll_back(3).await;
        std::fs::write(home.heads(), second_store).expect("written");
        let open = home.open_with(&[], &[&mirror.url]).await.expect("a ledger");
        assert_eq!((open.size(), open.ledger.standing.healed, open.checkpoint()), (7, 4, newest.clone()));
        assert_eq!(home.entries().await, entries);
        if with_heads {
            assert_eq!(home.sizes().await, sizes);
            for (index, receipt) in (3..).zip(&receipts) {
                let now = open.ledger.now().receipt(index, &open.ledger.seal).expect("a receipt");
                assert_eq!(*receipt, now, "the receipt of entry {index} is another");
            }
        }
        assert_eq!(std::fs::read_to_string(home.heads()).expect("readable").lines().last(), heads.lines().last());
        open.close().await;
    }
    home.open(&[]).await.expect("a ledger").writes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_without_a_mirror_a_ledger_only_reads_and_says_exactly_what_is_missing() {
    let Some(home) = Home::begun().await else { return };
    let newest = home.mirrored().await.newest();
    let heads = std::fs::read_to_string(home.heads()).expect("readable");
    home.roll_back(1).await;
    // Its own second store knows it.
    let open = home.open(&[]).await.expect("a ledger that reads");
    open.only_reads(1, 2).await;
    open.close().await;
    assert_eq!(std::fs::read_to_string(home.heads()).expect("readable"), heads, "nothing was noted");
    // A cosigner knows it, and the second store is as old as the database, or lost.
    let cosigner = shows(200, newest).await;
    let first = heads.lines().next().expect("a line");
    for second_store in [Some(format!("{first}\n")), None] {
        match &second_store {
            Some(text) => std::fs::write(home.heads(), text).expect("written"),
            None => std::fs::remove_file(home.heads()).expect("removed"),
        }
        let open = home.open(&[&mute().await, &cosigner]).await.expect("a ledger that reads");
        open.only_reads(1, 2).await;
        let missing = Missing { from: 1, to: 3, by: "US/mirror/2".into() };
        assert_eq!(open.ledger.standing.missing, Some(missing));
        open.close().await;
        assert_eq!(std::fs::read_to_string(home.heads()).ok(), second_store, "nothing was noted");
    }
    assert_eq!(home.entries().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_whom_the_lost_entries_registered_is_noticed_by_the_cosigner_that_they_named() {
    let Some(home) = Home::begun().await else { return };
    let newest = home.mirrored().await.newest();
    home.roll_back(1).await;
    std::fs::remove_file(home.heads()).expect("removed");
    let mut settings = home.settings(&[]);
    let named = format!("US/mirror/1={}", shows(200, newest).await);
    settings.cosigning = CosigningSettings::with(vec![named.parse().expect("a cosigner")]);
    let (ledger, _) = Ledger::open(settings).await.expect("a ledger that reads");
    assert_eq!(ledger.standing.missing, Some(Missing { from: 1, to: 3, by: "US/mirror/1".into() }));
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_mirror_that_sends_false_entries_heals_nothing() {
    let Some(home) = Home::begun().await else { return };
    let honest = home.mirrored().await;
    let newest = honest.newest();
    let entries = home.entries().await;
    home.roll_back(1).await;
    let other = honest.shown();
    // Every kind of lie about what stands under the checkpoint that the log did sign.
    let swapped = vec![entries[0].clone(), entries[2].clone(), entries[1].clone()];
    let mut altered = entries.clone();
    altered[2].extend_from_slice(b"\n");
    let unsigned: Vec<Vec<u8>> = {
        let forger = Operator::of(entries[..2].to_vec()).await;
        forger.append_by(&registration("RU/centre/1"), now(), &key("ledger.example/other/clerk"));
        forger.entries()
    };
    let fresh = {
        let forger = Operator::of(entries[..2].to_vec()).await;
        forger.append(&designation("US/centre/1"), now());
        forger.entries()
    };
    let changing = Operator::of(entries.clone()).await;
    changing.show(Some(newest.clone()));
    changing.then(fresh.clone());
    home.open_with(&[], &[&changing.url]).await.expect("a ledger that reads").only_reads(1, 2).await;
    assert_eq!(home.entries().await.len(), 1, "what is committed is what was judged");
    for (what, lie) in [("swapped", swapped), ("altered", altered), ("unsigned", unsigned), ("fresh", fresh)] {
        let liar = Operator::of(lie).await;
        liar.show(Some(newest.clone()));
        let open = home.open_with(&[], &[&liar.url]).await.expect("a ledger that reads");
        open.only_reads(1, 2).await;
        open.close().await;
        assert_eq!(home.entries().await.len(), 1, "{what}: something was committed");
    }
    // A mirror of another key's log, one that is empty, one that is gone; the honest one behind them is enough.
    let foreign = Operator::of(entries.clone()).await;
    let checkpoint =
        countersign::tlog::checkpoint::Checkpoint { origin: ORIGIN.into(), size: 3, root: other.tree().root() };
    let stranger = countersign::note::Signer::from_seed(ORIGIN, KeyKind::Ed25519, [9; 32]).expect("a key");
    foreign.show(Some(checkpoint.sign(&stranger).expect("signs")));
    let none = Operator::of(entries[..1].to_vec()).await;
    let mirrors = [foreign.url.as_str(), none.url.as_str(), "http://127.0.0.1:1", honest.url.as_str()];
    let open = home.open_with(&[], &mirrors).await.expect("a ledger");
    let silent: Vec<&str> = open.ledger.standing.silent.iter().map(|silent| silent.by.as_str()).collect();
    assert_eq!(silent, [mirrors[0], mirrors[2]]);
    assert_eq!((open.size(), open.ledger.standing.healed), (3, 2));
    open.writes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_mirror_that_is_behind_too_fills_up_what_it_has_and_the_rest_is_said() {
    let Some(home) = Home::begun().await else { return };
    let entries = home.entries().await;
    home.roll_back(1).await;
    let partly = Operator::of(entries[..2].to_vec()).await;
    let open = home.open_with(&[], &[&partly.url]).await.expect("a ledger that reads");
    open.only_reads(2, 2).await;
    assert_eq!((open.size(), open.ledger.standing.healed), (2, 1));
    open.close().await;
    let whole = Operator::of(entries).await;
    home.open_with(&[], &[&whole.url]).await.expect("a ledger").writes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_an_empty_database_is_filled_up_whole_and_is_never_taken_for_a_new_ledger() {
    let Some(home) = Home::begun().await else { return };
    let (mirror, entries) = (home.mirrored().await, home.entries().await);
    let open = home.open(&[]).await.expect("a ledger");
    let (trust, newest) = (open.ledger.trust.clone(), open.checkpoint());
    open.close().await;
    home.roll_back(0).await;
    let emptied = home.open(&[]).await.err().expect("not served");
    assert!(matches!(emptied, OpenError::Gate(GateError::Emptied(Missing { from: 0, to: 3, .. }))), "{emptied}");
    let again = Ledger::create(&home.settings(&[]), terms().as_bytes()).await.expect_err("there was a log here");
    assert!(matches!(again, OpenError::SignedHere(_, 3)), "{again}");
    // A new machine: nothing but the keys and the address of a mirror.
    let Some(new) = Home::new().await else { return };
    let nothing = new.open(&[]).await.err().expect("not served");
    assert!(matches!(nothing, OpenError::NotBegun), "{nothing}");
    for home in [home, new] {
        let open = home.open_with(&[], &[&mirror.url]).await.expect("a ledger");
        assert_eq!((&open.ledger.trust, open.checkpoint()), (&trust, newest.clone()));
        assert_eq!(home.entries().await, entries);
        open.writes().await;
    }
    // Other keys than entry 0 names get nothing.
    let Some(stolen) = Home::new().await else { return };
    let mut settings = stolen.settings(&[&mirror.url]);
    settings.keys.clerk = vec![key("ledger.example/other/clerk")];
    let refused = Ledger::open(settings).await.err().expect("not served");
    assert!(matches!(refused, OpenError::Gate(GateError::Emptied(_))), "{refused}");
    assert!(stolen.entries().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_by_thousands_of_entries_is_filled_up_piece_by_piece() {
    let Some(home) = Home::new().await else { return };
    let mirror = Operator::start(now()).await;
    while mirror.size() < 2_100 {
        mirror.append(&designation("US/centre/1"), now());
    }
    let open = home.open_with(&[], &[&mirror.url]).await.expect("a ledger");
    assert_eq!((open.checkpoint(), open.ledger.standing.healed), (mirror.newest(), 2_100));
    assert_eq!(home.sizes().await, [2_048, 2_100], "no head was known in between");
    assert_eq!(home.entries().await, mirror.entries());
    open.writes().await;
    open.close().await;
    // The second store knows every head, and most of the log is lost.
    home.roll_back(2_048).await;
    let open = home.open_with(&[], &[&mirror.url]).await.expect("a ledger that lost what was written since");
    open.only_reads(2_100, 2_100).await;
    assert_eq!(home.sizes().await, [2_048, 2_100]);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_only_until_the_database_is_read_again_is_not_behind() {
    // Another server of the same database commits while this one asks: the mirror knows of it at once.
    let Some(home) = Home::begun().await else { return };
    let open = home.open(&[]).await.expect("a ledger");
    let (ledger, routes) = (Arc::clone(&open.ledger), open.routes.clone());
    let path = format!("/{}/checkpoint", Hash::of(ORIGIN.as_bytes()).to_hex());
    let meanwhile = move || {
        let (ledger, routes) = (Arc::clone(&ledger), routes.clone());
        async move {
            Call::note(&designation("US/centre/1")).send(routes).await.expect(201);
            ledger.now().checkpoint.to_string()
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().route(&path, get(meanwhile))).await });
    let second = tempfile::tempdir().expect("a folder");
    let mut settings = home.settings(&[]);
    settings.heads = second.path().join("heads");
    settings.gate.cosigners = vec![cosigner(1, &url)];
    let (other, _) = Ledger::open(settings).await.expect("a ledger");
    assert_eq!((other.now().size(), &*other.standing), (4, &Default::default()));
}

#[tokio::test(flavor = "multi_thread")]
async fn forked_a_ledger_stays_down_and_leaves_a_proof() {
    for shown in [2, 3] {
        let Some(home) = Home::begun().await else { return };
        let fork = Operator::of(home.entries().await[..1].to_vec()).await;
        fork.append(&registration("RU/centre/1"), now());
        fork.append(&registration("US/centre/1"), now());
        let cosigner = shows(200, fork.shown().signed(shown)).await;
        // What is not a size of this ledger's own heads is proved by consistency.
        if shown == 2 {
            let heads = std::fs::read_to_string(home.heads()).expect("readable");
            let without: String = heads.split_inclusive('\n').filter(|line| !line.starts_with("2 ")).collect();
            std::fs::write(home.heads(), without).expect("written");
        }
        let error = home.open_with(&[&cosigner], &[&fork.url]).await.err().expect("not served");
        let OpenError::Gate(GateError::Forked { size, by, file: Some(file) }) = &error else { panic!("{error}") };
        assert_eq!((*size, by.as_str()), (shown, "US/mirror/1"), "{error}");
        assert!(error.to_string().contains("two histories"), "{error}");
        let text = std::fs::read_to_string(file).expect("kept");
        let keys = [log_key().verifier().clone()];
        assert_eq!(judge(&text, ORIGIN, &keys), Ok(Finding::TwoRoots(shown)), "{text}");
        // The proof stays one after the cosigner is gone.
        assert!(home.open(&[]).await.is_err());
        std::fs::rename(file, home.folder.path().join("handed-on")).expect("moved");
        home.open(&[]).await.expect("a ledger").writes().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forked_without_its_second_store_a_ledger_signs_nothing_against_itself() {
    let Some(home) = Home::begun().await else { return };
    let fork = Operator::of(home.entries().await[..1].to_vec()).await;
    fork.append(&registration("RU/centre/1"), now());
    fork.append(&registration("US/centre/1"), now());
    std::fs::remove_file(home.heads()).expect("removed");
    let error = home.open(&[&shows(200, fork.newest()).await]).await.err().expect("not served");
    let OpenError::Gate(GateError::Forked { size: 3, file: Some(file), .. }) = &error else { panic!("{error}") };
    // Whether the database's own head was ever signed is not known, so only what was shown is kept.
    assert_eq!(std::fs::read_to_string(file).expect("kept"), format!("{}\n", fork.newest()));
    assert!(!home.heads().exists());
    // Nor does it sign a head of the second store whose entries it does not hold.
    let Some(home) = Home::begun().await else { return };
    home.roll_back(1).await;
    let error = home.open(&[&shows(200, fork.newest()).await]).await.err().expect("not served");
    let OpenError::Gate(GateError::Forked { size: 3, file: Some(file), .. }) = &error else { panic!("{error}") };
    let text = std::fs::read_to_string(file).expect("kept");
    let first = home.mirrored().await.newest();
    assert_eq!(text, format!("{first}\n{}\n", fork.newest()));
}

#[tokio::test(flavor = "multi_thread")]
async fn forked_beyond_what_is_held_is_proved_by_the_mirror_and_never_filled_up() {
    for held in [2, 3] {
        let Some(home) = Home::begun().await else { return };
        let fork = Operator::of(home.entries().await[..1].to_vec()).await;
        for centre in ["RU/centre/1", "US/centre/1", "RU/centre/2", "US/centre/2"] {
            fork.append(&registration(centre), now());
        }
        if held == 2 {
            home.roll_back(2).await;
            let heads = std::fs::read_to_string(home.heads()).expect("readable");
            let old: String = heads.split_inclusive('\n').take(2).collect();
            std::fs::write(home.heads(), old).expect("written");
        }
        let error = home.open_with(&[], &[&fork.url]).await.err().expect("not served");
        let OpenError::Gate(GateError::Forked { size, file: Some(file), .. }) = &error else { panic!("{error}") };
        assert_eq!(*size, held);
        let text = std::fs::read_to_string(file).expect("kept");
        let keys = [log_key().verifier().clone()];
        assert_eq!(judge(&text, ORIGIN, &keys), Ok(Finding::TwoRoots(held)), "{text}");
        assert_eq!(home.entries().await.len() as u64, held, "nothing was filled up");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forked_from_the_second_store_nothing_is_signed_at_all() {
    let Some(home) = Home::begun().await else { return };
    let heads = std::fs::read_to_string(home.heads()).expect("readable");
    let other = Hash::of(b"another").to_base64();
    let root = heads.lines().last().and_then(|line| line.split(' ').nth(1)).expect("a root");
    std::fs::write(home.heads(), heads.replace(root, &other)).expect("written");
    let error = home.open(&[]).await.err().expect("not served");
    assert!(matches!(error, OpenError::Heads(HeadsError::Forked { size: 3, .. })), "{error}");
    assert!(files(&home.evidence()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_cosigners_are_named_and_keep_nobody_from_writing() {
    let Some(home) = Home::begun().await else { return };
    let shown = home.mirrored().await.shown();
    let good = shown.signed(3);
    let altered = good.replace("\n3\n", "\n4\n");
    let cosigners = [
        mute().await,
        "http://127.0.0.1:1".to_owned(),
        shows(500, "").await,
        shows(200, "nothing").await,
        shows(200, altered).await,
        shows(200, good.replace(ORIGIN, "ledger.example/other")).await,
        shows(200, "x".repeat(200_000)).await,
    ];
    let asked: Vec<&str> = cosigners.iter().map(String::as_str).collect();
    let begun = Instant::now();
    let open = home.open(&asked).await.expect("a ledger");
    assert!(begun.elapsed() < Duration::from_secs(6), "all are asked at once: {:?}", begun.elapsed());
    let silent: Vec<&str> = open.ledger.standing.silent.iter().map(|silent| silent.by.as_str()).collect();
    let all: Vec<String> = (1..=7).map(|n| format!("US/mirror/{n}")).collect();
    assert_eq!(silent, all);
    assert_eq!(open.ledger.standing.missing, None);
    open.writes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quarantine_nothing_is_read_or_written_before_the_gate_has_answered() {
    let Some(home) = Home::begun().await else { return };
    let door = countersign::api::quarantine::Door::default();
    let routes = door.routes();
    let asks = [Call::get("/readyz"), Call::get("/v1/log"), Call::note(&designation("US/centre/1"))];
    for call in &asks {
        call.clone().send(routes.clone()).await.problem(503, "quarantine");
    }
    Call::get("/livez").send(routes.clone()).await.expect(200);
    door.open(home.open(&[]).await.expect("a ledger").routes);
    for (call, status) in asks.into_iter().zip([200, 200, 201]) {
        call.send(routes.clone()).await.expect(status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_real_mirror_fills_up_whom_it_followed() {
    let Some(api) = Api::start().await else { return };
    let listening = api.listen(Timers::default()).await;
    let from = From {
        url: format!("http://{}", listening.address),
        token: api.party_token().await,
        terms: api.ledger.trust.terms,
    };
    let Some(place) = Place::new().await else { return };
    let mirror = Copied::start(&place, &from, &api.clock, "US").await;
    let serving = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", serving.local_addr().expect("an address"));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let (routes, timers) = (mirror.routes.clone(), Timers::default());
    let serving = tokio::spawn(api::server::serve(serving, routes, timers, stopped));
    let Some(new) = Home::new().await else { return };
    // Entries are for those who read everything.
    for (token, size) in [("cs_none".to_owned(), None), (mirror.token("US").await, Some(5))] {
        let mut settings = new.settings(&[]);
        settings.gate.mirrors = vec![Origin::new(&url, &token)];
        match (Ledger::open(settings).await, size) {
            (Ok((ledger, _)), Some(size)) => {
                assert_eq!(ledger.now().replica.head(), api.ledger.now().replica.head());
                assert_eq!(ledger.now().size(), size);
            }
            (Err(OpenError::Gate(GateError::NoMirror(silent))), None) => {
                assert!(silent[0].why.contains("401"), "{silent:?}");
            }
            (other, _) => panic!("{:?}", other.err()),
        }
    }
    stop.send(true).expect("running");
    serving.await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn second_store_torn_lost_or_older_than_the_database_is_brought_up_to_date() {
    let Some(home) = Home::begun().await else { return };
    let heads = std::fs::read_to_string(home.heads()).expect("readable");
    let first = heads.lines().next().expect("a line");
    let torn = format!("{heads}9 AAAA");
    let older = format!("{first}\n");
    for second_store in [Some(torn), None, Some(older), Some(String::new())] {
        match second_store {
            Some(text) => std::fs::write(home.heads(), text).expect("written"),
            None => std::fs::remove_file(home.heads()).expect("removed"),
        }
        let open = home.open(&[]).await.expect("a ledger");
        assert_eq!(std::fs::read_to_string(home.heads()).expect("readable"), heads);
        open.close().await;
    }
    home.open(&[]).await.expect("a ledger").writes().await;
}
