//! What the register keeps of reports and of the answers to them.

use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::support::fold::Fold;
use super::support::visits::{after, receipting, reporting};

/// A visit to A1, and a report on it whose claims `change` alters.
fn reported(change: impl FnOnce(&mut Value)) -> (Fold, u64, u64) {
    let mut fold = Fold::in_force();
    let visit = fold.request("A1");
    fold.wait(5 * 86_400);
    let slot = fold.register().visit_at(visit).expect("a visit").slot;
    let declaration = fold.register().slot(slot).expect("a slot").data[0].index;
    let mut body = reporting(fold.digest(declaration), after(fold.now, -60));
    change(&mut body["claims"]);
    let report = fold.add("RU/leader/1", Kind::Report, &[visit], body);
    (fold, visit, report)
}

#[test]
fn a_report_is_kept_with_what_its_findings_add_up_to() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 6] = [
        (|_| {}, "absence_confirmed_sampled"),
        (|claims| claims["C1"]["k"] = 24.into(), "absence_confirmed"),
        (|claims| claims["C6"]["finding"] = "ambiguous".into(), "absence_confirmed_sampled"),
        (|claims| claims["C5"]["finding"] = "not_inspected".into(), "absence_observed"),
        (|claims| claims["C2"]["finding"] = "access_denied".into(), "not_confirmed"),
        (|claims| claims["C6"]["finding"] = "contrary_observed".into(), "contrary_observed"),
    ];
    for (change, roll_up) in cases {
        let (fold, visit, report) = reported(change);
        let reports = &fold.register().visit_at(visit).expect("a visit").reports;
        let kept: Vec<(u64, &str)> = reports.iter().map(|kept| (kept.index, kept.roll_up.as_str())).collect();
        assert_eq!(kept, [(report, roll_up)]);
        assert_eq!(reports[0].ambiguities.iter().map(|id| &**id).collect::<Vec<_>>(), ["AM-1"]);
    }
}

#[test]
fn a_receipt_belongs_to_the_report_that_it_names() {
    let (mut fold, visit, first) = reported(|_| {});
    let second = fold.report(visit, fold.now);
    for (report, result) in [(second, "declined"), (first, "acknowledged"), (second, "acknowledged_with_comments")] {
        fold.add("US/escort/1", Kind::ReportReceipt, &[visit, report], receipting(result));
    }
    let receipts = &fold.register().visit_at(visit).expect("a visit").receipts;
    let kept: Vec<(u64, &str)> = receipts.iter().map(|kept| (kept.report, kept.result.as_str())).collect();
    assert_eq!(kept, [(second, "declined"), (first, "acknowledged"), (second, "acknowledged_with_comments")]);
}

#[test]
fn a_receipt_relies_on_its_report_and_on_nothing_beside_it() {
    let (mut fold, visit, report) = reported(|_| {});
    let step = fold.step("RU/leader/1", visit, "start", fold.now);
    let receipt = fold.add("US/escort/1", Kind::ReportReceipt, &[visit, report, step], receipting("declined"));
    assert_eq!(fold.register().relied_on_since(report), Some(receipt));
    assert_eq!(fold.register().relied_on_since(step), None);
    let read = fold.add("US/centre/1", Kind::Acknowledgement, &[visit, step], json!({}));
    assert_eq!(fold.register().relied_on_since(step), Some(read));
    assert_eq!(fold.register().relied_on_since(visit), None, "the intent only says to which visit it belongs");
}
