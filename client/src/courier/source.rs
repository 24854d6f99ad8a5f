//! An answer's rows from a file, in pieces; on the first reading copied as they come.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use tearline_ledger::courier::{
    CourierError,
    answer::{Reader, Row},
};

use super::CourierFault;
use crate::{
    durable::{FileError, io_error, open_private},
    error::Error,
};

const PIECE: usize = 1 << 20;

/// The rows of an answer.
pub(super) struct Source {
    path: PathBuf,
    file: File,
    copy: Option<(PathBuf, File)>,
    reader: Reader,
    piece: Vec<u8>,
    over: bool,
}

impl Source {
    /// The rows of this file; what is read of it is written to `copy`.
    pub(super) fn open(path: &Path, copy: Option<&Path>) -> Result<Self, Error> {
        let file = File::open(path).map_err(io_error("open", path))?;
        let copy = copy.map(|copy| Ok::<_, FileError>((copy.to_owned(), fresh(copy)?))).transpose()?;
        let (reader, piece) = (Reader::new(), vec![0; PIECE]);
        Ok(Self { path: path.to_owned(), file, copy, reader, piece, over: false })
    }

    /// The next row; `None` once the file is over, and whole.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Error> {
        loop {
            if let Some(row) = self.reader.next_row().map_err(|error| self.wrong(error))? {
                return Ok(Some(row));
            }
            if self.over {
                self.reader.finish().map_err(|error| self.wrong(error))?;
                return Ok(None);
            }
            let read = self.file.read(&mut self.piece).map_err(io_error("read", &self.path))?;
            let piece = self.piece.get(..read).unwrap_or_default();
            self.over = read == 0;
            self.reader.feed(piece);
            if let Some((path, copy)) = &mut self.copy {
                copy.write_all(piece).map_err(io_error("write", path))?;
            }
        }
    }

    /// Makes the copy durable.
    pub(super) fn keep(self) -> Result<(), Error> {
        let Some((path, copy)) = self.copy else { return Ok(()) };
        Ok(copy.sync_all().map_err(io_error("sync", &path))?)
    }

    fn wrong(&self, error: CourierError) -> Error {
        CourierFault::Paper { path: self.path.clone(), error }.into()
    }
}

fn fresh(path: &Path) -> Result<File, FileError> {
    let file = open_private(path)?;
    file.set_len(0).map_err(io_error("cut", path))?;
    Ok(file)
}
