//! What else is shown to an auditor: checkpoints with their cosignatures, policies, and receipts that somebody holds.
//!
//! Invariants: a key counts only if these very entries name or registered it; the caller's word is never used.
//!
//! Deliberately absent: that a checkpoint is the newest. Whoever holds a newer one shows it.

use std::collections::BTreeSet;

use super::Auditor;
use crate::evidence::bundle::{Bundle, MAX_BYTES};
use crate::evidence::cosigned::{Lines, Seen, Worth, is_met};
use crate::evidence::verdict::Outcome;
use crate::hash::Hash;
use crate::note::{Note, Verifier};
use crate::tlog::Head;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::leaf_hash;
use crate::tlog::policy::Policy;
use crate::tlog::proof::{Proof, ReceiptError};
use crate::tlog::verify::verify_inclusion;
use crate::words::Words;

impl Auditor {
    /// Compares a signed checkpoint with what was folded, and looks at its cosignatures. Entries beyond it are not
    /// covered by it.
    pub fn checkpoint(&mut self, place: &str, note: &[u8]) {
        let Some(terms) = self.replica.register().terms().cloned() else {
            self.not_reached("checkpoint");
            return;
        };
        match Checkpoint::open_by(note, &terms.origin, &terms.log) {
            Err(_) if self.broken && is_beyond(note, self.size()) => self.not_reached("checkpoint"), // its key may be, too
            Err(error) => {
                let detail = Words::new(
                    format!("It is no checkpoint that the log signed: {error}."),
                    format!("Это не подписанная журналом контрольная точка: {error}."),
                );
                self.fail("checkpoint", place, "checkpoint_not_signed", detail);
            }
            Ok(checkpoint) => {
                let at = format!("{place}, size {}", checkpoint.size);
                if self.head("checkpoint", at, Head { size: checkpoint.size, root: checkpoint.root }) {
                    self.cosignatures(place, note, checkpoint.size);
                }
            }
        }
    }

    /// Notes that a file which should be a checkpoint is none.
    pub fn no_checkpoint_in(&mut self, place: &str) {
        self.broken = true;
        let detail = Words::fixed("It is not a checkpoint.", "Это не контрольная точка.");
        self.fail("checkpoint", place, "checkpoint_malformed", detail);
    }

    /// Notes that nothing signed by the log was shown.
    pub fn no_checkpoint(&mut self) {
        let detail =
            Words::fixed("Nothing that the log signed was shown.", "Ничего подписанного журналом показано не было.");
        self.add("checkpoint", None, Outcome::CouldNotCheck, "no_checkpoint", detail);
    }

    /// Every cosignature on a checkpoint of this log by a key that the log registered, and the quorum.
    fn cosignatures(&mut self, place: &str, bytes: &[u8], size: u64) {
        let origin = self.replica.register().terms().map(|terms| terms.origin.clone()).unwrap_or_default();
        let lines = Lines::of(bytes, size, &origin, self.replica.register());
        for Seen { name, worth } in &lines.seen {
            let at = format!("{place}, {name}");
            match worth {
                Worth::Bad(error) => {
                    let detail =
                        Words::new(format!("The line is not good: {error}."), format!("Строка неверна: {error}."));
                    self.fail("cosignatures", &at, "cosignature_bad", detail);
                }
                Worth::KeyNotGood => {
                    let detail = Words::new(
                        format!("The key was not good at size {size}."),
                        format!("Ключ не действовал при размере {size}."),
                    );
                    self.add("cosignatures", Some(at), Outcome::CouldNotCheck, "cosigner_not_good", detail);
                }
                Worth::Good(time) => {
                    let detail = Words::new(
                        format!("cosigned size {size} at POSIX time {time}"),
                        format!("подписан размер {size}, время POSIX {time}"),
                    );
                    self.add("cosignatures", Some(at), Outcome::Pass, "cosigned", detail);
                }
            }
        }
        if lines.strangers > 0 {
            let count = lines.strangers;
            let detail = Words::new(
                format!("{count} lines by keys that this log does not register were not looked at."),
                format!("Строк с ключами, которых журнал не регистрировал: {count}; они не проверялись."),
            );
            self.add("cosignatures", Some(place.to_owned()), Outcome::NotRequired, "cosigner_unknown", detail);
        }
        self.quorum(place, &lines.good());
    }

