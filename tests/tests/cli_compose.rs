//! Composing as an officer does it: at a terminal, in an editor, with nothing lost on any path.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use rustix::process::Signal;
use tearline_tests::cli::{House, PASSPHRASE, said::Said, terminal::Terminal};

const DESK: &str = "drc/liaison";
const CONCERN: &str = "---
subject: Guns on the ridge
activity: offensive
---

Four guns were brought up to the ridge in the night.
";
const SECRET: &str = "Four guns";

/// An editor that does what a script says; the file is `$1`.
fn editor(house: &House, script: &str) -> Result<String> {
    let path = house.write("editor.sh", script)?;
    Ok(format!("sh '{path}'"))
}

/// A script that puts a text into the file.
fn writes(text: &str) -> String {
    format!("cat > \"$1\" <<'END'\n{text}END\n")
}

/// A desk's command that asks, with an editor.
fn command(house: &House, desk: &str, editor: &str, args: &[&str]) -> Result<Command> {
    let mut command = house.command(&[])?;
    command.arg("--profile").arg(house.desk(desk)).args(["--passphrase-file", "passphrase"]).args(args);
    command.env_remove("VISUAL").env_remove("XDG_RUNTIME_DIR").env("EDITOR", editor);
    Ok(command)
}

fn at_terminal(house: &House, desk: &str, editor: &str, args: &[&str]) -> Result<Terminal> {
    Terminal::start(command(house, desk, editor, args)?)
}

/// Every file under a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { out.extend(files(&path)?) } else { out.push(path) }
        }
    }
    Ok(out)
}

/// Nothing of a text lies readable in a desk's folder, and nothing that an editor worked on is left.
fn leaves_nothing_readable(house: &House, desk: &str, text: &str) -> Result<()> {
    for path in files(&house.desk(desk))? {
        let bytes = fs::read(&path)?;
        let found = bytes.windows(text.len()).any(|part| part == text.as_bytes());
        ensure!(!found, "{} holds {text:?}", path.display());
    }
    let left: Vec<_> = files(&house.desk(desk).join("editing"))?;
    ensure!(left.iter().all(|path| path.ends_with("lock")), "left behind: {left:?}");
    Ok(())
}

/// The only draft: its number.
fn only_draft(house: &House, desk: &str) -> Result<String> {
    let drafts = house.json(desk, &["drafts"])?;
    let all = drafts["drafts"].as_array().context("drafts")?;
    ensure!(all.len() == 1, "{drafts}");
    Ok(all[0]["draft"].as_str().context("a number")?.to_owned())
}

fn no_drafts(house: &House, desk: &str) -> Result<()> {
    let drafts = house.json(desk, &["drafts"])?;
    ensure!(drafts["drafts"].as_array().is_some_and(Vec::is_empty), "{drafts}");
    Ok(())
}

#[test]
fn a_concern_is_written_in_an_editor_put_right_shown_and_sent() -> Result<()> {
    let house = House::kivu()?;
    let next = house.next(DESK, "drc")?;
    // The first time it writes a mistake, the second time it puts it right.
    let wrong = writes(&CONCERN.replace("offensive", "hostile"));
    let script = format!(
        "stat -c '%a' \"$1\" \"$(dirname \"$1\")\" >> log; echo \"$1\" >> log; cp \"$1\" template\n\
         if grep -q hostile \"$1\"; then sed -i s/hostile/offensive/ \"$1\"; exit; fi\n{wrong}"
    );
    let mut terminal = at_terminal(&house, DESK, &editor(&house, &script)?, &["write", "concern"])?;
    terminal.shows("line 3: `activity`: `hostile` is no activity: use one of offensive, defensive")?;
    terminal.shows("Press Enter to go on editing, d to keep it as a draft, x to throw it away: ")?;
    terminal.types("")?;
    let shown = terminal
        .shows("Type yes to send this to drc, e to edit it again, or Enter to keep it as a draft: ")?;
    for part in ["TO drc   ROUTINE CONCERN", "Guns on the ridge", SECRET, "HIDDEN CHARACTERS none"] {
        ensure!(shown.contains(part), "{part}: {shown}");
    }
    terminal.types("yes")?;
    let posted = terminal.shows(&format!("Posted {next}."))?;
    ensure!(!posted.contains("draft"), "{posted}");
    ensure!(terminal.end()?.0 == 0, "it is done");
    let log = fs::read_to_string(house.path("log"))?;
    let lines: Vec<&str> = log.lines().collect();
    ensure!(lines.len() == 6 && lines[0] == "600" && lines[1] == "700", "{log}");
    for path in [lines[2], lines[5]] {
        ensure!(path.starts_with(&house.arg("desks/drc-liaison/editing/")), "{path}");
        ensure!(!Path::new(path).exists(), "{path} is left");
    }
    // Two edits, and the second went on with what the first had written.
    ensure!(fs::read_to_string(house.path("template"))?.contains("hostile"), "the text was given back");
    leaves_nothing_readable(&house, DESK, SECRET)?;
    no_drafts(&house, DESK)?;
    house.text("us/washington", &["fetch"])?;
    ensure!(house.text("us/washington", &["read", &next])?.contains(SECRET), "it came");
    Ok(())
}

