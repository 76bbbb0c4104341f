//! The year that a demonstration plays: everything a ledger has to carry is in it, and its past can be asked for.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use countersign::api;
use countersign::api::server::Timers;
use countersign::note::Signer;
use countersign::replica::LedgerKeys;
use countersign::replica::Replica;
use countersign::service::clock::Clock;
use countersign::service::cosigned::config::CosigningSettings;
use countersign::service::gate::GateSettings;
use countersign::service::ledger::{Ledger, Settings};
use countersign::service::published::Published;
use countersign::store::cluster::ClusterRole;
use countersign::store::log::{Log as _, NewEntry, Sent};
use countersign::store::postgres::PostgresLog;
use countersign::store::token::Reading;
use countersign::tlog::leaf_hash;
use countersign::tlog::tiles::decode_bundle;
use countersign::treaty::admit::Signatures;
use countersign::treaty::party::Party;
use serde_json::{Value, json};

use crate::support::http::Call;
use crate::support::postgres::database;
use crate::support::program::{Demo, run, success};

/// Every row of a list.
fn rows(demo: &Demo, path: &str) -> Vec<Value> {
    let list = demo.get(path);
    assert_ne!(list["page"]["has_more"], true, "{path}");
    list["data"].as_array().expect("a list").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// The details of every visit, oldest first.
fn visits(demo: &Demo) -> Vec<Value> {
    let lines = rows(demo, "/v1/inspections");
    lines.iter().rev().map(|line| demo.get(text(&line["links"]["self"]))).collect()
}

#[test]
fn a_year_has_everything_that_a_ledger_must_carry() {
    let Some(demo) = Demo::start() else { return };
    inspections(&demo);
    flags(&demo);
    keys_and_sites(&demo);
    let folder = demo.folder.path("log");
    let folder = folder.to_str().expect("UTF-8");
    success(&["export", "--folder", folder, "--url", &demo.text("url"), "--token", &demo.text("token")]);
    let trust = demo.folder.path("demo/trust");
    let audit = run(&["audit", "--folder", folder, "--trust", trust.to_str().expect("UTF-8")]);
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stderr));
    demo.serving.stop("INT");
}

/// From when a team's arrival counts, where that is not the arrival that was first notified.
fn moved_arrival(visit: &Value) -> Option<&str> {
    let clocks = visit["clocks"].as_array().expect("clocks");
    let admit = clocks.iter().find(|clock| clock["limit"] == "admit").expect("the arrival");
    Some(text(&admit["from"])).filter(|from| visit["eta"] != *from)
}

