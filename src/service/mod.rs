//! The use cases of a running ledger: open it, write to it, read from it.
//!
//! In reading order: [`ledger`] opens a log and holds what runs; [`submit`] is a record's way in and [`sequencer`] the
//! one task that writes; [`published`] is what readers see; [`receipt`] and
//! [`bundle`] are what proves it to them; [`query`] answers what they ask, as far as [`access`] lets
//! them; [`feed`] tells them what comes, and [`export`] gives them whole tables; [`status`] computes how the two sides
//! stand, [`obligations`] what each owes, and [`suppose`] how they would stand; [`unanswered`] says why a question has
//! no answer; [`cosigning`] brings checkpoints to their cosigners, and [`cosigned`] is what they said; [`copy`] is a
//! ledger without keys, as a mirror holds it, [`window`] where records are lodged there, and [`origin`] how a copy is
//! asked for what it holds; [`gate`] decides at the start whether a ledger may write at all; [`clock`] and [`heads`] are
//! the time and the second store, [`keys`] are the ledger's own, [`checkpoints`] and [`former`] what they signed and is
//! kept.
//!
//! Deliberately absent: HTTP, and SQL.

pub mod access;
mod access_head;
pub mod accesses;
pub mod bundle;
pub mod checkpoints;
pub mod clock;
pub mod copy;
pub mod cosigned;
pub mod cosigning;
pub mod export;
pub mod feed;
pub mod former;
pub mod gate;
pub mod heads;
pub mod keys;
pub mod known;
pub mod ledger;
pub mod obligations;
pub mod origin;
pub mod policy;
pub mod published;
pub mod query;
pub mod receipt;
pub mod sequencer;
pub mod status;
pub mod submit;
pub mod suppose;
pub mod unanswered;
pub mod view;
pub mod window;
