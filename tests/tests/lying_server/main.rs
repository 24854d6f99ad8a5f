//! A server that lies, or a witness, in each way that one can, against the shipped client: caught, named by room and entry,
//! exit code 3, the evidence kept, and nothing of it believed.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod entries;
mod forged;
mod hidden;
mod receipts;
mod scene;
mod trees;
mod witnesses;
