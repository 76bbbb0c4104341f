//! Which cases are settled, from when on, and by which entry.
//!
//! An index over the docket and nothing else: it says which cases a question about an instant need not look at.
//!
//! Invariants: a case that was never marked is open.
//!
//! Deliberately absent: what makes a case settled ([`crate::treaty::obligation::settle`]).

use std::ops::Bound::{Excluded, Unbounded};

use imbl::{HashMap, OrdSet};

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

/// The marks of every case.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    open: OrdSet<Case>,
    marks: HashMap<Case, Mark>,
    by_time: OrdSet<(Instant, Case)>,
    by_entry: OrdSet<(u32, Case)>,
}

/// From when on a case is settled, and which entry made it so.
pub(super) type Mark = (Instant, u32);

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
        if let Some((at, by)) = self.marks.remove(&case) {
            self.by_time.remove(&(at, case));
            self.by_entry.remove(&(by, case));
        }
        let Some((at, by)) = mark else { return self.open(case) };
        self.open.remove(&case);
        self.marks.insert(case, (at, by));
        self.by_time.insert((at, case));
        self.by_entry.insert((by, case));
    }
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
        let later = marks.by_time.range((Excluded((as_of, Case::Report(u32::MAX))), Unbounded)).map(|(_, case)| *case);
        let since = marks.by_entry.range((self.size, Case::Visit(0))..).map(|(_, case)| *case);
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
        self.docket.marks.of(case).is_some_and(|(at, by)| at <= as_of && by < self.size)
    }
}
