//! The ledger as it was known at one size: what every answer stands on.
//!
//! A reader names a size, or an instant that is resolved to one, or takes the newest. From then on everything in the
//! answer is computed from the first so many entries and nothing else, so that the same question has the same answer
//! for ever.
//!
//! Deliberately absent: the day that is asked about. That is a matter of status.

use std::sync::Arc;

use super::ledger::Ledger;
use super::published::Published;
use super::query::QueryError;
use crate::tlog::Head;
use crate::treaty::past::Past;
use crate::treaty::time::Instant;

/// What a reader wants to stand on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KnownAt {
    /// The newest committed size.
    #[default]
    Now,
    /// `tree:<size>`.
    Size(u64),
    /// Everything that had been received then, this second included.
    Instant(Instant),
}

impl KnownAt {
    /// Reads `tree:<size>` or an instant.
    pub fn parse(text: &str) -> Option<KnownAt> {
        match text.strip_prefix("tree:") {
            Some(size) => crate::tlog::checkpoint::decimal(size).map(KnownAt::Size),
            None => Instant::parse(text).map(KnownAt::Instant),
        }
    }
}

/// The first entries of a published state.
#[derive(Clone, Debug)]
pub struct Known {
    /// The published state.
    pub published: Arc<Published>,
    size: u64,
}

impl Known {
    /// All of a published state.
    pub fn all(published: Arc<Published>) -> Known {
        let size = published.size();
        Known { published, size }
    }

    /// The number of entries.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// What the first entries add up to.
    pub fn past(&self) -> Past<'_> {
        Past::of(self.published.replica.register(), self.size)
    }

    /// Size and root.
    pub fn head(&self) -> Head {
        let root = self.published.replica.tree().root_at(self.size).unwrap_or_default();
        Head { size: self.size, root }
    }
}

impl Ledger {
    /// Resolves what a reader wants to stand on. An instant must lie before the current second: later it could still
    /// receive entries.
    pub fn known(&self, at: KnownAt) -> Result<Known, QueryError> {
        let published = self.now();
        let size = match at {
            KnownAt::Now => published.size(),
            KnownAt::Size(size) if size <= published.size() => size,
            KnownAt::Size(_) => return Err(QueryError::NotYet),
            KnownAt::Instant(at) if at < self.clock.now() => Past::at(published.replica.register(), at),
            KnownAt::Instant(_) => return Err(QueryError::NotYet),
        };
        Ok(Known { published, size })
    }
}
