//! Proofs in one file: that an entry is in a room's log, with the checkpoint that says so.
//!
//! Specification: C2SP tlog-proof. It shows inclusion, not that the entry's signers had the standing
//! to sign; for that one needs the room's log.

use std::fmt::{self, Write as _};

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::{
    checkpoint::{CheckpointError, SignedCheckpoint, base64_digest, decimal},
    digest::Digest,
    merkle::{ProofError, verify_inclusion},
    note::{MAX_NOTE_SIZE, Note, NoteError, VerifierKey},
};

/// The first line, its newline included.
const HEADER: &str = "c2sp.org/tlog-proof@v1\n";

/// The most hashes of an inclusion proof: one for each bit of the greatest size.
const MAX_HASHES: usize = 64;

/// The most bytes of a proof: the largest checkpoint and as much again of extra data.
pub const MAX_PROOF_SIZE: usize = 2 * MAX_NOTE_SIZE;

/// Why a proof is refused. Whoever handed it over is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlogProofError {
    /// Longer than any honest proof.
    #[error("the proof has {0} bytes, more than {MAX_PROOF_SIZE}: refuse it")]
    TooLarge(usize),
    /// Not text.
    #[error("the proof is not UTF-8 at byte {0}: fetch it again")]
    NotUtf8(usize),
    /// The first line is another.
    #[error("line 1 is not `c2sp.org/tlog-proof@v1`: give a file that is such a proof")]
    Header,
    /// The extra data is not base64.
    #[error("line 2 is not `extra BASE64`: fetch the proof again")]
    Extra,
    /// The index is missing or misspelt.
    #[error("line {0} is not `index N` with a decimal N without leading zeros: fetch the proof again")]
    Index(usize),
    /// A line of the inclusion proof is not a hash.
    #[error("line {0} is not a hash, 32 bytes in base64: fetch the proof again")]
    Hash(usize),
    /// More hashes than any tree has levels.
    #[error("the proof has more than {MAX_HASHES} hashes: refuse it")]
    TooManyHashes,
    /// No empty line after the hashes.
    #[error("the proof ends before the checkpoint: fetch the whole of it")]
    Truncated,
    /// What follows is not a note. Its lines are counted from the checkpoint's first.
    #[error("the proof's checkpoint: {0}")]
    Note(#[from] NoteError),
    /// The checkpoint is not the log's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not where the proof says.
    #[error("the entry is not in the log at index {index}: {problem}")]
    NotIncluded {
        /// As the proof states.
        index: u64,
        /// Why the proof fails.
        #[source]
        problem: ProofError,
    },
}

/// A proof as it was read: well-formed, nothing verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    extra: Option<Vec<u8>>,
    index: u64,
    hashes: Vec<Digest>,
    checkpoint: Note,
}

impl TlogProof {
    /// The proof that the entry at `index` is in the tree of this checkpoint.
    pub fn new(index: u64, hashes: Vec<Digest>, checkpoint: &SignedCheckpoint) -> Self {
        Self { extra: None, index, hashes, checkpoint: checkpoint.note().clone() }
    }

    /// The same proof with opaque data along with it, which nothing authenticates.
    #[must_use]
    pub fn with_extra(self, extra: Vec<u8>) -> Self {
        Self { extra: Some(extra), ..self }
    }

