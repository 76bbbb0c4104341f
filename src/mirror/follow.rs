//! Following the origin: what it shows is taken up if every rule, hash and signature bears it out, or not at all.
//!
//! One look is: ask for the checkpoint; fetch the entries that are missing, piece by piece; see that they are those that
//! the log signed; judge each with the same [`Replica`] as the ledger, every signature too; keep the checkpoint, commit
//! the entries, show them to readers.
//!
//! Invariants:
//! - Nothing is committed that was not judged and is not under a checkpoint that the log signed.
//! - What the log signed and a rule forbids stops the mirror for good, and is kept: the entry, and its proof.
//! - What was not signed by the log, or does not add up to what it signed, accuses nobody: it is asked for again.
//!
//! Deliberately absent: cosigning ([`super::gate`]), and any repair of the origin.

use std::sync::Arc;

use arc_swap::ArcSwap;
use imbl::Vector;

use super::coming::{Coming, Fetched, is_under, proof_of};
use super::evidence::{self, Accused};
use super::heard::Heard;
use super::origin::{Origin, OriginError};
use super::shown::{Opened, is_by};
use crate::note::Verifier;
use crate::replica::{ReplayError, Replayed, Replica};
use crate::service::checkpoints::{CheckpointFile, CheckpointsError};
use crate::service::clock::Clock;
use crate::service::copy::{Standing, Stopped};
use crate::service::published::{Published, Seal};
use crate::store::StoreError;
use crate::store::log::{CommitError, Log, NewEntry, Sent};
use crate::store::postgres::PostgresLog;
use crate::tlog::checkpoint::{Checkpoint, CheckpointError};
use crate::tlog::{Head, Tree, leaf_hash};
use crate::treaty::admit::Signatures;
use crate::treaty::entry::Entry;
use crate::treaty::terms::Terms;
use crate::witness::evidence::EvidenceFolder;

