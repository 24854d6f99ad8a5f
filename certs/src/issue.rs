//! Signing certificates: for members on admission, for servers, and in renewal.
//!
//! A certificate is in the index, durably, before it leaves: none can exist that could not be
//! revoked. Where its file goes is the caller's matter.

use std::net::IpAddr;

use rcgen::{Certificate, PublicKeyData};
use rustls_pki_types::CertificateDer;
use zeroize::Zeroizing;

use crate::{
    Admitted,
    authority::{Authority, Held},
    entry::{Entry, Reason, Serial},
    error::Error,
    key::SecretKey,
    moment::Moment,
    profile::{self, Profile},
    subject::{ServerNames, Subject},
    tls_key::TlsKey,
};

/// A certificate that was just signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Its record.
    pub entry: Entry,
    /// The certificate alone.
    pub der: CertificateDer<'static>,
    /// The certificate alone, in PEM.
    pub pem: String,
    /// The certificate and the authority's own, in PEM, as TLS software wants them.
    pub chain_pem: String,
}

/// A server's certificate and the private key that was made for it.
pub struct IssuedServer {
    /// The certificate.
    pub certificate: Issued,
    /// The private key: PKCS#8 in PEM. Wiped when dropped.
    pub key_pem: Zeroizing<String>,
}

/// A certificate in place of an older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// The new certificate, for the old key.
    pub certificate: Issued,
    /// The older ones, if they were revoked with it.
    pub revoked: Vec<Entry>,
}

impl Authority {
    /// Signs a member's certificate for 90 days.
    pub fn issue(&self, admitted: &Admitted) -> Result<Issued, Error> {
        self.issue_with(admitted, Profile::standard(Moment::now()))
    }

    /// Signs a certificate for each member, or for none if one is refused.
    pub fn issue_all(&self, admitted: &[Admitted]) -> Result<Vec<Issued>, Error> {
        self.issue_each(admitted, Profile::standard(Moment::now()))
    }

    /// Signs a member's certificate with other dates: for tests and special cases.
    pub fn issue_with(&self, admitted: &Admitted, dates: Profile) -> Result<Issued, Error> {
        let issued = self.issue_each(std::slice::from_ref(admitted), dates)?;
        issued.into_iter().next().ok_or(Error::Unknown(admitted.name.to_string()))
    }

    /// Makes a key for a server and signs its certificate for 90 days.
    pub fn issue_server<S: AsRef<str>>(&self, names: &[S], ips: &[IpAddr]) -> Result<IssuedServer, Error> {
        self.issue_server_with(names, ips, Profile::standard(Moment::now()))
    }

    /// As `issue_server`, with other dates: for tests and special cases.
    pub fn issue_server_with<S: AsRef<str>>(
        &self,
        names: &[S],
        ips: &[IpAddr],
        dates: Profile,
    ) -> Result<IssuedServer, Error> {
        let subject = Subject::Server(ServerNames::new(names, ips)?);
        let (key, key_pem) = SecretKey::generate()?;
        let tls_key = TlsKey::from_spki_der(&key.subject_public_key_info())?;
        let mut held = self.hold()?;
        let certificate = self.sign(&mut held, subject, tls_key, dates)?;
        held.index.save(&self.dir)?;
        Ok(IssuedServer { certificate, key_pem })
    }

    /// Signs a new certificate for the holder and key of the newest one that `which` names: a
    /// SPIFFE id, `ORG/MEMBER`, a server's name or a serial. The old one stays good until its end,
    /// unless `revoke_old`. One that has expired can be renewed, one that was revoked cannot.
    pub fn renew(&self, which: &str, revoke_old: bool) -> Result<Renewed, Error> {
        let now = Moment::now();
        let mut held = self.hold()?;
        let old = renewable(&held, which, now)?;
        let certificate =
            self.sign(&mut held, old.subject.clone(), old.tls_key.clone(), Profile::standard(now))?;
        let new = certificate.entry.serial;
        let is_old = |entry: &Entry| {
            entry.serial != new && (&entry.subject, &entry.tls_key) == (&old.subject, &old.tls_key)
        };
        let revoked = if revoke_old { held.revoke(is_old, Reason::Superseded, now) } else { Vec::new() };
        if revoked.is_empty() {
            held.index.save(&self.dir)?;
        } else {
            self.publish(&mut held, now, None)?;
        }
        Ok(Renewed { certificate, revoked })
    }

