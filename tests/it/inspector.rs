//! What an inspector does: begin a report from what the ledger knows, check it offline, sign it, have it sent, and
//! compare the receipt with the other side.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::program::{Demo, run, success};

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A demonstration, its export, and a draft for the newest visit to a site.
struct Desk {
    demo: Demo,
    log: PathBuf,
    intent: String,
}

impl Desk {
    fn of(slot: &str) -> Option<Desk> {
        let demo = Demo::start()?;
        let log = demo.folder.path("log");
        success(&["export", "--folder", text(&log), "--url", &demo.text("url"), "--token", &demo.text("token")]);
        let visits = demo.get(&format!("/v1/inspections?site={slot}"));
        let newest = visits["data"].as_array().and_then(|data| data.first()).expect("a visit");
        let intent = newest["inspection"].as_str().expect("a digest").to_owned();
        Some(Desk { demo, log, intent })
    }

    /// The draft of a report, as the program writes it.
    fn draft(&self) -> Value {
        let draft = success(&[
            "new",
            "report",
            "--intent",
            &self.intent,
            "--url",
            &self.demo.text("url"),
            "--token",
            &self.demo.text("token"),
        ]);
        serde_json::from_str(&draft).expect("JSON")
    }

    fn write(&self, name: &str, bytes: &str) -> PathBuf {
        let path = self.demo.folder.path(name);
        std::fs::write(&path, bytes).expect("written");
        path
    }

    /// Checks a record; the exit code and what was printed.
    fn check(&self, path: &Path, more: &[&str]) -> (Option<i32>, String) {
        let output = run(&[&["check", text(path)], more].concat());
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    }

    fn key(&self, name: &str) -> PathBuf {
        self.demo.folder.path("demo/keys").join(format!("{}.key", name.replace('/', "_")))
    }
}

/// Fills in what an inspector has to.
fn filled(draft: &Value) -> Value {
    let mut report = draft.clone();
    report["body"]["handed_over_at"] = draft["body"]["ended_at"].clone();
    for claim in ["C1", "C2", "C3", "C4", "C5", "C6"] {
        report["body"]["claims"][claim]["finding"] = "confirmed".into();
        report["body"]["claims"][claim]["method"] = "seen".into();
    }
    for item in report["body"]["items"].as_array_mut().expect("items") {
        item["method"] = "marking read".into();
    }
    report["body"]["narrative"] = json!({ "en": "As planned", "ru": "По плану" });
    report
}

#[test]
fn an_inspector_drafts_checks_signs_submits_and_compares() {
    let Some(desk) = Desk::of("A1") else { return };
    let draft = desk.draft();
    assert_eq!((&draft["kind"], &draft["signers"][0]), (&json!("report"), &json!("RU/leader/2")));
    assert_eq!((&draft["body"]["claims"]["C1"]["k"], &draft["body"]["claims"]["C1"]["n"]), (&json!(24), &json!(24)));
    let items = draft["body"]["items"].as_array().expect("items");
    assert_eq!(items.len(), 24);
    assert!(items.iter().all(|item| item["declared"] == item["observed"]));

    // An empty draft is no record, and every empty place is named.
    let trust = desk.demo.folder.path("demo/trust");
    let empty = desk.write("draft.json", &draft.to_string());
    let (code, said) = desk.check(&empty, &["--trust", text(&trust)]);
    assert_eq!(code, Some(1), "{said}");
    for place in ["/body/handed_over_at", "/body/claims/C1/finding", "/body/claims/C6/method", "/body/narrative/ru"] {
        assert!(said.contains(place), "{place}: {said}");
    }
    assert!(run(&["check", text(&empty)]).status.code() == Some(2), "which ledger?");

    let good = desk.write("report.json", &filled(&draft).to_string());
    let (code, said) = desk.check(&good, &["--trust", text(&trust)]);
    assert_eq!(code, Some(0), "{said}");
    let log = text(&desk.log).to_owned();
    let (code, said) = desk.check(&good, &["--log", &log]);
    assert_eq!(code, Some(0), "{said}");

    let note = desk.demo.folder.path("report.note");
    let key = desk.key("RU/leader/2");
    success(&["sign", text(&good), "--trust", text(&trust), "--key", text(&key), "--out", text(&note)]);
    assert_eq!(desk.check(&note, &["--log", &log]).0, Some(0));
    success(&["submit", text(&note), "--url", &desk.demo.text("url")]);

    let show = |record: &str| {
        success(&["receipt", record, "--url", &desk.demo.text("url"), "--token", &desk.demo.text("token")])
    };
    let page = show(text(&note));
    for wanted in ["report · RU No. ", "RU/leader/2", "absence_confirmed", "RU → A1"] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    let record = desk.demo.get("/v1/records?kind=report&limit=1");
    let digest = record["data"][0]["digest"].as_str().expect("a digest");
    assert_eq!(show(digest), page, "the file and the digest name one record");
    let first_four = &digest["sha256:".len().."sha256:".len() + 4];
    assert!(page.contains(&format!("{first_four} ")), "{page}");
    desk.demo.serving.stop("INT");
}

#[test]
fn a_check_against_an_export_says_what_the_rules_refuse() {
    let Some(desk) = Desk::of("A1") else { return };
    let draft = filled(&desk.draft());
    let log = text(&desk.log).to_owned();
    let check = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut record = draft.clone();
        change(&mut record);
        let path = desk.write(name, &record.to_string());
        let (code, said) = desk.check(&path, &["--log", &log]);
        (code, said, path)
    };
    let (code, said, path) = check("cell.json", &|record| record["body"]["items"][0]["location"] = "M1/9".into());
    assert_eq!(code, Some(1));
    assert!(said.starts_with("/body/items/0/location: ") && said.contains("[cell_unknown, rules "), "{said}");
    let trust = desk.demo.folder.path("demo/trust");
    assert_eq!(desk.check(&path, &["--trust", text(&trust)]).0, Some(0), "the form alone is good");

    let (code, said, _) = check("key.json", &|record| record["signers"][0] = "RU/leader/1".into());
    assert_eq!(code, Some(1));
    assert!(said.contains("/signers/0: ") && said.contains("key_revoked"), "{said}");
    let (code, said, _) = check("two.json", &|record| {
        record["anchor"]["size"] = 3.into();
        record["body"]["claims"]["C1"]["k"] = 25.into();
    });
    assert_eq!((code, said.lines().count()), (Some(1), 2), "{said}");

    // A signed record: a signature that is not the leader's.
    let good = desk.write("good.json", &draft.to_string());
    let note = desk.demo.folder.path("good.note");
    let key = desk.key("RU/leader/2");
    success(&["sign", text(&good), "--trust", text(&trust), "--key", text(&key), "--out", text(&note)]);
    let changed = std::fs::read_to_string(&note).expect("readable").replace("As planned", "As plannED");
    let changed = desk.write("changed.note", &changed);
    let (code, said) = desk.check(&changed, &["--log", &log]);
    assert_eq!(code, Some(1));
    assert!(said.contains("signature_invalid"), "{said}");
    assert_eq!(desk.check(&desk.write("nonsense", "nonsense"), &["--log", &log]).0, Some(2));
    desk.demo.serving.stop("INT");
}
