//! Rounds of cosigning: one checkpoint is brought to every cosigner, and their lines are collected.
//!
//! A [`Cosigning`] knows the cosigners by name, key and address, and what each is known to hold. [`Cosigning::round`]
//! asks all of them at once, each by itself (`ask`), and answers when the last one has answered or its time is up;
//! each line is handed on as it arrives. `http` is the client.
//!
//! Invariants:
//! - One round at a time, and one checkpoint for all of them.
//! - A line is kept only if it is by the cosigner's own key and good over this very text. Everything else that a
//!   cosigner sends is measured, looked at, and dropped.
//! - What a cosigner shows is never served as the ledger's own. A checkpoint that the ledger signed and does not hold
//!   is an alarm, and is kept as a file.
//! - No cosigner can hold up another, nor a round for longer than its time.
//!
//! Deliberately absent: when a round is due, where lines are stored, and what a policy makes of them.

mod ask;
pub(super) mod http;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use self::http::Http;
use crate::note::{Line, Note, NoteError, Succession, Verifier};
use crate::tlog::Tree;
use crate::tlog::checkpoint::{Checkpoint, CheckpointError};
use crate::tlog::fork::Evidence;
use crate::witness::evidence::EvidenceFolder;

/// Somebody who cosigns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigner {
    /// Its name, for people.
    pub name: String,
    /// Its key, of type 0x04.
    pub key: Verifier,
    /// Its submission prefix, which is its monitoring prefix, too.
    pub url: String,
}

/// A good line by a cosigner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// The name of the cosigner.
    pub cosigner: String,
    /// Its line over the checkpoint of the round.
    pub line: Line,
    /// When it was made, by the cosigner's clock, in POSIX seconds.
    pub time: u64,
}

/// How it went with one cosigner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It cosigned.
    Cosigned,
    /// It holds a newer checkpoint of this ledger than this one: ask again with the newest.
    Newer {
        /// The size that it holds.
        size: u64,
    },
    /// It gave no whole answer in time.
    Absent(String),
    /// It asks to be left alone for now.
    Busy,
    /// It refused.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The beginning of what it said.
        said: String,
    },
    /// Its answer is none that the protocol knows, or its line is not good.
    Malformed(&'static str),
    /// It holds less than it cosigned for this ledger: it lost its memory, and its word is worth nothing until it is
    /// found again.
    WentBack {
        /// The greatest size that it cosigned.
        cosigned: u64,
        /// The size that it says it holds.
        holds: u64,
    },
    /// It says that it holds more than the ledger has, and does not show it.
    ClaimsAhead {
        /// The size that it claims.
        size: u64,
    },
    /// It shows a checkpoint that this ledger signed and that has more entries than the ledger: the ledger was rolled
    /// back, or its key is used elsewhere.
    Ahead(Box<Evidence>),
    /// It shows a checkpoint that this ledger signed, with another root: the ledger has two histories.
    Forked(Box<Evidence>),
}

impl Outcome {
    /// What is to be kept and to be looked into at once.
    pub fn alarm(&self) -> Option<&Evidence> {
        match self {
            Outcome::Ahead(evidence) | Outcome::Forked(evidence) => Some(evidence),
            _ => None,
        }
    }
}

/// What a round brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// The checkpoint that was brought to all.
    pub checkpoint: Checkpoint,
    /// The good lines, in the order in which they came.
    pub cosignatures: Vec<Cosigned>,
    /// How it went with each cosigner, in their order.
    pub outcomes: Vec<(String, Outcome)>,
}

/// Why a checkpoint cannot be brought to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoundError {
    /// Bring a checkpoint of this ledger.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Bring a checkpoint that is committed.
    #[error("the ledger does not hold this checkpoint of size {0}")]
    NotHeld(u64),
}

impl From<NoteError> for RoundError {
    fn from(error: NoteError) -> RoundError {
        RoundError::Checkpoint(error.into())
    }
}

/// A cosigner, and what it is known to hold.
struct Target {
    cosigner: Cosigner,
    /// The size to begin the next proof at.
    holds: AtomicU64,
    /// The greatest size that it cosigned for us.
    cosigned: AtomicU64,
}

/// What every ask of a round needs.
struct Brought {
    log: Succession,
    origin: String,
    signed: String,
    text: String,
    checkpoint: Checkpoint,
    tree: Tree,
    current: Current,
}

/// Answers the newest committed tree, after waiting as long as is reasonable for one of so many entries: another process
/// of the ledger may have added what a cosigner shows.
pub type Current = Arc<dyn Fn(u64) -> Tree + Send + Sync>;

/// The cosigners of a ledger.
pub struct Cosigning {
    log: Succession,
    origin: String,
    targets: Vec<Arc<Target>>,
    http: Http,
    evidence: EvidenceFolder,
    current: Current,
}

