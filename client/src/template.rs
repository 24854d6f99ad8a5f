//! What an editor opens on: every key of a kind of text, each with what it is for and what it takes.
//!
//! What the keys mean is for whoever reads the text; that no key is missing here or there, tests say.

mod keys;
mod kinds;

use std::fmt::Write as _;

use tearline_ledger::name::Role;

use crate::show::wrap;

pub use kinds::ALL;

/// Columns of a template: a plain terminal's, less what an editor may put beside them.
const COLUMNS: usize = 76;

/// A line of the front matter.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// Whether the text is refused without it.
    pub needed: bool,
    /// Whether there may be several lines of it.
    pub repeats: bool,
    /// Of this role's text only.
    pub only: Option<Role>,
    /// What it is for.
    says: &'static str,
    /// The words that it takes, if it takes no others.
    words: Option<fn() -> Vec<String>>,
    /// A value that it takes.
    pub example: &'static str,
}

/// A kind of text.
#[derive(Debug)]
pub struct Template {
    /// As it is typed after `tearline write`; `briefing` is what `tearline publish` takes.
    pub kind: &'static str,
    /// What it is.
    says: &'static str,
    /// Its keys, in their order.
    pub keys: &'static [Key],
    /// What stands below the front matter.
    below: &'static str,
    /// An example of that.
    pub text: &'static str,
}

impl Template {
    /// The template of this kind.
    pub fn of(kind: &str) -> Option<&'static Self> {
        ALL.iter().find(|template| template.kind == kind)
    }

    /// The command that takes it.
    pub fn command(&self) -> String {
        if self.kind == "briefing" { "publish".to_owned() } else { format!("write {}", self.kind) }
    }

    /// The keys of a text that somebody of this role writes.
    pub fn keys(&self, role: Role) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().filter(move |key| key.only.is_none_or(|only| only == role))
    }

    /// The text to be filled in, for a room if one is named.
    pub fn render(&self, role: Role, room: Option<&str>) -> String {
        let room = room.map(|room| format!(" for room {room}")).unwrap_or_default();
        let mut out = String::from("---\n");
        comment(&mut out, &format!("{}{room}: {}", self.kind.to_uppercase(), self.says));
        comment(&mut out, &format!("Below the second line of three hyphens: {}", self.below));
        comment(
            &mut out,
            "Lines up here that begin with # are never sent: take the # away to use one. \
             Times are UTC. Leave all as it is, and nothing is sent.",
        );
        for key in self.keys(role) {
            out.push('\n');
            comment(&mut out, &key.explained());
            let _ = if key.needed {
                writeln!(out, "{}:", key.name)
            } else {
                writeln!(out, "#{}: {}", key.name, key.example)
            };
        }
        out.push_str("---\n\n");
        out
    }

    /// The same with every key's example as its value, and a text.
    pub fn example(&self, role: Role) -> String {
        let keys = self.keys(role).flat_map(|key| {
            let line = format!("{}: {}\n", key.name, key.example);
            std::iter::repeat_n(line, if key.repeats { 2 } else { 1 })
        });
        format!("---\n{}---\n\n{}\n", keys.collect::<String>(), self.text)
    }
}

impl Key {
    fn explained(&self) -> String {
        let mut out = self.says.to_owned();
        if let Some(words) = self.words {
            let _ = write!(out, ": {}", words().join(", "));
        }
        match (self.needed, self.words) {
            (true, Some(_)) => out.push_str(". Needed."),
            (true, None) => {
                let _ = write!(out, ", as in: {}. Needed.", self.example);
            }
            (false, _) => out.push('.'),
        }
        if self.repeats {
            out.push_str(" There may be several such lines.");
        }
        out
    }
}

/// Whether nobody wrote anything: notes, keys without values and blank lines are nothing.
pub fn is_blank(text: &str) -> bool {
    let mut fences = 0;
    text.lines().map(str::trim).all(|line| {
        if line == "---" {
            fences += 1;
        }
        let note = fences < 2 && (line == "---" || line.starts_with('#') || empty_key(line));
        line.is_empty() || note || line == "---"
    })
}

fn empty_key(line: &str) -> bool {
    line.split_once(':').is_some_and(|(_, value)| value.trim().is_empty())
}

fn comment(out: &mut String, text: &str) {
    for line in wrap(text, 0, COLUMNS - 2).lines() {
        let _ = writeln!(out, "# {line}");
    }
}

#[cfg(test)]
mod tests;
