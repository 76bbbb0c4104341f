//! `audit` of folders and addresses: for each class of fault the check that finds it, its code, and an exit that is not 0.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use countersign::api::server::Timers;
use countersign::hash::Hash;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::proof::Proof;
use countersign::tlog::{Tree, leaf_hash};
use serde_json::Value;

use super::support::foreign::has_program;
use super::support::ledger::{ORIGIN, log_key};
use super::support::program::{Folder, PROGRAM, run};
use super::support::stock::{ENTRIES, Stock};

/// An exported log of [`ENTRIES`] entries, with a receipt and a bundle of entry 7, and nothing that serves it.
pub struct Exported {
    folder: Folder,
}

impl Exported {
    pub async fn new() -> Option<Exported> {
        let stock = Stock::new(true).await?;
        let folder = Folder::new();
        let trust = stock.api.ledger.trust.to_string();
        for (name, path) in [("receipt", "/v1/records/7/receipt"), ("bundle", "/v1/records/7/bundle")] {
            let answer = stock.api.get(path, &stock.us).await.expect(200);
            std::fs::write(folder.path(name), answer.text()).expect("written");
        }
        std::fs::write(folder.path("trust"), format!("{trust}\n")).expect("written");
        let server = stock.api.listen(Timers::default()).await;
        let (url, log) = (format!("http://{}", server.address), folder.path("log"));
        let arguments = ["export", "--folder", text(&log), "--url", &url, "--token", &stock.us];
        let exported = tokio::task::block_in_place(|| run(&arguments));
        assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
        let trust = folder.path("trust");
        let live = ["audit", "--url", &url, "--token", &stock.us, "--trust", text(&trust)];
        let live = tokio::task::block_in_place(|| run(&live));
        assert!(live.status.success(), "a ledger that runs: {}", String::from_utf8_lossy(&live.stderr));
        server.stop.send(true).expect("it listens");
        Some(Exported { folder })
    }

    fn log(&self) -> PathBuf {
        self.folder.path("log")
    }

    /// Audits the folder with these arguments; answers the exit code, the report, and the first line that was said.
    fn audit(&self, more: &[&str]) -> (Option<i32>, Value, String) {
        let (log, trust) = (self.log(), self.folder.path("trust"));
        audit(&[&["--folder", text(&log), "--trust", text(&trust)], more].concat())
    }

    /// What the log's key says about this size and root.
    fn forged(&self, size: u64, root: Hash) -> String {
        Checkpoint { origin: ORIGIN.to_owned(), size, root }.sign(&log_key()).expect("signs")
    }

    /// A receipt that is good in itself, for the entry of this bundle in another history.
    fn forked(&self, bundle: &str) -> String {
        let bundle: Value = serde_json::from_str(bundle).expect("JSON");
        let mut tree = Tree::default();
        (0..7).for_each(|i| tree.append(Hash::of(&[i])));
        tree.append(leaf_hash(bundle["entry"].as_str().expect("an entry").as_bytes()));
        let hashes = tree.prove_inclusion(7, 8).expect("a proof");
        Proof { extra: None, index: 7, hashes, checkpoint: self.forged(8, tree.root()) }.to_string()
    }

