//! What cosigners have said of this ledger, as readers see it: which checkpoints they cosigned, and what is final.
//!
//! [`Cosignatures`] is an immutable value: every good line, by the size of its checkpoint, and what follows from them.
//! [`Cosigned`] is what a running ledger shares of it, with how each cosigner stands ([`standing`]). [`rounds`] is the
//! task that brings checkpoints to the cosigners, [`lines`] the way of a line in and out of the store, and [`config`] who
//! is asked at all.
//!
//! Invariants:
//! - Only lines by keys that the log names as cosigners' are here, each verified over the text of a committed
//!   checkpoint, when it came and again when it was read from the store.
//! - A record is final if a checkpoint that contains it met the quorum of the terms at that checkpoint's size. Where
//!   the terms demand nothing, nothing is ever final.
//! - Lines are only ever added, so what is final stays so, and the first checkpoint that met the quorum stays the first.
//!
//! Deliberately absent: HTTP on either side.

pub mod config;
pub mod lines;
pub mod rounds;
pub mod standing;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use imbl::OrdMap;
use tokio::sync::{Notify, watch};

use self::standing::Standing;
use super::policy::{demands_any, policy};
use crate::note::Line;
use crate::replica::Replica;
use crate::treaty::party::{KeyName, Party, Role};
use crate::treaty::past::Past;
use crate::treaty::time::Instant;

/// A good line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The cosigner's key.
    pub name: KeyName,
    /// Its line.
    pub line: Line,
    /// When it was made, by the cosigner's clock.
    pub at: Instant,
}

/// Every good line, and what follows from them.
#[derive(Clone, Debug, Default)]
pub struct Cosignatures {
    /// By the size of the checkpoint; in the order of names.
    lines: OrdMap<u64, Arc<Vec<Held>>>,
    /// The sizes that a mirror of the United States cosigned, with the time.
    us: OrdMap<u64, Instant>,
    /// The same of the Russian Federation.
    ru: OrdMap<u64, Instant>,
    /// The sizes that met the quorum.
    met: OrdMap<u64, ()>,
}

/// How far a record is from final.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Finality {
    /// When a mirror of the United States first cosigned a checkpoint that contains it.
    pub us: Option<Instant>,
    /// The same of the Russian Federation.
    pub ru: Option<Instant>,
    /// The size of the first checkpoint that contains it and met the quorum.
    pub size: Option<u64>,
    /// Whether the terms demand any cosignature.
    pub is_demanded: bool,
}

impl Finality {
    /// One word for it. Both Parties' mirrors may have cosigned without making it final: where the terms demand nothing,
    /// or more than that.
    pub const fn word(&self) -> &'static str {
        match (self.size, self.us, self.ru) {
            (Some(_), ..) => "final",
            (None, Some(_), Some(_)) => "cosigned_both",
            (None, Some(_), None) => "cosigned_us",
            (None, None, Some(_)) => "cosigned_ru",
            (None, None, None) => "recorded",
        }
    }
}

impl Cosignatures {
    /// Adds a line over a committed size. A second line by the same key changes nothing.
    pub fn add(&mut self, replica: &Replica, size: u64, held: Held) {
        let mut lines = self.at(size).to_vec();
        let Err(place) = lines.binary_search_by(|other| other.name.cmp(&held.name)) else { return };
        if held.name.role() == Role::Mirror {
            let of_party = if held.name.party() == Party::Us { &mut self.us } else { &mut self.ru };
            of_party.entry(size).and_modify(|at| *at = held.at.min(*at)).or_insert(held.at);
        }
        lines.insert(place, held);
        let past = Past::of(replica.register(), size);
        let by = |name: &str| lines.iter().any(|held| held.name.as_str() == name);
        if demands_any(&past) && policy(&past).is_some_and(|policy| policy.is_met(|witness| by(witness.key.name()))) {
            self.met.insert(size, ());
        }
        self.lines.insert(size, Arc::new(lines));
    }

    /// The lines over a size, in the order of names.
    pub fn at(&self, size: u64) -> &[Held] {
        self.lines.get(&size).map_or(&[], |lines| lines)
    }

    /// The lines over a size as they stand below a checkpoint.
    pub fn below(&self, size: u64) -> String {
        self.at(size).iter().map(|held| format!("{}\n", held.line)).collect()
    }

