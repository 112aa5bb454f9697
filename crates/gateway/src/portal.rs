//! The portal: what merchants' people and operators see. Server-rendered, whole without scripts.
//!
//! [`routes::ROUTES`] is the one table of what there is and who may: the router is built from it, navigation is read from it, and the tests
//! compare it with a matrix of roles. A handler is behind [`guard`], which puts into its signature what was checked
//! ([`visit::Guest`], [`visit::Visit`], [`visit::AtMerchant`]).

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use florin_engine::Engine;
use ipnet::IpNet;

use crate::erased::any;

mod account;
mod accounts;
mod amounts;
mod answer;
mod api;
mod audit;
mod branding;
mod chart;
mod coin_actions;
mod coin_lines;
mod coin_orders;
mod coin_words;
mod confirm;
mod cookie;
mod credentials;
mod developer;
mod filters;
mod guard;
mod handler;
mod home;
mod invitation;
mod ledger;
mod merchants;
mod networks;
mod one_time;
pub mod openapi;
mod operation;
mod operators;
mod overview;
mod payment;
mod payment_actions;
mod payments;
mod providers;
mod refused;
mod resolve;
pub mod routes;
mod rules;
mod screening;
mod second_step;
mod shell;
mod show;
mod sign_in;
mod steps;
mod stuck;
mod users;
mod visit;
mod webhooks;
mod withdrawals;
mod words;

/// What all screens share.
pub struct Portal {
    engine: Arc<Engine>,
    trusted_proxies: Vec<IpNet>,
}

impl Portal {
    /// Whether browsers reach us by https, as far as we know.
    fn is_secure(&self) -> bool {
        self.engine.public_url().starts_with("https://")
    }

    /// An absolute link to a path of ours.
    fn link(&self, path: &str) -> String {
        format!("{}{path}", self.engine.public_url())
    }

    /// Where a request comes from.
    fn address(&self, peer: IpAddr, headers: &axum::http::HeaderMap) -> IpAddr {
        crate::dialects::caller::caller_address(peer, headers, &self.trusted_proxies)
    }
}

/// The portal and its API, every route behind its permission.
pub fn router(engine: Arc<Engine>, trusted_proxies: Vec<IpNet>) -> Router {
    let portal = Arc::new(Portal { engine, trusted_proxies });
    let mut router = Router::new();
    for route in routes::ROUTES {
        let guarded = (route.handler)().route_layer(from_fn_with_state((portal.clone(), route), guard::admit));
        router = router.route(route.path, guarded);
    }
    router.route("/portal/{*rest}", any(refused::unknown)).with_state(portal)
}
