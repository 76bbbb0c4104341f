//! Evidence: what somebody who trusts nobody can check with files alone.
//!
//! A [`bundle`] is one file about one record, and [`verdict`] is what can be concluded from it, as a list of checks. An
//! [`audit`] goes through a whole log. Both begin with one line, the [`trust`] root, and use the same [`crate::replica`]
//! as the server. [`judge`] says what
//! files that were kept of a fork show. A [`manifest`] says what the ledger handed out as a table,
//! and [`accesses`] where its record of who read what stands.
//!
//! Deliberately absent: files, sockets and clocks. Bytes come in, findings go out.

pub mod accesses;
pub mod attached;
mod attested;
pub mod audit;
pub mod bundle;
mod cosigned;
pub mod judge;
pub mod manifest;
mod support;
pub mod trust;
pub mod verdict;
mod verify;

pub use verify::verify;
