//! What others attest about a record: who cosigned its checkpoint, that no revocation is hidden, and whether it is final.
//!
//! Deliberately absent: belief in a cosigner whose key the bundle does not prove.

use std::collections::BTreeSet;

use super::cosigned::{Lines, Seen, Worth, is_met};
use super::support::Ledger;
use super::verdict::{Check, Outcome};
use super::verify::Examination;
use crate::tlog::checkpoint::Checkpoint;
use crate::treaty::time::Instant;
use crate::words::Words;

impl Examination<'_> {
    /// Whether a revocation of the signers' keys came before the record. What is not shown may still be there; that it is
    /// not, those attest who hold every entry below the checkpoint.
    pub(super) fn revocation(&mut self, checkpoint: Option<&Checkpoint>, lines: &Lines) {
        if self.findings.0.iter().any(|finding| finding.code == "key_revoked") {
            let detail = Words::fixed(
                "The bundle proves a revocation before the record.",
                "Пакет подтверждает отзыв ключа раньше записи.",
            );
            self.findings.fail(Check::Revocation, None, "revoked_before", detail);
        } else if let Some(Checkpoint { size, .. }) = checkpoint.filter(|_| lines.by_both_mirrors()) {
            let en = format!("none before the record: attested by the US and RU mirrors over size {size}");
            let ru = format!("отзыва раньше записи нет: подтверждено зеркалами США и РФ для размера {size}");
            self.findings.pass(Check::Revocation, None, "revocation_attested", &en, &ru);
        } else {
            let detail = Words::fixed(
                "The bundle shows no revocation before the record. That there is none at all only a mirror or an audit can attest.",
                "В пакете нет отзыва раньше записи. То, что его не было вовсе, может подтвердить только зеркало или аудит.",
            );
            self.findings.unknown(Check::Revocation, None, "revocation_not_attested", detail);
        }
    }

    /// What each cosigner has to say whose key the bundle proves.
    pub(super) fn cosignatures(&mut self, lines: &Lines) {
        for Seen { name, worth } in &lines.seen {
            let subject = Some(name.as_str());
            match worth {
                Worth::Good(time) => {
                    let at = i64::try_from(*time).ok().and_then(Instant::from_seconds);
                    let at = at.map_or_else(|| format!("POSIX time {time}"), |at| at.to_string());
                    let (en, ru) = (format!("cosigned {at}"), format!("подписано {at}"));
                    self.findings.pass(Check::Cosignature, subject, "cosigned", &en, &ru);
                }
                Worth::KeyNotGood => {
                    let detail = Words::fixed(
                        "The cosigner's key was not good at this size.",
                        "Ключ не действовал при этом размере.",
                    );
                    self.findings.unknown(Check::Cosignature, subject, "cosigner_not_good", detail);
                }
                Worth::Bad(error) => {
                    let (en, ru) = (format!("The line is not good: {error}."), format!("Строка неверна: {error}."));
                    self.findings.fail(Check::Cosignature, subject, "cosignature_bad", Words::new(en, ru));
                }
            }
        }
    }

    /// Whether those whom the terms name have cosigned.
    pub(super) fn finality(&mut self, ledger: Option<&Ledger>, lines: &Lines) {
        let quorum = ledger.and_then(|ledger| ledger.register.terms()).map(|terms| &terms.quorum);
        match quorum {
            Some(quorum) if is_met(quorum, &BTreeSet::new()) => {
                let detail = Words::fixed(
                    "The terms demand no cosignature, so no record is final.",
                    "Условия не требуют дополнительных подписей, поэтому окончательных записей нет.",
                );
                self.findings.add(Check::Policy, Outcome::NotRequired, None, "no_quorum", detail);
            }
            Some(quorum) if is_met(quorum, &lines.good()) => {
                let (en, ru) =
                    ("final: those whom the terms name have cosigned", "окончательно: названные в условиях подписали");
                self.findings.pass(Check::Policy, None, "quorum_met", en, ru);
            }
            _ => {
                let detail = Words::fixed(
                    "The bundle does not show that those whom the terms name have cosigned the checkpoint.",
                    "Пакет не показывает, что названные в условиях стороны подписали контрольную точку.",
                );
                self.findings.unknown(Check::Policy, None, "quorum_not_shown", detail);
            }
        }
    }
}
