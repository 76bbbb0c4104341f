//! Records become final: a ledger, a mirror of each Party, and what readers are told.

use std::time::Duration;

use countersign::evidence::verdict::{Check, Outcome, Overall};
use countersign::evidence::verify;
use countersign::note::Note;
use countersign::store::cluster::ClusterRole;
use countersign::store::cosignature::StoredLine;
use countersign::tlog::cosignature::{cosign, cosigners};
use countersign::tlog::leaf_hash;
use countersign::tlog::policy::Policy;
use countersign::tlog::proof::Proof;
use serde_json::{Value, json};
use sqlx::Connection as _;

use super::attacks::forge::behind;
use super::support::cosigners::{
    Beginning, Bilateral, Served, bilateral, log_verifier, post_waiting, registration, revocation,
};
use super::support::http::{Api, Call};
use super::support::ledger::{ORIGIN, designation};
use super::support::mirror::{Copied, mirror_key};
use super::support::program::run;
use super::support::records::terms;

/// Asks again until something is so.
async fn until(api: &Api, path: &str, token: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..400 {
        let shown = api.get(path, token).await.expect(200).json();
        if is_so(&shown) {
            return shown;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never came to be: {}", api.get(path, token).await.text());
}

/// Whether a receipt meets the policy that the ledger gives, for the entry with these bytes.
async fn meets_the_policy(api: &Api, receipt: &str, entry: &str) -> bool {
    let proof = Proof::parse(receipt).expect("a proof");
    proof.verify(leaf_hash(entry.as_bytes()), ORIGIN, &log_verifier()).expect("a good proof");
    let policy = api.send(Call::get("/v1/log/policy")).await.expect(200);
    let policy = Policy::parse(policy.text()).expect("a policy");
    let known: Vec<_> = policy.witnesses().map(|witness| witness.key.clone()).collect();
    let note = Note::parse(proof.checkpoint.as_bytes()).expect("a note");
    let found: Vec<_> = cosigners(&note, &known).expect("good lines").into_iter().map(|(key, _)| key).collect();
    policy.is_met_by(&found)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_final_when_a_mirror_of_each_party_has_cosigned_it() {
    let Some(all) = Bilateral::start().await else { return };
    let answer = all.cosigned(&designation("US/centre/1")).await;
    assert_eq!(answer["status"], "final", "{answer}");
    assert_eq!((all.us.copied.size(), all.ru.copied.size()), (8, 8), "both hold it");
    let cosigned = &answer["cosigned"];
    assert_eq!((cosigned["final"].as_u64(), cosigned["quorum"].as_str()), (Some(8), Some("demanded")), "{answer}");
    assert!(cosigned["us"].is_string() && cosigned["ru"].is_string(), "{answer}");
    let (entry, receipt) =
        (answer["entry"].as_str().expect("an entry"), answer["receipt"].as_str().expect("a receipt"));
    assert!(meets_the_policy(&all.api, receipt, entry).await, "{receipt}");
    let path = format!("/v1/records/{}", answer["digest"].as_str().expect("a digest"));
    let last = all.api.get(&format!("{path}/receipt?final=true"), &all.token).await.expect(200);
    assert_eq!(last.text(), receipt, "the first checkpoint that contains it met the quorum");
    // What came before is in that checkpoint, too.
    let first = all.api.get("/v1/records/0", &all.token).await.expect(200).json();
    assert_eq!(first["status"], "final", "{first}");
    let first = all.api.get("/v1/records/0/receipt?final=true", &all.token).await.expect(200);
    let bytes = all.api.get("/v1/records/0/note", &all.token).await.expect(200);
    assert!(meets_the_policy(&all.api, first.text(), bytes.text()).await);
    let early = all.api.get("/v1/records/0/receipt", &all.token).await.expect(200);
    assert!(!meets_the_policy(&all.api, early.text(), bytes.text()).await, "its own receipt has no cosignature");
    // Lists say so, and a question about the past is answered as of then.
    let list = all.api.get("/v1/records", &all.token).await.expect(200).json();
    assert!(list["data"].as_array().expect("a list").iter().all(|record| record["status"] == "final"), "{list}");
    let past = all.api.get("/v1/records/0?known_at=tree:1", &all.token).await.expect(200).json();
    assert_eq!((&past["status"], &past["cosigned"]["quorum"]), (&json!("recorded"), &json!("demanded")), "{past}");
    all.api.get("/v1/records/0/receipt?final=true&known_at=tree:1", &all.token).await.problem(404, "not_final");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_cosigners_shows_how_far_each_is_and_the_newest_final_checkpoint() {
    let Some(all) = Bilateral::start().await else { return };
    all.cosigned(&designation("US/centre/1")).await;
    let shown = all.api.get("/v1/log/cosigners", &all.token).await.expect(200).json();
    assert_eq!((&shown["size"], &shown["quorum"], &shown["alarm"]), (&json!(8), &json!("demanded"), &json!(false)));
    for (place, name) in ["US/mirror/1", "RU/mirror/1"].into_iter().enumerate() {
        let one = &shown["cosigners"][place];
        assert_eq!(
            (&one["key"], &one["state"], &one["size"], &one["lag"]),
            (&json!(name), &json!("ok"), &json!(8), &json!(0))
        );
        assert!(one["at"].is_string(), "{shown}");
    }
    let newest = all.api.get("/checkpoint", &all.token).await.expect(200);
    assert_eq!((&shown["final"]["size"], shown["final"]["note"].as_str()), (&json!(8), Some(newest.text())));
    assert_eq!(newest.text().lines().filter(|line| line.starts_with('\u{2014}')).count(), 3, "{}", newest.text());
    let figures = all.api.get("/metrics", &all.token).await.expect(200);
    for line in ["countersign_final_entries 8", "countersign_cosigner_lag_entries{cosigner=\"RU/mirror/1\"} 0"] {
        assert!(figures.text().lines().any(|found| found == line), "{line}: {}", figures.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_terms_demand_nothing_the_answer_says_so_and_nothing_is_ever_final() {
    let Some(all) = Bilateral::with(&terms(|_| {}), Duration::from_secs(600)).await else { return };
    // Nobody waits for what never comes: one round is enough.
    let note = designation("US/centre/1");
    let answer = tokio::time::timeout(Duration::from_secs(60), all.cosigned(&note)).await.expect("an answer");
    let cosigned = &answer["cosigned"];
    assert_eq!((&cosigned["quorum"], &cosigned["final"]), (&json!("none"), &Value::Null), "{answer}");
    let path = format!("/v1/records/{}", answer["digest"].as_str().expect("a digest"));
    until(&all.api, &path, &all.token, |record| record["status"] == "cosigned_both").await;
    all.api.get(&format!("{path}/receipt?final=true"), &all.token).await.problem(404, "not_final");
    let shown = all.api.get("/v1/log/cosigners", &all.token).await.expect(200).json();
    assert_eq!((&shown["quorum"], &shown["final"]), (&json!("none"), &Value::Null), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_cosigns_and_a_wait_is_over_at_once() {
    let Some(api) = Api::start().await else { return };
    let begun = std::time::Instant::now();
    let answer = post_waiting(&api, &designation("US/centre/1")).await;
    assert_eq!((&answer["status"], &answer["cosigned"]["quorum"]), (&json!("recorded"), &json!("none")), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(1));
    let wrong = Call::new("POST", "/v1/records?wait=final").header("content-type", "text/plain");
    api.send(wrong.body(designation("US/centre/1").as_bytes())).await.problem(400, "parameters");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_mirror_costs_a_bounded_wait_is_named_and_makes_it_final_when_it_is_back() {
    let Some(begun) = Beginning::with(&bilateral(), Duration::from_secs(2)).await else { return };
    let (api, token) = (&begun.api, begun.api.party_token().await);
    until(api, "/v1/log/cosigners", &token, |shown| shown["cosigners"][0]["state"] == "unregistered").await;
    let Some(us) = Served::start(begun.us, &begun.from, "US").await else { return };
    api.record(&registration("US")).await;
    api.record(&registration("RU")).await;
    let answer = post_waiting(api, &designation("US/centre/1")).await;
    assert_eq!((&answer["status"], &answer["cosigned"]["ru"]), (&json!("cosigned_us"), &Value::Null), "{answer}");
    let path = format!("/v1/records/{}", answer["digest"].as_str().expect("a digest"));
    api.get(&format!("{path}/receipt?final=true"), &token).await.problem(404, "not_final");
    let shown = until(api, "/v1/log/cosigners", &token, |shown| shown["cosigners"][1]["state"] == "silent").await;
    assert_eq!(shown["cosigners"][0]["lag"], 0, "the other one is not held up: {shown}");
    let Some(ru) = Served::start(begun.ru, &begun.from, "RU").await else { return };
    until(api, &path, &token, |record| record["status"] == "final").await;
    drop((us, ru));
}

#[tokio::test(flavor = "multi_thread")]
async fn cosignatures_survive_a_new_start_and_a_second_line_changes_nothing() {
    let Some(all) = Bilateral::start().await else { return };
    let answer = all.cosigned(&designation("US/centre/1")).await;
    let path = format!("/v1/records/{}", answer["digest"].as_str().expect("a digest"));
    let receipt = all.api.get(&format!("{path}/receipt?final=true"), &all.token).await.expect(200);
    let Bilateral { api, listening, us, ru, token, .. } = all;
    let _ = listening.stop.send(true);
    listening.task.await.expect("ends");
    drop((us.stop().await, ru.stop().await));
    let api = api.restart().await; // nobody answers any more
    assert_eq!(api.get(&path, &token).await.expect(200).json()["status"], "final");
    let again = api.get(&format!("{path}/receipt?final=true"), &token).await.expect(200);
    assert_eq!(again.text(), receipt.text());
    let shown = api.get("/v1/log/cosigners", &token).await.expect(200).json();
    assert_eq!((&shown["cosigners"][0]["size"], &shown["final"]["size"]), (&json!(8), &json!(8)), "{shown}");
    assert_eq!(shown["cosigners"][0]["state"], "ok", "who has cosigned everything is not behind: {shown}");
    api.record(&designation("US/centre/1")).await;
    let behind = |shown: &Value| shown["cosigners"][0]["state"] == "silent";
    until(&api, "/v1/log/cosigners", &token, behind).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_whose_key_was_revoked_is_asked_no_more_and_what_it_cosigned_before_stays() {
    let Some(all) = Bilateral::start().await else { return };
    let before = all.cosigned(&designation("US/centre/1")).await;
    let path = format!("/v1/records/{}", before["digest"].as_str().expect("a digest"));
    let after = all.cosigned(&revocation("RU/mirror/1")).await;
    assert_eq!(after["status"], "cosigned_us", "{after}");
    let shown =
        until(&all.api, "/v1/log/cosigners", &all.token, |shown| shown["cosigners"][1]["state"] == "revoked").await;
    assert_eq!((&shown["cosigners"][1]["size"], &shown["final"]["size"]), (&json!(8), &json!(8)), "{shown}");
    assert_eq!(all.api.get(&path, &all.token).await.expect(200).json()["status"], "final");
    // The line of the revoked key is over a size at which it was good, so the ledger opens with it.
    let Bilateral { api, listening, us, ru, token, .. } = all;
    let _ = listening.stop.send(true);
    listening.task.await.expect("ends");
    drop((us.stop().await, ru.stop().await));
    let api = api.restart().await;
    assert_eq!(api.get(&path, &token).await.expect(200).json()["status"], "final");
    // One over a size at which it was revoked is no line of a cosigner, however good its signature is.
    let text = api.ledger.now().text_at(9, &api.ledger.seal).expect("a checkpoint");
    let line = cosign(&mirror_key("RU"), &text, 1_800_000_000).expect("signs").to_string();
    let late = StoredLine { size: 9, name: "RU/mirror/1".into(), line };
    api.ledger.reader.add_cosignature(&late).await.expect("stored");
    let error = api.open_again().await.err().expect("a line of a revoked key").to_string();
    assert!(error.ends_with("at size 9 the log names no good key of a cosigner RU/mirror/1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_somebody_puts_into_the_store_is_never_shown_and_stops_the_next_start() {
    let adds = "INSERT INTO countersign.cosignature (size, name, line) \
                SELECT 5, name, line FROM countersign.cosignature WHERE size = 8 AND name = 'US/mirror/1'";
    let changes = "ALTER TABLE countersign.cosignature DISABLE TRIGGER cosignature_is_kept; \
                   UPDATE countersign.cosignature AS mine SET line = other.line FROM countersign.cosignature AS other \
                   WHERE mine.size = 8 AND mine.name = 'US/mirror/1' AND other.size = 8 AND other.name = 'RU/mirror/1'";
    for (act, said) in [
        (adds, "at size 5 the log names no good key of a cosigner US/mirror/1"),
        (changes, "the line of US/mirror/1 over size 8 is not its cosignature"),
    ] {
        let Some(all) = Bilateral::start().await else { return };
        all.cosigned(&designation("US/centre/1")).await;
        let mut superuser = all.api.database.connect(ClusterRole::Superuser).await;
        sqlx::raw_sql(act).execute(&mut superuser).await.expect("done");
        superuser.close().await.expect("closed");
        let Bilateral { api, listening, us, ru, .. } = all;
        let _ = listening.stop.send(true);
        listening.task.await.expect("ends");
        drop((us.stop().await, ru.stop().await));
        let error = api.open_again().await.err().expect("a line that nobody made").to_string();
        assert!(error.ends_with(said), "{error}");
    }
}

/// The codes that an audit of the ledger's database finds about cosignatures.
async fn audited(api: &Api) -> Vec<String> {
    let options = api.database.options(ClusterRole::Runtime);
    let socket = options.get_socket().expect("a socket").display().to_string();
    let name = options.get_database().expect("a name").to_owned();
    let url = format!("postgres://countersign_reader@localhost/{name}?host={socket}");
    let trust = api.folder.path().join("trust");
    std::fs::write(&trust, api.ledger.trust.to_string()).expect("written");
    let arguments = ["audit", "--json", "--database-url", &url, "--trust", &trust.display().to_string()];
    let output = tokio::task::block_in_place(|| run(&arguments));
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let checks = report["checks"].as_array().expect("checks").iter();
    let of_cosigners = checks.filter(|check| check["check"] == "cosignatures");
    of_cosigners.map(|check| check["code"].as_str().expect("a code").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_of_the_database_verifies_every_stored_cosignature() {
    let Some(all) = Bilateral::start().await else { return };
    all.cosigned(&designation("US/centre/1")).await;
    assert_eq!(audited(&all.api).await, ["cosignatures_good"]);
    for (act, undo) in [
        (
            "INSERT INTO countersign.cosignature (size, name, line) \
             SELECT 5, name, line FROM countersign.cosignature WHERE size = 8 AND name = 'US/mirror/1'",
            "DELETE FROM countersign.cosignature WHERE size = 5",
        ),
        (
            "UPDATE countersign.cosignature SET line = line || 'A' WHERE size = 8 AND name = 'US/mirror/1'",
            "UPDATE countersign.cosignature SET line = substr(line, 1, length(line) - 1) WHERE size = 8 AND name = 'US/mirror/1'",
        ),
        (
            "UPDATE countersign.cosignature SET name = 'US/mirror/2' WHERE size = 8 AND name = 'US/mirror/1'",
            "UPDATE countersign.cosignature SET name = 'US/mirror/1' WHERE size = 8 AND name = 'US/mirror/2'",
        ),
        (
            "UPDATE countersign.cosignature SET size = 99 WHERE size = 8 AND name = 'US/mirror/1'",
            "UPDATE countersign.cosignature SET size = 8 WHERE size = 99 AND name = 'US/mirror/1'",
        ),
    ] {
        all.api.database.sabotage(&behind(act)).await;
        assert_eq!(audited(&all.api).await, ["cosignature_bad"], "{act}");
        all.api.database.sabotage(&behind(undo)).await;
    }
    assert_eq!(audited(&all.api).await, ["cosignatures_good"]);
}

/// The outcomes of the last four checks over a bundle.
fn verdict(bundle: &str, api: &Api) -> (Overall, Vec<(Check, Outcome, &'static str)>) {
    let verdict = verify(bundle, Some(&api.ledger.trust));
    let of_others = |check| matches!(check, Check::Revocation | Check::Cosignature | Check::Policy);
    let found = verdict.findings.iter().filter(|finding| of_others(finding.check));
    (verdict.overall, found.map(|finding| (finding.check, finding.result, finding.code)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_of_a_final_record_verifies_without_remarks_and_no_cosignature_can_be_altered_or_lent() {
    let Some(all) = Bilateral::start().await else { return };
    let answer = all.cosigned(&designation("US/centre/1")).await;
    let path = format!("/v1/records/{}/bundle", answer["digest"].as_str().expect("a digest"));
    let bundle = all.api.get(&path, &all.token).await.expect(200).text().to_owned();
    let (overall, found) = verdict(&bundle, &all.api);
    assert_eq!(overall, Overall::Verified, "{bundle}");
    let good = (Check::Cosignature, Outcome::Pass, "cosigned");
    let attested = (Check::Revocation, Outcome::Pass, "revocation_attested");
    assert_eq!(found, [attested, good, good, (Check::Policy, Outcome::Pass, "quorum_met")]);
    // Without one Party's line nothing is final, and nobody attests that no revocation is hidden.
    let mut parsed: Value = serde_json::from_str(&bundle).expect("JSON");
    let receipt = parsed["receipt"].as_str().expect("a receipt").to_owned();
    let line = receipt.lines().find(|line| line.starts_with("\u{2014} RU/mirror/1 ")).expect("a line").to_owned();
    let with = |parsed: &mut Value, receipt: &str| {
        parsed["receipt"] = receipt.into();
        verdict(&parsed.to_string(), &all.api)
    };
    let alone = [
        (Check::Revocation, Outcome::CouldNotCheck, "revocation_not_attested"),
        good,
        (Check::Policy, Outcome::CouldNotCheck, "quorum_not_shown"),
    ];
    let without = receipt.replace(&format!("{line}\n"), "");
    assert_eq!(with(&mut parsed, &without), (Overall::VerifiedWithRemarks, alone.to_vec()));
    // A line of a signature that is not good refuses the whole bundle.
    let other = if line.ends_with('A') { "B" } else { "A" };
    let at = line.len() - 6;
    let altered = format!("{}{other}{}", &line[..at], &line[at + 1..]);
    let (overall, found) = with(&mut parsed, &receipt.replace(&line, &altered));
    assert_eq!(overall, Overall::NotVerified, "{found:?}");
    // A line of another checkpoint does not count for this one.
    let early = all.api.get("/v1/records/4/receipt?final=true", &all.token).await.expect(200);
    let lent = early.text().lines().find(|line| line.starts_with("\u{2014} RU/mirror/1 ")).expect("a line").to_owned();
    if lent != line {
        assert_eq!(with(&mut parsed, &receipt.replace(&line, &lent)).0, Overall::NotVerified);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_not_final_yet_is_proved_in_the_newest_checkpoint_and_an_older_one_in_the_newest_final_one() {
    let Some(all) = Bilateral::start().await else { return };
    all.cosigned(&designation("US/centre/1")).await;
    let place = all.ru.stop().await;
    let late = all.api.record(&designation("RU/centre/1")).await;
    all.api.record(&revocation("US/centre/1")).await;
    let path = format!("/v1/records/{}/bundle", late["digest"].as_str().expect("a digest"));
    let bundle = all.api.get(&path, &all.token).await.expect(200);
    assert_eq!(verdict(bundle.text(), &all.api).0, Overall::VerifiedWithRemarks);
    // What came after that checkpoint is not in the bundle, also where it concerns who signed.
    let bundle = all.api.get("/v1/records/7/bundle", &all.token).await.expect(200);
    assert!(bundle.json()["receipt"].as_str().expect("a receipt").contains("\n8\n"), "{}", bundle.text());
    assert_eq!(verdict(bundle.text(), &all.api).0, Overall::Verified);
    drop(place);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_shows_what_is_final_and_proves_it_when_the_ledger_is_gone_also_after_a_new_start() {
    let Some(all) = Bilateral::start().await else { return };
    let answer = all.cosigned(&designation("US/centre/1")).await;
    let path = format!("/v1/records/{}", answer["digest"].as_str().expect("a digest"));
    let ours = all.api.get(&format!("{path}/receipt?final=true"), &all.token).await.expect(200);
    all.us.copied.look().await.expect("the origin answers");
    let Bilateral { api, listening, from, us, ru, .. } = all;
    let trust = api.ledger.trust.clone();
    let _ = listening.stop.send(true);
    listening.task.await.expect("ends");
    drop((api, ru.stop().await));
    let (token, clock) = (us.copied.token("US").await, us.copied.clock.clone());
    let looks = async |routes: axum::Router| {
        let get = async |path: &str| Call::get(path).token(&token).send(routes.clone()).await.expect(200);
        let shown = get(&path).await.json();
        assert_eq!((&shown["status"], &shown["cosigned"]), (&json!("final"), &answer["cosigned"]));
        assert_eq!(get(&format!("{path}/receipt?final=true")).await.text(), ours.text());
        let bundle = get(&format!("{path}/bundle")).await;
        assert_eq!(verify(bundle.text(), Some(&trust)).overall, Overall::Verified, "{}", bundle.text());
        let page = get("/v1/log/cosigners").await.json();
        assert_eq!((&page["final"]["size"], &page["cosigners"]), (&json!(8), &json!([])), "{page}");
    };
    looks(us.copied.routes.clone()).await;
    let place = us.stop().await;
    looks(Copied::start(&place, &from, &clock, "US").await.routes).await;
}
