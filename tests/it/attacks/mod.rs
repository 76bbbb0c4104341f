//! What the operator of a ledger, or who has taken its machine over, can do to it, and who finds out.
//!
//! Each attack is done to a ledger with some thirty entries, at a place drawn for the run; then everybody looks. Whoever
//! attacks is a superuser of the database and holds the log's key, the clerk's, and where it says so the key of one
//! Party. `COUNTERSIGN_ATTACKS` says at how many places each is tried, one if left out:
//! `COUNTERSIGN_ATTACKS=25 cargo test --test it attacks`.

pub mod forge;
mod table;

use std::collections::BTreeSet;

use countersign::store::cluster::ClusterRole;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::witness::{Held, Logs, Witness, write_request};
use serde_json::Value;

use self::forge::{Log, replace};
use self::table::{ATTACKS, Act, Attack};
use super::support::ledger::{ORIGIN, draft, log_key, signed};
use super::support::postgres::is_required;
use super::support::program::{Folder, run};
use super::support::stock::Stock;

/// Who can find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Detector {
    /// Whoever audits the database and holds nothing but the root of trust.
    Audit,
    /// A Party that kept a checkpoint and the receipts of its records.
    Holder,
    /// A witness that is asked to cosign what the log says now.
    Witness,
}

const DETECTORS: [Detector; 3] = [Detector::Audit, Detector::Holder, Detector::Witness];
/// The size that the Party's checkpoint is of. Of later entries it holds the receipt of one.
const HELD: u64 = 20;
/// The size that the witness had cosigned before the tail was there.
const COSIGNED: u64 = 22;
/// The later entry whose receipt the Party holds.
const KEPT: usize = 25;

/// A ledger, what the others hold of it, and the way back.
struct World {
    stock: Stock,
    folder: Folder,
    witness: Witness,
    /// What it cosigned last, and what it had cosigned when the log was shorter.
    held: Held,
    earlier: Held,
    entries: Vec<String>,
    receipts: Vec<String>,
}

impl World {
    async fn new() -> Option<World> {
        let stock = Stock::new(true).await?;
        let revoked = serde_json::json!({ "name": "US/leader/1", "reason": "lost" });
        let revocation = signed(&draft(countersign::treaty::record::Kind::KeyRevocation, &["US/root/1"], revoked));
        stock.api.record(&revocation).await; // 30: nobody keeps its receipt
        let folder = Folder::new();
        let write = |name: &str, text: &str| std::fs::write(folder.path(name), text).expect("written");
        write("trust", &stock.api.ledger.trust.to_string());
        let mut receipts = Vec::new();
        for (index, answer) in (5..).zip(&stock.answers).filter(|(index, _)| *index < HELD as usize || *index == KEPT) {
            let name = format!("receipt-{index}");
            write(&name, answer["receipt"].as_str().expect("a receipt"));
            receipts.push(folder.path(&name).display().to_string());
        }
        let entries = stock.entries().await;
        let log = Log::of(&entries);
        write("checkpoint", &log.checkpoint(HELD));
        let mut logs = Logs::default();
        logs.add(ORIGIN.to_owned(), log_key().verifier().clone()).expect("a log");
        let witness = Witness::new(key_of_witness(), logs).expect("a witness");
        let held = ask(&witness, None, &log, log.size()).expect("the first checkpoint is cosigned");
        let earlier = ask(&witness, None, &log, COSIGNED).expect("a first checkpoint is cosigned");
        stock.api.database.sabotage(forge::KEEP).await;
        Some(World { stock, folder, witness, held, earlier, entries, receipts })
    }

    /// Audits the database; the codes of what was found.
    fn audit(&self, more: &[&str]) -> BTreeSet<String> {
        let options = self.stock.api.database.options(ClusterRole::Runtime);
        let socket = options.get_socket().expect("a socket").display().to_string();
        let name = options.get_database().expect("a name").to_owned();
        let url = format!("postgres://countersign_reader@localhost/{name}?host={socket}");
        let trust = self.folder.path("trust").display().to_string();
        let output = run(&[&["audit", "--json", "--database-url", &url, "--trust", &trust], more].concat());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
            panic!("no report: {}", String::from_utf8_lossy(&output.stderr));
        });
        let checks = report["checks"].as_array().expect("checks").iter().filter(|check| check["result"] == "fail");
        let faults: BTreeSet<String> = checks
            .map(|c| format!("{}/{}", c["check"].as_str().expect("a name"), c["code"].as_str().expect("a code")))
            .collect();
        assert_eq!(output.status.code() == Some(0), faults.is_empty(), "{report:#}");
        faults
    }

    /// Who finds something, and what.
    fn look(&self, shown: Option<(&Log, &Held)>) -> Vec<(Detector, String)> {
        let checkpoint = self.folder.path("checkpoint").display().to_string();
        let mut held = vec!["--checkpoint", &checkpoint, "--receipt"];
        held.extend(self.receipts.iter().map(String::as_str));
        let alone = self.audit(&[]);
        let mut found: Vec<(Detector, String)> = alone.iter().map(|fault| (Detector::Audit, fault.clone())).collect();
        found.extend(self.audit(&held).difference(&alone).map(|fault| (Detector::Holder, fault.clone())));
        if let Some((log, held)) = shown {
            let refused = ask(&self.witness, Some(held), log, log.size()).err();
            found.extend(refused.map(|refusal| (Detector::Witness, refusal.to_string())));
        }
        found
    }

    /// Whether PostgreSQL has its tool for damaged pages.
    async fn has_surgery(&self) -> bool {
        let mut admin = self.stock.api.database.connect(ClusterRole::Superuser).await;
        let query = "SELECT pg_catalog.count(*) FROM pg_catalog.pg_available_extensions WHERE name = 'pg_surgery'";
        sqlx::query_scalar::<_, i64>(query).fetch_one(&mut admin).await.expect("an answer") == 1
    }

    /// Everything as it was.
    async fn restore(&self, undo: &str) {
        self.stock.api.database.sabotage(&forge::behind(&format!("{undo}; {}", forge::RESTORE))).await;
    }

    async fn attack(&self, attack: &Attack, at: usize) -> Vec<(Detector, String)> {
        let database = &self.stock.api.database;
        match attack.act {
            Act::Sql(act, undo) => {
                database.sabotage(&forge::behind(&act(at))).await;
                let found = tokio::task::block_in_place(|| self.look(None));
                self.restore(undo).await;
                found
            }
            Act::Schema(act, undo) => {
                database.sabotage(act).await;
                let found = tokio::task::block_in_place(|| self.look(None));
                database.sabotage(undo).await;
                found
            }
            Act::Forge(act) | Act::Tail(act) => {
                let held = if matches!(attack.act, Act::Tail(_)) { &self.earlier } else { &self.held };
                let mut entries = self.entries.clone();
                act(&mut entries, at);
                let log = Log::of(&entries);
                database.sabotage(&forge::behind(&replace(&log))).await;
                let found = tokio::task::block_in_place(|| self.look(Some((&log, held))));
                self.restore("SELECT 1").await;
                found
            }
        }
    }
}

