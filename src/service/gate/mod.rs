//! The boot gate: before a ledger signs or shows anything, it finds out whether it is the whole ledger.
//!
//! In reading order: [`load`] hashes and folds what the database holds; [`ask`] gathers what others show of this log;
//! [`decide`] judges; [`heal`] fills up what is missing from a mirror; [`evidence`] keeps what proves a fork, at the start
//! and while the ledger runs. [`pass`] is all of it.
//!
//! Invariants:
//! - Nothing is signed or shown before the gate has answered.
//! - A ledger that is behind writes nothing until it has been filled up; one that has forked does not start.
//! - Who is silent is named, and keeps nobody from writing.
//!
//! Deliberately absent: repair by hand, and any way past the gate.

pub mod ask;
pub mod decide;
pub mod evidence;
pub mod heal;
pub mod load;

use std::path::{Path, PathBuf};
use std::time::Duration;

use self::ask::{Asked, Silent, gather, kept};
use self::decide::{Branch, Fork, Missing, Seen, decide};
use self::heal::{Behind, NotHealed, heal};
use self::load::{LoadError, Loaded};
use super::heads::{HeadFile, HeadsError, Held};
use super::origin::Origin;
use crate::replica::LedgerKeys;
use crate::store::log::Log;
use crate::tlog::Head;

/// Where somebody shows what was cosigned last. Its key is not looked at: only the log's own signature counts, and a
/// database that was rolled back may not name the key yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// Its name, for people.
    pub name: String,
    /// Its monitoring prefix.
    pub url: String,
}

/// What the gate may use beside the database and the second store.
#[derive(Clone, Debug)]
pub struct GateSettings {
    /// Who is asked what they hold of this log.
    pub cosigners: Vec<Monitor>,
    /// Full copies from which missing entries may be taken.
    pub mirrors: Vec<Origin>,
    /// How long somebody who is asked may take.
    pub within: Duration,
    /// The folder for checkpoints that contradict the ledger.
    pub evidence: PathBuf,
}

impl GateSettings {
    /// Nobody to fill up from.
    pub fn new(evidence: PathBuf) -> GateSettings {
        GateSettings { cosigners: Vec::new(), mirrors: Vec::new(), within: Duration::from_secs(5), evidence }
    }
}

/// Where a ledger is kept.
pub struct Places<'a, L> {
    /// The database.
    pub log: &'a mut L,
    /// The file of heads.
    pub heads: &'a Path,
}

/// How a ledger came through the gate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Who was asked and showed nothing that counts.
    pub silent: Vec<Silent>,
    /// How many entries were filled up from mirrors.
    pub healed: u64,
    /// What is missing: the ledger only reads.
    pub missing: Option<Missing>,
}

/// What may be shown, and whether it may be written to.
pub struct Passed {
    /// The log.
    pub loaded: Loaded,
    /// The second store, brought up to date; nothing where the ledger only reads.
    pub heads: Option<HeadFile>,
    /// How it stands.
    pub standing: Standing,
}

/// Why a ledger does not start.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// See the reason.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// See the reason.
    #[error(transparent)]
    Heads(#[from] HeadsError),
    /// Give a mirror to fill up from; never begin a new log in its place.
    #[error(
        "the database is empty, and {by} knows of {to} entries that this log signed: start with --restore-from and the \
         address of a mirror",
        by = .0.by,
        to = .0.to
    )]
    Emptied(Missing),
    /// Look at the addresses, the token and the mirrors; never begin a new log in its place.
    #[error("the database is empty, and no mirror shows anything to fill it up with: {}", .0.iter().map(|silent| format!("{}: {}", silent.by, silent.why)).collect::<Vec<_>>().join("; "))]
    NoMirror(Vec<Silent>),
    /// Stay down, and hand the evidence to both Parties.
    #[error("at size {size} this log has signed two histories: {by} shows another one than the database holds{}", file.as_ref().map_or_else(String::new, |file| format!("; the evidence is {}", file.display())))]
    Forked {
        /// At which size.
        size: u64,
        /// Who shows the other one.
        by: String,
        /// The evidence, if it could be written.
        file: Option<PathBuf>,
    },
}

