//! Playing what happened: each scene through the commands that an officer would type.

use std::fs;

use serde_json::Value;

use super::{
    build::text,
    house::House,
    papers::{CEASE_FIRE, CONCERN, NOTE, OFFER_DRC, OFFER_RWANDA, SAKE},
};
use crate::context::Failure;

/// Shows a person what goes on.
pub(super) type Say<'a> = &'a dyn Fn(&str);

/// A scene as it is told, and what a desk then sees on its own screen.
pub(super) fn play(house: &House, say: Say<'_>) -> Result<(), Failure> {
    for (name, paper) in [
        ("offer-drc.md", OFFER_DRC),
        ("offer-rwanda.md", OFFER_RWANDA),
        ("cease-fire.md", CEASE_FIRE),
        ("sake.md", SAKE),
        ("concern.md", CONCERN),
        ("note.md", NOTE),
    ] {
        house.write_private(&format!("papers/{name}"), paper)?;
    }
    offers(house, say)?;
    cease_fire(house, say)?;
    let concern = concern(house, say)?;
    let briefing = answer(house, say, &concern)?;
    refused(house, say, &briefing)?;
    later(house, say, &briefing)?;
    isolation(house, say, &concern)?;
    audit(house, say)
}

fn publish(house: &House, desk: &str, paper: &str) -> Result<String, Failure> {
    text(&house.run(desk, &["publish", &format!("papers/{paper}")])?, "entry")
}

/// One desk proposes, another approves; where the released post stands.
fn release(house: &House, (by, approver): (&str, &str), args: &[&str]) -> Result<Vec<String>, Failure> {
    let mut all = vec!["release"];
    all.extend(args);
    let proposal = text(&house.run(by, &all)?, "proposal")?;
    let done = house.run(approver, &["approve", &proposal])?;
    let entries = done.get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(entries.iter().skip(1).filter_map(Value::as_str).map(str::to_owned).collect())
}

fn only(entries: Vec<String>) -> Result<String, Failure> {
    let mut entries = entries.into_iter();
    entries.next().ok_or_else(|| Failure::refused("a release came to no entry"))
}

fn offers(house: &House, say: Say<'_>) -> Result<(), Failure> {
    say("\nNov 2023   The mediators make each side an offer, apart from the other.");
    for (party, paper, approver) in
        [("drc", "offer-drc.md", "us/kinshasa"), ("rwanda", "offer-rwanda.md", "us/kigali")]
    {
        let briefing = publish(house, "us/washington", paper)?;
        let entry = only(release(
            house,
            ("us/washington", approver),
            &[&briefing, "--portions", "1", "--to", party],
        )?)?;
        let liaison = format!("{party}/liaison");
        house.run(&liaison, &["fetch"])?;
        house.run(&liaison, &["read", &entry])?;
        house.run(&liaison, &["ack", &entry])?;
        say(&format!("           {liaison} reads and acknowledges {entry}."));
    }
    Ok(())
}

fn cease_fire(house: &House, say: Say<'_>) -> Result<(), Failure> {
    say("\nNov 2023   The cease-fire, in the plenary: both sides read the same bytes.");
    let briefing = publish(house, "us/washington", "cease-fire.md")?;
    let entry = only(release(
        house,
        ("us/washington", "us/kigali"),
        &[&briefing, "--portions", "1", "--to", "plenary"],
    )?)?;
    for desk in ["drc/delegation", "rwanda/delegation"] {
        house.run(desk, &["fetch"])?;
        house.run(desk, &["read", &entry])?;
    }
    house.run("us/kinshasa", &["write", "note", "papers/note.md", "--to", "chamber"])?;
    say(&format!("           Both delegations read {entry}."));
    Ok(())
}

fn concern(house: &House, say: Say<'_>) -> Result<String, Failure> {
    say("\nJan 2024   drc voices a concern, in its own room.");
    let entry = text(&house.run("drc/liaison", &["write", "concern", "papers/concern.md"])?, "entry")?;
    say(&format!("           {entry}: a column moves towards Sake."));
    Ok(entry)
}

