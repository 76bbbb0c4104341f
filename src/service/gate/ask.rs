//! What others show of this log: cosigners at their monitoring addresses, mirrors at their own, and the checkpoints
//! that were kept as evidence.
//!
//! All are asked at once, each for one note and no longer than its time. Of what comes only a checkpoint with a good line
//! by the log's own key counts; everything else is a silence with a reason.
//!
//! Invariants: no more is read than a note may have; nobody can hold up another, nor the start for longer than the time
//! of one request; nothing is believed but the log's own signature.
//!
//! Deliberately absent: what the checkpoints mean ([`super::decide`]).

use std::path::Path;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::GateSettings;
use super::decide::Seen;
use crate::note::{Note, Signer, Succession, Verifier, open};
use crate::replica::{LedgerKeys, Replica};
use crate::service::cosigning::http::Http;
use crate::tlog::checkpoint::{Checkpoint, CheckpointError};
use crate::tlog::fork::Checkpoints;

/// How much longer than one request all of them together may take.
const GRACE: Duration = Duration::from_millis(500);

/// Somebody who was asked and showed nothing that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silent {
    /// Who.
    pub by: String,
    /// Why it does not count.
    pub why: String,
}

/// What was gathered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Checkpoints of this log, each signed by it.
    pub seen: Vec<Seen>,
    /// Who showed none.
    pub silent: Vec<Silent>,
}

/// The log that others are asked about.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its name.
    pub origin: String,
    /// The keys that its terms name, as far as its entries are here.
    known: Option<Succession>,
    /// Keys that this server holds and these entries do not name: entries that are missing may.
    held: Vec<Verifier>,
}

impl Asked {
    /// The log of these entries, whose server holds these keys.
    pub fn of(replica: &Replica, keys: &LedgerKeys) -> Asked {
        let terms = replica.register().terms();
        let held = keys.log.iter().map(Signer::verifier);
        let name = terms.map(|terms| terms.origin.clone());
        let name = name.or_else(|| held.clone().next().map(|key| key.name().to_owned()));
        let known = terms.map(|terms| terms.log.clone());
        let is_new = |key: &&Verifier| known.as_ref().is_none_or(|known| known.all().all(|named| named != *key));
        let held = held.filter(is_new).cloned().collect();
        Asked { origin: name.unwrap_or_default(), known, held }
    }

    /// Reads a note, and checks that this log signed it: with the key that its terms name for this size, or with one that
    /// entries which are not here may name. A former key signs nothing beyond its own sizes.
    pub fn open(&self, note: &[u8]) -> Result<Checkpoint, CheckpointError> {
        let parsed = Note::parse(note)?;
        let checkpoint = Checkpoint::parse(parsed.text())?;
        if checkpoint.origin != self.origin {
            return Err(CheckpointError::OtherOrigin);
        }
        let in_force = self.known.as_ref().map(|known| known.at(checkpoint.size));
        let keys: Vec<Verifier> = in_force.into_iter().chain(&self.held).cloned().collect();
        open(&parsed, &keys)?;
        Ok(checkpoint)
    }

    fn seen(&self, by: &str, note: &[u8]) -> Result<Seen, Silent> {
        let silent = |why: String| Silent { by: by.to_owned(), why };
        let checkpoint =
            self.open(note).map_err(|error| silent(format!("it shows no checkpoint that this log signed: {error}")))?;
        let note = String::from_utf8(note.to_vec()).map_err(|_| silent("its checkpoint is not UTF-8".into()))?;
        Ok(Seen { by: by.to_owned(), checkpoint, note })
    }
}

/// What somebody answers: a note, nothing because this log was never brought there, or no answer that counts.
type Said = Result<Option<Vec<u8>>, String>;

/// Asks every cosigner and every mirror at once. Who knows nothing of this log yet says so, and is not silent.
pub async fn gather(asked: &Asked, gate: &GateSettings) -> Gathered {
    let mut asks: Vec<(String, JoinHandle<Said>)> = Vec::new();
    let within = gate.within + GRACE;
    for cosigner in &gate.cosigners {
        let (http, url, origin) = (Http::new(gate.within), cosigner.url.clone(), asked.origin.clone());
        asks.push((cosigner.name.clone(), ask(within, move || http.latest(&url, &origin))));
    }
    for mirror in &gate.mirrors {
        let (by, mirror) = (mirror.url().to_owned(), mirror.clone());
        let look = move || mirror.checkpoint().map(|note| Some(note.into_bytes())).map_err(|error| error.to_string());
        asks.push((by, ask(within, look)));
    }
    let mut gathered = Gathered::default();
    for (by, ask) in asks {
        let found = match ask.await.unwrap_or_else(|_| Err("the question was cut off".into())) {
            Ok(Some(note)) => asked.seen(&by, &note),
            Ok(None) => continue,
            Err(why) => Err(Silent { by, why }),
        };
        match found {
            Ok(seen) => gathered.seen.push(seen),
            Err(silent) => gathered.silent.push(silent),
        }
    }
    gathered
}

/// Asks where waiting is allowed, beside all others. An agent's own limits may be looser than ours, as a mirror's are.
fn ask(within: Duration, ask: impl FnOnce() -> Said + Send + 'static) -> JoinHandle<Said> {
    tokio::spawn(async move {
        let asked = tokio::time::timeout(within, tokio::task::spawn_blocking(ask)).await;
        asked.map_or_else(
            |_| Err("it does not answer in time".into()),
            |asked| asked.unwrap_or_else(|_| Err("the question was cut off".into())),
        )
    })
}

/// The checkpoints that are kept as evidence. A proof stays one whatever the database says afterwards; whoever has dealt
/// with it moves its file away.
pub fn kept(asked: &Asked, folder: &Path) -> Vec<Seen> {
    let Ok(items) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = items.filter_map(|item| Some(item.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    let mut seen = Vec::new();
    for path in paths {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let (mut reader, by) = (Checkpoints::default(), path.display().to_string());
        let notes = text.split_inclusive('\n').filter_map(|line| reader.take(line));
        seen.extend(notes.filter_map(|note| asked.seen(&by, note.as_bytes()).ok()));
    }
    seen
}