#[test]
fn a_template_that_is_left_as_it_is_or_emptied_sends_nothing() -> Result<()> {
    let house = House::kivu()?;
    for script in ["cp \"$1\" template", ": > \"$1\"", "sed -i '/^[^#-]/d' \"$1\"", "rm \"$1\""] {
        let terminal = at_terminal(&house, DESK, &editor(&house, script)?, &["write", "concern"])?;
        let (code, text) = terminal.end()?;
        ensure!(code == 1, "{script}: {text}");
        let said = text.contains("nothing was written, and nothing was sent") || script.starts_with("rm");
        ensure!(said && text.contains("tearline: "), "{script}: {text}");
        no_drafts(&house, DESK)?;
    }
    let template = fs::read_to_string(house.path("template"))?;
    for line in ["\n# What it is about, in one line", "\nsubject:\n", "\n#precedence: immediate\n"] {
        ensure!(template.contains(line), "{line:?}: {template}");
    }
    ensure!(template.replace("\n# ", " ").contains("paraphrased, verbatim"), "the words: {template}");
    leaves_nothing_readable(&house, DESK, "What it is about")
}

#[test]
fn what_is_not_sent_is_kept_encrypted_listed_taken_up_and_sent_later() -> Result<()> {
    let house = House::kivu()?;
    let next = house.next(DESK, "drc")?;
    let edit = editor(&house, &writes(CONCERN))?;
    let mut terminal = at_terminal(&house, DESK, &edit, &["write", "concern"])?;
    terminal.shows("or Enter to keep it as a draft: ")?;
    terminal.types("")?;
    terminal.shows("not sent")?;
    terminal.shows("kept as draft 1. To go on: tearline write concern --draft 1")?;
    ensure!(terminal.end()?.0 == 1, "it was not sent");
    leaves_nothing_readable(&house, DESK, SECRET)?;
    let listed = house.text(DESK, &["drafts"])?;
    for part in
        ["DRAFT  KIND", " 1      concern ", "Guns on the ridge", "Next: tearline write concern --draft 1"]
    {
        ensure!(listed.contains(part), "{part}: {listed}");
    }
    ensure!(listed.lines().all(|line| line.chars().count() <= 80), "{listed}");
    ensure!(house.text(DESK, &["drafts", "show", "1"])? == CONCERN, "as it was written");

    // Taken up in an editor and kept again, it is the same draft.
    let more = editor(&house, "sed -i 's/Four guns/Four guns and a radar/' \"$1\"")?;
    let terminal = at_terminal(&house, DESK, &more, &["write", "concern", "--draft", "1", "--save"])?;
    terminal.shows("Nothing was sent. It is kept as draft 1.")?;
    ensure!(terminal.end()?.0 == 0, "it was kept as asked");
    ensure!(house.text(DESK, &["drafts", "show", "1"])?.contains("and a radar"), "as it was edited");

    // Not as another kind, not by another desk, and not one that is not there.
    let said = house.run(DESK, &["write", "note", "--draft", "1"])?.refused(2)?;
    ensure!(
        said.contains("draft 1 is a concern: take it up with `tearline write concern --draft 1`"),
        "{said}"
    );
    let said = house.refused(DESK, &["write", "concern", "--draft", "2"])?;
    ensure!(said.contains("there is no draft 2"), "{said}");
    let said = house.run(DESK, &["write", "concern", "--draft", "two"])?.refused(2)?;
    ensure!(said.contains("`two` is no draft's name"), "{said}");
    let theirs = house.desk("rwanda/liaison").join("drafts");
    fs::create_dir(&theirs)?;
    fs::copy(house.desk(DESK).join("drafts/1.draft"), theirs.join("1.draft"))?;
    let said = house.refused("rwanda/liaison", &["write", "concern", "--draft", "1"])?;
    ensure!(said.contains("draft 1 does not open with this desk's keys"), "{said}");
    let listed = house.text("rwanda/liaison", &["drafts"])?;
    ensure!(listed.contains("does not open"), "{listed}");
    house.text("rwanda/liaison", &["drafts", "drop", "1"])?;

    // A script sends it as it is, once it says yes.
    let said =
        Said::of(command(&house, DESK, "false", &["write", "concern", "--draft", "1"])?)?.refused(1)?;
    ensure!(said.contains("say --yes"), "{said}");
    let sent = house.json(DESK, &["write", "concern", "--draft", "1"])?;
    ensure!(sent["entry"] == next, "{sent}");
    no_drafts(&house, DESK)
}

