//! The status through time, and as more becomes known.

use countersign::service::known::KnownAt;
use countersign::service::status::{Question, View};
use countersign::treaty::reciprocity::Viewer;
use countersign::treaty::record::Kind;
use countersign::treaty::time::Instant;
use serde_json::{Value, json};

use super::support::http::errors;
use super::support::ledger::{draft, signed};
use super::support::records::{amendment, consenting};
use super::support::standing::Standing;
use super::support::visits::{at, correcting, stepping};

/// The changes of a timeline in one view: when, from what, to what, and because of how many records.
fn changes(timeline: &Value, view: &str) -> Vec<(String, String, String)> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let list = timeline["changes"].as_array().expect("changes").iter();
    let of_view = list.filter(|change| !change["views"][view].is_null());
    of_view
        .map(|change| {
            let turn = &change["views"][view];
            (word(&change["at"]), word(&turn["before"]), word(&turn["after"]))
        })
        .collect()
}

fn change(at: &str, before: &str, after: &str) -> (String, String, String) {
    (format!("2026-{at}Z"), before.to_owned(), after.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_has_every_instant_at_which_the_status_changed_in_each_view() {
    let Some(standing) = Standing::new().await else { return };
    let path = "/v1/reciprocity/timeline?from=2026-03-01T12:00:01Z&to=2026-03-20T00:00:00Z&known_at=tree:34&view=all";
    let all = standing.get(path).await;
    let (open, excused, contested) = ("RECIPROCAL_OPEN", "RECIPROCAL_WITH_EXCUSE", "CONTESTED");
    let (one, mutual) = ("ONE_SIDED(RU)", "MUTUAL_DEFAULT");
    let requested = change("03-01T13:00:00", "RECIPROCAL", open);
    let wanted = [
        (
            "US",
            vec![requested.clone(), change("03-02T00:00:00", open, excused), change("03-09T12:00:01", excused, one)],
        ),
        (
            "RU",
            vec![
                requested.clone(),
                change("03-02T00:00:00", open, contested),
                change("03-03T00:00:00", contested, "ONE_SIDED(US)"),
                change("03-09T12:00:01", "ONE_SIDED(US)", mutual),
            ],
        ),
        (
            "UNDISPUTED",
            vec![requested, change("03-02T00:00:00", open, contested), change("03-09T12:00:01", contested, one)],
        ),
    ];
    for (view, wanted) in wanted {
        assert_eq!(changes(&all, view), wanted, "{view}");
        let single = standing.get(&path.replace("=all", &format!("={}", view.to_lowercase()))).await;
        assert_eq!(changes(&single, view), wanted, "{view}");
        assert_eq!(single["before"], json!({ view: "RECIPROCAL" }));
        // Each change is what the status says at that instant, and not a second before.
        for (when, before, after) in &wanted {
            for (when, status) in [(at(when), after), (at(when).previous().expect("a second"), before)] {
                let path = format!("/v1/reciprocity?as_of={when}&known_at=tree:34&view={}", view.to_lowercase());
                let answer = standing.get(&path).await;
                assert_eq!(answer["pair"]["status"], **status, "{view} {when}");
                let shown = single["changes"].as_array().expect("changes").iter().find(|c| c["at"] == when.to_string());
                if let Some(shown) = shown {
                    assert_eq!(shown["views"][view]["because"], answer["pair"]["because"]);
                }
            }
        }
    }
    let link = all["links"]["self"].as_str().expect("a link");
    assert_eq!(standing.get(link).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_misses_no_change_by_a_record_by_the_clock_or_by_a_consent_that_runs_out() {
    let Some(standing) = Standing::new().await else { return };
    let mut consent = consenting("A2", "standing", "give");
    consent["valid_until"] = "2026-03-27T03:00:00Z".into();
    standing.post("2026-03-25T10:00:00Z", "PL/centre/1", Kind::HostConsent, &[], consent).await;
    let kind = Kind::Lift;
    standing.post("2026-03-25T11:00:00Z", "US/centre/1", kind, &[standing.claim], json!({})).await;
    let (from, to) = (at("2026-02-28T00:00:00Z"), at("2026-04-10T00:00:00Z"));
    let all = standing.get(&format!("/v1/reciprocity/timeline?from={from}&to={to}&view=all")).await;
    let size = standing.stock.api.size();
    let known = standing.stock.api.ledger.known(KnownAt::Size(size)).expect("known");
    for (viewer, view) in [(Viewer::Us, "US"), (Viewer::Ru, "RU"), (Viewer::Undisputed, "UNDISPUTED")] {
        let changes = changes(&all, view);
        let ran_out = changes.iter().find(|(when, ..)| when == "2026-03-27T03:00:01Z").expect("the consent runs out");
        assert!(ran_out.2.starts_with("NOT_IN_FORCE(US"), "{ran_out:?}");
        let mut status = all["before"][view].as_str().expect("a status").to_owned();
        let mut changes = changes.into_iter().peekable();
        let hours = (from.seconds()..=to.seconds()).step_by(3_600).filter_map(Instant::from_seconds);
        for as_of in hours {
            while let Some((.., after)) = changes.next_if(|(when, ..)| at(when) <= as_of) {
                status = after;
            }
            let question = Question { as_of, view: View::Of(viewer), period: as_of.year(), everything: true };
            assert_eq!(known.standing(&question)[0].pair.status, status, "{view} {as_of}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_timeline_is_computed_at_a_time_and_keeps_nobody_else_waiting() {
    let Some(standing) = Standing::new().await else { return };
    let (api, us) = (&standing.stock.api, &standing.stock.us);
    let place = std::sync::Arc::clone(&api.ledger.long).try_acquire_owned().expect("free");
    let busy = api.get("/v1/reciprocity/timeline", us).await;
    assert_eq!(busy.header("retry-after"), "2");
    busy.problem(503, "busy");
    for path in ["/v1/reciprocity", "/v1/obligations", "/v1/compare?from=tree:1"] {
        api.get(path, us).await.expect(200);
    }
    drop(place);
    api.get("/v1/reciprocity/timeline", us).await.expect(200);
    api.get("/v1/reciprocity/timeline", us).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_includes_both_its_ends_and_the_beginning_of_a_year() {
    let Some(standing) = Standing::new().await else { return };
    let edge = "2026-03-09T12:00:01Z";
    for (from, to, count) in [
        (edge, edge, 1),
        ("2026-03-09T12:00:02Z", "2026-03-20T00:00:00Z", 0),
        ("2026-03-05T00:00:00Z", "2026-03-09T12:00:00Z", 0),
    ] {
        let timeline = standing.get(&format!("/v1/reciprocity/timeline?from={from}&to={to}&view=us")).await;
        assert_eq!(changes(&timeline, "US").len(), count, "{from} to {to}");
    }
    // Nothing is overdue from an earlier year once it was performed late: the year begins anew.
    standing.stock.api.clock.set(at("2026-03-21T00:00:00Z"));
    let mut arrival = draft(Kind::Milestone, &["US/leader/1"], stepping("site_arrival"));
    arrival.refs = vec![standing.b1];
    standing.stock.api.record(&signed(&arrival)).await;
    let accepted = json!({});
    standing.post("2026-03-22T00:00:00Z", "RU/centre/1", Kind::Acceptance, &[standing.claim], accepted).await;
    let path = "/v1/reciprocity/timeline?from=2026-03-23T00:00:00Z&to=2027-06-01T00:00:00Z&view=us";
    let turned = ("2027-01-01T00:00:00Z".to_owned(), "RECIPROCAL_WITH_EXCUSE".to_owned(), "RECIPROCAL".to_owned());
    assert_eq!(changes(&standing.get(path).await, "US"), [turned]);
    // By default it is the year until now.
    let plain = standing.get("/v1/reciprocity/timeline").await;
    assert_eq!((&plain["from"], &plain["to"]), (&json!("2026-01-01T00:00:00Z"), &json!("2026-03-22T00:00:00Z")));
    assert_eq!(plain["view"], "UNDISPUTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_names_what_moved_and_the_new_records_that_moved_it() {
    let Some(standing) = Standing::new().await else { return };
    let none = standing.get("/v1/compare?from=tree:34&to=tree:34").await;
    assert_eq!((&none["obligations"], &none["records"]), (&json!([]), &json!([])));
    assert_eq!(none["pair"]["from"], none["pair"]["to"]);
    let as_of = "as_of=2026-03-20T00:00:00Z";
    let all = standing.get(&format!("/v1/compare?from=tree:32&to=tree:34&{as_of}&view=all")).await;
    let (a1, b1) = (format!("ADMIT:{}:A1", standing.a1), format!("ADMIT:{}:B1", standing.b1));
    let moved = |answer: &Value, id: &str| {
        let moved = answer["obligations"].as_array().expect("obligations");
        moved.iter().find(|row| row["id"] == id).cloned().unwrap_or_default()
    };
    let by = |digest: &countersign::hash::Hash| json!([digest.to_string()]);
    for (view, from, to) in [("RU", "EXCUSE_CLAIMED", "REFUSED"), ("UNDISPUTED", "EXCUSE_CLAIMED", "CONTESTED")] {
        let row = moved(&all["views"][view], &a1);
        assert_eq!(
            (&row["from"], &row["to"], &row["by"]),
            (&json!(from), &json!(to), &by(&standing.contest)),
            "{view}"
        );
    }
    let us = &all["views"]["US"];
    assert_eq!(moved(us, &a1), Value::Null, "it stands as before");
    let row = moved(us, &b1);
    assert_eq!((&row["from"], &row["to"], &row["by"]), (&Value::Null, &json!("OVERDUE"), &by(&standing.b1)));
    assert_eq!(
        (&us["pair"]["from"]["status"], &us["pair"]["to"]["status"]),
        (&json!("RECIPROCAL_WITH_EXCUSE"), &json!("ONE_SIDED(RU)"))
    );
    assert_eq!(us["sides"], json!({ "RU": { "from": "S", "to": "D" }, "US": { "from": "E", "to": "E" } }));
    let new: Vec<&Value> = all["records"].as_array().expect("records").iter().map(|record| &record["index"]).collect();
    assert_eq!(new, [32, 33]);
    assert_eq!((&all["from"]["known_at"], &all["to"]["checkpoint"]["size"]), (&json!("tree:32"), &json!(34)));
    let mut single = standing.get(&format!("/v1/compare?from=tree:32&to=tree:34&{as_of}&view=us")).await;
    assert_eq!((&single["obligations"].take(), &single["pair"].take()), (&us["obligations"], &us["pair"]));
    assert_eq!(standing.get(all["links"]["self"].as_str().expect("a link")).await, all);
    // A contest that is withdrawn is no cause of the state to which its claim returns; the withdrawal is named all the same.
    let body = json!({ "action": "withdraw" });
    let refs = [standing.claim];
    let withdrawal = standing.post("2026-03-20T00:00:00Z", "RU/centre/1", Kind::Contest, &refs, body).await;
    let later = standing.get(&format!("/v1/compare?from=tree:34&{as_of}&view=ru")).await;
    let row = moved(&later, &a1);
    assert_eq!((&row["from"], &row["to"]), (&json!("REFUSED"), &json!("EXCUSE_CLAIMED")));
    assert_eq!(row["by"], by(&withdrawal));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_obligation_that_a_correction_takes_away_is_named_with_the_correction() {
    let Some(standing) = Standing::new().await else { return };
    let (signer, refs) = ("US/leader/1", [standing.b1]);
    standing.post("2026-03-21T00:00:00Z", signer, Kind::Milestone, &refs, stepping("site_arrival")).await;
    let end = standing.post("2026-03-21T02:00:00Z", signer, Kind::Milestone, &refs, stepping("end")).await;
    let void = correcting(end, |body| body["void"] = true.into());
    let refs = [standing.b1, end];
    let correction =
        standing.post("2026-03-21T03:00:00Z", "US/leader/1 RU/centre/1", Kind::Correction, &refs, void).await;
    let report = format!("REPORT:{end}:B1");
    let compared = standing.get("/v1/compare?from=tree:36&to=tree:37&view=us").await;
    let wanted = json!([{ "by": [correction.to_string()], "from": "OPEN", "id": report, "to": null }]);
    assert_eq!(compared["obligations"], wanted);
    standing.get(&format!("/v1/obligations/{report}?known_at=tree:36")).await;
    standing.stock.api.get(&format!("/v1/obligations/{report}"), &standing.stock.us).await.problem(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_range_is_answered_at_once() {
    let Some(standing) = Standing::new().await else { return };
    let (api, us) = (&standing.stock.api, &standing.stock.us);
    for (path, wanted) in [
        (
            "/v1/reciprocity/timeline?from=x&to=y&view=z",
            vec!["to parameter_malformed", "from parameter_malformed", "view parameter_malformed"],
        ),
        ("/v1/reciprocity/timeline?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", vec!["from range_reversed"]),
        ("/v1/compare", vec!["from parameter_missing"]),
        ("/v1/compare?from=tree:34&to=tree:33", vec!["from range_reversed"]),
        (
            "/v1/compare?from=tree:0&to=tree:99&as_of=x",
            vec!["from known_at", "to known_at", "as_of parameter_malformed"],
        ),
    ] {
        let mut found = errors(&api.get(path, us).await.problem(422, "parameters"));
        found.sort();
        let mut wanted = wanted;
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{path}");
        api.get(path, &standing.stock.ro).await.problem(404, "not_found");
    }
    api.get("/v1/compare?from=tree:99", us).await.problem(422, "known_at");
    api.get("/v1/reciprocity/timeline?known_at=tree:99", us).await.problem(422, "known_at");
    // Terms that change nothing still do not make a timeline that looks at everything there ever was.
    api.record(&amendment(2, |body| body["limits"] = json!({ "notice": "32h" }))).await;
    let path = "/v1/reciprocity/timeline?from=1970-01-01T00:00:00Z&to=9999-12-31T23:59:59Z";
    let problem = api.get(path, us).await.problem(422, "parameters");
    assert_eq!(errors(&problem), ["from range_too_long"]);
}
