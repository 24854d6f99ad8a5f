//! A proposal on the approver's screen: exactly what will be sent, and to whom.

use std::{collections::BTreeSet, fmt::Write as _};

use tearline_client::{
    propose::{
        examine::Examined,
        matter::{AlreadyGiven, GivenTo, OnMatter},
    },
    show::{
        WIDTH, attachments,
        content::{body, precedence, safe},
        standing::UNREAD,
        time::dtg,
        wrap,
    },
    words,
};
use tearline_ledger::{
    charter::Charter,
    name::{MemberName, Role},
    release::{Shown, ShownAct, ShownCharter, ShownMember, ShownPost, ShownRecall, ShownRef, ShownTarget},
};

/// A proposal as it will be sent, and what each party was already given on its matter.
pub(super) fn proposal(shown: &Shown, given: &AlreadyGiven) -> String {
    let mut out = format!(" PROPOSED BY {}\n", shown.author.desk());
    if !shown.note.is_empty() {
        out.push_str(&wrap(&format!("NOTE {}", safe(&shown.note)), 1, WIDTH));
    }
    let mut files = 0;
    for target in &shown.targets {
        out.push_str(&one(target, files));
        files += target.attachments().len();
    }
    let downgrades: Vec<String> = shown
        .downgrades
        .iter()
        .map(|it| {
            let lowered = &it.lowered;
            format!("{}: ({}) to ({}): {}", it.portion, lowered.from, lowered.to, safe(&lowered.reason))
        })
        .collect();
    let none = || "none".to_owned();
    let downgrades = if downgrades.is_empty() { none() } else { downgrades.join("; ") };
    let hidden = if shown.warnings.is_empty() {
        none()
    } else {
        let places: Vec<String> = shown
            .warnings
            .iter()
            .map(|warning| {
                let text = format!("{} {}: {}", warning.characters.len(), warning.field, warning.visible);
                wrap(&text, 3, WIDTH)
            })
            .collect();
        format!("FOUND, look at them before you sign:\n{}", places.concat().trim_end_matches('\n'))
    };
    out.push_str(&wrap(&format!("DOWNGRADES {downgrades}"), 1, WIDTH));
    let _ = writeln!(out, " HIDDEN CHARACTERS {hidden}");
    if let Some(originator) = &shown.originator {
        let state = if originator.signed { "has signed, or is you" } else { "must still sign" };
        let _ = writeln!(out, " ORCON: {} {state}", originator.name.desk());
    }
    out.push_str(&already_given(given));
    out
}

/// What each party has: that one was given nothing is worth knowing too.
fn already_given(all: &AlreadyGiven) -> String {
    let given = &all.to;
    if given.is_empty() {
        return String::new();
    }
    let entries = |it: &GivenTo| it.posts.iter().map(|post| post.entry.to_string()).collect::<Vec<_>>();
    let nothing =
        |it: &GivenTo| if it.posts.is_empty() { "nothing".to_owned() } else { entries(it).join(", ") };
    let parties: Vec<String> =
        given.iter().map(|it| format!("{}: {}", it.party.as_str(), nothing(it))).collect();
    let text = format!("ALREADY GIVEN ON THIS MATTER   {}", parties.join("   "));
    let mut out = wrap(&text, 1, WIDTH);
    // What both parties read is in both lists.
    let mut seen = BTreeSet::new();
    for post in given.iter().flat_map(|it| &it.posts).filter(|post| seen.insert(&post.entry)) {
        out.push_str(&wrap(&on_matter(post), 3, WIDTH));
    }
    for same in &all.same_words {
        let (field, room, entry) = (same.field, same.room.as_str(), &same.entry);
        let text = format!(
            "THE SAME WORDS: this {field} for {room} is in {entry} too. Two that compare notes match them."
        );
        out.push_str(&wrap(&text, 1, WIDTH));
    }
    out
}

fn on_matter(post: &OnMatter) -> String {
    let subject = post.subject.as_deref().map_or_else(|| "(its content is gone)".to_owned(), safe);
    let portions = post.portions.as_ref().map(|(briefing, numbers)| {
        let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
        let which = if numbers.is_empty() {
            "portions".to_owned()
        } else {
            format!("portions {}", numbers.join(", "))
        };
        format!(", {which} of {briefing}")
    });
    let recalled = if post.recalled { ", RECALLED, which unreads nothing" } else { "" };
    let portions = portions.unwrap_or_default();
    format!("{} {}: {subject}{portions}{recalled}", post.entry, dtg(post.at))
}

fn rule(text: &str) -> String {
    let side = WIDTH.saturating_sub(text.chars().count() + 3) / 2;
    let line = "─".repeat(side);
    if text.is_empty() {
        format!(" {}\n", "─".repeat(WIDTH - 2))
    } else {
        format!(" {line} {text} {line}\n")
    }
}

/// `files`: how many attachments the targets before it have; they are numbered through.
fn one(target: &ShownTarget, files: usize) -> String {
    match &target.act {
        ShownAct::Post(post) => posted(target, post, files),
        ShownAct::Charter(charter) => chartered(target, charter),
        ShownAct::Recall(recall) => recalled(target, recall),
    }
}

