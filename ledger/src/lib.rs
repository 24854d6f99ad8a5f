//! The protocol of Tearline, pure: no I/O, no clock, no async.
//!
//! `docs/spec.md` says what bytes and rules these modules implement. Nothing here knows that a
//! network, a disk or a server exists.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod access;
pub mod admission;
pub mod armor;
pub mod audit;
pub mod bundle;
pub mod card;
pub mod charter;
pub mod checkpoint;
pub mod content;
pub mod cosign;
pub mod courier;
pub mod digest;
pub mod encoding;
pub mod entry;
pub mod envelope;
mod framing;
pub mod id;
pub mod instance;
pub mod keys;
pub mod manifest;
pub mod mark;
pub mod merkle;
pub mod misleading;
pub mod name;
pub mod note;
pub mod policy;
pub mod portion;
pub mod proof;
pub mod release;
pub mod replay;
pub mod roomkey;
pub mod rules;
pub mod seal;
pub mod statement;
pub mod stream;
pub mod wrap;
