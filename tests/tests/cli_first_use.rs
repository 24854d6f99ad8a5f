//! The first minutes with the programs: what is not there yet is said, with what to do; help, completions and
//! man pages come from the shipped binaries.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use anyhow::{Result, ensure};
use tearline_tests::{cli::said::Said, live::binaries::binary};

const TOOLS: [&str; 3] = ["tearline", "tearlined", "tearline-certs"];

fn tool(name: &str, args: &[&str]) -> Result<Said> {
    let mut command = Command::new(binary(name)?);
    command.args(args).env_remove("TEARLINE_PROFILE").env_remove("TEARLINE_AUTHORITY");
    Said::of(command)
}

/// The names under `Commands:` in a command's help, without `help` itself.
fn below(help: &str) -> Vec<String> {
    let (_, list) = help.split_once("\nCommands:\n").unwrap_or_default();
    let list = list.split("\n\n").next().unwrap_or_default();
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    // A line that goes on is indented further.
    let deep = |line: &str| line.starts_with("   ");
    let whole: BTreeSet<&str> =
        list.lines().filter(|line| !deep(line)).filter_map(|line| line.split_whitespace().next()).collect();
    names.filter(|name| whole.contains(name) && *name != "help").map(str::to_owned).collect()
}

/// Every command of a tool, as words after its name, the tool itself first.
fn commands(name: &str) -> Result<Vec<Vec<String>>> {
    let mut out: Vec<Vec<String>> = vec![Vec::new()];
    let mut at = 0;
    while at < out.len() {
        let mut args: Vec<&str> = out[at].iter().map(String::as_str).collect();
        args.push("--help");
        let help = tool(name, &args)?.done()?;
        ensure!(help.contains("Example"), "`{name} {}` shows no example:\n{help}", out[at].join(" "));
        ensure!(help.contains(&format!("{name} ")), "its example: {help}");
        for command in below(&help) {
            out.push([out[at].as_slice(), &[command]].concat());
        }
        at += 1;
    }
    Ok(out)
}

#[test]
fn every_command_of_every_tool_shows_an_example_and_has_a_man_page_with_it() -> Result<()> {
    for name in TOOLS {
        let folder = tempfile::tempdir()?;
        let dir = folder.path().join("man1");
        let commands = commands(name)?;
        ensure!(commands.len() > 4, "{name}: {commands:?}");
        let said = tool(name, &["man", &dir.display().to_string()])?.done()?;
        ensure!(said == format!("{} pages in {}\n", commands.len(), dir.display()), "{said}");
        for words in &commands {
            let title = [&[name.to_owned()], words.as_slice()].concat().join("-");
            let page = fs::read_to_string(dir.join(format!("{title}.1")))?;
            for part in [
                &format!(".TH {} 1", title.to_uppercase()),
                ".SH NAME\n",
                ".SH SYNOPSIS\n",
                ".SH EXAMPLES\n.nf\n",
            ] {
                ensure!(page.contains(part), "{title}: no {part:?}:\n{page}");
            }
            renders(&dir.join(format!("{title}.1")))?;
        }
    }
    Ok(())
}

/// A page is one that groff reads without complaint, where there is a groff.
fn renders(page: &Path) -> Result<()> {
    let groff = Command::new("groff").args(["-man", "-Tutf8", "-ww", "-z"]).arg(page).output();
    if let Ok(done) = groff {
        let complaint = String::from_utf8_lossy(&done.stderr).into_owned();
        ensure!(done.status.success() && complaint.is_empty(), "{}: {complaint}", page.display());
    }
    Ok(())
}

