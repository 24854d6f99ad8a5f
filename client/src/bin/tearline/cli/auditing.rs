//! Arguments of what verifies, confirms and proves.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Also the rules across rooms (mediators and auditors).
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Access {
    /// Whose members were served, as in drc; else every organisation whose log this desk may read.
    #[arg(value_name = "ORG")]
    pub(crate) organisation: Option<String>,
    /// Served to this desk, as in drc/liaison.
    #[arg(long, value_name = "ORG/MEMBER")]
    pub(crate) member: Option<String>,
    /// Served from this room; more than once for several.
    #[arg(long, value_name = "ROOM")]
    pub(crate) room: Vec<String>,
    /// Among what was served was this entry, as in drc#42.
    #[arg(long, value_name = "REF")]
    pub(crate) entry: Option<String>,
    /// From this day or minute on, as in 2024-01-14 or 2024-01-14T13:30Z.
    #[arg(long, value_name = "UTC")]
    pub(crate) from: Option<String>,
    /// Up to this day or minute, and including it.
    #[arg(long, value_name = "UTC")]
    pub(crate) to: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Cosign {
    /// Stay, and do it again every so many minutes.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..=10080))]
    pub(crate) every: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// A C2SP tlog-policy: whose cosignatures make a quorum; its keys must stand in the rooms' charters.
    pub(crate) file: Option<PathBuf>,
    /// How many auditors of each room must have cosigned it, whoever they are; 0 for none.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) witnesses: Option<u32>,
    /// How old what they confirm may be.
    #[arg(long, value_name = "MINUTES")]
    pub(crate) fresh: Option<u64>,
    /// Within how many minutes they must have confirmed what this desk sent.
    #[arg(long, value_name = "MINUTES")]
    pub(crate) receipts: Option<u64>,
    /// What to do where that is not met: show nothing and exit with 3, or warn above every listing.
    #[arg(long, value_enum)]
    pub(crate) unmet: Option<Unmet>,
    /// Demand nothing any more.
    #[arg(long, conflicts_with_all = ["file", "witnesses", "unmet"])]
    pub(crate) none: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Unmet {
    Refuse,
    Warn,
}

#[derive(Debug, Args)]
pub(crate) struct Prove {
    /// ROOM#INDEX, as in drc#42.
    pub(crate) reference: String,
    /// Where to write the proof; the keys go into FILE.policy.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckProof {
    /// A C2SP tlog-proof, or a file from a desk's evidence folder.
    pub(crate) file: PathBuf,
    /// A C2SP tlog-policy with the keys to check a proof by; else FILE.policy, if it is there.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// The log's key, as the operator gives it.
    #[arg(long, value_name = "VKEY")]
    pub(crate) log_key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The bundle to write.
    pub(crate) file: PathBuf,
    /// Sealed content too.
    #[arg(long)]
    pub(crate) content: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AuditReport {
    /// The bundle.
    pub(crate) bundle: PathBuf,
    /// The report to write.
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyBundle {
    /// The bundle.
    pub(crate) file: PathBuf,
}
