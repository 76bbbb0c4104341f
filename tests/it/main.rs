//! The integration tests: one binary, so that everything is linked once and one PostgreSQL serves them all.

mod cli;
mod cluster;
mod crash;
mod http_faults;
mod http_write;
mod readme;
mod refusals;
mod sequencer;
mod simulation;
mod store;
mod support;
