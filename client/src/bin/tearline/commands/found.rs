//! `found`: the chamber's founding charter, a file that goes round until all mediators have signed it.

use std::fmt::Write as _;

use std::path::Path;

use serde_json::json;
use tearline_client::{
    compose::{self, Draft, charters},
    connect, durable, words,
};
use tearline_ledger::{
    admission::Admission,
    card::SignedCard,
    charter::{Charter, Limits, Member},
    id::RoomId,
    name::{Role, RoomName},
    note::VerifierKey,
    roomkey::RoomKeys,
};

use crate::{
    cli::Found,
    context::{Context, Failure, Lift as _, now, text_of},
    report::say,
};

/// Begins a founding, or adds this mediator's signature.
pub(crate) fn found(context: &Context, args: &Found) -> Result<(), Failure> {
    if args.new { begin(context, args) } else { sign(context, args) }
}

fn begin(context: &Context, args: &Found) -> Result<(), Failure> {
    let profile = context.profile()?;
    let me = profile.member().clone();
    if me.role() != Role::Mediator {
        return Err(Failure::refused("only a mediator founds the chamber"));
    }
    let (Some(address), Some(authority), Some(log_key)) = (&args.address, &args.authority, &args.log_key)
    else {
        return Err(Failure::usage("a founding begins with --address, --authority and --log-key"));
    };
    let vkey: VerifierKey = log_key
        .parse()
        .map_err(|error| Failure::usage(format!("--log-key: {error}: give what `tearlined init` printed")))?;
    let spki = connect::public_key_of("authority", text_of(authority)?.as_bytes()).lift()?;
    let mut cards = vec![profile.card().lift()?];
    for path in &args.card {
        cards.push(read_card(path)?);
    }
    cards.sort_by(|a, b| a.card().name.cmp(&b.card().name));
    cards.dedup_by(|a, b| a.card() == b.card());
    if let Some(party) = cards.iter().find(|card| card.card().name.role() == Role::Party) {
        let desk = party.card().name.desk();
        return Err(Failure::refused(format!(
            "{desk} is a party's: parties are not in the chamber; `admit` them later"
        )));
    }
    let members: Vec<Member> = cards.iter().map(|card| card.card().clone().into_member(None, None)).collect();
    let terms = charters::Terms {
        quorum: args.quorum,
        log_vkey: vkey,
        limits: Limits::default(),
        members,
        succession: false,
        service: charters::service(address, &spki),
    };
    let name: RoomName = RoomName::CHAMBER.parse().map_err(Failure::refused)?;
    let founding = charters::founding(&me, me.domain(), &name, terms, now()).lift()?;
    let vault = context.vault(&profile)?;
    let signed = first_signature(founding.draft, vault.sign_key())?;
    let keys = cards.iter().map(|card| card.tls_key().clone()).collect();
    let admission = Admission::new(vec![signed], keys).map_err(Failure::refused)?;
    durable::create(&args.file, admission.to_text("Founding of the chamber").as_bytes()).lift()?;
    report(context, &args.file, &admission)
}

fn first_signature(
    draft: Draft,
    key: &tearline_ledger::keys::SigningKey,
) -> Result<tearline_ledger::statement::Signed, Failure> {
    let submission: compose::Submission = draft.sign(key).lift()?;
    tearline_ledger::statement::Signed::parse(&submission.to_message().envelope).map_err(Failure::refused)
}

fn sign(context: &Context, args: &Found) -> Result<(), Failure> {
    let profile = context.profile()?;
    let admission = read(&args.file)?;
    let (room, charter) = chamber(&admission)?;
    let me = profile.member();
    let member = charter
        .member(me)
        .filter(|member| member.name.role() == Role::Mediator)
        .ok_or_else(|| Failure::refused(format!("the founding does not name {} as a mediator", me.desk())))?;
    if member.card() != *profile.card().lift()?.card() {
        return Err(Failure::refused("the founding names this desk with other keys than this profile has"));
    }
    if admission.signers().contains(me) {
        return report(context, &args.file, &admission);
    }
    let vault = context.vault(&profile)?;
    // There is no proposal to recompute the charter from, so each founder opens its own wrap.
    RoomKeys::new()
        .learn(room, charter, me, vault.seal_key())
        .map_err(|error| Failure::Alarm(format!("do not sign this founding: {error}")))?;
    let question = format!("{}\nType yes to sign this founding: ", describe(room, charter));
    if !context.confirm(&question, "yes")? {
        return Err(Failure::refused("not signed"));
    }
    let signed = admission.sign(vault.sign_key()).map_err(Failure::refused)?;
    durable::replace(&args.file, signed.to_text("Founding of the chamber").as_bytes()).lift()?;
    report(context, &args.file, &signed)
}

/// The founding in a file, which every mediator has signed.
pub(crate) fn complete(path: &Path) -> Result<Admission, Failure> {
    let admission = read(path)?;
    chamber(&admission)?;
    admission.require_quorum().map_err(Failure::refused)?;
    Ok(admission)
}

fn read(path: &Path) -> Result<Admission, Failure> {
    Admission::from_text(&text_of(path)?)
        .map_err(|error| Failure::refused(format!("{}: {error}", path.display())))
}

fn chamber(admission: &Admission) -> Result<(RoomId, &Charter), Failure> {
    let mut charters = admission.charters();
    let first = charters
        .next()
        .filter(|(_, charter)| charter.founding.as_ref().is_some_and(|founding| founding.name.is_chamber()));
    match (first, charters.next()) {
        (Some(first), None) => Ok(first),
        _ => Err(Failure::refused("the file is an admission, but not the founding of a chamber")),
    }
}

pub(crate) fn read_card(path: &Path) -> Result<SignedCard, Failure> {
    SignedCard::from_text(&text_of(path)?)
        .map_err(|error| Failure::refused(format!("{}: {error}", path.display())))
}

fn describe(room: RoomId, charter: &Charter) -> String {
    let mut out = format!(
        "Chamber     {room}\nServer      {}\nQuorum      {} of {} mediators\n",
        charter.service.address,
        charter.quorum,
        charter.mediators().count()
    );
    for member in &charter.members {
        let words = words::fingerprint(&member.card().fingerprint());
        let _ = writeln!(out, "{:<10}  {:<20} {words}", member.name.role().as_str(), member.name.desk());
    }
    out
}

fn report(context: &Context, file: &Path, admission: &Admission) -> Result<(), Failure> {
    let (room, charter) = chamber(admission)?;
    let signers = admission.signers();
    let missing: Vec<&str> = charter
        .mediators()
        .filter(|member| !signers.contains(&member.name))
        .map(|member| member.name.desk())
        .collect();
    let next = if missing.is_empty() {
        format!(
            "All mediators have signed. Next: the operator sets `chamber = \"{room}\"` in tearlined.toml and runs\n  tearline-certs issue {}\nThen each desk joins, and one mediator runs\n  tearline found {} --submit\n",
            file.display(),
            file.display()
        )
    } else {
        format!(
            "Still to sign: {}. Next: send them the file; each runs\n  tearline found {}\n",
            missing.join(", "),
            file.display()
        )
    };
    let text = format!("{}\n{next}", describe(room, charter));
    let json = json!({
        "chamber": room.to_string(),
        "file": file,
        "signed": signers.iter().map(tearline_ledger::name::MemberName::desk).collect::<Vec<_>>(),
        "missing": missing,
    });
    say(context, &json, &text)
}
