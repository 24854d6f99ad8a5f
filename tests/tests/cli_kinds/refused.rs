//! What is refused: for who writes it, for what it answers, for what is in its file.

use anyhow::{Result, ensure};
use serde_json::json;
use tearline_tests::cli::House;

use super::{CUSTODIAN, KINSHASA, LIAISON, paper};

#[test]
fn what_a_desk_may_not_write_is_refused_and_nothing_is_sent() -> Result<()> {
    let house = House::kivu()?;
    house.text(KINSHASA, &["fetch"])?;
    let refused = |desk: &str, kind: &str, keys: &str, to: &[&str], says: &str| -> Result<()> {
        let file = paper(&house, kind, keys, "x")?;
        let args: Vec<&str> = ["write", kind, &file].into_iter().chain(to.iter().copied()).collect();
        let said = house.refused(desk, &args)?;
        ensure!(said.contains(says), "{desk} {kind}: {said}");
        Ok(())
    };
    let drc = ["--to", "drc"];
    let meeting = "phase: agenda\nbegins: 2024-08-08T14:00:00Z\nitem: x";
    let graded = "finding: dispelled\nactivity: rotation\nlikelihood: likely\nconfidence: low";
    refused(LIAISON, "session", meeting, &[], "a party writes no session: mediators do")?;
    refused(LIAISON, "assessment", graded, &[], "a party writes no assessment: mediators do")?;
    refused(
        KINSHASA,
        "opinion",
        "answers: drc#4\nagreement: agree",
        &drc,
        "a mediator writes no opinion: parties do",
    )?;
    refused(KINSHASA, "concern", "activity: offensive", &drc, "a mediator writes no concern: parties do")?;
    refused("un/monitor-1", "note", "", &drc, "an auditor writes no note: mediators and parties do")?;
    for (kind, keys) in [("session", meeting), ("request", ""), ("assessment", graded)] {
        refused(
            KINSHASA,
            kind,
            keys,
            &["--to", "chamber"],
            &format!("{kind} belongs in a room that has a party"),
        )?;
    }
    // What a post may answer.
    refused(
        LIAISON,
        "opinion",
        "answers: drc#3\nagreement: agree",
        &[],
        "`answers: drc#3` is a concern: opinion answers an assessment: name one",
    )?;
    refused(LIAISON, "reply", "answers: drc#3\nstance: accepted", &[], "reply answers another side's post")?;
    refused(
        LIAISON,
        "compliance",
        "answers: drc#4\nstate: partial",
        &[],
        "compliance note answers a commitment: name one",
    )?;
    refused(
        LIAISON,
        "correction",
        "answers: drc#4",
        &[],
        "correction puts right a post of one's own side: name one",
    )?;
    refused(
        KINSHASA,
        "assessment",
        &format!("answers: drc#1\n{graded}"),
        &drc,
        "assessment answers a concern, a request",
    )?;
    refused(
        LIAISON,
        "reply",
        "answers: drc#0\nstance: accepted",
        &[],
        "line 3: `answers`: drc#0 is no post: name one",
    )?;
    refused(LIAISON, "reply", "answers: drc#900\nstance: accepted", &[], "line 3: `answers`: ")?;
    refused(LIAISON, "reply", "answers: rwanda#1\nstance: accepted", &[], "line 3: `answers`: ")?;
    // A reference that would tell the plenary of a party's own room.
    refused(
        KINSHASA,
        "request",
        "refers: drc#4",
        &["--to", "plenary"],
        "refers to an entry of drc, which its readers do not read",
    )?;
    let fetched = house.json(KINSHASA, &["fetch"])?;
    for room in fetched["rooms"].as_array().expect("rooms") {
        let log = room["room"].as_str().expect("a name").starts_with("access/");
        ensure!(log || room["new"] == json!(0), "something was sent: {fetched}");
    }
    Ok(())
}

