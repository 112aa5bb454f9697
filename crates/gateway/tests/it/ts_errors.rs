//! Transaction services: what is refused, in which words, and in which order.

use crate::ts::{S, card_payment, form, like, send, with};
use crate::world::World;

const CARD: &str = "4000000000000051";

#[tokio::test]
async fn a_refusal_is_written_as_the_contract_prints_it() {
    let world = World::start().await;
    let answer = world.ts_pay(&card_payment("ORDER-1001", "50.00", "4000000000000052")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        like(&answer),
        r#"{"paymentId":"-","status":"failed","transactionStatus":"N","merchantTransactionId":"ORDER-1001","amount":"50.00","currency":"USD","result":{"code":"20007","description":"Validation failed: card.number check digit is wrong"},"errors":[{"parameter":"card.number","rule":"luhn"}],"timestamp":"9999-99-99 99:99:99"}"#
    );
    assert!(world.payments().await.is_empty());
}

/// The contract's order: route, method, size, token, body, memberId, hashed fields, checksum, all other fields, terminal.
#[tokio::test]
async fn checks_have_an_order() {
    let world = World::start().await;
    let token = world.ts_token().await;
    let pay = format!("{S}/payments");
    let fields = card_payment("O1", "50.00", CARD);
    let sum = world.ts_sum(&["O1", "50.00"]);
    let (member, _, _) = world.demo().member();
    let login = [("authentication.memberId", member), ("authentication.checksum", sum.as_str())];
    let large = "x".repeat(65 * 1024);
    let check = async |request: reqwest::RequestBuilder, expected: &str| {
        let answer = send(request).await;
        assert_eq!(answer.line(), expected, "{}", answer.text);
    };
    check(world.get(&format!("{S}/nothing")).body(large.clone()), "404 20015 failed").await;
    check(world.get(&pay).body(large.clone()), "405 20016 failed").await;
    check(world.post(&pay).body(large), "413 20017 N failed").await;
    check(world.post(&pay).body("{"), "401 20001 N failed").await;
    check(world.post(&pay).header("AuthToken", "a.b.c").body("{"), "401 20002 N failed").await;
    let with_token = || world.post(&pay).header("authTOKEN", format!(" {token} "));
    check(with_token().body("{"), "400 20008 N failed").await;
    check(with_token().header("content-type", "application/xml").body("<a/>"), "415 20009 N failed").await;
    check(with_token().body("a=1&a=2"), "200 20007 N failed").await;
    check(with_token().body(""), "200 20005 N failed").await;
    check(with_token().body("authentication.memberId=1"), "200 20005 N failed").await;
    let hashed = send(with_token().body(form([login[0]]))).await;
    assert_eq!(
        hashed.faults(),
        ["merchantTransactionId missing", "amount missing", "authentication.checksum missing"],
        "{}",
        hashed.text
    );
    let barred = [login[0], login[1], ("merchantTransactionId", "a|b"), ("amount", "50.00")];
    assert_eq!(send(with_token().body(form(barred))).await.faults(), ["merchantTransactionId format"]);
    let unsigned =
        with(&fields, &[login[0], ("authentication.checksum", "0123456789abcdef0123456789abcdef"), ("currency", "")]);
    check(with_token().body(form(unsigned)), "200 20006 N failed").await;
    let without = with(&fields, &[login[0], login[1], ("currency", ""), ("authentication.terminalId", "1")]);
    check(with_token().body(form(without)), "200 20007 N failed").await;
    let elsewhere = with(&fields, &[login[0], login[1], ("authentication.terminalId", "1")]);
    check(with_token().body(form(elsewhere)), "200 20012 N failed").await;
    let parts = with(&fields, &[login[0], login[1], ("installment", "3")]);
    check(with_token().body(form(parts)), "200 20013 N failed").await;
    // Nothing of all that used the reference up.
    let whole = with(&fields, &login);
    check(with_token().body(form(whole)), "200 00001 Y capturesuccess").await;
}

#[tokio::test]
async fn every_field_at_fault_is_named() {
    let world = World::start().await;
    let check = async |more: &[(&str, &str)], expected: &[&str]| {
        let answer = world.ts_pay(&with(&card_payment("F1", "50.00", CARD), more)).await;
        assert_eq!(answer.line(), "200 20007 N failed", "{more:?}: {}", answer.text);
        assert_eq!(answer.faults(), expected, "{more:?}");
        let first = expected[0].split_once(' ').expect("a rule").0;
        assert!(
            answer.at("/result/description").starts_with(&format!("Validation failed: {first} ")),
            "{}",
            answer.text
        );
    };
    check(&[("amount", "0.00")], &["amount range"]).await;
    check(&[("amount", "-1")], &["amount format"]).await;
    check(&[("amount", "1e3")], &["amount format"]).await;
    check(&[("amount", "50.001")], &["amount format"]).await;
    check(&[("amount", "12345678901")], &["amount format"]).await;
    check(&[("currency", "JPY"), ("amount", "10.50")], &["amount format"]).await;
    check(&[("currency", "XYZ")], &["currency value"]).await;
    check(&[("paymentType", "XX")], &["paymentType value"]).await;
    check(&[("paymentMode", "XX")], &["paymentMode value"]).await;
    check(&[("card.number", "")], &["card.number missing"]).await;
    check(&[("card.number", "411111")], &["card.number length"]).await;
    check(&[("card.number", "41111111x1111111")], &["card.number format"]).await;
    check(
        &[("card.expiryMonth", "13"), ("card.expiryYear", "203")],
        &["card.expiryMonth range", "card.expiryYear format"],
    )
    .await;
    check(&[("card.cvv", "")], &["card.cvv missing"]).await;
    check(&[("card.cvv", "12345")], &["card.cvv format"]).await;
    check(&[("merchantRedirectUrl", "javascript:alert(1)")], &["merchantRedirectUrl url"]).await;
    check(&[("notificationUrl", "ftp://shop.example/")], &["notificationUrl url"]).await;
    check(&[("redirectMethod", "PUT")], &["redirectMethod value"]).await;
    check(&[("customer.ip", "here")], &["customer.ip format"]).await;
    check(&[("customer.phone", "call me")], &["customer.phone format"]).await;
    check(&[("customer.birthDate", "19901332")], &["customer.birthDate format"]).await;
    check(&[("shipping.country", "Germany")], &["shipping.country format"]).await;
    check(&[("attemptThreeD", "maybe")], &["attemptThreeD value"]).await;
    check(&[("createRegistration", "yes")], &["createRegistration value"]).await;
    check(&[("authentication.terminalId", "1234567")], &["authentication.terminalId length"]).await;
    let long = "x".repeat(256);
    check(&[("orderDescriptor", &long)], &["orderDescriptor length"]).await;
    let all = world.ts_pay(&[("merchantTransactionId", "F1"), ("amount", "50.00")]).await;
    assert_eq!(
        all.faults(),
        ["currency missing", "paymentType missing", "paymentMode missing", "paymentBrand missing"]
    );
    let mut request = world.ts_payment(&card_payment("F1", "50.00", CARD)).await;
    request = request.header("Idempotency-Key", "no blanks here");
    assert_eq!(send(request).await.faults(), ["Idempotency-Key format"]);
    assert!(world.payments().await.is_empty());
}
