//! Committed entries, judged again: what the boot gate, a mirror and an audit do with a log.
//!
//! What depends on one entry alone (reading it, the curve arithmetic of its signatures, the hash of its leaf) is done
//! ahead, on every core, under the keys as they were before the batch. Then the entries are judged one after the other.
//! What was found ahead is used only where the key that counts at the entry's own index is that very key; otherwise the
//! line is looked at again. So the answer is the same as without looking ahead.
//!
//! Invariants: the first entry that cannot be taken up ends it; those before it are taken up.
//!
//! Deliberately absent: where the bytes come from.

use super::Replica;
use super::cores::in_order;
use crate::hash::Hash;
use crate::note::Verifier;
use crate::tlog::leaf_hash;
use crate::treaty::admit::Signatures;
use crate::treaty::entry::Entry;
use crate::treaty::record::{Kind, Malformed};
use crate::treaty::refusal::Refused;
use crate::treaty::register::Register;
use crate::treaty::terms::RULES;

/// Why a committed entry cannot be taken up. Whoever meets one stops: it writes nothing, cosigns nothing, skips nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The bytes are not those of an entry.
    #[error("entry {index} is malformed: {}", .malformed.faults.first().map_or(String::new(), |f| f.detail.to_string()))]
    Malformed {
        /// Which entry.
        index: u64,
        /// What is wrong with it.
        malformed: Malformed,
    },
    /// The rules refuse it.
    #[error("entry {index} is refused by the rules: {}", .refused.first().map_or("", |r| r.refusal.code()))]
    Refused {
        /// Which entry.
        index: u64,
        /// Every reason.
        refused: Vec<Refused>,
    },
    /// Entry 0 is not the beginning of a ledger.
    #[error("entry 0 does not begin a ledger: {0}")]
    Beginning(&'static str),
    /// It was received before the entry before it.
    #[error("entry {index} was received before entry {}", index - 1)]
    TimeWentBack {
        /// Which entry.
        index: u64,
    },
    /// The same record, or another with the same id by the same author, stands earlier.
    #[error("entry {index} repeats the record or the id of entry {earlier}")]
    Repeated {
        /// Which entry.
        index: u64,
        /// The one before.
        earlier: u64,
    },
    /// The clerk's line is not the clerk's.
    #[error("entry {index} has no good countersignature by the clerk")]
    NotCountersigned {
        /// Which entry.
        index: u64,
    },
    /// The terms put rules in force that this program does not hold.
    #[error("the terms put version {0} of the rules in force, which this program does not hold")]
    RulesUnknown(i64),
}

/// Entries that were taken up, and what ended it, if anything did.
#[derive(Debug)]
pub struct Replayed {
    /// Those that were taken up, in order.
    pub entries: Vec<Entry>,
    /// Why the next one was not.
    pub error: Option<ReplayError>,
}

/// An entry with what could be found out without the entries before it.
struct Ahead {
    entry: Entry,
    leaf: Hash,
    /// For each signer the public key under which its line is good.
    passed: Vec<Option<[u8; 32]>>,
    /// The clerk's key under which the countersignature is good.
    clerk: Option<Verifier>,
}

impl Ahead {
    /// Reads the entry at `index`; with `keys`, checks its lines under the keys that are known there.
    fn read(index: u64, bytes: &[u8], keys: Option<&Register>) -> Result<Ahead, Malformed> {
        let entry = Entry::parse(bytes)?;
        let passed = match keys {
            Some(keys) => entry.signed.good_lines(keys),
            None => vec![None; entry.signed.record.header.signers.len()],
        };
        let clerk = keys.and_then(Register::terms).map(|terms| terms.clerk_of(index));
        let clerk = clerk.filter(|clerk| entry.is_countersigned_by(clerk)).cloned();
        Ok(Ahead { leaf: leaf_hash(bytes), entry, passed, clerk })
    }

    /// Whether this clerk has countersigned.
    fn is_countersigned(&self, clerk: &Verifier) -> bool {
        self.clerk.as_ref() == Some(clerk) || self.entry.is_countersigned_by(clerk)
    }
}

