//! Vectors of opened content: its bounds, who writes it where, and what it may answer (sections 9.1 and 9.2).

mod broken;
mod rules;
mod samples;

use anyhow::Result;
use prost::Message as _;
use serde_json::json;
use tearline_ledger::{
    content::{Authored, Content, ContentError, Place},
    name::{MemberName, RoomName},
};
use tearline_proto::v1;

use super::{Answer, Case, Input, code};

const MEDIATOR: &str = "spiffe://kivu.example/mediator/us/kinshasa";
const OTHER_MEDIATOR: &str = "spiffe://kivu.example/mediator/qatar/doha";
const PARTY: &str = "spiffe://kivu.example/party/drc/delegation";
const OTHER_PARTY: &str = "spiffe://kivu.example/party/rwanda/delegation";

/// A post with all that is asked about it.
#[derive(Clone)]
struct Posted {
    content: v1::Content,
    author: &'static str,
    custodian: bool,
    room: &'static str,
    answered: Option<(v1::Content, &'static str)>,
}

impl Posted {
    /// By a mediator, into a party's room.
    fn mediators(content: v1::Content) -> Self {
        Self { content, author: MEDIATOR, custodian: false, room: "drc", answered: None }
    }

    /// By a party's custodian, into its own room.
    fn partys(content: v1::Content) -> Self {
        Self { author: PARTY, custodian: true, ..Self::mediators(content) }
    }

    fn in_room(self, room: &'static str) -> Self {
        Self { room, ..self }
    }

    /// Answers that post.
    fn to(mut self, answered: v1::Content, by: &'static str) -> Self {
        self.content.answers = Some(samples::reference());
        Self { answered: Some((answered, by)), ..self }
    }

    /// Answers a post that is not at hand.
    fn on_something(mut self) -> Self {
        self.content.answers = Some(samples::reference());
        self
    }

    fn input(&self) -> serde_json::Value {
        let (answered, by) = match &self.answered {
            Some((content, by)) => (hex::encode(content.encode_to_vec()), *by),
            None => (String::new(), ""),
        };
        json!({
            "bytes": hex::encode(self.content.encode_to_vec()), "author": self.author,
            "custodian": self.custodian, "room": self.room, "answered": answered, "answered_by": by,
        })
    }
}

pub(super) fn contents() -> Result<Vec<Case>> {
    let good = samples::good().into_iter().map(|(name, post)| Case::good(name, post.input()));
    let bad = broken::fields().into_iter().chain(rules::rules());
    let mut cases: Vec<Case> = good.chain(bad.map(|(name, post)| Case::bad(name, post.input()))).collect();
    let mut longer = samples::note().input();
    if let Some(bytes) = longer.get_mut("bytes") {
        *bytes = json!(format!("{}00", bytes.as_str().unwrap_or_default()));
    }
    cases.push(Case::bad("a byte too many", longer));
    Ok(cases)
}

pub(super) fn judge_content(input: Input<'_>) -> Result<Answer> {
    let author: MemberName = input.text("author")?.parse()?;
    let room: RoomName = input.text("room")?.parse()?;
    let place = Place::standing(&author, input.flag("custodian")?, &room);
    let answered = match input.text("answered_by")? {
        "" => None,
        by => Some((Content::parse(&input.bytes("answered")?)?, by.parse::<MemberName>()?)),
    };
    let judged = Content::parse(&input.bytes("bytes")?).and_then(|content| {
        content.check_place(&place)?;
        if let Some((answered, by)) = &answered {
            let post = Authored { content: &content, author: &author };
            post.may_answer(&Authored { content: answered, author: by })?;
        }
        Ok::<_, ContentError>(json!({ "kind": content.kind_name(), "subject": content.message().subject }))
    });
    Ok(judged.map_err(|error| code(&error)))
}
