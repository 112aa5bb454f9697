//! The cashier's flows and error paths, each with a card number of its own.

use reqwest::Method;
use serde_json::{Value, json};

use super::shop::{Answered, Shop};

/// What becomes of a text: a number put into a form, a body spoilt.
type Change = fn(&str) -> String;

const S2S: &str = "/v1/payments/s2s";

/// Everything that a card number can go through, once.
pub async fn plant(shop: &mut Shop) {
    outcomes(shop).await;
    wrong_places(shop).await;
    wrong_requests(shop).await;
    repeats(shop).await;
    providers_page(shop).await;
    hosted_page(shop).await;
    let approved = shop.reference();
    let id = withdrawal(shop, &approved).await;
    let asked = json!({"transaction_id": id}).to_string();
    let answer = post(shop, "an approval", "/v1/withdrawals/approve", asked).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    // Nobody approves this one: its number stays in its row.
    let undecided = format!("undecided-{}", shop.numbers.given().len());
    withdrawal(shop, &undecided).await;
    elsewhere(shop).await;
}

/// A card payment, server to server, as JSON.
fn payment(shop: &mut Shop, number: &str, amount: &str) -> Value {
    json!({
        "request": {
            "mode": "test", "routing_id": 210, "user_id": "U123", "tracking_id": shop.reference(), "ip": "127.34.125.54",
            "amount": amount, "currency": "EUR", "settings": {"webhook_url": shop.hook}
        },
        "card_details": {
            "holder_name": "John Doe", "card_number": number, "cvc": "444", "exp_month": "05", "exp_year": "2025"
        }
    })
}

async fn post(shop: &mut Shop, what: &str, path: &str, body: impl Into<reqwest::Body>) -> Answered {
    let request = shop.request(Method::POST, path).header("x-api-key", shop.secret("/cashier/api_key"));
    shop.send(what, request.body(body)).await
}

/// Every way a payment can end, the provider's silence and garbage among them.
async fn outcomes(shop: &mut Shop) {
    let amounts =
        ["10.00", "9051.00", "9101.00", "9102.00", "9103.00", "9104.00", "9105.00", "9106.00", "9107.00", "999999.99"];
    for amount in amounts {
        let number = shop.numbers.next();
        let body = payment(shop, &number, amount).to_string();
        let answer = post(shop, &format!("a payment of {amount}"), S2S, body).await;
        assert_eq!(answer.status, 200, "{amount}: {}", answer.body);
    }
    // As payers write it.
    for between in [" ", "-"] {
        let number = shop.numbers.next();
        let written = [&number[..4], &number[4..8], &number[8..12], &number[12..]].join(between);
        let body = payment(shop, &written, "10.00").to_string();
        post(shop, "a number in groups", S2S, body).await;
    }
}

/// A number where none belongs, or one that is none.
async fn wrong_places(shop: &mut Shop) {
    let places = [
        "/request/amount",
        "/request/currency",
        "/request/routing_id",
        "/request/ip",
        "/request/mode",
        "/request/settings/webhook_url",
        "/card_details/cvc",
        "/card_details/exp_month",
        "/card_details/exp_year",
        "/card_details/holder_name",
    ];
    for place in places {
        let number = shop.numbers.next();
        let good = shop.numbers.next();
        let mut body = payment(shop, &good, "10.00");
        *body.pointer_mut(place).expect("a field") = number.into();
        post(shop, &format!("a number in {place}"), S2S, body.to_string()).await;
    }
    let number = shop.numbers.next();
    let mut body = payment(shop, "4111111111111111", "10.00");
    body["request"]["pan"] = number.clone().into();
    body["card"] = json!({"number": number});
    post(shop, "a number in unknown fields", S2S, body.to_string()).await;
    let bad: [fn(&str) -> Value; 6] = [
        |number| json!(number.parse::<u64>().expect("digits")),
        |number| json!(format!("{number}12345")),
        |number| json!(format!("x{number}")),
        |number| json!([number]),
        |number| json!({"number": number}),
        |number| json!(format!("{number}\u{0}")),
    ];
    for write in bad {
        let number = shop.numbers.next();
        let mut body = payment(shop, "", "10.00");
        body["card_details"]["card_number"] = write(&number);
        post(shop, "a number that is none", S2S, body.to_string()).await;
    }
}

