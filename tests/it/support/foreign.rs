//! Programs of others that read what the ledger hands out.
//!
//! Where one is missing a test says `skipped` and goes on without it, unless `COUNTERSIGN_REQUIRE` names it: a package of
//! Python by the name that is imported, a program by its own.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::postgres::is_required;

/// The Python that tests run; `COUNTERSIGN_PYTHON` names one that has the packages.
fn interpreter() -> String {
    std::env::var("COUNTERSIGN_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// A Python that can import all of this.
pub fn python(imports: &[&str]) -> Option<String> {
    let python = interpreter();
    let has = |what: &str| {
        let mut command = Command::new(&python);
        command.args(["-c", &format!("import {what}")]).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    for what in ["sys"].iter().chain(imports) {
        if !has(what) {
            let name = if *what == "sys" { "python3" } else { what };
            assert!(!is_required(name), "{name} is required, and {python} does not have it (COUNTERSIGN_PYTHON)");
            println!("skipped: {python} has no {name}");
            return None;
        }
    }
    Some(python)
}

/// Runs a script of Python in a folder; answers the JSON that it prints, or nothing where there is no such Python.
pub fn run_python(folder: &Path, imports: &[&str], script: &str) -> Option<Value> {
    let output = Command::new(python(imports)?).args(["-c", script]).current_dir(folder).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// Whether a program can be run; a line that says so where it cannot.
pub fn has_program(name: &str) -> bool {
    let found = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok() {
        return true;
    }
    assert!(!is_required(name), "{name} is required");
    println!("skipped: there is no {name}");
    false
}
