//! Who may claim, answer, ask and postpone; and that nothing is refused for being unwelcome, late or without effect.

use countersign::replica::Replica;
use countersign::treaty::admit::Signatures;
use countersign::treaty::party::Slot;
use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::support::claims::{EXCUSES, OF_ONE_PARTY, about, at_slots, saying};
use super::support::fold::Fold;
use super::support::records::{amendment, changing, designating, slots};
use super::support::visits::{after, stepping};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const BOTH: &str = "US/centre/1 RU/centre/1";

/// A ledger with a visit to A1 (the US is inspected) and one record of every kind by which something is owed.
struct Scene {
    fold: Fold,
    designated: u64,
    consented: u64,
    visit: u64,
    named: u64,
    started: u64,
    ended: u64,
    report: u64,
    changed: u64,
    asked: u64,
    invited: u64,
    other: u64,
    read: u64,
}

impl Scene {
    fn new() -> Scene {
        let mut fold = Fold::in_force();
        let size = fold.register().size();
        let (designated, consented) = (size - 5, size - 3);
        let visit = fold.request("A1");
        fold.wait(3 * DAY);
        let now = fold.now;
        let mut step = |name, ago: i64| fold.step("RU/leader/1", visit, name, after(now, -ago * HOUR));
        let (named, started, ended) = (step("site_named", 9), step("start", 7), step("end", 2));
        let report = fold.report(visit, now);
        let changed = fold.add("US/centre/1", Kind::DataChange, &[], changing("A1"));
        let ask = |kind| saying(kind);
        let asked = fold.add("RU/centre/1", Kind::ClarificationRequest, &[], ask(Kind::ClarificationRequest));
        let invited = fold.add("RU/centre/1", Kind::ConsultationRequest, &[], ask(Kind::ConsultationRequest));
        let other = fold.request("B1");
        let read = fold.add("RO/centre/1", Kind::Acknowledgement, &[visit], json!({}));
        Scene {
            fold,
            designated,
            consented,
            visit,
            named,
            started,
            ended,
            report,
            changed,
            asked,
            invited,
            other,
            read,
        }
    }

    /// Every reason against a record, which is not kept.
    fn tried(&self, signers: &str, kind: Kind, refs: &[u64], body: Value) -> Vec<String> {
        self.fold.clone().offer(signers, kind, refs, body).err().unwrap_or_default()
    }

    /// Which of the Parties may say this of these records; the other is told that it is not its to say.
    fn who(&self, kind: Kind, refs: &[u64], body: &Value) -> Vec<&'static str> {
        let may = |side: &&str| {
            let reasons = self.tried(&format!("{side}/centre/1"), kind, refs, body.clone());
            assert!(reasons.is_empty() || reasons == ["role_not_allowed@/signers"], "{kind} {refs:?}: {reasons:?}");
            reasons.is_empty()
        };
        ["US", "RU"].into_iter().filter(may).collect()
    }
}

/// References with which the US centre may make a record of the kind.
fn lawful(scene: &mut Scene, kind: Kind) -> Vec<u64> {
    match kind {
        Kind::Lift => vec![scene.fold.add("US/centre/1", Kind::Suspension, &[], saying(Kind::Suspension))],
        Kind::ClarificationReply => vec![scene.asked],
        _ => vec![scene.visit],
    }
}

#[test]
fn one_centre_of_a_party_signs_what_one_side_says() {
    for kind in OF_ONE_PARTY {
        let mut scene = Scene::new();
        let refs = lawful(&mut scene, kind);
        assert_eq!(scene.tried("US/centre/1", kind, &refs, saying(kind)), [""; 0], "{kind}");
        for signers in ["US/leader/1", "US/escort/1", "RO/centre/1", BOTH, "RU/centre/1 US/centre/1"] {
            let reasons = scene.tried(signers, kind, &refs, saying(kind));
            assert!(reasons.contains(&"role_not_allowed@/signers".to_owned()), "{kind} by {signers}: {reasons:?}");
            let once = reasons.iter().filter(|reason| reason.starts_with("role_not_allowed")).count();
            assert_eq!(once, 1, "{kind} by {signers}");
        }
    }
}

