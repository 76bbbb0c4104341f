//! Whether a ledger was given the keys that it needs.
//!
//! Deliberately absent: which key is in force; the terms say that ([`crate::replica::LedgerKeys`]).

use super::ledger::OpenError;
use crate::replica::{LedgerKeys, Replica};

/// The keys are those that entry 0 names, and no others.
pub fn keys_agree(replica: &Replica, keys: &LedgerKeys) -> Result<(), OpenError> {
    let Some(terms) = replica.register().terms() else { return Err(OpenError::NotBegun) };
    for (office, given, named) in [("log", &keys.log, &terms.log), ("clerk", &keys.clerk, &terms.clerk)] {
        if given.iter().any(|signer| signer.verifier() != named.at(1)) || given.is_empty() {
            return Err(OpenError::OtherKey(office));
        }
    }
    Ok(())
}

/// The keys are of the log that the store holds, if it holds one: a log keeps its name when its keys change.
pub fn keys_fit(replica: &Replica, keys: &LedgerKeys) -> Result<(), OpenError> {
    let Some(terms) = replica.register().terms() else { return Ok(()) };
    for (office, given, named) in [("log", &keys.log, &terms.log), ("clerk", &keys.clerk, &terms.clerk)] {
        if given.iter().any(|signer| signer.verifier().name() != named.at(1).name()) {
            return Err(OpenError::OtherKey(office));
        }
    }
    Ok(())
}

/// The keys for the next entry are there.
pub fn keys_are_there(replica: &Replica, keys: &LedgerKeys) -> Result<(), OpenError> {
    let (Some(terms), size) = (replica.register().terms(), replica.tree().size()) else {
        return Err(OpenError::NotBegun);
    };
    if let Some(missing) = keys.missing(terms, size) {
        return Err(missing.into());
    }
    look_ahead(keys, replica);
    Ok(())
}

/// Says in time that the terms name a key that the ledger was not given.
pub fn look_ahead(keys: &LedgerKeys, replica: &Replica) {
    let terms = replica.register().terms();
    if let Some(missing) = terms.and_then(|terms| keys.will_be_missing(terms, replica.tree().size())) {
        tracing::warn!(%missing, "the ledger will stop writing before this size");
    }
}
