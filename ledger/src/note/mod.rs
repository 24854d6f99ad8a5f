//! Signed notes: a text, an empty line, and who signed it.
//!
//! Specification: C2SP signed-note, as `docs/spec.md`, section 5.3, takes it. A note's text means
//! nothing here, and nothing at all before a known key's signature was verified.

mod key;
mod line;

#[cfg(test)]
pub(crate) use key::SeedSigner;
pub use key::{KeyError, KeyId, KeyMaterial, KeyName, ML_DSA_44_KEY_SIZE, NoteSigner, VerifierKey};
pub use line::{SignatureLine, SignatureLineError};

use std::fmt;

use ed25519_zebra::{Signature, VerificationKey};

use crate::cosign;

/// The most signature lines of a note. C2SP requires at least 16; every witness of a room fits.
pub const MAX_SIGNATURES: usize = 64;

/// The most bytes of a note: room for that many ML-DSA-44 signatures several times over.
pub const MAX_NOTE_SIZE: usize = 1 << 20;

/// Why a note is refused. Whoever handed it over is at fault, unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Longer than any honest note.
    #[error("the note has {0} bytes, more than {MAX_NOTE_SIZE}: refuse it")]
    TooLarge(usize),
    /// Not text.
    #[error("the note is not UTF-8 at byte {0}: fetch it again")]
    NotUtf8(usize),
    /// A control character other than the newline.
    #[error("line {0} of the note has a control character: fetch it again")]
    Control(usize),
    /// The end is missing.
    #[error("the note does not end in a newline: fetch the whole of it")]
    Truncated,
    /// No empty line with signatures after it.
    #[error("the note has no signatures after an empty line: fetch the whole of it")]
    NoSignatures,
    /// More signatures than are looked at.
    #[error("the note has more than {MAX_SIGNATURES} signatures: remove those of unknown witnesses")]
    TooManySignatures,
    /// A signature line is misshapen.
    #[error("line {number} of the note: {problem}")]
    Line {
        /// Counted from 1.
        number: usize,
        /// What is wrong with it.
        #[source]
        problem: SignatureLineError,
    },
    /// A known key's signature is not valid: the note was altered.
    #[error("the signature by `{0}` does not fit the note: keep it as evidence and refuse it")]
    BadSignature(KeyName),
    /// No known key signed in a way that can be verified.
    #[error("none of the {known} known keys signed the note: check that the right keys are known")]
    Unsigned {
        /// How many keys were given.
        known: usize,
    },
}

/// A note as it was read: well-formed, nothing verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    /// 1 to [`MAX_SIGNATURES`].
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// Reads a note. What it accepts, `to_string` writes back byte for byte.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_SIZE {
            return Err(NoteError::TooLarge(bytes.len()));
        }
        let whole = std::str::from_utf8(bytes).map_err(|e| NoteError::NotUtf8(e.valid_up_to()))?;
        check_text(whole)?;
        let (body, lines) = whole.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
        let first = body.split('\n').count() + 2;
        let mut signatures = Vec::new();
        for (number, line) in (first..).zip(lines.split('\n')) {
            if signatures.len() == MAX_SIGNATURES {
                return Err(NoteError::TooManySignatures);
            }
            signatures.push(line.parse().map_err(|problem| NoteError::Line { number, problem })?);
        }
        Ok(Self { text: format!("{body}\n"), signatures })
    }

    /// Verifies every signature that claims to be by a known key.
    ///
    /// Lines of unknown keys are ignored, and so are those of type 06, which cannot be verified here.
    /// One bad signature by a known key, or no valid one, refuses the note.
    pub fn verify(&self, known: &[VerifierKey]) -> Result<VerifiedNote<'_>, NoteError> {
        let mut signers: Vec<VerifierKey> = Vec::new();
        for line in &self.signatures {
            for key in known.iter().filter(|key| line.claims(key)) {
                match check(key, &self.text, line.signature()) {
                    Check::Bad => return Err(NoteError::BadSignature(key.name().clone())),
                    Check::Good if !signers.contains(key) => signers.push(key.clone()),
                    Check::Good | Check::Unverified => {}
                }
            }
        }
        if signers.is_empty() {
            return Err(NoteError::Unsigned { known: known.len() });
        }
        Ok(VerifiedNote { text: &self.text, signers })
    }

    /// The text, its last newline included. Not to be believed before [`Self::verify`].
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in their order.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// The bytes of the note, as they travel.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    /// Puts the line in the place of all others of the same name and id, or at the end.
    pub(crate) fn put_signature(&mut self, line: SignatureLine) -> Result<(), NoteError> {
        let others = self.signatures.iter().filter(|o| !o.is_by_key_of(&line));
        if others.count() >= MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.retain(|other| !other.is_by_key_of(&line));
        self.signatures.push(line);
        Ok(())
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A note that at least one known key signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedNote<'a> {
    text: &'a str,
    signers: Vec<VerifierKey>,
}

