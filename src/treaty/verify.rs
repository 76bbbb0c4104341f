//! The signatures of a record: which lines must be there, and whether they are good.
//!
//! The signed text names its signers, so the lines are fixed by what is signed: exactly one line by each signer, and no
//! other. No courier can strip, add or move one. What a signature says about a key that is not known yet is decided
//! after the register has caught up: verification before the queue only ever passes early.
//!
//! Deliberately absent: whether a key is good at an index (that is [`super::admit`]).

use super::admit::Signatures;
use super::record::{Body, Record, Signed};
use super::refusal::{Refusal, Refused};
use super::register::Register;
use super::time::Instant;
use crate::note::clerk::countersign;
use crate::note::{Line, SignError, Signer, Verifier};

/// A record whose lines were checked against its text: each signature whose key was known is good.
#[derive(Clone, Debug)]
pub struct Verified {
    signed: Signed,
    /// For each signer the public key under which its line is known to be good.
    passed: Vec<Option<[u8; 32]>>,
    /// From where it came.
    source: String,
    /// The clerk's line for one second, made while the record waited for its turn.
    ahead: Option<Ahead>,
}

/// A countersignature that was made before it is known whether the record will be an entry. It is used if the record is
/// admitted in that very second, and never leaves the process otherwise.
#[derive(Clone, Debug)]
pub struct Ahead {
    /// The second.
    pub at: Instant,
    /// The line.
    pub line: Line,
}

impl Signed {
    /// Checks the lines, and every signature whose key `register` knows or the record introduces.
    pub fn verify(self, register: &Register, source: &str) -> Result<Verified, Vec<Refused>> {
        let mut refused = self.line_faults();
        let mut passed = vec![None; self.record.header.signers.len()];
        if refused.is_empty() {
            for (i, slot) in passed.iter_mut().enumerate() {
                match self.signature_of(i, register) {
                    LineState::Good(public) => *slot = Some(public),
                    LineState::Bad => refused.push(self.refused(Refusal::SignatureInvalid, i)),
                    LineState::KeyUnknown => {}
                }
            }
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        Ok(Verified { signed: self, passed, source: source.to_owned(), ahead: None })
    }

    /// For each signer the public key under which its line is good, as far as `register` knows keys.
    pub(crate) fn good_lines(&self, register: &Register) -> Vec<Option<[u8; 32]>> {
        let state = |i| match self.signature_of(i, register) {
            LineState::Good(public) => Some(public),
            LineState::Bad | LineState::KeyUnknown => None,
        };
        (0..self.record.header.signers.len()).map(state).collect()
    }

    /// A record whose signatures are checked elsewhere, beyond those that [`Signed::good_lines`] found `passed`.
    pub(crate) fn trust_lines(self, passed: Vec<Option<[u8; 32]>>) -> Result<Verified, Vec<Refused>> {
        let refused = self.line_faults();
        if !refused.is_empty() {
            return Err(refused);
        }
        Ok(Verified { signed: self, passed, source: String::new(), ahead: None })
    }

    /// What is wrong with the set of lines: there must be one by each signer, and no other.
    pub fn line_faults(&self) -> Vec<Refused> {
        let header = &self.record.header;
        let clerk = format!("{}/clerk", self.record.origin);
        let mut refused = Vec::new();
        for (i, signer) in header.signers.iter().enumerate() {
            let fault = match self.lines.iter().filter(|line| line.name == signer.as_str()).count() {
                0 => Refusal::SignatureMissing,
                1 => continue,
                _ => Refusal::SignatureDoubled,
            };
            refused.push(self.refused(fault, i));
        }
        for line in &self.lines {
            if line.name == clerk {
                refused.push(Refused::new(Refusal::ClerkLinePresent, "", clerk.as_str()));
            } else if !header.signers.iter().any(|signer| signer.as_str() == line.name) {
                refused.push(Refused::new(Refusal::SignatureSurplus, "", line.name.as_str()));
            }
        }
        refused
    }

    fn refused(&self, refusal: Refusal, signer: usize) -> Refused {
        let name = self.record.header.signers.get(signer).map_or("", |name| name.as_str());
        Refused::new(refusal, format!("/signers/{signer}"), name)
    }

    /// What a signer's line is worth, under the key that `register` knows or the record introduces.
    pub fn signature_of(&self, signer: usize, register: &Register) -> LineState {
        let (Some(name), Some(line)) = (self.record.header.signers.get(signer), self.line_of(signer)) else {
            return LineState::KeyUnknown;
        };
        let registered = register.key(name.as_str()).map(|key| key.verifier.clone());
        match registered.or_else(|| introduced(&self.record, signer)) {
            Some(key) if key.id() != line.id => LineState::KeyUnknown,
            Some(key) if is_good(&key, self.text(), line) => LineState::Good(*key.public()),
            Some(_) => LineState::Bad,
            None => LineState::KeyUnknown,
        }
    }
}

/// What a signer's line is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineState {
    /// It is a good signature under this public key.
    Good([u8; 32]),
    /// It does not match the text.
    Bad,
    /// There is no line, or no key to check it with.
    KeyUnknown,
}