#[test]
fn drafts_are_deleted_all_or_none() -> Result<()> {
    let house = House::kivu()?;
    let file = house.write("papers/guns.md", CONCERN)?;
    for number in ["1", "2", "3"] {
        let saved = house.json(DESK, &["write", "concern", &file, "--save"])?;
        ensure!(saved["draft"] == number, "{saved}");
    }
    let said = house.refused(DESK, &["drafts", "drop", "1", "9"])?;
    ensure!(said.contains("there is no draft 9"), "{said}");
    house.text(DESK, &["drafts", "drop", "1", "3"])?;
    ensure!(only_draft(&house, DESK)? == "2", "the others are gone");
    let damaged = house.desk(DESK).join("drafts/2.draft");
    let mut bytes = fs::read(&damaged)?;
    bytes[100] ^= 1;
    fs::write(&damaged, bytes)?;
    ensure!(house.text(DESK, &["drafts"])?.contains("`tearline drafts drop 2` removes it"), "the remedy");
    house.text(DESK, &["drafts", "drop", "2"])?;
    no_drafts(&house, DESK)
}

#[test]
fn standard_input_that_is_not_sent_is_kept_and_a_file_that_is_not_sent_stays_a_file() -> Result<()> {
    let house = House::kivu()?;
    let next = house.next(DESK, "drc")?;
    let piped = |text: &str, args: &[&str]| -> Result<Said> {
        let mut command = command(&house, DESK, "false", args)?;
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        child.stdin.take().context("its input")?.write_all(text.as_bytes())?;
        Said::from_output(&args.join(" "), child.wait_with_output()?)
    };
    let said = piped(CONCERN, &["write", "concern", "-"])?.refused(1)?;
    ensure!(said.contains("say --yes") && said.contains("kept as draft 1"), "{said}");
    let wrong = CONCERN.replace("offensive", "hostile");
    let said = piped(&wrong, &["write", "concern", "-", "--yes"])?.refused(1)?;
    ensure!(said.contains("standard input: line 3: `activity`") && said.contains("draft 2"), "{said}");
    ensure!(
        piped(CONCERN, &["write", "concern", "-", "--yes"])?.done()?.contains(&format!("Posted {next}.")),
        "sent"
    );
    house.text(DESK, &["drafts", "drop", "1", "2"])?;
    let file = house.write("papers/guns.md", &wrong)?;
    let said = house.refused(DESK, &["write", "concern", &file])?;
    ensure!(said.contains(&file) && said.contains("line 3") && !said.contains("draft"), "{said}");
    no_drafts(&house, DESK)
}

#[test]
fn what_was_written_when_the_network_fails_is_kept() -> Result<()> {
    let mut house = House::kivu()?;
    house.server.kill()?;
    let edit = editor(&house, &writes(CONCERN))?;
    let (code, text) = at_terminal(&house, DESK, &edit, &["write", "concern"])?.end()?;
    ensure!(code == 1 && text.contains("kept as draft 1"), "{text}");
    ensure!(text.contains(&house.server.address().to_string()) || text.contains("connect"), "{text}");
    leaves_nothing_readable(&house, DESK, SECRET)?;
    // A mistake is told without the network.
    let wrong = editor(&house, &writes(&CONCERN.replace("offensive", "hostile")))?;
    let mut terminal = at_terminal(&house, DESK, &wrong, &["write", "concern"])?;
    terminal.shows("line 3: `activity`")?;
    terminal.types("x")?;
    terminal.shows("nothing was sent; what you wrote was thrown away")?;
    ensure!(terminal.end()?.0 == 1, "it was not sent");
    ensure!(only_draft(&house, DESK)? == "1", "the first is there, the second is not");
    Ok(())
}

