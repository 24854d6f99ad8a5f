//! A matter as one file that stands by itself, to be printed or handed on: who signed what and when, what it
//! says, where it stands, with its mark on every page.
//!
//! Refuses to fetch anything and to be altered by what it holds: whatever others wrote is text in it and
//! nothing else.

mod html;
mod markdown;

use tearline_ledger::mark::Mark;
use tearline_proto::v1::content::Kind;

pub use self::{html::html, markdown::markdown};
use crate::matters::{Matter, Part};

/// A matter, and what is said of the file that it becomes.
#[derive(Debug)]
pub struct Dossier<'a> {
    /// The matter.
    pub matter: &'a Matter<'a>,
    /// More lines on where it stands, safe to show.
    pub details: &'a [String],
    /// The desk that made it.
    pub by: &'a str,
    /// How far the rooms were complete, a line for each.
    pub complete: &'a [String],
    /// When it was made, in seconds since 1970.
    pub now: u64,
}

impl Dossier<'_> {
    /// The mark of every page: the highest of the portions', and no wider than any of them.
    pub fn banner(&self) -> String {
        let texts = self.matter.parts.iter().flat_map(marks);
        let marks: Result<Vec<Mark>, _> = texts.map(str::parse).collect();
        match marks.map(|marks| Mark::over(&marks)) {
            Ok(Some(mark)) => mark.to_string(),
            Ok(None) => "NO PORTION MARKS · FOR THE READERS OF ITS ROOM ONLY".to_owned(),
            Err(_) => "A PORTION HAS NO VALID MARK · DO NOT PASS ON".to_owned(),
        }
    }
}

/// The marks of a post's portions, as they are shown to its readers.
fn marks<'a>(part: &Part<'a>) -> Vec<&'a str> {
    let Ok(content) = &part.post.content else { return Vec::new() };
    let released = content.message().tearline.iter().flat_map(|tearline| &tearline.portions);
    let mut marks: Vec<&str> = released.map(|portion| portion.mark.as_str()).collect();
    if let Some(Kind::Briefing(briefing)) = content.kind() {
        marks.extend(briefing.portions.iter().map(|portion| portion.mark.as_str()));
    }
    marks
}

#[cfg(test)]
mod tests;
