//! Opening a mirror: what its database holds, compared with the checkpoints that it took up.
//!
//! Every entry is hashed and folded again; up to the newest checkpoint under which all of it stands, signatures were
//! checked before it was committed and the root says that nothing has changed since. Beyond that each is checked again.
//!
//! Invariants: a database that is not under the checkpoints of the file is not served. One that stands behind them is
//! filled up from the origin.
//!
//! Deliberately absent: the origin's word for anything. The root of trust names entry 0, and entry 0 the keys.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use imbl::Vector;

use super::follow::Follower;
use super::heard::Heard;
use super::origin::{Origin, OriginError};
use crate::evidence::trust::Trust;
use crate::note::SignError;
use crate::replica::{ReplayError, Replica};
use crate::service::checkpoints::{CheckpointFile, CheckpointsError, verify};
use crate::service::clock::Clock;
use crate::service::copy::Standing;
use crate::service::published::{Published, Seal};
use crate::store::log::Log as _;
use crate::store::postgres::PostgresLog;
use crate::store::read::{Reader, pool};
use crate::store::{Address, StoreError};
use crate::tlog::Head;
use crate::treaty::admit::Signatures;
use crate::treaty::entry::Entry;
use crate::treaty::terms::Terms;
use crate::witness::evidence::EvidenceFolder;

/// What a mirror is opened with.
pub struct Settings {
    /// Where entries come from.
    pub origin: Origin,
    /// The root of trust.
    pub trust: Trust,
    /// The mirror's own database, as the runtime role.
    pub store: Address,
    /// The folder for its files.
    pub folder: PathBuf,
    /// The time.
    pub clock: Clock,
}

/// Why a mirror cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The first time, the origin must answer.
    #[error("the origin: {0}")]
    Origin(#[from] OriginError),
    /// Look at the root of trust: this is another ledger.
    #[error("entry 0 is not the one that the root of trust names: its record is {0}")]
    OtherLedger(String),
    /// Look at the database.
    #[error("the database cannot be used: {0}")]
    Store(#[from] StoreError),
    /// Somebody changed the database.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// See the reason.
    #[error(transparent)]
    Checkpoints(#[from] CheckpointsError),
    /// Somebody changed the database or the file: keep both.
    #[error("at size {size} the database has another root than the checkpoint that this mirror took up")]
    Differs {
        /// At which size.
        size: u64,
    },
    /// The database holds entries under no head of its own.
    #[error("the head row and the entries of the database disagree")]
    HeadDiffers,
    /// The seal has no checkpoint of a size that it was given.
    #[error(transparent)]
    Seal(#[from] SignError),
}

/// Opens a mirror; it follows nothing yet.
pub async fn open(settings: Settings) -> Result<Follower, LoadError> {
    let Settings { origin, trust, store, folder, clock } = settings;
    let reader = Reader::new(pool(store.clone(), 1));
    let mut log = PostgresLog::new(store);
    let first = first_terms(&mut log, &origin, &trust).await?;
    let path = folder.join("checkpoints");
    let (checkpoints, mut kept) = CheckpointFile::open(&path, &trust.origin)?;
    let heads: Vec<Head> = kept.iter().map(|(head, _)| *head).collect();
    let (replica, shown) = fold(&mut log, &heads).await?;
    let size = replica.tree().size();
    let (reached, ahead): (Vec<Head>, Vec<Head>) = heads.into_iter().partition(|head| head.size <= size);
    if let Some(head) = reached.iter().find(|head| replica.tree().root_at(head.size) != Some(head.root)) {
        return Err(LoadError::Differs { size: head.size });
    }
    let seal = Arc::new(Seal::kept(&trust.origin));
    kept.iter().for_each(|(head, note)| seal.keep(head.size, note));
    kept.truncate(reached.len()); // entries that the database lost may name the keys of the others
    verify(&path, &kept, &trust.origin, &replica.register().terms().unwrap_or(&first).log)?;
    let sizes: Vector<u64> = reached.iter().map(|head| head.size).collect();
    let signed = sizes.last().copied().unwrap_or(0);
    let published = match signed {
        0 => None,
        _ => Some(Arc::new(ArcSwap::from_pointee(Published::first(shown, sizes, &seal)?))),
    };
    let shown = published.as_ref().map(|published| published.load_full());
    let heard = Heard::open(reader, shown.as_deref(), &seal).await?;
    let standing = Arc::new(Standing::default());
    let folder = folder.join("evidence");
    let evidence = EvidenceFolder::new(&folder);
    Ok(Follower {
        origin,
        first,
        log,
        replica,
        signed,
        checkpoints,
        ahead,
        seal,
        published,
        heard,
        standing,
        evidence,
        folder,
        clock,
    })
}

/// The terms of entry 0: of the database, or else of the origin. The root of trust names entry 0.
async fn first_terms(log: &mut PostgresLog, origin: &Origin, trust: &Trust) -> Result<Arc<Terms>, LoadError> {
    let first = match log.load(0).await?.entries.into_iter().next() {
        Some(first) => first,
        None => {
            let origin = origin.clone();
            let asked = tokio::task::spawn_blocking(move || origin.entries(0, 1)).await;
            let cut = |_| OriginError::Absent("the question was cut off".into());
            asked.map_err(cut)??.into_iter().next().unwrap_or_default()
        }
    };
    let malformed = |malformed| ReplayError::Malformed { index: 0, malformed };
    let digest = Entry::parse(&first).map_err(malformed)?.signed.digest;
    if digest != trust.terms {
        return Err(LoadError::OtherLedger(digest.to_string()));
    }
    let mut replica = Replica::default();
    replica.replay(&first, Signatures::Check)?;
    let terms = replica.register().terms().cloned();
    Ok(terms.ok_or(ReplayError::Beginning("it is not a terms record"))?)
}

/// Everything that the database holds, and the state under the newest checkpoint that it reaches.
async fn fold(log: &mut PostgresLog, heads: &[Head]) -> Result<(Replica, Replica), LoadError> {
    let (mut replica, mut shown) = (Replica::default(), Replica::default());
    loop {
        let page = log.load(replica.tree().size()).await?;
        let newest = heads.iter().rev().find(|head| head.size <= page.head.size).map_or(0, |head| head.size);
        for bytes in &page.entries {
            let is_under = replica.tree().size() < newest;
            replica.replay(bytes, if is_under { Signatures::CheckedElsewhere } else { Signatures::Check })?;
            if replica.tree().size() == newest {
                shown = replica.clone();
            }
        }
        if page.entries.is_empty() || replica.tree().size() >= page.head.size {
            return if replica.head() == page.head { Ok((replica, shown)) } else { Err(LoadError::HeadDiffers) };
        }
    }
}
