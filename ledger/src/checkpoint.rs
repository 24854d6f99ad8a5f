//! Checkpoints: a log's signed statement of a room's size and root.
//!
//! Specification: C2SP tlog-checkpoint, as `docs/spec.md`, section 5.5, takes it: no extension lines,
//! and the key's name is the origin. Which log key was in force is the rules' business.

use std::{fmt, str::FromStr};

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::{
    digest::Digest,
    merkle::TreeSize,
    name::Domain,
    note::{KeyMaterial, KeyName, Note, NoteError, NoteSigner, SignatureLine, VerifierKey, sign_note},
};

/// Why a checkpoint is refused. Whoever handed it over is at fault, unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It is not a note, or no log's.
    #[error("the checkpoint is refused: {0}")]
    Note(#[from] NoteError),
    /// Not three lines.
    #[error("a checkpoint is three lines, ORIGIN, SIZE and ROOT, and no others: fetch it again")]
    Shape,
    /// Line 1 is not an origin.
    #[error("`{}` is not an origin: it is DOMAIN/ROOM, the room in 64 lower-case hexadecimal digits", .0.escape_debug())]
    Origin(String),
    /// Line 2 is not a size.
    #[error("`{}` in line 2 is not a size: it is decimal, without leading zeros, below 2^64", .0.escape_debug())]
    Size(String),
    /// Line 3 is not a root.
    #[error("line 3 is not a root: it is 32 bytes in base64")]
    Root,
    /// The log signed for a room under the name of another, or the wrong key was given.
    #[error("the checkpoint of `{origin}` is signed as `{signer}`: use the key of that room")]
    OtherRoom {
        /// Whose size and root it states.
        origin: Origin,
        /// Whose key was given.
        signer: KeyName,
    },
    /// The caller is at fault: the key is a witness's.
    #[error("the key `{0}` cannot sign checkpoints as a log: give the log's key, of type 0x01")]
    NotLogKey(KeyName),
}

/// Which room's log a checkpoint is of: `DOMAIN/ROOM`, the room's id in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    domain: Domain,
    room: Digest,
}

impl Origin {
    /// The origin of the room with this id.
    pub fn new(domain: Domain, room: Digest) -> Self {
        Self { domain, room }
    }

    /// The instance.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The room's id.
    pub fn room(&self) -> Digest {
        self.room
    }

    /// The key that signs this room's checkpoints, given the log's key under any name; a charter
    /// names it for the domain.
    pub fn log_key(&self, key: &VerifierKey) -> VerifierKey {
        key.renamed(self.into())
    }
}

impl FromStr for Origin {
    type Err = CheckpointError;
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let parsed = text.split_once('/').and_then(|(domain, room)| {
            Some(Self { domain: domain.parse().ok()?, room: Digest::from_hex(room)? })
        });
        parsed.ok_or_else(|| CheckpointError::Origin(text.to_owned()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.domain.as_str(), self.room)
    }
}

/// The size and root of a room's tree. On its own it is a claim; see [`SignedCheckpoint`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// The room.
    pub origin: Origin,
    /// Leaves in its tree.
    pub size: TreeSize,
    /// The root of that tree.
    pub root: Digest,
}

impl Checkpoint {
    /// Reads the text of a checkpoint. What it accepts, [`Self::text`] writes back the same.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Shape)?;
        let lines: Vec<&str> = body.split('\n').collect();
        let &[origin, size, root] = lines.as_slice() else { return Err(CheckpointError::Shape) };
        Ok(Self {
            origin: origin.parse()?,
            size: decimal(size).map(TreeSize).ok_or_else(|| CheckpointError::Size(size.to_owned()))?,
            root: base64_digest(root).ok_or(CheckpointError::Root)?,
        })
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size.0, BASE64_STANDARD.encode(self.root))
    }

    /// The checkpoint, signed by the log under the origin's name.
    pub fn sign(self, log: &dyn NoteSigner) -> Result<SignedCheckpoint, CheckpointError> {
        let note = sign_note(&self.text(), &KeyName::from(&self.origin), log)?;
        Ok(SignedCheckpoint { checkpoint: self, note })
    }
}