    fn issue_each(&self, admitted: &[Admitted], dates: Profile) -> Result<Vec<Issued>, Error> {
        let now = Moment::now();
        let mut held = self.hold()?;
        let mut issued = Vec::with_capacity(admitted.len());
        for admitted in admitted {
            issued.push(self.issue_one(&mut held, admitted, dates, now)?);
        }
        held.index.save(&self.dir)?;
        Ok(issued)
    }

    /// Signs a member's first certificate and enters it into the books in memory; the caller saves them
    /// before it answers.
    pub(crate) fn issue_one(
        &self,
        held: &mut Held,
        admitted: &Admitted,
        dates: Profile,
        now: Moment,
    ) -> Result<Issued, Error> {
        let Admitted { name, tls_key } = admitted;
        if name.domain() != self.domain() {
            let domain = self.domain().as_str().to_owned();
            return Err(Error::WrongDomain { name: name.to_string(), domain });
        }
        let subject = Subject::Member(name.clone());
        refuse_second(held, &subject, tls_key, now)?;
        self.sign(held, subject, tls_key.clone(), dates)
    }

    /// Signs and enters it into the books in memory; the caller saves them before it answers.
    fn sign(
        &self,
        held: &mut Held,
        subject: Subject,
        tls_key: TlsKey,
        dates: Profile,
    ) -> Result<Issued, Error> {
        if Moment::now() >= self.not_after || dates.not_before >= self.not_after {
            return Err(Error::AuthorityEnded(self.not_after));
        }
        if held.index.entries.iter().any(|entry| is_compromised(entry, &tls_key)) {
            return Err(Error::KeyCompromised(subject.to_string()));
        }
        let dates = Profile { not_after: dates.not_after.min(self.not_after), ..dates };
        let serial = Serial::random()?;
        let signed = profile::holder(&subject, serial, dates)?.signed_by(&tls_key, &self.issuer)?;
        let Profile { not_before, not_after } = dates;
        let entry = Entry { serial, subject, tls_key, not_before, not_after, revoked: None };
        held.index.entries.push(entry.clone());
        Ok(self.issued(entry, signed))
    }

    fn issued(&self, entry: Entry, signed: Certificate) -> Issued {
        let pem = signed.pem();
        let chain_pem = format!("{pem}{}", self.ca_pem());
        Issued { entry, der: signed.into(), pem, chain_pem }
    }
}

fn is_compromised(entry: &Entry, key: &TlsKey) -> bool {
    entry.tls_key == *key && entry.revoked.is_some_and(|revoked| revoked.reason == Reason::KeyCompromise)
}

fn refuse_second(held: &Held, subject: &Subject, key: &TlsKey, now: Moment) -> Result<(), Error> {
    for entry in held.index.entries.iter().filter(|entry| entry.is_live(now)) {
        if entry.subject == *subject {
            let (serial, until) = (entry.serial, entry.not_after);
            let name = subject.to_string();
            return Err(if entry.tls_key == *key {
                Error::HasOne { name, serial, until }
            } else {
                Error::HasOtherKey { name, serial, until }
            });
        }
        if entry.tls_key == *key {
            return Err(Error::KeyInUse { name: subject.to_string(), other: entry.subject.to_string() });
        }
    }
    Ok(())
}

/// The live certificate with the latest end; failing that, the expired one.
fn renewable(held: &Held, which: &str, now: Moment) -> Result<Entry, Error> {
    let latest = |fitting: Vec<&Entry>| fitting.into_iter().max_by_key(|entry| entry.not_after).cloned();
    let live = held.index.find(which, |entry| entry.is_live(now))?;
    if let Some(entry) = latest(live.fitting) {
        return Ok(entry);
    }
    let newest = live.newest;
    // Only the newest may come back: an older key of the same member was given up for a reason.
    if newest.revoked.is_none() {
        return Ok(newest.clone());
    }
    Err(Error::NotRenewable { name: newest.subject.to_string(), serial: newest.serial, state: newest.fate() })
}