fn recalled(target: &ShownTarget, recall: &ShownRecall) -> String {
    let (name, index, author) = (target.name.as_str(), recall.index, recall.author.desk());
    let mut out = format!(" RECALL OF {name}#{index}, by {author}\n");
    out.push_str(&rule("what is taken back, for good"));
    match &recall.content {
        Some(content) => {
            let _ = writeln!(out, " {} {}", precedence(content), content.kind_name().to_uppercase());
            out.push_str(&body(content));
        }
        None => out.push_str(" Its content is gone already.\n"),
    }
    out.push_str(&rule(""));
    let told = "The room sees that it was recalled, and by whom. The server serves its content no more.";
    out.push_str(&wrap(&format!("{told} {UNREAD}"), 1, WIDTH));
    out
}

fn posted(target: &ShownTarget, post: &ShownPost, files: usize) -> String {
    let desks: Vec<&str> = post.readers.iter().map(MemberName::desk).collect();
    let numbers: Vec<String> = post.portions.iter().map(|portion| portion.number.to_string()).collect();
    let portions = if numbers.is_empty() {
        String::new()
    } else {
        format!("   PORTIONS {} of {}, word for word", numbers.join(", "), post.portions_recorded)
    };
    let mut out = format!(" TO  {} ({} desks will read this){portions}\n", target.name.as_str(), desks.len());
    out.push_str(&wrap(&format!("READERS {}", desks.join(", ")), 1, WIDTH));
    if let Some(answers) = &post.answers {
        let _ = writeln!(out, " ANSWERS {}#{}", answers.room.as_str(), answers.index);
    }
    let refers: Vec<String> =
        post.refers.iter().map(|it| format!("{}#{}", it.room.as_str(), it.index)).collect();
    if !refers.is_empty() {
        out.push_str(&wrap(&format!("REFERS TO {}", refers.join(", ")), 1, WIDTH));
    }
    for undertaken in &post.undertakings {
        let ShownRef { room, index } = &undertaken.entry;
        let what = format!(
            "RESTATES {}#{index}, which {} signed as follows (not sent):",
            room.as_str(),
            undertaken.organisation.as_str()
        );
        out.push_str(&wrap(&what, 1, WIDTH));
        for line in body(&undertaken.content).lines() {
            let _ = writeln!(out, " │{line}");
        }
    }
    out.push_str(&rule("exactly as it will be sent"));
    let _ = writeln!(out, " {} {}", precedence(&post.content), post.content.kind_name().to_uppercase());
    out.push_str(&body(&post.content));
    out.push_str(&rule(""));
    let none = if post.attachments.is_empty() { " none" } else { ", to be opened with `tearline save`" };
    let _ = writeln!(out, " ATTACHMENTS{none}");
    for (number, it) in (files + 1..).zip(&post.attachments) {
        out.push_str(&attachments::line(number, &it.name, &it.media_type, it.size, &it.mark));
        let mark = if it.mark.is_empty() { "   NO MARK" } else { "" };
        let _ = writeln!(out, "      sealed {}{mark}", it.digest.to_hex());
    }
    if let Some(end) = post.content_until {
        let _ = writeln!(out, " EXPIRES {}: the server serves it no longer then", dtg(end));
    }
    out
}

fn chartered(target: &ShownTarget, charter: &ShownCharter) -> String {
    let what = if charter.before.is_some() { "NEW CHARTER OF" } else { "FOUNDING OF" };
    let mut out = format!(
        " {what} {}   quorum {} of {}\n",
        target.name.as_str(),
        charter.charter.quorum,
        charter.charter.mediators().count()
    );
    let member = |member: &ShownMember| {
        let custodian = if member.custodian { " (custodian)" } else { "" };
        let endorsed = if member.endorsed { ", endorsed" } else { "" };
        format!(
            "{}{custodian}{endorsed}\n       {}",
            member.name.desk(),
            words::fingerprint(&member.fingerprint)
        )
    };
    for added in &charter.added {
        let _ = writeln!(out, "   + {}", member(added));
    }
    for removed in &charter.removed {
        let _ = writeln!(out, "   - {}", member(removed));
    }
    for change in &charter.changed {
        let _ = writeln!(out, "   ~ {}\n   was {}", member(&change.after), member(&change.before));
    }
    for party in newcomers(charter) {
        let _ = writeln!(out, "   ! {party} COMES INTO THIS ROOM and will read all that is posted in it");
    }
    for grant in &charter.grants {
        let _ = writeln!(
            out,
            "   ! {} will read the room's history from epoch {}",
            grant.member.desk(),
            grant.from_epoch
        );
    }
    if charter.charter.succession {
        out.push_str("   ! SUCCESSION: no custodian of the party is left to endorse this\n");
    }
    out
}

/// Parties that come into a room that other parties are in already.
fn newcomers(charter: &ShownCharter) -> BTreeSet<String> {
    let parties = |charter: &Charter| -> BTreeSet<String> {
        let party = charter.members.iter().filter(|member| member.name.role() == Role::Party);
        party.map(|member| member.name.org().as_str().to_owned()).collect()
    };
    let before = charter.before.as_ref().map(parties).unwrap_or_default();
    if before.is_empty() {
        return BTreeSet::new();
    }
    parties(&charter.charter).difference(&before).cloned().collect()
}

/// What an approver types to release: the room's name, or yes where nothing is sent to a party.
pub(super) fn password(examined: &Examined) -> String {
    let rooms: Vec<String> = examined
        .shown
        .targets
        .iter()
        .filter(|target| matches!(target.act, ShownAct::Post(_)))
        .map(|target| target.name.as_str().to_uppercase())
        .collect();
    if rooms.is_empty() { "yes".to_owned() } else { rooms.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_fills_the_line() {
        assert_eq!(rule("").trim_end().chars().count(), WIDTH - 1);
        assert!(rule("exactly as it will be sent").chars().count() <= WIDTH);
    }
}
