//! `countersign status`: what it asks a ledger, and what it prints from a history.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::program::{Folder, PROGRAM, run};

/// Answers one request with a body, and gives back what was asked.
fn answers_once(body: String) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a request");
        let (mut asked, mut byte) = (Vec::new(), [0]);
        while !asked.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("a byte") == 1 {
            asked.push(byte[0]);
        }
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).expect("sent");
        String::from_utf8(asked).expect("UTF-8")
    });
    (url, serving)
}

/// A ledger's answer, as far as the page needs it.
fn answer() -> Value {
    let view = |status: &str, grade: &str| {
        json!({
            "pair": { "status": status, "because": [] },
            "sides": { "US": { "grade": "S" }, "RU": { "grade": grade } },
            "obligations": [], "next": [], "standing": [],
            "words": { "en": "A sentence.", "ru": "Предложение." },
        })
    };
    json!({
        "as_of": "2026-08-13T00:00:00Z", "known_at": "tree:9", "period": "2026",
        "checkpoint": { "size": 9, "root": "sha256:00" },
        "views": {
            "US": view("ONE_SIDED(RU)", "D"),
            "RU": view("RECIPROCAL_WITH_EXCUSE", "E"),
            "UNDISPUTED": view("CONTESTED", "C"),
        },
    })
}

#[test]
fn a_ledger_is_asked_for_all_views_and_people_are_shown_them_side_by_side() {
    let (url, serving) = answers_once(answer().to_string());
    let output = Command::new(PROGRAM)
        .args(["status", "--url", &url, "--token", "cs_1", "--lang", "ru", "--period", "2026"])
        .args(["--as-of", "2026-08-13T00:00:00Z", "--known-at", "tree:9"])
        .output()
        .expect("the program runs");
    let (page, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    let asked = serving.join().expect("it was asked");
    let path = "GET /v1/reciprocity?view=all&as_of=2026-08-13T00:00:00Z&known_at=tree:9&period=2026 HTTP/1.1\r\n";
    assert!(asked.starts_with(path), "{asked}");
    assert!(asked.to_lowercase().contains("authorization: bearer cs_1"), "{asked}");
    assert!(page.contains("RU          RECIPROCAL_WITH_EXCUSE                оценки: US S, RU E"), "{page}");
    assert!(page.contains("\nПредложение.\n"), "{page}");

    let (url, serving) = answers_once(answer().to_string());
    let output = run(&["status", "--url", &url, "--token", "cs_1", "--json"]);
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).expect("JSON"), answer());
    serving.join().expect("it was asked");
    let output = run(&["status", "--url", &url, "--as-of", "2026&view=us"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("not an instant"));
}

#[test]
fn a_history_is_judged_without_a_ledger() {
    let slot = json!({
        "inspecting": "US", "inspected": "RU", "host": "RU", "designated_by": "US",
        "name": { "en": "A base", "ru": "База" },
    });
    let terms = json!({
        "received_at": "2026-01-01T00:00:00Z",
        "record": { "id": "terms", "kind": "terms", "party": "US", "body": { "slots": { "B1": slot } } },
        "signed_by": ["US", "RU", "RO", "PL"],
    });
    let folder = Folder::new();
    let file = folder.path("history.ndjson");
    std::fs::write(&file, format!("{terms}\n")).expect("written");
    let file = file.to_str().expect("UTF-8");
    let json_of = |more: &[&str]| -> Value {
        let output = run(&[&["status", "--history", file][..], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let one = json_of(&[]);
    assert_eq!((&one["view"], &one["pair"]["status"]), (&json!("UNDISPUTED"), &json!("NOT_IN_FORCE(RU)")));
    let all = json_of(&["--view", "all"]);
    assert_eq!((&all["views"]["US"]["pair"], &all["slots"]), (&one["pair"], &one["slots"]));
    assert!(all["pair"].is_null() && all["views"]["RU"]["slots"].is_null(), "{all:#}");
    let output = run(&["status", "--history", file, "--text"]);
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(page.contains("UNDISPUTED  NOT_IN_FORCE(RU)"), "{page}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing is proved"));
}
