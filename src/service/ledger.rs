//! One ledger, opened: everything that a server shares between its requests.
//!
//! [`Ledger::create`] begins a log with entry 0; [`Ledger::open`] hashes and folds every entry that the store holds,
//! passes the boot gate ([`super::gate`]), and starts the sequencer. Only then does anything get signed.
//!
//! Invariants: a ledger is opened only with the keys that its terms put in force for the next entry; a store that
//! contradicts itself or what was signed is not opened, and one that stands behind is not written to.
//!
//! Deliberately absent: what the gate decides by.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::access::Token;
use super::accesses::Accesses;
use super::clock::{Clock, ClockFault, JumpGuard};
use super::copy::Mirrored;
use super::cosigned::config::{CosignerAt, CosignerError, CosigningSettings, check};
use super::cosigned::rounds::Rounds;
use super::cosigned::{Cosigned, lines};
use super::former::{self, FormerError};
use super::gate::load::{LoadError, Loaded};
use super::gate::{self, GateError, GateSettings};
use super::heads::{HeadFile, HeadsError};
use super::keys::{keys_agree, keys_are_there, keys_fit};
use super::published::{Published, Seal};
use super::query::QueryError;
use super::sequencer::{QUEUE, Sequencer, Submission};
use crate::evidence::trust::Trust;
use crate::hash::Hash;
use crate::note::SignError;
use crate::replica::{BeginError, KeyMissing, LedgerKeys, ReplayError, Replica};
use crate::store::log::{CommitError, Log, NewEntry, Sent};
use crate::store::postgres::PostgresLog;
use crate::store::read::{Reader, pool};
use crate::store::{Address, StoreError};
use crate::tlog::{Head, leaf_hash};
use crate::treaty::record::{Malformed, Signed};
use crate::treaty::refusal::Refused;
use crate::treaty::register::Register;
use crate::witness::evidence::EvidenceFolder;

/// Connections that read for requests.
pub(super) const READERS: u32 = 8;

/// What a ledger is opened with.
pub struct Settings {
    /// The database, as the runtime role.
    pub store: Address,
    /// The file of heads: the second store.
    pub heads: PathBuf,
    /// The keys that the terms name.
    pub keys: LedgerKeys,
    /// The time.
    pub clock: Clock,
    /// What the boot gate may use.
    pub gate: GateSettings,
    /// Who cosigns, and how they are asked.
    pub cosigning: CosigningSettings,
}

