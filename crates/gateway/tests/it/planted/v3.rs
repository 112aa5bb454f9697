//! The flows and error paths of v3, each with a card number of its own.

use reqwest::Method;

use super::shop::{Answered, Shop};

const PAYMENTS: &str = "/v3/payments";

/// Everything that a card number can go through, once.
pub async fn plant(shop: &mut Shop) {
    for (kind, amount) in [
        ("DB", "10.00"),
        ("PA", "10.00"),
        ("CV", "0.00"),
        ("DB", "9051.00"),
        ("DB", "9101.00"),
        ("DB", "9104.00"),
        ("PA", "9105.00"),
        ("DB", "9107.00"),
        ("XX", "10.00"),
        ("DB", "ten"),
    ] {
        let number = shop.numbers.next();
        let form = payment(&number).replace("DB", kind).replace("10.00", amount);
        let answer = post(shop, &format!("{kind} of {amount}"), PAYMENTS, form).await;
        let id = answer.field("id");
        if !id.is_empty() {
            let inquiry = format!("{PAYMENTS}/{id}?entityId={}", shop.secret("/v3/entity_id"));
            let request = shop.request(Method::GET, &inquiry).bearer_auth(shop.secret("/v3/access_token"));
            shop.send("an inquiry", request).await;
        }
    }
    stored_cards(shop).await;
    wrong_places(shop).await;
    wrong_requests(shop).await;
}

fn payment(number: &str) -> String {
    format!(
        "paymentType=DB&amount=10.00&currency=EUR&shopperResultUrl=https://shop.example/return&card.holder=Jane Jones\
         &card.expiryMonth=05&card.expiryYear=2034&card.cvv=123&card.number={number}"
    )
}

async fn post(shop: &mut Shop, what: &str, path: &str, form: String) -> Answered {
    let body = format!("entityId={}&{form}", shop.secret("/v3/entity_id"));
    let request = shop.request(Method::POST, path).bearer_auth(shop.secret("/v3/access_token"));
    shop.send(what, request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
}

/// Cards stored alone and with a payment, shown and charged; of every other one the payer typed the number as the name, too.
async fn stored_cards(shop: &mut Shop) {
    for holder in ["Jane Jones", ""] {
        let (alone, paid) = (shop.numbers.next(), shop.numbers.next());
        let named = |number: &str| match holder {
            "" => payment(number).replace("Jane Jones", number),
            _ => payment(number),
        };
        let card = named(&alone).split_once("&card.holder").map(|(_, card)| format!("card.holder{card}"));
        let made = post(shop, "a registration", "/v3/registrations", card.expect("a holder")).await;
        let kept = named(&paid) + "&createRegistration=true";
        let bought = post(shop, "a payment that keeps its card", PAYMENTS, kept).await;
        for token in [made.field("id"), bought.field("registrationId")] {
            assert!(!token.is_empty(), "there is a stored card");
            let charge = "paymentType=DB&amount=10.00&currency=EUR&shopperResultUrl=https://shop.example/return";
            let path = format!("/v3/registrations/{token}");
            post(shop, "a charge", &format!("{path}/payments"), charge.to_owned()).await;
            post(shop, "a payout", PAYMENTS, format!("paymentType=CD&amount=5.00&currency=EUR&card.token={token}"))
                .await;
            let shown = format!("{path}?entityId={}", shop.secret("/v3/entity_id"));
            let request = shop.request(Method::GET, &shown).bearer_auth(shop.secret("/v3/access_token"));
            shop.send("a stored card", request).await;
        }
    }
}

/// A number where none belongs, or one that is none.
async fn wrong_places(shop: &mut Shop) {
    let places = [
        ("amount=10.00", "amount="),
        ("currency=EUR", "currency="),
        ("paymentType=DB", "paymentType="),
        ("card.holder=Jane Jones", "card.holder="),
        ("card.expiryMonth=05", "card.expiryMonth="),
        ("card.expiryYear=2034", "card.expiryYear="),
        ("card.cvv=123", "card.cvv="),
        ("shopperResultUrl=https://shop.example/return", "shopperResultUrl="),
        ("card.holder=Jane Jones", "pan="),
    ];
    for (field, spoilt) in places {
        let (number, good) = (shop.numbers.next(), shop.numbers.next());
        let form = payment(&good).replace(field, &format!("{spoilt}{number}"));
        post(shop, &format!("a number as {spoilt}"), PAYMENTS, form).await;
    }
    for spoil in [
        |number: &str| format!("{number}1"),
        |number: &str| format!("x{number}"),
        |number: &str| number.replace('4', "%34").replace('5', "%35"),
    ] {
        let number = shop.numbers.next();
        post(shop, "a number spoilt", PAYMENTS, payment(&spoil(&number))).await;
    }
}

/// Requests that fail before anybody looks at the card, and paths that are none.
async fn wrong_requests(shop: &mut Shop) {
    let number = shop.numbers.next();
    let request = shop.request(Method::POST, PAYMENTS).body(format!("entityId=x&{}", payment(&number)));
    shop.send("a request without a token", request).await;
    let number = shop.numbers.next();
    let request = shop.request(Method::POST, PAYMENTS).bearer_auth(&number).body(payment(&number));
    shop.send("a number as the token", request).await;
    let number = shop.numbers.next();
    let request = shop.request(Method::POST, PAYMENTS).json(&serde_json::json!({"card": {"number": number}}));
    shop.send("a body of another kind", request.bearer_auth(shop.secret("/v3/access_token"))).await;
    for path in ["/v3/payments/", "/v3/registrations/", "/v3/checkouts/", "/v3/", "/v3/payments?card.number="] {
        let number = shop.numbers.next();
        post(shop, &format!("a number in {path}"), &format!("{path}{number}"), payment("4111111111111111")).await;
        let number = shop.numbers.next();
        let request = shop.request(Method::GET, &format!("{path}{number}"));
        shop.send(&format!("a number in {path}"), request.bearer_auth(shop.secret("/v3/access_token"))).await;
    }
}