/// A checkpoint that its log signed, with the signature lines of others, which are not verified here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

impl SignedCheckpoint {
    /// Reads a checkpoint that the log with this key must have signed; the key is named for the
    /// room, as [`Origin::log_key`] gives it. [`Self::to_bytes`] gives back the same bytes.
    pub fn open(bytes: &[u8], log: &VerifierKey) -> Result<Self, CheckpointError> {
        Self::from_note(Note::parse(bytes)?, log)
    }

    /// As [`Self::open`], of a note that is parsed already.
    pub fn from_note(note: Note, log: &VerifierKey) -> Result<Self, CheckpointError> {
        if !matches!(log.material(), KeyMaterial::Ed25519(_)) {
            return Err(CheckpointError::NotLogKey(log.name().clone()));
        }
        let checkpoint = Checkpoint::parse(note.verify(std::slice::from_ref(log))?.text())?;
        if KeyName::from(&checkpoint.origin) != *log.name() {
            let signer = log.name().clone();
            return Err(CheckpointError::OtherRoom { origin: checkpoint.origin, signer });
        }
        Ok(Self { checkpoint, note })
    }

    /// What the log signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The room.
    pub fn origin(&self) -> &Origin {
        &self.checkpoint.origin
    }

    /// Leaves in the tree.
    pub fn size(&self) -> TreeSize {
        self.checkpoint.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Digest {
        self.checkpoint.root
    }

    /// The whole note.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// The signature lines under other names than the log's: those of witnesses, known or not.
    pub fn other_lines(&self) -> impl Iterator<Item = &SignatureLine> {
        let log = KeyName::from(self.origin());
        self.note.signatures().iter().filter(move |line| *line.name() != log)
    }

    /// The bytes of the note, as they travel.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.to_bytes()
    }

    /// Adds a witness's line, in the place of an older one by the same key.
    pub(crate) fn put_line(&mut self, line: SignatureLine) -> Result<(), NoteError> {
        self.note.put_signature(line)
    }
}

/// The number that this is the one decimal spelling of.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// The digest that this is the base64 of.
pub(crate) fn base64_digest(text: &str) -> Option<Digest> {
    Digest::from_slice(&BASE64_STANDARD.decode(text).ok()?)
}

