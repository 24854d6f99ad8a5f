//! The files of TLS, read and judged as a whole: certificate, key, authorities, revocation lists.
//!
//! Either all of it is right, and makes one configuration, or none of it is used. This file refuses to
//! know when to read them. Specification: `docs/spec.md`, annex C; `docs/operations.md`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use rustls::{
    RootCertStore, ServerConfig,
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::TLS13,
};
use rustls_pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, SignatureVerificationAlgorithm,
    pem::PemObject as _,
};
use tearline_ledger::name::Domain;
use webpki::{BorrowedCertRevocationList, CertRevocationList, EndEntityCert};

use crate::{
    config::TlsFiles,
    private_file::{self, PrivateFileError},
    tls::{Revoked, der, identity::MemberVerifier},
};

/// The only protocol that is spoken above TLS.
pub(super) const H2: &[u8] = b"h2";

/// Why the files of TLS cannot be used. The fault is in the files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}: cannot be read ({source}): check its path and its permissions", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The private key cannot be read, or others can.
    #[error(transparent)]
    PrivateKey(#[from] PrivateFileError),
    /// A file is not PEM, or has nothing of the kind wanted.
    #[error("{}: has no {wanted} in PEM, or a damaged one: {remedy}", .path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wanted.
        wanted: &'static str,
        /// Which command makes it.
        remedy: &'static str,
    },
    /// The server's certificate cannot be used with its key.
    #[error("{}: does not go with its private key or cannot be used ({source}): set `certificate` and `private_key` to a pair", .path.display())]
    Pair {
        /// The certificate's file.
        path: PathBuf,
        /// What rustls says.
        source: rustls::Error,
    },
    /// The server's certificate is not valid now.
    #[error("{}: the server's certificate {} : get a new one with `tearline-certs issue-server`, or set the clock", .path.display(), if *.expired { "has expired" } else { "is not yet valid" })]
    Time {
        /// The certificate's file.
        path: PathBuf,
        /// Expired, or not yet valid.
        expired: bool,
    },
    /// An authority's certificate cannot be used.
    #[error("{}: certificate {number} cannot be used as an authority ({reason}): copy the authority's own certificate", .path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// Which one in the file, from 1.
        number: usize,
        /// What webpki or rustls says.
        reason: String,
    },
    /// A revocation list cannot be used.
    #[error("{}: revocation list {number} {reason}: get a fresh one with `tearline-certs crl`", .path.display())]
    Revocations {
        /// The file.
        path: PathBuf,
        /// Which one in the file, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// An authority has no revocation list, so none of its members could connect.
    #[error("{}: has no list of authority {number}: add one with `tearline-certs crl`, or remove that authority", .path.display())]
    NoRevocations {
        /// The lists' file.
        path: PathBuf,
        /// Which authority in its file, from 1.
        number: usize,
    },
    /// The TLS library refuses the whole.
    #[error("TLS cannot be set up ({0}): see that the files are those that `tearline-certs` wrote")]
    Setup(String),
}

/// The content of all files, parsed but not yet judged.
pub struct Material {
    files: TlsFiles,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    authorities: Vec<CertificateDer<'static>>,
    lists: Vec<CertificateRevocationListDer<'static>>,
}

/// A configuration that can be used, and what it does not say itself.
pub struct Usable {
    /// For handshakes.
    pub config: Arc<ServerConfig>,
    /// What judges clients in them.
    pub(super) members: Arc<MemberVerifier>,
    /// For connections that are open.
    pub revoked: Revoked,
    /// When the first revocation list or the server's certificate ends: from then on nobody can connect.
    pub until: SystemTime,
}

