//! Finding one's way: matters and where they stand, the timeline, search, commitments, who was served what,
//! filters, colours, and a matter as a file; through the shipped command, as officers type it.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tearline_tests::cli::{
    House,
    documented::{keys, promised},
    screen::{hides, narrow, shows},
    text_of,
};

const LIAISON: &str = "drc/liaison";
const DELEGATION: &str = "drc/delegation";
const KIGALI: &str = "us/kigali";
const KINSHASA: &str = "us/kinshasa";

fn paper(subject: &str, keys: &str, text: &str) -> String {
    format!("---\nsubject: {subject}\n{keys}---\n{text}\n")
}

/// A party's post in its own room; where it stands.
fn written(house: &House, desk: &str, kind: &str, paper: &str) -> Result<String> {
    let path = house.write("papers/paper.md", paper)?;
    text_of(&house.json(desk, &["write", kind, &path])?, "entry")
}

/// A post of the mediators, signed by two; where it stands.
fn mediated(house: &House, kind: &str, room: &str, paper: &str) -> Result<String> {
    let path = house.write("papers/paper.md", paper)?;
    let proposal = text_of(&house.json(KIGALI, &["write", kind, &path, "--to", room])?, "proposal")?;
    let entries = house.enact(KINSHASA, &proposal)?;
    entries.into_iter().next().context("an entry")
}

fn concern(keys: &str) -> String {
    paper(
        "Shelling at Rubaya",
        &format!(
            "activity: offensive\nplace: Rubaya, N-Kivu\nposition: 28.8770, -1.5560\nprecision: 500 m\n{keys}"
        ),
        "Two shells fell on the élus' quarter.",
    )
}

fn state(house: &House, desk: &str, entry: &str) -> Result<String> {
    text_of(&house.json(desk, &["matters", entry])?, "state_words")
}

/// The names in what a command wrote.
fn names(json: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    keys(json, "", &mut found);
    found
}

/// The names that `docs/json.md` promises of one matter with its thread.
fn of_a_thread() -> Result<BTreeSet<String>> {
    let mut all = promised("matters REF")?;
    all.extend(promised("matters")?.iter().map(|name| name.trim_start_matches("matters[].").to_owned()));
    all.extend(promised("read")?.iter().map(|name| format!("thread[].{name}")));
    Ok(all)
}

