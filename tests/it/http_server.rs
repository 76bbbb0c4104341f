//! Connections: slow, broken and idle ones, and the end.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use countersign::api::server::Timers;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::http::{Api, Call, Listening};
use super::support::records::simple;

/// Timers that a test can wait for.
fn short() -> Timers {
    let (soon, drain) = (Duration::from_millis(800), Duration::from_secs(5));
    Timers { header: soon, body: soon, drain, ..Timers::default() }
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("a connection")
}

/// Everything that comes until the server closes.
async fn to_the_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await;
    let _ = read.expect("the server closes"); // a reset is an end, too
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a new connection is answered to these bytes, until the server closes.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = connect(address).await;
    stream.write_all(bytes).await.expect("sent");
    to_the_end(&mut stream).await
}

const ALIVE: &[u8] = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

async fn is_alive(server: &Listening) {
    let answer = exchange(server.address, ALIVE).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"), "{answer}");
}

/// Sends a byte every now and then until the server closes; answers how long that took, and what was said.
async fn drip(stream: &mut TcpStream, byte: &[u8]) -> (Duration, String) {
    let (begun, mut said) = (Instant::now(), Vec::new());
    let mut buffer = [0; 4_096];
    while begun.elapsed() < Duration::from_secs(10) {
        if stream.write_all(byte).await.is_err() {
            break;
        }
        match tokio::time::timeout(Duration::from_millis(50), stream.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => break,
            Ok(Ok(count)) => said.extend_from_slice(&buffer[..count]),
            Err(_) => {}
        }
    }
    (begun.elapsed(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_never_ends_is_cut_off() {
    let Some(api) = Api::start().await else { return };
    let server = api.listen(short()).await;
    for begin in [&b""[..], b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let mut stream = connect(server.address).await;
        stream.write_all(begin).await.expect("sent");
        let (took, _) = drip(&mut stream, b"G").await;
        assert!(took < Duration::from_secs(4), "{took:?}");
    }
    // Nor may a connection be silent for ever, before its first request or after it.
    let mut silent = connect(server.address).await;
    assert_eq!(to_the_end(&mut silent).await, "");
    let answer = exchange(server.address, b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.ends_with("ok\n"), "{answer}");
    is_alive(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_ends_is_cut_off() {
    let Some(api) = Api::start().await else { return };
    let server = api.listen(short()).await;
    let size = api.size();
    let post = "POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n";
    for (rest, byte) in
        [("Content-Length: 60000\r\n\r\n", &b"x"[..]), ("Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n")]
    {
        let mut stream = connect(server.address).await;
        stream.write_all(format!("{post}{rest}").as_bytes()).await.expect("sent");
        let (took, said) = drip(&mut stream, byte).await;
        assert!(took < Duration::from_secs(4), "{took:?}");
        assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("body_incomplete"), "{said}");
    }
    // A sender who hangs up in the middle leaves nothing behind.
    let note = simple();
    let mut stream = connect(server.address).await;
    let half = format!("{post}Content-Length: {}\r\n\r\n{}", note.len(), &note[..300]);
    stream.write_all(half.as_bytes()).await.expect("sent");
    drop(stream);
    is_alive(&server).await;
    assert_eq!(api.size(), size);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_http_is_refused_and_takes_nothing_down() {
    let Some(api) = Api::start().await else { return };
    let server = api.listen(short()).await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GARBAGE\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET\x00/livez HTTP/1.1\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost : x\r\n\r\n",
        b"POST /v1/records HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /v1/records HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/records HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n",
    ] {
        let answer = exchange(server.address, garbage).await;
        assert!(answer.starts_with("HTTP/1.1 4") || answer.is_empty(), "{answer}");
        let pipelined = [&b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"[..], garbage].concat();
        let answer = exchange(server.address, &pipelined).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 1, "{answer}");
    }
    let answer = exchange(server.address, b"GARBAGE\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    is_alive(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_have_a_greatest_size_and_number() {
    let Some(api) = Api::start().await else { return };
    let server = api.listen(short()).await;
    let long = format!("GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(200_000));
    let many: String = (0..1_000).map(|i| format!("X-{i}: 1\r\n")).collect();
    let many = format!("GET /livez HTTP/1.1\r\nHost: x\r\n{many}\r\n");
    for request in [long, many] {
        let answer = exchange(server.address, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    let target = format!("GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "x".repeat(100_000));
    let answer = exchange(server.address, target.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 414 ") || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    is_alive(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_are_in_nobody_s_way() {
    let Some(api) = Api::start().await else { return };
    let server = api.listen(Timers::default()).await;
    let mut idle = Vec::new();
    for i in 0..200 {
        let mut stream = connect(server.address).await;
        if i % 2 == 0 {
            stream.write_all(b"GET /livez HTTP/1.1\r\nHost:").await.expect("sent");
        }
        idle.push(stream);
    }
    let begun = Instant::now();
    for _ in 0..20 {
        is_alive(&server).await;
    }
    let note = simple();
    let post = format!(
        "POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{note}",
        note.len()
    );
    let answer = exchange(server.address, post.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(idle.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bundles_by_strangers_have_few_places_and_records_need_none() {
    let Some(api) = Api::start().await else { return };
    let timers = Timers { header: Duration::from_secs(10), ..short() };
    let server = api.listen(timers).await;
    let verify = "POST /v1/verify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n";
    let mut slow = Vec::new();
    for _ in 0..16 {
        let mut stream = connect(server.address).await;
        let half = format!("{verify}Content-Length: 16000000\r\n\r\n{{");
        stream.write_all(half.as_bytes()).await.expect("sent");
        slow.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let whole = format!("{verify}Content-Length: 2\r\n\r\n{{}}");
    let answer = exchange(server.address, whole.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("\"busy\""), "{answer}");
    api.record(&simple()).await;
    for mut stream in slow {
        assert!(to_the_end(&mut stream).await.starts_with("HTTP/1.1 408 "));
    }
    let answer = exchange(server.address, whole.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_lets_a_running_request_finish() {
    let Some(api) = Api::start().await else { return };
    let server = api.listen(Timers::default()).await;
    let mut idle = connect(server.address).await;
    idle.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let note = simple();
    let mut holder = api.hold().await;
    let mut sender = connect(server.address).await;
    let post = format!(
        "POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{note}",
        note.len()
    );
    sender.write_all(post.as_bytes()).await.expect("sent");
    api.batch_waits(&mut holder).await;
    server.stop.send(true).expect("it listens");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!server.task.is_finished(), "the request is still open");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody new is let in");
    api.release(holder).await;
    let answer = to_the_end(&mut sender).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    tokio::time::timeout(Duration::from_secs(5), server.task).await.expect("it ends").expect("without a panic");
    assert!(to_the_end(&mut idle).await.ends_with("ok\n"));
    api.send(Call::note(&note)).await.expect(200);
}
