//! Whether a webhook URL can be reached, judged when a transaction is created (contract, section 14.4).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use florin_engine::outgoing::{Guard, Transport, dial};
use florin_kernel::payment::Mode;
use url::Url;

use super::settings::WebhookCheck;

#[cfg(test)]
mod tests;

const REMEMBERED_FOR: Duration = Duration::from_secs(5 * 60);
const REMEMBERED_MAX: usize = 4096;
const PATIENCE: Duration = Duration::from_secs(2);

/// What was tried: how deep, over what, and at which `host:port`.
type Tried = (WebhookCheck, Transport, String);

/// What was found for hosts lately.
#[derive(Default)]
pub struct Reach {
    remembered: Mutex<HashMap<Tried, (Instant, bool)>>,
}

impl Reach {
    /// Whether a URL counts as available. What is merely not known is not held against the merchant.
    pub async fn is_available(&self, guard: &Guard, url: &str, check: WebhookCheck, mode: Mode) -> bool {
        let Some((transport, host, port)) = parts(url) else { return true };
        if check == WebhookCheck::Off || (mode == Mode::Dev && is_documentation(&host)) {
            return true;
        }
        let key = (check, transport, format!("{host}:{port}"));
        if let Some(known) = self.remembered(&key) {
            return known;
        }
        let available = match tokio::time::timeout(PATIENCE, guard.check(&host, port)).await {
            Err(_) => return true,
            Ok(Err(_)) => false,
            Ok(Ok(addresses)) => {
                let merely_resolve = check == WebhookCheck::Resolve || addresses.is_empty();
                merely_resolve || connects(&addresses, &host, transport).await
            }
        };
        self.remember(key, available);
        available
    }

    fn remembered(&self, key: &Tried) -> Option<bool> {
        let remembered = self.remembered.lock().expect("no holder of the lock panics");
        let (at, available) = remembered.get(key)?;
        (at.elapsed() < REMEMBERED_FOR).then_some(*available)
    }

    fn remember(&self, key: Tried, available: bool) {
        let mut remembered = self.remembered.lock().expect("no holder of the lock panics");
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, (at, _)| at.elapsed() < REMEMBERED_FOR);
        }
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(key, (Instant::now(), available));
    }
}

fn parts(url: &str) -> Option<(Transport, String, u16)> {
    let url = Url::parse(url).ok()?;
    let transport = if url.scheme() == "https" { Transport::Tls } else { Transport::Tcp };
    Some((transport, url.host_str()?.to_ascii_lowercase(), url.port_or_known_default()?))
}

/// Names that exist in documents only (RFC 6761, section 6.5): the contract's own samples are to work as printed.
fn is_documentation(host: &str) -> bool {
    host.trim_end_matches('.').rsplit('.').next() == Some("example")
}

/// Whether the host takes a connection in time.
async fn connects(addresses: &[SocketAddr], host: &str, transport: Transport) -> bool {
    tokio::time::timeout(PATIENCE, dial(addresses, host, transport)).await.unwrap_or(false)
}
