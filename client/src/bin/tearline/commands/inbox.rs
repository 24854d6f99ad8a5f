//! `inbox`: what has come in, what was not read, and what must be acknowledged.

use std::{cmp::Reverse, collections::HashSet, fmt::Write as _};

use serde_json::{Value, json};
use tearline_client::{
    holdings::Filed,
    show::{
        WIDTH,
        content::precedence,
        hang, paint,
        standing::phrase,
        time::{dtg, iso},
        wrap,
    },
    standing::Standing,
};
use tearline_ledger::id::Ref;

use super::outlook::Outlook;
use crate::{
    cli::{Inbox, Order},
    context::{Context, Failure},
};

/// How wide the columns of a listing are: as wide as what stands in them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    entry: usize,
    from: usize,
}

impl Columns {
    pub(super) fn of<'a>(posts: impl Iterator<Item = &'a Filed>) -> Self {
        let mut columns = Self { entry: 11, from: 8 };
        for post in posts {
            columns.entry = columns.entry.max(post.entry.to_string().len());
            columns.from = columns.from.max(post.author.org().as_str().len());
        }
        columns
    }

    fn title(self) -> String {
        let (entry, from) = (self.entry, self.from);
        format!("     {:<entry$} {:<10} {:<from$} {:<15} SUBJECT\n", "REF", "PREC", "FROM", "DTG")
    }

    /// A post's line, or lines.
    pub(super) fn row(self, post: &Filed, standing: &Standing, unread: bool) -> String {
        let urgency = format!("{:<10}", post.content.as_ref().map_or("", precedence));
        let bullet = if unread { paint::strong("●") } else { " ".to_owned() };
        let left = format!(
            "  {bullet}  {:<entry$} {} {:<from$} {:<15} ",
            post.entry.to_string(),
            paint::precedence(&urgency),
            post.author.org().as_str(),
            dtg(post.accepted_at),
            entry = self.entry,
            from = self.from,
        );
        let phrase = phrase(standing);
        let below = if phrase.is_empty() { phrase } else { paint::alerts(&wrap(&phrase, 5, WIDTH)) };
        hang(&left, &post.subject()) + &below
    }
}

/// A post that must be acknowledged and was not.
struct Due {
    by: u64,
    entry: String,
    overdue: bool,
}

pub(crate) fn inbox(context: &Context, args: &Inbox) -> Result<(), Failure> {
    let outlook = Outlook::open(context)?;
    let filter = outlook.filter(&args.filters)?;
    let own = outlook.desk.member().org();
    let mut posts: Vec<&Filed> = outlook.holdings.posts.iter().rev().collect();
    posts.retain(|post| post.author.org() != own && filter.lets(post, &outlook.holdings));
    let columns = Columns::of(posts.iter().copied());
    let row = |post: &Filed| {
        let standing = outlook.holdings.standing(post, outlook.now);
        columns.row(post, &standing, outlook.is_unread(post))
    };
    let mut text = String::new();
    match args.order {
        Order::Newest => {
            // Within a room the index is the order; rooms go by name.
            posts.sort_by_key(|post| (post.entry.room.as_str().to_owned(), Reverse(post.entry.index)));
            for room in outlook.asked(&filter) {
                text.push_str(&super::outlook::heading(&outlook.desk, &room.replica)?);
                let _ = write!(text, "\n{}", columns.title());
                let here = posts.iter().filter(|post| post.entry.room.as_str() == room.replica.name());
                text.extend(here.map(|post| row(post)));
                text.push('\n');
            }
        }
        Order::Precedence => {
            posts.sort_by_key(|post| Reverse(post.content.as_ref().map_or(0, |it| it.message().precedence)));
            text.push_str(&outlook.headings(&filter)?);
            let _ = write!(text, "\n{}", columns.title());
            text.extend(posts.iter().map(|post| row(post)));
            text.push('\n');
        }
    }
    let due = due(&outlook, &posts);
    let unread: Vec<&&Filed> = posts.iter().filter(|post| outlook.is_unread(post)).collect();
    text.push_str(&summary(unread.len(), &due));
    if let Some(first) = unread.first() {
        let _ = writeln!(text, " Next: tearline read {}", first.entry);
    }
    let list: Vec<Value> = posts.iter().map(|post| outlook.listed(post)).collect();
    let due: Vec<Value> = due
        .iter()
        .map(|due| json!({"entry": due.entry, "by": iso(due.by), "overdue": due.overdue}))
        .collect();
    let json = json!({
        "rooms": outlook.completeness(&filter)?,
        "posts": list,
        "unread": unread.len(),
        "acknowledgements_due": due,
    });
    outlook.say(context, &json, &text)
}

/// Those that ask for an acknowledgement which nobody of this organisation has given, the most urgent first.
fn due(outlook: &Outlook, posts: &[&Filed]) -> Vec<Due> {
    let own = outlook.desk.member().org();
    let acknowledged = outlook.holdings.acknowledgements.iter().filter(|it| it.by.org() == own);
    let acknowledged: HashSet<&Ref> = acknowledged.map(|it| &it.post).collect();
    let asking = posts.iter().filter(|post| !post.recalled && !acknowledged.contains(&post.reference));
    let mut due: Vec<Due> = asking
        .filter_map(|post| {
            let by = post.content.as_ref().ok()?.message().ack_by;
            (by != 0).then(|| Due { by, entry: post.entry.to_string(), overdue: outlook.now > by })
        })
        .collect();
    due.sort_by(|one, two| (one.by, &one.entry).cmp(&(two.by, &two.entry)));
    due
}

/// ` 1 unread · 1 acknowledgement due by 142000Z JAN 24 (drc#42)`, and what is overdue on lines of its own.
fn summary(unread: usize, due: &[Due]) -> String {
    let mut out = wrap(&format!("{unread} unread"), 1, WIDTH);
    for it in due {
        let line = if it.overdue {
            format!("Acknowledgement OVERDUE since {} ({})", dtg(it.by), it.entry)
        } else {
            format!("Acknowledgement due by {} ({})", dtg(it.by), it.entry)
        };
        out.push_str(&paint::alerts(&wrap(&line, 1, WIDTH)));
    }
    out
}
