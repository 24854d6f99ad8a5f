//! Who may not connect is refused, and the client says which of the reasons it was.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;

use anyhow::{Result, ensure};
use tearline_certs::{Admitted, Authority, Moment, Profile, TlsKey};
use tearline_ledger::card::SignedCard;
use tearline_tests::cli::House;

const DESK: &str = "drc/liaison";
const DAY: i64 = 24 * 60 * 60;

/// The holder of a card, as an authority is told of it.
fn admitted(house: &House, folder: &str) -> Result<Admitted> {
    let card = SignedCard::from_text(&fs::read_to_string(house.path(folder).join("card.tearline"))?)?;
    Ok(Admitted { name: card.card().name.clone(), tls_key: TlsKey::from_spki_der(card.tls_key())? })
}

/// What fetching says, when it is refused.
fn fetch(house: &House) -> Result<String> {
    house.refused(DESK, &["fetch"])
}

#[test]
fn each_certificate_that_is_refused_is_told_from_the_others() -> Result<()> {
    let house = House::kivu()?;
    let now = Moment::now();
    let own = house.desk(DESK).join("certificate.pem");
    let good = fs::read(&own)?;
    let holder = admitted(&house, "desks/drc-liaison")?;

    // None.
    fs::remove_file(&own)?;
    let said = fetch(&house)?;
    ensure!(said.contains("certificate.pem"), "{said}");
    fs::write(&own, "")?;
    let said = fetch(&house)?;
    ensure!(said.contains("certificate") && said.contains("join"), "{said}");

    // Another authority's, for the same domain.
    let elsewhere = Authority::init(&house.path("elsewhere"), &"kivu.example".parse()?)?;
    fs::write(&own, elsewhere.issue_with(&holder, Profile::standard(now))?.pem)?;
    let said = fetch(&house)?;
    ensure!(said.contains("does not know the authority of this desk's certificate"), "{said}");

    // Expired. The authority's own books forget the good one; the server is not told.
    house.certs(&["revoke", DESK, "--reason", "superseded"])?.done()?;
    let authority = Authority::open(&house.path("authority"))?;
    let past = Profile::between(now.plus(-2 * DAY), now.plus(-DAY))?;
    fs::write(&own, authority.issue_with(&holder, past)?.pem)?;
    let said = fetch(&house)?;
    ensure!(said.contains("this desk's certificate has expired: ask the operator to renew"), "{said}");

    // Another desk's.
    fs::copy(house.desk("rwanda/liaison").join("certificate.pem"), &own)?;
    let said = fetch(&house)?;
    ensure!(said.contains("is not of") && said.contains("rwanda/liaison"), "{said}");

    // The good one, and the server knows it again.
    fs::write(&own, &good)?;
    house.text(DESK, &["fetch"])?;
    Ok(())
}

#[tokio::test]
async fn a_revoked_desk_is_told_so_and_others_go_on() -> Result<()> {
    let house = House::kivu()?;
    house.text(DESK, &["fetch"])?;
    house.certs(&["revoke", DESK, "--publish", &house.arg("server/revocations.pem")])?.done()?;
    house.server.reload().await?;
    let said = fetch(&house)?;
    ensure!(said.contains("this desk's certificate was revoked: call the operator and a mediator"), "{said}");
    let said = house.refused(DESK, &["ack", "drc#4"])?;
    ensure!(said.contains("was revoked"), "{said}");
    // What it has, it can still read; a lost device is what `lost` is for.
    house.text(DESK, &["read", "drc#4"])?;
    house.text("drc/delegation", &["fetch"])?;
    house.text("us/kigali", &["fetch"])?;
    Ok(())
}

#[test]
fn a_desk_whose_certificate_has_expired_takes_a_renewed_one_and_goes_on() -> Result<()> {
    let house = House::kivu()?;
    let (own, now) = (house.desk(DESK).join("certificate.pem"), Moment::now());
    house.certs(&["renew", DESK, "--out", &house.arg("renewed")])?.done()?;
    let renewed = house.path("renewed").join("drc-liaison.pem");
    // The authority's own books forget both; the server is not told.
    house.certs(&["revoke", DESK, "--reason", "superseded"])?.done()?;
    let authority = Authority::open(&house.path("authority"))?;
    let past = Profile::between(now.plus(-2 * DAY), now.plus(-DAY))?;
    let expired = authority.issue_with(&admitted(&house, "desks/drc-liaison")?, past)?.pem;
    fs::write(&own, &expired)?;
    let said = fetch(&house)?;
    ensure!(said.contains("`tearline renew FILE`"), "{said}");
    for (wrong, why) in [
        (expired.as_str(), "does not hold now"),
        ("no certificate", "no certificate in PEM"),
        (&fs::read_to_string(house.desk("rwanda/liaison").join("certificate.pem"))?, "rwanda/liaison"),
    ] {
        let wrong = house.write("wrong.pem", wrong)?;
        let said = house.refused(DESK, &["renew", &wrong])?;
        ensure!(said.contains(why), "{said}");
        ensure!(fs::read_to_string(&own)? == expired, "the old one is gone");
    }
    let said = house.text(DESK, &["renew", &renewed.display().to_string()])?;
    ensure!(said.contains("Renewed: drc/liaison"), "{said}");
    house.text(DESK, &["fetch"])?;
    Ok(())
}

#[test]
fn the_right_name_with_a_key_that_no_charter_holds_is_refused() -> Result<()> {
    let house = House::kivu()?;
    let fresh = house.arg("fresh");
    let mut init = house.command(&["--profile", &fresh, "--passphrase-file", "passphrase"])?;
    init.args(["init", DESK, "--role", "party", "--domain", "kivu.example", "--work-factor", "10"]);
    tearline_tests::cli::said::Said::of(init)?.done()?;
    house.certs(&["revoke", DESK, "--reason", "superseded"])?.done()?;
    let authority = Authority::open(&house.path("authority"))?;
    let issued = authority.issue(&admitted(&house, "fresh")?)?;
    // The real desk's folder, but with keys of its own.
    let own = house.desk(DESK);
    for file in ["keys.age", "card.tearline"] {
        fs::copy(house.path("fresh").join(file), own.join(file))?;
    }
    fs::write(own.join("certificate.pem"), issued.pem)?;
    let said = fetch(&house)?;
    ensure!(said.contains("no charter holds its key") && said.contains("ask a mediator to admit"), "{said}");
    // And what the rooms' keys were wrapped for does not open.
    let said = house.run(DESK, &["read", "drc#4"])?;
    ensure!(said.code != 0 && !said.out.contains("vehicles"), "{}", said.out);
    Ok(())
}

#[test]
fn a_server_that_is_not_the_mediations_own_is_not_trusted() -> Result<()> {
    let mut house = House::kivu()?;
    let pem = house.desk(DESK).join("authority.pem");
    let good = fs::read(&pem)?;
    let elsewhere = Authority::init(&house.path("elsewhere"), &"kivu.example".parse()?)?;
    fs::write(&pem, elsewhere.ca_pem())?;
    let said = fetch(&house)?;
    ensure!(said.contains("is not this mediation's server") && said.contains("Do not go on"), "{said}");
    fs::write(&pem, good)?;

    house.server.kill()?;
    let said = fetch(&house)?;
    ensure!(said.contains("cannot reach 127.0.0.1:") && said.contains("ask the operator"), "{said}");
    // Reading works without a server.
    house.text("drc/delegation", &["status"])?;
    house.text(DESK, &["read", "drc#4"])?;
    house.text(DESK, &["inbox"])?;
    Ok(())
}
