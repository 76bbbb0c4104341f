//! A record with its signature lines, as it was submitted.
//!
//! Invariants: the bytes are kept as they came; sizes are looked at before anything else.
//!
//! Deliberately absent: whether any line is good ([`super::verify`]).

use super::record::{MAX_BYTES, MAX_LINES, Malformed, Record};
use crate::hash::Hash;
use crate::note::{Line, Note};
use crate::words::Words;

/// A record with its signature lines, parsed, and nothing believed.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The exact bytes that came.
    pub note: String,
    /// The length of the text that is signed, in bytes.
    pub text_len: usize,
    /// SHA-256 of the text: the record's permanent address.
    pub digest: Hash,
    /// What the text says.
    pub record: Record,
    /// The signature lines.
    pub lines: Vec<Line>,
}

impl Signed {
    /// Parses a submitted note. Sizes are checked first; every fault of the JSON is answered.
    pub fn parse(bytes: &[u8]) -> Result<Signed, Malformed> {
        if bytes.len() > MAX_BYTES {
            return Err(Malformed::one(
                "too_large",
                1,
                Words::fixed("A record has at most 61,440 bytes.", "Запись не может быть больше 61 440 байт."),
            ));
        }
        let note = Note::parse(bytes).map_err(|error| Malformed::one("not_a_note", error.line(), error.words()))?;
        Signed::of_parts(note.all().to_owned(), note.text(), note.into_lines())
    }

    /// Reads the text of a note whose lines are known; `note` is the whole of it.
    pub(super) fn of_parts(note: String, text: &str, lines: Vec<Line>) -> Result<Signed, Malformed> {
        if lines.len() > MAX_LINES {
            return Err(Malformed::one(
                "too_many_lines",
                1,
                Words::fixed("A record has at most 8 signature lines.", "В записи не более 8 строк подписи."),
            ));
        }
        let record = Record::parse(text)?;
        Ok(Signed { note, text_len: text.len(), digest: Hash::of(text.as_bytes()), record, lines })
    }

    /// The text that is signed, with its final LF.
    pub fn text(&self) -> &str {
        self.note.get(..self.text_len).unwrap_or_default()
    }

    /// The JSON of the record.
    pub fn json(&self) -> &str {
        let mut parts = self.text().splitn(3, '\n');
        parts.nth(2).unwrap_or_default()
    }

    /// The line of the signer at a position of `signers`.
    pub fn line_of(&self, signer: usize) -> Option<&Line> {
        let name = self.record.header.signers.get(signer)?.as_str();
        self.lines.iter().find(|line| line.name == name)
    }
}
