//! Answers of the create calls, statuses and reasons, and every error's bytes.

use axum::body::to_bytes;
use axum::response::IntoResponse;
use florin_kernel::payment::{
    Approval, AuthenticationFailure, Command, Decline, Doubt, Outcome, PayerStep, StepKind, Word,
};

use super::super::answer::body;
use super::super::errors::{FieldError, Problem};
use super::super::settings::{ErrorShape, Statuses};
use super::super::status::{reason, status};
use super::{asked, card_simulator, eur, sent, tell, told, tried};

fn no(code: &str) -> Outcome {
    Outcome::Declined(Decline::Response(code.into()))
}

/// The contract's answers, sections 7 and 8.
#[test]
fn create_calls() {
    let check = |outcome: Outcome, url: &str, shape, expected: &str| {
        let payment = tried(eur("10.05"), outcome);
        assert_eq!(body(&payment, url.to_owned(), shape, Statuses::Basic), expected);
    };
    let step = |kind| Outcome::NeedsPayer(PayerStep::page(kind, "/sim/pay/k3v9q0x1m7t2c8z"));
    let text = ErrorShape::String;
    check(Outcome::Approved(Approval::default()), "", text, r#"{"url":"","transaction_status":"successful"}"#);
    check(
        step(StepKind::Challenge),
        "https://pay.example/3ds/b8QmT2xLr0",
        text,
        r#"{"url":"https://pay.example/3ds/b8QmT2xLr0","transaction_status":"pending"}"#,
    );
    check(
        step(StepKind::Redirect),
        "https://pay.example/sim/pay/k3v9q0x1m7t2c8z",
        text,
        r#"{"url":"https://pay.example/sim/pay/k3v9q0x1m7t2c8z","transaction_status":"pending"}"#,
    );
    check(Outcome::Unknown(Doubt::TimedOut), "", text, r#"{"url":"","transaction_status":"pending"}"#);
    check(Outcome::Pending, "", text, r#"{"url":"","transaction_status":"pending"}"#);
    check(no("51"), "", text, r#"{"url":"","transaction_status":"rejected","error":"Insufficient funds"}"#);
    let refused = Outcome::Declined(Decline::Provider);
    check(refused, "", text, r#"{"url":"","transaction_status":"rejected","error":"Provider unavailable"}"#);
    check(
        no("51"),
        "",
        ErrorShape::Object,
        r#"{"url":"","transaction_status":"rejected","error":{"code":"51","message":"Insufficient funds"}}"#,
    );
}

/// Section 15, the table of reasons. What no table knows never gets out.
#[test]
fn reasons() {
    let check = |outcome: Outcome, code: &str, text: &str| {
        let reason = reason(&tried(eur("10"), outcome)).expect("a reason");
        assert_eq!((reason.code.as_ref(), reason.text.as_ref()), (code, text));
    };
    for (code, text) in [
        ("04", "Pick up card"),
        ("05", "Do not honour"),
        ("12", "Invalid transaction"),
        ("14", "Invalid card number"),
        ("41", "Lost card"),
        ("43", "Stolen card"),
        ("51", "Insufficient funds"),
        ("54", "Expired card"),
        ("57", "Transaction not permitted to cardholder"),
        ("59", "Suspected fraud"),
        ("61", "Amount limit exceeded"),
        ("62", "Restricted card"),
        ("65", "Frequency limit exceeded"),
        ("91", "Issuer unavailable"),
        ("96", "System malfunction"),
        ("N7", "Wrong security code"),
        ("19", "Declined (19)"),
    ] {
        check(no(code), code, text);
    }
    check(no("Call your bank on 0800 1234"), "05", "Do not honour");
    check(no("<b"), "05", "Do not honour");
    check(no(""), "05", "Do not honour");
    for failure in [
        AuthenticationFailure::Technical,
        AuthenticationFailure::NotAuthenticated,
        AuthenticationFailure::ChallengeFailed,
    ] {
        check(Outcome::Declined(Decline::Authentication(failure)), "3ds", "3-D Secure authentication failed");
    }
    check(Outcome::Declined(Decline::Risk), "risk", "Blocked by risk rules");
    check(Outcome::Declined(Decline::Provider), "provider", "Provider unavailable");
    check(Outcome::NotSent, "provider", "Provider unavailable");
    check(Outcome::Cancelled, "cancelled", "Cancelled by customer");
    assert_eq!(reason(&tried(eur("10"), Outcome::Unknown(Doubt::TimedOut))), None);
    assert_eq!(reason(&tried(eur("10"), Outcome::Approved(Approval::default()))), None);
    assert_eq!(reason(&sent(asked(eur("10")), card_simulator())), None);
}

/// Section 15, the table of states.
#[test]
fn statuses() {
    for (word, basic, extended) in [
        (Word::Created, "pending", "pending"),
        (Word::PendingPayer, "pending", "pending"),
        (Word::Pending, "pending", "pending"),
        (Word::Unknown, "pending", "pending"),
        (Word::Authorised, "pending", "pending"),
        (Word::PartiallyCaptured, "successful", "successful"),
        (Word::Captured, "successful", "successful"),
        (Word::PartiallyRefunded, "successful", "partially_refunded"),
        (Word::Refunded, "successful", "refunded"),
        (Word::ChargedBack, "successful", "charged_back"),
        (Word::Voided, "rejected", "cancelled"),
        (Word::Cancelled, "rejected", "cancelled"),
        (Word::Declined, "rejected", "rejected"),
        (Word::Failed, "rejected", "rejected"),
        (Word::Expired, "rejected", "expired"),
        (Word::AuthorisationExpired, "rejected", "expired"),
    ] {
        assert_eq!((status(word, Statuses::Basic), status(word, Statuses::Extended)), (basic, extended), "{word:?}");
    }
    let paid = tried(eur("10"), Outcome::Approved(Approval::default()));
    let refunded = told(&tell(&paid, Command::refund(eur("4"))), Outcome::Approved(Approval::default()));
    assert_eq!(status(refunded.word(), Statuses::Extended), "partially_refunded");
}

/// Section 2, the whole table, as bytes.
#[tokio::test]
async fn errors() {
    let field = || vec![FieldError::new("request.customer.dob", "must be a date in the form DD/MM/YYYY")];
    let named = |code: u16, message: &str| {
        format!(
            "{{\"code\":{code},\"message\":\"{message}\",\"errors\":[{{\"field\":\"request.customer.dob\",\
             \"message\":\"must be a date in the form DD/MM/YYYY\"}}]}}"
        )
    };
    let plain = |code: u16, message: &str| format!("{{\"code\":{code},\"message\":\"{message}\"}}");
    let later = "An error has occurred. Please try again later.";
    let blocked = "{\"code\":1295,\"message\":\"Your IP is blocked\",\"errors\":[{\"field\":\"request.ip\",\"message\":\"is blocked\"}]}";
    for (problem, status, body) in [
        (Problem::CredentialNotFound, 400, plain(1016, "Credential not found")),
        (Problem::TransactionIdMissing, 400, plain(1021, "Transaction ID is missing")),
        (Problem::Fault, 500, plain(1025, later)),
        (Problem::Busy, 503, plain(1025, later)),
        (Problem::ApiKeyMissing, 400, plain(1026, "API Key is missing")),
        (Problem::ApiKeyNotFound, 400, plain(1027, "API Key not found")),
        (Problem::ApiKeyExpired, 400, plain(1028, "API Key has expired")),
        (Problem::TransactionUnknown, 400, plain(1039, "Transaction ID does not exist")),
        (Problem::NotChangeable, 400, plain(1076, "You can't change this transaction")),
        (Problem::TrackingIdMissing, 400, plain(1089, "Client Transaction ID is missing")),
        (Problem::NotCancellable, 400, plain(1129, "You can't cancel this transaction")),
        (Problem::WebhookUnavailable, 400, plain(1229, "Your Webhook URL is not available at this time")),
        (Problem::CallerBlocked, 400, plain(1295, "Your IP is blocked")),
        (Problem::PayerBlocked, 400, blocked.to_owned()),
        (Problem::Validation(field()), 400, named(9001, "Validation failed")),
        (Problem::TrackingIdTaken, 400, plain(9002, "Tracking ID has already been used for a different request")),
        (Problem::AmountOutside(field()), 400, named(9003, "Amount is outside the allowed limits")),
        (
            Problem::ProviderUnavailable(field()),
            400,
            named(9004, "Provider is not available for this currency or country"),
        ),
        (Problem::NoRule, 400, plain(9005, "No provider rule matches this request")),
        (Problem::ModeMismatch, 400, plain(9006, "Mode does not match the API Key")),
        (Problem::BalanceInsufficient, 400, plain(9007, "Balance is not sufficient for this withdrawal")),
        (Problem::NotPermitted, 400, plain(9008, "This API Key may not use this operation")),
        (
            Problem::IdempotencyKeyTaken,
            400,
            plain(9009, "Idempotency-Key has already been used for a different request"),
        ),
        (Problem::PortalOnly, 400, plain(9010, "Withdrawals must be approved in the portal")),
        (Problem::NotFound, 404, plain(9020, "Not found")),
        (Problem::MethodNotAllowed("POST"), 405, plain(9021, "Method not allowed")),
        (Problem::BodyTooLarge, 413, plain(9022, "Request body is too large")),
        (Problem::TooManyRequests, 429, plain(9023, "Too many requests")),
    ] {
        let response = problem.into_response();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(response.status().as_u16(), status, "{body}");
        assert_eq!(header("content-type").as_deref(), Some("application/json; charset=utf-8"));
        assert_eq!(header("allow").as_deref(), (status == 405).then_some("POST"));
        assert_eq!(header("retry-after").as_deref(), matches!(status, 503 | 429).then_some("1"));
        let bytes = to_bytes(response.into_body(), 10_000).await.expect("a body");
        assert_eq!(String::from_utf8_lossy(&bytes), body);
    }
}

/// The document's table of errors is in the order of their codes.
#[test]
fn the_document() {
    let document = super::super::openapi::openapi();
    let codes: Vec<u64> =
        document["x-errors"].as_array().expect("a table").iter().filter_map(|line| line["code"].as_u64()).collect();
    assert!(codes.is_sorted() && codes.contains(&9001), "{codes:?}");
}
