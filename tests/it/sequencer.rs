//! The sequencer against Postgres: what is answered is durable, what is not durable is never signed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign::service::clock::Clock;
use countersign::service::sequencer::Unavailable;
use countersign::store::cluster::ClusterRole;
use countersign::store::memory::{Fault, MemoryLog};
use countersign::store::postgres::PostgresLog;
use countersign::treaty::time::Instant;
use sqlx::Row as _;

use super::support::ledger::{Receipt, Server, begin, beginning, clerk_key, designation, receipt_of, registration};
use super::support::postgres::{TestDatabase, database};
use super::support::witness::Witness;

/// Everything that the entries of a database hold, in order.
pub async fn stored(options: &countersign::store::Address) -> Vec<Vec<u8>> {
    use sqlx::ConnectOptions as _;
    let mut connection = options.connect().await.expect("the database answers");
    let rows = sqlx::query("SELECT index, note FROM countersign.entry ORDER BY index").fetch_all(&mut connection).await;
    let rows = rows.expect("the entries");
    let gapless = rows.iter().enumerate().all(|(i, row)| row.get::<i64, _>(0) == i as i64);
    assert!(gapless, "the indices have a gap");
    rows.iter().map(|row| row.get(1)).collect()
}

struct Setting {
    database: TestDatabase,
    folder: tempfile::TempDir,
}

impl Setting {
    /// A database with a log that has begun, and one centre for each Party.
    async fn new() -> Option<Setting> {
        let database = database().await?;
        begin(PostgresLog::new(database.options(ClusterRole::Runtime))).await;
        let setting = Setting { database, folder: tempfile::tempdir().expect("a folder") };
        let server = setting.server("first").await;
        for centre in ["US/centre/1", "RU/centre/1"] {
            server.record(&registration(centre)).await.expect("registered");
        }
        server.crash().await;
        Some(setting)
    }

    async fn server(&self, name: &str) -> Server {
        let log = PostgresLog::new(self.database.options(ClusterRole::Runtime));
        Server::start(log, &self.heads(name), Clock::System).await.expect("a good store")
    }