fn key_of_witness() -> countersign::note::Signer {
    let seed = *countersign::hash::Hash::of(b"a witness").as_bytes();
    countersign::note::Signer::from_seed("witness.example", countersign::note::KeyKind::Cosignature, seed)
        .expect("a key")
}

/// Brings the checkpoint of a log to a witness, with the best proof that its entries allow.
fn ask(
    witness: &Witness,
    held: Option<&Held>,
    log: &Log,
    size: u64,
) -> Result<Held, countersign::tlog::witness::Refusal> {
    let old = held.map_or(0, |held| held.checkpoint.size);
    let proof = if old == 0 { Vec::new() } else { log.proof(old.min(size), size) };
    let request = write_request(old.min(size), &proof, &log.checkpoint(size));
    let authentic = witness.authenticate(request.as_bytes())?;
    witness.cosign(&authentic, held, 1_800_000_000).map(|cosigned| cosigned.held)
}

/// The place of an attack: an entry of a site, neither the first nor among the last.
fn place(seed: usize, attack: usize) -> usize {
    12 + (seed * 7 + attack * 5 + 3) % 8
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_is_found_by_whom_it_says_and_no_detector_is_idle() {
    let Some(world) = World::new().await else { return };
    let clean = tokio::task::block_in_place(|| world.look(Some((&Log::of(&world.entries), &world.held))));
    assert_eq!(clean, Vec::new(), "nothing was done yet");
    let has_surgery = world.has_surgery().await;
    let places = std::env::var("COUNTERSIGN_ATTACKS").ok().and_then(|count| count.parse().ok()).unwrap_or(1);
    let first = usize::try_from(std::process::id()).expect("a number");
    let mut alone: BTreeSet<Detector> = BTreeSet::new();
    for seed in first..first + places {
        for (number, attack) in ATTACKS.iter().enumerate() {
            if attack.name.starts_with("A-10") && !has_surgery {
                assert!(!is_required("postgres"), "this PostgreSQL has no pg_surgery");
                eprintln!("{} is not tried: this PostgreSQL has no pg_surgery", attack.name);
                continue;
            }
            let at = place(seed, number);
            let found = world.attack(attack, at).await;
            let by: BTreeSet<Detector> = found.iter().map(|(detector, _)| *detector).collect();
            for detector in attack.found_by {
                assert!(by.contains(detector), "{} at {at} is not found by {detector:?}: {found:?}", attack.name);
            }
            assert!(!by.is_empty(), "{} at {at}", attack.name);
            if let [only] = by.iter().collect::<Vec<_>>()[..] {
                alone.insert(*only);
            }
        }
    }
    assert_eq!(alone.into_iter().collect::<Vec<_>>(), DETECTORS, "without each of them some attack would pass");
    let clean = tokio::task::block_in_place(|| world.look(Some((&Log::of(&world.entries), &world.held))));
    assert_eq!(clean, Vec::new(), "everything is as it was");
}

#[test]
fn two_checkpoints_of_one_size_are_a_proof_that_anybody_can_check() {
    use countersign::tlog::fork::{Finding, judge};
    let of = |root: &[u8]| {
        let root = countersign::hash::Hash::of(root);
        Checkpoint { origin: ORIGIN.to_owned(), size: 9, root }.sign(&log_key()).expect("signs")
    };
    let file = format!("{}\n{}\n", of(b"one history"), of(b"another"));
    let finding = judge(&file, ORIGIN, &[log_key().verifier().clone()]).expect("evidence");
    assert_eq!((finding, finding.is_proof()), (Finding::TwoRoots(9), true));
}
