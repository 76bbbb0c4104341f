//! What would follow: answers, records and limits that are supposed, and nothing of it stored.

use serde_json::{Value, json};

use super::support::http::{Answer, Call, errors};
use super::support::standing::{SIZE, Standing};
use super::support::visits::{at, intending};

const PATH: &str = "/v1/reciprocity/what-if";

fn call(body: &Value) -> Call {
    Call::new("POST", PATH).header("content-type", "application/json").body(body.to_string().as_bytes())
}

async fn ask(standing: &Standing, body: Value) -> Answer {
    standing.stock.api.send(call(&body).token(&standing.stock.us)).await
}

async fn suppose(standing: &Standing, body: Value) -> Value {
    let answer = ask(standing, body).await.expect(200);
    assert_eq!((answer.header("etag"), answer.header("cache-control")), ("", "no-store"));
    let answer = answer.json();
    assert_eq!(answer["hypothetical"], true);
    answer
}

fn state<'a>(answer: &'a Value, id: &str) -> &'a Value {
    let rows = answer["obligations"].as_array().expect("obligations");
    rows.iter().find(|row| row["id"] == id).map_or(&Value::Null, |row| &row["state"])
}

/// A loose record.
fn loose(received_at: &str, id: &str, kind: &str, party: &str, refs: &[&str], body: Value) -> Value {
    let record = json!({ "id": id, "kind": kind, "party": party, "refs": refs, "body": body });
    json!({ "received_at": received_at, "record": record })
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_supposed_gives_the_status_and_nothing_is_stored() {
    let Some(standing) = Standing::new().await else { return };
    let api = &standing.stock.api;
    for (view, known_at) in [("us", "tree:34"), ("ru", "tree:33"), ("all", "tree:34"), ("undisputed", "tree:1")] {
        let path = format!("/v1/reciprocity?view={view}&known_at={known_at}&include=all");
        let mut plain = standing.get(&path).await;
        let mut supposed = suppose(&standing, json!({ "view": view, "known_at": known_at, "include": "all" })).await;
        assert_eq!(supposed["links"]["without_assumptions"], plain["links"]["self"]);
        assert_eq!(supposed["assumptions"], json!({}));
        for name in ["links", "hypothetical", "assumptions"] {
            plain.as_object_mut().expect("an object").remove(name);
            supposed.as_object_mut().expect("an object").remove(name);
        }
        assert_eq!(supposed, plain, "{view} {known_at}");
    }
    let before = standing.get("/v1/reciprocity?view=all").await;
    let claim = standing.claim.to_string();
    suppose(&standing, json!({ "accept": [claim], "limits": { "notice": "48h" }, "records": [] })).await;
    assert_eq!(api.size(), SIZE);
    assert_eq!(standing.get("/v1/reciprocity?view=all").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_supposed_of_the_side_opposite_to_the_author() {
    let Some(standing) = Standing::new().await else { return };
    let (claim, admit) = (standing.claim.to_string(), format!("ADMIT:{}:A1", standing.a1));
    let accepted = suppose(&standing, json!({ "accept": [claim], "view": "ru" })).await;
    assert_eq!(state(&accepted, &admit), "EXCUSED");
    assert_eq!(accepted["pair"]["status"], "ONE_SIDED(RU)");
    assert_eq!((&accepted["known_at"], &accepted["checkpoint"]["size"]), (&json!("tree:34"), &json!(34)));
    assert_eq!(accepted["assumptions"], json!({ "accept": [claim] }));
    let row = accepted["obligations"].as_array().expect("rows").iter().find(|row| row["id"] == admit).expect("a row");
    assert!(row["causes"].as_array().expect("causes").contains(&json!(format!("accept:{claim}"))));
    let links = accepted["links"]["records"].as_array().expect("links");
    assert!(links.iter().all(|link| link.as_str().is_some_and(|link| link.starts_with("/v1/records/sha256:"))));
    // Before the contest was known: contested is what it becomes.
    let contested = suppose(&standing, json!({ "contest": [claim], "view": "ru", "known_at": "tree:32" })).await;
    assert_eq!(state(&contested, &admit), "REFUSED");
    // Asked about an instant before the last entry, an answer comes too late for it.
    let late = suppose(&standing, json!({ "accept": [claim], "view": "ru", "as_of": "2026-03-03T12:00:00Z" })).await;
    assert_eq!(state(&late, &admit), "REFUSED");
    let then = json!({ "accept": [claim], "view": "ru", "as_of": "2026-03-03T12:00:00Z", "known_at": "tree:33" });
    assert_eq!(state(&suppose(&standing, then).await, &admit), "EXCUSED");
    for (named, i) in [(standing.a1.to_string(), 0), (standing.contest.to_string(), 0), ("nothing".into(), 0)] {
        let problem = ask(&standing, json!({ "contest": [named] })).await.problem(422, "claim_unknown");
        assert_eq!(errors(&problem), [format!("/contest/{i} claim_unknown")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_supposed_by_the_rules_that_would_judge_them() {
    let Some(standing) = Standing::new().await else { return };
    let (b1, owed) = (standing.b1.to_string(), format!("ADMIT:{}:B1", standing.b1));
    let mut arrival =
        loose("2026-03-20T00:00:00Z", "arrival", "milestone", "US", &[&b1], json!({ "name": "site_arrival" }));
    arrival["record"]["effective_at"] = "2026-03-09T00:00:00Z".into();
    let answer = suppose(&standing, json!({ "records": [arrival], "view": "us", "include": "all" })).await;
    assert_eq!(state(&answer, &owed), "FULFILLED");
    assert_eq!(answer["pair"]["status"], "RECIPROCAL_WITH_EXCUSE");
    // Later records name earlier ones by their ids; an answer may be about one of them.
    let suspension = loose(
        "2026-03-20T00:00:00Z",
        "we suspend",
        "suspension",
        "RU",
        &[],
        json!({ "reason": { "en": "x", "ru": "x" } }),
    );
    let lift = loose("2026-03-20T00:00:00Z", "no longer", "lift", "RU", &["we suspend"], json!({}));
    let pair = |answer: &Value| answer["pair"]["status"].as_str().expect("a status").to_owned();
    let standing_of = |answer: &Value| answer["standing"].as_array().expect("claims").len();
    let suspended =
        suppose(&standing, json!({ "records": [suspension], "accept": ["we suspend"], "view": "us" })).await;
    assert_eq!(standing_of(&suspended), 2);
    let claim = suspended["standing"].as_array().and_then(|claims| claims.last()).expect("a claim");
    assert_eq!((&claim["claim"], &claim["answer"]), (&json!("we suspend"), &json!("accepted")));
    let lifted = suppose(&standing, json!({ "records": [suspension, lift], "view": "us" })).await;
    assert_eq!(standing_of(&lifted), 1);
    assert_eq!(pair(&lifted), pair(&standing.get("/v1/reciprocity?view=us").await));
    // A status that rests on nothing but a supposition has no record to link to.
    let mut alone = suspension.clone();
    alone["received_at"] = "2026-03-04T00:00:00Z".into();
    let body = json!({ "records": [alone], "view": "us", "known_at": "tree:33", "as_of": "2026-03-05T00:00:00Z" });
    let suspended = suppose(&standing, body).await;
    assert_eq!(suspended["pair"], json!({ "because": ["we suspend"], "status": "SUSPENDED_BY(RU)" }));
    assert_eq!(suspended["links"]["records"], json!([]));
    let words = suspended["words"]["en"].as_str().expect("a sentence");
    assert!(words.contains(
        "withheld: United States 0, Russian Federation 0, by standing claims: United States 0, Russian Federation 1"
    ));
    // What is received after the instant asked about has not happened yet.
    let mut later = suspension.clone();
    later["received_at"] = "2026-04-01T00:00:00Z".into();
    assert_eq!(standing_of(&suppose(&standing, json!({ "records": [later], "view": "us" })).await), 1);
    let then = json!({ "records": [later], "view": "us", "as_of": "2026-04-01T00:00:00Z" });
    assert_eq!(standing_of(&suppose(&standing, then).await), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_supposed_for_what_comes_after_them() {
    let Some(standing) = Standing::new().await else { return };
    let eta = at("2026-03-22T00:00:00Z");
    let request = loose("2026-03-20T00:00:00Z", "a request", "intent", "US", &[], intending("B2", eta));
    let verdict = |answer: &Value| {
        let requests = answer["requests"].as_array().expect("requests");
        let request = requests.iter().find(|request| request["intent"] == "a request").expect("a request");
        (request["verdict"].as_str().expect("a verdict").to_owned(), request["reason"].clone())
    };
    let slots = json!({ "one_visit_per": "slot" });
    let plain = suppose(&standing, json!({ "records": [request], "limits": slots })).await;
    assert_eq!(verdict(&plain).0, "ADMISSIBLE", "{plain}");
    let strict = json!({ "one_visit_per": "slot", "notice": "60h" });
    let short = suppose(&standing, json!({ "records": [request], "limits": strict })).await;
    assert_eq!(verdict(&short), ("INADMISSIBLE".into(), json!("NOTICE")));
    assert_ne!(short["terms"], standing.get("/v1/reciprocity").await["terms"], "other terms are in force");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_ledger_would_refuse_is_refused_with_its_code_and_its_place() {
    let Some(standing) = Standing::new().await else { return };
    let when = "2026-03-20T00:00:00Z";
    let b1 = standing.b1.to_string();
    let known = standing.a1.to_string();
    let nothing = "sha256:".to_owned() + &"0".repeat(64);
    let mut future = loose(when, "x", "milestone", "US", &[&b1], json!({ "name": "site_arrival" }));
    future["record"]["effective_at"] = "2026-03-21T00:00:00Z".into();
    let mut host = loose(when, "x", "acceptance", "RO", &[&known], json!({}));
    host["signed_by"] = json!(["RO"]);
    let fine = loose(when, "x", "acknowledgement", "US", &[&known], json!({}));
    for (records, code, place) in [
        (vec![loose(when, "x", "lift", "US", &[&nothing], json!({}))], "ref_unknown", "/records/0/record/refs/0"),
        (vec![future], "fact_in_future", "/records/0/record/effective_at"),
        (vec![host], "role_not_allowed", "/records/0/record/signers"),
        (
            vec![loose(when, "x", "milestone", "US", &[&b1], json!({ "name": "nap" }))],
            "not_one_of",
            "/records/0/record/body/name",
        ),
        (vec![fine.clone(), fine.clone()], "id_taken", "/records/1/record/id"),
        (
            vec![loose(when, &known, "acknowledgement", "US", &[&known], json!({}))],
            "id_is_a_digest",
            "/records/0/record/id",
        ),
        (
            vec![loose("2026-03-03T23:59:59Z", "x", "acknowledgement", "US", &[&known], json!({}))],
            "received_before",
            "/records/0/received_at",
        ),
    ] {
        let problem = ask(&standing, json!({ "records": records })).await.problem(422, code);
        assert!(errors(&problem).contains(&format!("{place} {code}")), "{problem}");
    }
    // Whatever is no record is told where it is none.
    for (record, place) in [
        (json!({}), "id"),
        (json!({ "id": "x" }), "party"),
        (json!({ "id": "x", "party": "US" }), "kind"),
        (json!({ "id": "x", "party": "US", "kind": "lift" }), "body"),
    ] {
        let body = json!({ "records": [{ "received_at": when, "record": record }] });
        let problem = ask(&standing, body).await.problem(422, "member_missing");
        assert!(errors(&problem).contains(&format!("/records/0/record/{place} member_missing")), "{problem}");
    }
    for record in [
        json!({ "id": "x", "party": "US", "kind": "lift", "refs": { "0": "x" }, "body": [] }),
        json!({ "id": "x", "party": 1, "kind": [], "signers": "US", "number": -1, "anchor": 5, "body": "x" }),
        json!({ "id": "x", "party": "US", "kind": "countermeasure", "signers": [], "body": { "cites": [1, "ADMIT:x"] } }),
    ] {
        let body = json!({ "records": [{ "received_at": when, "signed_by": ["US"], "record": record }] });
        let problem = ask(&standing, body).await.expect(422).json();
        assert!(errors(&problem).iter().all(|error| error.starts_with("/records/0/record/")), "{problem}");
    }
    // The last entry known is the one that counts.
    let early = loose("2026-03-03T00:00:00Z", "x", "acknowledgement", "US", &[&known], json!({}));
    suppose(&standing, json!({ "records": [early], "known_at": "tree:33" })).await;
    for known_at in ["tree:0", "tree:35", when] {
        ask(&standing, json!({ "known_at": known_at })).await.problem(422, "known_at");
    }
    assert_eq!(standing.stock.api.size(), SIZE);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_form_is_answered_at_once() {
    let Some(standing) = Standing::new().await else { return };
    let body = json!({
        "as_of": "soon", "known_at": 3, "view": "US", "period": 1969, "include": "none", "accept": [""], "surplus": true,
        "limits": { "notice": "x" }, "records": [{ "received_at": when(), "record": [] }, { "record": {} }],
    });
    let problem = ask(&standing, body).await.problem(400, "supposition_malformed");
    let mut found: Vec<String> =
        errors(&problem).iter().map(|error| error.split(' ').next().expect("a place").to_owned()).collect();
    found.sort();
    let wanted = [
        "/accept/0",
        "/as_of",
        "/include",
        "/known_at",
        "/limits/notice",
        "/period",
        "/records/0/record",
        "/records/1/received_at",
        "/surplus",
        "/view",
    ];
    assert_eq!(found, wanted);
    let api = &standing.stock.api;
    let send = |body: &'static [u8]| {
        let call = Call::new("POST", PATH).header("content-type", "application/json").body(body);
        api.send(call.token(&standing.stock.us))
    };
    for wrong in
        [&b""[..], b"[]", b"nothing", b"{} {}", b"{\"accept\": [], \"accept\": []}", b"\xff", b"{\"period\": 2026.5}"]
    {
        send(wrong).await.problem(400, "supposition_malformed");
    }
    let mut large = vec![b' '; 65_537];
    large[..2].copy_from_slice(b"{}");
    let call = || Call::new("POST", PATH).header("content-type", "application/json").token(&standing.stock.us);
    api.send(call().body(&large)).await.problem(413, "too_large");
    api.send(call().body(&large[..65_536])).await.expect(200);
    api.send(Call::new("POST", &format!("{PATH}?view=us")).token(&standing.stock.us)).await.problem(400, "parameters");
    // A host does not learn whether anything of it is well put.
    for body in [&b"{}"[..], b"nothing"] {
        api.send(Call::new("POST", PATH).body(body).token(&standing.stock.ro)).await.problem(404, "not_found");
        api.send(Call::new("POST", PATH).body(body)).await.problem(401, "token_required");
    }
}

fn when() -> &'static str {
    "2026-03-20T00:00:00Z"
}
