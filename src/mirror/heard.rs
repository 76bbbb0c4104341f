//! What cosigners said of the checkpoints that the origin shows: a mirror tells its readers, too, what is final.
//!
//! The origin shows cosignatures below its checkpoints. Those that are good are kept in the mirror's own database, so that
//! it can show them when the origin is gone.
//!
//! Invariants: only lines by keys that the log names as cosigners', each verified over a checkpoint that this mirror took
//! up, when it came and whenever it is read.
//!
//! Deliberately absent: asking cosigners. That is the ledger's work, and its lines are the ones that count.

use std::sync::Arc;
use std::time::Duration;

use crate::note::Note;
use crate::service::cosigned::lines::{KeepError, keep, load};
use crate::service::cosigned::{Cosignatures, Cosigned};
use crate::service::published::{Published, Seal};
use crate::store::StoreError;
use crate::store::cosignature::StoredLine;
use crate::store::read::Reader;

/// The lines that a mirror has heard of.
pub struct Heard {
    /// What its readers are told.
    pub cosigned: Arc<Cosigned>,
    reader: Reader,
}

impl Heard {
    /// What the mirror's database holds.
    pub async fn open(reader: Reader, published: Option<&Published>, seal: &Seal) -> Result<Heard, StoreError> {
        let lines = match published {
            Some(published) => load(&reader, published, seal).await?,
            None => Cosignatures::default(),
        };
        Ok(Heard { cosigned: Arc::new(Cosigned::new(lines, Vec::new(), Duration::ZERO)), reader })
    }

    /// Keeps the good lines below a checkpoint of this size that was taken up. A database that does not take them now is
    /// asked again at the next look.
    pub async fn hear(&self, published: &Published, seal: &Seal, size: u64, checkpoint: &str) {
        let Ok(note) = Note::parse(checkpoint.as_bytes()) else { return };
        for line in note.lines() {
            let known = |lines: &Cosignatures| lines.at(size).iter().any(|held| held.name.as_str() == line.name);
            if known(&self.cosigned.lines.load()) {
                continue;
            }
            let new = StoredLine { size, name: line.name.clone(), line: line.to_string() };
            match keep(&self.cosigned, (published, seal), &self.reader, new).await {
                // The log's own line, one of somebody whom the log does not name, or none at all, says nothing.
                Ok(_) | Err(KeepError::NotGood(_)) => {}
                Err(error) => tracing::warn!(%error, cosigner = line.name, size, "a cosignature could not be kept"),
            }
        }
    }
}
