//! Files beside a record: photographs of a report, the drawing of a diagram. The record names them by their hash.
//!
//! Invariants: a file counts only by its SHA-256 and its length, never by its name; a record without a good signature
//! names nothing.
//!
//! Deliberately absent: what is in a file, and whether every file that is named was shown. Photographs go to those who
//! may have them, each apart.

use super::bundle::Bundle;
use super::verdict::{Check, Finding, Outcome, Verdict};
use crate::hash::Hash;
use crate::treaty::entry::Entry;
use crate::treaty::record::Body;
use crate::words::Words;

/// A file that lies beside a bundle.
#[derive(Clone, Debug)]
pub struct Attached {
    /// What it is called here.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: Hash,
    /// Its length in bytes.
    pub bytes: u64,
}

/// The files that a record names, each by hash and length.
fn named(body: &Body) -> Vec<(Hash, u64)> {
    let length = |bytes: i64| u64::try_from(bytes).unwrap_or_default();
    match body {
        Body::Report(report) => {
            report.photographs.0.iter().map(|photograph| (photograph.sha256, length(photograph.bytes.0))).collect()
        }
        Body::SiteDiagram(diagram) => vec![(diagram.file.sha256, length(diagram.file.bytes.0))],
        _ => Vec::new(),
    }
}

impl Verdict {
    /// The verdict over a bundle with files beside it: each must be one that the bundle's record names.
    pub fn with_attached(self, bundle: &str, files: &[Attached]) -> Verdict {
        let entry = Bundle::parse(bundle).ok().and_then(|bundle| Entry::parse(bundle.entry.as_bytes()).ok());
        let named = entry.map(|entry| named(&entry.signed.record.body)).unwrap_or_default();
        let mut findings = self.findings;
        findings.extend(files.iter().map(|file| {
            let is_named = named.contains(&(file.sha256, file.bytes));
            let (result, code, detail) = if is_named {
                let words = Words::fixed("The record names this file.", "Запись называет этот файл.");
                (Outcome::Pass, "attached_named", words)
            } else {
                let words = Words::new(
                    format!("The record names no file with the hash {} and {} bytes.", file.sha256, file.bytes),
                    format!("Запись не называет файла с хешем {} и длиной {} байт.", file.sha256, file.bytes),
                );
                (Outcome::Fail, "attached_not_named", words)
            };
            Finding { check: Check::Attached, subject: Some(file.name.clone()), result, code, detail }
        }));
        Verdict::over(findings, self.about, self.trust)
    }
}
