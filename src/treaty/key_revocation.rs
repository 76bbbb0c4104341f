//! `key_revocation`: an authority ends a key.
//!
//! It is signed by the authority's root; a root may also be revoked by its recovery key. From its index on, records
//! with a line by that key are refused. Earlier records stay as they are: `suspect_from` says from when the holder
//! doubts them, is shown beside them, and changes no computed state.
//!
//! Invariants: a revocation is for good; what replaces the key has another name.
//!
//! Deliberately absent: any effect on the past.

use super::admit::Case;
use super::party::{KeyName, Role};
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Register, Revocation};
use super::time::Instant;

crate::one_of! {
    /// Why a key ends.
    pub enum Reason {
        /// It cannot be found.
        Lost = "lost",
        /// Somebody else may have it.
        Compromised = "compromised",
        /// Another takes its place.
        Superseded = "superseded",
        /// Its holder has left the office.
        Ended = "ended",
    }
}

crate::body! {
    /// The body of a `key_revocation`.
    pub struct KeyRevocation {
        /// The key's name.
        name: KeyName,
        /// Why it ends.
        reason: Reason,
        /// From when misuse is suspected.
        suspect_from: Option<Instant>,
    }
}

impl KeyRevocation {
    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let above: &[Role] = if self.name.role() == Role::Root { &[Role::Recovery, Role::Root] } else { &[Role::Root] };
        case.signed_by_authority(self.name.party(), above, None, refused);
        match case.register.key(self.name.as_str()) {
            None => refused.push(Refused::new(Refusal::RevocationTargetUnknown, "/body/name", self.name.as_str())),
            Some(key) if key.revoked.is_some() => {
                refused.push(Refused::new(Refusal::AlreadyRevoked, "/body/name", self.name.as_str()));
            }
            Some(_) => {}
        }
    }

    /// Notes the end of the key.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        let revocation = Revocation { index: applied.index, reason: self.reason, suspect_from: self.suspect_from };
        register.put_revocation(self.name.as_str(), revocation);
    }
}
