//! A cosigner's line on a checkpoint: what it saw, and when (C2SP tlog-cosignature, Ed25519, signed-note type 0x04).
//!
//! Behind the key id stand eight bytes of POSIX seconds, big endian, and 64 bytes of Ed25519 signature over
//!
//! ```text
//! cosignature/v1
//! time 1700000000
//! ledger.example/bilateral
//! 8
//! XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=
//! ```
//!
//! that is, two lines and the whole text of the checkpoint, with any extension lines. The line says: as of that time,
//! this is the largest head of that log that the cosigner has seen, and it extends all earlier ones. What a mirror's
//! line says beyond that is in the terms.
//!
//! Invariants:
//! - Only a text that is a checkpoint is cosigned, and only by a key of the type for it.
//! - A time is neither 0 nor beyond 2^63 − 1: a line over a checkpoint always says when.
//! - The message does not name the cosigner, so a public key never serves two of them; whoever admits keys sees to that.
//!
//! Deliberately absent: ML-DSA-44 cosignatures (type 0x06), which are ignored like every unknown line, and whether a
//! head may be cosigned at all, which is the witness's decision.

use super::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{KeyKind, Line, Note, NoteError, SignError, Signer, Verifier};

/// The greatest time that a line can carry.
const LAST: u64 = i64::MAX as u64;

/// Why a line was not made, or is not a good cosignature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// It is by another key, or the key is not one for cosignatures.
    #[error("the line is not by this cosigner")]
    OtherKey,
    /// It is not a time and a signature.
    #[error("the line does not hold a time and a signature")]
    Malformed,
    /// The checkpoint, the time or the signature was altered.
    #[error("the cosignature is not good")]
    Bad,
    /// Only checkpoints are cosigned.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The key failed its own check.
    #[error(transparent)]
    Sign(#[from] SignError),
}

fn message(time: u64, checkpoint: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{checkpoint}")
}

/// The cosigner's line over the text of a checkpoint, at `time` (POSIX seconds).
pub fn cosign(cosigner: &Signer, checkpoint: &str, time: u64) -> Result<Line, CosignatureError> {
    let verifier = cosigner.verifier();
    if verifier.kind() != KeyKind::Cosignature {
        return Err(CosignatureError::OtherKey);
    }
    if !(1..=LAST).contains(&time) {
        return Err(CosignatureError::Malformed);
    }
    Checkpoint::parse(checkpoint)?;
    let mut blob = time.to_be_bytes().to_vec();
    blob.extend_from_slice(&cosigner.sign(message(time, checkpoint).as_bytes())?);
    Ok(Line { name: verifier.name().to_owned(), id: verifier.id(), blob })
}

fn split(line: &Line) -> Option<(u64, &[u8; 64])> {
    let (time, signature) = line.blob.split_first_chunk::<8>()?;
    let time = u64::from_be_bytes(*time);
    Some((time, signature.try_into().ok()?)).filter(|_| (1..=LAST).contains(&time))
}

/// The time that a line claims, in POSIX seconds, if it has the form of a cosignature. Nothing is checked.
pub fn cosigned_at(line: &Line) -> Option<u64> {
    split(line).map(|(time, _)| time)
}

/// Checks a cosignature over the text of a checkpoint; answers its time in POSIX seconds.
pub fn verify_cosignature(cosigner: &Verifier, line: &Line, checkpoint: &str) -> Result<u64, CosignatureError> {
    if cosigner.kind() != KeyKind::Cosignature || line.name != cosigner.name() || line.id != cosigner.id() {
        return Err(CosignatureError::OtherKey);
    }
    let (time, signature) = split(line).ok_or(CosignatureError::Malformed)?;
    let good = cosigner.verify(message(time, checkpoint).as_bytes(), signature);
    if good { Ok(time) } else { Err(CosignatureError::Bad) }
}

/// Reads what a cosigner answered to a request over the text of a checkpoint: its own line, and the time. Lines by
/// others are ignored; a line by the cosigner that is not good condemns the answer.
pub fn answered(cosigner: &Verifier, body: &str, checkpoint: &str) -> Result<(Line, u64), CosignatureError> {
    let whole = format!("{checkpoint}\n{body}");
    let note = Note::parse(whole.as_bytes()).map_err(|_| CosignatureError::Malformed)?;
    if note.text() != checkpoint {
        return Err(CosignatureError::Malformed); // an empty line in the answer would move the end of the text
    }
    let own = |line: &&Line| line.name == cosigner.name() && line.id == cosigner.id();
    let line = note.lines().iter().find(own).ok_or(CosignatureError::OtherKey)?;
    let time = verify_cosignature(cosigner, line, checkpoint)?;
    Ok((line.clone(), time))
}

/// Every known cosigner of a checkpoint with the time of its first line, in the order of the lines.
///
/// As the note standard says: lines by unknown keys are ignored, a line by a known key that is not good condemns the
/// note, and a second line by the same key is not looked at. No cosigner at all is an answer too.
pub fn cosigners<'k>(note: &Note<'_>, known: &'k [Verifier]) -> Result<Vec<(&'k Verifier, u64)>, NoteError> {
    let mut good: Vec<(&Verifier, u64)> = Vec::new();
    for (number, line) in (note.first_line()..).zip(note.lines()) {
        let Some(key) = known.iter().find(|key| key.name() == line.name && key.id() == line.id) else { continue };
        if good.iter().any(|(earlier, _)| *earlier == key) {
            continue;
        }
        let time = verify_cosignature(key, line, note.text()).map_err(|_| NoteError::BadSignature { line: number })?;
        good.push((key, time));
    }
    Ok(good)
}
