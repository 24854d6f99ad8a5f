//! How every text is composed: from an editor, a file, standard input or a draft; checked, shown, asked
//! about, sent. What is not sent becomes a draft, unless it lies in a file anyway.
//!
//! What kind of text it is, is the affair of whoever composes.

use std::{
    env,
    ffi::OsStr,
    io::{self, Write as _},
    path::Path,
    process,
};

use serde_json::{Value, json};
use tearline_client::{
    compose::Submission,
    desk::{Desk, now},
    drafts::{Draft, DraftError, DraftName, Drafts},
    editor::Editor,
    error::EXIT_ALARM,
    keeper::{Ended, Keeper, Sending},
    session::Session,
    template::{Template, is_blank},
};
use tearline_ledger::name::RoomName;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use super::{
    attach::{Carried, Files, require_usable},
    courier, drafts,
    propose::{self, send},
    sync_all,
};
use crate::{
    cli::Composing,
    context::{Context, Failure, Lift as _, ask, on_a_terminal, text_of},
    report::say,
};

/// What a kind of text is to be.
pub(super) trait Paper {
    /// Of which kind.
    fn template(&self) -> &'static Template;
    /// Refuses, before anything is written, whoever cannot write it or to that room.
    fn begin(&self, desk: &Desk, room: Option<&RoomName>) -> Result<(), Failure>;
    /// Says what is wrong with a text, by its line where it has one.
    fn check(&self, desk: &Desk, text: &str) -> Result<(), Failure>;
    /// Makes of a text what will be sent, upon what is known of the rooms now.
    fn prepare(&self, desk: &Desk, room: Option<&RoomName>, text: &str) -> Result<Ready, Failure>;
}

/// JSON and text, of an entry.
pub(super) type Said = dyn Fn(&str) -> (Value, String);

/// What will be sent, once somebody has said yes.
pub(super) struct Ready {
    /// As it is shown before.
    pub(super) shown: String,
    /// What yes means, as in `send this to drc`.
    pub(super) act: String,
    /// What goes before it.
    pub(super) carried: Carried,
    /// It.
    pub(super) submission: Submission,
    /// What is said of the entry that it became.
    pub(super) said: Box<Said>,
}

/// Sends what nobody writes, once it was shown and somebody has said yes.
pub(super) fn send_at_once(
    context: &Context,
    prepare: impl FnOnce(&Desk) -> Result<Ready, Failure>,
) -> Result<(), Failure> {
    let online = Online::open(context)?;
    let ready = prepare(&online.desk)?;
    show(context, &ready)?;
    confirmed(context, &ready)?;
    let sent = online.send(context, ready, || (), ("decoy", None))?;
    say_sent(context, sent)
}

/// A desk, up to date and connected.
struct Online {
    runtime: Runtime,
    session: Session,
    desk: Desk,
}

impl Online {
    fn open(context: &Context) -> Result<Self, Failure> {
        let (runtime, mut desk, session) = context.online()?;
        runtime.block_on(sync_all(context, &session, &mut desk))?;
        Ok(Self { runtime, session, desk })
    }

    /// Sends the files, then what names them; in between it calls `last`. `of` says what it is, and which draft holds
    /// its text, for when it waits for a courier.
    fn send(
        &self,
        context: &Context,
        ready: Ready,
        last: impl FnOnce(),
        of: (&str, Option<String>),
    ) -> Result<Sent, Failure> {
        let Ready { carried: Carried { mut files, mut records }, submission, said, .. } = ready;
        files.send(context, (&self.runtime, &self.session))?;
        last();
        records.push(submission);
        let (json, text) = match send((&self.runtime, &self.session, &self.desk), &records, of)? {
            propose::Sent::Entered(mut entries) => said(&entries.pop().unwrap_or_default()),
            propose::Sent::Waiting(waiting) => courier::waits(&waiting),
        };
        Ok(Sent { files, json, text })
    }
}

/// What was sent.
struct Sent {
    files: Files,
    json: Value,
    text: String,
}

fn show(context: &Context, ready: &Ready) -> Result<(), Failure> {
    if !context.json {
        return say(context, &json!(null), &ready.shown);
    }
    if !context.yes {
        eprint!("{}", ready.shown);
    }
    Ok(())
}

fn confirmed(context: &Context, ready: &Ready) -> Result<(), Failure> {
    let question = format!("Type yes to {}: ", ready.act);
    if context.confirm(&question, "yes")? { Ok(()) } else { Err(Failure::refused("not sent")) }
}

fn say_sent(context: &Context, sent: Sent) -> Result<(), Failure> {
    let Sent { files, mut json, text } = sent;
    files.done_into(&mut json)?;
    say(context, &json, &text)
}

/// A text at its beginning.
struct Begun {
    draft: Draft,
    /// The draft that it is already.
    name: Option<DraftName>,
    /// What it is to be written in.
    editor: Option<Editor>,
    /// What messages call it, if they call it anything.
    label: Option<String>,
    /// Whether it would be lost if it were not kept.
    kept: bool,
}

