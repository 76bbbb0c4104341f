//! What grows with the log, measured. In release: `cargo test --release --test it -- --ignored scale --nocapture`.

use std::time::{Duration, Instant};

use countersign::replica::{Outcome, Replica, step};
use countersign::service::clock::Clock;
use countersign::store::cluster::ClusterRole;
use countersign::store::postgres::PostgresLog;
use countersign::treaty::admit::Signatures;
use countersign::treaty::record::Signed;
use countersign::treaty::register::Register;
use countersign::treaty::verify::Verified;

use super::support::ledger::{Server, begin, beginning, clerk_key, designation, ledger_keys, registration, terms};
use super::support::postgres::database;

fn verified(note: &str, register: &Register) -> Verified {
    Signed::parse(note.as_bytes()).expect("a record").verify(register, "test").expect("signed")
}

/// How long this thread has run; what it waited for on a busy machine is left out.
fn on_a_processor() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

#[test]
#[ignore = "a figure, for release builds"]
fn scale_of_the_fold() {
    const ENTRIES: usize = 100_000;
    let first = verified(&terms(), &Register::default());
    let (entry, mut replica) = Replica::begin(first, beginning(), &clerk_key()).expect("terms");
    let mut entries = vec![entry.bytes];
    let batch =
        step(&replica, vec![verified(&registration("US/centre/1"), replica.register())], beginning(), &ledger_keys());
    entries.extend(batch.entries.into_iter().map(|entry| entry.bytes));
    replica = batch.next;
    while entries.len() < ENTRIES {
        let records = (0..1_000).map(|_| verified(&designation("US/centre/1"), replica.register())).collect();
        let batch = step(&replica, records, beginning(), &ledger_keys());
        assert!(batch.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Recorded { .. })));
        entries.extend(batch.entries.into_iter().map(|entry| entry.bytes));
        replica = batch.next;
    }
    let (begun, busy) = (Instant::now(), on_a_processor());
    let mut folded = Replica::default();
    for entry in &entries {
        folded.replay(entry.as_bytes(), Signatures::CheckedElsewhere).expect("a good entry");
    }
    let busy = on_a_processor().saturating_sub(busy);
    println!(
        "{} entries of {} bytes folded in {:?}, {busy:?} of it on a processor",
        entries.len(),
        entries[9].len(),
        begun.elapsed()
    );
    assert_eq!(folded.head(), replica.head());
}

/// The median time of a commit of one record.
async fn median(server: &Server, commits: usize) -> Duration {
    let mut times = Vec::with_capacity(commits);
    for _ in 0..commits {
        let note = designation("US/centre/1");
        let begun = Instant::now();
        server.record(&note).await.expect("recorded");
        times.push(begun.elapsed());
    }
    times.sort();
    times[commits / 2]
}

/// Grows a log to so many entries, 1,000 at a time.
async fn grow(server: &Server, size: u64) {
    while server.published.load().size() < size {
        let mut answers = Vec::new();
        for _ in 0..1_000 {
            answers.push(server.send(&designation("US/centre/1")).await);
        }
        for answer in answers {
            answer.await.expect("answered").expect("recorded");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure, for release builds"]
async fn scale_of_a_commit() {
    let Some(database) = database().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let log = begin(PostgresLog::new(database.options(ClusterRole::Runtime))).await;
    let server = Server::start(log, &folder.path().join("heads"), Clock::System).await.expect("a good store");
    server.record(&registration("US/centre/1")).await.expect("registered");
    grow(&server, 1_000).await;
    let small = median(&server, 1_000).await;
    let begun = Instant::now();
    grow(&server, 100_000).await;
    println!("grown to 100,000 in {:?}", begun.elapsed());
    let large = median(&server, 1_000).await;
    println!("median commit on 1,000 entries {small:?}, on 100,000 entries {large:?}");
    assert!(large < small * 2, "a commit takes longer on a long log");
    // A server that starts reads all of it.
    let begun = Instant::now();
    let log = PostgresLog::new(database.options(ClusterRole::Runtime));
    let again = Server::start(log, &folder.path().join("again"), Clock::System).await.expect("a good store");
    println!("{} entries loaded and folded in {:?}", again.published.load().size(), begun.elapsed());
}
