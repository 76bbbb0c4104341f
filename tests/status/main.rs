//! The status of the two sides, against its specification: the vectors and rulings of `docs/reciprocity.md`, and
//! properties of every history, and the answers of a second implementation.

mod properties;
mod random;
mod rulings;
mod second;
mod timeline;
mod vectors;
