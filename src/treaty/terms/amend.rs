//! Amendments: what both Parties' roots change about the terms, and with them the ledger's own keys.
//!
//! Deliberately absent: the first terms.

use std::sync::Arc;

use super::super::admit::Case;
use super::super::party::{Party, Role};
use super::super::refusal::{Refusal, Refused};
use super::super::register::{Applied, Register};
use super::{Terms, TermsBody, Vkey};

impl Terms {
    /// These terms with an amendment laid over them.
    fn amended(&self, body: &TermsBody) -> Terms {
        let mut terms = self.clone();
        terms.version = body.version.0;
        terms.rules = body.rules.map_or(terms.rules, |rules| rules.0);
        terms.public_log = body.public_log.unwrap_or(terms.public_log);
        terms.ended = body.ended.unwrap_or(terms.ended);
        if let Some(title) = &body.title {
            terms.title = title.clone();
        }
        if let Some(slots) = &body.slots {
            terms.slots = slots.0.clone();
        }
        if let Some(limits) = &body.limits {
            terms.limits = limits.over(&terms.limits);
        }
        if let Some(graded) = &body.graded {
            terms.graded = graded.0.clone();
        }
        if let Some(preconditions) = &body.preconditions {
            terms.preconditions = preconditions.0.clone();
        }
        if let Some(quorum) = &body.quorum {
            terms.quorum = quorum.clone();
        }
        if let Some(until) = &body.log_until {
            for (keys, new) in [(&mut terms.log, &body.log_vkey), (&mut terms.clerk, &body.clerk_vkey)] {
                if let Some(Vkey(new)) = new {
                    keys.change(until.0.unsigned_abs(), new.clone());
                }
            }
        }
        terms
    }
}

impl TermsBody {
    /// The rules of an amendment.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        case.signed_by(&[(Party::Us, Role::Root), (Party::Ru, Role::Root)], refused);
        let next = case.terms.version + 1;
        if self.version.0 != next {
            refused.push(Refused::new(Refusal::TermsVersion, "/body/version", next.to_string()));
        }
        let fixed = [
            ("origin", self.origin.is_some()),
            ("demonstration", self.demonstration.is_some()),
            ("roots", self.roots.is_some()),
            ("succeeds", self.succeeds.is_some()),
        ];
        for (name, _) in fixed.iter().filter(|(_, given)| *given) {
            refused.push(Refused::new(Refusal::TermsFixed, format!("/body/{name}"), ""));
        }
        self.admit_keys(case, refused);
        case.terms.amended(self).contradictions(refused);
    }

    /// The rules of new keys of the ledger: the last size of the old ones is named and has not been signed yet, and no
    /// key was ever one of this ledger.
    fn admit_keys(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let new = [("log_vkey", &self.log_vkey), ("clerk_vkey", &self.clerk_vkey)];
        let least = case.index + 1; // the size of the log with this entry
        let changes = new.iter().any(|(_, vkey)| vkey.is_some());
        let until = self.log_until.as_ref().map(|until| until.0.unsigned_abs());
        if changes != until.is_some() || until.is_some_and(|until| until < least) {
            refused.push(Refused::new(Refusal::LogUntil, "/body/log_until", format!("≥ {least}")));
        }
        for (name, vkey) in new {
            let taken = vkey.as_ref().and_then(|vkey| case.register.name_of_public(vkey.0.public()));
            if let Some(holder) = taken {
                refused.push(Refused::new(Refusal::KeyReused, format!("/body/{name}"), holder));
            }
        }
        if let (Some(Vkey(log)), Some(Vkey(clerk))) = (&self.log_vkey, &self.clerk_vkey)
            && log.public() == clerk.public()
        {
            refused.push(Refused::new(Refusal::KeyReused, "/body/clerk_vkey", log.name()));
        }
    }

    /// Puts the amended terms in force.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        if let Some(terms) = register.terms() {
            let amended = terms.amended(self);
            register.put_terms(applied.index, Arc::new(amended));
        }
    }
}
