//! Every kind of post through the shipped commands: by the desk that may write it, for the desk that reads it,
//! and refused for the desk that may not.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tearline_tests::cli::{
    House,
    documented::{keys, promised},
    text_of,
};

const CUSTODIAN: &str = "drc/delegation";
const LIAISON: &str = "drc/liaison";
const OTHERS: &str = "rwanda/delegation";
const KINSHASA: &str = "us/kinshasa";
const WASHINGTON: &str = "us/washington";

/// A file of this front matter and text.
fn paper(house: &House, kind: &str, keys: &str, text: &str) -> Result<String> {
    house.write(
        &format!("papers/{kind}-of-a-test.md"),
        format!("---\nsubject: Of {kind}\n{keys}\n---\n\n{text}\n"),
    )
}

/// A party's post; where it stands.
fn post(house: &House, desk: &str, kind: &str, keys: &str, text: &str, to: &[&str]) -> Result<String> {
    let file = paper(house, kind, keys, text)?;
    let args = ["write", kind, &file].into_iter().chain(to.iter().copied()).collect::<Vec<_>>();
    text_of(&house.json(desk, &args)?, "entry")
}

/// Mediators' post: proposed by one desk, approved by another; where it stands.
fn enacted(house: &House, kind: &str, keys: &str, text: &str, room: &str) -> Result<String> {
    let file = paper(house, kind, keys, text)?;
    let proposal = text_of(&house.json(KINSHASA, &["write", kind, &file, "--to", room])?, "proposal")?;
    Ok(house.enact(WASHINGTON, &proposal)?.remove(0))
}

/// The post on a desk's screen and as JSON, whose keys are all documented.
fn read(house: &House, desk: &str, entry: &str) -> Result<(String, Value)> {
    house.text(desk, &["fetch"])?;
    let json = house.json(desk, &["read", entry])?;
    let mut found = BTreeSet::new();
    keys(&json, "", &mut found);
    let promised = promised("read")?;
    let undocumented: Vec<_> = found.difference(&promised).collect();
    ensure!(undocumented.is_empty(), "{entry}: not in docs/json.md: {undocumented:?} of {json}");
    let text = house.text(desk, &["read", entry])?;
    for line in text.lines() {
        ensure!(line.chars().count() <= 80, "{line}\nin\n{text}");
    }
    Ok((text, json))
}

fn shows(house: &House, desk: &str, entry: &str, lines: &[&str]) -> Result<Value> {
    let (text, json) = read(house, desk, entry)?;
    for line in lines {
        ensure!(text.contains(line), "{entry} does not show {line:?} to {desk}:\n{text}");
    }
    Ok(json)
}

