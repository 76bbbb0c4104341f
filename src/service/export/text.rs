//! A table as text, piece by piece: CSV or NDJSON.
//!
//! Invariants: an NDJSON file ends with a line that says that it is complete, how many rows it has, and the hash of all
//! bytes before that line. A CSV file has no room for such a line: whoever reads one looks at how the transfer ended,
//! and at the manifest.
//!
//! Deliberately absent: HTTP.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::ledger::Ledger;
use super::super::query::QueryError;
use super::super::view::csv;
use super::rows::Rows;
use super::{Form, Table, Wanted};
use crate::hash::Hasher;

/// A file that is being written.
pub struct Text {
    rows: Rows,
    form: Form,
    mark: bool,
    count: u64,
    hasher: Hasher,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begin,
    Middle,
    End,
}

impl Text {
    /// The beginning of a file.
    pub fn new(ledger: Arc<Ledger>, wanted: Wanted, table: Table, form: Form) -> Text {
        let mark = wanted.mark;
        let rows = Rows::new(ledger, wanted, table);
        Text { rows, form, mark, count: 0, hasher: Hasher::default(), state: State::Begin }
    }

    /// The rows that were written so far.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The next piece, never an empty one; nothing at the end.
    pub async fn chunk(&mut self) -> Result<Option<String>, QueryError> {
        while self.state != State::End {
            let page = self.rows.page().await?;
            let mut text = self.heading();
            self.state = if page.is_some() { State::Middle } else { State::End };
            let rows = page.unwrap_or_default();
            self.count += rows.len() as u64;
            text.push_str(&self.written(&rows));
            self.hasher.update(text.as_bytes());
            if self.state == State::End && self.form == Form::Ndjson {
                text.push_str(&self.last_line());
            }
            if !text.is_empty() {
                return Ok(Some(text));
            }
            tokio::task::yield_now().await; // a long stretch without a row is other people's time
        }
        Ok(None)
    }

    fn heading(&self) -> String {
        let is_due = self.state == State::Begin && self.form == Form::Csv;
        if is_due { csv::heading(self.rows.table().columns(), self.mark) } else { String::new() }
    }

    fn written(&self, rows: &[Value]) -> String {
        match self.form {
            Form::Csv => csv::lines(self.rows.table().columns(), rows),
            Form::Ndjson => rows.iter().map(|row| format!("{row}\n")).collect(),
        }
    }

    fn last_line(&self) -> String {
        format!("{}\n", json!({ "complete": true, "rows": self.count, "sha256": self.hasher.hash().to_string() }))
    }
}
