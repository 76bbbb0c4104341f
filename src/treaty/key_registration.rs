//! `key_registration`: an authority admits a key.
//!
//! It is signed by the authority's root and by the new key itself, which proves that its holder has it. A new root is
//! signed by the recovery key (or the root it replaces) and by the new root; from then on the newest root is the only
//! one. A key that will cosign checkpoints (a mirror's or a witness's) is published with signed-note type 0x04; its
//! line under its own registration is an ordinary one (type 0x01) by the same name and public key.
//!
//! Invariants: a name is used once for ever, a public key under one name for ever; no other authority ever signs.
//!
//! Deliberately absent: expiry dates.

use super::admit::Case;
use super::party::{KeyName, Name, Role, Text};
use super::refusal::{Refusal, Refused};
use super::register::{Applied, Key, Register};
use super::terms::Vkey;
use crate::note::{KeyKind, Verifier};

crate::body! {
    /// The body of a `key_registration`.
    pub struct KeyRegistration {
        /// The key, in C2SP's spelling.
        vkey: Vkey,
        /// Its name, as in `vkey`.
        name: KeyName,
        /// Its role, as in `name`.
        role: Role,
        /// The person who will hold it.
        person: Option<Name>,
        /// The office that will hold it.
        office: Option<Text>,
    }
}

impl KeyRegistration {
    /// The new key as a signer of this record.
    pub fn introduced(&self, name: &str) -> Option<Verifier> {
        let own = self.vkey.0.name() == name;
        own.then(|| self.vkey.0.with_kind(KeyKind::Ed25519))
    }

    /// The rules.
    pub fn admit(&self, case: &Case<'_>, refused: &mut Vec<Refused>) {
        let party = self.name.party();
        let above: &[Role] = if self.role == Role::Root { &[Role::Recovery, Role::Root] } else { &[Role::Root] };
        case.signed_by_authority(party, above, Some(self.name.as_str()), refused);
        if !self.role.allowed_for(party) {
            refused.push(Refused::new(Refusal::RoleNotForHost, "/body/role", self.role.as_str()));
        }
        let kind = if self.role.cosigns() { KeyKind::Cosignature } else { KeyKind::Ed25519 };
        let agrees = self.vkey.0.name() == self.name.as_str() && self.name.role() == self.role;
        if !agrees || self.vkey.0.kind() != kind {
            refused.push(Refused::new(Refusal::KeyMismatch, "/body/vkey", self.vkey.0.name()));
        }
        if case.register.key(self.name.as_str()).is_some() {
            refused.push(Refused::new(Refusal::KeyNameTaken, "/body/name", self.name.as_str()));
        } else if let Some(name) = case.register.name_of_public(self.vkey.0.public()) {
            refused.push(Refused::new(Refusal::KeyReused, "/body/vkey", name));
        }
    }

    /// Adds the key.
    pub fn apply(&self, applied: &Applied<'_>, register: &mut Register) {
        register.put_key(Key {
            name: self.name.clone(),
            verifier: self.vkey.0.with_kind(KeyKind::Ed25519),
            published: self.vkey.0.clone(),
            person: self.person.as_ref().map(|person| person.0.as_str().into()),
            registered: applied.index,
            revoked: None,
        });
    }
}