impl Cosigning {
    /// Nobody cosigns the log with this origin and these keys yet. Each request may take as long as `within`.
    pub fn new(
        (origin, log): (&str, Succession),
        evidence: EvidenceFolder,
        within: Duration,
        current: Current,
    ) -> Cosigning {
        let (origin, http) = (origin.to_owned(), Http::new(within));
        Cosigning { log, origin, targets: Vec::new(), http, evidence, current }
    }

    /// From now on these are the log's keys and the cosigners, each with the greatest size that it is known to have
    /// cosigned: from then on it is known if it went back behind that. What is known of those who were asked before stays
    /// known.
    pub fn ask_only(&mut self, log: &Succession, cosigners: Vec<(Cosigner, u64)>) {
        self.log.clone_from(log);
        let before = std::mem::take(&mut self.targets);
        let target = |(cosigner, size): (Cosigner, u64)| {
            let url = cosigner.url.trim_end_matches('/').to_owned();
            let cosigner = Cosigner { url, ..cosigner };
            let known = before.iter().find(|target| target.cosigner == cosigner);
            let (holds, cosigned) = (AtomicU64::new(size), AtomicU64::new(size));
            known.cloned().unwrap_or_else(|| Arc::new(Target { cosigner, holds, cosigned }))
        };
        self.targets = cosigners.into_iter().map(target).collect();
    }

    /// Brings a signed checkpoint at once to every cosigner whose name is `asked`; the round says nothing of the others.
    /// `arrived` is called with each good line as it comes.
    pub async fn round(
        &mut self,
        asked: impl Fn(&str) -> bool,
        signed: &str,
        mut arrived: impl FnMut(&Cosigned),
    ) -> Result<Round, RoundError> {
        let brought = Arc::new(self.brought(signed)?);
        let mut asks = JoinSet::new();
        let targets: Vec<_> = self.targets.iter().filter(|target| asked(&target.cosigner.name)).collect();
        for (place, target) in targets.iter().copied().enumerate() {
            let (target, brought, http) = (Arc::clone(target), Arc::clone(&brought), self.http.clone());
            asks.spawn_blocking(move || (place, target.ask(&brought, &http)));
        }
        let lost = Outcome::Absent("the request ended badly".into());
        let mut outcomes: Vec<_> = targets.iter().map(|t| (t.cosigner.name.clone(), lost.clone())).collect();
        let mut cosignatures = Vec::with_capacity(targets.len());
        while let Some(asked) = asks.join_next().await {
            let Ok((place, answer)) = asked else { continue };
            let Some((name, outcome)) = outcomes.get_mut(place) else { continue };
            *outcome = match answer {
                Ok((line, time)) => {
                    let cosigned = Cosigned { cosigner: name.clone(), line, time };
                    arrived(&cosigned);
                    cosignatures.push(cosigned);
                    Outcome::Cosigned
                }
                Err(outcome) => outcome,
            };
            self.look_into(name, outcome);
        }
        Ok(Round { checkpoint: brought.checkpoint.clone(), cosignatures, outcomes })
    }

    /// Opens the checkpoint of a round: one that this ledger signed and holds.
    fn brought(&self, signed: &str) -> Result<Brought, RoundError> {
        let checkpoint = Checkpoint::open_by(signed.as_bytes(), &self.origin, &self.log)?;
        let tree = (self.current)(checkpoint.size);
        if tree.root_at(checkpoint.size) != Some(checkpoint.root) {
            return Err(RoundError::NotHeld(checkpoint.size));
        }
        let text = Note::parse(signed.as_bytes())?.text().to_owned();
        let (log, origin, current) = (self.log.clone(), self.origin.clone(), Arc::clone(&self.current));
        Ok(Brought { log, origin, signed: signed.to_owned(), text, checkpoint, tree, current })
    }

    /// Keeps what contradicts the ledger.
    fn look_into(&self, cosigner: &str, outcome: &Outcome) {
        match outcome.alarm() {
            Some(evidence) => match self.evidence.keep(evidence) {
                Ok(_) => {
                    tracing::error!(cosigner, file = evidence.name, "a cosigner shows a checkpoint that is not held");
                }
                Err(error) => tracing::error!(cosigner, %error, "evidence against this ledger could not be kept"),
            },
            None => tracing::debug!(cosigner, ?outcome, "asked"),
        }
    }
}

impl Target {
    fn holds(&self) -> u64 {
        self.holds.load(Ordering::SeqCst)
    }

    fn has_cosigned(&self) -> u64 {
        self.cosigned.load(Ordering::SeqCst)
    }

    /// Notes what it says that it holds.
    fn says(&self, size: u64) {
        self.holds.store(size, Ordering::SeqCst);
    }

    /// Notes that it cosigned this size.
    fn cosigns(&self, size: u64) {
        self.says(size);
        self.cosigned.fetch_max(size, Ordering::SeqCst);
    }
}
