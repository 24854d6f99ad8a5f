//! The TLS configuration in force, and its replacement when its files change or at SIGHUP.
//!
//! It changes as a whole or not at all: when the new files are wrong, the old configuration stays in
//! force and the log says so. Specification: `docs/operations.md`.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use rustls::ServerConfig;
use rustls_pki_types::CertificateDer;
use tearline_ledger::name::Domain;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, MissedTickBehavior, interval},
};

use crate::{
    config::TlsFiles,
    tls::{Material, NotLetIn, Peer, Revocations, TlsError, Usable, identity::MemberVerifier},
};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How long before nobody could connect any more the log begins to warn, and how often.
const WARN_BEFORE: Duration = Duration::from_hours(24);
const WARN_EVERY: Duration = Duration::from_hours(1);

/// SIGHUP, which from the making of this on asks for a reload, and no longer ends the process.
#[derive(Debug)]
pub struct Hangups(Signal);

impl Hangups {
    /// Listens from now on. Within a runtime only.
    pub fn listen() -> std::io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }
}

/// The TLS configuration in force.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    domain: Domain,
    in_force: ArcSwap<InForce>,
    revocations: Revocations,
    loaded: Mutex<Loaded>,
}

/// For handshakes, and for certificates that come otherwise.
#[derive(Debug)]
struct InForce {
    config: Arc<ServerConfig>,
    members: Arc<MemberVerifier>,
}

#[derive(Debug)]
struct Loaded {
    until: SystemTime,
    /// The files as they were looked at last, whether or not they were right.
    stamps: Stamps,
}

impl Tls {
    /// The configuration that these files make now.
    pub fn load(files: &TlsFiles, domain: &Domain) -> Result<Arc<Self>, TlsError> {
        let stamps = Stamps::of(files);
        let Usable { config, members, revoked, until } = Material::read(files)?.build(domain)?;
        Ok(Arc::new(Self {
            files: files.clone(),
            domain: domain.clone(),
            in_force: ArcSwap::from_pointee(InForce { config, members }),
            revocations: Revocations::new(revoked),
            loaded: Mutex::new(Loaded { until, stamps }),
        }))
    }

    /// The instance that members must belong to.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The configuration for a handshake that begins now.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.in_force.load().config)
    }

    /// The member that has these certificates, the first its own, if a handshake that begins now would let it in.
    pub fn judge(&self, certificates: &[Bytes]) -> Result<Peer, NotLetIn> {
        let chain: Vec<_> = certificates.iter().map(|der| CertificateDer::from(der.as_ref())).collect();
        self.in_force.load().members.judge(&chain)
    }

    /// The certificates that are revoked now.
    pub fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// Replaces the configuration by what the files make now. If they are wrong, nothing changes.
    pub fn reload(&self) -> Result<(), TlsError> {
        // Stamped before they are read: what changes meanwhile is read again.
        let stamps = Stamps::of(&self.files);
        let built = Material::read(&self.files).and_then(|material| material.build(&self.domain));
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.stamps = stamps;
        let Usable { config, members, revoked, until } = built?;
        loaded.until = until;
        self.in_force.store(Arc::new(InForce { config, members }));
        // After the configuration: who is cut off now cannot come back.
        self.revocations.publish(revoked);
        Ok(())
    }

    /// Reloads at each of `hangups` and whenever a file has changed, for ever.
    pub async fn keep_fresh(self: Arc<Self>, mut hangups: Hangups) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut warned: Option<Instant> = None;
        loop {
            let asked = tokio::select! {
                _ = looks.tick() => false,
                _ = hangups.0.recv() => true,
            };
            let tls = Arc::clone(&self);
            // Files may be on a slow disk.
            let _ = tokio::task::spawn_blocking(move || tls.refresh(asked)).await;
            if warned.is_none_or(|at| at.elapsed() >= WARN_EVERY) && self.warn() {
                warned = Some(Instant::now());
            }
        }
    }

    /// Reloads if `asked` to, or if a file has changed, and writes to the log what came of it.
    pub fn refresh(&self, asked: bool) {
        let changed = {
            let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            loaded.stamps != Stamps::of(&self.files)
        };
        if !asked && !changed {
            return;
        }
        match self.reload() {
            Ok(()) => tracing::info!(
                revoked = self.revocations.subscribe().borrow().count(),
                "certificates and revocation lists reloaded"
            ),
            Err(error) => tracing::error!(
                %error,
                "certificates and revocation lists NOT reloaded: the old ones stay in force, and new revocations are not known"
            ),
        }
    }

    fn warn(&self) -> bool {
        let until = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).until;
        let left = until.duration_since(SystemTime::now()).unwrap_or_default();
        if left >= WARN_BEFORE {
            return false;
        }
        if left.is_zero() {
            tracing::error!(
                "the server's certificate or a revocation list has expired: nobody can connect. Run `tearline-certs crl` or `tearline-certs issue-server`"
            );
        } else {
            tracing::warn!(
                hours = left.as_secs() / 3600,
                "the server's certificate or a revocation list expires soon, and then nobody can connect: run `tearline-certs crl` or `tearline-certs issue-server`"
            );
        }
        true
    }
}

/// What shows that one of the files has changed: which file it is, its size and its times.
#[derive(Debug, PartialEq, Eq)]
struct Stamps([Option<[i128; 5]>; 4]);

impl Stamps {
    fn of(files: &TlsFiles) -> Self {
        let stamp = |path: &Path| {
            let file = fs::metadata(path).ok()?;
            let time = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
            Some([
                file.dev().into(),
                file.ino().into(),
                file.len().into(),
                time(file.mtime(), file.mtime_nsec()),
                time(file.ctime(), file.ctime_nsec()),
            ])
        };
        Self(
            [&files.certificate, &files.private_key, &files.authority, &files.revocations]
                .map(|path| stamp(path)),
        )
    }
}
