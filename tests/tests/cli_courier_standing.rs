//! A letter is taken from whom the network would let in, and from nobody else.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;

use anyhow::{Result, ensure};
use tearline_certs::{Admitted, Authority, Moment, Profile, TlsKey};
use tearline_ledger::{
    card::SignedCard,
    courier::letter::{Letter, Sender},
    keys::SigningKey,
};
use tearline_tests::cli::House;

const DESK: &str = "drc/liaison";
const DAY: i64 = 24 * 60 * 60;
const CONCERN: &str = "---
subject: Boats at Kalehe
precedence: PRIORITY
activity: offensive
answer-use: paraphrased
---

Boats without lights cross the lake by night.
";

/// A concern waits at a desk whose server is nowhere.
fn cut_off(house: &House) -> Result<()> {
    house.point(&house.desk(DESK), "127.0.0.1:1".parse()?)?;
    let path = house.write("papers/boats.md", CONCERN)?;
    house.text(DESK, &["--courier", "write", "concern", &path])?;
    Ok(())
}

fn out(house: &House, letter: &str) -> Result<String> {
    house.text(DESK, &["courier", "out", &house.arg(letter)])
}

/// Neither the operator nor a connected desk takes the letter in, each says `why`, and nothing is entered.
fn refused(house: &House, letter: &str, why: &str) -> Result<()> {
    let (letter, answer) = (house.arg(letter), house.arg("no.answer"));
    let before = house.next("us/kinshasa", "drc")?;
    let said = house.tearlined(&["courier", &letter, &answer])?.refused(1)?;
    ensure!(said.contains(why), "the operator is told: {said}");
    let said = house.refused("drc/delegation", &["courier", "carry", &letter, &answer])?;
    ensure!(said.contains(why), "the carrier is told: {said}");
    ensure!(!house.path("no.answer").exists() && !house.path("no.part").exists(), "it was answered");
    ensure!(house.next("us/kinshasa", "drc")? == before, "something of it was entered");
    Ok(())
}

#[tokio::test]
async fn a_revoked_desk_s_letter_is_refused_by_whoever_takes_it_in() -> Result<()> {
    let house = House::kivu()?;
    cut_off(&house)?;
    let said = out(&house, "drc.letter")?;
    ensure!(!said.contains("lapse"), "{said}");
    house.certs(&["revoke", DESK, "--publish", &house.arg("server/revocations.pem")])?.done()?;
    house.server.reload().await?;
    refused(&house, "drc.letter", "drc/liaison is not let in: its certificate is revoked")?;

    // With another certificate for the same keys it is what it was, and the old letter is not.
    let card = SignedCard::from_text(&fs::read_to_string(house.desk(DESK).join("card.tearline"))?)?;
    let holder = Admitted { name: card.card().name.clone(), tls_key: TlsKey::from_spki_der(card.tls_key())? };
    let issued = Authority::open(&house.path("authority"))?.issue(&holder)?;
    fs::write(house.desk(DESK).join("certificate.pem"), issued.pem)?;
    refused(&house, "drc.letter", "revoked")?;
    out(&house, "new.letter")?;
    let told = house.tearlined(&["courier", &house.arg("new.letter"), &house.arg("new.answer")])?.done()?;
    ensure!(told.contains("entered as drc#"), "{told}");
    let carry = ["courier", "carry", &house.arg("new.letter"), &house.arg("other.answer")];
    house.text("drc/delegation", &carry)?;
    house.text(DESK, &["courier", "in", &house.arg("other.answer")])?;
    Ok(())
}

