//! Whole tables to take away: every row that a reader may see, at one size of the log.
//!
//! A table is read in pages ([`rows`]), each with short queries of its own by index, or computed view by view
//! ([`standing`]); written as text ([`text`]) or into a database of one file ([`sqlite`]), and described by a signed
//! [`manifest`].
//!
//! Invariants:
//! - The size is fixed when the export begins; between two pages nothing is held but a place in the log.
//! - An export is whole or it fails. What the store gives is compared with the tree before it is handed on.
//! - How the two sides stand is for those who read everything. For a host those tables do not exist: they are in no
//!   database and no manifest of its own.
//!
//! Deliberately absent: histories of obligations. A table more is a variant of [`Table`].

pub mod manifest;
pub mod rows;
pub mod sqlite;
mod standing;
pub mod text;

use super::access::Principal;
use super::query::{Filter, QueryError, RecordName};
use super::status::Question;
use super::view::csv;
use crate::store::StoreError;
use crate::treaty::past::Past;

/// The version of tables and columns: a new one adds at the end, and never moves or renames.
pub const SCHEMA_VERSION: u64 = 1;

/// What can be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Every record.
    Records,
    /// Every visit.
    Inspections,
    /// What each side owes: a row for every obligation in every view.
    Obligations,
    /// How the two sides stand: a row for every view.
    Status,
}

impl Table {
    /// Every table.
    pub const ALL: [Table; 4] = [Table::Records, Table::Inspections, Table::Obligations, Table::Status];

    /// Whether its rows depend on the instant asked about, and on the view.
    pub const fn is_of_status(self) -> bool {
        matches!(self, Table::Obligations | Table::Status)
    }

    /// The tables that exist for somebody.
    pub fn of(principal: &Principal) -> impl Iterator<Item = Table> {
        let all = principal.reads_all();
        Table::ALL.into_iter().filter(move |table| all || !table.is_of_status())
    }

    /// Its name in a database.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Records => "record",
            Table::Inspections => "inspection",
            Table::Obligations => "obligation",
            Table::Status => "status",
        }
    }

    /// The name of its file, without the ending.
    pub const fn stem(self) -> &'static str {
        match self {
            Table::Records => "records",
            Table::Inspections => "inspections",
            Table::Obligations => "obligations",
            Table::Status => "status",
        }
    }

    /// Its columns: paths of members of a row.
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Table::Records => csv::RECORDS,
            Table::Inspections => csv::INSPECTIONS,
            Table::Obligations => csv::OWED,
            Table::Status => csv::STATUS,
        }
    }
}

/// How a table is written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// RFC 4180.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// A file of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// One table as text.
    Text(Table, Form),
    /// Every table in one SQLite database.
    Database,
}

impl File {
    /// Every file, in the order of a manifest.
    pub fn all() -> Vec<File> {
        File::with(Table::ALL.into_iter())
    }

    /// Every file that exists for somebody.
    pub fn of(principal: &Principal) -> Vec<File> {
        File::with(Table::of(principal))
    }

    /// Every file that does not say how the two sides stand.
    pub fn of_a_host() -> Vec<File> {
        File::with(Table::ALL.into_iter().filter(|table| !table.is_of_status()))
    }

    fn with(tables: impl Iterator<Item = Table>) -> Vec<File> {
        let texts = tables.flat_map(|table| [Form::Csv, Form::Ndjson].map(|form| File::Text(table, form)));
        texts.chain([File::Database]).collect()
    }

    /// Whether it says how the two sides stand, to those who are told.
    pub const fn is_of_status(self) -> bool {
        match self {
            File::Text(table, _) => table.is_of_status(),
            File::Database => true,
        }
    }

    /// Its name.
    pub fn name(self) -> String {
        match self {
            File::Text(table, Form::Csv) => format!("{}.csv", table.stem()),
            File::Text(table, Form::Ndjson) => format!("{}.ndjson", table.stem()),
            File::Database => "ledger.sqlite".into(),
        }
    }

    /// The file of this name, if it exists for somebody.
    pub fn parse(name: &str, principal: &Principal) -> Option<File> {
        File::of(principal).into_iter().find(|file| file.name() == name)
    }
}

/// What is to be taken away, and by whom.
#[derive(Clone, Debug)]
pub struct Wanted {
    principal: Principal,
    size: u64,
    filter: Filter,
    mark: bool,
    question: Question,
}

impl Wanted {
    /// Everything that `principal` may see of the first entries that `past` has; of records, those that the filter
    /// lets through; of the status, what answers the question. `mark` puts a byte-order mark before a CSV file.
    pub fn new(principal: Principal, past: &Past<'_>, mut filter: Filter, mark: bool, question: Question) -> Wanted {
        if let Some(RecordName::Digest(digest)) = filter.inspection {
            filter.inspection = Some(RecordName::Index(past.index_of(&digest).unwrap_or(u64::MAX)));
        }
        Wanted { principal, size: past.size(), filter, mark, question }
    }

    /// What a file answers besides, if it says how the two sides stand.
    pub fn question(&self, file: File) -> Option<&Question> {
        (file.is_of_status() && self.principal.reads_all()).then_some(&self.question)
    }

    /// The size of the log that the export is made of.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The same without the filter: what files that hold every table are made of.
    fn unfiltered(&self) -> Wanted {
        Wanted { filter: Filter::default(), ..self.clone() }
    }
}

/// Why an export is not whole.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The rows cannot be had.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The file cannot be made: look at the disk.
    #[error("the file cannot be made: {0}")]
    File(String),
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> ExportError {
        ExportError::Query(error.into())
    }
}
