//! The authority itself: making it, opening it, and what it says of itself.
//!
//! A folder of mode 0700 holds `authority.key` (PKCS#8, mode 0600), `authority.pem`, `crl.pem`,
//! `index.json`, `lock` and, from the first admission, `chamber.json`. Each operation takes the lock,
//! reads the index, writes it and lets go, so any number of processes and handles may work on one folder.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rcgen::{Issuer, PublicKeyData};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tearline_ledger::{digest::Digest, name::Domain};
use x509_parser::prelude::{GeneralName, X509Certificate, parse_x509_certificate};
use zeroize::Zeroizing;

use crate::{
    crl::{self, CrlState},
    entry::{Entry, Serial},
    error::Error,
    files::{self, failed},
    index::{INDEX_FILE, Index},
    key::SecretKey,
    lock::{LOCK_FILE, Lock},
    moment::Moment,
    profile::{self, Profile},
};

pub(crate) const KEY_FILE: &str = "authority.key";
pub(crate) const CERTIFICATE_FILE: &str = "authority.pem";

/// A certificate authority in its folder.
pub struct Authority {
    pub(crate) dir: PathBuf,
    pub(crate) issuer: Issuer<'static, SecretKey>,
    pub(crate) not_after: Moment,
    pem: String,
    domain: Domain,
    spki_sha256: Digest,
}

impl Authority {
    /// Makes an authority in `dir`, which must be empty or not there yet: a key, a certificate for
    /// ten years and an empty revocation list. Touches nothing that exists.
    pub fn init(dir: &Path, domain: &Domain) -> Result<Self, Error> {
        make_folder(dir)?;
        let _lock = Lock::take(dir)?;
        refuse_unless_empty(dir)?;
        if let Err(error) = fill(dir, domain) {
            // Only what `fill` wrote can be here: the folder was empty, and is locked.
            for file in [KEY_FILE, CERTIFICATE_FILE, crl::CRL_FILE, INDEX_FILE] {
                let _ = fs::remove_file(dir.join(file));
            }
            return Err(error);
        }
        files::sync_folder(dir)?;
        Self::open(dir)
    }

    /// Opens the authority in `dir` and checks that its key, certificate and index fit together.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        for file in [KEY_FILE, CERTIFICATE_FILE] {
            if !dir.join(file).exists() {
                return Err(Error::NoAuthority(dir.to_owned()));
            }
        }
        let key_path = dir.join(KEY_FILE);
        let text = Zeroizing::new(files::read_private(&key_path)?);
        let damaged = |path: &Path, what: &str| Error::Damaged {
            path: path.to_owned(),
            what: what.to_owned(),
            remedy: "Restore it from a backup",
        };
        let key = SecretKey::from_pem(&text)
            .ok_or_else(|| damaged(&key_path, "it is not a P-256 private key in PKCS#8 PEM"))?;

        let path = dir.join(CERTIFICATE_FILE);
        let pem = fs::read_to_string(&path).map_err(|source| failed("read", &path, source))?;
        let der = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| damaged(&path, "it is not a certificate in PEM"))?;
        let (_, certificate) =
            parse_x509_certificate(&der).map_err(|_| damaged(&path, "it is not an X.509 certificate"))?;
        if certificate.public_key().raw != key.subject_public_key_info() {
            return Err(damaged(&path, "it is not the certificate of the key in authority.key"));
        }
        let domain = domain_of(&certificate)
            .ok_or_else(|| damaged(&path, "it does not name a domain as spiffe://DOMAIN"))?;
        let not_after = Moment::at(certificate.validity().not_after.timestamp());
        let spki_sha256 = Digest::of(certificate.public_key().raw);
        let issuer = Issuer::from_ca_cert_der(&der, key)?;
        Index::load(dir)?;
        Ok(Self { dir: dir.to_owned(), issuer, not_after, pem, domain, spki_sha256 })
    }

    /// The authority's certificate in PEM.
    pub fn ca_pem(&self) -> &str {
        &self.pem
    }

    /// SHA-256 of the authority's public key (DER SubjectPublicKeyInfo): the `authority_sha256`
    /// of charters.
    pub fn ca_spki_sha256(&self) -> Digest {
        self.spki_sha256
    }

    /// The instance whose members it certifies.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The last second of the authority's own certificate.
    pub fn not_after(&self) -> Moment {
        self.not_after
    }

    /// Every certificate that it ever signed, oldest first.
    pub fn entries(&self) -> Result<Vec<Entry>, Error> {
        Ok(Index::load(&self.dir)?.entries)
    }

    /// The newest revocation list in PEM.
    pub fn crl_pem(&self) -> Result<String, Error> {
        crl::read_pem(&self.dir)
    }

    /// The number and dates of the newest revocation list.
    pub fn crl_state(&self) -> Result<CrlState, Error> {
        crl::read(&self.dir).map(|list| list.state)
    }

    /// Takes the lock and reads the books, which nobody else can change until the answer is dropped.
    /// Signs the revocation list again if an interrupted command left an older one.
    pub(crate) fn hold(&self) -> Result<Held, Error> {
        let lock = Lock::take(&self.dir)?;
        let index = Index::load(&self.dir)?;
        if !crl::is_current(&self.dir, &index)? {
            let now = Moment::now();
            crl::write(&self.dir, &self.issuer, &index, now, crl::usual_end(&self.dir, now))?;
        }
        Ok(Held { index, _lock: lock })
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({}, {})", self.domain.as_str(), self.spki_sha256)
    }
}

/// The books, while nobody else can change them.
pub(crate) struct Held {
    pub(crate) index: Index,
    _lock: Lock,
}

fn make_folder(dir: &Path) -> Result<(), Error> {
    if dir.is_dir() {
        return refuse_unless_empty(dir);
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|source| failed("make", dir, source))?;
    files::sync_folder(dir)
}

fn refuse_unless_empty(dir: &Path) -> Result<(), Error> {
    let read = |source| failed("read", dir, source);
    for item in fs::read_dir(dir).map_err(read)? {
        if item.map_err(read)?.file_name() != LOCK_FILE {
            return Err(Error::NotEmpty(dir.to_owned()));
        }
    }
    Ok(())
}

fn fill(dir: &Path, domain: &Domain) -> Result<(), Error> {
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
        .map_err(|source| failed("protect", dir, source))?;
    let now = Moment::now();
    let (key, key_pem) = SecretKey::generate()?;
    let digest = Digest::of(&key.subject_public_key_info());
    let params = profile::authority(domain, &digest, Serial::random()?, Profile::authority(now))?;
    let pem = params.self_signed(&key)?.pem();
    let index = Index { crl_number: 1, entries: Vec::new() };
    let issuer = Issuer::new(params, key);
    files::write_new(&dir.join(KEY_FILE), key_pem.as_bytes(), files::PRIVATE)?;
    files::write_new(&dir.join(CERTIFICATE_FILE), pem.as_bytes(), files::PUBLIC)?;
    index.save(dir)?;
    crl::write(dir, &issuer, &index, now, crl::standard_end(now)).map(|_| ())
}

fn domain_of(certificate: &X509Certificate<'_>) -> Option<Domain> {
    let names = certificate.subject_alternative_name().ok()??;
    let &[GeneralName::URI(uri)] = names.value.general_names.as_slice() else { return None };
    uri.strip_prefix("spiffe://")?.parse().ok()
}
