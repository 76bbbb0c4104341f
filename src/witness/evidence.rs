//! The folder in which a witness keeps what contradicts what it cosigned: one file for each refused checkpoint.
//!
//! The files are plain text ([`crate::tlog::fork`]) and whole in themselves: what was held and what was refused, both
//! signed by the log. Files called `fork-…` prove a fork; files called `unproved-…` are for asking the log about.
//!
//! Invariants: a file that is there is never touched; for each log there is a bound on their number, so that nobody can
//! fill the disk with them. One proof of a fork is enough, and more say nothing new.
//!
//! Deliberately absent: telling anybody. The witness's log names the file; handing it on is for people.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::tlog::fork::Evidence;

/// Proofs of a fork that are kept for each log.
const MAX_PROOFS: usize = 16;
/// Files that prove nothing yet that are kept for each log.
const MAX_UNPROVED: usize = 64;

/// A folder for evidence, made when there is some.
#[derive(Debug, Clone)]
pub struct EvidenceFolder {
    path: PathBuf,
}

impl EvidenceFolder {
    /// The folder at `path`.
    pub fn new(path: &Path) -> EvidenceFolder {
        EvidenceFolder { path: path.to_owned() }
    }

    /// Keeps evidence; answers its file if it is new.
    pub fn keep(&self, evidence: &Evidence) -> std::io::Result<Option<PathBuf>> {
        std::fs::create_dir_all(&self.path)?;
        let path = self.path.join(&evidence.name);
        let most = if evidence.finding.is_proof() { MAX_PROOFS } else { MAX_UNPROVED };
        if path.exists() || self.count_like(&evidence.name)? >= most {
            return Ok(None);
        }
        // A name stands for a whole file, also after a crash.
        let part = path.with_added_extension("part");
        let mut file = File::create(&part)?;
        file.write_all(evidence.text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&part, &path)?;
        File::open(&self.path)?.sync_all()?;
        Ok(Some(path))
    }

    /// How many files are of the same sort and log: their names begin with the same two words.
    fn count_like(&self, name: &str) -> std::io::Result<usize> {
        let beginning: Vec<&str> = name.splitn(3, '-').take(2).collect();
        let beginning = beginning.join("-");
        let mut count = 0;
        for item in std::fs::read_dir(&self.path)? {
            let name = item?.file_name();
            count +=
                usize::from(name.to_str().is_some_and(|name| name.starts_with(&beginning) && name.ends_with(".txt")));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use crate::tlog::checkpoint::Checkpoint;

    fn evidence(size: u64, root: u8) -> Evidence {
        let held = Checkpoint { origin: "ledger.example/a".into(), size: 8, root: Hash::of(b"held") };
        let refused = Checkpoint { origin: "ledger.example/a".into(), size, root: Hash::new([root; 32]) };
        Evidence::of(Some((&held, "held\n")), &refused, "refused\n")
    }

    #[test]
    fn evidence_is_kept_once_and_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = EvidenceFolder::new(&folder.path().join("evidence"));
        let path = kept.keep(&evidence(8, 1)).expect("kept").expect("new");
        assert_eq!(std::fs::read_to_string(&path).expect("readable"), "held\n\nrefused\n\n");
        assert_eq!(kept.keep(&evidence(8, 1)).expect("kept"), None);
    }

    #[test]
    fn nobody_can_fill_the_disk_with_evidence() {
        let folder = tempfile::tempdir().expect("a folder");
        let kept = EvidenceFolder::new(folder.path());
        let new = |size| (0..200).filter(|&root| kept.keep(&evidence(size, root)).expect("kept").is_some()).count();
        assert_eq!(new(8), MAX_PROOFS);
        assert_eq!(new(9), MAX_UNPROVED, "and forks do not take the place of these");
    }
}
