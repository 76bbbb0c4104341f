//! What a verifier may demand of a checkpoint: the ledger's key and the quorum of the terms, as C2SP tlog-policy.
//!
//! The terms name cosigners by the beginning of their key names (`US/mirror`); the policy names keys. So each such
//! beginning becomes a group of the keys that are registered and good, any one of which speaks for it.
//!
//! Invariants: a policy never demands less than the terms. Where a cosigner of the terms has no key yet, there is no
//! policy to give. Log order decides: the policy for a size is that of the terms and the keys below it.
//!
//! Deliberately absent: addresses of cosigners.

use crate::tlog::policy::{Draft, Policy, PolicyFault, Threshold};
use crate::treaty::past::Past;
use crate::treaty::terms::Quorum;

/// The policy of a ledger at a size; nothing where no keys could meet the quorum yet.
pub fn policy(past: &Past<'_>) -> Option<Policy> {
    let terms = past.terms()?;
    let mut draft = Draft::default();
    draft.log(terms.log.at(past.size()).clone(), None).ok()?;
    let mut writer = Writer { past, draft, groups: 0 };
    let quorum = if asks_nothing(&terms.quorum) { "none".to_owned() } else { writer.write(&terms.quorum).ok()? };
    writer.draft.quorum(&quorum).ok()
}

/// Whether the terms demand any cosignature. Where they do not, no record is ever final.
pub fn demands_any(past: &Past<'_>) -> bool {
    past.terms().is_some_and(|terms| !asks_nothing(&terms.quorum))
}

fn asks_nothing(quorum: &Quorum) -> bool {
    matches!(quorum, Quorum::All(members) if members.iter().all(asks_nothing))
}

struct Writer<'a> {
    past: &'a Past<'a>,
    draft: Draft,
    groups: usize,
}

impl Writer<'_> {
    /// Writes the lines of a quorum; answers the name of its group.
    fn write(&mut self, quorum: &Quorum) -> Result<String, PolicyFault> {
        let (threshold, members) = match quorum {
            Quorum::Cosigner(prefix) => (Threshold::Any, self.witnesses(prefix)?),
            Quorum::All(of) => (Threshold::All, self.members(of)?),
            Quorum::Any(of) => (Threshold::Any, self.members(of)?),
            Quorum::AtLeast(n, of) => {
                (Threshold::AtLeast(usize::try_from(*n).unwrap_or(usize::MAX)), self.members(of)?)
            }
        };
        self.groups += 1;
        let name = match quorum {
            Quorum::Cosigner(prefix) => format!("any:{prefix}"),
            _ => format!("group-{}", self.groups),
        };
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        self.draft.group(&name, threshold, &members)?;
        Ok(name)
    }

    fn members(&mut self, of: &[Quorum]) -> Result<Vec<String>, PolicyFault> {
        of.iter().filter(|quorum| !asks_nothing(quorum)).map(|quorum| self.write(quorum)).collect()
    }

    /// The good keys whose names begin so, each as a witness.
    fn witnesses(&mut self, prefix: &str) -> Result<Vec<String>, PolicyFault> {
        let keys = self.past.keys().filter(|key| {
            let rest = key.name.as_str().strip_prefix(prefix);
            let whole = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/'));
            whole && key.name.role().cosigns() && key.revoked.is_none()
        });
        let mut names = Vec::new();
        for key in keys {
            self.draft.witness(key.name.as_str(), key.published.clone(), None)?;
            names.push(key.name.to_string());
        }
        Ok(names)
    }
}
