//! Countersign: the inspection record that two states which do not trust each other can both rely on.
//!
//! Two states agree to show each other something, on the territory of a third perhaps. Each declares, asks, admits and
//! reports; each has its own view of what that means. This crate keeps what they said. A record is a text that its
//! author signed; the ledger countersigns it with the time of its receipt, makes it a leaf of one Merkle tree, and
//! answers with a receipt that anybody can verify with the network off. Nothing is ever edited. The ledger can order and
//! date records; it cannot write one, change one, or drop one without leaving a proof of it in somebody's hands.
//!
//! ```text
//!   a note ──parse──▶ Signed ──verify──▶ Verified ──admit──▶ Entry ──commit──▶ head ──sign──▶ receipt
//!            json, note, treaty::record            replica::step    service::sequencer, store
//! ```
//!
//! The log is the only state. Tree and register are pure folds of the same entries, so a server, an auditor and a test
//! compute the same [`replica::Replica`] from the same bytes.
//!
//! In reading order, each layer knowing only those above it:
//!
//! | | |
//! |---|---|
//! | [`hash`], [`json`], [`note`], [`words`] | thirty-two bytes, strict JSON, signed text, sentences in two languages |
//! | [`tlog`] | a transparency log over opaque bytes: tree, proofs, checkpoints, tiles |
//! | [`treaty`] | the bargain: terms, keys, sites, one file for each kind of record, and who may say what |
//! | [`replica`] | where the two meet: tree and register, folded from the same entries |
//! | [`evidence`] | what somebody with files alone can verify: a bundle, a whole log |
//! | [`author`] | writing a record's text, and signing it |
//! | [`history`] | records that nobody signed: a plain file, or what might follow on a ledger |
//! | [`store`] | Postgres, and the only SQL |
//! | [`service`] | a running ledger: the sequencer, what readers see, what they ask |
//! | [`witness`] | a light cosigner for third parties: what extends what it saw, and nothing else |
//! | [`mirror`] | a Party's full copy, which judges every entry again before it cosigns |
//! | [`api`] | HTTP |
//! | [`cli`] | the command line |
//!
//! Deliberately absent: judgement. The ledger keeps facts and claims; only the Parties conclude.

pub mod api;
pub mod author;
pub mod cli;
pub mod evidence;
pub mod hash;
pub mod history;
pub mod json;
pub mod mirror;
pub mod note;
pub mod replica;
pub mod service;
pub mod store;
pub mod tlog;
pub mod treaty;
pub mod witness;
pub mod words;
