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
}

impl Default for Head {
    fn default() -> Self {
        let (subject, answers, refers) = (String::new(), None, Vec::new());
        Self { precedence: Precedence::Routine, subject, ack_by: 0, answers, refers }
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
        Ok(Self { precedence, subject, ack_by, answers, refers })
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
