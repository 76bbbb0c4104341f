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
//! over one size and two roots are a fork, and no explanation mends it. Where the sizes differ, a consistency proof may
//! stand beside the checkpoints ([`Leads`]): it shows which root the greater one has at the smaller size.
//!
//! Invariants: only what the log signed counts; the order of the notes means nothing.
//!
//! Deliberately absent: who kept the file, and what to do about it.

use std::fmt;

use super::checkpoint::{Checkpoint, CheckpointError, decimal};
use super::verify::{MAX_HASHES, verify_consistency};
use super::{EMPTY_ROOT, Head};
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

/// What a tree of some size had at a smaller size, with the proof that leads from there to its root:
///
/// ```text
/// countersign/consistency/v1
/// 8
/// 20
/// XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=
///
/// f5gvv1hv…
/// ```
///
/// The sizes, the root at the smaller one, an empty line, and the hashes of RFC 6962. It says nothing by itself: what
/// counts is that it leads to a root that the log signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leads {
    /// The smaller size, and the root at it.
    pub from: Head,
    /// The greater size.
    pub to: u64,
    /// The proof.
    pub hashes: Vec<Hash>,
}

/// The first line of a [`Leads`].
const LEADS: &str = "countersign/consistency/v1";

/// Whether a piece of a file is a proof, and no checkpoint.
pub fn is_proof(piece: &str) -> bool {
    piece.strip_prefix(LEADS).is_some_and(|rest| rest.starts_with('\n'))
}

impl Leads {
    /// Whether the tree with this root and so many entries had that root at the smaller size.
    pub fn is_proved(&self, to: Head) -> bool {
        to.size == self.to && verify_consistency(self.from.size, self.to, &self.hashes, self.from.root, to.root).is_ok()
    }

    fn parse(block: &str) -> Option<Leads> {
        let (text, hashes) = block.split_once("\n\n")?;
        let mut lines = text.split('\n');
        let (kind, first, second) = (lines.next()?, lines.next()?, lines.next()?);
        let root = Hash::from_base64(lines.next()?).ok()?;
        if kind != LEADS || lines.next().is_some() || hashes.len() > MAX_HASHES * 64 {
            return None;
        }
        let hashes = hashes.lines().map(|line| Hash::from_base64(line).ok()).collect::<Option<_>>()?;
        Some(Leads { from: Head { size: decimal(first)?, root }, to: decimal(second)?, hashes })
    }
}

impl fmt::Display for Leads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{LEADS}\n{}\n{}\n{}\n", self.from.size, self.to, self.from.root.to_base64())?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))
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
        let notes = held.map(|(_, note)| note).into_iter().chain([note]);
        Evidence::named(finding, refused, notes.map(|note| format!("{note}\n")).collect())
    }

    /// The same of two sizes, with the proof of what the greater one had at the smaller.
    pub fn with_proof(held: (&Checkpoint, &str), refused: &Checkpoint, note: &str, leads: &Leads) -> Evidence {
        let finding = led(&[held.0.clone(), refused.clone()], leads).unwrap_or(Finding::Unproved);
        Evidence::named(finding, refused, format!("{}\n{note}\n{leads}\n", held.1))
    }

    fn named(finding: Finding, refused: &Checkpoint, text: String) -> Evidence {
        let word = if finding.is_proof() { "fork" } else { "unproved" };
        let origin = Hash::of(refused.origin.as_bytes()).to_hex();
        let short = |hex: &str| hex.chars().take(16).collect::<String>();
        let name = format!("{word}-{}-{}-{}.txt", short(&origin), refused.size, short(&refused.root.to_hex()));
        Evidence { finding, name, text }
    }
}

/// Whether a proof leads to one of these checkpoints from another root than one of them has.
fn led(checkpoints: &[Checkpoint], leads: &Leads) -> Option<Finding> {
    let head = |checkpoint: &Checkpoint| Head { size: checkpoint.size, root: checkpoint.root };
    let reached = checkpoints.iter().any(|checkpoint| leads.is_proved(head(checkpoint)));
    let other = |checkpoint: &Checkpoint| checkpoint.size == leads.from.size && checkpoint.root != leads.from.root;
    (reached && checkpoints.iter().any(other)).then_some(Finding::TwoRoots(leads.from.size))
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
    #[error("the file is not a row of signed checkpoints and of proofs between them, each followed by an empty line")]
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
    let (mut seen, mut leads): (Vec<Checkpoint>, Vec<Leads>) = (Vec::new(), Vec::new());
    let mut finding = Finding::Unproved;
    for line in text.split_inclusive('\n') {
        let Some(note) = reader.take(line) else { continue };
        if is_proof(&note) {
            leads.push(Leads::parse(&note).ok_or(ForkError::Malformed)?);
            continue;
        }
        let number = seen.len() + 1;
        let checkpoint = opened(&note, origin, keys).map_err(|error| ForkError::Checkpoint { number, error })?;
        let found = seen.iter().map(|earlier| compare(Some(earlier), &checkpoint)).find(|found| found.is_proof());
        if !finding.is_proof() {
            finding = found.unwrap_or(compare(None, &checkpoint));
        }
        seen.push(checkpoint);
    }
    if seen.is_empty() || !reader.is_between() {
        return Err(ForkError::Malformed);
    }
    let shown = leads.iter().find_map(|leads| led(&seen, leads));
    Ok(shown.filter(|_| !finding.is_proof()).unwrap_or(finding))
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
