//! `timeline`: posts, recalls and charters of all rooms in the order of time.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tearline_client::{
    holdings::{Chartered, Filed, Recalled},
    refs::EntryRef,
    show::{
        content::precedence,
        hang, paint,
        time::{dtg, iso},
    },
};
use tearline_ledger::{content::Content, name::MemberName};

use super::outlook::Outlook;
use crate::{
    cli::Timeline,
    context::{Context, Failure},
};

enum Event<'a> {
    Post(&'a Filed),
    Recall(&'a Recalled),
    Charter(&'a Chartered),
}

pub(crate) fn timeline(context: &Context, args: &Timeline) -> Result<(), Failure> {
    let outlook = Outlook::open(context)?;
    let filter = outlook.filter(&args.filters)?;
    let held = &outlook.holdings;
    let by = |signers: &[MemberName], at, entry: &EntryRef| {
        signers.first().is_some_and(|first| filter.lets_act(at, &entry.room, first.org()))
    };
    let posts = held.posts.iter().filter(|post| filter.lets(post, held)).map(Event::Post);
    let recalls = held.recalls.iter().filter(|it| by(&it.signers, it.accepted_at, &it.entry));
    let charters = held.charters.iter().filter(|it| by(&it.signers, it.accepted_at, &it.entry));
    let mut events: Vec<Event<'_>> =
        posts.chain(recalls.map(Event::Recall)).chain(charters.map(Event::Charter)).collect();
    events.sort_by(|one, two| one.place().cmp(&two.place()));
    let wide =
        |length: &dyn Fn(&Event<'_>) -> usize, least| events.iter().map(length).max().unwrap_or(0).max(least);
    let entry = wide(&|event| event.place().1.to_string().len(), 11);
    let what = wide(&|event| event.what().len(), 11);
    let mut text = outlook.headings(&filter)?;
    let _ = writeln!(text, "\n     {:<15} {:<entry$} {:<what$} BY AND SUBJECT", "DTG", "REF", "WHAT");
    for event in &events {
        let (at, place) = event.place();
        let unread = matches!(event, Event::Post(post) if outlook.is_unread(post));
        let bullet = if unread { paint::strong("●") } else { " ".to_owned() };
        let left =
            format!("  {bullet}  {:<15} {:<entry$} {:<what$} ", dtg(at), place.to_string(), event.what());
        text.push_str(&hang(&left, &event.words()));
    }
    if events.is_empty() {
        text.push_str("     Nothing.\n");
    }
    let list: Vec<Value> = events.iter().map(Event::to_json).collect();
    let json = json!({"rooms": outlook.completeness(&filter)?, "events": list});
    outlook.say(context, &json, &text)
}

impl<'a> Event<'a> {
    fn place(&self) -> (u64, &'a EntryRef) {
        match self {
            Self::Post(post) => (post.accepted_at, &post.entry),
            Self::Recall(recall) => (recall.accepted_at, &recall.entry),
            Self::Charter(charter) => (charter.accepted_at, &charter.entry),
        }
    }

    fn what(&self) -> &'static str {
        match self {
            Self::Post(post) => post.content.as_ref().map_or("post", Content::kind_name),
            Self::Recall(_) => "recall",
            Self::Charter(_) => "charter",
        }
    }

    fn signers(&self) -> Vec<&'a str> {
        let signers = match self {
            Self::Post(post) => &post.signers,
            Self::Recall(recall) => &recall.signers,
            Self::Charter(charter) => &charter.signers,
        };
        signers.iter().map(MemberName::desk).collect()
    }

    fn words(&self) -> String {
        match self {
            Self::Post(post) => {
                let recalled = if post.recalled { " (recalled since)" } else { "" };
                format!("{}: {}{recalled}", post.author.org().as_str(), post.subject())
            }
            Self::Recall(recall) => format!("{} is taken back by {}", recall.post, self.signers().join(", ")),
            Self::Charter(charter) => charter_words(charter),
        }
    }

    fn to_json(&self) -> Value {
        let (at, entry) = self.place();
        let mut json = json!({
            "entry": entry.to_string(),
            "accepted_at": iso(at),
            "what": self.what(),
            "signed_by": self.signers(),
        });
        let Some(map) = json.as_object_mut() else { return json };
        let more = match self {
            Self::Post(post) => {
                let content = post.content.as_ref().ok();
                json!({
                    "from": post.author.org().as_str(),
                    "subject": content.map(|content| content.message().subject.clone()),
                    "precedence": content.map(precedence),
                    "recalled": post.recalled,
                })
            }
            Self::Recall(recall) => json!({"post": recall.post.to_string()}),
            Self::Charter(charter) => json!({
                "epoch": charter.epoch,
                "joined": charter.joined.iter().map(MemberName::desk).collect::<Vec<_>>(),
                "left": charter.left.iter().map(MemberName::desk).collect::<Vec<_>>(),
                "succession": charter.succession,
            }),
        };
        if let Value::Object(more) = more {
            map.extend(more);
        }
        json
    }
}

fn charter_words(charter: &Chartered) -> String {
    let desks = |members: &[MemberName]| members.iter().map(MemberName::desk).collect::<Vec<_>>().join(", ");
    let mut said = vec![format!("{} of {}", charter.epoch, charter.entry.room.as_str())];
    if !charter.joined.is_empty() {
        said.push(format!("in: {}", desks(&charter.joined)));
    }
    if !charter.left.is_empty() {
        said.push(format!("out: {}", desks(&charter.left)));
    }
    if charter.succession {
        said.push("SUCCESSION: no custodian endorsed it".to_owned());
    }
    said.join("; ")
}
