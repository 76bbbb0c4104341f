//! The use cases.
pub mod clock;
pub mod heads;
pub mod published;
pub mod sequencer;
