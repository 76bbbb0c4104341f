//! The status of the two sides, against its specification: the vectors and rulings of `docs/reciprocity.md`, and
//! properties of every history.

mod properties;
mod random;
mod rulings;
mod timeline;
mod vectors;
