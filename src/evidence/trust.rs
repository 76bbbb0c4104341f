//! The root of trust: one line that fits on a business card.
//!
//! `countersign/trust/v1 <origin> <digest of entry 0>`: the name of the log and the digest of its first terms. Those
//! terms name every other key, directly or through registrations that are themselves proved.
//!
//! ```
//! use countersign::evidence::trust::Trust;
//! let line = "countersign/trust/v1 ledger.example/bilateral sha256:8d3e0d0f58ee4636364a5eae9d003026874fbb8edad6a2d96790a583729b568a";
//! let trust: Trust = line.parse()?;
//! assert_eq!(trust.origin, "ledger.example/bilateral");
//! assert_eq!(trust.to_string(), line);
//! # Ok::<(), countersign::evidence::trust::TrustError>(())
//! ```

use std::fmt;
use std::str::FromStr;

use crate::hash::Hash;
use crate::note::is_key_name;

/// Where verification begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The name of the log.
    pub origin: String,
    /// The digest of entry 0.
    pub terms: Hash,
}

/// The line is not a root of trust: compare it with the one that was printed when the ledger began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a root of trust: expected `countersign/trust/v1 <origin> sha256:<64 hexadecimal digits>`")]
pub struct TrustError;

impl FromStr for Trust {
    type Err = TrustError;

    fn from_str(text: &str) -> Result<Trust, TrustError> {
        let mut words = text.strip_suffix('\n').unwrap_or(text).split(' ');
        let (kind, origin, digest) = (words.next(), words.next(), words.next());
        if kind != Some("countersign/trust/v1") || words.next().is_some() {
            return Err(TrustError);
        }
        let origin = origin.filter(|origin| is_key_name(origin)).ok_or(TrustError)?.to_owned();
        let terms = digest.and_then(|digest| digest.parse().ok()).ok_or(TrustError)?;
        Ok(Trust { origin, terms })
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "countersign/trust/v1 {} {}", self.origin, self.terms)
    }
}
