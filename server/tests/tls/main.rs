//! The server's TLS over real sockets: who gets in, who does not, and what strangers can do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod command;
mod floods;
mod members;
mod reload;
mod shares;
mod world;