#[test]
fn an_editor_that_fails_or_is_not_there_is_named_and_loses_nothing() -> Result<()> {
    let house = House::kivu()?;
    let failing = editor(&house, &format!("{}exit 3\n", writes(CONCERN)))?;
    let (code, text) = at_terminal(&house, DESK, &failing, &["write", "concern"])?.end()?;
    ensure!(code == 1 && text.contains("the editor `sh` failed (exit status: 3)"), "{text}");
    ensure!(text.contains("kept as draft 1"), "{text}");
    let latin = editor(&house, "printf -- '---\\nsubject: caf\\351\\n---\\n\\nx\\n' > \"$1\"")?;
    let (code, text) = at_terminal(&house, DESK, &latin, &["write", "note"])?.end()?;
    ensure!(code == 1 && text.contains("save it as UTF-8") && text.contains("kept as draft 2"), "{text}");
    house.text(DESK, &["drafts", "drop", "1", "2"])?;
    for (name, says) in [
        ("false", "the editor `false` failed (exit status: 1)"),
        ("/nowhere/ed -x", "the editor `/nowhere/ed`, which EDITOR names, cannot be started"),
        ("'unbalanced", "EDITOR is `'unbalanced`, which is no command"),
    ] {
        let (code, text) = at_terminal(&house, DESK, name, &["write", "concern"])?.end()?;
        ensure!(code == 1 && text.contains(says), "{name}: {text}");
    }
    // No shell reads the variable.
    let (code, text) = at_terminal(&house, DESK, "true; touch pwned #", &["write", "concern"])?.end()?;
    ensure!(code == 1 && text.contains("the editor `true;`") && !house.path("pwned").exists(), "{text}");
    let mut command = command(&house, DESK, "", &["write", "concern"])?;
    command.env("PATH", "/nowhere");
    let (code, text) = Terminal::start(command)?.end()?;
    ensure!(code == 1 && text.contains("export EDITOR=nano"), "{text}");
    no_drafts(&house, DESK)?;
    leaves_nothing_readable(&house, DESK, SECRET)
}

#[test]
fn a_signal_while_editing_or_asking_keeps_the_text_and_removes_the_file() -> Result<()> {
    let house = House::kivu()?;
    // While the editor has the terminal an interrupt is the editor's; at the question it ends the command.
    let edit = editor(&house, &format!("kill -INT $PPID; sleep 0.2\n{}", writes(CONCERN)))?;
    let terminal = at_terminal(&house, DESK, &edit, &["write", "concern"])?;
    terminal.shows("or Enter to keep it as a draft: ")?;
    terminal.signal(Signal::INT)?;
    terminal.shows("ended by a signal. It is kept as draft 1.")?;
    ensure!(terminal.end()?.0 == 1, "it was not sent");
    leaves_nothing_readable(&house, DESK, SECRET)?;
    // Told to end, it tells the editor, and takes what the editor has saved.
    for (signal, number) in [(Signal::TERM, "2"), (Signal::HUP, "3")] {
        let script = format!("{}echo saved; while :; do sleep 0.05; done\n", writes(CONCERN));
        let terminal = at_terminal(&house, DESK, &editor(&house, &script)?, &["write", "concern"])?;
        terminal.shows("saved")?;
        terminal.signal(signal)?;
        terminal.shows(&format!("kept as draft {number}."))?;
        ensure!(terminal.end()?.0 == 1, "it was not sent");
        leaves_nothing_readable(&house, DESK, SECRET)?;
    }
    Ok(())
}

#[test]
fn at_a_terminal_of_its_own_a_passphrase_may_be_typed_again_and_an_interrupt_loses_nothing() -> Result<()> {
    let house = House::kivu()?;
    // Interrupts that are typed reach the editor and the command alike; one that cuts a `read` off leaves its line.
    let waits = "trap : INT\necho editing\nuntil read line; do :; done\n";
    let edit = editor(&house, &format!("{waits}{}", writes(CONCERN)))?;
    let tearline = command(&house, DESK, &edit, &[])?;
    let mut command = Command::new("setsid");
    command.arg("-c").arg(tearline.get_program()).arg("--profile").arg(house.desk(DESK));
    command.args(["write", "concern"]).current_dir(house.path("")).env("EDITOR", &edit);
    command.env_remove("VISUAL").env_remove("XDG_RUNTIME_DIR");
    let mut terminal = Terminal::start(command)?;
    terminal.shows("Passphrase for the keys of drc/liaison: ")?;
    terminal.types("not this one")?;
    terminal.shows("the passphrase is wrong")?;
    terminal.shows("Passphrase for the keys of drc/liaison: ")?;
    terminal.types(PASSPHRASE.trim_end())?;
    terminal.shows("editing")?;
    terminal.presses('\u{3}')?;
    terminal.types("done")?;
    terminal.shows("or Enter to keep it as a draft: ")?;
    terminal.presses('\u{3}')?;
    let shown = terminal.shows("ended by a signal. It is kept as draft 1.")?;
    ensure!(!shown.contains(PASSPHRASE.trim_end()), "a passphrase is shown");
    ensure!(terminal.end()?.0 == 1, "it was not sent");
    ensure!(house.text(DESK, &["drafts", "show", "1"])? == CONCERN, "word for word");
    leaves_nothing_readable(&house, DESK, SECRET)
}