    /// Reads a proof. What it accepts, `to_string` writes back byte for byte.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        if bytes.len() > MAX_PROOF_SIZE {
            return Err(TlogProofError::TooLarge(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|e| TlogProofError::NotUtf8(e.valid_up_to()))?;
        let mut rest = text.strip_prefix(HEADER).ok_or(TlogProofError::Header)?;
        let mut number = 1;
        let mut next = || {
            let (line, after) = rest.split_once('\n').ok_or(TlogProofError::Truncated)?;
            rest = after;
            number += 1;
            Ok::<_, TlogProofError>((number, line))
        };

        let (mut number, mut line) = next()?;
        let extra = match line.strip_prefix("extra ") {
            None => None,
            Some(encoded) => {
                let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| TlogProofError::Extra)?;
                (number, line) = next()?;
                Some(bytes)
            }
        };
        let index = line.strip_prefix("index ").and_then(decimal).ok_or(TlogProofError::Index(number))?;
        let mut hashes = Vec::new();
        loop {
            let (number, line) = next()?;
            if line.is_empty() {
                break;
            }
            if hashes.len() == MAX_HASHES {
                return Err(TlogProofError::TooManyHashes);
            }
            hashes.push(base64_digest(line).ok_or(TlogProofError::Hash(number))?);
        }
        Ok(Self { extra, index, hashes, checkpoint: Note::parse(rest.as_bytes())? })
    }

    /// Verifies that the leaf of this hash is in the log with this key, which is named for the room,
    /// and returns the checkpoint, whose cosignatures are still to be judged.
    pub fn verify(&self, leaf_hash: &Digest, log: &VerifierKey) -> Result<SignedCheckpoint, TlogProofError> {
        let checkpoint = SignedCheckpoint::from_note(self.checkpoint.clone(), log)?;
        verify_inclusion(leaf_hash, self.index, checkpoint.size(), &self.hashes, &checkpoint.root())
            .map_err(|problem| TlogProofError::NotIncluded { index: self.index, problem })?;
        Ok(checkpoint)
    }

    /// The entry's index, as the proof states it.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The inclusion proof, from leaf to root.
    pub fn hashes(&self) -> &[Digest] {
        &self.hashes
    }

    /// Opaque data that came along. Not authenticated by anything.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// The checkpoint's note, unverified.
    pub fn checkpoint(&self) -> &Note {
        &self.checkpoint
    }

    /// The bytes of the proof, as they travel.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEADER)?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64_STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", BASE64_STANDARD.encode(hash))?;
        }
        f.write_char('\n')?;
        write!(f, "{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        checkpoint::{Checkpoint, Origin},
        merkle::{Tree, TreeSize, leaf_hash},
        note::SeedSigner,
    };

    /// Leaf 2 of the five one-byte leaves 0 to 4.
    const PROOF: &str = "c2sp.org/tlog-proof@v1
extra aGk=
index 2
WDx9+3swVdmUZVRAMqVx4QoTSxtvdpQiu7cf1/oWel0=
ogv5p8wtyKCPX0FacbGfasQnurVNJO7IaLXTEDRJlTo=
TzUhLRL5rSA2SSyV8f55uvTse9m+89/6dXnyKT/1RqQ=

kivu.example/1f1c5b2fad778434024f1537986346927917f4755a6e7d3fd91f22653b7c3132
5
uFW0LWww9bCH4FJmeD+9bjlPe5JgE8yqZ3AKiwxaWW8=

