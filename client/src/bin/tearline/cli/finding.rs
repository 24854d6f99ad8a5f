//! Arguments of what lists and finds, with the filters that they share.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Given {
    /// The party, as in drc.
    #[arg(value_name = "PARTY")]
    pub(crate) organisation: String,
    #[command(flatten)]
    pub(crate) filters: Filters,
}

/// Which posts are asked for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct Filters {
    /// From this day or minute on, as in 2024-01-14 or 2024-01-14T13:30Z.
    #[arg(long, value_name = "UTC")]
    pub(crate) from: Option<String>,
    /// Up to this day or minute, and including it.
    #[arg(long, value_name = "UTC")]
    pub(crate) to: Option<String>,
    /// About a place of this name, or part of it.
    #[arg(long, value_name = "NAME")]
    pub(crate) place: Option<String>,
    /// About a place near this position; with --within.
    #[arg(long, value_name = "LON,LAT", allow_hyphen_values = true)]
    pub(crate) near: Option<String>,
    /// At most so far from it.
    #[arg(long, value_name = "KM")]
    pub(crate) within: Option<String>,
    /// What this party wrote, what stands in its own room, and what names it.
    #[arg(long, value_name = "ORG")]
    pub(crate) party: Option<String>,
    /// In this room; more than once for several.
    #[arg(long, value_name = "ROOM")]
    pub(crate) room: Vec<String>,
    /// Of this kind, as in concern; more than once for several.
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Vec<String>,
    /// Of this precedence or a higher one.
    #[arg(long, value_name = "PRECEDENCE")]
    pub(crate) precedence: Option<String>,
    /// Only what was not read at this desk.
    #[arg(long)]
    pub(crate) unread: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inbox {
    /// Room by room with the newest first, or all rooms together by precedence.
    #[arg(long, value_enum, default_value_t = Order::Newest)]
    pub(crate) order: Order,
    #[command(flatten)]
    pub(crate) filters: Filters,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Order {
    Newest,
    Precedence,
}

#[derive(Debug, Args)]
pub(crate) struct Matters {
    /// The thread of this post, as in drc#3.
    pub(crate) reference: Option<String>,
    /// Write the thread into one HTML file that stands by itself, its mark on every page.
    #[arg(long, value_name = "FILE", requires = "reference")]
    pub(crate) html: Option<PathBuf>,
    /// Write the thread into one Markdown file.
    #[arg(long, value_name = "FILE", requires = "reference")]
    pub(crate) markdown: Option<PathBuf>,
    /// Write the places that posts name as GeoJSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) geojson: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) filters: Filters,
}

#[derive(Debug, Args)]
pub(crate) struct Timeline {
    #[command(flatten)]
    pub(crate) filters: Filters,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Words that must all occur, whatever their case and accents; a phrase in quotes.
    #[arg(required = true)]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) filters: Filters,
}

#[derive(Debug, Args)]
pub(crate) struct Commitments {
    #[command(flatten)]
    pub(crate) filters: Filters,
}
