//! What came after a limit: the last second of each limit is in time, the next one is late by one second.

use countersign::treaty::record::Kind;
use countersign::treaty::time::Instant;
use serde_json::json;

use super::support::claims::saying;
use super::support::fold::Fold;
use super::support::ledger::signed;
use super::support::records::{amendment, changing, declaring, designating};
use super::support::visits::{after, at, correcting, listing, objecting, receipting, reporting, stepping};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Some time after everything that a test reports.
fn much_later(fold: &mut Fold) {
    fold.wait(60 * DAY);
}

/// A visit to A1 that was requested long ago, and its estimated arrival.
fn visit(fold: &mut Fold) -> (u64, Instant) {
    let visit = fold.request("A1");
    let eta = fold.register().visit_at(visit).expect("a visit").eta;
    much_later(fold);
    (visit, eta)
}

/// A step that happened so many seconds after another one.
fn step_after(fold: &mut Fold, first: &str, then: &str, seconds: i64) -> u64 {
    let (visit, eta) = visit(fold);
    let begun = after(eta, -10 * DAY);
    fold.step("RU/leader/1", visit, first, begun);
    fold.step("US/escort/1", visit, then, after(begun, seconds))
}

fn acknowledgement(fold: &mut Fold, extra: i64) -> u64 {
    let declared = fold.add("US/centre/1", Kind::Declaration, &[], declaring("A1"));
    fold.wait(HOUR + extra);
    fold.add("RU/centre/1", Kind::Acknowledgement, &[declared], json!({}))
}

fn data_change(fold: &mut Fold, extra: i64) -> u64 {
    let mut record = fold.draft(&["US/centre/1"], Kind::DataChange, &[], changing("A1"));
    record.effective_at = Some(at("2026-03-02T10:00:00Z"));
    fold.now = after(at("2026-03-07T23:59:59Z"), extra);
    fold.send(record).expect("a data change")
}

fn objection(fold: &mut Fold, extra: i64) -> u64 {
    let list = fold.add("RU/centre/1", Kind::InspectorList, &[], listing(&["R-1"]));
    fold.now = after(at("2026-03-16T23:59:59Z"), extra);
    fold.add("US/centre/1", Kind::InspectorObjection, &[list], objecting(&["R-1"]))
}

fn site_named(fold: &mut Fold, extra: i64) -> u64 {
    step_after(fold, "poe_arrival", "site_named", 4 * HOUR + extra)
}

fn freeze(fold: &mut Fold, extra: i64) -> u64 {
    step_after(fold, "site_named", "restrictions", HOUR + extra)
}

fn access(fold: &mut Fold, extra: i64) -> u64 {
    step_after(fold, "site_named", "site_arrival", DAY + extra)
}

fn admit(fold: &mut Fold, extra: i64) -> u64 {
    let (visit, eta) = visit(fold);
    fold.step("RU/leader/1 US/escort/1", visit, "site_arrival", after(eta, DAY + extra))
}

fn duration(fold: &mut Fold, extra: i64) -> u64 {
    step_after(fold, "start", "end", DAY + extra)
}

fn report(fold: &mut Fold, extra: i64) -> u64 {
    let (visit, eta) = visit(fold);
    fold.step("RU/leader/1", visit, "end", eta);
    fold.report(visit, after(eta, 2 * HOUR + extra))
}

fn lodging(fold: &mut Fold, extra: i64) -> u64 {
    let (visit, eta) = visit(fold);
    fold.step("RU/leader/1", visit, "departure", after(fold.now, -DAY - extra));
    fold.report(visit, eta)
}

fn receipt(fold: &mut Fold, extra: i64) -> u64 {
    let (visit, eta) = visit(fold);
    let report = fold.report(visit, eta);
    fold.wait(HOUR + extra); // handed over weeks ago: the report's own receipt is the later of the two
    fold.add("US/escort/1", Kind::ReportReceipt, &[visit, report], receipting("acknowledged"))
}

/// A reply to a question of this urgency, so many seconds after it.
fn reply(fold: &mut Fold, urgency: &str, seconds: i64) -> u64 {
    let mut body = saying(Kind::ClarificationRequest);
    body["urgency"] = urgency.into();
    let asked = fold.add("US/centre/1", Kind::ClarificationRequest, &[], body);
    fold.wait(seconds);
    fold.add("RU/centre/1", Kind::ClarificationReply, &[asked], saying(Kind::ClarificationReply))
}

