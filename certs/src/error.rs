//! Why the authority refused or failed, in words for its operator.
//!
//! Every message says what is wrong and what to do. No variant carries a secret.

use std::{fmt, io, path::PathBuf};

use tearline_ledger::admission::AdmissionError;

use crate::{
    chamber::ChamberError,
    entry::{Entry, Serial},
    moment::Moment,
    tls_key::TlsKeyError,
};

/// Why the authority refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused a file operation.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was attempted, as an infinitive.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// `init` in a folder that holds something already.
    #[error("{} is not empty; nothing was changed. Name a new folder for the authority", .0.display())]
    NotEmpty(PathBuf),
    /// The folder holds no authority.
    #[error(
        "no certificate authority in {}. Name its folder with --authority DIR, \
         or make one with `tearline-certs init`", .0.display()
    )]
    NoAuthority(PathBuf),
    /// A private key that others on this machine may read.
    #[error("{} may be read by others (mode {mode:04o}). Run chmod 600 on it; if they did read it, make a new \
             authority", path.display())]
    Exposed {
        /// The key's file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file of the authority is not what the authority wrote.
    #[error("{} is damaged: {what}. {remedy}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The revocation list tells of more than the index knows: an old index was put back.
    #[error(
        "{} is older than the revocation list beside it ({what}). \
         Put the newest copy of the index back: signing from this one would revive revoked certificates",
        path.display()
    )]
    IndexBehind {
        /// The index.
        path: PathBuf,
        /// What the list has and the index lacks.
        what: String,
    },
    /// Another command held the lock for too long.
    #[error("another tearline-certs has been working on {} for too long. Wait for it to end, or stop it", .0.display())]
    Busy(PathBuf),
    /// A file that is no admission, or a damaged one.
    #[error("{}: {fault}", path.display())]
    NotAnAdmission {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Box<AdmissionError>,
    },
    /// An admission that is well-formed and not good.
    #[error(transparent)]
    Admission(Box<AdmissionError>),
    /// An admission that is not one of the chamber that this authority serves.
    #[error(transparent)]
    Chamber(#[from] ChamberError),
    /// An admission that gives nobody a certificate and changes no mediator.
    #[error("this admission holds no certificate key of a member: nobody would get a certificate")]
    Nobody,
    /// Charters of one admission that disagree.
    #[error("the charters of this admission name {0} with different certificate keys. Have it made again")]
    TwoKeys(String),
    /// A member of another instance.
    #[error("{name} does not belong to {domain}, the domain of this authority")]
    WrongDomain {
        /// The member.
        name: String,
        /// The authority's domain.
        domain: String,
    },
    /// The member has a certificate that is still good.
    #[error(
        "{name} has a certificate already (serial {serial}, valid until {until}). \
         Use `tearline-certs renew {name}`, or `tearline-certs revoke {name}` first"
    )]
    HasOne {
        /// The member.
        name: String,
        /// The serial of that certificate.
        serial: Serial,
        /// Its last second.
        until: Moment,
    },
    /// The member has a certificate that is still good, of an older key.
    #[error(
        "{name} has a certificate for another key (serial {serial}, valid until {until}). If the new key takes \
         its place: `tearline-certs revoke {serial} --reason superseded`, then issue this again"
    )]
    HasOtherKey {
        /// The member.
        name: String,
        /// The serial of that certificate.
        serial: Serial,
        /// Its last second.
        until: Moment,
    },
    /// The key is in another's live certificate.
    #[error("the key of {name} is already in the certificate of {other}. Each member needs its own key")]
    KeyInUse {
        /// Who asked.
        name: String,
        /// Who has it.
        other: String,
    },
    /// The key was reported stolen.
    #[error("this key of {0} was revoked as compromised. It needs a new key, and a charter that names it")]
    KeyCompromised(String),
    /// Not a key that goes into a certificate.
    #[error(transparent)]
    TlsKey(#[from] TlsKeyError),
    /// Not a DNS name that a server's certificate can carry.
    #[error("`{}` is not a server's host name: use a DNS name without wildcards", .0.escape_debug())]
    ServerName(String),
    /// A server's certificate without any name.
    #[error("a server's certificate needs a name: give --name or --ip")]
    NoServerName,
    /// Nothing in the index answers to this text.
    #[error(
        "no certificate of `{}`: give a SPIFFE id, ORG/MEMBER, a server's name or a serial, as `list` shows them",
        .0.escape_debug()
    )]
    Unknown(String),
    /// The text names certificates of different holders or keys.
    #[error("`{}` could be any of these; name one by its serial:{}", text.escape_debug(), Lines(found))]
    Ambiguous {
        /// The text as given.
        text: String,
        /// The certificates that it could mean.
        found: Vec<Entry>,
    },
    /// Nothing is left to revoke.
    #[error("{name} has nothing to revoke: its last certificate (serial {serial}) {state}")]
    NothingLive {
        /// The holder.
        name: String,
        /// Its newest certificate.
        serial: Serial,
        /// What became of it, with the date.
        state: String,
    },
    /// Only revoked certificates are left to renew.
    #[error(
        "{name} cannot be renewed: its last certificate (serial {serial}) {state}. Issue a new one on an admission"
    )]
    NotRenewable {
        /// The holder.
        name: String,
        /// Its newest certificate.
        serial: Serial,
        /// What became of it, with the date.
        state: String,
    },
    /// The authority's own certificate has run out.
    #[error("this authority ended at {0}. Make a new one, and a charter that names it")]
    AuthorityEnded(Moment),
    /// Dates that end before they begin.
    #[error("a certificate cannot end ({until}) before it begins ({from})")]
    Dates {
        /// Not before.
        from: Moment,
        /// Not after.
        until: Moment,
    },
    /// The encoder refused.
    #[error("cannot make the certificate: {0}")]
    Encode(#[from] rcgen::Error),
    /// The operating system gave no randomness.
    #[error("the operating system gave no random bytes: nothing was changed")]
    NoRandomness,
}

impl From<AdmissionError> for Error {
    fn from(fault: AdmissionError) -> Self {
        Self::Admission(Box::new(fault))
    }
}

struct Lines<'a>(&'a [Entry]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|entry| write!(f, "\n  {}  {}", entry.serial, entry.subject))
    }
}
