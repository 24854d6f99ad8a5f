//! The wire contract of Tearline: generated messages and service traits.
//!
//! This crate knows how messages are encoded. It refuses to know what they mean: every rule is in
//! `tearline-ledger`.

/// Version 1 of all messages and services, generated from `tearline/v1/*.proto`.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::indexing_slicing
)]
pub mod v1 {
    tonic::include_proto!("tearline.v1");
}

/// The encoded `FileDescriptorSet` of the contract, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/tearline.bin"));
