//! TLS 1.3 with client certificates: who may connect, who they are, and until when.
//!
//! Nothing passes here without a certificate of a member of this instance. This folder refuses to know
//! of gRPC and of rooms. Specification: `docs/spec.md`, annex C.

pub mod accept;
mod connection;
mod der;
pub mod identity;
mod judged;
mod material;
mod pending;
pub mod reload;
mod revocations;

pub use self::{
    accept::Acceptor,
    connection::{CallGuard, Session, TlsConnection},
    identity::{Claimed, IdentityError, Peer},
    judged::NotLetIn,
    material::{Material, TlsError, Usable},
    reload::{Hangups, Tls},
    revocations::{Revocations, Revoked},
};
