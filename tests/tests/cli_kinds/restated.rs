//! What both parties undertook, restated by mediators.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tearline_tests::cli::{House, text_of};

use super::{CUSTODIAN, KINSHASA, LIAISON, OTHERS, WASHINGTON, paper, post, read, shows};

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