impl Replica {
    /// Judges a committed entry again and takes it up. With [`Signatures::Check`] every signature is checked, the
    /// clerk's too.
    pub fn replay(&mut self, bytes: &[u8], signatures: Signatures) -> Result<Entry, ReplayError> {
        let index = self.tree.size();
        let ahead = Ahead::read(index, bytes, None).map_err(|malformed| ReplayError::Malformed { index, malformed })?;
        self.take_up(ahead, signatures)
    }

    /// Judges the next entries, with all the cores there are, and takes them up. Some thousands at a time keep them busy.
    pub fn replay_all(&mut self, entries: &[&[u8]], signatures: Signatures) -> Replayed {
        let mut taken = Vec::with_capacity(entries.len());
        let error = self.replay_each(entries, signatures, |entry| taken.push(entry));
        Replayed { entries: taken, error }
    }

    /// The same, with each entry handed to `take` once it is taken up: while one thread takes up, the others look ahead.
    pub fn replay_each(
        &mut self,
        entries: &[&[u8]],
        signatures: Signatures,
        mut take: impl FnMut(Entry),
    ) -> Option<ReplayError> {
        let keys = (signatures == Signatures::Check).then(|| self.register.of_keys());
        let mut ended = None;
        let numbered: Vec<(u64, &[u8])> = (self.tree.size()..).zip(entries.iter().copied()).collect();
        let ahead = |(index, bytes): &(u64, &[u8])| Ahead::read(*index, bytes, keys.as_ref());
        in_order(&numbered, ahead, |(index, bytes), ahead| {
            let index = *index;
            // A panic in there would be a fault of the program: then everything is done here.
            let ahead = ahead.unwrap_or_else(|| Ahead::read(index, bytes, None));
            let taken = ahead
                .map_err(|malformed| ReplayError::Malformed { index, malformed })
                .and_then(|ahead| self.take_up(ahead, signatures));
            match taken {
                Ok(entry) => take(entry),
                Err(error) => ended = Some(error),
            }
            ended.is_none()
        });
        ended
    }

    fn take_up(&mut self, mut ahead: Ahead, signatures: Signatures) -> Result<Entry, ReplayError> {
        let index = self.tree.size();
        let received_at = ahead.entry.received_at;
        if self.last_received_at().is_some_and(|last| received_at < last) {
            return Err(ReplayError::TimeWentBack { index });
        }
        let (signed, passed) = (ahead.entry.signed, std::mem::take(&mut ahead.passed));
        let verified = signed.trust_lines(passed).map_err(|refused| ReplayError::Refused { index, refused })?;
        if let Some(earlier) = self.index_of(&verified).or_else(|| self.index_of_id(&verified)) {
            return Err(ReplayError::Repeated { index, earlier });
        }
        let refused = self.admit(&verified, received_at, signatures);
        if !refused.is_empty() {
            return Err(ReplayError::Refused { index, refused });
        }
        ahead.entry.signed = verified.into_signed(); // moved there and back: a log has many entries
        if ahead.entry.signed.record.body.kind() == Kind::Terms {
            // Terms are checked under themselves: they name the clerk of their own entry, and the rules from it on.
            let mut next = self.clone();
            next.fold(&ahead.entry.signed, received_at);
            next.check_terms(index, &ahead, signatures)?;
            *self = next;
        } else {
            self.check_terms(index, &ahead, signatures)?;
            self.fold(&ahead.entry.signed, received_at);
        }
        self.tree.append(ahead.leaf);
        Ok(ahead.entry)
    }

    /// The clerk that the terms name has countersigned this entry, and the rules that they put in force are known.
    fn check_terms(&self, index: u64, ahead: &Ahead, signatures: Signatures) -> Result<(), ReplayError> {
        let Some(terms) = self.register.terms() else {
            return Err(ReplayError::Beginning("it is not a terms record"));
        };
        if terms.rules != RULES {
            return Err(ReplayError::RulesUnknown(terms.rules));
        }
        if signatures == Signatures::Check && !ahead.is_countersigned(terms.clerk_of(index)) {
            return Err(ReplayError::NotCountersigned { index });
        }
        Ok(())
    }
}
