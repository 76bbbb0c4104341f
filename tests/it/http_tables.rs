//! Tables of the status to take away: every row in every view, and nothing for those who are not told.

use std::collections::BTreeMap;

use countersign::evidence::manifest::Manifest;
use countersign::hash::Hash;
use countersign::service::export::sqlite;
use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::http_export::{OF_STATUS, TEXTS, file, rows};
use super::support::foreign::run_python;
use super::support::http::{Call, errors};
use super::support::ledger::clerk_key;
use super::support::records::{by, changing};
use super::support::standing::{NOW, SIZE, Standing};
use super::support::visits::at;

const ASKED: &str = "as_of=2026-03-20T00:00:00Z&known_at=tree:34";
const VIEWS: [(&str, &str); 3] = [("us", "US"), ("ru", "RU"), ("undisputed", "UNDISPUTED")];

/// What a view answers elsewhere, as rows of the two tables.
async fn elsewhere(standing: &Standing, asked: &str, view: &str) -> (Vec<Value>, Value) {
    let mut status = standing.get(&format!("/v1/reciprocity?{asked}&view={view}&include=all")).await;
    let members = status.as_object_mut().expect("an object");
    let owed = members.remove("obligations").expect("what is owed");
    members.retain(|name, _| !["checkpoint", "links"].contains(&name.as_str()));
    let mut owed = owed.as_array().expect("rows").clone();
    for row in &mut owed {
        for name in ["as_of", "known_at", "view"] {
            row[name] = status[name].clone();
        }
    }
    (owed, status)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_are_what_the_status_answers_in_each_view() {
    let Some(standing) = Standing::new().await else { return };
    let (api, us) = (&standing.stock.api, standing.stock.us.as_str());
    // More than one page of them.
    for _ in 0..60 {
        api.record(&by("US/centre/1", Kind::DataChange, changing("A1"))).await;
    }
    for asked in [ASKED, "as_of=2026-03-21T00:00:00Z&known_at=tree:94&period=2027"] {
        let (mut all_owed, mut all_status) = (Vec::new(), Vec::new());
        for (view, word) in VIEWS {
            let (owed, status) = elsewhere(&standing, asked, view).await;
            assert!(owed.iter().all(|row| row["view"] == word) && status["view"] == word);
            let query = format!("?{asked}&view={view}");
            assert_eq!(rows(&file(api, "obligations.ndjson", &query, us).await), owed, "{view}");
            assert_eq!(rows(&file(api, "status.ndjson", &query, us).await), std::slice::from_ref(&status), "{view}");
            all_owed.extend(owed);
            all_status.push(status);
        }
        for query in [format!("?{asked}"), format!("?{asked}&view=all")] {
            assert_eq!(rows(&file(api, "obligations.ndjson", &query, us).await), all_owed);
            assert_eq!(rows(&file(api, "status.ndjson", &query, us).await), all_status);
        }
        assert!(all_owed.len() > if asked == ASKED { 60 } else { 200 }, "{}", all_owed.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_the_status_is_the_same_for_ever_and_says_what_it_is_about() {
    let Some(standing) = Standing::new().await else { return };
    let (api, us) = (&standing.stock.api, standing.stock.us.as_str());
    let mut held = BTreeMap::new();
    for name in OF_STATUS.iter().chain(&["ledger.sqlite"]) {
        let answer = api.get(&format!("/v1/exports/{name}"), us).await.expect(200);
        assert_eq!((answer.header("as-of"), answer.header("known-at")), (NOW, "tree:34"), "{name}: what is not named");
        held.insert(*name, answer.body);
    }
    let note = api.get("/v1/exports/manifest?files=status.csv,obligations.ndjson", us).await.expect(200);
    assert_eq!(note.header("as-of"), NOW);
    let manifest = Manifest::open(&note.body, clerk_key().verifier()).expect("by the clerk");
    let told = [("as_of", NOW), ("view", "all"), ("period", "2026")];
    assert_eq!(manifest.filter, told.map(|(name, value)| (name.to_owned(), value.to_owned())));
    for listed in &manifest.files {
        assert_eq!(listed.sha256, Hash::of(&held[listed.name.as_str()]), "{}", listed.name);
    }
    // What does not depend on it says nothing of it.
    let plain = api.get("/v1/exports/manifest?files=records.csv", us).await.expect(200);
    assert!(plain.headers.get("as-of").is_none());
    assert!(Manifest::open(&plain.body, clerk_key().verifier()).expect("by the clerk").filter.is_empty());
    // The log grows, and the clock goes on.
    standing
        .post("2026-03-21T00:00:00Z", "RU/centre/1", Kind::Contest, &[standing.b1], json!({ "action": "claim" }))
        .await;
    api.clock.set(at("2026-04-01T00:00:00Z"));
    for (name, bytes) in &held {
        let again = file(api, name, &format!("?{ASKED}"), &standing.stock.auditor).await;
        assert_eq!(Hash::of(&again), Hash::of(bytes), "{name}");
        assert_ne!(Hash::of(&file(api, name, "", us).await), Hash::of(bytes), "{name}: now is another day");
    }
    let heading = String::from_utf8(held["status.csv"].clone()).expect("text");
    assert!(heading.starts_with("view,as_of,known_at,period,pair.status,pair.because,sides.US.grade,"), "{heading}");
    let marked = file(api, "status.csv", &format!("?{ASKED}&bom=true"), us).await;
    assert_eq!(marked, ["\u{feff}".as_bytes(), &held["status.csv"]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn for_a_host_there_are_no_tables_of_the_status_anywhere() {
    let Some(standing) = Standing::new().await else { return };
    let (api, ro) = (&standing.stock.api, standing.stock.ro.as_str());
    for name in OF_STATUS {
        for query in ["", "?view=both", "?nothing=1", "?known_at=tree:99"] {
            api.get(&format!("/v1/exports/{name}{query}"), ro).await.problem(404, "not_found");
        }
        api.send(Call::get(&format!("/v1/exports/{name}"))).await.problem(401, "token_required");
        let named = api.get(&format!("/v1/exports/manifest?files={name}"), ro).await.problem(400, "parameters");
        let absent = api.get("/v1/exports/manifest?files=nothing.csv", ro).await.problem(400, "parameters");
        assert_eq!(errors(&named), errors(&absent), "like a file that does not exist");
    }
    for name in ["manifest", "ledger.sqlite"] {
        for parameter in ["as_of=2026-03-20T00:00:00Z", "view=us", "period=2026"] {
            let problem = api.get(&format!("/v1/exports/{name}?{parameter}"), ro).await.problem(400, "parameters");
            assert!(errors(&problem)[0].ends_with(" parameter_unknown"), "{problem}");
        }
    }
    let note = api.get("/v1/exports/manifest", ro).await.expect(200);
    let manifest = Manifest::open(&note.body, clerk_key().verifier()).expect("by the clerk");
    let names: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, TEXTS.iter().chain(&["ledger.sqlite"]).copied().collect::<Vec<_>>());
    assert!(manifest.filter.is_empty() && note.headers.get("as-of").is_none());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite");
    let bytes = file(api, "ledger.sqlite", "", ro).await;
    std::fs::write(&path, &bytes).expect("written");
    assert_eq!(Hash::of(&bytes), manifest.files[4].sha256);
    assert_eq!(sqlite::count(&path).expect("a database"), manifest.files[4].rows);
    for absent in ["obligation", "pair_status", "as_of"] {
        assert!(!bytes.windows(absent.len()).any(|part| part == absent.as_bytes()), "{absent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_what_is_asked_is_answered_at_once() {
    let Some(standing) = Standing::new().await else { return };
    let (api, us) = (&standing.stock.api, &standing.stock.us);
    for name in OF_STATUS {
        let path = format!("/v1/exports/{name}?known_at=tree:{}&as_of=x&view=both&period=20", SIZE + 1);
        let mut found = errors(&api.get(&path, us).await.problem(422, "parameters"));
        found.sort();
        let malformed = ["as_of", "period", "view"].map(|name| format!("{name} parameter_malformed"));
        assert_eq!(found, [&malformed[..1], &["known_at known_at".into()], &malformed[1..]].concat());
        api.get(&format!("/v1/exports/{name}?known_at=tree:0"), us).await.problem(422, "known_at");
        api.get(&format!("/v1/exports/{name}?kind=ADMIT"), us).await.problem(400, "parameters");
    }
    // A database of nothing has no status to tell.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite");
    std::fs::write(&path, file(api, "ledger.sqlite", "?known_at=tree:0", us).await).expect("written");
    assert_eq!(sqlite::count(&path).expect("a database"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_answers_questions_about_the_status() {
    let Some(standing) = Standing::new().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = file(&standing.stock.api, "ledger.sqlite", &format!("?{ASKED}"), &standing.stock.us).await;
    std::fs::write(folder.path().join("ledger.sqlite"), bytes).expect("written");
    let script = "import json, sqlite3\n\
        b = sqlite3.connect('ledger.sqlite')\n\
        q = lambda s: b.execute(s).fetchall()\n\
        print(json.dumps({\n\
        'states': q('select view, state from obligation where kind = \\'ADMIT\\' and slot = \\'A1\\' order by rowid'),\n\
        'pair': q('select view, pair_status, sides_US_grade, sides_RU_grade from status order by rowid'),\n\
        'graded': q('select count(*) from obligation where graded and view = \\'US\\''),\n\
        'by': q('select record.kind from obligation join record on digest = created_by where obligation.kind = \\'ADMIT\\' and view = \\'RU\\''),\n\
        'about': dict(q('select name, value from about'))}))\n";
    let Some(found) = run_python(folder.path(), &["sqlite3"], script) else { return };
    assert_eq!(found["states"], json!([["US", "EXCUSED"], ["RU", "REFUSED"], ["UNDISPUTED", "CONTESTED"]]));
    let mut pairs = Vec::new();
    let mut graded = 0;
    for (view, word) in VIEWS {
        let (owed, status) = elsewhere(&standing, ASKED, view).await;
        let grade = |side: &str| status["sides"][side]["grade"].clone();
        pairs.push(json!([word, status["pair"]["status"], grade("US"), grade("RU")]));
        if view == "us" {
            graded = owed.iter().filter(|row| row["graded"] == true).count();
        }
    }
    assert_eq!((&found["pair"], &found["graded"]), (&json!(pairs), &json!([[graded]])));
    assert_eq!(found["by"], json!([["intent"], ["intent"]]));
    let about = &found["about"];
    assert_eq!((&about["as_of"], &about["view"], &about["period"]), (&json!(NOW), &json!("all"), &json!("2026")));
}
