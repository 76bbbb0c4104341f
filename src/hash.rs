//! Thirty-two bytes, and the two ways in which they are spelled.
//!
//! Records, answers and people write a hash as `sha256:` and 64 lower-case hexadecimal digits; the transparency-log
//! formats (checkpoints, proofs) write the same bytes in base64 with padding (RFC 4648 section 4). Both spellings are
//! unique: there is exactly one text for each hash, and everything else is refused, so that comparing texts is
//! comparing hashes.
//!
//! Deliberately absent: Merkle hashing, with its prefixes, lives in [`crate::tlog`].
//!
//! ```
//! use countersign::hash::Hash;
//! let empty = Hash::of(b"");
//! assert_eq!(empty.to_string(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
//! assert_eq!(empty.to_base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
//! assert_eq!(empty.to_string().parse(), Ok(empty));
//! ```

use std::str::FromStr;
use std::{fmt, io};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// A SHA-256 hash (FIPS 180-4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash([u8; 32]);

/// Why a text is not the spelling of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Write `sha256:` and 64 lower-case hexadecimal digits.
    #[error("not `sha256:` and 64 lower-case hexadecimal digits")]
    Hex,
    /// Write 44 characters of padded base64 that stand for 32 bytes.
    #[error("not the base64 of 32 bytes")]
    Base64,
}

/// A hash of what comes piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces so far.
    pub fn hash(&self) -> Hash {
        Hash(self.0.clone().finalize().into())
    }
}

impl Hash {
    /// The hash with these bytes.
    pub const fn new(bytes: [u8; 32]) -> Hash {
        Hash(bytes)
    }

    /// SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(Sha256::digest(bytes).into())
    }

    /// SHA-256 of several pieces, one after the other.
    pub fn of_parts(parts: &[&[u8]]) -> Hash {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Hash(hasher.finalize().into())
    }

    /// SHA-256 of everything that a reader gives, piece by piece, and how many bytes that were. Fails where the reader does.
    pub fn of_reader(mut reader: impl io::Read) -> io::Result<(Hash, u64)> {
        let (mut hasher, mut piece, mut count) = (Sha256::new(), vec![0; 64 * 1024], 0);
        loop {
            let read = reader.read(&mut piece)?;
            if read == 0 {
                return Ok((Hash(hasher.finalize().into()), count));
            }
            hasher.update(piece.get(..read).unwrap_or_default());
            count += read as u64;
        }
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits without a prefix.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// The base64 spelling: 44 characters with padding.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads the base64 spelling. Missing padding and stray trailing bits are refused.
    pub fn from_base64(text: &str) -> Result<Hash, HashError> {
        let mut bytes = [0; 33]; // decode_slice wants room for what 44 characters could hold
        match STANDARD.decode_slice(text, &mut bytes) {
            Ok(32) => Ok(Hash(std::array::from_fn(|i| bytes[i]))),
            _ => Err(HashError::Base64),
        }
    }
}

/// Lower-case hexadecimal digits of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}

/// Reads lower-case hexadecimal digits into a fixed number of bytes; `None` for anything else.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.to_hex())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Hash, HashError> {
        text.strip_prefix("sha256:").and_then(unhex).map(Hash).ok_or(HashError::Hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_one_hexadecimal_spelling() {
        let hash = Hash::of(b"x");
        let text = hash.to_string();
        assert_eq!(text.parse(), Ok(hash));
        for wrong in [
            text.to_uppercase(),
            text[7..].to_owned(),
            format!("{text}0"),
            text.replace("sha256:", "SHA256:"),
            format!(" {text}"),
        ] {
            assert_eq!(wrong.parse::<Hash>(), Err(HashError::Hex), "{wrong}");
        }
    }

    #[test]
    fn a_hash_has_one_base64_spelling() {
        let hash = Hash::of(b"");
        let text = hash.to_base64();
        assert_eq!(Hash::from_base64(&text), Ok(hash));
        let trailing_bits = text.replace("FU=", "FV=");
        let unpadded = text.trim_end_matches('=').to_owned();
        for wrong in [trailing_bits, unpadded, format!("{text}\n"), "AAAA".to_owned(), String::new(), "A".repeat(48)] {
            assert_eq!(Hash::from_base64(&wrong), Err(HashError::Base64), "{wrong}");
        }
    }
}
