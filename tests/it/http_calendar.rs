//! Deadlines as a calendar: what other programs read in it, and that it is the same for ever.

use std::collections::BTreeMap;

use countersign::treaty::record::Kind;
use icalendar::parser::{read_calendar, unfold};
use serde_json::{Value, json};

use super::support::foreign::run_python;
use super::support::http::{Answer, Call, errors};
use super::support::ledger::ORIGIN;
use super::support::standing::{SIZE, Standing};

/// When the request to visit B1 is open.
const ASKED: &str = "as_of=2026-03-05T00:00:00Z&known_at=tree:34";

/// The properties of each event, as a parser of others gives them.
fn events(text: &str) -> Vec<BTreeMap<String, String>> {
    let unfolded = unfold(text);
    let calendar = read_calendar(&unfolded).unwrap_or_else(|fault| panic!("{fault}: {text}"));
    let events = calendar.components.iter().filter(|component| component.name == "VEVENT");
    let property = |(name, value): (String, String)| (name, value);
    events
        .map(|event| {
            let all = event.properties.iter().map(|p| property((p.name.to_string(), p.val.to_string())));
            let count = event.properties.len();
            let all: BTreeMap<String, String> = all.collect();
            assert_eq!(all.len(), count, "each property once");
            all
        })
        .collect()
}

async fn calendar(standing: &Standing, query: &str) -> Answer {
    let call = Call::get(&format!("/v1/calendar.ics?{query}")).token(&standing.stock.us);
    let answer = standing.stock.api.send(call.header("host", "ledger.example:8440")).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/calendar; charset=utf-8");
    answer
}

