//! How the two sides stand, asked of a running ledger.
//!
//! The answer is a pure function of the first entries and of the question ([`crate::treaty::reciprocity`]). Here a
//! question gets its default values, records get the names by which a ledger knows them, and the work is done beside
//! the tasks that serve, a few at a time: a year of records takes a while.
//!
//! Invariants: one question on one state of knowledge has one answer, byte for byte.
//!
//! Deliberately absent: who may ask.

use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::known::Known;
use super::ledger::Ledger;
use crate::treaty::docket;
use crate::treaty::reciprocity::compare::{Moved, moved};
use crate::treaty::reciprocity::timeline::{Timeline, TooLong, timeline};
use crate::treaty::reciprocity::{self, Answer, Frame, Scope, Viewer};
use crate::treaty::time::Instant;

/// In whose view an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// One of the three.
    Of(Viewer),
    /// All three, side by side.
    All,
}

impl View {
    /// Reads the word of a question.
    pub fn parse(text: &str) -> Option<View> {
        if text == "all" { Some(View::All) } else { viewer(text).map(View::Of) }
    }

    /// The word of a question.
    pub const fn word(self) -> &'static str {
        match self {
            View::Of(Viewer::Us) => "us",
            View::Of(Viewer::Ru) => "ru",
            View::Of(Viewer::Undisputed) => "undisputed",
            View::All => "all",
        }
    }

    /// Whose views those are.
    pub fn viewers(self) -> Vec<Viewer> {
        match self {
            View::Of(viewer) => vec![viewer],
            View::All => Viewer::ALL.to_vec(),
        }
    }
}

/// What neither side disputes.
impl Default for View {
    fn default() -> View {
        View::Of(Viewer::Undisputed)
    }
}

/// Reads the word for one view.
pub fn viewer(text: &str) -> Option<Viewer> {
    let is_lower = text.bytes().all(|byte| byte.is_ascii_lowercase());
    Viewer::from_word(&text.to_ascii_uppercase()).filter(|_| is_lower)
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The instant asked about.
    pub as_of: Instant,
    /// In whose view.
    pub view: View,
    /// The calendar year.
    pub period: i32,
    /// Whether what is settled and enters no grade of the period is wanted too.
    pub everything: bool,
}

/// The process is stopping.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the ledger is stopping")]
pub struct Stopping;

/// Why what takes very long is not done now.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum NotNow {
    /// Ask again later.
    #[error("somebody else's is being computed")]
    Busy,
    /// The process is stopping.
    #[error(transparent)]
    Stopping(#[from] Stopping),
}

impl Known {
    /// The records, as far as a status needs them.
    pub fn docket(&self) -> docket::Known<'_> {
        self.published.replica.register().known(self.size())
    }

    /// The name of a record in an answer: its digest.
    pub fn name(&self, index: u32) -> String {
        self.docket().event(index).map(|event| event.digest.to_string()).unwrap_or_default()
    }

    /// How the two sides stand, in each view that is asked for.
    pub fn standing(&self, question: &Question) -> Vec<Answer> {
        let names = |index: u32| self.name(index);
        let viewers = question.view.viewers();
        let scope = if question.everything { Scope::Everything } else { Scope::Period };
        let frame = Frame { as_of: question.as_of, period: question.period, scope };
        reciprocity::statuses(self.docket(), frame, &viewers, &names)
    }

    /// Every change of the status from one instant to another, both included.
    pub fn timeline(&self, view: View, range: (Instant, Instant)) -> Result<Timeline, TooLong> {
        timeline(self.docket(), &view.viewers(), range, &|index| self.name(index))
    }

    /// What became of a status that was given on an earlier state of knowledge.
    pub fn moved(&self, earlier: &Known, before: &Answer, after: &Answer) -> Vec<Moved> {
        moved(self.docket(), earlier.docket().size(), before, after, &|index| self.name(index))
    }
}

impl Ledger {
    /// Does what takes long beside the tasks that serve.
    pub async fn computed<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Stopping> {
        let permit = Arc::clone(&self.computing).acquire_owned().await.map_err(|_| Stopping)?;
        beside(permit, work).await
    }

    /// Does what takes very long beside the tasks that serve: one such thing at a time, so that it takes no place from
    /// what is short; nobody waits for it.
    pub async fn computed_alone<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotNow> {
        let permit = Arc::clone(&self.long).try_acquire_owned().map_err(|_| NotNow::Busy)?;
        Ok(beside(permit, work).await?)
    }
}

/// Works on a thread of its own, and keeps the place until it is done, even if nobody waits for it any more.
async fn beside<T: Send + 'static>(
    permit: OwnedSemaphorePermit,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Stopping> {
    let task = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    task.await.map_err(|error| match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => Stopping,
    })
}
