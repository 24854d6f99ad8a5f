//! A text on its way: whatever ends the command before the text is sent, it becomes a draft.
//!
//! Signals come on a thread of their own. While the editor has the terminal, an interrupt is the editor's;
//! at any other time, and for every other signal, the text is kept and the editor's file removed first.

use std::{
    ffi::OsStr,
    io,
    path::PathBuf,
    process::ExitStatus,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
};
use zeroize::Zeroizing;

use crate::{
    desk::now,
    drafts::{Draft, DraftError, DraftName, Drafts},
    editor::{Editor, EditorError},
    scratch::{Scratch, ScratchError},
    template::{self, Template},
};

/// How long an editor has to save and end, once it was told to.
const GRACE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// Why a text could not be edited.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The file.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
    /// The editor.
    #[error(transparent)]
    Editor(#[from] EditorError),
    /// Signals cannot be listened to.
    #[error("signals cannot be listened to: {0}")]
    Signals(io::Error),
}

/// How the command is ended from outside.
pub struct Ended {
    /// Of which kind the text is.
    pub template: &'static Template,
    /// It.
    pub text: Zeroizing<String>,
    /// Under which name the text is kept; `None` if there was nothing to keep.
    pub kept: Result<Option<DraftName>, DraftError>,
    /// How far it was on its way.
    pub way: Sending,
}

/// How far a text is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// The server has nothing of it.
    Not,
    /// The server may have taken it, but has not answered.
    Perhaps,
    /// It was sent.
    Done,
}

/// Holds the text.
#[derive(Debug, Clone)]
pub struct Keeper(Arc<Mutex<Held>>);

#[derive(Debug)]
struct Held {
    profile: PathBuf,
    drafts: Drafts,
    draft: Draft,
    /// Where it is kept already.
    name: Option<DraftName>,
    /// Whether what is held is not in the file of that name.
    changed: bool,
    scratch: Option<Scratch>,
    editor: Option<Pid>,
    way: Sending,
    /// A signal came: nothing more is to be begun.
    ending: bool,
    /// Asks the thread that listens to signals whether it has seen all that came; `None` if none listens.
    settle: Option<Settle>,
}

/// What is answered once every signal that came before was seen.
type Settle = UnboundedSender<oneshot::Sender<()>>;

impl Keeper {
    /// Holds a text: a new one, or a draft that has a name. `profile` is the desk's folder.
    pub fn new(profile: PathBuf, drafts: Drafts, draft: Draft, name: Option<DraftName>) -> Self {
        let (scratch, editor, way, ending) = (None, None, Sending::Not, false);
        let changed = name.is_none();
        let settle = None;
        let held = Held { profile, drafts, draft, name, changed, scratch, editor, way, ending, settle };
        Self(Arc::new(Mutex::new(held)))
    }

    /// From now on signals end the command by way of `end`, which is to end the process.
    pub fn watch(&self, end: impl FnOnce(Ended) + Send + 'static) -> Result<(), EditError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(EditError::Signals)?;
        let keeper = self.clone();
        let listening = {
            let _inside = runtime.enter();
            let of = |kind| signal(kind).map_err(EditError::Signals);
            [
                of(SignalKind::interrupt())?,
                of(SignalKind::quit())?,
                of(SignalKind::terminate())?,
                of(SignalKind::hangup())?,
            ]
        };
        let (settle, asked) = unbounded_channel();
        self.held().settle = Some(settle);
        thread::spawn(move || {
            runtime.block_on(keeper.told_to_end(listening, asked));
            let mut held = keeper.held();
            let kept = held.keep();
            held.scratch = None;
            // The lock is held until the process is gone, so that nothing is begun any more.
            let (template, text) = (held.draft.template, held.draft.text.clone());
            end(Ended { template, text, kept, way: held.way });
        });
        Ok(())
    }

    async fn told_to_end(
        &self,
        [mut int, mut quit, mut term, mut hup]: [tokio::signal::unix::Signal; 4],
        mut asked: UnboundedReceiver<oneshot::Sender<()>>,
    ) {
        let mut answer: Option<oneshot::Sender<()>> = None;
        loop {
            let typed = tokio::select! {
                biased;
                _ = int.recv() => true,
                _ = quit.recv() => true,
                _ = term.recv() => false,
                _ = hup.recv() => false,
                // No signal is left.
                () = std::future::ready(()), if answer.is_some() => {
                    let _ = answer.take().map(|answer| answer.send(()));
                    continue;
                }
                Some(question) = asked.recv() => {
                    // So that the system's signals are here before they are looked for once more.
                    tokio::time::sleep(PAUSE).await;
                    answer = Some(question);
                    continue;
                }
            };
            let mut held = self.held();
            if typed && held.editor.is_some() {
                continue;
            }
            held.ending = true;
            if let Some(editor) = held.editor {
                let _ = kill_process(editor, Signal::TERM);
            }
            break;
        }
        drop((asked, answer));
        let until = Instant::now() + GRACE;
        while self.held().editor.is_some() && Instant::now() < until {
            thread::sleep(PAUSE);
        }
    }

