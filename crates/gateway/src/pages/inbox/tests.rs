use axum::http::HeaderMap;
use florin_kernel::secret::Secret;

use super::{CAPACITY, Inbox};

/// Vectors A and C of the cashier contract, section 14.3: one body, both signatures.
const BODY: &str = r#"{"transaction_id":"r21nmrtpcmrcava","user_id":"1111222","tracking_id":"b8f04416-116a-11ed-861d-0242ac120002","status":"rejected","currency":"GBP","amount":"200.00","transaction_type":"withdrawal"}"#;

fn inbox() -> Inbox {
    let secret = Secret::new("whsec_ZmxvcmluLXNhbXBsZS13ZWJob29rLWtleS0zMmJ5dGU=".into());
    Inbox::new(secret, Secret::new("spg_test_companyxxxxQyGAheyMqcHVmp8ZMQtkYcev27sCu7RF".into()))
}

fn headers(changes: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let signed = [
        ("webhook-id", "msg_k3v9q0x1m7t2c8z"),
        ("webhook-timestamp", "1722470400"),
        ("webhook-signature", "v1,old v1,iQv7CXZwY9eYp1CL8zgpb0y8E51fGIeyPQAJu1EFIKA="),
        ("x-signature", "5FDDA8F46411C132DCFBEE53C39BA06298CB48BC"),
    ];
    for (name, value) in signed.iter().chain(changes) {
        headers.insert(*name, value.parse().expect("a header value"));
    }
    headers
}

#[test]
fn both_signatures_must_fit() {
    let inbox = inbox();
    assert!(inbox.take(&headers(&[]), BODY.to_owned()));
    assert!(!inbox.take(&headers(&[]), BODY.replace("200.00", "2.00")));
    assert!(!inbox.take(&headers(&[("x-signature", "00")]), BODY.to_owned()));
    assert!(!inbox.take(&headers(&[("webhook-timestamp", "1722470401")]), BODY.to_owned()));
    let seen: Vec<(bool, bool)> =
        inbox.letters().iter().map(|letter| (letter.webhook_signature_valid, letter.x_signature_valid)).collect();
    assert_eq!(seen, [(false, true), (true, false), (false, false), (true, true)]);
}

#[test]
fn the_oldest_make_room() {
    let inbox = inbox();
    for count in 0..CAPACITY + 5 {
        inbox.take(&HeaderMap::new(), count.to_string());
    }
    let letters = inbox.letters();
    assert_eq!(letters.len(), CAPACITY);
    assert_eq!(letters[0].body, serde_json::json!(CAPACITY + 4));
}
