//! What an auditor holds beside the log that is audited: a root of trust, receipts, checkpoints, heads.
//!
//! Deliberately absent: the files they come from.

use crate::evidence::audit::{AuditCheck, Auditor};
use crate::evidence::trust::Trust;
use crate::evidence::verdict::Outcome;
use crate::hash::Hash;
use crate::tlog::Head;
use crate::tlog::checkpoint::decimal;
use crate::words::Lang;

/// What the caller holds beside the log.
pub struct Held {
    /// Where the audit begins.
    pub trust: Option<Trust>,
    /// Receipts and bundles, each with its place.
    pub receipts: Vec<(String, String)>,
    /// Checkpoints, each with its place.
    pub checkpoints: Vec<(String, Vec<u8>)>,
    /// Heads, a line each.
    pub heads: Option<Vec<u8>>,
    /// What the clerk signed of the record of accesses, each with its place.
    pub accesses: Vec<(String, Vec<u8>)>,
    /// The language of what is said on the way.
    pub lang: Lang,
}

impl Held {
    /// An auditor that knows what must be known before anything is read.
    pub fn auditor(&self) -> Auditor {
        let mut auditor = Auditor::new(self.trust.clone());
        for (place, note) in &self.accesses {
            auditor.holds_accesses(place, note);
        }
        auditor
    }

    /// Says at once, before a long audit, that the root of trust is wrong or missing.
    pub fn say_distrust(&self, auditor: &Auditor) {
        if let Some(check) = auditor.distrust() {
            eprint!("{}", line(check, self.lang));
        }
    }

    /// Shows everything that is held.
    pub fn show(&self, auditor: &mut Auditor) {
        for (place, note) in &self.checkpoints {
            auditor.checkpoint(place, note);
        }
        if let Some(heads) = &self.heads {
            self::heads(heads, auditor);
        }
        for (place, receipt) in &self.receipts {
            auditor.receipt(place, receipt);
        }
    }
}

/// Compares every head that was ever committed: a size and a root in each line.
pub fn heads(bytes: &[u8], auditor: &mut Auditor) {
    let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|&b| b == b'\n');
    for (number, line) in (1..).zip(lines) {
        let line = std::str::from_utf8(line).ok().and_then(|line| line.split_once(' '));
        let head =
            line.and_then(|(size, root)| Some(Head { size: decimal(size)?, root: Hash::from_base64(root).ok()? }));
        match head {
            Some(head) => auditor.committed(head),
            None => auditor.head_malformed(&format!("line {number}")),
        }
        if !auditor.worth_a_look("heads") {
            return;
        }
    }
}

/// One check, and what it means where it did not pass.
pub fn line(check: &AuditCheck, lang: Lang) -> String {
    let place = check.place.as_ref().map_or_else(String::new, |place| format!("{place}: "));
    let mark = super::verify::mark(check.result);
    let code = if check.result == Outcome::Pass { String::new() } else { format!(" [{}]", check.code) };
    let mut text = format!("{mark}  {:<12} {place}{}{code}\n", check.check, check.detail.in_lang(lang));
    if let Some(meaning) = check.meaning() {
        text.push_str(&format!("{:19}{}\n", "", meaning.in_lang(lang)));
    }
    text
}