#[test]
fn what_a_kill_leaves_behind_becomes_a_draft_at_the_next_start() -> Result<()> {
    let house = House::kivu()?;
    let edit = editor(&house, &format!("{}kill -9 $PPID\n", writes(CONCERN)))?;
    at_terminal(&house, DESK, &edit, &["write", "concern", "--to", "plenary"])?.killed()?;
    let editing = house.desk(DESK).join("editing");
    let left =
        || -> Result<bool> { Ok(files(&editing)?.iter().any(|path| path.ends_with("plenary.concern.md"))) };
    ensure!(left()?, "the kill left it");
    // Any command that opens the keys will do; the editor may take a moment to end.
    let mut said = String::new();
    for _ in 0..100 {
        said.push_str(&house.run(DESK, &["read", "drc#4"])?.err);
        if !left()? {
            break;
        }
    }
    ensure!(
        said.contains("a text whose editing was cut off is kept as draft 1: see `tearline drafts`"),
        "{said}"
    );
    leaves_nothing_readable(&house, DESK, SECRET)?;
    let drafts = house.json(DESK, &["drafts"])?;
    let draft = &drafts["drafts"][0];
    ensure!(draft["kind"] == "concern" && draft["room"] == "plenary", "{drafts}");
    ensure!(house.text(DESK, &["drafts", "show", "1"])? == CONCERN, "word for word");
    Ok(())
}

#[test]
fn a_text_is_edited_in_memory_where_the_system_has_a_place_for_it() -> Result<()> {
    let house = House::kivu()?;
    let runtime = house.path("runtime");
    fs::create_dir(&runtime)?;
    for (mode, used) in [(0o700, true), (0o755, false)] {
        fs::set_permissions(&runtime, fs::Permissions::from_mode(mode))?;
        let edit = editor(&house, &format!("echo \"$1\" > where\n{}", writes(CONCERN)))?;
        let mut command = command(&house, DESK, &edit, &["write", "concern", "--save"])?;
        command.env("XDG_RUNTIME_DIR", &runtime);
        let (code, text) = Terminal::start(command)?.end()?;
        ensure!(code == 0, "{text}");
        let place = fs::read_to_string(house.path("where"))?;
        ensure!(place.starts_with(&runtime.display().to_string()) == used, "{mode:o}: {place}");
        ensure!(!Path::new(place.trim()).exists(), "{place} is left");
    }
    Ok(())
}

