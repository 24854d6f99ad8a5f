//! Files that go with what a command posts: sealed before it is shown, sent once it was agreed to.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tearline_client::{
    attachments::{
        AttachmentError, HandedOn, Waiting,
        outgoing::{Outgoing, look, seal_file},
        upload::{Sent, upload},
    },
    compose::Submission,
    courier::CourierFault,
    desk::{Desk, Room},
    propose::Mediator,
    session::Session,
    show::content::safe,
};
use tearline_ledger::{content::Content, id::RoomId, mark::Mark, statement::Attachment};
use tearline_proto::v1;
use tokio::runtime::Runtime;

use super::propose::judged;
use crate::{
    cli::Attach,
    context::{Context, Failure, Lift as _},
};

/// A file to be attached, and its mark without parentheses; empty if it has none.
struct Given {
    path: PathBuf,
    mark: String,
}

/// Files sealed for one room.
pub(super) struct Files {
    room: Option<RoomId>,
    all: Vec<Outgoing>,
    sent: Vec<Sent>,
}

impl Files {
    /// None.
    pub(super) fn none() -> Self {
        Self { room: None, all: Vec::new(), sent: Vec::new() }
    }

    /// Seals what the command line names, for the room into which it is sent. `target`, if it is another one, is where it
    /// will be read.
    pub(super) fn seal(
        context: &Context,
        desk: &Desk,
        room: &Room,
        target: Option<&Room>,
        attach: &Attach,
    ) -> Result<Self, Failure> {
        let given = attach.files.iter().map(|text| given(text)).collect::<Result<Vec<_>, _>>()?;
        for room in [Some(room), target].into_iter().flatten() {
            require_few(room, given.len())?;
        }
        let mut out = Self { room: Some(room.replica.room()), ..Self::none() };
        if given.is_empty() {
            return Ok(out);
        }
        let waiting = Waiting::of(desk.profile().dir()).lift()?;
        for Given { path, mark } in &given {
            let bar = context.bytes(format!("Sealing {}", shown(path)));
            let mut told = |done, all| {
                bar.set_length(all);
                bar.set_position(done);
            };
            let sealed = seal_file(&waiting, room, (path, mark), &mut told);
            bar.finish_and_clear();
            out.all.push(sealed.lift()?);
        }
        Ok(out)
    }

    /// Adds a file that was sealed for the same room.
    pub(super) fn push(&mut self, file: Outgoing) {
        self.all.push(file);
    }

    /// The files.
    pub(super) fn outgoing(&self) -> &[Outgoing] {
        &self.all
    }

    /// As a post hands them on.
    pub(super) fn handed(&self) -> Vec<HandedOn> {
        self.all.iter().map(|file| file.handed.clone()).collect()
    }

    /// What the statement says of them.
    pub(super) fn named(&self) -> Vec<Attachment> {
        self.all.iter().map(|file| file.handed.named).collect()
    }

    /// The content with their keys in it.
    pub(super) fn put_into(&self, content: Content) -> Result<Content, Failure> {
        if self.all.is_empty() {
            return Ok(content);
        }
        let attachments = self.all.iter().map(|file| file.handed.key.clone()).collect();
        let message = v1::Content { attachments, ..content.message().clone() };
        Content::new(message).map_err(Failure::refused)
    }

    /// Sends them, from where the server has them.
    pub(super) fn send(
        &mut self,
        context: &Context,
        (runtime, session): (&Runtime, &Session),
    ) -> Result<(), Failure> {
        let Some(room) = self.room else { return Ok(()) };
        if session.goes_by_courier() && !self.all.is_empty() {
            return Err(CourierFault::Attachments).lift();
        }
        for file in &self.all {
            let bar = context.bytes(format!("Sending {}", safe(&file.handed.key.name)));
            let mut told = |done, all| {
                bar.set_length(all);
                bar.set_position(done);
            };
            let sent = runtime.block_on(upload(session, room, file, &mut told));
            bar.finish_and_clear();
            self.sent.push(sent.lift()?);
        }
        Ok(())
    }

