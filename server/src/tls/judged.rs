//! Certificates that come otherwise than in a handshake, judged as a handshake that begins now judges them.
//!
//! That whoever brings them holds their key they do not show: what is brought along must. Specification:
//! `docs/spec.md`, section 15.1 and annex C.

use rustls::{CertificateError, Error, server::danger::ClientCertVerifier as _};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::tls::{IdentityError, Peer, identity::MemberVerifier};

/// Why the server would not let in whoever has these certificates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotLetIn {
    /// Revoked.
    #[error("its certificate is revoked: mediators end the desk's standing in the rooms by `tearline lost`")]
    Revoked,
    /// Past its time.
    #[error(
        "its certificate has expired: get it a new one with `tearline-certs renew`, let the desk take it with `tearline renew`, and write a new letter"
    )]
    Expired,
    /// Before its time.
    #[error("its certificate is not valid yet: see that this server's clock is right, or wait")]
    NotYet,
    /// It names no member.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Anything else that a handshake refuses: another authority, another use, damage.
    #[error("its certificate is none that this server lets in ({0})")]
    Certificate(Error),
}

impl From<Error> for NotLetIn {
    fn from(error: Error) -> Self {
        if let Some(identity) = IdentityError::within(&error) {
            return Self::Identity(identity);
        }
        let Error::InvalidCertificate(reason) = &error else { return Self::Certificate(error) };
        match reason {
            CertificateError::Revoked => Self::Revoked,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYet,
            _ => Self::Certificate(error),
        }
    }
}

impl MemberVerifier {
    /// The member whose certificate is the first of these; the others lead from it to the authority.
    pub(super) fn judge(&self, chain: &[CertificateDer<'_>]) -> Result<Peer, NotLetIn> {
        let Some((leaf, between)) = chain.split_first() else {
            return Err(IdentityError::Unreadable.into());
        };
        self.verify_client_cert(leaf, between, UnixTime::now())?;
        Ok(Peer::from_verified(leaf, &self.domain)?)
    }
}
