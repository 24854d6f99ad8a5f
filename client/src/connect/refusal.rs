//! Why there is no connection, told so that a desk officer knows whom to call.
//!
//! Errors of several libraries, and the alerts of TLS, end up as one list of facts.

use std::{
    error::Error as StdError,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{AlertDescription, CertificateError, Error as TlsError};
use tearline_ledger::name::MemberName;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::CONNECT_TIMEOUT;
use crate::durable::FileError;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// A certificate file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A certificate file is not one.
    #[error("the {what} file of this profile is not a certificate: {reason}; join again with the invitation")]
    Pem {
        /// `certificate` or `authority`.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The certificate is another desk's, or has not exactly one name.
    #[error("the certificate is not of {member}: it names {}; ask the operator for another", if names.is_empty() { "nobody".to_owned() } else { names.join(" and ") })]
    OtherName {
        /// Whose profile it is.
        member: MemberName,
        /// Whom the certificate names.
        names: Vec<String>,
    },
    /// The certificate belongs to another key than the one in the vault.
    #[error(
        "the certificate of {0} is for another key than the one in this profile: ask the operator for one made from this desk's card"
    )]
    OtherKey(MemberName),
    /// The library refuses the certificates or the key.
    #[error("the certificates in this profile cannot be used: {0}; join again with the invitation")]
    Config(TlsError),
    /// Not `HOST:PORT`.
    #[error("`{0}` is not the address of a server: write HOST:PORT")]
    Address(String),
    /// No server there.
    #[error(
        "cannot reach {address}: {reason}; check the network, then ask the operator whether the server runs"
    )]
    Unreachable {
        /// `HOST:PORT`.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// No answer.
    #[error("{address} did not answer within {} seconds; check the network, then ask the operator", CONNECT_TIMEOUT.as_secs())]
    Timeout {
        /// `HOST:PORT`.
        address: String,
    },
    /// The connection broke off.
    #[error("the connection to {address} was lost: {reason}; try again")]
    Lost {
        /// `HOST:PORT`.
        address: String,
        /// What was seen.
        reason: String,
    },
    /// The server's certificate is another authority's.
    #[error(
        "{address} is not this mediation's server: its certificate is not of the authority that this desk trusts. Do not go on; call the operator"
    )]
    ServerAuthority {
        /// `HOST:PORT`.
        address: String,
    },
    /// The server's certificate has another name.
    #[error(
        "the server at {address} has a certificate for another name. Check the address; if it is right, do not go on and call the operator"
    )]
    ServerName {
        /// `HOST:PORT`.
        address: String,
    },
    /// The server's certificate is out of its time.
    #[error(
        "the certificate of the server at {address} is not valid now: {reason}. Check this machine's clock, then call the operator"
    )]
    ServerExpired {
        /// `HOST:PORT`.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// The server's certificate is wrong in another way.
    #[error("the certificate of the server at {address} is refused: {reason}. Call the operator")]
    ServerCertificate {
        /// `HOST:PORT`.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// Something that does not speak TLS 1.3 and HTTP/2.
    #[error("what listens at {address} is no Tearline server: {reason}. Check the address")]
    Protocol {
        /// `HOST:PORT`.
        address: String,
        /// What was seen.
        reason: String,
    },
    /// The server saw no certificate.
    #[error("the server saw no certificate: join with the invitation that the operator sent")]
    NoCertificate,
    /// The server does not trust the certificate's authority.
    #[error(
        "the server does not know the authority of this desk's certificate: it is of another mediation, or the authority was renewed. Ask the operator for a new certificate"
    )]
    OtherAuthority,
    /// This desk's certificate is past its time.
    #[error(
        "this desk's certificate has expired: ask the operator to renew it, and take what comes with `tearline renew FILE`"
    )]
    Expired,
    /// This desk's certificate was revoked.
    #[error("this desk's certificate was revoked: call the operator and a mediator")]
    Revoked,
    /// The server refuses the certificate for what is in it.
    #[error(
        "the server refuses this desk's certificate ({0}): it has not exactly one name, or a name of another form. Ask the operator for a new one"
    )]
    Certificate(String),
    /// The certificate is good, but no charter holds its key.
    #[error(
        "the server knows the certificate, but no room's charter holds its key: {0}. Ask a mediator whether this desk was admitted with this card"
    )]
    NotAMember(String),
}

