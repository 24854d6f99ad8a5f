//! How the story is told: each scene in a line or two, and now and then an officer's whole screen.
//!
//! Nothing is wider than a plain terminal. It refuses to know what is played.

use std::{
    cell::RefCell,
    io::{self, Write as _},
};

use serde_json::{Value, json};
use tearline_client::show::{WIDTH, wrap};

use super::{
    build::text,
    house::{House, Started},
};
use crate::context::Failure;

/// Where the text of a scene begins; before it stands when it was.
const MARGIN: usize = 11;

/// The house, and what is told of it.
pub(super) struct Stage<'a> {
    pub(super) house: &'a House,
    quiet: bool,
    played: RefCell<Vec<Value>>,
}

impl<'a> Stage<'a> {
    /// Tells nothing if `quiet`, and remembers all the same.
    pub(super) fn new(house: &'a House, quiet: bool) -> Self {
        Self { house, quiet, played: RefCell::default() }
    }

    /// All that was told: scenes, and screens with their exit codes.
    pub(super) fn played(&self) -> Vec<Value> {
        self.played.borrow().clone()
    }

    /// A line, or several.
    pub(super) fn line(&self, text: &str) {
        if !self.quiet {
            // Whoever has stopped reading misses the story and nothing else.
            let _ = writeln!(io::stdout().lock(), "{text}");
        }
    }

    /// A scene opens.
    pub(super) fn scene(&self, when: &str, what: &str) {
        self.played.borrow_mut().push(json!({"when": when, "what": what}));
        let told = wrap(what, MARGIN, WIDTH);
        self.line(&format!("\n{when:<MARGIN$}{}", told.trim()));
    }

    /// What came of it.
    pub(super) fn then(&self, what: &str) {
        self.played.borrow_mut().push(json!({"what": what}));
        self.line(wrap(what, MARGIN, WIDTH).trim_end());
    }

    /// Runs a command and shows what its officer sees; the exit code and the text.
    pub(super) fn show(&self, desk: &str, args: &[&str]) -> Result<(i32, String), Failure> {
        let (code, seen) = self.house.show(desk, args)?;
        let command = typed(args);
        self.played.borrow_mut().push(json!({"desk": desk, "command": command, "exit_code": code}));
        self.line(&screen(desk, &command, &seen, code));
        Ok((code, seen))
    }

    /// Runs a command that must be refused, and shows it.
    pub(super) fn refused(&self, desk: &str, args: &[&str], exit_code: i32) -> Result<(), Failure> {
        let (code, _) = self.show(desk, args)?;
        if code == exit_code {
            return Ok(());
        }
        let command = typed(args);
        Err(Failure::Alarm(format!("{desk}: {command} ended with {code}, not with {exit_code}")))
    }

    /// Runs a command without showing it.
    pub(super) fn run(&self, desk: &str, args: &[&str]) -> Result<Value, Failure> {
        self.house.run(desk, args)
    }

    /// Runs commands of different desks side by side, without showing them; what each wrote, in this order.
    pub(super) fn together(&self, commands: &[(&str, &[&str])]) -> Result<Vec<Value>, Failure> {
        let started: Vec<Started> =
            commands.iter().map(|(desk, args)| self.house.start(desk, args)).collect::<Result<_, _>>()?;
        // All are waited for, whatever comes of one.
        let ended: Vec<Result<Value, Failure>> = started.into_iter().map(Started::finish).collect();
        ended.into_iter().collect()
    }

    /// Each desk fetches and reads a post.
    pub(super) fn read(&self, posts: &[(&str, &str)]) -> Result<(), Failure> {
        let fetch: Vec<(&str, &[&str])> = posts.iter().map(|(desk, _)| (*desk, &["fetch"][..])).collect();
        self.together(&fetch)?;
        let read: Vec<[&str; 2]> = posts.iter().map(|(_, entry)| ["read", *entry]).collect();
        let read: Vec<(&str, &[&str])> =
            posts.iter().zip(&read).map(|((desk, _), args)| (*desk, &args[..])).collect();
        self.together(&read).map(drop)
    }

