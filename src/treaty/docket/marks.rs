//! Which cases are settled, from when on, and by which entry.
//!
//! An index over the docket and nothing else: it says which cases a question about an instant need not look at.
//!
//! Invariants: a case that was never marked is open.
//!
//! Deliberately absent: what makes a case settled ([`crate::treaty::obligation::settle`]).

use imbl::{HashMap, OrdSet};

use super::intervals::Intervals;
use super::known::Known;
use crate::treaty::time::Instant;

/// What is looked at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Case {
    /// The obligations of the visit that this request began.
    Visit(u32),
    /// The obligations that this notice created outside visits.
    Notice(u32),
    /// This excuse or withholding, until it is lifted.
    Claim(u32),
    /// The ambiguities of this report, until they are resolved.
    Report(u32),
}

/// The kind of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseKind {
    /// Visits.
    Visit,
    /// Notices.
    Notice,
    /// Excuses and withholdings.
    Claim,
    /// Reports.
    Report,
}

impl Case {
    /// Its kind.
    pub const fn kind(self) -> CaseKind {
        match self {
            Case::Visit(_) => CaseKind::Visit,
            Case::Notice(_) => CaseKind::Notice,
            Case::Claim(_) => CaseKind::Claim,
            Case::Report(_) => CaseKind::Report,
        }
    }

    /// The entry that began it.
    pub const fn index(self) -> u32 {
        match self {
            Case::Visit(index) | Case::Notice(index) | Case::Claim(index) | Case::Report(index) => index,
        }
    }
}

/// Since when a case is of interest, from when on it is settled, and which entry made it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When the first of its records took effect or was received, whichever came first.
    pub begins: Instant,
    /// From when on nothing in it is outstanding.
    pub settled: Instant,
    /// The entry.
    pub by: u32,
}

/// The marks of every case.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    marks: HashMap<Case, Mark>,
    by_time: OrdSet<(Instant, Case)>,
    /// By kind: who asks, asks about one.
    kinds: [OfKind; 4],
}

/// The cases of one kind, by the entries that began them.
#[derive(Clone, Debug, Default)]
struct OfKind {
    /// Those that are not marked.
    open: OrdSet<u32>,
    /// The seconds in which each of the others is not settled.
    times: Intervals<u32>,
    /// The sizes of the log at which it was not marked so.
    sizes: Intervals<u32>,
}

impl Marks {
    /// A case begins.
    pub fn open(&mut self, case: Case) {
        self.kinds[case.kind() as usize].open.insert(case.index());
    }

    /// How a case was marked last.
    pub fn of(&self, case: Case) -> Option<Mark> {
        self.marks.get(&case).copied()
    }

    /// Whether a case is marked so already.
    pub fn is_marked(&self, case: Case, mark: Option<Mark>) -> bool {
        match mark {
            Some(mark) => self.of(case) == Some(mark),
            None => self.kinds[case.kind() as usize].open.contains(&case.index()),
        }
    }

    /// Marks a case as settled, or as open again.
    pub fn mark(&mut self, case: Case, mark: Option<Mark>) {
        let (kind, index) = (&mut self.kinds[case.kind() as usize], case.index());
        if let Some(before) = self.marks.remove(&case) {
            before.times().into_iter().for_each(|times| kind.times.remove(times, index));
            before.sizes(case).into_iter().for_each(|sizes| kind.sizes.remove(sizes, index));
            self.by_time.remove(&(before.settled, case));
        }
        let Some(mark) = mark else {
            kind.open.insert(index);
            return;
        };
        kind.open.remove(&index);
        mark.times().into_iter().for_each(|times| kind.times.insert(times, index));
        mark.sizes(case).into_iter().for_each(|sizes| kind.sizes.insert(sizes, index));
        self.by_time.insert((mark.settled, case));
        self.marks.insert(case, mark);
    }
}

impl Mark {
    /// The seconds from its begin until it is settled, if there are any.
    fn times(&self) -> Option<(u64, u64)> {
        let (first, end) = (number(self.begins), number(self.settled));
        (first < end).then(|| (first, end - 1))
    }

    /// The sizes at which the log held the case, and not yet the entry that marks it, if there were any.
    fn sizes(&self, case: Case) -> Option<(u64, u64)> {
        let (first, last) = (u64::from(case.index()) + 1, u64::from(self.by));
        (first <= last).then_some((first, last))
    }
}

/// An instant as a number from 1.
fn number(at: Instant) -> u64 {
    at.seconds().unsigned_abs() + 1
}

impl Known<'_> {
    /// The cases of a kind that are not settled at `as_of`, by what was known; among them some that are. In index order.
    pub fn unsettled(&self, kind: CaseKind, as_of: Instant) -> Vec<u32> {
        let OfKind { open, times, sizes } = &self.docket.marks.kinds[kind as usize];
        let all = open.iter().copied().chain(times.at(number(as_of), 0)).chain(sizes.at(u64::from(self.size), 0));
        let mut found: Vec<u32> = all.filter(|index| *index < self.size).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The cases that are settled from this instant on or later.
    pub fn settled_since(&self, at: Instant) -> impl Iterator<Item = Case> {
        self.docket.marks.by_time.range((at, Case::Visit(0))..).map(|(_, case)| *case)
    }

    /// Whether a case is settled at `as_of`.
    pub fn is_settled(&self, case: Case, as_of: Instant) -> bool {
        self.docket.marks.of(case).is_some_and(|mark| mark.settled <= as_of && mark.by < self.size)
    }
}