#[test]
fn a_concern_is_unanswered_overdue_answered_and_unanswered_again_once_its_answer_is_recalled() -> Result<()> {
    let house = House::kivu()?;
    let open = written(&house, LIAISON, "concern", &concern(""))?;
    let late = written(&house, LIAISON, "concern", &concern("reply-by: 2026-01-16T05:00:00Z\n"))?;
    house.text(LIAISON, &["fetch"])?;
    shows(
        "matters",
        &house.text(LIAISON, &["matters", "--kind", "concern"])?,
        &[
            " drc · drc/liaison · complete to ",
            " plenary · drc/liaison · ",
            "     REF         MATTER      SUBJECT AND STATE\n",
            &format!("     {late:<11} concern     Shelling at Rubaya\n"),
            "                             unanswered, OVERDUE since 160500Z JAN 26 · 1 post,\n",
            &format!("     {open:<11} concern     Shelling at Rubaya\n"),
            "                             unanswered · 1 post, last ",
            "     drc#3       concern     Column moving towards Sake\n",
            "                             answered: PARTLY CORROBORATED (drc#4) · 2 posts,\n",
            " 3 matters · 1 OVERDUE\n",
            &format!(" Next: tearline matters {late}\n"),
        ],
    )?;
    let keys = format!(
        "answers: {late}\nfinding: not-corroborated\nactivity: undetermined\nlikelihood: unlikely\nconfidence: low\n"
    );
    let answer = mediated(&house, "assessment", "drc", &paper("Rubaya", &keys, "We saw no shelling."))?;
    let opinion = paper("Rubaya", &format!("answers: {answer}\nagreement: disagree\n"), "We heard it.");
    house.text(LIAISON, &["fetch"])?;
    let opinion = written(&house, LIAISON, "opinion", &opinion)?;
    let request = paper("Rubaya", &format!("answers: {late}\n"), "Tell us the time of the shells.");
    let request = mediated(&house, "request", "drc", &request)?;
    house.text(LIAISON, &["fetch"])?;
    let keys = format!("answers: {request}\nstance: accepted\n");
    let reply = written(&house, LIAISON, "reply", &paper("Rubaya", &keys, "At 0400."))?;
    house.text(LIAISON, &["fetch"])?;
    let thread = house.text(LIAISON, &["matters", &late])?;
    shows(
        "matters REF",
        &thread,
        &[
            &format!(" CONCERN {late} · answered: NOT CORROBORATED ({answer})\n"),
            &format!(" ─── {late} ───"),
            " CONCERN, ROUTINE\n",
            " Signed by     drc/liaison (1 of 1 required)\n",
            "Two shells fell on the élus' quarter.",
            &format!(" ─── {answer} ───"),
            " ASSESSMENT, ROUTINE\n",
            " Signed by     us/kigali, us/kinshasa (2 of 2 required)\n",
            &format!(" Answers       {late}\n"),
            "NOT CORROBORATED",
            &format!(" ─── {opinion} ───"),
            &format!(" ─── {request} ───"),
            &format!(" ─── {reply} ───"),
            "At 0400.",
        ],
    )?;
    hides("matters REF", &thread, &["DISPELLED", "Column"])?;
    ensure!(state(&house, LIAISON, &request)? == format!("accepted by drc ({reply})"));
    let json = house.json(LIAISON, &["matters", &request])?;
    ensure!(json["under"] == json!(late) && json["thread"].as_array().map(Vec::len) == Some(2), "{json}");
    let json = house.json(LIAISON, &["matters", &late])?;
    let unknown: Vec<String> = names(&json).difference(&of_a_thread()?).cloned().collect();
    ensure!(unknown.is_empty(), "not in docs/json.md: {unknown:?} of {json}");
    // What was shown is read.
    ensure!(house.json(LIAISON, &["matters", &late])?["unread"] == json!(0));

    let proposal = text_of(&house.json(KIGALI, &["recall", &answer])?, "proposal")?;
    house.enact(KINSHASA, &proposal)?;
    house.text(LIAISON, &["fetch"])?;
    ensure!(state(&house, LIAISON, &late)? == "unanswered, OVERDUE since 160500Z JAN 26");
    let thread = house.text(LIAISON, &["matters", &late])?;
    shows(
        "matters REF after the recall",
        &thread,
        &[
            &format!(" ─── {answer} ───"),
            " Standing      Recalled: it has no effect any more. What was read cannot be\n",
            "               unread.\n",
            " RECALLED by us/kigali, us/kinshasa at ",
        ],
    )?;
    Ok(())
}