    /// How far the record at `index` is from final, by checkpoints of at most `until` entries.
    pub fn finality(&self, index: u64, until: u64, replica: &Replica) -> Finality {
        let is_demanded = demands_any(&Past::of(replica.register(), until));
        if index >= until {
            return Finality { is_demanded, ..Finality::default() };
        }
        let first = |of: &OrdMap<u64, Instant>| of.range(index + 1..=until).next().map(|(_, at)| *at);
        let size = self.met.range(index + 1..=until).next().map(|(size, ())| *size);
        Finality { us: first(&self.us), ru: first(&self.ru), size, is_demanded }
    }

    /// The greatest size that met the quorum.
    pub fn last_final(&self) -> Option<u64> {
        self.met.get_max().map(|(size, ())| *size)
    }

    /// The newest size that a key cosigned, and when.
    pub fn last_of(&self, name: &KeyName) -> Option<(u64, Instant)> {
        let mut newest = self.lines.iter().rev();
        newest.find_map(|(size, lines)| Some((*size, lines.iter().find(|held| held.name == *name)?.at)))
    }
}

/// What a running ledger shares about cosigning.
#[derive(Debug)]
pub struct Cosigned {
    /// The good lines.
    pub lines: ArcSwap<Cosignatures>,
    /// How each cosigner stands.
    pub standings: ArcSwap<Vec<Standing>>,
    /// Why nothing is written or cosigned any more: a cosigner shows what this ledger signed and does not hold.
    pub alarm: ArcSwapOption<String>,
    /// Turns at every new line and at the end of every round; the size that the last round brought to all it asked.
    changed: watch::Sender<u64>,
    /// Wakes the rounds when somebody waits.
    wanted: Arc<Notify>,
    /// How long somebody waits at most.
    patience: Duration,
}

impl Cosigned {
    /// The state before the first round.
    pub fn new(lines: Cosignatures, standings: Vec<Standing>, patience: Duration) -> Cosigned {
        Cosigned {
            lines: ArcSwap::from_pointee(lines),
            standings: ArcSwap::from_pointee(standings),
            alarm: ArcSwapOption::empty(),
            changed: watch::Sender::new(0),
            wanted: Arc::default(),
            patience,
        }
    }

    /// Whether a wait for the record at `index` is over: it is final, or it cannot become so and a whole round has
    /// brought it to everybody.
    fn is_over(&self, index: u64, brought: u64, replica: &Replica) -> bool {
        let finality = self.lines.load().finality(index, u64::MAX, replica);
        finality.size.is_some() || (!finality.is_demanded && brought > index)
    }

    /// Waits until the record at `index` is final, as long as that may take. Where the terms demand no cosignature it
    /// waits for one round; where nobody cosigns, or cosigning has ended, for nothing.
    pub async fn wait(&self, index: u64, replica: &Replica) {
        if self.standings.load().is_empty() {
            return;
        }
        let mut changed = self.changed.subscribe();
        self.wanted.notify_one();
        let over = changed.wait_for(|brought| self.alarm.load().is_some() || self.is_over(index, *brought, replica));
        let _ = tokio::time::timeout(self.patience, over).await; // what is there is answered, whatever it is
    }

    /// Readers see new lines.
    pub fn show(&self, lines: Cosignatures) {
        self.lines.store(Arc::new(lines));
        self.changed.send_modify(|_| {});
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_checkpoints_that_contain_a_record_and_are_known_by_then_count_for_it() {
        let (mut all, replica) = (Cosignatures::default(), Replica::default());
        let at = Instant::default();
        all.us.insert(5, at);
        all.us.insert(8, at);
        all.ru.insert(8, at);
        all.met.insert(8, ());
        let seen = |index, until| {
            let finality = all.finality(index, until, &replica);
            (finality.us.is_some(), finality.ru.is_some(), finality.size, finality.word())
        };
        assert_eq!(seen(4, 10), (true, true, Some(8), "final"));
        assert_eq!(seen(4, 7), (true, false, None, "cosigned_us"));
        assert_eq!(seen(7, 8), (true, true, Some(8), "final"));
        assert_eq!(seen(8, 10), (false, false, None, "recorded"));
        assert_eq!(seen(7, 7), (false, false, None, "recorded"), "it is not known then");
        assert_eq!(seen(u64::MAX, u64::MAX), (false, false, None, "recorded"));
        let both = Finality { us: Some(at), ru: Some(at), ..Finality::default() };
        assert_eq!((both.word(), all.last_final()), ("cosigned_both", Some(8)));
    }
}