/// Whether a line is an Ed25519 signature of `text` (signed-note, type 0x01).
fn is_good(key: &Verifier, text: &str, line: &Line) -> bool {
    line.blob.as_slice().try_into().is_ok_and(|signature| key.verify(text.as_bytes(), signature))
}

/// The key of a signer that the record itself introduces: a root in entry 0, the new key in its registration.
pub(super) fn introduced(record: &Record, signer: usize) -> Option<Verifier> {
    let name = record.header.signers.get(signer)?.as_str();
    match &record.body {
        Body::Terms(terms) => terms.introduced(name).cloned(),
        Body::KeyRegistration(registration) => registration.introduced(name),
        _ => None,
    }
}

impl Verified {
    /// The record and its lines.
    pub fn signed(&self) -> &Signed {
        &self.signed
    }

    /// Whether every signature was found good already.
    pub fn is_authentic(&self) -> bool {
        self.passed.iter().all(Option::is_some)
    }

    /// The signers whose keys `register` does not know, as reasons to refuse. A record that brings all its keys with it
    /// has as many as it has signers.
    pub fn unknown_keys(&self, register: &Register) -> Vec<Refused> {
        let signers = self.signed.record.header.signers.iter().enumerate();
        let unknown = signers.filter(|(_, name)| register.key(name.as_str()).is_none());
        unknown.map(|(i, _)| self.signed.refused(Refusal::KeyUnknown, i)).collect()
    }

    /// Makes the clerk's line for one second, while there is time.
    pub fn countersign_ahead(&mut self, clerk: &Signer, at: Instant) -> Result<(), SignError> {
        let line = countersign(clerk, &self.signed.digest, at.unsigned())?;
        self.ahead = Some(Ahead { at, line });
        Ok(())
    }

    /// The record with its lines, and the clerk's line that was made ahead.
    pub fn into_parts(self) -> (Signed, Option<Ahead>) {
        (self.signed, self.ahead)
    }

    /// The record and its lines, for keeps.
    pub fn into_signed(self) -> Signed {
        self.signed
    }

    /// What is wrong with the lines of the keys that the record itself introduces; every signer must be one of them.
    pub fn introduced_faults(&self, signatures: Signatures) -> Vec<Refused> {
        let mut refused = Vec::new();
        for i in 0..self.signed.record.header.signers.len() {
            let verdict = introduced(&self.signed.record, i).map_or(LineVerdict::OtherKey, |key| match signatures {
                Signatures::Check => self.is_signed_by(i, &key),
                Signatures::CheckedElsewhere => self.line_is_of(i, &key),
            });
            match verdict {
                LineVerdict::Good => {}
                LineVerdict::Bad => refused.push(self.signed.refused(Refusal::SignatureInvalid, i)),
                LineVerdict::OtherKey => refused.push(self.signed.refused(Refusal::KeyUnknown, i)),
            }
        }
        refused
    }

    /// From where it came.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the line of a signer is by this key, whatever its signature.
    pub(super) fn line_is_of(&self, signer: usize, key: &Verifier) -> LineVerdict {
        match self.signed.line_of(signer) {
            Some(line) if line.id == key.id() => LineVerdict::Good,
            _ => LineVerdict::OtherKey,
        }
    }

    /// Whether the line of a signer is by this key and good. Checks the signature only if that is not known yet.
    pub(super) fn is_signed_by(&self, signer: usize, key: &Verifier) -> LineVerdict {
        let Some(line) = self.signed.line_of(signer) else { return LineVerdict::OtherKey };
        if line.id != key.id() {
            return LineVerdict::OtherKey;
        }
        let known = self.passed.get(signer).copied().flatten();
        if known == Some(*key.public()) || is_good(key, self.signed.text(), line) {
            LineVerdict::Good
        } else {
            LineVerdict::Bad
        }
    }
}

/// What a line says about a key.
pub(super) enum LineVerdict {
    /// The signature is good.
    Good,
    /// It does not match the text.
    Bad,
    /// The line is by another key of the same name.
    OtherKey,
}