#[test]
fn a_commitment_shows_who_promised_what_to_whom_and_how_it_stands() -> Result<()> {
    let house = House::kivu()?;
    house.text(KIGALI, &["fetch"])?;
    let before = Promised::to(&house, LIAISON, &[])?;
    let (all_before, rwandas_before) =
        (Promised::to(&house, KIGALI, &[])?, Promised::to(&house, KIGALI, &["--room", "rwanda"])?);
    let keys = "kind: cease-fire\nbeneficiary: rwanda\nfrom: 2026-01-01T00:00:00Z\ndepends-on: the same of the other side\n";
    let promise = paper("Cease-fire until the elections", keys, "We hold our fire.");
    let ours = written(&house, DELEGATION, "commitment", &promise)?;
    let theirs = written(&house, "rwanda/delegation", "commitment", &promise.replace("rwanda", "drc"))?;
    let later = paper("No drones", "kind: restraint\nfrom: 2040-01-01T00:00:00Z\n", "They stay grounded.");
    let later = written(&house, DELEGATION, "commitment", &later)?;
    house.text(KIGALI, &["fetch"])?;
    let keys = format!("kind: cease-fire\nundertakings: {ours}, {theirs}\n");
    let restated =
        mediated(&house, "commitment", "plenary", &paper("The cease-fire of both", &keys, "Both hold."))?;
    let kept = |state: &str, obligor: &str| {
        let keys = format!(
            "answers: {restated}\nstate: {state}\nobligor: {obligor}\nfrom: 2026-09-01T00:00:00Z\nto: 2026-09-30T23:59:00Z\n"
        );
        paper("September", &keys, "As seen from the air.")
    };
    let partial = mediated(&house, "compliance", "plenary", &kept("partial", "drc"))?;
    let kept_whole = mediated(&house, "compliance", "plenary", &kept("compliant", "rwanda"))?;
    house.text(LIAISON, &["fetch"])?;
    let disputed = house.write("papers/paper.md", kept("disputed", "drc"))?;
    let disputed =
        text_of(&house.json(LIAISON, &["write", "compliance", &disputed, "--to", "plenary"])?, "entry")?;
    let step = |keys: &str| paper("Shots at the bridge", keys, "Shots were heard.");
    let incident =
        mediated(&house, "incident", "plenary", &step(&format!("stage: registered\nrefers: {restated}\n")))?;
    mediated(&house, "incident", "plenary", &step(&format!("stage: verified\nanswers: {incident}\n")))?;
    let early =
        mediated(&house, "incident", "plenary", &step(&format!("stage: registered\nanswers: {incident}\n")))?;

    house.text(LIAISON, &["fetch"])?;
    let mine = house.text(LIAISON, &["commitments"])?;
    shows(
        "commitments",
        &mine,
        &[
            &format!("     {ours:<11} drc to rwanda · CEASE-FIRE\n"),
            "                 Cease-fire until the elections\n",
            "                 from 010000Z JAN 26 without an end\n",
            "                 depends on: the same of the other side\n",
            "                 in force\n",
            "                 no compliance note yet\n",
            &format!("                 restated by the mediators as {restated}\n"),
            &format!("     {later:<11} drc · RESTRAINT\n"),
            "                 not yet in force, from 010000Z JAN 40\n",
            &format!("{restated:<11} drc, rwanda · CEASE-FIRE\n"),
            &format!("                 drc, 010000Z SEP 26 to 302359Z SEP 26: PARTIAL ({partial});\n"),
            &format!("                 DISPUTED by drc ({disputed})\n"),
            "                 rwanda, 010000Z SEP 26 to 302359Z SEP 26: COMPLIANT",
            &format!("({kept_whole})\n"),
            &format!("                 incident {incident}: verified\n"),
            &format!("                 drc undertook it in {ours}\n"),
            "                 rwanda undertook it in an entry of a room not known here\n",
            &format!(" {} commitments, {} in force\n", before.all.len() + 3, before.in_force + 2),
        ],
    )?;
    hides("commitments", &mine, &[&theirs, "rwanda#"])?;
    let all = Promised::to(&house, KIGALI, &[])?.all;
    ensure!(all.contains(&theirs) && all.len() == all_before.all.len() + 4, "{all:?}");
    let rwandas = Promised::to(&house, KIGALI, &["--party", "rwanda", "--room", "rwanda"])?.all;
    ensure!(rwandas == [rwandas_before.all, vec![theirs]].concat(), "{rwandas:?}");
    documented_commitment(&house, &ours)?;
    shows(
        "an incident out of order",
        &house.text(LIAISON, &["matters", &incident])?,
        &[
            &format!(" INCIDENT {incident} · verified\n"),
            &format!("   {early} is out of order and not applied\n"),
            &format!(" Refers to     {restated}\n"),
            &format!(" ─── {early} ───"),
            " Standing      Out of order, not applied: REGISTERED does not follow on\n",
        ],
    )
}

/// What `commitments` lists for a desk.
struct Promised {
    all: Vec<String>,
    in_force: usize,
}

impl Promised {
    fn to(house: &House, desk: &str, filters: &[&str]) -> Result<Self> {
        let json = house.json(desk, &[&["commitments"], filters].concat())?;
        let list = json["commitments"].as_array().context("a list")?;
        let all = list.iter().map(|it| text_of(it, "entry")).collect::<Result<_>>()?;
        Ok(Self { all, in_force: list.iter().filter(|it| it["state"] == json!("in force")).count() })
    }
}

fn documented_commitment(house: &House, entry: &str) -> Result<()> {
    let json = house.json(LIAISON, &["commitments"])?;
    let list = json["commitments"].as_array().context("a list")?;
    let first = list.iter().find(|it| it["entry"] == json!(entry)).context("the promise")?;
    for key in
        ["entry", "state", "obligors", "beneficiaries", "from", "depends_on", "compliance", "restated_by"]
    {
        ensure!(first.get(key).is_some(), "{key} is not in {first}");
    }
    ensure!(first["state"] == json!("in force") && first["to"].is_null(), "{first}");
    Ok(())
}

