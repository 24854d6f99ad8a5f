//! `admit`, `lost` and `write` into a party's room: what mediators propose, and how it is sent.

use serde_json::{Value, json};
use tearline_client::{
    compose::Submission,
    courier::{Outbox, Waiting},
    desk::{Desk, Room, now},
    propose::{
        Mediator, ProposeError,
        draft::{ProposalTerms, Proposed},
        matter::AlreadyGiven,
        releases::{ReleaseOrder, ToRoom},
    },
    session::Session,
    submit,
    write::Written,
};
use tearline_ledger::{
    id::Ref,
    name::{MemberName, Role, RoomName},
};
use tearline_proto::v1::Precedence;
use tokio::runtime::Runtime;

use super::{
    attach::{Carried, Files},
    courier,
    found::read_card,
    show, sync_all,
};
use crate::{
    cli::{Admit, Attach, Lost},
    context::{Context, Failure, Lift as _},
    report::say,
};

/// A mediator's desk, up to date and connected.
pub(super) struct Office {
    pub(super) runtime: Runtime,
    pub(super) desk: Desk,
    pub(super) session: Session,
    pub(super) rooms: Vec<Room>,
}

impl Office {
    pub(super) fn open(context: &Context) -> Result<Self, Failure> {
        let (runtime, mut desk, session) = context.online()?;
        if desk.member().role() != Role::Mediator {
            return Err(Failure::refused("only a mediator's desk does this"));
        }
        runtime.block_on(sync_all(context, &session, &mut desk))?;
        let rooms = desk.rooms().lift()?;
        Ok(Self { runtime, desk, session, rooms })
    }

    /// The operations of a mediator on the rooms as they are known here.
    pub(super) fn mediator(&self) -> Result<Mediator<'_>, Failure> {
        mediator(&self.desk, &self.rooms)
    }

    pub(super) fn chamber(&self) -> Result<&Room, Failure> {
        chamber(&self.rooms)
    }

    /// What an operation answers; an alarm's evidence is kept first.
    pub(super) fn judged<T>(&self, answer: Result<T, ProposeError>) -> Result<T, Failure> {
        judged(&self.desk, answer)
    }

    /// `what` says what it is, for when it waits for a courier.
    pub(super) fn send(&self, submissions: &[Submission], what: &str) -> Result<Sent, Failure> {
        send((&self.runtime, &self.session, &self.desk), submissions, (what, None))
    }

    /// Shows a proposal as its approvers will see it, asks, and sends it.
    fn propose(
        &self,
        context: &Context,
        given: (&Mediator<'_>, Option<Ref>),
        proposed: &Proposed,
    ) -> Result<(), Failure> {
        propose(context, (&self.runtime, &self.session, &self.desk), given, proposed)
    }
}

pub(super) fn judged<T>(desk: &Desk, answer: Result<T, ProposeError>) -> Result<T, Failure> {
    answer.map_err(|error| Failure::Library(desk.proposing(error)))
}

pub(super) fn mediator<'a>(desk: &'a Desk, rooms: &'a [Room]) -> Result<Mediator<'a>, Failure> {
    Mediator::new(desk, rooms, now()).lift()
}

pub(super) fn chamber(rooms: &[Room]) -> Result<&Room, Failure> {
    let chamber = rooms.iter().find(|room| room.replica.name() == RoomName::CHAMBER);
    chamber.ok_or_else(|| Failure::refused("the chamber is not known here: run tearline fetch"))
}

/// Where statements are now.
pub(super) enum Sent {
    /// In their rooms.
    Entered(Vec<String>),
    /// In the outbox.
    Waiting(Waiting),
}

/// Sends statements, or keeps them for a courier: `what` they are, and the draft that holds their text.
pub(super) fn send(
    (runtime, session, desk): (&Runtime, &Session, &Desk),
    submissions: &[Submission],
    (what, draft): (&str, Option<String>),
) -> Result<Sent, Failure> {
    if session.goes_by_courier() {
        return Ok(Sent::Waiting(Outbox::of(desk).add(desk, submissions, what, draft).lift()?));
    }
    let receipts = runtime.block_on(submit::submit(session, desk, submissions, now())).lift()?;
    Ok(Sent::Entered(receipts.iter().map(|receipt| format!("{}#{}", receipt.name, receipt.index)).collect()))
}

