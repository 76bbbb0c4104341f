//! What an audit says about those who cosigned a checkpoint.

use countersign::evidence::audit::{Auditor, Report};
use countersign::evidence::verdict::Outcome;
use countersign::note::{KeyKind, Line, Signer, assemble, sign_note};
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::cosignature::cosign;
use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::support::fold::Fold;
use super::support::ledger::{ORIGIN, draft, key, log_key, signed};
use super::support::records::designating;

/// The mirror's key of this name: it cosigns, and signs its own registration.
fn mirror(name: &str) -> Signer {
    key(name).with_kind(KeyKind::Cosignature)
}

/// A log whose terms demand a mirror of each Party, and that has both.
fn log() -> Fold {
    let quorum = json!({ "all": ["US/mirror", "RU/mirror"] });
    let mut fold = Fold::with_terms(|body: &mut Value| body["quorum"] = quorum);
    for party in ["US", "RU"] {
        let (root, name) = (format!("{party}/root/1"), format!("{party}/mirror/1"));
        let body = json!({ "vkey": mirror(&name).verifier().to_string(), "name": name, "role": "mirror" });
        fold.post(&signed(&draft(Kind::KeyRegistration, &[&root, &name], body))).expect("a mirror");
    }
    fold
}

/// The checkpoint of a log at a size, with these lines below the log's.
fn checkpoint(fold: &Fold, size: u64, lines: impl FnOnce(&str) -> Vec<Line>) -> String {
    let root = fold.replica.tree().root_at(size).expect("a root");
    let text = Checkpoint { origin: ORIGIN.to_owned(), size, root }.to_string();
    let own = sign_note(&log_key(), &text).expect("signs");
    assemble(&text, &[vec![own], lines(&text)].concat())
}

fn audit(fold: &Fold, checkpoint: &str) -> Report {
    let mut auditor = Auditor::new(None);
    let entries: Vec<&[u8]> = fold.entries().iter().map(String::as_bytes).collect();
    assert!(auditor.entries(&entries));
    auditor.checkpoint("checkpoint", checkpoint.as_bytes());
    auditor.finish()
}

/// The outcomes of the checks of cosignatures and policy, each with its code.
fn said(report: &Report) -> Vec<(Outcome, &'static str)> {
    let checks = report.checks.iter().filter(|check| ["cosignatures", "policy"].contains(&check.check));
    checks.map(|check| (check.result, check.code)).collect()
}

#[test]
fn each_cosignature_is_verified_under_the_key_that_was_good_at_its_size() {
    let mut fold = log();
    let size = fold.replica.tree().size();
    let by = |name: &'static str| move |text: &str| cosign(&mirror(name), text, 1_800_000_000).expect("cosigns");
    let (us, ru) = (by("US/mirror/1"), by("RU/mirror/1"));
    let both = checkpoint(&fold, size, |text| vec![us(text), ru(text)]);
    let good = (Outcome::Pass, "cosigned");
    assert_eq!(said(&audit(&fold, &both)), [good, good, (Outcome::Pass, "quorum_met")]);
    let one = checkpoint(&fold, size, |text| vec![us(text)]);
    assert_eq!(said(&audit(&fold, &one)), [good, (Outcome::CouldNotCheck, "quorum_not_met")]);
    let bad = checkpoint(&fold, size, |text| {
        let mut line = us(text);
        line.blob[7] ^= 1; // the time
        vec![line, ru(text)]
    });
    assert_eq!(
        said(&audit(&fold, &bad)),
        [(Outcome::Fail, "cosignature_bad"), good, (Outcome::CouldNotCheck, "quorum_not_met")]
    );
    let stranger = checkpoint(&fold, size, |text| vec![by("US/mirror/9")(text), us(text), ru(text)]);
    let unknown = (Outcome::NotRequired, "cosigner_unknown");
    assert_eq!(said(&audit(&fold, &stranger)), [good, good, unknown, (Outcome::Pass, "quorum_met")]);
    // Before it was registered, and after it was revoked.
    let early = checkpoint(&fold, size - 2, |text| vec![us(text), ru(text)]);
    let not_good = (Outcome::CouldNotCheck, "cosigner_not_good");
    assert_eq!(said(&audit(&fold, &early)), [not_good, not_good, (Outcome::CouldNotCheck, "quorum_not_met")]);
    fold.add("US/root/1", Kind::KeyRevocation, &[], json!({ "name": "US/mirror/1", "reason": "compromised" }));
    fold.add("RU/centre/1", Kind::Designation, &[], designating("A1", "designate"));
    let late = checkpoint(&fold, fold.replica.tree().size(), |text| vec![us(text), ru(text)]);
    assert_eq!(said(&audit(&fold, &late)), [not_good, good, (Outcome::CouldNotCheck, "quorum_not_met")]);
    assert_eq!(
        said(&audit(&fold, &both)),
        [good, good, (Outcome::Pass, "quorum_met")],
        "what was cosigned before stays"
    );
}
