//! What each parser promises of any bytes at all.

use std::io::{self, Read};

use anyhow::{Result, ensure};
use bytes::Bytes;
use tearline_client::{
    evidence::{
        File,
        judge::{caveat, judge},
    },
    front::Front,
};
use tearline_ledger::{
    admission::{Admission, Invitation},
    card::SignedCard,
    checkpoint::Checkpoint,
    content::Content,
    courier::{
        answer::{Reader, Row},
        letter::Letter,
    },
    digest::Digest,
    entry::Entry,
    envelope::{Envelope, PayloadType},
    mark::Mark,
    misleading,
    name::{MemberName, RoomName},
    note::{Note, VerifierKey},
    policy::Policy,
    portion::BriefingFile,
    proof::TlogProof,
    statement::{Signed, Statement},
};

/// What was taken is written as it was read.
fn same(read: &[u8], written: &[u8]) -> Result<()> {
    ensure!(read == written, "it was taken, and is written another way: {}", hex::encode(written));
    Ok(())
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

pub(super) fn envelope(bytes: &[u8]) -> Result<()> {
    for kind in [PayloadType::Statement, PayloadType::Card] {
        if let Ok(envelope) = Envelope::parse(kind, bytes) {
            same(bytes, &envelope.encode())?;
        }
    }
    Ok(())
}

pub(super) fn statement(bytes: &[u8]) -> Result<()> {
    if let Ok(statement) = Statement::parse(bytes) {
        same(bytes, &statement.encode())?;
    }
    if let Ok(signed) = Signed::parse(bytes) {
        same(bytes, &signed.envelope.encode())?;
        same(signed.envelope.payload(), &signed.statement.encode())?;
    }
    Ok(())
}

pub(super) fn entry(bytes: &[u8]) -> Result<()> {
    if let Ok(entry) = Entry::parse(Bytes::copy_from_slice(bytes)) {
        same(bytes, entry.bytes())?;
    }
    Ok(())
}

pub(super) fn content(bytes: &[u8]) -> Result<()> {
    if let Ok(content) = Content::parse(bytes) {
        same(bytes, &content.encode())?;
        harmless(&tearline_client::show::content::body(&content))?;
    }
    Ok(())
}

pub(super) fn note(bytes: &[u8]) -> Result<()> {
    if let Ok(note) = Note::parse(bytes) {
        same(bytes, &note.to_bytes())?;
        if let Ok(checkpoint) = Checkpoint::parse(note.unverified_text()) {
            same(note.unverified_text().as_bytes(), checkpoint.text().as_bytes())?;
        }
    }
    Ok(())
}

pub(super) fn key(bytes: &[u8]) -> Result<()> {
    if let Ok(key) = text(bytes).parse::<VerifierKey>() {
        same(bytes, key.to_string().as_bytes())?;
    }
    Ok(())
}

pub(super) fn proof(bytes: &[u8]) -> Result<()> {
    if let Ok(proof) = TlogProof::parse(bytes) {
        same(bytes, &proof.to_bytes())?;
    }
    Ok(())
}

pub(super) fn policy(bytes: &[u8]) -> Result<()> {
    if let Ok(policy) = Policy::parse(bytes) {
        let all = policy.witness_keys();
        ensure!(policy.satisfied_by(&all), "all its witnesses together do not satisfy it");
        ensure!(policy.asks_for_none() || !policy.satisfied_by(&[]), "nobody satisfies it");
    }
    Ok(())
}

pub(super) fn card(bytes: &[u8]) -> Result<()> {
    if let Ok(card) = SignedCard::from_text(text(bytes)) {
        ensure!(
            SignedCard::from_text(&card.to_text()).is_ok_and(|again| again == card),
            "it is another card"
        );
    }
    Ok(())
}

pub(super) fn admission(bytes: &[u8]) -> Result<()> {
    if let Ok(admission) = Admission::parse(bytes) {
        same(bytes, &admission.encode())?;
    }
    if let Ok(admission) = Admission::from_text(text(bytes)) {
        ensure!(Admission::parse(&admission.encode()).is_ok_and(|again| again == admission), "it is another");
    }
    if let Ok(invitation) = Invitation::from_text(text(bytes)) {
        let again = Invitation::from_text(&invitation.to_text("Tearline invitation"));
        ensure!(again.is_ok_and(|again| again == invitation), "it is another invitation");
    }
    Ok(())
}

/// The same verdict however the file comes in.
pub(super) fn bundle(bytes: &[u8]) -> Result<()> {
    let verdict = |piece: usize| {
        let verified = tearline_audit::verify(Pieces { bytes, piece }, |_| ());
        verified.map(|it| it.rooms).map_err(|fault| fault.to_string())
    };
    let (whole, pieces) = (verdict(bytes.len().max(1)), verdict(97));
    ensure!(whole == pieces, "as a whole {whole:?}, in pieces {pieces:?}");
    Ok(())
}

/// Bytes that come in pieces of this many at most.
struct Pieces<'a> {
    bytes: &'a [u8],
    piece: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = self.piece.min(into.len());
        self.bytes.read(into.get_mut(..most).unwrap_or_default())
    }
}

