//! What the operator puts before all calls: another address, https alone, a bound on requests (contract, section 4). All are off
//! unless `florin.toml` says otherwise.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use florin_kernel::CredentialId;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;

use super::errors::Problem;
use super::mounts::MountSettings;
use crate::dialects::caller::is_in;

/// The operator's rules.
pub struct Admission {
    redirect_to: Option<String>,
    force_https: bool,
    trusted_proxies: Arc<[IpNet]>,
    requests: Option<DefaultKeyedRateLimiter<CredentialId>>,
}

impl Admission {
    /// As the settings say.
    pub fn new(settings: &MountSettings, trusted_proxies: &[IpNet]) -> Admission {
        let quota = NonZeroU32::new(settings.requests_per_second).map(Quota::per_second);
        Admission {
            redirect_to: settings.redirect_to.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned()),
            force_https: settings.force_https,
            trusted_proxies: trusted_proxies.into(),
            requests: quota.map(RateLimiter::keyed),
        }
    }

    /// Where a request must go instead, with its method and body; `public_url` is where this server is known.
    pub fn elsewhere(&self, parts: &Parts, public_url: &str) -> Option<Response> {
        let base = match &self.redirect_to {
            Some(base) => base.clone(),
            None if self.force_https && !self.came_by_https(parts) => {
                format!("https://{}", public_url.split_once("://").map_or(public_url, |(_, rest)| rest))
            }
            None => return None,
        };
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let location = HeaderValue::try_from(format!("{base}{path}")).ok()?;
        Some((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response())
    }

    /// Whether a proxy that is believed took it by https; here it arrives by http.
    fn came_by_https(&self, parts: &Parts) -> bool {
        let peer = parts.extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip());
        let believed = peer.is_some_and(|peer| is_in(&self.trusted_proxies, peer));
        believed && parts.headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https")
    }

    /// Counts a request of a credential.
    ///
    /// # Errors
    /// [`Problem::TooManyRequests`]; a second later there is room again.
    pub fn admit(&self, credential: CredentialId) -> Result<(), Problem> {
        match &self.requests {
            Some(requests) => requests.check_key(&credential).map_err(|_| Problem::TooManyRequests),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use florin_kernel::CredentialId;
    use url::Url;

    use super::super::errors::Problem;
    use super::super::mounts::MountSettings;
    use super::Admission;

    fn location(settings: &MountSettings, trusted: &str, scheme: &str) -> Option<String> {
        let admission = Admission::new(settings, &[trusted.parse().expect("a range")]);
        let request =
            Request::post("/v3/payments?a=1").header("x-forwarded-proto", scheme).body(()).expect("a request");
        let (mut parts, ()) = request.into_parts();
        let peer: std::net::SocketAddr = "10.0.0.1:443".parse().expect("an address");
        parts.extensions.insert(axum::extract::ConnectInfo(peer));
        let response = admission.elsewhere(&parts, "http://pay.example")?;
        assert_eq!(response.status(), 307);
        response.headers()["location"].to_str().ok().map(ToOwned::to_owned)
    }

    #[test]
    fn a_moved_host_and_plain_http_are_led_on() {
        let plain = MountSettings::default();
        assert_eq!(location(&plain, "10.0.0.0/8", "http"), None);
        let moved = MountSettings { redirect_to: Url::parse("https://new.example/").ok(), ..MountSettings::default() };
        assert_eq!(location(&moved, "10.0.0.0/8", "https").as_deref(), Some("https://new.example/v3/payments?a=1"));
        let https = MountSettings { force_https: true, ..MountSettings::default() };
        let secure = "https://pay.example/v3/payments?a=1";
        assert_eq!(location(&https, "10.0.0.0/8", "http").as_deref(), Some(secure));
        assert_eq!(location(&https, "10.0.0.0/8", "https"), None);
        assert_eq!(location(&https, "192.0.2.0/24", "https").as_deref(), Some(secure), "nobody vouches for it");
    }

    #[test]
    fn each_credential_has_its_own_bound() {
        let admission = Admission::new(&MountSettings { requests_per_second: 1, ..MountSettings::default() }, &[]);
        let (one, other) = (CredentialId::from_number(1), CredentialId::from_number(2));
        let admitted = (0..1000).filter(|_| admission.admit(one).is_ok()).count();
        assert!((1..100).contains(&admitted), "{admitted} were admitted at once");
        assert_eq!(admission.admit(one), Err(Problem::TooManyRequests));
        assert_eq!(admission.admit(other), Ok(()));
        let unbound = Admission::new(&MountSettings::default(), &[]);
        assert!((0..1000).all(|_| unbound.admit(one).is_ok()));
    }
}
