//! The server as a whole: what is started in which order, and how it stops.
//!
//! It ties configuration, TLS and services together and refuses to know what they do.
//! Specification: `docs/operations.md`.

use std::{future::Future, io, net::SocketAddr, path::PathBuf, pin::Pin, sync::Arc};

use tearline_ledger::{id::RoomId, note::VerifierKey};
use tearline_proto::v1::{attachments_server::AttachmentsServer, rooms_server::RoomsServer};
use tokio::{
    net::{TcpListener, UnixListener},
    sync::{oneshot, watch},
    task,
    time::timeout,
};
use tonic::transport::Server;
use tonic_health::ServingStatus;

use crate::{
    admit::Admission,
    config::Config,
    control,
    files::{Attachments as Files, FilesError},
    gate::Gate,
    logkey::{LogKey, LogKeyError},
    pace::Pace,
    purge,
    quota::Quotas,
    registry::{Registry, RegistryError, RoomView},
    scrub,
    sequencer::{Sequencer, SequencerError},
    service::{
        Witnessed,
        attachments::Attachments,
        rooms::{House, Rooms},
    },
    store::{Options, SledStore, StoreError},
    sweep,
    tls::{Acceptor, Hangups, Tls, TlsError},
};

/// Why the server did not start, or stopped other than asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The log key cannot be used.
    #[error(transparent)]
    LogKey(#[from] LogKeyError),
    /// The files of TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// SIGHUP cannot be listened for.
    #[error("SIGHUP cannot be listened for ({0}): see the limits of the system")]
    Hangups(io::Error),
    /// The address cannot be listened on.
    #[error("cannot listen on {address} ({source}): see whether another process does, or change `listen`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
    /// The operator's socket cannot be made.
    #[error("{} ({source}): the data folder must be the server's own, and its path at most 90 characters long", path.display())]
    Control {
        /// The socket.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder of attachments cannot be used.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A stored room cannot be taken up.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The charters in force name another log key: every checkpoint would raise an alarm.
    #[error(
        "room {room}: its charter names the log key {named}, but `log_key` holds {held}: put back the file of the key that it names; \
         to change keys, see \"The log key\" in the operator's guide"
    )]
    OtherLogKey {
        /// The room's name.
        room: String,
        /// What the charter in force says.
        named: VerifierKey,
        /// What the configuration leads to.
        held: VerifierKey,
    },
    /// The sequencer can no longer write.
    #[error(transparent)]
    Sequencing(#[from] SequencerError),
    /// The sequencer stopped by itself: a fault of the program.
    #[error("the sequencer stopped; start the server again, and report this with the log")]
    Sequencer,
    /// The contract's descriptors are damaged: a fault of the build.
    #[error("reflection cannot be set up: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The transport failed.
    #[error("the transport failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// Some calls were still open at the deadline of a stop, and were cut.
    #[error("stopped, but calls were still open after {0} s and were cut")]
    Cut(u64),
}

/// A server that listens and does not yet serve.
pub struct Bound {
    config: Config,
    tls: Arc<Tls>,
    house: Arc<House<SledStore>>,
    sequencing: Sequencing,
    stopping: watch::Sender<bool>,
    quotas: Arc<Quotas>,
    hangups: Hangups,
    listener: TcpListener,
    control: UnixListener,
}

/// Starts a server and serves until `stop` is done.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> Result<(), RunError> {
    Bound::bind(config).await?.serve(stop).await
}

type Sequencing = Pin<Box<dyn Future<Output = Result<(), SequencerError>> + Send>>;

/// Opens the store and the attachments, and starts what orders the rooms.
async fn house(
    config: &Config,
    (key, log_keys): (LogKey, LogKeys),
    (quotas, tls): (&Arc<Quotas>, &Arc<Tls>),
    stopping: watch::Receiver<bool>,
) -> Result<(Arc<House<SledStore>>, Sequencing), RunError> {
    let rows = config.store_folder();
    let store = task::spawn_blocking(move || SledStore::open(&rows, Options::default()))
        .await
        .map_err(|_| RunError::Sequencer)??;
    let registry = Arc::new(Registry::open(Arc::new(store), RoomId(config.chamber)).await?);
    let log_vkey: VerifierKey = key.verifier_key().parse().map_err(|_| RunError::Sequencer)?;
    for (_, room) in registry.all() {
        // Every head is checked against its tree before anything is served.
        let view = registry.check(room).await?.filter(|_| log_keys == LogKeys::Named);
        if let Some(error) = view.and_then(|view| other_log_key(&view, &log_vkey)) {
            return Err(error);
        }
    }
    let (sequencer, sequencing) = Sequencer::start(Arc::clone(&registry), Arc::new(key));
    let house = House {
        domain: config.domain.clone(),
        gate: Gate::new(Arc::clone(&registry)),
        registry,
        sequencer,
        quotas: Arc::clone(quotas),
        files: Files::open(&config.attachments_folder(), config.limits.uploads()).await?,
        attachment_bytes: config.limits.attachment_bytes,
        log_vkey,
        tls: Arc::clone(tls),
        pace: Pace::new(config.limits.pace_milliseconds),
        witnessed: Witnessed::default(),
        stopping,
    };
    Ok((Arc::new(house), Box::pin(sequencing)))
}

fn other_log_key(view: &RoomView, held: &VerifierKey) -> Option<RunError> {
    let named = &view.state.as_ref()?.charter().log_vkey;
    (named != held).then(|| RunError::OtherLogKey {
        room: view.name.to_string(),
        named: named.clone(),
        held: held.clone(),
    })
}

