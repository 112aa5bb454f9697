//! What callers of the crypto dialect are told when something is not done, on both mounts.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::world::World;

async fn call(world: &World, path: &str, fields: &[(&str, &str)]) -> (StatusCode, Value) {
    let answer = world.crypto(path, fields).send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

const ASK: [(&str, &str); 4] =
    [("pos_id", "POS1"), ("invoice_currency", "EUR"), ("invoice_amount", "48.25"), ("currency", "BTC")];

#[tokio::test]
async fn each_refusal_names_its_parameter() {
    let world = World::start().await;
    let with = |name: &'static str, value: &'static str| -> Vec<(&str, &str)> {
        let mut fields = ASK.to_vec();
        fields.retain(|(known, _)| *known != name);
        fields.push((name, value));
        fields
    };
    let cases = [
        ("GetRate", with("pos_id", ""), "missing_parameter", "Missing parameter: pos_id"),
        (
            "GetRate",
            with("pos_id", "a b"),
            "invalid_parameter",
            "Invalid pos_id: it must be 1 to 64 letters, digits, dots, hyphens or underscores",
        ),
        (
            "GetRate",
            with("invoice_amount", "1e3"),
            "invalid_parameter",
            "Invalid invoice_amount: it is not a plain decimal number",
        ),
        (
            "GetRate",
            with("invoice_amount", "48.255"),
            "invalid_parameter",
            "Invalid invoice_amount: it has more than 2 decimals",
        ),
        (
            "GetRate",
            with("invoice_amount", "0.49"),
            "amount_out_of_range",
            "invoice_amount must be between 0.50 and 100000.00 EUR",
        ),
        ("GetRate", with("currency", "DOGE"), "unsupported_currency", "Currency DOGE is not available"),
        ("GetRate", with("invoice_currency", "XXX"), "unsupported_invoice_currency", "Currency XXX is not available"),
        (
            "GetRate",
            with("accept_zero_confirmations", "maybe"),
            "invalid_parameter",
            "Invalid accept_zero_confirmations: it is neither true nor false",
        ),
        ("StartPayment", with("payment_id", "1"), "invalid_parameter", "Invalid payment_id: it is not a UUID"),
        ("StartPayment", with("webhook_url", "ftp://x"), "webhook_url_refused", "webhook_url is not allowed"),
        (
            "StartPayment",
            with("payer_ip_address", "1.1.1"),
            "invalid_parameter",
            "Invalid payer_ip_address: it is not an IPv4 or IPv6 address",
        ),
        (
            "CheckPayment",
            with("payment_id", "123e4567-e89b-12d3-a456-426614174000"),
            "payment_not_found",
            "Payment not found",
        ),
        ("RequestKyc", vec![], "kyc_not_enabled", "Payer verification is not enabled"),
    ];
    for (action, fields, code, text) in cases {
        let (status, body) = call(&world, &format!("/v2/{action}"), &fields).await;
        assert_eq!((status, &body["err_code"], &body["err"]), (StatusCode::BAD_REQUEST, &json!(code), &json!(text)));
        let (status, body) = call(&world, &format!("/pay/v2/{action}"), &fields).await;
        assert_eq!((status, &body), (StatusCode::OK, &json!({"err": text, "err_code": code})));
    }
    let none: Vec<_> = world.payments().await;
    assert!(none.is_empty(), "nothing is written for bad input");
}

#[tokio::test]
async fn a_probe_without_a_login_is_told_how_and_wrong_ones_are_locked_out() {
    let world = World::start().await;
    for mount in ["/v2", "/pay/v2"] {
        let probe = world.post(&format!("{mount}/StartPayment/")).body("pos_id=POS1").send().await.expect("an answer");
        assert_eq!(probe.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(probe.headers()["www-authenticate"], "Basic realm=\"Florin\", charset=\"UTF-8\"");
        let body: Value = probe.json().await.expect("JSON");
        let text = "Invalid API key or authentication failed";
        let expected =
            if mount == "/v2" { json!({"err": text, "err_code": "auth_failed"}) } else { json!({"err": text}) };
        assert_eq!(body, expected);
        let unknown = world.get(&format!("{mount}/CreatePaymentLink")).send().await.expect("an answer");
        assert_eq!(unknown.status(), StatusCode::NOT_FOUND, "before the login");
    }
    let user = world.demo().crypto().0.to_owned();
    let wrong = || world.get("/v2/Ping").basic_auth(&user, Some("wrong"));
    for _ in 0..20 {
        assert_eq!(wrong().send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(wrong().send().await.expect("an answer").status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_silent_node_starts_nothing_and_ends_nothing() {
    let world = World::start().await;
    let (_, payment) = call(&world, "/v2/StartPayment", &ASK).await;
    let fault = [("currency", "BTC"), ("fault", "down"), ("seconds", "3600")];
    assert_eq!(call(&world, "/sandbox/api/node", &fault).await.0, StatusCode::OK);
    let (status, body) = call(&world, "/v2/StartPayment", &ASK).await;
    assert_eq!((status, &body["err_code"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("node_unavailable")));
    assert_eq!(call(&world, "/sandbox/api/clock", &[("seconds", "1800")]).await.0, StatusCode::OK);
    let id = payment["payment_id"].as_str().expect("an id");
    let check = [("pos_id", "POS1"), ("currency", "BTC"), ("payment_id", id)];
    assert_eq!(
        call(&world, "/v2/CheckPayment", &check).await.1["state"],
        "waiting",
        "nothing ends while nobody sees what comes"
    );
    let stale = [("currency", "BTC"), ("invoice_currency", "EUR"), ("stale", "true")];
    assert_eq!(call(&world, "/sandbox/api/rate", &stale).await.0, StatusCode::OK);
    let (status, body) = call(&world, "/v2/GetRate", &ASK).await;
    assert_eq!((status, &body["err_code"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!("rate_unavailable")));
}
