//! A ledger in which something is owed: a request that met a contested claim, and one that nobody answered.

use countersign::hash::Hash;
use countersign::treaty::record::Kind;
use serde_json::{Value, json};

use super::claims::saying;
use super::ledger::{draft, signed};
use super::records::digest;
use super::stock::Stock;
use super::visits::{at, intending};

/// The ledger, and what it is about.
pub struct Standing {
    /// The ledger; its clock stands at [`NOW`].
    pub stock: Stock,
    /// Russia's request to visit A1, received on 1 March for the 5th.
    pub a1: Hash,
    /// The claim of the United States that it cannot receive it, of 2 March.
    pub claim: Hash,
    /// Russia's contest of the claim, of 3 March.
    pub contest: Hash,
    /// The request of the United States to visit B1, received on 4 March for the 8th.
    pub b1: Hash,
}

/// When the ledger is asked.
pub const NOW: &str = "2026-03-20T00:00:00Z";
/// How many entries it has.
pub const SIZE: u64 = 34;

impl Standing {
    /// The ledger.
    pub async fn new() -> Option<Standing> {
        let stock = Stock::new(true).await?;
        let request = intending("A1", at("2026-03-05T12:00:00Z"));
        let a1 = post(&stock, "2026-03-01T13:00:00Z", "RU/centre/1", Kind::Intent, &[], request).await;
        let reason = saying(Kind::ForceMajeure);
        let claim = post(&stock, "2026-03-02T00:00:00Z", "US/centre/1", Kind::ForceMajeure, &[a1], reason).await;
        let body = json!({ "action": "claim" });
        let contest = post(&stock, "2026-03-03T00:00:00Z", "RU/centre/1", Kind::Contest, &[claim], body).await;
        let request = intending("B1", at("2026-03-08T12:00:00Z"));
        let b1 = post(&stock, "2026-03-04T00:00:00Z", "US/centre/1", Kind::Intent, &[], request).await;
        stock.api.clock.set(at(NOW));
        assert_eq!(stock.api.size(), SIZE);
        Some(Standing { stock, a1, claim, contest, b1 })
    }

    /// What a Party reads.
    pub async fn get(&self, path: &str) -> Value {
        self.stock.api.get(path, &self.stock.us).await.expect(200).json()
    }

    /// Posts a record at a time; its signers are written with spaces between them.
    pub async fn post(&self, when: &str, signer: &str, kind: Kind, refs: &[Hash], body: Value) -> Hash {
        post(&self.stock, when, signer, kind, refs, body).await
    }
}

async fn post(stock: &Stock, when: &str, signer: &str, kind: Kind, refs: &[Hash], body: Value) -> Hash {
    stock.api.clock.set(at(when));
    let mut record = draft(kind, &signer.split(' ').collect::<Vec<_>>(), body);
    record.refs = refs.to_vec();
    let note = signed(&record);
    stock.api.record(&note).await;
    digest(&note)
}
