//! One signature line of a note: who signed, and the signature.
//!
//! Specification: C2SP signed-note, "Signatures". What the signature is over depends on the key's
//! type, which a line does not tell.

use std::{fmt, str::FromStr};

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::key::{KeyError, KeyId, KeyName, VerifierKey};

/// Why a text is not a signature line. Whoever wrote the note is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureLineError {
    /// Not `— NAME BASE64` with single spaces.
    #[error("a signature line is `— NAME BASE64` with an em dash and single spaces")]
    Shape,
    /// The name is not a key name.
    #[error(transparent)]
    Name(#[from] KeyError),
    /// The signature is not padded standard base64.
    #[error("the signature by `{0}` is not base64: fetch the note again")]
    Base64(KeyName),
    /// Less than a key id and one byte.
    #[error("the signature by `{0}` is shorter than 5 bytes: fetch the note again")]
    Short(KeyName),
}

/// A line `— NAME BASE64(key id ‖ signature)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SignatureLine {
    name: KeyName,
    id: KeyId,
    /// Not empty.
    signature: Vec<u8>,
}

impl SignatureLine {
    /// The line of a signature that was just made by this key.
    pub(crate) fn new(key: &VerifierKey, signature: Vec<u8>) -> Self {
        Self { name: key.name().clone(), id: key.id(), signature }
    }

    /// Who signed, as the line claims.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The key's id, as the line claims.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The signature's bytes, without the key id.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Whether both lines claim to be by one key.
    pub(crate) fn is_by_key_of(&self, other: &Self) -> bool {
        self.name == other.name && self.id == other.id
    }

    /// Whether the line claims to be by this key: both name and id are the same.
    pub fn claims(&self, key: &VerifierKey) -> bool {
        self.name == *key.name() && self.id == key.id()
    }
}

impl FromStr for SignatureLine {
    type Err = SignatureLineError;
    fn from_str(text: &str) -> Result<Self, SignatureLineError> {
        let (name, encoded) =
            text.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or(SignatureLineError::Shape)?;
        let name: KeyName = name.parse()?;
        let Ok(bytes) = BASE64_STANDARD.decode(encoded) else {
            return Err(SignatureLineError::Base64(name));
        };
        match bytes.split_first_chunk() {
            Some((id, signature)) if !signature.is_empty() => {
                Ok(Self { name, id: KeyId(*id), signature: signature.to_vec() })
            }
            _ => Err(SignatureLineError::Short(name)),
        }
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [self.id.0.as_slice(), &self.signature].concat();
        write!(f, "— {} {}", self.name, BASE64_STANDARD.encode(blob))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_as_it_was_written() {
        let text = "— a.example/b AQIDBP8=";
        let line: SignatureLine = text.parse().unwrap();
        assert_eq!((line.name().as_str(), line.id()), ("a.example/b", KeyId([1, 2, 3, 4])));
        assert_eq!(line.signature(), [0xff]);
        assert_eq!(line.to_string(), text);
    }

    #[test]
    fn anything_but_the_one_spelling_is_refused() {
        let name = || "a".parse::<KeyName>().unwrap();
        for (text, error) in [
            ("", SignatureLineError::Shape),
            ("- a AQIDBP8=", SignatureLineError::Shape),
            ("—a AQIDBP8=", SignatureLineError::Shape),
            ("— a", SignatureLineError::Shape),
            ("—  a AQIDBP8=", KeyError::Name(String::new()).into()),
            ("— a+b AQIDBP8=", KeyError::Name("a+b".into()).into()),
            ("— a  AQIDBP8=", SignatureLineError::Base64(name())),
            ("— a AQIDBP8= ", SignatureLineError::Base64(name())),
            ("— a AQIDBP8", SignatureLineError::Base64(name())),
            ("— a AQIDBP9=", SignatureLineError::Base64(name())),
            ("— a AQIDBA==", SignatureLineError::Short(name())),
            ("— a ", SignatureLineError::Short(name())),
        ] {
            assert_eq!(text.parse::<SignatureLine>(), Err(error), "{text}");
        }
    }
}
