//! Checkpoints and receipts as readers get them: signed by the log, with every cosignature line that is held.
//!
//! Invariants: a receipt never changes but for lines that are added below it. The final receipt of a record is its proof
//! in the first checkpoint that contains it and met the quorum of the terms; while there is none, there is no final
//! receipt.
//!
//! Deliberately absent: who may read which record ([`super::query`]).

use super::cosigned::Finality;
use super::known::Known;
use super::ledger::Ledger;
use super::published::Published;

impl Ledger {
    /// The signed checkpoint of a committed size, with every cosignature line; nothing for a size that was never committed.
    pub fn checkpoint_at(&self, published: &Published, size: u64) -> Option<String> {
        let signed = published.checkpoint_at(size, &self.seal)?;
        Some(format!("{signed}{}", self.cosigned.lines.load().below(size)))
    }

    /// The receipt of an entry: its proof in the first committed head that contains it (C2SP tlog-proof).
    pub fn receipt_of(&self, published: &Published, index: u64) -> Option<String> {
        self.proof_in(published, index, published.first_size_over(index)?)
    }

    /// The final receipt of an entry, by checkpoints of at most the size that is known.
    pub fn final_receipt_of(&self, known: &Known, index: u64) -> Option<String> {
        self.proof_in(&known.published, index, self.finality(known, index).size?)
    }

    /// How far a record is from final, by checkpoints of at most the size that is known.
    pub fn finality(&self, known: &Known, index: u64) -> Finality {
        self.cosigned.lines.load().finality(index, known.size(), &known.published.replica)
    }

    /// The proof of an entry in the checkpoint of a size.
    pub fn proof_in(&self, published: &Published, index: u64, size: u64) -> Option<String> {
        published.proof(index, size, self.checkpoint_at(published, size)?)
    }
}