impl Material {
    /// Reads all files.
    pub fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let pem = |path: &Path, wanted, remedy| TlsError::Pem { path: path.to_owned(), wanted, remedy };
        let certificates = |path: &Path, remedy| -> Result<Vec<_>, TlsError> {
            let error = || pem(path, "certificate", remedy);
            let found: Vec<_> = CertificateDer::pem_slice_iter(&read(path)?)
                .collect::<Result<_, _>>()
                .map_err(|_| error())?;
            if found.is_empty() { Err(error()) } else { Ok(found) }
        };
        let chain = certificates(&files.certificate, "make one with `tearline-certs issue-server`")?;
        let authorities = certificates(&files.authority, "copy the one that `tearline-certs init` made")?;
        let error =
            || pem(&files.revocations, "revocation list (X509 CRL)", "make one with `tearline-certs crl`");
        let lists: Vec<_> = CertificateRevocationListDer::pem_slice_iter(&read(&files.revocations)?)
            .collect::<Result<_, _>>()
            .map_err(|_| error())?;
        if lists.is_empty() {
            return Err(error());
        }
        let text = private_file::read(&files.private_key)?;
        let key = PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
            pem(&files.private_key, "private key", "make one with `tearline-certs issue-server`")
        })?;
        Ok(Self { files: files.clone(), chain, key, authorities, lists })
    }

    /// Judges all of it, as of now, and makes the configuration of a server of `domain`.
    pub fn build(self, domain: &Domain) -> Result<Usable, TlsError> {
        let mut until = self.server_certificate_until()?;
        let mut roots = RootCertStore::empty();
        for (index, authority) in self.authorities.iter().enumerate() {
            roots.add(authority.clone()).map_err(|error| self.authority(index, error.to_string()))?;
        }
        let (revoked, lists_until) = self.judge_lists()?;
        until = until.min(lists_until);

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .clear_root_hint_subjects()
            .with_crls(self.lists)
            .enforce_revocation_expiration()
            .build()
            .map_err(|error| TlsError::Setup(error.to_string()))?;
        let members = Arc::new(MemberVerifier { chain, domain: domain.clone() });
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .with_client_cert_verifier(Arc::clone(&members) as Arc<dyn ClientCertVerifier>)
            .with_single_cert(self.chain, self.key)
            .map_err(|source| TlsError::Pair { path: self.files.certificate, source })?;
        config.alpn_protocols = vec![H2.to_vec()];
        // No resumption: revocation is checked on every connection.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Usable { config: Arc::new(config), members, revoked, until })
    }

    fn server_certificate_until(&self) -> Result<SystemTime, TlsError> {
        let path = || self.files.certificate.clone();
        let fields = self.chain.first().and_then(|leaf| der::Certificate::read(leaf)).ok_or_else(|| {
            TlsError::Pem {
                path: path(),
                wanted: "certificate",
                remedy: "make one with `tearline-certs issue-server`",
            }
        })?;
        let now = SystemTime::now();
        if now < fields.not_before || now > fields.not_after {
            return Err(TlsError::Time { path: path(), expired: now > fields.not_after });
        }
        Ok(fields.not_after)
    }

    /// All revoked serial numbers, and when the first list ends. Every list must be current and signed by one
    /// of the authorities, and every authority must have one.
    fn judge_lists(&self) -> Result<(Revoked, SystemTime), TlsError> {
        let mut issuers = Vec::new();
        for (index, authority) in self.authorities.iter().enumerate() {
            let issuer = EndEntityCert::try_from(authority)
                .map_err(|error| self.authority(index, error.to_string()))?;
            issuers.push((issuer, false));
        }
        let mut serials = Vec::new();
        let mut until: Option<SystemTime> = None;
        for (index, list) in self.lists.iter().enumerate() {
            let bad = |reason: String| TlsError::Revocations {
                path: self.files.revocations.clone(),
                number: index + 1,
                reason,
            };
            let parsed = BorrowedCertRevocationList::from_der(list)
                .map_err(|error| bad(format!("cannot be read ({error:?})")))?;
            for entry in &parsed {
                let entry = entry.map_err(|error| bad(format!("cannot be read ({error:?})")))?;
                serials.push(entry.serial_number.to_vec());
            }
            let fields = der::RevocationList::read(list).ok_or_else(|| bad("cannot be read".into()))?;
            let parsed = CertRevocationList::from(parsed);
            let mut signed = false;
            for (issuer, has_list) in &mut issuers {
                if issuer.subject() == parsed.issuer() && is_signed(issuer, &fields) {
                    (signed, *has_list) = (true, true);
                }
            }
            if !signed {
                return Err(bad("is not signed by any of the authorities".into()));
            }
            if fields.next_update <= SystemTime::now() {
                return Err(bad("has expired".into()));
            }
            until = Some(until.map_or(fields.next_update, |until| until.min(fields.next_update)));
        }
        if let Some(index) = issuers.iter().position(|(_, has_list)| !has_list) {
            return Err(TlsError::NoRevocations { path: self.files.revocations.clone(), number: index + 1 });
        }
        Ok((serials.into_iter().collect(), until.unwrap_or(SystemTime::UNIX_EPOCH)))
    }

    fn authority(&self, index: usize, reason: String) -> TlsError {
        TlsError::Authority { path: self.files.authority.clone(), number: index + 1, reason }
    }
}

fn is_signed(issuer: &EndEntityCert<'_>, list: &der::RevocationList<'_>) -> bool {
    webpki::ALL_VERIFICATION_ALGS.iter().any(|&algorithm: &&dyn SignatureVerificationAlgorithm| {
        algorithm.signature_alg_id().as_ref() == list.algorithm
            && issuer.verify_signature(algorithm, list.signed, list.signature).is_ok()
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}
