//! A line that moves, for people who wait at a terminal.
//!
//! Deliberately absent: anything where standard error is not a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How long nothing is said after something was.
const PAUSE: Duration = Duration::from_millis(200);

/// Counts towards a total.
pub struct Progress {
    what: &'static str,
    total: u64,
    begun: Instant,
    said: Instant,
    terminal: bool,
}

impl Progress {
    /// Begins to count.
    pub fn new(what: &'static str, total: u64) -> Progress {
        let now = Instant::now();
        Progress { what, total, begun: now, said: now, terminal: std::io::stderr().is_terminal() }
    }

    /// Says how far it is, with rate and time left, now and then.
    pub fn at(&mut self, done: u64) {
        if !self.terminal || self.said.elapsed() < PAUSE {
            return;
        }
        self.said = Instant::now();
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        let rate = done as f64 / seconds;
        let left = (self.total.saturating_sub(done)) as f64 / rate.max(0.001);
        eprint!("\r{} {done} of {} · {rate:.0}/s · {left:.0} s left\x1b[K", self.what, self.total);
        let _ = std::io::stderr().flush();
    }

    /// Takes the line away.
    pub fn end(self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}