/// Lets a ledger pass, fills it up, or says why it must not start. `loaded` is what the database holds, perhaps nothing.
pub async fn pass<L: Log>(
    gate: &GateSettings,
    keys: &LedgerKeys,
    places: Places<'_, L>,
    loaded: Loaded,
) -> Result<Passed, GateError> {
    let held = HeadFile::look(places.heads)?;
    let asked = Asked::of(&loaded.replica, keys);
    let mut gathered = gather(&asked, gate).await;
    for Silent { by, why } in &gathered.silent {
        tracing::warn!(by, why, "a cosigner does not say what it holds of this ledger");
    }
    gathered.seen.extend(kept(&asked, &gate.evidence));
    let mut inquiry = Inquiry { gate, keys, asked, held, seen: gathered.seen, loaded, healed: 0 };
    let branch = inquiry.settle(places.log).await?;
    let mut standing = Standing { silent: gathered.silent, healed: inquiry.healed, missing: None };
    let size = inquiry.loaded.replica.tree().size();
    let (is_there, torn) = (inquiry.held.is_there, inquiry.held.is_torn);
    match branch {
        Branch::Forked(fork) => return Err(inquiry.forked(fork, places.heads)),
        Branch::Behind(missing) if size == 0 => return Err(GateError::Emptied(missing)),
        Branch::Behind(missing) => {
            let (from, to, by) = (missing.from, missing.to, &missing.by);
            tracing::error!(from, to, by, "the database was rolled back: entries are missing, and nothing is written");
            standing.missing = Some(missing);
            return Ok(Passed { loaded: inquiry.loaded, heads: None, standing });
        }
        Branch::Alone | Branch::Equal | Branch::Ahead if size == 0 && !gate.mirrors.is_empty() => {
            return Err(GateError::NoMirror(standing.silent));
        }
        Branch::Alone | Branch::Equal | Branch::Ahead => {
            tracing::info!(?branch, size, torn, second_store = is_there, "the ledger may write");
        }
    }
    let heads = match size {
        0 => None,
        _ => Some(second_store(places.heads, &inquiry.loaded)?),
    };
    Ok(Passed { loaded: inquiry.loaded, heads, standing })
}

/// What is known while the gate makes up its mind.
struct Inquiry<'a> {
    gate: &'a GateSettings,
    keys: &'a LedgerKeys,
    asked: Asked,
    held: Held,
    seen: Vec<Seen>,
    loaded: Loaded,
    healed: u64,
}

impl Inquiry<'_> {
    fn judge(&self) -> Branch {
        decide(self.loaded.replica.tree(), &self.held.heads, &self.seen)
    }

    /// Decides; where entries are missing, first looks whether another server has added them in the meantime, then asks
    /// the mirrors for them.
    async fn settle(&mut self, log: &mut impl Log) -> Result<Branch, GateError> {
        let mut branch = self.judge();
        let signed = self.held.heads.last().map_or(0, |head| head.size);
        if matches!(branch, Branch::Behind(_)) {
            self.loaded.read(log, signed).await?;
            branch = self.judge();
        }
        for mirror in &self.gate.mirrors {
            if !matches!(branch, Branch::Behind(_)) {
                break;
            }
            let (loaded, heads, seen) = (&self.loaded, &*self.held.heads, &*self.seen);
            let behind = Behind { loaded, heads, seen, asked: &self.asked, keys: self.keys };
            match heal(&behind, mirror, log).await {
                Ok(healed) => {
                    let (before, after) = (self.loaded.replica.tree().size(), healed.replica.tree().size());
                    tracing::warn!(
                        before,
                        after,
                        mirror = mirror.url(),
                        "the database was rolled back, and is filled up"
                    );
                    self.healed += after - before;
                    self.loaded = healed;
                    branch = self.judge();
                }
                Err(NotHealed::Forked(fork)) => return Ok(Branch::Forked(*fork)),
                Err(NotHealed::Diverged(other)) => {
                    let (seen, leads) = *other;
                    return Ok(Branch::Forked(Fork::Diverged(Box::new(seen), leads)));
                }
                Err(error) => {
                    tracing::error!(mirror = mirror.url(), %error, "the missing entries are not to be had here");
                    // What was committed before it went wrong is under a signed checkpoint, and counts.
                    self.loaded.read(log, signed).await?;
                    branch = self.judge();
                }
            }
        }
        Ok(branch)
    }

    /// Keeps the evidence, and says what it is about.
    fn forked(&self, fork: Fork, heads: &Path) -> GateError {
        if let Fork::SecondStore(head) = fork {
            // Which of the two was signed is not known here, so nothing is signed now.
            return match HeadFile::open(heads, self.loaded.replica.tree()) {
                Err(error) => error.into(),
                Ok(_) => GateError::Forked { size: head.size, by: decide::SECOND_STORE.into(), file: None },
            };
        }
        let (seen, evidence) = evidence::of_fork(&fork, &self.loaded.replica, &self.held.heads, self.keys);
        let file = match evidence::keep(&self.gate.evidence, &evidence) {
            Ok(file) => Some(file),
            Err(error) => {
                tracing::error!(%error, "the evidence of a fork could not be written");
                None
            }
        };
        GateError::Forked { size: seen.0, by: seen.1, file }
    }
}

/// Brings the second store up to date: heads that a crash kept out of it are added.
fn second_store(path: &Path, loaded: &Loaded) -> Result<HeadFile, HeadsError> {
    let tree = loaded.replica.tree();
    let mut heads = HeadFile::open(path, tree)?;
    let known = heads.last().map_or(0, |head| head.size);
    let missing = loaded.sizes.iter().copied().filter(|&size| size > known);
    let missing: Vec<Head> = missing.map(|size| Head { size, root: tree.root_at(size).unwrap_or_default() }).collect();
    heads.append_all(&missing)?;
    Ok(heads)
}
