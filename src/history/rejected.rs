//! Why a record does not become part of a history.
//!
//! Invariants: what the ledger would say of a record is said with its own codes and pointers.
//!
//! Deliberately absent: where in a file or in a request the record stands.

use std::fmt;

use crate::treaty::record::Malformed;
use crate::treaty::refusal::Refused;
use crate::words::Words;

/// Why a record is left out.
#[derive(Clone, Debug)]
pub enum Rejected {
    /// Something around the record, or what a history needs to know of it.
    Line {
        /// An RFC 6901 pointer into the line.
        pointer: &'static str,
        /// The stable code.
        code: &'static str,
        /// For people.
        words: Words,
    },
    /// It is no record.
    Malformed(Malformed),
    /// The rules refuse it.
    Refused(Vec<Refused>),
}

const fn line(pointer: &'static str, code: &'static str, en: &'static str, ru: &'static str) -> Rejected {
    Rejected::Line { pointer, code, words: Words::fixed(en, ru) }
}

impl Rejected {
    /// No time of receipt.
    pub(super) const RECEIVED_AT: Rejected = line(
        "/received_at",
        "not_an_instant",
        "received_at is not an instant",
        "received_at не является моментом времени",
    );
    /// A time of receipt before that of the record before.
    pub(super) const BEFORE: Rejected = line(
        "/received_at",
        "received_before",
        "it was received before the record before it",
        "получено раньше предыдущей записи",
    );
    /// No record.
    pub(super) const RECORD: Rejected =
        line("/record", "not_an_object", "record is not an object", "record не является объектом");
    /// No id.
    pub(super) const NO_ID: Rejected =
        line("/record/id", "member_missing", "the record has no id", "у записи нет идентификатора");
    /// An id that its author has used.
    pub(super) const ID_TAKEN: Rejected = line(
        "/record/id",
        "id_taken",
        "its author has used this id before",
        "автор уже использовал этот идентификатор",
    );
    /// An id that looks like the digest of a record.
    pub(super) const ID_IS_A_DIGEST: Rejected = line(
        "/record/id",
        "id_is_a_digest",
        "only a record of the ledger is named by a digest",
        "дайджестом именуется только запись реестра",
    );
    /// No party.
    pub(super) const NO_PARTY: Rejected =
        line("/record/party", "member_missing", "the record names no party", "в записи не названа сторона");
    /// No list of states.
    pub(super) const SIGNED_BY: Rejected =
        line("/signed_by", "wrong_type", "signed_by is not a list", "signed_by не является списком");
    /// The first record is another than the terms.
    pub(super) const NOT_TERMS: Rejected =
        line("/record/kind", "not_terms", "it is not a terms record", "это не запись условий");
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejected::Line { words, .. } => write!(f, "{words}"),
            Rejected::Malformed(malformed) => {
                write!(f, "{}", malformed.code)?;
                malformed.faults.first().map_or(Ok(()), |fault| write!(f, ": {} {}", fault.pointer, fault.detail))
            }
            Rejected::Refused(refused) => match refused.first() {
                Some(first) => write!(f, "{}: {} {}", first.refusal.code(), first.pointer, first.words()),
                None => Ok(()),
            },
        }
    }
}
