//! Checkpoints that are kept as the log signed them: a file outside the database, in plain text.
//!
//! It is a row of signed checkpoints, each followed by an empty line ([`crate::tlog::fork`]). A mirror keeps in one what it
//! took up: a checkpoint is written and flushed after everything under it was judged, and before the entries that complete
//! it are committed. So the file may stand one checkpoint ahead of the database, and a database that was rolled back is
//! noticed and filled up. A ledger keeps in one what its former keys signed ([`super::former`]).
//!
//! Invariants: their sizes grow; a torn end is cut off; one process at a time has the file. Whoever reads it verifies the
//! signatures as soon as the keys are known, which stand in the entries below them.
//!
//! Deliberately absent: cosignatures, which have a file of their own ([`crate::witness::state`]).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::note::{Note, Succession};
use crate::replica::on_every_core;
use crate::tlog::Head;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::fork::Checkpoints;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointsError {
    /// Free the disk or mend the permissions.
    #[error("cannot use the file of checkpoints {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Stop the other server.
    #[error("the file of checkpoints {0} is in use by another server")]
    InUse(PathBuf),
    /// Keep the file and find out who changed it.
    #[error("checkpoint {number} of the file {path} is not signed by the log, or its size does not grow")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        number: usize,
    },
}

/// The file.
#[derive(Debug)]
pub struct CheckpointFile {
    path: PathBuf,
    file: File,
}

impl CheckpointFile {
    /// Opens or makes the file; answers what is in it, ascending. No signature is checked yet: see [`verify`].
    pub fn open(path: &Path, origin: &str) -> Result<(CheckpointFile, Vec<(Head, String)>), CheckpointsError> {
        let io = |source| CheckpointsError::Io { path: path.to_owned(), source };
        let is_new = !path.exists();
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => CheckpointsError::InUse(path.to_owned()),
            TryLockError::Error(source) => io(source),
        })?;
        if is_new {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let text = String::from_utf8_lossy(&bytes); // what is not UTF-8 is signed by nobody
        let (mut reader, mut kept, mut at, mut whole) = (Checkpoints::default(), Vec::new(), 0, 0);
        for line in text.split_inclusive('\n') {
            at += line.len() as u64;
            let Some(note) = reader.take(line) else { continue };
            let malformed = || CheckpointsError::Malformed { path: path.to_owned(), number: kept.len() + 1 };
            let read = Note::parse(note.as_bytes()).ok().and_then(|note| Checkpoint::parse(note.text()).ok());
            let read = read.filter(|read| read.origin == origin).ok_or_else(malformed)?;
            let head = Head { size: read.size, root: read.root };
            if kept.last().is_some_and(|(last, _): &(Head, String)| last.size >= head.size) {
                return Err(malformed());
            }
            kept.push((head, note));
            whole = at;
        }
        if bytes.len() as u64 > whole {
            file.set_len(whole).and_then(|()| file.sync_all()).map_err(io)?;
        }
        file.seek(SeekFrom::Start(whole)).map_err(io)?;
        Ok((CheckpointFile { path: path.to_owned(), file }, kept))
    }

    /// Adds checkpoints. When it returns, they are on the disk.
    pub fn append(&mut self, notes: &[&str]) -> Result<(), CheckpointsError> {
        let text: String = notes.iter().map(|note| format!("{note}\n")).collect();
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|source| CheckpointsError::Io { path: self.path.clone(), source })
    }
}

/// Checks that the log signed each of these with the key that is in force at its size.
pub fn verify(path: &Path, kept: &[(Head, String)], origin: &str, keys: &Succession) -> Result<(), CheckpointsError> {
    let notes: Vec<&str> = kept.iter().map(|(_, note)| note.as_str()).collect();
    let good = |note: &str| Checkpoint::open_by(note.as_bytes(), origin, keys).is_ok();
    let found = on_every_core(notes.clone(), good).unwrap_or_else(|| notes.into_iter().map(good).collect());
    match found.iter().position(|good| !good) {
        Some(place) => Err(CheckpointsError::Malformed { path: path.to_owned(), number: place + 1 }),
        None => Ok(()),
    }
}
