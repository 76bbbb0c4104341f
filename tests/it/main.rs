//! The integration tests: one binary, so that everything is linked once and one PostgreSQL serves them all.

mod cli;
mod cluster;
mod crash;
mod readme;
mod scale;
mod sequencer;
mod simulation;
mod store;
mod support;
