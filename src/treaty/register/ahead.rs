//! What of a register is needed to verify lines before it is their turn.
//!
//! Deliberately absent: everything that grows with every entry. While a clone shares that with its original, the original
//! has to copy what it changes.

use super::Register;

impl Register {
    /// The keys and the terms alone.
    pub(crate) fn of_keys(&self) -> Register {
        let (keys, key_by_name, terms) = (self.keys.clone(), self.key_by_name.clone(), self.terms.clone());
        Register { keys, key_by_name, key_by_public: self.key_by_public.clone(), terms, ..Register::default() }
    }
}
