//! An entry: a record with the ledger's countersignature, which is what the log keeps.
//!
//! The clerk's line is the last of the note and the only one of its kind. It covers the digest of the text and the time
//! of receipt, so each attestation carries the ledger's own signature and a signed time (formats: the clerk's
//! countersignature, signed-note type 0xff). The bytes of an entry are the leaf.
//!
//! Invariants: an entry's bytes are the submitted note's bytes and one line more; nothing is written anew.
//!
//! Deliberately absent: the leaf hash ([`crate::tlog`]) and the index, which are the log's.

use super::record::{Malformed, Signed};
use super::time::Instant;
use crate::note::clerk::{countersign, countersigned_at, verify_countersignature};
use crate::note::{Line, Note, SignError, Signer, Verifier};
use crate::words::Words;

/// The greatest size of an entry in bytes: the length in a tile has two bytes (C2SP tlog-tiles).
pub const MAX_BYTES: usize = 65_535;

/// A countersigned record.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The exact bytes that the log keeps.
    pub bytes: String,
    /// The record as it was submitted.
    pub signed: Signed,
    /// When the ledger received it, as the clerk's line says.
    pub received_at: Instant,
    clerk_line: Line,
}

impl Entry {
    /// Adds the clerk's line to a record received at `at`.
    pub fn countersign(signed: Signed, clerk: &Signer, at: Instant) -> Result<Entry, SignError> {
        let clerk_line = countersign(clerk, &signed.digest, at.unsigned())?;
        Ok(Entry::with_line(signed, clerk_line, at))
    }

    /// The entry of a record whose countersignature for `at` is made.
    pub(crate) fn with_line(signed: Signed, clerk_line: Line, at: Instant) -> Entry {
        let bytes = format!("{}{clerk_line}\n", signed.note);
        Entry { bytes, signed, received_at: at, clerk_line }
    }

    /// Parses the bytes of an entry. Nothing is believed: the clerk's signature is checked by
    /// [`Entry::is_countersigned_by`].
    pub fn parse(bytes: &[u8]) -> Result<Entry, Malformed> {
        if bytes.len() > MAX_BYTES {
            return Err(not_an_entry(1, "too large", "слишком велика"));
        }
        let note = Note::parse(bytes).map_err(|error| Malformed::one("not_a_note", error.line(), error.words()))?;
        let (all, text) = (note.all(), note.text());
        let mut lines = note.into_lines();
        let Some(clerk_line) = lines.pop() else {
            return Err(not_an_entry(1, "no signature lines", "нет строк подписи"));
        };
        let at = countersigned_at(&clerk_line).and_then(Instant::from_unsigned);
        let Some(received_at) = at.filter(|_| clerk_line.name.ends_with("/clerk")) else {
            return Err(not_an_entry(
                1,
                "the last line is not the clerk's",
                "последняя строка не контрподпись реестра",
            ));
        };
        if lines.is_empty() {
            return Err(not_an_entry(1, "no signer's line", "нет строки подписанта"));
        }
        let last_line = all.trim_end_matches('\n').rfind('\n').map_or(0, |end| end + 1);
        let submitted = all.get(..last_line).unwrap_or_default().to_owned();
        let signed = Signed::of_parts(submitted, text, lines)?;
        Ok(Entry { bytes: all.to_owned(), signed, received_at, clerk_line })
    }

    /// Whether the last line is this clerk's good countersignature.
    pub fn is_countersigned_by(&self, clerk: &Verifier) -> bool {
        self.clerk_line.name == clerk.name()
            && verify_countersignature(clerk, &self.clerk_line, &self.signed.digest).is_ok()
    }
}

fn not_an_entry(line: u32, en: &str, ru: &str) -> Malformed {
    Malformed::one(
        "not_an_entry",
        line,
        Words::new(format!("Not an entry: {en}."), format!("Это не запись журнала: {ru}.")),
    )
}
