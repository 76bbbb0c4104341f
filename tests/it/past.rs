//! The register as it stood: a past of n entries answers as a register that holds the first n entries alone.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use countersign::hash::Hash;
use countersign::treaty::party::{Party, Slot};
use countersign::treaty::past::Past;
use countersign::treaty::record::Kind;
use countersign::treaty::register::Register;
use countersign::treaty::time::Instant;
use serde_json::json;

use super::support::claims::{OF_ONE_PARTY, saying};
use super::support::fold::{Fold, KEYS};
use super::support::records::{amendment, changing, consenting, declaring, designating, revocation};
use super::support::visits::{
    after, correcting, drawing, intending, listing, objecting, receipting, reporting, stepping,
};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A log in which every kind has its say, some of it twice, ahead of time, late or again.
fn script() -> Fold {
    let mut fold = Fold::in_force();
    fold.add("RU/centre/1 US/centre/1 RO/centre/1", Kind::SiteDiagram, &[], drawing("A1", 1));
    let list = fold.add("RU/centre/1", Kind::InspectorList, &[], listing(&["R-1", "R-2", "R-3"]));
    let mut ahead = fold.draft(&["RU/centre/1"], Kind::InspectorList, &[], listing(&["R-1", "R-4"]));
    ahead.effective_at = Some(after(fold.now, 2 * DAY));
    fold.send(ahead).expect("a list");
    fold.wait(DAY);
    fold.add("US/centre/1", Kind::InspectorObjection, &[list], objecting(&["R-2"]));
    let mut body = intending("A1", after(fold.now, 32 * HOUR));
    body["inspectors"] = json!(["R-1", "R-2"]);
    let refused = fold.add("RU/centre/1", Kind::Intent, &[], body);
    let visit = fold.request("A1");
    fold.wait(7_000);
    fold.add("US/centre/1", Kind::Acknowledgement, &[visit], json!({}));
    fold.add("RO/centre/1", Kind::HostConsent, &[visit], consenting("A1", "visit", "give"));
    fold.add("RU/centre/1", Kind::Designation, &[], designating("A1", "designate"));
    fold.wait(3 * DAY);
    fold.add("US/centre/1", Kind::InspectorObjection, &[list], objecting(&["R-2", "R-3"]));
    inspection(&mut fold, visit);
    assertions(&mut fold, visit);
    let changed = fold.add("US/centre/1", Kind::DataChange, &[], changing("A1"));
    fold.add("RU/centre/1", Kind::Acknowledgement, &[changed], json!({}));
    fold.post(&amendment(2, |body| body["limits"] = json!({ "notice": "1h" }))).expect("an amendment");
    fold.add("RU/centre/1 US/centre/1 RO/centre/1", Kind::SiteDiagram, &[], drawing("A1", 2));
    fold.add("RO/centre/1", Kind::HostConsent, &[], consenting("A1", "standing", "withdraw"));
    fold.add("RU/centre/1", Kind::Designation, &[], designating("A1", "withdraw"));
    let second = fold.request("B1");
    fold.step("US/leader/2", second, "poe_arrival", fold.now);
    fold.step("RU/leader/1", refused, "poe_arrival", fold.now);
    fold
}

/// The steps, reports, receipts and corrections of one visit.
fn inspection(fold: &mut Fold, visit: u64) {
    for (name, ago) in [("poe_arrival", 30), ("site_named", 29), ("restrictions", 20), ("site_arrival", 12)] {
        fold.step("RU/leader/1", visit, name, after(fold.now, -ago * HOUR));
    }
    let ended = fold.step("RU/leader/1 US/escort/1", visit, "end", after(fold.now, -9 * HOUR));
    let moved =
        correcting(fold.digest(ended), |body| body["effective_at"] = after(fold.now, -8 * HOUR).to_string().into());
    fold.add("RU/leader/1 US/escort/1", Kind::Correction, &[visit], moved);
    let report = fold.report(visit, after(fold.now, -4 * HOUR));
    fold.wait(2 * HOUR);
    for result in ["declined", "acknowledged_with_comments"] {
        fold.add("US/escort/1", Kind::ReportReceipt, &[visit, report], receipting(result));
    }
    let declaration = fold.add("US/centre/1", Kind::Declaration, &[], declaring("A1"));
    let body = reporting(fold.digest(declaration), after(fold.now, -5 * HOUR));
    let whole = correcting(fold.digest(report), |correction| correction["body"] = body);
    fold.add("US/centre/1 RU/centre/1", Kind::Correction, &[visit], whole);
    let void = correcting(fold.digest(ended), |body| body["void"] = true.into());
    fold.add("US/centre/1 RU/centre/1", Kind::Correction, &[], void);
    let renamed = correcting(fold.digest(ended), |body| body["body"] = stepping("departure"));
    fold.add("US/escort/1 RU/leader/1", Kind::Correction, &[], renamed);
    fold.report(visit, after(fold.now, -HOUR));
    // A number that is used a second and a third time, and one that leaves others out.
    for number in [1, 1, 1, 99] {
        let mut record = fold.draft(&["PL/centre/1"], Kind::Acknowledgement, &[declaration], json!({}));
        record.number = number;
        fold.post(&super::support::ledger::signed(&record)).expect("an acknowledgement");
    }
    fold.post(&revocation("US/leader/1")).expect("a revocation");
    fold.post(&super::support::ledger::registration("US/leader/2")).expect("a key");
}

