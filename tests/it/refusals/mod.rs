//! Every refusal: a record that is refused with exactly that code, and its nearest neighbour that is admitted.
//!
//! `docs/rules.md` says which provision each code rests on, and the answers are compared with that page.

mod claims;
mod corrections;
mod data;
mod hostile;
mod visits;

use std::collections::{BTreeMap, BTreeSet};

use countersign::author::sign;
use countersign::note::clerk::countersign;
use countersign::note::{KeyKind, Signer, assemble};
use countersign::treaty::record::{Anchor, Kind, Signed};
use countersign::treaty::refusal::Refusal;
use countersign::treaty::time::Instant;
use uuid::Uuid;

use crate::support::http::{Api, errors, now};
use crate::support::ledger::{ORIGIN, clerk_key, draft, key, registration, signed};
use crate::support::records::{
    by, consenting, declaring, designating, digest, line_of, registering, revocation, simple, text, text_of,
};
use crate::support::visits::intending;

/// The provision of each code, as the documentation says it.
fn provisions() -> BTreeMap<String, String> {
    let (mut section, mut found) = (String::new(), BTreeMap::new());
    for paragraph in include_str!("../../../docs/rules.md").split("\n\n") {
        if let Some(heading) = paragraph.strip_prefix("### ") {
            heading.split(' ').next().expect("a number").clone_into(&mut section);
        }
        for line in paragraph.lines().filter(|line| line.starts_with("Refused as ")) {
            for code in line.split('`').skip(1).step_by(2) {
                found.insert(code.to_owned(), section.clone());
            }
        }
    }
    found
}

/// A ledger to be refused by, and what it has refused.
struct Court {
    api: Api,
    provisions: BTreeMap<String, String>,
    seen: BTreeSet<&'static str>,
}

impl Court {
    async fn admit(&self, note: &str) -> u64 {
        self.api.record(note).await["index"].as_u64().expect("an index")
    }

