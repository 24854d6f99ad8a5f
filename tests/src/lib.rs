//! What the tests of all kinds stand on: desks with fixed keys, rooms in memory, a second opinion, and
//! the shipped programs as processes.
//!
//! Everything but `live`, `liar` and `cli` is deterministic: the same calls give the same bytes, in every run.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod cli;
pub mod desk;
pub mod house;
pub mod liar;
pub mod live;
pub mod model;
pub mod parsing;
pub mod second;
pub mod vectors;
pub mod world;