/// Requests that fail before anybody looks at the card.
async fn wrong_requests(shop: &mut Shop) {
    let cut: [(&str, Change); 4] = [
        ("a body cut short", |body| body[..body.len() - 20].to_owned()),
        ("a body that is no JSON", |body| body.replace(':', "=")),
        ("a body that is a form", |body| format!("card_number={}", &body[body.len() - 100..])),
        ("a body that is too large", |body| format!("{body}{}", " ".repeat(70 * 1024))),
    ];
    for (what, change) in cut {
        let number = shop.numbers.next();
        let body = payment(shop, &number, "10.00").to_string();
        post(shop, what, S2S, change(&body)).await;
    }
    let number = shop.numbers.next();
    let body = payment(shop, &number, "10.00").to_string();
    let request = shop.request(Method::POST, S2S).body(body.clone());
    assert_ne!(shop.send("a request without a key", request).await.status, 200);
    let request = shop.request(Method::POST, S2S).header("x-api-key", &number).body(body.clone());
    shop.send("a number as the key", request).await;
    let request = shop.request(Method::PUT, S2S).body(body);
    shop.send("a wrong method", request).await;
    for header in ["idempotency-key", "x-request-id", "user-agent", "x-forwarded-for", "accept-language", "referer"] {
        let number = shop.numbers.next();
        let body = payment(shop, "4111111111111111", "10.00").to_string();
        let key = shop.secret("/cashier/api_key");
        let request = shop.request(Method::POST, S2S).header("x-api-key", key).header(header, &number).body(body);
        shop.send(&format!("a number in the header {header}"), request).await;
    }
    for path in
        ["/v1/transactions/", "/v1/payments/", "/cashier/", "/v1/transactions?card_number=", "/v1/transactions?offset="]
    {
        let number = shop.numbers.next();
        let request = shop.request(Method::GET, &format!("{path}{number}"));
        shop.send(&format!("a number in {path}"), request.header("x-api-key", shop.secret("/cashier/api_key"))).await;
    }
}

/// The same reference and the same key with another card.
async fn repeats(shop: &mut Shop) {
    let (first, second) = (shop.numbers.next(), shop.numbers.next());
    let mut body = payment(shop, &first, "10.00");
    post(shop, "a payment", S2S, body.to_string()).await;
    let replayed = post(shop, "the same again", S2S, body.to_string()).await;
    assert_eq!(replayed.status, 200);
    body["card_details"]["card_number"] = second.into();
    let refused = post(shop, "the same with another card", S2S, body.to_string()).await;
    assert_ne!(refused.status, 200, "{}", refused.body);
}

/// The payer gives the card to the provider's page, here the simulator's.
async fn providers_page(shop: &mut Shop) {
    let asked = json!({"request": {
        "mode": "test", "provider_id": 210, "user_id": "U123", "tracking_id": shop.reference(), "amount": "10.00",
        "currency": "EUR", "settings": {"webhook_url": shop.hook}
    }});
    let answer = post(shop, "a direct payment", "/v1/payments/direct", asked.to_string()).await;
    let url = answer.field("url");
    assert!(!url.is_empty(), "{}", answer.body);
    let forms: [Change; 5] = [
        |number| format!("holder_name=John+Doe&card_number={number}0&cvc=444&exp_month=1&exp_year=30"),
        |number| format!("holder_name={number}&card_number={number}&cvc=&exp_month=1&exp_year=30"),
        |number| format!("holder_name=John+Doe&card_number=4111&cvc={number}&exp_month={number}&exp_year={number}"),
        |number| format!("holder_name=John+Doe&card_number={number}&cvc=444&exp_month=1&exp_year=30&action=steal"),
        |number| format!("holder_name=John+Doe&card_number={number}&cvc=444&exp_month=1&exp_year=30&action=approve"),
    ];
    form_by_form(shop, "the provider's page", &url, "", &forms).await;
}

