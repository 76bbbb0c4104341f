//! A record's bundle: everything that its verification needs, in one file.
//!
//! It is proved in the newest final checkpoint that contains the record, and where there is none, in the newest. Beside
//! the record it has all terms, and the registration and revocation of every key that signed it, cosigned that checkpoint,
//! or signed one of these.
//!
//! Invariants: every entry of a bundle lies below the one checkpoint.
//!
//! Deliberately absent: verification ([`crate::evidence`]).

use std::collections::{BTreeMap, BTreeSet};

use super::access::Principal;
use super::known::Known;
use super::ledger::Ledger;
use super::published::Published;
use super::query::{QueryError, RecordName, parse};
use crate::evidence::bundle::{self, Bundle, Proved};
use crate::treaty::entry::Entry;
use crate::treaty::register::{Key, Register};

impl Ledger {
    /// Everything that the verification of one record needs.
    pub async fn bundle(&self, known: &Known, principal: &Principal, name: RecordName) -> Result<Bundle, QueryError> {
        let index = self.find(known, principal, name)?;
        let published = &known.published;
        let last_final = self.cosigned.lines.load().last_final().filter(|size| *size > index);
        let size = last_final.unwrap_or_else(|| published.size());
        let entry = self.entry(index).await?;
        let support = self.support(published, size, index, &entry).await?;
        let prove = |index| self.proof_in(published, index, size).ok_or(QueryError::Sign);
        let support = support.into_iter().map(|(index, entry)| Ok(Proved { entry, receipt: prove(index)? }));
        Ok(Bundle {
            format: bundle::FORMAT,
            origin: self.trust.origin.clone(),
            trust: self.trust.to_string(),
            receipt: prove(index)?,
            entry,
            support: support.collect::<Result<_, QueryError>>()?,
        })
    }

    /// The entries below a size on which a record and the cosignatures of that size rest.
    async fn support(
        &self,
        published: &Published,
        size: u64,
        index: u64,
        entry: &str,
    ) -> Result<BTreeMap<u64, String>, QueryError> {
        let register = published.replica.register();
        let mut found = BTreeMap::new();
        let mut wanted: BTreeSet<u64> = register.all_terms().map(|(index, _)| index).collect();
        wanted.extend(of_signers(register, &parse(index, entry)?));
        let lines = self.cosigned.lines.load_full();
        let cosigners = lines.at(size).iter().filter_map(|held| register.key(held.name.as_str()));
        wanted.extend(cosigners.flat_map(of_key));
        while let Some(index) = wanted.pop_first() {
            if index >= size || found.contains_key(&index) {
                continue;
            }
            let bytes = self.entry(index).await?;
            wanted.extend(of_signers(register, &parse(index, &bytes)?));
            found.insert(index, bytes);
        }
        Ok(found)
    }
}

/// The entries that registered or revoked the keys of an entry's signers.
fn of_signers(register: &Register, entry: &Entry) -> Vec<u64> {
    let names = entry.signed.record.header.signers.iter();
    names.filter_map(|name| register.key(name.as_str())).flat_map(of_key).collect()
}

/// The entries that registered or revoked a key.
fn of_key(key: &Key) -> impl Iterator<Item = u64> {
    [Some(key.registered), key.revoked.as_ref().map(|revoked| revoked.index)].into_iter().flatten()
}
