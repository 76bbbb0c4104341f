//! `export` of tables: what arrives whole is kept, and nothing else.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use countersign::api::server::Timers;
use countersign::evidence::manifest::Manifest;
use countersign::hash::Hash;

use super::http_export::OF_STATUS;
use super::support::http::Listening;
use super::support::ledger::clerk_key;
use super::support::program::{Folder, run};
use super::support::standing::{NOW, Standing};
use super::support::stock::Stock;
use super::support::visits::{after, at};

/// Runs `export` against an address; answers its exit code and what it said.
fn export(address: SocketAddr, token: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let url = format!("http://{address}");
    let whole = [&["export", "--url", &url, "--token", token], arguments].concat();
    let output = tokio::task::block_in_place(|| run(&whole));
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn names(folder: &Path) -> Vec<String> {
    let items = std::fs::read_dir(folder).expect("a folder").map(|item| item.expect("an item").file_name());
    let mut names: Vec<String> = items.map(|name| name.into_string().expect("text")).collect();
    names.sort();
    names
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_arrive_whole_and_as_the_manifest_says() {
    let Some(stock) = Stock::new(true).await else { return };
    let server = stock.api.listen(Timers::default()).await;
    let folder = Folder::new();
    let tables = folder.path("tables");
    let (code, said) = export(server.address, &stock.us, &["--tables", text(&tables)]);
    assert_eq!(code, Some(0), "{said}");
    let for_all =
        ["inspections.csv", "inspections.ndjson", "ledger.sqlite", "manifest", "records.csv", "records.ndjson"];
    let mut files = [&for_all[..], &OF_STATUS].concat();
    files.sort_unstable();
    assert_eq!(names(&tables), files);
    let manifest = std::fs::read(tables.join("manifest")).expect("readable");
    let manifest = Manifest::open(&manifest, clerk_key().verifier()).expect("by the clerk");
    for listed in &manifest.files {
        let bytes = std::fs::read(tables.join(&listed.name)).expect("readable");
        assert_eq!(Hash::of(&bytes), listed.sha256, "{}", listed.name);
    }
    assert_eq!(names(folder.root()), ["tables"], "nothing else is left");
    let one = folder.path("a.csv");
    let arguments = ["--table", "records", "--format", "csv", "--out", text(&one), "--known-at", "tree:10"];
    assert_eq!(export(server.address, &stock.ro, &arguments).0, Some(0));
    let table = std::fs::read_to_string(&one).expect("readable");
    assert_eq!(table.lines().next(), std::fs::read_to_string(tables.join("records.csv")).expect("text").lines().next());
    assert_eq!(names(folder.root()), ["a.csv", "a.csv.manifest", "tables"]);
    // Nothing is overwritten, and nonsense is refused.
    for (arguments, hint) in [
        (&arguments[..], "not overwritten"),
        (&["--tables", text(&tables)], "already"),
        (&["--table", "ledger", "--format", "csv", "--out", "x"], "sqlite"),
        (&["--table", "records", "--format", "csv"], "--out"),
        (&["--folder", "x", "--tables", "y"], "cannot be used with"),
        (&[], "required"),
    ] {
        let (code, said) = export(server.address, &stock.us, arguments);
        assert_eq!((code, said.contains(hint)), (Some(2), true), "{arguments:?}: {said}");
    }
    server.stop.send(true).expect("it listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_status_are_those_of_the_instant_that_is_named() {
    let Some(standing) = Standing::new().await else { return };
    let stock = &standing.stock;
    let server = stock.api.listen(Timers::default()).await;
    let folder = Folder::new();
    let question = ["--as-of", "2026-03-05T00:00:00Z", "--view", "ru", "--known-at", "tree:33"];
    for (table, format) in [("obligations", "csv"), ("status", "ndjson"), ("ledger", "sqlite")] {
        let out = folder.path(&format!("{table}.{format}"));
        let arguments = [&["--table", table, "--format", format, "--out", text(&out)], &question[..]].concat();
        let (code, said) = export(server.address, &stock.us, &arguments);
        assert_eq!(code, Some(0), "{said}");
        let name = if table == "ledger" { "ledger.sqlite".to_owned() } else { format!("{table}.{format}") };
        let path = format!("/v1/exports/{name}?as_of=2026-03-05T00:00:00Z&view=ru&known_at=tree:33&period=2026");
        let wanted = stock.api.get(&path, &stock.us).await.expect(200).body;
        assert_eq!(Hash::of(&std::fs::read(&out).expect("readable")), Hash::of(&wanted), "{name}");
    }
    // The whole, while the clock goes on between two files: all are about the instant of the manifest.
    let (tables, clock) = (folder.path("tables"), stock.api.clock.clone());
    let ticking = tokio::spawn(async move {
        for second in 0.. {
            clock.set(after(at(NOW), second));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let (code, said) = export(server.address, &stock.us, &["--tables", text(&tables), "--period", "2026"]);
    assert_eq!(code, Some(0), "{said}");
    ticking.abort();
    let manifest = std::fs::read(tables.join("manifest")).expect("readable");
    let manifest = Manifest::open(&manifest, clerk_key().verifier()).expect("by the clerk");
    let told: Vec<&str> = manifest.filter.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(told, ["as_of", "view", "period"]);
    assert!(manifest.filter[0].1 < stock.api.clock.now().to_string(), "{:?}", manifest.filter);
    // A host has its own tables, and is told nothing of the status.
    let own = folder.path("own");
    assert_eq!(export(server.address, &stock.ro, &["--tables", text(&own)]).0, Some(0));
    assert_eq!(
        names(&own),
        ["inspections.csv", "inspections.ndjson", "ledger.sqlite", "manifest", "records.csv", "records.ndjson"]
    );
    for (arguments, hint) in [
        (&["--table", "status", "--format", "csv", "--out", "x"][..], "files"),
        (&["--tables", "x", "--as-of", "2026-03-05T00:00:00Z"], "as_of"),
        (&["--table", "records", "--format", "csv", "--out", "x", "--view", "us"], "about the status"),
        (&["--tables", "x", "--as-of", "to&day"], "not an instant"),
    ] {
        let (code, said) = export(server.address, &stock.ro, arguments);
        assert_eq!((code, said.contains(hint)), (Some(2), true), "{arguments:?}: {said}");
    }
    server.stop.send(true).expect("it listens");
}

/// What somebody does to an answer.
type Change = fn(Vec<u8>) -> Vec<u8>;

/// Somebody between reader and ledger: passes everything on, but `change` alters the whole answer to one address.
fn between(server: &Listening, path: &'static str, change: Change) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (address, ledger) = (listener.local_addr().expect("an address"), server.address);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = Vec::new();
            let mut buffer = [0; 4_096];
            while !request.ends_with(b"\r\n\r\n") {
                let Ok(read @ 1..) = stream.read(&mut buffer) else { break };
                request.extend_from_slice(&buffer[..read]);
            }
            let request = String::from_utf8_lossy(&request).replacen("\r\n", "\r\nConnection: close\r\n", 1);
            let mut behind = std::net::TcpStream::connect(ledger).expect("the ledger");
            behind.write_all(request.as_bytes()).expect("sent");
            let mut answer = Vec::new();
            let _ = behind.read_to_end(&mut answer);
            let changed = if request.contains(path) { change(answer) } else { answer };
            let _ = stream.write_all(&changed);
        }
    });
    address
}

fn replace(bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).expect("it is there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_or_changed_on_the_way_is_not_kept() {
    let Some(stock) = Stock::new(true).await else { return };
    let server = stock.api.listen(Timers::default()).await;
    let folder = Folder::new();
    let cases: [(&str, Change, &str); 5] = [
        ("/v1/exports/records.csv", |bytes| bytes.into_iter().take(9_000).collect(), "not arrive whole"),
        ("/v1/exports/records.csv", |bytes| replace(bytes, b"S-B1", b"S-B2"), "SHA-256"),
        (
            "/v1/exports/ledger.sqlite",
            |mut bytes| {
                bytes.truncate(bytes.len() - 100);
                bytes
            },
            "not arrive whole",
        ),
        ("/v1/exports/manifest", |bytes| replace(bytes, b"\"rows\": 30", b"\"rows\": 29"), "signature"),
        ("/v1/exports/manifest", |bytes| replace(bytes, b"200 OK", b"404 NO"), "404"),
    ];
    for (path, change, hint) in cases {
        let address = between(&server, path, change);
        let (code, said) = export(address, &stock.us, &["--tables", text(&folder.path("tables"))]);
        assert_eq!((code, said.contains(hint)), (Some(2), true), "{path}: {said}");
        if path.ends_with("csv") {
            let out = folder.path("x.csv");
            let (code, _) = export(address, &stock.us, &["--table", "records", "--format", "csv", "--out", text(&out)]);
            assert_eq!(code, Some(2));
        }
        assert_eq!(names(folder.root()), [""; 0], "{path}: nothing is kept");
    }
    server.stop.send(true).expect("it listens");
}
