//! Where a merchant's program calls from, and whether its credential may be used from there.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use florin_engine::directory::Credential;
use ipnet::{IpNet, Ipv4Net};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Deny wins; an empty allow list admits all.
pub fn is_blocked(credential: &Credential, caller: IpAddr) -> bool {
    is_in(&credential.deny, caller) || !(credential.allow.is_empty() || is_in(&credential.allow, caller))
}

/// Whether an address is in one of the ranges; v4-mapped addresses and ranges count as v4.
pub fn is_in(ranges: &[IpNet], address: IpAddr) -> bool {
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
pub fn caller_address(peer: IpAddr, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> IpAddr {
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
