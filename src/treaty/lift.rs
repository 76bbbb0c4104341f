//! `lift`: a Party gives up a claim of its own.
//!
//! It names one or more claims by the same Party. What they covered is owed again, from the lift on.
//!
//! Deliberately absent: the lifting of a refusal, which was never a claim.

use super::admit::Case;
use super::claim::is_claim;
use super::party::Text;
use super::refusal::{Refusal, Refused};

crate::body! {
    /// The body of a `lift`.
    pub struct Lift {
        /// Why.
        reason: Option<Text>,
    }
}

impl Lift {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
        let facts = case.header.refs.iter().filter_map(|digest| case.register.fact(case.register.index_of(digest)?));
        let claims: Vec<_> = facts.filter(|fact| is_claim(fact.kind)).collect();
        if claims.is_empty() {
            refused.push(Refused::new(Refusal::TargetMissing, "/refs", "a claim"));
        } else if let Some(other) = claims.iter().find(|fact| fact.party != case.header.author().party()) {
            case.not_of_this_side(&format!("{}/centre", other.party), refused);
        }
    }
}
