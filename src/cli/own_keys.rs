//! The ledger's own keys: each in a file, or in a hardware module that is named by a `pkcs11:` URI.
//!
//! Deliberately absent: keys of people ([`super::files`]).

use std::path::{Path, PathBuf};

use super::files;
use crate::note::{KeyKind, Signer, Verifier};
use crate::replica::LedgerKeys;

/// The keys of the ledger.
pub fn read_keys(log: &[PathBuf], clerk: &[PathBuf]) -> anyhow::Result<LedgerKeys> {
    let read = |places: &[PathBuf]| places.iter().map(|place| read(place)).collect::<anyhow::Result<_>>();
    Ok(LedgerKeys { log: read(log)?, clerk: read(clerk)? })
}

/// One key.
pub fn read(place: &Path) -> anyhow::Result<Signer> {
    match module(place) {
        Some(uri) => in_module(uri),
        None => files::read_signer(place),
    }
}

/// The URI, where a place is one.
pub fn module(place: &Path) -> Option<&str> {
    place.to_str().filter(|text| text.starts_with("pkcs11:"))
}

#[cfg(feature = "hsm")]
fn in_module(uri: &str) -> anyhow::Result<Signer> {
    super::hsm::signer(uri)
}

/// Makes a key in a module; answers its public half.
#[cfg(feature = "hsm")]
pub fn generate(uri: &str, name: &str, kind: KeyKind) -> anyhow::Result<Verifier> {
    super::hsm::generate(uri, name, kind)
}

#[cfg(not(feature = "hsm"))]
fn in_module(uri: &str) -> anyhow::Result<Signer> {
    anyhow::bail!("{uri}: this program was built without hardware modules (cargo build --features hsm)")
}

/// Makes a key in a module; this program cannot.
#[cfg(not(feature = "hsm"))]
pub fn generate(uri: &str, _name: &str, _kind: KeyKind) -> anyhow::Result<Verifier> {
    in_module(uri).map(|signer| signer.verifier().clone())
}
