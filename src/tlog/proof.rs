//! An entry's place in a checkpoint, as one text that needs neither tree nor server (C2SP tlog-proof).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! index 3
//! ApjRIpBtz8EIkstTpzmS/FufST6kybrbJ7eRtBJ6f+c=
//!
//! ledger.example/bilateral
//! 8
//! …
//! ```
//!
//! A receipt of this ledger is such a proof, in the first checkpoint that contained the entry.
//!
//! Invariants: [`Proof::verify`] binds the leaf to the root and the root to the log's signature, in one call; there is no
//! way to get half an answer.
//!
//! Deliberately absent: which cosigners a verifier demands.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::{Checkpoint, CheckpointError, decimal};
use super::verify::{MAX_HASHES, ProofError, verify_inclusion};
use crate::hash::Hash;
use crate::note::Verifier;

/// The first line of a proof.
pub const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// A proof as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Bytes that nothing vouches for.
    pub extra: Option<Vec<u8>>,
    /// The index of the entry.
    pub index: u64,
    /// The inclusion proof.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, as a note.
    pub checkpoint: String,
}

/// Why a text is not a proof of an entry in a checkpoint of this log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The text is not a proof.
    #[error("line {0} of the proof is malformed")]
    Malformed(u32),
    /// The checkpoint in it is not this log's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not where the proof says.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl Proof {
    /// Reads a proof. Nothing is checked yet.
    pub fn parse(text: &str) -> Result<Proof, ReceiptError> {
        let malformed = ReceiptError::Malformed;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(malformed(1))?;
        let mut lines = (1..).zip(head.split('\n')).peekable();
        if lines.next().is_none_or(|(_, line)| line != FIRST_LINE) {
            return Err(malformed(1));
        }
        let mut extra = None;
        if let Some((number, line)) = lines.next_if(|(_, line)| line.starts_with("extra ")) {
            let encoded = line.get(6..).unwrap_or_default();
            extra = Some(STANDARD.decode(encoded).map_err(|_| malformed(number))?);
        }
        let (number, line) = lines.next().ok_or(malformed(2))?;
        let index = line.strip_prefix("index ").and_then(decimal).ok_or(malformed(number))?;
        let mut hashes = Vec::new();
        for (number, line) in lines {
            if hashes.len() == MAX_HASHES {
                return Err(malformed(number));
            }
            hashes.push(Hash::from_base64(line).map_err(|_| malformed(number))?);
        }
        Ok(Proof { extra, index, hashes, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that the entry with this leaf hash stands at [`Proof::index`] in a checkpoint that `log` signed. Answers
    /// that checkpoint.
    pub fn verify(&self, leaf: Hash, origin: &str, log: &Verifier) -> Result<Checkpoint, ReceiptError> {
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), origin, log)?;
        verify_inclusion(leaf, self.index, checkpoint.size, &self.hashes, checkpoint.root)?;
        Ok(checkpoint)
    }
}

/// Writes the proof, its checkpoint verbatim.
impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
