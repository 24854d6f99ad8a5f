//! The rules against a second opinion: random acts with random defects, and all short sequences.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod play;
mod random;
mod short;
