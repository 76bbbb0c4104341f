//! Where the ledger says that its record of accesses stands: how many events of reading and acts on tokens there are, and
//! what they add up to.
//!
//! It is text, countersigned by the clerk like an entry, so that whoever keeps one can later show what was promised:
//!
//! ```text
//! countersign/accesses/v1
//! ledger.example/bilateral
//! 4120
//! oYRd0Ws2kkW6nZx1M2c5yZc8bOQ5q7nqf6u3l0iJb2k=
//! ```
//!
//! A statement may be about now or about an earlier place, and clocks are set back: so one with fewer events than an earlier
//! one shows nothing by itself. Two that speak of the same number of events and differ in what these add up to do.
//!
//! Invariants: one spelling; two of these contradict each other only if an event was removed, moved or changed between
//! them.
//!
//! Deliberately absent: the events. Who reads what is no business of whoever holds this.

use crate::hash::Hash;
use crate::note::clerk::{countersign, verify_countersignature};
use crate::note::{Note, SignError, Signer, Succession, assemble};
use crate::tlog::chain::ChainHead;
use crate::tlog::checkpoint::decimal;
use crate::treaty::time::Instant;

/// The first line.
pub const FIRST_LINE: &str = "countersign/accesses/v1";

/// What the ledger says of its record of accesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessHead {
    /// The ledger.
    pub origin: String,
    /// How many events there are, and what they add up to.
    pub head: ChainHead,
    /// When it said so.
    pub said_at: Instant,
}

/// Why a text is not such a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessHeadError {
    /// It is something else, or was cut.
    #[error("it does not say where a record of accesses stands")]
    Malformed,
    /// It is of another ledger.
    #[error("it is about another ledger")]
    OtherLedger,
    /// It was changed, or made by somebody else.
    #[error("the ledger's clerk did not sign it")]
    NotSigned,
}

impl AccessHead {
    fn text(&self) -> String {
        let ChainHead { count, value } = self.head;
        format!("{FIRST_LINE}\n{}\n{count}\n{}\n", self.origin, value.to_base64())
    }

    /// The note, countersigned at the time that it names.
    pub fn sign(&self, clerk: &Signer) -> Result<String, SignError> {
        let text = self.text();
        let line = countersign(clerk, &Hash::of(text.as_bytes()), self.said_at.unsigned())?;
        Ok(assemble(&text, &[line]))
    }

    /// Reads a note of the ledger with this origin, and checks that its clerk, or one that it once had, signed it.
    pub fn open(note: &[u8], origin: &str, clerks: &Succession) -> Result<AccessHead, AccessHeadError> {
        let note = Note::parse(note).map_err(|_| AccessHeadError::Malformed)?;
        let (said, count, value) = parts(note.text()).ok_or(AccessHeadError::Malformed)?;
        if said != origin {
            return Err(AccessHeadError::OtherLedger);
        }
        let [line] = note.lines() else { return Err(AccessHeadError::Malformed) };
        let digest = Hash::of(note.text().as_bytes());
        let at = clerks.all().find_map(|clerk| verify_countersignature(clerk, line, &digest).ok());
        let at = at.ok_or(AccessHeadError::NotSigned)?;
        let said_at = i64::try_from(at).ok().and_then(Instant::from_seconds).ok_or(AccessHeadError::Malformed)?;
        let said = AccessHead { origin: origin.to_owned(), head: ChainHead { count, value }, said_at };
        if said.text() == note.text() { Ok(said) } else { Err(AccessHeadError::Malformed) }
    }

    /// The number of events that a note speaks of. Nothing is checked.
    pub fn count_in(note: &[u8]) -> Option<u64> {
        Some(parts(Note::parse(note).ok()?.text())?.1)
    }

    /// Whether no record of accesses that only grows could be what both say.
    pub fn contradicts(&self, other: &AccessHead) -> bool {
        self.head.count == other.head.count && self.head.value != other.head.value
    }
}

/// Origin, count and value.
fn parts(text: &str) -> Option<(&str, u64, Hash)> {
    let mut lines = text.strip_prefix(FIRST_LINE)?.strip_prefix('\n')?.strip_suffix('\n')?.split('\n');
    let parts = (lines.next()?, decimal(lines.next()?)?, Hash::from_base64(lines.next()?).ok()?);
    lines.next().is_none().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::KeyKind;

    fn clerk(seed: u8) -> Signer {
        Signer::from_seed("ledger.example/x/clerk", KeyKind::Countersign, [seed; 32]).expect("a key")
    }

    fn said(count: u64, value: &[u8], at: i64) -> AccessHead {
        let head = ChainHead { count, value: Hash::of(value) };
        let said_at = Instant::from_seconds(1_800_000_000 + at).expect("a time");
        AccessHead { origin: "ledger.example/x".into(), head, said_at }
    }

    #[test]
    fn what_the_clerk_said_is_opened_by_its_keys_alone_and_not_after_a_change() {
        let (said, mut keys) = (said(412, b"a", 0), Succession::of(clerk(3).verifier().clone()));
        let note = said.sign(&clerk(3)).expect("signs");
        assert_eq!(AccessHead::open(note.as_bytes(), "ledger.example/x", &keys), Ok(said.clone()));
        keys.change(90, clerk(4).verifier().clone());
        assert_eq!(AccessHead::open(note.as_bytes(), "ledger.example/x", &keys), Ok(said), "a former clerk's");
        let other = Succession::of(clerk(4).verifier().clone());
        let open = |note: &str, keys| AccessHead::open(note.as_bytes(), "ledger.example/x", keys);
        assert_eq!(open(&note, &other), Err(AccessHeadError::NotSigned));
        assert_eq!(open(&note.replacen("412", "411", 1), &keys), Err(AccessHeadError::NotSigned));
        assert_eq!(open(&note.replacen("412", "0412", 1), &keys), Err(AccessHeadError::Malformed));
        assert_eq!(open(&note.replacen("accesses/v1", "accesses/v2", 1), &keys), Err(AccessHeadError::Malformed));
        assert_eq!(open(&note.replacen("412\n", "412\n412\n", 1), &keys), Err(AccessHeadError::Malformed));
        assert_eq!(AccessHead::open(note.as_bytes(), "ledger.example/y", &keys), Err(AccessHeadError::OtherLedger));
        let twice = format!("{note}{}\n", note.lines().last().expect("a line"));
        assert_eq!(open(&twice, &keys), Err(AccessHeadError::Malformed));
    }

    #[test]
    fn only_what_no_growing_record_can_be_is_a_contradiction() {
        let first = said(10, b"a", 0);
        for (other, contradicts) in [
            (said(10, b"a", 9), false),
            (said(11, b"b", 9), false),
            (said(10, b"b", 9), true),
            (said(10, b"b", 0), true),
            // It may be about an earlier place, whenever it was said.
            (said(9, b"b", 9), false),
            (said(9, b"b", -9), false),
            (said(9, b"b", 0), false),
        ] {
            assert_eq!(first.contradicts(&other), contradicts, "{other:?}");
            assert_eq!(other.contradicts(&first), contradicts, "{other:?}");
        }
    }
}