    fn heads(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn stored(&self) -> Vec<Vec<u8>> {
        stored(&self.database.options(ClusterRole::Reader)).await
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("the file of heads")
}

/// Ways in which a database can report success and hold something else. Our own triggers are gone first: whoever can do
/// this can do that.
const SABOTAGE: [(&str, &str); 11] = [
    ("a rule swallows entries", "CREATE RULE r AS ON INSERT TO countersign.entry DO INSTEAD NOTHING"),
    ("a rule swallows heads", "CREATE RULE r AS ON INSERT TO countersign.tree_head DO INSTEAD NOTHING"),
    ("a rule swallows the move", "CREATE RULE r AS ON UPDATE TO countersign.head DO INSTEAD NOTHING"),
    (
        "a trigger swallows entries",
        "CREATE TRIGGER t BEFORE INSERT ON countersign.entry FOR EACH ROW EXECUTE FUNCTION public.swallow()",
    ),
    (
        "a trigger swallows the move",
        "CREATE TRIGGER t BEFORE UPDATE ON countersign.head FOR EACH ROW EXECUTE FUNCTION public.swallow()",
    ),
    (
        "a trigger alters entries",
        "CREATE TRIGGER t BEFORE INSERT ON countersign.entry FOR EACH ROW EXECUTE FUNCTION public.alter_note()",
    ),
    (
        "a trigger alters heads",
        "CREATE TRIGGER t BEFORE INSERT ON countersign.tree_head FOR EACH ROW EXECUTE FUNCTION public.alter_root()",
    ),
    (
        "a trigger alters the move",
        "CREATE TRIGGER t BEFORE UPDATE ON countersign.head FOR EACH ROW EXECUTE FUNCTION public.alter_root()",
    ),
    (
        "entries are rewritten at COMMIT",
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON countersign.entry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.rewrite_later()",
    ),
    (
        "entries are deleted at COMMIT",
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON countersign.entry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.delete_later()",
    ),
    (
        "the head is moved back at COMMIT",
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON countersign.tree_head DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.move_back()",
    ),
];

const FUNCTIONS: &str = "
    DROP TRIGGER entry_is_kept ON countersign.entry;
    DROP TRIGGER head_moves_forward ON countersign.head;
    CREATE FUNCTION public.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE FUNCTION public.alter_note() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.note := NEW.note || ''x''; RETURN NEW; END';
    CREATE FUNCTION public.alter_root() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.root := sha256(''x''); RETURN NEW; END';
    CREATE FUNCTION public.rewrite_later() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        'BEGIN UPDATE countersign.entry SET note = note || ''x'' WHERE index = NEW.index; RETURN NULL; END';
    CREATE FUNCTION public.delete_later() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        'BEGIN DELETE FROM countersign.entry WHERE index = NEW.index; RETURN NULL; END';
    CREATE FUNCTION public.move_back() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        'BEGIN UPDATE countersign.head SET size = NEW.size - 1; RETURN NULL; END';";

#[tokio::test]
async fn a_database_that_lies_is_caught_before_anything_is_signed() {
    for (what, sql) in SABOTAGE {
        let Some(setting) = Setting::new().await else { return };
        let server = setting.server("a").await;
        server.record(&designation("US/centre/1")).await.expect("recorded");
        setting.database.sabotage(FUNCTIONS).await;
        setting.database.sabotage(sql).await;
        let (checkpoint, heads) = (server.checkpoint(), text(&setting.heads("a")));
        let note = designation("US/centre/1");
        for again in ["first", "again"] {
            let answer = server.submit(&note).await;
            assert!(matches!(answer, Err(Unavailable::Halted(_))), "{what}, {again}: {answer:?}");
        }
        assert_eq!(server.checkpoint(), checkpoint, "{what}");
        assert_eq!(text(&setting.heads("a")), heads, "{what}");
        assert!(server.published.load().halted.load().is_some(), "{what}: readers are told");
        // No other server waits for a lock that was left behind.
        setting.database.sabotage("SELECT FROM countersign.head FOR UPDATE NOWAIT").await;
    }
}

#[tokio::test]
async fn what_another_process_slips_into_the_log_is_not_signed() {
    // Somebody who may write to the database, without the clerk's key: everything fits but the signatures.
    let Some(setting) = Setting::new().await else { return };
    let server = setting.server("a").await;
    let forged = {
        use countersign::treaty::{entry::Entry, record::Signed};
        let note = designation("US/centre/1");
        let signed = Signed::parse(note.as_bytes()).expect("a record");
        let honest = Entry::countersign(signed, &clerk_key(), Instant::from_seconds(1_900_000_000).expect("a time"));
        // The last byte of a signature is changed; line, key name and key id stay.
        let bytes = honest.expect("signs").bytes;
        let end = bytes.rfind("=\n").expect("padding") - 3;
        format!("{}{}{}", &bytes[..end], if &bytes[end..=end] == "A" { "B" } else { "A" }, &bytes[end + 1..])
    };
    let base = server.published.load_full();
    let mut tree = base.replica.tree().clone();
    tree.append(countersign::tlog::leaf_hash(forged.as_bytes()));
    let mut runtime = setting.database.connect(ClusterRole::Runtime).await;
    let index = base.size() as i64;
    sqlx::query("INSERT INTO countersign.entry VALUES ($1, pg_catalog.sha256('d'), pg_catalog.sha256('l'), $2, '{}')")
        .bind(index)
        .bind(forged.as_bytes())
        .execute(&mut runtime)
        .await
        .expect("the runtime adds");
    for sql in ["INSERT INTO countersign.tree_head VALUES ($1, $2)", "UPDATE countersign.head SET size = $1, root = $2"]
    {
        let root = tree.root();
        sqlx::query(sql).bind(index + 1).bind(root.as_bytes().as_slice()).execute(&mut runtime).await.expect("moved");
    }
    let checkpoint = server.checkpoint();
    let answer = server.submit(&designation("US/centre/1")).await;
    assert!(matches!(answer, Err(Unavailable::Halted(_))), "{answer:?}");
    assert_eq!(server.checkpoint(), checkpoint);
}

#[tokio::test]
async fn a_clock_behind_the_log_stops_the_ledger_and_frees_the_lock() {
    let Some(setting) = Setting::new().await else { return };
    let clock = Clock::scripted(beginning());
    let log = PostgresLog::new(setting.database.options(ClusterRole::Runtime));
    let behind = Server::start(log, &setting.heads("behind"), clock).await.expect("a good store");
    let answer = behind.submit(&designation("US/centre/1")).await;
    assert!(matches!(&answer, Err(Unavailable::Halted(why)) if why.contains("behind the last entry")), "{answer:?}");
    let other = setting.server("other").await;
    let note = designation("US/centre/1");
    let recorded = tokio::time::timeout(Duration::from_secs(5), other.record(&note)).await;
    recorded.expect("the halted server holds no lock").expect("recorded");
}

#[tokio::test]
async fn two_servers_write_one_log() {
    const RECORDS: usize = 5_000;
    let Some(setting) = Setting::new().await else { return };
    let servers = [Arc::new(setting.server("a").await), Arc::new(setting.server("b").await)];
    let mut tasks = Vec::new();
    for worker in 0..50 {
        let servers = servers.clone();
        tasks.push(tokio::spawn(async move {
            let mut kept: Vec<(String, Receipt)> = Vec::new();
            // A key registered through one server signs through the other at once.
            let centre = format!("US/centre/w{worker}");
            let (here, there) = (&servers[worker % 2], &servers[(worker + 1) % 2]);
            let note = registration(&centre);
            let receipt = here.record(&note).await.expect("registered");
            kept.push((note, receipt));
            for i in 0..RECORDS / 50 - 1 {
                let note = designation(&centre);
                let server = if i % 2 == 0 { there } else { here };
                let receipt = server.record(&note).await.expect("no false refusal");
                kept.push((note, receipt));
            }
            kept
        }));
    }
    let mut witness = Witness::default();
    for task in tasks {
        for (note, receipt) in task.await.expect("no panic") {
            assert!(receipt.new);
            witness.receipt(&note, receipt);
        }
    }
    servers.iter().for_each(|server| witness.checkpoint(server.checkpoint()));
    let entries = setting.stored().await;
    assert_eq!((witness.receipts(), entries.len()), (RECORDS, RECORDS + 3));
    witness.compare(&entries, entries.len());
    for name in ["a", "b"] {
        assert!(text(&setting.heads(name)).lines().count() > 10);
    }
}

#[tokio::test]
async fn a_server_without_work_follows_the_others() {
    let Some(setting) = Setting::new().await else { return };
    let (writer, reader) = (setting.server("a").await, setting.server("b").await);
    let receipt = writer.record(&designation("US/centre/1")).await.expect("recorded");
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let seen = reader.published.load_full();
        if seen.size() > receipt.index {
            assert_eq!(seen.receipt(receipt.index, &reader.seal).as_deref(), Some(receipt.text.as_str()));
            assert_eq!(reader.checkpoint(), writer.checkpoint());
            assert_eq!(text(&setting.heads("b")).lines().last(), text(&setting.heads("a")).lines().last());
            return;
        }
    }
    panic!("it does not follow");
}

#[tokio::test]
async fn one_record_sent_by_many_is_one_entry_with_one_receipt() {
    let Some(setting) = Setting::new().await else { return };
    let servers = [Arc::new(setting.server("a").await), Arc::new(setting.server("b").await)];
    let note = designation("RU/centre/1");
    let tasks: Vec<_> = (0..64)
        .map(|i| {
            let (server, note) = (Arc::clone(&servers[i % 2]), note.clone());
            tokio::spawn(async move { server.record(&note).await.expect("recorded") })
        })
        .collect();
    let mut receipts = Vec::new();
    for task in tasks {
        receipts.push(task.await.expect("no panic"));
    }
    assert_eq!(receipts.iter().filter(|receipt| receipt.new).count(), 1);
    assert!(receipts.iter().all(|receipt| (receipt.index, &receipt.text) == (receipts[0].index, &receipts[0].text)));
    assert_eq!(setting.stored().await.len(), 4);
}

#[tokio::test]
async fn sessions_that_are_killed_lose_and_double_nothing() {
    let Some(setting) = Setting::new().await else { return };
    let server = Arc::new(setting.server("a").await);
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let killer = {
        let (options, done) = (setting.database.options(ClusterRole::Superuser), Arc::clone(&done));
        tokio::spawn(async move {
            use sqlx::ConnectOptions as _;
            let mut admin = options.connect().await.expect("the cluster answers");
            let mut killed = 0_usize;
            // An end to it: on a busy machine no batch would ever come through between two kills.
            while killed < 40 && !done.load(std::sync::atomic::Ordering::SeqCst) {
                let kill = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
                            WHERE datname = current_database() AND application_name = 'countersign sequencer'";
                killed += sqlx::query(kill).fetch_all(&mut admin).await.expect("killed").len();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            killed
        })
    };
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let server = Arc::clone(&server);
        tasks.push(tokio::spawn(async move {
            let mut kept = Vec::new();
            for _ in 0..60 {
                let note = designation("US/centre/1");
                let receipt = server.record(&note).await.expect("recorded in the end");
                kept.push((note, receipt));
            }
            kept
        }));
    }
    let mut witness = Witness::default();
    for task in tasks {
        task.await.expect("no panic").into_iter().for_each(|(note, receipt)| witness.receipt(&note, receipt));
    }
    done.store(true, std::sync::atomic::Ordering::SeqCst);
    let killed = killer.await.expect("no panic");
    assert!(killed > 5, "{killed} sessions were killed");
    let entries = setting.stored().await;
    assert_eq!(entries.len(), 8 * 60 + 3);
    witness.compare(&entries, entries.len());
}

#[tokio::test]
async fn a_request_that_is_dropped_half_way_takes_nobody_elses_token_with_it() {
    use countersign::hash::Hash;
    use countersign::store::read::{Reader, pool};
    use countersign::store::token::Reading;
    use countersign::treaty::party::Party;
    let Some(database) = database().await else { return };
    let pool = pool(database.options(ClusterRole::Runtime), 1);
    let reader = Reader::new(pool.clone());
    let mut acknowledged = 0_i64;
    for round in 0..60_u32 {
        // Dropped after so many waits: before, in and after BEGIN and the statement. It never commits, which would
        // save what others did on its connection.
        let work = async {
            let mut transaction = pool.begin().await?;
            sqlx::query("SELECT 1").execute(&mut *transaction).await
        };
        cancelled_after(round % 6, work).await;
        let hash = Hash::of(&round.to_be_bytes());
        if reader.create_token(&hash, "label", Party::Us, Reading::Party).await.is_ok() {
            acknowledged += 1;
        }
    }
    pool.close().await;
    let mut runtime = database.connect(ClusterRole::Runtime).await;
    let count = sqlx::query("SELECT count(*) FROM countersign.token").fetch_one(&mut runtime).await.expect("a count");
    assert_eq!((count.get::<i64, _>(0), acknowledged), (60, 60), "acknowledged inserts vanished");
}

/// Polls a future until it has waited so many times, then drops it.
async fn cancelled_after<F: Future>(waits: u32, future: F) {
    let mut future = std::pin::pin!(future);
    let mut waited = 0;
    std::future::poll_fn(|context| {
        if waited > waits || future.as_mut().poll(context).is_ready() {
            return std::task::Poll::Ready(());
        }
        waited += 1;
        if waited > waits { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// A log in memory that has begun, and a server on it.
async fn in_memory(folder: &Path) -> (MemoryLog, Server) {
    let log = MemoryLog::default();
    begin(log.handle()).await;
    let server = Server::start(log.handle(), &folder.join("heads"), Clock::scripted(beginning())).await;
    let server = server.expect("a good store");
    server.record(&registration("US/centre/1")).await.expect("registered");
    (log, server)
}

#[tokio::test]
async fn an_unknown_outcome_is_looked_up_and_never_guessed() {
    for (fault, known) in [(Fault::Refuse, false), (Fault::LoseBefore, false), (Fault::LoseAfter, true)] {
        let folder = tempfile::tempdir().expect("a folder");
        let (log, server) = in_memory(folder.path()).await;
        let before = server.checkpoint();
        log.plan([Some(fault)]).await;
        let note = designation("US/centre/1");
        let first = server.submit(&note).await;
        assert!(matches!(first, Err(Unavailable::TryAgain(_))), "{fault:?}: {first:?}");
        assert_eq!(server.checkpoint(), before, "{fault:?}: nothing is signed on a guess");
        let again = receipt_of(&server.submit(&note).await.expect("answered"), &server.seal).expect("a receipt");
        assert_eq!((again.index, again.new), (2, !known), "{fault:?}");
        assert_eq!(log.entries().await.len(), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_store_that_lies_halts_the_ledger() {
    for fault in [Fault::Falsify, Fault::Swallow] {
        let folder = tempfile::tempdir().expect("a folder");
        let (log, server) = in_memory(folder.path()).await;
        let (before, heads) = (server.checkpoint(), text(&folder.path().join("heads")));
        log.plan([Some(fault)]).await;
        for _ in 0..2 {
            let answer = server.submit(&designation("US/centre/1")).await;
            assert!(matches!(answer, Err(Unavailable::Halted(_))), "{fault:?}: {answer:?}");
        }
        assert_eq!((server.checkpoint(), text(&folder.path().join("heads"))), (before, heads));
    }
}

#[tokio::test]
async fn a_reader_keeps_seeing_what_it_began_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_log, server) = in_memory(folder.path()).await;
    let held = server.published.load_full();
    let (head, checkpoint) = (held.replica.head(), held.checkpoint.to_string());
    let receipt = held.receipt(1, &server.seal);
    for _ in 0..1_000 {
        server.record(&designation("US/centre/1")).await.expect("recorded");
    }
    assert_eq!((held.size(), held.replica.head(), held.replica.register().size()), (2, head, 2));
    assert_eq!((held.checkpoint.to_string(), held.receipt(1, &server.seal)), (checkpoint, receipt.clone()));
    assert_eq!(held.sizes().last(), Some(&2));
    let now = server.published.load_full();
    assert_eq!((now.size(), now.receipt(1, &server.seal)), (1_002, receipt), "a receipt never changes");
}
