//! Countersign.
pub mod api;
pub mod author;
pub mod cli;
pub mod evidence;
pub mod hash;
pub mod json;
pub mod note;
pub mod replica;
pub mod service;
pub mod store;
pub mod tlog;
pub mod treaty;
pub mod words;
