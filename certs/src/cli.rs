//! The words of the command line, and their help.
//!
//! Knows nothing of what the commands do.

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, builder::PossibleValuesParser, builder::TypedValueParser};
use tearline_certs::{Error, Reason};
use tearline_ledger::name::Domain;
use tearline_manual::{Completions, Man};

/// The environment variable that names the authority's folder.
pub(crate) const AUTHORITY_VARIABLE: &str = "TEARLINE_AUTHORITY";

/// The certificate authority of a Tearline instance.
///
/// It gives members and servers the certificates with which they connect. A certificate alone opens nothing: what a
/// member may do, and with which key, is in the charters that the mediators sign.
#[derive(Parser)]
#[command(
    name = "tearline-certs",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.\n\n\
        Example, from nothing to a member's certificate:\n  \
        tearline-certs init authority --domain kivu.example --server-name localhost --server-ip 127.0.0.1\n  \
        tearline-certs issue founding.admission"
)]
pub(crate) struct Cli {
    /// The authority's folder [default: the variable TEARLINE_AUTHORITY, else `authority`]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) authority: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make an authority: its key, its certificate (10 years), an empty revocation list
    ///
    /// Prints the fingerprint that goes into the founding charter. DIR must be empty or new; nothing is ever
    /// overwritten. Keep DIR on a machine that only the operator uses: the key in it is protected by its file mode
    /// (0600) alone.
    #[command(
        after_help = "Example:\n  tearline-certs init authority --domain kivu.example --server-name localhost \
                      --server-ip 127.0.0.1"
    )]
    Init(Init),
    /// Sign certificates (90 days) for those whom the mediators admitted
    ///
    /// Writes two files for each: ORG-MEMBER.invitation, which the desk joins with, and ORG-MEMBER.pem, its
    /// certificate and the authority's. All are signed, or none; who has a certificate for this key is skipped.
    /// The first admission founds the chamber and fixes its mediators; every later one must be signed by enough of
    /// them, and one that changes the mediators moves that on.
    #[command(after_help = "ADMISSION is the file that `tearline found` or `tearline approve` wrote.\n\n\
        Example:\n  tearline-certs issue drc-liaison.admission --out invitations")]
    Issue(Issue),
    /// Make a server's key and sign its certificate (90 days)
    ///
    /// Writes server.pem (its certificate and the authority's) and server.key (mode 0600).
    #[command(after_help = "Example:\n  \
        tearline-certs issue-server --name tearline.kivu.example --ip 192.0.2.7 --out /etc/tearline")]
    IssueServer(IssueServer),
    /// Sign a new certificate for the same holder and key
    ///
    /// The old one stays good until its end unless --revoke-old is given. A file of the same holder in --out is
    /// replaced.
    #[command(after_help = "Examples:\n  tearline-certs renew drc/liaison\n  \
        tearline-certs renew localhost --out /etc/tearline")]
    Renew(Renew),
    /// Revoke certificates and sign a new revocation list
    ///
    /// A name stands for all its certificates, a serial for one. The server must get the new list: see --publish.
    #[command(after_help = "Example:\n  \
        tearline-certs revoke drc/liaison --reason key-compromise --publish /etc/tearline/crl.pem\n\n\
        Revoking cuts the member's connections. To take it out of its rooms too, mediators use `tearline lost`.")]
    Revoke(Revoke),
    /// Sign the revocation list again, with a later end
    ///
    /// Servers refuse everyone once their list has lapsed. Run this more often than --days says.
    #[command(after_help = "Example, for a weekly timer:\n  \
        tearline-certs crl --days 14 --publish /etc/tearline/crl.pem")]
    Crl(Crl),
    /// Show every certificate that was ever signed, and the revocation list
    #[command(after_help = "Examples:\n  tearline-certs list\n  \
        tearline-certs list --json | jq '.certificates[] | select(.status == \"valid\")'")]
    List,
    /// Write the script by which a shell completes commands and options
    #[command(
        after_help = "Example:\n  tearline-certs completions bash > /usr/share/bash-completion/completions/tearline-certs"
    )]
    Completions(Completions),
    /// Write man pages, one for each command
    #[command(after_help = "Example:\n  tearline-certs man /usr/local/share/man/man1")]
    Man(Man),
}

#[derive(Args)]
pub(crate) struct Init {
    /// The new authority's folder [default: as --authority]
    pub(crate) dir: Option<PathBuf>,
    /// The instance's domain, as in spiffe://DOMAIN/ROLE/ORG/MEMBER
    #[arg(long)]
    pub(crate) domain: Domain,
    /// A DNS name for a first server certificate (may be repeated)
    #[arg(long, value_name = "NAME")]
    pub(crate) server_name: Vec<String>,
    /// An IP address for a first server certificate (may be repeated)
    #[arg(long, value_name = "IP")]
    pub(crate) server_ip: Vec<IpAddr>,
    /// Where to write server.pem and server.key
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) server_out: PathBuf,
}

#[derive(Args)]
pub(crate) struct Issue {
    /// The mediators' file: charters, their signatures, and the keys of those admitted
    pub(crate) admission: PathBuf,
    /// Where to write certificates and invitations
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
}

#[derive(Args)]
pub(crate) struct IssueServer {
    /// A DNS name of the server (may be repeated)
    #[arg(long, value_name = "NAME", required_unless_present = "ip")]
    pub(crate) name: Vec<String>,
    /// An IP address of the server (may be repeated)
    #[arg(long, value_name = "IP")]
    pub(crate) ip: Vec<IpAddr>,
    /// Where to write server.pem and server.key
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
}

#[derive(Args)]
pub(crate) struct Renew {
    /// SPIFFE id, ORG/MEMBER, a server's name, or a serial
    pub(crate) name: String,
    /// Revoke the old certificates of this key
    #[arg(long)]
    pub(crate) revoke_old: bool,
    /// Where to write the certificate
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// With --revoke-old: also write the new revocation list to FILE, in the old one's place
    #[arg(long, value_name = "FILE", requires = "revoke_old")]
    pub(crate) publish: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Revoke {
    /// SPIFFE id, ORG/MEMBER, a server's name, or a serial
    #[arg(value_name = "NAME|SERIAL")]
    pub(crate) name: String,
    /// Why. `key-compromise` also bars the key from new certificates
    #[arg(long, value_parser = reasons(), default_value = "unspecified")]
    pub(crate) reason: Reason,
    #[command(flatten)]
    pub(crate) crl: Crl,
}

#[derive(Args)]
pub(crate) struct Crl {
    /// For how many days servers accept the new list [default: 7, or as long as the present one if that is longer]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=366))]
    pub(crate) days: Option<u16>,
    /// Also write the new list to FILE, in the old one's place: where tearlined reads it
    #[arg(long, value_name = "FILE")]
    pub(crate) publish: Option<PathBuf>,
}

fn reasons() -> impl TypedValueParser<Value = Reason> {
    PossibleValuesParser::new(Reason::ALL.map(Reason::as_str)).try_map(|text| {
        Reason::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or(Error::Unknown(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_words_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example_that_it_takes() {
        assert_eq!(tearline_manual::faults(&Cli::command()), Vec::<String>::new());
    }
}
