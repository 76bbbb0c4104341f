//! The sequencer: the one task that writes.
//!
//! Everything that waits becomes one batch: lock the head row, catch up with entries that another process added, read
//! the time, [`step`], commit, read the batch back, append the head to the second store, sign the checkpoint, publish,
//! answer each sender. Group commit is no promise: an answer is given only for what is durable.
//!
//! Invariants:
//! - Nothing is signed by the log key before its head is durable in Postgres and flushed to the second store.
//! - Readers see only what was published, and that is only what was committed.
//! - The root over what Postgres says it holds must be the head that was committed. If it is not, nothing is signed, and
//!   the sequencer halts: in doubt the ledger stops writing.
//! - An unknown outcome of a COMMIT is never guessed: the senders are told to try again, and the next batch first reads
//!   under the head's lock what really happened.
//! - It runs in its own task and on its own connection: no dropped request reaches it.
//!
//! Deliberately absent: judgement (that is [`step`]), SQL ([`crate::store`]), and cosigning, which comes after.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};

use super::clock::{Clock, ClockFault, JumpGuard};
use super::heads::{HeadFile, HeadsError};
use super::keys::look_ahead;
use super::published::{Published, Seal};
use crate::hash::Hash;
use crate::note::SignError;
use crate::replica::{Batch, KeyMissing, LedgerKeys, Outcome, ReplayError, Replica, step};
use crate::store::StoreError;
use crate::store::log::{CommitError, Log, NewEntry, Sent, Tail};
use crate::tlog::{Head, Tree, leaf_hash};
use crate::treaty::admit::Signatures;
use crate::treaty::entry::Entry;
use crate::treaty::terms::RULES;
use crate::treaty::time::Instant;
use crate::treaty::turned_away::TurnedAway;
use crate::treaty::verify::Verified;

/// Records that one batch takes at most.
pub const MAX_BATCH: usize = 1_024;
/// Records that may wait.
pub const QUEUE: usize = 4_096;
/// How long a sequencer without work waits before it looks for what other processes added.
const FOLLOW: Duration = Duration::from_secs(1);

/// A record on its way in, and where the answer goes.
pub struct Submission {
    /// The record.
    pub verified: Verified,
    /// The request that brought it.
    pub request_id: Option<String>,
    /// Who waits for the outcome.
    pub reply: oneshot::Sender<Result<Answer, Unavailable>>,
}

/// What became of a record, and the state of the ledger in which it did.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What became of it.
    pub outcome: Outcome,
    /// The new entry, where there is one.
    pub entry: Option<Arc<Entry>>,
    /// The ledger after the batch.
    pub published: Arc<Published>,
    /// The clerk's note, where an authentic record was refused.
    pub refusal: Option<String>,
}

/// The ledger could not write. Trying again with the same bytes is always safe.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unavailable {
    /// Try again: the batch was not committed, or nobody knows yet whether it was.
    #[error("the record could not be written now: {0}")]
    TryAgain(String),
    /// The ledger has stopped writing until somebody has looked.
    #[error("the ledger has stopped writing: {0}")]
    Halted(String),
}

