//! `inspector_list`: whom a Party may send.
//!
//! A newer list takes the place of the one before. Inspectors are named by codes; who they are is exchanged by other
//! means. The other Party may object to some of them within the limit ([`super::inspector_objection`]).
//!
//! Deliberately absent: names and passports.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::admit::Case;
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Listed, Register};
use super::shape::{Code, List};

/// The code of an inspector.
pub type Inspector = Code<64>;

crate::body! {
    /// An inspector.
    pub struct Listing {
        /// The code by which requests name the inspector.
        code: Inspector,
        /// The languages that the inspector speaks (BCP 47).
        languages: List<Code<16>, 0, 16>,
    }
}

crate::body! {
    /// The body of an `inspector_list`.
    pub struct InspectorList {
        /// Everybody who may be sent from now on.
        inspectors: List<Listing, 0, 400>,
    }
}

impl InspectorList {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by_centre_of_party(refused);
        let mut codes = BTreeSet::new();
        for (i, listing) in self.inspectors.0.iter().enumerate() {
            if !codes.insert(listing.code.0.as_str()) {
                let pointer = format!("/body/inspectors/{i}/code");
                refused.push(Refused::new(Refusal::ItemRepeated, pointer, listing.code.0.as_str()));
            }
        }
    }

    /// Notes the list.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        let codes = self.inspectors.0.iter().map(|listing| Arc::from(listing.code.0.as_str())).collect();
        let (index, effect) = (applied.index, applied.effect());
        register.put_list(applied.header.party, Listed { index, effect, codes, objected: BTreeMap::new() });
    }
}
