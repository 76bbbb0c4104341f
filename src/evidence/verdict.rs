//! A verdict is a list of checks, never one word.
//!
//! Each check says what was looked at and whether it passed, failed, could not be made, or is not required. The verdict
//! over all of them follows by fixed rules, and always names what it does not say: a verified record is one whose words
//! are exactly those that were signed and recorded, not one whose words are true.
//!
//! Deliberately absent: the checks themselves ([`super::verify()`]).

use serde::Serialize;

use crate::words::{Lang, Words};

/// The outcome of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was made and holds.
    Pass,
    /// It was made and does not hold.
    Fail,
    /// It could not be made with what was given.
    CouldNotCheck,
    /// Nothing demands it.
    NotRequired,
}

/// The verdict over all checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Overall {
    /// Every check that is required passed.
    Verified,
    /// Nothing failed, everything that makes a record was checked, and something beyond could not be.
    VerifiedWithRemarks,
    /// Something failed.
    NotVerified,
    /// Nothing failed, and something without which nothing is proven could not be checked.
    CannotDecide,
}

/// The kinds of check, in the order in which they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The file is what it should be.
    Form,
    /// The first terms are those of the root of trust.
    Trust,
    /// The record's text is well formed, and this is its digest.
    Content,
    /// A signer's line is a good signature of the text.
    Signature,
    /// A signer's key was good when the record was recorded.
    Key,
    /// No revocation of the signers' keys came before the record.
    Revocation,
    /// The ledger's clerk countersigned the record.
    Countersignature,
    /// The checkpoint is signed by the log.
    Checkpoint,
    /// The entry is in the tree that the checkpoint stands for.
    Inclusion,
    /// A mirror or witness cosigned the checkpoint.
    Cosignature,
    /// Those who must cosign did.
    Policy,
    /// A file beside the bundle is one that the record names.
    Attached,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// Whose: a signer, a cosigner.
    pub subject: Option<String>,
    /// The outcome.
    pub result: Outcome,
    /// A stable code.
    pub code: &'static str,
    /// For people.
    pub detail: Words,
}

/// What the record is, for the head of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// The digest of its text.
    pub digest: String,
    /// Its kind.
    pub kind: &'static str,
    /// Its state.
    pub party: &'static str,
    /// The author's number.
    pub number: u64,
    /// Who signed.
    pub signers: Vec<String>,
    /// When the author says that it was signed.
    pub signed_at: String,
    /// When the ledger says that it received it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<String>,
    /// Its index, if a proof says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// The size of the checkpoint it was checked against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree_size: Option<u64>,
}

/// From where the verification began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustUsed {
    /// `given`, or `none`.
    pub source: &'static str,
    /// The line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
}

/// The verdict over one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Over all checks.
    pub overall: Overall,
    /// Every check, in order.
    pub findings: Vec<Finding>,
    /// What the record is, as far as it could be read.
    pub about: Option<About>,
    /// From where the verification began.
    pub trust: TrustUsed,
}

/// What no verdict says.
pub const DOES_NOT_SAY: &[(&str, Words)] = &[
    (
        "truth",
        Words::fixed(
            "It does not say that what the record states is true.",
            "Вердикт не говорит, что изложенное в записи верно.",
        ),
    ),
    (
        "later",
        Words::fixed(
            "It says nothing about records and revocations after the checkpoint.",
            "Вердикт ничего не говорит о записях и отзывах после контрольной точки.",
        ),
    ),
    (
        "signing_time",
        Words::fixed(
            "It does not say when the record was signed, only when the ledger received it.",
            "Вердикт не говорит, когда запись подписана, а лишь когда реестр её получил.",
        ),
    ),
    (
        "whole_log",
        Words::fixed(
            "It does not say that the rest of the log obeys the rules: that is what an audit says.",
            "Вердикт не говорит, что остальной журнал соблюдает правила: это устанавливает аудит.",
        ),
    ),
];

impl Verdict {
    /// Draws the verdict over findings: after a failed content or signature nothing later reads pass.
    pub fn over(mut findings: Vec<Finding>, about: Option<About>, trust: TrustUsed) -> Verdict {
        findings.sort_by_key(|finding| finding.check); // stable: signers stay in their order
        let broken = |finding: &Finding| {
            finding.result == Outcome::Fail && matches!(finding.check, Check::Content | Check::Signature)
        };
        if let Some(first) = findings.iter().find(|finding| broken(finding)).map(|finding| finding.check) {
            for finding in findings.iter_mut().filter(|f| f.check > first && f.result == Outcome::Pass) {
                finding.result = Outcome::CouldNotCheck;
                finding.code = "earlier_check_failed";
                finding.detail = Words::fixed(
                    "Means nothing after an earlier check has failed.",
                    "Не имеет значения, поскольку более ранняя проверка не пройдена.",
                );
            }
        }
        let has = |result| findings.iter().any(|finding| finding.result == result);
        let beyond = |check| matches!(check, Check::Revocation | Check::Cosignature | Check::Policy);
        let undecided = findings.iter().any(|f| !beyond(f.check) && f.result == Outcome::CouldNotCheck);
        let overall = if has(Outcome::Fail) {
            Overall::NotVerified
        } else if undecided {
            Overall::CannotDecide
        } else if has(Outcome::CouldNotCheck) {
            Overall::VerifiedWithRemarks
        } else {
            Overall::Verified
        };
        Verdict { overall, findings, about, trust }
    }

    /// The verdict as JSON, with sentences in `lang`.
    pub fn to_json(&self, lang: Lang) -> serde_json::Value {
        let checks: Vec<_> = self
            .findings
            .iter()
            .map(|finding| {
                let mut check = serde_json::json!({ "check": finding.check });
                if let Some(subject) = &finding.subject {
                    check["subject"] = subject.as_str().into();
                }
                check["result"] = serde_json::json!(finding.result);
                check["code"] = finding.code.into();
                check["detail"] = finding.detail.in_lang(lang).into();
                check
            })
            .collect();
        let does_not_say: Vec<_> = DOES_NOT_SAY.iter().map(|(code, _)| *code).collect();
        serde_json::json!({
            "verdict": self.overall,
            "checks": checks,
            "record": self.about,
            "trust": self.trust,
            "does_not_say": does_not_say,
        })
    }
}
