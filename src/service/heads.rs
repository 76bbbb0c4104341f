//! The second store: an append-only file of every head, outside the database.
//!
//! A head is written here and flushed after its COMMIT and before its checkpoint is signed, so that a database that was
//! rolled back behind a signed checkpoint is noticed at the next start. Each line is `<size> <root in base64>`.
//!
//! Invariants: sizes grow; a line is flushed to the disk before anything over it is signed; a torn last line (a crash in
//! the middle of a write) is cut off when the file is opened, since nothing was signed over it.
//!
//! Deliberately absent: any repair. A file that contradicts the database stops the ledger.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::hash::Hash;
use crate::tlog::{Head, Tree};

/// The file of heads.
#[derive(Debug)]
pub struct HeadFile {
    path: PathBuf,
    file: File,
    last: Option<Head>,
}

/// Why the second store cannot vouch for the database.
#[derive(Debug, thiserror::Error)]
pub enum HeadsError {
    /// Free the disk or mend the permissions; the ledger does not sign without this file.
    #[error("cannot use the file of heads {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Look at the line; the file was changed by somebody.
    #[error("line {line} of the file of heads {path} is not a size and a root, or its size does not grow")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which line.
        line: usize,
    },
    /// The database was rolled back: replay the missing entries from a mirror.
    #[error("the database has {database} entries, but heads up to size {file} were signed: it was rolled back")]
    RolledBack {
        /// Entries in the database.
        database: u64,
        /// The greatest size in the file.
        file: u64,
    },
    /// The database holds another history: stay down and keep both as evidence.
    #[error("at size {size} the database has the root {database}, but {file} was signed: the histories have forked")]
    Forked {
        /// The size at which they differ.
        size: u64,
        /// The database's root.
        database: Hash,
        /// The root in the file.
        file: Hash,
    },
}

impl HeadFile {
    /// Opens or creates the file, and compares every head in it with `tree`. Equal or behind is fine: a crash between
    /// the commit and the flush leaves the file one batch behind.
    pub fn open(path: &Path, tree: &Tree) -> Result<HeadFile, HeadsError> {
        let io = |source| HeadsError::Io { path: path.to_owned(), source };
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(io)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        let mut last = None;
        for (i, line) in text[..whole].lines().enumerate() {
            let head = parse(line).filter(|head: &Head| last.is_none_or(|last: Head| last.size < head.size));
            let head = head.ok_or(HeadsError::Malformed { path: path.to_owned(), line: i + 1 })?;
            agrees(tree, head)?;
            last = Some(head);
        }
        Ok(HeadFile { path: path.to_owned(), file, last })
    }

    /// Adds a head and flushes it to the disk. A head that is not newer than the last one is there already.
    pub fn append(&mut self, head: Head) -> Result<(), HeadsError> {
        if self.last.is_some_and(|last| last.size >= head.size) {
            return Ok(());
        }
        let line = format!("{} {}\n", head.size, head.root.to_base64());
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|source| HeadsError::Io { path: self.path.clone(), source })?;
        self.last = Some(head);
        Ok(())
    }

    /// The newest head in the file.
    pub fn last(&self) -> Option<Head> {
        self.last
    }
}

fn parse(line: &str) -> Option<Head> {
    let (size, root) = line.split_once(' ')?;
    let plain = size == "0" || !size.starts_with('0');
    let size = size.parse().ok().filter(|_| plain && size_digits(size))?;
    Some(Head { size, root: Hash::from_base64(root).ok()? })
}

fn size_digits(size: &str) -> bool {
    size.bytes().all(|b| b.is_ascii_digit())
}

/// The database's tree holds this head.
fn agrees(tree: &Tree, head: Head) -> Result<(), HeadsError> {
    match tree.root_at(head.size) {
        None => Err(HeadsError::RolledBack { database: tree.size(), file: head.size }),
        Some(root) if root != head.root => Err(HeadsError::Forked { size: head.size, database: root, file: head.root }),
        Some(_) => Ok(()),
    }
}
