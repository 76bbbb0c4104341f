//! A log that continues one that has ended: entry 0 names its origin, size and root, and everybody who reads the new log is
//! told so.

use countersign::evidence::audit::Auditor;
use countersign::evidence::verdict::Overall;
use countersign::evidence::verify;
use countersign::hash::Hash;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::words::Lang;
use serde_json::{Value, json};

use super::support::http::Api;
use super::support::ledger::{ORIGIN, key};
use super::support::program::{Folder, run, success};
use super::support::records::{amendment, terms};

const BEFORE: &str = "ledger.example/before";

fn succeeding(origin: &str) -> String {
    terms(|body| body["succeeds"] = before(origin))
}

fn before(origin: &str) -> Value {
    json!({ "origin": origin, "size": 12, "root": Hash::of(b"the end").to_string() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_ledger_says_which_one_it_continues_and_so_do_audits_and_bundles() {
    let Some(api) = Api::with_terms(&succeeding(BEFORE)).await else { return };
    let token = api.party_token().await;
    assert_eq!(api.get("/v1/log", "").await.expect(200).json()["succeeds"], before(BEFORE));
    let said =
        format!("This log continues {BEFORE}, which ended with 12 entries and the root {}.", Hash::of(b"the end"));
    let bundle = api.get("/v1/records/3/bundle", &token).await.expect(200);
    let verdict = verify(bundle.text(), Some(&api.ledger.trust));
    let found: Vec<_> = verdict.findings.iter().filter(|finding| finding.code == "succeeds").collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].detail.in_lang(Lang::En), said);
    let mut auditor = Auditor::new(Some(api.ledger.trust.clone()));
    for index in 0..api.size() {
        let entry = api.get(&format!("/v1/records/{index}/note"), &token).await.expect(200).body;
        assert!(auditor.entry(&entry));
    }
    let report = auditor.finish();
    assert_ne!(report.overall, Overall::NotVerified);
    let found: Vec<_> = report.checks.iter().filter(|check| check.code == "succeeds").collect();
    assert_eq!((found.len(), found[0].check, found[0].detail.in_lang(Lang::En)), (1, "trust", said.as_str()));
    // It is said once and for good.
    let note = amendment(2, |body| body["succeeds"] = before("ledger.example/other"));
    api.post(&note).await.problem(422, "terms_fixed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_continues_none_says_nothing_of_it_and_none_continues_itself() {
    let Some(api) = Api::start().await else { return };
    assert_eq!(api.get("/v1/log", "").await.expect(200).json().get("succeeds"), None);
    let token = api.party_token().await;
    let bundle = api.get("/v1/records/3/bundle", &token).await.expect(200);
    let verdict = verify(bundle.text(), Some(&api.ledger.trust));
    assert!(verdict.findings.iter().all(|finding| finding.code != "succeeds"));
    let mut auditor = Auditor::new(None);
    let signed = countersign::treaty::record::Signed::parse(succeeding(ORIGIN).as_bytes()).expect("a record");
    let entry = countersign::treaty::entry::Entry::countersign(
        signed,
        &super::support::ledger::clerk_key(),
        super::support::http::now(),
    );
    assert!(!auditor.entry(entry.expect("signs").bytes.as_bytes()));
    assert!(auditor.finish().checks.iter().any(|check| check.code == "terms_inconsistent"));
}

#[test]
fn the_terms_of_a_new_log_take_the_end_of_the_old_one_from_its_last_checkpoint() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).to_str().expect("UTF-8").to_owned();
    let origin = "ledger.example/after";
    success(&["keygen", "--log", origin, "--out", &path("keys")]);
    success(&["keygen", "--clerk", origin, "--out", &path("keys")]);
    for party in ["US", "RU", "RO", "PL"] {
        for role in ["root", "recovery"] {
            success(&["keygen", "--name", &format!("{party}/{role}/1"), "--out", &path("keys")]);
        }
    }
    let ended = Checkpoint { origin: BEFORE.into(), size: 12, root: Hash::of(b"the end") };
    std::fs::write(folder.path("checkpoint"), ended.sign(&key(BEFORE)).expect("signs")).expect("written");
    let init = ["terms", "init", "--origin", origin, "--keys", &path("keys")];
    let text = success(&[&init[..], &["--succeeds", &path("checkpoint")]].concat());
    let object: Value = serde_json::from_str(text.splitn(3, '\n').nth(2).expect("an object")).expect("JSON");
    assert_eq!(object["body"]["succeeds"], before(BEFORE));
    std::fs::write(folder.path("other"), "nothing").expect("written");
    let output = run(&[&init[..], &["--succeeds", &path("other")]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("is not a signed checkpoint"), "{said}");
}