fn urgent_reply(fold: &mut Fold, extra: i64) -> u64 {
    reply(fold, "urgent", 48 * HOUR + extra)
}

/// Asked on a day at 12:00, a routine question waits until the last second of the tenth day after it.
fn routine_reply(fold: &mut Fold, extra: i64) -> u64 {
    reply(fold, "routine", 10 * DAY + 12 * HOUR - 1 + extra)
}

#[test]
fn the_last_second_of_each_limit_is_in_time_and_the_next_one_is_late_by_one() {
    type Scene = fn(&mut Fold, i64) -> u64;
    let scenes: [(&str, Scene); 13] = [
        ("ack", acknowledgement),
        ("data_change", data_change),
        ("inspector_objection", objection),
        ("site_named", site_named),
        ("freeze", freeze),
        ("access", access),
        ("admit", admit),
        ("duration", duration),
        ("report", report),
        ("lodging", lodging),
        ("receipt", receipt),
        ("clarify_urgent", urgent_reply),
        ("clarify_routine", routine_reply),
    ];
    for (limit, scene) in scenes {
        for (extra, late) in [(-1, None), (0, None), (1, Some(1)), (90_061, Some(90_061))] {
            let mut fold = Fold::in_force();
            let measured = scene(&mut fold, extra);
            let expected: Vec<(&str, u64)> = late.map(|by| (limit, by)).into_iter().collect();
            assert_eq!(fold.late(measured), expected, "{limit}, {extra} seconds after the limit");
        }
    }
}

#[test]
fn a_site_that_is_reached_after_both_limits_is_late_for_each() {
    let mut fold = Fold::in_force();
    let (visit, eta) = visit(&mut fold);
    fold.step("RU/leader/1", visit, "site_named", after(eta, HOUR));
    let arrived = fold.step("US/escort/1", visit, "site_arrival", after(eta, 26 * HOUR));
    assert_eq!(fold.late(arrived), [("access", 3_600), ("admit", 7_200)]);
}

/// A visit to A1 whose arrival both move by two days, from an instant on; and the arrival as first notified.
fn postponed(fold: &mut Fold, from: Option<Instant>) -> (u64, Instant) {
    let visit = fold.request("A1");
    let eta = fold.register().visit_at(visit).expect("a visit").eta;
    let body = json!({ "eta": after(eta, 2 * DAY).to_string() });
    let mut record = fold.draft(&["US/centre/1", "RU/centre/1"], Kind::Postponement, &[visit], body);
    record.effective_at = from;
    fold.send(record).expect("a postponement");
    much_later(fold);
    (visit, eta)
}

#[test]
fn a_team_is_late_by_the_arrival_that_both_last_agreed_on_when_it_came() {
    for (extra, late) in [(0, vec![]), (1, vec![("admit", 1)])] {
        let mut fold = Fold::in_force();
        let (visit, eta) = postponed(&mut fold, None);
        let arrived = fold.step("RU/leader/1 US/escort/1", visit, "site_arrival", after(eta, 3 * DAY + extra));
        assert_eq!(fold.late(arrived), late);
    }
    // An agreement from a later day on says nothing of a team that came before it, and one that is recorded later
    // changes no flag.
    let mut fold = Fold::in_force();
    let (visit, eta) = postponed(&mut fold, Some(after(at("2026-03-01T12:00:00Z"), 10 * DAY)));
    let arrived = fold.step("RU/leader/1 US/escort/1", visit, "site_arrival", after(eta, DAY + 7));
    assert_eq!(fold.late(arrived), [("admit", 7)]);
    let body = json!({ "eta": after(eta, 20 * DAY).to_string() });
    let mut record = fold.draft(&["US/centre/1", "RU/centre/1"], Kind::Postponement, &[visit], body);
    record.effective_at = Some(eta);
    fold.send(record).expect("a postponement");
    assert_eq!(fold.late(arrived), [("admit", 7)]);
    let again = fold.step("RU/leader/1 US/escort/1", visit, "site_arrival", after(eta, DAY + 8));
    assert_eq!(fold.late(again), [], "by now it is known");
}

#[test]
fn a_postponed_arrival_keeps_the_limit_of_the_request() {
    let mut fold = Fold::in_force();
    let visit = fold.request("A1");
    let eta = fold.register().visit_at(visit).expect("a visit").eta;
    fold.post(&amendment(2, |body| body["limits"] = json!({ "admit": "1h" }))).expect("an amendment");
    let body = json!({ "eta": after(eta, 2 * DAY).to_string() });
    fold.add("US/centre/1 RU/centre/1", Kind::Postponement, &[visit], body);
    much_later(&mut fold);
    let arrived = fold.step("US/escort/1", visit, "site_arrival", after(eta, 3 * DAY));
    assert_eq!(fold.late(arrived), []);
}