#[cfg(test)]
pub(crate) fn sample(log: &dyn NoteSigner) -> SignedCheckpoint {
    let origin = Origin::new("kivu.example".parse().unwrap(), Digest::of(b"room"));
    Checkpoint { origin, size: TreeSize(42), root: Digest::of(b"root") }.sign(log).unwrap()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::note::SeedSigner;

    const SIGNED: &str = "\
kivu.example/1f1c5b2fad778434024f1537986346927917f4755a6e7d3fd91f22653b7c3132
42
SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=

— kivu.example/1f1c5b2fad778434024f1537986346927917f4755a6e7d3fd91f22653b7c3132 \
VgnDxP5RMWBfCk+j4pNZlfAWkZLSLx4CWxERM51qz2xXS8GR1E0yzyvzn/BAkOwiqsC41EB9STPBtzFbDvxYBvkyFwQ=
";

    fn key_of(signer: &SeedSigner) -> VerifierKey {
        sample(signer).origin().log_key(&signer.log_key("kivu.example"))
    }

    #[test]
    fn a_signed_checkpoint_has_fixed_bytes() {
        let log = SeedSigner::new(1);
        let signed = sample(&log);
        assert_eq!(signed.note().to_string(), SIGNED);
        assert_eq!(SignedCheckpoint::open(SIGNED.as_bytes(), &key_of(&log)), Ok(signed.clone()));
        assert_eq!(signed.to_bytes(), SIGNED.as_bytes());
        assert_eq!(signed.other_lines().count(), 0);
    }

    #[test]
    fn lines_of_others_are_carried() {
        let log = SeedSigner::new(1);
        let bytes = format!("{SIGNED}— un/monitor-1 AQIDBP8=\n");
        let signed = SignedCheckpoint::open(bytes.as_bytes(), &key_of(&log)).unwrap();
        let names: Vec<_> = signed.other_lines().map(|line| line.name().as_str()).collect();
        assert_eq!(names, ["un/monitor-1"]);
        assert_eq!(signed.to_bytes(), bytes.as_bytes());
    }

    #[test]
    fn the_key_must_be_the_logs_and_named_for_the_room() {
        let log = SeedSigner::new(1);
        let open = |key: &VerifierKey| SignedCheckpoint::open(SIGNED.as_bytes(), key).unwrap_err();
        let unsigned = CheckpointError::Note(NoteError::Unsigned { known: 1 });
        assert_eq!(open(&log.log_key("kivu.example")), unsigned);
        assert_eq!(open(&key_of(&SeedSigner::new(2))), unsigned);
        let witness = log.witness_key("un/monitor-1");
        assert_eq!(open(&witness), CheckpointError::NotLogKey(witness.name().clone()));

        let text = sample(&log).checkpoint().text();
        let other: KeyName = "kivu.example/other".parse().unwrap();
        let note = sign_note(&text, &other, &log).unwrap();
        let key = log.log_key("kivu.example/other");
        let refused = SignedCheckpoint::from_note(note, &key).unwrap_err();
        let origin = sample(&log).origin().clone();
        assert_eq!(refused, CheckpointError::OtherRoom { origin, signer: other });
    }

    #[test]
    fn anything_but_the_one_spelling_is_refused() {
        let good = sample(&SeedSigner::new(1)).checkpoint().text();
        assert!(Checkpoint::parse(&good).is_ok());
        let parse = |text: &str| Checkpoint::parse(text).unwrap_err();
        for shape in ["", "\n", good.trim_end(), &format!("{good}extension\n"), &format!("{good}\n")] {
            assert!(matches!(parse(shape), CheckpointError::Shape), "{shape}");
        }
        for size in ["", "042", "+42", "-1", "4 2", "0x2a", "18446744073709551616"] {
            assert_eq!(
                parse(&good.replace("\n42\n", &format!("\n{size}\n"))),
                CheckpointError::Size(size.into())
            );
        }
        assert!(matches!(parse(&good.replace("kivu.example/", "kivu.example")), CheckpointError::Origin(_)));
        assert!(matches!(parse(&good.replace("kivu.example", "Kivu.example")), CheckpointError::Origin(_)));
        let room = Digest::of(b"room").to_hex();
        assert!(matches!(parse(&good.replace(&room, &room.to_uppercase())), CheckpointError::Origin(_)));
        assert!(matches!(parse(&good.replace(&room, &room[1..])), CheckpointError::Origin(_)));
        assert_eq!(parse(&good.replace("=\n", "\n")), CheckpointError::Root);
        assert_eq!(parse(&good.replace("=\n", "A=\n")), CheckpointError::Root);
    }

    proptest! {
        #[test]
        fn every_checkpoint_reads_back(room: [u8; 32], size: u64, root: [u8; 32]) {
            let origin = Origin::new("kivu.example".parse().unwrap(), Digest(room));
            let checkpoint = Checkpoint { origin, size: TreeSize(size), root: Digest(root) };
            prop_assert_eq!(Checkpoint::parse(&checkpoint.text()), Ok(checkpoint));
        }

        #[test]
        fn what_parses_is_written_back_the_same(
            text in "[a-z]\\.[a-z]/[0-9a-f]{64}\n[0-9]{1,3}\n[A-Za-z]{42}[A-Z]=\n|(\\PC|\n)*") {
            if let Ok(checkpoint) = Checkpoint::parse(&text) {
                prop_assert_eq!(checkpoint.text(), text);
            }
        }
    }
}
