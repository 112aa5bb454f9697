//! The crypto dialect's transport: answers pressed on demand, QR codes that say exactly what was asked, and how many an address may have.

use std::io::Read;
use std::time::Duration;

use flate2::read::{GzDecoder, ZlibDecoder};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::world::World;

const START: [(&str, &str); 5] = [
    ("pos_id", "POS1"),
    ("invoice_currency", "EUR"),
    ("invoice_amount", "48.25"),
    ("currency", "BTC"),
    ("payment_id", "123e4567-e89b-12d3-a456-426614174000"),
];

async fn start(world: &World, mount: &str, more: &[(&str, &str)]) -> Value {
    let fields = crate::ts::with(&START, more);
    world
        .crypto(&format!("{mount}/StartPayment/"), &fields)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON")
}

#[tokio::test]
async fn answers_are_pressed_where_that_is_asked_for() {
    let world = World::start().await;
    for mount in ["/v2", "/pay/v2"] {
        let fields = [("invoice_currency", "EUR")];
        let ask = async |encoding: &str| {
            let request = world.crypto(&format!("{mount}/GetCurrencyList/"), &fields);
            request.header("accept-encoding", encoding).send().await.expect("an answer")
        };
        let plain = ask("identity").await;
        assert!(!plain.headers().contains_key("content-encoding"));
        assert_eq!(plain.headers()["vary"], "accept-encoding");
        let plain = plain.bytes().await.expect("a body");
        let pressed = ask("deflate, gzip;q=0.8").await;
        assert_eq!(pressed.headers()["content-encoding"], "gzip");
        assert_eq!(pressed.headers()["content-type"], "application/json; charset=utf-8");
        let length: usize = pressed.headers()["content-length"].to_str().expect("text").parse().expect("a number");
        let pressed = pressed.bytes().await.expect("a body");
        assert_eq!((pressed.len(), pressed.len() < plain.len()), (length, true));
        let mut read = Vec::new();
        GzDecoder::new(&pressed[..]).read_to_end(&mut read).expect("gzip");
        assert_eq!(read, plain);
    }
    // A refusal, too.
    let request = world.crypto("/v2/GetRate/", &[]).header("accept-encoding", "gzip");
    let refused = request.send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(refused.headers()["content-encoding"], "gzip");
}

async fn image(world: &World, text: &str) -> Response {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("d", text).finish();
    world.get(&format!("/api/qr/?{query}")).send().await.expect("an answer")
}

/// A PNG of one bit a pixel as its side and whether a pixel is dark, read by its chunks (RFC 2083).
fn pixels(png: &[u8]) -> (usize, impl Fn(usize, usize) -> bool + use<>) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let (mut rest, mut side, mut data) = (&png[8..], 0, Vec::new());
    while rest.len() >= 12 {
        let length = u32::from_be_bytes(rest[..4].try_into().expect("four bytes")) as usize;
        let (kind, content) = (&rest[4..8], &rest[8..8 + length]);
        match kind {
            b"IHDR" => {
                side = u32::from_be_bytes(content[..4].try_into().expect("four bytes")) as usize;
                assert_eq!(content[4..], [&(side as u32).to_be_bytes()[..], &[1, 0, 0, 0, 0]].concat());
            }
            b"IDAT" => data.extend(content),
            _ => {}
        }
        rest = &rest[12 + length..];
    }
    let mut rows = Vec::new();
    ZlibDecoder::new(&data[..]).read_to_end(&mut rows).expect("deflate");
    let stride = side.div_ceil(8) + 1;
    assert_eq!(rows.len(), stride * side);
    (side, move |x, y| rows[y * stride + 1 + x / 8] & (0x80 >> (x % 8)) == 0)
}

/// What a decoder of others reads from it, and its level of correction.
fn decoded(png: &[u8]) -> (String, u16) {
    let (side, is_dark) = pixels(png);
    let mut image = rqrr::PreparedImage::prepare_from_bitmap(side, side, is_dark);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one code");
    let (about, text) = grids[0].decode().expect("a code");
    (text, about.ecc_level)
}

#[tokio::test]
async fn codes_decode_to_what_was_asked() {
    let world = World::start().await;
    let mut texts = Vec::new();
    for (number, (mount, currency)) in
        [("/v2", "BTC"), ("/v2", "ETH"), ("/v2", "USDT"), ("/pay/v2", "BTC"), ("/pay/v2", "ETH")]
            .into_iter()
            .enumerate()
    {
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let started = start(&world, mount, &[("currency", currency), ("payment_id", &id)]).await;
        for name in ["qr", "qr_alt"] {
            texts.push(started[name].as_str().unwrap_or_else(|| panic!("no {name} in {started}")).to_owned());
        }
        // The image that the answer itself names.
        let path = started["qr_img"].as_str().and_then(|url| url.split_once("/api/")).expect("a URL").1;
        let drawn = world.get(&format!("/api/{path}")).send().await.expect("an answer").bytes().await.expect("a body");
        assert_eq!(decoded(&drawn).0, started["qr"]);
    }
    // The longest text there may be.
    let long = format!("{}&label=", texts[0]);
    texts.push(format!("{long}{}", "x".repeat(512 - long.len())));
    for text in texts {
        let drawn = image(&world, &text).await;
        assert_eq!(drawn.headers()["content-type"], "image/png", "{text}");
        // 0 is level M (ISO/IEC 18004, table 12).
        assert_eq!(decoded(&drawn.bytes().await.expect("a body")), (text, 0));
    }
}

/// Refused texts count, too, so that nobody can try them out.
#[tokio::test]
async fn an_address_may_have_so_many_images() {
    let world = World::start().await;
    let mut asked = 0;
    let refused = loop {
        let answer = image(&world, "https://shop.example/").await;
        match answer.status() {
            StatusCode::BAD_REQUEST => asked += 1,
            _ => break answer,
        }
        assert!(asked < 10_000, "nobody is stopped");
    };
    assert!(asked >= 120, "{asked}");
    let retry = &refused.headers()["retry-after"];
    assert_eq!((refused.status(), retry.to_str().expect("text")), (StatusCode::TOO_MANY_REQUESTS, "1"));
    assert_eq!(refused.json::<Value>().await.expect("JSON")["err_code"], "rate_limited");
}

/// An answer is told again for 30 days; after that the id is taken, and nothing more is known of it.
#[tokio::test]
async fn an_answer_is_kept_for_thirty_days() {
    let world = World::start().await;
    let first = start(&world, "/v2", &[]).await;
    world.advance(Duration::from_secs(24 * 3600)).await;
    assert_eq!(start(&world, "/v2", &[]).await, first);
    world.advance(Duration::from_secs(30 * 24 * 3600)).await;
    assert_eq!(start(&world, "/v2", &[]).await["err_code"], "payment_id_conflict");
}