#[test]
fn a_letter_with_a_lapsed_or_a_foreign_certificate_is_refused_and_its_desk_was_warned() -> Result<()> {
    let house = House::kivu()?;
    cut_off(&house)?;
    let own = house.desk(DESK).join("certificate.pem");
    let card = SignedCard::from_text(&fs::read_to_string(house.desk(DESK).join("card.tearline"))?)?;
    let holder = Admitted { name: card.card().name.clone(), tls_key: TlsKey::from_spki_der(card.tls_key())? };
    house.certs(&["revoke", DESK, "--reason", "superseded"])?.done()?;
    let (authority, now) = (Authority::open(&house.path("authority"))?, Moment::now());

    let past = Profile::between(now.plus(-2 * DAY), now.plus(-DAY))?;
    fs::write(&own, authority.issue_with(&holder, past)?.pem)?;
    let said = out(&house, "late.letter")?;
    ensure!(said.contains("certificate has lapsed or does within 14 days"), "{said}");
    refused(&house, "late.letter", "drc/liaison is not let in: its certificate has expired")?;

    let future = Profile::between(now.plus(DAY), now.plus(90 * DAY))?;
    fs::write(&own, authority.issue_with(&holder, future)?.pem)?;
    out(&house, "early.letter")?;
    refused(&house, "early.letter", "is not valid yet")?;

    let elsewhere = Authority::init(&house.path("elsewhere"), &"kivu.example".parse()?)?;
    fs::write(&own, elsewhere.issue_with(&holder, Profile::standard(now))?.pem)?;
    out(&house, "foreign.letter")?;
    refused(&house, "foreign.letter", "is none that this server lets in")?;

    // One that lapses while the letter may be on its way is told of, and is good until then.
    house.certs(&["revoke", DESK, "--reason", "superseded"])?.done()?;
    let soon = Profile::between(now.plus(-DAY), now.plus(5 * DAY))?;
    fs::write(&own, authority.issue_with(&holder, soon)?.pem)?;
    let said = house.json(DESK, &["courier", "out", &house.arg("soon.letter")])?;
    ensure!(said["certificate_lapses"] == serde_json::json!(true), "{said}");
    house.tearlined(&["courier", &house.arg("soon.letter"), &house.arg("soon.answer")])?.done()?;
    Ok(())
}

#[test]
fn a_letter_with_anothers_certificate_or_none_is_refused() -> Result<()> {
    let house = House::kivu()?;
    cut_off(&house)?;
    out(&house, "good.letter")?;
    let good = Letter::parse(&fs::read(house.path("good.letter"))?)?;
    let key = SigningKey::from_seed(&[7; 32]);
    let forge = |certificates: Vec<bytes::Bytes>| -> Result<()> {
        let sender = Sender { certificates, ..good.sender.clone() };
        house.write("forged.letter", Letter::write(&sender, &good.rooms, &[], &key)?).map(drop)
    };
    // The right certificate, which anybody may have seen, and another's signature.
    forge(good.sender.certificates.clone())?;
    refused(&house, "forged.letter", "key that signed the letter")?;
    // Another desk's certificate: the operator is told whose.
    house.point(&house.desk("rwanda/liaison"), "127.0.0.1:1".parse()?)?;
    house.text("rwanda/liaison", &["courier", "out", &house.arg("rwanda.letter")])?;
    let other = Letter::parse(&fs::read(house.path("rwanda.letter"))?)?;
    forge(other.sender.certificates)?;
    let (letter, answer) = (house.arg("forged.letter"), house.arg("no.answer"));
    let said = house.tearlined(&["courier", &letter, &answer])?.refused(1)?;
    ensure!(said.contains("its certificate is rwanda/liaison's"), "{said}");
    let said = house.refused("drc/delegation", &["courier", "carry", &letter, &answer])?;
    ensure!(said.contains("that of its certificate"), "{said}");
    // What is no certificate.
    forge(vec![bytes::Bytes::from_static(b"none")])?;
    let said = house.tearlined(&["courier", &letter, &answer])?.refused(1)?;
    ensure!(said.contains("is not let in"), "{said}");
    let said = house.refused("drc/delegation", &["courier", "carry", &letter, &answer])?;
    ensure!(said.contains("that of its certificate"), "{said}");
    // A desk does not write with another's.
    fs::copy(house.desk("rwanda/liaison").join("certificate.pem"), house.desk(DESK).join("certificate.pem"))?;
    let said = house.refused(DESK, &["courier", "out", &house.arg("mixed.letter")])?;
    ensure!(said.contains("is not of") && !house.path("mixed.letter").exists(), "{said}");
    Ok(())
}