/// Composes a text, and sends it if all is well and wanted.
pub(super) fn compose(
    context: &Context,
    args: &Composing,
    room: Option<RoomName>,
    paper: &dyn Paper,
) -> Result<(), Failure> {
    require_usable(&args.attach)?;
    let desk = context.desk()?;
    let drafts = Drafts::of(&desk).lift()?;
    let begun = begin(context, &desk, &drafts, args, room, paper)?;
    let (room, text) = (begun.draft.room.clone(), begun.draft.text.clone());
    let keeper = Keeper::new(desk.profile().dir().to_owned(), drafts, begun.draft, begun.name);
    let attached = !args.attach.files.is_empty();
    if !begun.kept && args.save {
        return kept_as_asked(context, &keeper, attached);
    }
    let (editor, label, save) = (begun.editor, begun.label, args.save);
    let way = Way { context, keeper, room, paper, editor, label, save, attached };
    if begun.kept {
        return way.go(&desk).map_err(|failure| way.keep(failure));
    }
    way.send(&text).map(drop)
}

fn begin(
    context: &Context,
    desk: &Desk,
    drafts: &Drafts,
    args: &Composing,
    room: Option<RoomName>,
    paper: &dyn Paper,
) -> Result<Begun, Failure> {
    let template = paper.template();
    let fresh = |room, text| Draft { template, room, kept_at: now(), text };
    if let Some(number) = &args.draft {
        let name = drafts::name(number)?;
        let mut draft = drafts.get(name).lift()?;
        if draft.template.kind != template.kind {
            let command = draft.template.command();
            return Err(Failure::usage(format!(
                "draft {name} is a {}: take it up with `tearline {command} --draft {name}`",
                draft.template.kind
            )));
        }
        draft.room = room.or(draft.room);
        paper.begin(desk, draft.room.as_ref())?;
        let edits = on_a_terminal() && !context.yes;
        let editor = edits.then(editor).transpose()?;
        let label = editor.is_none().then(|| format!("draft {name}"));
        return Ok(Begun { draft, name: Some(name), editor, label, kept: true });
    }
    if let Some(path) = &args.file {
        let input = path == Path::new("-");
        let label = if input { "standard input".to_owned() } else { path.display().to_string() };
        let draft = fresh(room, Zeroizing::new(text_of(path)?));
        return Ok(Begun { draft, name: None, editor: None, label: Some(label), kept: input });
    }
    if !on_a_terminal() {
        let message = "give a FILE, or - for standard input: there is no terminal to open an editor on";
        return Err(Failure::usage(message));
    }
    paper.begin(desk, room.as_ref())?;
    let editor = Some(editor()?);
    let text = template.render(desk.member().role(), room.as_ref().map(RoomName::as_str));
    let draft = fresh(room, Zeroizing::new(text));
    Ok(Begun { draft, name: None, editor, label: None, kept: true })
}

fn editor() -> Result<Editor, Failure> {
    Editor::find(|name| env::var_os(name)).lift()
}

/// A text on its way from an editor to the server, or to a draft.
struct Way<'a> {
    context: &'a Context,
    keeper: Keeper,
    room: Option<RoomName>,
    paper: &'a dyn Paper,
    editor: Option<Editor>,
    label: Option<String>,
    save: bool,
    /// Whether files are to go with it, which no draft keeps.
    attached: bool,
}

/// What comes next.
enum Next {
    Edit,
    Done,
}

