//! Who is asked to cosign: keys that the log itself names, each with an address that the operator gives.
//!
//! The log says whose line counts, and not where its cosigner is reached; an address is no matter of record.
//!
//! Invariants: nobody is asked whose key is not, at the size that is brought, the good key of a mirror or witness of a
//! Party. So a cosigner may be named before its key is registered; and one whose key was revoked is asked no more.
//!
//! Deliberately absent: third parties, who hand their lines to whoever asks them; the policy of the terms cannot name them.

use std::str::FromStr;
use std::time::Duration;

use crate::note::Verifier;
use crate::service::cosigning::Cosigner;
use crate::service::gate::Monitor;
use crate::treaty::party::KeyName;
use crate::treaty::register::Register;

/// A cosigner as the operator names it: `<key name or verifier key>=<URL>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignerAt {
    /// The name of its key.
    pub name: KeyName,
    /// The whole key, if it was given.
    key: Option<Verifier>,
    /// Its submission prefix.
    url: String,
}

/// How a ledger has its checkpoints cosigned.
#[derive(Clone, Debug)]
pub struct CosigningSettings {
    /// By whom.
    pub cosigners: Vec<CosignerAt>,
    /// How often something new is brought to them, if nobody waits for it.
    pub every: Duration,
    /// How long one request may take.
    pub within: Duration,
    /// How long somebody who sends a record waits for cosignatures at most.
    pub patience: Duration,
}

impl CosigningSettings {
    /// These cosign, in the usual times.
    pub fn with(cosigners: Vec<CosignerAt>) -> CosigningSettings {
        let (every, within, patience) = (Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(10));
        CosigningSettings { cosigners, every, within, patience }
    }
}

/// Why somebody cannot be asked to cosign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignerError {
    /// Write `<key name or verifier key>=<URL>`.
    #[error("`{0}` is not `<key name or verifier key>=<URL>`, with a URL that begins with http:// or https://")]
    Malformed(String),
    /// Register the key; until then nobody is asked.
    #[error("the log names no key {0} yet: have its authority register it")]
    Unknown(String),
    /// Name the key of a mirror or witness.
    #[error(
        "{0} is not the key of a mirror or witness, so it cosigns nothing: name the key with which the cosigner runs"
    )]
    NotACosigner(String),
    /// Give the key that was registered.
    #[error("the log names another public key for {0}: give the verifier key that was registered, or only the name")]
    OtherKey(String),
    /// Have another key registered.
    #[error("the key {0} was revoked by entry {1}: have its authority register another one, and name that")]
    Revoked(String, u64),
    /// Name each once.
    #[error("{0} is named twice: one cosigner has one address")]
    Twice(String),
}

impl FromStr for CosignerAt {
    type Err = CosignerError;

    fn from_str(text: &str) -> Result<CosignerAt, CosignerError> {
        let malformed = || CosignerError::Malformed(text.to_owned());
        let found = ["=http://", "=https://"].iter().find_map(|mark| text.find(mark));
        let (key, url) = found.and_then(|place| text.split_at_checked(place)).ok_or_else(malformed)?;
        let url = url.trim_start_matches('=').to_owned();
        let is_plain = url.bytes().all(|b| b > b' ' && b != 0x7f) && !url.contains(['?', '#']);
        if key.is_empty() || !is_plain || url.split_once("://").is_none_or(|(_, host)| host.is_empty()) {
            return Err(malformed());
        }
        let key = Verifier::parse(key).map_err(|_| key);
        let name = KeyName::parse(key.as_ref().map_or_else(|name| name, Verifier::name)).ok_or_else(malformed)?;
        if !name.role().cosigns() {
            return Err(CosignerError::NotACosigner(name.to_string()));
        }
        Ok(CosignerAt { name, key: key.ok(), url })
    }
}

impl CosignerAt {
    /// Where it shows what it holds, whatever the log says of its key.
    pub fn monitor(&self) -> Monitor {
        Monitor { name: self.name.to_string(), url: self.url.clone() }
    }

    /// The cosigner with the key that the log names, if that is good now.
    pub fn resolve(&self, register: &Register) -> Result<Cosigner, CosignerError> {
        let name = self.name.to_string();
        let held = register.key(&name).ok_or_else(|| CosignerError::Unknown(name.clone()))?;
        if self.key.as_ref().is_some_and(|key| *key != held.published) {
            return Err(CosignerError::OtherKey(name));
        }
        if let Some(revoked) = &held.revoked {
            return Err(CosignerError::Revoked(name, revoked.index));
        }
        Ok(Cosigner { name, key: held.published.clone(), url: self.url.clone() })
    }
}

/// Each is named once, and none with another key than the log names for it.
pub fn check(cosigners: &[CosignerAt], register: &Register) -> Result<(), CosignerError> {
    for (place, cosigner) in cosigners.iter().enumerate() {
        if cosigners.iter().take(place).any(|other| other.name == cosigner.name) {
            return Err(CosignerError::Twice(cosigner.name.to_string()));
        }
        if let Err(error @ CosignerError::OtherKey(_)) = cosigner.resolve(register) {
            return Err(error);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{KeyKind, Signer};

    #[test]
    fn a_cosigner_is_a_key_and_an_address() {
        let named: CosignerAt = "US/mirror/1=https://mirror.example/a/".parse().expect("well formed");
        assert_eq!((named.name.as_str(), named.url.as_str()), ("US/mirror/1", "https://mirror.example/a/"));
        let key = Signer::from_seed("RU/witness/1", KeyKind::Cosignature, [7; 32]).expect("a key");
        let keyed: CosignerAt = format!("{}=http://127.0.0.1:8450", key.verifier()).parse().expect("well formed");
        assert_eq!((keyed.name.as_str(), keyed.key.as_ref()), ("RU/witness/1", Some(key.verifier())));
        for wrong in [
            "",
            "US/mirror/1",
            "=http://x",
            "US/mirror/1=",
            "US/mirror/1=http://",
            "US/mirror/1=ftp://x",
            "US/mirror=http://x",
            "US/mirror/1=http://x y",
            "US/mirror/1=http://x?y",
        ] {
            assert_eq!(wrong.parse::<CosignerAt>(), Err(CosignerError::Malformed(wrong.into())), "{wrong}");
        }
    }
}
