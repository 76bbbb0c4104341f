//! What the operator of a ledger, or who has taken its machine over, can do to it, and who finds out.
//!
//! Each attack is done to a ledger with some thirty entries, at a place drawn for the run; then everybody looks. Whoever
//! attacks is a superuser of the database and holds the log's key, the clerk's, and where it says so the key of one
//! Party. Of each the table says who finds it and as what; nothing that is found may be missing. `COUNTERSIGN_ATTACKS` says
//! at how many places each is tried, one if left out, and `COUNTERSIGN_CLEAN` how many cycles of writing and looking must
//! end without an alarm: `COUNTERSIGN_ATTACKS=25 COUNTERSIGN_CLEAN=100 cargo test --test it attacks`.
//!
//! Another attack is one more row, in [`table`] or [`shown`]; another who finds out is one more [`Detector`], looked for in
//! [`World::look`].

pub mod forge;
mod shown;
mod table;

use std::collections::BTreeSet;

use countersign::mirror::gate::may_cosign;
use countersign::replica::Replica;
use countersign::service::copy::Standing;
use countersign::service::published::{Published, Seal};
use countersign::store::cluster::ClusterRole;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::fork::{Finding, judge};
use countersign::tlog::witness::{Held, Logs, Witness, write_request};
use countersign::treaty::admit::Signatures;
use countersign::treaty::record::Kind;
use countersign::treaty::time::Instant;
use serde_json::Value;

use self::forge::{Log, replace};
use self::table::{Act, Attack};
use super::support::http::{Api, now};
use super::support::ledger::{ORIGIN, draft, log_key, signed};
use super::support::postgres::is_required;
use super::support::program::{Folder, run};
use super::support::records::{changing, designating};
use super::support::stock::Stock;
use super::support::visits::drawing;

/// Who can find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Detector {
    /// Whoever audits the database and holds nothing but the root of trust.
    Audit,
    /// A Party that kept a checkpoint and the receipts of its records.
    Holder,
    /// A witness that is asked to cosign what the log says now.
    Witness,
    /// A mirror that judges every entry, and when it is dated, before it cosigns.
    Mirror,
    /// Two who put what each was shown side by side.
    Meeting,
    /// Whoever verifies a bundle, offline, with the files that lie beside it.
    Reader,
}

const DETECTORS: [Detector; 6] =
    [Detector::Audit, Detector::Holder, Detector::Witness, Detector::Mirror, Detector::Meeting, Detector::Reader];
/// How long after the last entry the witness and the mirror have cosigned, in seconds.
const LATER: i64 = 3_600;
/// The size that the Party's checkpoint is of. Of later entries it holds the receipt of one.
const HELD: u64 = 20;
/// The size that the witness had cosigned before the tail was there.
const COSIGNED: u64 = 22;
/// How often somebody read something before anybody attacks.
const READINGS: usize = 24;
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
    /// What the clerk signed of the record of accesses.
    accesses: Vec<String>,
}

impl World {
    async fn new() -> Option<World> {
        let stock = Stock::new(true).await?;
        let revoked = serde_json::json!({ "name": "US/leader/1", "reason": "lost" });
        let revocation = signed(&draft(Kind::KeyRevocation, &["US/root/1"], revoked));
        stock.api.record(&revocation).await; // 30: nobody keeps its receipt
        let folder = Folder::new();
        bundle(&folder).await?;
        let write = |name: &str, text: &str| std::fs::write(folder.path(name), text).expect("written");
        write("trust", &stock.api.ledger.trust.to_string());
        let mut receipts = Vec::new();
        for (index, answer) in (5..).zip(&stock.answers).filter(|(index, _)| *index < HELD as usize || *index == KEPT) {
            let name = format!("receipt-{index}");
            write(&name, answer["receipt"].as_str().expect("a receipt"));
            receipts.push(folder.path(&name).display().to_string());
        }
        for _ in 0..READINGS {
            stock.api.get("/v1/records/6", &stock.us).await.expect(200);
        }
        let accesses = stock.api.get("/v1/log/accesses", &stock.us).await.expect(200).text().to_owned();
        write("accesses", &accesses);
        let accesses = vec!["--accesses".to_owned(), folder.path("accesses").display().to_string()];
        let entries = stock.entries().await;
        let log = Log::of(&entries);
        write("checkpoint", &log.checkpoint(HELD));
        let mut logs = Logs::default();
        logs.add(ORIGIN.to_owned(), log_key().verifier().clone()).expect("a log");
        let witness = Witness::new(key_of_witness(), logs).expect("a witness");
        let cosigned = |size, at| ask(&witness, None, &log, size, at).expect("a first checkpoint is cosigned");
        let (held, earlier) = (cosigned(log.size(), now().seconds() + LATER), cosigned(COSIGNED, now().seconds()));
        stock.api.database.sabotage(forge::KEEP).await;
        Some(World { stock, folder, witness, held, earlier, entries, receipts, accesses })
    }

