//! Verification of one bundle, by somebody who trusts one line.
//!
//! The way is always the same. The root of trust names entry 0; entry 0 names the log's key, the clerk's key and the
//! roots; amendments that the roots signed name later keys of the log and its clerk, each from a size on; the log's key
//! vouches for the checkpoint, the checkpoint for every entry of the bundle, and the entries of keys, each judged by the
//! rules of the ledger itself, for the keys of the signers. Then the record is looked at.
//!
//! Invariants: what cannot be checked is said to be so and never passes; a key is taken from a proved entry or not at
//! all; the bundle's own word on what to trust is never used where the caller has one.
//!
//! Deliberately absent: a proof that no revocation is missing from the bundle. An inclusion proof cannot show that
//! something is absent from a log: that is what mirrors and audits attest, and where both have, their word is reported.

use super::bundle::Bundle;
use super::cosigned::Lines;
use super::support::{Ledger, first_fault, prove, succeeds};
use super::trust::Trust;
use super::verdict::{About, Check, Finding, Outcome, TrustUsed, Verdict};
use crate::hash::Hash;
use crate::json::Fault;
use crate::note::Succession;
use crate::replica::Replica;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::leaf_hash;
use crate::tlog::proof::Proof;
use crate::tlog::verify::verify_inclusion;
use crate::treaty::admit::Signatures;
use crate::treaty::entry::Entry;
use crate::treaty::register::Register;
use crate::treaty::verify::LineState;
use crate::words::Words;

/// Verifies a bundle. Without a root of trust everything is checked that can be, and nothing is decided.
pub fn verify(text: &str, trust: Option<&Trust>) -> Verdict {
    let used = TrustUsed { source: if trust.is_some() { "given" } else { "none" }, line: trust.map(Trust::to_string) };
    let bundle = match Bundle::parse(text) {
        Ok(bundle) => bundle,
        Err(faults) => return Verdict::over(vec![malformed_bundle(&faults)], None, used),
    };
    let mut findings = Findings::default();
    findings.pass(Check::Form, None, "bundle_read", "The file is a bundle.", "Файл является пакетом проверки.");
    let about = Examination { bundle: &bundle, trust, findings: &mut findings }.run();
    Verdict::over(findings.0, about, used)
}

fn malformed_bundle(faults: &[Fault]) -> Finding {
    let (pointer, code, detail) = faults
        .first()
        .map_or(("", "bundle_malformed", ""), |fault| (fault.pointer.as_str(), fault.code, fault.detail.en.as_ref()));
    let ru = faults.first().map_or("", |fault| fault.detail.ru.as_ref());
    Finding {
        check: Check::Form,
        subject: None,
        result: Outcome::Fail,
        code,
        detail: Words::new(
            format!("The file is not a bundle: {pointer} {detail}"),
            format!("Файл не является пакетом проверки: {pointer} {ru}"),
        ),
    }
}

/// The findings so far.
#[derive(Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn add(
        &mut self,
        check: Check,
        result: Outcome,
        subject: Option<&str>,
        code: &'static str,
        detail: Words,
    ) {
        self.0.push(Finding { check, subject: subject.map(str::to_owned), result, code, detail });
    }

    pub(super) fn pass(&mut self, check: Check, subject: Option<&str>, code: &'static str, en: &str, ru: &str) {
        self.add(check, Outcome::Pass, subject, code, Words::new(en.to_owned(), ru.to_owned()));
    }

    pub(super) fn fail(&mut self, check: Check, subject: Option<&str>, code: &'static str, detail: Words) {
        self.add(check, Outcome::Fail, subject, code, detail);
    }

    pub(super) fn unknown(&mut self, check: Check, subject: Option<&str>, code: &'static str, detail: Words) {
        self.add(check, Outcome::CouldNotCheck, subject, code, detail);
    }
}

/// One bundle under examination.
pub(super) struct Examination<'a> {
    bundle: &'a Bundle,
    trust: Option<&'a Trust>,
    pub(super) findings: &'a mut Findings,
}