#[test]
fn a_centre_of_each_party_signs_what_both_say_in_any_order() {
    let scene = Scene::new();
    for kind in [Kind::JointStatement, Kind::Postponement] {
        for signers in [BOTH, "RU/centre/1 US/centre/1"] {
            assert_eq!(scene.tried(signers, kind, &[scene.visit], saying(kind)), [""; 0], "{kind}");
        }
        for signers in ["US/centre/1", "RU/centre/1", "US/centre/1 RU/leader/1", "RU/centre/1 US/centre/1 RO/centre/1"]
        {
            let reasons = scene.tried(signers, kind, &[scene.visit], saying(kind));
            assert_eq!(reasons, ["role_not_allowed@/signers"], "{kind} by {signers}");
        }
    }
}

#[test]
fn an_answer_names_a_record_and_other_words_need_not() {
    let scene = Scene::new();
    for kind in OF_ONE_PARTY {
        let reasons = scene.tried("US/centre/1", kind, &[], saying(kind));
        let answers = [
            Kind::Cancellation,
            Kind::Refusal,
            Kind::Lift,
            Kind::Contest,
            Kind::Acceptance,
            Kind::ClarificationReply,
            Kind::Release,
        ];
        let expected: &[&str] = if answers.contains(&kind) { &["target_missing@/refs"] } else { &[] };
        assert_eq!(reasons, expected, "{kind}");
    }
    assert_eq!(scene.tried(BOTH, Kind::JointStatement, &[], saying(Kind::JointStatement)), [""; 0]);
}

#[test]
fn an_excuse_or_a_refusal_is_the_obligors() {
    let scene = Scene::new();
    let (us, ru, both): (&[&str], &[&str], &[&str]) = (&["US"], &["RU"], &["US", "RU"]);
    for kind in EXCUSES.into_iter().chain([Kind::Refusal]) {
        for (refs, expected) in [
            (vec![scene.visit], us),
            (vec![scene.named], us),
            (vec![scene.visit, scene.named], us),
            (vec![scene.ended], ru),
            (vec![scene.visit, scene.ended], ru),
            (vec![scene.started], &[]),
            (vec![scene.report], us),
            (vec![scene.changed], us),
            (vec![scene.designated], us),
            (vec![scene.consented], us),
            (vec![scene.asked], us),
            (vec![scene.invited], us),
            (vec![scene.asked, scene.ended], both),
            // Something is owed by the intent alone, with or without a record of its visit.
            (vec![scene.visit, scene.read], us),
            (vec![scene.visit, 0], us),
            // Nothing is owed by these.
            (vec![0], both),
        ] {
            assert_eq!(scene.who(kind, &refs, &saying(kind)), expected, "{kind} {refs:?}");
        }
    }
    for kind in EXCUSES.into_iter().filter(|kind| *kind != Kind::HostObjection).chain([Kind::Refusal]) {
        assert_eq!(scene.who(kind, &[scene.other], &saying(kind)), ru, "{kind}: B1 is in Russia");
    }
}

