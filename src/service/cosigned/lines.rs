//! The way of a line into the store and out of it: verified both times.
//!
//! Invariants: a line that stands in the store and is not good stops the ledger from being opened. Nobody but its
//! cosigner can make one, and the ledger stored only good ones; so somebody else wrote there.
//!
//! Deliberately absent: what a line is worth.

use super::{Cosignatures, Cosigned, Held};
use crate::service::published::{Published, Seal};
use crate::store::StoreError;
use crate::store::cosignature::StoredLine;
use crate::store::read::Reader;
use crate::tlog::cosignature::answered;
use crate::treaty::past::Past;
use crate::treaty::time::Instant;

/// Why a line is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGood {
    /// The log names no such cosigner, or not at this size.
    #[error("at size {1} the log names no good key of a cosigner {0}")]
    NoKey(String, u64),
    /// There never was such a checkpoint.
    #[error("no checkpoint of size {0} was committed")]
    NoCheckpoint(u64),
    /// The signature is not good.
    #[error("the line of {0} over size {1} is not its cosignature")]
    Bad(String, u64),
    /// No calendar has its time.
    #[error("the line of {0} over size {1} has a time beyond the year 9999")]
    Time(String, u64),
}

/// Verifies a line over a committed size.
pub fn verify(published: &Published, seal: &Seal, stored: &StoredLine) -> Result<Held, NotGood> {
    let (size, name) = (stored.size, stored.name.as_str());
    let text = published.text_at(size, seal).ok_or(NotGood::NoCheckpoint(size))?;
    let mut keys = Past::of(published.replica.register(), size).keys();
    let key = keys.find(|key| key.name.as_str() == name && key.name.role().cosigns() && key.revoked.is_none());
    let key = key.ok_or_else(|| NotGood::NoKey(name.to_owned(), size))?;
    let good = answered(&key.published, &format!("{}\n", stored.line), &text);
    let (line, time) = good.map_err(|_| NotGood::Bad(name.to_owned(), size))?;
    let at = i64::try_from(time).ok().and_then(Instant::from_seconds);
    Ok(Held { name: key.name, line, at: at.ok_or_else(|| NotGood::Time(name.to_owned(), size))? })
}

/// Why a line is not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// It is none of a cosigner whom the log names at this size, or not good.
    #[error(transparent)]
    NotGood(#[from] NotGood),
    /// It can be asked for again.
    #[error("the line could not be stored: {0}")]
    Store(#[from] StoreError),
    /// Somebody changed the database.
    #[error("another line was read from the database than was added: {0}")]
    Other(NotGood),
}

/// Verifies a line, stores it, verifies what was read back, and shows that.
pub async fn keep(
    cosigned: &Cosigned,
    (published, seal): (&Published, &Seal),
    reader: &Reader,
    new: StoredLine,
) -> Result<Held, KeepError> {
    verify(published, seal, &new)?;
    let stored = StoredLine { line: reader.add_cosignature(&new).await?, ..new };
    let held = verify(published, seal, &stored).map_err(KeepError::Other)?;
    let mut lines = cosigned.lines.load().as_ref().clone();
    lines.add(&published.replica, stored.size, held.clone());
    cosigned.show(lines);
    Ok(held)
}

/// Every line of the store.
pub async fn load(reader: &Reader, published: &Published, seal: &Seal) -> Result<Cosignatures, StoreError> {
    let mut all = Cosignatures::default();
    let (mut size, mut name) = (0, String::new());
    loop {
        let page = reader.cosignatures_after(size, &name).await?;
        let Some(last) = page.last() else { return Ok(all) };
        (size, name) = (last.size, last.name.clone());
        for stored in &page {
            let held = verify(published, seal, stored).map_err(|error| StoreError::Falsified(error.to_string()))?;
            all.add(&published.replica, stored.size, held);
        }
    }
}
