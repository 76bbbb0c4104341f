//! Keys, as the signed-note formats write them, and the one way in which they are admitted and used.
//!
//! A verifier key is written `<name>+<8 digits of key id>+<base64 of type and public key>`, a signer's key the same way
//! behind `PRIVATE+KEY+`. The key id is the beginning of SHA-256 over the name, a line feed, the type and the public
//! key, so that a line names its key and the purpose of the key.
//!
//! Invariants:
//! - A [`Verifier`] exists only for a public key in canonical encoding whose point has neither small nor mixed order. A
//!   small-order key "signs" everything; under a mixed-order key verifiers can disagree.
//! - Verification is `verify_strict`. There is no other call to it in this crate.
//! - A secret is never printed, leaves memory when it is dropped, and every signature is checked before it is given out
//!   (a fault in signing can give the key away), whoever made it.
//!
//! Deliberately absent: whether a key is good for a purpose or at a time.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::hash::{Hash, hex, unhex};

/// What a key signs: the type byte of signed-note, with our own identifier for the clerk's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Texts (type 0x01).
    Ed25519,
    /// Checkpoints, with a time (type 0x04, C2SP tlog-cosignature).
    Cosignature,
    /// Digests of records, with a time (type 0xff, identifier `countersign/v1`).
    Countersign,
}

impl KeyKind {
    const ALL: [KeyKind; 3] = [KeyKind::Ed25519, KeyKind::Cosignature, KeyKind::Countersign];

    /// The type byte and, for the private type, the identifier behind it.
    const fn prefix(self) -> &'static [u8] {
        match self {
            KeyKind::Ed25519 => b"\x01",
            KeyKind::Cosignature => b"\x04",
            KeyKind::Countersign => b"\xffcountersign/v1",
        }
    }

    /// Splits the type from the 32 bytes behind it.
    fn split(bytes: &[u8]) -> Option<(KeyKind, [u8; 32])> {
        KeyKind::ALL.into_iter().find_map(|kind| Some((kind, bytes.strip_prefix(kind.prefix())?.try_into().ok()?)))
    }
}

/// Four bytes that say which key of a name made a line.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// The id with these bytes.
    pub const fn new(bytes: [u8; 4]) -> KeyId {
        KeyId(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }

    fn of(name: &str, kind: KeyKind, public: &[u8; 32]) -> KeyId {
        let [a, b, c, d, ..] = *Hash::of_parts(&[name.as_bytes(), b"\n", kind.prefix(), public]).as_bytes();
        KeyId([a, b, c, d])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a text can name a key: not empty, no Unicode space, no plus sign, and (here) no control characters and at
/// most 512 bytes.
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 512 && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

/// Why a text is not a key, or a key is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Write the key as its maker printed it.
    #[error("not a key of the form name+key id+base64")]
    Malformed,
    /// The name, the id and the key do not belong together: one of them was altered.
    #[error("the key id does not belong to this name and key")]
    WrongId,
    /// Use an Ed25519 key of a type that is known here.
    #[error("the type of the key is not known here")]
    UnknownKind,
    /// Choose a name without spaces and plus signs.
    #[error("not the name of a key")]
    Name,
    /// Make a new key: this one is in no encoding that a key maker produces.
    #[error("not a public key in canonical encoding")]
    NotCanonical,
    /// Make a new key: under this one, forgeries verify or verifiers disagree.
    #[error("the public key is weak: its point has small or mixed order")]
    Weak,
}

/// The signature just made does not verify: the machine or the key is broken, and nothing was given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signature failed its own check; nothing was signed")]
pub struct SignError;

/// An admitted public key with its name and purpose.
#[derive(Clone)]
pub struct Verifier {
    name: String,
    kind: KeyKind,
    id: KeyId,
    key: VerifyingKey,
}

impl Verifier {
    /// Admits a public key: canonical, and neither of small nor of mixed order.
    pub fn new(name: &str, kind: KeyKind, public: [u8; 32]) -> Result<Verifier, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::Name);
        }
        let key = VerifyingKey::from_bytes(&public).map_err(|_| KeyError::NotCanonical)?;
        let point = key.to_edwards();
        if point.compress().as_bytes() != &public {
            return Err(KeyError::NotCanonical);
        }
        if key.is_weak() || !point.is_torsion_free() {
            return Err(KeyError::Weak);
        }
        Ok(Verifier { name: name.to_owned(), kind, id: KeyId::of(name, kind, &public), key })
    }

    /// Reads a verifier key (vkey).
    pub fn parse(vkey: &str) -> Result<Verifier, KeyError> {
        let (name, id, kind, public) = split_key(vkey)?;
        let verifier = Verifier::new(name, kind, public)?;
        if verifier.id == id { Ok(verifier) } else { Err(KeyError::WrongId) }
    }

    /// The same key for another purpose, under the same name.
    pub fn with_kind(&self, kind: KeyKind) -> Verifier {
        let id = KeyId::of(&self.name, kind, self.key.as_bytes());
        Verifier { name: self.name.clone(), kind, id, key: self.key }
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Its id.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The 32 bytes of the public key.
    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether `signature` is good for `message` (RFC 8032, with the strict rules of `verify_strict`).
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// Splits `name+id+base64`, without judging the key.
fn split_key(text: &str) -> Result<(&str, KeyId, KeyKind, [u8; 32]), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Malformed);
    };
    let id = unhex(id).map(KeyId).ok_or(KeyError::Malformed)?;
    let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| KeyError::Malformed)?);
    let (kind, key) = KeyKind::split(&bytes).ok_or(KeyError::UnknownKind)?;
    Ok((name, id, kind, key))
}

