//! A checkpoint: the log's name, its size and its root, signed as a note (C2SP tlog-checkpoint).
//!
//! ```text
//! ledger.example/bilateral
//! 8
//! XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=
//! ```
//!
//! Invariants: a size has no leading zeros; size 0 has the empty root; a checkpoint of ours never has extension lines,
//! which others may write.
//!
//! Deliberately absent: when a checkpoint may be signed. A log signs only heads that are durable.

use std::fmt;

use super::EMPTY_ROOT;
use crate::hash::Hash;
use crate::note::{
    Note, NoteError, SignError, Signer, Succession, Verifier, assemble, is_key_name, open as open_note, sign_note,
};

/// A root with the name of its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why bytes are not a checkpoint of this log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is not a note, or its signature is not good.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is not a checkpoint.
    #[error("line {0} of the checkpoint is malformed")]
    Malformed(u32),
    /// It is another log's.
    #[error("the checkpoint is of another log")]
    OtherOrigin,
}

impl Checkpoint {
    /// Reads the text of a checkpoint. Extension lines are allowed, but not empty ones.
    pub fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let checkpoint = Checkpoint::parse_any_root(text)?;
        if checkpoint.size == 0 && checkpoint.root != EMPTY_ROOT {
            return Err(CheckpointError::Malformed(3));
        }
        Ok(checkpoint)
    }

    /// The same, but that size 0 may have any root: a witness has an answer of its own to that.
    pub(super) fn parse_any_root(text: &str) -> Result<Checkpoint, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        let mut lines = text.strip_suffix('\n').ok_or(malformed(1))?.split('\n');
        let origin = lines.next().filter(|origin| is_key_name(origin)).ok_or(malformed(1))?;
        let size = lines.next().and_then(decimal).ok_or(malformed(2))?;
        let root = lines.next().and_then(|line| Hash::from_base64(line).ok()).ok_or(malformed(3))?;
        if let Some((number, _)) = (4..).zip(lines).find(|(_, line)| line.is_empty()) {
            return Err(malformed(number));
        }
        Ok(Checkpoint { origin: origin.to_owned(), size, root })
    }

    /// The checkpoint as a note, signed by the log.
    pub fn sign(&self, log: &Signer) -> Result<String, SignError> {
        let text = self.to_string();
        Ok(assemble(&text, &[sign_note(log, &text)?]))
    }

    /// Reads a note and checks that the log with these keys signed it, with the one that is in force at its size. A
    /// former key signs nothing greater, a later one nothing smaller.
    pub fn open_by(note: &[u8], origin: &str, keys: &Succession) -> Result<Checkpoint, CheckpointError> {
        let size = Checkpoint::parse(Note::parse(note)?.text())?.size;
        Checkpoint::open(note, origin, keys.at(size))
    }

    /// Reads a note and checks that this log signed it.
    pub fn open(note: &[u8], origin: &str, log: &Verifier) -> Result<Checkpoint, CheckpointError> {
        let note = Note::parse(note)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin != origin {
            return Err(CheckpointError::OtherOrigin);
        }
        open_note(&note, std::slice::from_ref(log))?;
        Ok(checkpoint)
    }
}

/// Writes the text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }
}

/// Reads a decimal number without sign or leading zeros.
pub fn decimal(text: &str) -> Option<u64> {
    let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
    text.parse().ok().filter(|_| plain && !text.is_empty())
}
