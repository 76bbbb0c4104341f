//! How a key in a hardware module is named: `pkcs11:` and attributes (RFC 7512).
//!
//! ```text
//! pkcs11:token=ledger;object=ledger.example%2Fbilateral;id=%01?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/ledger.pin
//! ```
//!
//! Invariants: an attribute that is not known, or stands twice, is refused; a PIN is named by its file and never stands in
//! the text, which others on the machine can read.
//!
//! Deliberately absent: what is behind the name.

use std::path::PathBuf;

/// The name of a key in a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uri {
    /// The label of the token.
    pub token: String,
    /// The label of the key, which is the name that it has in the ledger.
    pub object: Option<String>,
    /// Its CKA_ID, to tell apart keys of one label.
    pub id: Option<Vec<u8>>,
    /// The library of the module.
    pub module: PathBuf,
    /// The file with the PIN; without one the token asks for it by itself.
    pub pin: Option<PathBuf>,
}

/// Why a text is not such a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// Write `pkcs11:token=…;object=…?module-path=…`.
    #[error("not a name of a key in a module: {0}")]
    Malformed(&'static str),
    /// Leave it out.
    #[error("the attribute `{0}` is not known here, or stands twice")]
    Attribute(String),
    /// Write the PIN into a file that only its owner can read, and name it by `pin-source=file:…`.
    #[error("a PIN does not stand in the name of a key: write it to a file, and name that by pin-source")]
    Pin,
}

impl Uri {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Uri, UriError> {
        let rest = text.strip_prefix("pkcs11:").ok_or(UriError::Malformed("it does not begin with pkcs11:"))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (mut token, mut object, mut id, mut module, mut pin) = (None, None, None, None, None);
        let attributes = path.split(';').map(|part| (part, true)).chain(query.split('&').map(|part| (part, false)));
        for (part, is_path) in attributes.filter(|(part, _)| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or(UriError::Malformed("an attribute without a value"))?;
            let slot = match (name, is_path) {
                ("token", true) => &mut token,
                ("object", true) => &mut object,
                ("id", true) => &mut id,
                ("module-path", false) => &mut module,
                ("pin-source", false) => &mut pin,
                ("pin-value", false) => return Err(UriError::Pin),
                ("type", true) if value == "private" => continue,
                _ => return Err(UriError::Attribute(name.to_owned())),
            };
            if slot.replace(decoded(value)?).is_some() {
                return Err(UriError::Attribute(name.to_owned()));
            }
        }
        let word = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| UriError::Malformed("a value is not UTF-8"));
        let pin = pin.map(word).transpose()?.map(|source| source.strip_prefix("file:").unwrap_or(&source).into());
        Ok(Uri {
            token: word(token.ok_or(UriError::Malformed("it names no token"))?)?,
            object: object.map(word).transpose()?,
            id,
            module: word(module.ok_or(UriError::Malformed("it names no module-path"))?)?.into(),
            pin,
        })
    }
}

/// What a value stands for: `%` and two digits are a byte.
fn decoded(value: &str) -> Result<Vec<u8>, UriError> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match (digit(rest.next()), digit(rest.next())) {
            (Some(high), Some(low)) => bytes.extend(u8::try_from(high * 16 + low)),
            _ => return Err(UriError::Malformed("behind % stand two hexadecimal digits")),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attributes_of_the_standard_are_read_and_nothing_else() {
        let read = Uri::parse(
            "pkcs11:token=My%20token;object=ledger.example%2Fx%2Fclerk;type=private;id=%01%fF?module-path=/lib/a.so&pin-source=file:/etc/pin",
        );
        let expected = Uri {
            token: "My token".into(),
            object: Some("ledger.example/x/clerk".into()),
            id: Some(vec![1, 255]),
            module: "/lib/a.so".into(),
            pin: Some("/etc/pin".into()),
        };
        assert_eq!(read, Ok(expected));
        let least = Uri::parse("pkcs11:token=t?module-path=m").expect("enough");
        assert_eq!((least.object, least.id, least.pin), (None, None, None));
        for wrong in [
            "",
            "pkcs11",
            "PKCS11:token=t?module-path=m",
            "pkcs11:token=t",
            "pkcs11:object=o?module-path=m",
            "pkcs11:token?module-path=m",
            "pkcs11:token=%4?module-path=m",
            "pkcs11:token=%zz?module-path=m",
            "pkcs11:token=%ff?module-path=m",
        ] {
            assert!(matches!(Uri::parse(wrong), Err(UriError::Malformed(_))), "{wrong}");
        }
        for (wrong, name) in [
            ("pkcs11:token=t;token=u?module-path=m", "token"),
            ("pkcs11:token=t;serial=1?module-path=m", "serial"),
            ("pkcs11:token=t;type=public?module-path=m", "type"),
            ("pkcs11:token=t;module-path=m", "module-path"),
            ("pkcs11:?token=t&module-path=m", "token"),
        ] {
            assert_eq!(Uri::parse(wrong), Err(UriError::Attribute(name.into())), "{wrong}");
        }
        assert_eq!(Uri::parse("pkcs11:token=t?module-path=m&pin-value=1234"), Err(UriError::Pin));
    }
}
