//! Calls to addresses that merchants give. The address actually connected to must be public, unless the operator
//! allows its range; redirects are not followed, and little of an answer is read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_recursion::async_recursion as boxed;
use async_trait::async_trait;
use florin_store::{Form, Verb};
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

mod dial;
#[cfg(test)]
mod tests;

pub use dial::{Transport, dial};

/// Which addresses may be called.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Arc<[IpNet]>,
}

/// Why an address is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCallable {
    /// The name does not exist.
    #[error("the host does not exist")]
    NoSuchHost,
    /// It only leads to addresses that may not be called.
    #[error("the host leads to an address that may not be called")]
    NotPublic,
}

impl Guard {
    /// A guard that admits public addresses and the ranges the operator allows.
    pub fn new(allowed: Vec<IpNet>) -> Guard {
        Guard { allowed: allowed.into() }
    }

    /// Whether an address may be called.
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.allowed.iter().any(|range| range.contains(&address))
    }

    /// Looks a host up and tells whether it leads anywhere that may be called. A resolver that merely fails is not held
    /// against the host (cashier contract, section 14.4).
    ///
    /// # Errors
    /// [`NotCallable`] when it surely cannot be called.
    #[boxed]
    pub async fn check(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, NotCallable> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => match tokio::net::lookup_host((host, port)).await {
                Ok(found) => found.collect(),
                // The resolver's own trouble and a name that does not exist look alike here, but for this text.
                Err(error) if error.to_string().contains("Temporary failure") => return Ok(Vec::new()),
                Err(_) => return Err(NotCallable::NoSuchHost),
            },
        };
        if found.is_empty() {
            return Err(NotCallable::NoSuchHost);
        }
        let callable: Vec<SocketAddr> = found.into_iter().filter(|address| self.permits(address.ip())).collect();
        if callable.is_empty() { Err(NotCallable::NotPublic) } else { Ok(callable) }
    }
}

/// The resolver of the client: names that lead nowhere permitted do not resolve.
impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted: Vec<SocketAddr> = found.filter(|address| guard.permits(address.ip())).collect();
            if permitted.is_empty() {
                return Err(NotCallable::NotPublic.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// What came back of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// First bytes of the answer, or what went wrong.
    pub note: String,
}

/// Brings events to merchants' URLs. [`Outgoing`] is the real one.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Sends a body in a form, with further headers. Never fails: what went wrong is in the note.
    async fn send(&self, url: &str, form: &Form, headers: Vec<(&'static str, String)>, body: String) -> Answered;
}

/// The client for merchants' URLs.
#[derive(Clone)]
pub struct Outgoing {
    guard: Guard,
    client: reqwest::Client,
}

const TIMEOUT: Duration = Duration::from_secs(10);
const NOTE_BYTES: usize = 500;

impl Outgoing {
    /// A client behind a guard.
    pub fn new(guard: Guard) -> Outgoing {
        // reqwest asks the process for its TLS.
        let _set_before = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .dns_resolver(Arc::new(guard.clone()))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .user_agent("Florin-Webhook/1")
            .pool_max_idle_per_host(8)
            .build()
            .expect("the client's settings are fixed and valid");
        Outgoing { guard, client }
    }

    /// A literal address in a URL does not pass the resolver, so it is judged here.
    fn check_literal(&self, url: &str) -> Result<(), NotCallable> {
        let host = url::Url::parse(url).ok().and_then(|url| url.host().map(|host| host.to_owned()));
        let permitted = match host {
            Some(url::Host::Ipv4(address)) => self.guard.permits(address.into()),
            Some(url::Host::Ipv6(address)) => self.guard.permits(address.into()),
            Some(url::Host::Domain(_)) => true,
            None => return Err(NotCallable::NoSuchHost),
        };
        permitted.then_some(()).ok_or(NotCallable::NotPublic)
    }
}

#[async_trait]
impl Courier for Outgoing {
    async fn send(&self, url: &str, form: &Form, headers: Vec<(&'static str, String)>, body: String) -> Answered {
        if let Err(refused) = self.check_literal(url) {
            return Answered { status: None, note: refused.to_string() };
        }
        let mut request = match form.verb {
            Verb::Post => self.client.post(url).header("content-type", &*form.content_type).body(body),
            Verb::Get => self.client.get(url),
        };
        let own = form.headers.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in own.chain(headers.iter().map(|(name, value)| (*name, value))) {
            request = request.header(name, value);
        }
        match request.send().await {
            Ok(response) => read(response).await,
            Err(error) => Answered { status: None, note: reason(&error) },
        }
    }
}

async fn read(mut response: reqwest::Response) -> Answered {
    let status = Some(response.status().as_u16());
    let mut head = Vec::new();
    while head.len() < NOTE_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => head.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    head.truncate(NOTE_BYTES);
    Answered { status, note: String::from_utf8_lossy(&head).into_owned() }
}

fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match error.is_timeout() {
        true => "no answer within 10 s".to_owned(),
        false => cause.to_string(),
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// IANA's special-purpose registry (RFC 6890) without the ranges that are globally reachable.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = a == 0
        || a >= 224
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113);
    !special
}

/// Only global unicast (2000::/3), less documentation, benchmarking, ORCHID, Teredo and 6to4, which hide a v4 address.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let global = segments[0] & 0xe000 == 0x2000;
    let special = match segments[0] {
        0x2001 => segments[1] < 0x0200 || segments[1] == 0x0db8,
        0x2002 => true,
        0x3fff => segments[1] < 0x1000,
        _ => false,
    };
    global && !special
}
