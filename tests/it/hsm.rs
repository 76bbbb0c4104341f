//! The ledger's keys in a hardware module: SoftHSM, over PKCS#11. Built with the feature `hsm` only.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use countersign::note::{KeyKind, Verifier};
use countersign::tlog::checkpoint::Checkpoint;
use countersign::treaty::entry::Entry;

use super::support::postgres::{cluster, is_required};
use super::support::program::{Folder, PROGRAM, success, wait_for};

const ORIGIN: &str = "ledger.example/hsm";
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A token of SoftHSM in a folder of its own.
struct Token {
    folder: Folder,
}

impl Token {
    /// A new token; nothing where there is no SoftHSM.
    fn new() -> Option<Token> {
        let is_there = Path::new(MODULE).exists() && Command::new("softhsm2-util").arg("--version").output().is_ok();
        if !is_there {
            assert!(!is_required("softhsm2"), "softhsm2 is required");
            println!("skipped: there is no SoftHSM");
            return None;
        }
        let token = Token { folder: Folder::new() };
        let tokens = token.folder.path("tokens");
        std::fs::create_dir(&tokens).expect("a folder");
        let configuration = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
        std::fs::write(token.folder.path("softhsm2.conf"), configuration).expect("written");
        std::fs::write(token.folder.path("pin"), "567890\n").expect("written");
        std::fs::write(token.folder.path("wrong"), "111111\n").expect("written");
        let mut made = Command::new("softhsm2-util");
        made.args(["--init-token", "--free", "--label", "ledger", "--so-pin", "123456", "--pin", "567890"]);
        let made = token.with(&mut made).output().expect("it runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(token)
    }

    fn with<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("SOFTHSM2_CONF", self.folder.path("softhsm2.conf")).env_remove("DATABASE_URL").stdin(Stdio::null())
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.with(Command::new(PROGRAM).args(arguments)).output().expect("the program runs")
    }

    fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// What a run says that must fail.
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// A URI with these attributes of the path, and this file with the PIN.
    fn uri(&self, attributes: &str, pin: &str) -> String {
        let pin = self.folder.path(pin);
        format!("pkcs11:token=ledger;{attributes}?module-path={MODULE}&pin-source=file:{}", pin.display())
    }

    /// Makes the log's and the clerk's key; answers their URIs and public halves.
    fn keys(&self, out: &Path, id: &str) -> [(String, Verifier); 2] {
        [("--log", ORIGIN.to_owned()), ("--clerk", format!("{ORIGIN}/clerk"))].map(|(flag, name)| {
            let module = self.uri(&format!("id={id}"), "pin");
            let said = self.succeeds(&["keygen", flag, ORIGIN, "--module", &module, "--out", text(out)]);
            let object = format!("object={};id={id}", name.replace('/', "%2F"));
            (self.uri(&object, "pin"), Verifier::parse(said.trim()).expect("a verifier key"))
        })
    }
}

#[test]
fn a_key_in_a_module_has_one_name_and_leaves_no_secret_in_a_file() {
    let Some(token) = Token::new() else { return };
    let out = token.folder.path("keys");
    let [(log, log_key), (clerk, clerk_key)] = token.keys(&out, "%01");
    assert_eq!((log_key.name(), log_key.kind()), (ORIGIN, KeyKind::Ed25519));
    assert_eq!((clerk_key.name(), clerk_key.kind()), (format!("{ORIGIN}/clerk").as_str(), KeyKind::Countersign));
    let mut files: Vec<_> =
        std::fs::read_dir(&out).expect("a folder").map(|f| f.expect("a file").file_name()).collect();
    files.sort();
    assert_eq!(files, ["ledger.example_hsm.vkey", "ledger.example_hsm_clerk.vkey"], "no secret is written");
    for (uri, key) in [(&log, &log_key), (&clerk, &clerk_key)] {
        assert!(token.succeeds(&["key", "show", uri]).starts_with(&key.to_string()));
    }
    let again = token.fails(&["keygen", "--log", ORIGIN, "--module", &token.uri("id=%01", "pin"), "--out", text(&out)]);
    assert!(again.contains("already"), "{again}");
    for (attributes, pin, hint) in [
        ("object=ledger.example%2Fhsm", "wrong", "lets nobody in"),
        ("object=ledger.example%2Fother", "pin", "no such Ed25519 key"),
        ("id=%01", "pin", "several such keys"),
        ("object=ledger.example%2Fhsm;serial=1", "pin", "`serial` is not known"),
    ] {
        let said = token.fails(&["key", "show", &token.uri(attributes, pin)]);
        assert!(said.contains(hint), "{attributes}: {said}");
    }
    let other = token.uri("object=x", "pin").replace("token=ledger", "token=none");
    assert!(token.fails(&["key", "show", &other]).contains("no token `none`"));
    let nowhere = token.uri("object=x", "pin").replace(MODULE, "/nonexistent.so");
    assert!(token.fails(&["key", "show", &nowhere]).contains("cannot use the module"));
    // A second pair under the same names is another pair.
    let [(second, second_key), _] = token.keys(&token.folder.path("keys-2"), "%02");
    assert_ne!(second_key, log_key);
    assert!(token.succeeds(&["key", "show", &second]).starts_with(&second_key.to_string()));
    let both = token.fails(&["key", "show", &token.uri("object=ledger.example%2Fhsm", "pin")]);
    assert!(both.contains("several such keys"), "{both}");
}

