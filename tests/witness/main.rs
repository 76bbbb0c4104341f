//! What every witness must do (C2SP tlog-witness), asked over HTTP.
//!
//! As it stands, each test starts `countersign witness` and asks it. The tests in [`answers`], [`concurrency`] and
//! [`hostile`] can ask any other witness instead:
//!
//! 1. `cargo test --test witness -- --ignored --nocapture the_logs_that_a_witness_must_know` prints the logs' keys; have
//!    the witness know them.
//! 2. `COUNTERSIGN_WITNESS_URL=https://… COUNTERSIGN_WITNESS_VKEY=… cargo test --test witness`. The second is its
//!    verifier key (type 04); where it is looked at elsewhere, `COUNTERSIGN_WITNESS_MONITORING_URL` says so.
//!
//! A witness remembers, so a second run needs other logs: `COUNTERSIGN_WITNESS_RUN`, a word, makes them, in both steps.
//! [`crash`], [`evidence`] and [`state`] are about our own witness alone, and [`cosigning`] is about a ledger's side.

mod answers;
mod concurrency;
mod cosigning;
mod crash;
mod evidence;
mod hostile;
mod state;
mod support;
