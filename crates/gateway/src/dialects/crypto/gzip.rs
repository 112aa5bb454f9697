//! Answers pressed with gzip where the client asks for it (contract, section 1; RFC 9110, section 12.5.3).

use std::io::Write;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::Profile;
use super::errors::Problem;

/// Answers a request, pressed if its client wants that.
pub async fn press(request: Request, next: Next) -> Response {
    let wanted = is_wanted(request.headers());
    let mut response = next.run(request).await;
    response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
    if !wanted {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // Answers are texts in memory, which are read without fail.
    let Ok(plain) = to_bytes(body, usize::MAX).await else { return Problem::internal().response(Profile::A) };
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 2), Compression::fast());
    match encoder.write_all(&plain).and_then(|()| encoder.finish()) {
        Ok(pressed) => {
            parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            parts.headers.remove(CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(pressed))
        }
        Err(_) => (parts, plain).into_response(),
    }
}

/// Whether gzip is named, or everything is taken, with a weight above zero.
fn is_wanted(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let (mut named, mut any) = (None, false);
    for coding in lines.flat_map(|line| line.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let refused = parts.any(|parameter| {
            let parameter = parameter.to_ascii_lowercase();
            parameter.strip_prefix("q=").is_some_and(|weight| weight.trim_matches(['0', '.']).is_empty())
        });
        match name.as_str() {
            "gzip" | "x-gzip" => named = Some(!refused),
            "*" => any = !refused,
            _ => {}
        }
    }
    named.unwrap_or(any)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use axum::http::header::ACCEPT_ENCODING;

    use super::is_wanted;

    #[test]
    fn it_is_wanted_where_it_is_asked_for() {
        for (sent, expected) in [
            ("gzip", true),
            ("deflate, gzip;q=0.5", true),
            ("GZIP ; q=1.0", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("gzip;q=0.000", false),
            ("deflate, br", false),
            ("*;q=0", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, sent.parse().expect("a header"));
            assert_eq!(is_wanted(&headers), expected, "{sent:?}");
        }
        assert!(!is_wanted(&HeaderMap::new()));
    }
}
