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
use ipnet::{IpNet, Ipv4Net};

use super::errors::Problem;
use super::settings::Settings;

const API_KEY: &str = "x-api-key";
const FORWARDED_FOR: &str = "x-forwarded-for";

/// A merchant's program that may do what it asks for.
pub struct Caller {
    /// Its credential.
    pub credential: Arc<Credential>,
    /// Its merchant.
    pub merchant: Arc<Merchant>,
    /// The credential's settings for this dialect.
    pub settings: Settings,
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

/// Deny wins; an empty allow list admits all.
fn is_blocked(credential: &Credential, caller: IpAddr) -> bool {
    is_in(&credential.deny, caller) || !(credential.allow.is_empty() || is_in(&credential.allow, caller))
}

/// Whether an address is in one of the ranges; v4-mapped addresses and ranges count as v4.
pub(super) fn is_in(ranges: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    ranges.iter().any(|range| unmapped(*range).contains(&address))
}

fn unmapped(range: IpNet) -> IpNet {
    let IpNet::V6(mapped) = range else { return range };
    match (mapped.addr().to_ipv4_mapped(), mapped.prefix_len().checked_sub(96)) {
        (Some(address), Some(length)) => Ipv4Net::new(address, length).map_or(range, IpNet::V4),
        (None, _) | (_, None) => range,
    }
}

/// The TCP peer, or behind proxies that the operator trusts the right-most entry of `X-Forwarded-For` that is not such a
/// proxy. Each proxy vouches for the entry it appended, so reading goes from right to left and ends at the first stranger.
pub(super) fn caller_address(peer: IpAddr, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> IpAddr {
    let mut address = peer.to_canonical();
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    for entry in lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(',')) {
        if !is_in(trusted_proxies, address) {
            break;
        }
        match forwarded(entry.trim()) {
            Some(forwarded) => address = forwarded.to_canonical(),
            None => break,
        }
    }
    address
}

/// An address, with or without a port.
fn forwarded(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()))
}