/// Why a look at the origin led to nothing.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// It may pass.
    #[error("the origin: {0}")]
    Origin(#[from] OriginError),
    /// Somebody else answers in the origin's place, or it is broken.
    #[error("the origin shows no checkpoint that the log signed: {0}")]
    NotSigned(#[from] CheckpointError),
    /// The origin's tiles are broken; nothing of them is signed.
    #[error("the origin's entries do not add up to the checkpoint of size {0}")]
    DoNotAddUp(u64),
    /// The origin's operator must say why.
    #[error("the origin shows the checkpoint of size {shown}, and has signed that of size {held}")]
    WentBack {
        /// What it shows.
        shown: u64,
        /// What the mirror holds.
        held: u64,
    },
    /// The origin's operator must say why: no proof of its leads from what is held to what it shows.
    #[error(
        "the origin does not prove that its checkpoint of size {shown} begins with the {held} entries that are held"
    )]
    LeadsElsewhere {
        /// What it shows.
        shown: u64,
        /// What the mirror holds.
        held: u64,
    },
    /// Look at the database.
    #[error("the mirror's own database: {0}")]
    Store(#[from] StoreError),
    /// Look at the database.
    #[error("the mirror's own database: {0}")]
    Commit(#[from] CommitError),
    /// The mirror has stopped.
    #[error("{code} at {at}: {why}", code = .0.code, at = .0.at, why = .0.why)]
    Stopped(Arc<Stopped>),
}

/// What is followed, and what is held of it.
pub struct Follower {
    /// Where entries come from.
    pub origin: Origin,
    /// The terms of entry 0, for as long as nothing is held.
    pub first: Arc<Terms>,
    /// The database.
    pub log: PostgresLog,
    /// Everything that is held.
    pub replica: Replica,
    /// The greatest size of a checkpoint that was taken up; 0 for none.
    pub signed: u64,
    /// The file of checkpoints.
    pub checkpoints: CheckpointFile,
    /// What of the file lies beyond the database, until it is filled up.
    pub ahead: Vec<Head>,
    /// Where signed checkpoints are kept for readers.
    pub seal: Arc<Seal>,
    /// What readers see, once there is something.
    pub published: Option<Arc<ArcSwap<Published>>>,
    /// What cosigners said of them.
    pub heard: Heard,
    /// How the mirror stands to the origin.
    pub standing: Arc<Standing>,
    /// Where evidence goes.
    pub evidence: EvidenceFolder,
    /// The folder of it.
    pub folder: std::path::PathBuf,
    /// The time.
    pub clock: Clock,
}

impl Follower {
    /// Looks at the origin once, and takes up what it shows. Answers how many entries are held.
    pub async fn look(&mut self) -> Result<u64, LookError> {
        let begun = self.clock.unix_duration();
        let looked = match self.standing.stopped() {
            Some(stopped) => Err(LookError::Stopped(stopped)),
            None => self.take_up().await,
        };
        match &looked {
            Ok(_) => self.standing.saw(begun),
            Err(LookError::Stopped(_)) => {}
            Err(error @ (LookError::WentBack { .. } | LookError::LeadsElsewhere { .. })) => {
                self.standing.differs(error.to_string());
            }
            Err(error) => self.standing.trouble(error.to_string()),
        }
        looked
    }

    async fn take_up(&mut self) -> Result<u64, LookError> {
        let origin = self.origin.clone();
        let note = blocking(move || origin.checkpoint()).await?;
        let shown = self.opened(note).await?;
        let (held, signed) = (self.replica.tree().size(), self.ahead.last().map_or(self.signed, |head| head.size));
        if shown.size <= held && self.replica.tree().root_at(shown.size) != Some(shown.root) {
            return Err(self.forked(&shown, &shown.note));
        }
        if shown.size < signed {
            self.keep(&shown, &shown.note);
            return Err(LookError::WentBack { shown: shown.size, held: signed });
        }
        if shown.size > held {
            self.catch_up(&shown).await?;
        } else if shown.size > self.signed {
            self.take(&shown)?; // a crash came between the last commit and the checkpoint
            self.publish(shown.size);
        }
        if let Some(published) = &self.published {
            self.heard.hear(&published.load_full(), &self.seal, shown.size, &shown.note).await;
        }
        Ok(self.replica.tree().size())
    }

    /// Fetches and takes up what is missing under a checkpoint.
    async fn catch_up(&mut self, shown: &Opened) -> Result<(), LookError> {
        let mut coming = Coming::new(&self.origin, shown.size);
        let taken = self.take_pieces(shown, &mut coming).await;
        coming.end().await;
        taken?;
        self.publish(shown.size);
        Ok(())
    }

    async fn take_pieces(&mut self, shown: &Opened, coming: &mut Coming) -> Result<(), LookError> {
        while self.replica.tree().size() < shown.size {
            let Fetched { piece, entries, proof } = coming.next_from(self.replica.tree().size()).await?;
            let mut tree = self.replica.tree().clone();
            entries.iter().for_each(|entry| tree.append(leaf_hash(entry)));
            if !is_under(&tree, shown, &proof) {
                return Err(self.does_not_add_up(shown).await);
            }
            let differs = |head: &&Head| tree.root_at(head.size).is_some_and(|root| root != head.root);
            if self.ahead.iter().any(|head| differs(&head)) {
                return Err(self.forked(shown, &shown.note));
            }
            let (judged, next) = self.judge(entries, &tree, shown).await?;
            if piece.end == shown.size {
                self.take(shown)?;
            }
            if !self.commit(judged, next).await? {
                continue; // the database was ahead of us, and is no more
            }
            tracing::info!(entries = self.replica.tree().size(), of = shown.size, "taken up");
        }
        Ok(())
    }

    /// Entries were not those that the log signed. If no proof leads from what is held to the checkpoint, the log may have
    /// forked: a bad proof shows nothing by itself, so both checkpoints are kept, and the origin is asked again. Else the
    /// entries came from nobody.
    async fn does_not_add_up(&self, shown: &Opened) -> LookError {
        if self.signed > 0 {
            let (origin, held, size) = (self.origin.clone(), self.replica.tree().size(), shown.size);
            match blocking(move || proof_of(&origin, held, size)).await {
                Ok(proof) if is_under(self.replica.tree(), shown, &proof) => {}
                Ok(_) => {
                    self.keep(shown, &shown.note);
                    return LookError::LeadsElsewhere { shown: shown.size, held: self.replica.tree().size() };
                }
                Err(error) => return error.into(),
            }
        }
        LookError::DoNotAddUp(shown.size)
    }

    /// Judges entries that the log signed, every signature and every rule.
    async fn judge(
        &mut self,
        entries: Vec<Vec<u8>>,
        tree: &Tree,
        shown: &Opened,
    ) -> Result<(Vec<Entry>, Replica), LookError> {
        let mut next = self.replica.clone();
        let judged = tokio::task::spawn_blocking(move || {
            let bytes: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
            let Replayed { entries: judged, error } = next.replay_all(&bytes, Signatures::Check);
            match error {
                None => Ok((judged, next)),
                Some(error) => Err((error, bytes.get(judged.len()).copied().unwrap_or_default().to_vec())),
            }
        });
        let judged = judged.await.map_err(|_| StoreError::Unreachable("the judgement was cut off".into()))?;
        let (error, bytes) = match judged {
            Ok(judged) => return Ok(judged),
            Err(broken) => broken,
        };
        let (code, index) = evidence::name(&error, self.replica.tree().size());
        let (checkpoint, note) = (shown.checkpoint.clone(), shown.note.clone());
        let accused = Accused { index, bytes, code: code.clone(), checkpoint, note };
        self.accuse(accused, &shown.key, tree, &error).await;
        Err(self.stop(code, index, error.to_string()))
    }

    /// Keeps the entry that a rule forbids, with its proof where there is one.
    async fn accuse(&self, accused: Accused, key: &Verifier, tree: &Tree, error: &ReplayError) {
        let proof = match tree.prove_inclusion(accused.index, accused.checkpoint.size) {
            Ok(proof) => Ok(proof),
            Err(_) => {
                let (origin, index, size) = (self.origin.clone(), accused.index, accused.checkpoint.size);
                blocking(move || origin.inclusion(index, size)).await
            }
        };
        let kept = accused.keep(&self.folder, proof.ok(), key);
        match kept {
            Ok(path) => tracing::error!(
                index = accused.index, code = accused.code, file = %path.display(), %error,
                "the log signed an entry that a rule forbids: hand these files to both Parties"
            ),
            Err(failure) => {
                tracing::error!(index = accused.index, code = accused.code, %failure, %error, "evidence could not be kept")
            }
        }
    }

    /// Keeps a checkpoint on the disk and for readers.
    fn take(&mut self, shown: &Opened) -> Result<(), LookError> {
        if self.ahead.iter().any(|head| head.size == shown.size) {
            return Ok(()); // it is in the file, and the database lost what was under it or did not take it
        }
        self.checkpoints.append(&[&shown.note]).map_err(|error: CheckpointsError| {
            self.stop("disk".into(), shown.size, format!("{error}: mend the cause, and start again"))
        })?;
        self.seal.keep(shown.size, &shown.note);
        self.ahead.push(Head { size: shown.size, root: shown.root });
        Ok(())
    }

    /// Commits what was judged. `false` where the database held more than this mirror knew.
    async fn commit(&mut self, judged: Vec<Entry>, next: Replica) -> Result<bool, LookError> {
        let (from, to) = (self.replica.head(), next.head());
        let tail = self.log.entries_after(from.size).await?;
        if tail.head != from {
            // An earlier commit whose outcome nobody knew, or another hand. It is judged like everything else.
            let released = self.log.commit(from, from, Vec::new()).await;
            let mut held = self.replica.clone();
            for bytes in &tail.entries {
                let foreign = |error: ReplayError| StoreError::Falsified(error.to_string());
                held.replay(bytes, Signatures::Check).map_err(foreign)?;
            }
            if held.head() != tail.head {
                return Err(StoreError::Falsified("its entries are not those of its head".into()).into());
            }
            self.replica = held;
            released?;
            return Ok(false);
        }
        let stored = self.log.commit(from, to, judged.iter().map(new_entry).collect()).await?;
        let mut tree = self.replica.tree().clone();
        stored.iter().for_each(|&leaf| tree.append(leaf));
        if (Head { size: tree.size(), root: tree.root() }) != to {
            return Err(StoreError::Falsified("what was read back is not what was committed".into()).into());
        }
        self.replica = next;
        Ok(true)
    }

    /// Shows readers what is held up to a signed size. Checkpoints that the file held ahead of the database come first.
    fn publish(&mut self, size: u64) {
        let (seal, keys) = (&self.seal, self.keys());
        let by_log = |size: &u64| seal.kept_at(*size).is_some_and(|note| is_by(&note, seal.origin(), keys));
        let reached = self.ahead.iter().map(|head| head.size).filter(|&ahead| ahead < size);
        let reached: Vec<u64> = reached.filter(by_log).collect();
        self.ahead.retain(|head| head.size > size);
        let sizes: Vector<u64> = reached.into_iter().chain([size]).collect();
        self.signed = size;
        let shown = match &self.published {
            Some(published) => {
                let sizes: Vec<u64> = sizes.into_iter().collect();
                published.load().next(self.replica.clone(), &sizes, &self.seal)
            }
            None => Published::first(self.replica.clone(), sizes, &self.seal),
        };
        let Ok(shown) = shown else { return }; // the seal has every size that was taken
        match &self.published {
            Some(published) => {
                published.store(Arc::new(shown));
                published.load().announce();
            }
            None => self.published = Some(Arc::new(ArcSwap::from_pointee(shown))),
        }
    }

    /// The log signed what contradicts what it signed before.
    pub fn forked(&self, shown: &Checkpoint, note: &str) -> LookError {
        self.keep(shown, note);
        let why = format!("the log signed a checkpoint of size {} that contradicts what this mirror holds", shown.size);
        self.stop("forked".into(), shown.size, why)
    }

    fn stop(&self, code: String, at: u64, why: String) -> LookError {
        tracing::error!(code, at, why, "the mirror has stopped: it follows and cosigns nothing any more");
        let stopped = Stopped { code, at, why };
        self.standing.stop(stopped.clone());
        LookError::Stopped(Arc::new(stopped))
    }

    /// Keeps a checkpoint beside what was held, in the form that every witness uses.
    fn keep(&self, shown: &Checkpoint, note: &str) {
        let published = self.published.as_ref().map(|published| published.load_full());
        evidence::keep_beside(&self.evidence, published.as_deref(), &self.seal, shown, note);
    }
}

fn new_entry(entry: &Entry) -> NewEntry {
    NewEntry {
        digest: entry.signed.digest,
        leaf_hash: leaf_hash(entry.bytes.as_bytes()),
        note: entry.bytes.clone(),
        json: entry.signed.json().to_owned(),
        sent: Sent { request_id: None, address: "mirror".into() },
    }
}

/// Asks where waiting is allowed.
pub async fn blocking<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, OriginError> + Send + 'static,
) -> Result<T, OriginError> {
    let cut = |_| OriginError::Absent("the question was cut off".into());
    tokio::task::spawn_blocking(ask).await.map_err(cut)?
}
