//! Keys of the ledger in a hardware module (PKCS#11). The secret is made there, signs there and never leaves it.
//!
//! The label of a key is the name that it has in the ledger: the origin for the log's, `<origin>/clerk` for the clerk's. Keys
//! that follow each other have one label and are told apart by their CKA_ID.
//!
//! Invariants: a name stands for exactly one key, or for none. What the module answers is verified by
//! [`Signer`] before anything is done with it. Where a module is reset, it is opened anew, once for each signature.
//!
//! Deliberately absent: keys of people. They sign with programs of their own.

mod uri;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use self::uri::Uri;
use super::files;
use crate::hash::hex;
use crate::note::{KeyKind, Signer, Verifier};

/// The curve, as PKCS#11 3.0 names it in CKA_EC_PARAMS: the PrintableString `edwards25519`, or the object identifier of
/// RFC 8410. Modules know one or both.
const CURVES: [&[u8]; 2] = [b"\x13\x0cedwards25519", b"\x06\x03\x2b\x65\x70"];

/// A library is initialised once in a process, however many keys it has.
static MODULES: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// The key that this URI names.
pub fn signer(uri: &str) -> anyhow::Result<Signer> {
    let place = Uri::parse(uri)?;
    let (_, public, name) = find(&open(&place, false)?, &place)?;
    let kind = if name.ends_with("/clerk") { KeyKind::Countersign } else { KeyKind::Ed25519 };
    let verifier = Verifier::new(&name, kind, public).with_context(|| format!("the key {name} in the module"))?;
    let held = Mutex::new(None); // the first signature opens it, as one after a reset does
    Ok(Signer::of_device(verifier, Arc::new(move |message| sign(&place, &held, message))))
}

/// Makes a key of this name in the module; answers its public half. It cannot be read out, and cannot be copied.
pub fn generate(uri: &str, name: &str, kind: KeyKind) -> anyhow::Result<Verifier> {
    let place = Uri::parse(uri)?;
    if place.object.as_ref().is_some_and(|object| object != name) {
        bail!("the URI names another key than {name}: leave `object` out");
    }
    let session = open(&place, true)?;
    let id = place.id.clone().context("the URI has no `id`: give the key one, such as id=%01")?;
    let wanted = [Attribute::Label(name.as_bytes().to_vec()), Attribute::Id(id.clone())];
    if !session.find_objects(&wanted)?.is_empty() {
        bail!("the token has a key {name} with the id {} already: give this one another", hex(&id));
    }
    let common = || [Attribute::Token(true), Attribute::Label(name.as_bytes().to_vec()), Attribute::Id(id.clone())];
    let secret: Vec<Attribute> = common()
        .into_iter()
        .chain([
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ])
        .collect();
    let mut last = None;
    for curve in CURVES {
        let parameters = [Attribute::Private(false), Attribute::Verify(true), Attribute::EcParams(curve.to_vec())];
        let public: Vec<Attribute> = common().into_iter().chain(parameters).collect();
        match session.generate_key_pair(&Mechanism::EccEdwardsKeyPairGen, &public, &secret) {
            Ok((public, _)) => return Ok(Verifier::new(name, kind, public_of(&session, public)?)?),
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or_else(|| anyhow::anyhow!("no curve"), Into::into)).context("the module makes no Ed25519 key")
}

/// A session that is logged in at the token.
fn open(place: &Uri, writes: bool) -> anyhow::Result<Session> {
    let module = module(place)?;
    let slots = module.get_slots_with_token().context("the module does not say which tokens it has")?;
    let mut of_label = slots
        .into_iter()
        .filter(|slot| module.get_token_info(*slot).is_ok_and(|token| token.label().trim_end() == place.token));
    let slot = of_label.next().with_context(|| format!("the module has no token `{}`", place.token))?;
    if of_label.next().is_some() {
        bail!("the module has more than one token `{}`", place.token);
    }
    let session = if writes { module.open_rw_session(slot) } else { module.open_ro_session(slot) };
    let session = session.context("the token opens no session")?;
    let pin = place.pin.as_ref().map(|file| files::read_text(file).map(Zeroizing::new)).transpose()?;
    let pin = pin.map(|pin| AuthPin::new(pin.trim_end_matches(['\r', '\n']).into()));
    match session.login(UserType::User, pin.as_ref()) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
        Err(error) => Err(error).with_context(|| format!("the token `{}` lets nobody in with this PIN", place.token)),
    }
}

