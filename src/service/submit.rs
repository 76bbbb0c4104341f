//! A record's way in, up to the answer.
//!
//! Parse, verify, wait for the sequencer, answer. Only so many records are verified at a time as there are cores;
//! the others wait without a thread. Verification only ever passes early, and what it cannot decide is decided after
//! the register has caught up.
//!
//! Invariants: once a record is handed to the sequencer, a sender who leaves changes nothing; sending the same bytes
//! again is always safe and finds the same receipt.
//!
//! Deliberately absent: limits per address, which need to know the network ([`crate::api`]).

use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::gate::decide::Missing;
use super::ledger::Ledger;
use super::published::Published;
use super::sequencer::{Submission, Unavailable};
use crate::hash::Hash;
use crate::replica::Outcome;
use crate::store::StoreError;
use crate::treaty::entry::Entry;
use crate::treaty::record::{Malformed, Signed};
use crate::treaty::refusal::Refused;
use crate::treaty::verify::Verified;

/// A record that is in the log.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its index.
    pub index: u64,
    /// Whether it came with this submission.
    pub new: bool,
    /// The entry.
    pub entry: Arc<Entry>,
    /// The state of the ledger that was answered from.
    pub published: Arc<Published>,
}

/// Why a submission did not become an entry.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// Mend the form.
    #[error("the text is not a record")]
    Malformed(Malformed),
    /// The rules refuse it.
    #[error("the record is refused")]
    Refused {
        /// The digest of the record that was judged.
        digest: Hash,
        /// Every reason.
        refused: Vec<Refused>,
        /// How many entries the ledger had.
        size: u64,
        /// The clerk's note about it, where the record was authentic.
        note: Option<String>,
    },
    /// Use a new id for another text.
    #[error("the id was used before by the same author for another text, at index {0}")]
    Conflict(u64),
    /// The ledger only reads until the entries that it lost have been restored.
    #[error("the ledger only reads: {0}")]
    ReadOnly(Missing),
    /// Try again with the same bytes.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The database does not answer. Try again with the same bytes.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Ledger {
    /// Takes a signed note in, and answers when it is durable.
    pub async fn submit(
        &self,
        bytes: Vec<u8>,
        source: String,
        request_id: Option<String>,
    ) -> Result<Recorded, SubmitError> {
        if let Some(missing) = &self.standing.missing {
            return Err(SubmitError::ReadOnly(missing.clone()));
        }
        let verified = self.verify(bytes, source).await?;
        let digest = verified.signed().digest;
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Submission { verified, request_id, reply }).map_err(|error| match error {
            TrySendError::Full(_) => Unavailable::TryAgain("too many records are waiting".into()),
            TrySendError::Closed(_) => Unavailable::TryAgain("the ledger is shutting down".into()),
        })?;
        let lost = |_| Unavailable::TryAgain("the ledger is shutting down".into());
        let answer = answer.await.map_err(lost)??;
        let (index, new) = match answer.outcome {
            Outcome::Recorded { index } => (index, true),
            Outcome::Known { index } => (index, false),
            Outcome::Conflict { index } => return Err(SubmitError::Conflict(index)),
            Outcome::Refused(refused) => {
                let size = answer.published.size();
                return Err(SubmitError::Refused { digest, refused, size, note: answer.refusal });
            }
            Outcome::Unavailable => {
                let halted = answer.published.halted.load_full();
                let again = || Unavailable::TryAgain("the clerk's key does not sign".into());
                return Err(halted.map_or_else(again, |why| Unavailable::Halted(why.to_string())).into());
            }
        };
        let entry = match answer.entry {
            Some(entry) => entry,
            None => Arc::new(self.parsed(index).await?),
        };
        Ok(Recorded { index, new, entry, published: answer.published })
    }

    async fn verify(&self, bytes: Vec<u8>, source: String) -> Result<Verified, SubmitError> {
        let _permit = self.verification_permit().await;
        let published = self.now();
        let signed = Signed::parse(&bytes).map_err(SubmitError::Malformed)?;
        let digest = signed.digest;
        let (size, register) = (published.size(), published.replica.register());
        let refused = |refused| SubmitError::Refused { digest, refused, size, note: None };
        let mut verified = signed.verify(register, &source).map_err(refused)?;
        // The batch that takes the record will most likely be of this second: its countersignature is made here, where
        // it holds up nobody else. A key that fails now fails there, too, and is dealt with there.
        let terms = register.terms();
        if let Some(clerk) = self.keys.as_ref().and_then(|keys| keys.clerk_of(terms?, size))
            && verified.is_authentic()
            && register.index_of(&digest).is_none()
        {
            let _ = verified.countersign_ahead(clerk, self.clock.now());
        }
        Ok(verified)
    }

    /// Waits until a signature may be checked: so many at a time as there are cores.
    pub async fn verification_permit(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed; without a permit the work would merely not be bounded.
        Arc::clone(&self.verifying).acquire_owned().await.ok()
    }

    /// The bytes of a committed entry.
    pub async fn entry(&self, index: u64) -> Result<String, StoreError> {
        let found = self.reader.entry(index).await?;
        found.ok_or_else(|| StoreError::Falsified(format!("entry {index} is not there any more")))
    }
}
