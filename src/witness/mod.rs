//! The light witness: it cosigns what extends everything that it cosigned before, and nothing else (C2SP tlog-witness).
//!
//! A third party runs it, beside the two states' mirrors. It needs no database and reads no record; all that it knows
//! of a log is its key and the latest checkpoint. What it gives in return is one line: *this log showed me one history*.
//! [`state`] is the file in which it remembers, [`evidence`] the folder for what contradicts it, [`http`] its two
//! addresses; the decision itself is [`crate::tlog::witness`].
//!
//! Invariants: comparing and storing are one act, under one lock; a line is given out only after its checkpoint is on
//! the disk; where that fails, nothing is cosigned again before a new start.
//!
//! A mirror cosigns with the same [`Cosigner`], and asks for more than consistency ([`Cosigner::demanding`]).
//!
//! Deliberately absent: records and their rules (a mirror's work), asking logs for anything, and a clock of its own.

pub mod evidence;
pub mod http;
pub mod state;

use std::sync::{Mutex, MutexGuard};

use self::evidence::EvidenceFolder;
use self::state::{State, StateError};
use crate::note::{Line, Verifier};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::fork::Evidence;
use crate::tlog::witness::{Authentic, Cosigned, Held, Refusal, Witness};

/// Answers the time, in POSIX seconds.
pub type Now = Box<dyn Fn() -> u64 + Send + Sync>;

/// Answers the key of the log for a checkpoint of a size, where the cosigner reads that in the entries.
pub type Keys = Box<dyn Fn(u64) -> Option<Verifier> + Send + Sync>;
/// What a cosigner that asks for more than consistency wants to know before it looks at its state. May wait.
pub type Before = Box<dyn Fn(&Authentic<'_>) -> Result<(), Withheld> + Send + Sync>;
/// What it asks of a checkpoint that may be cosigned otherwise, beside what it holds, at a time. Must not wait.
pub type Allows = Box<dyn Fn(&Checkpoint, Option<&Held>, u64) -> Result<(), Withheld> + Send + Sync>;

/// Why a cosigner that asks for more than consistency gives no line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// It may give one later.
    #[error("not now: {0}")]
    NotYet(String),
    /// It never will.
    #[error("{0}")]
    Never(String),
}

/// What a cosigner asks for beyond consistency.
pub struct Demands {
    /// The one key that a checkpoint must be signed by, instead of any of those that the cosigner was given.
    pub keys: Keys,
    /// Before it looks at its state.
    pub before: Before,
    /// Of what may be cosigned otherwise.
    pub allows: Allows,
}

/// A witness that runs.
pub struct Cosigner {
    demands: Option<Demands>,
    witness: Witness,
    state: Mutex<State>,
    evidence: Mutex<EvidenceFolder>,
    now: Now,
}

/// Why a request got no line.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The checkpoint may not be cosigned.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The cosigner asks for more than consistency.
    #[error(transparent)]
    Withheld(#[from] Withheld),
    /// The operator must look at the state file, and start the witness again.
    #[error("the witness has stopped: its state could not be written")]
    Stopped(#[source] Option<StateError>),
}

impl Cosigner {
    /// A witness with its state and its folder for evidence.
    pub fn new(witness: Witness, state: State, evidence: EvidenceFolder, now: Now) -> Cosigner {
        Cosigner { demands: None, witness, state: Mutex::new(state), evidence: Mutex::new(evidence), now }
    }

    /// The same cosigner, which asks for more than consistency.
    pub fn demanding(self, demands: Demands) -> Cosigner {
        Cosigner { demands: Some(demands), ..self }
    }

    /// Decides over a request. A line that is answered is on the disk. Blocks; call it where that is allowed.
    pub fn add_checkpoint(&self, body: &[u8]) -> Result<Line, Failure> {
        let authentic = match &self.demands {
            None => self.witness.authenticate(body)?,
            Some(demands) => {
                let authentic = self.witness.authenticate_by(body, &demands.keys)?;
                (demands.before)(&authentic)?;
                authentic
            }
        };
        let mut state = self.state()?;
        let (held, now) = (state.held(&authentic.checkpoint().origin), (self.now)());
        match self.witness.cosign(&authentic, held, now) {
            Ok(Cosigned { held: next, line }) => {
                if let Some(demands) = &self.demands {
                    (demands.allows)(&next.checkpoint, held, now)?;
                }
                let held = next;
                let Checkpoint { origin, size, .. } = held.checkpoint.clone();
                state.store(held).map_err(|error| {
                    tracing::error!(%error, "nothing will be cosigned any more: mend the cause, and start again");
                    Failure::Stopped(Some(error))
                })?;
                tracing::info!(origin, size, "cosigned");
                Ok(line)
            }
            Err(refusal) => {
                let evidence = authentic.evidence(held, refusal);
                drop(state);
                if let Some(evidence) = evidence {
                    self.keep(&evidence, &authentic.checkpoint().origin);
                }
                Err(refusal.into())
            }
        }
    }

    /// The latest cosigned checkpoint of the log whose origin has this SHA-256.
    pub fn latest(&self, origin_hash: &str) -> Result<Option<String>, Failure> {
        let Some(origin) = self.witness.logs().origin_of(origin_hash) else { return Ok(None) };
        // What was cosigned is served even after the end of cosigning.
        let state = self.state.lock().map_err(|_| Failure::Stopped(None))?;
        Ok(state.held(origin).map(|held| held.note.clone()))
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, Failure> {
        let state = self.state.lock().map_err(|_| Failure::Stopped(None))?;
        if state.is_broken() { Err(Failure::Stopped(None)) } else { Ok(state) }
    }

    /// Keeps evidence. That it could not be kept changes no answer.
    fn keep(&self, evidence: &Evidence, origin: &str) {
        let Ok(folder) = self.evidence.lock() else { return };
        match folder.keep(evidence) {
            Ok(Some(path)) if evidence.finding.is_proof() => {
                tracing::error!(origin, file = %path.display(), "the log has forked: hand this file to both Parties");
            }
            Ok(Some(path)) => {
                tracing::warn!(origin, file = %path.display(), "a checkpoint was refused to which no proof leads");
            }
            Ok(None) => {}
            Err(error) => tracing::error!(origin, %error, "evidence could not be kept"),
        }
    }
}
