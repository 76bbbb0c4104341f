//! Opening what the origin shows as its checkpoint, with the key of the log that is in force at its size.
//!
//! Which key that is stands in the entries below it, and some of them may not be held yet. Then entries are read ahead until
//! one names the key. They are judged like all others, so that only what both Parties' roots signed can name a key; nothing
//! of them is kept, since nobody has vouched for them so far.
//!
//! Invariants: a checkpoint that is opened is signed by the one key for its size.
//!
//! Deliberately absent: what it is taken for ([`super::follow`]).

use super::coming::PIECE;
use super::follow::{Follower, LookError, blocking};
use crate::note::{Note, Succession, Verifier};
use crate::replica::Replica;
use crate::store::StoreError;
use crate::tlog::checkpoint::Checkpoint;
use crate::treaty::admit::Signatures;

/// A checkpoint that the log signed.
pub struct Opened {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// As it was shown.
    pub note: String,
    /// The key that signed it.
    pub key: Verifier,
}

impl std::ops::Deref for Opened {
    type Target = Checkpoint;

    fn deref(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl Follower {
    /// The keys of the log, as the entries that are held name them.
    pub fn keys(&self) -> &Succession {
        &self.replica.register().terms().unwrap_or(&self.first).log
    }

    /// Opens what the origin shows as its checkpoint. Where the key that is known for its size did not sign it, entries
    /// that are not held yet may name another one.
    pub async fn opened(&self, note: String) -> Result<Opened, LookError> {
        let open = |keys: &Succession| Checkpoint::open_by(note.as_bytes(), self.seal.origin(), keys);
        let not_signed = match open(self.keys()) {
            Ok(checkpoint) => return Ok(Opened { key: self.keys().at(checkpoint.size).clone(), checkpoint, note }),
            Err(error) => error,
        };
        let claimed = Note::parse(note.as_bytes()).ok().and_then(|note| Checkpoint::parse(note.text()).ok());
        let size = claimed.map_or(0, |claimed| claimed.size);
        let mut ahead = self.replica.clone(); // judged in full, and thrown away: nobody has signed for it yet
        let mut goes_on = true;
        while goes_on && ahead.tree().size() < size {
            (ahead, goes_on) = self.looked_ahead(ahead, size).await?;
            let terms = ahead.register().terms().unwrap_or(&self.first);
            if let Ok(checkpoint) = open(&terms.log) {
                return Ok(Opened { key: terms.log.at(checkpoint.size).clone(), checkpoint, note });
            }
        }
        Err(not_signed.into())
    }

    /// The next entries of the origin laid over what is held, up to one that cannot be; whether all of them could.
    async fn looked_ahead(&self, mut ahead: Replica, size: u64) -> Result<(Replica, bool), LookError> {
        let (origin, start) = (self.origin.clone(), ahead.tree().size());
        let end = size.min(start - start % PIECE + PIECE);
        let entries = blocking(move || origin.entries(start, end)).await?;
        let judged = tokio::task::spawn_blocking(move || {
            let bytes: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
            ahead.replay_all(&bytes, Signatures::Check);
            let is_whole = ahead.tree().size() == end;
            (ahead, is_whole)
        });
        judged.await.map_err(|_| StoreError::Unreachable("the judgement was cut off".into()).into())
    }
}

/// Whether a note is a checkpoint that the log with these keys signed.
pub fn is_by(note: &str, origin: &str, keys: &Succession) -> bool {
    Checkpoint::open_by(note.as_bytes(), origin, keys).is_ok()
}
