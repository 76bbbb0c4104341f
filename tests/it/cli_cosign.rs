//! A ledger and the mirrors of both Parties as their operators start them, and a record that somebody waits for.

use std::path::{Path, PathBuf};

use countersign::author::sign;
use countersign::note::Signer;
use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::support::ledger::draft;
use super::support::postgres::cluster;
use super::support::program::{Folder, Serving, run, success, wait_for};
use super::support::records::designating;

const ORIGIN: &str = "ledger.example/cosigned";

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// An address that is free now.
fn free() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").to_string()
}

/// Everything that the operators keep.
struct Operators {
    folder: Folder,
    url: String,
    listen: String,
}

impl Operators {
    /// The keys of the ledger and of every state, and terms that demand a mirror of each Party.
    fn new() -> Operators {
        let folder = Folder::new();
        let keys = folder.path("keys");
        let make = |arguments: &[&str]| success(&[&["keygen", "--out", text(&keys)], arguments].concat());
        make(&["--log", ORIGIN]);
        make(&["--clerk", ORIGIN]);
        for party in ["US", "RU", "RO", "PL"] {
            for role in ["root", "recovery"] {
                make(&["--name", &format!("{party}/{role}/1")]);
            }
        }
        for name in ["US/mirror/1", "RU/mirror/1", "US/centre/1"] {
            make(&["--name", name]);
        }
        let listen = free();
        let operators = Operators { url: format!("http://{listen}"), listen, folder };
        let draft = success(&["terms", "init", "--origin", ORIGIN, "--keys", text(&keys), "--public-log", "--mirrors"]);
        let roots = ["US/root/1", "RU/root/1", "RO/root/1", "PL/root/1"];
        std::fs::write(operators.file("terms"), operators.signed(&draft, &roots)).expect("written");
        operators
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path(name)
    }

    fn key_file(&self, name: &str) -> PathBuf {
        self.file("keys").join(name.replace('/', "_")).with_added_extension("key")
    }

    fn signed(&self, text: &str, names: &[&str]) -> String {
        let read = |name: &&str| std::fs::read_to_string(self.key_file(name)).expect("a key");
        let keys: Vec<Signer> = names.iter().map(|name| Signer::parse(read(name).trim()).expect("a key")).collect();
        sign(text, &keys.iter().collect::<Vec<_>>()).expect("signs")
    }

    fn record(&self, kind: Kind, names: &[&str], body: Value) -> String {
        self.signed(&draft(kind, names, body).text(ORIGIN), names)
    }

    /// Starts the ledger, and waits until it writes.
    fn serve(&self, more: &[&str]) -> Serving {
        let (data, log, clerk) = (self.file("data"), self.key_file(ORIGIN), self.key_file(&format!("{ORIGIN}/clerk")));
        let serve = ["serve", "--data-dir", text(&data), "--listen", &self.listen, "--log-key", text(&log)];
        let serving = Serving::start(&[&serve[..], &["--clerk-key", text(&clerk)], more].concat(), &self.file("log"));
        wait_for("the server is ready", || ureq::get(format!("{}/readyz", self.url)).call().ok());
        serving
    }

    /// Sends a record; answers what is said and what is printed.
    fn submit(&self, note: &str, more: &[&str]) -> (String, String) {
        std::fs::write(self.file("note"), note).expect("written");
        let sent = run(&[&["submit", text(&self.file("note")), "--url", &self.url], more].concat());
        let said = String::from_utf8(sent.stderr).expect("UTF-8");
        assert!(sent.status.success(), "{said}");
        (said, String::from_utf8(sent.stdout).expect("UTF-8"))
    }

    /// A mirror of this state, which begins; answers where it is.
    fn mirror(&self, state: &str) -> (Serving, String) {
        let token = ["token", "create", "--data-dir", text(&self.file("data")), "--party", state, "--role", "party"]
            .map(str::to_owned);
        let token = success(&token.iter().map(String::as_str).collect::<Vec<_>>());
        let (listen, data) = (free(), self.file(&format!("mirror-{state}")));
        let (trust, key) = (self.file("trust"), self.key_file(&format!("{state}/mirror/1")));
        let mirror = ["mirror", "--from", &self.url, "--token", token.trim(), "--trust", text(&trust), "--begin"];
        let more = ["--listen", &listen, "--key", text(&key), "--data-dir", text(&data)];
        let serving = Serving::start(&[&mirror[..], &more].concat(), &self.file(&format!("{state}.log")));
        let url = format!("http://{listen}");
        wait_for("the mirror is ready", || ureq::get(format!("{url}/readyz")).call().ok());
        (serving, url)
    }
}

#[test]
fn who_submits_and_waits_has_a_receipt_with_the_lines_of_both_parties_mirrors() {
    if cluster().is_none() {
        return;
    }
    let all = Operators::new();
    let begun = all.serve(&["--create-log", text(&all.file("terms"))]);
    let said = std::fs::read_to_string(all.file("log")).expect("readable");
    let trust = said.lines().find(|line| line.starts_with("countersign/trust/v1 ")).expect("it prints its trust");
    std::fs::write(all.file("trust"), trust).expect("written");
    for (name, role) in [("US/mirror/1", "mirror"), ("RU/mirror/1", "mirror"), ("US/centre/1", "centre")] {
        let vkey = std::fs::read_to_string(all.key_file(name).with_extension("vkey")).expect("readable");
        let body = json!({ "vkey": vkey.trim(), "name": name, "role": role });
        let note = all.record(Kind::KeyRegistration, &[&format!("{}/root/1", &name[..2]), name], body);
        // Nobody cosigns yet, and who waits is told so at once.
        let (said, _) = all.submit(&note, &["--wait"]);
        assert!(said.contains("Standing: recorded\n"), "{said}");
    }
    let (us, us_url) = all.mirror("US");
    let (ru, ru_url) = all.mirror("RU");
    begun.stop("TERM");
    let cosigners = [format!("US/mirror/1={us_url}"), format!("RU/mirror/1={ru_url}")];
    let serving = all.serve(&["--cosigner", &cosigners[0], "--cosigner", &cosigners[1]]);
    let note = all.record(Kind::Designation, &["US/centre/1"], designating("B1", "designate"));
    let (said, receipt) = all.submit(&note, &["--wait"]);
    assert!(said.contains("Standing: final (cosigned by: US mirror ") && said.contains(", RU mirror "), "{said}");
    let lines = |name: &str| receipt.lines().filter(|line| line.starts_with(&format!("— {name} "))).count();
    assert_eq!((lines(ORIGIN), lines("US/mirror/1"), lines("RU/mirror/1")), (1, 1, 1), "{receipt}");
    // The other Party's mirror is gone: the same command says how far it is, and is no failure.
    ru.stop("TERM");
    let note = all.record(Kind::Designation, &["US/centre/1"], designating("B2", "designate"));
    let (said, _) = all.submit(&note, &["--wait"]);
    assert!(said.contains("Standing: cosigned_us (cosigned by: US mirror ") && !said.contains("RU mirror"), "{said}");
    let wrong = run(&["serve", "--data-dir", text(&all.file("other")), "--cosigner", "US/mirror/1"]);
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert!(wrong.status.code() == Some(2) && said.contains("KEY=URL"), "{said}");
    us.stop("TERM");
    serving.stop("TERM");
}