/// A time as the calendar writes it.
fn time(value: &Value) -> String {
    value.as_str().expect("a time").replace(['-', ':'], "")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_open_obligation_is_an_event_when_it_is_due_and_nothing_else_is() {
    let Some(standing) = Standing::new().await else { return };
    for view in ["us", "ru", "undisputed"] {
        let answer = calendar(&standing, &format!("{ASKED}&view={view}")).await;
        assert_eq!((answer.header("known-at"), answer.header("as-of")), ("tree:34", "2026-03-05T00:00:00Z"));
        let list = standing.get(&format!("/v1/obligations?{ASKED}&view={view}&state=OPEN&limit=200")).await;
        let rows = list["data"].as_array().expect("rows");
        assert!(rows.len() >= 2, "{list}");
        let (owed, arrivals): (Vec<_>, Vec<_>) =
            events(answer.text()).into_iter().partition(|event| event["CATEGORIES"] != "ARRIVAL");
        let of = |row: &Value| owed.iter().find(|event| event["UID"].starts_with(row["id"].as_str().expect("an id")));
        for row in rows {
            let event = of(row).unwrap_or_else(|| panic!("{row} is not in {}", answer.text()));
            let id = row["id"].as_str().expect("an id");
            assert_eq!(event["UID"], format!("{id}@{ORIGIN}"));
            assert_eq!((&event["DTSTART"], &event["CREATED"]), (&time(&row["due_at"]), &time(&row["created_at"])));
            assert_eq!(event["DTSTAMP"], "20260304T000000Z", "the newest entry that is known");
            assert_eq!(
                (event["CATEGORIES"].as_str(), event["STATUS"].as_str()),
                (row["kind"].as_str().expect("a kind"), "CONFIRMED")
            );
            assert_eq!(event["URL"], format!("http://ledger.example:8440/v1/obligations/{id}"));
        }
        assert_eq!(owed.len(), rows.len(), "and no other");
        let arrival = &arrivals[0];
        assert_eq!((arrivals.len(), &arrival["UID"]), (1, &format!("ARRIVAL:{}:B1@{ORIGIN}", standing.b1)));
        assert_eq!((arrival["DTSTART"].as_str(), arrival["STATUS"].as_str()), ("20260308T120000Z", "TENTATIVE"));
        assert_eq!(arrival["SUMMARY"], "Arrival: inspection team of United States (B1)");
    }
    let admit = events(calendar(&standing, &format!("{ASKED}&kind=ADMIT")).await.text());
    let due = admit.iter().find(|event| event["CATEGORIES"] == "ADMIT").expect("an event");
    assert_eq!(due["SUMMARY"], "Due from Russian Federation: let the inspection team in (B1)");
    assert!(due["DESCRIPTION"].contains("Срок, Российская Федерация: принять инспекционную группу (B1)"), "{due:?}");
    let link = due["URL"].trim_start_matches("http://ledger.example:8440");
    standing.stock.api.get(link, &standing.stock.us).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_are_those_of_the_standard_and_the_same_for_ever() {
    let Some(standing) = Standing::new().await else { return };
    let first = calendar(&standing, ASKED).await;
    let text = first.text();
    assert!(text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:") && text.ends_with("\r\nEND:VCALENDAR\r\n"));
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    assert!(text.split("\r\n").any(|line| line.starts_with(' ')), "something is folded");
    standing
        .post("2026-03-21T00:00:00Z", "RU/centre/1", Kind::Contest, &[standing.b1], json!({ "action": "claim" }))
        .await;
    let again = calendar(&standing, ASKED).await;
    assert_eq!((&again.body, again.header("etag")), (&first.body, first.header("etag")));
    // A proxy says how its reader came; without an address there is no link.
    let call = || Call::get(&format!("/v1/calendar.ics?{ASKED}")).token(&standing.stock.us);
    let bare = standing.stock.api.send(call()).await.expect(200);
    assert!(!bare.text().contains("URL:"));
    let secure = call().header("host", "ledger.example").header("x-forwarded-proto", "https");
    assert!(standing.stock.api.send(secure).await.text().contains("URL:https://ledger.example/v1/obligations/"));
    for odd in ["a/b", "a\tb", "a@b", ""] {
        let answer = standing.stock.api.send(call().header("host", odd)).await.expect(200);
        assert_eq!(answer.body, bare.body, "{odd}");
    }
    // Before anything is owed there is a calendar all the same.
    let empty = calendar(&standing, "as_of=2026-02-01T00:00:00Z").await;
    assert!(events(empty.text()).is_empty() && empty.text().contains("BEGIN:VTIMEZONE"), "{}", empty.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_moved_keeps_its_name_and_what_is_performed_is_gone() {
    let Some(standing) = Standing::new().await else { return };
    let at = |events: &[BTreeMap<String, String>], category: &str| {
        let found = events.iter().find(|event| event["CATEGORIES"] == category);
        found.map(|event| (event["UID"].clone(), event["DTSTART"].clone()))
    };
    let before = events(calendar(&standing, "as_of=2026-03-05T00:00:00Z").await.text());
    let centres = "US/centre/1 RU/centre/1";
    let later = json!({ "eta": "2026-03-25T06:00:00Z" });
    standing.post("2026-03-06T00:00:00Z", centres, Kind::Postponement, &[standing.b1], later).await;
    let after = events(calendar(&standing, "as_of=2026-03-07T00:00:00Z").await.text());
    for (category, from, to) in
        [("ADMIT", "20260309T120000Z", "20260326T060000Z"), ("ARRIVAL", "20260308T120000Z", "20260325T060000Z")]
    {
        let (was, is) = (at(&before, category).expect("an event"), at(&after, category).expect("an event"));
        assert_eq!((was.0.as_str(), was.1.as_str(), is.1.as_str()), (is.0.as_str(), from, to), "{category}");
    }
    standing.post("2026-03-08T00:00:00Z", "US/centre/1", Kind::Cancellation, &[standing.b1], json!({})).await;
    let gone = events(calendar(&standing, "as_of=2026-03-09T00:00:00Z").await.text());
    assert_eq!((at(&gone, "ADMIT"), at(&gone, "ARRIVAL")), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_can_be_asked_for_and_whoever_may_not_read_everything_finds_nothing() {
    let Some(standing) = Standing::new().await else { return };
    let (api, us) = (&standing.stock.api, &standing.stock.us);
    for (name, member, value) in [
        ("obligor", "obligor", "RU"),
        ("slot", "slot", "B1"),
        ("kind", "kind", "HOST_ACT"),
        ("obligor", "obligor", "PL"),
    ] {
        let list = standing.get(&format!("/v1/obligations?{ASKED}&state=OPEN&limit=200")).await;
        let rows = list["data"].as_array().expect("rows").iter().filter(|row| row[member] == value).count();
        let found = events(calendar(&standing, &format!("{ASKED}&{name}={value}")).await.text());
        assert_eq!(found.iter().filter(|event| event["CATEGORIES"] != "ARRIVAL").count(), rows, "{name}={value}");
    }
    assert_eq!(
        events(calendar(&standing, &format!("{ASKED}&obligor=US")).await.text())
            .iter()
            .filter(|e| e["CATEGORIES"] == "ARRIVAL")
            .count(),
        0
    );
    let soon = events(calendar(&standing, &format!("{ASKED}&due_before=2026-03-09T12:00:00Z")).await.text());
    assert!(soon.iter().all(|event| event["DTSTART"].as_str() < "20260309T120000Z"));
    let wrong = api.get(&format!("/v1/calendar.ics?known_at=tree:{}&view=all&kind=x", SIZE + 1), us).await;
    let mut found = errors(&wrong.problem(422, "parameters"));
    found.sort();
    assert_eq!(found, ["kind parameter_malformed", "known_at known_at", "view parameter_malformed"]);
    api.get("/v1/calendar.ics?state=OPEN", us).await.problem(400, "parameters");
    for query in ["", "?view=all", "?nothing=1"] {
        api.get(&format!("/v1/calendar.ics{query}"), &standing.stock.ro).await.problem(404, "not_found");
    }
    api.send(Call::get("/v1/calendar.ics")).await.problem(401, "token_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_reads_the_calendar() {
    let Some(standing) = Standing::new().await else { return };
    let answer = calendar(&standing, ASKED).await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("calendar.ics"), &answer.body).expect("written");
    std::fs::write(folder.path().join("empty.ics"), calendar(&standing, "as_of=2026-02-01T00:00:00Z").await.body)
        .expect("written");
    let script = "import json, icalendar\n\
        c = icalendar.Calendar.from_ical(open('calendar.ics', 'rb').read())\n\
        assert not c.errors and all(not e.errors for e in c.walk())\n\
        assert not icalendar.Calendar.from_ical(open('empty.ics', 'rb').read()).events\n\
        assert all(e.start == e.end for e in c.events)\n\
        print(json.dumps([[str(e['uid']), e['dtstart'].dt.strftime('%Y-%m-%dT%H:%M:%SZ'), str(e['summary']), str(e['url'])] for e in c.events]))\n";
    let Some(found) = run_python(folder.path(), &["icalendar"], script) else { return };
    let wanted: Vec<Value> = events(answer.text())
        .iter()
        .map(|event| {
            let time = &event["DTSTART"];
            let (day, hour) = (format!("{}-{}-{}", &time[..4], &time[4..6], &time[6..8]), &time[9..]);
            let hour = format!("{}:{}:{}Z", &hour[..2], &hour[2..4], &hour[4..6]);
            json!([event["UID"], format!("{day}T{hour}"), event["SUMMARY"], event["URL"]])
        })
        .collect();
    assert_eq!(found, json!(wanted));
}
