//! `recall`: a mediators' post is proposed to be taken back; a party takes back its own.

use serde_json::json;
use tearline_client::{
    desk::{Desk, Room, now},
    error::Error,
    propose::draft::ProposalTerms,
    refs::EntryRef,
    replica::Line,
    session::Session,
    show::{content::body, standing::UNREAD},
};
use tearline_ledger::{name::Role, statement::Act};
use tokio::runtime::Runtime;

use super::{
    courier,
    propose::{self, Sent},
    sync_all,
};
use crate::{
    cli::Recall,
    context::{Context, Failure, Lift as _},
    report::say,
};

pub(crate) fn recall(context: &Context, args: &Recall) -> Result<(), Failure> {
    let entry: EntryRef = args.reference.parse().lift()?;
    let (runtime, mut desk, session) = context.online()?;
    runtime.block_on(sync_all(context, &session, &mut desk))?;
    let room = desk.room(&entry.room).lift()?;
    let line = super::line(&desk, &room, entry.index)?;
    let act = &line.signed.statement.act;
    if !matches!(act, Act::Post(_)) {
        return Err(Failure::Library(Error::NotAPost { entry, act: act.name() }));
    }
    if line.recalled {
        return Err(Failure::refused(format!(
            "{entry} was recalled already, for good: `tearline read {entry}` says by whom"
        )));
    }
    let online = (&runtime, &session, &desk);
    match (line.signed.statement.author.role(), desk.member().role()) {
        (Role::Mediator, Role::Mediator) => by_quorum(context, online, &entry, args),
        (Role::Mediator, _) => Err(Failure::refused(format!(
            "{entry} is a mediators' post: only mediators take it back, by a quorum"
        ))),
        _ if args.note.is_some() => Err(Failure::usage(
            "--note is for the officers who approve a proposal; a party's own post needs none",
        )),
        _ => own(context, online, &room, &line, &entry),
    }
}

fn by_quorum(
    context: &Context,
    online: (&Runtime, &Session, &Desk),
    entry: &EntryRef,
    args: &Recall,
) -> Result<(), Failure> {
    let rooms = online.2.rooms().lift()?;
    let mediator = propose::mediator(online.2, &rooms)?;
    let terms = ProposalTerms { note: args.note.clone().unwrap_or_default(), ..ProposalTerms::default() };
    let proposed = propose::judged(online.2, mediator.propose_recall(entry, &terms))?;
    propose::propose(context, online, (&mediator, None), &proposed)
}

fn own(
    context: &Context,
    (runtime, session, desk): (&Runtime, &Session, &Desk),
    room: &Room,
    line: &Line,
    entry: &EntryRef,
) -> Result<(), Failure> {
    let (author, member) = (&line.signed.statement.author, desk.member().clone());
    let charter = room.replica.state().map_err(Error::Replica)?.charter();
    let custodian = charter.member(&member).is_some_and(|it| it.custodian) && member.org() == author.org();
    if *author != member && !custodian {
        let org = author.org().as_str();
        return Err(Failure::refused(format!(
            "{entry} is by {}: only that desk or a custodian of {org} takes it back",
            author.desk()
        )));
    }
    let warned = super::policy::hold(desk, [&room.replica])?;
    if !context.json {
        let text =
            room.content(line).map_or_else(|_| " Its content is not here.\n".to_owned(), |it| body(&it));
        let text = format!(" RECALL OF {entry} by {}\n{text} {UNREAD}\n", author.desk());
        say(context, &json!(null), &(warned.text() + &text))?;
    }
    if !context.confirm(&format!("Type yes to take {entry} back for good: "), "yes")? {
        return Err(Failure::refused("not recalled"));
    }
    let reference =
        room.replica.resolve(entry.index).map_err(|error| desk.alarmed(room.replica.room(), error));
    let recall = room.writer(&member, now()).lift()?.recall_own(&reference.lift()?.to_ref()).lift()?;
    let submission = recall.sign(desk.vault().lift()?.sign_key()).lift()?;
    let by = match propose::send((runtime, session, desk), &[submission], ("recall", None))? {
        Sent::Entered(mut entries) => entries.pop().unwrap_or_default(),
        Sent::Waiting(waiting) => return courier::say_waits(context, &waiting),
    };
    let text = format!("Recalled {entry} ({by}): the server serves its content no more. {UNREAD}\n");
    say(context, &json!({"recalled": entry.to_string(), "entry": by}), &text)
}
