//! What a mirror keeps of the origin's record of who read what: where it stood, signed by the clerk.
//!
//! The mirror reads the log with its Party's token, and sees the events of reading no more than anybody else. But it can ask
//! where their record stands, and for the links from where it stood before: a record that only grew leads from the one to
//! the other. If it does not, the clerk is asked what it says now of the place that it signed before. Either it contradicts
//! itself, and both statements are kept as evidence, or the links were wrong, which shows nothing and is asked again. Where
//! there are fewer events than before, both statements are kept, too: they prove nothing by themselves, and the ledger's
//! operator must say why.
//!
//! Invariants: what is held is replaced only by what goes on from it, and is on the disk before the old one is gone. A look
//! follows a bounded number of events; who was away for longer comes nearer with each.
//!
//! Deliberately absent: any influence on cosigning. Who read what says nothing about the log.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::evidence::{name_of, write, write_once};
use super::follow::blocking;
use super::origin::{Origin, OriginError};
use crate::evidence::accesses::{AccessHead, AccessHeadError};
use crate::note::Succession;
use crate::tlog::chain::{ChainHead, PAGE};

/// Why the record of accesses could not be followed.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// It may pass.
    #[error("the origin: {0}")]
    Origin(#[from] OriginError),
    /// Somebody else answers in the origin's place, or it is broken.
    #[error("what the origin says of its record of accesses does not count: {0}")]
    NotSaid(#[from] AccessHeadError),
    /// Nothing is shown by that; the origin is asked again.
    #[error(
        "the origin's links do not lead from the {held} events that it signed to the {said} that it says there are"
    )]
    DoNotAddUp {
        /// Events that were signed before.
        held: u64,
        /// Events that it says there are.
        said: u64,
    },
    /// Hand the files to both Parties.
    #[error("the clerk signed two records of {0} accesses that contradict each other")]
    Contradicts(u64),
    /// The operator of the origin must say why: a database that was filled up anew has lost its events of reading.
    #[error("the origin has a record of {said} accesses, and its clerk signed one of {held}")]
    WentBack {
        /// Events that were signed before.
        held: u64,
        /// Events that it says there are.
        said: u64,
    },
    /// Move the file away; it is made anew.
    #[error("what this mirror keeps of the origin's record of accesses, {path}, does not count: {why}")]
    Held {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: AccessHeadError,
    },
    /// Look at the disk.
    #[error("cannot use {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Events that one look follows at most.
const STEP: u64 = 1 << 20;

/// Follows the record of accesses.
#[derive(Debug)]
pub struct AccessWatch {
    origin: Origin,
    name: String,
    file: PathBuf,
    evidence: PathBuf,
    step: u64,
}

impl AccessWatch {
    /// Of the ledger with this name at this address, with a folder for evidence; what is held lies beside that.
    pub fn new(origin: Origin, name: &str, evidence: &Path) -> AccessWatch {
        let (file, evidence) = (evidence.with_file_name("accesses"), evidence.to_owned());
        AccessWatch { origin, name: name.to_owned(), file, evidence, step: STEP }
    }

    /// The same, with so many events at most that one look follows.
    pub fn by(self, step: u64) -> AccessWatch {
        AccessWatch { step, ..self }
    }

    /// Sees whether the record goes on from where it stood. Answers how many events there are.
    pub async fn look(&self, clerks: &Succession) -> Result<u64, WatchError> {
        let (mut said, mut note) = self.ask(None, clerks).await?;
        let Some(held_note) = self.held()? else {
            self.keep(&note)?;
            return Ok(said.head.count);
        };
        let unusable = |why| WatchError::Held { path: self.file.clone(), why };
        let held = self.open(&held_note, clerks).map_err(unusable)?;
        if said.contradicts(&held) || said.head.count < held.head.count {
            return Err(self.differs(&held, &held_note, &said, &note));
        }
        let newest = said.head.count;
        if newest - held.head.count > self.step {
            (said, note) = self.ask(Some(held.head.count + self.step), clerks).await?;
        }
        if self.leads(&held, &said).await? {
            self.keep(&note)?;
            return Ok(newest);
        }
        let (then, again) = self.ask(Some(held.head.count), clerks).await?;
        if then.contradicts(&held) {
            return Err(self.differs(&held, &held_note, &then, &again));
        }
        Err(WatchError::DoNotAddUp { held: held.head.count, said: said.head.count })
    }

    /// What the clerk says of the record, or of its first so many events.
    async fn ask(&self, count: Option<u64>, clerks: &Succession) -> Result<(AccessHead, String), WatchError> {
        let origin = self.origin.clone();
        let note = blocking(move || origin.accesses(count)).await?;
        let said = self.open(&note, clerks)?;
        if count.is_some_and(|count| count != said.head.count) {
            return Err(AccessHeadError::Malformed.into()); // it answers another question
        }
        Ok((said, note))
    }

    fn open(&self, note: &str, clerks: &Succession) -> Result<AccessHead, AccessHeadError> {
        AccessHead::open(note.as_bytes(), &self.name, clerks)
    }

    /// Whether the links lead from one to the other.
    async fn leads(&self, from: &AccessHead, to: &AccessHead) -> Result<bool, OriginError> {
        let mut head = from.head;
        while head.count < to.head.count {
            let (origin, after) = (self.origin.clone(), head.count);
            let mut links = blocking(move || origin.access_links(after)).await?;
            let wanted = usize::try_from(to.head.count - head.count).unwrap_or(usize::MAX);
            if links.len() < PAGE.min(wanted) {
                return Ok(false); // a page that is not whole comes only at the end
            }
            links.truncate(wanted);
            head = links.into_iter().fold(head, ChainHead::after);
        }
        Ok(head == to.head)
    }

    fn held(&self) -> Result<Option<String>, WatchError> {
        match std::fs::read_to_string(&self.file) {
            Ok(note) => Ok(Some(note)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn keep(&self, note: &str) -> Result<(), WatchError> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        write(folder, &self.file, note.as_bytes()).map_err(|error| self.failed(error))
    }

    fn failed(&self, source: std::io::Error) -> WatchError {
        WatchError::File { path: self.file.clone(), source }
    }

    /// Keeps both statements, the second under the name of the first, and says what they show.
    fn differs(&self, held: &AccessHead, held_note: &str, said: &AccessHead, note: &str) -> WatchError {
        let name = format!("accesses-{}-{}-{}", name_of(&self.name), held.head.count, said.head.count);
        for (which, note) in [("held", held_note), ("shown", note)] {
            let path = self.evidence.join(format!("{name}.{which}"));
            let made = std::fs::create_dir_all(&self.evidence);
            let kept = made.and_then(|()| write_once(&self.evidence, &path, note.as_bytes()));
            match kept {
                Ok(()) => tracing::error!(
                    file = %path.display(),
                    "the record of who read what is not the one that the clerk signed before: keep this file for both Parties"
                ),
                Err(error) => tracing::error!(%error, "evidence could not be kept"),
            }
        }
        let proved = said.contradicts(held);
        let (held, said) = (held.head.count, said.head.count);
        if proved { WatchError::Contradicts(held) } else { WatchError::WentBack { held, said } }
    }
}
