//! Arguments of what makes, admits and removes desks.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// ORG/MEMBER, as in drc/liaison.
    pub(crate) desk: String,
    /// mediator, party or auditor.
    #[arg(long)]
    pub(crate) role: String,
    /// The instance's domain.
    #[arg(long)]
    pub(crate) domain: String,
    /// Ask to be a custodian of your party: one who endorses its other desks.
    #[arg(long)]
    pub(crate) custodian: bool,
    /// Hardness of the passphrase's encryption, log2; 18 takes about a second.
    #[arg(long, default_value_t = 18, value_parser = clap::value_parser!(u8).range(10..=22))]
    pub(crate) work_factor: u8,
}

#[derive(Debug, Args)]
pub(crate) struct Endorse {
    /// The card.
    pub(crate) card: PathBuf,
    /// Where to write the endorsed card.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Join {
    /// The invitation.
    pub(crate) invitation: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Renew {
    /// The certificate (PEM).
    pub(crate) certificate: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Found {
    /// The founding file.
    pub(crate) file: PathBuf,
    /// Begin a founding.
    #[arg(long, requires_all = ["address", "authority", "log_key", "card"], conflicts_with = "submit")]
    pub(crate) new: bool,
    /// Send the founding, which all have signed, to the server.
    #[arg(long)]
    pub(crate) submit: bool,
    /// HOST:PORT of the server.
    #[arg(long)]
    pub(crate) address: Option<String>,
    /// The certificate authority's certificate (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) authority: Option<PathBuf>,
    /// The server's log key, as `tearlined init` printed it.
    #[arg(long, value_name = "KEY")]
    pub(crate) log_key: Option<String>,
    /// How many mediators must sign each release.
    #[arg(long, default_value_t = 2)]
    pub(crate) quorum: u32,
    /// A mediator's or auditor's card; once for each.
    #[arg(long, value_name = "FILE")]
    pub(crate) card: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Admit {
    /// The desk's card, endorsed if its party has a custodian.
    pub(crate) card: PathBuf,
    /// Room names.
    #[arg(required = true)]
    pub(crate) rooms: Vec<String>,
    /// Further cards to admit with it.
    #[arg(long, value_name = "FILE")]
    pub(crate) card_too: Vec<PathBuf>,
    /// Hand on the rooms' earlier keys, from this epoch.
    #[arg(long, value_name = "EPOCH")]
    pub(crate) history_from: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Lost {
    /// ORG/MEMBER.
    pub(crate) desk: String,
}

#[derive(Debug, Args)]
pub(crate) struct Who {
    /// One room only.
    pub(crate) room: Option<String>,
}