    /// Runs the program over something; the codes of what was found.
    fn faults(&self, trust: &str, arguments: &[&str]) -> BTreeSet<String> {
        let trust = self.folder.path(trust).display().to_string();
        let output = run(&[arguments, &["--json", "--trust", &trust]].concat());
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

    /// Audits the database as the role that may see who sent what.
    fn audit(&self, more: &[&str]) -> BTreeSet<String> {
        let options = self.stock.api.database.options(ClusterRole::Runtime);
        let socket = options.get_socket().expect("a socket").display().to_string();
        let name = options.get_database().expect("a name").to_owned();
        let url = format!("postgres://countersign_runtime@localhost/{name}?host={socket}");
        self.faults("trust", &[&["audit", "--database-url", &url], more].concat())
    }

    /// Verifies the bundle with the file beside it.
    fn verify(&self) -> BTreeSet<String> {
        let [bundle, drawing] = ["bundle", "drawing"].map(|name| self.folder.path(name).display().to_string());
        self.faults("other-trust", &["verify", &bundle, "--attached", &drawing])
    }

    /// Who finds something, and what: what is looked at alone, and what a Party holds beside it; what the witness is asked
    /// to cosign; what another one was shown.
    fn look(&self, held: &[&str], asked: Option<(&Log, &Held)>, others: Option<&Log>) -> Vec<Found> {
        let alone = self.audit(&[]);
        let with = |more: &[&str]| self.audit(more).difference(&alone).cloned().collect::<Vec<_>>();
        let mut found: Vec<Found> = Vec::new();
        let mut add = |detector, faults: Vec<String>| found.extend(faults.into_iter().map(|fault| (detector, fault)));
        add(Detector::Holder, with(held));
        if let Some((log, held)) = asked {
            let refused = ask(&self.witness, Some(held), log, log.size(), now().seconds() + 2 * LATER).err();
            add(Detector::Witness, refused.iter().map(|refusal| format!("{} {refusal}", refusal.status())).collect());
            add(Detector::Mirror, cosigns(log, held).err().into_iter().collect());
        }
        if let Some(others) = others {
            let path = self.folder.path("others").display().to_string();
            std::fs::write(&path, others.checkpoint(others.size())).expect("written");
            add(Detector::Meeting, with(&["--checkpoint", &path]));
        }
        add(Detector::Reader, self.verify().into_iter().collect());
        add(Detector::Audit, alone.iter().cloned().collect());
        found
    }

    /// What a Party holds: a checkpoint, and receipts.
    fn held(&self) -> Vec<String> {
        let checkpoint = self.folder.path("checkpoint").display().to_string();
        let mut held = vec!["--checkpoint".to_owned(), checkpoint, "--receipt".to_owned()];
        held.extend(self.receipts.iter().chain(&self.accesses).cloned());
        held
    }

    /// Looks with everything that is held at what is there now.
    fn look_with(&self, asked: Option<(&Log, &Held)>) -> Vec<Found> {
        let held = self.held();
        self.look(&held.iter().map(String::as_str).collect::<Vec<_>>(), asked, None)
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

    async fn attack(&self, attack: &Attack, at: usize) -> Vec<Found> {
        let database = &self.stock.api.database;
        match attack.act {
            Act::Sql(act, undo) => {
                database.sabotage(&forge::behind(&act(at))).await;
                let found = tokio::task::block_in_place(|| self.look_with(None));
                self.restore(undo).await;
                found
            }
            Act::Schema(act, undo) => {
                database.sabotage(act).await;
                let found = tokio::task::block_in_place(|| self.look_with(None));
                database.sabotage(undo).await;
                found
            }
            Act::Forge(act) => self.forged(act, at, &self.held, log_key()).await,
            Act::Tail(act) => self.forged(act, at, &self.earlier, log_key()).await,
            Act::Pretend(act) => self.forged(act, at, &self.held, shown::own_log_key()).await,
            Act::Fork(act) => self.forked(act, at).await,
            Act::File(act) => {
                let path = self.folder.path("drawing");
                let whole = std::fs::read(&path).expect("readable");
                act(&path);
                let found = tokio::task::block_in_place(|| self.look_with(None));
                std::fs::write(&path, whole).expect("written");
                found
            }
        }
    }

    /// Another log in the place of this one, for everybody.
    async fn forged(&self, act: Change, at: usize, held: &Held, key: countersign::note::Signer) -> Vec<Found> {
        let mut entries = self.entries.clone();
        act(&mut entries, at);
        let log = Log::of(&entries).signed_by(key);
        self.stock.api.database.sabotage(&forge::behind(&replace(&log))).await;
        let found = tokio::task::block_in_place(|| self.look_with(Some((&log, held))));
        self.restore("SELECT 1").await;
        found
    }

    /// Another log for one Party, which holds nothing but what it was shown; the witness and the other Party see the true one.
    async fn forked(&self, act: Change, at: usize) -> Vec<Found> {
        let (mut entries, all) = (self.entries.clone(), Log::of(&self.entries));
        act(&mut entries, at);
        let log = Log::of(&entries);
        self.stock.api.database.sabotage(&forge::behind(&replace(&log))).await;
        let path = self.folder.path("own").display().to_string();
        std::fs::write(&path, log.checkpoint(log.size())).expect("written");
        let look = || self.look(&["--checkpoint", &path], Some((&all, &self.held)), Some(&all));
        let mut found = tokio::task::block_in_place(look);
        self.restore("SELECT 1").await;
        let both = format!("{}\n{}\n", log.checkpoint(log.size()), all.checkpoint(all.size()));
        let finding = judge(&both, ORIGIN, &[log_key().verifier().clone()]).expect("evidence");
        if finding == Finding::TwoRoots(all.size()) && finding.is_proof() {
            found.push((Detector::Meeting, "two checkpoints of one size".to_owned()));
        }
        found
    }
}

/// Something that was found, and by whom.
type Found = (Detector, String);
/// What is done to the entries of a log, at a place.
type Change = fn(&mut Vec<String>, usize);

/// The bundle of a diagram of another ledger, its root of trust, and the drawing beside it.
async fn bundle(folder: &Folder) -> Option<()> {
    let api = Api::start().await?;
    let drawn = draft(Kind::SiteDiagram, &["RU/centre/1", "US/centre/1", "RO/centre/1"], drawing("A1", 1));
    let designated = draft(Kind::Designation, &["RU/centre/1"], designating("A1", "designate"));
    api.record(&signed(&designated)).await;
    let answer = api.record(&signed(&drawn)).await;
    let token = api.party_token().await;
    let bundle = api.get(&format!("/v1/records/{}/bundle", answer["index"]), &token).await.expect(200);
    let files = [
        ("bundle", bundle.body),
        ("drawing", b"a drawing".to_vec()),
        ("other-trust", api.ledger.trust.to_string().into_bytes()),
    ];
    for (name, bytes) in files {
        std::fs::write(folder.path(name), bytes).expect("written");
    }
    Some(())
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
    at: i64,
) -> Result<Held, countersign::tlog::witness::Refusal> {
    let old = held.map_or(0, |held| held.checkpoint.size);
    let proof = if old == 0 { Vec::new() } else { log.proof(old.min(size), size) };
    let request = write_request(old.min(size), &proof, &log.checkpoint(size));
    let authentic = witness.authenticate(request.as_bytes())?;
    witness.cosign(&authentic, held, at.unsigned_abs()).map(|cosigned| cosigned.held)
}

/// Whether a mirror that has cosigned what is held cosigns the log as it is now, or why not.
fn cosigns(log: &Log, held: &Held) -> Result<(), String> {
    let mut replica = Replica::default();
    let entries: Vec<&[u8]> = log.entries().iter().map(|entry| entry.as_bytes()).collect();
    if let Some(error) = replica.replay_all(&entries, Signatures::Check).error {
        return Err(format!("a rule: {error}"));
    }
    let (size, root, seal) = (log.size(), replica.tree().root(), Seal::kept(ORIGIN));
    seal.keep(size, &log.checkpoint(size));
    let published = Published::first(replica, [size].into_iter().collect(), &seal).expect("a checkpoint");
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root };
    let at = now().seconds().unsigned_abs() + 2 * LATER.unsigned_abs();
    may_cosign(&published, &Standing::default(), 0, &checkpoint, Some(held), at)
        .map_err(|withheld| withheld.to_string())
}

/// The place of an attack: an entry of a site, neither the first nor among the last.
fn place(seed: usize, attack: usize) -> usize {
    12 + (seed * 7 + attack * 5 + 3) % 8
}

/// How often something is done: what the environment says, or else as usual.
fn counted(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_alarmed_while_a_ledger_is_used_as_it_should_be() {
    let Some(mut world) = World::new().await else { return };
    world.stock.api.clock.set(Instant::from_seconds(now().seconds() + LATER).expect("a time"));
    for cycle in 0..counted("COUNTERSIGN_CLEAN", 4) {
        // A record is written, something is read, a token is made; now and then the server begins anew.
        let note = signed(&draft(Kind::DataChange, &["US/centre/1"], changing("A1")));
        let answer = world.stock.api.record(&note).await;
        world.stock.api.get(&format!("/v1/records/{}", answer["index"]), &world.stock.us).await.expect(200);
        world.stock.api.party_token().await;
        if cycle % 10 == 3 {
            world.stock.api = world.stock.api.restart().await;
        }
        // Everybody takes what there is now, and looks.
        world.entries = world.stock.entries().await;
        let log = Log::of(&world.entries);
        let receipt = world.folder.path(&format!("new-{cycle}"));
        std::fs::write(&receipt, answer["receipt"].as_str().expect("a receipt")).expect("written");
        world.receipts.push(receipt.display().to_string());
        if cycle % 2 == 0 {
            let checkpoint = world.stock.api.ledger.now().checkpoint.to_string();
            std::fs::write(world.folder.path("checkpoint"), checkpoint).expect("written");
        }
        let held = world.held();
        let held: Vec<&str> = held.iter().map(String::as_str).collect();
        let look = || world.look(&held, Some((&log, &world.held)), Some(&log));
        assert_eq!(tokio::task::block_in_place(look), Vec::new(), "cycle {cycle}");
        let at = now().seconds() + LATER;
        world.held = ask(&world.witness, Some(&world.held), &log, log.size(), at).expect("it extends the one before");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_of_another_schema_is_never_asked() {
    let Some(api) = Api::start().await else { return };
    // It would take every hash for every other, and fail while it does.
    let shadow = "CREATE SCHEMA shadow; GRANT USAGE ON SCHEMA shadow TO PUBLIC; \
        CREATE FUNCTION shadow.same(bytea, bytea) RETURNS boolean LANGUAGE plpgsql \
        AS $$ BEGIN RAISE EXCEPTION 'asked'; END $$; \
        CREATE OPERATOR shadow.= (FUNCTION = shadow.same, LEFTARG = bytea, RIGHTARG = bytea); \
        DO $$ BEGIN EXECUTE pg_catalog.format('ALTER ROLE countersign_runtime IN DATABASE %I \
        SET search_path = shadow, pg_catalog', pg_catalog.current_database()); END $$";
    api.database.sabotage(shadow).await;
    let api = api.restart().await; // new connections, with what is set for the role
    let before = api.size();
    api.record(&signed(&draft(Kind::Designation, &["RU/centre/1"], designating("A1", "designate")))).await;
    assert_eq!(api.size(), before + 1);
    let token = api.party_token().await;
    api.get(&format!("/v1/records/{before}"), &token).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_is_found_by_whom_it_says_and_no_detector_is_idle() {
    let Some(world) = World::new().await else { return };
    let clean = || tokio::task::block_in_place(|| world.look_with(Some((&Log::of(&world.entries), &world.held))));
    assert_eq!(clean(), Vec::new(), "nothing was done yet");
    let has_surgery = world.has_surgery().await;
    let places = counted("COUNTERSIGN_ATTACKS", 1);
    let first = usize::try_from(std::process::id()).expect("a number");
    let mut alone: BTreeSet<Detector> = BTreeSet::new();
    for seed in first..first + places {
        for (number, attack) in table::ATTACKS.iter().chain(shown::ATTACKS).enumerate() {
            if attack.name.starts_with("A-10") && !has_surgery {
                assert!(!is_required("postgres"), "this PostgreSQL has no pg_surgery");
                eprintln!("{} is not tried: this PostgreSQL has no pg_surgery", attack.name);
                continue;
            }
            let at = place(seed, number);
            let found = world.attack(attack, at).await;
            let by: BTreeSet<Detector> = found.iter().map(|(detector, _)| *detector).collect();
            for (detector, what) in attack.evidence {
                let is_found = found.iter().any(|(by, found)| by == detector && found.starts_with(what));
                assert!(is_found, "{} at {at} is not found by {detector:?} as {what}: {found:?}", attack.name);
            }
            assert!(!by.is_empty(), "{} at {at}", attack.name);
            if let [only] = by.iter().collect::<Vec<_>>()[..] {
                alone.insert(*only);
            }
        }
    }
    assert_eq!(alone.into_iter().collect::<Vec<_>>(), DETECTORS, "without each of them some attack would pass");
    assert_eq!(clean(), Vec::new(), "everything is as it was");
}

#[test]
fn two_checkpoints_of_one_size_are_a_proof_that_anybody_can_check() {
    let of = |root: &[u8]| {
        let root = countersign::hash::Hash::of(root);
        Checkpoint { origin: ORIGIN.to_owned(), size: 9, root }.sign(&log_key()).expect("signs")
    };
    let file = format!("{}\n{}\n", of(b"one history"), of(b"another"));
    let finding = judge(&file, ORIGIN, &[log_key().verifier().clone()]).expect("evidence");
    assert_eq!((finding, finding.is_proof()), (Finding::TwoRoots(9), true));
}
