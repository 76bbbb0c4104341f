//! The server's own log: every line about a request has its id, and nothing that was sent is ever in it.

use std::io::Write;
use std::sync::{Arc, Mutex};

use countersign::store::cluster::ClusterRole;
use countersign::store::read::pool;
use serde_json::Value;
use sqlx::Row as _;
use tracing::Dispatch;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::EnvFilter;

use super::support::http::Call;
use super::support::ledger::registration;
use super::support::postgres::database;
use super::support::stock::Stock;

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a log").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Takes what this thread says from now on, until the guard is dropped.
    fn listens(&self) -> (DefaultGuard, Dispatch) {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt().json().with_env_filter(EnvFilter::new("trace"));
        let subscriber = subscriber.with_writer(move || writer.clone()).finish();
        // With one subscriber alive, `tracing-core` asks the thread that first meets a line whether it wants it, and
        // keeps the answer for all threads: another test's thread wants nothing. With two, it asks both.
        let second = Dispatch::new(tracing_subscriber::registry());
        let guard = tracing::subscriber::set_default(subscriber);
        tracing::callsite::rebuild_interest_cache();
        (guard, second)
    }

    fn lines(&self) -> Vec<Value> {
        let bytes = self.0.lock().expect("a log").clone();
        let text = String::from_utf8(bytes).expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
    }
}

// One thread, so that the log of this test is its own.
#[tokio::test]
async fn a_log_at_its_most_talkative_has_ids_and_no_payloads() {
    let Some(stock) = Stock::new(true).await else { return };
    let (log, api) = (Log::default(), &stock.api);
    let guard = log.listens();
    let mut ids = Vec::new();
    let json =
        |path, body: &str| Call::new("POST", path).header("content-type", "application/json").body(body.as_bytes());
    for call in [
        Call::note("canary in a body"),
        Call::note(&registration("US/canary/1")),
        Call::note(&registration("US/centre/9")),
        json("/v1/records/prepare", "{\"canary\": 1}").token(&stock.us),
        json("/v1/verify", "{\"canary\": 1}"),
        Call::get("/v1/records").token("cs_canary"),
        Call::get("/v1/records?canary=canary").token(&stock.us),
        Call::get("/v1/records?kind=canary").token(&stock.us),
        Call::get("/v1/records/canary").token(&stock.us),
        Call::get("/canary"),
        Call::get("/v1/records").header("accept-language", "canary").header("if-none-match", "canary").token(&stock.us),
        Call::get("/v1/records/6").header("request-id", "canary in a header").token(&stock.auditor),
    ] {
        ids.push(api.send(call).await.header("request-id").to_owned());
    }
    api.database.sabotage("REVOKE SELECT ON countersign.entry FROM countersign_runtime").await;
    let failed = api.get("/v1/records/6", &stock.us).await.expect(503).header("request-id").to_owned();
    api.database.sabotage("GRANT SELECT ON countersign.entry TO countersign_runtime; REVOKE INSERT ON countersign.access_event FROM countersign_runtime").await;
    ids.push(api.get("/v1/records/6", &stock.us).await.expect(503).header("request-id").to_owned());
    drop(guard);

    let lines = log.lines();
    let about =
        |id: &str| lines.iter().find(|line| line["fields"]["request_id"] == id && line["fields"]["status"].is_u64());
    for id in &ids {
        let line = about(id).unwrap_or_else(|| panic!("{id} is not in the log"));
        assert!(line["fields"]["route"].is_string() && line["fields"]["duration_us"].is_u64(), "{line}");
    }
    let errors = lines.iter().filter(|line| line["level"] == "ERROR" && line["span"]["request_id"] == failed.as_str());
    assert_eq!(errors.count(), 1, "the error says in which request");
    for line in &lines {
        let text = line.to_string();
        for secret in ["canary", &stock.us, &stock.us[3..], &stock.auditor] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[tokio::test]
async fn who_borrows_a_connection_leaves_no_warning_in_the_log_of_postgres() {
    let Some(database) = database().await else { return };
    let (pool, log) = (pool(database.options(ClusterRole::Runtime), 1), Log::default());
    let guard = log.listens();
    let warned = || log.lines().iter().filter(|line| line.to_string().contains("transaction in progress")).count();
    for _ in 0..3 {
        let asked = sqlx::query("SHOW idle_in_transaction_session_timeout").fetch_one(&pool).await.expect("an answer");
        assert_eq!(asked.get::<String, _>(0), "20s", "a transaction whose other end is gone holds up nobody for long");
    }
    assert_eq!(warned(), 0);
    // What Postgres would write into its own log it says to the client, too: here it has a reason.
    sqlx::query("ROLLBACK").execute(&pool).await.expect("a warning is no failure");
    assert_eq!(warned(), 1);
    drop(guard);
}
