//! Tables of what is taken and refused, and of how it is written.

use florin_kernel::card::Pan;
use florin_kernel::payment::Mode;
use florin_kernel::{Asset, Money};
use proptest::prelude::*;
use serde_json::json;

use super::content::content;
use super::echo::Echo;
use super::fields::Reader;
use super::form::Form;
use super::mounts::Profile;
use super::request::{Account, Initial, Reading, read};
use super::settings::{Settings, TimestampFormat};
use super::{Problem, amounts, brand, stamp};

fn money(minor: i64, currency: &str) -> Money {
    Money::new(minor, Asset::currency(currency).expect("a currency"))
}

fn asked(form: &str, settings: &Settings, mode: Mode) -> Result<Box<Initial>, Problem> {
    let (form, faults) = Form::read(form.as_bytes());
    let today = "2025-11-21".parse().expect("a date");
    let reading = Reading { mode, profile: Profile::V3, prefix: "", settings, entity: "EB000001", today, token: None };
    read(&form, faults, reading)
}

const CARD: &str = "card.number=4111111111111111&card.expiryMonth=05&card.expiryYear=2034";

#[test]
fn amounts_are_written_with_two_decimals_or_three() {
    let check = |minor, currency: &str, expected: &str| assert_eq!(amounts::printed(money(minor, currency)), expected);
    check(9200, "EUR", "92.00");
    check(1, "EUR", "0.01");
    check(0, "EUR", "0.00");
    check(1000, "JPY", "1000.00");
    check(1250, "KWD", "1.250");
    check(12_500, "CLF", "1.25");
    check(12_345, "CLF", "1.2345");
}

#[test]
fn strict_decimals_are_those_of_the_currency() {
    let strict: Settings = serde_json::from_value(json!({"strict_decimals": "on"})).expect("settings");
    let form = |amount: &str| format!("paymentType=DB&amount={amount}&currency=JPY&{CARD}");
    assert!(asked(&form("1000.00"), &Settings::default(), Mode::Dev).is_ok());
    assert!(matches!(asked(&form("1000.00"), &strict, Mode::Dev), Err(Problem::AmountDecimals(_))));
    assert!(asked(&form("1000"), &strict, Mode::Dev).is_ok());
}

#[test]
fn expiry_is_compared_with_the_calendar_under_live_only() {
    let form =
        format!("paymentType=DB&amount=1.00&currency=EUR&{}", CARD.replace("2034", "2025").replace("=05", "=10"));
    assert!(asked(&form, &Settings::default(), Mode::Dev).is_ok());
    assert!(matches!(asked(&form, &Settings::default(), Mode::Live), Err(Problem::CardExpired(_))));
    let this_month = form.replace("=10", "=11");
    assert!(asked(&this_month, &Settings::default(), Mode::Live).is_ok());
}

#[test]
fn sub_merchants_are_checked_where_there_are_any() {
    let some: Settings = serde_json::from_value(json!({"sub_merchants": ["SUB00001"]})).expect("settings");
    let check = |id: &str, settings: &Settings, expected: bool| {
        let form = format!("paymentType=DB&amount=1.00&currency=EUR&{CARD}&merchant.id={id}");
        assert_eq!(asked(&form, settings, Mode::Dev).is_ok(), expected, "{id}");
    };
    check("anything", &Settings::default(), true);
    check("SUB00001", &some, true);
    check("EB000001", &some, true);
    check("SUB00002", &some, false);
}

#[test]
fn the_token_wins_over_a_card() {
    let form = format!("paymentType=DB&amount=1.00&currency=EUR&{CARD}&card.token=8ac7a49f78a6ec6b0178b0b1f4644a3d");
    let asked = asked(&form, &Settings::default(), Mode::Dev).expect("taken");
    assert!(matches!(asked.account, Account::Token(_)));
}

#[test]
fn brands_and_numbers_belong_together() {
    let check = |number: &str, name: &str, fits: bool| {
        let pan = Pan::parse(number).expect("a number");
        let Some(brand::Kind::Card(ranges)) = brand::kind(name) else { panic!("{name} is no card") };
        assert_eq!(ranges.contains(&pan.brand()), fits, "{number} {name}");
    };
    check("4111111111111111", "VISA", true);
    check("4111111111111111", "MASTER", false);
    check("5555555555554444", "MASTER", true);
    check("5555555555554444", "MAESTRO", true);
    check("378282246310005", "AMEX", true);
    check("378282246310005", "VISA", false);
    check("4111111111111111", "MADA", true);
    for (number, name) in [("4111111111111111", "VISA"), ("5555555555554444", "MASTER"), ("378282246310005", "AMEX")] {
        assert_eq!(brand::name(Pan::parse(number).expect("a number").brand()), name);
    }
}

#[test]
fn groups_come_back_as_they_were_sent() {
    let check = |form: &str, expected: serde_json::Value, faults: usize| {
        let (form, _) = Form::read(form.as_bytes());
        let mut reader = Reader::new(&form, Vec::new());
        let echo = Echo::read(&mut reader);
        assert_eq!(serde_json::to_value(echo).expect("JSON"), expected);
        assert_eq!(reader.finish().is_err(), faults > 0);
    };
    check("amount=1", json!({}), 0);
    check(
        "customer.email=a@b.example&customer.browser.language=de",
        json!({"customer": {"email": "a@b.example", "browser": {"language": "de"}}}),
        0,
    );
    check(
        "cart.items[5].name=b&cart.items[2].name=a&cart.note=x",
        json!({"cart": {"items": [{"name": "a"}, {"name": "b"}]}}),
        0,
    );
    check("customer.browser=x&customer.browser.language=de", json!({"customer": {"browser": "x"}}), 1);
    check(
        "customParameters[3Dsimulator.forceEnrolled]=true",
        json!({"customParameters": {"3Dsimulator.forceEnrolled": "true"}}),
        0,
    );
    check("merchant.id=S1&merchant.name=x", json!({"merchant": {"id": "S1"}}), 0);
    check("billing.country=de", json!({}), 1);
}

