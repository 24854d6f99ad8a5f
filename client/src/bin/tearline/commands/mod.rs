//! The commands, one file each or one for a few that belong together.

mod access;
mod approve;
mod attach;
mod commitments;
mod compose;
mod cosign;
mod courier;
mod desk;
mod drafts;
mod export;
mod found;
mod handed;
mod inbox;
mod join;
mod manual;
mod matters;
mod outlook;
mod pending;
mod policy;
mod propose;
mod prove;
mod publish;
mod quickstart;
mod read;
mod recall;
mod release;
mod report;
mod rooms;
mod save;
mod search;
mod served;
mod show;
mod state;
mod timeline;
mod verify;
mod write;

use tearline_client::{
    alarm::Alarm,
    desk::{Desk, Room, now},
    error::EXIT_DONE,
    replica::{Line, Progress},
    session::Session,
    sync,
    write::to_come,
};

use tearline_ledger::name::RoomName;

use crate::{
    cli::Command,
    context::{Context, Failure, Lift as _},
};

/// Auditors hold no room's key.
const AUDITOR_READS_NOTHING: &str =
    "an auditor reads no content: see `tearline status` and `tearline verify`";

/// Runs one command; the exit code.
pub(crate) fn run(context: &Context, command: Command) -> Result<u8, Failure> {
    match command {
        Command::Init(args) => desk::init(context, &args)?,
        Command::Endorse(args) => desk::endorse(context, &args)?,
        Command::Join(args) => join::join(context, &args)?,
        Command::Renew(args) => join::renew(context, &args)?,
        Command::Found(args) if args.submit => join::submit_founding(context, &args)?,
        Command::Found(args) => found::found(context, &args)?,
        Command::Who(args) => rooms::who(context, &args)?,
        Command::Status => rooms::status(context)?,
        Command::Fetch(args) => rooms::fetch(context, &args)?,
        Command::Inbox(args) => inbox::inbox(context, &args)?,
        Command::Matters(args) => matters::matters(context, &args)?,
        Command::Timeline(args) => timeline::timeline(context, &args)?,
        Command::Search(args) => search::search(context, &args)?,
        Command::Commitments(args) => commitments::commitments(context, &args)?,
        Command::Served(args) => served::served(context, &args)?,
        Command::Access(args) => access::access(context, &args)?,
        Command::Read(args) => read::read(context, &args)?,
        Command::Save(args) => save::save(context, &args)?,
        Command::Ack(args) => read::acknowledge(context, &args)?,
        Command::Write(args) => write::write(context, &args)?,
        Command::Courier(what) => courier::courier(context, &what)?,
        Command::Verify(args) => verify::verify(context, &args)?,
        Command::Cosign(args) => cosign::cosign(context, &args)?,
        Command::Policy(args) => policy::policy(context, &args)?,
        Command::Prove(args) => prove::prove(context, &args)?,
        Command::CheckProof(args) => prove::check_proof(context, &args)?,
        Command::Export(args) => export::export(context, &args)?,
        Command::VerifyBundle(args) => verify::verify_bundle(context, &args)?,
        Command::Report(args) => report::report(context, &args)?,
        Command::Admit(args) => propose::admit(context, &args)?,
        Command::Lost(args) => propose::lost(context, &args)?,
        Command::Publish(args) => publish::publish(context, &args)?,
        Command::Release(args) => release::release(context, &args)?,
        Command::Pending => pending::pending(context)?,
        Command::Approve(args) => approve::approve(context, &args)?,
        Command::Reject(args) => approve::reject(context, &args, false)?,
        Command::Withdraw(args) => approve::reject(context, &args, true)?,
        Command::Recall(args) => recall::recall(context, &args)?,
        Command::Given(args) => served::given(context, &args)?,
        Command::Drafts(args) => drafts::drafts(context, args.what.as_ref())?,
        Command::Completions(args) => manual::completions(context, &args)?,
        Command::Man(args) => manual::man(context, &args)?,
        Command::Quickstart(args) => quickstart::quickstart(context, &args)?,
    }
    Ok(EXIT_DONE)
}

/// What fetching brought.
struct Fetched {
    /// Each room's name, how many entries were new, and how many there are.
    rooms: Vec<(String, u64, u64)>,
    /// What must be shown.
    warnings: Vec<String>,
    /// What this desk sent and no witness has confirmed in time.
    unconfirmed: Vec<String>,
}

/// The end that was asked for a post's content, in seconds since 1970; it must be to come.
fn until(asked: Option<&str>) -> Result<Option<u64>, Failure> {
    let end = |text| to_come(text, now()).map_err(|error| Failure::usage(format!("--until {text}: {error}")));
    asked.map(end).transpose()
}

/// Brings every room and access log up to date.
async fn sync_all(context: &Context, session: &Session, desk: &mut Desk) -> Result<Fetched, Failure> {
    if session.goes_by_courier() {
        return courier::as_known(desk);
    }
    let bar = context.progress("fetching");
    let mut seen = 0;
    let mut told = |_: &RoomName, progress: &Progress| {
        seen += progress.fresh.len() as u64;
        bar.set_position(seen);
    };
    let (cut, all) = sync::sync_rooms(session, desk, &mut told).await.lift()?;
    let (mut warnings, mut unconfirmed) = (Vec::new(), Vec::new());
    let mut rooms = Vec::new();
    for ((id, name, _), synced) in cut.rooms.iter().zip(&all) {
        let replica = desk.replica(*id, name).lift()?;
        warnings.extend(synced.warnings.iter().map(ToString::to_string));
        let receipts = synced.warnings.iter().filter(|it| matches!(it, Alarm::ReceiptNotCovered { .. }));
        unconfirmed.extend(receipts.map(ToString::to_string));
        rooms.push((name.as_str().to_owned(), synced.fresh, replica.size()));
        // Wraps that do not open are an alarm, whatever is read next.
        desk.with_keys(replica).lift()?;
    }
    for log in sync::sync_access(session, desk, &cut).await.lift()? {
        rooms.push((log.name().to_owned(), 0, log.size()));
    }
    rooms.sort_by_key(|(name, ..)| (name.contains('/'), name.clone()));
    bar.finish_and_clear();
    Ok(Fetched { rooms, warnings, unconfirmed })
}

/// An entry of a room; its alarms are kept first.
fn line(desk: &Desk, room: &Room, index: u64) -> Result<Line, Failure> {
    room.replica.line(index).map_err(|error| Failure::Library(desk.alarmed(room.replica.room(), error)))
}
