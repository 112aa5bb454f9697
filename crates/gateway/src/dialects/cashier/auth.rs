//! Who calls, and whether they may (contract, section 1).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use florin_engine::directory::{Credential, Merchant, Permission, key_hash};
use florin_engine::{Engine, Owner};
use florin_kernel::payment::Dialect;
use florin_kernel::ports::Lane;
use ipnet::IpNet;

use super::errors::Problem;
use super::settings::Settings;
use crate::dialects::caller::{caller_address, is_blocked};

const API_KEY: &str = "x-api-key";

/// A merchant's program that may do what it asks for.
pub struct Caller {
    /// Its credential.
    pub credential: Arc<Credential>,
    /// Its merchant.
    pub merchant: Arc<Merchant>,
    /// The credential's settings for this dialect.
    pub settings: Arc<Settings>,
    /// Whose clock holds.
    pub lane: Lane,
}

impl Caller {
    /// Whose transactions it may touch.
    pub fn owner(&self) -> Owner {
        Owner { merchant: self.credential.merchant, mode: self.credential.mode }
    }
}

/// Checks key, address, expiry and permission, in that order.
///
/// # Errors
/// [`Problem`]: 1026, 1027, 1295, 1028 or 9008.
pub fn admit(
    engine: &Engine,
    trusted_proxies: &[IpNet],
    request: &Parts,
    permission: Permission,
) -> Result<Caller, Problem> {
    let key = api_key(&request.headers)?;
    let directory = engine.directory();
    let hash = key_hash(engine.keyring(), Dialect::Cashier, key);
    let credential = directory.credential_by_hash(&hash).filter(|credential| !credential.revoked);
    let credential = credential.ok_or(Problem::ApiKeyNotFound)?;
    let merchant = directory.merchant(credential.merchant).ok_or(Problem::ApiKeyNotFound)?;
    let peer = request.extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip());
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    if is_blocked(credential, caller_address(peer, &request.headers, trusted_proxies)) {
        return Err(Problem::CallerBlocked);
    }
    let lane = Lane::of(credential.merchant, credential.mode);
    if credential.expires_at.is_some_and(|expires_at| expires_at <= engine.now(lane)) {
        return Err(Problem::ApiKeyExpired);
    }
    if !credential.permissions.contains(&permission) {
        return Err(Problem::NotPermitted);
    }
    let settings = Settings::of(credential);
    Ok(Caller { credential: credential.clone(), merchant: merchant.clone(), settings, lane })
}

/// The one key of a request.
pub(super) fn api_key(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut keys = headers.get_all(API_KEY).iter();
    match (keys.next(), keys.next()) {
        (None, _) => Err(Problem::ApiKeyMissing),
        (Some(_), Some(_)) => Err(Problem::ApiKeyNotFound),
        (Some(key), None) => match key.to_str().map(str::trim) {
            Ok("") => Err(Problem::ApiKeyMissing),
            Ok(key) => Ok(key),
            Err(_) => Err(Problem::ApiKeyNotFound),
        },
    }
}
