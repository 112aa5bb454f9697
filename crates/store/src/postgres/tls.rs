//! TLS to the database: what `sslmode` and `sslrootcert` of the URL ask for, as libpq understands them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::OpenError;

/// How much the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protection {
    /// Never encrypted.
    Disable,
    /// Encrypted if the server can; anybody may answer as the server.
    Prefer,
    /// Encrypted; anybody may answer as the server.
    Require,
    /// Encrypted, the server's certificate made by a known authority.
    VerifyCa,
    /// Encrypted, the certificate made by a known authority for the very host.
    VerifyFull,
}

impl Protection {
    /// Reads the value of `sslmode`.
    pub(super) fn parse(text: &str) -> Option<Protection> {
        Some(match text {
            "disable" => Protection::Disable,
            "prefer" | "allow" => Protection::Prefer,
            "require" => Protection::Require,
            "verify-ca" => Protection::VerifyCa,
            "verify-full" => Protection::VerifyFull,
            _ => return None,
        })
    }

    /// What the client library has to know of it.
    pub(super) fn ssl_mode(self) -> SslMode {
        match self {
            Protection::Disable => SslMode::Disable,
            Protection::Prefer => SslMode::Prefer,
            Protection::Require | Protection::VerifyCa | Protection::VerifyFull => SslMode::Require,
        }
    }

    /// The connector. `roots` is a file of certificates to trust instead of the system's.
    pub(super) fn connector(self, roots: Option<&Path>) -> Result<MakeRustlsConnect, OpenError> {
        let crypto = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(crypto.clone()).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| OpenError::Url(format!("asks for TLS that cannot be had: {error}")))?;
        let config = match (self, roots) {
            (Protection::VerifyFull, _) => builder.with_root_certificates(trusted(roots)?),
            // A given authority is asked, as libpq does.
            (Protection::VerifyCa, _) | (Protection::Require, Some(_)) => {
                let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(trusted(roots)?), crypto);
                let verifier = verifier.build().map_err(|error| OpenError::Url(format!("names no roots: {error}")))?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyHost(verifier)))
            }
            (Protection::Disable | Protection::Prefer | Protection::Require, _) => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(crypto)))
            }
        };
        Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
    }
}

fn trusted(file: Option<&Path>) -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let unreadable = |why: String| OpenError::Url(format!("names sslrootcert={}: {why}", file.display()));
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unreadable("the file holds no certificate".to_owned())) } else { Ok(roots) }
}

/// Where `sslrootcert` points, if it is a file.
pub(super) fn roots_file(value: &str) -> Option<PathBuf> {
    // libpq's word for the system's own roots, which are ours without the setting.
    (value != "system").then(|| PathBuf::from(value))
}

/// Takes a certificate of a known authority for any host.
#[derive(Debug)]
struct AnyHost(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyHost {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Takes any certificate, as `sslmode=require` says: it keeps listeners out, not a man in the middle.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
