//! What the Parties claim, answer, ask and postpone.

use countersign::treaty::record::Kind;
use countersign::treaty::refusal::Refusal;
use serde_json::json;

use super::Court;
use super::visits::noted;
use crate::support::claims::{EXCUSES, OF_ONE_PARTY, about, at_slots, saying};
use crate::support::http::now;
use crate::support::records::{amendment, declaring};
use crate::support::visits::after;

const BOTH: &str = "US/centre/1 RU/centre/1";

/// Everything that can be wrong with these kinds, and beside it what is not.
pub async fn claims(court: &mut Court) {
    sides(court).await;
    excuses(court).await;
    lifts_and_replies(court).await;
    postponements(court).await;
    court.refuse(&amendment(2, |body| body["graded"] = json!(["HOST_ACT"])), Refusal::TermsInconsistent, GRADED).await;
}

const GRADED: &str = "/body/graded/0";

/// 4.1 and 5.8: whose word it is, and about what.
async fn sides(court: &mut Court) {
    let visit = court.visit("A1").await;
    for kind in OF_ONE_PARTY.into_iter().filter(|kind| !matches!(kind, Kind::Lift | Kind::ClarificationReply)) {
        for signers in ["RO/centre/1", BOTH, "US/leader/1"] {
            let note = noted(signers, kind, &[visit], saying(kind));
            court.refuse(&note, Refusal::RoleNotAllowed, "/signers").await;
        }
        court.admit(&noted("US/centre/1", kind, &[visit], saying(kind))).await;
        let bare = noted("US/centre/1", kind, &[], saying(kind));
        match kind {
            Kind::Cancellation | Kind::Refusal | Kind::Contest | Kind::Acceptance | Kind::Release => {
                court.refuse(&bare, Refusal::TargetMissing, "/refs").await;
            }
            _ => drop(court.admit(&bare).await),
        }
    }
    for kind in [Kind::JointStatement, Kind::Postponement] {
        court.refuse(&noted("US/centre/1", kind, &[visit], saying(kind)), Refusal::RoleNotAllowed, "/signers").await;
        court.admit(&noted(BOTH, kind, &[visit], saying(kind))).await;
    }
    let ask = |slot: &str| {
        let mut body = saying(Kind::ClarificationRequest);
        body["slot"] = slot.into();
        noted("US/centre/1", Kind::ClarificationRequest, &[], body)
    };
    court.refuse(&ask("C1"), Refusal::SlotUnknown, "/body/slot").await;
    court.admit(&ask("B1")).await;
}

/// 4.1, 5.1 and 5.4: excuses and refusals are the obligor's; a host's objection needs a host.
async fn excuses(court: &mut Court) {
    let (visit, at_home) = (court.visit("A1").await, court.visit("B1").await);
    for kind in EXCUSES.into_iter().chain([Kind::Refusal]) {
        let theirs = noted("RU/centre/1", kind, &[visit], saying(kind));
        court.refuse(&theirs, Refusal::RoleNotAllowed, "/signers").await;
        court.admit(&noted("US/centre/1", kind, &[visit], saying(kind))).await;
    }
    for kind in EXCUSES {
        let at = |signer: &str, slots: &[&str]| noted(signer, kind, &[], at_slots(kind, slots));
        court.refuse(&at("RU/centre/1", &["A1"]), Refusal::RoleNotAllowed, "/signers").await;
        court.refuse(&at("US/centre/1", &["A1", "C1"]), Refusal::SlotUnknown, "/body/slots/1").await;
        court.admit(&at("US/centre/1", &["A1", "A2"])).await;
        let report = |signer: &str| noted(signer, kind, &[visit], about(kind, &["REPORT"]));
        court.refuse(&report("US/centre/1"), Refusal::RoleNotAllowed, "/signers").await;
        court.admit(&report("RU/centre/1")).await;
    }
    let kind = Kind::HostObjection;
    let of_b1 = noted("RU/centre/1", kind, &[], at_slots(kind, &["B1"]));
    court.refuse(&of_b1, Refusal::SlotWithoutHost, "/body/slots/0").await;
    court.refuse(&noted("RU/centre/1", kind, &[at_home], saying(kind)), Refusal::SlotWithoutHost, "/refs").await;
    court.admit(&noted("RU/centre/1", Kind::Exemption, &[at_home], saying(Kind::Exemption))).await;
    for kind in [Kind::Suspension, Kind::Countermeasure] {
        let at = |slots: &[&str]| noted("US/centre/1", kind, &[], at_slots(kind, slots));
        court.refuse(&at(&["C1"]), Refusal::SlotUnknown, "/body/slots/0").await;
        court.admit(&at(&["A1", "B1"])).await;
    }
}

