//! Programs that know nothing of ours verify what the ledger hands out: an independent verifier in Python, Go's own
//! transparency log, Node, pymerkle. (OpenSSL has a page of its own, and so have the crates of others in `tests/pure`.)
//!
//! Where one is missing its test says `skipped` and passes, unless `COUNTERSIGN_REQUIRE` names it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use countersign::api::server::Timers;
use countersign::tlog::leaf_hash;
use countersign::tlog::tiles::{TilePath, decode_bundle};
use serde_json::Value;

use super::support::foreign::{has_program, run_python};
use super::support::ledger::{clerk_key, key, log_key};
use super::support::postgres::is_required;
use super::support::program::{Demo, Folder, success};
use super::support::stock::{ENTRIES, Stock};

/// A file of `tests/strangers`.
fn stranger(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strangers").join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for item in std::fs::read_dir(from).expect("a folder") {
        let path = item.expect("an item").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

/// Every file below a folder, with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for item in std::fs::read_dir(folder).expect("a folder") {
        let path = item.expect("an item").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            let bytes = std::fs::read(&path).expect("readable");
            all.push((path, bytes));
        }
    }
    all.sort();
    all
}

/// Runs the verifier that was written from `docs/formats.md` alone.
fn second_program(log: &Path, trust: &Path) -> (bool, String) {
    let Output { status, stdout, stderr } =
        Command::new("python3").arg("-B").arg(stranger("verify_log.py")).args([log, trust]).output().expect("it runs");
    let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    assert!(!said.contains("Traceback"), "it fails in words of its own: {said}");
    (status.success(), said)
}

#[test]
fn a_second_program_verifies_a_year_and_finds_every_changed_byte() {
    if !has_program("python3") {
        return;
    }
    let lines = std::fs::read_to_string(stranger("verify_log.py")).expect("readable").lines().count();
    assert!(lines <= 250, "{lines} lines");
    let Some(demo) = Demo::start() else { return };
    let (log, trust) = (demo.folder.path("log"), demo.folder.path("demo/trust"));
    success(&["export", "--folder", text(&log), "--url", &demo.text("url"), "--token", &demo.text("token")]);
    let size = demo.size();
    demo.serving.stop("INT");
    let (verified, said) = second_program(&log, &trust);
    assert!(verified && said.contains(&format!("VERIFIED: {size} entries")), "{said}");

    // One byte of each file at places spread over it, the first and the last among them; then a byte less and one more.
    for (path, whole) in files(&log) {
        let last = whole.len() - 1;
        for place in places(&path, &whole) {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            std::fs::write(&path, bytes).expect("written");
            let (verified, said) = second_program(&log, &trust);
            assert!(!verified && said.contains("NOT VERIFIED"), "{} at {place}: {said}", path.display());
        }
        for other in [whole[..last].to_vec(), [&whole[..], b"\n"].concat()] {
            std::fs::write(&path, other).expect("written");
            assert!(!second_program(&log, &trust).0, "{}: a byte less or more", path.display());
        }
        std::fs::write(&path, whole).expect("written");
    }
    std::fs::write(log.join("tile/0/001"), "").expect("written");
    assert!(!second_program(&log, &trust).0, "a file that is no part of the log");
    std::fs::remove_file(log.join("tile/0/001")).expect("removed");
    forged(&demo.folder, &log, &trust, size);
    assert!(second_program(&log, &trust).0, "everything is as it was");
}

/// Where a byte is changed: eight places from the first to the last. Below the log's line of a checkpoint whoever likes may
/// say something; there it is the last letter but some of each cosigner's signature.
fn places(path: &Path, whole: &[u8]) -> Vec<usize> {
    let spread = |last: usize| (0..8).map(move |i| last * i / 7);
    if !path.ends_with("checkpoint") {
        return spread(whole.len() - 1).collect();
    }
    let text = std::str::from_utf8(whole).expect("text");
    let ends: Vec<usize> = text.match_indices('\n').map(|(place, _)| place).collect();
    let [.., by_log, one, other] = ends.as_slice() else { panic!("two lines of cosigners: {text}") };
    spread(*by_log).chain([one - 9, other - 9]).collect()
}