/// By whom, of which kind, the file, and what is said of it.
type Wrong = (&'static str, &'static str, String, &'static str);

/// What is asked, answered and promised.
fn about() -> Vec<Wrong> {
    vec![
        (LIAISON, "note", "Text.".to_owned(), "line 1: begin with a line `---`"),
        (LIAISON, "note", "---\nsubject: x\n".to_owned(), "no closing line `---`"),
        (LIAISON, "note", whole("").replace("Text.", ""), "the text is missing: write it below"),
        (LIAISON, "note", whole("subject: y\n"), "line 3: `subject` is there twice; leave one"),
        (LIAISON, "concern", whole(""), "the front matter lacks `activity`: add a line `activity: …`"),
        (
            LIAISON,
            "concern",
            whole("activity: hostile\n"),
            "line 3: `activity`: `hostile` is no activity: use one of offensive",
        ),
        (
            LIAISON,
            "opinion",
            whole("answers: drc#4\nagreement: yes\n"),
            "line 4: `agreement`: `yes` is no step of agreement: use one of strongly-disagree",
        ),
        (
            LIAISON,
            "request",
            whole("reply-by: soon\n"),
            "line 3: `reply-by`: write a time in UTC, as in 2024-01-14T13:30:00Z",
        ),
        (LIAISON, "request", whole("place: Goma\n"), "the front matter lacks `position`"),
        (LIAISON, "reply", whole("stance: accepted\n"), "the front matter lacks `answers`"),
        (
            LIAISON,
            "reply",
            whole("answers: 4\nstance: accepted\n"),
            "line 3: `answers`: `4` is not a reference: write ROOM#INDEX, as in drc#42",
        ),
        (
            CUSTODIAN,
            "commitment",
            whole("kind: truce\n"),
            "line 3: `kind`: `truce` is no kind of commitment: use one of cease-fire",
        ),
        (
            CUSTODIAN,
            "commitment",
            whole("kind: access\nobligors: rwanda\n"),
            "line 4: `obligors`: you bind drc and no other",
        ),
        (
            CUSTODIAN,
            "commitment",
            whole("kind: access\n").replace("Text.", "Text.\n[fr]"),
            "the text in `fr` is missing",
        ),
    ]
}

/// What happened and who met.
fn reported() -> Vec<Wrong> {
    vec![
        (
            LIAISON,
            "compliance",
            whole("answers: drc#4\nstate: kept\n"),
            "line 4: `state`: `kept` is no state of compliance",
        ),
        (
            LIAISON,
            "incident",
            whole("stage: alleged\nattributed-to: x\n"),
            "line 4: `attributed-to`: only the stage `attributed` says to whom",
        ),
        (
            LIAISON,
            "incident",
            whole("stage: alleged\nfrom: 2024-08-01T05:00:00Z\nto: 2024-08-01T04:00:00Z\n"),
            "line 5: `to`: it is before `from`",
        ),
        (
            LIAISON,
            "activity",
            whole("activity: rotation\nposition: 29, -1\n"),
            "the front matter lacks `place`",
        ),
        (
            LIAISON,
            "activity",
            whole("activity: rotation\nplace: x\nposition: -1.5, 129\nprecision: 1 m\n"),
            "line 5: `position`: not on earth",
        ),
        (KINSHASA, "session", whole("phase: agenda\n"), "the front matter lacks `begins`"),
        (
            KINSHASA,
            "session",
            whole("phase: agenda\nbegins: 2024-08-08T14:00:00Z\ndecision: x\n"),
            "line 5: `decision`: an agenda has no decisions yet",
        ),
        (
            KINSHASA,
            "assessment",
            whole("finding: proven\n"),
            "line 3: `finding`: `proven` is no finding: use one of corroborated",
        ),
        (
            LIAISON,
            "correction",
            whole("colour: red\nanswers: drc#3\n"),
            "line 3: there is no `colour` here; use subject",
        ),
    ]
}

/// A file with these lines in its front matter.
fn whole(keys: &str) -> String {
    format!("---\nsubject: x\n{keys}---\n\nText.\n")
}

#[test]
fn a_file_that_is_not_in_order_is_refused_with_its_line_and_what_to_write() -> Result<()> {
    let house = House::kivu()?;
    for (desk, kind, file, says) in about().into_iter().chain(reported()) {
        let path = house.write("papers/wrong.md", &file)?;
        let mut args = vec!["write", kind, &path];
        if desk == KINSHASA {
            args.extend(["--to", "plenary"]);
        }
        let said = house.refused(desk, &args)?;
        ensure!(said.contains(says) && said.contains("wrong.md: "), "{kind}: {said}");
    }
    // What is typed, not what is in the file.
    let good = house.write("papers/good.md", whole(""))?;
    for args in [
        vec!["write", "poem", &good],
        vec!["write", "decoy", &good],
        vec!["write", "note", &good, "--to", "Not A Room"],
    ] {
        house.run(LIAISON, &args)?.refused(2)?;
    }
    let nowhere = house.run(KINSHASA, &["write", "note", &good])?.refused(2)?;
    ensure!(nowhere.contains("--to ROOM"), "{nowhere}");
    Ok(())
}
