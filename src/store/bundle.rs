//! Whole bundles of entries, as they are served (C2SP tlog-tiles); those that were asked for lately are kept.
//!
//! The 256 entries of a whole bundle never change, so a bundle that was read once is the bundle, with the hash of its bytes.
//!
//! Invariants: a bundle is kept only whole, and all that are kept have at most [`KEPT`] bytes; many who ask for one at once
//! wait for one reading.
//!
//! Deliberately absent: bundles that still grow, hash tiles (the tree has them in memory), and whether the bytes are those that
//! were signed: whoever fetches them compares them with the tree.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sqlx::Row as _;

use super::read::Reader;
use super::{StoreError, bigint};
use crate::hash::Hash;
use crate::tlog::tiles::{FULL, encode_bundle};

/// Bytes of all bundles that are kept: some 150,000 entries.
pub const KEPT: u64 = 256 << 20;
/// How many bundles the bookkeeping is made for.
const USUAL: usize = 256;

/// A whole bundle.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Its bytes.
    pub bytes: Bytes,
    /// Their SHA-256.
    pub hash: Hash,
}

#[derive(Clone)]
struct Size;

impl Weighter<u64, Bundle> for Size {
    fn weight(&self, _: &u64, bundle: &Bundle) -> u64 {
        bundle.bytes.len() as u64
    }
}

/// The bundles that are kept.
#[derive(Clone)]
pub struct Bundles(Arc<Cache<u64, Bundle, Size>>);

impl Default for Bundles {
    fn default() -> Bundles {
        Bundles(Arc::new(Cache::with_weighter(USUAL, KEPT, Size)))
    }
}

impl fmt::Debug for Bundles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bundles of {} bytes", self.0.len(), self.0.weight())
    }
}

impl Reader {
    /// The whole bundle at this position: the entries from 256 times it on, all of which are committed.
    pub async fn bundle(&self, position: u64) -> Result<Bundle, StoreError> {
        self.bundles().0.get_or_insert_async(&position, self.read_bundle(position)).await
    }

    async fn read_bundle(&self, position: u64) -> Result<Bundle, StoreError> {
        let (start, count) = (position * u64::from(FULL), usize::from(FULL));
        let rows = sqlx::query("SELECT note FROM countersign.entry WHERE index >= $1 AND index < $2 ORDER BY index")
            .bind(bigint(start))
            .bind(bigint(start + u64::from(FULL)))
            .fetch_all(self.pool())
            .await?;
        if rows.len() != count {
            return Err(StoreError::Falsified(format!(
                "of {count} entries from {start} on only {} are stored",
                rows.len()
            )));
        }
        let notes = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<&[u8]>, _>>()?;
        let too_large = |_| StoreError::Falsified("an entry is larger than it can be".into());
        let bytes = Bytes::from(encode_bundle(notes).map_err(too_large)?);
        Ok(Bundle { hash: Hash::of(&bytes), bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let bundles = Bundles::default();
        let large = Bytes::from(vec![7; 1 << 20]);
        for position in 0..600 {
            bundles.0.insert(position, Bundle { bytes: large.clone(), hash: Hash::of(b"") });
            assert!(bundles.0.weight() <= KEPT, "{bundles:?}");
        }
        assert!(bundles.0.weight() > KEPT / 2, "{bundles:?}");
    }
}
