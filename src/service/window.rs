//! The second window: where a Party's people lodge a record that the operator does not take in.
//!
//! The bytes are kept in a folder, two files a record: `<digest>.record` as it was lodged, and `<digest>.lodged`, the
//! window's word for it ([`crate::treaty::lodged`]). Then they are brought to the origin, again and again until it says
//! yes or no. A record stays open here until it is an entry of the copy; what the origin answered is kept beside it.
//!
//! Invariants: both files are on the disk before the word is given out; the first word for a record stays the only one;
//! so many records are open at once and no more, so that nobody can fill the disk.
//!
//! Deliberately absent: judgement. The rules are the ledger's; the window asks only that every signature is good.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use super::published::Published;
use crate::hash::Hash;
use crate::note::{SignError, Signer, Verifier};
use crate::treaty::lodged::Lodged;
use crate::treaty::time::Instant;

/// Records that are open at once.
const MAX_OPEN: usize = 4_096;
/// Between two attempts to bring what the origin has not answered.
const AGAIN: Duration = Duration::from_secs(5);
/// How long the origin may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The greatest answer that is kept.
const MAX_ANSWER: u64 = 1 << 20;

/// A window.
#[derive(Debug)]
pub struct Window {
    folder: PathBuf,
    key: Signer,
    origin: String,
    agent: ureq::Agent,
    url: String,
    open: Mutex<BTreeMap<Hash, Open>>,
    lodged: Notify,
}

/// A record that is lodged and, as far as the copy goes, no entry.
#[derive(Clone, Debug)]
pub struct Open {
    /// What the window says.
    pub said: Lodged,
    /// The signed note in which it says so.
    pub note: String,
    /// What the origin answered, if it did.
    pub answered: Option<u16>,
}

/// Why a record is not lodged.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// Send it again when some of them are entries.
    #[error("as many records are lodged here as may be")]
    Full,
    /// Look at the disk.
    #[error("the window's folder {folder} cannot be used")]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file was changed, or it is another window's.
    #[error("{0} is not a word of this window, or its record is not the one it speaks of")]
    Altered(PathBuf),
    /// The key failed its own check.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Window {
    /// Opens the window over a folder, which is made if need be; `url` is the origin's address.
    pub fn start(folder: &Path, key: Signer, origin: &str, url: &str) -> Result<Window, WindowError> {
        let io = |source| WindowError::Io { folder: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(io)?;
        let mut open = BTreeMap::new();
        for item in std::fs::read_dir(folder).map_err(io)? {
            let path = item.map_err(io)?.path();
            if path.extension().is_some_and(|extension| extension == "lodged") {
                let (digest, lodged) = read(&path, key.verifier())?;
                open.insert(digest, lodged);
            }
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .user_agent("countersign");
        Ok(Window {
            folder: folder.to_owned(),
            key,
            origin: origin.to_owned(),
            agent: config.build().into(),
            url: url.trim_end_matches('/').to_owned(),
            open: Mutex::new(open),
            lodged: Notify::new(),
        })
    }

    /// The public half of its key.
    pub fn verifier(&self) -> &Verifier {
        self.key.verifier()
    }

    /// Keeps a record whose signatures are all good, at a time, beside a copy of so many entries; answers the signed word
    /// for it. What was lodged before has the word that it had. Blocks.
    pub fn lodge(&self, digest: Hash, note: &[u8], at: Instant, size: u64) -> Result<String, WindowError> {
        let mut open = self.open();
        if let Some(known) = open.get(&digest) {
            return Ok(known.note.clone());
        }
        let path = self.path(&digest, "lodged");
        if path.exists() {
            let (_, known) = read(&path, self.key.verifier())?; // it was an entry, and is none any more
            return Ok(open.entry(digest).or_insert(known).note.clone());
        }
        if open.len() >= MAX_OPEN {
            return Err(WindowError::Full);
        }
        let said = Lodged { origin: self.origin.clone(), digest, note: Hash::of(note), at, size };
        let word = said.sign(&self.key)?;
        let io = |source| WindowError::Io { folder: self.folder.clone(), source };
        self.write(&self.path(&digest, "record"), note).map_err(io)?;
        self.write(&path, word.as_bytes()).map_err(io)?;
        open.insert(digest, Open { said, note: word.clone(), answered: None });
        self.lodged.notify_one();
        Ok(word)
    }

    /// What is lodged and no entry of the copy, in the order of the digests.
    pub fn list(&self, published: &Published) -> Vec<Open> {
        let mut open = self.open();
        open.retain(|digest, _| published.replica.register().index_of(digest).is_none());
        open.values().cloned().collect()
    }

    /// Brings what is lodged to the origin until the window is gone.
    pub async fn bring(window: Weak<Window>, published: Arc<ArcSwap<Published>>) {
        while let Some(here) = window.upgrade() {
            for lodged in here.list(&published.load()).into_iter().filter(|open| open.answered.is_none()) {
                let here = Arc::clone(&here);
                let _ = tokio::task::spawn_blocking(move || here.bring_one(&lodged.said.digest)).await;
            }
            let _ = tokio::time::timeout(AGAIN, here.lodged.notified()).await;
        }
    }

    /// Brings one record. What the origin says to it, yes or no, is kept; silence and "not now" are tried again.
    fn bring_one(&self, digest: &Hash) {
        let Ok(record) = std::fs::read(self.path(digest, "record")) else { return };
        let sent = self.agent.post(format!("{}/v1/records", self.url)).header("content-type", "text/plain");
        let mut answer = match sent.send(record.as_slice()) {
            Ok(answer) => answer,
            Err(error) => return tracing::warn!(%digest, %error, "the origin does not take what was lodged here"),
        };
        let status = answer.status().as_u16();
        // An answer is one that a ledger gives to a record: it is in, or it cannot be. "No such address" is none.
        if !matches!(status, 200 | 201 | 400 | 409 | 413 | 422) {
            return tracing::warn!(%digest, status, "the origin does not take what was lodged here");
        }
        let body = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec().unwrap_or_default();
        if let Err(error) = self.write(&self.path(digest, "answer"), &body) {
            tracing::error!(%digest, %error, "the origin's answer could not be kept");
        }
        tracing::info!(%digest, status, "the origin answered to what was lodged here");
        if let Some(open) = self.open().get_mut(digest) {
            open.answered = Some(status);
        }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<Hash, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, digest: &Hash, what: &str) -> PathBuf {
        self.folder.join(format!("{}.{what}", digest.to_hex()))
    }

    /// A name stands for a whole file, also after a crash.
    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let part = path.with_added_extension("part");
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&part, path)?;
        File::open(&self.folder)?.sync_all()
    }
}

/// A word of this window, whose record is beside it.
fn read(path: &Path, window: &Verifier) -> Result<(Hash, Open), WindowError> {
    let altered = || WindowError::Altered(path.to_owned());
    let bytes = std::fs::read(path).map_err(|_| altered())?;
    let said = Lodged::open(&bytes, window).ok_or_else(altered)?;
    let record = std::fs::read(path.with_extension("record")).map_err(|_| altered())?;
    if Hash::of(&record) != said.note {
        return Err(altered());
    }
    let note = String::from_utf8(bytes).map_err(|_| altered())?;
    Ok((said.digest, Open { said, note, answered: None }))
}
