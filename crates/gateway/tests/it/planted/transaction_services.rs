//! The flows and error paths of transaction services, each with a card number of its own.

use reqwest::Method;

use super::shop::{Answered, Shop};
use crate::ts::{card_payment, digest, form, with};

const S: &str = "/transactionServices/REST/v1";

/// Everything that a card number can go through, once.
pub async fn plant(shop: &mut Shop) {
    let token = log_in(shop).await;
    for (kind, amount) in [
        ("DB", "10.00"),
        ("PA", "10.00"),
        ("DB", "9051.00"),
        ("DB", "9101.00"),
        ("DB", "9104.00"),
        ("PA", "9105.00"),
        ("DB", "9107.00"),
        ("XX", "10.00"),
        ("DB", "ten"),
    ] {
        let (number, reference) = (shop.numbers.next(), shop.reference());
        let more = [("paymentType", kind), ("createRegistration", "true"), ("attemptThreeD", "only3D")];
        let fields = with(&card_payment(&reference, amount, &number), &more[..if amount == "10.00" { 3 } else { 2 }]);
        let answer = pay(shop, &token, &format!("{kind} of {amount}"), &fields, "").await;
        let id = answer.field("paymentId");
        if id.len() == 10 {
            let request = shop.request(Method::GET, &format!("{S}/payments/{id}")).header("AuthToken", &token);
            shop.send("an inquiry", request.header("accept", "application/xml")).await;
        }
    }
    wrong_places(shop, &token).await;
    wrong_requests(shop, &token).await;
    let member = shop.secret("/transaction_services/member_id");
    let sum = digest(&[&member, &shop.secret("/transaction_services/secret_key")]);
    let login = [("authentication.memberId", member.as_str()), ("authentication.checksum", sum.as_str())];
    let request = shop.request(Method::POST, &format!("{S}/getTransactionList")).header("AuthToken", &token);
    shop.send("a list", request.body(form(login))).await;
}

async fn log_in(shop: &mut Shop) -> String {
    let (member, key) =
        (shop.secret("/transaction_services/member_id"), shop.secret("/transaction_services/secret_key"));
    let fields = [("authentication.memberId", member.as_str()), ("authentication.sKey", key.as_str())];
    let request = shop.request(Method::POST, &format!("{S}/authToken")).body(form(fields));
    shop.send("a login", request).await.field("AuthToken")
}

/// A signed payment; `content_type` empty: none.
async fn pay(shop: &mut Shop, token: &str, what: &str, fields: &[(&str, &str)], content_type: &str) -> Answered {
    let sent = |name: &str| fields.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
    let (member, key) =
        (shop.secret("/transaction_services/member_id"), shop.secret("/transaction_services/secret_key"));
    let sum = digest(&[&member, &key, sent("merchantTransactionId"), sent("amount")]);
    let login = [("authentication.memberId", member.as_str()), ("authentication.checksum", sum.as_str())];
    let hook = shop.hook.clone();
    let fields = with(&[("notificationUrl", hook.as_str())], fields);
    let body = match content_type {
        "application/json" => serde_json::to_string(
            &login
                .iter()
                .chain(&fields)
                .map(|(name, value)| ((*name).to_owned(), serde_json::json!(value)))
                .collect::<serde_json::Map<_, _>>(),
        )
        .expect("JSON"),
        _ => form(login.iter().chain(&fields).copied()),
    };
    let mut request = shop.request(Method::POST, &format!("{S}/payments")).header("AuthToken", token).body(body);
    if !content_type.is_empty() {
        request = request.header("content-type", content_type);
    }
    shop.send(what, request).await
}

/// A number where none belongs, or one that is none.
async fn wrong_places(shop: &mut Shop, token: &str) {
    for name in [
        "amount",
        "currency",
        "paymentType",
        "paymentMode",
        "paymentBrand",
        "card.holder",
        "card.expiryMonth",
        "card.expiryYear",
        "card.cvv",
        "merchantRedirectUrl",
        "notificationUrl",
        "customer.phone",
        "authentication.terminalId",
        "attemptThreeD",
        "pan",
    ] {
        for content_type in ["", "application/json"] {
            let (number, good, reference) = (shop.numbers.next(), shop.numbers.next(), shop.reference());
            let fields = with(&card_payment(&reference, "10.00", &good), &[(name, number.as_str())]);
            pay(shop, token, &format!("a number as {name}"), &fields, content_type).await;
        }
    }
    for spoil in [
        |number: &str| format!("{number}1"),
        |number: &str| format!("x{number}"),
        |number: &str| number.replace('4', "%34"),
    ] {
        let (number, reference) = (spoil(&shop.numbers.next()), shop.reference());
        pay(shop, token, "a number spoilt", &card_payment(&reference, "10.00", &number), "").await;
    }
}

/// Requests that fail before anybody looks at the card.
async fn wrong_requests(shop: &mut Shop, token: &str) {
    let path = format!("{S}/payments");
    let number = shop.numbers.next();
    let request = shop.request(Method::POST, &path).body(form(card_payment("r", "1.00", &number)));
    shop.send("a request without a token", request).await;
    let number = shop.numbers.next();
    let request = shop.request(Method::POST, &path).header("AuthToken", &number);
    shop.send("a number as the token", request.body(form(card_payment("r", "1.00", &number)))).await;
    let number = shop.numbers.next();
    let request =
        shop.request(Method::POST, &path).header("AuthToken", token).header("content-type", "application/xml");
    shop.send("a body of another kind", request.body(format!("<a>{number}</a>"))).await;
    let number = shop.numbers.next();
    let request = shop.request(Method::POST, &path).header("AuthToken", token);
    shop.send(
        "a number twice",
        request.body(format!("card.number={number}&card.number={number}1&{number}=1&{number}=2")),
    )
    .await;
    let number = shop.numbers.next();
    let request = shop.request(Method::POST, &format!("{path}/{number}")).header("AuthToken", token);
    shop.send("a number in the path", request.body("paymentType=IN")).await;
    let number = shop.numbers.next();
    let request = shop.request(Method::POST, &format!("{S}/authToken"));
    shop.send(
        "a number as the name",
        request.body(format!("authentication.partnerId=195&merchant.username={number}&authentication.sKey={number}")),
    )
    .await;
}