#[test]
fn a_request_is_replied_to_and_an_assessment_is_given_an_opinion() -> Result<()> {
    let house = House::kivu()?;
    let keys = "precedence: priority\nreply-by: 2024-06-16T05:00:00Z\nplace: Goma\nposition: 29.2333, -1.6794\nprecision: 5000 m";
    let request = enacted(&house, "request", keys, "Press the group not to move on Goma.", "drc")?;
    let place = [" PLACE       Goma (29.2333 E, 1.6794 S; within 5000 m)", " REPLY BY    160500Z JUN 24"];
    let json = shows(
        &house,
        LIAISON,
        &request,
        &[" PRIORITY    REQUEST ", "(2 of 2 required)", place[0], place[1]],
    )?;
    ensure!(
        json["reply_by"] == json!("2024-06-16T05:00:00Z") && json["place"]["longitude"] == json!(29.2333),
        "{json}"
    );

    let keys = format!("answers: {request}\nrefers: drc#3, drc#4\nstance: partly accepted");
    let reply = post(&house, LIAISON, "reply", &keys, "We have asked them twice.", &[])?;
    let heading = format!("REPLY to request {request}");
    let json =
        shows(&house, WASHINGTON, &reply, &[&heading, " PARTLY ACCEPTED", "Refers to   drc#3, drc#4"])?;
    ensure!(json["answers"] == json!(request) && json["refers"] == json!(["drc#3", "drc#4"]), "{json}");

    let opinion = post(
        &house,
        LIAISON,
        "opinion",
        "answers: drc#4\nagreement: strongly-disagree",
        "There were 80.",
        &[],
    )?;
    let json = shows(&house, "us/kigali", &opinion, &["OPINION of assessment drc#4", " STRONGLY DISAGREE"])?;
    ensure!(json["agreement"] == json!("strongly disagree"), "{json}");

    let correction =
        post(&house, LIAISON, "correction", &format!("answers: {reply}"), "We asked once.", &[])?;
    shows(&house, WASHINGTON, &correction, &[&format!("CORRECTION of reply {reply}"), "We asked once."])?;
    let own = shows(&house, CUSTODIAN, &correction, &[&format!("CORRECTION of your reply {reply}")])?;
    ensure!(own["signed_by"] == json!([LIAISON]), "{own}");

    let notice = "activity: rotation\nplace: Goma\nposition: 29.2, -1.6\nprecision: 20000 m\nfrom: 2024-06-20T00:00:00Z\nforce: two battalions";
    let notice = post(&house, LIAISON, "activity", notice, "They change places.", &[])?;
    let json = shows(
        &house,
        WASHINGTON,
        &notice,
        &["ACTIVITY NOTICE", " ROTATION", " WHEN        from 200000Z JUN 24"],
    )?;
    ensure!(json["to"].is_null() && json["force"] == json!("two battalions"), "{json}");

    let decoy = text_of(&house.json(LIAISON, &["write", "decoy"])?, "entry")?;
    shows(&house, WASHINGTON, &decoy, &["DECOY", "This post says nothing"])?;
    let proposal = text_of(&house.json(KINSHASA, &["write", "decoy", "--to", "drc"])?, "proposal")?;
    let decoy = house.enact(WASHINGTON, &proposal)?.remove(0);
    shows(&house, LIAISON, &decoy, &["DECOY"])?;
    Ok(())
}

#[test]
fn an_incident_is_dealt_with_step_by_step_in_the_plenary() -> Result<()> {
    let house = House::kivu()?;
    let plenary = ["--to", "plenary"];
    let keys = "stage: alleged\nplace: Sake\nposition: 29, -1.5\nprecision: 900 m\nfrom: 2024-08-01T04:00:00Z\nto: 2024-08-01T05:00:00Z";
    let first = post(&house, LIAISON, "incident", keys, "Shells fell on the market.", &plenary)?;
    shows(
        &house,
        OTHERS,
        &first,
        &["INCIDENT", " ALLEGED", " WHEN        010400Z AUG 24 to 010500Z AUG 24"],
    )?;
    let on = format!("answers: {first}\nstage: ");
    for stage in ["registered", "not-verified", "verified"] {
        let step = enacted(&house, "incident", &format!("{on}{stage}"), "As seen.", "plenary")?;
        let (heading, word) =
            (format!("INCIDENT on incident {first}"), stage.to_uppercase().replace('-', " "));
        shows(&house, OTHERS, &step, &[&heading, &format!(" {word}\n")])?;
    }
    let keys = format!("{on}attributed\nattributed-to: a militia of neither side");
    let step = enacted(&house, "incident", &keys, "By its shells.", "plenary")?;
    let json = shows(&house, OTHERS, &step, &[" ATTRIBUTED to a militia of neither side"])?;
    ensure!(json["attributed_to"] == json!("a militia of neither side"), "{json}");
    let answer = post(&house, OTHERS, "incident", &format!("{on}answered"), "It is not ours.", &plenary)?;
    shows(&house, LIAISON, &answer, &[&format!("INCIDENT on your incident {first}"), " ANSWERED"])?;
    let closed = enacted(&house, "incident", &format!("{on}closed"), "Dealt with.", "plenary")?;
    shows(&house, LIAISON, &closed, &[" CLOSED"])?;

    // Not by those whose step it is not, and only on the first post.
    let refused = |desk: &str, keys: &str, says: &str| -> Result<()> {
        let file = paper(&house, "incident", keys, "x")?;
        let said = house.refused(desk, &["write", "incident", &file, "--to", "plenary"])?;
        ensure!(said.contains(says), "{keys}: {said}");
        Ok(())
    };
    refused(
        LIAISON,
        &format!("{on}verified"),
        "incident is registered, verified, attributed and closed by mediators",
    )?;
    refused(KINSHASA, &format!("{on}answered"), "incident is answered by a party")?;
    refused(KINSHASA, "stage: closed", "the front matter lacks `answers`")?;
    refused(
        KINSHASA,
        &format!("answers: {closed}\nstage: closed"),
        "incident follows on the first post about an incident",
    )?;
    refused(
        LIAISON,
        &format!("answers: {first}\nstage: alleged"),
        "incident that is alleged is the first post",
    )
}