fn module(place: &Uri) -> anyhow::Result<Pkcs11> {
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = modules.get(&place.module) {
        return Ok(module.clone());
    }
    let cannot = || format!("cannot use the module {}", place.module.display());
    let module = Pkcs11::new(&place.module).with_context(cannot)?;
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).with_context(cannot)?;
    modules.insert(place.module.clone(), module.clone());
    Ok(module)
}

/// The secret, the public key and the name of the one key that is meant.
fn find(session: &Session, place: &Uri) -> anyhow::Result<(ObjectHandle, [u8; 32], String)> {
    let of_class = |class| {
        let mut wanted = vec![Attribute::Class(class), Attribute::KeyType(KeyType::EC_EDWARDS)];
        wanted.extend(place.object.as_ref().map(|label| Attribute::Label(label.as_bytes().to_vec())));
        wanted.extend(place.id.clone().map(Attribute::Id));
        let found = session.find_objects(&wanted).context("the token lists no keys")?;
        match *found.as_slice() {
            [only] => Ok(only),
            [] => bail!("the token `{}` has no such Ed25519 key", place.token),
            _ => bail!("the token `{}` has several such keys: name one by object and id", place.token),
        }
    };
    let (secret, public) = (of_class(ObjectClass::PRIVATE_KEY)?, of_class(ObjectClass::PUBLIC_KEY)?);
    let label = session.get_attributes(secret, &[AttributeType::Label])?.into_iter().find_map(|value| match value {
        Attribute::Label(label) => String::from_utf8(label).ok(),
        _ => None,
    });
    Ok((secret, public_of(session, public)?, label.context("the key in the module has no label")?))
}

/// The 32 bytes of a public key: CKA_EC_POINT holds them in a DER OCTET STRING, in some modules bare.
fn public_of(session: &Session, key: ObjectHandle) -> anyhow::Result<[u8; 32]> {
    let values = session.get_attributes(key, &[AttributeType::EcPoint])?;
    let point = values.into_iter().find_map(|value| match value {
        Attribute::EcPoint(point) => Some(point),
        _ => None,
    });
    let point = point.context("the module does not show the public key")?;
    let bare = point.strip_prefix(b"\x04\x20").unwrap_or(&point);
    bare.try_into().ok().context("the module's public key is not one of 32 bytes")
}

/// Asks the module for a signature. A session that gives none is opened anew, once.
fn sign(place: &Uri, held: &Mutex<Option<(Session, ObjectHandle)>>, message: &[u8]) -> Option<[u8; 64]> {
    let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
    for attempt in 0..2 {
        if held.is_none() {
            let opened = open(place, false).and_then(|session| {
                let (secret, ..) = find(&session, place)?;
                Ok((session, secret))
            });
            match opened {
                Ok(opened) => *held = Some(opened),
                Err(error) => {
                    tracing::error!(error = %format!("{error:#}"), "the hardware module cannot be used");
                    return None;
                }
            }
        }
        let eddsa = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure));
        let signed = held.as_ref().map(|(session, secret)| session.sign(&eddsa, *secret, message));
        match signed {
            Some(Ok(signature)) => return signature.try_into().ok(),
            Some(Err(error)) => tracing::warn!(%error, attempt, "the hardware module does not sign"),
            None => {}
        }
        *held = None;
    }
    None
}
