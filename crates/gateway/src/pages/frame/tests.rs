use axum::http::{HeaderMap, HeaderName, HeaderValue};
use florin_kernel::payment::Mode;

use super::{Seat, is_origin};

#[test]
fn an_origin_is_scheme_host_and_port() {
    for text in ["https://shop.example", "https://shop.example:8443", "https://xn--bcher-kva.example"] {
        assert!(is_origin(text, Mode::Live), "{text}");
    }
    for text in ["http://localhost:*", "http://localhost:3000", "http://shop.example"] {
        assert!(is_origin(text, Mode::Dev) && !is_origin(text, Mode::Live), "{text}");
    }
    for text in [
        "",
        "*",
        "https:",
        "https://shop.example/",
        "https://shop.example/path",
        "https://*.example",
        "https://a@shop.example",
        "https://shop.example:443",
        "https://shop.example; script-src *",
        "data:text/html,x",
        "https://Shop.example",
    ] {
        assert!(!is_origin(text, Mode::Dev), "{text}");
    }
}

#[test]
fn browsers_say_whether_they_fill_a_frame() {
    let seat = |value| {
        Seat::of(&HeaderMap::from_iter([(HeaderName::from_static("sec-fetch-dest"), HeaderValue::from_static(value))]))
    };
    assert_eq!((seat("iframe"), seat("document")), (Seat::Frame, Seat::Window));
    assert_eq!(Seat::of(&HeaderMap::new()), Seat::Window);
}
