//! Whole tables to take away: what other programs find in them, and that they are whole or visibly not.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use countersign::api::Peer;
use countersign::api::server::Timers;
use countersign::evidence::manifest::Manifest;
use countersign::hash::Hash;
use countersign::service::access::Principal;
use countersign::service::export::{Wanted, sqlite};
use countersign::service::known::Known;
use countersign::service::query::Filter;
use countersign::service::status::{Question, View};
use countersign::store::token::Reading;
use countersign::treaty::party::Party;
use countersign::treaty::record::Kind;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower::ServiceExt as _;

use super::support::http::{Api, Call, now};
use super::support::ledger::{ORIGIN, clerk_key};
use super::support::records::{by, designating, simple};
use super::support::stock::{ENTRIES, OF_ROMANIA, Stock};
use super::support::visits::{after, intending};

/// The files that a host has, too.
pub const TEXTS: [&str; 4] = ["records.csv", "records.ndjson", "inspections.csv", "inspections.ndjson"];
/// The files that say how the two sides stand.
pub const OF_STATUS: [&str; 4] = ["obligations.csv", "obligations.ndjson", "status.csv", "status.ndjson"];

/// A file of an export.
pub async fn file(api: &Api, name: &str, query: &str, token: &str) -> Vec<u8> {
    let answer = api.get(&format!("/v1/exports/{name}{query}"), token).await.expect(200);
    let disposition = answer.header("content-disposition").to_owned();
    assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
    let day = answer.headers.get("as-of").map(|at| format!("_{}", at.to_str().expect("text").replace(':', "")));
    let known = answer.header("known-at").replace(':', "-");
    assert!(disposition.contains(&format!("_{known}{}.", day.unwrap_or_default())), "{disposition}");
    answer.body
}

/// The rows of an NDJSON file, whose last line must say that they are all.
pub fn rows(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).expect("text");
    let (before, last) = text.trim_end().rsplit_once('\n').map_or(("", text.trim_end()), |(b, l)| (b, l));
    let before = if before.is_empty() { String::new() } else { format!("{before}\n") };
    let rows: Vec<Value> = before.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let last: Value = serde_json::from_str(last).expect("JSON");
    let hash = Hash::of(before.as_bytes()).to_string();
    assert_eq!(last, json!({ "complete": true, "rows": rows.len(), "sha256": hash }));
    rows
}

/// The data of a list, oldest first.
async fn list(api: &Api, path: &str, token: &str) -> Vec<Value> {
    let mut data = api.get(path, token).await.expect(200).json()["data"].as_array().expect("data").clone();
    data.reverse();
    data
}

/// A stock of records with two visits to a place that a spreadsheet would calculate.
pub async fn visited() -> Option<Stock> {
    let stock = Stock::new(true).await?;
    for (slot, by_whom) in [("A1", "RU/centre/1"), ("B1", "US/centre/1")] {
        let mut body = intending(slot, after(now(), 400_000));
        body["poe"] = "=HYPERLINK(\"x\"), Редзиково ș ț ł".into();
        stock.api.record(&by(by_whom, Kind::Intent, body)).await;
    }
    Some(stock)
}