fn inspections(demo: &Demo) {
    let lines = rows(demo, "/v1/inspections");
    let refused: Vec<_> = lines.iter().filter(|line| line["verdict"] == "INADMISSIBLE").collect();
    assert_eq!((refused.len(), text(&refused[0]["reason"])), (1, "NOTICE"));
    let admissible = lines.iter().filter(|line| line["verdict"] == "ADMISSIBLE");
    let (played, withdrawn): (Vec<_>, Vec<_>) =
        admissible.partition(|line| line["milestones"].as_array().is_some_and(|steps| !steps.is_empty()));
    assert_eq!((played.len(), withdrawn.len()), (8, 2));
    for slot in ["A1", "A2", "B1", "B2"] {
        assert_eq!(played.iter().filter(|line| line["slot"] == slot).count(), 2, "{slot}");
    }
    for line in &played {
        let steps: Vec<&str> =
            line["milestones"].as_array().expect("steps").iter().map(|step| text(&step["name"])).collect();
        let all = ["poe_arrival", "site_named", "restrictions", "site_arrival", "start", "end", "departure"];
        assert_eq!(steps, all, "{line:#}");
    }
    let of_all = |name: &str| -> BTreeSet<String> {
        let reports = played.iter().flat_map(|line| line["reports"].as_array().expect("reports"));
        reports.map(|report| text(&report[name]).to_owned()).collect()
    };
    assert_eq!(of_all("receipt"), ["acknowledged", "acknowledged_with_comments", "declined"].map(str::to_owned).into());
    let roll_ups = of_all("roll_up");
    for roll_up in ["absence_confirmed", "absence_confirmed_sampled", "absence_observed", "not_confirmed"] {
        assert!(roll_ups.contains(roll_up), "{roll_up}: {roll_ups:?}");
    }
    let details = visits(demo);
    let reports: Vec<&Value> =
        details.iter().flat_map(|visit| visit["findings"].as_array().expect("findings")).collect();
    for visit in &details {
        let notice = &visit["clocks"][0];
        let short = visit["reason"] == "NOTICE";
        assert_eq!((&notice["limit"], notice["late_by_seconds"].is_u64()), (&json!("notice"), short), "{notice}");
    }
    let restrictions = details.iter().flat_map(|visit| visit["clocks"].as_array().expect("clocks"));
    let met = |clock: &&Value| clock["limit"] == "freeze" && clock["met_at"] == json!(corrected_time(&details));
    assert_eq!(restrictions.filter(met).count(), 1, "the clock has the time that both corrected");
    let moved: BTreeSet<&str> = details.iter().filter_map(moved_arrival).collect();
    let agreed = ["2026-03-09T09:00:00Z", "2026-03-31T06:00:00Z", "2026-10-20T05:00:00Z"];
    assert_eq!(moved, agreed.into(), "an arrival that both moved counts from where they moved it to");
    let differences: Vec<&Value> =
        reports.iter().flat_map(|report| report["differences"].as_array().expect("a list")).collect();
    assert_eq!(differences.len(), 1);
    assert_eq!((&differences[0]["declared"]["count"], &differences[0]["observed"]["count"]), (&8.into(), &7.into()));
    let ambiguities: Vec<&Value> =
        reports.iter().flat_map(|report| report["ambiguities"].as_array().expect("a list")).collect();
    assert_eq!(ambiguities.len(), 1);
    assert_eq!((&ambiguities[0]["id"], &ambiguities[0]["open"]), (&json!("AMB-1"), &json!(false)));
    assert!(ambiguities[0]["cleared_by"].is_string());
    let sampled = reports.iter().find(|report| report["roll_up"] == "absence_confirmed_sampled").expect("one");
    assert_eq!((&sampled["claims"]["C1"]["k"], &sampled["claims"]["C1"]["n"]), (&json!(6), &json!(24)));
}

/// The time that the correction of a milestone gives.
fn corrected_time(visits: &[Value]) -> String {
    let records = visits.iter().flat_map(|visit| visit["records"].as_object().expect("columns").values());
    let mut all = records.flat_map(|column| column.as_array().expect("records"));
    let times = all.find_map(|record| record["record"]["body"]["effective_at"].as_str());
    times.expect("one correction gives a time").to_owned()
}

fn flags(demo: &Demo) {
    let flagged = |flag: &str| rows(demo, &format!("/v1/records?limit=200&flag={flag}"));
    let late: BTreeSet<(String, String)> = flagged("late")
        .iter()
        .flat_map(|record| record["flags"].as_array().expect("flags").iter().map(|flag| (record.clone(), flag.clone())))
        .filter_map(|(record, flag)| {
            Some((text(&record["kind"]).to_owned(), flag["late"]["limit"].as_str()?.to_owned()))
        })
        .collect();
    // Arrivals that both sides moved came in time for the arrival that they agreed on.
    let wanted =
        [("clarification_reply", "clarify_urgent"), ("data_change", "data_change"), ("report_receipt", "receipt")];
    assert_eq!(late, wanted.map(|(kind, limit)| (kind.to_owned(), limit.to_owned())).into());
    for (flag, kind) in [("inadmissible", "intent"), ("number_gap", "milestone")] {
        let found = flagged(flag);
        assert_eq!((found.len(), text(&found[0]["kind"])), (1, kind), "{flag}");
    }
    let corrections = rows(demo, "/v1/records?kind=correction");
    assert_eq!(corrections.len(), 2, "of a milestone's time, and of a report");
    for correction in &corrections {
        let signed: Vec<&str> =
            correction["signed_by"].as_array().expect("signers").iter().map(|by| text(&by["party"])).collect();
        assert_eq!(signed, ["US", "RU"]);
    }
    assert_eq!(rows(demo, "/v1/records?kind=inspector_objection")[0]["flags"], json!([]), "in time");
    assert_eq!(rows(demo, "/v1/records?kind=inspector_list").len(), 2);
    let consents = rows(demo, "/v1/records?kind=host_consent&limit=200");
    let scopes = consents.iter().map(|consent| &consent["record"]["body"]).filter(|body| body["action"] == "condition");
    let scopes: BTreeSet<&str> = scopes.map(|body| text(&body["scope"])).collect();
    assert_eq!(scopes, ["standing", "visit"].into());
    let shown: usize = rows(demo, "/v1/sites").iter().map(|site| site["consents"].as_array().map_or(0, Vec::len)).sum();
    assert_eq!(shown, consents.len(), "every consent stands at its site");
}