#[test]
fn a_session_has_its_agenda_and_its_minutes_in_the_plenary() -> Result<()> {
    let house = House::kivu()?;
    let meeting = "begins: 2024-08-08T14:00:00Z\nends: 2024-08-08T15:00:00Z\nparticipant: drc\nparticipant: rwanda\nitem: the road to Goma\nitem: dates";
    let agenda = enacted(&house, "session", &format!("phase: agenda\n{meeting}"), "", "plenary")?;
    shows(
        &house,
        LIAISON,
        &agenda,
        &["SESSION", " AGENDA · 081400Z AUG 24 to 081500Z AUG 24", " ITEM 2      dates"],
    )?;
    let keys = format!("phase: minutes\n{meeting}\nanswers: {agenda}\ndecision: to meet in a week");
    let minutes = enacted(&house, "session", &keys, "All spoke.", "plenary")?;
    for desk in [LIAISON, OTHERS] {
        let json =
            shows(&house, desk, &minutes, &[" MINUTES · ", " DECIDED 1   to meet in a week", "All spoke."])?;
        ensure!(
            json["decisions"] == json!(["to meet in a week"]) && json["answers"] == json!(agenda),
            "{json}"
        );
    }
    let keys = format!("phase: minutes\n{meeting}\nanswers: {minutes}");
    let file = paper(&house, "session", &keys, "x")?;
    let said = house.refused(KINSHASA, &["write", "session", &file, "--to", "plenary"])?;
    ensure!(said.contains("session answers an agenda: name one"), "{said}");
    Ok(())
}

#[test]
fn a_commitment_in_two_languages_is_its_custodians_and_is_followed_month_by_month() -> Result<()> {
    let house = House::kivu()?;
    let keys = "kind: restraint\nbeneficiary: rwanda\nlanguage: fr\nfrom: 2024-02-20T00:00:00Z\nverified: by the mediators' own means\ndepends-on: no strike across the border";
    let text = "Les drones restent au sol.\n\n[en]\nThe drones stay on the ground.";
    let promise = post(&house, CUSTODIAN, "commitment", keys, text, &[])?;
    let lines = [
        " RESTRAINT by drc\n",
        " TOWARDS     rwanda\n",
        " TIME        from 200000Z FEB 24\n",
        " DEPENDS ON  no strike across the border\n",
        " [fr, authoritative]\n Les drones restent au sol.\n\n [en]\n The drones stay on the ground.\n",
    ];
    let json = shows(&house, KINSHASA, &promise, &lines)?;
    ensure!(json["text"] == json!("Les drones restent au sol."), "{json}");
    ensure!(
        json["texts"][1]
            == json!({"language": "en", "text": "The drones stay on the ground.", "authoritative": false}),
        "{json}"
    );

    let month = format!("answers: {promise}\nfrom: 2024-03-01T00:00:00Z\nto: 2024-04-01T00:00:00Z\nstate: ");
    let kept =
        enacted(&house, "compliance", &format!("{month}compliant\nobligor: drc"), "None has flown.", "drc")?;
    let lines = [
        &format!("COMPLIANCE NOTE on your commitment {promise}"),
        " COMPLIANT · drc · 010000Z MAR 24 to 010000Z APR 24",
    ];
    let json = shows(&house, LIAISON, &kept, &[lines[0], lines[1]])?;
    ensure!(json["state"] == json!("COMPLIANT") && json["obligor"] == json!("drc"), "{json}");
    let own = post(
        &house,
        LIAISON,
        "compliance",
        &format!("{month}disputed"),
        "One was seen; it was not ours.",
        &[],
    )?;
    shows(&house, KINSHASA, &own, &[" DISPUTED · all obligors · "])?;

    // Not by a desk that is no custodian, and not of another.
    let file = paper(&house, "commitment", keys, text)?;
    let said = house.refused(LIAISON, &["write", "commitment", &file])?;
    ensure!(said.contains("commitment is signed by a custodian of its obligor"), "{said}");
    let file = paper(&house, "compliance", &format!("{month}partial\nobligor: rwanda"), "x")?;
    let said = house.refused(KINSHASA, &["write", "compliance", &file, "--to", "drc"])?;
    ensure!(said.contains("names an obligor that the commitment does not bind"), "{said}");
    Ok(())
}

