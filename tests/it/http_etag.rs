//! Tags: what has been read is not sent again, and a tag says nothing of who asked.

use countersign::hash::{Hash, hex};
use countersign::store::cluster::ClusterRole;
use countersign::tlog::tiles::encode_bundle;
use countersign::treaty::record::Kind;

use super::http_read::READABLE;
use super::support::http::Call;
use super::support::ledger::{draft, signed};
use super::support::records::changing;
use super::support::stock::Stock;

#[tokio::test(flavor = "multi_thread")]
async fn every_read_has_the_hash_of_its_body_as_its_tag() {
    let Some(stock) = Stock::new(true).await else { return };
    for path in READABLE {
        let answer = stock.api.get(path, &stock.us).await.expect(200);
        let tag = format!("\"{}\"", hex(Hash::of(&answer.body).as_bytes()));
        assert_eq!(answer.header("etag"), tag, "{path}");
        assert_eq!(stock.api.get(path, &stock.auditor).await.header("etag"), tag, "{path}: by another token");
        let head = stock.api.send(Call::new("HEAD", path).token(&stock.us)).await.expect(200);
        assert_eq!((head.header("etag"), head.body.len()), (tag.as_str(), 0), "{path}");
        assert_eq!(head.header("content-length"), answer.body.len().to_string(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_reader_has_is_not_sent_again() {
    let Some(stock) = Stock::new(true).await else { return };
    let (api, path) = (&stock.api, "/v1/records/6");
    let first = api.get(path, &stock.us).await.expect(200);
    let tag = first.header("etag").to_owned();
    assert_eq!(first.header("cache-control"), "private, no-cache");
    let again = |method, held: &str| Call::new(method, path).token(&stock.ro).header("if-none-match", held);
    for held in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned(), format!("\"a\",W/{tag}")]
    {
        for method in ["GET", "HEAD"] {
            let answer = api.send(again(method, &held)).await.expect(304);
            assert!(answer.body.is_empty(), "{held}");
            assert_eq!(answer.header("etag"), tag);
            assert_eq!(answer.header("cache-control"), "private, no-cache");
            assert_eq!(answer.header("content-type"), "");
        }
    }
    for held in ["\"other\"", "", tag.trim_matches('"')] {
        api.send(again("GET", held)).await.expect(200);
    }
    // Who may not read it does not learn that the tag is right.
    api.send(Call::get(path).header("if-none-match", &tag)).await.problem(401, "token_required");
    let pl = api.token("PL", countersign::store::token::Reading::Host).await;
    api.send(Call::get(path).token(&pl).header("if-none-match", &tag)).await.problem(404, "not_found");
    assert_eq!(api.get("/v1/records/999", &stock.us).await.header("etag"), "", "a refusal has no tag");
    assert_eq!(api.get("/readyz", &stock.us).await.header("cache-control"), "no-store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_and_its_table_have_two_tags() {
    let Some(stock) = Stock::new(true).await else { return };
    let list = stock.api.get("/v1/records", &stock.us).await.expect(200);
    let table = Call::get("/v1/records").token(&stock.us).header("accept", "text/csv");
    let table = stock.api.send(table.header("if-none-match", list.header("etag"))).await.expect(200);
    assert_ne!(list.header("etag"), table.header("etag"));
    assert_eq!((list.header("vary"), table.header("vary")), ("Accept", "Accept"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_bundle_is_kept_and_is_only_for_those_who_read_everything() {
    let Some(stock) = Stock::new(true).await else { return };
    while stock.api.size() < 257 {
        let change = draft(Kind::DataChange, &["US/centre/1"], changing("A1"));
        stock.api.record(&signed(&change)).await;
    }
    let path = "/tile/entries/000";
    let entries = stock.entries().await;
    let bundle = encode_bundle(entries[..256].iter().map(String::as_bytes)).expect("small");
    // Many at once, and again when it is kept.
    let all = futures_util::future::join_all((0..8).map(|_| stock.api.get(path, &stock.us))).await;
    let kept = stock.api.get(path, &stock.auditor).await;
    for answer in all.iter().chain([&kept]) {
        assert!(answer.status == 200 && answer.body == bundle, "{}", answer.status);
        assert_eq!(answer.header("etag"), format!("\"{}\"", hex(Hash::of(&bundle).as_bytes())));
        assert_eq!(answer.header("cache-control"), "private, max-age=31536000, immutable");
    }
    let held = Call::get(path).token(&stock.us).header("if-none-match", kept.header("etag"));
    stock.api.send(held).await.expect(304);
    stock.api.get(path, &stock.ro).await.problem(404, "not_found");
    stock.api.send(Call::get(path)).await.problem(404, "not_found");
    // Every reading was recorded, those of the kept bundle, too.
    let mut admin = stock.api.database.connect(ClusterRole::Superuser).await;
    let count = "SELECT pg_catalog.count(*) FROM countersign.access_event WHERE subject LIKE '%/tile/entries/000' \
                 AND outcome = 'ok'";
    let count: i64 = sqlx::query_scalar(count).fetch_one(&mut admin).await.expect("an answer");
    assert_eq!(count, 10);
}