    fn receipt(&self) -> String {
        std::fs::read_to_string(self.folder.path("receipt")).expect("readable")
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn audit(arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = run(&[&["audit", "--json"], arguments].concat());
    let said = String::from_utf8(output.stderr).expect("text");
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {said}"));
    (output.status.code(), report, said.lines().next().unwrap_or_default().to_owned())
}

/// The faults of a report, each as its check and its code; each has a place, and says what it means.
fn faults(report: &Value) -> Vec<String> {
    let failed = report["checks"].as_array().expect("checks").iter().filter(|check| check["result"] == "fail");
    let named = failed.map(|check| {
        let placed = check["check"] == "trust" || check["place"].as_str().is_some_and(|place| !place.is_empty());
        let means = check["meaning"].as_str().is_some_and(|meaning| !meaning.is_empty());
        assert!(placed && means, "{check:#}");
        format!("{}/{}", check["check"].as_str().expect("a name"), check["code"].as_str().expect("a code"))
    });
    let mut named: Vec<String> = named.collect();
    named.dedup();
    named
}

/// Changes a file, and puts it back afterwards.
fn with_changed(path: &Path, change: impl FnOnce(&Path), then: impl FnOnce()) {
    let whole = std::fs::read(path).ok();
    change(path);
    then();
    let _ = std::fs::remove_file(path);
    if let Some(whole) = whole {
        std::fs::write(path, whole).expect("written");
    }
}

/// Somebody who changes a file.
type Change = Box<dyn Fn(&Path)>;

/// Changes the bytes of a file.
fn bytes(change: impl Fn(&mut Vec<u8>) + 'static) -> Change {
    Box::new(move |path| {
        let mut bytes = std::fs::read(path).expect("readable");
        change(&mut bytes);
        std::fs::write(path, bytes).expect("written");
    })
}

/// Writes other bytes.
fn instead(other: impl AsRef<[u8]> + 'static) -> Change {
    Box::new(move |path| std::fs::write(path, &other).expect("written"))
}

fn pipe() -> Change {
    Box::new(|path| {
        std::fs::remove_file(path).expect("removed");
        assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo runs").success());
    })
}

fn gone() -> Change {
    Box::new(|path| std::fs::remove_file(path).expect("removed"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_folder_is_named_with_its_place_and_its_meaning() {
    let Some(exported) = Exported::new().await else { return };
    tokio::task::block_in_place(|| faults_of_files(&exported));
}

fn faults_of_files(exported: &Exported) {
    let (code, report, _) = exported.audit(&[]);
    assert_eq!((code, faults(&report)), (Some(0), vec![]), "{report:#}");
    let (tile, entries) = (format!("tile/0/000.p/{ENTRIES}"), format!("tile/entries/000.p/{ENTRIES}"));
    let last = |bytes: &mut Vec<u8>| *bytes.last_mut().expect("bytes") ^= 1;
    let cases: Vec<(&str, Change, &[&str])> = vec![
        // Of the last entry: a signer's words, and the clerk's base64.
        (
            &entries,
            bytes(|b| swap(b, b"\"kind\": \"data_change\"", b"\"kind\": \"data-change\"")),
            &["entries/record_malformed"],
        ),
        (
            &entries,
            bytes(|b| swap(b, b"2026-01-01T00:00:00Z", b"2026-01-01T00:00:01Z")),
            &["entries/signature_invalid"],
        ),
        (&entries, bytes(|b| b.truncate(b.len() - 1)), &["entries/not_a_bundle"]),
        (&entries, bytes(|b| b.push(0)), &["entries/not_a_bundle"]),
        (&entries, bytes(|b| b.resize(65_537 * 30 + 1, 0)), &["entries/missing"]),
        (&entries, pipe(), &["entries/missing"]),
        (&entries, gone(), &["trust/first_terms_unreadable", "entries/missing"]),
        (&tile, bytes(last), &["tiles/tile_differs"]),
        (&tile, bytes(|b| b.truncate(b.len() - 1)), &["tiles/tile_differs"]),
        (&tile, gone(), &["tiles/missing"]),
        (&tile, bytes(|b| b.push(0)), &["tiles/missing"]),
        ("checkpoint", bytes(|b| swap(b, b"AAAA", b"AAAB")), &["checkpoint/checkpoint_not_signed"]),
        ("checkpoint", instead("nonsense"), &["checkpoint/checkpoint_malformed"]),
        ("checkpoint", instead(exported.forged(ENTRIES, Hash::of(b"x"))), &["checkpoint/root_differs"]),
        ("checkpoint", instead(exported.forged(1 << 62, Hash::of(b"x"))), &["entries/missing"]),
        ("policy", bytes(|b| swap(b, b"quorum none", b"quorum some")), &["policy/policy_differs"]),
        ("heads", instead(format!("3 {}\n", Hash::of(b"x").to_base64())), &["heads/root_differs"]),
        ("heads", instead(format!("31 {}\n", Hash::of(b"x").to_base64())), &["heads/entries_missing"]),
        ("heads", instead("three\n"), &["heads/head_malformed"]),
    ];
    for (name, change, expected) in cases {
        with_changed(&exported.log().join(name), change, || {
            let (code, report, _) = exported.audit(&[]);
            let found = faults(&report);
            let last = expected.last().copied();
            assert!(found.iter().any(|fault| Some(fault.as_str()) == last), "{name} {expected:?}: {report:#}");
            assert_eq!(code, Some(1), "{name}");
        });
    }
    // And one bit at places spread over each file.
    for name in ["checkpoint", "policy", &tile, &entries] {
        let length = std::fs::metadata(exported.log().join(name)).expect("a file").len() as usize;
        for at in (0..16).map(|i| (length - 1) * i / 15) {
            with_changed(&exported.log().join(name), bytes(move |bytes| bytes[at] ^= 1), || {
                let (code, report, _) = exported.audit(&[]);
                assert_eq!((code, faults(&report).is_empty()), (Some(1), false), "{name} at {at}: {report:#}");
            });
        }
    }
    let (code, report, _) = exported.audit(&[]);
    assert_eq!((code, faults(&report)), (Some(0), vec![]), "everything is as it was");
}

/// Changes the last place that has these bytes, or else one bit near the end of the file.
fn swap(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    match bytes.windows(from.len()).rposition(|window| window == from) {
        Some(at) => bytes[at..at + to.len()].copy_from_slice(to),
        None => {
            let at = bytes.len() - 8;
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_or_missing_root_of_trust_is_said_first() {
    let Some(exported) = Exported::new().await else { return };
    let log = exported.log();
    let other = exported.folder.path("other");
    let line = format!("countersign/trust/v1 {ORIGIN} {}\n", Hash::of(b"another"));
    std::fs::write(&other, line).expect("written");
    let (code, report, first) = audit(&["--folder", text(&log), "--trust", text(&other)]);
    assert_eq!((code, faults(&report)), (Some(1), vec!["trust/other_ledger".to_owned()]));
    assert!(first.starts_with("FAIL  trust") && report["checks"][0]["check"] == "trust", "{first}");
    let (code, report, first) = audit(&["--folder", text(&log)]);
    assert_eq!((code, &report["verdict"]), (Some(3), &"cannot_decide".into()));
    assert!(first.starts_with("????  trust"), "{first}");
    for arguments in [&[][..], &["--folder", "x", "--url", "http://x"], &["--folder", "/nonexistent"]] {
        assert_eq!(run(&[&["audit"], arguments].concat()).status.code(), Some(2), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_hold_is_compared_with_the_log() {
    let Some(exported) = Exported::new().await else { return };
    tokio::task::block_in_place(|| held(&exported));
}

fn held(exported: &Exported) {
    let (receipt, bundle) = (exported.folder.path("receipt"), exported.folder.path("bundle"));
    let (code, report, _) = exported.audit(&["--receipt", text(&receipt), text(&bundle)]);
    assert_eq!((code, faults(&report)), (Some(0), vec![]), "{report:#}");
    let (head, checkpoint) =
        exported.receipt().split_once("\n\n").map(|(h, c)| (h.to_owned(), c.to_owned())).expect("two");
    let bundled = std::fs::read_to_string(&bundle).expect("readable");
    let other_key = checkpoint.replace(ORIGIN, "ledger.example/other");
    let cases = [
        (format!("{head}\n\n{}", exported.forged(8, Hash::of(b"x"))), "receipt_differs"),
        (exported.receipt().replace("index 7", "index 6"), "receipt_differs"),
        (format!("{head}\n\n{}", exported.forged(99, Hash::of(b"x"))), "receipt_beyond"),
        (format!("{head}\n\n{other_key}"), "receipt_not_signed"),
        (exported.receipt().replace("tlog-proof", "tlog-prof"), "receipt_malformed"),
        (bundled.replacen("countersign/record/v1", "countersign/record/v2", 1), "receipt_differs"),
        ("{}".to_owned(), "receipt_malformed"),
    ];
    for (held, expected) in cases {
        let path = exported.folder.path("held");
        std::fs::write(&path, held).expect("written");
        let (code, report, _) = exported.audit(&["--receipt", text(&path)]);
        assert_eq!((code, faults(&report)), (Some(1), vec![format!("receipts/{expected}")]), "{report:#}");
    }
    let path = exported.folder.path("held");
    std::fs::write(&path, exported.forked(&bundled)).expect("written");
    let (code, report, _) = exported.audit(&["--receipt", text(&path)]);
    assert_eq!((code, faults(&report)), (Some(1), vec!["receipts/receipt_differs".to_owned()]), "{report:#}");
    for (size, code) in [(ENTRIES + 1, "entries_missing"), (3, "root_differs")] {
        std::fs::write(&path, exported.forged(size, Hash::of(b"x"))).expect("written");
        let (exit, report, _) = exported.audit(&["--checkpoint", text(&path)]);
        assert_eq!((exit, faults(&report)), (Some(1), vec![format!("checkpoint/{code}")]), "{report:#}");
    }
    std::fs::write(&path, format!("3 {}\n", Hash::of(b"x").to_base64())).expect("written");
    let (exit, report, _) = exported.audit(&["--heads", text(&path)]);
    assert_eq!((exit, faults(&report)), (Some(1), vec!["heads/root_differs".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_web_server_can_serve_an_exported_folder_and_audit_needs_no_ledger() {
    if !has_program("python3") {
        return;
    }
    let Some(exported) = Exported::new().await else { return };
    tokio::task::block_in_place(|| served(&exported));
}

fn served(exported: &Exported) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let mut server = Command::new("python3");
    server.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]).current_dir(exported.log());
    let mut server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    super::support::program::wait_for("the web server answers", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).ok()
    });
    let url = format!("http://127.0.0.1:{port}/");
    let trust = exported.folder.path("trust");
    let over_http = || {
        let output = Command::new(PROGRAM).args(["audit", "--json", "--url", &url, "--trust", text(&trust)]).output();
        let output = output.expect("it runs");
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).expect("a report"))
    };
    let (code, report) = over_http();
    assert_eq!((code, &report["size"], faults(&report)), (Some(0), &ENTRIES.into(), vec![]), "{report:#}");
    // A server that has gone on has the whole tile alone; and one that lies about a tile is caught.
    let tile = exported.log().join(format!("tile/0/000.p/{ENTRIES}"));
    let whole = [std::fs::read(&tile).expect("readable"), vec![0; (256 - 30) * 32]].concat();
    std::fs::write(exported.log().join("tile/0/000"), whole).expect("written");
    std::fs::remove_file(&tile).expect("removed");
    assert_eq!(over_http().0, Some(0), "the beginning of a whole tile is the tile");
    std::fs::write(&tile, [0; 32 * 31]).expect("written");
    let (code, report) = over_http();
    assert_eq!((code, faults(&report)), (Some(1), vec!["tiles/missing".to_owned()]), "larger than it can be");
    server.kill().expect("it runs");
    server.wait().expect("it ends");
    let gone = run(&["audit", "--url", &url, "--trust", text(&trust)]);
    assert_eq!(gone.status.code(), Some(2), "a server that is gone says nothing about the log");
}
