//! The integration tests: one binary, so that everything is linked once and one PostgreSQL serves them all.

mod cli;
mod cluster;
mod crash;
mod http_access;
mod http_bundle;
mod http_faults;
mod http_lists;
mod http_proofs;
mod http_read;
mod http_server;
mod http_write;
mod openssl;
mod readme;
mod refusals;
mod sequencer;
mod simulation;
mod store;
mod support;
mod year;
