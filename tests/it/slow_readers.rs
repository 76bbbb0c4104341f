//! Readers who stop in the middle of something large: nobody waits for them, and the server keeps little for them.

use std::time::Duration;

use axum::body::Body;
use countersign::api::server::Timers;
use countersign::store::cluster::ClusterRole;
use countersign::treaty::record::Kind;
use futures_util::future::join_all;
use http_body_util::BodyExt as _;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::http_export::{fill, open, rows};
use super::support::http::{Call, Listening};
use super::support::ledger::{draft, signed};
use super::support::records::{changing, simple};
use super::support::stock::{ENTRIES, Stock};

/// Records of some twenty thousand bytes each.
const LARGE: u64 = 800;
/// What connections and the server keep at most for a reader who has stopped. The sockets of the loopback take most of
/// it (some 4 MB were seen); the server has one page of 64 records, and what it is about to write.
const KEPT: usize = 8 << 20;

/// A log that no connection can hold.
async fn large() -> Option<Stock> {
    let stock = Stock::new(true).await?;
    let mut body = changing("A1");
    let item = |i: usize| json!({ "uid": format!("I-{i}"), "type": "x".repeat(64), "location": "L1/24", "count": 1 });
    body["items"] = (0..200).map(item).collect();
    let notes = (0..LARGE).map(|_| signed(&draft(Kind::DataChange, &["US/centre/1"], body.clone())));
    let notes: Vec<String> = notes.collect();
    for some in notes.chunks(64) {
        let answers = join_all(some.iter().map(|note| stock.api.post(note))).await;
        answers.into_iter().for_each(|answer| drop(answer.expect(201)));
    }
    Some(stock)
}

/// Begins to read a file with a small buffer, and stops after its first bytes.
async fn begin(server: &Listening, name: &str, token: &str) -> (TcpStream, Vec<u8>) {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let mut stream = socket.connect(server.address).await.expect("a connection");
    let request = format!("GET /v1/exports/{name} HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut said = vec![0; 1_024];
    stream.read_exact(&mut said).await.expect("a beginning");
    tokio::time::sleep(Duration::from_secs(1)).await; // whoever would read ahead has read ahead by now
    (stream, said)
}

/// What a file has after the head of the answer.
fn body(said: &[u8]) -> &[u8] {
    let begin = said.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    &said[begin..]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_stops_holds_no_lock_and_still_gets_what_was_pinned() {
    let Some(stock) = large().await else { return };
    let (api, server) = (&stock.api, stock.api.listen(Timers::default()).await);
    let (mut stream, mut said) = begin(&server, "records.ndjson", &stock.us).await;
    for _ in 0..20 {
        api.record(&simple()).await;
    }
    let mut admin = api.database.connect(ClusterRole::Superuser).await;
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    let count: i64 = sqlx::query_scalar(idle).fetch_one(&mut admin).await.expect("a number");
    assert_eq!(count, 0, "nobody's transaction is open");
    // The strongest lock there is can be had at once, so nobody holds even the weakest.
    let lock = "BEGIN; LOCK TABLE countersign.entry, countersign.head, countersign.tree_head IN ACCESS EXCLUSIVE MODE \
                NOWAIT; ROLLBACK";
    sqlx::raw_sql(lock).execute(&mut admin).await.expect("no lock is held");
    stream.read_to_end(&mut said).await.expect("the rest");
    assert!(said.len() > 2 * KEPT, "more than anything keeps: {}", said.len());
    assert_eq!(rows(body(&said)).len() as u64, ENTRIES + LARGE, "what was there when it began");
    server.stop.send(true).expect("it listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_stops_makes_the_server_read_little_ahead() {
    let Some(stock) = large().await else { return };
    let server = stock.api.listen(Timers::default()).await;
    let (mut stream, mut said) = begin(&server, "records.ndjson", &stock.us).await;
    // From now on nothing can be read any more: what still arrives was kept for the reader.
    stock.api.database.sabotage("REVOKE SELECT ON countersign.entry FROM countersign_runtime").await;
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut said)).await;
    let _ = read.expect("it is broken off"); // a reset is an end, too
    assert!(said.len() < KEPT, "{} bytes had been read ahead", said.len());
    assert!(!String::from_utf8_lossy(&said).contains("\"complete\":true"), "and it says nothing of being whole");
    server.stop.send(true).expect("it listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_before_the_reader_has_room_for_it() {
    let Some(stock) = Stock::new(true).await else { return };
    fill(&stock, 150).await;
    let mut body = open(&stock.api, "records.ndjson", &stock.us).await.into_body();
    let first = first_page(&mut body).await;
    assert_eq!(first.iter().filter(|&&byte| byte == b'\n').count(), 64, "one page");
    // The second page is asked for only now, when it cannot be had any more.
    stock.api.database.sabotage("REVOKE SELECT ON countersign.entry FROM countersign_runtime").await;
    body.frame().await.expect("a frame").expect_err("a fault");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_the_status_who_stop_take_no_place_from_those_who_ask() {
    let Some(stock) = Stock::new(true).await else { return };
    let mut unread = Vec::new();
    for token in [&stock.us, &stock.auditor] {
        for name in ["obligations.ndjson", "obligations.csv", "status.ndjson", "status.csv"] {
            let answer = tokio::time::timeout(Duration::from_secs(10), open(&stock.api, name, token)).await;
            let mut body = answer.expect("nobody waits for those before").into_body();
            first_page(&mut body).await;
            unread.push(body);
        }
    }
    let call = Call::get("/v1/reciprocity").token(&stock.us);
    let answer = tokio::time::timeout(Duration::from_secs(10), stock.api.send(call)).await;
    answer.expect("nobody waits for them").expect(200);
    for body in unread {
        body.collect().await.expect("and each goes on where it was");
    }
}

async fn first_page(body: &mut Body) -> Vec<u8> {
    let frame = tokio::time::timeout(Duration::from_secs(10), body.frame()).await.expect("nobody is waited for");
    frame.expect("a frame").expect("no fault").into_data().expect("data").to_vec()
}
