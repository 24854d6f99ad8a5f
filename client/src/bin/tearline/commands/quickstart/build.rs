//! Building the house: authority, server, nine desks, the chamber and three rooms.

use std::fs;

use serde_json::Value;

use super::house::{House, labelled};
use crate::context::Failure;

/// Desk, role, whether it is a custodian.
pub(super) const DESKS: [(&str, &str, bool); 9] = [
    ("us/washington", "mediator", false),
    ("us/kinshasa", "mediator", false),
    ("us/kigali", "mediator", false),
    ("un/monitor-1", "auditor", false),
    ("un/monitor-2", "auditor", false),
    ("drc/delegation", "party", true),
    ("drc/liaison", "party", false),
    ("rwanda/delegation", "party", true),
    ("rwanda/liaison", "party", false),
];

const DOMAIN: &str = "kivu.example";

/// Everything up to the point at which the desks can work.
pub(super) fn build(house: &House, say: &dyn Fn(&str)) -> Result<(), Failure> {
    let server = house.path("server").display().to_string();
    house.certs(&[
        "init",
        "--domain",
        DOMAIN,
        "--server-ip",
        "127.0.0.1",
        "--server-name",
        "localhost",
        "--server-out",
        &server,
    ])?;
    house.certs(&["crl", "--days", "30", "--publish", &format!("{server}/revocations.pem")])?;
    let made = house.tearlined(&["init", &server, "--domain", DOMAIN])?;
    let log_key = labelled(&made, "Log key")?;
    say("a certificate authority and a server");
    desks(house)?;
    say("nine desks, each with keys of its own");
    let chamber = found(house, &log_key)?;
    configure(house, &chamber)?;
    house.serve()?;
    join(house, DESKS.iter().filter(|(_, role, _)| *role != "party").map(|(desk, ..)| *desk))?;
    house.run("us/washington", &["found", "papers/chamber.founding", "--submit"])?;
    say("the chamber, founded by all three mediators");
    rooms(house)?;
    say("the rooms drc, rwanda and plenary, by enacted proposals");
    Ok(())
}

fn desks(house: &House) -> Result<(), Failure> {
    let mut started = Vec::new();
    for (desk, role, custodian) in DESKS {
        // The passphrase of a demonstration is no secret, so its encryption need not be slow.
        let mut args = vec!["init", desk, "--role", role, "--domain", DOMAIN, "--work-factor", "10"];
        if custodian {
            args.push("--custodian");
        }
        started.push(house.start(desk, &args)?);
    }
    started.into_iter().try_for_each(|it| it.finish().map(drop))?;
    for party in ["drc", "rwanda"] {
        let liaison = format!("{party}/liaison");
        house.run(
            &format!("{party}/delegation"),
            &["endorse", &card(&liaison), "--out", &endorsed(&liaison)],
        )?;
    }
    Ok(())
}

fn card(desk: &str) -> String {
    format!("desks/{}/card.tearline", desk.replace('/', "-"))
}

fn endorsed(desk: &str) -> String {
    format!("papers/{}.endorsed.card", desk.replace('/', "-"))
}

/// The chamber's founding goes round; its room id.
fn found(house: &House, log_key: &str) -> Result<String, Failure> {
    let address = house.address.clone();
    let cards: Vec<String> =
        ["us/kinshasa", "us/kigali", "un/monitor-1", "un/monitor-2"].into_iter().map(card).collect();
    let mut args = vec![
        "found",
        "papers/chamber.founding",
        "--new",
        "--address",
        &address,
        "--authority",
        "authority/authority.pem",
        "--log-key",
        log_key,
    ];
    for card in &cards {
        args.extend(["--card", card]);
    }
    house.run("us/washington", &args)?;
    house.run("us/kinshasa", &["found", "papers/chamber.founding"])?;
    let done = house.run("us/kigali", &["found", "papers/chamber.founding"])?;
    house.certs(&["issue", "papers/chamber.founding", "--out", "papers"])?;
    text(&done, "chamber")
}

fn configure(house: &House, chamber: &str) -> Result<(), Failure> {
    let path = house.path("server/tearlined.toml");
    let config = fs::read_to_string(&path)
        .map_err(|error| Failure::refused(format!("{}: {error}", path.display())))?;
    fs::copy(house.path("authority/authority.pem"), house.path("server/authority.pem"))
        .map_err(|error| Failure::refused(format!("authority.pem cannot be copied: {error}")))?;
    let config = config
        .replace("listen = \"127.0.0.1:7443\"", &format!("listen = \"{}\"", house.address))
        .replace("# chamber = \"\"", &format!("chamber = \"{chamber}\""));
    house.write_private("server/tearlined.toml", &config)?;
    house.tearlined(&["check-config", &path.display().to_string()])?;
    Ok(())
}

fn join<'a>(house: &House, desks: impl IntoIterator<Item = &'a str>) -> Result<(), Failure> {
    let mut started = Vec::new();
    for desk in desks {
        let invitation = format!("papers/{}.invitation", desk.replace('/', "-"));
        started.push(house.start(desk, &["join", &invitation])?);
    }
    started.into_iter().try_for_each(|it| it.finish().map(drop))
}

fn rooms(house: &House) -> Result<(), Failure> {
    for party in ["drc", "rwanda"] {
        let (delegation, liaison) = (format!("{party}/delegation"), format!("{party}/liaison"));
        admit(house, party, &card(&delegation), &[&endorsed(&liaison)])?;
        house.certs(&["issue", &format!("papers/{party}.admission"), "--out", "papers"])?;
        join(house, [delegation.as_str(), &liaison])?;
    }
    let too = [endorsed("drc/liaison"), card("rwanda/delegation"), endorsed("rwanda/liaison")];
    let too: Vec<&str> = too.iter().map(String::as_str).collect();
    admit(house, "plenary", &card("drc/delegation"), &too)
}

fn admit(house: &House, room: &str, first: &str, too: &[&str]) -> Result<(), Failure> {
    let mut args = vec!["admit", first, room];
    for other in too {
        args.extend(["--card-too", other]);
    }
    let proposal = text(&house.run("us/washington", &args)?, "proposal")?;
    let admission = format!("papers/{room}.admission");
    house.run("us/kinshasa", &["approve", &proposal, "--admission", &admission])?;
    Ok(())
}

/// A text of a command's JSON.
pub(super) fn text(json: &Value, key: &str) -> Result<String, Failure> {
    json.get(key)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Failure::refused(format!("a command did not say its `{key}`: {json}")))
}
