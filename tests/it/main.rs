//! The integration tests: one binary, so that everything is linked once and one PostgreSQL serves them all.

mod admissibility;
mod boot;
mod cli;
mod cluster;
mod corrections;
mod crash;
mod http_access;
mod http_bundle;
mod http_faults;
mod http_lists;
mod http_proofs;
mod http_read;
mod http_refused;
mod http_server;
mod http_write;
mod lateness;
mod openssl;
mod past;
mod readme;
mod refusals;
mod scale;
mod sequencer;
mod simulation;
mod store;
mod support;
