//! `tearlined courier`: a desk's letter handed to the running server, and its answer brought into a file.
//!
//! The answer's file is whole or not there. Specification: `docs/operations.md`, "Desks without a network".

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _},
    os::unix::{fs::OpenOptionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
};

use tearline_ledger::{
    courier::{
        CourierError, LETTER_MAX,
        answer::{Outcome, Reader, Refusal, Room, Row},
        letter::Letter,
    },
    digest::Digest,
    id::RoomId,
};

use crate::{config::Config, control};

const READ: usize = 1 << 20;
/// The longest line that says why there is no answer.
const LINE_MAX: u64 = 16 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// A file is there.
    #[error("{}: exists: give another name", .0.display())]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The letter is none. Nothing of it was entered.
    #[error("{}: {error}. Nothing of it was entered.", path.display())]
    Letter {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: CourierError,
    },
    /// No server runs.
    #[error("the server does not run: start it, and then take the letter in")]
    NotRunning,
    /// The server will not.
    #[error("{0}")]
    Refused(String),
    /// The running server broke off.
    #[error("the server broke off ({0}): see its log, then take the same letter in again")]
    Server(io::Error),
    /// What came is no whole answer.
    #[error("what the server gave is not whole ({0}): see its log, then take the same letter in again")]
    Answer(CourierError),
}

/// What was taken and what goes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    /// The letter.
    pub letter: Letter,
    /// What became of each unit.
    pub outcomes: Vec<Outcome>,
    /// The desk's rooms.
    pub rooms: Vec<Room>,
}

impl Posted {
    /// What became of a unit, in words.
    pub fn tell(&self, unit: &Digest) -> String {
        let outcome = self.outcomes.iter().find(|outcome| outcome.unit == *unit).map(|it| &it.result);
        match outcome {
            Some(Err(Refusal { reason, message })) => format!("refused ({reason}): {message}"),
            Some(Ok(receipts)) => {
                let places = self.letter.units.iter().find(|it| it.digest() == *unit).map(|it| {
                    let pairs = it.statements().iter().zip(receipts);
                    pairs
                        .map(|(signed, receipt)| format!("{}#{}", self.name_of(signed.room()), receipt.index))
                });
                let places = places.map(Iterator::collect::<Vec<_>>).unwrap_or_default();
                format!("entered as {}", places.join(", "))
            }
            None => "not answered".to_owned(),
        }
    }

    /// A room's name, if the desk is in it; else its id.
    fn name_of(&self, id: RoomId) -> String {
        let room = self.rooms.iter().find(|room| room.room == id);
        room.map_or_else(|| id.to_string(), |room| room.name.as_str().to_owned())
    }
}

/// Takes a letter in and writes the answer, which must not be there yet.
pub fn post(config: &Config, letter: &Path, answer: &Path) -> Result<Posted, PostError> {
    if answer.symlink_metadata().is_ok() {
        return Err(PostError::Exists(answer.to_owned()));
    }
    let bytes = read(letter)?;
    let parsed =
        Letter::parse(&bytes).map_err(|error| PostError::Letter { path: letter.to_owned(), error })?;
    let server = UnixStream::connect(control::socket(&config.data)).map_err(|_| PostError::NotRunning)?;
    let part = answer.with_extension("part");
    let posted = ask(server, &bytes, &part);
    if posted.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&part);
    }
    let (outcomes, rooms) = posted?;
    let at = |source| PostError::File { path: answer.to_owned(), source };
    fs::rename(&part, answer).map_err(at)?;
    let folder = answer.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at)?;
    Ok(Posted { letter: parsed, outcomes, rooms })
}

fn read(path: &Path) -> Result<Vec<u8>, PostError> {
    let at = |source| PostError::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(at)?;
    file.take(LETTER_MAX as u64 + 1).read_to_end(&mut bytes).map_err(at)?;
    Ok(bytes)
}

fn ask(mut server: UnixStream, letter: &[u8], part: &Path) -> Result<(Vec<Outcome>, Vec<Room>), PostError> {
    let question = format!("{}{}\n", control::LETTER, letter.len());
    server
        .write_all(question.as_bytes())
        .and_then(|()| server.write_all(letter))
        .map_err(PostError::Server)?;
    // Without a limit: where an organisation's share of statements is used up, the server waits its turn.
    let mut server = BufReader::with_capacity(READ, server);
    let mut line = String::new();
    server.by_ref().take(LINE_MAX).read_line(&mut line).map_err(PostError::Server)?;
    if line.is_empty() {
        return Err(PostError::Server(io::ErrorKind::UnexpectedEof.into()));
    }
    if line != control::ANSWER {
        return Err(PostError::Refused(line.trim_end().to_owned()));
    }
    bring(server, part)
}

fn bring(mut server: BufReader<UnixStream>, part: &Path) -> Result<(Vec<Outcome>, Vec<Room>), PostError> {
    let at = |source| PostError::File { path: part.to_owned(), source };
    let file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(part).map_err(at)?;
    let mut out = BufWriter::new(file);
    let (mut reader, mut buffer) = (Reader::new(), vec![0; READ]);
    let (mut outcomes, mut rooms) = (Vec::new(), Vec::new());
    loop {
        let read = server.read(&mut buffer).map_err(PostError::Server)?;
        if read == 0 {
            break;
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        out.write_all(bytes).map_err(at)?;
        reader.feed(bytes);
        while let Some(row) = reader.next_row().map_err(PostError::Answer)? {
            match row {
                Row::Outcome(outcome) => outcomes.push(outcome),
                Row::Room(room) => rooms.push(room),
                Row::Begin(_) | Row::Entry(_) | Row::End => {}
            }
        }
    }
    reader.finish().map_err(PostError::Answer)?;
    out.flush().map_err(at)?;
    out.get_ref().sync_all().map_err(at)?;
    Ok((outcomes, rooms))
}