#[test]
fn mediators_compose_briefings_and_proposals_in_the_same_way() -> Result<()> {
    let house = House::kivu()?;
    let desk = "us/washington";
    let fill = "sed -i -e 's/^subject:$/subject: Guns/' -e 's/^#source: B2/source: B2/' \"$1\"\n\
                cp \"$1\" template\n\
                printf '(C//REL TO DRC)  Four guns.\\n\\n(S//NF)  One source.\\n' >> \"$1\"\n";
    let mut terminal = at_terminal(&house, desk, &editor(&house, fill)?, &["publish"])?;
    let shown = terminal.shows("Type yes to sign this, 2 portions, and record it in the chamber")?;
    for part in ["TO chamber   ROUTINE BRIEFING", "Source B2", "1. (C//REL TO DRC)  Four guns.", "2. (S//NF)"]
    {
        ensure!(shown.contains(part), "{part}: {shown}");
    }
    terminal.types("yes")?;
    terminal.shows("2 portions. Only mediators can read it.")?;
    ensure!(terminal.end()?.0 == 0, "recorded");
    ensure!(fs::read_to_string(house.path("template"))?.contains("# BRIEFING: recorded"), "its template");

    let answer = "---\nsubject: The guns\nanswers: drc#3\nfinding: corroborated\nactivity: offensive\n\
                  likelihood: likely\nconfidence: high\n---\n\nWe see them too.\n";
    let edit = editor(&house, &writes(answer))?;
    let mut terminal = at_terminal(&house, desk, &edit, &["write", "assessment", "--to", "drc"])?;
    let shown = terminal.shows("Type yes to propose this to the other officers, e to edit it again")?;
    ensure!(shown.contains("exactly as it will be sent") && shown.contains("We see them too."), "{shown}");
    terminal.types("yes")?;
    terminal.shows("Proposed as chamber#")?;
    ensure!(terminal.end()?.0 == 0, "proposed");

    // Who cannot write is told before an editor opens.
    let edit = editor(&house, "touch opened")?;
    for (desk, args, code, says) in [
        (desk, vec!["write", "note"], 2, "--to ROOM"),
        (desk, vec!["write", "concern", "--to", "drc"], 1, "parties do"),
        (DESK, vec!["publish"], 1, "only a mediator's desk"),
        (DESK, vec!["write", "note", "--to", "nowhere"], 1, "no room named nowhere"),
    ] {
        let (ended, text) = at_terminal(&house, desk, &edit, &args)?.end()?;
        ensure!(ended == code && text.contains(says), "{args:?}: {text}");
    }
    ensure!(!house.path("opened").exists(), "an editor opened");
    Ok(())
}

#[test]
fn without_a_terminal_no_editor_opens() -> Result<()> {
    let house = House::kivu()?;
    let edit = editor(&house, "touch opened")?;
    for args in [vec!["write", "concern"], vec!["publish"]] {
        let desk = if args[0] == "publish" { "us/washington" } else { DESK };
        let said = Said::of(command(&house, desk, &edit, &args)?)?.refused(2)?;
        ensure!(said.contains("give a FILE, or - for standard input"), "{said}");
    }
    ensure!(!house.path("opened").exists(), "an editor opened");
    Ok(())
}

#[test]
fn files_go_with_what_is_composed_and_a_draft_says_that_it_keeps_none() -> Result<()> {
    let house = House::kivu()?;
    let map = house.write("papers/ridge.png", b"\x89PNG\r\n\x1a\n of a ridge")?;
    let editor = editor(&house, &format!("echo >> opened\n{}", writes(CONCERN)))?;
    // What cannot be attached is said before anybody writes.
    let missing = ["write", "concern", "--attach", "no-such.png"];
    let (code, text) = at_terminal(&house, DESK, &editor, &missing)?.end()?;
    ensure!(code == 1 && text.contains("no-such.png: there is no such file to attach"), "{text}");
    ensure!(!house.path("opened").exists(), "an editor was opened");

    let args = ["write", "concern", "--attach", &map];
    let mut terminal = at_terminal(&house, DESK, &editor, &args)?;
    let shown = terminal.shows("or Enter to keep it as a draft: ")?;
    ensure!(shown.contains(" ATTACHMENTS") && shown.contains("1  ridge.png · image/png"), "{shown}");
    terminal.types("")?;
    let kept = terminal.shows("--attach FILE")?;
    ensure!(kept.contains("without the files: attach them again"), "{kept}");
    ensure!(terminal.end()?.0 == 1, "it was not sent");
    let uploads = files(&house.path("server/data/attachments"))?;
    ensure!(uploads.is_empty(), "sent without a yes: {uploads:?}");

    let number = only_draft(&house, DESK)?;
    let sent = house.json(DESK, &["write", "concern", "--draft", &number, "--attach", &map])?;
    ensure!(sent["attachments"][0]["name"] == "ridge.png", "{sent}");
    no_drafts(&house, DESK)?;
    // A mediator's post to a party goes the other way: into the chamber, and to the party once it is approved.
    house.text("us/washington", &["fetch"])?;
    let note = house.write("papers/note.md", "---\nsubject: A map\n---\n\nSee the map.\n")?;
    let args = ["write", "note", &note, "--to", "drc", "--attach", &map];
    let proposed = house.json("us/washington", &args)?;
    let proposal = proposed["proposal"].as_str().context("a proposal")?;
    let entries = house.enact("us/kinshasa", proposal)?;
    house.text(DESK, &["fetch"])?;
    for entry in [sent["entry"].as_str().context("an entry")?, &entries[0]] {
        let out = house.arg("saved.png");
        house.text(DESK, &["save", entry, "--out", &out, "--overwrite"])?;
        ensure!(fs::read(&out)? == fs::read(&map)?, "{entry}");
    }
    Ok(())
}
