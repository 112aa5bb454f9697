//! A merchant's webhook receiver that can misbehave.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::SOON;

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 200.
    Ok,
    /// 500.
    Fails,
    /// 200, after this long.
    Slow(Duration),
    /// 302 to itself.
    Redirects,
}

/// A webhook as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// Header names in lower case.
    pub headers: HeaderMap,
    /// The exact bytes.
    pub body: String,
}

impl Received {
    /// A header as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A field of the body.
    pub fn field(&self, name: &str) -> String {
        let body: Value = serde_json::from_str(&self.body).expect("JSON");
        body[name].as_str().unwrap_or_default().to_owned()
    }
}

struct Shared {
    mode: Mutex<Mode>,
    received: Mutex<Vec<Received>>,
    arrived: Notify,
}

/// The receiver.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: Option<JoinHandle<()>>,
}

impl Receiver {
    /// A receiver that answers 200.
    pub async fn start() -> Receiver {
        let shared =
            Arc::new(Shared { mode: Mutex::new(Mode::Ok), received: Mutex::default(), arrived: Notify::new() });
        let mut receiver = Receiver { address: ([127, 0, 0, 1], 0).into(), shared, server: None };
        receiver.open().await;
        receiver
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// From now on it answers so.
    pub fn behave(&self, mode: Mode) {
        *self.shared.mode.lock().expect("not poisoned") = mode;
    }

    /// Refuses connections from now on.
    pub async fn close(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            let _ = server.await;
        }
    }

    /// Accepts connections again, at the same address.
    pub async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("the address is free");
        self.address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(receive).with_state(self.shared.clone());
        self.server = Some(tokio::spawn(async move {
            let _ = axum_serve(listener, router).await;
        }));
    }

    /// Everything that has arrived.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().expect("not poisoned").clone()
    }

    /// Waits until `count` webhooks have arrived, and gives them all; panics when they do not arrive soon.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let enough = async {
            loop {
                let arrived = self.shared.arrived.notified();
                let received = self.received();
                if received.len() >= count {
                    return received;
                }
                arrived.await;
            }
        };
        let received = tokio::time::timeout(SOON, enough).await;
        received
            .unwrap_or_else(|_| panic!("{} of {count} webhooks arrived: {:?}", self.received().len(), self.received()))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    method: Method,
    target: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = target.to_string();
    let received = Received { method, target, headers, body: String::from_utf8_lossy(&body).into_owned() };
    shared.received.lock().expect("not poisoned").push(received);
    shared.arrived.notify_waiters();
    let mode = *shared.mode.lock().expect("not poisoned");
    match mode {
        Mode::Ok => StatusCode::OK.into_response(),
        Mode::Fails => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mode::Slow(delay) => {
            tokio::time::sleep(delay).await;
            StatusCode::OK.into_response()
        }
        Mode::Redirects => Redirect::to("/elsewhere").into_response(),
    }
}

/// HTTP/1.1 on every connection; `axum::serve` would hide the connections, which closing must cut.
async fn axum_serve(listener: TcpListener, router: Router) -> std::io::Result<()> {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let router = router.clone();
        connections.spawn(async move {
            let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                tower::Service::call(&mut router.clone(), request.map(axum::body::Body::new))
            });
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
        });
    }
}
