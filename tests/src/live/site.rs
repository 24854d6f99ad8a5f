//! All that an operator sets up before a server runs: its folder, the authority, certificates.
//!
//! Everything is in one temporary folder, which goes when this is dropped. It refuses to know rooms.

use std::{
    collections::HashMap,
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result, bail};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use tearline_certs::{Admitted, Authority, Moment, Profile, Reason, TlsKey};
use tearline_ledger::{digest::Digest, id::RoomId, note::VerifierKey};
use tempfile::TempDir;

use super::binaries::binary;
use crate::desk::{DOMAIN, Desk, domain};

/// A certificate and the private key of it, as a client connects with.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The certificate alone.
    pub certificate: CertificateDer<'static>,
    /// PKCS#8 in DER.
    pub key: Vec<u8>,
}

/// The operator's folder.
#[derive(Debug)]
pub struct Site {
    folder: TempDir,
    authority: Authority,
    /// The log's key, as `tearlined init` said it.
    pub log_vkey: VerifierKey,
    issued: Mutex<HashMap<Digest, Credentials>>,
}

impl Site {
    /// An authority, a server folder made by `tearlined init`, a certificate for loopback.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let authority = Authority::init(&folder.path().join("authority"), &domain()?)?;
        let server = folder.path().join("server");
        let init = Command::new(binary("tearlined")?)
            .arg("init")
            .arg(&server)
            .args(["--domain", DOMAIN])
            .output()?;
        if !init.status.success() {
            bail!("tearlined init: {}", String::from_utf8_lossy(&init.stderr));
        }
        let said = String::from_utf8(init.stdout)?;
        let log_vkey = said.lines().find_map(|line| line.strip_prefix("Log key"));
        let log_vkey = log_vkey.context("tearlined init names no log key")?.trim().parse()?;
        let issued = authority.issue_server(&["localhost"], &[IpAddr::from([127, 0, 0, 1])])?;
        fs::write(server.join("server.pem"), &issued.certificate.chain_pem)?;
        private(&server.join("server.key"), issued.key_pem.as_bytes())?;
        fs::write(server.join("authority.pem"), authority.ca_pem())?;
        let site = Self { folder, authority, log_vkey, issued: Mutex::default() };
        site.publish_revocations()?;
        Ok(site)
    }

    /// The server's folder.
    pub fn server(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    /// The server's configuration.
    pub fn config(&self) -> PathBuf {
        self.server().join("tearlined.toml")
    }

    /// Completes the configuration: a free port, the chamber, and these lines under `[limits]`.
    pub fn configure(&self, chamber: RoomId, limits: &str) -> Result<()> {
        let path = self.config();
        let text = fs::read_to_string(&path)?;
        let text = text.replace("# chamber = \"\"", &format!("chamber = \"{chamber}\""));
        fs::write(path, text.replace("127.0.0.1:7443", "127.0.0.1:0") + limits)?;
        Ok(())
    }

    /// The authority's certificate.
    pub fn root(&self) -> Result<CertificateDer<'static>> {
        Ok(CertificateDer::from_pem_slice(self.authority.ca_pem().as_bytes())?)
    }

    /// The desk's certificate, issued when it is first asked for.
    pub fn credentials(&self, desk: &Desk) -> Result<Credentials> {
        let digest = desk.card().tls_key;
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(credentials) = issued.get(&digest) {
            return Ok(credentials.clone());
        }
        let credentials = self.issue(desk, Profile::standard(Moment::now()))?;
        issued.insert(digest, credentials.clone());
        Ok(credentials)
    }

    /// A certificate of other dates than usual.
    pub fn issue(&self, desk: &Desk, dates: Profile) -> Result<Credentials> {
        let admitted =
            Admitted { name: desk.name().clone(), tls_key: TlsKey::from_spki_der(desk.tls_spki())? };
        let issued = self.authority.issue_with(&admitted, dates)?;
        let key = desk.tls_key().context("the desk has no TLS key")?.serialize_der();
        Ok(Credentials { certificate: issued.der, key })
    }

    /// A certificate that only a careless authority would sign, for a fresh key, with these URIs.
    pub fn careless(&self, names: &[&str]) -> Result<Credentials> {
        let folder = self.folder.path().join("authority");
        let key = KeyPair::from_pem(&fs::read_to_string(folder.join("authority.key"))?)?;
        let issuer = Issuer::from_ca_cert_pem(self.authority.ca_pem(), key)?;
        let own = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        for name in names {
            params.subject_alt_names.push(SanType::URI((*name).try_into()?));
        }
        let certificate = params.signed_by(&own, &issuer)?.der().clone();
        Ok(Credentials { certificate, key: own.serialize_der() })
    }

    /// Takes a desk's certificate back, in the authority's books; servers learn of it by
    /// [`Self::publish_revocations`].
    pub fn revoke(&self, desk: &Desk) -> Result<()> {
        self.authority.revoke(desk.name().as_str(), Reason::KeyCompromise)?;
        Ok(())
    }

    /// Puts the authority's newest list where the server looks for it, in one step.
    pub fn publish_revocations(&self) -> Result<()> {
        let path = self.server().join("revocations.pem");
        let new = path.with_extension("new");
        fs::write(&new, self.authority.crl_pem()?)?;
        fs::rename(new, path)?;
        Ok(())
    }
}

fn private(path: &Path, content: &[u8]) -> Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    Ok(file.write_all(content)?)
}
