//! `search`: words in all that this desk can read, opened in memory and written nowhere.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tearline_client::{
    find::words::{Hit, Wanted},
    holdings::Filed,
    show::{WIDTH, hang, paint, time::dtg, wrap},
};

use super::outlook::Outlook;
use crate::{
    cli::Search,
    context::{Context, Failure},
};

pub(crate) fn search(context: &Context, args: &Search) -> Result<(), Failure> {
    let wanted = Wanted::parse(&args.words).map_err(Failure::usage)?;
    let outlook = Outlook::open(context)?;
    let filter = outlook.filter(&args.filters)?;
    let posts = outlook.holdings.posts.iter().rev();
    let found: Vec<(&Filed, Vec<Hit>)> = posts
        .filter(|post| filter.lets(post, &outlook.holdings))
        .filter_map(|post| Some((post, wanted.find(&post.content.as_ref().ok()?.texts())?)))
        .collect();
    let mut text = outlook.headings(&filter)?;
    for (post, hits) in &found {
        let kind = post.content.as_ref().map_or("post", |content| content.kind_name());
        let bullet = if outlook.is_unread(post) { paint::strong("●") } else { " ".to_owned() };
        let recalled = if post.recalled { " (recalled)" } else { "" };
        let from = post.author.org().as_str();
        text.push('\n');
        let _ = writeln!(
            text,
            "  {bullet}  {}  {kind} of {from}, {}{recalled}",
            post.entry,
            dtg(post.accepted_at)
        );
        text.push_str(&wrap(&post.subject(), 5, WIDTH));
        for hit in hits {
            text.push_str(&shown(hit));
        }
    }
    let how_many = match found.len() {
        0 => "Nothing that this desk can read has all of these words.".to_owned(),
        1 => "1 post".to_owned(),
        count => format!("{count} posts"),
    };
    let _ = writeln!(text, "\n {how_many}");
    if let Some((first, _)) = found.first() {
        let _ = writeln!(text, " Next: tearline read {}", first.entry);
    }
    let list: Vec<Value> = found.iter().map(|(post, hits)| to_json(&outlook, post, hits)).collect();
    let json = json!({"rooms": outlook.completeness(&filter)?, "found": list});
    outlook.say(context, &json, &text)
}

/// The hit is marked for those who see no colours, too.
fn shown(hit: &Hit) -> String {
    let marked = format!("»{}«", hit.hit);
    let block = hang(&format!("       {}: ", hit.field), &format!("{}{marked}{}", hit.before, hit.after));
    // Colour goes on once lines are broken; a hit that is broken itself goes without.
    block.replace(&marked, &format!("»{}«", paint::mark(&hit.hit)))
}

fn to_json(outlook: &Outlook, post: &Filed, hits: &[Hit]) -> Value {
    let mut json = outlook.listed(post);
    let hits: Vec<Value> = hits
        .iter()
        .map(|hit| json!({"field": hit.field, "before": hit.before, "hit": hit.hit, "after": hit.after}))
        .collect();
    if let Some(map) = json.as_object_mut() {
        map.insert("hits".to_owned(), json!(hits));
    }
    json
}
