//! Cosigners and databases that lie to a running ledger, and what it does: it stops, keeps the evidence, and says so.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use countersign::hash::Hash;
use countersign::store::cluster::ClusterRole;
use countersign::tlog::checkpoint::Checkpoint;
use countersign::tlog::fork::{Finding, judge};
use serde_json::json;
use sqlx::Connection as _;

use super::support::cosigners::{Bilateral, bilateral, log_verifier, registration};
use super::support::http::{Api, Call};
use super::support::ledger::{ORIGIN, designation, log_key};

/// A cosigner that refuses every proof and shows this checkpoint.
async fn showing(shown: Arc<Mutex<String>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let refuses = || async { (axum::http::StatusCode::UNPROCESSABLE_ENTITY, "the proof is not good\n") };
    let shows = move || async move { shown.lock().expect("no panic").clone() };
    let routes = Router::new().route("/add-checkpoint", post(refuses)).route("/{origin}/checkpoint", get(shows));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

/// A checkpoint that the ledger's own key signed, of another tree.
fn other(size: u64) -> String {
    let root = Hash::of(b"another history");
    Checkpoint { origin: ORIGIN.to_owned(), size, root }.sign(&log_key()).expect("signs")
}

async fn stops(api: &Api) {
    for _ in 0..400 {
        if api.send(Call::get("/readyz")).await.status == 503 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the ledger goes on");
}

/// What the ledger does when a cosigner shows such a checkpoint.
async fn shown(size: u64) -> Option<(Api, Finding)> {
    let checkpoint = Arc::new(Mutex::new(String::new()));
    let url = showing(Arc::clone(&checkpoint)).await;
    let cosigner = format!("RU/mirror/1={url}").parse().expect("a cosigner");
    let api = Api::cosigned(&bilateral(), vec![cosigner], Duration::from_secs(2)).await?;
    api.record(&registration("RU")).await;
    *checkpoint.lock().expect("no panic") = other(size);
    stops(&api).await;
    let note = designation("US/centre/1");
    api.send(Call::note(&note)).await.problem(503, "halted");
    let token = api.party_token().await;
    let page = api.get("/v1/log/cosigners", &token).await.expect(200).json();
    assert_eq!(page["alarm"], json!(true), "{page}");
    let kept = std::fs::read_dir(api.folder.path().join("evidence")).expect("a folder");
    let files: Vec<_> = kept.map(|file| file.expect("a file").path()).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let text = std::fs::read_to_string(file).expect("evidence");
    let finding = judge(&text, ORIGIN, &[log_verifier()]).expect("a finding");
    Some((api, finding))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cosigner_that_shows_another_history_under_the_ledgers_own_key_ends_writing_and_leaves_proof() {
    let Some((api, finding)) = shown(6).await else { return };
    assert!(finding.is_proof(), "{finding:?}");
    assert_eq!(api.size(), 6, "nothing was written after the alarm");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cosigner_that_shows_more_entries_than_the_ledger_holds_ends_writing() {
    let Some((api, _)) = shown(60).await else { return };
    assert_eq!(api.size(), 6, "nothing was written after the alarm");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_swallows_or_changes_a_cosignature_ends_writing_and_the_line_is_not_shown() {
    let swallows = "CREATE RULE swallow AS ON INSERT TO countersign.cosignature DO INSTEAD NOTHING";
    let changes = "CREATE FUNCTION public.change() RETURNS trigger LANGUAGE plpgsql AS \
                   $$ BEGIN NEW.line := replace(NEW.line, 'mirror/1 A', 'mirror/1 B'); NEW.line := NEW.line || 'A'; RETURN NEW; END $$; \
                   CREATE TRIGGER change BEFORE INSERT ON countersign.cosignature \
                   FOR EACH ROW EXECUTE FUNCTION public.change()";
    for act in [swallows, changes] {
        let Some(all) = Bilateral::start().await else { return };
        all.cosigned(&designation("US/centre/1")).await;
        let mut superuser = all.api.database.connect(ClusterRole::Superuser).await;
        sqlx::raw_sql(act).execute(&mut superuser).await.expect("done");
        superuser.close().await.expect("closed");
        let answer = all.cosigned(&designation("RU/centre/1")).await;
        assert_eq!(answer["status"], "recorded", "{act}: {answer}");
        stops(&all.api).await;
        let token = all.api.party_token().await;
        let page = all.api.get("/v1/log/cosigners", &token).await.expect(200).json();
        assert_eq!((&page["alarm"], &page["final"]["size"]), (&json!(true), &json!(8)), "{page}");
    }
}
