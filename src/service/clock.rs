//! The clock: the only place where the time is read.
//!
//! A ledger's clock is the system's. A scripted clock exists for demonstrations, whose terms say that they are one,
//! and for tests.
//!
//! Deliberately absent: time zones.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::treaty::time::Instant;

/// Where the time comes from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A time that is set by hand, in seconds since the epoch, until it is let go.
    Scripted(Arc<AtomicI64>),
}

/// What a scripted clock holds after it was let go.
const LET_GO: i64 = i64::MIN;

impl Clock {
    /// A clock that stands at `at` until it is set.
    pub fn scripted(at: Instant) -> Clock {
        Clock::Scripted(Arc::new(AtomicI64::new(at.seconds())))
    }

    /// Sets a scripted clock; the system's clock cannot be set.
    pub fn set(&self, at: Instant) {
        if let Clock::Scripted(seconds) = self {
            seconds.store(at.seconds(), Ordering::SeqCst);
        }
    }

    /// Lets a scripted clock go: from now on it is the system's.
    pub fn let_go(&self) {
        if let Clock::Scripted(seconds) = self {
            seconds.store(LET_GO, Ordering::SeqCst);
        }
    }

    /// The current second of UTC. A clock before 1970 or after 9999 reads as the epoch, which no ledger accepts.
    pub fn now(&self) -> Instant {
        let scripted = match self {
            Clock::System => LET_GO,
            Clock::Scripted(seconds) => seconds.load(Ordering::SeqCst),
        };
        let seconds = if scripted == LET_GO { chrono::Utc::now().timestamp() } else { scripted };
        Instant::from_seconds(seconds).unwrap_or_default()
    }

    /// Whether jumps against the monotonic clock mean anything.
    pub const fn is_system(&self) -> bool {
        matches!(self, Clock::System)
    }

    /// Now in the finest unit, for request ids and names of files.
    pub fn unix_duration(&self) -> Duration {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
    }
}

/// Notices a clock that was moved between two batches.
#[derive(Debug)]
pub struct JumpGuard {
    last: Option<(std::time::Instant, Instant)>,
}

/// By how much the clock may move against the monotonic clock between two batches, in seconds.
const MAX_JUMP: i64 = 5;
/// How far the clock may stand behind the last entry, in seconds.
const MAX_BEHIND: i64 = 2;

/// Why the time cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockFault {
    /// Set the clock right, then start the server again.
    #[error("the clock stands {0} s behind the last entry")]
    Behind(i64),
    /// Find out what moved the clock, then start the server again.
    #[error("the clock moved by {0} s against the monotonic clock since the last batch")]
    Jumped(i64),
}

impl JumpGuard {
    /// A guard that has seen nothing yet.
    pub const fn new() -> JumpGuard {
        JumpGuard { last: None }
    }

    /// The time of a batch: not before the last entry's. Stops at a clock that is not to be trusted.
    pub fn read(&mut self, clock: &Clock, last_entry: Option<Instant>) -> Result<Instant, ClockFault> {
        let (steady, now) = (std::time::Instant::now(), clock.now());
        if clock.is_system() {
            self.compare(steady, now)?;
        }
        let behind = last_entry.map_or(0, |last| last.seconds() - now.seconds());
        if behind > MAX_BEHIND {
            return Err(ClockFault::Behind(behind));
        }
        Ok(last_entry.map_or(now, |last| last.max(now)))
    }

    /// The clock went on since the last batch as the monotonic clock did.
    fn compare(&mut self, steady: std::time::Instant, now: Instant) -> Result<(), ClockFault> {
        let Some((before, then)) = self.last.replace((steady, now)) else { return Ok(()) };
        let elapsed = i64::try_from(steady.duration_since(before).as_secs()).unwrap_or(i64::MAX);
        let jump = (now.seconds() - then.seconds()).saturating_sub(elapsed);
        if jump.abs() > MAX_JUMP { Err(ClockFault::Jumped(jump)) } else { Ok(()) }
    }
}

impl Default for JumpGuard {
    fn default() -> JumpGuard {
        JumpGuard::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_seconds(seconds).expect("a time")
    }

    #[test]
    fn a_clock_that_was_moved_between_two_batches_is_noticed() {
        let start = std::time::Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut guard = JumpGuard::new();
        assert_eq!(guard.compare(start, at(1_000)), Ok(()));
        assert_eq!(guard.compare(after(3_600), at(4_600)), Ok(()));
        assert_eq!(guard.compare(after(3_601), at(4_606)), Ok(()), "within the allowance");
        assert_eq!(guard.compare(after(3_602), at(4_614)), Err(ClockFault::Jumped(7)));
        assert_eq!(guard.compare(after(3_612), at(4_612)), Err(ClockFault::Jumped(-12)));
    }

    #[test]
    fn the_time_of_a_batch_is_never_before_the_last_entry() {
        let clock = Clock::scripted(at(1_000));
        let mut guard = JumpGuard::new();
        assert_eq!(guard.read(&clock, None), Ok(at(1_000)));
        assert_eq!(guard.read(&clock, Some(at(1_002))), Ok(at(1_002)), "a little behind");
        assert_eq!(guard.read(&clock, Some(at(1_003))), Err(ClockFault::Behind(3)));
        assert_eq!(guard.read(&clock, Some(at(900))), Ok(at(1_000)));
    }
}
