//! Everything that the database holds, hashed and folded again.
//!
//! Invariants: what the head row says is what the entries add up to.
//!
//! Deliberately absent: comparison with anything outside the database ([`super::decide`]).

use imbl::Vector;

use crate::evidence::trust::Trust;
use crate::replica::{ReplayError, Replica};
use crate::store::StoreError;
use crate::store::log::Log;
use crate::tlog::Head;
use crate::treaty::admit::Signatures;

/// A log as the database holds it.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Tree and register.
    pub replica: Replica,
    /// The sizes of the committed heads, ascending.
    pub sizes: Vector<u64>,
    /// The root of trust; nothing of an empty database.
    pub trust: Option<Trust>,
}

/// Why what the database holds is no log.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Look at the database.
    #[error("the database cannot be used: {0}")]
    Store(#[from] StoreError),
    /// Somebody changed the database.
    #[error("the head row says size {} root {}, the entries say size {} root {}", head.size, head.root, entries.size, entries.root)]
    HeadDiffers {
        /// What the head row says.
        head: Head,
        /// What the entries add up to.
        entries: Head,
    },
    /// An entry breaks the rules or cannot be read.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

impl Loaded {
    /// Hashes and folds every entry that is not here yet. Up to the size that was signed, signatures are the business of
    /// audits and mirrors. Beyond it nothing has been signed yet: what stands there came through the database, and is
    /// checked in full.
    pub async fn read(&mut self, log: &mut impl Log, signed: u64) -> Result<(), LoadError> {
        loop {
            let page = log.load(self.replica.tree().size()).await?;
            for bytes in &page.entries {
                let is_signed = self.replica.tree().size() < signed;
                let signatures = if is_signed { Signatures::CheckedElsewhere } else { Signatures::Check };
                let entry = self.replica.replay(bytes, signatures)?;
                self.trust.get_or_insert_with(|| Trust {
                    origin: entry.signed.record.origin.clone(),
                    terms: entry.signed.digest,
                });
            }
            self.sizes.extend(page.sizes);
            let entries = self.replica.head();
            if page.entries.is_empty() || entries.size >= page.head.size {
                return if entries == page.head {
                    Ok(())
                } else {
                    Err(LoadError::HeadDiffers { head: page.head, entries })
                };
            }
        }
    }
}
