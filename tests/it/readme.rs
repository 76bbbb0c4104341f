//! The README's commands, run exactly as they stand beside a real demonstration.

use std::path::Path;
use std::process::Command;

use crate::support::foreign;
use crate::support::postgres::is_required;
use crate::support::program::{Demo, PROGRAM};

/// The code blocks of this language, in order.
fn blocks(markdown: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut rest = markdown;
    let fence = format!("\n```{language}\n");
    while let Some((_, after)) = rest.split_once(&fence) {
        let (block, after) = after.split_once("\n```").expect("a block ends");
        blocks.push(format!("{block}\n"));
        rest = after;
    }
    blocks
}

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
        || Command::new(program).arg("version").output().is_ok_and(|output| output.status.success())
}

#[test]
fn the_first_verified_receipt_works_as_the_readme_says() {
    if !["curl", "openssl", "bash", "python3"].iter().all(|program| has(program)) {
        assert!(!is_required("openssl"), "curl, openssl, bash and python3 are required");
        println!("skipped: curl, openssl, bash or python3 is missing");
        return;
    }
    let Some(demo) = Demo::start() else { return };
    let size = demo.size();
    let script = blocks(include_str!("../../README.md"), "bash");
    let script: String = script.concat();
    assert!(script.contains("openssl pkeyutl -sign"), "the blocks were found");
    let programs = Path::new(PROGRAM).parent().expect("a folder").display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").expect("a PATH"));
    let folder = demo.folder.path("shell");
    std::fs::create_dir(&folder).expect("a folder");
    let courier = blocks(include_str!("../../README.md"), "python").remove(0);
    assert!(courier.lines().count() <= 10);
    std::fs::write(folder.join("courier.py"), courier).expect("written");
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(&folder)
        .env("PATH", path)
        .env("URL", demo.text("url"))
        .env("TOKEN", demo.text("token"))
        .env("DEMO", demo.folder.path("demo"))
        .output()
        .expect("bash runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(err.contains("RESULT: VERIFIED   (root of trust"), "nothing is left open: {err}");
    assert!(err.contains("FAIL  signature"), "the altered bundle names the check: {err}");
    assert!(out.contains("exit code 1"), "{out}");
    let audited = format!("RESULT: VERIFIED   ({} entries", size + 1);
    assert!(err.contains(&audited), "the audit of the whole log: {err}");
    assert!(out.contains("each empty place is named") && out.contains("/body/claims/C1/finding"), "{out}");
    assert!(out.contains("No fault was found by the rules"), "{out}");
    assert!(out.contains("RU/leader/2") && out.contains("absence_confirmed"), "the page to compare: {out}");
    let receipt = std::fs::read_to_string(folder.join("receipt.txt")).expect("readable");
    assert!(receipt.starts_with("c2sp.org/tlog-proof@v1\n"), "{receipt}");
    assert!(out.contains("\"kind\": \"exemption\""), "the cause, as it was signed: {out}");
    assert!(out.contains("ONE_SIDED(RU)") && out.contains("RECIPROCAL_WITH_EXCUSE"), "both views: {out}");
    frame(&folder);
    demo.serving.stop("INT");
}

/// Runs the analyst's script where pandas can be had.
fn frame(folder: &Path) {
    let Some(python) = foreign::python(&["pandas"]) else { return };
    let script = blocks(include_str!("../../README.md"), "python").remove(1);
    assert!(script.lines().count() <= 10 && script.contains("pandas"), "{script}");
    let output = Command::new(python).args(["-c", &script]).current_dir(folder).output().expect("python runs");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let admit = out.lines().find(|line| line.starts_with("ADMIT")).unwrap_or_default();
    assert!(["REFUSED", "EXCUSED", "CONTESTED", "FULFILLED"].iter().all(|state| admit.contains(state)), "{out}");
}

#[test]
fn the_auditors_recipe_with_openssl_alone_works_as_its_page_says() {
    if !["curl", "openssl", "bash"].iter().all(|program| has(program)) {
        assert!(!is_required("openssl"), "curl, openssl and bash are required");
        println!("skipped: curl, openssl or bash is missing");
        return;
    }
    let Some(demo) = Demo::start() else { return };
    let script = blocks(include_str!("../../docs/audit.md"), "bash").concat();
    let run = |name: &str, script: &str| {
        let folder = demo.folder.path(name);
        std::fs::create_dir(&folder).expect("a folder");
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", script]).current_dir(folder).env("URL", demo.text("url"));
        let output = bash.env("TOKEN", demo.text("token")).env("DEMO", demo.folder.path("demo")).output();
        let output = output.expect("bash runs");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (verified, said) = run("whole", &script);
    assert!(verified && said.ends_with("good: the record is in the log\n"), "{said}");
    assert_eq!(said.matches("good: the line of ").count(), 5, "{said}");
    let first = "good terms.note RU/root/1 terms.note";
    for (name, change, most) in [
        ("terms", "sed -i 's/Reciprocal/reciprocal/' terms.note", 0),
        ("key", "sed -i 's/RU.centre.moscow+/RU\\/centre\\/moscow+f/' key.note", 1),
        ("record", "sed -i 's/canisters/cans/' record.note", 2),
        ("clerk", "sed -i '$ { s/ \\(.\\{42\\}\\)A/ \\1B/; t; s/ \\(.\\{42\\}\\)./ \\1A/ }' record.note", 3),
    ] {
        assert!(script.contains(first), "the place was found");
        let (verified, said) = run(name, &script.replace(first, &format!("{change}\n{first}")));
        assert!(!verified && said.matches("good: ").count() <= most, "{name}: {said}");
    }
    let place = "N=$(sed -n 's/^index";
    let (verified, said) =
        run("receipt", &script.replace(place, &format!("sed -i '3 {{ s/^A/B/; t; s/^./A/ }}' receipt\n{place}")));
    assert!(!verified && !said.contains("in the log"), "{said}");
    demo.serving.stop("INT");
}

#[test]
fn the_readme_is_short_and_its_commands_are_two() {
    let readme = include_str!("../../README.md");
    assert!(readme.lines().count() < 150);
    let commands = blocks(readme, "sh").remove(0);
    assert_eq!(commands.lines().count(), 2);
    assert_eq!(commands.lines().nth(1), Some("cargo test"));
}
