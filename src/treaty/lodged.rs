//! A mirror's word that a record was lodged with it: what a sender holds whom the operator does not take in.
//!
//! It is a note of six lines, signed by the mirror's window key (signed-note, type 0x01):
//!
//! ```text
//! countersign/lodged/v1
//! ledger.example/bilateral
//! sha256:8d3e0d0f58ee4636364a5eae9d003026874fbb8edad6a2d96790a583729b568a
//! note sha256:1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f809
//! at 2026-03-01T12:00:00Z
//! size 12
//! ```
//!
//! It says that the window held these very bytes at that time, while the mirror's copy had so many entries and the record
//! was none of them. With the log of a later time, which holds the record or does not, it shows how long the operator took.
//!
//! Invariants: only a record whose signatures are all good is taken, so nobody can lodge in another's name; one spelling.
//!
//! Deliberately absent: the record itself, which the mirror keeps, and any claim that the rules admit it.

use std::fmt;

use super::time::Instant;
use crate::hash::Hash;
use crate::note::{Note, SignError, Signer, Verifier, assemble, open as open_note, sign_note};

/// The first line.
pub const FIRST_LINE: &str = "countersign/lodged/v1";

/// What a window says about a record that it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lodged {
    /// The ledger for which the record was signed.
    pub origin: String,
    /// The digest of the record's text.
    pub digest: Hash,
    /// SHA-256 of the note as it was lodged: its text, the empty line and the signature lines.
    pub note: Hash,
    /// When it was lodged, by the mirror's clock.
    pub at: Instant,
    /// How many entries the mirror's copy had.
    pub size: u64,
}

/// Writes the text that is signed.
impl fmt::Display for Lodged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lodged { origin, digest, note, at, size } = self;
        write!(f, "{FIRST_LINE}\n{origin}\n{digest}\nnote {note}\nat {at}\nsize {size}\n")
    }
}

impl Lodged {
    /// The note, signed by the window.
    pub fn sign(&self, window: &Signer) -> Result<String, SignError> {
        let text = self.to_string();
        Ok(assemble(&text, &[sign_note(window, &text)?]))
    }

    /// Reads a note and checks that this window signed it, alone. Nothing for anything else.
    pub fn open(note: &[u8], window: &Verifier) -> Option<Lodged> {
        let note = Note::parse(note).ok()?;
        let [_] = note.lines() else { return None };
        open_note(&note, std::slice::from_ref(window)).ok()?;
        let mut lines = note.text().strip_suffix('\n')?.split('\n');
        let first = lines.next()?;
        let said = Lodged {
            origin: lines.next()?.to_owned(),
            digest: lines.next()?.parse().ok()?,
            note: lines.next()?.strip_prefix("note ")?.parse().ok()?,
            at: Instant::parse(lines.next()?.strip_prefix("at ")?)?,
            size: lines.next()?.strip_prefix("size ")?.parse().ok()?,
        };
        // One spelling: what was read is what would be written.
        let whole = first == FIRST_LINE && lines.next().is_none() && said.to_string() == note.text();
        Some(said).filter(|_| whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::KeyKind;

    fn window(seed: u8) -> Signer {
        Signer::from_seed("US/window/1", KeyKind::Ed25519, [seed; 32]).expect("a key")
    }

    fn said() -> Lodged {
        Lodged {
            origin: "ledger.example/x".into(),
            digest: Hash::of(b"text"),
            note: Hash::of(b"note"),
            at: Instant::parse("2026-03-01T12:00:00Z").expect("a time"),
            size: 12,
        }
    }

    #[test]
    fn a_word_of_a_window_is_opened_by_its_key_alone_and_not_after_a_change() {
        let note = said().sign(&window(3)).expect("signs");
        assert_eq!(Lodged::open(note.as_bytes(), window(3).verifier()), Some(said()));
        assert_eq!(Lodged::open(note.as_bytes(), window(4).verifier()), None);
        for (from, to) in [("size 12", "size 13"), ("size 12", "size 012"), ("v1", "v2"), ("12:00:00", "12:00:01")] {
            assert_eq!(Lodged::open(note.replacen(from, to, 1).as_bytes(), window(3).verifier()), None, "{to}");
        }
    }

    #[test]
    fn a_second_line_is_no_part_of_it() {
        let text = said().to_string();
        let lines = [3, 4].map(|seed| sign_note(&window(seed), &text).expect("signs"));
        assert_eq!(Lodged::open(assemble(&text, &lines).as_bytes(), window(3).verifier()), None);
        assert!(Lodged::open(assemble(&text, &lines[..1]).as_bytes(), window(3).verifier()).is_some());
    }
}
