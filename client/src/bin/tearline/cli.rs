//! The command line: every command, flag and example in one table, from which help, man pages and
//! completions follow.

mod auditing;
mod composing;
mod courier;
mod finding;
mod membership;

use std::path::PathBuf;

use clap::{Args, ColorChoice, Parser, Subcommand};
use tearline_manual::{Completions, Man};

pub(crate) use self::{auditing::*, composing::*, courier::*, finding::*, membership::*};

/// Signed briefings between parties that distrust each other.
#[derive(Debug, Parser)]
#[command(
    name = "tearline",
    version,
    arg_required_else_help = true,
    after_help = "Example: tearline --profile desks/drc-liaison inbox\n\nExit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 verification failed (tampering, withholding)."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "For every command")]
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
    /// Use no network: what would be sent waits for a courier, upon what this desk knows (see `tearline courier`).
    #[arg(long, global = true, env = "TEARLINE_COURIER", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) courier: bool,
    /// Whether to show colours; by themselves only on a terminal, and not with NO_COLOR.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
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
    /// Take a renewed certificate (`tearline-certs renew`) in the place of this desk's old one.
    #[command(after_help = "Example: tearline renew drc-liaison.pem")]
    Renew(Renew),
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
    ///
    /// Without a file it opens your editor on a template, as `write` does.
    #[command(
        after_help = "Examples:\n  tearline publish\n  tearline publish sake.md --attach \"(C//REL TO DRC) map.png\" --attach source.pdf"
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
    /// Take a post back: a mediators' by proposal, a party's own by its author or a custodian.
    #[command(after_help = "Example: tearline recall rwanda#7 --note \"the place was wrong\"")]
    Recall(Recall),
    /// All that a party has been given.
    #[command(after_help = "Example: tearline given drc")]
    Given(Given),
    /// Fetch what is new in every room, and verify it.
    #[command(after_help = "Example: tearline fetch --follow")]
    Fetch(Fetch),
    /// What has come in.
    #[command(after_help = "Example: tearline inbox --unread --order precedence")]
    Inbox(Inbox),
    /// Matters and where they stand: concerns, requests, commitments, incidents, sessions; with REF the thread.
    #[command(
        after_help = "Examples:\n  tearline matters --kind concern\n  tearline matters drc#3\n  tearline matters drc#3 --html sake.html --geojson sake.geojson"
    )]
    Matters(Matters),
    /// Posts, recalls and charters of all rooms in the order of time.
    #[command(after_help = "Example: tearline timeline --room drc --from 2024-01-14")]
    Timeline(Timeline),
    /// Look for words in all that this desk can read, here and nowhere else.
    #[command(
        after_help = "Examples:\n  tearline search goma drones\n  tearline search \"left goma\" --from 2024-01-14"
    )]
    Search(Search),
    /// Who promised what to whom, from when to when, and how it stands.
    #[command(after_help = "Example: tearline commitments --party drc")]
    Commitments(Commitments),
    /// Who was served a post, has acknowledged it, or is overdue.
    #[command(after_help = "Example: tearline served drc#4")]
    Served(Reference),
    /// What was served to whom, from the access logs: of an organisation, or of all that this desk may read.
    #[command(
        after_help = "Examples:\n  tearline access\n  tearline access drc --entry drc#4\n  tearline access --member drc/liaison --from 2024-01-14"
    )]
    Access(Access),
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
    /// Write a post; what mediators write to parties is proposed to their other desks.
    ///
    /// Without a file it opens your editor (VISUAL, EDITOR) on a template that explains every line. Nothing is
    /// sent before you have seen it as it will be sent and said yes. What is not sent becomes an encrypted draft.
    #[command(
        subcommand,
        after_help = "Examples:\n  tearline write concern\n  tearline write concern column.md\n  tearline write concern --draft 2"
    )]
    Write(Write),
    /// What was written and not sent; it lies encrypted in the desk's folder.
    #[command(
        after_help = "Examples:\n  tearline drafts\n  tearline drafts show 2\n  tearline drafts drop 2"
    )]
    Drafts(Drafts),
    /// For a desk without a network: letters out, answers in, and carrying them for others.
    ///
    /// With --courier (`tearline --courier write concern column.md`), what is written, acknowledged or signed waits in
    /// the outbox. `courier out` puts it into a letter; the operator (`tearlined courier`) or a connected desk (`courier
    /// carry`) hands that to the server and gets the answer, which `courier in` takes in, verified as what a network
    /// brings. Nobody on the way need be trusted.
    #[command(
        subcommand,
        after_help = "Examples:\n  tearline courier out drc.letter\n  tearline courier in drc.answer"
    )]
    Courier(OfCourier),
    /// Verify the local copies again, and against the server.
    #[command(after_help = "Example: tearline verify --all")]
    Verify(Verify),
    /// Confirm every room and access log as a witness, after verifying what is new (auditor).
    #[command(after_help = "Examples:\n  tearline cosign\n  tearline cosign --every 15")]
    Cosign(Cosign),
    /// What this desk demands of witnesses, and what it does where that is not met; shown or set.
    #[command(
        after_help = "Examples:\n  tearline policy\n  tearline policy --witnesses 1 --fresh 60 --unmet refuse\n  tearline policy kivu.policy --unmet refuse"
    )]
    Policy(PolicyArgs),
    /// Write a proof that an entry stands in its room's log, for a third person, and the keys to check it by.
    #[command(after_help = "Example: tearline prove drc#4 --out sake.tlog-proof")]
    Prove(Prove),
    /// Check a proof, or a file of evidence, without a desk, a server or trust.
    #[command(
        after_help = "Examples:\n  tearline check-proof sake.tlog-proof --policy kivu.policy\n  tearline check-proof evidence/drc-41-altered.tearline"
    )]
    CheckProof(CheckProof),
    /// Write all rooms as they stand at one moment into a bundle.
    #[command(after_help = "Example: tearline export kivu.bundle")]
    Export(Export),
    /// Verify a bundle without a server, a key or trust.
    #[command(after_help = "Example: tearline verify-bundle kivu.bundle")]
    VerifyBundle(VerifyBundle),
    /// Write what an audit of a bundle found into one HTML file, to be read and printed.
    #[command(after_help = "Example: tearline report kivu.bundle kivu.html")]
    Report(AuditReport),
    /// Play the Kivu scenario in a folder, with real processes, and stay up.
    #[command(
        after_help = "Examples:\n  tearline quickstart demo\n  tearline quickstart demo --until 2024-01"
    )]
    Quickstart(Quickstart),
    /// Write the script by which a shell completes commands and options.
    #[command(
        after_help = "Example: tearline completions bash > ~/.local/share/bash-completion/completions/tearline"
    )]
    Completions(Completions),
    /// Write man pages, one for each command.
    #[command(after_help = "Example: tearline man /usr/local/share/man/man1")]
    Man(Man),
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
    /// What the assessment takes for granted; once for each.
    #[arg(long, value_name = "TEXT", requires = "answers")]
    pub(crate) assumes: Vec<String>,
    /// What else it could be; once for each.
    #[arg(long, value_name = "TEXT", requires = "answers")]
    pub(crate) or_else: Vec<String>,
    /// Until when what is known was known, as in 2024-01-14T13:30:00Z.
    #[arg(long, value_name = "UTC", requires = "answers")]
    pub(crate) information_until: Option<String>,
    /// routine, priority, immediate, flash; else the briefing's.
    #[arg(long)]
    pub(crate) precedence: Option<String>,
    /// By when its readers are to acknowledge it, as in 2024-01-14T20:00:00Z.
    #[arg(long, value_name = "UTC")]
    pub(crate) ack_by: Option<String>,
    /// Other posts of the room that it speaks of, as in drc#1,drc#2.
    #[arg(long, value_delimiter = ',', value_name = "REF")]
    pub(crate) refers: Vec<String>,
    /// When the content expires, as in 2024-06-30T12:00:00Z: it is served no longer then.
    #[arg(long, value_name = "UTC")]
    pub(crate) until: Option<String>,
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
pub(crate) struct Recall {
    /// The post, as in rwanda#7.
    pub(crate) reference: String,
    /// Why, to the officers who approve it; never sent to a party.
    #[arg(long)]
    pub(crate) note: Option<String>,
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

#[derive(Debug, Args)]
pub(crate) struct Quickstart {
    /// A folder that does not exist yet, or is empty.
    pub(crate) folder: PathBuf,
    /// Play and exit.
    #[arg(long)]
    pub(crate) once: bool,
    /// Play up to the end of this month, from 2023-11 to 2024-10, and leave the rest to you.
    #[arg(long, value_name = "YYYY-MM", default_value = LAST_MONTH, value_parser = month)]
    pub(crate) until: String,
}

/// Of the scenario.
const FIRST_MONTH: &str = "2023-11";
const LAST_MONTH: &str = "2024-10";

/// A month of the scenario. As they are written, months are in the order of time.
fn month(text: &str) -> Result<String, String> {
    let month = text.split_once('-').filter(|(year, _)| year.len() == 4).map(|(_, month)| month);
    let month = month.filter(|it| it.len() == 2).and_then(|it| it.parse::<u8>().ok());
    let known = month.is_some_and(|it| (1..=12).contains(&it)) && (FIRST_MONTH..=LAST_MONTH).contains(&text);
    if known { Ok(text.to_owned()) } else { Err(format!("give a month from {FIRST_MONTH} to {LAST_MONTH}")) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn a_month_is_one_of_the_scenario() {
        for good in ["2023-11", "2023-12", "2024-01", "2024-10"] {
            assert_eq!(month(good).as_deref(), Ok(good));
        }
        for bad in ["2023-10", "2024-11", "2024-1", "2024-00", "2023-13", "2024", "2024-01-14", "january"] {
            assert!(month(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_command_has_an_example_that_it_takes() {
        Arguments::command().debug_assert();
        assert_eq!(tearline_manual::faults(&Arguments::command()), Vec::<String>::new());
    }
}
