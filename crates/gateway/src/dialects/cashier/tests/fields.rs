//! The fields of a create call: what is taken, what is refused, and that everything wrong is said at once.

use florin_kernel::payment::Mode;
use serde_json::{Value, json};

use super::super::errors::Problem;
use super::super::settings::DobFormat;
use super::super::wire::{Deposit, Operation, Reading, read};
use super::eur;

pub(super) const S2S: &str = r#"{"request":{"mode":"test","routing_id":210,"user_id":"U123","tracking_id":"0d1b7c2e-5f0e-4c5b-9b0a-3a2f6d5c1e77","ip":"127.34.125.54","amount":10.05,"currency":"EUR"},
 "card_details":{"holder_name":"John Doe","card_number":"4111111111111111","cvc":"444","exp_month":"05","exp_year":"2025"}}"#;
const COMPLETE: &str = r#"{"request":{"mode":"test","theme":"dark","settings":{"success_url":"https://shop.example/ok","failure_url":"https://shop.example/no",
 "pending_url":"https://shop.example/wait","webhook_url":"https://shop.example/hook","locale":"en","methods":["card","bank_transfer"]},
 "user_id":"128","tracking_id":"fb832194-34e1-4e6c-8494-d88034cf3e47","ip":"127.34.125.54","amount":10.05,"currency":"EUR",
 "amount_restricted":true,"customer":{"max_deposit_limit":1000,"first_name":"John","last_name":"Doe","kyc_status":"passed",
 "email":"user@example.com","zip_code":"12345","address":"123 Main Street","city":"New York","dob":"05/03/2000","country_code":"GB",
 "phone":{"country":"GB","number":783433252,"prefix":44}},"provider_id":210}}"#;

pub(super) fn reading() -> Reading<'static> {
    static SCHEMES: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| vec!["shopapp".into()]);
    let today = "2026-03-04".parse().expect("a date");
    Reading { mode: Mode::Dev, today, dob_format: DobFormat::Dmy, schemes: &SCHEMES }
}

pub(super) fn read_in(text: &str, operation: Operation, reading: Reading<'_>) -> Result<Deposit, Problem> {
    read(text.as_bytes(), operation, reading)?.finish()
}

pub(super) fn s2s(text: &str) -> Result<Deposit, Problem> {
    read_in(text, Operation::S2s, reading())
}

/// The contract's S2S sample with one field set; null takes it away.
pub(super) fn with(path: &str, value: Value) -> String {
    let mut body: Value = serde_json::from_str(S2S).expect("the sample");
    let mut place = &mut body;
    for name in path.split('.') {
        place = &mut place[name];
    }
    *place = value;
    body.to_string()
}

pub(super) fn refused(problem: Problem) -> Vec<String> {
    match problem {
        Problem::Validation(errors) => errors.into_iter().map(|error| error.field.into_owned()).collect(),
        other => panic!("not a validation error: {other:?}"),
    }
}

#[track_caller]
pub(super) fn accepts(path: &str, value: Value) -> Deposit {
    let body = with(path, value);
    s2s(&body).unwrap_or_else(|problem| panic!("{body}: {problem:?}"))
}

#[track_caller]
pub(super) fn refuses(path: &str, value: Value) {
    let body = with(path, value);
    let problem = s2s(&body).expect_err(&body);
    assert_eq!(refused(problem), [path], "{body}");
}

#[test]
fn the_contracts_samples_are_read() {
    let deposit = s2s(S2S).expect("the sample");
    assert_eq!((deposit.amount, deposit.payer.user_id.as_str()), (eur("10.05"), "U123"));
    assert_eq!(deposit.provider.map(|id| id.number()), Some(210));
    let card = deposit.card.expect("a card");
    assert_eq!((card.expiry.month, card.expiry.year, card.pan.expose()), (5, 2025, "4111111111111111"));

    let deposit = read_in(COMPLETE, Operation::Direct, reading()).expect("the sample");
    let payer = &deposit.payer;
    assert_eq!(
        (payer.dob.as_str(), payer.phone.as_str(), deposit.phone_country.as_str()),
        ("2000-03-05", "44783433252", "GB")
    );
    assert_eq!((payer.country.as_str(), payer.kyc_status.as_str(), payer.zip_code.as_str()), ("GB", "passed", "12345"));
    assert_eq!(deposit.links.pending, "https://shop.example/wait");
    assert_eq!(deposit.limit.expect("a limit").largest(eur("1").asset()), eur("1000"));
}

