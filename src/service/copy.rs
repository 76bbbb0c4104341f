//! A copy of another server's log: what a [`Ledger`] is without the log's and the clerk's keys.
//!
//! It answers every question as the ledger itself does, from its own database; its checkpoints are those that the log
//! signed. It takes records in only through its [`Window`]. Its [`Standing`] towards its origin is told by the mirror, which
//! follows that.
//!
//! Invariants: nothing here signs for the log or its clerk. What stopped a copy for good is never taken back.
//!
//! Deliberately absent: following, cosigning, and their rules.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::{Semaphore, mpsc};

use super::accesses::Accesses;
use super::clock::Clock;
use super::cosigned::Cosigned;
use super::ledger::{Ledger, READERS};
use super::published::{Published, Seal};
use super::window::Window;
use crate::evidence::trust::Trust;
use crate::store::Address;
use crate::store::read::{Reader, pool};

/// Why a copy follows its origin no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// A word that never changes: the code of the rule that an entry breaks, or what else is wrong.
    pub code: String,
    /// Which entry, or which size.
    pub at: u64,
    /// What is wrong, for the operator of the copy.
    pub why: String,
}

/// How a copy stands to its origin.
#[derive(Debug, Default)]
pub struct Standing {
    stopped: ArcSwapOption<Stopped>,
    trouble: ArcSwapOption<String>,
    differing: ArcSwapOption<String>,
    withheld: ArcSwapOption<String>,
    accesses: ArcSwapOption<String>,
    seen: AtomicU64,
}

impl Standing {
    /// Stops the copy for good; the first reason counts.
    pub fn stop(&self, stopped: Stopped) {
        self.stopped.rcu(|first| first.clone().or_else(|| Some(Arc::new(stopped.clone()))));
    }

    /// Why it has stopped, if it has.
    pub fn stopped(&self) -> Option<Arc<Stopped>> {
        self.stopped.load_full()
    }

    /// Notes that the origin answered, at a time since the epoch, with something that is of this history.
    pub fn saw(&self, at: Duration) {
        self.seen.store(at.as_secs(), Ordering::SeqCst);
        self.trouble.store(None);
        self.differing.store(None);
    }

    /// Notes why the origin could not be followed this time. It may pass.
    pub fn trouble(&self, why: String) {
        self.trouble.store(Some(Arc::new(why)));
    }

    /// What keeps it from following now, if anything does.
    pub fn troubled(&self) -> Option<Arc<String>> {
        self.trouble.load_full()
    }

    /// Notes that what the origin shows does not go on from what it has signed.
    pub fn differs(&self, why: String) {
        self.differing.store(Some(Arc::new(why)));
    }

    /// In what the origin differs from what it has signed, if it does.
    pub fn is_differing(&self) -> Option<Arc<String>> {
        self.differing.load_full()
    }

    /// Notes why a checkpoint that the origin signed will not be cosigned, or that one was.
    pub fn withholds(&self, why: Option<String>) {
        self.withheld.store(why.map(Arc::new));
    }

    /// Why nothing is cosigned, if that is for good.
    pub fn is_withheld(&self) -> Option<Arc<String>> {
        self.withheld.load_full()
    }

    /// Notes that the origin's record of accesses is not what its clerk signed of it before, or that it goes on from that.
    pub fn accesses_differ(&self, why: Option<String>) {
        self.accesses.store(why.map(Arc::new));
    }

    /// Why the origin's record of accesses is not what its clerk signed of it before, if it is not.
    pub fn are_accesses_differing(&self) -> Option<Arc<String>> {
        self.accesses.load_full()
    }

    /// Seconds since the origin last answered well.
    pub fn unseen_for(&self, now: Duration) -> u64 {
        now.as_secs().saturating_sub(self.seen.load(Ordering::SeqCst))
    }
}

/// What makes a ledger a copy.
pub struct Mirrored {
    /// How it stands to its origin.
    pub standing: Arc<Standing>,
    /// Where records are lodged, if the copy has a key for that.
    pub window: Option<Arc<Window>>,
}

/// What a copy is opened with.
pub struct CopySettings {
    /// The database, as the runtime role.
    pub store: Address,
    /// The root of trust.
    pub trust: Trust,
    /// The checkpoints.
    pub seal: Arc<Seal>,
    /// What readers see; whoever follows the origin swaps it.
    pub published: Arc<ArcSwap<Published>>,
    /// What cosigners said of them.
    pub cosigned: Arc<Cosigned>,
    /// The time.
    pub clock: Clock,
    /// The rest.
    pub copy: Mirrored,
}

impl Ledger {
    /// The copy that a mirror holds, for readers.
    pub fn of_copy(settings: CopySettings) -> Arc<Ledger> {
        let CopySettings { store, trust, seal, published, cosigned, clock, copy } = settings;
        let accesses = Accesses::start(Reader::new(pool(store.clone(), 1)));
        let reader = Reader::new(pool(store, READERS));
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let (verifying, computing) = (Arc::new(Semaphore::new(cores)), Arc::new(Semaphore::new(cores)));
        let (queue, _) = mpsc::channel(1); // nothing waits: there is no sequencer
        let (long, copy) = (Arc::new(Semaphore::new(1)), Some(Arc::new(copy)));
        let keys = None;
        Arc::new(Ledger {
            published,
            seal,
            reader,
            accesses,
            cosigned,
            clock,
            trust,
            copy,
            standing: Arc::default(),
            evidence: None,
            keys,
            queue,
            verifying,
            computing,
            long,
        })
    }
}
