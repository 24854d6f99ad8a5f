//! The command line: every command, flag and example in one table, from which help, man pages and
//! completions follow.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Signed briefings between parties that distrust each other.
#[derive(Debug, Parser)]
#[command(
    name = "tearline",
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 verification failed (tampering, withholding)."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The desk's folder.
    #[arg(long, global = true, env = "TEARLINE_PROFILE", value_name = "DIR", default_value = ".")]
    pub(crate) profile: PathBuf,
    /// Write one JSON object (or one a line, with --follow) instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Read the passphrase from the first line of a file that only you may read.
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "passphrase_env")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Read the passphrase from the environment variable of this name.
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) passphrase_env: Option<String>,
    /// Answer yes to what would be asked.
    #[arg(long, short = 'y', global = true)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a desk: its keys, its card, and a fingerprint in words.
    #[command(
        after_help = "Example: tearline --profile drc-liaison init drc/liaison --role party --domain kivu.example"
    )]
    Init(Init),
    /// Endorse a card of your own party (custodian).
    #[command(after_help = "Example: tearline endorse liaison.card --out liaison-endorsed.card")]
    Endorse(Endorse),
    /// Take up an invitation: checks it, and keeps the certificate and the rooms' names.
    #[command(after_help = "Example: tearline join drc-liaison.invitation")]
    Join(Join),
    /// Found the chamber: a file that goes round until all mediators have signed it.
    #[command(
        after_help = "Examples:\n  tearline found chamber.founding --new --address tearline.example:4433 --authority authority.pem --log-key KEY --card washington.card --card kinshasa.card\n  tearline found chamber.founding\n  tearline found chamber.founding --submit"
    )]
    Found(Found),
    /// Propose to admit a desk to rooms, founding those that do not exist yet.
    #[command(after_help = "Example: tearline admit liaison-endorsed.card drc plenary")]
    Admit(Admit),
    /// Propose to remove a desk whose device or keys are lost, with new room keys.
    #[command(after_help = "Example: tearline lost drc/liaison")]
    Lost(Lost),
    /// Everybody in your rooms, with fingerprints.
    #[command(after_help = "Example: tearline who drc")]
    Who(Who),
    /// How far each room is complete and who witnessed it.
    #[command(after_help = "Example: tearline status")]
    Status,
    /// Record a briefing (Markdown with portion marks) in the chamber.
    #[command(
        after_help = "Example: tearline publish sake.md --attach \"(C//REL TO DRC) map.png\" --attach source.pdf"
    )]
    Publish(Publish),
    /// Propose to release portions of a briefing into one room, or several at once.
    #[command(
        after_help = "Example: tearline release chamber#7 --portions 1,3 --to drc --subject \"Column towards Sake\""
    )]
    Release(Box<Release>),
    /// Proposals that wait for signatures.
    #[command(after_help = "Example: tearline pending")]
    Pending,
    /// See exactly what a proposal would send, and sign it.
    #[command(after_help = "Example: tearline approve chamber#57")]
    Approve(Approve),
    /// End a proposal.
    #[command(after_help = "Example: tearline reject chamber#57")]
    Reject(Proposal),
    /// Take your own proposal back.
    #[command(after_help = "Example: tearline withdraw chamber#57")]
    Withdraw(Proposal),
    /// All that a party has been given.
    #[command(after_help = "Example: tearline given drc")]
    Given(Given),
    /// Fetch what is new in every room, and verify it.
    #[command(after_help = "Example: tearline fetch --follow")]
    Fetch(Fetch),
    /// What has come in.
    #[command(after_help = "Example: tearline inbox")]
    Inbox,
    /// Read a post.
    #[command(after_help = "Example: tearline read drc#42")]
    Read(Reference),
    /// Save an attachment of a post, or of a proposal before it is signed.
    #[command(
        after_help = "Examples:\n  tearline save drc#42 --out maps\n  tearline save chamber#57 2 --out sake.pdf"
    )]
    Save(Save),
    /// Acknowledge posts.
    #[command(after_help = "Example: tearline ack drc#42 plenary#7")]
    Ack(Ack),
    /// Write a post: a concern (party), an assessment (mediator) or a note.
    #[command(subcommand)]
    Write(Write),
    /// Verify the local copies again, and against the server.
    #[command(after_help = "Example: tearline verify --all")]
    Verify(Verify),
    /// Write all rooms as they stand at one moment into a bundle.
    #[command(after_help = "Example: tearline export kivu.bundle")]
    Export(Export),
    /// Verify a bundle without a server, a key or trust.
    #[command(after_help = "Example: tearline verify-bundle kivu.bundle")]
    VerifyBundle(VerifyBundle),
    /// Play the Kivu scenario in a folder, with real processes, and stay up.
    #[command(after_help = "Example: tearline quickstart demo")]
    Quickstart(Quickstart),
}

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

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The briefing: front matter, then paragraphs, each with a portion mark; - for standard input.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) attach: Attach,
}