#[test]
fn every_tool_writes_completions_that_the_shells_read() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for name in TOOLS {
        for (shell, check) in
            [("bash", Some("-n")), ("zsh", Some("-n")), ("fish", Some("-n")), ("elvish", None)]
        {
            let script = tool(name, &["completions", shell])?.done()?;
            ensure!(script.contains("completions") && script.len() > 1000, "{name} {shell}: {script}");
            let file = folder.path().join(format!("{name}.{shell}"));
            fs::write(&file, &script)?;
            let Some(flag) = check else { continue };
            // Shells that are not on this machine judge nothing.
            if let Ok(done) = Command::new(shell).arg(flag).arg(&file).output() {
                ensure!(done.status.success(), "{name} {shell}: {}", String::from_utf8_lossy(&done.stderr));
            }
        }
        let says = tool(name, &["completions", "cmd"])?.refused(2)?;
        ensure!(says.contains("bash, zsh, fish, elvish"), "{says}");
    }
    // What bash would offer after `tearline wri`, `tearline write co` and `tearline completions `.
    let script = folder.path().join("tearline.bash");
    let offer = |words: &str, at: usize| -> Result<Option<String>> {
        let ask = format!(
            "source '{}'; COMP_WORDS=({words}); COMP_CWORD={at}; _tearline tearline \"${{COMP_WORDS[{at}]}}\" \
             \"${{COMP_WORDS[{}]}}\"; echo \"${{COMPREPLY[*]}}\"",
            script.display(),
            at - 1
        );
        let Ok(done) = Command::new("bash").args(["-c", &ask]).output() else { return Ok(None) };
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Ok(Some(String::from_utf8(done.stdout)?.trim().to_owned()))
    };
    for (words, at, offered) in [
        ("tearline wri", 1, "write"),
        ("tearline write comm", 2, "commitment"),
        ("tearline completions ''", 2, "bash zsh fish elvish"),
    ] {
        if let Some(offer) = offer(words, at)? {
            ensure!(
                offer.split(' ').collect::<BTreeSet<_>>().is_superset(&offered.split(' ').collect()),
                "{words}: {offer}"
            );
        }
    }
    Ok(())
}

#[test]
fn man_pages_that_cannot_be_written_are_an_error_with_their_folder() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("file");
    fs::write(&file, "")?;
    for name in TOOLS {
        let dir = file.join("man1").display().to_string();
        let said = tool(name, &["man", &dir])?.refused(1)?;
        ensure!(said.contains(&dir) && said.contains("choose a folder"), "{said}");
    }
    Ok(())
}

#[test]
fn what_is_not_there_yet_is_said_with_what_to_do() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dir = folder.path().display().to_string();
    for args in [vec!["inbox"], vec!["write", "concern"], vec!["drafts"], vec!["fetch"], vec!["status"]] {
        let args = [vec!["--profile", &dir], args].concat();
        let said = tool("tearline", &args)?.refused(1)?;
        for part in
            [&format!("there is no desk in {dir}"), "--profile DIR", "TEARLINE_PROFILE", "`tearline init`"]
        {
            ensure!(said.contains(part), "{args:?}: no {part}: {said}");
        }
    }
    // A passphrase cannot be asked for where there is no terminal.
    let mut init = Command::new("setsid");
    init.arg(binary("tearline")?).args(["--profile", &dir, "init", "drc/liaison"]);
    init.args(["--role", "party", "--domain", "kivu.example"]);
    let said = Said::of(init)?.refused(1)?;
    ensure!(said.contains("--passphrase-file"), "{said}");
    ensure!(!folder.path().join("profile.toml").exists(), "nothing is half made");
    for (typed, meant) in [("inbx", "inbox"), ("writte", "write"), ("draft", "drafts"), ("publsh", "publish")]
    {
        let said = tool("tearline", &[typed])?.refused(2)?;
        ensure!(said.contains(&format!("'{meant}'")), "{typed}: {said}");
    }
    for name in TOOLS {
        let said = tool(name, &[])?;
        ensure!(said.code == 2 && said.err.contains("Commands:") && said.err.contains("Example"), "{said:?}");
    }
    let said = tool("tearline", &["--profile", &dir, "write", "concern", "nowhere.md"])?.refused(1)?;
    ensure!(said.contains("there is no desk"), "{said}");
    Ok(())
}
