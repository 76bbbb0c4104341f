//! Nothing but `openssl` and a client of HTTP: a record is prepared, signed, posted and verified without a line of ours.
//!
//! Where there is no `openssl`, the test says `skipped` and passes, unless `COUNTERSIGN_REQUIRE` names it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

use countersign::api::server::Timers;
use countersign::note::{KeyKind, Note, Signer};
use countersign::store::token::Reading;
use countersign::tlog::leaf_hash;
use countersign::tlog::proof::Proof;
use countersign::treaty::record::Kind;
use serde_json::Value;

use super::support::http::Api;
use super::support::ledger::{ORIGIN, draft, key, log_key};
use super::support::postgres::is_required;
use super::support::records::{designating, registering};

/// What a shell user types to sign `text` with `key.pem`, and to print the signature line of that key.
const SIGN: &str = r#"
set -eu
openssl pkeyutl -sign -rawin -inkey key.pem -in text -out signature
openssl pkey -in key.pem -pubout -outform DER | tail -c 32 > public
{ printf '%s\n\001' "$NAME"; cat public; } | openssl dgst -sha256 -binary | head -c 4 > id
printf '— %s %s\n' "$NAME" "$(cat id signature | openssl base64 -A)"
"#;

fn has(program: &str) -> bool {
    Command::new(program).arg("--help").output().is_ok()
}

fn shell(folder: &Path, name: &str, script: &str) -> String {
    let output = Command::new("sh").args(["-c", script]).current_dir(folder).env("NAME", name).output();
    let output = output.expect("a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Whether `openssl` takes a signature for good.
fn verifies(folder: &Path, public: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    // RFC 8410: the same twelve bytes before every Ed25519 key.
    let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    for (name, bytes) in
        [("public.der", [&prefix[..], public].concat()), ("message", message.to_vec()), ("sig", signature.to_vec())]
    {
        std::fs::write(folder.join(name), bytes).expect("written");
    }
    let arguments = "pkeyutl -verify -rawin -pubin -keyform DER -inkey public.der -in message -sigfile sig";
    Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().expect("openssl").status.success()
}

/// The 32 bytes at the end of a verifier key.
fn public(vkey: &str) -> [u8; 32] {
    *countersign::note::Verifier::parse(vkey).expect("a vkey").public()
}

/// Posts the file `body`, with curl where it is there; answers status and body.
fn post(folder: &Path, address: SocketAddr, path: &str, kind: &str, token: Option<&str>) -> (u16, String) {
    if has("curl") {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--data-binary", "@body", "-w", "\n%{http_code}", "-H", &format!("Content-Type: {kind}")]);
        curl.args(token.map(|token| format!("-HAuthorization: Bearer {token}")));
        let output = curl.arg(format!("http://{address}{path}")).current_dir(folder).output().expect("curl");
        let text = String::from_utf8(output.stdout).expect("text");
        let (body, status) = text.rsplit_once('\n').expect("a status");
        return (status.parse().expect("a status"), body.to_owned());
    }
    let body = std::fs::read(folder.join("body")).expect("a body");
    let authority = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n{authority}Content-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(&[head.as_bytes(), &body].concat()).expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    (head[9..12].parse().expect("a status"), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn openssl_alone_signs_a_record_and_checks_what_comes_back() {
    if !has("openssl") {
        assert!(!is_required("openssl"), "openssl is required");
        println!("skipped: this test needs openssl");
        return;
    }
    let Some(api) = Api::start().await else { return };
    let server = api.listen(Timers::default()).await;
    let token = api.token("US", Reading::Party).await;
    let work = move || signs_and_checks(server.address, &token);
    tokio::task::spawn_blocking(work).await.expect("no panic");
    assert_eq!(api.size(), 7);
}

fn signs_and_checks(address: SocketAddr, token: &str) {
    const NAME: &str = "US/centre/ssl";
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let write = |name: &str, text: &str| std::fs::write(path.join(name), text).expect("written");
    let signer = Signer::from_seed(NAME, KeyKind::Ed25519, [42; 32]).expect("a key");
    write("key.pem", &signer.to_pkcs8_pem().expect("a key"));

    // The office's key is registered: openssl signs for it, the root's line is made by the program.
    let registration = draft(Kind::KeyRegistration, &["US/root/1", NAME], registering(&signer, |_| {}));
    let text = registration.text(ORIGIN);
    write("text", &text);
    let line = shell(path, NAME, SIGN);
    let root = countersign::author::sign(&text, &[&key("US/root/1")]).expect("signs");
    write("body", &format!("{root}{line}"));
    let (status, body) = post(path, address, "/v1/records", "text/plain", None);
    assert_eq!(status, 201, "{body}");

    // A record: prepared by the ledger, signed and put together by the shell.
    write("body", &draft(Kind::Designation, &[NAME], designating("B1", "designate")).object().to_string());
    let (status, text) = post(path, address, "/v1/records/prepare", "application/json", Some(token));
    assert_eq!(status, 200, "{text}");
    write("text", &text);
    let line = shell(path, NAME, SIGN);
    write("body", &format!("{text}\n{line}"));
    let (status, body) = post(path, address, "/v1/records", "text/plain", None);
    assert_eq!(status, 201, "{body}");
    let answer: Value = serde_json::from_str(&body).expect("JSON");

    let entry = answer["entry"].as_str().expect("an entry");
    let receipt = answer["receipt"].as_str().expect("a receipt");
    let proof = Proof::parse(receipt).expect("a receipt");
    proof.verify(leaf_hash(entry.as_bytes()), ORIGIN, log_key().verifier()).expect("a good receipt");

    // openssl takes the clerk's line: a time and a signature over digest and time.
    let clerk = super::support::ledger::clerk_key().verifier().to_string();
    let note = Note::parse(entry.as_bytes()).expect("a note");
    let blob = note.lines().last().expect("the clerk's line").blob.clone();
    let (time, signature) = blob.split_at(8);
    let time = u64::from_be_bytes(time.try_into().expect("eight bytes"));
    let message =
        |time: u64| format!("countersign/v1\ntime {time}\n{}\n", answer["digest"].as_str().expect("a digest"));
    assert!(verifies(path, &public(&clerk), message(time).as_bytes(), signature));
    assert!(!verifies(path, &public(&clerk), message(time + 1).as_bytes(), signature), "and nothing else");

    // It takes the author's line, over the text alone.
    let author = &note.lines().first().expect("the author's line").blob;
    assert!(verifies(path, signer.verifier().public(), note.text().as_bytes(), author));
    assert!(!verifies(path, signer.verifier().public(), entry.as_bytes(), author), "and not over the entry");

    // And the checkpoint, by the log's key.
    let checkpoint = Note::parse(proof.checkpoint.as_bytes()).expect("a note");
    let log = public(&log_key().verifier().to_string());
    let signature = &checkpoint.lines()[0].blob;
    assert!(verifies(path, &log, checkpoint.text().as_bytes(), signature));
    assert!(!verifies(path, &log, entry.as_bytes(), signature));
}
