//! A Party's mirror: a full copy that judges every entry again before it cosigns.
//!
//! In reading order: [`load`] opens what is held and compares it with itself; [`follow`] takes up what the [`origin`]
//! shows, once it is opened ([`shown`]) and has come ([`coming`]); what the log signed is kept in a file
//! ([`crate::service::checkpoints`]); [`gate`] is what a mirror asks before it cosigns, and [`evidence`] what it keeps of an
//! origin that breaks a rule; [`accesses`] follows its record of who read what. Cosigning itself is the light witness's
//! ([`crate::witness`]), reading is the ledger's ([`crate::service::copy`]).
//!
//! Invariants: what readers see and what is cosigned was judged in full; a mirror that has stopped serves what it holds,
//! and cosigns nothing.
//!
//! Deliberately absent: the keys of the log and its clerk. A mirror can write nothing in their names.

pub mod accesses;
mod coming;
pub mod evidence;
pub mod follow;
pub mod gate;
pub mod heard;
pub mod load;
pub mod shown;

pub use crate::service::origin;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, watch};
use tokio::time::MissedTickBehavior;

use self::accesses::{AccessWatch, WatchError};
use self::follow::{Follower, LookError};
use crate::note::{Signer, Succession};
use crate::service::clock::Clock;
use crate::service::copy::Standing;
use crate::service::cosigned::Cosigned;
use crate::service::published::{Published, Seal};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::witness::{Authentic, Logs, Witness};
use crate::witness::evidence::EvidenceFolder;
use crate::witness::state::{State, StateError};
use crate::witness::{Cosigner, Demands, Withheld};

/// How long a request for a cosignature may wait until its entries are fetched.
pub const FETCH: Duration = Duration::from_secs(10);
/// How often the origin's record of accesses is looked at.
pub const WATCH: Duration = Duration::from_secs(60);

