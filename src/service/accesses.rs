//! The record of who read what: committed in groups, before anything is answered.
//!
//! Whoever has an answer ready for the holder of a token hands in an event and waits. One task commits everything that
//! waits in one transaction, so that a thousand readers at once cost one flush of the disk.
//!
//! Invariants: no read goes unrecorded. Where the queue is full or the database does not take the event in time, the
//! answer is withheld. An event without an answer can happen; an answer without an event cannot.
//!
//! Deliberately absent: any judgement on what is recorded, and the sequencer, whose transactions are its own.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

pub use crate::store::access_event::{AccessEvent, Action, MAX_SUBJECT, Outcome};
use crate::store::read::Reader;

/// Events that may wait.
pub const QUEUE: usize = 1_024;
/// Events that one transaction takes at most.
const MAX_GROUP: usize = 256;
/// How long a transaction may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The event is not recorded, so the answer may not be given. Ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the access could not be recorded")]
pub struct NotRecorded;

struct Waiting {
    event: AccessEvent,
    done: oneshot::Sender<Result<(), NotRecorded>>,
}

/// Where events are handed in.
#[derive(Clone, Debug)]
pub struct Accesses {
    queue: mpsc::Sender<Waiting>,
}

impl Accesses {
    /// Starts the task; it ends when nobody can hand in events any more. `reader` is its own.
    pub fn start(reader: Reader) -> Accesses {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(reader, waiting));
        Accesses { queue }
    }

    /// Records an event, and answers when it is durable.
    pub async fn record(&self, event: AccessEvent) -> Result<(), NotRecorded> {
        let (done, answer) = oneshot::channel();
        self.queue.try_send(Waiting { event, done }).map_err(|_| NotRecorded)?;
        answer.await.map_err(|_| NotRecorded)?
    }
}

async fn run(reader: Reader, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = Vec::with_capacity(MAX_GROUP);
    while queue.recv_many(&mut waiting, MAX_GROUP).await > 0 {
        let (events, answers): (Vec<_>, Vec<_>) = waiting.drain(..).map(|one| (one.event, one.done)).unzip();
        let result = match tokio::time::timeout(PATIENCE, reader.record_accesses(&events)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::error!(%error, "accesses could not be recorded; their answers are withheld");
                Err(NotRecorded)
            }
            Err(_) => {
                tracing::error!("accesses were not recorded in time; their answers are withheld");
                Err(NotRecorded)
            }
        };
        for answer in answers {
            let _ = answer.send(result); // a reader who left changes nothing
        }
    }
}
