//! Each kind written by the desk that may, and read by the other side.

use anyhow::{Result, ensure};
use serde_json::json;
use tearline_tests::cli::{House, text_of};

use super::{CUSTODIAN, KINSHASA, LIAISON, OTHERS, WASHINGTON, enacted, paper, post, shows};

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
