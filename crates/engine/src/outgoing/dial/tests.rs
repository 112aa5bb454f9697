//! A server with a certificate of an authority that only this test trusts.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{Transport, dial_with};

/// A server for `localhost`, and a connector that trusts it.
async fn server() -> (SocketAddr, TlsConnector) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });

    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    (address, TlsConnector::from(Arc::new(config)))
}

#[tokio::test]
async fn reaches_who_answers_as_the_url_says() {
    let (secure, trusting) = server().await;
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain_address = plain.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = plain.accept().await {
            drop(stream)
        }
    });
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    for (addresses, host, transport, reached) in [
        (vec![secure], "localhost", Transport::Tls, true),
        (vec![gone, secure], "localhost", Transport::Tls, true),
        (vec![secure], "shop.test", Transport::Tls, false),
        (vec![secure], "not a name", Transport::Tls, false),
        (vec![secure], "localhost", Transport::Tcp, true),
        (vec![plain_address], "localhost", Transport::Tcp, true),
        (vec![plain_address], "localhost", Transport::Tls, false),
        (vec![gone], "localhost", Transport::Tcp, false),
        (vec![gone], "localhost", Transport::Tls, false),
        (Vec::new(), "localhost", Transport::Tcp, false),
    ] {
        let found = dial_with(Some(&trusting), &addresses, host, transport).await;
        assert_eq!(found, reached, "{addresses:?} {host} {transport:?}");
    }
}

#[tokio::test]
async fn believes_no_stranger() {
    let (address, _) = server().await;
    assert!(!super::dial(&[address], "localhost", Transport::Tls).await);
}
