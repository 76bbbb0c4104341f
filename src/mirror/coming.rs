//! Entries on their way from the origin, some pieces ahead of the one that is judged.
//!
//! Invariants: a bounded number of pieces is on its way, if whoever stops half way calls [`Coming::end`]; they are handed out
//! in order, each whole.
//!
//! Deliberately absent: any belief in what came. Whoever judges it checks the proof.

use std::collections::VecDeque;
use std::ops::Range;

use tokio::task::JoinHandle;

use super::origin::{Origin, OriginError};
use crate::hash::Hash;
use crate::tlog::Tree;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::verify::verify_consistency;

/// Entries that are fetched, judged and committed together: eight tiles.
pub const PIECE: u64 = 2_048;

/// Pieces that are on their way at once, each with the proof that the checkpoint begins with what ends with it. A ledger that is
/// busy writing answers late, and is kept up with all the same.
pub struct Coming {
    origin: Origin,
    /// The size of the checkpoint.
    size: u64,
    pieces: VecDeque<(Range<u64>, Fetching)>,
}

/// A piece on its way.
type Fetching = JoinHandle<Result<Fetched, OriginError>>;

/// How many pieces are fetched while one is judged.
const AHEAD: usize = 3;

/// A piece that has come.
pub struct Fetched {
    /// From which index to which.
    pub piece: Range<u64>,
    /// The entries.
    pub entries: Vec<Vec<u8>>,
    /// The proof.
    pub proof: Vec<Hash>,
}

impl Coming {
    /// Nothing is on its way yet, of a checkpoint of this size.
    pub fn new(origin: &Origin, size: u64) -> Coming {
        Coming { origin: origin.clone(), size, pieces: VecDeque::new() }
    }

    /// Waits for what is on its way: a question that was asked cannot be taken back, and nobody is to have more of them open.
    pub async fn end(&mut self) {
        for (_, task) in self.pieces.drain(..) {
            let _ = task.await;
        }
    }

    /// The piece that begins at an index; those after it begin to come.
    pub async fn next_from(&mut self, start: u64) -> Result<Fetched, OriginError> {
        if self.pieces.front().is_some_and(|(piece, _)| piece.start != start) {
            self.end().await; // the database was ahead of us
        }
        self.fetch(start);
        let cut = |_| OriginError::Absent("the question was cut off".into());
        let Some((_, task)) = self.pieces.pop_front() else {
            return Err(OriginError::Absent("nothing is left".into()));
        };
        let fetched = task.await.map_err(cut)??;
        self.fetch(fetched.piece.end);
        Ok(fetched)
    }

    /// Begins to fetch what is not on its way, from an index on.
    fn fetch(&mut self, start: u64) {
        let mut start = self.pieces.back().map_or(start, |(piece, _)| piece.end);
        while self.pieces.len() < AHEAD && start < self.size {
            let piece = start..self.size.min(start - start % PIECE + PIECE);
            let (origin, size, Range { start: first, end }) = (self.origin.clone(), self.size, piece.clone());
            start = end;
            let ask = move || {
                let entries = origin.entries(first, end)?;
                let proof = proof_of(&origin, end, size)?;
                Ok(Fetched { piece: first..end, entries, proof })
            };
            self.pieces.push_back((piece, tokio::task::spawn_blocking(ask)));
        }
    }
}

/// The proof that the tree of a size begins with a smaller one; there is none for the size itself.
pub fn proof_of(origin: &Origin, first: u64, size: u64) -> Result<Vec<Hash>, OriginError> {
    if first == size { Ok(Vec::new()) } else { origin.consistency(first, size) }
}

/// Whether a tree is what a checkpoint is over, or begins it by this proof.
pub fn is_under(tree: &Tree, shown: &Checkpoint, proof: &[Hash]) -> bool {
    verify_consistency(tree.size(), shown.size, proof, tree.root(), shown.root).is_ok()
}
