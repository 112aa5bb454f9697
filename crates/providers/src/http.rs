//! The HTTP client of drivers and chains.

/// A client still to be set up. TLS rests on ring: the first client makes it the process's choice, as reqwest asks for it there.
pub fn client() -> reqwest::ClientBuilder {
    let _set_before = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}
