//! The rows of an export, written in order; and read back, so that what an earlier attempt wrote need not be written
//! again.

use std::{
    fs::File,
    io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use bytes::Bytes;
use tearline_ledger::bundle::{BundleEntry, BundleRoom, Reader, Row, Writer};

use super::{Contents, Done, Plan, plan::Planned};
use crate::{
    desk::Desk,
    durable::io_error,
    error::Error,
    replica::{Replica, verify::names_content},
};

const READ: usize = 256 << 10;

/// A room whose entries are to be written from `from` on.
pub(super) struct Next {
    pub(super) replica: Replica,
    pub(super) from: u64,
    pub(super) size: u64,
}

/// Where the bundle stands.
pub(super) struct Cursor<'a> {
    desk: &'a Desk,
    plan: &'a Plan,
    path: &'a Path,
    out: BufWriter<&'a mut File>,
    writer: Writer,
    /// The room that is next, or under way.
    log: usize,
    /// Of the room under way; `None` before its row.
    next: Option<u64>,
    done: Done,
}

impl<'a> Cursor<'a> {
    /// Goes on after the last row of the part that is what it should be; what is after it is cut off.
    pub(super) fn resume(
        desk: &'a Desk,
        plan: &'a Plan,
        (file, path): (&'a mut File, &'a Path),
    ) -> Result<Self, Error> {
        file.seek(SeekFrom::Start(0)).map_err(io_error("read", path))?;
        let (writer, first) = Writer::begin(&plan.begin);
        let rooms = plan.logs.len();
        let done = Done { rooms, all: plan.entries(), bytes: first.len() as u64, ..Done::default() };
        let mut found = Found { desk, plan, writer, log: 0, next: None, replica: None, done };
        let begun = found.read(file, path)?;
        found.done.before = found.done.entries;
        let Found { writer, log, next, done, .. } = found;
        file.set_len(if begun { done.bytes } else { 0 }).map_err(io_error("write", path))?;
        file.seek(SeekFrom::End(0)).map_err(io_error("write", path))?;
        let mut cursor = Self { desk, plan, path, out: BufWriter::new(file), writer, log, next, done };
        if !begun {
            cursor.put(&first)?;
        }
        Ok(cursor)
    }

    pub(super) fn done(&self) -> Done {
        self.done
    }

    /// The room whose entries are next; `None` after the last.
    pub(super) fn next_room(&mut self) -> Result<Option<Next>, Error> {
        let plan = self.plan;
        while let Some(log) = plan.logs.get(self.log) {
            let from = if let Some(next) = self.next {
                next
            } else {
                let row = self.writer.room(&row_of(log));
                self.put(&row)?;
                self.done.bytes += row.len() as u64;
                self.next = Some(0);
                0
            };
            if from < log.size {
                return Ok(Some(Next { replica: log.replica(self.desk)?, from, size: log.size }));
            }
            (self.log, self.next) = (self.log + 1, None);
        }
        Ok(None)
    }

    /// Writes the next entry of the room under way.
    pub(super) fn entry(
        &mut self,
        replica: &Replica,
        index: u64,
        content: Option<Bytes>,
    ) -> Result<(), Error> {
        let entry = replica.require_entry(index).map_err(|error| self.desk.alarmed(replica.room(), error))?;
        let row = self.writer.entry(BundleEntry { entry: entry.bytes().clone(), content });
        self.put(&row)?;
        self.next = Some(index + 1);
        self.done.entries += 1;
        self.done.bytes += row.len() as u64;
        Ok(())
    }

    /// Writes the last row.
    pub(super) fn finish(mut self) -> Result<Done, Error> {
        let last = self.writer.end();
        self.done.bytes += last.len() as u64;
        let written = self.out.write_all(&last).and_then(|()| self.out.flush());
        written.map_err(io_error("write", self.path))?;
        Ok(self.done)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.out.write_all(bytes).map_err(io_error("write", self.path))?)
    }
}

fn row_of(log: &Planned) -> BundleRoom {
    BundleRoom {
        room: log.room,
        name: log.name.clone(),
        first: 0,
        size: log.size,
        checkpoint: log.checkpoint.clone(),
    }
}

/// What an earlier attempt wrote, as far as it was compared.
struct Found<'a> {
    desk: &'a Desk,
    plan: &'a Plan,
    writer: Writer,
    log: usize,
    next: Option<u64>,
    replica: Option<Replica>,
    done: Done,
}

impl Found<'_> {
    /// Reads rows as long as they are what they should be. Whether the first was there.
    fn read(&mut self, file: &mut File, path: &Path) -> Result<bool, Error> {
        let (mut reader, mut buffer, mut begun) = (Reader::new(), vec![0; READ], false);
        loop {
            let read = file.read(&mut buffer).map_err(io_error("read", path))?;
            reader.feed(buffer.get(..read).unwrap_or_default());
            loop {
                let right = match reader.next_row() {
                    Ok(Some(Row::Begin(row))) if row == self.plan.begin => true,
                    Ok(Some(row)) => begun && self.take(row)?,
                    Ok(None) => break,
                    Err(_) => false,
                };
                if !right {
                    return Ok(begun);
                }
                begun = true;
            }
            if read == 0 {
                return Ok(begun);
            }
        }
    }

    /// Whether this is the row that belongs here.
    fn take(&mut self, row: Row) -> Result<bool, Error> {
        let Some(log) = self.plan.logs.get(self.log) else { return Ok(false) };
        match (row, self.next) {
            (Row::Room(row), None) if row == row_of(log) => {
                self.done.bytes += self.writer.room(&row).len() as u64;
                self.replica = Some(log.replica(self.desk)?);
                self.next = Some(0);
            }
            (Row::Entry(row), Some(index)) if index < log.size => {
                let Some(replica) = &self.replica else { return Ok(false) };
                if !self.is_right(replica, index, &row)? {
                    return Ok(false);
                }
                self.done.bytes += self.writer.entry(row).len() as u64;
                self.done.entries += 1;
                self.next = Some(index + 1);
            }
            _ => return Ok(false),
        }
        if self.next == Some(log.size) {
            (self.log, self.next, self.replica) = (self.log + 1, None, None);
        }
        Ok(true)
    }

    fn is_right(&self, replica: &Replica, index: u64, row: &BundleEntry) -> Result<bool, Error> {
        let kept = replica.require_entry(index);
        let kept = kept.map_err(|error| self.desk.alarmed(replica.room(), error))?;
        let content = match &row.content {
            Some(content) => self.plan.contents != Contents::None && names_content(&kept, content),
            None => true,
        };
        Ok(content && row.entry == *kept.bytes())
    }
}