#[test]
fn the_kinds_that_an_excuse_names_say_whose_it_is() {
    let mut scene = Scene::new();
    let mine = scene.fold.add("US/centre/1", Kind::ClarificationRequest, &[], saying(Kind::ClarificationRequest));
    let (us, ru, both, none): (&[&str], &[&str], &[&str], &[&str]) = (&["US"], &["RU"], &["US", "RU"], &[]);
    for (named, kinds, expected) in [
        (scene.visit, &["ADMIT"][..], us),
        (scene.visit, &["FREEZE"], us),
        (scene.visit, &["ACCESS"], us),
        (scene.visit, &["OPENING"], us),
        (scene.visit, &["RECEIPT"], us),
        (scene.visit, &["ACK"], us),
        (scene.visit, &["REPORT"], ru),
        (scene.visit, &["REPORT", "ADMIT"], both),
        (scene.visit, &["CLARIFY"], both),
        (scene.visit, &["CONSULT"], both),
        (scene.visit, &["BASELINE", "DATA_CHANGE", "HOST_ACT"], none),
        (scene.named, &["FREEZE"], us),
        (scene.named, &["ACCESS"], us),
        (scene.named, &["OPENING"], us),
        (scene.named, &["ADMIT", "REPORT", "ACK"], none),
        (scene.ended, &["REPORT"], ru),
        (scene.ended, &["FREEZE", "ACCESS", "OPENING", "RECEIPT"], none),
        (scene.report, &["RECEIPT"], us),
        (scene.report, &["REPORT"], none),
        (scene.changed, &["DATA_CHANGE"], us),
        (scene.changed, &["ACK"], ru),
        (scene.changed, &["BASELINE"], none),
        (scene.designated, &["BASELINE"], us),
        (scene.designated, &["ACK"], us),
        (scene.consented, &["BASELINE"], us),
        (scene.consented, &["ACK"], none),
        (scene.asked, &["CLARIFY"], us),
        (scene.asked, &["CONSULT"], none),
        (scene.invited, &["CONSULT"], us),
        (mine, &["CLARIFY"], ru),
    ] {
        let kind = Kind::Exemption;
        assert_eq!(scene.who(kind, &[named], &about(kind, kinds)), expected, "{kinds:?} of entry {named}");
    }
}

#[test]
fn nobody_owes_a_host_an_acknowledgement() {
    let mut fold = Fold::with_terms(|body| body["slots"]["A1"]["designated_by"] = "RO".into());
    let named = fold.add("RO/centre/1", Kind::Designation, &[], designating("A1", "designate"));
    let mut excuse = |kinds: &[&str]| {
        fold.offer("US/centre/1", Kind::Exemption, &[named], about(Kind::Exemption, kinds)).map(|_| ())
    };
    assert_eq!(excuse(&["ACK"]), Err(vec!["role_not_allowed@/signers".to_owned()]));
    assert_eq!(excuse(&["BASELINE"]), Ok(()));
}

#[test]
fn an_excuse_at_slots_is_that_of_the_party_inspected_at_all_of_them() {
    let scene = Scene::new();
    for kind in EXCUSES.into_iter().filter(|kind| *kind != Kind::HostObjection) {
        assert_eq!(scene.who(kind, &[], &at_slots(kind, &["A1", "A2"])), ["US"], "{kind}");
        assert_eq!(scene.who(kind, &[], &at_slots(kind, &["B2"])), ["RU"], "{kind}");
        assert_eq!(scene.who(kind, &[], &at_slots(kind, &["A1", "B1"])), [""; 0], "{kind}");
        assert_eq!(scene.who(kind, &[scene.other], &at_slots(kind, &["A1"])), [""; 0], "{kind}: both are looked at");
        let reasons = scene.tried("US/centre/1", kind, &[], at_slots(kind, &["A1", "C1"]));
        assert_eq!(reasons, ["slot_unknown@/body/slots/1"], "{kind}");
    }
}

#[test]
fn a_milestone_is_what_its_newest_correction_says() {
    let mut scene = Scene::new();
    let kind = Kind::Exemption;
    assert_eq!(scene.who(kind, &[scene.started], &saying(kind)), [""; 0]);
    let renamed = super::support::visits::correcting(scene.fold.digest(scene.started), |body| {
        body["body"] = stepping("site_named");
    });
    scene.fold.add("RU/leader/1", Kind::Correction, &[], renamed);
    assert_eq!(scene.who(kind, &[scene.started], &saying(kind)), ["US"]);
}