/// A server that ends with the value.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_ledger_signs_and_countersigns_in_a_module_and_shows_the_same_after_a_new_start() {
    let Some(token) = Token::new() else { return };
    if cluster().is_none() {
        return;
    }
    let (keys, file) = (token.folder.path("keys"), |name: &str| token.folder.path(name));
    let [(log, log_key), (clerk, clerk_key)] = token.keys(&keys, "%01");
    for party in ["US", "RU", "RO", "PL"] {
        for role in ["root", "recovery"] {
            success(&["keygen", "--name", &format!("{party}/{role}/1"), "--out", text(&keys)]);
        }
    }
    let mut note = file("terms.txt");
    success(&["terms", "init", "--origin", ORIGIN, "--keys", text(&keys), "--public-log", "--out", text(&note)]);
    for party in ["US", "RU", "RO", "PL"] {
        let (next, key) = (file(&format!("terms.{party}")), keys.join(format!("{party}_root_1.key")));
        success(&["sign", text(&note), "--key", text(&key), "--out", text(&next)]);
        note = next;
    }
    let listen = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("one").to_string();
    let data = file("data");
    let serve = ["serve", "--data-dir", text(&data), "--listen", &listen, "--log-key", &log, "--clerk-key", &clerk]
        .map(String::from);
    let get = |path: &str| {
        let asked = ureq::get(format!("http://{listen}{path}")).call().ok()?;
        asked.into_body().read_to_string().ok()
    };
    let mut shown = Vec::new();
    for more in [&["--create-log".to_owned(), text(&note).to_owned()][..], &[]] {
        let mut command = Command::new(PROGRAM);
        command.args(&serve).args(more).stdout(Stdio::null()).stderr(Stdio::null());
        let mut serving = Serving(token.with(&mut command).spawn().expect("it starts"));
        let checkpoint = wait_for("the server shows its checkpoint", || get("/checkpoint"));
        let read = Checkpoint::open(checkpoint.as_bytes(), ORIGIN, &log_key).expect("signed in the module");
        assert_eq!(read.size, 1);
        shown.push(checkpoint);
        let stopped = Command::new("kill").args(["-TERM", &serving.0.id().to_string()]).status();
        assert!(stopped.expect("kill runs").success() && serving.0.wait().expect("it ends").success());
    }
    assert_eq!(shown[0], shown[1], "the module signs the same bytes again");
    // The clerk's countersignature, from what Postgres holds.
    let mut command = Command::new(PROGRAM);
    command.args(&serve).stdout(Stdio::null()).stderr(Stdio::null());
    let _serving = Serving(token.with(&mut command).spawn().expect("it starts"));
    wait_for("the server is ready", || get("/readyz"));
    let said =
        success(&["token", "create", "--data-dir", text(&data), "--party", "US", "--role", "party", "--label", "x"]);
    let reader = said.split_whitespace().find(|word| word.starts_with("cs_")).expect("a token").to_owned();
    let asked =
        ureq::get(format!("http://{listen}/v1/records/0/note")).header("authorization", format!("Bearer {reader}"));
    let entry = asked.call().expect("entry 0").into_body().read_to_string().expect("text");
    let entry = Entry::parse(entry.as_bytes()).expect("an entry");
    assert!(entry.is_countersigned_by(&clerk_key), "countersigned in the module");
}