fn answer(house: &House, say: Say<'_>, concern: &str) -> Result<String, Failure> {
    say("\nJan 2024   kinshasa records a briefing of five portions; two desks release portions 1 and 3.");
    let briefing = publish(house, "us/kinshasa", "sake.md")?;
    let entry = only(release(
        house,
        ("us/kinshasa", "us/washington"),
        &[
            &briefing,
            "--portions",
            "1,3",
            "--to",
            "drc",
            "--answers",
            concern,
            "--finding",
            "partly-corroborated",
            "--activity",
            "offensive",
            "--likelihood",
            "likely",
            "--confidence",
            "moderate",
        ],
    )?)?;
    house.run("drc/liaison", &["fetch"])?;
    show(house, say, "drc/liaison", &["inbox"])?;
    show(house, say, "drc/liaison", &["read", &entry])?;
    say("\n           From the same briefing, portion 2 goes to rwanda.");
    let other = only(release(
        house,
        ("us/kigali", "us/washington"),
        &[&briefing, "--portions", "2", "--to", "rwanda"],
    )?)?;
    house.run("rwanda/liaison", &["fetch"])?;
    house.run("rwanda/liaison", &["read", &other])?;
    Ok(briefing)
}

fn refused(house: &House, say: Say<'_>, briefing: &str) -> Result<(), Failure> {
    say("\nAug 2024   kinshasa tries to release portion 5, marked (S//NF), to drc.");
    show(house, say, "us/kinshasa", &["release", briefing, "--portions", "5", "--to", "drc"])?;
    Ok(())
}

fn later(house: &House, say: Say<'_>, briefing: &str) -> Result<(), Failure> {
    say("\nAug 2024   Portion 4 of January is released to drc, downgraded.");
    let entry = only(release(
        house,
        ("us/washington", "us/kinshasa"),
        &[
            briefing,
            "--portions",
            "4",
            "--to",
            "drc",
            "--downgrade",
            "4:C//ORCON//REL TO DRC:the depot is known to the public by now",
        ],
    )?)?;
    house.run("drc/liaison", &["fetch"])?;
    house.run("drc/liaison", &["read", &entry])?;
    say(&format!("           {entry}: drc finds it in the manifest that it has held since January."));
    Ok(())
}

fn isolation(house: &House, say: Say<'_>, concern: &str) -> Result<(), Failure> {
    say("\nWhat rwanda gets when it asks for drc's concern, and for a room that never was:");
    show(house, say, "rwanda/liaison", &["read", concern])?;
    show(house, say, "rwanda/liaison", &["read", "atlantis#1"])?;
    Ok(())
}

fn audit(house: &House, say: Say<'_>) -> Result<(), Failure> {
    say("\nOct 2024   The auditor verifies every room, without being able to read a word of it.");
    house.run("un/monitor-1", &["fetch"])?;
    show(house, say, "un/monitor-1", &["verify", "--all"])?;
    house.run("un/monitor-1", &["export", "papers/kivu.bundle"])?;
    show(house, say, "un/monitor-1", &["verify-bundle", "papers/kivu.bundle"])?;
    let path = house.path("papers/kivu.bundle");
    let io = |error: std::io::Error| Failure::refused(format!("{}: {error}", path.display()));
    let mut bytes = fs::read(&path).map_err(io)?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    fs::write(house.path("papers/altered.bundle"), &bytes).map_err(io)?;
    say("\n           One byte of the bundle is changed:");
    let code = show(house, say, "un/monitor-1", &["verify-bundle", "papers/altered.bundle"])?;
    if code != 3 {
        return Err(Failure::Alarm(format!("the changed byte was not caught: exit code {code}")));
    }
    Ok(())
}

/// Runs a command and shows what its officer sees.
fn show(house: &House, say: Say<'_>, desk: &str, args: &[&str]) -> Result<i32, Failure> {
    let (code, text) = house.show(desk, args)?;
    let quoted: Vec<String> = args
        .iter()
        .map(|arg| if arg.contains(' ') { format!("'{arg}'") } else { (*arg).to_owned() })
        .collect();
    let mut out = format!("\n  {desk} $ tearline {}\n", quoted.join(" "));
    for line in text.lines() {
        out.push_str(&format!("  │ {line}\n"));
    }
    if code != 0 {
        out.push_str(&format!("  └ exit code {code}\n"));
    }
    say(out.trim_end_matches('\n'));
    Ok(code)
}