#[test]
fn a_session_is_an_agenda_until_its_minutes_are_there() -> Result<()> {
    let house = House::kivu()?;
    let agenda =
        paper("Session of Thursday", "phase: agenda\nbegins: 2040-01-18T10:00:00Z\nitem: the road\n", "");
    let agenda = mediated(&house, "session", "plenary", &agenda)?;
    house.text(LIAISON, &["fetch"])?;
    ensure!(state(&house, LIAISON, &agenda)? == "agenda only, to be held 181000Z JAN 40");
    let keys = format!(
        "phase: minutes\nanswers: {agenda}\nbegins: 2040-01-18T10:00:00Z\nitem: the road\ndecision: it stays open\n"
    );
    let minutes = mediated(&house, "session", "plenary", &paper("Session of Thursday", &keys, ""))?;
    house.text(LIAISON, &["fetch"])?;
    ensure!(state(&house, LIAISON, &agenda)? == format!("minutes there ({minutes})"));
    Ok(())
}

#[test]
fn who_was_served_has_acknowledged_and_is_overdue_is_seen_by_post_and_by_party() -> Result<()> {
    let house = House::kivu()?;
    let ask = |keys: &str| paper("Say that you have read this", keys, "Please acknowledge.");
    let late = mediated(&house, "request", "plenary", &ask("ack-by: 2026-01-16T05:00:00Z\n"))?;
    let due = mediated(&house, "request", "drc", &ask("ack-by: 2040-01-16T05:00:00Z\n"))?;
    shows(
        "served, before",
        &house.text(KIGALI, &["served", &late])?,
        &[
            " REQUEST plenary#",
            "     DESK                 SERVED           ACKNOWLEDGED\n",
            "     drc/delegation       not yet          no\n",
            "     rwanda/liaison       not yet          no\n",
            " Acknowledgement by drc OVERDUE since 160500Z JAN 26\n",
            " Acknowledgement by rwanda OVERDUE since 160500Z JAN 26\n",
            " Served: the server was about to send it.",
        ],
    )?;
    house.text(LIAISON, &["fetch"])?;
    let inbox = house.text(LIAISON, &["inbox"])?;
    shows(
        "inbox",
        &inbox,
        &[
            " unread\n",
            &format!(" Acknowledgement OVERDUE since 160500Z JAN 26 ({late})\n"),
            &format!(" Acknowledgement due by 160500Z JAN 40 ({due})\n"),
        ],
    )?;
    let json = house.json(LIAISON, &["inbox"])?;
    ensure!(json["acknowledgements_due"][0]["overdue"] == json!(true), "{json}");
    ensure!(json["acknowledgements_due"][1]["overdue"] == json!(false), "{json}");
    for (entry, why) in
        [("drc#0", "no post"), ("drc#2", "by drc/delegation, of your own side"), ("drc#13", "no post")]
    {
        let refused = house.refused(LIAISON, &["ack", &late, entry])?;
        ensure!(refused.contains(entry) && refused.contains(why), "{refused}");
    }
    // It is owed no longer at once, before anything is fetched.
    house.text(LIAISON, &["ack", &late])?;
    hides("inbox, acknowledged", &house.text(LIAISON, &["inbox"])?, &["OVERDUE"])?;

    let given = house.text(KIGALI, &["given", "drc"])?;
    shows(
        "given",
        &given,
        &[
            "Offer of intelligence on the armed group\n",
            "drc#1  ",
            " Served to    drc/delegation ",
            "; drc/liaison ",
            " Acknowledged drc/liaison ",
            &format!("\n {late}  "),
            " Acknowledged by drc ",
            ", late)\n",
        ],
    )?;
    let owed = [&format!("\n {due}  "), " Acknowledgement by drc due by 160500Z JAN 40\n"];
    shows("given, of what is owed", &given, &owed)?;
    hides("given", &given, &["rwanda/liaison", "OVERDUE"])?;
    shows("given", &house.text(KIGALI, &["given", "rwanda"])?, &[" 1 acknowledgement(s) OVERDUE\n"])?;
    let refused = house.refused(KIGALI, &["given", "france"])?;
    ensure!(refused.contains("no party france"), "{refused}");
    let json = house.json(KIGALI, &["given", "drc", "--room", "plenary", "--kind", "request"])?;
    ensure!(json["given"].as_array().map(Vec::len) == Some(1) && json["overdue"] == json!(0), "{json}");
    let desks: Vec<&str> = json["given"][0]["served"]
        .as_array()
        .context("served")?
        .iter()
        .filter_map(|it| it["desk"].as_str())
        .collect();
    ensure!(desks == ["drc/delegation", "drc/liaison"], "{json}");
    // A party sees its own desks; of others it knows nothing.
    let own = house.text(LIAISON, &["served", &late])?;
    shows(
        "served, by a party",
        &own,
        &["drc/liaison          ", "rwanda/liaison       not known here   no\n"],
    )?;
    let row = own.lines().find(|line| line.contains("drc/liaison ")).context("its own row")?;
    ensure!(row.contains("Z ") && !row.contains("not "), "{row}");
    let json = house.json(KIGALI, &["served", &late])?;
    ensure!(names(&json) == promised("served")?, "docs/json.md and served differ: {json}");
    Ok(())
}

