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
    stored(shop, &token).await;
    paid_out(shop, &token).await;
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

/// Signed over what follows member and key.
async fn signed(
    shop: &mut Shop,
    token: &str,
    (what, path): (&str, &str),
    fields: &[(&str, &str)],
    parts: &[&str],
) -> Answered {
    let (member, key) =
        (shop.secret("/transaction_services/member_id"), shop.secret("/transaction_services/secret_key"));
    let sum = digest(&[&[member.as_str(), key.as_str()], parts].concat());
    let login = [("authentication.memberId", member.as_str()), ("authentication.checksum", sum.as_str())];
    let request = shop.request(Method::POST, path).header("AuthToken", token);
    shop.send(what, request.body(form(login.iter().chain(fields).copied()))).await
}

/// Cards stored, charged, listed and deleted; customers with a number where a name belongs.
async fn stored(shop: &mut Shop, token: &str) {
    let registrations = format!("{S}/registrations");
    for spoilt in ["", "1"] {
        for holder in [true, false] {
            let (number, other) = (format!("{}{spoilt}", shop.numbers.next()), shop.numbers.next());
            let fields = [
                ("paymentMode", "CC"),
                ("paymentBrand", "VISA"),
                ("card.number", number.as_str()),
                ("card.expiryMonth", "07"),
                ("card.expiryYear", "2030"),
                ("card.cvv", "745"),
                ("card.holder", if holder { other.as_str() } else { "Jon Doe" }),
            ];
            let answer = signed(shop, token, ("a card to store", &registrations), &fields, &[&number]).await;
            let id = answer.field("registrationId");
            let path = format!("{S}/paywithtoken/{id}");
            let again = [("amount", "5.00"), ("currency", "USD")];
            signed(shop, token, ("a stored card", &path), &again, &[&id, "5.00"]).await;
            if holder {
                signed(shop, token, ("a card to delete", &path), &[("paymentType", "DL")], &[&id]).await;
            }
        }
    }
    let number = shop.numbers.next();
    let path = format!("{S}/paywithtoken/{number}");
    let fields = [("amount", "5.00"), ("currency", "USD")];
    signed(shop, token, ("a number as the token", &path), &fields, &[&number, "5.00"]).await;
    let number = shop.numbers.next();
    let fields = [("customer.customerId", number.as_str())];
    signed(shop, token, ("a number as the customer", &format!("{S}/getCardsAndAccounts")), &fields, &[]).await;
    let (number, address) = (shop.numbers.next(), format!("{}@example.com", shop.numbers.next()));
    let fields = [
        ("customer.givenName", number.as_str()),
        ("customer.surname", "Doe"),
        ("customer.email", address.as_str()),
        ("customer.phone", number.as_str()),
    ];
    let path = "/merchantServices/api/v1/customerSignup";
    signed(shop, token, ("a number as the name", path), &fields, &[]).await;
}

/// Payouts to cards, and to whatever a number may be taken for.
async fn paid_out(shop: &mut Shop, token: &str) {
    let (member, key) =
        (shop.secret("/transaction_services/member_id"), shop.secret("/transaction_services/secret_key"));
    for (name, amount) in [
        ("cardNumber", "1.00"),
        ("card.number", "9051.00"),
        ("cardHolderName", "1.00"),
        ("paymentId", "1.00"),
        ("registrationId", "1.00"),
        ("bankAccount.iban", "1.00"),
        ("bankAccount.accountNumber", "1.00"),
        ("bankAccount.holder", "1.00"),
    ] {
        let (number, reference, hook) = (shop.numbers.next(), shop.reference(), shop.hook.clone());
        let sum = digest(&[&member, &reference, amount, &key]);
        let fields = [
            ("authentication.memberId", member.as_str()),
            ("authentication.checksum", sum.as_str()),
            ("merchantTransactionId", reference.as_str()),
            ("amount", amount),
            ("currency", "USD"),
            ("cardExpMonth", "7"),
            ("cardExpYear", "2030"),
            ("notificationUrl", hook.as_str()),
            (name, number.as_str()),
        ];
        let request = shop.request(Method::POST, &format!("{S}/payout")).header("AuthToken", token);
        shop.send("a payout", request.body(form(fields))).await;
    }
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
