//! What every command of `tearline` stands on: a profile, its keys, a connection, verified replicas.
//!
//! The library trusts nothing that the server says: each room is replayed by the rules of
//! `tearline-ledger`, and whatever contradicts them becomes an alarm with its evidence kept.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

pub mod access;
pub mod alarm;
pub mod attachments;
pub mod compose;
pub mod connect;
pub mod cosigning;
pub mod courier;
pub mod desk;
pub mod dossier;
pub mod drafts;
pub mod durable;
pub mod editor;
pub mod error;
pub mod evidence;
pub mod export;
pub mod find;
pub mod front;
pub mod holdings;
pub mod join;
pub mod keeper;
pub mod marks;
pub mod matters;
pub mod passphrase;
pub mod policy;
pub mod process;
pub mod profile;
pub mod propose;
pub mod proving;
pub mod reading;
pub mod receipts;
pub mod record;
pub mod refs;
pub mod replica;
pub mod report;
#[cfg(test)]
mod sample;
pub mod scratch;
pub mod served;
pub mod session;
pub mod show;
pub mod standing;
pub mod submit;
pub mod sync;
pub mod template;
pub mod vault;
pub mod witness;
pub mod words;
pub mod write;
