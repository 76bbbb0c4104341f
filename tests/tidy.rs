//! The shape of the source, as an ordinary test: who may import whom, which outside crates may be named where, how long
//! files and functions may be, and calls that have no place outside tests.
//!
//! Every rule is a function over the tokens of one file, with a test that shows it fire on a bad snippet. Code under
//! `#[cfg(test)]` is exempt. Where a wall stands in the wrong place, move the wall and say why.

#[path = "tidy/documents.rs"]
mod documents;
#[path = "tidy/rulings.rs"]
mod rulings;
#[path = "tidy/source.rs"]
mod source;

use source::{File, Token, sources};

/// Who may import whom: a module, and what it may name of the crate besides itself. The longest path that fits counts.
/// `*` is everything. A module that does not exist yet is listed already.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("lib", &[]),
    ("main", &["*"]),
    // The base.
    ("words", &[]),
    ("hash", &[]),
    ("json", &["words"]),
    ("note", &["hash", "words"]),
    // Two trades that never meet below `replica`.
    ("tlog", &["note", "hash", "words"]),
    ("treaty", &["note", "json", "hash", "words"]),
    // Where they meet.
    ("replica", &["tlog", "treaty", "note", "hash"]),
    ("evidence", &["replica", "tlog", "treaty", "note", "json", "hash", "words"]),
    ("author", &["treaty", "note", "json", "hash"]),
    ("history", &["author", "treaty", "note", "json", "hash", "words"]),
    // What touches the world.
    ("store", &["treaty::entry", "treaty::party", "treaty::shape", "treaty::one_of", "tlog", "hash"]),
    (
        "service",
        // Whoever meets a checkpoint that contradicts another keeps it in the same way.
        &[
            "witness::evidence",
            "store",
            "evidence",
            "replica",
            "history",
            "author",
            "tlog",
            "treaty",
            "note",
            "json",
            "hash",
            "words",
        ],
    ),
    ("witness", &["tlog", "note", "hash"]),
    (
        "mirror",
        &["service", "store", "witness", "evidence", "replica", "tlog", "treaty", "note", "json", "hash", "words"],
    ),
    ("api", &["service", "evidence", "author", "replica", "tlog", "treaty", "note", "json", "hash", "words"]),
    ("web", &["service", "evidence", "author", "replica", "tlog", "treaty", "note", "json", "hash", "words"]),
    ("cli", &["*"]),
    // The promise of the product: these need no server and no database, so they can see neither.
    ("cli/verify", PURE),
    ("cli/inspect", PURE),
    ("cli/check", PURE),
    ("cli/audit_folder", PURE),
    ("cli/audit_held", PURE),
];

/// The modules that are functions of their arguments.
const PURE: &[&str] = &["evidence", "history", "author", "replica", "tlog", "treaty", "note", "json", "hash", "words"];

/// Macros of the crate stand at its root; this is the module that each belongs to.
const MACROS: &[(&str, &str)] = &[("body", "treaty"), ("one_of", "treaty")];

/// Outside crates, and calls that reach for the world: where each may be named, and why nowhere else.
const FENCES: &[(&str, &[&str], &str)] = &[
    ("sqlx", &["store"], "only the store speaks SQL"),
    ("rusqlite", &["service/export/sqlite"], "a copy to take away is written in one place; the ledger never reads it"),
    ("tempfile", &["service/export/sqlite"], "a copy to take away is written in one place"),
    ("rustix", &["store", "cli"], "processes and disks belong to the private cluster and the command line"),
    // What a measure stands beside is a server, too.
    ("axum", &["api", "web", "witness", "mirror", "cli/serve", "cli/bench/static_files"], "HTTP ends at the edge"),
    ("tower_http", &["cli/bench/static_files"], "files are served for a comparison only"),
    ("hyper", &["api"], "connections are served in one place"),
    ("hyper_util", &["api"], "connections are served in one place"),
    ("prometheus_client", &["api"], "figures are counted where requests are answered"),
    ("tower", &["api", "web", "witness", "mirror"], "HTTP ends at the edge"),
    ("ureq", &["cli", "mirror", "service"], "only these call others"),
    ("clap", &["cli", "main"], "arguments are read by the command line"),
    ("clap_complete", &["cli"], "arguments are read by the command line"),
    ("anyhow", &["cli", "main"], "errors have types below the command line"),
    ("tokio", &["store", "service", "api", "web", "witness", "mirror", "cli", "main"], "pure modules wait for nothing"),
    (
        "serde",
        &["treaty/reciprocity/answer", "author", "evidence", "service", "api", "web", "witness", "mirror", "cli"],
        "nothing signed is read by it",
    ),
    (
        "serde_json",
        &["author", "history", "evidence", "service", "api", "web", "witness", "mirror", "cli"],
        "nothing signed is read by it",
    ),
    ("ed25519_dalek", &["note/key"], "keys are admitted and used in one place"),
    ("getrandom", &["api", "cli"], "random numbers are arguments everywhere else"),
    ("now_v7", &["api", "cli"], "random numbers are arguments everywhere else"),
    ("new_v4", &[], "ids are of version 7"),
    ("std::fs", &["store", "service", "mirror", "witness", "cli"], "pure modules touch no files"),
    ("std::net", &["store", "service", "api", "web", "mirror", "witness", "cli"], "pure modules open no sockets"),
    ("std::env", &["cli", "main", "store"], "configuration is read by the command line"),
    ("SystemTime::now", &["service/clock"], "the clock is read in one place"),
    ("Utc::now", &["service/clock"], "the clock is read in one place"),
    ("Local::now", &[], "there is no local time"),
    // Waiting for a process to start or to end is no reading of the clock; nor is a measurement.
    ("Instant::now", &["service/clock", "store/cluster", "store/plain", "cli"], "the clock is read in one place"),
];