#[test]
fn a_host_objection_is_about_slots_that_have_a_host() {
    let mut scene = Scene::new();
    let kind = Kind::HostObjection;
    assert_eq!(scene.tried("US/centre/1", kind, &[], at_slots(kind, &["A1", "A2"])), [""; 0]);
    let b2 = scene.tried("RU/centre/1", kind, &[], at_slots(kind, &["B2"]));
    assert_eq!(b2, ["slot_without_host@/body/slots/0"]);
    let mixed = scene.tried("US/centre/1", kind, &[], at_slots(kind, &["A1", "B1"]));
    assert_eq!(mixed, ["role_not_allowed@/signers", "slot_without_host@/body/slots/1"]);
    let visit = scene.tried("RU/centre/1", kind, &[scene.other], saying(kind));
    assert_eq!(visit, ["slot_without_host@/refs"]);
    let step = scene.fold.step("US/leader/1", scene.other, "site_named", scene.fold.now);
    for refs in [&[step][..], &[scene.other, step]] {
        assert_eq!(scene.tried("RU/centre/1", kind, refs, saying(kind)), ["slot_without_host@/refs"]);
    }
}

#[test]
fn a_withholding_is_about_slots_that_the_terms_have_and_about_whatever_else_it_says() {
    let scene = Scene::new();
    for kind in [Kind::Suspension, Kind::Countermeasure] {
        for refs in [&[][..], &[scene.visit], &[scene.ended], &[scene.other], &[0]] {
            assert_eq!(scene.who(kind, refs, &saying(kind)), ["US", "RU"], "{kind} {refs:?}");
            assert_eq!(scene.who(kind, refs, &at_slots(kind, &["A1", "B1"])), ["US", "RU"], "{kind} {refs:?}");
        }
        let reasons = scene.tried("US/centre/1", kind, &[], at_slots(kind, &["C1", "A1", "C2"]));
        assert_eq!(reasons, ["slot_unknown@/body/slots/0", "slot_unknown@/body/slots/2"], "{kind}");
    }
}

#[test]
fn a_lift_names_claims_of_the_same_party() {
    let mut scene = Scene::new();
    let kind = Kind::Lift;
    let add = |scene: &mut Scene, side: &str, kind, refs: &[u64]| {
        scene.fold.add(&format!("{side}/centre/1"), kind, refs, saying(kind))
    };
    let theirs = add(&mut scene, "RU", Kind::Suspension, &[]);
    let visit = scene.visit;
    let refused = add(&mut scene, "US", Kind::Refusal, &[visit]);
    for claim in EXCUSES.into_iter().chain([Kind::Suspension, Kind::Countermeasure]) {
        let mine = add(&mut scene, "US", claim, &[visit]);
        for refs in [&[mine][..], &[scene.visit, mine], &[mine, refused], &[0, mine]] {
            assert_eq!(scene.who(kind, refs, &saying(kind)), ["US"], "{claim} {refs:?}");
        }
        for refs in [&[mine, theirs][..], &[scene.visit, theirs, mine]] {
            assert_eq!(scene.who(kind, refs, &saying(kind)), [""; 0], "{claim} {refs:?}");
        }
    }
    for refs in [&[scene.visit][..], &[refused], &[scene.visit, refused], &[0]] {
        assert_eq!(scene.tried("US/centre/1", kind, refs, saying(kind)), ["target_missing@/refs"], "{refs:?}");
    }
}

#[test]
fn a_reply_names_a_request_of_the_other_party() {
    let mut scene = Scene::new();
    let kind = Kind::ClarificationReply;
    for refs in [&[scene.asked][..], &[scene.visit, scene.asked]] {
        assert_eq!(scene.tried("US/centre/1", kind, refs, saying(kind)), [""; 0]);
        assert_eq!(scene.tried("RU/centre/1", kind, refs, saying(kind)), ["target_missing@/refs"], "its own");
    }
    for refs in [&[scene.invited][..], &[scene.visit]] {
        assert_eq!(scene.tried("US/centre/1", kind, refs, saying(kind)), ["target_missing@/refs"]);
    }
    let mut reply = scene.fold.draft(&["US/centre/1"], kind, &[scene.asked], saying(kind));
    reply.effective_at = Some(after(scene.fold.now, 1));
    assert_eq!(scene.fold.send(reply.clone()), Err(vec!["fact_in_future@/effective_at".to_owned()]));
    reply.effective_at = Some(scene.fold.now);
    scene.fold.send(reply).expect("a reply");
}

