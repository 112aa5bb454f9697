//! Accepting connections and speaking HTTP/1.1 on them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

/// How long a client may take to send a request's head, and how long a connection may idle between requests.
const HEAD_MAX: Duration = Duration::from_secs(60);

/// What a client reads when too many connections are open.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 43\r\n\r\nToo many connections. Try again in 1 second";

/// A listener and what is behind it.
pub(super) struct Connections {
    pub(super) listener: TcpListener,
    pub(super) router: Router,
    pub(super) connections_max: usize,
}

impl Connections {
    /// Serves until draining, then until the last request under way has been answered.
    pub(super) async fn serve(self, draining: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.connections_max.min(Semaphore::MAX_PERMITS)));
        let open = TaskTracker::new();
        let protocol = protocol();
        loop {
            let accepted = tokio::select! {
                () = draining.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, or the client was gone at once: the next one may fare better.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            };
            match places.clone().try_acquire_owned() {
                Ok(place) => {
                    let connection = Connection { stream, peer, place, router: self.router.clone() };
                    open.spawn(connection.serve(protocol.clone(), draining.clone()));
                }
                Err(_) => {
                    open.spawn(refuse(stream));
                }
            }
        }
        drop(self.listener);
        open.close();
        open.wait().await;
    }
}

fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEAD_MAX).pipeline_flush(true);
    protocol
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
    router: Router,
}

impl Connection {
    async fn serve(self, protocol: http1::Builder, draining: CancellationToken) {
        let Connection { stream, peer, place, router } = self;
        let gauge = metrics::gauge!("florin_http_connections");
        gauge.increment(1.0);
        // Answers are one small packet; waiting to fill it would cost 40 ms.
        let _ = stream.set_nodelay(true);
        let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().call(request.map(Body::new))
        });
        let mut connection = std::pin::pin!(protocol.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = draining.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection broke");
        }
        gauge.decrement(1.0);
        drop(place);
    }
}

async fn refuse(mut stream: TcpStream) {
    metrics::counter!("florin_http_connections_refused_total").increment(1);
    let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(BUSY)).await;
    let _ = stream.shutdown().await;
}
