//! The static files, inside the binary.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

struct File {
    name: &'static str,
    content_type: &'static str,
    body: &'static str,
}

const FILES: [File; 8] = [
    File { name: "style.css", content_type: "text/css; charset=utf-8", body: include_str!("../../static/style.css") },
    File { name: "portal.css", content_type: "text/css; charset=utf-8", body: include_str!("../../static/portal.css") },
    File {
        name: "portal.js",
        content_type: "text/javascript; charset=utf-8",
        body: include_str!("../../static/portal.js"),
    },
    File { name: "pay.js", content_type: "text/javascript; charset=utf-8", body: include_str!("../../static/pay.js") },
    File {
        name: "return.js",
        content_type: "text/javascript; charset=utf-8",
        body: include_str!("../../static/return.js"),
    },
    File {
        name: "checkout.js",
        content_type: "text/javascript; charset=utf-8",
        body: include_str!("../../static/checkout.js"),
    },
    File {
        name: "coins.js",
        content_type: "text/javascript; charset=utf-8",
        body: include_str!("../../static/coins.js"),
    },
    File { name: "florin.svg", content_type: "image/svg+xml", body: include_str!("../../static/florin.svg") },
];

/// Tags of the files, in their order.
static TAGS: LazyLock<Vec<HeaderValue>> = LazyLock::new(|| FILES.iter().map(tag).collect());

/// `GET /static/{file}`. Browsers ask again each time and get 304: a page never meets the style of another release.
pub async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some((file, tag)) = FILES.iter().zip(TAGS.iter()).find(|(file, _)| file.name == name) else {
        return crate::server::health::not_found().await.into_response();
    };
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag);
    let mut response = match known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => file.body.into_response(),
    };
    let headers = response.headers_mut();
    if !known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    }
    headers.insert(header::ETAG, tag.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn tag(file: &File) -> HeaderValue {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(file.body.as_bytes());
    let text: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("\"{text}\"")).expect("quotes and hexadecimal digits")
}
