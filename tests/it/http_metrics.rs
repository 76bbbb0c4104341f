//! The figures: they count what happened and name nobody.

use super::support::http::{Api, Call};
use super::support::ledger::{draft, signed};
use super::support::records::{self, designating, terms};
use super::support::stock::{ENTRIES, Stock};

async fn figures(api: &Api, token: Option<&str>) -> String {
    let call = Call::get("/metrics");
    let answer = api.send(token.map_or(call.clone(), |token| call.token(token))).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.text().to_owned()
}

/// The value of a series.
fn value(figures: &str, series: &str) -> Option<f64> {
    figures.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_count_what_happened_and_name_nobody() {
    let Some(stock) = Stock::new(true).await else { return };
    let api = &stock.api;
    api.get("/v1/records/6", &stock.us).await.expect(200);
    api.get("/v1/records/7", &stock.us).await.expect(200);
    api.get("/v1/records/7", &stock.ro).await.problem(404, "not_found");
    api.send(Call::get("/v1/records/7")).await.problem(401, "token_required");
    api.send(Call::new("BREW", "/v1/records/7")).await.expect(405);
    api.send(Call::get("/nowhere/canary")).await.expect(404);
    let note = signed(&draft(
        countersign::treaty::record::Kind::Designation,
        &["US/centre/1"],
        designating("B1", "designate"),
    ));
    let forged = note.replace("US/centre/1\"", "US/centre/2\"");
    assert_ne!(note, forged);
    assert!(api.post(&forged).await.status >= 400);
    let text = figures(api, None).await;
    for (series, wanted) in [
        ("countersign_requests_total{route=\"/v1/records/{name}\",method=\"GET\",status=\"2xx\"}", 2.0),
        ("countersign_requests_total{route=\"/v1/records/{name}\",method=\"GET\",status=\"4xx\"}", 2.0),
        ("countersign_requests_total{route=\"/v1/records/{name}\",method=\"other\",status=\"4xx\"}", 1.0),
        ("countersign_requests_total{route=\"none\",method=\"GET\",status=\"4xx\"}", 1.0),
        ("countersign_requests_total{route=\"/v1/records\",method=\"POST\",status=\"2xx\"}", (ENTRIES - 1) as f64),
        ("countersign_request_duration_seconds_count{route=\"/v1/records/{name}\"}", 5.0),
        ("countersign_refusals_total{code=\"token_required\"}", 1.0),
        ("countersign_refusals_total{code=\"route_unknown\"}", 1.0),
        ("countersign_failed_verifications_total", 1.0),
        ("countersign_access_events_total{outcome=\"ok\"}", 2.0),
        ("countersign_access_events_total{outcome=\"not_found\"}", 1.0),
        ("countersign_entries", ENTRIES as f64),
        ("countersign_batches", ENTRIES as f64),
        ("countersign_last_batch_entries", 1.0),
        ("countersign_queue_depth", 0.0),
        ("countersign_halted", 0.0),
    ] {
        assert_eq!(value(&text, series), Some(wanted), "{series}\n{text}");
    }
    assert!(value(&text, "countersign_process_start_time_seconds").is_some_and(|start| start > 1.7e9), "{text}");
    for named in ["canary", "US", "RU", "RO", "centre", "sha256", "192.0.2", "cs_"] {
        assert!(!text.contains(named), "{named} in\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_show_the_rhythm_of_the_log_only_to_those_who_may_know_it() {
    let note = terms(|body| body["public_log"] = false.into());
    let Some(api) = Api::with_terms(&note).await else { return };
    api.send(Call::get("/metrics")).await.problem(401, "token_required");
    let token = api.party_token().await;
    assert_eq!(value(&figures(&api, Some(&token)).await, "countersign_entries"), Some(5.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_has_halted_says_so() {
    let Some(api) = Api::start().await else { return };
    api.database.sabotage("ALTER TABLE countersign.entry DISABLE TRIGGER ALL; UPDATE countersign.head SET root = pg_catalog.sha256('x'), size = size + 1").await;
    assert_eq!(api.post(&records::simple()).await.status, 503);
    assert_eq!(value(&figures(&api, None).await, "countersign_halted"), Some(1.0));
}
