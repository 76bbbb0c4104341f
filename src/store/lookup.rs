//! Finding tokens for many requests at once: those that wait while one question is under way are asked for by the next.
//!
//! Every reading begins with this question, so a server that is asked much asks its database little. Nothing is kept: an
//! answer is never older than its question, and a token that is revoked ends at once.
//!
//! Invariants: one question at a time; whoever waits is answered, also where the database is not there; a request that is
//! dropped changes nothing for the others.
//!
//! Deliberately absent: what a token may do.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::StoreError;
use super::read::Reader;
use super::token::Token;
use crate::hash::Hash;

/// How long a question may take.
const PATIENCE: Duration = Duration::from_secs(5);

type Found = Result<Option<Token>, StoreError>;

#[derive(Debug, Default)]
struct Waiting {
    asked: Vec<(Hash, oneshot::Sender<Found>)>,
    /// Whether a task asks.
    is_asking: bool,
}

/// Who waits.
#[derive(Clone, Debug, Default)]
pub struct Lookups(Arc<Mutex<Waiting>>);

impl Lookups {
    fn with<T>(&self, what: impl FnOnce(&mut Waiting) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)) // nothing under the lock can panic
    }

    /// Those who wait; without any, nobody asks any more.
    fn next(&self) -> Vec<(Hash, oneshot::Sender<Found>)> {
        self.with(|waiting| {
            waiting.is_asking = !waiting.asked.is_empty();
            std::mem::take(&mut waiting.asked)
        })
    }
}

/// Lets go of everybody if the task that asks ends before its time.
struct Asking(Lookups);

impl Drop for Asking {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.with(|waiting| *waiting = Waiting::default());
        }
    }
}

impl Reader {
    /// The token with this hash, if it is not revoked.
    pub async fn find_token(&self, hash: &Hash) -> Found {
        let (answer, found) = oneshot::channel();
        let begins = self.lookups().with(|waiting| {
            waiting.asked.push((*hash, answer));
            !std::mem::replace(&mut waiting.is_asking, true)
        });
        if begins {
            tokio::spawn(ask(self.clone()));
        }
        found.await.unwrap_or_else(|_| Err(StoreError::Unreachable("the question was cut off".into())))
    }
}

/// Asks for those who wait until nobody does.
async fn ask(reader: Reader) {
    let asking = Asking(reader.lookups().clone());
    loop {
        let waiting = asking.0.next();
        if waiting.is_empty() {
            return;
        }
        let mut hashes: Vec<Hash> = waiting.iter().map(|(hash, _)| *hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let late = || Err(StoreError::Unreachable(format!("no answer for {} s", PATIENCE.as_secs())));
        let found = tokio::time::timeout(PATIENCE, reader.find_tokens(&hashes)).await.unwrap_or_else(|_| late());
        for (hash, answer) in waiting {
            let found = match &found {
                Ok(tokens) => Ok(tokens.iter().find(|token| token.hash == hash).cloned()),
                Err(StoreError::Falsified(why)) => Err(StoreError::Falsified(why.clone())),
                Err(error) => Err(StoreError::Unreachable(error.to_string())),
            };
            let _ = answer.send(found); // a reader who left changes nothing
        }
    }
}