#[test]
fn a_reply_to_several_questions_is_as_late_as_for_the_most_overdue_of_each_urgency() {
    let mut fold = Fold::in_force();
    let ask = |fold: &mut Fold, by: &str, urgency: &str| {
        let mut body = saying(Kind::ClarificationRequest);
        body["urgency"] = urgency.into();
        fold.add(by, Kind::ClarificationRequest, &[], body)
    };
    let first = ask(&mut fold, "US/centre/1", "urgent");
    let own = ask(&mut fold, "RU/centre/1", "urgent");
    fold.wait(HOUR);
    let second = ask(&mut fold, "US/centre/1", "urgent");
    fold.wait(48 * HOUR + 5);
    let routine = ask(&mut fold, "US/centre/1", "routine");
    let reply = |fold: &mut Fold, to: &[u64]| {
        let index = fold.add("RU/centre/1", Kind::ClarificationReply, to, saying(Kind::ClarificationReply));
        fold.late(index)
    };
    assert_eq!(reply(&mut fold, &[second, own]), [("clarify_urgent", 5)]);
    assert_eq!(reply(&mut fold, &[second, first, routine]), [("clarify_urgent", 3_605)]);
    assert_eq!(reply(&mut fold, &[routine]), []);
    fold.wait(30 * DAY);
    let late: Vec<&str> = reply(&mut fold, &[routine, own, first]).into_iter().map(|(limit, _)| limit).collect();
    assert_eq!(late, ["clarify_urgent", "clarify_routine"]);
}

#[test]
fn a_question_waits_from_when_it_takes_effect_to_the_receipt_of_the_reply() {
    let mut fold = Fold::in_force();
    let mut record = fold.draft(&["US/centre/1"], Kind::ClarificationRequest, &[], saying(Kind::ClarificationRequest));
    record.body["urgency"] = "urgent".into();
    record.effective_at = Some(after(fold.now, HOUR));
    let asked = fold.send(record).expect("a question");
    fold.wait(49 * HOUR);
    let say = |fold: &mut Fold, from: Option<Instant>| {
        let body = saying(Kind::ClarificationReply);
        let mut record = fold.draft(&["RU/centre/1"], Kind::ClarificationReply, &[asked], body);
        record.effective_at = from;
        let index = fold.send(record).expect("a reply");
        fold.late(index)
    };
    let now = after(at("2026-03-01T12:00:00Z"), 49 * HOUR);
    assert_eq!(say(&mut fold, None), []);
    fold.wait(3);
    assert_eq!(say(&mut fold, Some(now)), [("clarify_urgent", 3)], "nothing is said before it is received");
}

#[test]
fn a_clock_keeps_the_limit_that_was_in_force_when_it_started() {
    let mut fold = Fold::in_force();
    let (first, eta) = visit(&mut fold);
    fold.step("RU/leader/1", first, "end", eta);
    fold.post(&amendment(2, |body| body["limits"] = json!({ "report": "1h", "admit": "1h" }))).expect("an amendment");
    let reported = fold.report(first, after(eta, 2 * HOUR));
    assert_eq!(fold.late(reported), [], "the end came under the old terms");
    let arrived = fold.step("US/escort/1", first, "site_arrival", after(eta, DAY));
    assert_eq!(fold.late(arrived), [], "the request came under the old terms");

    let (second, eta) = visit(&mut fold);
    fold.step("RU/leader/1", second, "end", eta);
    let reported = fold.report(second, after(eta, 2 * HOUR));
    assert_eq!(fold.late(reported), [("report", 3_600)]);
    let arrived = fold.step("US/escort/1", second, "site_arrival", after(eta, DAY));
    assert_eq!(fold.late(arrived), [("admit", 82_800)]);
}

#[test]
fn without_what_a_limit_is_measured_from_nothing_is_late() {
    let mut fold = Fold::in_force();
    let (visit, eta) = visit(&mut fold);
    for name in ["poe_arrival", "site_named", "restrictions", "start", "extension", "end", "departure"] {
        let mut other = Fold::in_force();
        let (visit, eta) = self::visit(&mut other);
        let step = other.step("RU/leader/1", visit, name, after(eta, 20 * DAY));
        assert_eq!(other.late(step), [], "{name}");
    }
    let reported = fold.report(visit, after(eta, 20 * DAY));
    assert_eq!(fold.late(reported), []);
}