/// What may not stand outside tests, and where it may all the same.
const BANNED: &[(&str, &[&str])] = &[
    (".unwrap(", &[]),
    (".expect(", &[]),
    ("panic!", &[]),
    ("todo!", &[]),
    ("unimplemented!", &[]),
    ("dbg!", &[]),
    ("println!", &["cli"]),
    ("print!", &["cli"]),
    ("eprintln!", &["cli"]),
    ("eprint!", &["cli"]),
    ("#[allow", &[]),
    ("#![allow", &[]),
    ("unsafe", &[]),
    // Ed25519: `verify_strict` alone, and in one place. The other calls accept signatures on which verifiers disagree.
    ("verify_strict", &["note/key"]),
    (".key.verify(", &[]),
    ("ed25519_dalek::Verifier", &[]),
    ("verify_batch", &[]),
    ("verify_prehashed", &[]),
    ("verify_stream", &[]),
];

/// Lines of a file.
const FILE_LINES: usize = 400;
/// Lines of a function.
const FUNCTION_LINES: usize = 60;

/// Files that may be longer, and why.
const LONG_FILES: &[(&str, usize, &str)] =
    &[("treaty/shape", 560, "one reader: every form that a member can have, and the two macros that use them")];

/// A word that the ledger does not use: it judges nobody.
const NEVER_SAID: &str = "violation";

