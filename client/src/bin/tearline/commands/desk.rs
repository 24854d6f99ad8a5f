//! `init` and `endorse`: a desk's keys and its card.

use serde_json::json;
use tearline_client::{durable, profile::Profile, vault::Vault, words};
use tearline_ledger::{
    card::SignedCard,
    name::{Domain, MemberName, Role},
};

use crate::{
    cli::{Endorse, Init},
    context::{Context, Failure, Lift as _, text_of},
    report::say,
};

pub(crate) fn init(context: &Context, args: &Init) -> Result<(), Failure> {
    let domain: Domain = args.domain.parse().map_err(Failure::usage)?;
    let role: Role = args.role.parse().map_err(Failure::usage)?;
    let name = MemberName::from_desk(&domain, role, &args.desk).map_err(Failure::usage)?;
    if args.custodian && role != Role::Party {
        return Err(Failure::usage("only a party has custodians: leave --custodian out"));
    }
    if context.dir.join("profile.toml").exists() {
        let message = format!(
            "{} has a desk's profile already: give another folder with --profile",
            context.dir.display()
        );
        return Err(Failure::refused(message));
    }
    let passphrase = context.source().choose(name.desk()).lift()?;
    let vault = Vault::generate().lift()?;
    let card = vault.new_card(&name, args.custodian).lift()?;
    let profile = Profile::create(&context.dir, &name).lift()?;
    vault.create(&profile.keys_path(), &passphrase, args.work_factor).lift()?;
    profile.put_card(&card).lift()?;
    let fingerprint = words::fingerprint(&card.card().fingerprint());
    let next = match role {
        Role::Party if !args.custodian => {
            "Next: give the card to your custodian, who runs `tearline endorse`."
        }
        Role::Party | Role::Auditor => "Next: give the card to a mediator, who runs `tearline admit`.",
        Role::Mediator => {
            "Next: give the card to the mediator who begins the founding (`tearline found --new`)."
        }
    };
    let text = format!(
        "Desk         {name}\nCard         {}\nFingerprint  {fingerprint}\n\nRead the fingerprint over the telephone to whoever gets the card.\n{next}\n",
        profile.card_path().display()
    );
    let json = json!({
        "member": name.as_str(),
        "card": profile.card_path(),
        "fingerprint": fingerprint,
    });
    say(context, &json, &text)
}

pub(crate) fn endorse(context: &Context, args: &Endorse) -> Result<(), Failure> {
    let profile = context.profile()?;
    let card = SignedCard::from_text(&text_of(&args.card)?)
        .map_err(|error| Failure::refused(format!("{}: {error}", args.card.display())))?;
    let (own, other) = (profile.member(), &card.card().name);
    if other.role() != Role::Party || other.org() != own.org() || other.domain() != own.domain() {
        return Err(Failure::refused(format!(
            "{} is not of your party: a custodian endorses desks of its own",
            other.desk()
        )));
    }
    if !profile.card().lift()?.card().custodian {
        return Err(Failure::refused(format!("{} is no custodian: ask the one of your party", own.desk())));
    }
    let fingerprint = words::fingerprint(&card.card().fingerprint());
    let question = format!(
        "Card of {}, fingerprint:\n  {fingerprint}\nHas the desk read you the same words? Type yes to endorse: ",
        other.desk()
    );
    if !context.confirm(&question, "yes")? {
        return Err(Failure::refused("not endorsed"));
    }
    let vault = context.vault(&profile)?;
    let endorsed = card.endorse(vault.sign_key()).map_err(Failure::refused)?;
    durable::create(&args.out, endorsed.to_text().as_bytes()).lift()?;
    let text = format!(
        "Endorsed the card of {}: {}\nNext: give it to a mediator, who runs `tearline admit`.\n",
        other.desk(),
        args.out.display()
    );
    let json = json!({"member": other.as_str(), "card": args.out, "fingerprint": fingerprint});
    say(context, &json, &text)
}
