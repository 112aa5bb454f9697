//! `GET /static/coins/{coin}.svg`: a disc with the coin's sign.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use florin_kernel::Coin;

/// The icon.
pub async fn icon(Path(file): Path<String>) -> Response {
    let name = file.strip_suffix(".svg").map(str::to_ascii_uppercase);
    let Some(coin) = name.as_deref().and_then(Coin::from_code) else {
        return crate::server::health::not_found().await.into_response();
    };
    let (colour, sign) = match coin {
        Coin::Btc => ("#b35a00", "₿"),
        Coin::Eth => ("#3c3c7d", "Ξ"),
        Coin::Usdt => ("#1c6b54", "₮"),
        Coin::Usdc => ("#1f5fa8", "$"),
    };
    let body = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><circle cx=\"16\" cy=\"16\" r=\"16\" fill=\"{colour}\"/>\
         <text x=\"16\" y=\"22\" font-family=\"sans-serif\" font-size=\"18\" text-anchor=\"middle\" fill=\"#fff\">{sign}</text></svg>"
    );
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "public, max-age=86400"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, body).into_response()
}