/// Rows without what cosigners said, which comes after the entries: an export is the same for ever.
fn lasting(mut rows: Vec<Value>) -> Vec<Value> {
    for row in &mut rows {
        row.as_object_mut().expect("an object").remove("cosigned");
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_has_the_rows_of_the_list() {
    let Some(stock) = visited().await else { return };
    let (api, us) = (&stock.api, stock.us.as_str());
    for (name, path) in [("records.ndjson", "/v1/records?limit=200"), ("inspections.ndjson", "/v1/inspections")] {
        assert_eq!(rows(&file(api, name, "", us).await), lasting(list(api, path, us).await), "{name}");
    }
    for query in ["kind=declaration", "party=RU", "site=A1", "flag=anchor_empty&kind=data_change", "inspection=30"] {
        let wanted = lasting(list(api, &format!("/v1/records?limit=200&{query}"), us).await);
        assert!(!wanted.is_empty());
        assert_eq!(rows(&file(api, "records.ndjson", &format!("?{query}"), us).await), wanted, "{query}");
    }
    // As a table, cell by cell what the list gives as a table, in log order.
    for (name, path) in [("records.csv", "/v1/records?limit=200"), ("inspections.csv", "/v1/inspections")] {
        let table = Call::get(path).token(us).header("accept", "text/csv");
        let table = api.send(table).await.expect(200).text().to_owned();
        let mut lines: Vec<&str> = table.split_terminator("\r\n").collect();
        lines[1..].reverse();
        let exported = file(api, name, "", us).await;
        assert_eq!(String::from_utf8(exported.clone()).expect("text"), format!("{}\r\n", lines.join("\r\n")));
        let marked = file(api, name, "?bom=true", us).await;
        assert_eq!(marked, ["\u{feff}".as_bytes(), &exported].concat());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_takes_away_what_it_may_read_and_nothing_else() {
    let Some(stock) = visited().await else { return };
    let (api, ro) = (&stock.api, stock.ro.as_str());
    let of_romania: Vec<u64> = OF_ROMANIA.into_iter().chain([30]).collect();
    let found = rows(&file(api, "records.ndjson", "", ro).await);
    assert_eq!(found.iter().map(|row| row["index"].as_u64().expect("an index")).collect::<Vec<_>>(), of_romania);
    let visits = rows(&file(api, "inspections.ndjson", "", ro).await);
    assert_eq!(visits.iter().map(|row| row["slot"].clone()).collect::<Vec<_>>(), ["A1"]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.sqlite");
    std::fs::write(&path, file(api, "ledger.sqlite", "", ro).await).expect("written");
    assert_eq!(sqlite::count(&path).expect("a database"), of_romania.len() as u64 + 1);
    let note = api.get("/v1/exports/manifest", ro).await.expect(200).body;
    let manifest = Manifest::open(&note, clerk_key().verifier()).expect("by the clerk");
    assert_eq!((manifest.scope.as_str(), manifest.files[0].rows), ("host RO", of_romania.len() as u64));
    for name in TEXTS.iter().chain(&["ledger.sqlite", "manifest"]) {
        api.send(Call::get(&format!("/v1/exports/{name}"))).await.problem(401, "token_required");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_says_what_the_files_are_and_only_its_time_differs() {
    let Some(stock) = visited().await else { return };
    let (api, us) = (&stock.api, stock.us.as_str());
    let query = "?known_at=tree:31&kind=data_change&bom=true&view=us";
    let first = api.get(&format!("/v1/exports/manifest{query}"), us).await.expect(200);
    assert_eq!(first.header("known-at"), "tree:31");
    let manifest = Manifest::open(&first.body, clerk_key().verifier()).expect("by the clerk");
    assert_eq!((manifest.origin.as_str(), manifest.scope.as_str(), manifest.created_at), (ORIGIN, "everything", now()));
    let root = api.ledger.now().replica.tree().root_at(31).expect("a root");
    assert_eq!((manifest.head.size, manifest.head.root), (31, root));
    let filter = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let told = [filter("as_of", &now().to_string()), filter("view", "us"), filter("period", "2026")];
    let [as_of, view, period] = told.clone();
    assert_eq!(manifest.filter, [filter("bom", "true"), as_of, view, period, filter("kind", "data_change")]);
    // The log grows and the clock goes on; what was exported stays.
    api.record(&simple()).await;
    api.clock.set(after(now(), 60));
    let names: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, TEXTS.iter().chain(&OF_STATUS).chain(&["ledger.sqlite"]).copied().collect::<Vec<_>>());
    for listed in &manifest.files {
        // What the manifest says is asked for again, as far as the file takes it.
        let name = listed.name.as_str();
        let takes = |parameter: &str| match parameter {
            "bom" => name.ends_with(".csv"),
            "kind" => name.starts_with("records"),
            _ => OF_STATUS.contains(&name) || name == "ledger.sqlite",
        };
        let told = manifest.filter.iter().filter(|(parameter, _)| takes(parameter));
        let query: String = told.map(|(parameter, value)| format!("&{parameter}={value}")).collect();
        let bytes = file(api, name, &format!("?known_at=tree:31{query}"), us).await;
        assert_eq!((listed.bytes, listed.sha256), (bytes.len() as u64, Hash::of(&bytes)), "{}", listed.name);
        let owed = if name.starts_with("obligations") { listed.rows } else { 0 };
        assert_eq!(owed > 0, name.starts_with("obligations"));
        let every = 31 + 1 + manifest.files[4].rows + 1; // records, the visit, what is owed, one view
        let rows = BTreeMap::from([
            ("records", 14),
            ("inspections", 1),
            ("obligations", owed),
            ("status", 1),
            ("ledger", every),
        ]);
        assert_eq!(listed.rows, rows[name.split('.').next().expect("a stem")], "{name}");
    }
    let query = format!("{query}&as_of={}", now());
    let second = api.get(&format!("/v1/exports/manifest{query}"), &stock.auditor).await.expect(200).body;
    let second = Manifest::open(&second, clerk_key().verifier()).expect("by the clerk");
    assert_eq!(second.created_at, after(now(), 60));
    assert_eq!(Manifest { created_at: now(), ..second }, manifest);
    let one = api.get("/v1/exports/manifest?files=ledger.sqlite", us).await.expect(200).body;
    let one = Manifest::open(&one, clerk_key().verifier()).expect("by the clerk");
    assert_eq!((one.files.len(), one.head.size), (1, 33), "without known_at it is the newest");
    api.get("/v1/exports/manifest?files=records.xlsx", us).await.problem(400, "parameters");
    api.get("/v1/exports/records.csv?known_at=tree:99", us).await.problem(422, "known_at");
    api.get("/v1/exports/inspections.csv?kind=intent", us).await.problem(400, "parameters");
}

/// Opens an answer and leaves its body unread.
pub async fn open(api: &Api, name: &str, token: &str) -> Response<Body> {
    let request = Request::builder().uri(format!("/v1/exports/{name}"));
    let request = request.header("authorization", format!("Bearer {token}")).extension(Peer([192, 0, 2, 1].into()));
    api.routes.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer")
}

/// Fills the log up to a size beyond one page.
pub async fn fill(stock: &Stock, size: u64) {
    for _ in stock.api.size()..size {
        stock.api.record(&by("US/centre/1", Kind::Designation, designating("B1", "designate"))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_fails_midway_is_broken_off_and_never_ended() {
    let Some(stock) = Stock::new(true).await else { return };
    fill(&stock, 150).await;
    let server = stock.api.listen(Timers::default()).await;
    let get = |name: &'static str| {
        let (address, token) = (server.address, stock.us.clone());
        async move {
            let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
            let request = format!(
                "GET /v1/exports/{name} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).await.expect("sent");
            let mut said = Vec::new();
            let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut said)).await;
            let _ = read.expect("the server closes"); // a reset is an end, too
            String::from_utf8_lossy(&said).into_owned()
        }
    };
    for name in ["records.csv", "records.ndjson"] {
        assert!(get(name).await.ends_with("\r\n0\r\n\r\n"), "{name}: whole");
    }
    // Somebody changes the words of an entry on the second page: it still reads as an entry.
    let alter = "ALTER TABLE countersign.entry DISABLE TRIGGER USER; \
                 UPDATE countersign.entry SET note = pg_catalog.convert_to(pg_catalog.replace( \
                 pg_catalog.convert_from(note, 'UTF8'), '\"en\": \"', '\"en\": \"x'), 'UTF8') WHERE index = 100";
    stock.api.database.sabotage(alter).await;
    for name in ["records.csv", "records.ndjson"] {
        let mut body = open(&stock.api, name, &stock.us).await.into_body();
        let first = body.frame().await.expect("a frame").expect("a first page").into_data().expect("data");
        assert!(first.len() > 20_000, "{name}: it had begun");
        body.frame().await.expect("a frame").expect_err("a fault");
        let said = get(name).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 200 "), "{name}: {said}"); // empty if it failed at once
        assert!(!said.contains("\r\n0\r\n"), "{name}: not ended");
        assert!(!said.contains("\"complete\":true"), "{name}: nor said to be whole");
    }
    for name in ["ledger.sqlite", "manifest"] {
        stock.api.get(&format!("/v1/exports/{name}"), &stock.us).await.problem(503, "try_again");
    }
    // What lies before it can still be had; and a fault on the first page has a status.
    rows(&file(&stock.api, "records.ndjson", "?known_at=tree:100", &stock.us).await);
    stock.api.database.sabotage("UPDATE countersign.entry SET note = 'x' WHERE index = 3").await;
    stock.api.get("/v1/exports/records.ndjson", &stock.us).await.problem(503, "try_again");
    server.stop.send(true).expect("it listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_not_sent_over_a_connection_that_cannot_show_that_it_broke_off() {
    let Some(stock) = Stock::new(true).await else { return };
    let server = stock.api.listen(Timers::default()).await;
    for (name, status) in [("records.csv", "426"), ("inspections.csv", "426"), ("records.ndjson", "200")] {
        let mut stream = tokio::net::TcpStream::connect(server.address).await.expect("a connection");
        let request =
            format!("GET /v1/exports/{name} HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", stock.us);
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut said = String::new();
        stream.read_to_string(&mut said).await.expect("text");
        let line = said.lines().next().unwrap_or_default();
        assert!(line.contains(status), "{name}: {line}");
        assert_eq!(said.contains("http_version"), status == "426", "{name}");
        assert_eq!(said.to_lowercase().contains("\r\nupgrade: http/1.1\r\n"), status == "426", "{name}: {said}");
    }
    server.stop.send(true).expect("it listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_has_a_few_downloads_and_gets_them_back() {
    let Some(stock) = Stock::new(true).await else { return };
    let mut opened = Vec::new();
    for name in ["records.csv", "inspections.ndjson", "ledger.sqlite", "records.ndjson"] {
        opened.push(open(&stock.api, name, &stock.us).await);
    }
    stock.api.get("/v1/exports/records.csv", &stock.us).await.problem(429, "too_many_open");
    stock.api.get("/v1/exports/records.csv", &stock.auditor).await.expect(200);
    opened.remove(2);
    stock.api.get("/v1/exports/manifest", &stock.us).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_leaves_no_file_behind() {
    let Some(stock) = Stock::new(true).await else { return };
    let known = Known::all(stock.api.ledger.now());
    let principal = Principal::Holder { party: Party::Us, role: Reading::Party };
    let question = Question { as_of: now(), view: View::All, period: 2026, everything: true };
    let wanted = Wanted::new(principal, &known.past(), Filter::default(), false, question);
    let made = sqlite::build(&stock.api.ledger, &wanted).await.expect("made");
    let handle = std::os::fd::AsRawFd::as_raw_fd(&made.file);
    let name = std::fs::read_link(format!("/proc/self/fd/{handle}")).expect("an open file");
    assert!(name.to_string_lossy().ends_with(" (deleted)"), "it has no name any more: {name:?}");
    assert!(made.rows > ENTRIES + 3, "records, obligations and three rows of the status");
    // Given up in the middle.
    for turn in 1..20 {
        let _ =
            tokio::time::timeout(Duration::from_micros(500 * turn), sqlite::build(&stock.api.ledger, &wanted)).await;
    }
    let left = || {
        let names = std::fs::read_dir(std::env::temp_dir()).expect("a folder").filter_map(Result::ok);
        names.filter(|item| item.file_name().to_string_lossy().starts_with("countersign-export-")).count()
    };
    for _ in 0..500 {
        if left() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await; // other tests make databases, too
    }
    panic!("{} folders are left", left());
}
