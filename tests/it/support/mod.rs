//! What the integration tests share.

pub mod claims;
pub mod cosigners;
pub mod fold;
pub mod foreign;
pub mod http;
pub mod ledger;
pub mod mirror;
pub mod operator;
pub mod postgres;
pub mod program;
pub mod records;
pub mod rotation;
pub mod standing;
pub mod stock;
pub mod visits;
pub mod witness;
