//! What the tests of all kinds stand on: desks with fixed keys, rooms in memory, and a second opinion.
//!
//! Everything here is deterministic: the same calls give the same bytes, in every run.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod desk;
pub mod house;
pub mod world;
