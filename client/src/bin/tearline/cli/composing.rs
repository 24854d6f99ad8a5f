//! Arguments of what writes, records and attaches.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tearline_client::write::Kind;

#[derive(Debug, Args)]
pub(crate) struct Publish {
    #[command(flatten)]
    pub(crate) composing: Composing,
}

/// Where a text comes from, and what goes with it.
#[derive(Debug, Args)]
pub(crate) struct Composing {
    /// Front matter and text; - for standard input. Without it your editor opens.
    #[arg(conflicts_with = "draft")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) attach: Attach,
    /// Take up a draft; with --yes it is sent as it is.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) draft: Option<String>,
    /// Keep it as a draft, without what is attached, and send nothing.
    #[arg(long)]
    pub(crate) save: bool,
}

/// Files that go with a post.
#[derive(Debug, Default, Args)]
pub(crate) struct Attach {
    /// A file that goes with it, sealed; once for each. With a mark in front, as in "(C//REL TO DRC) map.png", it goes
    /// only to those whom the mark names.
    #[arg(long = "attach", value_name = "FILE")]
    pub(crate) files: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Write {
    /// A concern (party).
    #[command(after_help = "Example: tearline write concern column.md")]
    Concern(Draft),
    /// Propose an assessment without released portions (with portions: `release --answers`).
    #[command(after_help = "Example: tearline write assessment answer.md --to drc")]
    Assessment(Draft),
    /// What you make of an assessment (party).
    #[command(after_help = "Example: tearline write opinion opinion.md")]
    Opinion(Draft),
    /// Ask to do something, or to refrain from it.
    #[command(after_help = "Example: tearline write request refrain.md --to drc")]
    Request(Draft),
    /// Reply to a request, or to any other post of another side.
    #[command(after_help = "Example: tearline write reply reply.md")]
    Reply(Draft),
    /// A commitment (custodian), or what several parties undertook, restated for all (mediator).
    #[command(
        after_help = "Examples:\n  tearline write commitment grounded.md\n  tearline write commitment cease-fire.md --to plenary"
    )]
    Commitment(Draft),
    /// How a commitment was kept.
    #[command(after_help = "Example: tearline write compliance september.md")]
    Compliance(Draft),
    /// An incident, or a step in how it is dealt with.
    #[command(after_help = "Example: tearline write incident shelling.md --to plenary")]
    Incident(Draft),
    /// Announce a movement.
    #[command(after_help = "Example: tearline write activity rotation.md")]
    Activity(Draft),
    /// Agenda or minutes of a session (mediator).
    #[command(after_help = "Example: tearline write session thursday.md --to plenary")]
    Session(Draft),
    /// A note.
    #[command(after_help = "Example: tearline write note --to chamber note.md")]
    Note(Draft),
    /// Put right what a post of your own side says; the post stays.
    #[command(after_help = "Example: tearline write correction numbers.md")]
    Correction(Draft),
    /// A post that says nothing, so that a room keeps a steady cadence.
    #[command(after_help = "Example: tearline write decoy --to drc")]
    Decoy(Cadence),
}

impl Write {
    /// The kind, where its text comes from, and its room.
    pub(crate) fn parts(&self) -> (Kind, Option<&Composing>, Option<&str>) {
        let (kind, draft) = match self.draft() {
            Ok((kind, draft)) => (kind, draft),
            Err(cadence) => return (Kind::Decoy, None, cadence.to.as_deref()),
        };
        (kind, Some(&draft.composing), draft.to.as_deref())
    }

    /// When the content expires, as it was typed.
    pub(crate) fn until(&self) -> Option<&str> {
        self.draft().ok().and_then(|(_, draft)| draft.until.as_deref())
    }

    fn draft(&self) -> Result<(Kind, &Draft), &Cadence> {
        Ok(match self {
            Self::Decoy(cadence) => return Err(cadence),
            Self::Concern(draft) => (Kind::Concern, draft),
            Self::Assessment(draft) => (Kind::Assessment, draft),
            Self::Opinion(draft) => (Kind::Opinion, draft),
            Self::Request(draft) => (Kind::Request, draft),
            Self::Reply(draft) => (Kind::Reply, draft),
            Self::Commitment(draft) => (Kind::Commitment, draft),
            Self::Compliance(draft) => (Kind::Compliance, draft),
            Self::Incident(draft) => (Kind::Incident, draft),
            Self::Activity(draft) => (Kind::Activity, draft),
            Self::Session(draft) => (Kind::Session, draft),
            Self::Note(draft) => (Kind::Note, draft),
            Self::Correction(draft) => (Kind::Correction, draft),
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Draft {
    #[command(flatten)]
    pub(crate) composing: Composing,
    /// The room; else your own.
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// When the content expires, as in 2024-06-30T12:00:00Z: it is served no longer then.
    #[arg(long, value_name = "UTC")]
    pub(crate) until: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Drafts {
    #[command(subcommand)]
    pub(crate) what: Option<OfDrafts>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OfDrafts {
    /// Show a draft as it was written.
    #[command(after_help = "Example: tearline drafts show 2")]
    Show {
        /// Its number.
        draft: String,
    },
    /// Delete drafts.
    #[command(after_help = "Example: tearline drafts drop 2 3")]
    Drop {
        /// Their numbers.
        #[arg(required = true)]
        drafts: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Cadence {
    /// The room; else your own.
    #[arg(long)]
    pub(crate) to: Option<String>,
}
