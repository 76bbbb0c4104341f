//! Who acts and where: the states, the roles of keys, key names, and the slots that inspections are owed for.
//!
//! The two **Parties** (US, RU) owe each other inspections; **hosts** (RO, PL) consent to those on their territory. A
//! key is named `<authority>/<role>/<label>`, so that the name alone says for whom and as what its holder signs. A
//! **slot** (A1, A2, B1, B2) is a place in the bargain; which site fills it is said by a designation.
//!
//! Deliberately absent: which key is good when (that is [`super::register`]).

use std::fmt;

use super::shape::{At, Form, Line, List, Prose, Schema, Shape, text, wrong};
use crate::json::{Fault, Value};

crate::one_of! {
    /// A state that signs records.
    pub enum Party {
        /// The United States.
        Us = "US",
        /// The Russian Federation.
        Ru = "RU",
        /// Romania, host of Deveselu.
        Ro = "RO",
        /// Poland, host of Redzikowo.
        Pl = "PL",
    }
}

impl Party {
    /// Whether this state is one of the two Parties, and not a host.
    pub const fn is_party(self) -> bool {
        matches!(self, Party::Us | Party::Ru)
    }

    /// The name of the state.
    pub const fn name(self) -> crate::words::Words {
        use crate::words::Words;
        match self {
            Party::Us => Words::fixed("United States", "Соединённые Штаты"),
            Party::Ru => Words::fixed("Russian Federation", "Российская Федерация"),
            Party::Ro => Words::fixed("Romania", "Румыния"),
            Party::Pl => Words::fixed("Poland", "Польша"),
        }
    }
}

crate::one_of! {
    /// What a key may sign.
    pub enum Role {
        /// Registers and revokes the authority's other keys.
        Root = "root",
        /// Replaces the root.
        Recovery = "recovery",
        /// The national centre: declarations, notices, consents, claims.
        Centre = "centre",
        /// Leads an inspection team.
        Leader = "leader",
        /// Escorts an inspection team.
        Escort = "escort",
        /// Cosigns checkpoints for a Party that holds every entry.
        Mirror = "mirror",
        /// Cosigns checkpoints for consistency alone.
        Witness = "witness",
        /// Confirms that a record was lodged at a Party's mirror.
        Window = "window",
    }
}

impl Role {
    /// Whether keys of this role cosign checkpoints (signed-note type 0x04) instead of signing records.
    pub const fn cosigns(self) -> bool {
        matches!(self, Role::Mirror | Role::Witness)
    }

    /// Whether an authority may have keys of this role: hosts have a root, a recovery key and a centre only.
    pub const fn allowed_for(self, party: Party) -> bool {
        party.is_party() || matches!(self, Role::Root | Role::Recovery | Role::Centre)
    }
}

/// The name of a person's or an office's key: `<authority>/<role>/<label>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName {
    text: String,
    party: Party,
    role: Role,
}

impl KeyName {
    /// Reads a key name; the label has 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
    pub fn parse(text: &str) -> Option<KeyName> {
        let mut parts = text.split('/');
        let (party, role, label) = (parts.next()?, parts.next()?, parts.next()?);
        let label_is_good =
            (1..=64).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if parts.next().is_some() || !label_is_good {
            return None;
        }
        Some(KeyName { text: text.to_owned(), party: Party::from_word(party)?, role: Role::from_word(role)? })
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The authority that the key acts for.
    pub const fn party(&self) -> Party {
        self.party
    }

    /// What the key may sign.
    pub const fn role(&self) -> Role {
        self.role
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Shape for KeyName {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<KeyName> {
        let text = text(value, at, faults)?;
        KeyName::parse(text).or_else(|| wrong(at, Form::NotAKeyName, "", faults))
    }

    fn schema() -> Schema {
        Schema::Text { form: "a key name, `<authority>/<role>/<label>`", max: 76 }
    }
}

/// A place in the bargain: a capital letter and a number from 1 to 99.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    letter: u8,
    number: u8,
}

impl Slot {
    /// The first in order.
    pub const FIRST: Slot = Slot { letter: b'A', number: 1 };
    /// The last in order.
    pub const LAST: Slot = Slot { letter: b'Z', number: 99 };

    /// Reads a slot's code, such as `A1`.
    pub fn parse(text: &str) -> Option<Slot> {
        let (&letter, digits) = text.as_bytes().split_first()?;
        let number = match *digits {
            [n @ b'1'..=b'9'] => n - b'0',
            [n @ b'1'..=b'9', m @ b'0'..=b'9'] => (n - b'0') * 10 + (m - b'0'),
            _ => return None,
        };
        letter.is_ascii_uppercase().then_some(Slot { letter, number })
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", char::from(self.letter), self.number)
    }
}

impl Shape for Slot {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Slot> {
        let text = text(value, at, faults)?;
        Slot::parse(text).or_else(|| wrong(at, Form::NotASlot, "", faults))
    }

    fn schema() -> Schema {
        Schema::Text { form: "a slot, such as `A1`", max: 3 }
    }
}

crate::body! {
    /// A text in both working languages, both authentic; the hosts' languages may be added.
    pub struct Text {
        /// The English text.
        en: Prose,
        /// The Russian text.
        ru: Prose,
        /// The Romanian text.
        ro: Option<Prose>,
        /// The Polish text.
        pl: Option<Prose>,
    }
}

/// A name of up to 200 characters.
pub type Name = Line<200>;
/// A list of slots.
pub type Slots = List<Slot, 1, 16>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_name_says_for_whom_and_as_what() {
        let name = KeyName::parse("RU/leader/07").expect("well formed");
        assert_eq!((name.party(), name.role(), name.as_str()), (Party::Ru, Role::Leader, "RU/leader/07"));
        for wrong in [
            "RU/leader",
            "RU/leader/",
            "RU/leader/07/x",
            "FR/leader/07",
            "RU/boss/07",
            "RU/leader/0 7",
            "ru/leader/07",
            "RU/leader/é",
        ] {
            assert_eq!(KeyName::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_slot_is_a_letter_and_a_number() {
        for good in ["A1", "B2", "Z99", "C10"] {
            assert_eq!(Slot::parse(good).map(|slot| slot.to_string()).as_deref(), Some(good));
        }
        for wrong in ["", "A", "A0", "A01", "a1", "A100", "AA1", "1A", "Ж1"] {
            assert_eq!(Slot::parse(wrong), None, "{wrong}");
        }
    }
}
