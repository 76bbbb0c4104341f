//! What a witness remembers: a file of every checkpoint that it cosigned, in plain text.
//!
//! The file is a row of signed checkpoints, each followed by an empty line ([`crate::tlog::fork`]), as they are served:
//! with the log's lines and the witness's own. It is only ever added to. Of each log the last one counts.
//!
//! Invariants:
//! - What was stored is flushed to the disk before anything is answered. If that fails, nothing is stored any more: what
//!   the disk then holds is known only after a new start.
//! - For each log the sizes grow. The same head, cosigned again, is remembered only in memory: it adds nothing to what
//!   may be cosigned next, and anybody may ask for it at any time.
//! - A torn end (a crash in the middle of a write) is cut off when the file is opened, since nothing was answered over
//!   it. Anything else that does not fit is refused and never mended.
//! - A file is made only when asked for: a witness that lost its memory and began anew would cosign any history.
//! - One process at a time has the file.
//!
//! Deliberately absent: shortening. With the witness stopped, a file may be cut down by hand to the last note of each log.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::note::Note;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::cosignature::CosignatureError;
use crate::tlog::fork::Checkpoints;
use crate::tlog::witness::{Held, Witness};

/// The state of a witness.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    file: File,
    held: BTreeMap<String, Held>,
    is_broken: bool,
}

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Free the disk or mend the permissions; the witness does not cosign without this file.
    #[error("cannot use the state file {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Stop the other witness. Two with one key and two files would cosign two histories.
    #[error("the state file {path} is in use by another witness: stop that one")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Bring the file back, or begin with a new key.
    #[error(
        "there is no state file {path}: if this witness has cosigned before, bring its file back, since without it \
         it would cosign any history; a new witness with a new key begins with --begin"
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Start without `--begin`.
    #[error("the state file {path} is there already: start without --begin")]
    AlreadyBegun {
        /// The file.
        path: PathBuf,
    },
    /// Keep the file and find out who changed it.
    #[error(
        "checkpoint {number} of the state file {path} is not a signed checkpoint, or its size does not grow: the file \
         was changed; keep it, find out by whom, and bring back a good copy that is not older"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        number: usize,
    },
    /// Give the key that belongs to the file.
    #[error(
        "checkpoint {number} of the state file {path} was not cosigned by this witness's key: give the key that \
         belongs to this file; a new key begins with a new file"
    )]
    OtherKey {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        #[source]
        error: CosignatureError,
    },
}

/// The last note of a log in a file that is being read.
struct Last {
    number: usize,
    size: u64,
    note: String,
}

impl State {
    /// Makes an empty state file, and takes it.
    pub fn begin(path: &Path) -> Result<State, StateError> {
        let io = |source| StateError::Io { path: path.to_owned(), source };
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path).map_err(|error| {
            let is_there = error.kind() == std::io::ErrorKind::AlreadyExists;
            if is_there { StateError::AlreadyBegun { path: path.to_owned() } } else { io(error) }
        })?;
        lock(&file, path)?;
        // A file whose name is not on the disk is gone after a crash, and every checkpoint in it.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
        Ok(State { path: path.to_owned(), file, held: BTreeMap::new(), is_broken: false })
    }

    /// Opens a state file, heals a torn end, and checks that the last note of each log is this witness's.
    pub fn open(path: &Path, witness: &Witness) -> Result<State, StateError> {
        let io = |source| StateError::Io { path: path.to_owned(), source };
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(|error| {
            let is_missing = error.kind() == std::io::ErrorKind::NotFound;
            if is_missing { StateError::Missing { path: path.to_owned() } } else { io(error) }
        })?;
        lock(&file, path)?;
        let (last, whole) = read(&file, path)?;
        let mut state = State { path: path.to_owned(), file, held: BTreeMap::new(), is_broken: false };
        state.heal(whole).map_err(io)?;
        for (origin, Last { number, note, .. }) in last {
            let held = witness.reopen(&note);
            let held = held.map_err(|error| StateError::OtherKey { path: path.to_owned(), number, error })?;
            state.held.insert(origin, held);
        }
        Ok(state)
    }

    /// Cuts off what stands behind the last whole note, and goes to the end.
    fn heal(&mut self, whole: u64) -> std::io::Result<()> {
        let length = self.file.metadata()?.len();
        if length > whole {
            tracing::warn!(bytes = length - whole, "the state file had a torn end, over which nothing was answered");
            self.file.set_len(whole)?;
            self.file.sync_all()?;
        }
        self.file.seek(SeekFrom::Start(whole)).map(drop)
    }

    /// What is held of a log.
    pub fn held(&self, origin: &str) -> Option<&Held> {
        self.held.get(origin)
    }

    /// How many logs there is something of.
    pub fn logs(&self) -> usize {
        self.held.len()
    }

    /// Whether writing failed, so that nothing may be stored before a new start.
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Stores what is held from now on. When it returns, it is on the disk.
    pub fn store(&mut self, held: Held) -> Result<(), StateError> {
        let known = self.held.get(&held.checkpoint.origin);
        if known.is_none_or(|known| known.checkpoint != held.checkpoint) {
            // One write, so that a crash leaves at most one torn note.
            let written = self.file.write_all(format!("{}\n", held.note).as_bytes());
            if let Err(source) = written.and_then(|()| self.file.sync_data()) {
                self.is_broken = true;
                return Err(StateError::Io { path: self.path.clone(), source });
            }
        }
        self.held.insert(held.checkpoint.origin.clone(), held);
        Ok(())
    }
}

fn lock(file: &File, path: &Path) -> Result<(), StateError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => StateError::InUse { path: path.to_owned() },
        TryLockError::Error(source) => StateError::Io { path: path.to_owned(), source },
    })
}

/// The last note of each log, and how many bytes of the file are whole notes.
fn read(file: &File, path: &Path) -> Result<(BTreeMap<String, Last>, u64), StateError> {
    let io = |source| StateError::Io { path: path.to_owned(), source };
    let mut lines = BufReader::new(file);
    let (mut reader, mut line) = (Checkpoints::default(), Vec::new());
    let mut last: BTreeMap<String, Last> = BTreeMap::new();
    let (mut number, mut at, mut whole) = (0, 0, 0);
    while lines.read_until(b'\n', &mut line).map_err(io)? > 0 {
        at += line.len() as u64;
        let note = reader.take(&String::from_utf8_lossy(&line)); // what is not UTF-8 is no note either
        line.clear();
        let Some(note) = note else { continue };
        (number, whole) = (number + 1, at);
        let malformed = || StateError::Malformed { path: path.to_owned(), number };
        let checkpoint = checkpoint(&note).ok_or_else(malformed)?;
        let grows = last.get(&checkpoint.origin).is_none_or(|last| last.size < checkpoint.size);
        if !grows {
            return Err(malformed());
        }
        last.insert(checkpoint.origin, Last { number, size: checkpoint.size, note });
    }
    Ok((last, whole))
}

fn checkpoint(note: &str) -> Option<Checkpoint> {
    Checkpoint::parse(Note::parse(note.as_bytes()).ok()?.text()).ok()
}
