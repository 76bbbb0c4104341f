//! The command line, as its users type it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::postgres::cluster;
use crate::support::program::{Demo, Folder, PROGRAM, Serving, run, start_demo, success, wait_for};

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn stderr(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(arguments);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_secret_is_for_its_owner_alone_and_is_never_overwritten() {
    let folder = Folder::new();
    let (out, key) = (folder.root(), folder.path("RU_leader_07.key"));
    let make = ["keygen", "--name", "RU/leader/07", "--out", text(out), "--pem"];
    let vkey = success(&make);
    for (file, mode) in
        [(&key, 0o400), (&folder.path("RU_leader_07.pem"), 0o400), (&folder.path("RU_leader_07.vkey"), 0o444)]
    {
        assert_eq!(std::fs::metadata(file).expect("it is there").permissions().mode() & 0o777, mode, "{file:?}");
    }
    let secret = std::fs::read(&key).expect("readable");
    let (code, said) = stderr(&make);
    assert_eq!(code, Some(2));
    assert!(said.contains("never overwritten"), "{said}");
    assert_eq!(std::fs::read(&key).expect("readable"), secret);
    assert!(!String::from_utf8_lossy(&run(&make).stdout).contains("PRIVATE"));
    for half in [&key, &folder.path("RU_leader_07.vkey")] {
        assert!(success(&["key", "show", text(half)]).starts_with(&vkey), "both files show the public half");
    }
}

#[test]
fn a_key_name_that_cannot_be_is_refused_with_what_to_write() {
    for (name, hint) in [("boss", "authority"), ("RO/leader/1", "hosts have root"), ("FR/root/1", "authority")] {
        let (code, said) = stderr(&["keygen", "--name", name, "--out", "/nonexistent"]);
        assert_eq!(code, Some(2));
        assert!(said.contains(hint), "{name}: {said}");
    }
}

#[test]
fn every_command_has_a_manual() {
    let all = success(&["--help"]);
    for command in [
        "keygen", "key", "terms", "new", "check", "sign", "prepare", "submit", "receipt", "serve", "mirror", "migrate",
        "token", "verify", "inspect", "export", "audit", "judge", "status", "demo", "bench",
    ] {
        assert!(all.contains(&format!("\n  {command} ")), "{command} is listed");
        let manual = success(&[command, "--help"]);
        assert!(manual.lines().count() > 5, "{command}: {manual}");
    }
}

/// Makes the log's, the clerk's, and every root and recovery key; answers the folder.
fn keys(folder: &Folder, origin: &str) -> std::path::PathBuf {
    let keys = folder.path("keys");
    success(&["keygen", "--log", origin, "--out", text(&keys)]);
    success(&["keygen", "--clerk", origin, "--out", text(&keys)]);
    for party in ["US", "RU", "RO", "PL"] {
        for role in ["root", "recovery"] {
            success(&["keygen", "--name", &format!("{party}/{role}/1"), "--out", text(&keys)]);
        }
    }
    keys
}

#[test]
fn four_states_begin_a_ledger_and_one_of_them_writes_to_it() {
    if cluster().is_none() {
        return;
    }
    let folder = Folder::new();
    let origin = "ledger.example/begin";
    let keys = keys(&folder, origin);
    let file = |name: &str| folder.path(name);
    success(&[
        "terms",
        "init",
        "--origin",
        origin,
        "--keys",
        text(&keys),
        "--public-log",
        "--out",
        text(&file("terms.txt")),
    ]);
    // Each root signs in its own capital: the text goes round, and gains a line each time.
    let mut note = file("terms.txt");
    for party in ["US", "RU", "RO", "PL"] {
        let next = file(&format!("terms.{party}"));
        let key = keys.join(format!("{party}_root_1.key"));
        success(&["sign", text(&note), "--key", text(&key), "--out", text(&next)]);
        note = next;
    }
    let key = |name: &str| keys.join(name.replace('/', "_")).with_added_extension("key");
    let data = file("data");
    let (log_key, clerk_key) = (key(origin), key(&format!("{origin}/clerk")));
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let listen = port.to_string();
    let serve = [
        "serve",
        "--data-dir",
        text(&data),
        "--listen",
        &listen,
        "--log-key",
        text(&log_key),
        "--clerk-key",
        text(&clerk_key),
    ];
    let (code, said) = stderr(&serve);
    assert_eq!(code, Some(2));
    assert!(said.contains("--create-log"), "a database without a log says how to begin one: {said}");
    let begin = [&serve[..], &["--create-log", text(&note)]].concat();
    let serving = Serving::start(&begin, &file("serve.log"));
    let url = format!("http://{port}");
    let answers = || ureq::get(format!("{url}/readyz")).call().ok();
    wait_for("the server is ready", answers);
    let trust = std::fs::read_to_string(file("serve.log")).expect("readable");
    let trust = trust.lines().find(|line| line.starts_with("countersign/trust/v1 ")).expect("it prints its trust");
    std::fs::write(file("trust"), trust).expect("written");

    // The root of the United States registers its centre: a JSON object, signed by two keys, sent by anybody.
    success(&["keygen", "--name", "US/centre/washington", "--out", text(&keys)]);
    let vkey = std::fs::read_to_string(keys.join("US_centre_washington.vkey")).expect("readable");
    let record = serde_json::json!({
        "body": { "role": "centre", "name": "US/centre/washington", "vkey": vkey.trim() },
        "id": "01a1b2c3-0000-7000-8000-000000000001", "kind": "key_registration", "party": "US", "number": 2,
        "signers": ["US/root/1", "US/centre/washington"], "signed_at": "2026-01-01T00:00:00Z",
        "anchor": { "size": 0, "root": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        "channel": "courier",
    });
    std::fs::write(file("registration.json"), record.to_string()).expect("written");
    let (root, centre) = (key("US/root/1"), key("US/centre/washington"));
    let half = file("registration.half");
    success(&[
        "sign",
        text(&file("registration.json")),
        "--trust",
        text(&file("trust")),
        "--key",
        text(&root),
        "--out",
        text(&half),
    ]);
    let (code, said) = stderr(&["submit", text(&half), "--url", &url]);
    assert_eq!(code, Some(2));
    assert!(said.contains("signature_missing") && said.contains("/signers/1"), "{said}");
    let whole = file("registration.note");
    success(&["sign", text(&half), "--key", text(&centre), "--out", text(&whole)]);
    let receipt = success(&["submit", text(&whole), "--url", &url]);
    assert!(receipt.starts_with("c2sp.org/tlog-proof@v1\nindex 1\n"), "{receipt}");
    assert_eq!(success(&["submit", text(&whole), "--url", &url]), receipt, "sending again is safe");

    let token =
        success(&["token", "create", "--data-dir", text(&data), "--party", "RU", "--role", "auditor", "--label", "x"]);
    let token = token.trim();
    let log = file("log");
    success(&["export", "--folder", text(&log), "--url", &url, "--token", token]);
    success(&["token", "revoke", "--data-dir", text(&data), "x"]);
    let (code, said) = stderr(&["export", "--folder", text(&file("again")), "--url", &url, "--token", token]);
    assert_eq!((code, said.contains("token_required")), (Some(2), true), "{said}");
    serving.stop("TERM");
    let report = success(&["audit", "--folder", text(&log), "--trust", text(&file("trust")), "--json"]);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!((&report["verdict"], &report["size"]), (&"verified".into(), &2.into()));
}

#[test]
fn an_audit_names_what_was_changed() {
    let Some(demo) = Demo::start() else { return };
    let log = demo.folder.path("log");
    success(&["export", "--folder", text(&log), "--url", &demo.text("url"), "--token", &demo.text("token")]);
    let size = demo.size();
    demo.serving.stop("INT");
    let trust = demo.folder.path("demo/trust");
    let audit = |expected: i32, place: &str| {
        let output = run(&["audit", "--folder", text(&log), "--trust", text(&trust), "--json"]);
        assert_eq!(output.status.code(), Some(expected), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let checks = report["checks"].as_array().expect("checks");
        let failed: Vec<_> = checks.iter().filter(|check| check["result"] == "fail").collect();
        assert_eq!(failed.is_empty(), expected == 0, "{report:#}");
        assert!(failed.iter().all(|check| check["check"] == place), "{place}: {report:#}");
    };
    audit(0, "");
    let change = |name: &str, place: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let path = log.join(name);
        let whole = std::fs::read(&path).expect("readable");
        let mut bytes = whole.clone();
        change(&mut bytes);
        std::fs::write(&path, bytes).expect("written");
        audit(1, place);
        std::fs::write(&path, whole).expect("written");
    };
    change(&format!("tile/0/000.p/{size}"), "tiles", &|bytes| bytes[40] ^= 1);
    change(&format!("tile/entries/000.p/{size}"), "entries", &|bytes| {
        let at = bytes.windows(7).rposition(|window| window == b"\"count\"").expect("a count");
        bytes[at + 9] = b'7';
    });
    let checkpoint = std::fs::read(log.join("checkpoint")).expect("readable");
    let letter = |bytes: &mut Vec<u8>, place: usize| bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
    let ends: Vec<usize> = (0..checkpoint.len()).filter(|&place| checkpoint[place] == b'\n').collect();
    let [.., by_log, _, _] = *ends.as_slice() else { panic!("a line of the log and of two cosigners") };
    change("checkpoint", "checkpoint", &|bytes| letter(bytes, by_log - 5));
    change("checkpoint", "cosignatures", &|bytes| letter(bytes, checkpoint.len() - 9));
    std::fs::remove_file(log.join(format!("tile/0/000.p/{size}"))).expect("removed");
    audit(1, "tiles");
    let no_trust = run(&["audit", "--folder", text(&demo.folder.path("nothing"))]);
    assert_eq!(no_trust.status.code(), Some(2));
}

#[test]
fn the_exit_code_of_verify_says_what_is_the_matter() {
    let Some(demo) = Demo::start() else { return };
    let index = demo.declaration();
    let get = |what: &str| demo.get_text(&format!("/v1/records/{index}/{what}"));
    let file = |name: &str, bytes: &str| {
        let path = demo.folder.path(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    let trust = demo.folder.path("demo/trust");
    let verify = |path: &Path, more: &[&str]| {
        run(&[&["verify", text(path), "--trust", text(&trust)], more].concat()).status.code()
    };
    let bundle = get("bundle");
    let good = file("good.json", &bundle);
    assert_eq!(verify(&good, &[]), Some(0));
    assert_eq!(verify(&good, &["--strict"]), Some(0), "mirrors of both Parties attest that no revocation is missing");
    let mut alone: Value = serde_json::from_str(&bundle).expect("JSON");
    let receipt = alone["receipt"].as_str().expect("a receipt").split_inclusive('\n');
    alone["receipt"] = receipt.filter(|line| !line.starts_with("\u{2014} RU/mirror/")).collect::<String>().into();
    let alone = file("alone.json", &alone.to_string());
    assert_eq!(verify(&alone, &[]), Some(0), "with remarks");
    assert_eq!(verify(&alone, &["--strict"]), Some(6), "nobody else attests that no revocation is missing");
    assert_eq!(run(&["verify", text(&good)]).status.code(), Some(3), "no root of trust");
    assert_eq!(verify(&file("altered.json", &bundle.replace("Mk 41", "Mk 57")), &[]), Some(1));
    let note = get("note");
    let submitted = note.trim_end().rsplit_once('\n').map(|(rest, _)| format!("{rest}\n")).expect("lines");
    assert_eq!(verify(&file("record.note", &submitted), &[]), Some(5), "signed, and not shown to be in a ledger");
    let unsigned = note.split("\n\n").next().expect("a text");
    assert_eq!(verify(&file("record.txt", &format!("{unsigned}\n")), &[]), Some(4), "no signature at all");
    assert_eq!(verify(&file("nonsense", "nonsense"), &[]), Some(2));
    assert_eq!(verify(&file("other.json", "{}\n"), &[]), Some(2));
    assert_eq!(verify(&demo.folder.path("absent"), &[]), Some(2));
    let other = "countersign/trust/v1 ledger.example/other sha256:8d3e0d0f58ee4636364a5eae9d003026874fbb8edad6a2d96790a583729b568a";
    let other = file("other.trust", other);
    assert_eq!(run(&["verify", text(&good), "--trust", text(&other)]).status.code(), Some(1), "another ledger");

    let served: Value = {
        let mut answer = ureq::post(format!("{}/v1/verify", demo.text("url")))
            .header("content-type", "application/json")
            .send(bundle.as_bytes())
            .expect("an answer");
        serde_json::from_str(&answer.body_mut().read_to_string().expect("text")).expect("JSON")
    };
    let printed = success(&["verify", text(&good), "--trust", text(&trust), "--json"]);
    assert_eq!(served, serde_json::from_str::<Value>(&printed).expect("JSON"), "server and program agree");
    assert!(success(&["inspect", text(&good)]).contains("Nothing of this was checked."));
}

#[test]
fn a_demonstration_survives_a_kill_and_leaves_no_process_behind() {
    let Some(demo) = Demo::start() else { return };
    let (first, folder) = (demo.about.clone(), demo.folder);
    let postgres = || {
        let pid = std::fs::read_to_string(folder.path("demo/postgres/data/postmaster.pid")).ok()?;
        pid.lines().next()?.parse::<u32>().ok().filter(|pid| Path::new(&format!("/proc/{pid}")).exists())
    };
    let server = postgres().expect("PostgreSQL runs");
    demo.serving.signal("KILL");
    drop(demo.serving);
    assert_eq!(postgres(), Some(server), "PostgreSQL outlives the program");
    let (second, serving) = start_demo(&folder);
    assert_eq!(postgres(), Some(server), "and is taken over");
    assert_eq!((&first["trust"], &first["token"]), (&second["trust"], &second["token"]), "nothing is played again");
    serving.stop("INT");
    assert_eq!(postgres(), None, "Ctrl-C leaves no process");
    let (third, serving) = start_demo(&folder);
    assert_eq!(first["trust"], third["trust"]);
    serving.stop("TERM");
    assert_eq!(postgres(), None);
}

#[test]
fn a_demonstration_of_an_earlier_version_is_said_to_be_one_and_is_left_alone() {
    let folder = Folder::new();
    let data_dir = folder.path("demo");
    std::fs::create_dir(&data_dir).expect("a folder");
    for (name, content) in [("demo.json", "{}\n"), ("database", "demo_1\n")] {
        std::fs::write(data_dir.join(name), content).expect("written");
    }
    let (code, said) = stderr(&["demo", "--data-dir", text(&data_dir), "--listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("earlier version; remove"), "{said}");
    let mut left: Vec<_> =
        std::fs::read_dir(&data_dir).expect("there").map(|item| item.expect("a file").file_name()).collect();
    left.sort();
    assert_eq!(left, ["database", "demo.json"]);
}

#[test]
fn an_ordinary_user_needs_nothing_either() {
    if cluster().is_none() {
        return;
    }
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let has_setpriv = Command::new("setpriv").arg("--version").output().is_ok();
    if !is_root || !has_setpriv {
        println!("skipped: not root, so every other test runs as an ordinary user already (or setpriv is missing)");
        return;
    }
    let folder = Folder::new();
    let data_dir = folder.path("demo");
    std::fs::create_dir(&data_dir).expect("a folder");
    // A copy that `nobody` may read: the build folder can be closed to others.
    let program = folder.path("countersign");
    std::fs::copy(PROGRAM, &program).expect("copied");
    let owned = Command::new("chown").args(["nobody", text(&data_dir)]).status().expect("chown runs");
    assert!(owned.success());
    let mut child = Command::new("setpriv")
        .args(["--reuid=nobody", "--clear-groups", text(&program), "demo", "--data-dir", text(&data_dir)])
        .args(["--listen", "127.0.0.1:0"])
        .env_remove("DATABASE_URL")
        .spawn()
        .expect("it starts");
    let ready = || std::fs::metadata(data_dir.join("demo.json")).ok();
    wait_for("the demonstration is ready", || {
        assert!(child.try_wait().expect("it can be waited for").is_none(), "it did not end");
        ready()
    });
    let stopped = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(stopped.success());
    assert!(child.wait().expect("it ends").success());
}