#[test]
fn every_list_is_narrowed_by_the_same_filters_and_refuses_those_that_make_no_sense() -> Result<()> {
    let house = House::kivu()?;
    let entry = written(&house, LIAISON, "concern", &concern(""))?;
    house.text(KIGALI, &["fetch"])?;
    let found = |args: &[&str]| -> Result<Vec<String>> {
        let json = house.json(KIGALI, args)?;
        let list = ["posts", "matters", "events", "found", "commitments", "given"];
        let list = list.iter().find_map(|key| json[*key].as_array()).context("a list")?;
        list.iter().map(|it| text_of(it, "entry")).collect()
    };
    ensure!(found(&["inbox", "--place", "rubaya"])? == std::slice::from_ref(&entry));
    ensure!(found(&["matters", "--near", "28.877,-1.556", "--within", "1"])? == std::slice::from_ref(&entry));
    ensure!(found(&["timeline", "--near", "28.9,-1.5", "--within", "0.5"])?.is_empty());
    ensure!(
        found(&["timeline", "--kind", "concern", "--party", "drc"])? == ["drc#3".to_owned(), entry.clone()]
    );
    ensure!(found(&["search", "shells", "--room", "drc"])? == std::slice::from_ref(&entry));
    ensure!(found(&["search", "shells", "--room", "rwanda"])?.is_empty());
    ensure!(found(&["inbox", "--to", "2024-01-14"])?.is_empty());
    ensure!(found(&["inbox", "--precedence", "immediate", "--kind", "concern"])? == ["drc#3", "rwanda#8"]);
    house.text(KIGALI, &["read", &entry])?;
    ensure!(!found(&["inbox", "--unread"])?.contains(&entry));
    ensure!(found(&["timeline", "--room", "drc"])?.first() == Some(&"drc#0".to_owned()), "charters too");
    for command in ["inbox", "matters", "timeline", "commitments"] {
        for (args, says) in [
            (["--from", "14 January"], "2024-01-14T13:30Z"),
            (["--party", "burundi"], "there is drc, rwanda"),
            (["--room", "atlantis"], "no room named atlantis"),
            (["--kind", "rumour"], "compliance-note"),
            (["--precedence", "urgent"], "routine"),
            (["--near", "Goma"], "go together"),
        ] {
            let refused = house.run(KIGALI, &[command, args[0], args[1]])?.refused(2)?;
            ensure!(refused.contains(says), "{command} {args:?}: {refused}");
        }
    }
    // A room of others and a room that never was are the same.
    let ask = |room: &str| house.run(LIAISON, &["timeline", "--room", room])?.refused(2);
    ensure!(ask("rwanda")?.replace("rwanda", "X") == ask("atlantis")?.replace("atlantis", "X"));
    let refused = house.refused(LIAISON, &["matters", "rwanda#4"])?;
    ensure!(
        refused.replace("rwanda", "X")
            == house.refused(LIAISON, &["matters", "atlantis#4"])?.replace("atlantis", "X")
    );
    ensure!(house.refused("un/monitor-1", &["timeline"])?.contains("auditor"));
    Ok(())
}