impl Way<'_> {
    fn go(&self, desk: &Desk) -> Result<(), Failure> {
        let (json, attached) = (self.context.json, self.attached);
        self.keeper.watch(move |ended| end(json, attached, &ended)).lift()?;
        loop {
            if let Some(editor) = &self.editor {
                let hidden = self.context.passphrase_variable().map(OsStr::new);
                self.keeper.edit(editor, hidden.as_slice()).lift()?;
            }
            let text = self.keeper.text();
            if is_blank(&text) {
                return Err(Failure::refused("nothing was written, and nothing was sent"));
            }
            if self.save {
                return kept_as_asked(self.context, &self.keeper, self.attached);
            }
            // What is plainly wrong is said without waiting for the server.
            let checked = if self.editor.is_some() { self.paper.check(desk, &text) } else { Ok(()) };
            let next = match checked {
                Ok(()) => self.send(&text)?,
                Err(failure) => self.wrong(&failure)?,
            };
            if matches!(next, Next::Done) {
                return Ok(());
            }
        }
    }

    fn send(&self, text: &str) -> Result<Next, Failure> {
        let online = Online::open(self.context)?;
        let ready = match self.paper.prepare(&online.desk, self.room.as_ref(), text) {
            Ok(ready) => ready,
            Err(failure) if self.editor.is_some() && failure.exit_code() != EXIT_ALARM => {
                return self.wrong(&failure);
            }
            Err(failure) => return Err(self.named(failure)),
        };
        show(self.context, &ready)?;
        if let Some(next) = self.asked(&ready)? {
            return Ok(next);
        }
        let kind = self.paper.template().kind;
        if online.session.goes_by_courier() {
            // Until it is entered, its text is a draft.
            let draft = self.keeper.keep().lift()?.map(|name| name.to_string());
            let sent = online.send(self.context, ready, || (), (kind, draft))?;
            self.keeper.forget();
            say_sent(self.context, sent)?;
            return Ok(Next::Done);
        }
        let sent = online.send(self.context, ready, || self.keeper.sending(), (kind, None))?;
        // It is sent: a draft that stays is a nuisance and no failure.
        if let Err(error) = self.keeper.sent() {
            eprintln!("tearline: it was sent, but its draft could not be removed: {error}");
        }
        say_sent(self.context, sent)?;
        Ok(Next::Done)
    }

    /// `None` for yes.
    fn asked(&self, ready: &Ready) -> Result<Option<Next>, Failure> {
        if self.editor.is_none() || self.context.yes {
            return confirmed(self.context, ready).map(|()| None);
        }
        let question =
            format!("Type yes to {}, e to edit it again, or Enter to keep it as a draft: ", ready.act);
        match ask(&question)?.as_deref() {
            Some("yes") => Ok(None),
            Some("e" | "edit") => Ok(Some(Next::Edit)),
            _ => Err(Failure::refused("not sent")),
        }
    }

    /// Says what is wrong with an edited text, and asks how to go on.
    fn wrong(&self, failure: &Failure) -> Result<Next, Failure> {
        eprintln!("tearline: {failure}");
        let question = "Press Enter to go on editing, d to keep it as a draft, x to throw it away: ";
        match ask(question)?.as_deref() {
            Some("" | "e" | "edit") => Ok(Next::Edit),
            Some("x") => {
                self.keeper.forget();
                Err(Failure::refused("nothing was sent; what you wrote was thrown away"))
            }
            _ => Err(Failure::refused("not sent")),
        }
    }

    fn named(&self, failure: Failure) -> Failure {
        match (&self.label, failure) {
            (Some(label), Failure::Text(reason)) => Failure::Text(format!("{label}: {reason}")),
            (_, failure) => failure,
        }
    }

    /// Keeps what was not sent, and says so beside why it was not.
    fn keep(&self, failure: Failure) -> Failure {
        let kept = match self.keeper.keep() {
            Ok(None) => return failure,
            Ok(Some(name)) => kept_as(self.paper.template(), name, self.attached),
            Err(error) => not_kept(&error, &self.keeper.text()),
        };
        let unsure = self.keeper.way() == Sending::Perhaps && failure.reason().is_none();
        let kept = if unsure { format!("{UNSURE}\n{kept}") } else { kept };
        Failure::Kept { failure: Box::new(failure), kept }
    }
}

const UNSURE: &str = "The server may have taken it all the same: look with `tearline fetch` and `tearline inbox` \
                      before you send the draft again.";

fn kept_as(template: &Template, name: DraftName, attached: bool) -> String {
    let command = template.command();
    let (without, again) =
        if attached { (", without the files: attach them again", " --attach FILE") } else { ("", "") };
    format!("It is kept as draft {name}{without}. To go on: tearline {command} --draft {name}{again}")
}

/// Nothing that was written is lost, if it comes to that on the screen.
fn not_kept(error: &DraftError, text: &str) -> String {
    format!("It could not be kept as a draft: {error}. Copy it from here:\n\n{text}")
}

fn kept_as_asked(context: &Context, keeper: &Keeper, attached: bool) -> Result<(), Failure> {
    let Some(name) = keeper.keep().lift()? else {
        return Err(Failure::refused("nothing was written, and nothing was kept"));
    };
    let text = format!("Nothing was sent. {}\n", kept_as(keeper.template(), name, attached));
    say(context, &json!({"draft": name.to_string()}), &text)
}

/// The end that a signal brings.
fn end(json: bool, attached: bool, ended: &Ended) {
    let mut message = "ended by a signal. ".to_owned();
    if ended.way == Sending::Perhaps {
        message.push_str(UNSURE);
        message.push('\n');
    }
    message.push_str(&match (&ended.kept, ended.way) {
        (_, Sending::Done) => "It was sent.".to_owned(),
        (Ok(Some(name)), _) => kept_as(ended.template, *name, attached),
        (Ok(None), _) => "Nothing was sent.".to_owned(),
        (Err(error), _) => not_kept(error, &ended.text),
    });
    // The terminal may be gone; then there is nobody to tell, and the end is the same.
    let _ = if json {
        writeln!(io::stderr(), "{}", json!({"error": message, "exit_code": 1, "reason": null}))
    } else {
        writeln!(io::stderr(), "\ntearline: {message}")
    };
    process::exit(1);
}