#[derive(Debug, Args)]
pub(crate) struct Release {
    /// The briefing, as in chamber#7.
    pub(crate) briefing: String,
    /// Portions by number, as in 1,3.
    #[arg(long, value_delimiter = ',', required = true)]
    pub(crate) portions: Vec<u32>,
    /// Attachments of the briefing by number, as in 1,2.
    #[arg(long, value_delimiter = ',', value_name = "NUMBER")]
    pub(crate) attach_from: Vec<usize>,
    #[command(flatten)]
    pub(crate) attach: Attach,
    /// Room names; several are released jointly.
    #[arg(long, num_args = 1.., required = true)]
    pub(crate) to: Vec<String>,
    /// The subject; else the briefing's.
    #[arg(long)]
    pub(crate) subject: Option<String>,
    /// A note above the portions.
    #[arg(long, default_value = "")]
    pub(crate) note: String,
    /// Show a portion under a lower mark: PORTION:MARK:REASON, as in "4:C//REL TO DRC:source no longer at risk".
    #[arg(long, value_name = "PORTION:MARK:REASON")]
    pub(crate) downgrade: Vec<String>,
    /// The concern that an assessment answers; makes this an assessment.
    #[arg(long, value_name = "REF", requires_all = ["finding", "activity", "likelihood", "confidence"])]
    pub(crate) answers: Option<String>,
    /// corroborated, partly-corroborated, not-corroborated, dispelled, inconclusive.
    #[arg(long)]
    pub(crate) finding: Option<String>,
    /// offensive, defensive, rotation, logistics, withdrawal, exercise, undetermined.
    #[arg(long)]
    pub(crate) activity: Option<String>,
    /// A band of ICD 203, as in likely.
    #[arg(long)]
    pub(crate) likelihood: Option<String>,
    /// low, moderate, high.
    #[arg(long)]
    pub(crate) confidence: Option<String>,
    /// routine, priority, immediate, flash; else the briefing's.
    #[arg(long)]
    pub(crate) precedence: Option<String>,
    /// How long the proposal is open.
    #[arg(long, default_value_t = 72, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(1..=168))]
    pub(crate) open_for: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// The proposal, as in chamber#57.
    pub(crate) proposal: String,
    /// Where to write the admission, if it admits a desk.
    #[arg(long, value_name = "FILE")]
    pub(crate) admission: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Proposal {
    /// The proposal, as in chamber#57.
    pub(crate) proposal: String,
}

#[derive(Debug, Args)]
pub(crate) struct Given {
    /// The party, as in drc.
    pub(crate) party: String,
}

#[derive(Debug, Args)]
pub(crate) struct Fetch {
    /// Stay and show what comes.
    #[arg(long)]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Reference {
    /// ROOM#INDEX, as in drc#42.
    pub(crate) reference: String,
}

/// Files that go with a post.
#[derive(Debug, Args)]
pub(crate) struct Attach {
    /// A file that goes with it, sealed; once for each. With a mark in front, as in "(C//REL TO DRC) map.png", it goes
    /// only to those whom the mark names.
    #[arg(long = "attach", value_name = "FILE")]
    pub(crate) files: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Save {
    /// ROOM#INDEX of a post or an open proposal, as in drc#42.
    pub(crate) reference: String,
    /// Which attachment: its number, or its name. Need not be said if there is only one.
    pub(crate) which: Option<String>,
    /// The file to write, or a folder that is there.
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) out: PathBuf,
    /// Take the place of a file that is there.
    #[arg(long)]
    pub(crate) overwrite: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Ack {
    /// ROOM#INDEX, as in drc#42.
    #[arg(required = true)]
    pub(crate) references: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Write {
    /// A concern, in your own room.
    #[command(after_help = "Example: tearline write concern column.md")]
    Concern(Draft),
    /// Propose an assessment without released portions (with portions: `release --answers`).
    #[command(after_help = "Example: tearline write assessment answer.md --to drc")]
    Assessment(Draft),
    /// A note.
    #[command(after_help = "Example: tearline write note --to chamber note.md")]
    Note(Draft),
}

#[derive(Debug, Args)]
pub(crate) struct Draft {
    /// Front matter and text; - for standard input.
    pub(crate) file: PathBuf,
    /// The room; else your own.
    #[arg(long)]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) attach: Attach,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Also the rules across rooms (mediators and auditors).
    #[arg(long)]
    pub(crate) all: bool,
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
pub(crate) struct VerifyBundle {
    /// The bundle.
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Quickstart {
    /// A folder that does not exist yet, or is empty.
    pub(crate) folder: PathBuf,
    /// Play and exit.
    #[arg(long)]
    pub(crate) once: bool,
}