#[test]
fn words_are_found_whatever_their_accents_in_what_this_desk_reads_and_left_on_no_disk() -> Result<()> {
    let house = House::kivu()?;
    let entry = written(&house, LIAISON, "concern", &concern(""))?;
    house.text(LIAISON, &["fetch"])?;
    shows(
        "search",
        &house.text(LIAISON, &["search", "ELUS", "two shells"])?,
        &[
            &format!("     {entry}  concern of drc, "),
            "     Shelling at Rubaya\n",
            "       text: Two shells fell on the »élus«' quarter.\n",
            "       text: »Two shells« fell on the élus' quarter.\n",
            " 1 post\n",
            &format!(" Next: tearline read {entry}\n"),
        ],
    )?;
    let nothing = " Nothing that this desk can read has all of these words.\n";
    for words in [["shells", "bridge"], ["shells two", "fell"]] {
        ensure!(house.text(LIAISON, &["search", words[0], words[1]])?.ends_with(nothing), "{words:?}");
    }
    ensure!(house.text("rwanda/liaison", &["search", "élus"])?.ends_with(nothing), "another party's words");
    let open = house.run(LIAISON, &["search", "\"two"])?.refused(2)?;
    ensure!(open.contains("not closed"), "{open}");
    documented_events(&house)?;
    // Nothing that was opened is left in the desk's folder.
    let mut folders = vec![house.desk(LIAISON)];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder)? {
            let path = file?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path)?;
                let plain = b"shells fell";
                ensure!(!bytes.windows(plain.len()).any(|it| it == plain), "{} holds it", path.display());
            }
        }
    }
    Ok(())
}

fn documented_events(house: &House) -> Result<()> {
    let json = house.json(LIAISON, &["timeline"])?;
    let promised = promised("timeline")?;
    for key in ["entry", "accepted_at", "what", "signed_by"] {
        ensure!(
            promised.contains(&format!("events[].{key}")) && !json["events"][0][key].is_null(),
            "{key}: {json}"
        );
    }
    Ok(())
}

#[test]
fn colours_are_for_terminals_and_say_nothing_that_words_do_not() -> Result<()> {
    let house = House::kivu()?;
    let coloured = |args: &[&str], no_color: bool| -> Result<String> {
        let mut command = house.tearline(LIAISON, args)?;
        command.env_remove("NO_COLOR");
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let output = command.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    for command in ["inbox", "matters", "timeline", "commitments"] {
        let plain = house.text(LIAISON, &[command])?;
        ensure!(coloured(&["--color", "auto", command], false)? == plain, "{command}: it is no terminal");
        ensure!(coloured(&["--color", "never", command], false)? == plain, "{command}");
        let always = coloured(&["--color", "always", command], false)?;
        let mut stripped = String::new();
        let mut parts = always.split('\u{1b}');
        stripped.push_str(parts.next().unwrap_or_default());
        for part in parts {
            stripped.push_str(part.split_once('m').context("a colour ends in m")?.1);
        }
        ensure!(stripped == plain, "{command}: {stripped}\nis not\n{plain}");
        ensure!(!coloured(&["--color", "always", "--json", command], false)?.contains('\u{1b}'), "{command}");
    }
    ensure!(coloured(&["--color", "always", "inbox"], false)?.contains('\u{1b}'));
    ensure!(!coloured(&["inbox"], true)?.contains('\u{1b}'));
    let refused = house.run(LIAISON, &["--color", "pink", "inbox"])?.refused(2)?;
    ensure!(refused.contains("always"), "{refused}");
    Ok(())
}

#[test]
fn a_matter_becomes_one_file_with_marks_that_nothing_in_it_can_change() -> Result<()> {
    let house = House::kivu()?;
    let evil = "</pre><script>alert(1)</script> \u{202e}gnp.exe | `rm` **bold**\n\n# Head\n```";
    let text = concern("").replace("Two shells", evil);
    let entry = written(&house, LIAISON, "concern", &text)?;
    let briefing = "---\nsubject: Rubaya\nprecedence: PRIORITY\nsource: B2\n---\n\n(C//REL TO DRC)  Two shells fell.\n\n(S//REL TO DRC)  The guns stand east of it.\n\n(S//NF)  One source.\n";
    let briefing = house.publish(KIGALI, "rubaya.md", briefing)?;
    let assessed = [
        "--finding",
        "corroborated",
        "--activity",
        "offensive",
        "--likelihood",
        "likely",
        "--confidence",
        "high",
    ];
    let mut order = vec![briefing.as_str(), "--portions", "1,2", "--to", "drc", "--answers", &entry];
    order.extend(assessed);
    let proposal = house.propose(KIGALI, &order)?;
    let answer = house.enact(KINSHASA, &proposal)?.remove(0);
    house.text(LIAISON, &["fetch"])?;
    let files = ["--html", "m.html", "--markdown", "m.md", "--geojson", "m.geojson"];
    let args: Vec<&str> = ["matters", &entry].into_iter().chain(files).collect();
    narrow("matters with files", &house.text(LIAISON, &args)?)?;
    let file = |name: &str| std::fs::read_to_string(house.path(name));
    let html = file("m.html")?;
    ensure!(html.matches("<td class=\"mark\">S//REL TO DRC</td>").count() == 2, "{html}");
    for shown in [
        format!("CONCERN {entry}"),
        format!("answered: CORROBORATED ({answer})"),
        "<dd>us/kigali, us/kinshasa (2 of 2 required)</dd>".to_owned(),
        "(C//REL TO DRC)  Two shells fell.".to_owned(),
        "&lt;script&gt;".to_owned(),
        "⟨U+202E RIGHT-TO-LEFT OVERRIDE⟩".to_owned(),
        "<dd>drc · drc/liaison · complete to ".to_owned(),
    ] {
        ensure!(html.contains(&shown), "{shown}\n{html}");
    }
    hides("html", &html, &["<script", "\u{202e}", "One source", "S//NF", "href", "url(", "<link", "<img"])?;
    // Whoever is handed the file learns of no other room.
    hides("html", &html, &["plenary"])?;
    let markdown = file("m.md")?;
    ensure!(
        markdown.starts_with("**S//REL TO DRC**\n") && markdown.ends_with("**S//REL TO DRC**\n"),
        "{markdown}"
    );
    for line in markdown.lines().filter(|line| !line.starts_with("    ")) {
        hides("markdown", line, &["<script", "# Head", "```", "\u{202e}", "**bold**"])?;
    }
    let json: Value = serde_json::from_str(&file("m.geojson")?)?;
    let feature = &json["features"][0];
    ensure!(feature["geometry"]["coordinates"] == json!([28.877, -1.556]), "{json}");
    ensure!(feature["properties"]["precision_m"] == json!(500), "{json}");
    ensure!(feature["properties"]["state"] == json!("answered"), "{json}");
    // Nothing is overwritten, and only the owner may read it.
    let refused = house.refused(LIAISON, &args)?;
    ensure!(refused.contains("m.html") && refused.contains("not overwritten"), "{refused}");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(house.path("m.html"))?.permissions());
    ensure!(mode % 0o100 == 0, "{mode:o}");
    house.run(LIAISON, &["matters", "--html", "x.html"])?.refused(2)?;
    // Of all matters together, as a map: with the concern of January and two incidents.
    house.text(LIAISON, &["matters", "--geojson", "all.geojson"])?;
    let all: Value = serde_json::from_str(&file("all.geojson")?)?;
    ensure!(all["features"].as_array().map(Vec::len) == Some(4), "{all}");
    Ok(())
}