/// 5.8 and 1.4.
async fn lifts_and_replies(court: &mut Court) {
    let visit = court.visit("A1").await;
    let refusal = court.add("US/centre/1", Kind::Refusal, &[visit], json!({})).await;
    let claim = court.add("US/centre/1", Kind::Suspension, &[visit], saying(Kind::Suspension)).await;
    let lift = |signer: &str, refs: &[_]| noted(signer, Kind::Lift, refs, json!({}));
    for refs in [&[][..], &[visit], &[refusal], &[visit, refusal]] {
        court.refuse(&lift("US/centre/1", refs), Refusal::TargetMissing, "/refs").await;
    }
    court.refuse(&lift("RU/centre/1", &[claim]), Refusal::RoleNotAllowed, "/signers").await;
    court.refuse(&lift("RO/centre/1", &[claim]), Refusal::RoleNotAllowed, "/signers").await;
    court.admit(&lift("US/centre/1", &[visit, claim])).await;

    let words = || saying(Kind::ClarificationReply);
    let asked = court.add("RU/centre/1", Kind::ClarificationRequest, &[], saying(Kind::ClarificationRequest)).await;
    let reply = |signer: &str, refs: &[_]| noted(signer, Kind::ClarificationReply, refs, words());
    court.refuse(&reply("US/centre/1", &[visit]), Refusal::TargetMissing, "/refs").await;
    court.refuse(&reply("RU/centre/1", &[asked]), Refusal::TargetMissing, "/refs").await;
    court.refuse(&reply("US/leader/1", &[asked]), Refusal::RoleNotAllowed, "/signers").await;
    let mut ahead = crate::support::ledger::draft(Kind::ClarificationReply, &["US/centre/1"], words());
    ahead.refs = vec![asked];
    ahead.effective_at = Some(after(now(), 60));
    court.refuse(&crate::support::ledger::signed(&ahead), Refusal::FactInFuture, "/effective_at").await;
    court.admit(&reply("US/centre/1", &[asked])).await;
}

/// 5.8 and 5.11.
async fn postponements(court: &mut Court) {
    let visit = court.visit("A1").await;
    let declared = court.add("US/centre/1", Kind::Declaration, &[], declaring("A1")).await;
    let asked = court.add("RU/centre/1", Kind::ClarificationRequest, &[], saying(Kind::ClarificationRequest)).await;
    let (eta, due_at) = (json!({ "eta": "2026-04-01T00:00:00Z" }), saying(Kind::Postponement));
    let both = json!({ "eta": "2026-04-01T00:00:00Z", "due_at": "2026-04-01T00:00:00Z" });
    let moved = |refs: &[_], body: &serde_json::Value| noted(BOTH, Kind::Postponement, refs, body.clone());
    for body in [json!({}), both] {
        court.refuse(&moved(&[visit], &body), Refusal::PostponementDate, "/body").await;
    }
    court.refuse(&moved(&[asked], &eta), Refusal::PostponementDate, "/body/eta").await;
    court.refuse(&moved(&[declared], &due_at), Refusal::TargetMissing, "/refs").await;
    court.refuse(&moved(&[], &due_at), Refusal::TargetMissing, "/refs").await;
    for (named, body) in [(visit, &eta), (visit, &due_at), (asked, &due_at)] {
        court.admit(&moved(&[named], body)).await;
    }
}
