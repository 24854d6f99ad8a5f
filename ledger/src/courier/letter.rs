//! A desk's letter: how far it has each room, and what it wants entered.
//!
//! Signed by the desk, so that whoever finds or writes one for it is told nothing of its rooms; and with the desk's
//! certificate, by which whoever takes it in learns whether the desk would be let in. What a certificate says is
//! not known here. A letter is short enough to be read as a whole.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use prost::Message as _;
use tearline_proto::v1::{self, letter_row::Row};

use super::{At, CourierError, LETTER_MAX, Paper, SUBMISSIONS_MAX, UNITS_MAX, are_certificates};
use crate::{
    charter::Member,
    digest::Digest,
    envelope::{PayloadType, Signature},
    framing::{FrameReader, FrameWriter, ROW_MAX},
    id::RoomId,
    keys::{PublicKey, SigningKey},
    name::{Domain, MemberName},
    statement::Signed,
};

/// The first bytes of every letter.
pub const MAGIC: &[u8] = b"tearline-letter/v1\n";

/// How far the desk has a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The room.
    pub room: RoomId,
    /// Entries that it has verified.
    pub size: u64,
    /// The first entry that it wants, at most `size`.
    pub from: u64,
}

/// What one Append takes: statements that are entered all or none.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    message: v1::LetterUnit,
    statements: Vec<Signed>,
}

impl Unit {
    /// The unit of these submissions.
    ///
    /// # Errors
    ///
    /// What is wrong, as in `submission 2: …`: an Append would refuse it.
    pub fn of(submissions: Vec<v1::Submission>) -> Result<Self, String> {
        let count = submissions.len();
        if count == 0 || count > SUBMISSIONS_MAX {
            return Err(format!("it has {count} submissions; 1 to {SUBMISSIONS_MAX} are taken at once"));
        }
        let numbered = submissions.iter().enumerate();
        let parsed = numbered.map(|(at, it)| parse(it).map_err(|what| format!("submission {at}: {what}")));
        let statements = parsed.collect::<Result<Vec<_>, _>>()?;
        let message = v1::LetterUnit { submissions };
        if message.encoded_len() + 8 > ROW_MAX {
            return Err("it has more than 16 MiB".to_owned());
        }
        Ok(Self { message, statements })
    }

    /// The submissions, as an Append takes them.
    pub fn submissions(&self) -> &[v1::Submission] {
        &self.message.submissions
    }

    /// Their statements, well-formed; nobody has verified their signatures.
    pub fn statements(&self) -> &[Signed] {
        &self.statements
    }

    /// What names it in the answer.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.message.encode_to_vec())
    }

    /// Its row's bytes, without what frames it.
    pub fn encoded_len(&self) -> usize {
        self.message.encoded_len()
    }
}

fn parse(submission: &v1::Submission) -> Result<Signed, String> {
    let signed = Signed::parse(&submission.envelope).map_err(|error| error.to_string())?;
    if RoomId::from_slice(&submission.room) != Some(signed.room()) {
        return Err("the statement is for another room".to_owned());
    }
    let content = &submission.content;
    let fits = match signed.statement.sealed() {
        None => content.is_empty(),
        Some(post) => post.size == content.len() as u64 && post.digest == Digest::of(content),
    };
    if fits { Ok(signed) } else { Err("the content is not the one that the statement names".to_owned()) }
}

/// Whose letter it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The instance.
    pub domain: Domain,
    /// The desk.
    pub member: MemberName,
    /// Seconds since 1970, by the desk's clock.
    pub written_at: u64,
    /// X.509, DER: the desk's own, then any between it and the authority.
    pub certificates: Vec<Bytes>,
}

/// A well-formed letter. Its signature is not verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// Whose.
    pub sender: Sender,
    /// Rooms, ascending by id.
    pub rooms: Vec<Held>,
    /// What it wants entered, in order.
    pub units: Vec<Unit>,
    digest: Digest,
    signed: Digest,
    signature: Signature,
}

impl Letter {
    /// Writes a letter, signed by the desk. Rooms are put in order.
    ///
    /// # Errors
    ///
    /// If it has too many units or bytes, or a unit twice.
    pub fn write(
        sender: &Sender,
        rooms: &[Held],
        units: &[Unit],
        key: &SigningKey,
    ) -> Result<Bytes, CourierError> {
        let mut writer = FrameWriter::new(MAGIC);
        let mut out = BytesMut::from(MAGIC);
        let mut put = |writer: &mut FrameWriter, row| {
            out.extend_from_slice(&writer.row(&v1::LetterRow { row: Some(row) }));
        };
        let begin = v1::LetterBegin {
            domain: sender.domain.as_str().to_owned(),
            member: sender.member.as_str().to_owned(),
            written_at: sender.written_at,
            certificates: sender.certificates.clone(),
        };
        put(&mut writer, Row::Begin(begin));
        let mut rooms = rooms.to_vec();
        rooms.sort_by_key(|held| held.room);
        for Held { room, size, from } in rooms {
            let room = Bytes::copy_from_slice(room.as_bytes());
            put(&mut writer, Row::Room(v1::LetterRoom { room, size, from }));
        }
        for unit in units {
            put(&mut writer, Row::Unit(unit.message.clone()));
        }
        let payload = writer.digest();
        let signature = Signature::make(PayloadType::Letter, payload.as_bytes(), key);
        put(&mut writer, Row::Signature(signature.to_message()));
        let end = writer.end();
        put(&mut writer, Row::End(end));
        let bytes = out.freeze();
        Self::parse(&bytes)?;
        Ok(bytes)
    }

