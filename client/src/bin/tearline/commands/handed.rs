//! What a release hands on: attachments of its briefing by number, and files of its own. One room gets the key of what the
//! chamber has; each further room a copy of its own, under another key.

use std::{collections::BTreeSet, fs::File, path::Path};

use tearline_client::{
    attachments::{
        AttachmentError, HandedOn, Waiting,
        download::Wanted,
        outgoing::{Outgoing, seal_again},
        save::choose,
    },
    propose::{Mediator, releases::ToRoom},
    refs::EntryRef,
};
use tearline_ledger::{content::Content, name::RoomName};

use super::{
    attach::{self, Files},
    propose::Office,
    save::bring,
};
use crate::{
    cli::Release,
    context::{Context, Failure, Lift as _},
};

/// Which file goes to which room, and what the chamber does not have yet.
pub(super) struct Gathered {
    pub(super) to: Vec<ToRoom>,
    pub(super) fresh: Files,
}

/// Gathers what the command line names.
pub(super) fn gather(
    context: &Context,
    office: &Office,
    (briefing, recorded): (&EntryRef, &Content),
    (to, args): (&[RoomName], &Release),
) -> Result<Gathered, Failure> {
    let chosen = chosen(briefing, &HandedOn::all(recorded), &args.attach_from)?;
    let chamber = office.chamber()?;
    let fresh = Files::seal(context, &office.desk, chamber, None, &args.attach)?;
    let mut out = Gathered { to: Vec::new(), fresh };
    let (mediator, own) = (office.mediator()?, out.fresh.outgoing().len());
    for (at, name) in to.iter().collect::<BTreeSet<_>>().into_iter().enumerate() {
        if let Some(room) = office.rooms.iter().find(|room| room.replica.name() == name.as_str()) {
            attach::require_few(room, chosen.len() + own)?;
        }
        let mut files = Vec::new();
        for file in &chosen {
            if at == 0 && free(office, &mediator, name, file)? {
                files.push(file.clone());
                continue;
            }
            let copy = copy(context, office, briefing, file)?;
            files.push(copy.handed.clone());
            out.fresh.push(copy);
        }
        for number in 0..own {
            files.extend(given(office, &mut out.fresh, (number, at), args)?);
        }
        out.to.extend(files.into_iter().map(|file| ToRoom { room: name.clone(), file }));
    }
    Ok(out)
}

/// The briefing's attachments of these numbers.
fn chosen(briefing: &EntryRef, all: &[HandedOn], numbers: &[usize]) -> Result<Vec<HandedOn>, Failure> {
    let mut out = Vec::new();
    for number in numbers.iter().collect::<BTreeSet<_>>() {
        let number = number.to_string();
        let (_, found) = choose(briefing, all, Some(&number)).lift()?;
        out.push(found.clone());
    }
    Ok(out)
}

/// Whether no other room has it, or would have it by an open proposal.
fn free(office: &Office, mediator: &Mediator<'_>, name: &RoomName, file: &HandedOn) -> Result<bool, Failure> {
    let rooms = office.judged(mediator.rooms_with(&file.named.digest))?;
    let id =
        office.rooms.iter().find(|room| room.replica.name() == name.as_str()).map(|it| it.replica.room());
    Ok(rooms.iter().all(|room| Some(*room) == id))
}

/// A copy of what the chamber has, under another key.
fn copy(
    context: &Context,
    office: &Office,
    briefing: &EntryRef,
    file: &HandedOn,
) -> Result<Outgoing, Failure> {
    let chamber = office.chamber()?;
    let wanted = Wanted { room: chamber, index: briefing.index, handed: file.clone() };
    let mut fetched = bring(context, (&office.runtime, &office.session, &office.desk), &wanted)?;
    let waiting = Waiting::of(office.desk.profile().dir()).lift()?;
    let mut plain = fetched.reader().lift()?;
    let copy = seal_again(&waiting, chamber, &mut plain, file, &mut |_, _| ()).lift()?;
    drop(plain);
    fetched.forget().lift()?;
    Ok(copy)
}

/// A file of the command line for the room at this place: the first gets the one that was sealed, the others copies.
fn given(
    office: &Office,
    fresh: &mut Files,
    (number, at): (usize, usize),
    args: &Release,
) -> Result<Option<HandedOn>, Failure> {
    let Some(first) = fresh.outgoing().get(number) else { return Ok(None) };
    let Some(path) = args.attach.files.get(number).map(|text| attach::path_of(text)).filter(|_| at > 0)
    else {
        return Ok(Some(first.handed.clone()));
    };
    let waiting = Waiting::of(office.desk.profile().dir()).lift()?;
    let copy = again(office, &waiting, &path?, first)?;
    let handed = copy.handed.clone();
    fresh.push(copy);
    Ok(Some(handed))
}

fn again(office: &Office, waiting: &Waiting, path: &Path, first: &Outgoing) -> Result<Outgoing, Failure> {
    let changed = || AttachmentError::Changed(path.to_owned());
    let mut plain = File::open(path).map_err(|_| changed()).lift()?;
    let copy = seal_again(waiting, office.chamber()?, &mut plain, &first.handed, &mut |_, _| ()).lift()?;
    if copy.plain == first.plain { Ok(copy) } else { Err(changed()).lift() }
}
