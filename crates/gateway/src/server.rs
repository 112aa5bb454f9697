//! The listener: what stands at which path, and starting and stopping it all in the right order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use florin_engine::Engine;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::erased::{Erased, get, get_post, post};
use crate::pages::inbox::Inbox;
use crate::pages::sim::Simulation;
use crate::{admin, callbacks, docs, pages, telemetry};

mod connections;
pub mod health;
pub mod observe;

use connections::Connections;
use health::Readiness;

/// How long requests under way may take to end once the process stops.
const DRAIN_MAX: Duration = Duration::from_secs(30);

/// What the gateway's own routes share.
pub struct Gateway {
    /// The engine.
    pub engine: Arc<Engine>,
    /// The simulated payer pages.
    pub simulation: Simulation,
    /// The demo shop's inbox; only with `--demo`.
    pub inbox: Option<Inbox>,
    pub(crate) readiness: Readiness,
    pub(crate) figures: PrometheusHandle,
}

/// What a server is made of.
pub struct Parts {
    /// The engine, not yet running.
    pub engine: Arc<Engine>,
    /// The simulated payer pages.
    pub simulation: Simulation,
    /// The providers' own work; it ends when its token is cancelled.
    pub background: JoinHandle<()>,
    /// Ends the providers' own work.
    pub stop: CancellationToken,
    /// The demo shop's inbox; only with `--demo`.
    pub inbox: Option<Inbox>,
    /// Renders what was counted.
    pub figures: PrometheusHandle,
    /// Routes of the dialects.
    pub dialects: Router,
    /// Routes of the portal and its API.
    pub portal: Router,
    /// Largest request body.
    pub body_max_bytes: usize,
    /// Connections served at a time.
    pub connections_max: usize,
}

/// A server that accepts requests, and its workers.
pub struct Server {
    address: SocketAddr,
    engine: Arc<Engine>,
    draining: CancellationToken,
    stop: CancellationToken,
    connections: JoinHandle<()>,
    workers: JoinHandle<()>,
    background: JoinHandle<()>,
    upkeep: JoinHandle<()>,
}

impl Server {
    /// Begins to accept requests and runs the engine's workers.
    ///
    /// # Errors
    /// When the listener has no address, which a bound one always has.
    pub fn start(listener: TcpListener, parts: Parts) -> std::io::Result<Server> {
        let address = listener.local_addr()?;
        let draining = CancellationToken::new();
        let gateway = Arc::new(Gateway {
            engine: parts.engine.clone(),
            simulation: parts.simulation,
            inbox: parts.inbox,
            readiness: Readiness::new(draining.clone()),
            figures: parts.figures.clone(),
        });
        let router = router(gateway, parts.dialects.merge(parts.portal), parts.body_max_bytes);
        let connections = Connections { listener, router, connections_max: parts.connections_max };
        Ok(Server {
            address,
            connections: tokio::spawn(connections.serve(draining.clone())),
            workers: tokio::spawn(parts.engine.clone().run()),
            upkeep: tokio::spawn(telemetry::keep_up(parts.figures)),
            background: parts.background,
            stop: parts.stop,
            engine: parts.engine,
            draining,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Stops accepting, finishes what is under way, stops the workers and closes the store.
    pub async fn stop(self) {
        self.draining.cancel();
        if tokio::time::timeout(DRAIN_MAX, self.connections).await.is_err() {
            tracing::warn!("some requests did not end in time and are cut off; nothing acknowledged is lost");
        }
        self.stop.cancel();
        let _ = self.background.await;
        self.engine.shutdown().await;
        let _ = self.workers.await;
        self.upkeep.abort();
        self.engine.store().close().await;
    }
}

/// Everything at its path (product document, "Paths").
fn router(gateway: Arc<Gateway>, others: Router, body_max_bytes: usize) -> Router {
    let own = Router::new()
        .route("/", get(pages::start::page))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::figures))
        .route("/static/{file}", get(pages::files::file))
        .route("/openapi/{file}", get(docs::document))
        .route("/docs", get(docs::index))
        .route("/docs/{dialect}", get(docs::reference))
        .route("/callbacks/{provider}", post(callbacks::take))
        .route("/admin/v1/clock", post(admin::advance_clock))
        .route("/admin/v1/explain", post(admin::explain))
        .route("/admin/v1/plans", get_post(admin::plans::list, admin::plans::create))
        .route("/admin/v1/plans/{id}", get(admin::plans::show))
        .route("/admin/v1/plans/{id}/{verb}", post(admin::plans::change))
        .route("/admin/v1/notifications/test", post(admin::try_receiver))
        .route("/sim/pay/{reference}", get_post(pages::sim::show_pay, pages::sim::act_pay))
        .route("/sim/3ds/{reference}", get_post(pages::sim::show_challenge, pages::sim::act_challenge))
        .route("/sim/3ds/{reference}/method", post(pages::sim::method))
        .route("/3ds/{token}", get_post(pages::sim::show_step, pages::sim::act_step));
    let own = match gateway.inbox {
        Some(_) => own.route("/sim/inbox", get_post(pages::inbox::page, pages::inbox::receive)),
        None => own,
    };
    own.fallback(Erased::of(health::not_found))
        .with_state(gateway)
        .merge(others)
        .layer(DefaultBodyLimit::max(body_max_bytes))
        .layer(observe::Observe)
}