impl<'a> VerifiedNote<'a> {
    /// The text, its last newline included.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The known keys whose signatures are valid, each once; at least one.
    pub fn signers(&self) -> &[VerifierKey] {
        &self.signers
    }
}

/// Signs a text, which must end in a newline and have no other control character, as a key of type 01
/// of this name.
pub fn sign_note(text: &str, name: &KeyName, signer: &dyn NoteSigner) -> Result<Note, NoteError> {
    check_text(text)?;
    let key = VerifierKey::new(name.clone(), KeyMaterial::Ed25519(signer.public_key()));
    let line = SignatureLine::new(&key, signer.sign(text.as_bytes()).to_vec());
    Ok(Note { text: text.to_owned(), signatures: vec![line] })
}

/// Whether this is an Ed25519 signature over the message, by the rules of ZIP 215.
pub(crate) fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = <[u8; 64]>::try_from(signature) else { return false };
    VerificationKey::try_from(*key).is_ok_and(|key| key.verify(&Signature::from(signature), message).is_ok())
}

enum Check {
    Good,
    Bad,
    Unverified,
}

fn check(key: &VerifierKey, text: &str, signature: &[u8]) -> Check {
    let good = match key.material() {
        KeyMaterial::Ed25519(key) => verify_ed25519(key, text.as_bytes(), signature),
        KeyMaterial::Ed25519Cosignature(key) => cosign::verify(key, text, signature).is_some(),
        KeyMaterial::MlDsa44Cosignature(_) if cosign::is_ml_dsa_44(signature) => return Check::Unverified,
        KeyMaterial::MlDsa44Cosignature(_) => false,
    };
    if good { Check::Good } else { Check::Bad }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if let Some((at, _)) = text.char_indices().find(|(_, c)| *c < ' ' && *c != '\n') {
        return Err(NoteError::Control(text.get(..at).unwrap_or(text).split('\n').count()));
    }
    if text.ends_with('\n') { Ok(()) } else { Err(NoteError::Truncated) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Published with the reference implementation of signed notes.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    const SIGNED: &str = "a\n\nb\n\n\
        — kivu.example v0l9sa8fwnm7cL3LaobPm0x8Ih1mr8MkbzZ/FMqcDyTxH54+d3jWpFJhaXPAWUeE5LJXvje54heGCJfrCtZwVFKM0gs=\n";

    fn peter() -> VerifierKey {
        PETER.parse().unwrap()
    }

    fn parse(text: &str) -> Result<Note, NoteError> {
        Note::parse(text.as_bytes())
    }

    #[test]
    fn a_published_note_verifies_and_is_written_back_the_same() {
        let note = parse(NOTE).unwrap();
        let verified = note.verify(&[peter()]).unwrap();
        assert_eq!(verified.signers(), [peter()]);
        assert!(verified.text().ends_with("problem is.\n"));
        assert_eq!(note.to_string(), NOTE);
    }

    #[test]
    fn a_signed_note_has_fixed_bytes() {
        let signer = SeedSigner::new(1);
        let note = sign_note("a\n\nb\n", &"kivu.example".parse().unwrap(), &signer).unwrap();
        assert_eq!(note.to_string(), SIGNED);
        assert_eq!(parse(SIGNED).unwrap(), note);
        assert_eq!(note.verify(&[signer.log_key("kivu.example")]).unwrap().text(), "a\n\nb\n");
    }

    #[test]
    fn text_that_cannot_be_a_note_is_not_signed() {
        let name = "a".parse().unwrap();
        let sign = |text| sign_note(text, &name, &SeedSigner::new(1));
        assert_eq!(sign(""), Err(NoteError::Truncated));
        assert_eq!(sign("a"), Err(NoteError::Truncated));
        assert_eq!(sign("a\nb\tc\n"), Err(NoteError::Control(2)));
    }

    #[test]
    fn unknown_keys_are_ignored_but_a_known_one_must_have_signed() {
        let note = parse(NOTE).unwrap();
        let stranger = SeedSigner::new(2).log_key("PeterNeumann");
        let renamed = peter().renamed("Paul".parse().unwrap());
        assert_eq!(note.verify(&[]), Err(NoteError::Unsigned { known: 0 }));
        assert_eq!(note.verify(&[stranger.clone(), renamed]), Err(NoteError::Unsigned { known: 2 }));
        assert_eq!(note.verify(&[stranger, peter()]).unwrap().signers(), [peter()]);
    }

    #[test]
    fn one_bad_signature_by_a_known_key_refuses_the_note() {
        let bad = Err(NoteError::BadSignature(peter().name().clone()));
        let altered = parse(&NOTE.replace("answer", "remedy")).unwrap();
        assert_eq!(altered.verify(&[peter()]), bad);

        let other = SeedSigner::new(3);
        let mut both = altered.clone();
        let line = sign_note(&altered.text, &"a".parse().unwrap(), &other).unwrap().signatures[0].clone();
        both.put_signature(line).unwrap();
        assert_eq!(both.verify(&[other.log_key("a"), peter()]), bad);
        assert_eq!(both.verify(&[other.log_key("a")]).unwrap().signers(), [other.log_key("a")]);

        let mut short = parse(NOTE).unwrap();
        let line = SignatureLine::new(&peter(), vec![0; 63]);
        short.put_signature(line).unwrap();
        assert_eq!((short.signatures.len(), short.verify(&[peter()])), (1, bad));
    }

    #[test]
    fn a_truncated_or_altered_note_is_refused() {
        for end in 0..NOTE.len() {
            let note = Note::parse(&NOTE.as_bytes()[..end]);
            assert!(note.is_err(), "{end}");
        }
        for at in 0..NOTE.len() {
            let mut bytes = NOTE.as_bytes().to_vec();
            bytes[at] ^= 1;
            assert!(
                Note::parse(&bytes).is_err_and(|e| !e.to_string().is_empty())
                    || Note::parse(&bytes).is_ok_and(|note| note.verify(&[peter()]).is_err()),
                "{at}"
            );
        }
    }

    #[test]
    fn misshapen_notes_are_refused_with_their_place() {
        let line = "— a AQIDBP8=\n";
        assert_eq!(Note::parse(b"a\n\n\xff\n"), Err(NoteError::NotUtf8(3)));
        assert_eq!(parse(&format!("a\r\n\n{line}")), Err(NoteError::Control(1)));
        assert_eq!(parse(&format!("a\n{line}")), Err(NoteError::NoSignatures));
        assert_eq!(parse("a\n\n"), Err(NoteError::NoSignatures));
        assert_eq!(parse(&format!("a\n\n{line}\n")), Err(NoteError::NoSignatures));
        assert_eq!(
            parse(&format!("a\n\nb\n\n{line}x\n")),
            Err(NoteError::Line { number: 6, problem: SignatureLineError::Shape })
        );
        assert_eq!(parse(&"a".repeat(MAX_NOTE_SIZE + 1)), Err(NoteError::TooLarge(MAX_NOTE_SIZE + 1)));
    }

    #[test]
    fn sixty_four_signatures_are_accepted_and_no_more() {
        let line = "— a AQIDBP8=\n";
        let mut note = parse(&format!("a\n\n{}", line.repeat(MAX_SIGNATURES))).unwrap();
        assert_eq!(
            parse(&format!("a\n\n{}", line.repeat(MAX_SIGNATURES + 1))),
            Err(NoteError::TooManySignatures)
        );
        let other = SignatureLine::new(&peter(), vec![1]);
        assert_eq!(note.put_signature(other.clone()), Err(NoteError::TooManySignatures));
        note.put_signature(line.trim_end().parse().unwrap()).unwrap();
        assert_eq!(note.signatures.len(), 1);
        note.put_signature(other).unwrap();
        assert_eq!(note.signatures.len(), 2);
    }

    proptest! {
        #[test]
        fn what_parses_is_written_back_the_same(
            text in "([a-c\n]{0,9}\n\n)?(— [ab+]{1,2} (AQIDBP8=|AQID|[a-z=]{8})\n){0,3}|\\PC*") {
            if let Ok(note) = parse(&text) {
                prop_assert_eq!(note.to_string(), text);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            if let Ok(note) = Note::parse(&bytes) {
                prop_assert_eq!(note.to_bytes(), bytes);
            }
        }

        #[test]
        fn every_signed_text_reads_back(body in "[^\\p{Cc}]{0,20}(\n[^\\p{Cc}]{0,9}){0,5}") {
            let signer = SeedSigner::new(4);
            let note = sign_note(&format!("{body}\n"), &"a".parse().unwrap(), &signer).unwrap();
            prop_assert_eq!(Note::parse(&note.to_bytes()), Ok(note.clone()));
            prop_assert!(note.verify(&[signer.log_key("a")]).is_ok());
        }
    }
}
