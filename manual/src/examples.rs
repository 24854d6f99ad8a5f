//! The examples in a command's help: `Example: TOOL …`, or lines of their own that begin with the tool.

use clap::{ArgMatches, Command};

/// What is wrong with the examples of a command and of all below it: one that has none, or one that
/// the command does not take, each in words. Empty if all is well.
pub fn faults(command: &Command) -> Vec<String> {
    let mut out = Vec::new();
    let mut path = Vec::new();
    walk(command, command, &mut path, &mut out);
    out
}

/// The lines of the help's end that are examples, and those that are not.
pub(crate) fn split(tool: &str, help: &str) -> (Vec<String>, Vec<String>) {
    let begins = format!("{tool} ");
    let mut examples: Vec<String> = Vec::new();
    let mut prose = Vec::new();
    for line in help.lines() {
        let plain = line.trim_start().strip_prefix("Example: ").unwrap_or(line.trim_start());
        let plain = plain.strip_prefix("$ ").unwrap_or(plain);
        if plain.starts_with(&begins) || plain.contains(&format!("| {begins}")) {
            examples.push(plain.to_owned());
        } else if !matches!(plain, "Example:" | "Examples:") {
            prose.push(line.to_owned());
        }
    }
    (examples, prose)
}

fn walk(root: &Command, command: &Command, path: &mut Vec<String>, out: &mut Vec<String>) {
    let tool = root.get_name();
    let called = [&[tool.to_owned()], path.as_slice()].concat().join(" ");
    let help = command.get_after_long_help().or_else(|| command.get_after_help());
    let (examples, _) = split(tool, &help.map(ToString::to_string).unwrap_or_default());
    // A group is nothing that one can run.
    if examples.is_empty() {
        out.push(format!("`{called}` has no example"));
    }
    for example in &examples {
        if let Err(fault) = parses(root, path, example) {
            out.push(format!("`{called}`: the example `{example}` {fault}"));
        }
    }
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        path.push(below.get_name().to_owned());
        walk(root, below, path, out);
        path.pop();
    }
}

/// Whether the tool takes the example, and takes it as this command.
fn parses(root: &Command, path: &[String], example: &str) -> Result<(), String> {
    let begins = format!("{} ", root.get_name());
    let from = example.find(&format!("| {begins}")).map_or(0, |at| at + 2);
    let own = example.get(from..).unwrap_or_default();
    // What follows is another program's affair.
    let own = [" | ", " > ", " && "].iter().fold(own, |line, end| line.split(end).next().unwrap_or_default());
    let words = shlex::split(own).ok_or("is not what a shell takes")?;
    let matches = root.clone().try_get_matches_from(words).map_err(|error| format!("is refused: {error}"))?;
    let taken = taken(&matches);
    if taken.starts_with(path) { Ok(()) } else { Err(format!("is of `{}`", taken.join(" "))) }
}

fn taken(matches: &ArgMatches) -> Vec<String> {
    let mut out = Vec::new();
    let mut at = matches;
    while let Some((name, below)) = at.subcommand() {
        out.push(name.to_owned());
        at = below;
    }
    out
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn tool(help: &'static str) -> Command {
        let read = Command::new("read").arg(Arg::new("ref").required(true)).after_help(help);
        Command::new("tool").after_help("Example: tool read drc#1").subcommand(read)
    }

    #[test]
    fn an_example_that_parses_is_no_fault() {
        for help in [
            "Example: tool read drc#1",
            "Examples:\n  tool read drc#1\n  tool read 'a b' | jq .\n\nMore with `tool write`.",
            "Example: pass show kivu | tool read -",
        ] {
            assert_eq!(faults(&tool(help)), Vec::<String>::new());
        }
    }

    #[test]
    fn a_missing_a_wrong_and_a_foreign_example_are_told() {
        for (help, fault) in [
            ("", "`tool read` has no example"),
            ("Example: tool read", "is refused"),
            ("Example: tool read --loud drc#1", "is refused"),
            ("Example: tool read 'drc#1", "is not what a shell takes"),
        ] {
            let found = faults(&tool(help));
            assert!(found.len() == 1 && found[0].contains(fault), "{help}: {found:?}");
        }
        let with = tool("Example: tool other").subcommand(Command::new("other"));
        let found = faults(&with);
        assert!(found.iter().any(|fault| fault.ends_with("is of `other`")), "{found:?}");
    }
}
