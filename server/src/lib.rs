//! The server of Tearline: orders, stores and serves statements, and can read none of their content.
//!
//! All meaning lies in `tearline-ledger`; here is what talks to networks and disks.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod admit;
pub mod backup;
pub mod check;
pub mod config;
pub mod control;
pub mod courier;
pub mod cut;
pub mod error;
pub mod files;
pub mod gate;
pub mod init;
pub mod logging;
pub mod logkey;
pub mod pace;
pub mod post;
pub mod private_file;
pub mod process;
pub mod purge;
pub mod quota;
pub mod registry;
pub mod restore;
pub mod run;
pub mod scrub;
pub mod sequencer;
pub mod service;
pub mod store;
pub mod sweep;
pub mod tls;

pub use run::run;
