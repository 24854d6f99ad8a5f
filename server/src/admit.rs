//! What every call must pass before its service sees it: a member that is not revoked, and a place
//! among its organisation's calls or streams.
//!
//! It puts the [`Peer`] among the request's extensions, and gives a place back only when the answer has
//! ended. It refuses to know what is asked. Specification: `docs/spec.md`, annex C.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use tokio::time::timeout;
use tonic::{Status, body::Body, service::Routes};
use tower::{Layer, Service};

use crate::{
    error,
    quota::{Full, Kind, Place, Quotas},
    tls::{CallGuard, Peer, Revocations, Session},
};

/// Methods that stream in either direction, and so take as long as they take.
const STREAMS: [&str; 3] =
    ["/tearline.v1.Rooms/Read", "/tearline.v1.Attachments/Put", "/tearline.v1.Attachments/Get"];
const HEALTH: &str = "/grpc.health.";
const REFLECTION: &str = "/grpc.reflection.";

/// Lets calls pass or refuses them.
#[derive(Debug, Clone)]
pub struct Admission {
    quotas: Arc<Quotas>,
    revocations: Revocations,
    timeout: Duration,
}

impl Admission {
    /// Places from `quotas`; calls that are no streams are answered within `timeout`.
    pub fn new(quotas: Arc<Quotas>, revocations: Revocations, timeout: Duration) -> Self {
        Self { quotas, revocations, timeout }
    }

    fn admit(&self, session: Option<&Session>, path: &str) -> Result<Admitted, Status> {
        let session = session
            .ok_or_else(|| error::unauthenticated("NO_MEMBER", "no member is known: connect with TLS"))?;
        let peer = session.peer();
        if self.revocations.is_revoked(&peer.serial) {
            let message = "your certificate was revoked: ask the operator for a new one";
            return Err(error::unauthenticated("REVOKED", message));
        }
        if peer.not_after <= SystemTime::now() {
            let message = "your certificate has expired: ask the operator for a new one";
            return Err(error::unauthenticated("EXPIRED", message));
        }
        let refuse = |full: Full| {
            let key = match full {
                Full::Share { key, .. } => key,
                Full::Organisations(_) => "organisations",
            };
            error::limit(key, full.to_string(), Some(Duration::from_secs(1)))
        };
        if let Some(full) = session.refusal() {
            return Err(refuse(full));
        }
        let kind = kind(path);
        let place = kind.map(|kind| self.quotas.enter(peer.name.org(), kind)).transpose().map_err(refuse)?;
        let held = Held { _place: place, _call: session.begin_call() };
        Ok(Admitted { peer: peer.clone(), timed: kind == Some(Kind::Call), held })
    }
}

/// What this method counts as; `None` for health, which must be answered when nothing else is.
fn kind(path: &str) -> Option<Kind> {
    if path.starts_with(HEALTH) {
        None
    } else if path.starts_with(REFLECTION) || STREAMS.contains(&path) {
        Some(Kind::Stream)
    } else {
        Some(Kind::Call)
    }
}

struct Admitted {
    peer: Peer,
    timed: bool,
    held: Held,
}

/// What a call holds until its answer has ended.
struct Held {
    _place: Option<Place>,
    _call: CallGuard,
}

impl Layer<Routes> for Admission {
    type Service = Admit;

    fn layer(&self, services: Routes) -> Admit {
        Admit { admission: self.clone(), services }
    }
}

/// Services behind an [`Admission`].
#[derive(Debug, Clone)]
pub struct Admit {
    admission: Admission,
    services: Routes,
}

impl Service<Request<Body>> for Admit {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Body>>::poll_ready(&mut self.services, cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let admitted = self.admission.admit(request.extensions().get(), request.uri().path());
        let Admitted { peer, timed, held } = match admitted {
            Ok(admitted) => admitted,
            Err(status) => return Box::pin(async { Ok(status.into_http()) }),
        };
        request.extensions_mut().insert(peer);
        let limit = self.admission.timeout;
        let answer = self.services.call(request);
        Box::pin(async move {
            let answer = if timed {
                match timeout(limit, answer).await {
                    Ok(answer) => answer?,
                    Err(_) => error::too_slow(limit).into_http(),
                }
            } else {
                answer.await?
            };
            Ok(answer.map(|body| Body::new(HeldBody { body, _held: held })))
        })
    }
}

/// An answer that gives its place back when it has been sent or given up.
struct HeldBody {
    body: Body,
    _held: Held,
}

impl http_body::Body for HeldBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn exactly_the_methods_that_stream_count_as_streams() {
        let set = prost_types::FileDescriptorSet::decode(tearline_proto::DESCRIPTORS).unwrap();
        let mut found = 0;
        for file in &set.file {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    let streams = method.client_streaming() || method.server_streaming();
                    assert_eq!(kind(&path), Some(if streams { Kind::Stream } else { Kind::Call }), "{path}");
                    found += 1;
                }
            }
        }
        assert!(found >= 7);
    }

    /// A service that never answers.
    #[derive(Clone)]
    struct Silent;

    impl tonic::server::NamedService for Silent {
        const NAME: &'static str = "tearline.v1.Rooms";
    }

    impl Service<Request<Body>> for Silent {
        type Response = Response<Body>;
        type Error = Infallible;
        type Future = std::future::Pending<Result<Response<Body>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<Body>) -> Self::Future {
            std::future::pending()
        }
    }

    fn silent(not_after: SystemTime, revoked: &[u8]) -> (Admit, Session) {
        let limits = crate::config::Limits::default();
        let revocations = Revocations::new([revoked.to_vec()].into_iter().collect());
        let admission = Admission::new(Quotas::new(&limits), revocations, Duration::from_millis(50));
        let peer = Peer {
            name: "spiffe://kivu.example/party/drc/liaison".parse().unwrap(),
            tls_key_sha256: tearline_ledger::digest::Digest::of(b"key"),
            serial: vec![7],
            not_after,
        };
        (admission.layer(Routes::new(Silent)), Session::new(peer, None))
    }

    async fn code(admit: &mut Admit, path: &str, session: Option<Session>) -> Option<tonic::Code> {
        let mut request = Request::post(path).body(Body::default()).unwrap();
        if let Some(session) = session {
            request.extensions_mut().insert(session);
        }
        let answer = timeout(Duration::from_secs(1), admit.call(request)).await.ok()?.unwrap();
        Status::from_header_map(answer.headers()).map(|status| status.code())
    }

    const LIST: &str = "/tearline.v1.Rooms/List";

    #[tokio::test]
    async fn a_call_is_timed_and_a_stream_is_not() {
        let (mut admit, session) = silent(SystemTime::now() + Duration::from_mins(1), &[]);
        let late = code(&mut admit, LIST, Some(session.clone())).await;
        assert_eq!(late, Some(tonic::Code::DeadlineExceeded));
        assert_eq!(code(&mut admit, "/tearline.v1.Rooms/Read", Some(session)).await, None);
    }

    #[tokio::test]
    async fn nobody_the_revoked_and_the_expired_are_refused_at_each_call() {
        let (now, minute) = (SystemTime::now(), Duration::from_mins(1));
        let refused = Some(tonic::Code::Unauthenticated);
        let (mut good, _) = silent(now + minute, &[]);
        assert_eq!(code(&mut good, LIST, None).await, refused);
        for (mut admit, session) in [silent(now + minute, &[7]), silent(now - minute, &[])] {
            assert_eq!(code(&mut admit, LIST, Some(session)).await, refused);
        }
    }
}