#[test]
fn claims_answers_and_statements_may_lie_ahead() {
    for kind in OF_ONE_PARTY.into_iter().filter(|kind| *kind != Kind::ClarificationReply) {
        let mut scene = Scene::new();
        let refs = lawful(&mut scene, kind);
        let mut ahead = scene.fold.draft(&["US/centre/1"], kind, &refs, saying(kind));
        ahead.effective_at = Some(after(scene.fold.now, DAY));
        scene.fold.send(ahead).unwrap_or_else(|reasons| panic!("{kind}: {reasons:?}"));
    }
}

#[test]
fn a_postponement_moves_one_date_of_something_that_is_owed() {
    let scene = Scene::new();
    let kind = Kind::Postponement;
    let eta = json!({ "eta": "2026-04-01T00:00:00Z" });
    let owed = [
        scene.visit,
        scene.named,
        scene.report,
        scene.changed,
        scene.designated,
        scene.consented,
        scene.asked,
        scene.invited,
    ];
    for named in owed {
        assert_eq!(scene.tried(BOTH, kind, &[named], saying(kind)), [""; 0], "entry {named}");
        let expected: &[&str] = if named == scene.visit { &[] } else { &["postponement_date@/body/eta"] };
        assert_eq!(scene.tried(BOTH, kind, &[named], eta.clone()), expected, "entry {named}");
    }
    assert_eq!(scene.tried(BOTH, kind, &[scene.visit, scene.named], eta.clone()), [""; 0]);
    assert_eq!(scene.tried(BOTH, kind, &[0], saying(kind)), ["target_missing@/refs"]);
    assert_eq!(scene.tried(BOTH, kind, &[], saying(kind)), ["target_missing@/refs"]);
    assert_eq!(scene.tried(BOTH, kind, &[scene.visit], json!({})), ["postponement_date@/body"]);
    let mut two = eta;
    two["due_at"] = "2026-04-02T00:00:00Z".into();
    assert_eq!(scene.tried(BOTH, kind, &[scene.visit], two), ["postponement_date@/body"]);
}

#[test]
fn a_question_about_a_slot_is_about_one_that_the_terms_have() {
    let mut scene = Scene::new();
    let kind = Kind::ClarificationRequest;
    let mut body = saying(kind);
    body["ambiguity"] = "AM-404".into();
    body["slot"] = "C1".into();
    assert_eq!(scene.tried("US/centre/1", kind, &[], body.clone()), ["slot_unknown@/body/slot"]);
    body["slot"] = "B1".into();
    let asked = scene.fold.add("US/centre/1", kind, &[], body);
    assert_eq!(scene.fold.register().fact(asked).expect("an entry").slot, Slot::parse("B1"));
}

#[test]
fn a_claim_at_one_slot_stands_at_that_slot() {
    let mut scene = Scene::new();
    let mut slot_of = |kind, slots: &[&str]| {
        let index = scene.fold.add("US/centre/1", kind, &[], at_slots(kind, slots));
        scene.fold.register().fact(index).expect("an entry").slot.map(|slot| slot.to_string())
    };
    for kind in EXCUSES.into_iter().chain([Kind::Suspension, Kind::Countermeasure]) {
        assert_eq!(slot_of(kind, &["A2"]).as_deref(), Some("A2"), "{kind}");
        assert_eq!(slot_of(kind, &["A1", "A2"]), None, "{kind}");
    }
}

#[test]
fn a_condition_that_the_terms_do_not_have_is_recorded() {
    let scene = Scene::new();
    let body = json!({ "name": "the-weather", "state": "MET" });
    assert_eq!(scene.tried("RU/centre/1", Kind::Precondition, &[], body), [""; 0]);
}

