//! A signed refusal: the ledger's word that it turned a record away, and why.
//!
//! Whoever sent an authentic record and was refused holds this note, so that a refusal can be shown to others and
//! judged by the rules. It is text, countersigned by the clerk like an entry:
//!
//! ```text
//! countersign/refusal/v1
//! ledger.example/bilateral
//! sha256:8d3e0d0f58ee4636364a5eae9d003026874fbb8edad6a2d96790a583729b568a
//! code role_not_allowed
//! rules 1
//! size 12
//! ```
//!
//! Invariants: only records whose signatures are good are answered so; others learn nothing.
//!
//! Deliberately absent: the record. Its sender has it.

use std::fmt;

use super::time::Instant;
use crate::hash::Hash;
use crate::note::clerk::{countersign, verify_countersignature};
use crate::note::{Note, SignError, Signer, Verifier, assemble};

/// The first line of a signed refusal.
pub const FIRST_LINE: &str = "countersign/refusal/v1";

/// What the ledger says about a record that it turned away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnedAway {
    /// The ledger.
    pub origin: String,
    /// The digest of the record's text.
    pub digest: Hash,
    /// The code of the first reason.
    pub code: String,
    /// The version of the rules that it was judged by.
    pub rules: u64,
    /// The number of entries that it was judged over.
    pub size: u64,
}

/// Writes the text that is signed.
impl fmt::Display for TurnedAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TurnedAway { origin, digest, code, rules, size } = self;
        write!(f, "{FIRST_LINE}\n{origin}\n{digest}\ncode {code}\nrules {rules}\nsize {size}\n")
    }
}

impl TurnedAway {
    /// The note, countersigned at a time.
    pub fn sign(&self, clerk: &Signer, at: Instant) -> Result<String, SignError> {
        let text = self.to_string();
        let line = countersign(clerk, &Hash::of(text.as_bytes()), at.unsigned())?;
        Ok(assemble(&text, &[line]))
    }

    /// Reads a note and checks that this clerk signed it; answers what it says, and when it was said. Nothing for
    /// anything else.
    pub fn open(note: &[u8], clerk: &Verifier) -> Option<(TurnedAway, Instant)> {
        let note = Note::parse(note).ok()?;
        let [line] = note.lines() else { return None };
        let at = verify_countersignature(clerk, line, &Hash::of(note.text().as_bytes())).ok()?;
        let mut lines = note.text().strip_suffix('\n')?.split('\n');
        let first = lines.next()?;
        let said = TurnedAway {
            origin: lines.next()?.to_owned(),
            digest: lines.next()?.parse().ok()?,
            code: lines.next()?.strip_prefix("code ")?.to_owned(),
            rules: lines.next()?.strip_prefix("rules ")?.parse().ok()?,
            size: lines.next()?.strip_prefix("size ")?.parse().ok()?,
        };
        // One spelling: what was read is what would be written.
        let whole = first == FIRST_LINE && lines.next().is_none() && said.to_string() == note.text();
        Some((said, Instant::from_unsigned(at)?)).filter(|_| whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::KeyKind;

    #[test]
    fn a_refusal_is_opened_by_its_clerk_alone_and_not_after_a_change() {
        let clerk = Signer::from_seed("ledger.example/x/clerk", KeyKind::Countersign, [3; 32]).expect("a key");
        let other = Signer::from_seed("ledger.example/x/clerk", KeyKind::Countersign, [4; 32]).expect("a key");
        let said = TurnedAway {
            origin: "ledger.example/x".into(),
            digest: Hash::of(b"x"),
            code: "role_not_allowed".into(),
            rules: 1,
            size: 12,
        };
        let at = Instant::parse("2026-01-02T03:04:05Z").expect("a time");
        let note = said.sign(&clerk, at).expect("signs");
        assert_eq!(TurnedAway::open(note.as_bytes(), clerk.verifier()), Some((said, at)));
        assert_eq!(TurnedAway::open(note.as_bytes(), other.verifier()), None);
        for (from, to) in [("size 12", "size 13"), ("size 12", "size 012"), ("v1", "v2"), ("role", "rule")] {
            assert_eq!(TurnedAway::open(note.replacen(from, to, 1).as_bytes(), clerk.verifier()), None, "{to}");
        }
    }
}
