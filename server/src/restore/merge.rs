//! Several bundles of one instance read side by side, row by row, as if they were one.
//!
//! Of each room the longest log counts, and the others must be its beginning, entry for entry. Content and attachments
//! are taken from the first bundle that has them. Memory: a row of each bundle, and 40 bytes for each attachment. What
//! the rows mean is not known here: the audit judges what comes out.

use std::{
    cell::Cell,
    collections::{HashMap, VecDeque},
    fs::File,
    iter::Peekable,
    mem,
    path::PathBuf,
    rc::Rc,
};

use tearline_audit::{BundleFault, Rows};
use tearline_ledger::{
    bundle::{Begin, BundleEntry, BundleError, BundleRoom, Row},
    checkpoint::Checkpoint,
    digest::Digest,
    merkle::{Frontier, leaf_hash},
    note::Note,
};

use super::{Expected, RestoreError};

type FileRows<'a> = Rows<File, Box<dyn FnMut(u64) + 'a>>;

struct Source<'a> {
    path: PathBuf,
    rows: Peekable<FileRows<'a>>,
}

impl Source<'_> {
    fn next(&mut self) -> Result<Row, RestoreError> {
        match self.rows.next() {
            Some(Ok(row)) => Ok(row),
            Some(Err(error)) => Err(self.fault(error)),
            None => Err(self.fault(BundleError::CutOff { rows: 0 }.into())),
        }
    }

    /// The next row, not taken yet; `None` if it is an error, which `next` tells.
    fn peek(&mut self) -> Option<&Row> {
        self.rows.peek()?.as_ref().ok()
    }

    fn fault(&self, error: BundleFault) -> RestoreError {
        RestoreError::Source { path: self.path.clone(), error }
    }
}

/// One bundle's log of the room under way.
struct Log {
    source: usize,
    size: u64,
    /// What its checkpoint says, to be compared with the tree of its entries.
    root: Digest,
}

struct Room {
    name: String,
    logs: Vec<Log>,
    size: u64,
    next: u64,
    tree: Frontier,
}

/// The rows of all of them.
pub(super) struct Merge<'a> {
    sources: Vec<Source<'a>>,
    room: Option<Room>,
    /// Which bundle each attachment is taken from.
    attachments: HashMap<Digest, usize>,
    ready: VecDeque<Row>,
    over: bool,
}

