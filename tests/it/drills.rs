//! Restore drills: a backup of some moment is put back, and the server never goes on where it may have signed before.
//!
//! A log grows, and everything that it ever signed is kept. Then, again and again, a database is made that holds what a
//! backup of a random moment holds, with the second store of now or of that moment, with a mirror in reach or only a
//! witness that cannot fill anything up. `COUNTERSIGN_DRILLS` says how many; each prints its seed.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use countersign::api;
use countersign::api::server::Timers;
use countersign::hash::Hash;
use countersign::replica::LedgerKeys;
use countersign::service::clock::Clock;
use countersign::service::cosigned::config::CosigningSettings;
use countersign::service::gate::{GateSettings, Monitor};
use countersign::service::ledger::{Ledger, Settings};
use countersign::service::origin::Origin;
use countersign::store::cluster::ClusterRole;
use countersign::store::log::{Log as _, NewEntry, Sent};
use countersign::store::postgres::PostgresLog;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::{Head, Tree, leaf_hash};
use countersign::treaty::entry::Entry;

use super::support::http::{Api, Call, now};
use super::support::ledger::{ORIGIN, clerk_key, designation, log_key};
use super::support::operator::Operator;
use super::support::postgres::{TestDatabase, database};

/// Everything that was ever committed and signed.
struct Lived {
    entries: Vec<Vec<u8>>,
    /// The sizes of its heads.
    sizes: Vec<u64>,
    tree: Tree,
    /// The file of heads at the end.
    heads: String,
    /// What was signed at each size.
    signed: HashMap<u64, String>,
}

impl Lived {
    /// A log with batches of one to six records.
    async fn grow(random: &mut Random) -> Option<Lived> {
        let api = Api::start().await?;
        let mut signed = HashMap::new();
        for _ in 0..40 {
            let notes: Vec<String> = (0..=random.below(5)).map(|_| designation("US/centre/1")).collect();
            let mut posts = tokio::task::JoinSet::new();
            for note in notes {
                let routes = api.routes.clone();
                posts.spawn(async move { Call::note(&note).send(routes).await.expect(201) });
            }
            while let Some(posted) = posts.join_next().await {
                posted.expect("no panic");
            }
        }
        let published = api.ledger.now();
        for &size in published.sizes() {
            let note = published.checkpoint_at(size, &api.ledger.seal).expect("a committed size");
            signed.insert(size, note.to_string());
        }
        let entries = sqlx::query_scalar("SELECT note FROM countersign.entry ORDER BY index")
            .fetch_all(&mut api.database.connect(ClusterRole::Superuser).await)
            .await
            .expect("readable");
        let heads = std::fs::read_to_string(api.heads()).expect("readable");
        let sizes = published.sizes().iter().copied().collect();
        Some(Lived { entries, sizes, tree: published.replica.tree().clone(), heads, signed })
    }

    fn size(&self) -> u64 {
        self.tree.size()
    }

    fn head(&self, size: u64) -> Head {
        Head { size, root: self.tree.root_at(size).expect("a size that it has had") }
    }

    /// What a backup of the moment holds at which the log had this size.
    async fn backup(&self, size: u64) -> Option<TestDatabase> {
        let database = database().await?;
        let mut log = PostgresLog::new(database.options(ClusterRole::Runtime));
        let mut from = Head::default();
        for &to in self.sizes.iter().filter(|&&to| to <= size) {
            let range = usize::try_from(from.size).ok()?..usize::try_from(to).ok()?;
            let new = self.entries[range].iter().map(|bytes| new_entry(bytes)).collect();
            log.entries_after(from.size).await.expect("the head is locked");
            log.commit(from, self.head(to), new).await.expect("committed");
            from = self.head(to);
        }
        Some(database)
    }

    /// The second store as it was then.
    fn heads_at(&self, size: u64) -> String {
        let upto =
            |line: &&str| line.split(' ').next().and_then(|word| word.parse().ok()).is_some_and(|at: u64| at <= size);
        self.heads.split_inclusive('\n').filter(upto).collect()
    }

    /// Whatever a restored ledger shows as signed was signed then, or goes on from all of it.
    fn agrees(&self, note: &str) {
        let shown = Checkpoint::open(note.as_bytes(), ORIGIN, log_key().verifier()).expect("signed by the log");
        if shown.size <= self.size() {
            assert_eq!(self.signed.get(&shown.size).map(String::as_str), Some(note), "signed again, and otherwise");
        }
    }
}

