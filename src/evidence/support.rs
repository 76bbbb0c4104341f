//! What a bundle proves about the ledger beside the record itself: its terms, and the keys of the signers.
//!
//! Each supporting entry is countersigned, signed by keys that were good at its index, admissible by the rules of its
//! kind, and proved in the one checkpoint. The key of that checkpoint may itself stand in a supporting entry: an amendment
//! of the terms, which the roots of both Parties signed. So the entries are judged first, the checkpoint is opened with
//! the key that they name for its size, and then each is proved.
//!
//! Invariants: nothing is taken up out of log order; where one entry cannot be judged or proved, none counts.
//!
//! Deliberately absent: entries that the bundle leaves out. That none is missing is for mirrors and audits to attest.

use super::bundle::Proved;
use super::cosigned::Lines;
use crate::note::Succession;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::leaf_hash;
use crate::tlog::proof::Proof;
use crate::treaty::admit::Case;
use crate::treaty::entry::Entry;
use crate::treaty::record::{Body, Malformed};
use crate::treaty::register::{Applied, Register};
use crate::treaty::terms::Succeeds;
use crate::treaty::verify::LineState;
use crate::words::Words;

/// The terms and keys that a bundle names, and the checkpoint below which they are proved.
pub(super) struct Ledger {
    /// Terms, keys and revocations, each with its true index. It holds no other facts.
    pub(super) register: Register,
    newest: Option<u64>,
}

impl Ledger {
    /// The ledger as `register` (entry 0 alone) has it.
    pub(super) fn new(register: Register) -> Ledger {
        Ledger { register, newest: None }
    }

    /// The lines below the checkpoint of a size, by cosigners whose keys are proved.
    pub(super) fn lines(&self, checkpoint: &str, size: u64) -> Lines {
        let origin = self.register.terms().map(|terms| terms.origin.clone()).unwrap_or_default();
        Lines::of(checkpoint.as_bytes(), size, &origin, &self.register)
    }

    /// Takes up the terms, a key or a revocation: countersigned, signed by keys that were good, and admissible by the
    /// rules. Where it stands is for [`prove`], which needs the log's key, and that may be what is taken up here.
    pub(super) fn take_up(&mut self, proved: &Proved) -> Result<(), Words> {
        let terms = self.register.terms().cloned().ok_or_else(|| wrong("no terms", "нет условий"))?;
        let entry = Entry::parse(proved.entry.as_bytes()).map_err(|malformed| first_fault(&malformed))?;
        let proof = Proof::parse(&proved.receipt).map_err(|error| wrong(&error.to_string(), &error.to_string()))?;
        let index = proof.index;
        if self.newest.is_some_and(|newest| newest >= index) {
            return Err(wrong("the entries are not in log order", "записи идут не в порядке журнала"));
        }
        self.newest = Some(index);
        if index == 0 {
            return Ok(()); // replayed before
        }
        if !entry.is_countersigned_by(terms.clerk_of(index)) {
            return Err(wrong("it is not countersigned", "нет контрподписи"));
        }
        self.judge(&entry, index).map_err(|code| wrong(&format!("{index}: {code}"), &format!("{index}: {code}")))
    }

    fn judge(&mut self, entry: &Entry, index: u64) -> Result<(), &'static str> {
        let signed = &entry.signed;
        if let Some(refused) = signed.line_faults().first() {
            return Err(refused.refusal.code());
        }
        for (i, name) in signed.record.header.signers.iter().enumerate() {
            let good_then = self.register.key(name.as_str()).is_none_or(|key| key.is_good_at(index));
            if !good_then || !matches!(signed.signature_of(i, &self.register), LineState::Good(_)) {
                return Err("signature_invalid");
            }
        }
        let terms = self.register.terms().cloned().ok_or("terms")?;
        let header = &signed.record.header;
        let case = Case { register: &self.register, index, terms: &terms, header, received_at: entry.received_at };
        let mut refused = Vec::new();
        match &signed.record.body {
            Body::Terms(body) => body.admit(&case, &mut refused),
            Body::KeyRegistration(body) => body.admit(&case, &mut refused),
            Body::KeyRevocation(body) => body.admit(&case, &mut refused),
            _ => return Err("not_support"),
        }
        if let Some(refused) = refused.first() {
            return Err(refused.refusal.code());
        }
        let applied = Applied { index, digest: signed.digest, received_at: entry.received_at, header };
        match &signed.record.body {
            Body::Terms(body) => body.apply(&applied, &mut self.register),
            Body::KeyRegistration(body) => body.apply(&applied, &mut self.register),
            Body::KeyRevocation(body) => body.apply(&applied, &mut self.register),
            _ => {}
        }
        Ok(())
    }
}

/// Checks that an entry is proved below this checkpoint of the log with these keys.
pub(super) fn prove(proved: &Proved, checkpoint: &Checkpoint, keys: &Succession) -> Result<(), Words> {
    let proof = Proof::parse(&proved.receipt).map_err(|error| wrong(&error.to_string(), &error.to_string()))?;
    let (index, key) = (proof.index, keys.at(checkpoint.size));
    let found = proof
        .verify(leaf_hash(proved.entry.as_bytes()), &checkpoint.origin, key)
        .map_err(|error| wrong(&format!("{index}: {error}"), &format!("{index}: {error}")))?;
    if found != *checkpoint {
        return Err(wrong("it is proved against another checkpoint", "доказана по другой контрольной точке"));
    }
    Ok(())
}

fn wrong(en: &str, ru: &str) -> Words {
    Words::new(format!("Supporting entry: {en}."), format!("Сопутствующая запись: {ru}."))
}

/// The first fault of a malformed text, with its place.
pub(super) fn first_fault(malformed: &Malformed) -> Words {
    malformed.faults.first().map_or(Words::fixed("Malformed.", "Неверная форма."), |fault| {
        let place = if fault.pointer.is_empty() { format!("line {}", fault.line) } else { fault.pointer.clone() };
        Words::new(format!("{place}: {}", fault.detail.en), format!("{place}: {}", fault.detail.ru))
    })
}

/// What a log says of the one that it continues.
pub fn succeeds(before: &Succeeds) -> Words {
    let (origin, size, root) = (&before.origin.0, before.size.0, before.root);
    Words::new(
        format!("This log continues {origin}, which ended with {size} entries and the root {root}."),
        format!("Этот журнал продолжает {origin}, который завершился с {size} записями и корнем {root}."),
    )
}