    /// Once the post that hands them on is entered: forgets what was kept to go on, and tells a program what they were.
    pub(super) fn done_into(self, json: &mut Value) -> Result<(), Failure> {
        let done = self.done()?;
        match json.as_object_mut() {
            Some(map) if !done.is_empty() => drop(map.insert("attachments".to_owned(), done.into())),
            _ => {}
        }
        Ok(())
    }

    fn done(self) -> Result<Vec<Value>, Failure> {
        let mut out = Vec::new();
        for (file, sent) in self.all.into_iter().zip(&self.sent) {
            let key = &file.handed.key;
            out.push(json!({
                "name": key.name,
                "media_type": key.media_type,
                "mark": key.mark,
                "size": key.size,
                "sha256": file.plain.to_hex(),
                "sealed_sha256": file.handed.named.digest.to_hex(),
                "sealed_size": file.handed.named.size,
                "sealed_before": file.resumed,
                "there_before": sent.before,
                "sent": sent.sent,
            }));
            file.done().lift()?;
        }
        Ok(out)
    }
}

/// What is sent before a post: its files, and the posts that record them in the chamber.
pub(super) struct Carried {
    pub(super) files: Files,
    pub(super) records: Vec<Submission>,
}

impl Carried {
    /// Nothing.
    pub(super) fn none() -> Self {
        Self::only(Files::none())
    }

    /// The files of a post that goes into the room for which they were sealed.
    pub(super) fn only(files: Files) -> Self {
        Self { files, records: Vec::new() }
    }

    /// The files of a proposal, with the posts that record them in the chamber.
    pub(super) fn of(mediator: &Mediator<'_>, desk: &Desk, files: Files) -> Result<Self, Failure> {
        let most = mediator.chamber().and_then(|it| Ok(it.replica.state()?.charter().limits.attachments));
        let most = usize::try_from(judged(desk, most)?.max(1)).unwrap_or(usize::MAX);
        let record = |some: &[HandedOn]| mediator.record_files("Files of a proposal", some);
        let records = files.handed().chunks(most).map(record).collect::<Result<_, _>>();
        Ok(Self { records: judged(desk, records)?, files })
    }
}

/// Refuses, before anything is written, a file that cannot be attached.
pub(super) fn require_usable(attach: &Attach) -> Result<(), Failure> {
    for text in &attach.files {
        look(&path_of(text)?).lift()?;
    }
    Ok(())
}

/// Refuses more files than a post in a room may have.
pub(super) fn require_few(room: &Room, count: usize) -> Result<(), Failure> {
    let most = room.replica.state().map_or(0, |state| state.charter().limits.attachments);
    if u32::try_from(count).is_ok_and(|count| count <= most) {
        return Ok(());
    }
    let room = room.replica.name().to_owned();
    Err(Failure::Library(AttachmentError::TooMany { room, count, most }.into()))
}

/// `FILE`, or `(MARK) FILE`.
fn given(text: &str) -> Result<Given, Failure> {
    let path = Path::new(text);
    let Some((mark, file)) = text.strip_prefix('(').and_then(|rest| rest.split_once(')')) else {
        return Ok(Given { path: path.to_owned(), mark: String::new() });
    };
    // A file may be called so.
    if path.exists() {
        return Ok(Given { path: path.to_owned(), mark: String::new() });
    }
    let mark: Mark =
        mark.parse().map_err(|error| Failure::usage(format!("--attach {}: {error}", text.escape_debug())))?;
    Ok(Given { path: file.trim_start().into(), mark: mark.to_string() })
}

/// The path of `FILE`, or of `(MARK) FILE`.
pub(super) fn path_of(text: &str) -> Result<PathBuf, Failure> {
    given(text).map(|given| given.path)
}

fn shown(path: &Path) -> String {
    safe(&path.file_name().unwrap_or_default().to_string_lossy())
}