fn keys_and_sites(demo: &Demo) {
    let keys = rows(demo, "/v1/keys");
    let revoked: Vec<_> = keys.iter().filter(|key| key["revoked"].is_object()).collect();
    let reason_of = |name: &str| revoked.iter().find(|key| key["name"] == name).map(|key| &key["revoked"]);
    assert_eq!(reason_of("RU/leader/1").expect("revoked")["reason"], "superseded");
    let suspect = reason_of("US/escort/2").expect("revoked");
    assert_eq!(suspect["reason"], "compromised");
    assert!(suspect["suspect_from"].is_string());
    assert!(keys.iter().any(|key| key["name"] == "RU/leader/2" && key["revoked"].is_null()));
    let diagrams = rows(demo, "/v1/records?kind=site_diagram");
    for diagram in &diagrams {
        let slot = text(&diagram["record"]["body"]["slot"]);
        let signers = diagram["signed_by"].as_array().expect("signers").len();
        assert_eq!(signers, if slot.starts_with('A') { 3 } else { 2 }, "{slot}");
    }
    assert_eq!(diagrams.len(), 4);
}

/// The lists that are compared.
const LISTS: [&str; 6] =
    ["/v1/records?limit=200", "/v1/sites", "/v1/inspections", "/v1/declarations", "/v1/keys", "/v1/terms"];

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_what_it_was() {
    past_is_fold(9).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "every size of the year: a minute"]
async fn the_past_is_what_it_was_at_every_size() {
    past_is_fold(1).await;
}

/// For every `step`th size n: what a full ledger says was known at n is, byte for byte, what a ledger says that holds
/// the first n entries and no more.
async fn past_is_fold(step: usize) {
    let Some(copy) = Copy::of_demo().await else { return };
    let size = copy.entries.len();
    let sizes: Vec<usize> = (1..=size).filter(|n| n % step == 0 || *n == size).collect();
    let intents: Vec<String> = {
        let list: Value = serde_json::from_slice(&copy.get("/v1/inspections").await).expect("JSON");
        list["data"].as_array().expect("rows").iter().map(|row| text(&row["links"]["self"]).to_owned()).collect()
    };
    let first: Value = serde_json::from_slice(&copy.get("/v1/records/0").await).expect("JSON");
    let day = format!("as_of={}-08-13T00:00:00Z", &text(&first["received_at"])[..4]);
    let stands = ["reciprocity?view=all", "reciprocity?view=us&include=all", "obligations?state=OVERDUE"];
    let stands = stands.iter().map(|path| format!("/v1/{path}&{day}"));
    let paths: Vec<String> = LISTS.iter().map(|list| (*list).to_owned()).chain(stands).chain(intents).collect();
    let mut then = Vec::new();
    for n in &sizes {
        for path in &paths {
            let mark = if path.contains('?') { '&' } else { '?' };
            then.push(copy.answer(&format!("{path}{mark}known_at=tree:{n}")).await);
        }
    }
    let mut then = then.into_iter();
    for n in &sizes {
        copy.hold_only(*n);
        for path in &paths {
            let (was, is) = (then.next().expect("as many"), copy.answer(path).await);
            if was.0 == 404 || is.0 == 404 {
                assert_eq!(was.0, is.0, "{path} at {n}"); // problems carry the id of their request
            } else {
                assert!(was == is, "{path} at {n}: {}", difference(&was.1, &is.1));
            }
        }
    }
}

/// The first place at which two answers differ.
fn difference(was: &[u8], is: &[u8]) -> String {
    let at = was.iter().zip(is).position(|(a, b)| a != b).unwrap_or(was.len().min(is.len()));
    let around =
        |bytes: &[u8]| String::from_utf8_lossy(&bytes[at.saturating_sub(80)..bytes.len().min(at + 80)]).into_owned();
    format!("at byte {at}\n{}\n{}", around(was), around(is))
}

