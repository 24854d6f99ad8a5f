//! A proposal on the approver's screen: exactly what will be sent, and to whom.

use std::{collections::BTreeSet, fmt::Write as _};

use tearline_client::{
    propose::examine::Examined,
    refs::EntryRef,
    show::{
        WIDTH, attachments,
        content::{body, precedence, safe},
        wrap,
    },
    words,
};
use tearline_ledger::{
    charter::Charter,
    name::{MemberName, Org, Role},
    release::{Shown, ShownAct, ShownCharter, ShownMember, ShownPost, ShownTarget},
};

/// A proposal as it will be sent, and what each party was given of the same briefing before.
pub(super) fn proposal(shown: &Shown, given: &[(Org, Vec<EntryRef>)]) -> String {
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
                format!("\n   {} {}: {}", warning.characters.len(), warning.field, warning.visible)
            })
            .collect();
        format!("FOUND, look at them before you sign:{}", places.concat())
    };
    out.push_str(&wrap(&format!("DOWNGRADES {downgrades}"), 1, WIDTH));
    let _ = writeln!(out, " HIDDEN CHARACTERS {hidden}");
    if let Some(originator) = &shown.originator {
        let state = if originator.signed { "has signed, or is you" } else { "must still sign" };
        let _ = writeln!(out, " ORCON: {} {state}", originator.name.desk());
    }
    let given: Vec<String> = given
        .iter()
        .map(|(party, entries)| {
            let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
            let entries = if entries.is_empty() { "nothing".to_owned() } else { entries.join(", ") };
            format!("{}: {entries}", party.as_str())
        })
        .collect();
    if !given.is_empty() {
        out.push_str(&wrap(&format!("ALREADY GIVEN ON THIS MATTER   {}", given.join("   ")), 1, WIDTH));
    }
    out
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
        ShownAct::Recall(recall) => {
            let what = recall.content.as_ref().map_or_else(
                || "its content is gone already".to_owned(),
                |content| safe(&content.message().subject),
            );
            let name = target.name.as_str();
            format!(
                " RECALL OF {name}#{} by {}: {what}\n What was read cannot be unread.\n",
                recall.index,
                recall.author.desk()
            )
        }
    }
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
