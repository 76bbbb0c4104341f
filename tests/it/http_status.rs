//! The status of the pair over HTTP: its members, its faults, who may ask, and that it stays the same for ever.

use countersign::store::token::Reading;
use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::support::http::{Call, errors};
use super::support::records::changing;
use super::support::standing::{NOW, SIZE, Standing};
use super::support::stock::Stock;

const ASKED: &str = "as_of=2026-03-20T00:00:00Z&known_at=tree:34";

fn row<'a>(answer: &'a Value, id: &str) -> &'a Value {
    let rows = answer["obligations"].as_array().expect("obligations");
    rows.iter().find(|row| row["id"] == id).unwrap_or(&Value::Null)
}

/// Every object of a value has its keys in order.
fn is_sorted(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.keys().is_sorted() && members.values().all(is_sorted),
        Value::Array(items) => items.iter().all(is_sorted),
        _ => true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_view_has_its_status_and_names_the_records_that_cause_it() {
    let Some(standing) = Standing::new().await else { return };
    let (a1, claim, contest) = (standing.a1.to_string(), standing.claim.to_string(), standing.contest.to_string());
    let admit = format!("ADMIT:{a1}:A1");
    for (view, status, state) in [
        ("us", "ONE_SIDED(RU)", "EXCUSED"),
        ("ru", "MUTUAL_DEFAULT", "REFUSED"),
        ("undisputed", "ONE_SIDED(RU)", "CONTESTED"),
    ] {
        let answer = standing.get(&format!("/v1/reciprocity?view={view}&{ASKED}")).await;
        assert_eq!(answer["pair"]["status"], status, "{view}");
        assert_eq!(row(&answer, &admit)["state"], state, "{view}");
        assert_eq!(answer["view"], view.to_uppercase());
        assert!(is_sorted(&answer), "{answer}");
        let mut wanted = vec![a1.clone(), claim.clone()];
        wanted.extend(Some(contest.clone()).filter(|_| view != "us"));
        assert_eq!(row(&answer, &admit)["causes"], json!(wanted), "{view}");
        let because = answer["pair"]["because"].as_array().expect("records");
        let links: Vec<Value> = answer["links"]["records"].as_array().expect("links").clone();
        for digest in because {
            let path = format!("/v1/records/{}", digest.as_str().expect("a digest"));
            assert!(links.contains(&json!(path)));
            standing.get(&path).await;
        }
        assert_eq!(answer["checkpoint"]["size"], SIZE);
        let root = standing.stock.api.ledger.now().replica.head().root.to_string();
        assert_eq!(answer["checkpoint"]["root"], root);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_question_has_the_same_bytes_whatever_is_recorded_later() {
    let Some(standing) = Standing::new().await else { return };
    let api = &standing.stock.api;
    let paths = ["us", "ru", "undisputed", "all"].map(|view| format!("/v1/reciprocity?{ASKED}&view={view}"));
    let mut before = Vec::new();
    for path in &paths {
        before.push(api.get(path, &standing.stock.us).await.expect(200));
    }
    let (claim, now) = (standing.claim, standing.get("/v1/reciprocity").await);
    standing.post("2026-03-21T00:00:00Z", "RU/centre/1", Kind::Acceptance, &[claim], json!({})).await;
    for (path, before) in paths.iter().zip(&before) {
        let after = api.get(path, &standing.stock.auditor).await.expect(200);
        assert_eq!(after.body, before.body, "{path}");
        let held = Call::get(path).token(&standing.stock.us).header("if-none-match", before.header("etag"));
        api.send(held).await.expect(304);
    }
    // Without known_at and as_of the newest size and the current second are meant, and the link pins both.
    assert_eq!((&now["known_at"], &now["as_of"]), (&json!("tree:34"), &json!(NOW)));
    let link = now["links"]["self"].as_str().expect("a link");
    assert_eq!(standing.get(link).await, now);
    let whole = standing.get("/v1/reciprocity?include=all&period=2025&view=all").await;
    assert_eq!(standing.get(whole["links"]["self"].as_str().expect("a link")).await, whole);
    let newest = standing.get("/v1/reciprocity?as_of=2026-03-20T00:00:00Z").await;
    assert_eq!(newest["known_at"], "tree:35");
    // An instant is answered as the size that it resolves to.
    let then = standing.get("/v1/reciprocity?as_of=2026-03-20T00:00:00Z&known_at=2026-03-19T00:00:00Z").await;
    assert_eq!(then["links"]["self"], now["links"]["self"]);
    assert_eq!(then, now);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_views_stand_side_by_side_and_share_what_no_view_changes() {
    let Some(standing) = Standing::new().await else { return };
    for include in ["", "&include=all"] {
        let all = standing.get(&format!("/v1/reciprocity?{ASKED}&view=all{include}")).await;
        let views = all["views"].as_object().expect("views");
        assert_eq!(views.keys().collect::<Vec<_>>(), ["RU", "UNDISPUTED", "US"]);
        assert!(is_sorted(&all));
        for (name, view) in views {
            let own: Vec<&String> = view.as_object().expect("an object").keys().collect();
            assert_eq!(own, ["next", "obligations", "pair", "sides", "standing", "view", "words"]);
            let path = format!("/v1/reciprocity?{ASKED}&view={}{include}", name.to_lowercase());
            let mut single = standing.get(&path).await;
            let mut whole = all.clone();
            let whole = whole.as_object_mut().expect("an object");
            whole.remove("views");
            whole.extend(view.as_object().expect("an object").clone());
            for value in [&mut single, &mut json!(whole)] {
                value.as_object_mut().expect("an object").remove("links");
            }
            whole.remove("links");
            assert_eq!(single, json!(whole), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_settled_and_ungraded_or_of_another_year_is_left_out_unless_everything_is_asked_for() {
    let Some(standing) = Standing::new().await else { return };
    let settled = format!("DATA_CHANGE:{}:A1", standing.stock.answers[11]["digest"].as_str().expect("a digest"));
    let path = |more: &str| format!("/v1/reciprocity?{ASKED}&view=us{more}");
    let (plain, whole) = (standing.get(&path("")).await, standing.get(&path("&include=all")).await);
    assert_eq!(row(&whole, &settled)["state"], "FULFILLED");
    assert_eq!(row(&plain, &settled), &Value::Null, "settled, and enters no grade");
    for row in plain["obligations"].as_array().expect("obligations") {
        let is_final = ["FULFILLED", "FULFILLED_LATE", "RELEASED", "DORMANT", "EXTINGUISHED"]
            .contains(&row["state"].as_str().expect("a state"));
        assert!(!is_final || (row["graded"] == true && row["period"] == "2026"), "{row}");
    }
    let rows = |answer: &Value| answer["obligations"].as_array().expect("obligations").clone();
    assert!(rows(&plain).iter().all(|row| rows(&whole).contains(row)));
    assert_eq!(plain["requests"].as_array().expect("requests").len(), 2);
    let (other, whole) =
        (standing.get(&path("&period=2027")).await, standing.get(&path("&period=2027&include=all")).await);
    let years = |answer: &Value, name: &str| {
        let rows = answer[name].as_array().expect("rows").iter();
        rows.map(|row| row["period"].as_str().expect("a year").to_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(
        (years(&other, "requests").len(), years(&other, "quota").into_iter().collect()),
        (0, vec!["2027".to_owned()])
    );
    assert_eq!(years(&whole, "requests").into_iter().collect::<Vec<_>>(), ["2026"]);
    assert_eq!(years(&whole, "quota").into_iter().collect::<Vec<_>>(), ["2026", "2027"]);
    assert!(!rows(&other).is_empty(), "what is not settled is shown whatever year is asked for");
    for (other, whole) in [("pair", "sides"), ("next", "standing"), ("denials", "exercise")] {
        assert_eq!(plain[other], standing.get(&path("&include=all")).await[other], "{other}");
        assert_eq!(plain[whole], standing.get(&path("&include=all")).await[whole], "{whole}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_question_is_answered_at_once() {
    let Some(standing) = Standing::new().await else { return };
    let api = &standing.stock.api;
    let all = "/v1/reciprocity?known_at=tree:999&as_of=yesterday&view=both&period=26&include=everything";
    let mut found = errors(&api.get(all, &standing.stock.us).await.problem(422, "parameters"));
    found.sort();
    let malformed = ["as_of", "include"].map(|name| format!("{name} parameter_malformed"));
    let mut wanted = malformed.to_vec();
    wanted.extend(["known_at known_at", "period parameter_malformed", "view parameter_malformed"].map(str::to_owned));
    assert_eq!(found, wanted);
    for wrong in [
        "as_of=2026-03-20",
        "as_of=",
        "view=US",
        "view=",
        "view=UNDISPUTED",
        "period=1969",
        "period=10000",
        "period=+2026",
        "period=02026",
        "period=",
        "include=",
        "include=none",
        "known_at=tree:x",
        "known_at=34",
    ] {
        let problem = api.get(&format!("/v1/reciprocity?{wrong}"), &standing.stock.us).await.problem(422, "parameters");
        let name = wrong.split('=').next().expect("a name");
        assert_eq!(errors(&problem), [format!("{name} parameter_malformed")], "{wrong}");
    }
    for never in ["tree:35", "tree:0", "2026-03-20T00:00:00Z", "2027-01-01T00:00:00Z", "2020-01-01T00:00:00Z"] {
        api.get(&format!("/v1/reciprocity?known_at={never}"), &standing.stock.us).await.problem(422, "known_at");
    }
    for good in
        ["period=1970", "period=9999", "as_of=1970-01-01T00:00:00Z", "as_of=9999-12-31T23:59:59Z", "known_at=tree:1"]
    {
        api.get(&format!("/v1/reciprocity?{good}"), &standing.stock.us).await.expect(200);
    }
    // What is no question at all is malformed, whatever else is wrong with it.
    let problem = api.get("/v1/reciprocity?day=1&view=both", &standing.stock.us).await.problem(400, "parameters");
    assert_eq!(errors(&problem), ["day parameter_unknown", "view parameter_malformed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_learns_nothing_of_the_status_not_even_whether_a_question_is_well_put() {
    let Some(standing) = Standing::new().await else { return };
    let api = &standing.stock.api;
    let odd = api.token("RO", Reading::Party).await;
    for path in ["/v1/reciprocity", "/v1/reciprocity?view=both", "/v1/reciprocity?x=1&known_at=tree:999"] {
        api.send(Call::get(path)).await.problem(401, "token_required");
        for token in [&standing.stock.ro, &odd] {
            let hidden = api.send(Call::get(path).token(token).header("request-id", "same")).await.expect(404);
            let absent = api.send(Call::get("/v1/records/999").token(token).header("request-id", "same")).await;
            assert_eq!(hidden.text().replace("/v1/reciprocity", "…"), absent.text().replace("/v1/records/999", "…"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sentence_in_two_languages_names_both_sides_and_what_decides() {
    let Some(standing) = Standing::new().await else { return };
    let words = standing.get(&format!("/v1/reciprocity?{ASKED}&view=ru")).await["words"].clone();
    assert_eq!(
        words["en"],
        "In the view of the Russian Federation, for 2026, as of 2026-03-20T00:00:00Z: refused or overdue: United States 1, \
         Russian Federation 1. Records that determine it: 4."
    );
    assert_eq!(
        words["ru"],
        "С точки зрения Российской Федерации, за 2026 год, на 2026-03-20T00:00:00Z: отказано или просрочено: Соединённые \
         Штаты 1, Российская Федерация 1. Определяющих записей: 4."
    );
    let Some(stock) = Stock::new(true).await else { return };
    stock.api.record(&super::support::records::by("US/centre/1", Kind::DataChange, changing("A1"))).await;
    let quiet = stock.api.get("/v1/reciprocity", &stock.us).await.expect(200).json();
    assert_eq!(quiet["pair"]["status"], "RECIPROCAL");
    let en = quiet["words"]["en"].as_str().expect("a sentence");
    assert!(en.contains("performed or released: United States 0, Russian Federation 0; nothing that was owed"), "{en}");
}