#[test]
fn what_both_parties_undertook_is_restated_in_the_plenary_and_tells_neither_of_the_others_room() -> Result<()>
{
    let house = House::kivu()?;
    let keys = "kind: cease-fire\nfrom: 2024-07-05T00:00:00Z\nto: 2024-07-19T00:00:00Z";
    let ours = post(&house, CUSTODIAN, "commitment", keys, "DRC holds fire.", &[])?;
    let theirs = post(&house, OTHERS, "commitment", keys, "Rwanda holds fire.", &[])?;
    let drones =
        post(&house, CUSTODIAN, "commitment", "kind: restraint", "The drones stay on the ground.", &[])?;

    // A wrong one: of another kind, twice one party's, no commitment, none at all.
    let refused = |keys: &str, says: &str| -> Result<()> {
        let file = paper(&house, "commitment", &format!("kind: cease-fire\n{keys}"), "Both hold fire.")?;
        let said = house.refused(KINSHASA, &["write", "commitment", &file, "--to", "plenary"])?;
        ensure!(said.contains(says), "{keys}: {said}");
        Ok(())
    };
    let other = format!("undertaking 1, of drc: {drones} is no commitment of this kind");
    refused(&format!("undertakings: {drones}, {theirs}"), &other)?;
    refused(
        &format!("undertakings: {drones}, {ours}"),
        &format!("line 4: `undertakings`: {drones} and {ours} are both of drc"),
    )?;
    refused(&format!("undertakings: {theirs}, drc#3"), "line 4: `undertakings`: drc#3 is no commitment")?;
    refused("from: 2024-07-05T00:00:00Z", "the front matter lacks `undertakings`")?;

    let keys = format!("{keys}\nundertakings: {theirs}, {ours}");
    let file = paper(&house, "commitment", &keys, "Both sides hold fire until 19 July.")?;
    let proposed = house.text(KINSHASA, &["write", "commitment", &file, "--to", "plenary"])?;
    for line in [
        &format!("RESTATES {ours}, which drc signed as follows (not sent):"),
        " │ DRC holds fire.",
        &format!("RESTATES {theirs}, which rwanda signed as follows (not sent):"),
        " │ Rwanda holds fire.",
    ] {
        ensure!(proposed.contains(line), "{line:?} is not in\n{proposed}");
    }
    let waiting = house.json(WASHINGTON, &["pending"])?;
    let proposal = text_of(&waiting["proposals"][0], "proposal")?;
    let entry = house.enact(WASHINGTON, &proposal)?.remove(0);

    let restated = |desk: &str| -> Result<Value> {
        let lines = [
            " CEASE-FIRE by drc and rwanda\n",
            "Both sides hold fire until 19 July.",
            " RESTATES    what drc signed (statement ",
        ];
        let json = shows(&house, desk, &entry, &lines)?;
        let (text, _) = read(&house, desk, &entry)?;
        for leak in ["holds fire.", "drc#", "rwanda#"] {
            ensure!(
                !text.contains(leak) && !json.to_string().contains(leak),
                "{leak:?} is shown to {desk}:\n{text}"
            );
        }
        Ok(json)
    };
    let (mine, others) = (restated(LIAISON)?, restated(OTHERS)?);
    ensure!(mine == others, "{mine}\n{others}");
    ensure!(mine["obligors"] == json!(["drc", "rwanda"]), "{mine}");
    ensure!(mine["undertakings"][0]["organisation"] == json!("drc"), "{mine}");
    Ok(())
}

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

#[test]
fn a_file_that_is_not_in_order_is_refused_with_its_line_and_what_to_write() -> Result<()> {
    let house = House::kivu()?;
    let whole = |keys: &str| format!("---\nsubject: x\n{keys}---\n\nText.\n");
    for (desk, kind, file, says) in [
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
    ] {
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
