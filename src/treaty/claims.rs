//! The six claims of an inspection, and what their findings add up to.
//!
//! C1 absence in launchers, C2 absence on site, C3 no fire control, C4 no support equipment, C5 the inventory matches,
//! C6 the configuration is as declared. Each has a finding, with the coverage k of N.
//!
//! Invariants: a [`RollUp`] never says more than its claims; a sampled C1 is called sampled.
//!
//! Deliberately absent: whether what was found is allowed.
#![expect(non_snake_case, reason = "the members of the signed text are called C1 to C6")]

use super::party::{Name, Text};
use super::shape::Int;

crate::one_of! {
    /// What was found on one claim.
    pub enum Finding {
        /// It is so.
        Confirmed = "confirmed",
        /// It was looked at, and could not be confirmed.
        NotConfirmed = "not_confirmed",
        /// The contrary was seen.
        ContraryObserved = "contrary_observed",
        /// What was seen can be read in more than one way.
        Ambiguous = "ambiguous",
        /// Access was denied.
        AccessDenied = "access_denied",
        /// It was not looked at.
        NotInspected = "not_inspected",
    }
}

crate::body! {
    /// The finding on one claim.
    pub struct Claim {
        /// What was found.
        finding: Finding,
        /// How many were looked at.
        k: Option<Int<0, 1_000_000>>,
        /// Of how many.
        n: Option<Int<1, 1_000_000>>,
        /// How it was looked at.
        method: Name,
        /// How those that were looked at were chosen.
        selection: Option<Name>,
        /// A note.
        note: Option<Text>,
    }
}

crate::body! {
    /// The six claims of an inspection.
    pub struct Claims {
        /// Absence in launchers.
        C1: Claim,
        /// Absence on site.
        C2: Claim,
        /// No fire control for the absent item.
        C3: Claim,
        /// No support equipment for it.
        C4: Claim,
        /// The inventory matches the declaration.
        C5: Claim,
        /// The configuration is as declared.
        C6: Claim,
    }
}

crate::one_of! {
    /// What the findings of a report add up to: the first that applies, in this order.
    pub enum RollUp {
        /// On some claim the contrary was seen.
        ContraryObserved = "contrary_observed",
        /// C1 to C5 are confirmed, every cell having been looked at.
        AbsenceConfirmed = "absence_confirmed",
        /// C1 to C5 are confirmed, C1 by a sample.
        AbsenceConfirmedSampled = "absence_confirmed_sampled",
        /// C1 and C2 are confirmed.
        AbsenceObserved = "absence_observed",
        /// Nothing of these.
        NotConfirmed = "not_confirmed",
    }
}

impl Claims {
    /// The six claims, in order.
    pub fn all(&self) -> [&Claim; 6] {
        [&self.C1, &self.C2, &self.C3, &self.C4, &self.C5, &self.C6]
    }

    /// What they add up to.
    pub fn roll_up(&self) -> RollUp {
        let findings = self.all().map(|claim| claim.finding);
        let confirmed = |claims: &[Finding]| claims.iter().all(|finding| *finding == Finding::Confirmed);
        if findings.contains(&Finding::ContraryObserved) {
            RollUp::ContraryObserved
        } else if confirmed(&findings[..5]) {
            if self.C1.is_sampled() { RollUp::AbsenceConfirmedSampled } else { RollUp::AbsenceConfirmed }
        } else if confirmed(&findings[..2]) {
            RollUp::AbsenceObserved
        } else {
            RollUp::NotConfirmed
        }
    }
}

impl Claim {
    /// Whether only some were looked at. A claim that does not say of how many is not known to be complete.
    pub fn is_sampled(&self) -> bool {
        match (&self.k, &self.n) {
            (Some(k), Some(n)) => k.0 < n.0,
            _ => true,
        }
    }

    /// For a sample of k of N drawn at random, how likely it would have met at least one of `d` hidden among them:
    /// `1 − C(N−d, k) / C(N, k)`. Nothing where there is no sample.
    pub fn detection_probability(&self, d: i64) -> Option<f64> {
        let (k, n) = (self.k.as_ref()?.0, self.n.as_ref()?.0);
        if k > n || d > n || d < 0 {
            return None;
        }
        let missed: f64 = (0..d).map(|i| (n - k - i).max(0) as f64 / (n - i) as f64).product();
        Some(1.0 - missed)
    }

    /// Whether it says neither number, or k of N with k not above N.
    pub fn coverage_is_possible(&self) -> bool {
        match (&self.k, &self.n) {
            (None, None) => true,
            (Some(k), Some(n)) => k.0 <= n.0,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(finding: Finding, k: i64, n: i64) -> Claim {
        let method = super::super::shape::Line("opened".to_owned());
        Claim { finding, k: Some(Int(k)), n: Some(Int(n)), method, selection: None, note: None }
    }

    fn claims(findings: [Finding; 6], k: i64) -> Claims {
        let [c1, c2, c3, c4, c5, c6] = findings.map(|finding| claim(finding, k, 24));
        Claims { C1: c1, C2: c2, C3: c3, C4: c4, C5: c5, C6: c6 }
    }

    #[test]
    fn a_roll_up_never_says_more_than_its_claims() {
        use Finding::{Ambiguous, Confirmed, ContraryObserved, NotInspected};
        let all = [Confirmed; 6];
        let with = |position: usize, finding| {
            let mut findings = all;
            findings[position] = finding;
            findings
        };
        for (findings, k, expected) in [
            (all, 24, RollUp::AbsenceConfirmed),
            (all, 23, RollUp::AbsenceConfirmedSampled),
            (with(5, NotInspected), 24, RollUp::AbsenceConfirmed),
            (with(5, ContraryObserved), 24, RollUp::ContraryObserved),
            (with(2, NotInspected), 24, RollUp::AbsenceObserved),
            (with(4, Ambiguous), 3, RollUp::AbsenceObserved),
            (with(0, Ambiguous), 24, RollUp::NotConfirmed),
            (with(1, NotInspected), 24, RollUp::NotConfirmed),
            (with(0, ContraryObserved), 24, RollUp::ContraryObserved),
        ] {
            assert_eq!(claims(findings, k).roll_up(), expected, "{findings:?} {k}");
        }
    }

    #[test]
    fn a_claim_that_does_not_say_of_how_many_is_not_complete() {
        let mut silent = claims([Finding::Confirmed; 6], 24);
        (silent.C1.k, silent.C1.n) = (None, None);
        assert_eq!(silent.roll_up(), RollUp::AbsenceConfirmedSampled);
    }

    #[test]
    fn the_probability_of_detection_is_that_of_the_table() {
        // Rows: d hidden among 24; columns: k looked at. In tenths of a percent.
        let table = [
            (1, [125, 208, 333, 500, 667, 1000]),
            (2, [239, 380, 565, 761, 899, 1000]),
            (4, [437, 635, 829, 953, 993, 1000]),
            (8, [723, 897, 983, 999, 1000, 1000]),
        ];
        for (d, row) in table {
            for (k, expected) in [3, 5, 8, 12, 16, 24].into_iter().zip(row) {
                let probability = claim(Finding::Confirmed, k, 24).detection_probability(d).expect("a sample");
                assert_eq!((probability * 1000.0).round() as i64, expected, "d {d}, k {k}");
            }
        }
        assert_eq!(claim(Finding::Confirmed, 25, 24).detection_probability(1), None);
    }
}
