//! How an obligation can stand, and what is said with it.
//!
//! Deliberately absent: how it came to stand so ([`super::fold`]).

use super::quota::Hold;
use crate::treaty::docket::Pos;
use crate::treaty::time::Instant;

crate::one_of! {
    /// How an obligation stands.
    pub enum State {
        /// What it rests on is not in force, or it waits for another.
        Dormant = "DORMANT",
        /// The agreement ended before it was due.
        Extinguished = "EXTINGUISHED",
        /// Its holder withdrew it.
        Released = "RELEASED",
        /// It was performed in time.
        Fulfilled = "FULFILLED",
        /// It was performed after it was due.
        FulfilledLate = "FULFILLED_LATE",
        /// Its obligor withholds it.
        Withheld = "WITHHELD",
        /// Its obligor is excused.
        Excused = "EXCUSED",
        /// Its obligor claims an excuse, which is unanswered.
        ExcuseClaimed = "EXCUSE_CLAIMED",
        /// The two sides differ.
        Contested = "CONTESTED",
        /// It was refused.
        Refused = "REFUSED",
        /// It is due, and was not performed.
        Overdue = "OVERDUE",
        /// It is not due yet.
        Open = "OPEN",
    }
}

impl State {
    /// Whether nothing is outstanding: it was performed or released, or what it rests on is gone.
    pub const fn is_final(self) -> bool {
        use State::{Dormant, Extinguished, Fulfilled, FulfilledLate, Released};
        matches!(self, Fulfilled | FulfilledLate | Released | Dormant | Extinguished)
    }
}

/// The rule of section 3 that matched.
pub type Clause = u8;

/// How an obligation stands in one view, and why.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The state.
    pub state: State,
    /// The rule of section 3 that matched.
    pub clause: Clause,
    /// The records that made it so, in log order.
    pub causes: Vec<u32>,
    /// When it is due.
    pub due: Instant,
    /// Every record that created, performed, excused, withheld, refused, released, postponed or lifted it.
    pub touched: Vec<u32>,
    /// When, and by which record, it was performed.
    pub performed: Option<Pos>,
    /// Whether it may hinge on records that are about neither the obligation nor its visit: the request for which it
    /// waited, answers to a claim that was live at a lapse, other visits where a lift needed a place.
    pub entangled: bool,
    /// Its place in the quota.
    pub hold: Option<Hold>,
    /// Whether it counts as a denial.
    pub denied: bool,
}
