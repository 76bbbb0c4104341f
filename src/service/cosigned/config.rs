//! Who is asked to cosign: keys that the log itself names, each with an address that the operator gives.
//!
//! The log says whose line counts, and not where its cosigner is reached; an address is no matter of record.
//!
//! Invariants: nobody is asked whose key is not, at the start, the good key of a mirror or witness of a Party.
//!
//! Deliberately absent: third parties, who hand their lines to whoever asks them; the policy of the terms cannot name them.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::note::Verifier;
use crate::service::cosigning::Cosigner;
use crate::treaty::party::KeyName;
use crate::treaty::register::Register;

/// A cosigner as the operator names it: `<key name or verifier key>=<URL>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignerAt {
    /// The name of its key.
    name: String,
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
    /// The folder for checkpoints that contradict the ledger.
    pub evidence: PathBuf,
}

impl CosigningSettings {
    /// Nobody cosigns.
    pub fn none() -> CosigningSettings {
        CosigningSettings {
            cosigners: Vec::new(),
            every: Duration::from_secs(1),
            within: Duration::from_secs(2),
            patience: Duration::from_secs(10),
            evidence: PathBuf::from("evidence"),
        }
    }
}

/// Why somebody cannot be asked to cosign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignerError {
    /// Write `<key name or verifier key>=<URL>`.
    #[error("`{0}` is not `<key name or verifier key>=<URL>`, with a URL that begins with http:// or https://")]
    Malformed(String),
    /// Register the key first.
    #[error(
        "the log names no key {0}: have its authority register it (a key_registration with the role mirror or witness), then start again with this cosigner"
    )]
    Unknown(String),
    /// Name the key of a mirror or witness.
    #[error("{0} is not the key of a mirror or witness, so it cosigns nothing: name the key with which the cosigner runs")]
    NotACosigner(String),
    /// Give the key that was registered.
    #[error("the log names another public key for {0}: give the verifier key that was registered, or only the name")]
    OtherKey(String),
    /// Have another key registered.
    #[error("the key {0} was revoked by entry {1}: have its authority register another one, or leave this cosigner out")]
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
        match Verifier::parse(key) {
            Ok(verifier) => Ok(CosignerAt { name: verifier.name().to_owned(), key: Some(verifier), url }),
            Err(_) if KeyName::parse(key).is_some() => Ok(CosignerAt { name: key.to_owned(), key: None, url }),
            Err(_) => Err(malformed()),
        }
    }
}

/// Finds the keys of cosigners in the log.
pub fn resolve(cosigners: &[CosignerAt], register: &Register) -> Result<Vec<(KeyName, Cosigner)>, CosignerError> {
    let mut found: Vec<(KeyName, Cosigner)> = Vec::with_capacity(cosigners.len());
    for CosignerAt { name, key, url } in cosigners {
        let held = register.key(name).ok_or_else(|| CosignerError::Unknown(name.clone()))?;
        if !held.name.role().cosigns() {
            return Err(CosignerError::NotACosigner(name.clone()));
        }
        if key.as_ref().is_some_and(|key| *key != held.published) {
            return Err(CosignerError::OtherKey(name.clone()));
        }
        if let Some(revoked) = &held.revoked {
            return Err(CosignerError::Revoked(name.clone(), revoked.index));
        }
        if found.iter().any(|(other, _)| *other == held.name) {
            return Err(CosignerError::Twice(name.clone()));
        }
        let cosigner = Cosigner { name: name.clone(), key: held.published.clone(), url: url.clone() };
        found.push((held.name.clone(), cosigner));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosigner_is_a_key_and_an_address() {
        let named: CosignerAt = "US/mirror/1=https://mirror.example/a/".parse().expect("well formed");
        assert_eq!((named.name.as_str(), named.url.as_str()), ("US/mirror/1", "https://mirror.example/a/"));
        let vkey = "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";
        let keyed: CosignerAt = format!("{vkey}=http://127.0.0.1:8450").parse().expect("well formed");
        assert_eq!(keyed.key.expect("the key").to_string(), vkey);
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
