//! `audit` of a database: what a superuser does to it, and the check that finds it.

use countersign::store::cluster::ClusterRole;
use countersign::tlog::checkpoint::Checkpoint;
use serde_json::Value;

use super::attacks::forge::{KEEP, RESTORE, behind};
use super::support::ledger::{ORIGIN, log_key};
use super::support::postgres::TestDatabase;
use super::support::program::{Folder, run};
use super::support::stock::{ENTRIES, Stock};

/// What is done to rows, and what it is found as.
const ROWS: &[(&str, &str)] = &[
    ("UPDATE countersign.entry SET record = record || '{\"number\": 99}' WHERE index = 7", "stored/column_differs"),
    ("UPDATE countersign.entry SET record = '{}' WHERE index = 29", "stored/column_differs"),
    ("UPDATE countersign.entry SET digest = pg_catalog.sha256('x') WHERE index = 7", "stored/column_differs"),
    ("UPDATE countersign.entry SET leaf_hash = pg_catalog.sha256('x') WHERE index = 7", "stored/column_differs"),
    ("UPDATE countersign.entry SET note = note || '\\x00' WHERE index = 7", "entries/not_a_note"),
    (
        "UPDATE countersign.entry SET note = pg_catalog.convert_to(pg_catalog.replace(pg_catalog.convert_from(note, 'UTF8'), \
         '\"number\"', '\"number\" '), 'UTF8') WHERE index = 7",
        "entries/signature_invalid",
    ),
    ("DELETE FROM countersign.entry WHERE index = 7", "stored/row_missing"),
    ("DELETE FROM countersign.entry WHERE index = 29", "stored/head_row_differs"),
    ("UPDATE countersign.entry SET index = 99 WHERE index = 29", "stored/row_missing"),
    ("UPDATE countersign.head SET size = 29", "stored/head_row_differs"),
    ("UPDATE countersign.head SET root = pg_catalog.sha256('x')", "stored/head_row_differs"),
    ("DELETE FROM countersign.head", "stored/head_row_differs"),
    ("UPDATE countersign.tree_head SET root = pg_catalog.sha256('x') WHERE size = 7", "heads/root_differs"),
    ("UPDATE countersign.tree_head SET size = 99 WHERE size = 30", "heads/entries_missing"),
    (
        "DELETE FROM countersign.entry WHERE index > 20; DELETE FROM countersign.tree_head WHERE size > 21; \
         UPDATE countersign.head SET (size, root) = (SELECT size, root FROM countersign.tree_head WHERE size = 21)",
        "checkpoint/entries_missing",
    ),
];

/// What is done to the schema, and how it is undone.
const SCHEMA: &[(&str, &str)] = &[
    (
        "ALTER TABLE countersign.entry DISABLE TRIGGER entry_is_kept",
        "ALTER TABLE countersign.entry ENABLE ALWAYS TRIGGER entry_is_kept",
    ),
    ("CREATE RULE r AS ON INSERT TO countersign.tree_head DO INSTEAD NOTHING", "DROP RULE r ON countersign.tree_head"),
    (
        "ALTER TABLE countersign.entry ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE countersign.entry DISABLE ROW LEVEL SECURITY",
    ),
    (
        "ALTER TABLE countersign.entry ALTER record SET DEFAULT '{}'",
        "ALTER TABLE countersign.entry ALTER record DROP DEFAULT",
    ),
    (
        "ALTER TABLE countersign.tree_head DROP CONSTRAINT tree_head_size_check",
        "ALTER TABLE countersign.tree_head ADD CONSTRAINT tree_head_size_check CHECK (size > 0)",
    ),
    (
        "GRANT UPDATE ON countersign.entry TO countersign_runtime",
        "REVOKE UPDATE ON countersign.entry FROM countersign_runtime",
    ),
    ("ALTER TABLE countersign.entry RENAME record TO r", "ALTER TABLE countersign.entry RENAME r TO record"),
    ("ALTER TABLE countersign.head RENAME TO h", "ALTER TABLE countersign.h RENAME TO head"),
    ("CREATE VIEW countersign.v AS SELECT 1", "DROP VIEW countersign.v"),
    ("ALTER FUNCTION countersign.refuse() SECURITY DEFINER", "ALTER FUNCTION countersign.refuse() SECURITY INVOKER"),
    // The last one, since nobody wants to write the old body here again.
    (
        "CREATE OR REPLACE FUNCTION countersign.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog \
         AS $$ BEGIN RETURN NEW; END $$",
        "SELECT 1",
    ),
];