impl<'a> Merge<'a> {
    /// Bundles that were opened; all must be of the instance that is expected. `progress` is told how many bytes have
    /// been read of all.
    pub(super) fn of(
        bundles: Vec<(PathBuf, File)>,
        expected: &Expected<'_>,
        progress: impl FnMut(u64) + Clone + 'a,
    ) -> Result<Self, RestoreError> {
        let total = Rc::new(Cell::new(0));
        let source = |(path, file)| {
            let (total, mut before, mut progress) = (Rc::clone(&total), 0, progress.clone());
            let told: Box<dyn FnMut(u64) + 'a> = Box::new(move |read| {
                total.set(total.get() + (read - mem::replace(&mut before, read)));
                progress(total.get());
            });
            Source { path, rows: Rows::of(file, told).peekable() }
        };
        let mut sources: Vec<Source<'a>> = bundles.into_iter().map(source).collect();
        let mut begun: Option<Begin> = None;
        for source in &mut sources {
            // A reader gives no other row first.
            if let Row::Begin(begin) = source.next()? {
                same_instance(&begin, &source.path, expected)?;
                let newest = begun.take().filter(|other| other.written_at >= begin.written_at);
                begun = Some(newest.unwrap_or(begin));
            }
        }
        let ready = begun.map(Row::Begin).into_iter().collect();
        Ok(Self { sources, room: None, attachments: HashMap::new(), ready, over: false })
    }

    fn fill(&mut self) -> Result<(), RestoreError> {
        match self.room.take() {
            Some(room) if room.next < room.size => self.entry(room),
            Some(room) => self.attachments(room),
            None => self.begin_room(),
        }
    }

    /// The room with the least id that is next in any bundle.
    fn begin_room(&mut self) -> Result<(), RestoreError> {
        let next = |source: &mut Source<'_>| match source.peek() {
            Some(Row::Room(room)) => Some(room.room),
            _ => None,
        };
        let Some(id) = self.sources.iter_mut().filter_map(next).min() else { return self.end() };
        let (mut longest, mut logs): (Option<BundleRoom>, Vec<Log>) = (None, Vec::new());
        for (at, source) in self.sources.iter_mut().enumerate() {
            if !matches!(source.peek(), Some(Row::Room(room)) if room.room == id) {
                continue;
            }
            let Row::Room(room) = source.next()? else { continue };
            if room.first != 0 || room.size == 0 {
                return Err(RestoreError::Incomplete { path: source.path.clone(), room: room.name });
            }
            // One that names none is found to be of another tree.
            let named = claimed(&room).unwrap_or_default();
            logs.push(Log { source: at, size: room.size, root: named });
            if longest.as_ref().is_none_or(|longest| longest.size < room.size) {
                longest = Some(room);
            }
        }
        if let Some(longest) = longest {
            let (name, size) = (longest.name.clone(), longest.size);
            self.room = Some(Room { name, logs, size, next: 0, tree: Frontier::new() });
            self.ready.push_back(Row::Room(longest));
        }
        Ok(())
    }

    /// The next entry, which all bundles have that have one there.
    fn entry(&mut self, mut room: Room) -> Result<(), RestoreError> {
        let mut merged: Option<(usize, BundleEntry)> = None;
        for log in room.logs.iter().filter(|log| room.next < log.size) {
            let Some(source) = self.sources.get_mut(log.source) else { continue };
            let Row::Entry(entry) = source.next()? else { continue };
            match &mut merged {
                None => merged = Some((log.source, entry)),
                Some((_, first)) if first.entry == entry.entry => {
                    first.content = first.content.take().or(entry.content);
                }
                Some((one, _)) => {
                    let path = |at: usize| self.sources.get(at).map(|it| it.path.clone()).unwrap_or_default();
                    return Err(RestoreError::Differ {
                        one: path(*one),
                        other: path(log.source),
                        room: room.name,
                        index: room.next,
                    });
                }
            }
        }
        if let Some((_, entry)) = merged {
            if self.sources.len() > 1 {
                room.tree.append(leaf_hash(&entry.entry));
            }
            self.ready.push_back(Row::Entry(entry));
        }
        room.next += 1;
        if self.sources.len() > 1 {
            let other = |log: &&Log| log.size == room.next && log.root != room.tree.root();
            if let Some(source) = room.logs.iter().find(other).and_then(|log| self.sources.get(log.source)) {
                return Err(other_tree(source, &room.name));
            }
        }
        self.room = Some(room);
        Ok(())
    }

    /// The next attachment's bytes in one of the bundles; passed over if another bundle gives it.
    fn attachments(&mut self, room: Room) -> Result<(), RestoreError> {
        for log in &room.logs {
            let Some(source) = self.sources.get_mut(log.source) else { continue };
            while matches!(source.peek(), Some(Row::Piece(_))) {
                let Row::Piece(piece) = source.next()? else { continue };
                if *self.attachments.entry(piece.digest).or_insert(log.source) == log.source {
                    self.ready.push_back(Row::Piece(piece));
                    self.room = Some(room);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), RestoreError> {
        for source in &mut self.sources {
            source.next()?;
            // Nothing may follow.
            if let Some(Err(error)) = source.rows.next() {
                return Err(source.fault(error));
            }
        }
        self.ready.push_back(Row::End);
        self.over = true;
        Ok(())
    }
}

impl Iterator for Merge<'_> {
    type Item = Result<Row, RestoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.over {
            if let Err(error) = self.fill() {
                self.over = true;
                return Some(Err(error));
            }
        }
        self.ready.pop_front().map(Ok)
    }
}

/// The root that a room's checkpoint names, if it is of so many entries.
fn claimed(room: &BundleRoom) -> Option<Digest> {
    let note = Note::parse(&room.checkpoint).ok()?;
    let checkpoint = Checkpoint::parse(note.unverified_text()).ok()?;
    (checkpoint.size.0 == room.size).then_some(checkpoint.root)
}

fn other_tree(source: &Source<'_>, room: &str) -> RestoreError {
    RestoreError::OtherTree { path: source.path.clone(), room: room.to_owned() }
}

fn same_instance(begin: &Begin, path: &std::path::Path, expected: &Expected<'_>) -> Result<(), RestoreError> {
    if begin.domain == *expected.domain && begin.chamber.0 == expected.chamber {
        return Ok(());
    }
    Err(RestoreError::OtherInstance {
        path: path.to_owned(),
        found: format!("{} with chamber {}", begin.domain.as_str(), begin.chamber),
        expected: format!("{} with chamber {}", expected.domain.as_str(), expected.chamber),
    })
}
