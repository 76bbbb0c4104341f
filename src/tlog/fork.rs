//! Checkpoints of one log that do not go together, as a file that can be handed on.
//!
//! The file is plain text: signed checkpoints one after the other, each followed by an empty line, and nothing else.
//! A checkpoint has exactly one empty line inside, between text and signatures, so the file needs no other marks:
//!
//! ```text
//! ledger.example/bilateral
//! 8
//! XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=
//!
//! — ledger.example/bilateral QUiWOwq9…
//!
//! ledger.example/bilateral
//! 8
//! 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
//!
//! — ledger.example/bilateral QUiWO…
//!
//! ```
//!
//! Whoever has the log's key can check it with [`judge`], or with any program that opens notes: two good signatures
//! over one size and two roots are a fork, and no explanation mends it.
//!
//! Invariants: only what the log signed counts; the order of the notes means nothing.
//!
//! Deliberately absent: who kept the file, and what to do about it.

use super::EMPTY_ROOT;
use super::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::note::{Note, Verifier, open};

/// What checkpoints that one log signed show together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// One size has two roots: the log has two histories.
    TwoRoots(u64),
    /// Size 0 has another root than that of no entries: the log signed what cannot be.
    NotEmpty,
    /// Nothing yet: the sizes differ. Ask the log for a consistency proof between them; if there is none, it has forked.
    Unproved,
}

impl Finding {
    /// Whether no answer of the log could explain it.
    pub const fn is_proof(self) -> bool {
        matches!(self, Finding::TwoRoots(_) | Finding::NotEmpty)
    }
}

/// Checkpoints that do not go together, ready to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What they show.
    pub finding: Finding,
    /// A name for the file. The same checkpoints have the same name.
    pub name: String,
    /// The file.
    pub text: String,
}

impl Evidence {
    /// What one signed checkpoint shows beside another that is held. Both are believed to be signed by the log.
    pub fn of(held: Option<(&Checkpoint, &str)>, refused: &Checkpoint, note: &str) -> Evidence {
        let finding = compare(held.map(|(checkpoint, _)| checkpoint), refused);
        let word = if finding.is_proof() { "fork" } else { "unproved" };
        let origin = Hash::of(refused.origin.as_bytes()).to_hex();
        let short = |hex: &str| hex.chars().take(16).collect::<String>();
        let name = format!("{word}-{}-{}-{}.txt", short(&origin), refused.size, short(&refused.root.to_hex()));
        let notes = held.map(|(_, note)| note).into_iter().chain([note]);
        Evidence { finding, name, text: notes.map(|note| format!("{note}\n")).collect() }
    }
}

fn compare(held: Option<&Checkpoint>, refused: &Checkpoint) -> Finding {
    if refused.size == 0 && refused.root != EMPTY_ROOT {
        return Finding::NotEmpty;
    }
    match held {
        Some(held) if held.size == refused.size && held.root != refused.root => Finding::TwoRoots(held.size),
        _ => Finding::Unproved,
    }
}

/// Reads signed checkpoints that follow each other, line by line.
#[derive(Debug, Default)]
pub struct Checkpoints {
    note: String,
    has_gap: bool,
}

impl Checkpoints {
    /// Takes a line with its line feed; answers the note that it ends.
    pub fn take(&mut self, line: &str) -> Option<String> {
        if line == "\n" {
            if self.has_gap {
                self.has_gap = false;
                return Some(std::mem::take(&mut self.note));
            }
            self.has_gap = true;
        }
        self.note.push_str(line);
        None
    }

    /// Whether nothing of a further note was read.
    pub fn is_between(&self) -> bool {
        self.note.is_empty()
    }
}

/// Why a file shows nothing about a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForkError {
    /// The file was cut, or is another.
    #[error("the file is not a row of signed checkpoints, each followed by an empty line")]
    Malformed,
    /// A note in it is not this log's.
    #[error("checkpoint {number} of the file: {error}")]
    Checkpoint {
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        error: CheckpointError,
    },
}

/// What a file of checkpoints shows about the log that has these keys: the first proof in it, if there is one.
pub fn judge(text: &str, origin: &str, keys: &[Verifier]) -> Result<Finding, ForkError> {
    let mut reader = Checkpoints::default();
    let mut seen: Vec<Checkpoint> = Vec::new();
    let mut finding = Finding::Unproved;
    for line in text.split_inclusive('\n') {
        let Some(note) = reader.take(line) else { continue };
        let number = seen.len() + 1;
        let checkpoint = opened(&note, origin, keys).map_err(|error| ForkError::Checkpoint { number, error })?;
        let found = seen.iter().map(|earlier| compare(Some(earlier), &checkpoint)).find(|found| found.is_proof());
        if !finding.is_proof() {
            finding = found.unwrap_or(compare(None, &checkpoint));
        }
        seen.push(checkpoint);
    }
    if seen.is_empty() || !reader.is_between() { Err(ForkError::Malformed) } else { Ok(finding) }
}

/// A checkpoint of this log, of any root, under one of its keys.
fn opened(note: &str, origin: &str, keys: &[Verifier]) -> Result<Checkpoint, CheckpointError> {
    let note = Note::parse(note.as_bytes())?;
    let checkpoint = Checkpoint::parse_any_root(note.text())?;
    if checkpoint.origin != origin {
        return Err(CheckpointError::OtherOrigin);
    }
    open(&note, keys)?;
    Ok(checkpoint)
}