/// Shows a proposal, with what was given on its matter and on the matter of this briefing; asks, and sends it.
pub(super) fn propose(
    context: &Context,
    online: (&Runtime, &Session, &Desk),
    given: (&Mediator<'_>, Option<Ref>),
    proposed: &Proposed,
) -> Result<(), Failure> {
    propose_with(context, online, given, proposed, Carried::none())
}

/// The same, with what the chamber is given first.
pub(super) fn propose_with(
    context: &Context,
    (runtime, session, desk): (&Runtime, &Session, &Desk),
    (mediator, briefing): (&Mediator<'_>, Option<Ref>),
    proposed: &Proposed,
    carried: Carried,
) -> Result<(), Failure> {
    let Carried { mut files, mut records } = carried;
    let warned = super::policy::hold_all(desk)?;
    if !context.json {
        let given = judged(desk, mediator.given_on_matter(&proposed.shown, briefing))?;
        say(context, &json!(null), &(warned.text() + &show::proposal(&proposed.shown, &given)))?;
    }
    if !context.confirm("Type yes to propose this to the other officers: ", "yes")? {
        return Err(Failure::refused("not proposed"));
    }
    files.send(context, (runtime, session))?;
    records.push(proposed.submission.clone());
    let (mut json, text) = match send((runtime, session, desk), &records, ("proposal", None))? {
        Sent::Entered(mut entries) => said(&entries.pop().unwrap_or_default()),
        Sent::Waiting(waiting) => courier::waits(&waiting),
    };
    files.done_into(&mut json)?;
    say(context, &json, &text)
}

/// What is said of a proposal that was entered.
pub(super) fn said(entry: &str) -> (Value, String) {
    let text = format!(
        "Proposed as {entry}. Nothing has been sent to any party.\nNext: another desk runs `tearline approve {entry}`\n"
    );
    (json!({"proposal": entry}), text)
}

/// The proposal of a post that was composed already, what was given on its matter, and what goes with it.
pub(super) struct OfPost {
    pub(super) proposed: Proposed,
    pub(super) given: AlreadyGiven,
    pub(super) carried: Carried,
}

/// Proposes a post that was composed already, into a room that has a party.
pub(super) fn of_post(
    context: &Context,
    (desk, room): (&Desk, &Room),
    (written, content_until): (&Written, Option<u64>),
    attach: &Attach,
) -> Result<OfPost, Failure> {
    let rooms = desk.rooms().lift()?;
    let files = Files::seal(context, desk, chamber(&rooms)?, Some(room), attach)?;
    let to = room.name().lift()?;
    let message = written.content.message();
    let kind = message.kind.clone().ok_or_else(|| Failure::refused("the post has no kind"))?;
    let order = ReleaseOrder {
        to: vec![room.name().lift()?],
        portions: None,
        kind,
        subject: message.subject.clone(),
        precedence: Precedence::try_from(message.precedence).unwrap_or(Precedence::Routine),
        ack_by: (message.ack_by != 0).then_some(message.ack_by),
        answers: message.answers.as_ref().and_then(Ref::from_message),
        refers: message.refers.iter().filter_map(Ref::from_message).collect(),
        undertakings: written.undertakings.clone(),
        attachments: files.handed().into_iter().map(|file| ToRoom { room: to.clone(), file }).collect(),
        content_until,
    };
    let office = mediator(desk, &rooms)?;
    let proposed = judged(desk, office.propose_release(&order, &ProposalTerms::default()))?;
    let given = judged(desk, office.given_on_matter(&proposed.shown, None))?;
    let carried = Carried::of(&office, desk, files)?;
    Ok(OfPost { proposed, given, carried })
}

pub(super) fn rooms(names: &[String]) -> Result<Vec<RoomName>, Failure> {
    names.iter().map(|name| name.parse().map_err(Failure::usage)).collect()
}

pub(crate) fn admit(context: &Context, args: &Admit) -> Result<(), Failure> {
    let mut cards = vec![read_card(&args.card)?];
    for path in &args.card_too {
        cards.push(read_card(path)?);
    }
    let office = Office::open(context)?;
    let mediator = office.mediator()?;
    let names = rooms(&args.rooms)?;
    let known = |name: &RoomName| office.rooms.iter().any(|room| room.replica.name() == name.as_str());
    let terms = ProposalTerms::default();
    let proposed = match names.as_slice() {
        [name] if !known(name) => {
            if args.history_from.is_some() {
                return Err(Failure::usage(
                    "a room that is being founded has no history: leave --history-from out",
                ));
            }
            mediator.propose_founding(name, &cards, &terms)
        }
        names => {
            if let Some(name) = names.iter().find(|name| !known(name)) {
                return Err(Failure::refused(format!(
                    "there is no room {}: found one room at a time, with all its desks (--card-too)",
                    name.as_str()
                )));
            }
            let [card] = cards.as_slice() else {
                return Err(Failure::usage(
                    "into rooms that exist, admit one card at a time: leave --card-too out",
                ));
            };
            mediator.propose_admission(card, names, args.history_from, &terms)
        }
    };
    office.propose(context, (&mediator, None), &office.judged(proposed)?)
}

pub(crate) fn lost(context: &Context, args: &Lost) -> Result<(), Failure> {
    let office = Office::open(context)?;
    let member = member(&office, &args.desk)?;
    let mediator = office.mediator()?;
    let proposed = office.judged(mediator.propose_loss(&member, None, None, &ProposalTerms::default()))?;
    let seen = may_have_seen(&office, &member)?;
    if !context.json {
        let text = format!(
            "The device of {} may have seen, in what it was given keys for:\n{}\n",
            member.desk(),
            seen.join("\n")
        );
        say(context, &json!(null), &text)?;
    }
    office.propose(context, (&mediator, None), &proposed)
}

fn member(office: &Office, desk: &str) -> Result<MemberName, Failure> {
    let all = office.rooms.iter().filter_map(|room| room.replica.state().ok());
    let mut members = all.flat_map(|state| &state.charter().members);
    members
        .find(|member| member.name.desk() == desk)
        .map(|member| member.name.clone())
        .ok_or_else(|| Failure::refused(format!("{desk} is a member of no room: see `tearline who`")))
}

/// Posts of the rooms that the member is in.
fn may_have_seen(office: &Office, member: &MemberName) -> Result<Vec<String>, Failure> {
    let mut out = Vec::new();
    for room in &office.rooms {
        let inside = room.replica.state().is_ok_and(|state| state.charter().member(member).is_some());
        if !inside {
            continue;
        }
        for index in 0..room.replica.size() {
            let line = super::line(&office.desk, room, index)?;
            if line.signed.statement.sealed().is_some() {
                out.push(format!("  {}#{index}", room.replica.name()));
            }
        }
    }
    Ok(out)
}
