//! Countersign.
pub mod hash;
pub mod words;
