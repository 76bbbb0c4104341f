//! A ledger with some thirty entries, each committed on its own, and a token for every kind of reader.

use countersign::store::token::Reading;
use countersign::treaty::record::Kind;
use serde_json::Value;

use super::http::Api;
use super::ledger::{draft, registration, signed};
use super::records::{changing, consenting, declaring, designating, terms};

/// A ledger, what was posted to it, and readers.
pub struct Stock {
    /// The ledger.
    pub api: Api,
    /// The answer to each POST from entry 5 on.
    pub answers: Vec<Value>,
    /// A token of the United States.
    pub us: String,
    /// A token of an auditor of Russia.
    pub auditor: String,
    /// A token of Romania.
    pub ro: String,
}

/// The entries that Romania may read: the terms, its own, and those of A1.
pub const OF_ROMANIA: [u64; 9] = [0, 3, 6, 10, 12, 16, 20, 24, 28];
/// How many entries there are.
pub const ENTRIES: u64 = 30;

impl Stock {
    /// Everything from the terms to data changes at every slot.
    pub async fn new(public: bool) -> Option<Stock> {
        let note = terms(|body| body["public_log"] = public.into());
        let api = Api::with_terms(&note).await?;
        let mut notes = vec![registration("US/leader/1")]; // 5
        let mut number = std::collections::BTreeMap::new();
        let mut add = |signer: &str, kind, body| {
            let mut record = draft(kind, &[signer], body);
            let count = number.entry(signer.to_owned()).or_insert(0);
            *count += 1;
            record.number = *count;
            notes.push(signed(&record));
        };
        for (slot, by) in [("A1", "RU"), ("A2", "RU"), ("B1", "US"), ("B2", "US")] {
            add(&format!("{by}/centre/1"), Kind::Designation, designating(slot, "designate")); // 6 to 9
        }
        for (slot, by) in [("A1", "RO"), ("A2", "PL")] {
            add(&format!("{by}/centre/1"), Kind::HostConsent, consenting(slot, "standing", "give")); // 10, 11
        }
        let declared = [("A1", "US"), ("A2", "US"), ("B1", "RU"), ("B2", "RU")];
        for (slot, by) in declared {
            add(&format!("{by}/centre/1"), Kind::Declaration, declaring(slot)); // 12 to 15
        }
        for (slot, by) in declared.iter().cycle().take(14) {
            add(&format!("{by}/centre/1"), Kind::DataChange, changing(slot)); // 16 to 29
        }
        let mut answers = Vec::new();
        for note in &notes {
            answers.push(api.record(note).await);
        }
        assert_eq!(api.size(), ENTRIES);
        let us = api.party_token().await;
        let auditor = api.token("RU", Reading::Auditor).await;
        let ro = api.token("RO", Reading::Host).await;
        Some(Stock { api, answers, us, auditor, ro })
    }

    /// The bytes of every entry, in order.
    pub async fn entries(&self) -> Vec<String> {
        self.api.ledger.reader.entries(0, self.api.size()).await.expect("entries")
    }
}