#[test]
fn each_notice_of_a_party_is_acknowledged_in_time_or_late() {
    let owed = [
        Kind::Cancellation,
        Kind::ForceMajeure,
        Kind::Exemption,
        Kind::HostObjection,
        Kind::AccessOffered,
        Kind::Refusal,
        Kind::Suspension,
        Kind::Countermeasure,
        Kind::Lift,
        Kind::ClarificationRequest,
        Kind::ConsultationRequest,
    ];
    for kind in OF_ONE_PARTY {
        let mut scene = Scene::new();
        let refs = lawful(&mut scene, kind);
        let notice = scene.fold.add("US/centre/1", kind, &refs, saying(kind));
        scene.fold.wait(HOUR);
        let read = scene.fold.add("RU/centre/1", Kind::Acknowledgement, &[notice], json!({}));
        assert_eq!(scene.fold.late(read), [], "{kind}");
        scene.fold.wait(9);
        let read = scene.fold.add("RU/centre/1", Kind::Acknowledgement, &[notice], json!({}));
        let expected: &[(&str, u64)] = if owed.contains(&kind) { &[("ack", 9)] } else { &[] };
        assert_eq!(scene.fold.late(read), expected, "{kind}");
    }
}

#[test]
fn every_entry_is_judged_by_the_terms_of_its_day() {
    let mut fold = Fold::in_force();
    let kind = Kind::ForceMajeure;
    let at_b2 = fold.add("RU/centre/1", kind, &[], at_slots(kind, &["B2"]));
    let named = fold.add("US/centre/1", Kind::Designation, &[], designating("B2", "designate"));
    let fewer = |body: &mut Value| {
        body["slots"] = slots();
        body["slots"].as_object_mut().expect("slots").remove("B2");
        // Who inspects A2 is turned round, so that Russia is inspected there.
        body["slots"]["A2"]["inspecting"] = "US".into();
        body["slots"]["A2"]["inspected"] = "RU".into();
    };
    fold.add("US/centre/1", kind, &[], at_slots(kind, &["A2"]));
    fold.post(&amendment(2, fewer)).expect("an amendment");
    let refused = fold.clone().offer("RU/centre/1", kind, &[], at_slots(kind, &["B2"]));
    assert_eq!(refused, Err(vec!["slot_unknown@/body/slots/0".to_owned()]));
    let refused = fold.clone().offer("US/centre/1", kind, &[], at_slots(kind, &["A2"]));
    assert_eq!(refused, Err(vec!["role_not_allowed@/signers".to_owned()]));
    fold.add("RU/centre/1", kind, &[], at_slots(kind, &["A2"]));
    // What was owed at a slot that is no more can still be claimed about, by whoever owed it.
    fold.add("RU/centre/1", Kind::Exemption, &[named], saying(Kind::Exemption));
    let refused = fold.clone().offer("US/centre/1", Kind::Exemption, &[named], saying(Kind::Exemption));
    assert_eq!(refused, Err(vec!["role_not_allowed@/signers".to_owned()]));
    fold.add("RU/centre/1", Kind::Lift, &[at_b2], saying(Kind::Lift));
    let mut again = Replica::default();
    for bytes in fold.entries() {
        again.replay(bytes.as_bytes(), Signatures::Check).expect("the rules of the day admit it");
    }
    assert_eq!(again.head(), fold.replica.head());
}

#[test]
fn what_a_host_owes_is_never_graded() {
    let mut fold = Fold::in_force();
    let graded = |kinds: Value| amendment(2, |body| body["graded"] = kinds);
    let refused = fold.post(&graded(json!(["ADMIT", "HOST_ACT"])));
    assert_eq!(refused, Err(vec!["terms_inconsistent@/body/graded/1".to_owned()]));
    let all =
        ["BASELINE", "DATA_CHANGE", "ACK", "ADMIT", "FREEZE", "ACCESS", "REPORT", "RECEIPT", "CLARIFY", "CONSULT"];
    fold.post(&graded(json!([&all[..], &["OPENING"]].concat()))).expect("an amendment");
}