fn new_entry(bytes: &[u8]) -> NewEntry {
    let entry = Entry::parse(bytes).expect("an entry");
    NewEntry {
        digest: entry.signed.digest,
        leaf_hash: leaf_hash(bytes),
        json: entry.signed.json().to_owned(),
        note: entry.bytes,
        sent: Sent::default(),
    }
}

/// SplitMix64: a seed that is printed gives the same drill again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// A witness that saw the newest checkpoint.
async fn witness(newest: String) -> Monitor {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let path = format!("/{}/checkpoint", Hash::of(ORIGIN.as_bytes()).to_hex());
    let routes = Router::new().route(&path, get(move || async move { newest }));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Monitor { name: "RU/witness/1".into(), url }
}

fn settings(database: &TestDatabase, folder: &Path, witness: Option<&Monitor>, mirror: Option<&str>) -> Settings {
    let mut gate = GateSettings::new(folder.join("evidence"));
    gate.within = Duration::from_secs(2);
    gate.cosigners = witness.into_iter().cloned().collect();
    gate.mirrors = mirror.iter().map(|url| Origin::new(url, "cs_none")).collect();
    Settings {
        store: database.options(ClusterRole::Runtime),
        heads: folder.join("heads"),
        keys: LedgerKeys::new(log_key(), clerk_key()),
        clock: Clock::scripted(now()),
        gate,
        cosigning: CosigningSettings::with(Vec::new()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_is_filled_up_or_writes_nothing_and_never_signs_where_it_signed_before() {
    let drills: u64 = std::env::var("COUNTERSIGN_DRILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let seed = std::env::var("COUNTERSIGN_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()) ^ 0x5eed);
    println!("COUNTERSIGN_SEED={seed} COUNTERSIGN_DRILLS={drills}");
    let mut random = Random(seed);
    let Some(lived) = Lived::grow(&mut random).await else { return };
    let mirror = Operator::of(lived.entries.clone()).await;
    let witness = witness(mirror.newest()).await;
    let (mut healed, mut refused) = (0, 0);
    for drill in 0..drills {
        let at = usize::try_from(random.below(lived.sizes.len() as u64)).expect("a place");
        let size = lived.sizes[at];
        let (with_mirror, with_second_store) = (drill % 2 == 0, drill % 4 < 2);
        let place =
            format!("drill {drill}: size {size}, mirror {with_mirror}, second store of now {with_second_store}");
        let Some(database) = lived.backup(size).await else { return };
        let folder = tempfile::tempdir().expect("a folder");
        let heads = if with_second_store { lived.heads.clone() } else { lived.heads_at(size) };
        std::fs::write(folder.path().join("heads"), &heads).expect("written");
        let url = with_mirror.then_some(mirror.url.as_str());
        // The second store alone notices; where it is as old as the backup, the witness or the mirror does.
        let witness = (!with_mirror && !with_second_store).then_some(&witness);
        let (ledger, _) = Ledger::open(settings(&database, folder.path(), witness, url)).await.expect(&place);
        let routes = api::routes(Arc::clone(&ledger), Timers::default());
        lived.agrees(&ledger.now().checkpoint);
        let post = Call::note(&designation("US/centre/1")).send(routes.clone()).await;
        if with_mirror || size == lived.size() {
            let receipt = post.expect(201).json();
            assert_eq!(receipt["index"], lived.size(), "{place}");
            assert_eq!(ledger.standing.healed, lived.size() - size, "{place}");
            let tree = ledger.now().replica.tree().clone();
            assert_eq!(tree.root_at(lived.size()), Some(lived.tree.root()), "{place}");
            for &size in ledger.now().sizes() {
                lived.agrees(&ledger.now().checkpoint_at(size, &ledger.seal).expect("a committed size"));
            }
            healed += 1;
        } else {
            let said = post.problem(503, "read_only");
            let range = format!("entries {size} to {}", lived.size() - 1);
            assert!(said["detail"].as_str().expect("words").contains(&range), "{place}: {said}");
            Call::get("/readyz").send(routes).await.problem(503, "read_only");
            let now = std::fs::read_to_string(folder.path().join("heads")).expect("readable");
            assert_eq!((ledger.now().size(), now), (size, heads), "{place}: something was written");
            refused += 1;
        }
    }
    println!("filled up or whole: {healed}, only reading: {refused}");
    assert!(drills < 20 || (healed >= 5 && refused >= 5), "both happen");
}