#[test]
fn of_several_milestones_of_one_name_the_earliest_counts() {
    let mut fold = Fold::in_force();
    let (visit, eta) = visit(&mut fold);
    fold.step("RU/leader/1", visit, "site_named", after(eta, -10 * HOUR));
    fold.step("RU/leader/1", visit, "site_named", after(eta, -20 * HOUR));
    let frozen = fold.step("US/escort/1", visit, "restrictions", after(eta, -10 * HOUR));
    assert_eq!(fold.late(frozen), [("freeze", 32_400)]);
}

#[test]
fn an_inspection_is_extended_by_both_sides_together_or_each_on_its_own() {
    for (extensions, extended) in [
        (&["RU/leader/1"][..], false),
        (&["US/escort/1"], false),
        (&["RU/leader/1", "RU/leader/1"], false),
        (&["RU/leader/1", "US/escort/1"], true),
        (&["RU/leader/1 US/escort/1"], true),
    ] {
        for (extra, by) in [(0, None), (1, Some(1))] {
            let mut fold = Fold::in_force();
            let (visit, eta) = visit(&mut fold);
            fold.step("RU/leader/1", visit, "start", eta);
            for signers in extensions {
                fold.step(signers, visit, "extension", after(eta, 20 * HOUR));
            }
            let lasts = if extended { 32 * HOUR } else { 24 * HOUR };
            let ended = fold.step("RU/leader/1", visit, "end", after(eta, lasts + extra));
            let expected: Vec<(&str, u64)> = by.map(|by| ("duration", by)).into_iter().collect();
            assert_eq!(fold.late(ended), expected, "{extensions:?}");
        }
    }
}

#[test]
fn an_acknowledgement_of_several_records_is_as_late_as_for_the_most_overdue() {
    let mut fold = Fold::in_force();
    let visit = fold.request("A1");
    fold.wait(HOUR);
    let list = fold.add("RU/centre/1", Kind::InspectorList, &[visit], listing(&["R-1"]));
    fold.wait(HOUR + 7);
    // The intent only says to which visit the acknowledgement belongs.
    let of_the_list = fold.add("US/centre/1", Kind::Acknowledgement, &[visit, list], json!({}));
    assert_eq!(fold.late(of_the_list), [("ack", 7)]);
    let of_both = fold.add("US/centre/1", Kind::Acknowledgement, &[list, visit], json!({}));
    assert_eq!(fold.late(of_both), [("ack", 3_607)]);
    let next = fold.request("A1");
    let of_two_intents = fold.add("US/centre/1", Kind::Acknowledgement, &[visit, list, next], json!({}));
    assert_eq!(fold.late(of_two_intents), [("ack", 3_607)], "where another intent follows, the first is named, too");
    let of_the_intent = fold.add("US/centre/1", Kind::Acknowledgement, &[visit], json!({}));
    assert_eq!(fold.late(of_the_intent), [("ack", 3_607)]);
}

#[test]
fn an_acknowledgement_that_nobody_waits_for_is_never_late() {
    let mut fold = Fold::in_force();
    let (visit, eta) = visit(&mut fold);
    let named = fold.step("RU/leader/1", visit, "site_named", eta);
    let consent = fold.add(
        "RO/centre/1",
        Kind::HostConsent,
        &[visit],
        json!({ "scope": "visit", "slot": "A1", "action": "give" }),
    );
    let declared = fold.add("US/centre/1", Kind::Declaration, &[], declaring("A1"));
    fold.wait(DAY);
    let milestone = fold.add("US/centre/1", Kind::Acknowledgement, &[named], json!({}));
    let hosts = fold.add("US/centre/1", Kind::Acknowledgement, &[consent], json!({}));
    let by_host = fold.add("RO/centre/1", Kind::Acknowledgement, &[declared], json!({}));
    for index in [milestone, hosts, by_host] {
        assert_eq!(fold.late(index), [], "{index}");
    }
}

#[test]
fn what_a_host_notifies_is_acknowledged_whenever_a_party_likes() {
    let mut fold = Fold::with_terms(|body| body["slots"]["A1"]["designated_by"] = "RO".into());
    let named = fold.add("RO/centre/1", Kind::Designation, &[], designating("A1", "designate"));
    fold.wait(DAY);
    let read = fold.add("US/centre/1", Kind::Acknowledgement, &[named], json!({}));
    assert_eq!(fold.late(read), []);
}

