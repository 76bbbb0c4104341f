//! Who may read what: one function, and deny by default.
//!
//! Both Parties and their auditors read everything of both sides. A host reads the terms, its own authority's records,
//! and the records whose slot lies on its territory. Whoever has no token reads health, the ledger's own keys, and
//! checkpoint and hash tiles where the terms say so. What is hidden is answered like what does not exist.
//!
//! Deliberately absent: writing. A record is authorised by its signatures alone.

use crate::replica::Replica;
use crate::store::token::Reading;
pub use crate::store::token::Token;
use crate::treaty::party::{Party, Slot};
use crate::treaty::past::Past;
use crate::treaty::record::Kind;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody known.
    Anonymous,
    /// The holder of a token.
    Holder {
        /// The state.
        party: Party,
        /// What the token is for.
        role: Reading,
    },
}

impl Principal {
    /// Whether every record of the log may be read.
    pub fn reads_all(&self) -> bool {
        matches!(self, Principal::Holder { party, role: Reading::Party | Reading::Auditor } if party.is_party())
    }

    /// Whether there is any token at all.
    pub fn is_known(&self) -> bool {
        matches!(self, Principal::Holder { .. })
    }

    /// Whether the token is of this state.
    pub fn is_of(&self, state: Party) -> bool {
        matches!(self, Principal::Holder { party, .. } if *party == state)
    }

    /// Whether the record at `index` may be read, as the log stood.
    pub fn may_read(&self, past: &Past<'_>, index: u64) -> bool {
        let Some(fact) = past.fact(index) else { return false };
        if self.reads_all() {
            return true;
        }
        let Principal::Holder { party, role: Reading::Host } = self else { return false };
        fact.kind == Kind::Terms || fact.party == *party || fact.slot.is_some_and(|slot| self.may_see(past, slot))
    }

    /// Whether a slot and the visits to it may be seen.
    pub fn may_see(&self, past: &Past<'_>, slot: Slot) -> bool {
        let Some(terms) = past.terms().and_then(|terms| terms.slot(slot)) else { return false };
        self.reads_all() || matches!(self, Principal::Holder { party, role: Reading::Host } if *party == terms.host)
    }

    /// Whether checkpoints and hash tiles may be read.
    pub fn may_read_tree(&self, replica: &Replica) -> bool {
        self.is_known() || replica.register().terms().is_some_and(|terms| terms.public_log)
    }
}
