//! Who cosigned a checkpoint, by keys that the log itself registered, and whether that is enough.
//!
//! Invariants: a line counts only by a cosigner's key that was good at the checkpoint's size; a line by a key that the
//! log does not know says nothing, whatever it says.
//!
//! Deliberately absent: that a cosigner's key was not revoked by an entry that is not shown. An audit sees every entry; a
//! bundle shows some, and there the word of both Parties' mirrors would have to be false at once.

use std::collections::BTreeSet;

use crate::note::Note;
use crate::tlog::cosignature::verify_cosignature;
use crate::treaty::party::{KeyName, Party, Role};
use crate::treaty::register::Register;
use crate::treaty::terms::Quorum;

/// A line by a cosigner whom the log knows.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// By whom.
    pub(super) name: KeyName,
    /// What it is worth.
    pub(super) worth: Worth,
}

/// What a line is worth.
#[derive(Clone, Debug)]
pub(super) enum Worth {
    /// It is good; made then, in POSIX seconds by the cosigner's clock.
    Good(u64),
    /// Its key was not good at this size.
    KeyNotGood,
    /// Its signature is not good.
    Bad(String),
}

/// The lines below a checkpoint.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    /// By cosigners whom the log knows.
    pub(super) seen: Vec<Seen>,
    /// How many others there are, beside the log's own.
    pub(super) strangers: usize,
}

impl Lines {
    /// Looks at every line of a checkpoint of this size but those in the log's own name.
    pub(super) fn of(checkpoint: &[u8], size: u64, origin: &str, register: &Register) -> Lines {
        let mut lines = Lines::default();
        let Ok(note) = Note::parse(checkpoint) else { return lines };
        for line in note.lines().iter().filter(|line| line.name != origin) {
            let key = register.key(&line.name).filter(|key| key.published.id() == line.id);
            let Some(key) = key.filter(|key| key.name.role().cosigns()) else {
                lines.strangers += 1;
                continue;
            };
            let worth = match verify_cosignature(&key.published, line, note.text()) {
                Err(error) => Worth::Bad(error.to_string()),
                Ok(_) if !key.is_good_at(size) => Worth::KeyNotGood,
                Ok(time) => Worth::Good(time),
            };
            lines.seen.push(Seen { name: key.name.clone(), worth });
        }
        lines
    }

    /// The names of those whose lines are good.
    pub(super) fn good(&self) -> BTreeSet<String> {
        let good = self.seen.iter().filter(|seen| matches!(seen.worth, Worth::Good(_)));
        good.map(|seen| seen.name.to_string()).collect()
    }

    /// Whether a mirror of each Party is among them. A mirror's line says that it holds every entry below the size.
    pub(super) fn by_both_mirrors(&self) -> bool {
        let good = self.seen.iter().filter(|seen| matches!(seen.worth, Worth::Good(_)));
        let mirrors: BTreeSet<Party> =
            good.filter(|seen| seen.name.role() == Role::Mirror).map(|seen| seen.name.party()).collect();
        [Party::Us, Party::Ru].iter().all(|party| mirrors.contains(party))
    }
}

/// Whether the cosigners of these names meet a quorum.
pub(super) fn is_met(quorum: &Quorum, names: &BTreeSet<String>) -> bool {
    let count = |of: &[Quorum]| of.iter().filter(|quorum| is_met(quorum, names)).count();
    match quorum {
        Quorum::All(of) => count(of) == of.len(),
        Quorum::Any(of) => count(of) > 0,
        Quorum::AtLeast(least, of) => count(of) >= *least as usize,
        Quorum::Cosigner(prefix) => names.iter().any(|name| {
            let rest = name.strip_prefix(prefix.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }),
    }
}
