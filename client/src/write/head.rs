//! What every kind's front matter may say.

use tearline_ledger::id::Ref;
use tearline_proto::v1::Precedence;

use super::{Author, Referent, WriteError};
use crate::{
    front::{Front, text, utc},
    refs::EntryRef,
    show::words::Scale as _,
};

/// The keys of every kind.
pub(super) struct Head {
    pub(super) precedence: Precedence,
    pub(super) subject: String,
    pub(super) ack_by: u64,
    pub(super) answers: Option<Referent>,
    pub(super) refers: Vec<Ref>,
    /// When the content expires.
    pub(super) until: Option<u64>,
}

impl Default for Head {
    fn default() -> Self {
        let (subject, answers, refers) = (String::new(), None, Vec::new());
        Self { precedence: Precedence::Routine, subject, ack_by: 0, answers, refers, until: None }
    }
}

impl Head {
    pub(super) fn take(
        front: &mut Front,
        author: &Author<'_>,
        must_answer: bool,
    ) -> Result<Self, WriteError> {
        let answered = |value: &str| {
            let found = find(author, value)?;
            if found.post { Ok(found) } else { Err(format!("{} is no post: name one", found.entry)) }
        };
        let subject = front.need("subject", text)?;
        let precedence = front.take("precedence", Precedence::parse)?.unwrap_or(Precedence::Routine);
        let ack_by = front.take("ack-by", utc)?.unwrap_or(0);
        let answers = if must_answer {
            Some(front.need("answers", answered)?)
        } else {
            front.take("answers", answered)?
        };
        let refers = front.take("refers", |value| found(author, value))?.unwrap_or_default();
        let refers = refers.into_iter().map(|it| it.reference).collect();
        let until = front.take("until", |value| to_come(value, author.now))?;
        Ok(Self { precedence, subject, ack_by, answers, refers, until })
    }
}

/// A time in UTC after `now`, at which content expires.
///
/// # Errors
///
/// What is wrong with it, and what to write.
pub fn to_come(value: &str, now: u64) -> Result<u64, String> {
    match utc(value)? {
        end if end > now => Ok(end),
        _ => Err("that is past; say when the content is to expire".to_owned()),
    }
}

/// What stands at `ROOM#INDEX`.
fn find(author: &Author<'_>, value: &str) -> Result<Referent, String> {
    let entry: EntryRef = value.trim().parse().map_err(|error| format!("{error}"))?;
    (author.find)(&entry)
}

/// What stands at each of `ROOM#INDEX, ROOM#INDEX …`.
pub(super) fn found(author: &Author<'_>, value: &str) -> Result<Vec<Referent>, String> {
    value.split(',').map(|entry| find(author, entry)).collect()
}