#[test]
fn columns_stay_in_line_with_long_names_and_wide_subjects() -> Result<()> {
    let house = House::kivu()?;
    let subject = "A subject that goes on and on, as officers who are paid by the word will write them";
    let entry = mediated(&house, "request", "plenary", &paper(subject, "precedence: flash\n", "Well."))?;
    let unbroken = mediated(&house, "note", "drc", &paper(&"x".repeat(190), "", "Well."))?;
    house.text(LIAISON, &["fetch"])?;
    let inbox = house.text(LIAISON, &["inbox", "--order", "precedence"])?;
    shows("inbox", &inbox, &["REF         PREC       FROM", &entry, "FLASH", "A subject that goes on"])?;
    ensure!(inbox.find(&entry) < inbox.find("drc#8"), "{inbox}");
    let title = inbox.lines().find(|line| line.contains("SUBJECT")).context("a title")?;
    let column = title.find("SUBJECT").context("SUBJECT")?;
    let place = |line: &&str| {
        ["drc#", "plenary#"].iter().any(|it| line.trim_start_matches([' ', '●']).starts_with(it))
    };
    let rows: Vec<&str> = inbox.lines().filter(place).collect();
    ensure!(rows.len() > 10, "{inbox}");
    for row in rows {
        let before: String = row.chars().skip(column - 1).take(1).collect();
        ensure!(before == " ", "{row:?} is out of line with {title:?}");
    }
    ensure!(inbox.contains(&unbroken) && inbox.matches('x').count() >= 190, "{inbox}");
    for args in [vec!["matters"], vec!["matters", &entry], vec!["timeline"], vec!["search", "well"]] {
        narrow("long", &house.text(LIAISON, &args)?)?;
    }
    Ok(())
}
