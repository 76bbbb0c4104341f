//! The ledger's countersignature: when a record was received, and that it was.
//!
//! The clerk's line on a record has signed-note type 0xff with the identifier `countersign/v1`. Behind the key id stand
//! eight bytes of POSIX seconds, big endian, and 64 bytes of Ed25519 signature over
//!
//! ```text
//! countersign/v1
//! time 1700000000
//! sha256:8d3e0d0f58ee4636364a5eae9d003026874fbb8edad6a2d96790a583729b568a
//! ```
//!
//! that is, a fixed small message over the digest of the record's text, which a hardware key can sign. Programs that do
//! not know the type ignore the line, as the standard asks.
//!
//! Deliberately absent: where the line must stand in an entry ([`crate::treaty::entry`]).

use super::Line;
use super::key::{KeyKind, SignError, Signer, Verifier};
use crate::hash::Hash;

/// Why a line is not a good countersignature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClerkError {
    /// It is by another key, or of another type.
    #[error("the line is not by this clerk")]
    OtherKey,
    /// It is not a time and a signature.
    #[error("the line does not hold a time and a signature")]
    Malformed,
    /// The digest, the time or the signature was altered.
    #[error("the countersignature is not good")]
    Bad,
}

fn message(time: u64, digest: &Hash) -> String {
    format!("countersign/v1\ntime {time}\n{digest}\n")
}

/// Countersigns the text with this digest, received at `time` (POSIX seconds).
pub fn countersign(clerk: &Signer, digest: &Hash, time: u64) -> Result<Line, SignError> {
    let verifier = clerk.verifier();
    let mut blob = time.to_be_bytes().to_vec();
    blob.extend_from_slice(&clerk.sign(message(time, digest).as_bytes())?);
    Ok(Line { name: verifier.name().to_owned(), id: verifier.id(), blob })
}

fn split(line: &Line) -> Option<(u64, &[u8; 64])> {
    let (time, signature) = line.blob.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*time), signature.try_into().ok()?))
}

/// The time that a line claims, in POSIX seconds, if it has the form of a countersignature. Nothing is checked.
pub fn countersigned_at(line: &Line) -> Option<u64> {
    split(line).map(|(time, _)| time)
}

/// Checks a countersignature; answers the time of receipt in POSIX seconds.
pub fn verify_countersignature(clerk: &Verifier, line: &Line, digest: &Hash) -> Result<u64, ClerkError> {
    if clerk.kind() != KeyKind::Countersign || line.name != clerk.name() || line.id != clerk.id() {
        return Err(ClerkError::OtherKey);
    }
    let (time, signature) = split(line).ok_or(ClerkError::Malformed)?;
    let good = clerk.verify(message(time, digest).as_bytes(), signature);
    if good { Ok(time) } else { Err(ClerkError::Bad) }
}
