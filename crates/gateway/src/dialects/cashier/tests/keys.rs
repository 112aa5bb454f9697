//! Headers: the key, the caller's address, the idempotency key; settings of a credential.

use axum::http::HeaderMap;
use ipnet::IpNet;
use serde_json::json;

use super::super::auth::api_key;
use super::super::errors::Problem;
use super::super::settings::{DobFormat, Edition, ErrorShape, Settings, Statuses, WebhookCheck};
use crate::dialects::caller::{caller_address, is_in};
use crate::dialects::request::idempotency_key;

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().expect("a header value"));
    }
    headers
}

fn ranges(texts: &[&str]) -> Vec<IpNet> {
    texts.iter().map(|text| text.parse().expect("a range")).collect()
}

#[test]
fn api_keys() {
    let check = |lines: &[(&'static str, &str)], expected: Result<&str, Problem>| {
        assert_eq!(api_key(&headers(lines)), expected, "{lines:?}");
    };
    check(&[], Err(Problem::ApiKeyMissing));
    check(&[("authorization", "fl_dev_x")], Err(Problem::ApiKeyMissing));
    check(&[("x-api-key", "")], Err(Problem::ApiKeyMissing));
    check(&[("x-api-key", "fl_dev_x")], Ok("fl_dev_x"));
    check(&[("x-api-key", "fl_dev_x"), ("x-api-key", "fl_dev_x")], Err(Problem::ApiKeyNotFound));
    check(&[("x-api-key", "é")], Err(Problem::ApiKeyNotFound));
}

#[test]
fn idempotency_keys() {
    let read = |key: &str| idempotency_key(&headers(&[("idempotency-key", key)]));
    assert_eq!(idempotency_key(&HeaderMap::new()), Ok(None));
    assert_eq!(read("abc"), Ok(Some("abc".into())));
    assert_eq!(read("\"abc\""), Ok(Some("abc".into())));
    assert_eq!(read(&"x".repeat(255)), Ok(Some("x".repeat(255))));
    for key in ["", "\"\"", "a b", "é", &"x".repeat(256)] {
        assert!(read(key).is_err(), "{key}");
    }
    assert!(idempotency_key(&headers(&[("idempotency-key", "a"), ("idempotency-key", "a")])).is_err());
}

/// Section 1: the peer, or behind trusted proxies the right-most entry that is none.
#[test]
fn caller_addresses() {
    let trusted = ranges(&["10.0.0.0/8", "::1/128"]);
    let check = |peer: &str, forwarded: &[&str], expected: &str| {
        let lines: Vec<(&'static str, &str)> = forwarded.iter().map(|line| ("x-forwarded-for", *line)).collect();
        let found = caller_address(peer.parse().expect("an address"), &headers(&lines), &trusted);
        assert_eq!(found.to_string(), expected, "{peer} {forwarded:?}");
    };
    check("203.0.113.9", &["198.51.100.1"], "203.0.113.9");
    check("10.0.0.1", &[], "10.0.0.1");
    check("10.0.0.1", &["198.51.100.1"], "198.51.100.1");
    check("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1");
    check("10.0.0.1", &["1.1.1.1", "198.51.100.1,10.0.0.2"], "198.51.100.1");
    check("::ffff:10.0.0.1", &["198.51.100.1:5000"], "198.51.100.1");
    check("::1", &["[2001:db8::7]:443"], "2001:db8::7");
    check("::1", &["::ffff:198.51.100.1"], "198.51.100.1");
    check("10.0.0.1", &["198.51.100.1, nonsense"], "10.0.0.1");
    check("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3");
}

#[test]
fn address_ranges() {
    let check = |range: &str, address: &str, expected: bool| {
        let address = address.parse().expect("an address");
        assert_eq!(is_in(&ranges(&[range]), address), expected, "{range} {address}");
    };
    check("192.0.2.0/24", "192.0.2.7", true);
    check("192.0.2.0/24", "::ffff:192.0.2.7", true);
    check("192.0.2.0/24", "192.0.3.7", false);
    check("::ffff:192.0.2.0/120", "192.0.2.7", true);
    check("::ffff:192.0.2.0/120", "192.0.3.7", false);
    check("2001:db8::/32", "2001:db8::1", true);
    check("0.0.0.0/0", "2001:db8::1", false);
    check("::/0", "2001:db8::1", true);
}

/// What is absent has its default; what is written is read back.
#[test]
fn settings() {
    let read = |document: serde_json::Value| serde_json::from_value::<Settings>(document).expect("settings");
    let defaults = read(json!({}));
    assert_eq!(defaults, Settings::default());
    assert_eq!((defaults.edition, defaults.webhook_check), (Edition::Nested, WebhookCheck::Resolve));
    assert_eq!((defaults.dob_format, defaults.s2s_error), (DobFormat::Dmy, ErrorShape::String));
    let changed =
        read(json!({"edition": "flat", "dob_format": "mdy", "s2s_error": "object", "extended_statuses": true}));
    assert_eq!((changed.edition, changed.extended_statuses), (Edition::Flat, Statuses::Extended));
    assert_eq!(read(serde_json::to_value(&changed).expect("JSON")), changed);
}