#[test]
fn each_receipt_of_a_report_is_measured_on_its_own() {
    let mut fold = Fold::in_force();
    let (visit, _) = visit(&mut fold);
    let report = fold.report(visit, fold.now);
    let declined = fold.add("US/escort/1", Kind::ReportReceipt, &[visit, report], receipting("declined"));
    fold.wait(HOUR + 5);
    let second = fold.add("US/escort/1", Kind::ReportReceipt, &[visit, report], receipting("acknowledged"));
    assert_eq!((fold.late(declined), fold.late(second)), (vec![], vec![("receipt", 5)]));
}

#[test]
fn what_was_corrected_before_is_measured_as_corrected() {
    let mut fold = Fold::in_force();
    let (visit, eta) = visit(&mut fold);
    let named = fold.step("RU/leader/1 US/escort/1", visit, "site_named", eta);
    let moved = correcting(fold.digest(named), |body| body["effective_at"] = after(eta, HOUR).to_string().into());
    fold.add("RU/leader/1 US/escort/1", Kind::Correction, &[visit], moved);
    let frozen = fold.step("US/escort/1", visit, "restrictions", after(eta, 2 * HOUR));
    assert_eq!(fold.late(frozen), [], "the site was named an hour later than first said");
    let renamed = correcting(fold.digest(named), |body| body["body"] = stepping("poe_arrival"));
    fold.add("RU/leader/1 US/escort/1", Kind::Correction, &[visit], renamed);
    let frozen = fold.step("US/escort/1", visit, "restrictions", after(eta, 9 * HOUR));
    assert_eq!(fold.late(frozen), [], "the site was not named at all");
    let restored = correcting(fold.digest(named), |body| body["body"] = stepping("site_named"));
    fold.add("RU/leader/1 US/escort/1", Kind::Correction, &[visit], restored);
    let frozen = fold.step("US/escort/1", visit, "restrictions", after(eta, 2 * HOUR));
    assert_eq!(fold.late(frozen), [("freeze", 3_600)], "the newest correction leaves the time as it was");
    let void = correcting(fold.digest(named), |body| body["void"] = true.into());
    fold.add("US/centre/1 RU/centre/1", Kind::Correction, &[], void);
    let frozen = fold.step("US/escort/1", visit, "restrictions", after(eta, 9 * HOUR));
    assert_eq!(fold.late(frozen), [], "the naming is void");
}

#[test]
fn a_receipt_of_a_corrected_report_is_measured_from_the_corrected_hand_over() {
    let mut fold = Fold::in_force();
    let (visit, _) = visit(&mut fold);
    let handed_over = after(fold.now, -HOUR);
    let report = fold.report(visit, handed_over);
    fold.wait(HOUR);
    let declaration =
        fold.register().slot(fold.register().visit_at(visit).expect("a visit").slot).expect("a slot").data[0].index;
    let body = reporting(fold.digest(declaration), fold.now);
    let moved = correcting(fold.digest(report), |correction| correction["body"] = body);
    fold.add("RU/leader/1 US/escort/1", Kind::Correction, &[visit], moved);
    fold.wait(HOUR);
    let receipt = fold.add("US/escort/1", Kind::ReportReceipt, &[visit, report], receipting("acknowledged"));
    assert_eq!(fold.late(receipt), []);
    let void = correcting(fold.digest(report), |body| body["void"] = true.into());
    fold.add("US/centre/1 RU/centre/1", Kind::Correction, &[], void);
    fold.wait(DAY);
    let receipt = fold.add("US/escort/1", Kind::ReportReceipt, &[visit, report], receipting("acknowledged"));
    assert_eq!(fold.late(receipt), [], "a report that is void waits for no receipt");
}

#[test]
fn a_flag_stands_whatever_comes_later() {
    let mut fold = Fold::in_force();
    let late = freeze(&mut fold, 30);
    let before = fold.register().fact(late).expect("an entry").clone();
    let void = correcting(fold.digest(late), |body| body["void"] = true.into());
    fold.add("US/centre/1 RU/centre/1", Kind::Correction, &[], void);
    fold.post(&signed(&fold.draft(
        &["US/root/1", "RU/root/1"],
        Kind::Terms,
        &[],
        json!({ "version": 2, "limits": { "freeze": "9h" } }),
    )))
    .expect("an amendment");
    assert_eq!(fold.register().fact(late), Some(&before));
    assert_eq!(fold.late(late), [("freeze", 30)]);
}
