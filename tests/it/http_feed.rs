//! The feed: every entry once and in order, to those who read everything, however slow they are.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, Response};
use countersign::api::Peer;
use countersign::api::server::Timers;
use countersign::hash::Hash;
use countersign::store::cluster::ClusterRole;
use countersign::store::token::Reading;
use countersign::treaty::party::Party;
use countersign::treaty::record::Kind;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::support::foreign::run_python;
use super::support::http::{Api, Call, errors};
use super::support::ledger::{draft, signed};
use super::support::records::{designating, simple};
use super::support::stock::{ENTRIES, Stock};
use super::support::visits::{after, intending};

/// The lines of a piece of the feed.
async fn lines(api: &Api, path: &str, token: &str) -> Vec<Value> {
    let answer = api.get(path, token).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let text = answer.text();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn indices(lines: &[Value]) -> Vec<u64> {
    lines.iter().map(|line| line["index"].as_u64().expect("an index")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_is_one_line_that_says_what_its_record_says() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    let mut intent =
        draft(Kind::Intent, &["RU/centre/1"], intending("A1", after(super::support::http::now(), 400_000)));
    intent.number = 100; // after a gap
    let digest = api.record(&signed(&intent)).await["digest"].clone();
    let all = lines(api, "/v1/events", &stock.us).await;
    assert_eq!(indices(&all), (0..=ENTRIES).collect::<Vec<_>>());
    for line in &all {
        let record = api.get(&format!("/v1/records/{}", line["index"]), &stock.us).await.expect(200).json();
        for name in ["index", "digest", "kind", "party", "received_at", "flags"] {
            assert_eq!(line[name], record[name], "{name}: {line}");
        }
        for name in ["body", "record", "entry"] {
            assert!(line.get(name).is_none(), "{line}");
        }
    }
    assert_eq!((&all[0].get("slot"), &all[6]["slot"], &all[10]["slot"]), (&None, &json!("A1"), &json!("A1")));
    assert_eq!((&all[30]["visit"], &all[30]["slot"]), (&digest, &json!("A1")));
    assert_eq!(all[30]["flags"], json!(["number_gap", "anchor_empty"]));
    assert_eq!(lines(api, "/v1/events", &stock.auditor).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_goes_on_misses_nothing_and_gets_nothing_twice_also_after_a_restart() {
    let Some(api) = Api::start().await else { return };
    let token = api.party_token().await;
    let (mut seen, mut api) = (Vec::new(), api);
    for round in 0..5 {
        for _ in 0..3 {
            api.record(&simple()).await;
        }
        if round == 3 {
            api = api.restart().await;
        }
        let after = seen.last().map_or_else(String::new, |last: &Value| format!("&after={}", last["index"]));
        let piece = lines(&api, &format!("/v1/events?limit=4{after}"), &token).await;
        assert_eq!(piece.len(), 4);
        seen.extend(piece);
    }
    let last = seen.last().expect("a line")["index"].clone();
    assert_eq!(last, 19, "more is read than was there at the beginning");
    assert_eq!(indices(&seen), (0..20).collect::<Vec<_>>());
    assert!(lines(&api, "/v1/events?after=19", &token).await.is_empty(), "who has all gets an empty answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_never_changes_whatever_comes_after_it() {
    let Some(stock) = Stock::new(true).await else { return };
    let before = stock.api.get("/v1/events", &stock.us).await.expect(200).body;
    let mut reused = draft(Kind::Designation, &["US/centre/1"], designating("B1", "designate"));
    reused.number = 1;
    stock.api.record(&signed(&reused)).await;
    let record = stock.api.get("/v1/records/8", &stock.us).await.expect(200).json();
    assert_eq!(record["flags"], json!(["number_reused", "anchor_empty"]), "the record says what is known now");
    let now = stock.api.get("/v1/events", &stock.us).await.expect(200).body;
    assert!(now.starts_with(&before));
    let newest: Value = serde_json::from_slice(&now[before.len()..]).expect("one line");
    assert_eq!(newest["flags"], json!(["number_reused", "anchor_empty"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_names_an_entry_that_is_not_there_is_told_so() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    for path in ["/v1/events", "/v1/events/stream"] {
        api.get(&format!("{path}?after={ENTRIES}"), &stock.us).await.problem(422, "after");
        api.get(&format!("{path}?after=18446744073709551615"), &stock.us).await.problem(422, "after");
        for (query, fault) in [("after=-1", "after"), ("limit=0", "limit"), ("after=x", "after")] {
            let problem = api.get(&format!("{path}?{query}"), &stock.us).await.problem(400, "parameters");
            assert_eq!(errors(&problem), [format!("{fault} parameter_malformed")]);
        }
        api.get(path, &stock.ro).await.problem(404, "not_found");
        api.send(Call::get(path)).await.problem(401, "token_required");
    }
    let last = |value: &str| Call::get("/v1/events/stream?after=1").token(&stock.us).header("last-event-id", value);
    api.send(last("x")).await.problem(400, "parameters");
    api.send(last("30")).await.problem(422, "after");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_the_register_does_not_know_is_not_handed_on() {
    let Some(stock) = Stock::new(true).await else { return };
    let alter = "ALTER TABLE countersign.entry DISABLE TRIGGER USER; \
                 UPDATE countersign.entry SET digest = pg_catalog.sha256('x') WHERE index = 7";
    stock.api.database.sabotage(alter).await;
    assert_eq!(lines(&stock.api, "/v1/events?limit=7", &stock.us).await.len(), 7);
    stock.api.get("/v1/events", &stock.us).await.problem(503, "try_again");
}

/// Opens an answer and leaves its body unread.
async fn open(api: &Api, path: &str, token: &str) -> Response<Body> {
    let request = Request::builder().uri(path).header("authorization", format!("Bearer {token}"));
    let request = request.extension(Peer([192, 0, 2, 1].into())).body(Body::empty()).expect("a request");
    api.routes.clone().oneshot(request).await.expect("an answer")
}

/// Reads a stream until it has given this index; answers the indices.
async fn until(body: &mut Body, index: u64) -> Vec<u64> {
    let (mut text, end) = (String::new(), format!("id: {index}\n"));
    while !text.contains(&end) {
        let frame = tokio::time::timeout(Duration::from_secs(10), body.frame()).await.expect("in time");
        let data = frame.expect("no end").expect("no fault").into_data().expect("data");
        text.push_str(std::str::from_utf8(&data).expect("text"));
    }
    ids(&text)
}

/// The indices of a stream, each of which must stand with its own line.
fn ids(text: &str) -> Vec<u64> {
    let events = text.split("\n\n").filter(|event| event.starts_with("id:"));
    let id = |event: &str| {
        let mut rows = event.lines();
        let id = rows.next().and_then(|row| row.strip_prefix("id: ")).expect("an id").parse().expect("a number");
        assert_eq!(rows.next(), Some("event: entry"));
        let data: Value =
            serde_json::from_str(rows.next().and_then(|row| row.strip_prefix("data: ")).expect("data")).expect("JSON");
        assert_eq!(data["index"], id);
        id
    };
    events.map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_gives_what_is_there_and_then_what_comes() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    let response = open(api, "/v1/events/stream", &stock.us).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    assert_eq!(until(&mut body, ENTRIES - 1).await, (0..ENTRIES).collect::<Vec<_>>());
    for index in ENTRIES..ENTRIES + 5 {
        api.record(&simple()).await;
        assert_eq!(until(&mut body, index).await, [index]);
    }
    let request = Call::get("/v1/events/stream?after=3&limit=2").token(&stock.us).header("last-event-id", "32");
    let answer = api.send(request).await.expect(200);
    assert_eq!(ids(answer.text()), [33, 34], "it goes on where the reader was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_entry_wakes_every_stream_that_waits_for_it() {
    let Some(stock) = Stock::new(true).await else { return };
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let mut body = open(&stock.api, "/v1/events/stream?after=29", &stock.us).await.into_body();
        waiting.push(tokio::spawn(async move { until(&mut body, 31).await }));
    }
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(300)).await; // all have nothing to do but to wait
        stock.api.record(&simple()).await;
    }
    // Long before the next heartbeat, at which a stream would look for itself.
    for reader in waiting {
        let came = tokio::time::timeout(Duration::from_secs(5), reader).await.expect("it was woken");
        assert_eq!(came.expect("no panic"), [30, 31]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_broke_off_goes_on_after_a_restart_where_its_reader_was() {
    let Some(mut api) = Api::start().await else { return };
    let token = api.party_token().await;
    let mut seen: Vec<u64> = Vec::new();
    for round in 0..4 {
        for _ in 0..3 {
            api.record(&simple()).await;
        }
        // As a browser does: the same address, and the last id that it had.
        let mut call = Call::get("/v1/events/stream?limit=4").token(&token);
        if let Some(last) = seen.last() {
            call = call.header("last-event-id", &last.to_string());
        }
        if round == 2 {
            api = api.restart().await;
        }
        let came = ids(api.send(call).await.expect(200).text());
        assert_eq!(came.len(), 4, "it had begun before the restart, and waits for nothing");
        seen.extend(came);
    }
    assert_eq!(seen, (0..16).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_does_not_read_stops_nobody_and_later_gets_everything() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    let mut slow = open(api, "/v1/events/stream?after=29", &stock.us).await.into_body();
    for _ in 0..300 {
        api.record(&simple()).await;
    }
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
    let mut admin = api.database.connect(ClusterRole::Superuser).await;
    let count: i64 = sqlx::query_scalar(idle).fetch_one(&mut admin).await.expect("a number");
    assert_eq!(count, 0, "nobody's transaction is open");
    assert_eq!(until(&mut slow, 329).await, (30..330).collect::<Vec<_>>());
}

/// A stream over a connection, as lines of text that come until it ends.
async fn listen(address: std::net::SocketAddr, token: &str, query: &str) -> tokio::net::TcpStream {
    use tokio::io::AsyncWriteExt as _;
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET /v1/events/stream{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream
}

/// Everything up to this text; nothing more is read than is needed.
async fn up_to(stream: &mut tokio::net::TcpStream, end: &str) -> String {
    use tokio::io::AsyncReadExt as _;
    let mut said = Vec::new();
    let read = async {
        while !String::from_utf8_lossy(&said).contains(end) {
            said.push(stream.read_u8().await?);
        }
        Ok::<_, std::io::Error>(())
    };
    let read = tokio::time::timeout(Duration::from_secs(10), read).await;
    assert!(matches!(read, Ok(Ok(()))), "{read:?}: {}", String::from_utf8_lossy(&said));
    String::from_utf8(said).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_shows_that_it_lives_and_ends_when_the_server_does() {
    let Some(stock) = Stock::new(true).await else { return };
    let server = stock.api.listen(Timers { beat: Duration::from_millis(100), ..Timers::default() }).await;
    let mut stream = listen(server.address, &stock.us, "?after=29").await;
    let head = up_to(&mut stream, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("text/event-stream"), "{head}");
    for _ in 0..3 {
        assert!(!up_to(&mut stream, ":\n\n").await.contains("id:"));
    }
    stock.api.record(&simple()).await;
    up_to(&mut stream, "id: 30\n").await;
    let begun = Instant::now();
    server.stop.send(true).expect("it listens");
    let rest = up_to(&mut stream, "\r\n0\r\n\r\n").await;
    assert!(rest.ends_with("0\r\n\r\n"), "an end that was meant: {rest}");
    tokio::time::timeout(Duration::from_secs(5), server.task).await.expect("it ends").expect("without a panic");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_token_is_revoked() {
    let Some(stock) = Stock::new(true).await else { return };
    let server = stock.api.listen(Timers { beat: Duration::from_millis(100), ..Timers::default() }).await;
    let (token, reader) = ("cs_courier", &stock.api.ledger.reader);
    let hash = Hash::of(token.as_bytes());
    reader.create_token(&hash, "courier", Party::Ru, Reading::Party).await.expect("a token");
    let mut stream = listen(server.address, token, "").await;
    up_to(&mut stream, "id: 29\n").await;
    assert_eq!(reader.revoke_tokens("courier").await.expect("revoked"), 1);
    up_to(&mut stream, "\r\n0\r\n\r\n").await;
    server.stop.send(true).expect("it listens");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_has_a_few_streams_and_gets_them_back() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    let mut open_streams = Vec::new();
    for _ in 0..8 {
        open_streams.push(open(api, "/v1/events/stream", &stock.us).await);
    }
    let answer = api.get("/v1/events/stream", &stock.us).await;
    assert_eq!(answer.header("retry-after"), "5");
    answer.problem(429, "too_many_open");
    api.get("/v1/events/stream?limit=1", &stock.auditor).await.expect(200);
    open_streams.pop();
    api.get("/v1/events/stream?limit=1", &stock.us).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_one_read_and_its_end_says_how_far_it_came() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    let mut body = open(api, "/v1/events/stream?after=9", &stock.us).await.into_body();
    until(&mut body, 20).await;
    drop(body);
    drop(open(api, "/v1/events/stream?after=29", &stock.auditor).await);
    let sql = "SELECT party, action, subject FROM countersign.access_event WHERE subject LIKE '%stream%' ORDER BY id";
    let mut admin = api.database.connect(ClusterRole::Superuser).await;
    let mut rows: Vec<(String, String, String)> = Vec::new();
    for _ in 0..100 {
        rows = sqlx::query_as(sql).fetch_all(&mut admin).await.expect("rows");
        if rows.len() == 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    rows.sort();
    let row =
        |party: &str, action: &str, query: &str| (party.into(), action.into(), format!("/v1/events/stream{query}"));
    let wanted = [
        row("RU", "read", "?after=29"),
        row("RU", "stream_end", ""),
        row("US", "read", "?after=9"),
        row("US", "stream_end", "?last=29"),
    ];
    assert_eq!(rows, wanted);
}

/// Another program's reading of the Atom feed.
#[tokio::test(flavor = "multi_thread")]
async fn another_program_reads_the_newest_entries_as_atom() {
    let Some(stock) = Stock::new(true).await else { return };
    for _ in 0..25 {
        stock.api.record(&simple()).await;
    }
    let answer = stock.api.get("/v1/events.atom", &stock.us).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/atom+xml; charset=utf-8");
    let script = "import json, xml.etree.ElementTree as E\n\
        a = '{http://www.w3.org/2005/Atom}'; f = E.parse('feed.xml').getroot(); assert f.tag == a + 'feed'\n\
        for of in [f] + f.findall(a + 'entry'):\n    assert of.find(a + 'id').text and of.find(a + 'title').text and of.find(a + 'updated').text.endswith('Z')\n\
        e = f.findall(a + 'entry'); ids = [x.find(a + 'id').text for x in e] + [f.find(a + 'id').text]; assert len(set(ids)) == len(ids)\n\
        print(json.dumps([x.find(a + 'link').get('href') for x in e]))\n";
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("feed.xml"), &answer.body).expect("written");
    let Some(links) = run_python(folder.path(), &[], script) else { return };
    let mut newest = lines(&stock.api, "/v1/events?after=4", &stock.us).await;
    newest.reverse();
    let wanted: Vec<String> =
        newest.iter().map(|line| format!("/v1/records/{}", line["digest"].as_str().expect("a digest"))).collect();
    assert_eq!(links, json!(wanted), "the newest fifty, newest first");
}
