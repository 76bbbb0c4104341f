//! `clarification_reply`: a Party answers a request for clarification.
//!
//! It names the request, which is the other Party's. That an answer was given is a fact; whether it suffices is for the
//! one who asked to say, by an `acceptance` or a `contest`.
//!
//! Deliberately absent: any judgement of the answer.

use super::admit::Case;
use super::party::Text;
use super::record::Kind;
use super::refusal::{Refusal, Refused};

crate::body! {
    /// The body of a `clarification_reply`.
    pub struct ClarificationReply {
        /// The answer.
        text: Text,
    }
}

impl ClarificationReply {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
        let requests = (0..case.header.refs.len()).filter_map(|i| case.reference(i, Kind::ClarificationRequest));
        if !requests.into_iter().any(|(_, request)| request.party != case.header.author().party()) {
            refused.push(Refused::new(Refusal::TargetMissing, "/refs", Kind::ClarificationRequest.as_str()));
        }
    }
}
