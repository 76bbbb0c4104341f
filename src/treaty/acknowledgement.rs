//! `acknowledgement`: a centre has the notification before it.
//!
//! It says that somebody read the records that its references name, and nothing about their content. The ledger's own
//! receipt comes at once; this is the watch officer's.
//!
//! Deliberately absent: agreement.

use super::admit::Case;
use super::party::Text;
use super::refusal::{Refusal, Refused};

crate::body! {
    /// The body of an `acknowledgement`.
    pub struct Acknowledgement {
        /// A remark.
        remark: Option<Text>,
    }
}

impl Acknowledgement {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_own_centre(refused);
        let others = |digest| {
            let index = case.register.index_of(digest)?;
            case.register.fact(index).filter(|fact| fact.party != case.header.party)
        };
        if !case.header.refs.iter().any(|digest| others(digest).is_some()) {
            refused.push(Refused::new(Refusal::TargetMissing, "/refs", "a record of another state"));
        }
    }
}
