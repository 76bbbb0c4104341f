//! What each side owes over HTTP: lists that never shift, and one obligation through time.

use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::support::http::{Call, errors};
use super::support::ledger::{draft, signed};
use super::support::standing::Standing;
use super::support::visits::{at, stepping};

const ASKED: &str = "as_of=2026-03-20T00:00:00Z&known_at=tree:34";

fn data(list: &Value) -> &Vec<Value> {
    list["data"].as_array().expect("data")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_the_rows_of_the_status_and_each_filter_takes_its_part() {
    let Some(standing) = Standing::new().await else { return };
    let whole = standing.get(&format!("/v1/obligations?{ASKED}&limit=200")).await;
    let status = standing.get(&format!("/v1/reciprocity?{ASKED}&include=all")).await;
    let bare: Vec<Value> = data(&whole)
        .iter()
        .cloned()
        .map(|mut row| {
            row.as_object_mut().expect("an object").remove("links");
            row
        })
        .collect();
    assert_eq!(json!(bare), status["obligations"]);
    assert!(bare.len() > 20);
    for (name, member, value) in [
        ("kind", "kind", "ADMIT"),
        ("kind", "kind", "ACK"),
        ("slot", "slot", "B1"),
        ("obligor", "obligor", "RU"),
        ("state", "state", "OVERDUE"),
        ("state", "state", "CONTESTED"),
        ("obligor", "obligor", "PL"),
    ] {
        let part = standing.get(&format!("/v1/obligations?{ASKED}&limit=200&{name}={value}")).await;
        let wanted: Vec<&Value> = data(&whole).iter().filter(|row| row[member] == value).collect();
        assert_eq!(data(&part).iter().collect::<Vec<_>>(), wanted, "{name}={value}");
        assert!(!wanted.is_empty() || value == "PL", "{name}={value}");
    }
    let due = data(&whole)[3]["due_at"].as_str().expect("a time");
    let part = standing.get(&format!("/v1/obligations?{ASKED}&limit=200&due_before={due}")).await;
    let wanted: Vec<&Value> = data(&whole).iter().filter(|row| row["due_at"].as_str() < Some(due)).collect();
    assert_eq!(data(&part).iter().collect::<Vec<_>>(), wanted);
    // A view has its own states.
    for (view, count) in [("us", 0), ("ru", 1), ("undisputed", 0)] {
        let part = standing.get(&format!("/v1/obligations?{ASKED}&view={view}&state=REFUSED")).await;
        assert_eq!(data(&part).len(), count, "{view}");
    }
    for row in data(&whole).iter().take(2) {
        let one = standing.get(row["links"]["self"].as_str().expect("a link")).await;
        assert_eq!(one["id"], row["id"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_stay_with_the_size_and_the_instant_of_the_first() {
    let Some(standing) = Standing::new().await else { return };
    let whole = standing.get(&format!("/v1/obligations?{ASKED}&limit=200")).await;
    let (mut path, mut seen) = ("/v1/obligations?limit=7".to_owned(), Vec::new());
    for day in 21.. {
        let page = standing.get(&path).await;
        assert_eq!((&page["known_at"], &page["as_of"]), (&whole["known_at"], &json!("2026-03-20T00:00:00Z")));
        seen.extend(data(&page).clone());
        let Some(next) = page["page"]["next"].as_str() else { break };
        assert_eq!((data(&page).len(), &page["page"]["has_more"]), (7, &json!(true)));
        path = format!("/v1/obligations?limit=7&cursor={next}");
        let body = json!({ "action": "claim" });
        standing.post(&format!("2026-03-{day}T00:00:00Z"), "RU/centre/1", Kind::Contest, &[standing.b1], body).await;
    }
    assert_eq!(&seen, data(&whole));
    let (api, us) = (&standing.stock.api, &standing.stock.us);
    for cursor in ["", "34", "34.1", "34.1.", ".1.1", "34.1.1.1", "34.x.1", "34.253402300800.1", "034.1.1"] {
        let problem = api.get(&format!("/v1/obligations?cursor={cursor}"), us).await.problem(422, "parameters");
        assert_eq!(errors(&problem), ["cursor parameter_malformed"], "{cursor}");
    }
    for never in ["9999.1.1", "0.1.1"] {
        api.get(&format!("/v1/obligations?cursor={never}"), us).await.problem(422, "known_at");
    }
    assert!(data(&standing.get("/v1/obligations?cursor=34.1774000000.99999").await).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_a_table_where_one_is_asked_for() {
    let Some(standing) = Standing::new().await else { return };
    let call = Call::get(&format!("/v1/obligations?{ASKED}&kind=ADMIT&bom=true")).token(&standing.stock.us);
    let table = standing.stock.api.send(call.header("accept", "text/csv")).await.expect(200);
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8; header=present");
    let lines: Vec<&str> = table.text().split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}id,kind,slot,period,obligor,holder,created_by"), "{}", lines[0]);
    assert!(lines[1].starts_with(&format!("ADMIT:{}:A1,ADMIT,A1,2026,US,RU", standing.a1)), "{}", lines[1]);
    assert!(lines[2].contains(",OVERDUE,D,true,§3."), "{}", lines[2]);
    assert_eq!(lines.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_question_about_obligations_is_answered_at_once() {
    let Some(standing) = Standing::new().await else { return };
    let (api, us) = (&standing.stock.api, &standing.stock.us);
    let names = ["as_of", "due_before", "kind", "limit", "obligor", "slot", "state", "view"];
    let query: Vec<String> = names.iter().map(|name| format!("{name}=x")).collect();
    let path = format!("/v1/obligations?known_at=tree:35&{}", query.join("&"));
    let mut found = errors(&api.get(&path, us).await.problem(422, "parameters"));
    found.sort();
    let mut wanted: Vec<String> = names.iter().map(|name| format!("{name} parameter_malformed")).collect();
    wanted.push("known_at known_at".into());
    wanted.sort();
    assert_eq!(found, wanted);
    for wrong in ["view=all", "limit=0", "limit=201", "state=open", "kind=admit", "bom=yes"] {
        let problem = api.get(&format!("/v1/obligations?{wrong}"), us).await.problem(422, "parameters");
        assert_eq!(errors(&problem).len(), 1, "{wrong}");
    }
    api.get("/v1/obligations?party=US", us).await.problem(400, "parameters");
    let id = format!("ADMIT:{}:A1", standing.a1);
    api.get(&format!("/v1/obligations/{id}?as_of=x&known_at=tree:99"), us).await.problem(422, "parameters");
    for absent in [
        format!("ADMIT:{}:A2", standing.a1),
        format!("ADMIT:{}:A1", standing.claim),
        "ADMIT".to_owned(),
        standing.a1.to_string(),
        format!("ADMIT:{}", standing.a1),
        format!("admit:{}:A1", standing.a1),
    ] {
        api.get(&format!("/v1/obligations/{absent}"), us).await.problem(404, "not_found");
    }
    // It was not there before its request was received, and was not known before that was recorded.
    api.get(&format!("/v1/obligations/{id}?as_of=2026-03-01T12:59:59Z"), us).await.problem(404, "not_found");
    api.get(&format!("/v1/obligations/{id}?known_at=tree:30"), us).await.problem(404, "not_found");
    for path in [format!("/v1/obligations/{id}"), "/v1/obligations".into(), "/v1/obligations?view=all".into()] {
        api.get(&path, &standing.stock.ro).await.problem(404, "not_found");
    }
}

/// The changes of an obligation: when, by which kind of record, and to which states.
fn steps(told: &Value) -> Vec<(String, Option<String>, [Option<String>; 3])> {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let history = told["history"].as_array().expect("a history");
    history
        .iter()
        .map(|step| {
            let to = ["US", "RU", "UNDISPUTED"].map(|view| word(&step["views"][view]["to"]));
            (step["at"].as_str().expect("a time").to_owned(), word(&step["by"]["kind"]), to)
        })
        .collect()
}

fn step(at: &str, by: Option<&str>, to: [&str; 3]) -> (String, Option<String>, [Option<String>; 3]) {
    (format!("2026-03-{at}Z"), by.map(str::to_owned), to.map(|word| Some(word.to_owned())))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_obligation_tells_every_change_of_its_state_in_each_view_and_what_made_it() {
    let Some(standing) = Standing::new().await else { return };
    let id = format!("ADMIT:{}:A1", standing.a1);
    let told = standing.get(&format!("/v1/obligations/{}?{ASKED}", id.replace(':', "%3A"))).await;
    assert_eq!(told, standing.get(&format!("/v1/obligations/{id}?{ASKED}")).await, "colons may be written either way");
    assert_eq!(told["id"], id);
    let open = ["OPEN"; 3];
    assert_eq!(
        steps(&told),
        [
            step("01T13:00:00", Some("intent"), open),
            step("02T00:00:00", Some("force_majeure"), ["EXCUSED", "EXCUSE_CLAIMED", "EXCUSE_CLAIMED"]),
            step("03T00:00:00", Some("contest"), ["EXCUSED", "REFUSED", "CONTESTED"]),
        ]
    );
    assert_eq!(told["history"][2]["by"]["digest"], standing.contest.to_string());
    assert_eq!(told["history"][0]["views"]["US"]["from"], Value::Null);
    assert_eq!((&told["views"]["US"]["state"], &told["views"]["RU"]["state"]), (&json!("EXCUSED"), &json!("REFUSED")));
    // What nobody answers is overdue the second after it is due, by no record.
    let told = standing.get(&format!("/v1/obligations/ADMIT:{}:B1?{ASKED}", standing.b1)).await;
    let overdue = step("09T12:00:01", None, ["OVERDUE"; 3]);
    assert_eq!(steps(&told), [step("04T00:00:00", Some("intent"), open), overdue.clone()]);
    let earlier = standing.get(&format!("/v1/obligations/ADMIT:{}:B1?as_of=2026-03-09T12:00:00Z", standing.b1)).await;
    assert_eq!(steps(&earlier).len(), 1, "due is not overdue");
    // A step that is reported late counts from when it was taken.
    standing.stock.api.clock.set(at("2026-03-21T00:00:00Z"));
    let mut arrival = draft(Kind::Milestone, &["US/leader/1"], stepping("site_arrival"));
    arrival.refs = vec![standing.b1];
    arrival.effective_at = Some(at("2026-03-10T00:00:00Z"));
    standing.stock.api.record(&signed(&arrival)).await;
    let told = standing.get(&format!("/v1/obligations/ADMIT:{}:B1?as_of=2026-03-20T00:00:00Z", standing.b1)).await;
    let late = step("10T00:00:00", Some("milestone"), ["FULFILLED_LATE"; 3]);
    assert_eq!(steps(&told), [step("04T00:00:00", Some("intent"), open), overdue, late]);
    let status = standing.get("/v1/reciprocity?view=us&include=all&as_of=2026-03-20T00:00:00Z").await;
    let rows = status["obligations"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["id"] == told["id"]).expect("a row");
    for member in ["state", "causes", "clause", "due_at", "flags", "grade"] {
        assert_eq!(row[member], told["views"]["US"][member], "{member}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_clock_did_is_put_on_no_record_that_came_in_the_same_second() {
    let Some(standing) = Standing::new().await else { return };
    let (when, refs) = ("2026-03-09T12:00:01Z", [standing.b1]);
    standing.post(when, "RU/centre/1", Kind::Acknowledgement, &refs, json!({})).await;
    let told = standing.get(&format!("/v1/obligations/ADMIT:{}:B1?as_of={when}", standing.b1)).await;
    assert_eq!(steps(&told).last(), Some(&step("09T12:00:01", None, ["OVERDUE"; 3])));
    let told = standing.get(&format!("/v1/obligations/ACK:{}:B1?as_of={when}", standing.b1)).await;
    assert_eq!(steps(&told).last(), Some(&step("09T12:00:01", Some("acknowledgement"), ["FULFILLED_LATE"; 3])));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_every_obligation_ends_where_the_status_stands() {
    let Some(standing) = Standing::new().await else { return };
    for as_of in ["2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z", "2026-03-20T00:00:00Z", "2026-05-01T00:00:00Z"] {
        let list = standing.get(&format!("/v1/obligations?limit=200&as_of={as_of}&known_at=tree:34&view=ru")).await;
        for row in data(&list) {
            let told = standing.get(row["links"]["self"].as_str().expect("a link")).await;
            let last = told["history"].as_array().and_then(|steps| steps.last()).expect("a change");
            assert_eq!(last["views"]["RU"]["to"], row["state"], "{} as of {as_of}", row["id"]);
        }
    }
}