    /// Runs an editor on the text and takes over what it saved. `hidden` are variables that it does not get.
    ///
    /// An editor that fails may have saved something: it is taken over too.
    pub fn edit(&self, editor: &Editor, hidden: &[&OsStr]) -> Result<(), EditError> {
        let mut child = {
            let mut held = self.held();
            let draft = &held.draft;
            let made = Scratch::make(&held.profile, draft.template, draft.room.as_ref(), &draft.text)?;
            made.share()?;
            let child = editor.start(made.path(), hidden)?;
            held.editor = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            held.scratch = Some(made);
            child
        };
        let status = child.wait();
        self.settle();
        self.edited(editor, status)
    }

    /// Waits until every signal that came while the editor ran was taken for the editor's.
    fn settle(&self) {
        let Some(settle) = self.held().settle.clone() else { return };
        let (answer, settled) = oneshot::channel();
        if settle.send(answer).is_ok() {
            // An error is that a signal ends the command: `edited` sees that.
            let _ = settled.blocking_recv();
        }
    }

    fn edited(&self, editor: &Editor, status: io::Result<ExitStatus>) -> Result<(), EditError> {
        let mut held = self.held();
        held.editor = None;
        if held.ending {
            drop(held);
            // The other thread ends the process.
            loop {
                thread::park();
            }
        }
        let Some(scratch) = held.scratch.take() else { return Ok(editor.ended(status)?) };
        let read = scratch.read();
        let text = match &read {
            Err(ScratchError::NotUtf8) => scratch.read_anyway().ok(),
            Err(_) => None,
            Ok(text) => Some(text.clone()),
        };
        if let Some(text) = text.filter(|text| *text != held.draft.text) {
            held.draft.text = text;
            held.changed = true;
        }
        drop(scratch);
        editor.ended(status)?;
        read?;
        Ok(())
    }

    /// The text as it is now.
    pub fn text(&self) -> Zeroizing<String> {
        self.held().draft.text.clone()
    }

    /// Of which kind it is.
    pub fn template(&self) -> &'static Template {
        self.held().draft.template
    }

    /// How far it is on its way.
    pub fn way(&self) -> Sending {
        self.held().way
    }

    /// Keeps the text, if there is anything to keep and it is not kept already: under which name.
    pub fn keep(&self) -> Result<Option<DraftName>, DraftError> {
        self.held().keep()
    }

    /// From now on the server may have it.
    pub fn sending(&self) {
        self.held().way = Sending::Perhaps;
    }

    /// It was sent, and is no draft any more.
    pub fn sent(&self) -> Result<(), DraftError> {
        let mut held = self.held();
        held.changed = false;
        held.way = Sending::Done;
        match held.name.take() {
            Some(name) => held.drafts.remove(name),
            None => Ok(()),
        }
    }

    /// It is not to be kept. A draft that it was stays as it was.
    pub fn forget(&self) {
        let mut held = self.held();
        held.changed = false;
        held.name = None;
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn keep(&mut self) -> Result<Option<DraftName>, DraftError> {
        if let Some(text) = self.scratch.as_ref().and_then(|scratch| scratch.read_anyway().ok())
            && text != self.draft.text
        {
            self.draft.text = text;
            self.changed = true;
        }
        if self.changed && !template::is_blank(&self.draft.text) {
            self.draft.kept_at = now();
            self.name = Some(self.drafts.keep(self.name, &self.draft)?);
            self.changed = false;
        }
        Ok(self.name)
    }
}

/// Makes drafts of what killed commands left behind, and removes it: their names.
pub fn sweep(profile: &std::path::Path, drafts: &Drafts) -> Result<Vec<DraftName>, crate::error::Error> {
    let mut names = Vec::new();
    let left = crate::scratch::leftovers(profile)?;
    if left.is_empty() {
        return Ok(names);
    }
    let known = drafts.list()?;
    for left in left {
        let text = left.read_anyway()?;
        let kept = known.iter().any(|(_, draft)| draft.as_ref().is_ok_and(|draft| draft.text == text));
        let worth = !kept && !template::is_blank(&text);
        // A file that somebody renamed is a text all the same.
        let about = left.about().or_else(|| Some((Template::of("note")?, None)));
        let Some((template, room)) = about.filter(|_| worth) else { continue };
        names.push(drafts.keep(None, &Draft { template, room, kept_at: now(), text })?);
    }
    Ok(names)
}