fn write_key(name: &str, id: KeyId, kind: KeyKind, key: &[u8; 32]) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new(kind.prefix().to_vec());
    bytes.extend_from_slice(key);
    Zeroizing::new(format!("{name}+{id}+{}", STANDARD.encode(&*bytes)))
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write_key(&self.name, self.id, self.kind, self.public()))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Verifier {
    fn eq(&self, other: &Verifier) -> bool {
        self.name == other.name && self.kind == other.kind && self.public() == other.public()
    }
}

impl Eq for Verifier {}

/// A secret key with its name and purpose.
#[derive(Clone)]
pub struct Signer {
    secret: Secret,
    verifier: Verifier,
}

/// Where a secret is.
#[derive(Clone)]
enum Secret {
    /// In memory.
    Here(SigningKey),
    /// In a device that signs and does not show it.
    Device(Device),
}

/// Asks a device for an Ed25519 signature over a message; nothing where it gives none. What it answers is verified before
/// it is used.
pub type Device = Arc<dyn Fn(&[u8]) -> Option<[u8; 64]> + Send + Sync>;

/// The secret is in a device, which keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret of this key is in a device and cannot be written")]
pub struct NotHere;

impl Signer {
    /// The key that grows from 32 secret bytes.
    pub fn from_seed(name: &str, kind: KeyKind, seed: [u8; 32]) -> Result<Signer, KeyError> {
        let key = SigningKey::from_bytes(&seed);
        let verifier = Verifier::new(name, kind, key.verifying_key().to_bytes())?;
        Ok(Signer { secret: Secret::Here(key), verifier })
    }

    /// The key that a device holds.
    pub fn of_device(verifier: Verifier, device: Device) -> Signer {
        Signer { secret: Secret::Device(device), verifier }
    }

    /// The same key for another purpose, under the same name.
    pub fn with_kind(&self, kind: KeyKind) -> Signer {
        Signer { secret: self.secret.clone(), verifier: self.verifier.with_kind(kind) }
    }

    /// Reads a signer's key as Go writes it.
    pub fn parse(skey: &str) -> Result<Signer, KeyError> {
        let rest = skey.trim_end_matches('\n').strip_prefix("PRIVATE+KEY+").ok_or(KeyError::Malformed)?;
        let (name, id, kind, seed) = split_key(rest)?;
        let signer = Signer::from_seed(name, kind, seed)?;
        if signer.verifier.id == id { Ok(signer) } else { Err(KeyError::WrongId) }
    }

    fn seed(&self) -> Result<Zeroizing<[u8; 32]>, NotHere> {
        match &self.secret {
            Secret::Here(key) => Ok(Zeroizing::new(key.to_bytes())),
            Secret::Device(_) => Err(NotHere),
        }
    }

    /// The key as Go writes it.
    pub fn to_skey(&self) -> Result<Zeroizing<String>, NotHere> {
        let verifier = &self.verifier;
        let text = write_key(&verifier.name, verifier.id, verifier.kind, &*self.seed()?);
        Ok(Zeroizing::new(format!("PRIVATE+KEY+{}", &*text)))
    }

    /// The key as PKCS#8 in PEM (RFC 8410), for `openssl`.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, NotHere> {
        // Version 1, without the public key inside: OpenSSL 3.0 reads no other.
        let secret = ed25519_dalek::pkcs8::KeypairBytes { secret_key: *self.seed()?, public_key: None };
        secret.to_pkcs8_pem(LineEnding::LF).map_err(|_| NotHere)
    }

    /// The public half.
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Signs `message`, and checks the signature before it is given out.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        let signature = match &self.secret {
            Secret::Here(key) => key.sign(message).to_bytes(),
            Secret::Device(device) => device(message).ok_or(SignError)?,
        };
        if self.verifier.verify(message, &signature) { Ok(signature) } else { Err(SignError) }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({}, [redacted])", self.verifier.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_answers_is_verified_before_it_is_used_and_its_secret_is_never_written() {
        let honest = Signer::from_seed("ledger.example/x", KeyKind::Ed25519, [7; 32]).expect("a key");
        let device = |answer: fn(&Signer, &[u8]) -> Option<[u8; 64]>| {
            let (secret, verifier) = (honest.clone(), honest.verifier().clone());
            Signer::of_device(verifier, Arc::new(move |message: &[u8]| answer(&secret, message)))
        };
        let good = device(|secret, message| secret.sign(message).ok());
        assert_eq!(good.sign(b"text"), honest.sign(b"text"));
        assert_eq!((good.to_skey().err(), good.to_pkcs8_pem().err()), (Some(NotHere), Some(NotHere)));
        let clerk = good.with_kind(KeyKind::Countersign);
        assert_eq!((clerk.verifier().kind(), clerk.sign(b"text")), (KeyKind::Countersign, honest.sign(b"text")));
        for (what, broken) in [
            ("no answer", device(|_, _| None)),
            ("zeros", device(|_, _| Some([0; 64]))),
            ("another message's", device(|secret, _| secret.sign(b"other").ok())),
            (
                "one bit",
                device(|secret, message| {
                    secret.sign(message).ok().map(|mut s| {
                        s[9] ^= 1;
                        s
                    })
                }),
            ),
        ] {
            assert_eq!(broken.sign(b"text"), Err(SignError), "{what}");
        }
        assert_eq!(format!("{good:?}"), "Signer(ledger.example/x, [redacted])");
    }
}
