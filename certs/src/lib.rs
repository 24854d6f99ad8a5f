//! The certificate authority of a Tearline instance.
//!
//! It gives each admitted member a certificate with its SPIFFE id and each server one with its
//! host names, renews and revokes them, and signs the revocation list. Of rooms it knows only whose
//! signatures an admission needs; it refuses to know rights: a certificate alone opens nothing
//! (`docs/spec.md`, sections 4 and 10).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod authority;
mod chamber;
mod crl;
mod entry;
mod error;
mod index;
mod issue;
mod key;
mod lock;
mod moment;
mod profile;
mod revoke;
mod subject;
mod tls_key;

pub mod admission;
pub mod files;
pub mod process;

pub use admission::{Admitting, Invited, Outcome};
pub use authority::Authority;
pub use chamber::{Chamber, ChamberError};
pub use crl::CrlState;
pub use entry::{Entry, Reason, Revoked, Serial, Status};
pub use error::Error;
pub use issue::{Issued, IssuedServer, Renewed};
pub use moment::Moment;
pub use profile::Profile;
pub use subject::{ServerNames, Subject};
pub use tls_key::{TlsKey, TlsKeyError};

use tearline_ledger::name::MemberName;

/// A member that may have a certificate: its name, and the key that its charter binds to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The member's SPIFFE id.
    pub name: MemberName,
    /// The public key of its TLS certificate.
    pub tls_key: TlsKey,
}
