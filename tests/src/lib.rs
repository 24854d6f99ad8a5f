//! What the tests of all kinds stand on: desks with fixed keys, rooms in memory, a second opinion, and
//! the shipped server as a process.
//!
//! Everything but `live` is deterministic: the same calls give the same bytes, in every run.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod desk;
pub mod house;
pub mod live;
pub mod model;
pub mod vectors;
pub mod world;
