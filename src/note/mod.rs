//! Signed notes: text that people can read, and signatures that anybody can check.
//!
//! Everything that Countersign signs is a note in the format of C2SP signed-note v1.0.0, the one that Go's checksum
//! database and the transparency logs use:
//!
//! ```text
//! This is an example message.
//!
//! — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
//! ```
//!
//! The text is everything before the last empty line, with its final line feed; those are the bytes that are signed.
//! Below stands at least one line for each signature: an em dash, the name of the key, and the base64 of four bytes of
//! key id and the signature.
//!
//! ```
//! use countersign::note::{KeyKind, Note, Signer, assemble, open, sign_note};
//!
//! let signer = Signer::from_seed("example.com/bar", KeyKind::Ed25519, [7; 32])?;
//! let text = "This is an example message.\n";
//! let bytes = assemble(text, &[sign_note(&signer, text)?]);
//!
//! let note = Note::parse(bytes.as_bytes())?;
//! assert_eq!(note.text(), text);
//! open(&note, &[signer.verifier().clone()])?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Invariants:
//! - A parsed note gives back the very bytes that were signed. Nothing is ever written anew.
//! - A line has one spelling: padded base64 without stray bits, names without spaces and plus signs.
//! - Signatures are checked by `verify_strict` alone, under keys that were admitted ([`key`]).
//!
//! Deliberately absent: what the text means, and which lines must be there. The standard ignores lines by unknown keys,
//! and so does [`open`]; records are stricter, and say so themselves.

pub mod clerk;
mod key;
mod succession;
#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use key::{Device, KeyError, KeyId, KeyKind, NotHere, SignError, Signer, Verifier, is_key_name};
pub use succession::{Succession, Term};

use crate::words::Words;

/// The greatest number of signature lines that are read; the standard asks for at least 16.
pub const MAX_LINES: usize = 64;
/// The greatest size of a note in bytes: far more than any checkpoint, and more than a log's entry can have.
pub const MAX_BYTES: usize = 1 << 17;

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The name of the key.
    pub name: String,
    /// The four bytes that say which key of that name.
    pub id: KeyId,
    /// What follows the key id: 64 bytes of signature, or a time and a signature.
    pub blob: Vec<u8>,
}

/// Writes the line as it stands in a note, without its line feed.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(4 + self.blob.len());
        bytes.extend_from_slice(self.id.as_bytes());
        bytes.extend_from_slice(&self.blob);
        write!(f, "— {} {}", self.name, STANDARD.encode(bytes))
    }
}

/// A note that was read. No signature has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    all: &'a str,
    text: &'a str,
    lines: Vec<Line>,
}

/// Why bytes are not a note, or a note does not verify. The sender can mend the form at the line that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Send less.
    #[error("a note has at most {MAX_BYTES} bytes")]
    TooLarge,
    /// Encode the text as UTF-8.
    #[error("line {line} is not UTF-8")]
    NotUtf8 {
        /// Counted from 1.
        line: u32,
    },
    /// Leave out control characters; lines end with a line feed alone.
    #[error("line {line} has a control character")]
    ControlCharacter {
        /// Counted from 1.
        line: u32,
    },
    /// End the last line with a line feed.
    #[error("the last line, {line}, has no line feed")]
    NoFinalLineFeed {
        /// Counted from 1.
        line: u32,
    },
    /// Put an empty line between the text and its signatures.
    #[error("no empty line stands between text and signatures")]
    NoSignatures,
    /// Write `— <name> <base64>`.
    #[error("line {line} is not a signature line")]
    MalformedLine {
        /// Counted from 1.
        line: u32,
    },
    /// Send fewer signatures.
    #[error("a note has at most {MAX_LINES} signature lines")]
    TooManyLines,
    /// The note was altered, or signed over another text.
    #[error("the signature by a known key on line {line} is not good")]
    BadSignature {
        /// Counted from 1.
        line: u32,
    },
    /// The note was signed by others.
    #[error("no line is by a known key")]
    NoKnownKey,
}

impl NoteError {
    /// The line that the fault is on, counted from 1; 1 where it concerns the whole.
    pub const fn line(self) -> u32 {
        match self {
            NoteError::NotUtf8 { line }
            | NoteError::ControlCharacter { line }
            | NoteError::NoFinalLineFeed { line }
            | NoteError::MalformedLine { line }
            | NoteError::BadSignature { line } => line,
            NoteError::TooLarge | NoteError::NoSignatures | NoteError::TooManyLines | NoteError::NoKnownKey => 1,
        }
    }

    /// The sentence for people.
    pub const fn words(self) -> Words {
        match self {
            NoteError::TooLarge => Words::fixed("The note is too large.", "Документ слишком велик."),
            NoteError::NotUtf8 { .. } => Words::fixed("This line is not UTF-8.", "Эта строка не в кодировке UTF-8."),
            NoteError::ControlCharacter { .. } => Words::fixed(
                "This line has a control character; lines end with a line feed alone.",
                "В этой строке есть управляющий символ; строки заканчиваются только переводом строки.",
            ),
            NoteError::NoFinalLineFeed { .. } => {
                Words::fixed("The last line has no line feed.", "Последняя строка не завершена переводом строки.")
            }
            NoteError::NoSignatures => Words::fixed(
                "No empty line stands between the text and its signatures.",
                "Между текстом и подписями нет пустой строки.",
            ),
            NoteError::MalformedLine { .. } => Words::fixed(
                "This is not a signature line: an em dash, a key name and base64, with single spaces.",
                "Это не строка подписи: тире, имя ключа и base64 через одиночные пробелы.",
            ),
            NoteError::TooManyLines => {
                Words::fixed("There are too many signature lines.", "Слишком много строк подписи.")
            }
            NoteError::BadSignature { .. } => {
                Words::fixed("A signature by a known key is not good.", "Подпись известным ключом неверна.")
            }
            NoteError::NoKnownKey => {
                Words::fixed("No line is by a known key.", "Нет ни одной подписи известным ключом.")
            }
        }
    }
}