    fn quorum(&mut self, place: &str, good: &BTreeSet<String>) {
        let Some(terms) = self.replica.register().terms().cloned() else { return };
        let place = Some(place.to_owned());
        if is_met(&terms.quorum, &BTreeSet::new()) {
            let detail = Words::fixed("The terms demand no cosignature.", "Условия не требуют соподписей.");
            self.add("policy", None, Outcome::NotRequired, "no_quorum", detail);
        } else if is_met(&terms.quorum, good) {
            let detail = Words::fixed("Those whom the terms name have cosigned.", "Названные в условиях подписали.");
            self.add("policy", place, Outcome::Pass, "quorum_met", detail);
        } else {
            let detail = Words::fixed(
                "Not all whom the terms name have cosigned this head.",
                "Не все названные в условиях подписали эту голову.",
            );
            self.add("policy", place, Outcome::CouldNotCheck, "quorum_not_met", detail);
        }
    }

    /// Compares a policy that lies beside the log with what the entries say: the log's key, and keys of cosigners that
    /// are registered.
    pub fn policy(&mut self, place: &str, text: &[u8]) {
        if self.broken {
            return;
        }
        let Some(terms) = self.replica.register().terms().cloned() else { return };
        let published: Vec<&Verifier> =
            self.replica.register().keys().filter(|key| key.name.role().cosigns()).map(|key| &key.published).collect();
        let fits = std::str::from_utf8(text).ok().and_then(|text| Policy::parse(text).ok()).is_some_and(|policy| {
            let [log] = policy.logs() else { return false };
            log.key == *terms.log.at(self.size())
                && policy.witnesses().all(|witness| published.contains(&&witness.key))
                && policy.is_met(|_| false) == is_met(&terms.quorum, &BTreeSet::new())
        });
        if !fits {
            let detail =
                Words::fixed("It is not the policy of these entries.", "Это не политика, следующая из этих записей.");
            self.fail("policy", place, "policy_differs", detail);
        }
    }

    /// Compares what somebody holds with what was folded: a receipt, or a bundle with a receipt in it.
    pub fn receipt(&mut self, place: &str, text: &str) {
        self.counts.receipts += 1;
        let held = if text.len() <= MAX_BYTES && text.starts_with('{') {
            Bundle::parse(text).ok().map(|bundle| (bundle.receipt, Some(bundle.entry)))
        } else {
            Some((text.to_owned(), None))
        };
        let proof = held.and_then(|(receipt, entry)| Some((Proof::parse(&receipt).ok()?, entry)));
        let Some((proof, entry)) = proof else {
            let detail = Words::fixed("It is neither a receipt nor a bundle.", "Это не квитанция и не пакет.");
            self.fail("receipts", place, "receipt_malformed", detail);
            return;
        };
        let Some(terms) = self.replica.register().terms().cloned() else {
            self.not_reached("receipts");
            return;
        };
        match Checkpoint::open_by(proof.checkpoint.as_bytes(), &terms.origin, &terms.log) {
            Err(error) => {
                let detail = Words::new(
                    format!("Its checkpoint is not signed by this log: {error}."),
                    format!("Её контрольная точка не подписана этим журналом: {error}."),
                );
                self.fail("receipts", place, "receipt_not_signed", detail);
            }
            Ok(checkpoint) => self.promise(place, &proof, entry.as_deref(), &checkpoint),
        }
    }

    /// What the log signed in a receipt is what is here.
    fn promise(&mut self, place: &str, proof: &Proof, entry: Option<&str>, checkpoint: &Checkpoint) {
        let (index, size) = (proof.index, checkpoint.size);
        let at = format!("{place}, entry {index}");
        let (Some(leaf), Some(root)) = (self.replica.tree().leaf(index), self.replica.tree().root_at(size)) else {
            let detail = Words::new(
                format!("It proves entry {index} in {size} entries, and only {} could be read here.", self.size()),
                format!("Она доказывает запись {index} из {size}, а прочитано лишь {}.", self.size()),
            );
            self.fail("receipts", &at, "receipt_beyond", detail);
            return;
        };
        let held: Hash = entry.map_or(leaf, |entry| leaf_hash(entry.as_bytes()));
        let proved = verify_inclusion(held, index, size, &proof.hashes, checkpoint.root).map_err(ReceiptError::Proof);
        if root != checkpoint.root || proved.is_err() {
            let detail = Words::new(
                format!("It was signed over size {size} with the root {}; here that is {root}.", checkpoint.root),
                format!("Она подписана для размера {size} с корнем {}; здесь это {root}.", checkpoint.root),
            );
            self.fail("receipts", &at, "receipt_differs", detail);
        }
    }
}

/// Whether a note is a checkpoint of more than `size` entries.
fn is_beyond(note: &[u8], size: u64) -> bool {
    let read = Note::parse(note).ok().and_then(|note| Checkpoint::parse(note.text()).ok());
    read.is_some_and(|checkpoint| checkpoint.size > size)
}
