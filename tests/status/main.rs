//! The status of the two sides, against its specification: the vectors and rulings of `docs/reciprocity.md`, properties
//! of every history, and a second implementation that was written from that page alone.

mod rulings;
mod timeline;
mod vectors;