/// Where the first control character other than a line feed stands.
fn first_control(bytes: &[u8]) -> Option<usize> {
    let is_control = |b: u8| b < 0x20 && b != b'\n';
    // Whole blocks first, without a branch inside: most notes have none at all.
    let has_one = |block: &[u8]| block.iter().fold(false, |found, &b| found | is_control(b));
    let block = bytes.chunks(64).position(has_one)?;
    let start = block * 64;
    bytes.get(start..)?.iter().position(|&b| is_control(b)).map(|offset| start + offset)
}

/// The number, from 1, of the line in which the byte at `offset` stands.
fn line_number(bytes: &[u8], offset: usize) -> u32 {
    let before = bytes.iter().take(offset).filter(|&&b| b == b'\n').count();
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}

impl<'a> Note<'a> {
    /// Reads a note. Sizes first, then bytes, then lines.
    pub fn parse(bytes: &'a [u8]) -> Result<Note<'a>, NoteError> {
        if bytes.len() > MAX_BYTES {
            return Err(NoteError::TooLarge);
        }
        let all = std::str::from_utf8(bytes)
            .map_err(|error| NoteError::NotUtf8 { line: line_number(bytes, error.valid_up_to()) })?;
        if let Some(offset) = first_control(bytes) {
            return Err(NoteError::ControlCharacter { line: line_number(bytes, offset) });
        }
        if !all.ends_with('\n') {
            return Err(NoteError::NoFinalLineFeed { line: line_number(bytes, bytes.len()) });
        }
        let split = all.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, signatures) = (&all[..=split], &all[split + 2..]);
        if signatures.is_empty() {
            return Err(NoteError::NoSignatures);
        }
        let first_line = line_number(bytes, split + 2);
        let mut lines = Vec::with_capacity(3);
        for (number, line) in (first_line..).zip(signatures.split_terminator('\n')) {
            if lines.len() == MAX_LINES {
                return Err(NoteError::TooManyLines);
            }
            lines.push(parse_line(line).ok_or(NoteError::MalformedLine { line: number })?);
        }
        Ok(Note { all, text, lines })
    }

    /// The whole note: text, empty line and lines.
    pub fn all(&self) -> &'a str {
        self.all
    }

    /// The text that is signed, with its final line feed.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The number, from 1, of the line of the note on which the first signature stands.
    pub fn first_line(&self) -> u32 {
        line_number(self.text.as_bytes(), self.text.len()).saturating_add(1)
    }

    /// The signature lines, in order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The signature lines, for keeps.
    pub fn into_lines(self) -> Vec<Line> {
        self.lines
    }
}

/// Reads `— <name> <base64>`: at least one byte must follow the key id.
fn parse_line(line: &str) -> Option<Line> {
    let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
    if !is_key_name(name) {
        return None;
    }
    let bytes = STANDARD.decode(encoded).ok()?;
    let (id, blob) = bytes.split_first_chunk::<4>()?;
    (!blob.is_empty()).then(|| Line { name: name.to_owned(), id: KeyId::new(*id), blob: blob.to_vec() })
}

/// Puts a note together: the text, an empty line, the lines.
pub fn assemble(text: &str, lines: &[Line]) -> String {
    let mut note = String::with_capacity(text.len() + 1 + lines.len() * 160);
    note.push_str(text);
    note.push('\n');
    for line in lines {
        note.push_str(&line.to_string());
        note.push('\n');
    }
    note
}

/// An ordinary Ed25519 line over `text` (type 0x01).
pub fn sign_note(signer: &Signer, text: &str) -> Result<Line, SignError> {
    let verifier = signer.verifier();
    let blob = signer.sign(text.as_bytes())?.to_vec();
    Ok(Line { name: verifier.name().to_owned(), id: verifier.id(), blob })
}

/// Checks a note under the known keys, as the standard says: lines by unknown keys are ignored, a line by a known key
/// that is not good condemns the whole note, a second line by the same key is not looked at, and without any good line
/// there is no answer. Answers the good keys, in the order of their lines.
pub fn open<'k>(note: &Note<'_>, known: &'k [Verifier]) -> Result<Vec<&'k Verifier>, NoteError> {
    let mut good: Vec<&Verifier> = Vec::new();
    for (number, line) in (note.first_line()..).zip(note.lines()) {
        let Some(key) = known.iter().find(|key| key.name() == line.name && key.id() == line.id) else { continue };
        if good.contains(&key) {
            continue;
        }
        let signature = line.blob.as_slice().try_into();
        if !signature.is_ok_and(|signature| key.verify(note.text().as_bytes(), signature)) {
            return Err(NoteError::BadSignature { line: number });
        }
        good.push(key);
    }
    if good.is_empty() { Err(NoteError::NoKnownKey) } else { Ok(good) }
}
