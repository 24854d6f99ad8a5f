//! The dossier as Markdown (CommonMark): the mark at its top and bottom and above each post, each post's words
//! as a block in which nothing has a meaning.

use std::fmt::Write as _;

use super::Dossier;
use crate::{
    matters::Part,
    show::{
        content::{body, safe},
        time::{dtg, iso},
    },
};

/// The whole file.
pub fn markdown(dossier: &Dossier<'_>) -> String {
    let banner = line(&dossier.banner());
    let matter = dossier.matter;
    let title = format!("{} {}", matter.kind_name().to_uppercase(), matter.head.entry);
    let mut out = format!("**{banner}**\n\n# {}\n\n", line(&title));
    if let Ok(content) = &matter.head.content {
        let _ = writeln!(out, "{}\n", line(&safe(&content.message().subject)));
    }
    fact(&mut out, "State", &matter.state.words());
    for detail in dossier.details {
        let _ = writeln!(out, "  - {}", line(detail));
    }
    fact(&mut out, "Posts", &matter.parts.len().to_string());
    fact(&mut out, "Made by", &format!("{}, {} ({})", dossier.by, dtg(dossier.now), iso(dossier.now)));
    for complete in dossier.complete {
        fact(&mut out, "Record", complete);
    }
    for part in &matter.parts {
        section(&mut out, part, &banner);
    }
    let _ = writeln!(out, "\n---\n\n**{banner}**");
    out
}

fn section(out: &mut String, part: &Part<'_>, banner: &str) {
    let post = part.post;
    let _ = writeln!(out, "\n---\n\n**{banner}**\n");
    let _ = writeln!(out, "## {} · {}\n", line(&post.entry.to_string()), line(&part.title()));
    fact(out, "Accepted", &format!("{} ({})", dtg(post.accepted_at), iso(post.accepted_at)));
    for (name, value) in part.facts() {
        fact(out, name, &value);
    }
    fact(out, "Statement", &format!("SHA-256 {}", post.reference.statement));
    fact(out, "Content", &format!("SHA-256 {}", post.digest));
    // A comment ends the list: what is indented after it is a block of its own, and word for word.
    out.push_str("\n<!-- -->\n\n");
    match &post.content {
        Ok(content) => {
            for line in body(content).trim_end().lines() {
                let _ = writeln!(out, "{}", format!("    {line}").trim_end());
            }
        }
        Err(absent) => {
            let _ = writeln!(out, "    {}", absent.words());
        }
    }
}

fn fact(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "- **{name}** {}", line(value));
}

/// Text as one line of Markdown that shows it and does nothing else: every sign that could mean something is
/// escaped.
fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => out.push(' '),
            sign if sign.is_ascii_punctuation() && !matches!(sign, ',' | ';' | '%' | '/' | '(' | ')') => {
                out.push('\\');
                out.push(sign);
            }
            other => out.push(other),
        }
    }
    out
}