impl Examination<'_> {
    fn run(&mut self) -> Option<About> {
        let entry = match Entry::parse(self.bundle.entry.as_bytes()) {
            Ok(entry) => entry,
            Err(malformed) => {
                self.findings.fail(Check::Content, None, malformed.code, first_fault(&malformed));
                return None;
            }
        };
        let digest = entry.signed.digest;
        self.findings.pass(Check::Content, None, "content_digest", &digest.to_string(), &digest.to_string());
        let proof = Proof::parse(&self.bundle.receipt).ok();
        let (ledger, checkpoint) = self.ledger(&entry, proof.as_ref()).unzip();
        let index = proof.as_ref().map(|proof| proof.index);
        let lines = match (&ledger, &checkpoint, &proof) {
            (Some(ledger), Some(checkpoint), Some(proof)) => ledger.lines(&proof.checkpoint, checkpoint.size),
            _ => Lines::default(),
        };
        self.signatures(&entry, ledger.as_ref(), index);
        self.revocation(checkpoint.as_ref(), &lines);
        self.place(&entry, proof.as_ref(), ledger.as_ref(), checkpoint.as_ref());
        self.cosignatures(&lines);
        self.finality(ledger.as_ref(), &lines);
        Some(about(&entry, index, checkpoint.map(|checkpoint| checkpoint.size)))
    }

    /// Builds up the keys and the terms from entry 0 on, and opens the checkpoint with them. Without them little can be
    /// checked, and what is wrong is said.
    fn ledger(&mut self, entry: &Entry, proof: Option<&Proof>) -> Option<(Ledger, Checkpoint)> {
        let first = self.bundle.support.first().map_or(entry.bytes.as_str(), |proved| proved.entry.as_str());
        let mut replica = Replica::default();
        let begun = replica.replay(first.as_bytes(), Signatures::Check);
        let terms = replica.register().terms().cloned();
        let (Ok(entry_0), Some(terms)) = (begun, terms) else {
            self.no_trust(Words::fixed(
                "The bundle does not hold the ledger's first terms, signed by every root that they name.",
                "В пакете нет первых условий реестра, подписанных всеми названными в них корневыми ключами.",
            ));
            return None;
        };
        let own = Trust { origin: terms.origin.clone(), terms: entry_0.signed.digest };
        if self.bundle.origin != own.origin || self.bundle.trust != own.to_string() {
            let detail = Words::fixed(
                "What the bundle says of its ledger is not what its first terms say.",
                "Сведения пакета о реестре не совпадают с первыми условиями.",
            );
            self.findings.fail(Check::Form, None, "bundle_contradicts_itself", detail);
        }
        self.trust(entry_0.signed.digest, &terms.origin);
        if let Some(before) = &terms.succeeds {
            let words = succeeds(before);
            self.findings.add(Check::Trust, Outcome::Pass, Some(&terms.origin), "succeeds", words);
        }
        let mut ledger = Ledger::new(replica.register().clone());
        let support = &self.bundle.support;
        let judged = support.iter().try_for_each(|proved| ledger.take_up(proved));
        let keys = ledger.register.terms()?.log.clone();
        let checkpoint = self.checkpoint(proof?, &terms.origin, &keys)?;
        let proved = judged.and_then(|()| support.iter().try_for_each(|proved| prove(proved, &checkpoint, &keys)));
        if let Err(detail) = proved {
            self.findings.fail(Check::Form, None, "support_not_proved", detail);
            return None;
        }
        Some((ledger, checkpoint))
    }

    fn no_trust(&mut self, detail: Words) {
        if self.trust.is_some() {
            self.findings.fail(Check::Trust, None, "first_terms_missing", detail);
        } else {
            self.findings.unknown(Check::Trust, None, "first_terms_missing", detail);
        }
    }

    fn trust(&mut self, terms: Hash, origin: &str) {
        match self.trust {
            None => self.findings.unknown(
                Check::Trust,
                None,
                "no_root_of_trust",
                Words::new(
                    format!("No root of trust was given; the bundle says {terms} for {origin}."),
                    format!("Корень доверия не указан; в пакете значится {terms} для {origin}."),
                ),
            ),
            Some(trust) if trust.terms == terms && trust.origin == origin => {
                let line = trust.to_string();
                self.findings.pass(Check::Trust, None, "root_of_trust", &line, &line);
            }
            Some(trust) => self.findings.fail(
                Check::Trust,
                None,
                "other_ledger",
                Words::new(
                    format!("The bundle is of another ledger than {trust}."),
                    format!("Пакет относится к другому реестру, не {trust}."),
                ),
            ),
        }
    }

    fn checkpoint(&mut self, proof: &Proof, origin: &str, keys: &Succession) -> Option<Checkpoint> {
        match Checkpoint::open_by(proof.checkpoint.as_bytes(), origin, keys) {
            Ok(checkpoint) => {
                let (size, root) = (checkpoint.size, checkpoint.root.to_base64());
                let (en, ru) = (format!("size {size}, root {root}"), format!("размер {size}, корень {root}"));
                self.findings.pass(Check::Checkpoint, Some(origin), "checkpoint_signed", &en, &ru);
                Some(checkpoint)
            }
            Err(error) => {
                let detail = Words::new(
                    format!("The checkpoint is not signed by the log: {error}."),
                    format!("Контрольная точка не подписана журналом: {error}."),
                );
                self.findings.fail(Check::Checkpoint, Some(origin), "checkpoint_not_signed", detail);
                None
            }
        }
    }

    /// Each signer's line, and whether the key was good at the record's index.
    fn signatures(&mut self, entry: &Entry, ledger: Option<&Ledger>, index: Option<u64>) {
        for refused in entry.signed.line_faults() {
            self.findings.fail(Check::Signature, Some(&refused.got), refused.refusal.code(), refused.refusal.words());
        }
        let register = ledger.map(|ledger| ledger.register.clone()).unwrap_or_default();
        for (i, name) in entry.signed.record.header.signers.iter().enumerate() {
            let subject = Some(name.as_str());
            match entry.signed.signature_of(i, &register) {
                LineState::Good(_) => {
                    let named = name.party().name();
                    self.findings.pass(Check::Signature, subject, "signature_good", &named.en, &named.ru);
                }
                LineState::Bad => {
                    let words = crate::treaty::refusal::Refusal::SignatureInvalid.words();
                    self.findings.fail(Check::Signature, subject, "signature_invalid", words);
                }
                LineState::KeyUnknown => self.findings.unknown(
                    Check::Signature,
                    subject,
                    "key_not_in_bundle",
                    Words::fixed(
                        "The bundle proves no key of this name, so the signature could not be checked.",
                        "Пакет не подтверждает ключа с таким именем, поэтому подпись проверить нельзя.",
                    ),
                ),
            }
            self.key(&register, name.as_str(), index.filter(|_| ledger.is_some()));
        }
    }

    /// Whether a signer's key was good.
    fn key(&mut self, register: &Register, name: &str, index: Option<u64>) {
        let (Some(key), Some(index)) = (register.key(name), index) else {
            let detail = Words::fixed("The bundle does not prove this key.", "Пакет не подтверждает этот ключ.");
            self.findings.unknown(Check::Key, Some(name), "key_not_in_bundle", detail);
            return;
        };
        // An entry that registers a key is signed by it, too: there the two indices are one.
        let good = key.is_good_at(index) || (key.registered == index && key.revoked.is_none());
        let (at, from) = (index, key.registered);
        match &key.revoked {
            Some(revoked) if !good => {
                let end = revoked.index;
                let detail = Words::new(
                    format!("The key was revoked at index {end}, before the record at index {at}."),
                    format!("Ключ отозван записью {end}, раньше записи {at}."),
                );
                self.findings.fail(Check::Key, Some(name), "key_revoked", detail);
            }
            Some(revoked) => {
                let end = revoked.index;
                let en = format!("good at index {at}: registered at {from}, revoked later at {end}");
                let ru = format!(
                    "действителен для записи {at}: зарегистрирован записью {from}, позже отозван записью {end}"
                );
                self.findings.pass(Check::Key, Some(name), "key_good_revoked_later", &en, &ru);
            }
            None if good => {
                let en = format!("good at index {at}: registered at {from}");
                let ru = format!("действителен для записи {at}: зарегистрирован записью {from}");
                self.findings.pass(Check::Key, Some(name), "key_good", &en, &ru);
            }
            None => {
                let detail = Words::new(
                    format!("The key was registered at index {from}, after the record at index {at}."),
                    format!("Ключ зарегистрирован записью {from}, позже записи {at}."),
                );
                self.findings.fail(Check::Key, Some(name), "key_not_yet_registered", detail);
            }
        }
    }

    /// The clerk's line, and the entry's place in the tree.
    fn place(
        &mut self,
        entry: &Entry,
        proof: Option<&Proof>,
        ledger: Option<&Ledger>,
        checkpoint: Option<&Checkpoint>,
    ) {
        let terms = ledger.and_then(|ledger| ledger.register.terms());
        let (Some(proof), Some(checkpoint), Some(terms)) = (proof, checkpoint, terms) else {
            let detail =
                Words::fixed("Could not be checked without the ledger's keys.", "Нельзя проверить без ключей реестра.");
            self.findings.unknown(Check::Countersignature, None, "ledger_keys_missing", detail.clone());
            self.findings.unknown(Check::Inclusion, None, "ledger_keys_missing", detail);
            return;
        };
        let clerk = terms.clerk_of(proof.index);
        if entry.is_countersigned_by(clerk) {
            let (en, ru) = (format!("received {}", entry.received_at), format!("получена {}", entry.received_at));
            self.findings.pass(Check::Countersignature, Some(clerk.name()), "countersigned", &en, &ru);
        } else {
            let detail = Words::fixed("The ledger's countersignature is not good.", "Контрподпись реестра неверна.");
            self.findings.fail(Check::Countersignature, Some(clerk.name()), "countersignature_invalid", detail);
        }
        let leaf = leaf_hash(entry.bytes.as_bytes());
        let (index, size) = (proof.index, checkpoint.size);
        match verify_inclusion(leaf, index, size, &proof.hashes, checkpoint.root) {
            Ok(()) => {
                let hashes = proof.hashes.len();
                let en = format!("entry {index} of {size}, {hashes} hashes");
                let ru = format!("запись {index} из {size}, хешей: {hashes}");
                self.findings.pass(Check::Inclusion, None, "included", &en, &ru);
            }
            Err(error) => {
                let detail = Words::new(
                    format!("The entry is not in this checkpoint: {error}."),
                    format!("Записи нет в этой контрольной точке: {error}."),
                );
                self.findings.fail(Check::Inclusion, None, "not_included", detail);
            }
        }
    }
}

fn about(entry: &Entry, index: Option<u64>, tree_size: Option<u64>) -> About {
    let header = &entry.signed.record.header;
    About {
        digest: entry.signed.digest.to_string(),
        kind: entry.signed.record.body.kind().as_str(),
        party: header.party.as_str(),
        number: header.number,
        signers: header.signers.iter().map(ToString::to_string).collect(),
        signed_at: header.signed_at.to_string(),
        received_at: Some(entry.received_at.to_string()),
        index,
        tree_size,
    }
}