/// What the Parties claim, answer and ask.
fn assertions(fold: &mut Fold, visit: u64) {
    for kind in OF_ONE_PARTY {
        let refs = match kind {
            Kind::Lift => fold.register().size() - 1, // the countermeasure
            Kind::ClarificationReply => {
                fold.add("RU/centre/1", Kind::ClarificationRequest, &[], saying(Kind::ClarificationRequest))
            }
            _ => visit,
        };
        fold.add("US/centre/1", kind, &[refs], saying(kind));
    }
    for kind in [Kind::JointStatement, Kind::Postponement] {
        fold.add("US/centre/1 RU/centre/1", kind, &[visit], saying(kind));
    }
}

/// Everything that a past can be asked, with the answers.
fn answers(past: &Past<'_>, digests: &[Hash], times: &BTreeSet<Instant>) -> String {
    let mut all = String::new();
    let mut say = |question: &str, answer: &dyn std::fmt::Debug| writeln!(all, "{question}: {answer:?}").expect("text");
    say("size", &past.size());
    say("last", &past.last_received_at());
    say("terms", &past.terms());
    say("all terms", &past.all_terms().collect::<Vec<_>>());
    say("keys", &past.keys().collect::<Vec<_>>());
    for (index, digest) in (0u64..).zip(digests) {
        say("index", &past.index_of(digest));
        say("fact", &past.fact(index));
        say("reused", &past.is_number_reused(index));
        say("relied on", &past.is_relied_on(index));
        say("corrected", &past.correction_of(index));
        let visit = past.visit_at(index);
        say("visit", &visit.map(|visit| (visit.visit().digest, visit.records().collect::<Vec<_>>())));
    }
    for author in KEYS.iter().chain(&["US/leader/2", "nobody"]) {
        say(author, &past.last_number(author));
    }
    for slot in ["A1", "A2", "B1", "C9"].map(|code| Slot::parse(code).expect("a slot")) {
        say("consents", &past.consents(slot).collect::<Vec<_>>());
        say("data", &past.data(slot).collect::<Vec<_>>());
        say("diagram", &past.diagram(slot));
        for &at in times {
            say("designation", &past.designation(slot, at));
            say("consent", &past.standing_consent(slot, at));
        }
    }
    for party in Party::ALL {
        for &at in times {
            say("list", &past.list(*party, at));
        }
    }
    for visit in past.visits() {
        say("intent", &visit.visit().intent);
        say("steps", &visit.milestones().collect::<Vec<_>>());
        say("reports", &visit.reports().collect::<Vec<_>>());
        say("receipts", &visit.receipts().collect::<Vec<_>>());
    }
    all
}

/// What the register itself says of the same.
fn agree(past: &Past<'_>, folded: &Register, times: &BTreeSet<Instant>) {
    assert_eq!(past.size(), folded.size());
    assert_eq!(past.terms(), folded.terms());
    for index in 0..folded.size() + 1 {
        assert_eq!(past.fact(index), folded.fact(index));
        assert_eq!(past.correction_of(index), folded.correction_of(index).map(|corrected| corrected.index));
        assert_eq!(past.is_relied_on(index), folded.relied_on_since(index).is_some());
    }
    for slot in ["A1", "B1"].map(|code| Slot::parse(code).expect("a slot")) {
        for &at in times {
            assert_eq!(past.designation(slot, at), folded.designation(slot, at));
            assert_eq!(past.standing_consent(slot, at), folded.standing_consent(slot, at));
        }
    }
    for party in [Party::Us, Party::Ru] {
        for &at in times {
            let list = past.list(party, at);
            let stand = list.map(|list| {
                let codes: BTreeSet<String> = list.codes.iter().map(|code| code.to_string()).collect();
                codes.into_iter().filter(|code| !list.objected.contains_key(code.as_str())).collect::<BTreeSet<_>>()
            });
            let accredited = folded.accredited(party, at);
            assert_eq!(stand, accredited.map(|codes| codes.into_iter().map(str::to_owned).collect()));
        }
    }
}

#[test]
fn a_past_of_any_size_answers_as_a_register_of_so_many_entries() {
    let fold = script();
    let digests: Vec<Hash> = (0..fold.register().size()).map(|index| fold.digest(index)).collect();
    let received = (0..fold.register().size()).map(|index| fold.register().fact(index).expect("an entry").received_at);
    let times: BTreeSet<Instant> = received.flat_map(|at| [at, after(at, -1), after(at, 2 * DAY)]).collect();
    let kinds = digests.iter().enumerate().map(|(i, _)| fold.register().fact(i as u64).expect("an entry").kind);
    let kinds: BTreeSet<Kind> = kinds.collect();
    assert_eq!(kinds, Kind::ALL.iter().copied().collect(), "every kind has its say");
    for (size, folded) in (0u64..).zip(&fold.history) {
        let alone = folded.register();
        let past = Past::of(fold.register(), size);
        agree(&past, alone, &times);
        let (ours, theirs) = (answers(&past, &digests, &times), answers(&Past::of(alone, size), &digests, &times));
        let different = ours.lines().zip(theirs.lines()).find(|(ours, theirs)| ours != theirs);
        assert_eq!(different, None, "at size {size}");
        assert_eq!(ours.len(), theirs.len(), "at size {size}");
    }
}

#[test]
fn an_instant_means_the_entries_that_were_received_by_then() {
    let fold = script();
    for (size, folded) in (0u64..).zip(&fold.history).skip(1) {
        let last = folded.last_received_at().expect("an entry");
        let next = fold.register().fact(size).map(|fact| fact.received_at);
        if next != Some(last) {
            assert_eq!(Past::at(fold.register(), last), size);
        }
        assert!(Past::at(fold.register(), after(last, -1)) < size);
    }
    assert_eq!(Past::at(fold.register(), after(fold.now, DAY)), fold.register().size());
    assert_eq!(Past::of(fold.register(), 1_000_000).size(), fold.register().size());
}
