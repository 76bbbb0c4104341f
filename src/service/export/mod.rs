//! Whole tables to take away: every row that a reader may see, at one size of the log.
//!
//! A table is read in pages ([`rows`]), each with short queries of its own by index, written as text ([`text`]) or into
//! a database of one file ([`sqlite`]), and described by a signed [`manifest`].
//!
//! Invariants:
//! - The size is fixed when the export begins; between two pages nothing is held but a place in the log.
//! - An export is whole or it fails. What the store gives is compared with the tree before it is handed on.
//!
//! Deliberately absent: status and obligations, which are not computed yet. A table more is a variant of [`Table`].

pub mod manifest;
pub mod rows;
pub mod sqlite;
pub mod text;

use super::access::Principal;
use super::query::{Filter, QueryError, RecordName};
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
}

impl Table {
    /// Every table.
    pub const ALL: [Table; 2] = [Table::Records, Table::Inspections];

    /// Its name in a database.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Records => "record",
            Table::Inspections => "inspection",
        }
    }

    /// The name of its file, without the ending.
    pub const fn stem(self) -> &'static str {
        match self {
            Table::Records => "records",
            Table::Inspections => "inspections",
        }
    }

    /// Its columns: paths of members of a row.
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Table::Records => csv::RECORDS,
            Table::Inspections => csv::INSPECTIONS,
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
        let texts = Table::ALL.iter().flat_map(|&table| [Form::Csv, Form::Ndjson].map(|form| File::Text(table, form)));
        texts.chain([File::Database]).collect()
    }

    /// Its name.
    pub fn name(self) -> String {
        match self {
            File::Text(table, Form::Csv) => format!("{}.csv", table.stem()),
            File::Text(table, Form::Ndjson) => format!("{}.ndjson", table.stem()),
            File::Database => "ledger.sqlite".into(),
        }
    }

    /// The file of this name.
    pub fn parse(name: &str) -> Option<File> {
        File::all().into_iter().find(|file| file.name() == name)
    }
}

/// What is to be taken away, and by whom.
#[derive(Clone, Debug)]
pub struct Wanted {
    principal: Principal,
    size: u64,
    filter: Filter,
    mark: bool,
}

impl Wanted {
    /// Everything that `principal` may see of the first entries that `past` has; of records, those that the filter
    /// lets through. `mark` puts a byte-order mark before a CSV file.
    pub fn new(principal: Principal, past: &Past<'_>, mut filter: Filter, mark: bool) -> Wanted {
        if let Some(RecordName::Digest(digest)) = filter.inspection {
            filter.inspection = Some(RecordName::Index(past.index_of(&digest).unwrap_or(u64::MAX)));
        }
        Wanted { principal, size: past.size(), filter, mark }
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
