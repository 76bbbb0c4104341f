//! `countersign mirror`, as its users type it.

use std::path::Path;

use countersign::author::sign;
use countersign::note::Signer;
use countersign::treaty::record::Kind;

use super::support::http::now;
use super::support::ledger::{ORIGIN, draft, signed};
use super::support::operator::Operator;
use super::support::postgres::cluster;
use super::support::program::{Demo, Folder, Serving, run, success, wait_for};
use super::support::records::designating;

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Where a mirror says that it listens.
fn address(serving: &mut Serving, log: &Path) -> String {
    wait_for("the mirror listens", || {
        let said = std::fs::read_to_string(log).unwrap_or_default();
        if let Some(status) = serving.child.try_wait().expect("it can be waited for") {
            panic!("the mirror ended with {status}: {said}");
        }
        let line = said.lines().find(|line| line.starts_with("Mirroring "))?;
        line.split(" on ").nth(1).map(str::to_owned)
    })
}

/// A record by the US centre of a demonstration.
fn lodged_by(demo: &Folder, origin: &str) -> String {
    let key = std::fs::read_dir(demo.path("demo/keys")).expect("keys").map(|item| item.expect("readable").path());
    let mut key = key.filter(|path| text(path).contains("US_centre_") && text(path).ends_with(".key"));
    let key = std::fs::read_to_string(key.next().expect("a centre")).expect("readable");
    let key = Signer::parse(key.trim()).expect("a key");
    let record = draft(Kind::Designation, &[key.verifier().name()], designating("B1", "designate"));
    sign(&record.text(origin), &[&key]).expect("signs")
}

#[test]
fn a_mirror_copies_a_ledger_is_killed_goes_on_and_outlives_it() {
    let Some(demo) = Demo::start() else { return };
    let folder = Folder::new();
    let (trust, log, data) = (folder.path("trust"), folder.path("log"), folder.path("mirror"));
    let line = demo.get("/v1/log")["trust"].as_str().expect("a root of trust").to_owned();
    std::fs::write(&trust, format!("{line}\n")).expect("written");
    success(&["keygen", "--name", "US/mirror/1", "--out", text(folder.root())]);
    success(&["keygen", "--name", "US/window/1", "--out", text(folder.root())]);
    let (url, token, origin) = (demo.text("url"), demo.text("token"), demo.text("origin"));
    let copy = ["mirror", "--from", &url, "--token", &token, "--trust", text(&trust), "--data-dir", text(&data)];
    let size = success(&[&copy[..], &["--once"]].concat());
    assert_eq!(size.trim(), demo.size().to_string());
    let (key, window) = (folder.path("US_mirror_1.key"), folder.path("US_window_1.key"));
    let serve = ["--listen", "127.0.0.1:0", "--key", text(&key), "--window-key", text(&window)];
    let serve = [&copy[..], &serve].concat();
    let mut serving = Serving::start(&[&serve[..], &["--begin"]].concat(), &log);
    address(&mut serving, &log);
    serving.child.kill().expect("it can be killed");
    serving.child.wait().expect("it ends");
    let Demo { serving: ledger, folder: kept, .. } = demo;
    ledger.stop("TERM");
    let mut serving = Serving::start(&serve, &log);
    let mirror = address(&mut serving, &log);
    let get = |path: &str| {
        let mut answer = ureq::get(format!("{mirror}{path}")).call().expect("an answer");
        answer.body_mut().read_to_string().expect("text")
    };
    assert!(get("/v1/log").contains(&format!("\"size\":{}", size.trim())), "{}", get("/v1/log"));
    let ready = wait_for("it notices that the ledger is gone", || {
        Some(get("/readyz")).filter(|ready| ready.contains("not followed"))
    });
    assert!(ready.starts_with("ready\n"), "{ready}");
    // The ledger is gone, and the mirror's window takes what it would have taken.
    let (note, word) = (folder.path("note"), folder.path("word"));
    std::fs::write(&note, lodged_by(&kept, &origin)).expect("written");
    let sent = run(&["submit", text(&note), "--url", &mirror, "--out", text(&word)]);
    assert_eq!(sent.status.code(), Some(5), "{}", String::from_utf8_lossy(&sent.stderr));
    assert!(std::fs::read_to_string(&word).expect("written").starts_with("countersign/lodged/v1\n"));
    restored(&kept, &folder, &mirror, &origin, size.trim());
    serving.stop("TERM");
}

/// The ledger's machine is gone, its two keys are not: a new one is the ledger again, from a Party's mirror.
fn restored(demo: &Folder, folder: &Folder, mirror: &str, origin: &str, size: &str) {
    let (data, log) = (folder.path("restored"), folder.path("restored.log"));
    let key = |name: &str| demo.path(&format!("demo/keys/{}.key", name.replace('/', "_")));
    let (log_key, clerk_key) = (key(origin), key(&format!("{origin}/clerk")));
    let new = [
        "token",
        "create",
        "--data-dir",
        text(&folder.path("mirror")),
        "--party",
        "US",
        "--role",
        "party",
        "--label",
        "r",
    ]
    .map(str::to_owned);
    let token = success(&new.iter().map(String::as_str).collect::<Vec<_>>());
    let serve = ["serve", "--data-dir", text(&data), "--listen", "127.0.0.1:0", "--log-key", text(&log_key)];
    let serve = [&serve[..], &["--clerk-key", text(&clerk_key)]].concat();
    let nothing = run(&serve);
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("--create-log"));
    let from = ["--restore-from", mirror, "--restore-token", token.trim()];
    let mut serving = Serving::start(&[&serve[..], &from].concat(), &log);
    let url = wait_for("the ledger is restored", || {
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        if let Some(status) = serving.child.try_wait().expect("it can be waited for") {
            panic!("the server ended with {status}: {said}");
        }
        said.lines().find_map(|line| line.strip_prefix("Serving on ")).map(str::to_owned)
    });
    let about =
        ureq::get(format!("{url}/v1/log")).call().expect("an answer").body_mut().read_to_string().expect("text");
    assert!(about.contains(&format!("\"size\":{size}")), "{about}");
    let ready = ureq::get(format!("{url}/readyz")).call().expect("it writes");
    assert_eq!(ready.status().as_u16(), 200);
    serving.stop("TERM");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_finds_a_rule_broken_says_so_with_its_exit_code() {
    if cluster().is_none() {
        return;
    }
    let (operator, folder) = (Operator::start(now()).await, Folder::new());
    operator.append(&signed(&draft(Kind::Designation, &["US/centre/1"], designating("A1", "designate"))), now());
    let (trust, data) = (folder.path("trust"), folder.path("mirror"));
    std::fs::write(&trust, format!("countersign/trust/v1 {ORIGIN} {}\n", operator.terms)).expect("written");
    let url = operator.url.clone();
    let output = tokio::task::spawn_blocking(move || {
        let copy = ["mirror", "--from", &url, "--token", "cs_x", "--trust", text(&trust), "--data-dir", text(&data)];
        run(&[&copy[..], &["--once"]].concat())
    });
    let output = output.await.expect("no panic");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("role_not_allowed at 3"), "{said}");
}