/// Somebody who has the log's key and not the others' changes an entry and signs the new root.
fn forged(folder: &Folder, log: &Path, trust: &Path, size: u64) {
    let keys = folder.path("demo/keys");
    let log_key = files(&keys).into_iter().find(|(path, _)| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.ends_with("bilateral.key")
    });
    let (path, _) = log_key.expect("the key of the log");
    let signer = countersign::note::Signer::parse(&std::fs::read_to_string(path).expect("readable")).expect("a key");
    let other = folder.path("forged");
    copy(log, &other);
    let path: TilePath = format!("tile/entries/000.p/{size}").parse().expect("a path");
    let bundle = std::fs::read(other.join(path.to_string())).expect("readable");
    for (from, to, expected) in
        [(&b"\"effective_at\": \"2"[..], &b"\"effective_at\": \"3"[..], "signature"), (b"/clerk ", b"/clark ", "clerk")]
    {
        let mut bytes = bundle.clone();
        let at = bytes.windows(from.len()).rposition(|window| window == from).expect("it is there");
        bytes[at..at + to.len()].copy_from_slice(to);
        std::fs::write(other.join(path.to_string()), &bytes).expect("written");
        let entries = decode_bundle(&bytes, path.width()).expect("entries");
        let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let mut tree = countersign::tlog::Tree::default();
        leaves.iter().for_each(|leaf| tree.append(*leaf));
        let tile: Vec<u8> = leaves.iter().flat_map(|leaf| *leaf.as_bytes()).collect();
        std::fs::write(other.join(format!("tile/0/000.p/{size}")), tile).expect("written");
        let origin = signer.verifier().name().to_owned();
        let checkpoint = countersign::tlog::checkpoint::Checkpoint { origin, size, root: tree.root() };
        std::fs::write(other.join("checkpoint"), checkpoint.sign(&signer).expect("signs")).expect("written");
        let (verified, said) = second_program(&other, trust);
        assert!(!verified && said.contains(expected), "{expected}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn go_reads_the_tiles_of_a_running_ledger_and_checks_records_and_trees() {
    let packages = Path::new("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog").is_dir();
    assert!(packages || !is_required("go"), "golang-golang-x-mod-dev is required");
    if !packages || !has_program("go") {
        println!("skipped: this test needs go and golang-golang-x-mod-dev");
        return;
    }
    let Some(stock) = Stock::new(true).await else { return };
    let server = stock.api.listen(Timers::default()).await;
    let (url, vkey) = (format!("http://{}", server.address), log_key().verifier().to_string());
    let folder = Folder::new();
    let run = |vkey: &str| {
        let mut go = Command::new("go");
        go.arg("run").arg(stranger("verify.go")).args([&url, vkey, &stock.us]);
        // The packages of the machine, and nothing from any network.
        go.env("GOPATH", "/usr/share/gocode").env("GO111MODULE", "off").env("GOPROXY", "off").env("GOFLAGS", "");
        go.env("GOCACHE", std::env::temp_dir().join("countersign-test-go")).env("HOME", folder.root());
        let output = tokio::task::block_in_place(|| go.output()).expect("go runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    };
    assert_eq!(run(&vkey), (true, format!("{ENTRIES} entries\n")));
    let (other, said) = run(&key("ledger.example/other").verifier().to_string());
    assert!(!other && said.contains("no verifiable signatures"), "{said}");
    server.stop.send(true).expect("it listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn node_verifies_an_entry_and_a_checkpoint() {
    if !has_program("node") {
        return;
    }
    let Some(stock) = Stock::new(true).await else { return };
    let folder = Folder::new();
    let keys = [log_key(), clerk_key(), key("US/root/1"), key("US/leader/1")];
    let vkeys: Vec<String> = keys.iter().map(|key| key.verifier().to_string()).collect();
    let (entry, checkpoint, names) = (folder.path("entry"), folder.path("checkpoint"), folder.path("vkeys"));
    std::fs::write(&entry, &stock.entries().await[5]).expect("written");
    std::fs::write(&checkpoint, stock.api.ledger.now().checkpoint.as_ref()).expect("written");
    std::fs::write(&names, vkeys.join("\n")).expect("written");
    let output = Command::new("node").arg(stranger("verify.js")).args([&entry, &checkpoint, &names]).output();
    let output = output.expect("node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let clerk = clerk_key().verifier().name().to_owned();
    assert_eq!(said["entry"], serde_json::json!(["US/root/1", "US/leader/1", clerk]));
    assert_eq!(said["checkpoint"], serde_json::json!([log_key().verifier().name()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn pymerkle_finds_the_same_root_at_every_size() {
    let Some(stock) = Stock::new(true).await else { return };
    let folder = Folder::new();
    std::fs::write(folder.path("entries.json"), serde_json::to_string(&stock.entries().await).expect("JSON"))
        .expect("written");
    let script = "import json\nfrom pymerkle import InmemoryTree\ntree = InmemoryTree(algorithm='sha256')\nroots = []\n\
        for entry in json.load(open('entries.json')):\n    tree.append_entry(entry.encode())\n    roots.append(tree.get_state().hex())\n\
        print(json.dumps(roots))";
    let Some(roots) = run_python(folder.root(), &["pymerkle"], script) else { return };
    let roots: Vec<&str> = roots.as_array().expect("a list").iter().map(|root| root.as_str().expect("hex")).collect();
    let now = stock.api.ledger.now();
    let own = (1..=ENTRIES).map(|size| now.replica.tree().root_at(size).expect("a root").to_hex());
    assert_eq!(roots, own.collect::<Vec<_>>());
}