/// What the charters in force say of the log key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogKeys {
    /// Each names the configured one; a server whose charters do not refuses to start.
    Named,
    /// They are about to name it: the first thing that is entered are the charters that do.
    Changing,
}

impl Bound {
    /// Opens all that the configuration names, and the socket last.
    pub async fn bind(config: Config) -> Result<Self, RunError> {
        Self::bind_with(config, LogKeys::Named).await
    }

    /// As [`Self::bind`], also when the charters are about to change to another log key.
    pub async fn bind_with(config: Config, log_keys: LogKeys) -> Result<Self, RunError> {
        // First: a SIGHUP that comes while the server starts must not end it.
        let hangups = Hangups::listen().map_err(RunError::Hangups)?;
        let key = LogKey::load(&config.log_key, &config.domain)?;
        let tls = Tls::load(&config.tls, &config.domain)?;
        let quotas = Quotas::new(&config.limits);
        let (stopping, stops) = watch::channel(false);
        let (house, sequencing) = house(&config, (key, log_keys), (&quotas, &tls), stops).await?;
        let address = config.listen;
        let listener =
            TcpListener::bind(address).await.map_err(|source| RunError::Listen { address, source })?;
        let path = control::socket(&config.data);
        let control = control::bind(&path).map_err(|source| RunError::Control { path, source })?;
        Ok(Self { config, tls, house, sequencing, stopping, quotas, hangups, listener, control })
    }

    /// Where it listens: with the port that the system chose, if the configuration says 0.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.config.listen)
    }

    /// The TLS configuration in force.
    pub fn tls(&self) -> &Arc<Tls> {
        &self.tls
    }

    /// Serves until `stop` is done, and then until open calls are, or the deadline is over.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        let address = self.address();
        let Self { config, tls, house, sequencing, stopping: streams, quotas, hangups, listener, control } =
            self;
        let limits = &config.limits;

        let (health, health_service) = tonic_health::server::health_reporter();
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(tearline_proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()?;
        let admission =
            Admission::new(Arc::clone(&quotas), tls.revocations().clone(), limits.request_timeout);
        let usize_of = |limit: std::num::NonZeroU32| usize::try_from(limit.get()).unwrap_or(usize::MAX);
        let controlled = tokio::spawn(control::serve(control, Arc::clone(&house)));
        let scrubbing = tokio::spawn(scrub::watch(Arc::clone(house.registry.store()), health.clone()));
        let sweeping = tokio::spawn(sweep::keep_swept(Arc::clone(&house)));
        let purging = config.purge_after.map(|after| {
            let (store, files) = (Arc::clone(house.registry.store()), house.files.clone());
            tokio::spawn(async move { purge::keep(store.as_ref(), &files, after).await })
        });
        let router = Server::builder()
            .concurrency_limit_per_connection(usize_of(limits.calls_per_connection))
            .max_concurrent_streams(limits.streams_per_connection.get())
            .initial_stream_window_size(limits.stream_window_bytes.get())
            .initial_connection_window_size(limits.connection_window_bytes.get())
            .http2_max_header_list_size(limits.header_list_bytes.get())
            .http2_keepalive_interval(Some(limits.keepalive_interval))
            .http2_keepalive_timeout(Some(limits.keepalive_timeout))
            .http2_max_pending_accept_reset_streams(Some(usize_of(limits.pending_reset_streams)))
            .http2_max_local_error_reset_streams(Some(usize_of(limits.local_error_reset_streams)))
            // Without a grace: tonic would cut every call at its end.
            .max_connection_age(limits.connection_age)
            .layer(admission)
            .add_service(health_service)
            .add_service(reflection)
            .add_service(
                RoomsServer::new(Rooms(Arc::clone(&house)))
                    .max_decoding_message_size(limits.message_size())
                    .max_encoding_message_size(limits.message_size()),
            )
            .add_service(
                AttachmentsServer::new(Attachments(house))
                    .max_decoding_message_size(limits.message_size())
                    .max_encoding_message_size(limits.message_size()),
            );

        let refresh = tokio::spawn(Arc::clone(&tls).keep_fresh(hangups));
        let connections = Acceptor::new(Arc::clone(&tls), quotas, limits).listen(listener);
        let (stopping, stopped) = oneshot::channel::<()>();
        let serving = router.serve_with_incoming_shutdown(connections, async {
            let _ = stopped.await;
        });
        tokio::pin!(serving);
        tracing::info!(%address, domain = config.domain.as_str(), chamber = %config.chamber, "listening");
        let mut sequencing = tokio::spawn(sequencing);
        let done = tokio::select! {
            done = &mut serving => done.map_err(RunError::from),
            // Without it nothing can be recorded, so nothing may be served.
            done = &mut sequencing => match done {
                Ok(Err(error)) => Err(error.into()),
                Ok(Ok(())) | Err(_) => Err(RunError::Sequencer),
            },
            () = stop => {
                tracing::info!("stopping");
                health.set_service_status("", ServingStatus::NotServing).await;
                streams.send_replace(true);
                let _ = stopping.send(());
                match timeout(limits.stop_deadline, &mut serving).await {
                    Ok(done) => done.map_err(RunError::from),
                    Err(_) => Err(RunError::Cut(limits.stop_deadline.as_secs())),
                }
            }
        };
        refresh.abort();
        scrubbing.abort();
        sweeping.abort();
        if let Some(purging) = purging {
            purging.abort();
        }
        controlled.abort();
        // A socket that stays behind is taken over at the next start.
        let _ = std::fs::remove_file(control::socket(&config.data));
        done
    }
}