/// What was seen last on a connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Option<Fact>>>);

#[derive(Debug, Clone)]
enum Fact {
    Tls(TlsError),
    Io(io::ErrorKind, String),
}

impl Seen {
    pub(super) fn note(&self, error: &io::Error) {
        let mut fact = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = fact_of(error);
        // What follows upon an alert is only its echo.
        if !matches!((&*fact, &new), (Some(Fact::Tls(_)), Fact::Io(..))) {
            *fact = Some(new);
        }
    }

    fn last(&self) -> Option<Fact> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn explain(&self, address: &str, error: &(dyn StdError + 'static)) -> ConnectError {
        let fact = self.last().or_else(|| in_chain(error));
        match fact {
            Some(fact) => of_fact(address, &fact),
            None if is_timeout(error) => ConnectError::Timeout { address: address.to_owned() },
            None => ConnectError::Unreachable { address: address.to_owned(), reason: innermost(error) },
        }
    }
}

/// Why a call failed, if it was the connection or this desk's certificate.
pub(super) fn explain_status(address: &str, seen: &Seen, status: &Status) -> Option<ConnectError> {
    if status.code() == Code::Unauthenticated {
        let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
        return Some(match reason.as_str() {
            "REVOKED" => ConnectError::Revoked,
            "EXPIRED" => ConnectError::Expired,
            "NO_CERTIFICATE" => ConnectError::NoCertificate,
            _ => ConnectError::NotAMember(status.message().to_owned()),
        });
    }
    // A status that came from the server has no source; one that tonic made of an error has.
    let error = StdError::source(status)?;
    let fact = seen.last().or_else(|| in_chain(error));
    Some(match fact {
        Some(fact @ Fact::Tls(_)) => of_fact(address, &fact),
        _ => ConnectError::Lost { address: address.to_owned(), reason: innermost(error) },
    })
}

fn fact_of(error: &io::Error) -> Fact {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    tls.cloned().map_or_else(|| Fact::Io(error.kind(), error.to_string()), Fact::Tls)
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| (*error).source())
}

fn in_chain(error: &(dyn StdError + 'static)) -> Option<Fact> {
    chain(error).find_map(|error| match error.downcast_ref::<TlsError>() {
        Some(tls) => Some(Fact::Tls(tls.clone())),
        None => error.downcast_ref::<io::Error>().map(fact_of),
    })
}

fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(|error| {
        let text = error.to_string();
        text.contains("timed out") || text.contains("deadline has elapsed")
    })
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn of_fact(address: &str, fact: &Fact) -> ConnectError {
    let address = address.to_owned();
    match fact {
        Fact::Io(io::ErrorKind::TimedOut, _) => ConnectError::Timeout { address },
        Fact::Io(io::ErrorKind::Other, reason) => ConnectError::Protocol { address, reason: reason.clone() },
        Fact::Io(_, reason) => ConnectError::Unreachable { address, reason: reason.clone() },
        Fact::Tls(TlsError::AlertReceived(alert)) => of_alert(address, *alert),
        Fact::Tls(TlsError::InvalidCertificate(error)) => of_server_certificate(address, error),
        Fact::Tls(other) => ConnectError::Protocol { address, reason: other.to_string() },
    }
}

fn of_alert(address: String, alert: AlertDescription) -> ConnectError {
    match alert {
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            ConnectError::NoCertificate
        }
        AlertDescription::UnknownCA => ConnectError::OtherAuthority,
        AlertDescription::CertificateExpired => ConnectError::Expired,
        AlertDescription::CertificateRevoked => ConnectError::Revoked,
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => ConnectError::Certificate(format!("{alert:?}")),
        other => ConnectError::Protocol { address, reason: format!("it answered with the alert {other:?}") },
    }
}

fn of_server_certificate(address: String, error: &CertificateError) -> ConnectError {
    let reason = error.to_string();
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            ConnectError::ServerAuthority { address }
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            ConnectError::ServerName { address }
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => ConnectError::ServerExpired { address, reason },
        _ => ConnectError::ServerCertificate { address, reason },
    }
}