/// Audits the database as a reader; the exit code and the report.
fn audit(database: &TestDatabase, folder: &Folder, more: &[&str]) -> (Option<i32>, Value) {
    let options = database.options(ClusterRole::Runtime);
    let socket = options.get_socket().expect("a socket").display().to_string();
    let name = options.get_database().expect("a name").to_owned();
    let url = format!("postgres://countersign_reader@localhost/{name}?host={socket}");
    let trust = folder.path("trust").display().to_string();
    let output = run(&[&["audit", "--json", "--database-url", &url, "--trust", &trust], more].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {said}")))
}

fn faults(report: &Value) -> Vec<String> {
    let failed = report["checks"].as_array().expect("checks").iter().filter(|check| check["result"] == "fail");
    failed
        .map(|c| format!("{}/{}", c["check"].as_str().expect("a name"), c["code"].as_str().expect("a code")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_superuser_does_to_a_database_is_found_by_name() {
    let Some(stock) = Stock::new(true).await else { return };
    let folder = Folder::new();
    std::fs::write(folder.path("trust"), stock.api.ledger.trust.to_string()).expect("written");
    let held = folder.path("checkpoint").display().to_string();
    std::fs::write(&held, stock.api.ledger.now().checkpoint.as_ref()).expect("written");
    let database = &stock.api.database;
    let look = |more: &[&str]| tokio::task::block_in_place(|| audit(database, &folder, more));
    let (code, report) = look(&[]);
    assert_eq!((code, &report["verdict"]), (Some(0), &"verified_with_remarks".into()), "{report:#}");
    assert_eq!(look(&["--strict"]).0, Some(6), "nothing signed by the log was shown");
    let with = ["--strict", "--checkpoint", &held];
    let (code, report) = look(&with);
    assert_eq!((code, &report["size"]), (Some(0), &ENTRIES.into()), "{report:#}");
    database.sabotage(KEEP).await;
    for (what, expected) in ROWS {
        database.sabotage(&behind(what)).await;
        let (code, report) = look(&with);
        assert!(code == Some(1) && faults(&report).iter().any(|fault| fault == expected), "{what}: {report:#}");
        database.sabotage(&behind(RESTORE)).await;
    }
    assert_eq!(look(&with).0, Some(0), "everything is as it was");
    for (what, undo) in SCHEMA {
        database.sabotage(what).await;
        let (code, report) = look(&with);
        let found = faults(&report);
        assert!(code == Some(1) && found.iter().any(|fault| fault == "schema/schema_altered"), "{what}: {report:#}");
        database.sabotage(undo).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_over_another_root_shows_that_history_was_changed() {
    let Some(stock) = Stock::new(true).await else { return };
    let folder = Folder::new();
    std::fs::write(folder.path("trust"), stock.api.ledger.trust.to_string()).expect("written");
    let forged = Checkpoint { origin: ORIGIN.to_owned(), size: 9, root: countersign::hash::Hash::of(b"x") };
    let held = folder.path("forged").display().to_string();
    std::fs::write(&held, forged.sign(&log_key()).expect("signs")).expect("written");
    let (code, report) = tokio::task::block_in_place(|| audit(&stock.api.database, &folder, &["--checkpoint", &held]));
    assert_eq!((code, faults(&report)), (Some(1), vec!["checkpoint/root_differs".to_owned()]), "{report:#}");
}
