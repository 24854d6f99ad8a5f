//! The file on which certificates are issued: who was admitted, with which key.
//!
//! Text: for each member a line `# spiffe://DOMAIN/ROLE/ORG/MEMBER`, then its public key as a PEM
//! block `PUBLIC KEY` (DER SubjectPublicKeyInfo). Other lines that begin with `#`, and empty
//! lines, are remarks. Knows nothing of who may admit.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use rustls_pki_types::{SubjectPublicKeyInfoDer, pem::PemObject};
use tearline_ledger::name::{MemberName, NameError};

use crate::{
    Admitted,
    tls_key::{TlsKey, TlsKeyError},
};

/// Some hundred times the largest room.
const SIZE_MAX: u64 = 8 << 20;
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// Why a file is not an admission.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A line is wrong.
    #[error("{}, line {line}: {fault}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// What is wrong with a line of an admission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Not a member's name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Not a key that goes into a certificate.
    #[error(transparent)]
    Key(#[from] TlsKeyError),
    /// A key without a name before it.
    #[error("this key has no name: put `# spiffe://DOMAIN/ROLE/ORG/MEMBER` on the line before it")]
    Nameless,
    /// A name without a key after it.
    #[error("{0} has no key: put its PUBLIC KEY block on the lines after it")]
    Keyless(String),
    /// A member who is there twice.
    #[error("{0} is there a second time: keep the one that was admitted")]
    Twice(String),
    /// Neither a remark nor a key.
    #[error("this is neither a remark (`# …`) nor a PUBLIC KEY block")]
    Stray,
    /// A key that does not end.
    #[error("this PUBLIC KEY block does not end: was the file cut off?")]
    Endless,
    /// Nobody is admitted.
    #[error("there is no PUBLIC KEY block: nobody would get a certificate")]
    Nobody,
    /// More than any admission has.
    #[error("the file is larger than {SIZE_MAX} bytes: this cannot be an admission")]
    TooLarge,
    /// Not text.
    #[error("the file is not UTF-8 text: this cannot be an admission")]
    NotText,
}

/// Reads who was admitted. Never an empty list.
pub fn read(path: &Path) -> Result<Vec<Admitted>, AdmissionError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(SIZE_MAX + 1).read_to_end(&mut bytes))
        .map_err(|source| AdmissionError::Io { path: path.to_owned(), source })?;
    text_of(bytes).and_then(|text| parse(&text)).map_err(|(line, fault)| AdmissionError::Line {
        path: path.to_owned(),
        line,
        fault,
    })
}

fn text_of(bytes: Vec<u8>) -> Result<String, (usize, Fault)> {
    if bytes.len() as u64 > SIZE_MAX {
        return Err((1, Fault::TooLarge));
    }
    String::from_utf8(bytes).map_err(|_| (1, Fault::NotText))
}

/// Who is admitted by this text; or the line, counted from 1, that is wrong.
pub fn parse(text: &str) -> Result<Vec<Admitted>, (usize, Fault)> {
    let mut admitted: Vec<Admitted> = Vec::new();
    let mut waiting: Option<(usize, MemberName)> = None;
    let mut lines = text.lines().map(str::trim_end).zip(1..);
    while let Some((line, number)) = lines.next() {
        if let Some(name) = line.strip_prefix('#').map(str::trim).filter(|text| text.starts_with("spiffe://"))
        {
            if let Some((number, name)) = waiting {
                return Err((number, Fault::Keyless(name.to_string())));
            }
            let name: MemberName = name.parse().map_err(|error: NameError| (number, error.into()))?;
            if admitted.iter().any(|earlier| earlier.name == name) {
                return Err((number, Fault::Twice(name.to_string())));
            }
            waiting = Some((number, name));
        } else if line == BEGIN {
            let mut block = format!("{line}\n");
            loop {
                let (line, _) = lines.next().ok_or((number, Fault::Endless))?;
                block.push_str(line);
                block.push('\n');
                if line == END {
                    break;
                }
            }
            let (_, name) = waiting.take().ok_or((number, Fault::Nameless))?;
            let tls_key = key_of(&block).map_err(|error| (number, error.into()))?;
            admitted.push(Admitted { name, tls_key });
        } else if !line.is_empty() && !line.starts_with('#') {
            return Err((number, Fault::Stray));
        }
    }
    match waiting {
        Some((number, name)) => Err((number, Fault::Keyless(name.to_string()))),
        None if admitted.is_empty() => Err((1, Fault::Nobody)),
        None => Ok(admitted),
    }
}

fn key_of(block: &str) -> Result<TlsKey, TlsKeyError> {
    let der = SubjectPublicKeyInfoDer::from_pem_slice(block.as_bytes()).map_err(|_| TlsKeyError)?;
    TlsKey::from_spki_der(&der)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEABwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\
        -----END PUBLIC KEY-----\n";
    const NAME: &str = "# spiffe://kivu.example/party/drc/liaison\n";

    #[test]
    fn each_name_goes_with_the_key_after_it() {
        let text =
            format!("# admitted on Monday\n{NAME}{KEY}\n# spiffe://kivu.example/party/rwanda/liaison\n{KEY}");
        let admitted = parse(&text).unwrap();
        assert_eq!(admitted[1].name.desk(), "rwanda/liaison");
        assert_eq!(admitted[0].tls_key.spki_der()[12..], [7; 32]);
        assert_eq!(parse(&text.replace('\n', "\r\n")).unwrap(), admitted);
    }

    #[test]
    fn a_wrong_file_is_refused_at_its_line() {
        let other = KEY.replace("BwcHBwcHBwcHBwc=", "Bwc=");
        for (text, line, fault) in [
            (String::new(), 1, Fault::Nobody),
            (KEY.to_owned(), 1, Fault::Nameless),
            (NAME.to_owned(), 1, Fault::Keyless("spiffe://kivu.example/party/drc/liaison".to_owned())),
            (format!("{NAME}{KEY}{KEY}"), 5, Fault::Nameless),
            (
                format!("{NAME}{KEY}{NAME}{KEY}"),
                5,
                Fault::Twice("spiffe://kivu.example/party/drc/liaison".to_owned()),
            ),
            (format!("{NAME}hello\n"), 2, Fault::Stray),
            (format!("{NAME}{}", KEY.replace(END, "")), 2, Fault::Endless),
            (format!("{NAME}{other}"), 2, Fault::Key(TlsKeyError)),
        ] {
            assert_eq!(parse(&text), Err((line, fault)), "{text}");
        }
        assert!(matches!(parse("# spiffe://kivu.example/king/drc/x\n"), Err((1, Fault::Name(_)))));
    }
}
