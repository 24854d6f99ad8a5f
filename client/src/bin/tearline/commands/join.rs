//! `join`, and the end of `found`: this desk's first words with its server.

use std::fmt::Write as _;

use serde_json::json;
use tearline_client::{
    compose::Submission,
    desk::now,
    join::{self, Joining},
    submit, words,
};
use tearline_ledger::admission::Invitation;

use super::{Fetched, found, sync_all};
use crate::{
    cli::{Found, Join, Renew},
    context::{Context, Failure, Lift as _, text_of},
    report::say,
};

pub(crate) fn join(context: &Context, args: &Join) -> Result<(), Failure> {
    let mut profile = context.profile()?;
    let invitation = Invitation::from_text(&text_of(&args.invitation)?)
        .map_err(|error| Failure::refused(format!("{}: {error}", args.invitation.display())))?;
    let joining = Joining::check(&profile, &invitation).lift()?;
    let mut question = format!("Server      {}\nSigned by\n", joining.server);
    for (name, digest) in &joining.signers {
        let _ = writeln!(question, "  {:<20} {}", name.desk(), words::fingerprint(digest));
    }
    question.push_str("Are these the mediators that you know, with the words that they told you? Type yes: ");
    if !context.confirm(&question, "yes")? {
        return Err(Failure::refused("not joined"));
    }
    let joined = profile.server().is_ok();
    if joined {
        joining.renew(&mut profile).lift()?;
    } else {
        joining.keep(&mut profile).lift()?;
    }
    let signers: Vec<&str> = joining.signers.iter().map(|(name, _)| name.desk()).collect();
    let rooms: Vec<String> = joining
        .rooms
        .iter()
        .map(|(id, name)| name.as_ref().map_or_else(|| id.to_string(), |name| name.as_str().to_owned()))
        .collect();
    let text = format!(
        "Joined {} at {}, on the word of {}.\nRooms       {}\nNext: tearline fetch\n",
        profile.member().domain().as_str(),
        joining.server,
        signers.join(", "),
        rooms.join(", ")
    );
    let json = json!({"server": joining.server, "signed_by": signers, "rooms": rooms});
    say(context, &json, &text)
}

/// Keeps a renewed certificate.
pub(crate) fn renew(context: &Context, args: &Renew) -> Result<(), Failure> {
    let (profile, path) = (context.profile()?, &args.certificate);
    let text = text_of(path)?;
    join::renew(&profile, text.as_bytes(), now()).lift()?;
    let desk = profile.member().desk();
    let text = format!("Renewed: {desk} connects with this certificate from now on.\nNext: tearline fetch\n");
    say(context, &json!({"desk": desk, "certificate": path.display().to_string()}), &text)
}

/// Sends a founding that every mediator has signed.
pub(crate) fn submit_founding(context: &Context, args: &Found) -> Result<(), Failure> {
    let admission = found::complete(&args.file)?;
    let (runtime, mut desk, session) = context.online()?;
    let submissions: Vec<Submission> = admission
        .statements()
        .iter()
        .map(|signed| Submission { signed: signed.clone(), content: None })
        .collect();
    runtime.block_on(submit::submit(&session, &desk, &submissions, now())).lift()?;
    let Fetched { rooms, .. } = runtime.block_on(sync_all(context, &session, &mut desk))?;
    let names: Vec<&str> = rooms.iter().map(|(name, ..)| name.as_str()).collect();
    let text = "The chamber is founded. Next: tearline admit CARD ROOM…\n";
    say(context, &json!({"rooms": names}), text)
}
