//! Where the record of accesses stands: said by the clerk, with the links that lead there.
//!
//! Deliberately absent: the events themselves, and copies. A mirror keeps a record of its own readers, and has no clerk.

use super::ledger::Ledger;
use super::query::QueryError;
use crate::evidence::accesses::AccessHead;
use crate::hash::Hash;
use crate::note::Signer;

impl Ledger {
    /// The clerk of what is said now, whatever it is about: that of the next entry. A copy has none.
    pub(super) fn clerk(&self) -> Result<&Signer, QueryError> {
        let keys = self.keys.as_ref().ok_or(QueryError::NotFound)?;
        let published = self.now();
        let terms = published.replica.register().terms();
        terms.and_then(|terms| keys.clerk_of(terms, published.size())).ok_or(QueryError::Sign)
    }

    /// Where the record of accesses stands, or stood after so many events.
    pub async fn access_head(&self, count: Option<u64>) -> Result<String, QueryError> {
        let clerk = self.clerk()?;
        let head = self.reader.chain_at(count).await?.ok_or(QueryError::NotFound)?;
        let said = AccessHead { origin: self.trust.origin.clone(), head, said_at: self.clock.now() };
        said.sign(clerk).map_err(|_| QueryError::Sign)
    }

    /// The links of the events after so many, in order; some thousands at most.
    pub async fn access_links(&self, after: u64) -> Result<Vec<Hash>, QueryError> {
        self.clerk()?;
        Ok(self.reader.links_after(after).await?)
    }
}
