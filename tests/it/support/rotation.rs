//! The keys that follow the first ones of a ledger, and the amendments that name them.

use countersign::note::Signer;
use countersign::replica::LedgerKeys;

use super::ledger::{ORIGIN, clerk_key, log_key, own_key};
use super::records::amendment;

/// The log key that comes in this place; 1 is the first.
pub fn log(place: u8) -> Signer {
    own_key(ORIGIN, place)
}

/// The clerk's.
pub fn clerk(place: u8) -> Signer {
    own_key(&format!("{ORIGIN}/clerk"), place)
}

/// The first and the second of both.
pub fn old_and_new() -> LedgerKeys {
    LedgerKeys { log: vec![log_key(), log(2)], clerk: vec![clerk_key(), clerk(2)] }
}

/// The second of both alone.
pub fn new_alone() -> LedgerKeys {
    LedgerKeys::new(log(2), clerk(2))
}

/// The amendment that names the keys of this place from behind a size on.
pub fn change_to(place: u8, version: u64, until: u64) -> String {
    change(version, until, Some(&log(place)), Some(&clerk(place)))
}

/// The same for either key.
pub fn change(version: u64, until: u64, log: Option<&Signer>, clerk: Option<&Signer>) -> String {
    amendment(version, |body| {
        body["log_until"] = until.into();
        for (name, key) in [("log_vkey", log), ("clerk_vkey", clerk)] {
            if let Some(key) = key {
                body[name] = key.verifier().to_string().into();
            }
        }
    })
}