#[test]
fn the_source_is_tidy() {
    let files = sources();
    assert!(files.len() > 40, "the source was found");
    let faults: Vec<String> = files.iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Everything that is wrong with one file.
fn faults(file: &File) -> Vec<String> {
    let rules: [fn(&File) -> Vec<String>; 8] =
        [unwritten, long, long_functions, imports, fences, banned, stray_tests, judging];
    rules.iter().flat_map(|rule| rule(file)).map(|fault| format!("src/{}.rs: {fault}", file.path)).collect()
}

/// Every module says what it is for.
fn unwritten(file: &File) -> Vec<String> {
    if file.has_module_comment { Vec::new() } else { vec!["no `//!` comment opens the module".into()] }
}

fn long(file: &File) -> Vec<String> {
    let listed = LONG_FILES.iter().find(|(path, _, _)| *path == file.path);
    let (most, lines) = (listed.map_or(FILE_LINES, |(_, lines, _)| *lines), file.text.lines().count());
    if lines > most { vec![format!("{lines} lines; at most {most}")] } else { Vec::new() }
}

fn long_functions(file: &File) -> Vec<String> {
    let long = file.functions().into_iter().filter(|(_, lines)| *lines > FUNCTION_LINES);
    long.map(|(name, lines)| format!("fn {name} has {lines} lines; at most {FUNCTION_LINES}")).collect()
}

/// The row of a table whose path covers this file most closely.
fn row<T>(rows: &[(&str, T)], file: &File) -> Option<T>
where
    T: Copy,
{
    let covering = rows.iter().filter(|(path, _)| file.is_under(path));
    covering.max_by_key(|(path, _)| path.len()).map(|(_, value)| *value)
}

fn imports(file: &File) -> Vec<String> {
    let Some(allowed) = row(MAY_IMPORT, file) else {
        return vec!["the table of imports does not know this module".into()];
    };
    if file.path == "lib" || allowed.contains(&"*") {
        return Vec::new();
    }
    let own = file.path.split('/').next().unwrap_or_default();
    let named = file.own_paths().into_iter().map(|mut path| {
        if let Some((name, home)) = MACROS.iter().find(|(name, _)| path.first().is_some_and(|first| first == name)) {
            path = vec![(*home).to_owned(), (*name).to_owned()];
        }
        path.join("::")
    });
    let covers = |allowed: &str, path: &str| path == allowed || path.starts_with(&format!("{allowed}::"));
    let mut faults: Vec<String> = named
        .filter(|path| !covers(own, path) && !allowed.iter().any(|allowed| covers(allowed, path)))
        .map(|path| format!("crate::{path} may not be imported here; allowed: {}", allowed.join(", ")))
        .collect();
    faults.sort();
    faults.dedup();
    faults
}

fn fences(file: &File) -> Vec<String> {
    let crossed = FENCES.iter().filter(|(name, where_, _)| file.has(name) && !where_.iter().any(|w| file.is_under(w)));
    crossed.map(|(name, _, why)| format!("{name} may not be named here: {why}")).collect()
}

fn banned(file: &File) -> Vec<String> {
    let found = BANNED.iter().filter(|(what, where_)| file.has(what) && !where_.iter().any(|w| file.is_under(w)));
    found.map(|(what, _)| format!("`{what}` stands outside tests")).collect()
}

/// A file of tests is test code only if its parent says so.
fn stray_tests(file: &File) -> Vec<String> {
    let stray = file.tokens.windows(2).any(|pair| pair[0] == Token::word("mod") && pair[1] == Token::word("tests"));
    if stray { vec!["`mod tests` without #[cfg(test)]".into()] } else { Vec::new() }
}

/// The ledger judges nobody, and neither do its comments.
fn judging(file: &File) -> Vec<String> {
    let fault = format!("says `{NEVER_SAID}`; say what was declared and what was observed");
    if judges(&file.text) { vec![fault] } else { Vec::new() }
}

/// Whether a text uses the word; parts of the names of others (`unique_…`) do not count.
fn judges(text: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices(NEVER_SAID).any(|(at, _)| !text[..at].ends_with('_'))
}

/// What a rule says about a snippet that stands in a file of this path.
fn of(rule: fn(&File) -> Vec<String>, path: &str, text: &str) -> usize {
    rule(&File::new(path, text)).len()
}

#[test]
fn a_module_without_a_comment_is_found() {
    assert_eq!(of(unwritten, "hash", "fn f() {}\n"), 1);
    assert_eq!(of(unwritten, "hash", "/// Not of the module.\nfn f() {}\n"), 1);
    assert_eq!(of(unwritten, "hash", "//! Says why.\nfn f() {}\n"), 0);
}

#[test]
fn a_long_file_is_found() {
    assert_eq!(of(long, "hash", &"\n".repeat(FILE_LINES + 1)), 1);
    assert_eq!(of(long, "hash", &"\n".repeat(FILE_LINES)), 0);
    assert_eq!(of(long, "treaty/shape", &"\n".repeat(FILE_LINES + 1)), 0);
}

#[test]
fn a_long_function_is_found_wherever_it_stands() {
    let body = |lines: usize| "        f();\n".repeat(lines);
    let text = |lines| format!("impl X {{\n    pub async fn g(\n        a: u8,\n    ) {{\n{}    }}\n}}\n", body(lines));
    assert_eq!(of(long_functions, "hash", &text(FUNCTION_LINES - 3)), 1);
    assert_eq!(of(long_functions, "hash", &text(FUNCTION_LINES - 4)), 0);
    let test = format!("#[cfg(test)]\nmod tests {{\n    fn g() {{\n{}    }}\n}}\n", body(FUNCTION_LINES));
    assert_eq!(of(long_functions, "hash", &test), 0);
}

#[test]
fn a_forbidden_import_is_found_however_it_is_written() {
    for (path, text) in [
        ("tlog/tree", "use crate::treaty::party::Party;"),
        ("treaty/record", "use crate::tlog;"),
        ("treaty/terms/limits", "use super::super::super::tlog::Tree;"),
        ("treaty/record", "fn f() { crate::store::read::pool() }"),
        ("treaty/record", "fn f() { assert!(crate::store::x()); }"),
        ("treaty/record", "macro_rules! m { () => { $crate::store::x() }; }"),
        ("treaty/record", "use crate::{hash::Hash, service::{clock::Clock}};"),
        ("store/read", "use crate::treaty::register::Register;"),
        ("cli/verify", "use crate::store::read::Reader;"),
        ("cli/audit_folder", "use crate::service::clock::Clock;"),
        ("api/records", "use crate::store::StoreError;"),
        ("witness/mod", "use crate::treaty::time::Instant;"),
        ("novelty", "fn f() {}"),
    ] {
        assert_eq!(of(imports, path, text), 1, "{path}: {text}");
    }
}

#[test]
fn a_lawful_import_is_not_found() {
    for (path, text) in [
        ("treaty/record", "use crate::treaty::party::Party; use super::shape; use crate::hash::Hash;"),
        ("treaty/terms/limits", "use super::super::party::Party; use super::super::super::hash::Hash;"),
        ("store/token", "crate::one_of! {} use crate::treaty::party::Party;"),
        ("cli/serve", "use crate::store::read::Reader;"),
        ("treaty/record", "#[cfg(test)]\nmod tests { use crate::store::x; }"),
        ("tlog/tree", "//! See [`crate::treaty`].\nfn f() { g(\"crate::treaty\") }"),
    ] {
        assert_eq!(of(imports, path, text), 0, "{path}: {text}");
    }
}

#[test]
fn an_outside_crate_beyond_its_fence_is_found() {
    for (path, text) in [
        ("service/sequencer", "use sqlx::Row;"),
        ("service/sequencer", "fn f() { let row: sqlx::Row = g(); }"),
        ("cli/verify", "use axum::Router;"),
        ("api/mod", "#[derive(clap::Parser)] struct A;"),
        ("treaty/record", "fn f() { chrono::Utc::now() }"),
        ("service/sequencer", "fn f() { std::time::Instant::now() }"),
        ("api/mod", "use std::time::SystemTime; fn f() { SystemTime::now() }"),
        ("author", "fn f() { Uuid::now_v7() }"),
        ("note/mod", "use ed25519_dalek::Signature;"),
        ("tlog/tree", "use std::fs::File;"),
        ("tlog/tree", "use std::{fmt, fs};"),
    ] {
        assert_eq!(of(fences, path, text), 1, "{path}: {text}");
    }
    assert_eq!(of(fences, "service/clock", "fn f() { std::time::Instant::now(); chrono::Utc::now() }"), 0);
    assert_eq!(of(fences, "store/read", "use sqlx::Row;"), 0);
    assert_eq!(of(fences, "cli/bench", "fn f() { std::time::Instant::now() }"), 0);
}

#[test]
fn a_banned_call_is_found_outside_tests() {
    for text in [
        "fn f() { g().unwrap(); }",
        "fn f() { h!(g().expect(\"x\")); }",
        "fn f() { panic!(\"x\") }",
        "fn f() { todo!() }",
        "fn f() { unimplemented!() }",
        "fn f() { println!() }",
        "#[allow(dead_code)] fn f() {}",
        "#![allow(dead_code)]",
        "unsafe fn f() {}",
        "fn f() { self.key.verify(m, s) }",
        "fn f() { ed25519_dalek::verify_batch(m, s, k) }",
        "use ed25519_dalek::Verifier;",
        "use ed25519_dalek::{Signature, Verifier as _};",
    ] {
        let found = of(banned, "note/key", text);
        assert!(found >= 1, "{text}");
        assert_eq!(
            of(
                banned,
                "note/key",
                &format!("#[cfg(test)]\nmod tests {{ {} }}", text.replace("#![allow(dead_code)]", ""))
            ),
            0
        );
    }
    assert_eq!(of(banned, "treaty/verify", "fn f() { key.verify_strict(m, s) }"), 1);
    assert_eq!(of(banned, "note/key", "fn f() { self.key.verify_strict(m, s) }"), 0);
    assert_eq!(of(banned, "treaty/verify", "fn f() { verifier.verify(m, s); x.unwrap_or(1); \"unsafe\" }"), 0);
    assert_eq!(of(banned, "cli/demo", "fn f() { println!() }"), 0);
}

#[test]
fn tests_that_ship_and_words_that_judge_are_found() {
    assert_eq!(of(stray_tests, "note/mod", "mod tests;"), 1);
    assert_eq!(of(stray_tests, "note/mod", "#[cfg(test)]\nmod tests;"), 0);
    assert_eq!(of(judging, "note/mod", &format!("// A {NEVER_SAID}.")), 1);
    assert_eq!(of(judging, "store/postgres", &format!("fn f() {{ said.is_unique_{NEVER_SAID}() }}")), 0);
}

#[test]
fn the_documents_do_not_judge_either() {
    for (path, text) in documents::all() {
        assert!(!judges(&text), "{path} says `{NEVER_SAID}`");
    }
}