/// Why a ledger cannot be opened or begun.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Begin it: `serve --create-log NOTE`.
    #[error("the database holds no log yet; begin one with `serve --create-log NOTE`")]
    NotBegun,
    /// Leave `--create-log` out: a log is begun once.
    #[error("the database already holds a log of {0} entries; start without --create-log")]
    AlreadyBegun(u64),
    /// Look at the database.
    #[error("the database cannot be used: {0}")]
    Store(#[from] StoreError),
    /// The entries and the head row disagree: somebody changed the database.
    #[error("the head row says size {} root {}, the entries say size {} root {}", head.size, head.root, entries.size, entries.root)]
    HeadDiffers {
        /// What the head row says.
        head: Head,
        /// What the entries add up to.
        entries: Head,
    },
    /// An entry breaks the rules or cannot be read.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The second store disagrees.
    #[error(transparent)]
    Heads(#[from] HeadsError),
    /// Give the keys that entry 0 names.
    #[error("the {0} key is not the one that the terms of this log name")]
    OtherKey(&'static str),
    /// Give the keys that the terms put in force.
    #[error(transparent)]
    KeyMissing(#[from] KeyMissing),
    /// See the reason.
    #[error(transparent)]
    Former(#[from] FormerError),
    /// A key failed its own check.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Mend the terms.
    #[error("the note cannot begin a log: {}", first(malformed))]
    Malformed {
        /// Every fault of its form.
        malformed: Malformed,
    },
    /// Mend the terms, have the roots sign again.
    #[error("the terms cannot begin a log: {}", refused.first().map_or(String::new(), |r| format!("{} {}", r.pointer, r.words())))]
    Refused {
        /// Every reason.
        refused: Vec<Refused>,
    },
    /// See the reason.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// Set the clock right.
    #[error(transparent)]
    Clock(#[from] ClockFault),
    /// Start again: the database will say whether entry 0 is there.
    #[error("entry 0 could not be committed: {0}")]
    Commit(#[from] CommitError),
    /// See the reason.
    #[error(transparent)]
    Gate(GateError),
    /// Begin a new ledger in another data directory.
    #[error(
        "{0} says that a log of {1} entries was signed here: a new one needs a data directory of its own; to get the old one back, leave --create-log out and give --restore-from"
    )]
    SignedHere(PathBuf, u64),
    /// Take the right note: this database is no demonstration.
    #[error("a scripted clock is for demonstrations, and the terms of this log do not say that it is one")]
    NotADemonstration,
    /// Name the cosigners as the log names their keys.
    #[error(transparent)]
    Cosigner(#[from] CosignerError),
}

fn first(malformed: &Malformed) -> String {
    malformed.faults.first().map_or_else(String::new, |fault| format!("line {}: {}", fault.line, fault.detail))
}

/// An open ledger.
pub struct Ledger {
    /// What readers see.
    pub published: Arc<ArcSwap<Published>>,
    /// What signs checkpoints.
    pub seal: Arc<Seal>,
    /// Bytes by index, and tokens.
    pub reader: Reader,
    /// Where reads are recorded.
    pub accesses: Accesses,
    /// What cosigners said; a copy asks none, and hears of it.
    pub cosigned: Arc<Cosigned>,
    /// The time.
    pub clock: Clock,
    /// The root of trust.
    pub trust: Trust,
    /// What makes this a copy of another server's log, where it is one.
    pub copy: Option<Arc<Mirrored>>,
    /// How it came through the boot gate.
    pub standing: Arc<gate::Standing>,
    /// Where checkpoints that contradict it are kept; a copy's mirror has its own.
    pub(super) evidence: Option<EvidenceFolder>,
    /// Countersign records while they wait; a copy has none.
    pub(super) keys: Option<Arc<LedgerKeys>>,
    /// Where records wait for the sequencer.
    pub(super) queue: mpsc::Sender<Submission>,
    /// How many records are verified at once.
    pub(super) verifying: Arc<Semaphore>,
    /// How many answers are computed at once beside the tasks that serve.
    pub(super) computing: Arc<Semaphore>,
    /// The place for what takes very long, such as a timeline.
    pub long: Arc<Semaphore>,
}

impl Settings {
    /// Reads what the store holds, and takes it through the boot gate; then the keys, the cosigners and the clock must be
    /// right for it.
    async fn pass(&mut self, log: &mut PostgresLog) -> Result<gate::Passed, OpenError> {
        let mut loaded = Loaded::default();
        loaded.read(log, HeadFile::last_size(&self.heads)).await?;
        keys_fit(&loaded.replica, &self.keys)?;
        self.gate.cosigners.extend(self.cosigning.cosigners.iter().map(CosignerAt::monitor));
        let passed = gate::pass(&self.gate, &self.keys, gate::Places { log, heads: &self.heads }, loaded).await?;
        let replica = &passed.loaded.replica;
        keys_are_there(replica, &self.keys)?;
        check(&self.cosigning.cosigners, replica.register())?;
        let demonstration = replica.register().terms().is_some_and(|terms| terms.demonstration);
        if !self.clock.is_system() && !demonstration {
            return Err(OpenError::NotADemonstration);
        }
        Ok(passed)
    }
}

impl Ledger {
    /// Begins a log with the terms in `note`. Answers the root of trust.
    pub async fn create(settings: &Settings, note: &[u8]) -> Result<Trust, OpenError> {
        let signed = Signed::parse(note).map_err(|malformed| OpenError::Malformed { malformed })?;
        let verified =
            signed.verify(&Register::default(), "create-log").map_err(|refused| OpenError::Refused { refused })?;
        let now = JumpGuard::new().read(&settings.clock, None)?;
        let clerk = settings.keys.clerk.first().ok_or(OpenError::OtherKey("clerk"))?;
        let (entry, replica) = Replica::begin(verified, now, clerk)?;
        keys_agree(&replica, &settings.keys)?;
        let signed = HeadFile::last_size(&settings.heads);
        if signed > 0 {
            return Err(OpenError::SignedHere(settings.heads.clone(), signed));
        }
        let mut log = PostgresLog::new(settings.store.clone());
        let held = log.entries_after(0).await?;
        if held.head.size > 0 {
            return Err(OpenError::AlreadyBegun(held.head.size));
        }
        let new = NewEntry {
            digest: entry.signed.digest,
            leaf_hash: leaf_hash(entry.bytes.as_bytes()),
            note: entry.bytes.clone(),
            json: entry.signed.json().to_owned(),
            sent: Sent { request_id: None, address: "create-log".into() },
        };
        log.commit(Head::default(), replica.head(), vec![new]).await?;
        Ok(Trust { origin: entry.signed.record.origin.clone(), terms: entry.signed.digest })
    }

    /// Opens the log that the store holds, if the boot gate lets it pass. The task ends when the ledger is dropped.
    pub async fn open(mut settings: Settings) -> Result<(Arc<Ledger>, JoinHandle<()>), OpenError> {
        let mut log = PostgresLog::new(settings.store.clone());
        // Nothing is signed or shown before this.
        let passed = settings.pass(&mut log).await?;
        let (Loaded { replica, sizes, trust }, heads, standing) = (passed.loaded, passed.heads, passed.standing);
        let (trust, mut cosigning) = (trust.ok_or(OpenError::NotBegun)?, settings.cosigning);
        let keys = Arc::new(settings.keys);
        let seal = Arc::new(Seal::new(&trust.origin, Arc::clone(&keys)));
        former::keep(&settings.heads.with_file_name("former"), &replica, &sizes, &keys, &seal)?;
        let published = Published::first(replica, sizes, &seal)?;
        let reader = Reader::new(pool(settings.store.clone(), READERS));
        let lines = lines::load(&reader, &published, &seal).await?;
        let published = Arc::new(ArcSwap::from_pointee(published));
        if let Some(missing) = &standing.missing {
            published.load().halted.store(Some(Arc::new(missing.to_string())));
            cosigning.cosigners.clear(); // nothing new is brought to anybody
        }
        let evidence = EvidenceFolder::new(&settings.gate.evidence);
        let shown = (Arc::clone(&published), Arc::clone(&seal));
        let cosigned = Rounds::start(cosigning, lines, evidence.clone(), shown, reader.clone());
        let (queue, waiting) = mpsc::channel(QUEUE);
        let clock = settings.clock.clone();
        let task = match heads {
            Some(heads) => {
                let (seal, keys, published) = (Arc::clone(&seal), Arc::clone(&keys), Arc::clone(&published));
                tokio::spawn(Sequencer::new(log, seal, keys, heads, clock, published).run(waiting))
            }
            None => tokio::spawn(async move { drop(waiting) }), // nothing is written
        };
        let accesses = Accesses::start(Reader::new(pool(settings.store, 1)));
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let (verifying, computing) = (Arc::new(Semaphore::new(cores)), Arc::new(Semaphore::new(cores)));
        let (clock, keys, copy) = (settings.clock, Some(keys), None);
        let long = Arc::new(Semaphore::new(1));
        let (standing, evidence) = (Arc::new(standing), Some(evidence));
        let ledger = Ledger {
            published,
            seal,
            reader,
            accesses,
            cosigned,
            clock,
            trust,
            copy,
            standing,
            evidence,
            keys,
            queue,
            verifying,
            computing,
            long,
        };
        Ok((Arc::new(ledger), task))
    }

    /// The token with this hash, if it is in force.
    pub async fn token(&self, hash: &Hash) -> Result<Option<Token>, QueryError> {
        Ok(self.reader.find_token(hash).await?)
    }

    /// How many records wait for the sequencer.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// The newest committed state.
    pub fn now(&self) -> Arc<Published> {
        self.published.load_full()
    }
}

/// The errors of reading a log stand beside the others, each by itself.
impl From<LoadError> for OpenError {
    fn from(error: LoadError) -> OpenError {
        match error {
            LoadError::Store(error) => OpenError::Store(error),
            LoadError::HeadDiffers { head, entries } => OpenError::HeadDiffers { head, entries },
            LoadError::Replay(error) => OpenError::Replay(error),
        }
    }
}

impl From<GateError> for OpenError {
    fn from(error: GateError) -> OpenError {
        match error {
            GateError::Load(error) => error.into(),
            GateError::Heads(error) => OpenError::Heads(error),
            other => OpenError::Gate(other),
        }
    }
}