    /// Reads a letter.
    pub fn parse(bytes: &[u8]) -> Result<Self, CourierError> {
        let paper = Paper::Letter;
        let framed = |error| CourierError::framed(paper, error);
        if bytes.len() > LETTER_MAX {
            return Err(CourierError::LetterTooLong);
        }
        let mut reader = FrameReader::new(MAGIC);
        reader.feed(bytes);
        let (mut draft, mut ended) = (Draft::default(), false);
        while let Some(row) = reader.next_row::<v1::LetterRow>("letter's row").map_err(framed)? {
            let at = At { paper, row: row.at };
            match row.message.row.ok_or(at.wrong("it is empty"))? {
                Row::End(end) => {
                    reader.end(row.before, &end).map_err(framed)?;
                    ended = true;
                }
                message => draft.take(at, message, row.before)?,
            }
        }
        reader.finish().map_err(framed)?;
        let end = At { paper, row: 0 };
        let (Some(sender), Some((signed, signature)), true) = (draft.sender, draft.signature, ended) else {
            return Err(end.wrong("the letter is not signed"));
        };
        let (rooms, units, digest) = (draft.rooms, draft.units, Digest::of(bytes));
        Ok(Self { sender, rooms, units, digest, signed, signature })
    }

    /// SHA-256 of its bytes: what an answer names it by.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether it is of this member, by the key that signed it and by that of its certificate: SHA-256 of the
    /// public key (SPKI, DER), which whoever has judged the certificate knows.
    pub fn is_of(&self, member: &Member, tls_key: Digest) -> bool {
        member.name == self.sender.member && member.tls_key == tls_key && self.is_signed_by(&member.sign_key)
    }

    /// Whether this key signed it.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.signature.key_id == key.key_id()
            && key.verify(&PayloadType::Letter.pae(self.signed.as_bytes()), &self.signature.bytes).is_ok()
    }
}

/// A letter as far as it was read.
#[derive(Default)]
struct Draft {
    sender: Option<Sender>,
    rooms: Vec<Held>,
    last_room: Option<RoomId>,
    units: Vec<Unit>,
    seen: BTreeSet<Digest>,
    signature: Option<(Digest, Signature)>,
}

impl Draft {
    fn take(&mut self, at: At, row: Row, before: Digest) -> Result<(), CourierError> {
        if self.sender.is_none() != matches!(row, Row::Begin(_)) {
            return Err(at.wrong("the first row, and only the first, says whose letter it is"));
        }
        if self.signature.is_some() {
            return Err(at.wrong("a row follows the signature"));
        }
        match row {
            Row::Begin(begin) => {
                let (domain, member) = (begin.domain.parse(), begin.member.parse());
                let domain: Domain = domain.map_err(|error| at.name(error))?;
                let member: MemberName = member.map_err(|error| at.name(error))?;
                if *member.domain() != domain {
                    return Err(at.wrong("the desk is of another instance than its letter"));
                }
                let v1::LetterBegin { written_at, certificates, .. } = begin;
                if !are_certificates(&certificates) {
                    return Err(at.wrong("1 to 4 certificates of at most 16 KiB say who the desk is"));
                }
                self.sender = Some(Sender { domain, member, written_at, certificates });
            }
            Row::Room(v1::LetterRoom { room, size, from }) => {
                if !self.units.is_empty() {
                    return Err(at.wrong("a room follows a unit"));
                }
                let room = at.next_room(&mut self.last_room, &room)?;
                if from > size {
                    return Err(at.wrong("it wants entries from beyond what it has"));
                }
                self.rooms.push(Held { room, size, from });
            }
            Row::Unit(unit) => {
                let unit =
                    Unit::of(unit.submissions).map_err(|what| CourierError::Unit { row: at.row, what })?;
                if !self.seen.insert(unit.digest()) {
                    return Err(at.wrong("it is the same unit again"));
                }
                if self.units.len() == UNITS_MAX {
                    return Err(at.wrong("it is one unit more than a letter has"));
                }
                self.units.push(unit);
            }
            Row::Signature(signature) => {
                let signature = Signature::from_message(&signature);
                let signature = signature.ok_or(at.wrong("the signature has the wrong length"))?;
                self.signature = Some((before, signature));
            }
            Row::End(_) => {}
        }
        Ok(())
    }
}
