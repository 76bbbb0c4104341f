//! The audit of a log behind an address: a ledger, or any web server with an exported folder.
//!
//! Deliberately absent: what the ledger says about itself beside its log. Only files that can be verified are read.

use super::audit_folder::{Unread, too_large, walk};
use super::audit_held::Held;
use super::client::{Client, GetError};
use crate::evidence::audit::Report;

/// Audits the log behind an address.
pub fn audit(url: &str, token: Option<&str>, held: &Held) -> anyhow::Result<Report> {
    let client = Client::new(url, token);
    let read = |name: &str, most: usize| match client.get_at_most(&format!("/{name}"), most as u64) {
        Ok(answer) if answer.status == 404 => Err(Unread::Absent),
        Ok(answer) => answer.success().map_err(|error| Unread::Failed(error.context(format!("/{name}")))),
        Err(GetError::TooLarge) => Err(too_large(most)),
        Err(GetError::Failed(error)) => Err(Unread::Failed(error)),
    };
    walk(&read, held)
}
