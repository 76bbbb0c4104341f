//! Kills and power cuts: every receipt that was given is in the log that comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign::service::clock::Clock;
use countersign::service::sequencer::Unavailable;
use countersign::store::cluster::{Cluster, ClusterRole};
use countersign::store::postgres::PostgresLog;
use sqlx::{AssertSqlSafe, ConnectOptions as _};

use super::cluster::{folder, kill, start};
use super::sequencer::stored;
use super::support::ledger::{Server, begin, designation, receipt_of, registration};
use super::support::witness::Witness;

async fn begun(cluster: &Cluster) -> PostgresLog {
    cluster.ensure_database("ledger").await.expect("made");
    begin(PostgresLog::new(cluster.options(ClusterRole::Runtime, "ledger"))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_under_load_lose_no_receipt() {
    let folder = folder();
    let base = folder.path().join("ledger");
    let Some(mut cluster) = start(&base) else { return };
    let log = begun(&cluster).await;
    let server = Arc::new(Server::start(log, &folder.path().join("heads"), Clock::System).await.expect("a good store"));
    server.record(&registration("US/centre/1")).await.expect("registered");
    let done = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..6)
        .map(|_| {
            let (server, done) = (Arc::clone(&server), Arc::clone(&done));
            tokio::spawn(async move {
                let (mut kept, mut checkpoints) = (Vec::new(), Vec::new());
                while !done.load(Ordering::SeqCst) {
                    let note = designation("US/centre/1");
                    kept.push((note.clone(), server.record(&note).await.expect("recorded in the end")));
                    checkpoints.push(server.checkpoint());
                }
                (kept, checkpoints)
            })
        })
        .collect();
    for round in 0..20_u64 {
        tokio::time::sleep(Duration::from_millis(40 + round * 37 % 90)).await;
        kill(&cluster);
        cluster = start(&base).expect("recovered");
    }
    done.store(true, Ordering::SeqCst);
    let mut witness = Witness::default();
    for sender in senders {
        let (kept, checkpoints) = sender.await.expect("no panic");
        kept.into_iter().for_each(|(note, receipt)| witness.receipt(&note, receipt));
        checkpoints.into_iter().for_each(|checkpoint| witness.checkpoint(checkpoint));
    }
    let entries = stored(&cluster.options(ClusterRole::Reader, "ledger")).await;
    let replica = witness.compare(&entries, entries.len());
    println!("{} receipts over 20 kills", witness.receipts());
    assert!(witness.receipts() > 100);
    assert_eq!(replica.tree().size() as usize, witness.receipts() + 2, "nothing else came in");
    // The file of heads agrees with what came back, to the last line.
    let Ok(server) = Arc::try_unwrap(server) else { panic!("every sender is done") };
    let heads = server.crash().await;
    let log = PostgresLog::new(cluster.options(ClusterRole::Runtime, "ledger"));
    Server::start(log, &heads, Clock::System).await.expect("nothing was signed that is not stored");
    cluster.stop().expect("stopped");
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_again() {
    let folder = folder();
    let Some(cluster) = start(&folder.path().join("ledger")) else { return };
    let log = begun(&cluster).await;
    let server = Arc::new(Server::start(log, &folder.path().join("heads"), Clock::System).await.expect("a good store"));
    server.record(&registration("US/centre/1")).await.expect("registered");
    let mut admin = cluster.options(ClusterRole::Superuser, "ledger").connect().await.expect("answers");
    let mut say = async |sql: &str| {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut admin).await.expect("a superuser may");
    };
    // A standby that never comes: COMMIT is on the disk, and its answer waits.
    say("ALTER SYSTEM SET synchronous_standby_names = 'nobody'").await;
    say("SELECT pg_reload_conf()").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = server.checkpoint();
    let note = designation("US/centre/1");
    let first = {
        let (server, note) = (Arc::clone(&server), note.clone());
        tokio::spawn(async move { server.submit(&note).await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!first.is_finished(), "it waits for the standby");
    assert_eq!(server.checkpoint(), before);
    say("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'countersign sequencer'")
        .await;
    let first = first.await.expect("no panic");
    assert!(matches!(&first, Err(Unavailable::TryAgain(why)) if why.contains("outcome unknown")), "{first:?}");
    assert_eq!(server.checkpoint(), before, "nothing is signed on a guess");
    say("ALTER SYSTEM RESET synchronous_standby_names").await;
    say("SELECT pg_reload_conf()").await;
    let again = receipt_of(&server.submit(&note).await.expect("answered"), &server.seal).expect("a receipt");
    assert_eq!((again.index, again.new), (2, false), "it was there all the time");
    assert_eq!(stored(&cluster.options(ClusterRole::Reader, "ledger")).await.len(), 3);
    cluster.stop().expect("stopped");
}