pub(super) fn letter(bytes: &[u8]) -> Result<()> {
    if let Ok(letter) = Letter::parse(bytes) {
        ensure!(letter.digest() == Digest::of(bytes), "its digest is of something else");
    }
    Ok(())
}

/// The same rows however the file comes in.
pub(super) fn answer(bytes: &[u8]) -> Result<()> {
    let rows = |piece: usize| -> std::result::Result<Vec<Row>, String> {
        let (mut reader, mut rows) = (Reader::new(), Vec::new());
        for part in bytes.chunks(piece) {
            reader.feed(part);
            while let Some(row) = reader.next_row().map_err(|fault| fault.to_string())? {
                rows.push(row);
            }
        }
        reader.finish().map_err(|fault| fault.to_string())?;
        Ok(rows)
    };
    let (whole, pieces) = (rows(bytes.len().max(1)), rows(97));
    ensure!(whole == pieces, "as a whole {whole:?}, in pieces {pieces:?}");
    Ok(())
}

pub(super) fn evidence(bytes: &[u8]) -> Result<()> {
    if let Ok(file) = File::parse(bytes) {
        drop(judge(&file));
        let _ = caveat(&file.alarm);
        let again = File::parse(&serde_json::to_vec(&file)?);
        ensure!(again.is_ok_and(|again| again == file), "it is another file of evidence");
    }
    Ok(())
}

pub(super) fn briefing(bytes: &[u8]) -> Result<()> {
    if let Ok(file) = BriefingFile::parse(bytes) {
        ensure!((1..=63).contains(&file.portions.len()), "{} portions", file.portions.len());
        ensure!(file.portions.iter().all(|it| !it.text.trim().is_empty()), "a portion without text");
    }
    Ok(())
}

pub(super) fn paper(bytes: &[u8]) -> Result<()> {
    let text = text(bytes);
    let read = Front::parse(text);
    if !text.contains('\r') {
        let elsewhere = Front::parse(&text.replace('\n', "\r\n"));
        ensure!(elsewhere == read, "with another system's line ends it is {elsewhere:?}, not {read:?}");
    }
    if let Ok(mut front) = read {
        drop(front.take("subject", tearline_client::front::text));
        drop(front.take("reply-by", tearline_client::front::utc));
        drop(front.window("from", "to"));
        drop(front.finish());
    }
    Ok(())
}

pub(super) fn mark(bytes: &[u8]) -> Result<()> {
    if let Ok(mark) = text(bytes).parse::<Mark>() {
        let again = mark.to_string().parse::<Mark>();
        ensure!(again.as_ref() == Ok(&mark), "{mark} is {again:?}");
    }
    Ok(())
}

pub(super) fn name(bytes: &[u8]) -> Result<()> {
    if let Ok(name) = text(bytes).parse::<MemberName>() {
        same(bytes, name.as_str().as_bytes())?;
    }
    if let Ok(name) = text(bytes).parse::<RoomName>() {
        same(bytes, name.as_str().as_bytes())?;
        ensure!(
            !name.as_str().contains(['/', '.', '\\']),
            "a room's name leads elsewhere: {}",
            name.as_str()
        );
    }
    Ok(())
}

pub(super) fn misleading(bytes: &[u8]) -> Result<()> {
    let shown = misleading::visible(text(bytes));
    harmless(&shown)?;
    ensure!(
        misleading::find(text(bytes)).is_empty() == (shown == text(bytes)),
        "found and not shown: {shown:?}"
    );
    Ok(())
}

/// Nothing that moves a terminal's cursor, turns text round or cannot be seen.
fn harmless(shown: &str) -> Result<()> {
    let bad = |it: char| {
        (it.is_control() && !matches!(it, '\n' | '\t'))
            || matches!(it, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    ensure!(!shown.contains(bad), "it is shown with characters that mislead: {shown:?}");
    Ok(())
}
