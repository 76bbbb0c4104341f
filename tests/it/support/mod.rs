//! What the integration tests share.

pub mod ledger;
pub mod postgres;
pub mod program;
pub mod witness;
