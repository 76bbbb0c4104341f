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

impl Case {
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
    open: OrdSet<Case>,
    marks: HashMap<Case, Mark>,
    /// The seconds in which each is not settled.
    times: Intervals<Case>,
    /// The sizes of the log at which it was not marked so.
    sizes: Intervals<Case>,
    by_time: OrdSet<(Instant, Case)>,
}

impl Marks {
    /// A case begins.
    pub fn open(&mut self, case: Case) {
        self.open.insert(case);
    }

    /// How a case was marked last.
    pub fn of(&self, case: Case) -> Option<Mark> {
        self.marks.get(&case).copied()
    }

    /// Marks a case as settled, or as open again.
    pub fn mark(&mut self, case: Case, mark: Option<Mark>) {
        if let Some(before) = self.marks.remove(&case) {
            before.times().into_iter().for_each(|times| self.times.remove(times, case));
            before.sizes(case).into_iter().for_each(|sizes| self.sizes.remove(sizes, case));
            self.by_time.remove(&(before.settled, case));
        }
        let Some(mark) = mark else { return self.open(case) };
        self.open.remove(&case);
        mark.times().into_iter().for_each(|times| self.times.insert(times, case));
        mark.sizes(case).into_iter().for_each(|sizes| self.sizes.insert(sizes, case));
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

/// The cases that are not settled at an instant, by what was known; among them some that are. In index order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// Requests of visits.
    pub visits: Vec<u32>,
    /// Notices.
    pub notices: Vec<u32>,
    /// Excuses and withholdings.
    pub claims: Vec<u32>,
    /// Reports.
    pub reports: Vec<u32>,
}

impl Known<'_> {
    /// The cases that are not settled at `as_of`.
    pub fn unsettled(&self, as_of: Instant) -> Unsettled {
        let marks = &self.docket.marks;
        let later = marks.times.at(number(as_of), Case::Visit(0));
        let since = marks.sizes.at(u64::from(self.size), Case::Visit(0));
        let all = marks.open.iter().copied().chain(later).chain(since);
        let mut found = Unsettled::default();
        for case in all.filter(|case| case.index() < self.size) {
            match case {
                Case::Visit(index) => found.visits.push(index),
                Case::Notice(index) => found.notices.push(index),
                Case::Claim(index) => found.claims.push(index),
                Case::Report(index) => found.reports.push(index),
            }
        }
        for list in [&mut found.visits, &mut found.notices, &mut found.claims, &mut found.reports] {
            list.sort_unstable();
            list.dedup();
        }
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
