//! A ledger's keys, its terms, and as many records as a test wants.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use countersign::author::{Draft, sign};
use countersign::hash::Hash;
use countersign::note::{KeyKind, Signer};
use countersign::replica::{LedgerKeys, Replica};
use countersign::service::clock::Clock;
use countersign::service::heads::HeadFile;
use countersign::service::published::{Published, Seal};
use countersign::service::sequencer::{Answer, QUEUE, Sequencer, Submission, Unavailable};
use countersign::store::log::{Log, NewEntry, Sent};
use countersign::tlog::{EMPTY_ROOT, Head, leaf_hash};
use countersign::treaty::admit::Signatures;
use countersign::treaty::party::Party;
use countersign::treaty::record::{Anchor, Channel, Kind, Signed};
use countersign::treaty::register::Register;
use countersign::treaty::time::Instant;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// The name of the ledgers of these tests.
pub const ORIGIN: &str = "ledger.example/test";

/// The key of this name; always the same one.
pub fn key(name: &str) -> Signer {
    let kind = if name.ends_with("/clerk") { KeyKind::Countersign } else { KeyKind::Ed25519 };
    let seed = *Hash::of(name.as_bytes()).as_bytes();
    Signer::from_seed(name, kind, seed).expect("a key")
}

/// The log's key.
pub fn log_key() -> Signer {
    key(ORIGIN)
}

/// The clerk's key.
pub fn clerk_key() -> Signer {
    key(&format!("{ORIGIN}/clerk"))
}

/// The key of this office of the log that comes in this place; the first is that of [`key`].
pub fn own_key(name: &str, place: u8) -> Signer {
    if place == 1 {
        return key(name);
    }
    let kind = key(name).verifier().kind();
    Signer::from_seed(name, kind, *Hash::of(format!("{name} {place}").as_bytes()).as_bytes()).expect("a key")
}

/// Both.
pub fn ledger_keys() -> LedgerKeys {
    LedgerKeys::new(log_key(), clerk_key())
}

/// A second that every ledger of these tests begins at.
pub fn beginning() -> Instant {
    Instant::parse("2026-01-01T00:00:00Z").expect("a time")
}

/// A record before it is text, with an id and a number of its own.
pub fn draft(kind: Kind, signers: &[&str], body: Value) -> Draft {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let party = signers[0].split('/').next().and_then(Party::from_word).expect("a party");
    Draft {
        id: Uuid::from_u128(0x01a1_b2c3_0000_7000_8000_0000_0000_0000 | u128::from(count)),
        kind,
        party,
        signers: signers.iter().map(|&name| name.to_owned()).collect(),
        number: count,
        signed_at: beginning(),
        effective_at: None,
        anchor: Anchor { size: 0, root: EMPTY_ROOT },
        channel: Channel::NationalCentre,
        refs: Vec::new(),
        body,
    }
}

/// The note of a draft, signed by everybody that it names.
pub fn signed(draft: &Draft) -> String {
    let signers: Vec<Signer> = draft.signers.iter().map(|name| key(name)).collect();
    sign(&draft.text(ORIGIN), &signers.iter().collect::<Vec<_>>()).expect("signs")
}

/// The terms that begin the ledger, signed by every root.
pub fn terms() -> String {
    let text = |en: &str| json!({ "en": en, "ru": en });
    let vkey = |name: &str| key(name).verifier().to_string();
    let roots = |party: &str| json!({ "root": vkey(&format!("{party}/root/1")), "recovery": vkey(&format!("{party}/recovery/1")) });
    let slot = |inspecting, inspected, host, designated_by| json!({ "inspecting": inspecting, "inspected": inspected, "host": host, "designated_by": designated_by, "name": text("a site") });
    let body = json!({
        "title": text("test"), "origin": ORIGIN, "version": 1, "rules": 1, "demonstration": true, "public_log": true,
        "log_vkey": log_key().verifier().to_string(), "clerk_vkey": clerk_key().verifier().to_string(),
        "roots": { "US": roots("US"), "RU": roots("RU"), "RO": roots("RO"), "PL": roots("PL") },
        "slots": { "A1": slot("RU", "US", "RO", "RU"), "B1": slot("US", "RU", "RU", "US") },
        "quorum": { "all": [] },
    });
    signed(&draft(Kind::Terms, &["US/root/1", "RU/root/1", "RO/root/1", "PL/root/1"], body))
}

/// The registration of a key by its authority's root.
pub fn registration(name: &str) -> String {
    let (party, role) = (name.split('/').next().expect("a party"), name.split('/').nth(1).expect("a role"));
    let body = json!({ "vkey": key(name).verifier().to_string(), "name": name, "role": role });
    signed(&draft(Kind::KeyRegistration, &[&format!("{party}/root/1"), name], body))
}

/// A record that the centre of this name may add at any time.
pub fn designation(centre: &str) -> String {
    let slot = if centre.starts_with("US") { "B1" } else { "A1" };
    let body = json!({
        "slot": slot, "site": "S-1", "action": "designate", "name": { "en": "a site", "ru": "объект" },
        "lat_e7": 0, "lon_e7": 0, "accuracy_m": 1, "source": "a test",
    });
    signed(&draft(Kind::Designation, &[centre], body))
}