/// A ledger in this process that holds what a demonstration wrote.
struct Copy {
    entries: Vec<String>,
    ledger: Arc<Ledger>,
    routes: axum::Router,
    token: String,
    _database: crate::support::postgres::TestDatabase,
    _folder: tempfile::TempDir,
}

impl Copy {
    async fn of_demo() -> Option<Copy> {
        let database = database().await?;
        let demo = Demo::start()?;
        let entries = entries(&demo);
        let folder = tempfile::tempdir().expect("a folder");
        let keys = demo.folder.path("demo/keys");
        let key = |name: &str| {
            let path = keys.join(format!("{}.key", name.replace('/', "_")));
            Signer::parse(&std::fs::read_to_string(path).expect("readable")).expect("a key")
        };
        let origin = demo.text("origin");
        let mut log = PostgresLog::new(database.options(ClusterRole::Runtime));
        let mut replica = Replica::default();
        for bytes in &entries {
            let before = replica.head();
            log.entries_after(before.size).await.expect("the lock");
            let entry = replica.replay(bytes.as_bytes(), Signatures::CheckedElsewhere).expect("the rules admit it");
            let new = NewEntry {
                digest: entry.signed.digest,
                leaf_hash: leaf_hash(entry.bytes.as_bytes()),
                note: entry.bytes.clone(),
                json: entry.signed.json().to_owned(),
                sent: Sent::default(),
            };
            log.commit(before, replica.head(), vec![new]).await.expect("committed");
        }
        let settings = Settings {
            store: database.options(ClusterRole::Runtime),
            heads: folder.path().join("heads"),
            keys: LedgerKeys::new(key(&origin), key(&format!("{origin}/clerk"))),
            clock: Clock::System,
            gate: GateSettings::new(folder.path().join("evidence")),
            cosigning: CosigningSettings::with(Vec::new()),
        };
        let (ledger, sequencer) = Ledger::open(settings).await.expect("a ledger");
        sequencer.abort(); // what readers see is ours to set
        let _ = sequencer.await;
        let routes = api::routes(Arc::clone(&ledger), Timers::default());
        let token = format!("cs_{}", "5".repeat(64));
        let hash = countersign::hash::Hash::of(token.as_bytes());
        ledger.reader.create_token(&hash, "past", Party::Ru, Reading::Party).await.expect("a token");
        demo.serving.stop("INT");
        Some(Copy { entries, ledger, routes, token, _database: database, _folder: folder })
    }

    async fn answer(&self, path: &str) -> (u16, Vec<u8>) {
        let answer = Call::get(path).token(&self.token).send(self.routes.clone()).await;
        (answer.status, answer.body)
    }

    async fn get(&self, path: &str) -> Vec<u8> {
        let (status, body) = self.answer(path).await;
        assert_eq!(status, 200, "{path}");
        body
    }

    /// Readers see a ledger that was folded anew from the first `size` entries, every other time with less of an index.
    fn hold_only(&self, size: usize) {
        let mut replica = if size.is_multiple_of(2) { Replica::for_rules() } else { Replica::default() };
        for bytes in &self.entries[..size] {
            replica.replay(bytes.as_bytes(), Signatures::CheckedElsewhere).expect("the rules admit it");
        }
        let sizes = (1..=size as u64).collect();
        let published = Published::first(replica, sizes, &self.ledger.seal).expect("signs");
        self.ledger.published.store(Arc::new(published));
    }
}

/// The bytes of every entry of a demonstration, in order.
fn entries(demo: &Demo) -> Vec<String> {
    let folder = demo.folder.path("copied");
    let shown = folder.to_str().expect("UTF-8").to_owned();
    success(&["export", "--folder", &shown, "--url", &demo.text("url"), "--token", &demo.text("token")]);
    let size = demo.size();
    let tile = bundle_path(&folder, size);
    let bytes = std::fs::read(tile).expect("a bundle of entries");
    let entries = decode_bundle(&bytes, u16::try_from(size).expect("one tile")).expect("entries");
    entries.into_iter().map(|entry| String::from_utf8(entry.to_vec()).expect("UTF-8")).collect()
}

/// The one bundle of entries of a log that fits one tile.
fn bundle_path(folder: &Path, size: u64) -> std::path::PathBuf {
    assert!(size < 256, "the year fits one tile");
    folder.join(format!("tile/entries/000.p/{size}"))
}