#[test]
fn wrappers() {
    let fields = |body: &str| refused(s2s(body).expect_err(body));
    assert_eq!(fields("{}"), ["request"]);
    assert_eq!(fields(r#"{"request":null}"#), ["request"]);
    assert_eq!(fields(r#"{"request":[]}"#), ["request"]);
    assert_eq!(fields("[]"), ["body"]);
    assert_eq!(fields("nonsense"), ["body"]);
    assert_eq!(fields(&with("card_details", Value::Null)), ["card_details"]);
    assert_eq!(fields(&with("card_details", json!("4111"))), ["card_details"]);
}

/// Mode, then reference, then all fields together.
#[test]
fn the_order_of_the_first_checks() {
    let wrong_mode_and_no_reference = r#"{"request":{"mode":"LIVE"}}"#;
    assert_eq!(s2s(wrong_mode_and_no_reference).expect_err("a refusal"), Problem::ModeMismatch);
    for reference in [r#"{"request":{}}"#, r#"{"request":{"tracking_id":null}}"#, r#"{"request":{"tracking_id":""}}"#] {
        assert_eq!(s2s(reference).expect_err(reference), Problem::TrackingIdMissing);
    }
    let everything = r#"{"request":{"mode":"x","tracking_id":" ","user_id":[],"ip":"1.2.3","amount":"x","currency":"EURO",
        "routing_id":-1,"settings":7,"customer":{"dob":"31/02/2000","email":"a@","country_code":"ZZ","tags":["",1],
        "phone":{"number":"x"},"kyc_status":"a b","zip_code":1.5,"max_deposit_limit":-1}},
        "card_details":{"holder_name":"J","card_number":"4111111111111112","cvc":"12","exp_month":13,"exp_year":"x"}}"#;
    let expected = [
        "request.mode",
        "request.settings",
        "request.user_id",
        "request.tracking_id",
        "request.ip",
        "request.amount",
        "request.currency",
        "request.routing_id",
        "request.customer.max_deposit_limit",
        "request.customer.zip_code",
        "request.customer.email",
        "request.customer.kyc_status",
        "request.customer.dob",
        "request.customer.country_code",
        "request.customer.phone.number",
        "request.customer.tags.0",
        "request.customer.tags.1",
        "card_details.holder_name",
        "card_details.card_number",
        "card_details.cvc",
        "card_details.exp_month",
        "card_details.exp_year",
    ];
    assert_eq!(refused(s2s(everything).expect_err("a refusal")), expected);
}

#[test]
fn what_is_missing() {
    let fields = |body: &str, operation| refused(read_in(body, operation, reading()).expect_err(body));
    let bare = r#"{"request":{"tracking_id":"t"},"card_details":{}}"#;
    let common = ["request.user_id", "request.amount", "request.currency"];
    let direct: Vec<&str> = common.into_iter().chain(["request.provider_id"]).collect();
    assert_eq!(fields(bare, Operation::Direct), direct);
    let card =
        ["holder_name", "card_number", "cvc", "exp_month", "exp_year"].map(|name| format!("card_details.{name}"));
    let s2s: Vec<&str> =
        [common[0], "request.ip", common[1], common[2]].into_iter().chain(card.iter().map(String::as_str)).collect();
    assert_eq!(fields(bare, Operation::S2s), s2s);
}

#[test]
fn amounts() {
    for (value, expected) in [
        (json!(10), "10.00"),
        (json!("10.05"), "10.05"),
        (json!(" 10.05 "), "10.05"),
        (json!("10.0500"), "10.05"),
        (json!("0010.05"), "10.05"),
        (json!(0.01), "0.01"),
        (json!("1000000000000"), "1000000000000.00"),
    ] {
        assert_eq!(accepts("request.amount", value).amount.decimal(), expected);
    }
    for text in ["0", "-0", "-1", "10.005", "1e2", "1e309", "1E2", "0.0", "1000000000000.01", "10000000000000"] {
        let problem = s2s(&S2S.replace("10.05", text)).expect_err(text);
        assert_eq!(refused(problem), ["request.amount"], "{text}");
    }
    for text in
        ["", "NaN", "Infinity", "+1", "-1", "1e2", "1,5", "10.", ".5", "1 0", "0x10", "१०", "10.05€", "00000000000001"]
    {
        refuses("request.amount", json!(text));
    }
    for value in [json!(true), json!([10]), json!({"value": 10}), Value::Null] {
        refuses("request.amount", value);
    }
}

#[test]
fn currencies_and_their_decimals() {
    for (code, amount, expected) in [
        ("eur", "10.05", Some("10.05 EUR")),
        ("JPY", "1000.00", Some("1000 JPY")),
        ("JPY", "10.50", None),
        ("KWD", "1.234", Some("1.234 KWD")),
        ("KWD", "1.2345", None),
    ] {
        let body = with("request.currency", json!(code)).replace("10.05", amount);
        let read = s2s(&body).map(|deposit| deposit.amount.to_string());
        assert_eq!(read.as_deref().ok(), expected, "{body}");
        if let Err(problem) = read {
            assert_eq!(refused(problem), ["request.amount"]);
        }
    }
    for code in
        [json!("XYZ"), json!("HRK"), json!("XAU"), json!("XXX"), json!("EURO"), json!("€"), json!(978), json!("BTC")]
    {
        refuses("request.currency", code);
    }
}

#[test]
fn ids() {
    for (value, expected) in [
        (json!("U123"), "U123"),
        (json!(128), "128"),
        (json!(-5), "-5"),
        (json!("a b"), "a b"),
        (json!("'; DROP TABLE payments; --"), "'; DROP TABLE payments; --"),
        (json!("x".repeat(64)), &"x".repeat(64)),
    ] {
        assert_eq!(accepts("request.user_id", value).payer.user_id, expected);
    }
    for value in
        [json!(1.5), json!(true), json!("x".repeat(65)), json!("é"), json!("a\nb"), json!(""), json!([]), json!({})]
    {
        refuses("request.user_id", value);
    }
    assert_eq!(accepts("request.tracking_id", json!("<b>&\"'/..%2F")).tracking_id, "<b>&\"'/..%2F");
    for value in [json!("a b"), json!("x".repeat(65)), json!("é"), json!(7), json!([]), json!(" "), json!("a\u{7f}")] {
        refuses("request.tracking_id", value);
    }
}

#[test]
fn addresses_and_providers() {
    for (value, expected) in
        [(json!("::1"), "::1"), (json!(" 10.0.0.1 "), "10.0.0.1"), (json!("2001:db8::A"), "2001:db8::a")]
    {
        assert_eq!(accepts("request.ip", value).payer.ip.expect("an address").to_string(), expected);
    }
    for value in [json!("1.2.3.256"), json!("1.2.3.4/32"), json!("host"), json!(1), json!("fe80::1%eth0"), Value::Null]
    {
        refuses("request.ip", value);
    }
    assert_eq!(accepts("request.routing_id", json!("310")).provider.map(|id| id.number()), Some(310));
    assert_eq!(accepts("request.routing_id", Value::Null).provider, None);
    assert_eq!(
        accepts("request.routing_id", json!("99999999999999999999")).provider.map(|id| id.number()),
        Some(i64::MAX)
    );
    for value in [json!("x"), json!(210.5), json!(-1), json!(true), json!("210.0")] {
        refuses("request.routing_id", value);
    }
    let other = with("request.routing_id", Value::Null).replace("\"user_id\"", "\"provider_id\":215,\"user_id\"");
    assert_eq!(s2s(&other).expect("a deposit").provider.map(|id| id.number()), Some(215));
}

#[test]
fn dates_of_birth() {
    let dob = |text: &str| accepts("request.customer.dob", json!(text)).payer.dob;
    for (text, expected) in [
        ("05/03/2000", "2000-03-05"),
        ("05-03-2000", "2000-03-05"),
        ("05.03.2000", "2000-03-05"),
        ("2000-03-05", "2000-03-05"),
        ("29/02/2000", "2000-02-29"),
        ("04/03/2026", "2026-03-04"),
    ] {
        assert_eq!(dob(text), expected);
    }
    for text in [
        "31/02/2000",
        "29/02/1900",
        "03/31/2000",
        "5/3/2000",
        "05/03-2000",
        "05/03/00",
        "2000/03/05",
        "05/03/2026",
        "00/03/2000",
        "05/03/0000",
        "x",
    ] {
        refuses("request.customer.dob", json!(text));
    }
    refuses("request.customer.dob", json!(20000305));
    let mdy = Reading { dob_format: DobFormat::Mdy, ..reading() };
    let read = |text: &str| read_in(&with("request.customer.dob", json!(text)), Operation::S2s, mdy);
    assert_eq!(read("03/31/2000").expect("a deposit").payer.dob, "2000-03-31");
    assert_eq!(read("2000-03-05").expect("a deposit").payer.dob, "2000-03-05");
    match read("31/03/2000").expect_err("a refusal") {
        Problem::Validation(errors) => assert_eq!(errors[0].message, "must be a date in the form MM/DD/YYYY"),
        other => panic!("{other:?}"),
    }
}

/// Hostile text is text: it is stored and shown, never run.
#[test]
fn the_customer() {
    let first_name =
        accepts("request.customer.first_name", json!(" <script>alert(1)</script> '; DROP TABLE payments; -- "))
            .payer
            .first_name;
    assert_eq!(first_name, "<script>alert(1)</script> '; DROP TABLE payments; --");
    assert_eq!(accepts("request.customer.last_name", json!("名".repeat(100))).payer.last_name.chars().count(), 100);
    refuses("request.customer.last_name", json!("名".repeat(101)));
    refuses("request.customer.first_name", json!(7));
    assert_eq!(accepts("request.customer.city", Value::Null).payer.city, "");
    assert_eq!(accepts("request.customer.city", json!("  ")).payer.city, "");
    assert_eq!(accepts("request.customer.zip_code", json!(12345)).payer.zip_code, "12345");
    refuses("request.customer.zip_code", json!("x".repeat(17)));
    assert_eq!(accepts("request.customer.kyc_status", json!("PASSED")).payer.kyc_status, "passed");
    assert_eq!(accepts("request.customer.country_code", json!("gb")).payer.country, "GB");
    for value in [json!("UK"), json!("GBR"), json!("XK"), json!(44)] {
        refuses("request.customer.country_code", value);
    }
    for text in ["user@example.com", "a.b+c@x.co", "\"a b\"@x.co", "u@[127.0.0.1]", "u@localhost"] {
        assert_eq!(accepts("request.customer.email", json!(text)).payer.email, text);
    }
    for text in [
        "user",
        "@x.co",
        "user@",
        "a..b@x.co",
        ".a@x.co",
        "a b@x.co",
        "u@-x.co",
        "u@x_y.co",
        "u@x.co\r\nBcc: v@x.co",
        &format!("{}@x.co", "a".repeat(65)),
    ] {
        refuses("request.customer.email", json!(text));
    }
    assert_eq!(accepts("request.customer.tags", json!(["Premium", " Trusted "])).payer.tags, ["Premium", "Trusted"]);
    assert!(accepts("request.customer.tags", json!([])).payer.tags.is_empty());
    refuses("request.customer.tags", json!(vec!["x"; 21]));
    refuses("request.customer.tags", json!("Premium"));
    assert_eq!(
        accepts("request.customer.phone", json!({"prefix": "+44", "number": "783433252"})).payer.phone,
        "44783433252"
    );
    assert_eq!(
        refused(
            s2s(&with("request.customer.phone", json!({"prefix": 44, "number": "78343325212345"})))
                .expect_err("too long")
        ),
        ["request.customer.phone.number"]
    );
    assert_eq!(
        refused(s2s(&with("request.customer.phone", json!({"country": "XX", "prefix": -4}))).expect_err("wrong")),
        ["request.customer.phone.country", "request.customer.phone.prefix"]
    );
}

#[test]
fn deposit_limits() {
    let largest = |text: &str| {
        let body = S2S.replace("\"user_id\"", &format!("\"customer\":{{\"max_deposit_limit\":{text}}},\"user_id\""));
        s2s(&body).map(|deposit| deposit.limit.expect("a limit").largest(deposit.amount.asset()).minor())
    };
    for (text, minor) in [
        ("1000", 100_000),
        ("0", 0),
        ("0.0", 0),
        ("10.05", 1005),
        ("10.059", 1005),
        ("0.001", 0),
        ("1.0E7", 1_000_000_000),
        ("1e-3", 0),
        ("12e-1", 120),
        ("1e309", i64::MAX),
        ("0e999999999999999999999", 0),
        ("1e-999999999999999999999", 0),
    ] {
        assert_eq!(largest(text), Ok(minor), "{text}");
    }
    for text in ["-1", "-0", "\"1000\"", "true", "[]"] {
        assert_eq!(refused(largest(text).expect_err(text)), ["request.customer.max_deposit_limit"]);
    }
}

#[test]
fn urls() {
    let live = Reading { mode: Mode::Live, ..reading() };
    let take = |name: &str, url: &str, reading: Reading<'_>| {
        let body = with(&format!("request.settings.{name}"), json!(url)).replace("\"mode\":\"test\",", "");
        read_in(&body, Operation::S2s, reading).map(drop).map_err(refused)
    };
    let card_is_past = "card_details.exp_year".to_owned();
    for url in ["https://shop.example/ok?x=1#y", "http://localhost:9000/", "shopapp://paid"] {
        assert_eq!(take("success_url", url, reading()), Ok(()), "{url}");
    }
    for url in [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "otherapp://x",
        "/relative",
        "//shop.example",
        "https://",
        "https://a b/",
        "https://a/\nb",
        &format!("https://a/{}", "x".repeat(2048)),
    ] {
        assert_eq!(take("failure_url", url, reading()), Err(vec!["request.settings.failure_url".into()]), "{url}");
    }
    assert_eq!(take("webhook_url", "http://shop.example/", reading()), Ok(()));
    assert_eq!(take("webhook_url", "shopapp://x", reading()), Err(vec!["request.settings.webhook_url".into()]));
    assert_eq!(
        take("webhook_url", "http://shop.example/", live),
        Err(vec!["request.settings.webhook_url".into(), card_is_past.clone()])
    );
    assert_eq!(
        take("success_url", "http://shop.example/", live),
        Err(vec!["request.settings.success_url".into(), card_is_past])
    );
    assert_eq!(accepts("request.settings.locale", json!("de-AT")).links.locale, "de-AT");
    assert_eq!(accepts("request.settings.locale", json!("no language at all")).links.locale, "");
    refuses("request.settings.webhook_url", json!(7));
}

/// What the reference tells developers to paste is taken.
#[test]
fn the_documents_samples_are_read() {
    let document = super::super::openapi::openapi();
    for (path, operation) in [
        ("/v1/payments/s2s", Operation::S2s),
        ("/v1/payments/direct", Operation::Direct),
        ("/v1/withdrawals/hosted", Operation::Withdrawal),
    ] {
        let body = &document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"];
        assert!(read_in(&body.to_string(), operation, reading()).is_ok(), "{body}");
    }
}
