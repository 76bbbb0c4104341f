//! What a mirror keeps of an origin that broke a rule or contradicts itself.
//!
//! An entry that the log signed and a rule forbids is two files: `rule-<origin>-<index>-<code>.entry`, the entry's bytes,
//! and `….tlog-proof`, its proof in the checkpoint (C2SP tlog-proof). Whoever has the log up to that index can judge the
//! entry again. Checkpoints that contradict each other are kept as every witness keeps them ([`crate::tlog::fork`]).
//!
//! Invariants: a name stands for a whole file; a file that is there is never touched.
//!
//! Deliberately absent: telling anybody. The mirror's log names the files; handing them on is for people.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::hash::Hash;
use crate::note::Verifier;
use crate::replica::ReplayError;
use crate::service::published::{Published, Seal};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::fork::Evidence;
use crate::tlog::leaf_hash;
use crate::tlog::proof::Proof;
use crate::witness::evidence::EvidenceFolder;

/// An entry that the log signed and a rule forbids.
#[derive(Clone, Debug)]
pub struct Accused {
    /// Which entry.
    pub index: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The rule.
    pub code: String,
    /// The checkpoint that is over it.
    pub checkpoint: Checkpoint,
    /// The same, as the log signed it.
    pub note: String,
}

impl Accused {
    /// Keeps the entry and its proof; without a proof that is good, the checkpoint alone. Answers the entry's file.
    pub fn keep(&self, folder: &Path, hashes: Option<Vec<Hash>>, log: &Verifier) -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let origin = name_of(&self.checkpoint.origin);
        let path = folder.join(format!("rule-{origin}-{}-{}.entry", self.index, self.code));
        let proof =
            hashes.map(|hashes| Proof { extra: None, index: self.index, hashes, checkpoint: self.note.clone() });
        let good = |proof: &Proof| proof.verify(leaf_hash(&self.bytes), &self.checkpoint.origin, log).is_ok();
        match proof.filter(good) {
            Some(proof) => write_once(folder, &path.with_extension("tlog-proof"), proof.to_string().as_bytes())?,
            None => write_once(folder, &path.with_extension("checkpoint"), self.note.as_bytes())?,
        }
        write_once(folder, &path, &self.bytes)?;
        Ok(path)
    }
}

/// What stands for an origin in names of files.
pub fn name_of(origin: &str) -> String {
    Hash::of(origin.as_bytes()).to_hex().chars().take(16).collect()
}

/// Writes a file that is never touched again.
pub fn write_once(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if path.exists() { Ok(()) } else { write(folder, path, bytes) }
}

/// Writes a file, whole or not at all, in the place of the one that is there.
pub fn write(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = path.with_added_extension("part");
    let mut file = File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, path)?;
    File::open(folder)?.sync_all()
}

/// The rule that an entry breaks, in a word that never changes, and which entry it is; `next` is the one that was expected.
pub fn name(error: &ReplayError, next: u64) -> (String, u64) {
    let (code, index) = match error {
        ReplayError::Malformed { index, malformed } => (malformed.code, *index),
        ReplayError::Refused { index, refused } => {
            (refused.first().map_or("refused", |first| first.refusal.code()), *index)
        }
        ReplayError::Beginning(_) => ("not_a_beginning", 0),
        ReplayError::TimeWentBack { index } => ("time_went_back", *index),
        ReplayError::Repeated { index, .. } => ("repeated", *index),
        ReplayError::NotCountersigned { index } => ("not_countersigned", *index),
        ReplayError::RulesUnknown(_) => ("rules_unknown", next),
    };
    (code.to_owned(), index)
}

/// Keeps a checkpoint of the log beside what was held: that of its own size, if the mirror took one up, else the newest.
pub fn keep_beside(
    folder: &EvidenceFolder,
    published: Option<&Published>,
    seal: &Seal,
    shown: &Checkpoint,
    note: &str,
) {
    let held = published
        .and_then(|published| published.checkpoint_at(shown.size, seal).or_else(|| Some(published.checkpoint.clone())));
    let keys = published.and_then(|published| published.replica.register().terms()).map(|terms| &terms.log);
    let held = held.and_then(|note| Some((Checkpoint::open_by(note.as_bytes(), seal.origin(), keys?).ok()?, note)));
    let evidence = Evidence::of(held.as_ref().map(|(checkpoint, note)| (checkpoint, &**note)), shown, note);
    match folder.keep(&evidence) {
        Ok(Some(path)) => tracing::error!(
            size = shown.size, is_proof = evidence.finding.is_proof(), file = %path.display(),
            "the log signed checkpoints that do not go together: hand this file to both Parties"
        ),
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "evidence could not be kept"),
    }
}
