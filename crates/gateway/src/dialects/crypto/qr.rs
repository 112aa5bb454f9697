//! `GET /api/qr` (contract, section 9): QR codes of payment texts, and of nothing else: an open generator on a payments host would invite
//! phishing.

use std::net::IpAddr;
use std::num::NonZeroU32;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use florin_kernel::ports::Lane;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::routes::CryptoState;
use super::{Profile, errors::Problem};
use crate::pages::qr::{MODULE_PX, Modules};

mod png;
#[cfg(test)]
mod tests;

const TEXT_MAX: usize = 512;

/// Images an address may have drawn at once, and in each second after that. A page shows two, and browsers keep them for a year.
const AT_ONCE: u32 = 120;
const A_SECOND: u32 = 20;
/// So many addresses are remembered before those that rest are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// How many images each address has drawn lately.
pub struct Images(DefaultKeyedRateLimiter<IpAddr>);

impl Images {
    /// Nobody has drawn any.
    pub fn new() -> Images {
        let number = |count| NonZeroU32::new(count).expect("above zero");
        Images(RateLimiter::keyed(Quota::per_second(number(A_SECOND)).allow_burst(number(AT_ONCE))))
    }

    /// Whether an address may have another one drawn.
    fn admits(&self, address: IpAddr) -> bool {
        if self.0.len() > REMEMBERED_MAX {
            self.0.retain_recent();
        }
        self.0.check_key(&address).is_ok()
    }
}

/// The image.
pub async fn image(State(state): State<CryptoState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match state.images().admits(state.address(&parts)) {
        true => draw(&state, &parts.uri),
        false => Problem::too_many_images().response(Profile::A),
    }
}

fn draw(state: &CryptoState, uri: &Uri) -> Response {
    let (mut text, mut form) = (None, "png".to_owned());
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "d" => text = Some(value.into_owned()),
            "f" => form = value.into_owned(),
            _ => {}
        }
    }
    let refused = |why: &str| Problem::invalid("d", why).response(Profile::A);
    let Some(text) = text.filter(|text| (1..=TEXT_MAX).contains(&text.len())) else {
        return refused("it must be a text of 1 to 512 bytes");
    };
    if !is_payment_text(state, &text) {
        return refused("it is not a payment text of this installation");
    }
    let Some(modules) = Modules::of(&text) else {
        return refused("it is too long for a QR code");
    };
    let (kind, body) = match form.as_str() {
        "png" => {
            ("image/png", png::encode(modules.side * MODULE_PX, |x, y| modules.is_dark(x / MODULE_PX, y / MODULE_PX)))
        }
        "svg" => ("image/svg+xml", modules.svg().into_bytes()),
        _ => return Problem::invalid("f", "it is neither png nor svg").response(Profile::A),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'")),
    ];
    (StatusCode::OK, headers, body).into_response()
}

/// A payment URI or address of a network here, with nothing beside the amount, or a page of our own sandbox.
fn is_payment_text(state: &CryptoState, text: &str) -> bool {
    let url = state.engine().public_url();
    if let Some(query) = text.strip_prefix(url).and_then(|rest| rest.strip_prefix("/sandbox/wallet?")) {
        return query.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"=&.-_%".contains(&byte));
    }
    let merchants = state.engine().directory();
    let lanes = merchants.merchants().map(|merchant| Lane::Dev(merchant.id)).take(1).chain([Lane::Live]);
    let engine = state.engine();
    let chains: Vec<_> = lanes.flat_map(|lane| engine.chains(lane).cloned().collect::<Vec<_>>()).collect();
    let is_address = |text: &str| {
        chains.iter().any(|chain| {
            let contract = chain.network().coins.iter().any(|coin| coin.contract.as_deref() == Some(text));
            contract || chain.read_address(text).is_some()
        })
    };
    let (head, query) = text.split_once('?').unwrap_or((text, ""));
    let known = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "amount" | "value" | "uint256" => {
                !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            }
            "address" => is_address(value),
            "label" | "message" => true,
            _ => false,
        }
    };
    if !query.is_empty() && !query.split('&').all(known) {
        return false;
    }
    if let Some(address) = head.strip_prefix("bitcoin:") {
        return is_address(address);
    }
    if let Some(rest) = head.strip_prefix("ethereum:") {
        let rest = rest.strip_suffix("/transfer").unwrap_or(rest);
        let (address, chain_id) = rest.split_once('@').unwrap_or((rest, "1"));
        return is_address(address) && !chain_id.is_empty() && chain_id.bytes().all(|byte| byte.is_ascii_digit());
    }
    query.is_empty() && is_address(head)
}