    /// Writes a paper into the folder of papers.
    pub(super) fn paper(&self, name: &str, text: &str) -> Result<(), Failure> {
        self.house.write_private(&format!("papers/{name}"), text).map(drop)
    }

    /// Records a briefing; where it stands.
    pub(super) fn publish(&self, desk: &str, paper: &str) -> Result<String, Failure> {
        text(&self.run(desk, &["publish", &format!("papers/{paper}")])?, "entry")
    }

    /// One desk proposes, another approves; where each post stands.
    pub(super) fn enact(
        &self,
        (by, approver): (&str, &str),
        proposing: &[&str],
    ) -> Result<Vec<String>, Failure> {
        let proposal = text(&self.run(by, proposing)?, "proposal")?;
        Ok(enacted(&self.run(approver, &["approve", &proposal])?))
    }

    /// The like, one after the other: while one is approved, the next is proposed.
    pub(super) fn enact_each(
        &self,
        (by, approver): (&str, &str),
        proposing: &[Vec<String>],
    ) -> Result<Vec<String>, Failure> {
        let (mut entries, mut signing): (Vec<String>, Option<Started>) = (Vec::new(), None);
        for args in proposing {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let proposed = self.run(by, &args);
            if let Some(before) = signing.take() {
                entries.extend(enacted(&before.finish()?));
            }
            signing = Some(self.house.start(approver, &["approve", &text(&proposed?, "proposal")?])?);
        }
        if let Some(last) = signing {
            entries.extend(enacted(&last.finish()?));
        }
        Ok(entries)
    }

    /// The like, for one post.
    pub(super) fn enact_one(&self, officers: (&str, &str), proposing: &[&str]) -> Result<String, Failure> {
        let mut entries = self.enact(officers, proposing)?.into_iter();
        entries.next().ok_or_else(|| Failure::refused("a release came to no entry"))
    }
}

/// Where the posts of an approved proposal stand. The first entry is the approval itself.
fn enacted(approved: &Value) -> Vec<String> {
    let entries = approved.get("entries").and_then(Value::as_array).into_iter().flatten();
    entries.skip(1).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// As an officer would type it.
fn typed(args: &[&str]) -> String {
    let quoted = args.iter().map(|arg| {
        if arg.contains([' ', '(', '/', ';']) && !arg.starts_with("papers/") {
            format!("'{arg}'")
        } else {
            (*arg).to_owned()
        }
    });
    format!("tearline {}", quoted.collect::<Vec<_>>().join(" "))
}

fn screen(desk: &str, command: &str, seen: &str, code: i32) -> String {
    let mut out = format!("\n{}", rule(desk));
    let mut prompt = "$ ";
    let lines = wrap(command, 0, WIDTH - 4);
    let mut lines = lines.lines().peekable();
    while let Some(line) = lines.next() {
        let more = if lines.peek().is_some() { " \\" } else { "" };
        out.extend([prompt, line, more, "\n"]);
        prompt = "  ";
    }
    for line in seen.lines() {
        if line.chars().count() <= WIDTH {
            out.extend([line, "\n"]);
        } else {
            let text = line.trim_start();
            out.push_str(&wrap(text, line.len() - text.len(), WIDTH));
        }
    }
    let last = if code == 0 { String::new() } else { format!("exit code {code}") };
    out.push_str(rule(&last).trim_end());
    out
}

fn rule(text: &str) -> String {
    let title = if text.is_empty() { String::new() } else { format!(" {text} ") };
    let used = title.chars().count() + 3;
    format!("───{title}{}\n", "─".repeat(WIDTH.saturating_sub(used)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_no_wider_than_a_terminal() {
        let long = "word ".repeat(60);
        let args = ["release", "chamber#17", "--downgrade", &long];
        let shown = screen("us/kinshasa", &typed(&args), &long, 1);
        assert!(shown.lines().all(|line| line.chars().count() <= WIDTH), "{shown}");
        assert!(shown.contains("exit code 1"));
    }
}
