//! The rows of tables that say how the two sides stand.
//!
//! The answer for one view is computed as a whole, beside the tasks that serve, and handed out in pages; the next view
//! is computed when the rows of the one before are gone. Views stand in the order US, RU, UNDISPUTED.
//!
//! Invariants: a reader who is slow holds the rows of one view at most. Every row says what it answers: view, instant
//! and size.
//!
//! Deliberately absent: any computation of states ([`crate::treaty::reciprocity`]).

use serde_json::Value;

use super::super::known::Known;
use super::super::ledger::Ledger;
use super::super::query::QueryError;
use super::super::status::{Question, View};
use super::super::view;
use super::rows::PAGE;
use super::{Table, Wanted};
use crate::treaty::reciprocity::{Row, Viewer};

/// What is left of such a table.
pub struct Standing {
    views: std::vec::IntoIter<Viewer>,
    owed: std::vec::IntoIter<Row>,
    viewer: Viewer,
}

impl Standing {
    /// The beginning, for what is asked.
    pub fn new(question: &Question) -> Standing {
        let views = question.view.viewers().into_iter();
        Standing { views, owed: Vec::new().into_iter(), viewer: Viewer::Undisputed }
    }

    /// The next rows; nothing at the end.
    pub async fn page(
        &mut self,
        ledger: &Ledger,
        known: &Known,
        wanted: &Wanted,
        table: Table,
    ) -> Result<Option<Vec<Value>>, QueryError> {
        if !wanted.principal.reads_all() {
            return Err(QueryError::NotFound);
        }
        if self.owed.len() == 0 {
            let Some(viewer) = self.views.next() else { return Ok(None) };
            let question = Question { view: View::Of(viewer), ..wanted.question };
            let asked = known.clone();
            let answer = ledger.computed(move || asked.standing(&question).pop()).await?;
            let Some(answer) = answer else { return Ok(None) };
            if table == Table::Status {
                return Ok(Some(vec![view::status_line(answer)]));
            }
            self.viewer = viewer;
            self.owed = answer.obligations.into_iter();
        }
        let as_of = wanted.question.as_of;
        let rows = self.owed.by_ref().take(PAGE).map(|row| view::obligation_line(known, as_of, self.viewer, &row));
        Ok(Some(rows.collect()))
    }
}
