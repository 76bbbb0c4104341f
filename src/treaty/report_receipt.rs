//! `report_receipt`: the escort has the report. It acknowledges, and does not approve.
//!
//! Three answers: acknowledged, acknowledged with comments, or declined with a reason. It is due within an hour of the
//! hand-over; a later one is recorded and shown as late.
//!
//! Deliberately absent: agreement with what the report says.

use super::admit::Case;
use super::party::{Role, Text};
use super::record::Kind;
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Register};

crate::one_of! {
    /// What the escort answers.
    pub enum ReceiptResult {
        /// The report was received.
        Acknowledged = "acknowledged",
        /// The report was received, and there is something to say about it.
        WithComments = "acknowledged_with_comments",
        /// The escort does not sign for it.
        Declined = "declined",
    }
}

crate::body! {
    /// The body of a `report_receipt`.
    pub struct ReportReceipt {
        /// What the escort answers.
        result: ReceiptResult,
        /// The inspected side's own comments.
        comments: Option<Text>,
        /// Why it is declined.
        reason: Option<Text>,
    }
}

impl ReportReceipt {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let Some(visit) = case.visit(refused) else { return };
        case.signed_by(&[(visit.inspected, Role::Escort)], refused);
        let report = case.named(Kind::Report).filter(|index| visit.reports.iter().any(|report| report.index == *index));
        if report.is_none() {
            refused.push(Refused::new(Refusal::TargetMissing, "/refs", Kind::Report.as_str()));
        }
        self.agrees(refused);
    }

    /// Comments and reasons stand where the result has them, also in a correction of a receipt.
    pub fn agrees(&self, refused: &mut Vec<Refused>) {
        let comments_fit = match self.result {
            ReceiptResult::Acknowledged => self.comments.is_none(),
            ReceiptResult::WithComments => self.comments.is_some(),
            ReceiptResult::Declined => true,
        };
        if !comments_fit || self.reason.is_some() != (self.result == ReceiptResult::Declined) {
            refused.push(Refused::new(Refusal::ReceiptIncomplete, "/body/result", self.result.as_str()));
        }
    }

    /// Adds the receipt to its visit.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        let report = applied
            .header
            .refs
            .iter()
            .filter_map(|digest| register.index_of(digest))
            .find(|&index| register.fact(index).is_some_and(|fact| fact.kind == Kind::Report));
        let (index, result) = (applied.index, self.result);
        if let (Some(report), Some(visit)) = (report, applied.visit(register)) {
            visit.receipts.push_back(super::visit::Receipt { index, report, result });
        }
    }
}
