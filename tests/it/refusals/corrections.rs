//! 8: corrections.

use countersign::hash::Hash;
use countersign::treaty::record::Kind;
use countersign::treaty::refusal::Refusal;
use serde_json::{Value, json};

use super::Court;
use super::visits::noted;
use crate::support::http::now;
use crate::support::records::{by, declaring, digest};
use crate::support::visits::{after, correcting, stepping};

const BOTH: &str = "RU/leader/1 US/escort/1";

fn correction(signers: &str, original: Hash, change: impl FnOnce(&mut Value)) -> String {
    noted(signers, Kind::Correction, &[], correcting(original, change))
}

/// Every refusal of a correction.
pub async fn corrections(court: &mut Court) {
    let visit = court.visit("A1").await;
    let step = court.add(BOTH, Kind::Milestone, &[visit], stepping("start")).await;
    let renamed = |body: &mut Value| body["body"] = stepping("end");

    for original in [visit, Hash::of(b"nothing")] {
        court.refuse(&correction(BOTH, original, renamed), Refusal::CorrectionTarget, "/body/supersedes").await;
    }
    for signers in ["RU/leader/1", "US/escort/1", "US/centre/1", "US/escort/1 US/centre/1"] {
        court.refuse(&correction(signers, step, renamed), Refusal::CorrectionSigners, "/signers").await;
    }
    court.refuse(&correction(BOTH, step, |_| {}), Refusal::CorrectionEmpty, "/body").await;
    let and_void = |body: &mut Value| {
        renamed(body);
        body["void"] = true.into();
    };
    court.refuse(&correction(BOTH, step, and_void), Refusal::CorrectionEmpty, "/body").await;
    let other_kind = |body: &mut Value| body["body"] = declaring("A1");
    let problem = court.api.post(&correction(BOTH, step, other_kind)).await.problem(422, "correction_body");
    assert!(problem["errors"].as_array().expect("errors").iter().all(|error| error["code"] == "correction_body"));
    let nameless = |body: &mut Value| body["body"] = json!({ "place": "the gate" });
    court.refuse(&correction(BOTH, step, nameless), Refusal::CorrectionBody, "/body/body/name").await;
    let ahead = |body: &mut Value| body["effective_at"] = after(now(), 1).to_string().into();
    court.refuse(&correction(BOTH, step, ahead), Refusal::FactInFuture, "/body/effective_at").await;

    let good = correction(BOTH, step, renamed);
    court.admit(&good).await;
    let again = correction(BOTH, digest(&good), renamed);
    court.refuse(&again, Refusal::CorrectionTarget, "/body/supersedes").await;
    court.admit(&correction(BOTH, step, |body| body["effective_at"] = now().to_string().into())).await;
    court.admit(&correction(BOTH, step, |body| body["void"] = true.into())).await;
    declarations(court).await;
}

/// What one side has signed alone, and the other has acknowledged since.
async fn declarations(court: &mut Court) {
    let note = by("US/centre/1", Kind::Declaration, declaring("A1"));
    court.admit(&note).await;
    let whole = |cell: &'static str| {
        move |body: &mut Value| {
            body["body"] = declaring("A1");
            body["body"]["items"][0]["location"] = cell.into();
        }
    };
    let declared = digest(&note);
    let wrong = correction("US/centre/1", declared, whole("L1/25"));
    court.refuse(&wrong, Refusal::CellUnknown, "/body/body/items/0/location").await;
    court.refuse(&correction("RU/centre/1", declared, whole("L1/2")), Refusal::CorrectionSigners, "/signers").await;
    court.admit(&correction("US/centre/1", declared, whole("L1/2"))).await;
    court.add("RU/centre/1", Kind::Acknowledgement, &[declared], json!({})).await;
    court.refuse(&correction("US/centre/1", declared, whole("L1/3")), Refusal::CorrectionSigners, "/signers").await;
    court.admit(&correction("US/centre/1 RU/centre/1", declared, whole("L1/3"))).await;
}
