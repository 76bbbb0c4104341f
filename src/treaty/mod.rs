//! The bargain: who may say what, and what all that was said adds up to.
//!
//! A record of one kind after another builds the agreement. `terms` begin it and name the roots of both Parties and of
//! the hosts; `key_registration` and `key_revocation` say whose key is good; `designation` names a site for a slot;
//! `host_consent` opens the territory it lies on; `declaration`, `data_change` and `site_diagram` say what is there. An
//! `intent` begins a [`visit`] by inspectors who stand on an `inspector_list`; `milestone`, `report` and `report_receipt`
//! say what came of it. A `refusal`, the six claims (`force_majeure` to `countermeasure`) and a `lift` are about what is
//! owed, `contest` and `acceptance` answer them, `postponement` and `cancellation` change it; and either side may ask for
//! clarification or consultation. Each kind is one file: its body, declared once; `admit`, its rules; `apply`, what it
//! adds to the [`register`]. Five claims that are one form of words share [`claim`]; who may make one is said by
//! [`obliged`].
//!
//! The way of a record through this module is its reading order: [`record`] parses it, [`verify`] checks its lines,
//! [`admit`] judges it against the [`register`], [`entry`] countersigns it, and the register takes it up.
//!
//! To add a kind: one file, one line in [`record`], and then what the compiler asks for.
//!
//! Deliberately absent: trees, stores, clocks and HTTP. Everything here is a function of its arguments.

#[cfg(test)]
mod tests;

pub mod acceptance;
pub mod acknowledgement;
pub mod admit;
pub mod apply;
pub mod cancellation;
pub mod claim;
pub mod claims;
pub mod clarification_reply;
pub mod clarification_request;
pub mod consultation_request;
pub mod contest;
pub mod correction;
pub mod countermeasure;
pub mod data_change;
pub mod declaration;
pub mod denial;
pub mod designation;
pub mod determination;
pub mod docket;
pub mod entry;
pub mod header;
pub mod host_consent;
pub mod inspector_list;
pub mod inspector_objection;
pub mod intent;
pub mod joint_statement;
pub mod key_registration;
pub mod key_revocation;
pub mod lateness;
pub mod lift;
pub mod lodged;
pub mod milestone;
pub mod obligation;
pub mod obliged;
pub mod party;
pub mod past;
pub mod postponement;
pub mod precondition;
pub mod reciprocity;
pub mod record;
pub mod refusal;
pub mod register;
pub mod release;
pub mod report;
pub mod report_receipt;
pub mod shape;
pub mod signed;
pub mod site_diagram;
pub mod terms;
pub mod time;
pub mod turned_away;
pub mod verify;
pub mod visit;
