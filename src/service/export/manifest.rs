//! Describing an export: every file is made once more, counted and hashed, and the clerk signs the list.
//!
//! Invariants: files are made as they are handed out, from the same log, so a manifest can be asked for before or after
//! its files. Nothing is kept.
//!
//! Deliberately absent: a memory of what was handed out to whom; the record of accesses has it.

use std::sync::Arc;

use super::super::access::Principal;
use super::super::known::KnownAt;
use super::super::ledger::Ledger;
use super::super::query::{QueryError, RecordName};
use super::text::Text;
use super::{ExportError, File, SCHEMA_VERSION, Wanted, sqlite};
use crate::evidence::manifest::{Listed, Manifest};
use crate::hash::Hasher;

impl Ledger {
    /// The signed manifest of these files.
    pub async fn manifest(self: &Arc<Ledger>, wanted: &Wanted, files: &[File]) -> Result<String, ExportError> {
        let clerk = self.clerk()?;
        let mut listed = Vec::with_capacity(files.len());
        for &file in files {
            listed.push(self.listed(wanted, file).await?);
        }
        let manifest = Manifest {
            origin: self.trust.origin.clone(),
            head: self.known(KnownAt::Size(wanted.size))?.head(),
            scope: scope(&wanted.principal),
            filter: pairs(wanted, files),
            schema_version: SCHEMA_VERSION,
            files: listed,
            created_at: self.clock.now(),
        };
        manifest.sign(clerk).map_err(|_| QueryError::Sign.into())
    }

    /// One file of the list.
    async fn listed(self: &Arc<Ledger>, wanted: &Wanted, file: File) -> Result<Listed, ExportError> {
        let name = file.name();
        match file {
            File::Text(table, form) => {
                let mut text = Text::new(Arc::clone(self), wanted.clone(), table, form);
                let (mut hasher, mut bytes) = (Hasher::default(), 0);
                while let Some(chunk) = text.chunk().await? {
                    hasher.update(chunk.as_bytes());
                    bytes += chunk.len() as u64;
                }
                Ok(Listed { name, rows: text.count(), bytes, sha256: hasher.hash() })
            }
            File::Database => {
                let made = sqlite::build(self, &wanted.unfiltered()).await?;
                Ok(Listed { name, rows: made.rows, bytes: made.bytes, sha256: made.sha256 })
            }
        }
    }
}

/// Whose view the rows are: who is shown a file must see that a host's is not the whole.
fn scope(principal: &Principal) -> String {
    match principal {
        principal if principal.reads_all() => "everything".into(),
        Principal::Holder { party, .. } => format!("host {party}"),
        Principal::Anonymous => "nothing".into(),
    }
}

/// What was asked for, by the names of the parameters and in their order. What the status answers is said whether it
/// was named or not, so that the files can be asked for again.
fn pairs(wanted: &Wanted, files: &[File]) -> Vec<(String, String)> {
    let filter = &wanted.filter;
    let question = files.iter().find_map(|file| wanted.question(*file));
    let inspection = filter.inspection.map(|name| match name {
        RecordName::Index(index) => index.to_string(),
        RecordName::Digest(digest) => digest.to_string(),
    });
    let all = [
        ("bom", wanted.mark.then(|| "true".to_owned())),
        ("as_of", question.map(|question| question.as_of.to_string())),
        ("view", question.map(|question| question.view.word().to_owned())),
        ("period", question.map(|question| question.period.to_string())),
        ("kind", filter.kind.map(|kind| kind.to_string())),
        ("party", filter.party.map(|party| party.to_string())),
        ("site", filter.site.map(|site| site.to_string())),
        ("inspection", inspection),
        ("signed_by", filter.signed_by.clone()),
        ("flag", filter.flag.clone()),
        ("received_from", filter.received_from.map(|at| at.to_string())),
        ("received_to", filter.received_to.map(|at| at.to_string())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
