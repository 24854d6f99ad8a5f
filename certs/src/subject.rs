//! Whom a certificate names: a member, or a server.
//!
//! Knows how people refer to either; knows nothing of keys, dates or status.

use std::{fmt, net::IpAddr};

use rustls_pki_types::DnsName;
use tearline_ledger::name::MemberName;

use crate::error::Error;

/// The holder of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A member, by its SPIFFE id.
    Member(MemberName),
    /// A server, by its host names and addresses.
    Server(ServerNames),
}

impl Subject {
    /// Whether it is this member.
    pub fn is_member(&self, name: &MemberName) -> bool {
        matches!(self, Self::Member(own) if own == name)
    }

    /// Whether a person who writes `text` means this holder: its full name, `ORG/MEMBER`, or one
    /// of a server's names.
    pub fn answers_to(&self, text: &str) -> bool {
        match self {
            Self::Member(name) => name.as_str() == text || name.desk() == text,
            Self::Server(names) => {
                names.texts().any(|name| name.eq_ignore_ascii_case(text)) || self.to_string() == text
            }
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(name) => fmt::Display::fmt(name, f),
            Self::Server(names) => f.write_str(&names.texts().collect::<Vec<_>>().join(",")),
        }
    }
}

/// The names of a server: at least one, no wildcards, DNS names in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerNames {
    dns: Vec<String>,
    ips: Vec<IpAddr>,
}

impl ServerNames {
    /// Checks and keeps these names.
    pub fn new<S: AsRef<str>>(dns: &[S], ips: &[IpAddr]) -> Result<Self, Error> {
        if dns.is_empty() && ips.is_empty() {
            return Err(Error::NoServerName);
        }
        let dns = dns.iter().map(|name| host_name(name.as_ref())).collect::<Result<_, _>>()?;
        Ok(Self { dns, ips: ips.to_vec() })
    }

    /// The DNS names.
    pub fn dns(&self) -> &[String] {
        &self.dns
    }

    /// The addresses.
    pub fn ips(&self) -> &[IpAddr] {
        &self.ips
    }

    /// All names as text.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        self.dns.iter().cloned().chain(self.ips.iter().map(ToString::to_string))
    }
}

fn host_name(text: &str) -> Result<String, Error> {
    let wrong = || Error::ServerName(text.to_owned());
    // An address as a DNS name would be matched by no client.
    if text.parse::<IpAddr>().is_ok() {
        return Err(wrong());
    }
    DnsName::try_from(text).map(|name| name.as_ref().to_ascii_lowercase()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_answers_to_its_full_name_and_its_desk() {
        let member = Subject::Member("spiffe://kivu.example/party/drc/liaison".parse().unwrap());
        assert!(
            member.answers_to("drc/liaison") && member.answers_to("spiffe://kivu.example/party/drc/liaison")
        );
        assert!(!member.answers_to("drc") && !member.answers_to(""));
    }

    #[test]
    fn wildcards_addresses_and_nothing_are_not_host_names() {
        for wrong in ["*.example", "", "a b", "127.0.0.1", "::1", "a..b"] {
            assert!(ServerNames::new(&[wrong], &[]).is_err(), "{wrong}");
        }
        assert!(ServerNames::new::<&str>(&[], &[]).is_err());
        let names = ServerNames::new(&["Tearline.Example"], &["::1".parse().unwrap()]).unwrap();
        assert_eq!(Subject::Server(names).to_string(), "tearline.example,::1");
    }
}