/// Begins the log in a store: the terms and one centre for each Party.
pub async fn begin<L: Log>(mut log: L) -> L {
    let verified = Signed::parse(terms().as_bytes()).expect("a record").verify(&Register::default(), "test");
    let (entry, replica) = Replica::begin(verified.expect("signed"), beginning(), &clerk_key()).expect("terms");
    let held = log.entries_after(0).await.expect("the store answers");
    assert_eq!(held.head, Head::default());
    let new = NewEntry {
        digest: entry.signed.digest,
        leaf_hash: leaf_hash(entry.bytes.as_bytes()),
        note: entry.bytes.clone(),
        json: entry.signed.json().to_owned(),
        sent: Sent::default(),
    };
    log.commit(Head::default(), replica.head(), vec![new]).await.expect("entry 0");
    log
}

/// One server: a sequencer over a store, and what its readers see.
pub struct Server {
    /// What readers see.
    pub published: Arc<ArcSwap<Published>>,
    /// Signs checkpoints.
    pub seal: Arc<Seal>,
    heads: PathBuf,
    queue: mpsc::Sender<Submission>,
    task: JoinHandle<()>,
}

/// What a sender keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The index of the entry.
    pub index: u64,
    /// The proof.
    pub text: String,
    /// Whether it was new.
    pub new: bool,
}

impl Server {
    /// Loads everything from the store and starts. The file of heads must not contradict it.
    pub async fn start<L: Log>(log: L, heads: &std::path::Path, clock: Clock) -> Result<Server, String> {
        Server::start_with(log, heads, clock, ledger_keys()).await
    }

    /// The same with these keys.
    pub async fn start_with<L: Log>(
        mut log: L,
        heads: &std::path::Path,
        clock: Clock,
        keys: LedgerKeys,
    ) -> Result<Server, String> {
        let mut replica = Replica::default();
        let mut sizes = imbl::Vector::new();
        loop {
            let page = log.load(replica.tree().size()).await.map_err(|error| error.to_string())?;
            for entry in &page.entries {
                replica.replay(entry, Signatures::CheckedElsewhere).map_err(|error| error.to_string())?;
            }
            sizes.extend(page.sizes);
            if replica.tree().size() >= page.head.size {
                assert_eq!(replica.head(), page.head);
                break;
            }
        }
        let path = heads.to_owned();
        let heads = HeadFile::open(heads, replica.tree()).map_err(|error| error.to_string())?;
        let keys = Arc::new(keys);
        let seal = Arc::new(Seal::new(ORIGIN, Arc::clone(&keys)));
        let first = Published::first(replica, sizes, &seal).map_err(|error| error.to_string())?;
        let published = Arc::new(ArcSwap::from_pointee(first));
        let (queue, waiting) = mpsc::channel(QUEUE);
        let sequencer = Sequencer::new(log, Arc::clone(&seal), keys, heads, clock, Arc::clone(&published));
        let task = tokio::spawn(sequencer.run(waiting));
        Ok(Server { published, seal, heads: path, queue, task })
    }

    /// Puts a note into the queue, as a request would. The answer comes later.
    pub async fn send(&self, note: &str) -> oneshot::Receiver<Result<Answer, Unavailable>> {
        let signed = Signed::parse(note.as_bytes()).expect("a record");
        let published = self.published.load_full();
        let verified = signed.verify(published.replica.register(), "test").expect("signed");
        let (reply, answer) = oneshot::channel();
        let _ = self.queue.send(Submission { verified, request_id: None, reply }).await; // a stopped server drops it, and the sender sees
        answer
    }

    /// Submits a note and waits for the answer.
    pub async fn submit(&self, note: &str) -> Result<Answer, Unavailable> {
        self.send(note).await.await.unwrap_or_else(|_| Err(Unavailable::TryAgain("stopped".into())))
    }

    /// Dies where it stands. Answers the file of heads that it leaves.
    pub async fn crash(self) -> PathBuf {
        self.task.abort();
        let _ = self.task.await;
        self.heads
    }

    /// Submits a note until there is a receipt for it; `Err` if the ledger has halted.
    pub async fn record(&self, note: &str) -> Result<Receipt, String> {
        loop {
            match self.submit(note).await {
                Ok(answer) => return receipt_of(&answer, &self.seal),
                Err(Unavailable::TryAgain(_)) => tokio::time::sleep(std::time::Duration::from_millis(2)).await,
                Err(Unavailable::Halted(why)) => return Err(why),
            }
        }
    }

    /// The signed checkpoint of now.
    pub fn checkpoint(&self) -> String {
        self.published.load().checkpoint.to_string()
    }
}

/// The receipt in an answer.
pub fn receipt_of(answer: &Answer, seal: &Seal) -> Result<Receipt, String> {
    use countersign::replica::Outcome::{Known, Recorded};
    let (index, new) = match answer.outcome {
        Recorded { index } => (index, true),
        Known { index } => (index, false),
        ref other => return Err(format!("{other:?}")),
    };
    let text = answer.published.receipt(index, seal).ok_or("no receipt")?;
    Ok(Receipt { index, text, new })
}