/// A beat that waits for nobody.
fn beat(every: Duration) -> tokio::time::Interval {
    let mut beat = tokio::time::interval(every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    beat
}

/// Waits until the end is called.
async fn ended(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

/// Says what changes, once.
fn say(said: &mut Option<String>, why: Option<String>, what: &str) {
    if let Some(why) = why.as_ref().filter(|why| said.as_ref() != Some(why)) {
        tracing::warn!(why, "{what}");
    }
    *said = why;
}

/// A mirror that has something to show.
pub struct Mirror {
    follower: Mutex<Follower>,
    /// What readers see.
    pub published: Arc<ArcSwap<Published>>,
    /// The checkpoints that the log signed.
    pub seal: Arc<Seal>,
    /// What cosigners said of them.
    pub cosigned: Arc<Cosigned>,
    /// How it stands to its origin.
    pub standing: Arc<Standing>,
    accesses: AccessWatch,
    evidence: PathBuf,
    clock: Clock,
}

/// Why a mirror cannot cosign.
#[derive(Debug, thiserror::Error)]
pub enum CosignerError {
    /// Make one with `keygen --name <authority>/mirror/<label>`.
    #[error("the key is not one for cosigning")]
    OtherKey,
    /// Look at the file.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Mirror {
    /// The mirror that follows so, if there is something to show.
    pub fn new(follower: Follower) -> Result<Arc<Mirror>, Box<Follower>> {
        let Some(published) = follower.published.clone() else { return Err(Box::new(follower)) };
        Ok(Arc::new(Mirror {
            published,
            seal: Arc::clone(&follower.seal),
            cosigned: Arc::clone(&follower.heard.cosigned),
            standing: Arc::clone(&follower.standing),
            accesses: AccessWatch::new(follower.origin.clone(), follower.seal.origin(), &follower.folder),
            evidence: follower.folder.clone(),
            clock: follower.clock.clone(),
            follower: Mutex::new(follower),
        }))
    }

    /// Looks at the origin once.
    pub async fn look(&self) -> Result<u64, LookError> {
        self.follower.lock().await.look().await
    }

    /// Looks at the origin if that is needed to hold so many entries, or to know that there are no more.
    async fn reach(&self, size: u64) {
        if self.has(size) {
            return;
        }
        let mut follower = self.follower.lock().await;
        // While this waited, another may have looked.
        if !self.has(size) {
            let _ = follower.look().await; // how it stands is noted
        }
    }

    fn has(&self, size: u64) -> bool {
        let unseen = self.standing.unseen_for(self.clock.unix_duration());
        self.published.load().size() >= size && unseen <= gate::CONTACT / 2
    }

    /// Sees whether the origin's record of accesses goes on from where it stood. Answers how many events there are.
    pub async fn watch_accesses(&self) -> Result<u64, WatchError> {
        let Some(terms) = self.published.load().replica.register().terms().cloned() else { return Ok(0) };
        let watched = self.accesses.look(&terms.clerk).await;
        match &watched {
            Ok(_) => self.standing.accesses_differ(None),
            Err(error @ (WatchError::Contradicts(_) | WatchError::WentBack { .. })) => {
                self.standing.accesses_differ(Some(error.to_string()));
            }
            Err(_) => {}
        }
        watched
    }

    /// Looks at the origin again and again, until the end is called; at its record of accesses every minute, beside that. Who is
    /// behind goes on at once: a look that took longer than a beat is followed by the next.
    pub async fn follow(self: Arc<Mirror>, every: Duration, mut stop: watch::Receiver<bool>) {
        let watching = tokio::spawn(Arc::clone(&self).watch(stop.clone()));
        let mut beat = beat(every.max(Duration::from_millis(1)));
        let mut said = None;
        loop {
            tokio::select! {
                biased;
                () = ended(&mut stop) => break,
                _ = beat.tick() => {}
            }
            let why = self.look().await.err().map(|error| error.to_string());
            say(&mut said, why, "the origin is not followed");
        }
        let _ = watching.await; // a panic has been told
    }

    /// Looks at the origin's record of accesses every minute, until the end is called: also in the middle of a look, which an
    /// origin could draw out.
    async fn watch(self: Arc<Mirror>, mut stop: watch::Receiver<bool>) {
        let (mut beat, mut said) = (beat(WATCH), None);
        loop {
            let look = async {
                beat.tick().await;
                self.watch_accesses().await.err().map(|error| error.to_string())
            };
            let why = tokio::select! {
                biased;
                () = ended(&mut stop) => return,
                why = look => why,
            };
            say(&mut said, why, "the origin's record of accesses is not followed");
        }
    }

    /// The cosigner of this mirror, with its key and its state file, which is made if `begin` says so. Where it is asked
    /// for what is not held yet, it looks at the origin first, for at most [`FETCH`].
    pub fn cosigner(
        self: &Arc<Mirror>,
        key: Signer,
        state: &std::path::Path,
        begin: bool,
    ) -> Result<Cosigner, CosignerError> {
        let mut logs = Logs::default();
        for log in self.keys().iter().flat_map(Succession::all) {
            logs.add(self.seal.origin().to_owned(), log.clone()).map_err(|_| CosignerError::OtherKey)?;
        }
        let witness = Witness::new(key, logs).map_err(|_| CosignerError::OtherKey)?;
        let state = if begin { State::begin(state)? } else { State::open(state, &witness)? };
        let clock = self.clock.clone();
        let now = Box::new(move || u64::try_from(clock.now().seconds()).unwrap_or_default());
        let cosigner = Cosigner::new(witness, state, EvidenceFolder::new(&self.evidence), now);
        let (keys, before, gate, runtime) = (Arc::clone(self), Arc::clone(self), Arc::clone(self), Handle::current());
        let keys = move |size| keys.keys().map(|keys| keys.at(size).clone());
        let before = move |authentic: &Authentic<'_>| runtime.block_on(Arc::clone(&before).prepare(authentic));
        let allows = move |checkpoint: &Checkpoint, held: Option<&_>, now| {
            let (published, unseen) = (gate.published.load(), gate.standing.unseen_for(gate.clock.unix_duration()));
            let allowed = gate::may_cosign(&published, &gate.standing, unseen, checkpoint, held, now);
            match &allowed {
                Ok(()) => gate.standing.withholds(None),
                Err(Withheld::Never(why)) => {
                    tracing::error!(size = checkpoint.size, why, "a checkpoint of the log is not cosigned");
                    gate.standing.withholds(Some(why.clone()));
                }
                Err(Withheld::NotYet(_)) => {}
            }
            allowed
        };
        Ok(cosigner.demanding(Demands { keys: Box::new(keys), before: Box::new(before), allows: Box::new(allows) }))
    }

    /// The keys of the log, as the entries that are shown name them.
    fn keys(&self) -> Option<Succession> {
        Some(self.published.load().replica.register().terms()?.log.clone())
    }

    /// Sees to it that the entries of a checkpoint are held, if they can be had in time; and that the log did not sign it
    /// beside what it signed before.
    async fn prepare(self: Arc<Mirror>, authentic: &Authentic<'_>) -> Result<(), Withheld> {
        let wanted = authentic.checkpoint();
        // In a task of its own: what is begun is finished, whoever still waits for it.
        let (looking, size) = (Arc::clone(&self), wanted.size);
        let _ = tokio::time::timeout(FETCH, tokio::spawn(async move { looking.reach(size).await })).await;
        let root = self.published.load().replica.tree().root_at(wanted.size);
        if root.is_some_and(|root| root != wanted.root) {
            let error = self.follower.lock().await.forked(wanted, authentic.by_log());
            return Err(Withheld::Never(error.to_string()));
        }
        Ok(())
    }
}