    /// The note is refused for this reason alone, at this place, and nothing is recorded.
    async fn refuse(&mut self, note: &str, refusal: Refusal, place: &str) {
        let (size, code) = (self.api.size(), refusal.code());
        let problem = self.api.post(note).await.problem(422, code);
        assert_eq!(errors(&problem), [format!("{place} {code}")], "{problem}");
        let error = &problem["errors"][0];
        assert_eq!(error["provision"].as_str(), self.provisions.get(code).map(String::as_str), "{problem}");
        assert!(error["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{problem}");
        assert_eq!(self.api.size(), size, "{code} left something behind");
        self.seen.insert(code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_has_a_record_that_meets_it_and_a_neighbour_that_does_not() {
    let Some(api) = Api::start().await else { return };
    let mut court = Court { api, provisions: provisions(), seen: BTreeSet::new() };
    lines(&mut court).await;
    keys(&mut court).await;
    registrations(&mut court).await;
    authority(&mut court).await;
    places(&mut court).await;
    sites(&mut court).await;
    data::data(&mut court).await;
    visits::visits(&mut court).await;
    visits::reports(&mut court).await;
    corrections::corrections(&mut court).await;
    claims::claims(&mut court).await;
    data::terms_in_force(&mut court).await;
    let missed: Vec<&str> = Refusal::ALL.iter().map(|r| r.code()).filter(|code| !court.seen.contains(code)).collect();
    assert!(missed.is_empty(), "no record was refused as {missed:?}");
    assert_eq!(court.provisions.len(), Refusal::ALL.len(), "the documentation and the program know the same codes");
}

/// 2: which lines there are, and whether they are good.
async fn lines(court: &mut Court) {
    let note =
        signed(&draft(Kind::KeyRegistration, &["US/root/1", "US/leader/1"], registering(&key("US/leader/1"), |_| {})));
    let last = note.trim_end().rfind('\n').expect("two lines") + 1;
    court.refuse(&note[..last], Refusal::SignatureMissing, "/signers/1").await;
    court.admit(&note).await;

    let note = simple();
    let other = sign(text_of(&note), &[&key("RU/centre/1")]).expect("signs");
    let surplus = format!("{note}{}", &other[text_of(&note).len() + 1..]);
    let place = format!("line {}", line_of(&surplus, "RU/centre/1"));
    court.refuse(&surplus, Refusal::SignatureSurplus, &place).await;
    court.admit(&note).await;

    let note = simple();
    let line = note.lines().last().expect("a line");
    court.refuse(&format!("{note}{line}\n"), Refusal::SignatureDoubled, "/signers/0").await;
    court.admit(&note).await;

    let note = simple();
    let altered = note.replacen("\"S-B1\"", "\"S-B9\"", 1);
    court.refuse(&altered, Refusal::SignatureInvalid, "/signers/0").await;
    court.refuse(&note.replacen("{\n", "{ \n", 1), Refusal::SignatureInvalid, "/signers/0").await;
    court.admit(&note).await;

    let note = simple();
    let clerk = countersign(&clerk_key(), &digest(&note), now().unsigned()).expect("signs");
    let with_clerk = format!("{note}{clerk}\n");
    let place = format!("line {}", line_of(&with_clerk, &format!("{ORIGIN}/clerk")));
    court.refuse(&with_clerk, Refusal::ClerkLinePresent, &place).await;
    let entry = court.api.record(&note).await["entry"].as_str().expect("an entry").to_owned();
    court.refuse(&entry, Refusal::ClerkLinePresent, &place).await;
}

/// 3.1 and 3.2: which keys are good.
async fn keys(court: &mut Court) {
    let note = by("US/centre/77", Kind::Designation, designating("B1", "designate"));
    court.refuse(&note, Refusal::KeyUnknown, "/signers/0").await;
    court.admit(&registration("US/centre/77")).await;
    court.admit(&note).await;

    // The name is registered, the line is by another key of that name.
    let record = draft(Kind::Designation, &["US/centre/77"], designating("B1", "designate"));
    let impostor = Signer::from_seed("US/centre/77", KeyKind::Ed25519, [9; 32]).expect("a key");
    let note = sign(&record.text(ORIGIN), &[&impostor]).expect("signs");
    court.refuse(&note, Refusal::KeyUnknown, "/signers/0").await;
    court.admit(&signed(&record)).await;

    let late = by("US/centre/77", Kind::Designation, designating("B1", "designate"));
    court.admit(&by("US/centre/77", Kind::Designation, designating("B1", "designate"))).await;
    court.admit(&revocation("US/centre/77")).await;
    court.refuse(&late, Refusal::KeyRevoked, "/signers/0").await;
}

/// 3.3 to 3.7: registrations and revocations.
async fn registrations(court: &mut Court) {
    let register = |signer: &Signer, change: fn(&mut serde_json::Value)| {
        let name = signer.verifier().name().to_owned();
        let root = format!("{}/root/1", &name[..2]);
        let record = draft(Kind::KeyRegistration, &[&root, &name], registering(signer, change));
        sign(&record.text(ORIGIN), &[&key(&root), signer]).expect("signs")
    };
    court.admit(&register(&key("US/leader/2"), |_| {})).await;
    court.refuse(&register(&key("US/leader/2"), |_| {}), Refusal::KeyNameTaken, "/body/name").await;

    let seed = *countersign::hash::Hash::of(b"US/leader/2").as_bytes();
    let twin = Signer::from_seed("US/leader/3", KeyKind::Ed25519, seed).expect("a key");
    court.refuse(&register(&twin, |_| {}), Refusal::KeyReused, "/body/vkey").await;
    court.admit(&register(&key("US/leader/3"), |_| {})).await;
    let seed = *countersign::hash::Hash::of(ORIGIN.as_bytes()).as_bytes();
    let twin = Signer::from_seed("US/leader/4", KeyKind::Ed25519, seed).expect("the log's own key");
    court.refuse(&register(&twin, |_| {}), Refusal::KeyReused, "/body/vkey").await;

    let plain: fn(&mut serde_json::Value) = |body| body["vkey"] = key("US/mirror/1").verifier().to_string().into();
    court.refuse(&register(&key("US/mirror/1"), plain), Refusal::KeyMismatch, "/body/vkey").await;
    court.admit(&register(&key("US/mirror/1"), |_| {})).await;
    court
        .refuse(
            &register(&key("US/leader/5"), |body| body["role"] = "escort".into()),
            Refusal::KeyMismatch,
            "/body/vkey",
        )
        .await;
    court.admit(&register(&key("US/leader/5"), |_| {})).await;

    court.refuse(&register(&key("RO/leader/1"), |_| {}), Refusal::RoleNotForHost, "/body/role").await;
    court.admit(&register(&key("RO/centre/2"), |_| {})).await;

    court.refuse(&revocation("US/leader/99"), Refusal::RevocationTargetUnknown, "/body/name").await;
    court.admit(&revocation("US/leader/5")).await;
    court.refuse(&revocation("US/leader/5"), Refusal::AlreadyRevoked, "/body/name").await;
}

/// 4: who may sign what.
async fn authority(court: &mut Court) {
    let of_b1 = || designating("B1", "designate");
    court.refuse(&by("RU/centre/1", Kind::Designation, of_b1()), Refusal::RoleNotAllowed, "/signers").await;
    court.admit(&by("US/centre/1", Kind::Designation, of_b1())).await;
    let both = draft(Kind::Designation, &["US/centre/1", "RU/centre/1"], of_b1());
    court.refuse(&signed(&both), Refusal::RoleNotAllowed, "/signers").await;
    court.refuse(&by("US/leader/1", Kind::Designation, of_b1()), Refusal::RoleNotAllowed, "/signers").await;

    let mut record = draft(Kind::Designation, &["US/centre/1"], of_b1());
    record.party = countersign::treaty::party::Party::Ru;
    court.refuse(&signed(&record), Refusal::PartyMismatch, "/party").await;
    record.party = countersign::treaty::party::Party::Us;
    court.admit(&signed(&record)).await;
}

/// 1: what a record is about.
async fn places(court: &mut Court) {
    let mut record = draft(Kind::Designation, &["US/centre/1"], designating("B1", "designate"));
    let elsewhere = sign(&record.text("exercise.example/2026"), &[&key("US/centre/1")]).expect("signs");
    court.refuse(&elsewhere, Refusal::OriginMismatch, "line 2").await;

    let size = court.api.size();
    let root = |size| court.api.ledger.now().replica.tree().root_at(size).expect("a root");
    let (here, before) = (root(size), root(size - 1));
    for (size, root) in [(size, before), (size - 1, here), (size + 1, here), (0, here)] {
        record.anchor = Anchor { size, root };
        court.refuse(&signed(&record), Refusal::AnchorUnknown, "/anchor").await;
    }
    record.anchor = Anchor { size, root: here };
    court.admit(&signed(&record)).await;

    let known = digest(&signed(&record));
    let mut record = draft(Kind::Designation, &["US/centre/1"], designating("B1", "designate"));
    record.refs = vec![known, countersign::hash::Hash::of(b"nothing")];
    court.refuse(&signed(&record), Refusal::RefUnknown, "/refs/1").await;
    record.refs = vec![known];
    court.admit(&signed(&record)).await;
}

/// 5: slots, sites and consents.
async fn sites(court: &mut Court) {
    court
        .refuse(
            &by("US/centre/1", Kind::Designation, designating("C1", "designate")),
            Refusal::SlotUnknown,
            "/body/slot",
        )
        .await;
    let withdraw = || by("RU/centre/1", Kind::Designation, designating("A2", "withdraw"));
    court.refuse(&withdraw(), Refusal::NothingToWithdraw, "/body/action").await;
    let declare = || by("US/centre/1", Kind::Declaration, declaring("A2"));
    court.refuse(&declare(), Refusal::SlotNotDesignated, "/body/slot").await;
    court.admit(&by("RU/centre/1", Kind::Designation, designating("A2", "designate"))).await;
    court.admit(&declare()).await;
    court.admit(&withdraw()).await;
    court.refuse(&withdraw(), Refusal::NothingToWithdraw, "/body/action").await;
    court.refuse(&declare(), Refusal::SlotNotDesignated, "/body/slot").await;

    let consent = |state: &str, slot, scope, action| {
        by(&format!("{state}/centre/1"), Kind::HostConsent, consenting(slot, scope, action))
    };
    court.refuse(&consent("RU", "B1", "standing", "give"), Refusal::SlotWithoutHost, "/body/slot").await;
    court.refuse(&consent("RO", "A1", "standing", "withdraw"), Refusal::NothingToWithdraw, "/body/action").await;
    court.admit(&consent("RO", "A1", "standing", "give")).await;
    court.admit(&consent("RO", "A1", "standing", "withdraw")).await;

    let mut record = draft(Kind::HostConsent, &["RO/centre/1"], consenting("A1", "visit", "give"));
    court.refuse(&signed(&record), Refusal::VisitNotNamed, "/refs/0").await;
    for slot in ["A2", "A1"] {
        let intent = by("RU/centre/1", Kind::Intent, intending(slot, now()));
        court.admit(&intent).await;
        record.refs = vec![digest(&intent)];
        if slot == "A2" {
            court.refuse(&signed(&record), Refusal::VisitNotNamed, "/refs/0").await;
        }
    }
    court.admit(&signed(&record)).await;

    let conditions = |action| {
        let mut body = consenting("A1", "standing", action);
        body["conditions"] = text("by daylight");
        by("RO/centre/1", Kind::HostConsent, body)
    };
    court.refuse(&conditions("give"), Refusal::ConditionsMismatch, "/body/conditions").await;
    court.refuse(&consent("RO", "A1", "standing", "condition"), Refusal::ConditionsMismatch, "/body/conditions").await;
    court.admit(&conditions("condition")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reason_to_refuse_a_record_is_answered_at_once() {
    let Some(api) = Api::start().await else { return };
    let mut body = declaring("A1");
    body["items"][1]["uid"] = "I-1".into();
    body["items"][0]["location"] = "L1/25".into();
    let mut record = draft(Kind::Declaration, &["RU/centre/1"], body);
    record.party = countersign::treaty::party::Party::Us;
    record.refs = vec![countersign::hash::Hash::of(b"nothing")];
    record.anchor.size = 3;
    record.effective_at = Instant::from_seconds(now().seconds() + 60);
    let size = api.size();
    let answer = api.post(&signed(&record)).await.expect(422).json();
    let mut found = errors(&answer);
    found.sort();
    assert_eq!(
        found,
        [
            "/anchor anchor_unknown",
            "/body/items/0/location cell_unknown",
            "/body/items/1/uid item_repeated",
            "/body/slot slot_not_designated",
            "/effective_at fact_in_future",
            "/party party_mismatch",
            "/refs/0 ref_unknown",
            "/signers role_not_allowed",
        ]
    );
    assert_eq!(api.size(), size);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_learns_nothing_but_that_the_signature_is_not_good() {
    let Some(api) = Api::start().await else { return };
    let mut record = draft(Kind::Declaration, &["US/centre/404"], declaring("C9"));
    record.refs = vec![countersign::hash::Hash::of(b"nothing")];
    record.anchor.size = 2;
    record.id = Uuid::from_u128(0x01a1_b2c3_0000_7000_8000_ffff_ffff_ffff);
    let problem = api.post(&signed(&record)).await.problem(422, "key_unknown");
    assert_eq!(errors(&problem), ["/signers/0 key_unknown"]);
    let lines = Signed::parse(signed(&record).as_bytes()).expect("a record").lines;
    let mut broken = lines.clone();
    broken[0].blob.truncate(63);
    let problem = api.post(&assemble(&record.text(ORIGIN), &broken)).await.problem(422, "key_unknown");
    assert_eq!(errors(&problem), ["/signers/0 key_unknown"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_had_a_key_never_gets_another() {
    let Some(api) = Api::start().await else { return };
    api.record(&registration("RU/leader/07")).await;
    let other = Signer::from_seed("RU/leader/07", KeyKind::Ed25519, [3; 32]).expect("a key");
    let renewed = || {
        let record = draft(Kind::KeyRegistration, &["RU/root/1", "RU/leader/07"], registering(&other, |_| {}));
        sign(&record.text(ORIGIN), &[&key("RU/root/1"), &other]).expect("signs")
    };
    api.post(&renewed()).await.problem(422, "key_name_taken");
    api.record(&revocation("RU/leader/07")).await;
    api.post(&renewed()).await.problem(422, "key_name_taken");
}
