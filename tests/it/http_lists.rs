//! Lists: their parameters, and pages that never shift.

use countersign::store::token::Reading;
use serde_json::{Value, json};

use super::http_read::READABLE;
use super::support::http::{Call, errors};
use super::support::records::simple;
use super::support::stock::{ENTRIES, OF_ROMANIA, Stock};

fn indices(list: &Value) -> Vec<u64> {
    list["data"].as_array().expect("data").iter().map(|record| record["index"].as_u64().expect("an index")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_repeated_and_malformed_parameters_are_answered_at_once() {
    let Some(stock) = Stock::new(true).await else { return };
    let query = "/v1/records?limit=0&kind=nothing&sort=index&cursor=x&kind=terms&party=FR&a%20b=1&%zz=1";
    let problem = stock.api.get(query, &stock.us).await.problem(400, "parameters");
    let mut found = errors(&problem);
    found.sort();
    assert_eq!(
        found,
        [
            " parameter_encoding",
            "ab parameter_unknown",
            "cursor parameter_malformed",
            "kind parameter_repeated",
            "limit parameter_malformed",
            "party parameter_malformed",
            "sort parameter_unknown",
        ]
    );
    for limit in ["0", "201", "abc", "", "-1", "1.5", "+5", "%2B5", "007", "99999999999999999999999"] {
        let problem = stock.api.get(&format!("/v1/records?limit={limit}"), &stock.us).await.problem(400, "parameters");
        assert_eq!(errors(&problem), ["limit parameter_malformed"]);
    }
    for cursor in ["", "1", "1.", ".1", "1.2.3", "01.2", "-1.2", "a.b", "1.99999999999999999999999"] {
        let problem =
            stock.api.get(&format!("/v1/records?cursor={cursor}"), &stock.us).await.problem(400, "parameters");
        assert_eq!(errors(&problem), ["cursor parameter_malformed"]);
    }
    for wrong in ["kind=Terms", "kind=", "party=us", "party=", "party=UN"] {
        stock.api.get(&format!("/v1/records?{wrong}"), &stock.us).await.problem(400, "parameters");
    }
    for encoding in ["limit=%", "limit=%4", "limit=%+5", "limit=%-5", "limit=%ff", "%ff=1"] {
        let problem = stock.api.get(&format!("/v1/records?{encoding}"), &stock.us).await.problem(400, "parameters");
        assert_eq!(errors(&problem), [" parameter_encoding"]);
    }
    stock.api.get("/v1/records?limi%74=%31", &stock.us).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_ignores_a_parameter() {
    let Some(stock) = Stock::new(true).await else { return };
    for path in READABLE.iter().filter(|path| !["/livez", "/readyz"].contains(path)) {
        let path = path.split('?').next().expect("a path");
        let problem = stock.api.get(&format!("{path}?as_if=1&x"), &stock.us).await.problem(400, "parameters");
        assert_eq!(errors(&problem), ["as_if parameter_unknown", "x parameter_unknown"], "{path}");
        stock.api.get(&format!("{path}?"), &stock.us).await.expect(200);
    }
    for path in ["/v1/records", "/v1/records/prepare", "/v1/verify"] {
        stock.api.send(Call::new("POST", &format!("{path}?dry_run=1"))).await.problem(400, "parameters");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_never_shift_and_cover_everything_once_while_records_arrive() {
    let Some(stock) = Stock::new(true).await else { return };
    let root = stock.api.ledger.now().replica.head().root.to_string();
    for (limit, token, expected) in [
        (1, &stock.us, (0..ENTRIES).collect::<Vec<_>>()),
        (7, &stock.us, (0..ENTRIES).collect()),
        (30, &stock.us, (0..ENTRIES).collect()),
        (3, &stock.ro, OF_ROMANIA.to_vec()),
        (9, &stock.ro, OF_ROMANIA.to_vec()),
    ] {
        let size = stock.api.size();
        let expected: Vec<u64> = (ENTRIES..size).filter(|_| token == &stock.us).chain(expected).collect();
        let (mut path, mut seen, mut first_known) = (format!("/v1/records?limit={limit}"), Vec::new(), None);
        loop {
            let list = stock.api.get(&path, token).await.expect(200).json();
            let known = list["known_at"].clone();
            assert_eq!(
                first_known.get_or_insert_with(|| known.clone()),
                &known,
                "a later page knows what the first knew"
            );
            seen.extend(indices(&list));
            let next = &list["page"]["next"];
            assert_eq!(list["page"]["has_more"], json!(next.is_string()));
            let Some(next) = next.as_str() else { break };
            assert_eq!(indices(&list).len(), limit);
            path = format!("/v1/records?limit={limit}&cursor={next}");
            stock.api.record(&simple()).await;
        }
        assert!(seen.is_sorted_by(|a, b| a > b), "newest first, none twice");
        seen.sort_unstable();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(seen, expected);
        assert_eq!(first_known.expect("a page")["size"], size);
    }
    let pinned = stock.api.get(&format!("/v1/records?cursor={ENTRIES}.5"), &stock.us).await.expect(200).json();
    assert_eq!((&pinned["known_at"]["root"], indices(&pinned)), (&json!(root), vec![4, 3, 2, 1, 0]));
    // A cursor that nobody was given stands on nothing.
    stock.api.get("/v1/records?cursor=99999999.99999999&limit=200", &stock.us).await.problem(422, "known_at");
    let empty = stock.api.get("/v1/records?cursor=0.0", &stock.us).await.expect(200).json();
    assert_eq!((indices(&empty).len(), &empty["page"]["has_more"]), (0, &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_one_kind_or_one_state_is_part_of_the_whole() {
    let Some(stock) = Stock::new(true).await else { return };
    let whole = stock.api.get("/v1/records?limit=200", &stock.us).await.expect(200).json();
    let whole = whole["data"].as_array().expect("data");
    for query in ["kind=declaration", "party=RU", "kind=data_change&party=US", "kind=key_revocation", "party=RO"] {
        let list = stock.api.get(&format!("/v1/records?{query}&limit=200"), &stock.us).await.expect(200).json();
        let asked: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let wanted: Vec<&Value> =
            whole.iter().filter(|record| asked.iter().all(|(name, value)| record[name] == *value)).collect();
        assert_eq!(list["data"].as_array().expect("data").iter().collect::<Vec<_>>(), wanted, "{query}");
    }
    let list = stock.api.get("/v1/records", &stock.us).await.expect(200).json();
    assert_eq!(indices(&list).len() as u64, ENTRIES, "fifty where nobody says");
    let poland = stock.api.token("PL", Reading::Host).await;
    let list = stock.api.get("/v1/records?kind=host_consent", &poland).await.expect(200).json();
    assert_eq!(indices(&list), [11]);
}
