//! What each side owes: lists, and one obligation through time.
//!
//! Invariants: a page stays with the size and the instant of the first, so that pages never shift.
//!
//! Deliberately absent: who may ask.

use super::known::Known;
use super::status::{Question, View};
use crate::treaty::countermeasure::Cited;
use crate::treaty::obligation::{Kind, State};
use crate::treaty::party::{Party, Slot};
use crate::treaty::reciprocity::history_of::{Change, history};
use crate::treaty::reciprocity::{Row, Viewer};
use crate::treaty::time::Instant;

/// Which obligations a list is to have, and which part of it.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The instant asked about.
    pub as_of: Instant,
    /// In whose view.
    pub viewer: Viewer,
    /// How many of those that are wanted stand on the pages before.
    pub after: usize,
    /// At most so many.
    pub limit: usize,
    /// One kind only.
    pub kind: Option<Kind>,
    /// One slot only.
    pub slot: Option<Slot>,
    /// What this state owes.
    pub obligor: Option<Party>,
    /// In this state only.
    pub state: Option<State>,
    /// Due before this instant.
    pub due_before: Option<Instant>,
}

/// One page of a list of obligations.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its rows, in the order of obligations.
    pub rows: Vec<Row>,
    /// Whether others follow.
    pub has_more: bool,
}

/// One obligation: how it stands in each view, and every change of that.
#[derive(Clone, Debug)]
pub struct Told {
    /// How it stands in each view in which it exists.
    pub rows: Vec<(Viewer, Row)>,
    /// Every change of its state.
    pub history: Vec<Change>,
}

impl Filter {
    /// Whether the list is to have a row.
    fn has(&self, row: &Row) -> bool {
        let same = |wanted: Option<&'static str>, has: &str| wanted.is_none_or(|wanted| wanted == has);
        // Instants have one spelling, which sorts as they do.
        let is_due = |before: Instant| row.due_at < before.to_string();
        same(self.kind.map(Kind::as_str), row.kind)
            && same(self.obligor.map(Party::as_str), row.obligor)
            && same(self.state.map(State::as_str), row.state)
            && self.slot.is_none_or(|slot| row.slot.as_deref() == Some(slot.to_string().as_str()))
            && self.due_before.is_none_or(is_due)
    }
}

impl Known {
    /// The obligations that a list is to have.
    pub fn obligations(&self, filter: &Filter) -> Page {
        // Whatever is outstanding is shown without everything being looked at.
        let everything = filter.state.is_none_or(State::is_final);
        let rows = self.rows(filter.as_of, View::Of(filter.viewer), everything).into_iter().flatten();
        let rows = rows.filter(|row| filter.has(row));
        let mut rows = rows.skip(filter.after);
        let page = rows.by_ref().take(filter.limit).collect();
        Page { rows: page, has_more: rows.next().is_some() }
    }

    /// The obligation of this id; nothing where it exists in no view.
    pub fn obligation(&self, name: &Cited, as_of: Instant) -> Option<Told> {
        let id = name.to_string();
        let all = Viewer::ALL.iter().copied().zip(self.rows(as_of, View::All, true));
        let in_view = |(viewer, rows): (Viewer, Vec<Row>)| Some((viewer, rows.into_iter().find(|row| row.id == id)?));
        let rows: Vec<(Viewer, Row)> = all.filter_map(in_view).collect();
        (!rows.is_empty()).then(|| Told { rows, history: history(self.docket(), name, as_of) })
    }

    /// The obligations that are outstanding, at least, or every one, in each of the views.
    fn rows(&self, as_of: Instant, view: View, everything: bool) -> Vec<Vec<Row>> {
        let question = Question { as_of, view, period: as_of.year(), everything };
        self.standing(&question).into_iter().map(|answer| answer.obligations).collect()
    }
}
