//! Who read what: every read by the holder of a token is on record before it is answered, and nothing else is.

use countersign::hash::Hash;
use countersign::service::accesses::QUEUE;
use countersign::store::cluster::ClusterRole;
use countersign::store::token::Reading;
use countersign::treaty::party::Party;
use sqlx::{Connection as _, Row as _};

use super::http_read::READABLE;
use super::support::http::{Api, Call};
use super::support::ledger::registration;
use super::support::stock::Stock;

/// One row: request id, party, role, label, action, subject, outcome.
type Event = (Option<String>, String, String, String, String, String, String);

/// Every event that is no act on a token, in order.
async fn reads(api: &Api) -> Vec<Event> {
    let mut admin = api.database.connect(ClusterRole::Superuser).await;
    let sql = "SELECT request_id, party, role, label, action, subject, outcome FROM countersign.access_event \
               WHERE action NOT LIKE 'token%' ORDER BY id";
    sqlx::query_as(sql).fetch_all(&mut admin).await.expect("rows")
}

/// Everything in the table, as one text.
async fn dump(api: &Api) -> String {
    let mut admin = api.database.connect(ClusterRole::Superuser).await;
    let sql = "SELECT pg_catalog.string_agg(e::text, '\n') FROM countersign.access_event AS e";
    sqlx::query(sql).fetch_one(&mut admin).await.expect("rows").get::<Option<String>, _>(0).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_by_a_holder_is_an_event() {
    let Some(stock) = Stock::new(true).await else { return };
    let open = ["/livez", "/readyz", "/v1/log", "/v1/log/policy"];
    let mut wanted = Vec::new();
    for (count, path) in READABLE.iter().enumerate() {
        let id = format!("read-{count}");
        let method = if count % 2 == 0 { "GET" } else { "HEAD" };
        stock.api.send(Call::new(method, path).token(&stock.auditor).header("request-id", &id)).await.expect(200);
        if !open.contains(path) {
            wanted.push((Some(id), (*path).to_owned()));
        }
    }
    let events = reads(&stock.api).await;
    let seen: Vec<_> = events.iter().map(|event| (event.0.clone(), event.5.clone())).collect();
    assert_eq!(seen, wanted);
    for event in &events {
        assert_eq!(
            (event.1.as_str(), event.2.as_str(), event.4.as_str(), event.6.as_str()),
            ("RU", "auditor", "read", "ok")
        );
        assert!(event.3.starts_with("RU-auditor-"), "the label of the token");
    }
    // What is hidden or absent is an event too; so is a read that is answered with 304.
    let tag = stock.api.get("/v1/records/6", &stock.ro).await.header("etag").to_owned();
    stock.api.send(Call::get("/v1/records/6").token(&stock.ro).header("if-none-match", &tag)).await.expect(304);
    stock.api.get("/v1/records/7", &stock.ro).await.problem(404, "not_found");
    let news: Vec<_> = reads(&stock.api).await.into_iter().skip(events.len()).map(|e| (e.1, e.2, e.5, e.6)).collect();
    let romania = |path: &str, outcome: &str| ("RO".into(), "host".into(), path.into(), outcome.into());
    assert_eq!(
        news,
        [romania("/v1/records/6", "ok"), romania("/v1/records/6", "ok"), romania("/v1/records/7", "not_found")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_refused_requests_leave_no_rows_and_no_secret_stays() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    let before = dump(api).await;
    for path in READABLE {
        api.send(Call::get(path)).await;
        api.get(path, "cs_canary").await;
    }
    for path in ["/nowhere", "/v1/records?canary=1", "/v1/records?kind=canary", "/v1/records?known_at=tree:999"] {
        assert!(api.get(path, &stock.us).await.status >= 400);
    }
    api.send(Call::new("DELETE", "/v1/records/6").token(&stock.us)).await.expect(405);
    api.post(&registration("US/centre/2")).await.expect(201);
    assert_eq!(dump(api).await, before);
    for path in ["/v1/records/cs_canary", "/v1/sites/canary", "/v1/inspections/canary"] {
        api.get(path, &stock.us).await.problem(404, "not_found");
    }
    let rows = dump(api).await;
    assert!(rows.contains("/v1/records/-") && rows.contains("/v1/sites/-"), "{rows}");
    for secret in ["canary", &stock.us, &stock.us[3..], &stock.auditor, &stock.ro] {
        assert!(!rows.contains(secret), "{rows}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_not_answered() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    for (break_it, mend_it) in [
        (
            "REVOKE INSERT ON countersign.access_event FROM countersign_runtime",
            "GRANT INSERT ON countersign.access_event TO countersign_runtime",
        ),
        (
            "CREATE RULE r AS ON INSERT TO countersign.access_event DO INSTEAD NOTHING",
            "DROP RULE r ON countersign.access_event",
        ),
    ] {
        api.database.sabotage(break_it).await;
        for path in ["/v1/records/6", "/v1/records/999", "/checkpoint"] {
            let answer = api.get(path, &stock.us).await;
            assert_eq!(answer.header("retry-after"), "1");
            answer.problem(503, "access_not_recorded");
        }
        api.send(Call::get("/checkpoint")).await.expect(200); // nobody, and the log is public
        api.database.sabotage(mend_it).await;
        api.get("/v1/records/6", &stock.us).await.expect(200);
    }
    assert_eq!(reads(api).await.len(), 2, "one for each answer that was given");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_and_forgets_nothing() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    let mut holder = api.database.connect(ClusterRole::Superuser).await;
    sqlx::raw_sql("BEGIN; LOCK TABLE countersign.access_event").execute(&mut holder).await.expect("locked");
    let call = || Call::get("/checkpoint").token(&stock.us).send(api.routes.clone());
    let mut open = tokio::task::JoinSet::new();
    for _ in 0..QUEUE + 300 {
        open.spawn(call());
    }
    let first = open.join_next().await.expect("an answer").expect("no panic");
    first.problem(503, "access_not_recorded");
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.expect("given back");
    holder.close().await.expect("closed");
    let mut answered = 0;
    for answer in open.join_all().await {
        match answer.status {
            200 => answered += 1,
            _ => drop(answer.problem(503, "access_not_recorded")),
        }
    }
    assert!(answered >= QUEUE, "{answered}");
    assert_eq!(reads(api).await.len(), answered, "one event an answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_on_a_token_and_its_record_are_one() {
    let Some(api) = Api::start().await else { return };
    let reader = &api.ledger.reader;
    let hash = Hash::of(b"cs_one");
    reader.create_token(&hash, "courier", Party::Us, Reading::Party).await.expect("made");
    assert_eq!(reader.revoke_tokens("courier").await.expect("revoked"), 1);
    assert_eq!(reader.revoke_tokens("courier").await.expect("nothing to do"), 0);
    let mut admin = api.database.connect(ClusterRole::Superuser).await;
    let sql = "SELECT action, subject, token = $1, request_id IS NULL FROM countersign.access_event ORDER BY id";
    let rows: Vec<(String, String, bool, bool)> =
        sqlx::query_as(sql).bind(hash.as_bytes().as_slice()).fetch_all(&mut admin).await.expect("rows");
    let row = |action: &str| (action.to_owned(), "courier".to_owned(), true, true);
    assert_eq!(rows, [row("token_create"), row("token_revoke")]);
    // Neither without the other.
    reader.create_token(&Hash::of(b"cs_two"), "second", Party::Us, Reading::Party).await.expect("made");
    api.database.sabotage("CREATE RULE r AS ON INSERT TO countersign.access_event DO INSTEAD NOTHING").await;
    reader.create_token(&Hash::of(b"cs_three"), "third", Party::Us, Reading::Party).await.expect_err("not recorded");
    reader.revoke_tokens("second").await.expect_err("not recorded");
    let tokens = reader.tokens().await.expect("tokens");
    let labels: Vec<_> = tokens.iter().map(|token| (token.label.as_str(), token.revoked_at.is_some())).collect();
    assert_eq!(labels, [("courier", true), ("second", false)]);
}
