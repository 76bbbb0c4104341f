//! Every table in one SQLite database, for people's own questions.
//!
//! The file is made whole before a byte of it is sent, in a folder of its own that nobody else can read, and has lost
//! its name by then: what is sent is an open file, which is gone when it is closed, whoever closes it.
//!
//! Invariants: for the same rows the bytes are the same. Cells are what was signed, letter by letter: no spreadsheet
//! reads this file, so nothing is done about formulas. This is the only place that names SQLite.
//!
//! Deliberately absent: anything that would be read back. The file is a copy, and no part of the ledger.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::Path;
use std::sync::Arc;

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use serde_json::Value;
use tempfile::TempDir;

use super::super::ledger::Ledger;
use super::super::view::csv;
use super::rows::Rows;
use super::{ExportError, SCHEMA_VERSION, Table, Wanted};
use crate::hash::{Hash, Hasher};

/// A database that is done.
#[derive(Debug)]
pub struct Database {
    /// The open file, at its beginning.
    pub file: File,
    /// Rows of all its tables.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of it.
    pub sha256: Hash,
}

/// Makes the database. Given up in the middle, it leaves nothing.
pub async fn build(ledger: &Arc<Ledger>, wanted: &Wanted) -> Result<Database, ExportError> {
    let mut about = vec![
        ("origin", ledger.trust.origin.clone()),
        ("known_at", format!("tree:{}", wanted.size)),
        ("schema_version", SCHEMA_VERSION.to_string()),
    ];
    if let Some(question) = wanted.question(super::File::Database) {
        about.push(("as_of", question.as_of.to_string()));
        about.push(("view", question.view.word().to_owned()));
        about.push(("period", question.period.to_string()));
    }
    let tables: Vec<Table> = Table::of(&wanted.principal).collect();
    let made = tables.clone();
    let mut book = blocking(move || Book::begin(&about, &made)).await?;
    for table in tables {
        let mut rows = Rows::new(Arc::clone(ledger), wanted.clone(), table);
        while let Some(page) = rows.page().await? {
            book = blocking(move || book.write(table, &page)).await?;
        }
    }
    blocking(move || book.finish()).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ExportError> + Send + 'static,
) -> Result<T, ExportError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(ExportError::File(error.to_string())))
}

/// How many rows a database has in its tables. A host's has no table of the status.
pub fn count(path: &Path) -> Result<u64, ExportError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut rows = 0;
    for table in Table::ALL {
        if table.is_of_status() && !connection.table_exists(None, table.name())? {
            continue;
        }
        let sql = format!("SELECT count(*) FROM {}", table.name());
        rows += connection.query_row(&sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs();
    }
    Ok(rows)
}

/// A database that is being written. The folder goes with the value.
struct Book {
    connection: Connection,
    folder: TempDir,
    rows: u64,
}

impl Book {
    fn begin(about: &[(&str, String)], tables: &[Table]) -> Result<Book, ExportError> {
        let folder = tempfile::Builder::new().prefix("countersign-export-").tempdir()?;
        let connection = Connection::open(folder.path().join("ledger.sqlite"))?;
        // Whoever is cut off in the middle throws the file away: nothing has to survive a crash.
        connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")?;
        connection.execute_batch("CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")?;
        for (name, value) in about {
            connection.execute("INSERT INTO about VALUES (?1, ?2)", [*name, value.as_str()])?;
        }
        for table in tables {
            let columns: Vec<String> = table.columns().iter().map(|column| declared(column)).collect();
            connection.execute_batch(&format!("CREATE TABLE {} ({})", table.name(), columns.join(", ")))?;
        }
        Ok(Book { connection, folder, rows: 0 })
    }

    fn write(mut self, table: Table, rows: &[Value]) -> Result<Book, ExportError> {
        let places = vec!["?"; table.columns().len()].join(", ");
        let mut insert = self.connection.prepare(&format!("INSERT INTO {} VALUES ({places})", table.name()))?;
        for row in rows {
            insert.execute(params_from_iter(table.columns().iter().map(|column| cell(csv::member(row, column)))))?;
        }
        drop(insert);
        self.rows += rows.len() as u64;
        Ok(self)
    }

    fn finish(self) -> Result<Database, ExportError> {
        self.connection.execute_batch("COMMIT")?;
        self.connection.close().map_err(|(_, error)| error)?;
        let mut file = File::open(self.folder.path().join("ledger.sqlite"))?;
        self.folder.close()?;
        let (mut hasher, mut buffer, mut bytes) = (Hasher::default(), vec![0; 64 * 1024], 0);
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            hasher.update(buffer.get(..read).unwrap_or_default());
        }
        file.rewind()?;
        Ok(Database { file, rows: self.rows, bytes, sha256: hasher.hash() })
    }
}

/// A column in a table: dots are no part of a name in SQL. Only the index has a type, so that others stay as they are.
fn declared(column: &str) -> String {
    let key = if column == "index" { " INTEGER PRIMARY KEY" } else { "" };
    format!("\"{}\"{key}", column.replace('.', "_"))
}

fn cell(member: &Value) -> Cell {
    match member {
        Value::Null => Cell::Null,
        Value::Bool(is) => Cell::Integer(i64::from(*is)), // what SQL calls true and false
        Value::Number(number) => number.as_i64().map_or_else(|| Cell::Text(number.to_string()), Cell::Integer),
        Value::String(text) => Cell::Text(text.clone()),
        other => Cell::Text(other.to_string()),
    }
}

impl From<rusqlite::Error> for ExportError {
    fn from(error: rusqlite::Error) -> ExportError {
        ExportError::File(error.to_string())
    }
}

impl From<std::io::Error> for ExportError {
    fn from(error: std::io::Error) -> ExportError {
        ExportError::File(error.to_string())
    }
}
