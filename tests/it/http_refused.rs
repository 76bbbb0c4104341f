//! What the sender of a refused record holds, and what a stranger does not learn.

use countersign::note::{Line, Note, assemble};
use countersign::treaty::record::Kind;
use countersign::treaty::turned_away::TurnedAway;

use super::support::http::{Api, now};
use super::support::ledger::{ORIGIN, clerk_key, key, registration};
use super::support::records::{by, designating, digest, revocation, simple, text_of};

#[tokio::test]
async fn a_refused_record_is_answered_with_a_note_that_the_clerk_signed() {
    let Some(api) = Api::start().await else { return };
    let note = by("RU/centre/1", Kind::Designation, designating("B1", "designate"));
    let problem = api.post(&note).await.problem(422, "role_not_allowed");
    let refusal = problem["refusal"].as_str().expect("a signed refusal");
    let (said, at) = TurnedAway::open(refusal.as_bytes(), clerk_key().verifier()).expect("the clerk signed it");
    assert_eq!((said.origin.as_str(), said.digest, said.code.as_str()), (ORIGIN, digest(&note), "role_not_allowed"));
    assert_eq!((said.rules, said.size, at), (1, api.size(), now()));
}

#[tokio::test]
async fn a_record_that_is_not_authentic_is_refused_without_a_note() {
    let Some(api) = Api::start().await else { return };
    let note = simple().replace("\"channel\": \"national_centre\"", "\"channel\": \"courier\"");
    let problem = api.post(&note).await.problem(422, "signature_invalid");
    assert!(problem.get("refusal").is_none(), "{problem}");
    let unknown = by("RU/centre/9", Kind::Designation, designating("B1", "designate"));
    let problem = api.post(&unknown).await.problem(422, "key_unknown");
    assert!(problem.get("refusal").is_none(), "{problem}");
}

#[tokio::test]
async fn who_has_only_the_text_of_a_record_does_not_learn_whether_it_is_there() {
    let Some(api) = Api::start().await else { return };
    let note = simple();
    let parsed = Note::parse(note.as_bytes()).expect("a note");
    let [real] = parsed.lines() else { panic!("one line") };
    // The same name, but the id of a key that the ledger does not know.
    let stranger = key("RU/centre/stranger");
    let forged = Line { name: real.name.clone(), id: stranger.verifier().id(), blob: vec![7; 64] };
    let forged = assemble(text_of(&note), &[forged]);
    let before = api.post(&forged).await.problem(422, "key_unknown");
    api.post(&note).await.expect(201);
    let after = api.post(&forged).await.problem(422, "key_unknown");
    assert_eq!(before["errors"], after["errors"]);
    assert!(after.get("refusal").is_none(), "{after}");
    api.post(&note).await.expect(200);
}

#[tokio::test]
async fn a_record_finds_its_receipt_after_its_key_was_revoked() {
    let Some(api) = Api::start().await else { return };
    let (note, registered) = (simple(), registration("US/leader/1"));
    let receipt = api.post(&note).await.expect(201).json()["receipt"].clone();
    api.post(&registered).await.expect(201);
    let author = Note::parse(note.as_bytes()).expect("a note").lines()[0].name.clone();
    api.post(&revocation(&author)).await.expect(201);
    assert_eq!(api.post(&note).await.expect(200).json()["receipt"], receipt);
    api.post(&registered).await.expect(200);
}