#[test]
fn times_are_written_in_either_form() {
    let at = "2025-11-21T01:39:00.75Z".parse().expect("a time");
    assert_eq!(stamp::timestamp(at, TimestampFormat::Iso), "2025-11-21T01:39:00+00:00");
    assert_eq!(stamp::timestamp(at, TimestampFormat::Oppwa), "2025-11-21 01:39:00+0000");
    let (commit, rest) = stamp::BUILD_NUMBER.split_once('@').expect("a commit");
    assert!(
        commit.len() == 40 && rest.len() == "2025-11-20 09:15:46 +0000".len() && rest.ends_with(" +0000"),
        "{rest}"
    );
    let (one, other) = (stamp::fresh_ndc("EB000001"), stamp::fresh_ndc("EB000001"));
    assert!(one != other && one.len() == "EB000001_".len() + 32);
}

#[test]
fn settings_are_read_as_an_operator_writes_them() {
    let written = json!({
        "entity_ids": ["EB000001"], "result_codes": "oppwa", "decline_status": "always", "pending_codes": "detailed",
        "merchant_transaction_id": "retry", "timestamp_format": "oppwa", "strict_decimals": "on", "notification_form": "get",
        "notification_wrapper": "json", "notify_pending": true, "return_method": "POST", "three_d_secure": "always",
        "authorization_days": 30, "checkout_minutes": 20, "checkout_attempts": 3, "checkout_single_read": true,
        "reverse_debit": "refund", "payout_approval": "on", "payout_funding": "balance",
        "notification_url": "https://shop.example/n", "sub_merchants": []
    });
    let settings: Settings = serde_json::from_value(written.clone()).expect("settings");
    assert_eq!(serde_json::to_value(&settings).expect("JSON"), written);
    let empty: Settings = serde_json::from_value(json!({})).expect("settings");
    assert_eq!(empty, Settings::default());
}

#[test]
fn two_requests_are_the_same_by_what_they_ask() {
    let of = |form: &str| content("POST", "payments", &Form::read(form.as_bytes()).0);
    let check = |one: &str, other: &str, same: bool| assert_eq!(of(one) == of(other), same, "{one} {other}");
    check("a=1&b=2", "b=2&a=1", true);
    check("a=1&b=", "a=1", true);
    check("card.number=4111 1111", "card[number]=41111111", true);
    check("a=1&card.cvv=123", "a=1&card.cvv=456", true);
    check("a=1&authentication.password=x", "a=1&authentication.password=y", true);
    check("a=1", "a=2", false);
    // Nothing can be moved from a name into its value or a neighbour.
    check("a=1&b=2", "a=1%26b%3D2", false);
    check("ab=1", "a=b1", false);
    assert_ne!(content("POST", "payments/1", &Form::default()), content("POST", "payments", &Form::default()));
}

proptest! {
    /// Whatever fields come, a request is taken or refused with names, and never with more than it was sent.
    #[test]
    fn any_fields_are_taken_or_refused(pairs in proptest::collection::vec(
        (proptest::sample::select(vec!["amount", "currency", "paymentType", "card.number", "card.cvv", "card.expiryMonth",
            "card.expiryYear", "card.holder", "paymentBrand", "card.token", "customer.email", "testMode", "merchant.id"]),
         "[ -~]{0,20}|4111111111111111|DB|EUR|92\\.00|05|2034"), 0..14)
    ) {
        let form: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", value.replace(['&', '%', '+'], ""))).collect();
        match asked(&form.join("&"), &Settings::default(), Mode::Dev) {
            Ok(initial) => prop_assert!(!initial.amount.is_zero()),
            Err(Problem::Fields(faults)) => prop_assert!(!faults.is_empty()),
            Err(Problem::Fault) => prop_assert!(false, "a fault of ours for {form:?}"),
            Err(_) => {}
        }
    }
}

/// What is kept with every payment is in each of its rows, so it is short; and what older releases wrote is read.
#[test]
fn a_document_keeps_what_nothing_else_tells() {
    let text = |more: &str| {
        let form = format!("paymentType=DB&amount=1.00&currency=EUR&{CARD}{more}");
        asked(&form, &Settings::default(), Mode::Dev).expect("taken").document.text()
    };
    assert_eq!(text(""), r#"{"entity":"EB000001"}"#);
    assert_eq!(text("&paymentBrand=VISA&card.holder=Jane"), r#"{"entity":"EB000001","holder":"Jane"}"#);
    let whole = text("&paymentBrand=MADA&testMode=EXTERNAL&customer.ip=192.0.2.1");
    assert_eq!(
        whole,
        r#"{"entity":"EB000001","test_mode":"external","brand":"MADA","echo":{"customer":{"ip":"192.0.2.1"}}}"#
    );
    let older = r#"{"entity":"EB000001","profile":"v3","set":"v3","test_mode":"external","brand":"MADA","echo":{"customer":{"ip":"192.0.2.1"}}}"#;
    let read = |text: &str| serde_json::from_str::<super::document::Document>(text).expect("a document");
    assert_eq!(read(&whole), read(older));
}
