//! The server of Tearline: orders, stores and serves statements, and can read none of their content.
//!
//! All meaning lies in `tearline-ledger`; here is what talks to networks and disks.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod error;
pub mod logkey;
pub mod private_file;

