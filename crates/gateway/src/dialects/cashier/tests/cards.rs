//! Cards, what makes two requests the same, and that no message repeats what was sent.

use florin_kernel::payment::Mode;
use serde_json::json;

use super::super::errors::Problem;
use super::super::wire::{Operation, Reading};
use super::fields::{S2S, accepts, read_in, reading, refused, refuses, s2s, with};

#[test]
fn cards() {
    assert_eq!(
        accepts("card_details.card_number", json!("4111 1111-1111 1111")).card.expect("a card").pan.expose(),
        "4111111111111111"
    );
    for value in
        [json!("4111111111111112"), json!("41111111111"), json!("4111x"), json!(4111111111111111_u64), json!("")]
    {
        refuses("card_details.card_number", value);
    }
    for value in [json!("12"), json!("12345"), json!("12a"), json!(444)] {
        refuses("card_details.cvc", value);
    }
    let amex = |cvc: &str| s2s(&S2S.replace("4111111111111111", "378282246310005").replace("444", cvc)).map(drop);
    assert_eq!(amex("4444"), Ok(()));
    assert_eq!(refused(amex("444").expect_err("three digits")), ["card_details.cvc"]);
    for (month, year) in [(json!(5), json!(2025)), (json!("5"), json!("25")), (json!("05"), json!(25))] {
        let body = with("card_details.exp_month", month).replace("\"2025\"", &year.to_string());
        let expiry = s2s(&body).expect("a deposit").card.expect("a card").expiry;
        assert_eq!((expiry.month, expiry.year), (5, 2025));
    }
    for value in [json!(0), json!(13), json!("005"), json!("May"), json!(5.5)] {
        refuses("card_details.exp_month", value);
    }
    for value in [json!("0025"), json!("5"), json!(1999), json!(20255)] {
        refuses("card_details.exp_year", value);
    }
    let live = Reading { mode: Mode::Live, ..reading() };
    let past = |month: &str, year: &str| {
        let body = S2S.replace("\"mode\":\"test\",", "").replace("\"05\"", month).replace("\"2025\"", year);
        read_in(&body, Operation::S2s, live).map(drop).map_err(refused)
    };
    assert_eq!(past("3", "2026"), Ok(()));
    assert_eq!(past("2", "2026"), Err(vec!["card_details.exp_month".into()]));
    assert_eq!(past("12", "2025"), Err(vec!["card_details.exp_year".into()]));
}

/// No message holds what was sent: cards and personal data would end up in merchants' logs.
#[test]
fn messages_do_not_repeat_values() {
    let body = with("card_details.card_number", json!("4111111111111112")).replace("444", "98765");
    let Problem::Validation(errors) = s2s(&body).expect_err("a refusal") else { panic!("not a validation error") };
    let text = format!("{errors:?}");
    assert!(!text.contains("4111") && !text.contains("98765"), "{text}");
}

/// Same content, however it was written; other content, however little differs.
#[test]
fn content() {
    let content = |body: &str| {
        let deposit = s2s(body).expect("a deposit");
        let (content, card) = deposit.content();
        (content, card.concat())
    };
    let same = content(S2S);
    for body in [
        S2S.replace("10.05", "\"10.0500\""),
        S2S.replace("EUR", "eur"),
        S2S.replace("\"mode\":\"test\",", ""),
        S2S.replace("routing_id\":210", "provider_id\":\"210\""),
        S2S.replace("\"05\"", "5").replace("\"2025\"", "25"),
        S2S.replace("4111111111111111", "4111 1111 1111 1111"),
        S2S.replace("\"444\"", "\"555\""),
        S2S.replace("\"user_id\"", "\"unknown\":1,\"settings\":{},\"customer\":null,\"user_id\""),
    ] {
        assert_eq!(content(&body), same, "{body}");
    }
    for body in [
        S2S.replace("10.05", "10.06"),
        S2S.replace("EUR", "USD"),
        S2S.replace("U123", "U124"),
        S2S.replace("127.34.125.54", "127.34.125.55"),
        S2S.replace(":210", ":310"),
        S2S.replace("John Doe", "Jane Doe"),
        S2S.replace("\"2025\"", "\"2026\""),
        S2S.replace("4111111111111111", "4242424242424242"),
        S2S.replace("\"user_id\"", "\"customer\":{\"tags\":[\"a\"]},\"user_id\""),
    ] {
        assert_ne!(content(&body), same, "{body}");
    }
    assert!(!same.0.contains("4111") && !same.0.contains("444"), "{}", same.0);
}
