//! Trying whether a merchant's host takes a connection, before anything is sent there.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use async_recursion::async_recursion as boxed;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

#[cfg(test)]
mod tests;

/// What a connection to a URL is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// `http`.
    Tcp,
    /// `https`: the host must show a certificate that this machine trusts.
    Tls,
}

/// The trust of the machine, as the client for webhooks has it; `None` where it has none that can be read.
static CONNECTOR: LazyLock<Option<TlsConnector>> = LazyLock::new(|| {
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = builder.with_safe_default_protocol_versions().ok()?.with_platform_verifier().ok()?;
    Some(TlsConnector::from(Arc::new(config.with_no_client_auth())))
});

/// Whether one of a host's addresses takes a connection. Waits as long as the network does.
#[boxed]
pub async fn dial(addresses: &[SocketAddr], host: &str, transport: Transport) -> bool {
    dial_with(CONNECTOR.as_ref(), addresses, host, transport).await
}

async fn dial_with(
    connector: Option<&TlsConnector>,
    addresses: &[SocketAddr],
    host: &str,
    transport: Transport,
) -> bool {
    for address in addresses {
        let Ok(stream) = TcpStream::connect(address).await else { continue };
        let reached = match transport {
            Transport::Tcp => true,
            Transport::Tls => shakes_hands(connector, stream, host).await,
        };
        if reached {
            return true;
        }
    }
    false
}

async fn shakes_hands(connector: Option<&TlsConnector>, stream: TcpStream, host: &str) -> bool {
    // A machine without any trust cannot judge; deliveries will say so.
    let Some(connector) = connector else { return true };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match ServerName::try_from(host.to_owned()) {
        Ok(name) => connector.connect(name, stream).await.is_ok(),
        Err(_) => false,
    }
}