/// Why the sequencer stops until somebody has looked.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// The store holds something else than was committed to it.
    #[error("what the database holds is not what was committed: {0}")]
    Falsified(String),
    /// A committed entry breaks the rules.
    #[error("a committed entry cannot be taken up: {0}")]
    Replay(#[from] ReplayError),
    /// The clock is not to be trusted.
    #[error(transparent)]
    Clock(#[from] ClockFault),
    /// The second store is not to be had, or disagrees.
    #[error(transparent)]
    Heads(#[from] HeadsError),
    /// The log key failed its own check.
    #[error("the log key does not sign: {0}")]
    Sign(String),
    /// The terms put a key in force that this server does not have.
    #[error(transparent)]
    KeyMissing(#[from] KeyMissing),
}

/// What stops one batch.
enum Failure {
    TryAgain(String),
    Halt(Halt),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        match error {
            StoreError::Falsified(what) => Failure::Halt(Halt::Falsified(what)),
            other => Failure::TryAgain(other.to_string()),
        }
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Failure {
        match (error.falsified(), &error) {
            (Some(what), _) => Failure::Halt(Halt::Falsified(what.to_owned())),
            (None, CommitError::NotCommitted(cause)) => Failure::TryAgain(cause.to_string()),
            (None, CommitError::Unknown(cause)) => Failure::TryAgain(format!("outcome unknown: {cause}")),
            (None, CommitError::Moved) => Failure::TryAgain(error.to_string()),
        }
    }
}

impl<H: Into<Halt>> From<H> for Failure {
    fn from(halt: H) -> Failure {
        Failure::Halt(halt.into())
    }
}

/// The one task that writes.
pub struct Sequencer<L> {
    log: L,
    seal: Arc<Seal>,
    keys: Arc<LedgerKeys>,
    heads: HeadFile,
    clock: Clock,
    guard: JumpGuard,
    published: Arc<ArcSwap<Published>>,
}

impl<L: Log> Sequencer<L> {
    /// A sequencer that goes on from what is published.
    pub fn new(
        log: L,
        seal: Arc<Seal>,
        keys: Arc<LedgerKeys>,
        heads: HeadFile,
        clock: Clock,
        published: Arc<ArcSwap<Published>>,
    ) -> Sequencer<L> {
        Sequencer { log, seal, keys, heads, clock, guard: JumpGuard::new(), published }
    }

    /// Takes what waits, batch after batch, until every sender is gone. While nothing waits, it follows what other
    /// processes add, so that readers here see it too.
    pub async fn run(mut self, mut queue: mpsc::Receiver<Submission>) {
        let mut waiting = Vec::with_capacity(MAX_BATCH);
        loop {
            match tokio::time::timeout(FOLLOW, queue.recv_many(&mut waiting, MAX_BATCH)).await {
                Ok(0) => return,
                Ok(_) => self.answer(std::mem::take(&mut waiting)).await,
                Err(_) => self.follow().await,
            }
        }
    }

    /// Takes up what other processes have committed, without the lock. A store that does not answer is left for the
    /// next batch to report.
    async fn follow(&mut self) {
        if self.halted().is_some() {
            return;
        }
        let Ok(mut tail) = self.log.load(self.size()).await else { return };
        // A page may end inside a batch: what is published ends with a committed head.
        let end = tail.sizes.last().copied().unwrap_or(0);
        let whole = end.saturating_sub(self.size());
        tail.entries.truncate(usize::try_from(whole).unwrap_or(usize::MAX));
        if let Err(failure) = self.take_up(&tail) {
            let _ = self.give_up(failure); // nobody waits for an answer
        }
    }

    /// Writes one batch and answers every sender.
    async fn answer(&mut self, waiting: Vec<Submission>) {
        let (records, replies): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|s| ((s.verified, s.request_id), s.reply)).unzip();
        let result = match self.halted() {
            Some(why) => Err(Unavailable::Halted(why.to_string())),
            None => self.write(records).await.map_err(|failure| self.give_up(failure)),
        };
        match result {
            Ok(answers) => {
                for (reply, answer) in replies.into_iter().zip(answers) {
                    let _ = reply.send(Ok(answer)); // a sender who left finds the receipt later
                }
            }
            Err(unavailable) => {
                for reply in replies {
                    let _ = reply.send(Err(unavailable.clone()));
                }
            }
        }
    }

    /// Why nothing is written any more: a finding of the sequencer's own, or of those who ask the cosigners.
    fn halted(&self) -> Option<Arc<String>> {
        self.published.load().halted.load_full()
    }

    fn give_up(&mut self, failure: Failure) -> Unavailable {
        match failure {
            Failure::TryAgain(why) => {
                tracing::warn!(why, "batch not written");
                Unavailable::TryAgain(why)
            }
            Failure::Halt(halt) => {
                tracing::error!(%halt, "the ledger has stopped writing");
                self.published.load().halted.store(Some(Arc::new(halt.to_string())));
                Unavailable::Halted(halt.to_string())
            }
        }
    }

    /// Builds a batch under the head's lock, commits it and publishes it.
    async fn write(&mut self, records: Vec<(Verified, Option<String>)>) -> Result<Vec<Answer>, Failure> {
        let tail = self.log.entries_after(self.size()).await?;
        let (records, sent): (Vec<_>, Vec<_>) = records.into_iter().map(with_sender).unzip();
        let digests: Vec<Hash> = sent.iter().map(|(digest, _)| *digest).collect();
        match self.build(tail, records) {
            Ok((base, batch)) => {
                self.commit(&base, &batch, sent).await?;
                self.publish(&base, batch, &digests)
            }
            Err(failure) => {
                // Who gives up gives the lock back, or no other server could write.
                let head = self.published.load().replica.head();
                let _ = self.log.commit(head, head, Vec::new()).await;
                Err(failure)
            }
        }
    }

    /// Catches up, reads the time and folds the records in; nothing is written yet.
    fn build(&mut self, tail: Tail, records: Vec<Verified>) -> Result<(Arc<Published>, Batch), Failure> {
        self.catch_up(&tail)?;
        let base = self.published.load_full();
        let now = self.guard.read(&self.clock, base.replica.last_received_at())?;
        let batch = step(&base.replica, records, now, &self.keys);
        Ok((base, batch))
    }

    fn size(&self) -> u64 {
        self.published.load().replica.tree().size()
    }

    /// Commits the batch and compares what the store then holds with what was meant.
    async fn commit(&mut self, base: &Published, batch: &Batch, sent: Vec<(Hash, Sent)>) -> Result<(), CommitError> {
        let from = base.replica.head();
        let mut sent: HashMap<Hash, Sent> = sent.into_iter().rev().collect(); // of two senders the first counts
        let new = batch.entries.iter();
        let new = new.map(|entry| new_entry(entry, sent.remove(&entry.signed.digest).unwrap_or_default())).collect();
        let stored = self.log.commit(from, batch.head, new).await?;
        match root_over(base.replica.tree(), &stored) {
            head if head == batch.head => Ok(()),
            head => Err(CommitError::Unknown(StoreError::Falsified(format!(
                "committed size {} root {}, read back size {} root {}",
                batch.head.size, batch.head.root, head.size, head.root
            )))),
        }
    }

    /// Takes up everything that another process added, up to the head that is locked.
    fn catch_up(&mut self, tail: &Tail) -> Result<(), Failure> {
        self.take_up(tail)?;
        let (ours, theirs) = (self.published.load().replica.head(), tail.head);
        if ours == theirs {
            return Ok(());
        }
        Err(Failure::Halt(Halt::Falsified(format!(
            "the head row says size {} root {}, the entries say size {} root {}",
            theirs.size, theirs.root, ours.size, ours.root
        ))))
    }

    /// Replays entries that another process added, and publishes the state after them. Every signature on them is
    /// checked, the clerk's too: what this process is about to sign came through the database, and who can write there
    /// is not thereby a clerk.
    fn take_up(&mut self, tail: &Tail) -> Result<(), Failure> {
        if tail.entries.is_empty() {
            return Ok(());
        }
        let base = self.published.load_full();
        let mut replica = base.replica.clone();
        for entry in &tail.entries {
            replica.replay(entry, Signatures::Check).map_err(Halt::Replay)?;
        }
        let head = replica.head();
        if tail.sizes.last() != Some(&head.size) || (head.size == tail.head.size && head != tail.head) {
            return Err(Failure::Halt(Halt::Falsified(format!(
                "the entries say size {} root {}, which is no head that was committed",
                head.size, head.root
            ))));
        }
        let published = self.seal(&base, replica, &tail.sizes)?;
        self.show(&Arc::new(published));
        Ok(())
    }

    /// Second store, then the signature, then the readers.
    fn publish(&mut self, base: &Arc<Published>, batch: Batch, digests: &[Hash]) -> Result<Vec<Answer>, Failure> {
        let mut published = Arc::clone(base);
        if !batch.entries.is_empty() {
            published = Arc::new(self.seal(base, batch.next, &[batch.head.size])?);
            self.show(&published);
            look_ahead(&self.keys, &published.replica);
        }
        if let Some(missing) = batch.missing {
            self.give_up(missing.into()); // what came before it is written and answered
        }
        let first = base.replica.tree().size();
        let entries: Vec<Arc<Entry>> = batch.entries.into_iter().map(Arc::new).collect();
        let at = batch.at;
        let answers = batch.outcomes.into_iter().zip(digests).map(|(outcome, digest)| {
            let entry = match outcome {
                Outcome::Recorded { index } | Outcome::Known { index } => index
                    .checked_sub(first)
                    .and_then(|i| entries.get(usize::try_from(i).unwrap_or(usize::MAX)).cloned()),
                _ => None,
            };
            let refusal = self.turned_away(&outcome, *digest, &published, at);
            Answer { outcome, entry, published: Arc::clone(&published), refusal }
        });
        Ok(answers.collect())
    }

    /// Readers see it, then those who wait for entries wake.
    fn show(&self, published: &Arc<Published>) {
        self.published.store(Arc::clone(published));
        published.announce();
    }

    /// The signed refusal of an authentic record. Without it the answer is still the answer.
    fn turned_away(&self, outcome: &Outcome, digest: Hash, published: &Published, at: Instant) -> Option<String> {
        let Outcome::Refused(refused) = outcome else { return None };
        let authentic = refused.iter().all(|refused| refused.refusal.is_of_content());
        let first = refused.first().filter(|_| authentic)?;
        let said = TurnedAway {
            origin: self.seal.origin().to_owned(),
            digest,
            code: first.refusal.code().to_owned(),
            rules: RULES.unsigned_abs(),
            size: published.size(),
        };
        let terms = published.replica.register().terms()?;
        said.sign(self.keys.clerk_of(terms, published.size())?, at).ok()
    }

    /// Flushes every new head to the second store and signs the newest.
    fn seal(&mut self, base: &Published, replica: Replica, sizes: &[u64]) -> Result<Published, Failure> {
        let root_at = |&size: &u64| Head { size, root: replica.tree().root_at(size).unwrap_or_default() };
        let heads: Vec<Head> = sizes.iter().map(root_at).collect();
        self.heads.append_all(&heads).map_err(Halt::Heads)?;
        let missing = replica.register().terms().and_then(|terms| self.keys.missing_at(terms, replica.tree().size()));
        let failed = |error: SignError| missing.map_or_else(|| Halt::Sign(error.to_string()), Halt::KeyMissing);
        Ok(base.next(replica, sizes, &self.seal).map_err(failed)?)
    }
}

/// A record, and who sent it under its digest.
fn with_sender((verified, request_id): (Verified, Option<String>)) -> (Verified, (Hash, Sent)) {
    let sent = Sent { request_id, address: verified.source().to_owned() };
    let digest = verified.signed().digest;
    (verified, (digest, sent))
}

fn new_entry(entry: &Entry, sent: Sent) -> NewEntry {
    NewEntry {
        digest: entry.signed.digest,
        leaf_hash: leaf_hash(entry.bytes.as_bytes()),
        note: entry.bytes.clone(),
        json: entry.signed.json().to_owned(),
        sent,
    }
}

/// The head over a tree and the leaf hashes that a store says follow it.
fn root_over(tree: &Tree, stored: &[Hash]) -> Head {
    let mut tree = tree.clone();
    stored.iter().for_each(|&leaf| tree.append(leaf));
    Head { size: tree.size(), root: tree.root() }
}
