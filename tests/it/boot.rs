//! What a server finds when it starts: a store that somebody wrote to behind its back.

use std::sync::Arc;

use countersign::hash::Hash;
use countersign::note::clerk::countersign;
use countersign::note::{Line, Note, assemble};
use countersign::replica::LedgerKeys;
use countersign::replica::Replica;
use countersign::service::clock::Clock;
use countersign::service::cosigned::config::CosigningSettings;
use countersign::service::gate::GateSettings;
use countersign::service::ledger::{Ledger, OpenError, Settings};
use countersign::store::cluster::ClusterRole;
use countersign::treaty::admit::Signatures;

use super::support::http::now;
use super::support::ledger::{clerk_key, log_key, registration};
use super::support::postgres::{TestDatabase, database};
use super::support::records::terms;

fn settings(database: &TestDatabase, folder: &std::path::Path) -> Settings {
    let keys = LedgerKeys::new(log_key(), clerk_key());
    let store = database.options(ClusterRole::Runtime);
    let (heads, cosigning) = (folder.join("heads"), CosigningSettings::with(Vec::new()));
    let gate = GateSettings::new(folder.join("evidence"));
    Settings { store, heads, keys, clock: Clock::scripted(now()), gate, cosigning }
}

/// Opens the ledger and lets it go again.
async fn open(database: &TestDatabase, folder: &std::path::Path) -> Result<u64, OpenError> {
    let (ledger, task) = Ledger::open(settings(database, folder)).await?;
    let size = ledger.now().size();
    assert_eq!(Arc::strong_count(&ledger), 1);
    drop(ledger);
    task.await.expect("the sequencer ends");
    Ok(size)
}

/// The second entry as the operator of the database would make it: the right names and key ids, and no keys.
fn forged() -> String {
    let note = registration("US/centre/1");
    let parsed = Note::parse(note.as_bytes()).expect("a note");
    let mut lines: Vec<Line> = parsed.lines().to_vec();
    for line in &mut lines {
        line.blob = vec![7; 64];
    }
    lines.push(countersign(&clerk_key(), &Hash::of(parsed.text().as_bytes()), now().unsigned()).expect("signs"));
    assemble(parsed.text(), &lines)
}

async fn insert(database: &TestDatabase, entry: &str) {
    let first: Vec<u8> = sqlx::query_scalar("SELECT note FROM countersign.entry WHERE index = 0")
        .fetch_one(&mut database.connect(ClusterRole::Superuser).await)
        .await
        .expect("entry 0");
    let mut replica = Replica::default();
    replica.replay(&first, Signatures::Check).expect("the terms");
    replica.replay(entry.as_bytes(), Signatures::CheckedElsewhere).expect("the rules have nothing against it");
    let (root, note) = (replica.head().root.to_hex(), countersign::hash::hex(entry.as_bytes()));
    let digest = Hash::of(Note::parse(entry.as_bytes()).expect("a note").text().as_bytes()).to_hex();
    database
        .sabotage(&format!(
            r"INSERT INTO countersign.entry (index, digest, leaf_hash, note, record)
                VALUES (1, '\x{digest}', pg_catalog.sha256('\x00{note}'), '\x{note}', '{{}}');
              INSERT INTO countersign.tree_head (size, root) VALUES (2, '\x{root}');
              UPDATE countersign.head SET size = 2, root = '\x{root}';"
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_was_slipped_in_behind_the_last_signed_head_is_never_signed() {
    let Some(database) = database().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    Ledger::create(&settings(&database, folder.path()), terms(|_| {}).as_bytes()).await.expect("a log");
    assert_eq!(open(&database, folder.path()).await.expect("opens"), 1);
    insert(&database, &forged()).await;
    let error = open(&database, folder.path()).await.expect_err("does not open");
    assert!(matches!(error, OpenError::Replay(_)), "{error}");
    let heads = std::fs::read_to_string(folder.path().join("heads")).expect("readable");
    assert_eq!(heads.lines().count(), 1, "nothing new was noted: {heads}");
}