— kivu.example/1f1c5b2fad778434024f1537986346927917f4755a6e7d3fd91f22653b7c3132 \
VgnDxDmiMGPGcXEhTJF5dSTkw1B/G+1zqwaBvPKHlP1mUydxLVglsYz/977tGm1EMNN/ro3SUvvV2+CWHfetvZUsnQs=
";

    fn origin() -> Origin {
        Origin::new("kivu.example".parse().unwrap(), Digest::of(b"room"))
    }

    fn log_key() -> VerifierKey {
        origin().log_key(&SeedSigner::new(1).log_key("kivu.example"))
    }

    fn parse(text: &str) -> Result<TlogProof, TlogProofError> {
        TlogProof::parse(text.as_bytes())
    }

    #[test]
    fn a_proof_has_fixed_bytes() {
        let mut tree = Tree::new();
        (0..5).for_each(|leaf| tree.append(leaf_hash(&[leaf])));
        let checkpoint = Checkpoint { origin: origin(), size: tree.size(), root: tree.root() };
        let signed = checkpoint.sign(&SeedSigner::new(1)).unwrap();
        let proof = TlogProof::new(2, tree.inclusion(2, TreeSize(5)).unwrap(), &signed);
        assert_eq!(proof.to_string(), PROOF.replace("extra aGk=\n", ""));
        assert_eq!(proof.with_extra(b"hi".to_vec()).to_string(), PROOF);
    }

    #[test]
    fn a_proof_verifies_for_its_leaf_and_log_only() {
        let proof = parse(PROOF).unwrap();
        assert_eq!((proof.index(), proof.extra()), (2, Some(b"hi".as_slice())));
        let checkpoint = proof.verify(&leaf_hash(&[2]), &log_key()).unwrap();
        assert_eq!((checkpoint.size(), checkpoint.origin()), (TreeSize(5), &origin()));

        let problem = ProofError::WrongRoot { which: "tree's" };
        let refused = Err(TlogProofError::NotIncluded { index: 2, problem });
        assert_eq!(proof.verify(&leaf_hash(&[3]), &log_key()), refused);
        let other = origin().log_key(&SeedSigner::new(2).log_key("kivu.example"));
        let unsigned = CheckpointError::Note(NoteError::Unsigned { known: 1 });
        assert_eq!(proof.verify(&leaf_hash(&[2]), &other), Err(unsigned.into()));
        for index in [0, 1, 3, 4, 5, u64::MAX] {
            let moved = parse(&PROOF.replace("index 2", &format!("index {index}"))).unwrap();
            assert!(moved.verify(&leaf_hash(&[2]), &log_key()).is_err(), "{index}");
        }
    }

    #[test]
    fn misshapen_proofs_are_refused_with_their_place() {
        let with = |from: &str, to: &str| parse(&PROOF.replacen(from, to, 1)).unwrap_err();
        assert_eq!(with("@v1", "@v2"), TlogProofError::Header);
        assert_eq!(with("aGk=", "aGk"), TlogProofError::Extra);
        assert_eq!(with("index 2", "index 02"), TlogProofError::Index(3));
        assert_eq!(with("extra aGk=\nindex 2", "index"), TlogProofError::Index(2));
        assert_eq!(with("index 2", "extra aGk=\nindex 2"), TlogProofError::Index(3));
        assert_eq!(with("Wel0=", "Wel0"), TlogProofError::Hash(4));
        assert_eq!(with("lTo=\n", "lTo=\nAAAA\n"), TlogProofError::Hash(6));
        let problem = crate::note::SignatureLineError::Shape;
        assert_eq!(with("— ", "- "), NoteError::Line { number: 5, problem }.into());
        let hash = "ogv5p8wtyKCPX0FacbGfasQnurVNJO7IaLXTEDRJlTo=\n";
        assert_eq!(with(hash, &hash.repeat(63)), TlogProofError::TooManyHashes);
        assert_eq!(TlogProof::parse(&[0xff]), Err(TlogProofError::NotUtf8(0)));
        let long = vec![b'a'; MAX_PROOF_SIZE + 1];
        assert_eq!(TlogProof::parse(&long), Err(TlogProofError::TooLarge(long.len())));
    }

    #[test]
    fn a_truncated_proof_is_refused() {
        for end in 0..PROOF.len() {
            assert!(TlogProof::parse(&PROOF.as_bytes()[..end]).is_err(), "{end}");
        }
    }

    proptest! {
        #[test]
        fn what_parses_is_written_back_the_same(
            head in "(extra [a-zA-Z]{0,4}\n)?index [0-9]{1,3}\n([A-Za-z]{42}[A-Z]=\n){0,3}\n?",
            junk in "(\\PC|\n)*",
        ) {
            let note = "a\n\n— a AQIDBP8=\n";
            for text in [format!("{HEADER}{head}{note}"), format!("{HEADER}{head}{junk}"), junk] {
                if let Ok(proof) = parse(&text) {
                    prop_assert_eq!(proof.to_string(), text);
                }
            }
        }
    }
}