/// The payer gives the card to our page.
async fn hosted_page(shop: &mut Shop) {
    let asked = json!({"request": {
        "mode": "test", "user_id": "U123", "tracking_id": shop.reference(), "ip": "127.34.125.54", "amount": "10.00",
        "currency": "EUR", "settings": {"webhook_url": shop.hook, "success_url": "https://shop.example/ok"},
        "customer": {"email": "user@example.com", "country_code": "GB"}
    }});
    let answer = post(shop, "a session", "/v1/payments/hosted", asked.to_string()).await;
    let page = format!("/cashier/{}", answer.field("token"));
    let forms: [Change; 6] = [
        |number| format!("provider_id=210&holder_name=John+Doe&card_number={number}0&cvc=444&exp_month=5&exp_year=29"),
        |number| format!("provider_id=210&holder_name={number}&card_number={number}&cvc=&exp_month=5&exp_year=29"),
        |number| {
            format!("provider_id=210&holder_name=John+Doe&card_number=4111&cvc={number}&exp_month={number}&exp_year=29")
        },
        |number| {
            format!("provider_id={number}&holder_name=John+Doe&card_number={number}&cvc=444&exp_month=5&exp_year=29")
        },
        |number| format!("provider_id=213&voucher_code={number}&card_number={number}&action=card"),
        |number| format!("provider_id=210&holder_name={number}&card_number={number}&cvc=444&exp_month=5&exp_year=29"),
    ];
    form_by_form(shop, "the hosted page", &page, "/pay", &forms).await;
}

/// Money that goes out to a card, and its id: the number is kept until the payout is decided, sealed.
async fn withdrawal(shop: &mut Shop, reference: &str) -> String {
    let asked = json!({"request": {
        "mode": "test", "user_id": "U123", "tracking_id": reference, "amount": "20.00", "currency": "EUR",
        "settings": {"webhook_url": shop.hook}
    }});
    let answer = post(shop, "a withdrawal", "/v1/withdrawals/hosted", asked.to_string()).await;
    let page = format!("/cashier/{}", answer.field("token"));
    let forms: [Change; 4] = [
        |number| format!("holder_name=John+Doe&card_number={number}0&provider_id=210"),
        |number| format!("holder_name=&card_number={number}&provider_id=210"),
        |number| format!("account_holder={number}&iban={number}&provider_id=211"),
        |number| format!("holder_name=John+Doe&card_number={number}&provider_id=210"),
    ];
    form_by_form(shop, "the withdrawal's page", &page, "/pay", &forms).await;
    answer.transaction
}

/// Sends a page's forms one after the other, as a payer who errs, and looks at the page in between.
async fn form_by_form(shop: &mut Shop, what: &str, page: &str, action: &str, forms: &[Change]) {
    for form in forms {
        let request = shop.request(Method::GET, page);
        let drawn = shop.send(what, request).await.body;
        let nonce = drawn.split("name=\"nonce\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let number = shop.numbers.next();
        let body = format!("nonce={}&{}", nonce.unwrap_or_default(), form(&number));
        let request = shop.request(Method::POST, &format!("{page}{action}"));
        shop.send(what, request.header("content-type", "application/x-www-form-urlencoded").body(body)).await;
    }
    let request = shop.request(Method::GET, page);
    shop.send(what, request).await;
}

/// Doors that have nothing to do with cards.
async fn elsewhere(shop: &mut Shop) {
    for path in ["/", "/docs/", "/static/", "/sim/pay/", "/3ds/", "/healthz?card=", "/nowhere?card="] {
        let number = shop.numbers.next();
        let request = shop.request(Method::GET, &format!("{path}{number}"));
        shop.send(&format!("a number in {path}"), request).await;
    }
    for (path, token) in [("/admin/v1/clock", shop.secret("/admin/token")), ("/callbacks/simulator", String::new())] {
        let number = shop.numbers.next();
        let request = shop.request(Method::POST, path).bearer_auth(&token);
        let body = json!({"advance_s": number, "pan": number}).to_string();
        shop.send(&format!("a number in a body at {path}"), request.body(body)).await;
        let number = shop.numbers.next();
        let request = shop.request(Method::POST, path).bearer_auth(&number).body("{}");
        shop.send(&format!("a number as the token at {path}"), request).await;
    }
}
