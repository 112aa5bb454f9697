//! Cards that are stored in a checkout, and stored cards that pay in one.

use florin_kernel::{Aggregate, Kind};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{CHALLENGED, GOOD, NO_FUNDS, ORDER, Page, SHOP, order};
use crate::v3::{assert_like, card, send};
use crate::world::World;

/// Stores a card; its id.
async fn stored(world: &World, number: &str) -> String {
    world.v3("/v3/registrations", &card(number)).await.id().to_owned()
}

impl World {
    /// What became of a checkout that stores a card.
    async fn stored_by(&self, id: &str) -> crate::v3::Answer {
        self.v3_get(&format!("/v3/checkouts/{id}/registration")).await
    }

    /// The code of a charge of a stored card.
    async fn charge_alone(&self, token: &str) -> String {
        let form = "paymentType=DB&amount=5.00&currency=EUR&standingInstruction.mode=REPEATED&standingInstruction.type=UNSCHEDULED\
            &standingInstruction.source=MIT";
        self.v3(&format!("/v3/registrations/{token}/payments"), form).await.line()
    }

    /// The payer's form with a stored card.
    async fn post_token(&self, id: &str, field: &str, token: &str) -> Page {
        Page::of(self.form(id, format!("{field}={token}"))).await
    }
}

#[tokio::test]
async fn a_checkout_may_store_a_card_and_nothing_else() {
    let world = World::start().await;
    let made = world.checkout(&format!("createRegistration=true&merchantTransactionId=keep-1&{SHOP}")).await;
    assert_eq!(made.line(), "200 000.200.100");
    let id = made.id();
    assert_eq!(world.stored_by(id).await.text, made.text);
    assert_eq!(world.outcome(id).await.line(), "404 200.300.404");
    let page = world.page(&format!("/v3/checkouts/{id}/page")).await;
    page.has("<button class=\"button primary pays\">Save the card</button>");
    assert!(!page.body.contains("0.00"), "{}", page.body);
    let saved = world.post_card(id, "4242424242424242").await;
    let back =
        format!("https://shop.example/return?order=7&id={id}&resourcePath=%2Fv3%2Fcheckouts%2F{id}%2Fregistration");
    assert_eq!((saved.status, saved.location.as_str()), (StatusCode::SEE_OTHER, &*back));
    let read = world.stored_by(id).await;
    assert_like(
        r#"{"id":"8ac7a49f78a6ec6b0178b0b1f4644a3d","paymentBrand":"VISA","merchantTransactionId":"keep-1","result":{"code":"000.000.000","description":"Transaction succeeded"},
         "card":{"bin":"424242","last4Digits":"4242","holder":"Jane Jones","expiryMonth":"05","expiryYear":"2034"},
         "buildNumber":"9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000","timestamp":"2025-11-21T01:41:00+00:00","ndc":"a03a5f2526733fbb37c419b815e1c091"}"#,
        &read,
    );
    assert_eq!(read.body["ndc"], *id);
    assert_eq!(world.charge_alone(read.id()).await, "200 000.000.000");
    assert_eq!(world.v3_get(&format!("/v3/registrations/{}", read.id())).await.line(), "200 000.000.000");
    // It is no payment: nothing moved, and no payment is found under its reference, which it keeps.
    assert_eq!(world.charges().await.len(), 1);
    assert_eq!(world.v3_get("/v3/query?merchantTransactionId=keep-1").await.line(), "404 700.400.580");
    assert_eq!(world.outcome(id).await.line(), "404 200.300.404");
    let again = format!("createRegistration=true&merchantTransactionId=keep-1&{SHOP}");
    assert_eq!(world.checkout(&again).await.line(), "400 800.130.100");
    world.page(&format!("/v3/checkouts/{id}/page")).await.has("Your card is saved");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_card_that_is_refused_is_not_stored() {
    let world = World::start().await;
    let made = world.checkout(&format!("createRegistration=1&{SHOP}")).await;
    world.post_card(made.id(), NO_FUNDS).await;
    let read = world.stored_by(made.id()).await;
    assert_eq!(read.line(), "200 800.100.51");
    assert_eq!(world.charge_alone(read.id()).await, "400 100.150.203");
    let made = world.checkout(&format!("createRegistration=1&{SHOP}")).await;
    let step = world.post_card(made.id(), CHALLENGED).await;
    let waiting = world.stored_by(made.id()).await;
    assert_eq!((waiting.line().as_str(), waiting.body.get("redirect")), ("200 000.200.000", None));
    assert_eq!(world.charge_alone(waiting.id()).await, "400 100.150.201");
    world.submit(&step.location, "action=approve").await;
    let read = world.stored_by(made.id()).await;
    assert_eq!((read.line().as_str(), read.id()), ("200 000.000.000", waiting.id()));
    assert_eq!(world.charge_alone(read.id()).await, "200 000.000.000");
    // Only cards are stored, and there is nothing to store in a checkout that is for something else.
    let wrong =
        world.checkout(&format!("createRegistration=true&paymentType=CD&amount=1.00&currency=EUR&{SHOP}")).await;
    assert_eq!(wrong.line(), "400 600.200.400");
    assert_eq!(world.checkout("createRegistration=false").await.names(), ["amount", "currency", "paymentType"]);
    let paypal = world.checkout(&format!("createRegistration=true&{SHOP}")).await;
    let refused = Page::of(world.form(paypal.id(), "paymentBrand=PAYPAL".into())).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_card_of_a_payment_is_stored_where_somebody_wants_it() {
    let world = World::start().await;
    let check = async |merchant: &str, payer: &str, stored: bool| {
        let made = world.checkout(&format!("{}{merchant}", order())).await;
        let page = world.page(&format!("/v3/checkouts/{}/page", made.id())).await;
        let told = page.body.contains("keeps this card for later payments");
        assert_eq!(told, stored && payer.is_empty(), "{merchant} {payer}");
        Page::of(world.form(made.id(), format!("{}{payer}", card(GOOD)))).await;
        let read = world.outcome(made.id()).await;
        assert_eq!(read.line(), "200 000.000.000");
        let token = read.body["registrationId"].as_str();
        assert_eq!(token.is_some(), stored, "{merchant} {payer}");
        if let Some(token) = token {
            assert_eq!(world.charge_alone(token).await, "200 000.000.000");
        }
    };
    check("", "", false).await;
    check("", "&createRegistration=true", true).await;
    check("&createRegistration=true", "", true).await;
    check("&createRegistration=false", "&createRegistration=true", false).await;
    check("&recurringType=INITIAL", "", true).await;
    check("&recurringType=INITIAL&createRegistration=false", "", false).await;
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn stored_cards_are_offered() {
    let world = World::start().await;
    let (visa, master) = (stored(&world, GOOD).await, stored(&world, "5555555555554444").await);
    let other = stored(&world, "378282246310005").await;
    let offered = format!("{}&registrations[1].id={visa}&registrations[0].id={master}", order());
    let made = world.checkout(&offered).await;
    let path = format!("/v3/checkouts/{}/page", made.id());
    let page = world.page(&path).await;
    let place = |text: &str| page.body.find(text).unwrap_or_else(|| panic!("{text} is not in {}", page.body));
    assert!(place("Mastercard ending in 4444") < place("Visa ending in 1111"));
    assert!(place("Visa ending in 1111") < place("Another card"));
    page.has("Valid until 05/2034");
    assert!(!page.body.contains("0005") && !page.body.contains(&other));
    // A frame that is for other brands does not show it.
    let frame = world.page(&format!("/v3/checkouts/{}/frame?brands=VISA", made.id())).await;
    assert!(frame.body.contains("Visa ending in 1111") && !frame.body.contains("Mastercard"));
    // Nobody charges a card by its id alone.
    for field in ["registrationId", "card.token"] {
        let refused = world.post_token(made.id(), field, &other).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
        refused.has("100.150.200");
    }
    world.post_token(made.id(), "registrationId", "nonsense").await.has("100.150.101");
    let paid = world.submit_page(made.id(), format!("nonce={}&way={visa}&card.number=&card.cvv=", page.nonce())).await;
    assert!(paid.location.starts_with("https://shop.example/return?order=7&id="), "{}", paid.location);
    let read = world.outcome(made.id()).await;
    assert_eq!((read.line().as_str(), &read.body["registrationId"]), ("200 000.000.000", &json!(visa)));
    assert_eq!((&read.body["card"]["last4Digits"], &read.body["paymentBrand"]), (&json!("1111"), &json!("VISA")));
    assert_eq!(read.body["card"]["holder"], "Jane Jones");
    // The same form by a program.
    let made = world.checkout(&offered).await;
    assert_eq!(world.post_token(made.id(), "registrationId", &master).await.status, StatusCode::SEE_OTHER);
    assert_eq!(world.outcome(made.id()).await.body["registrationId"], json!(master));
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn stored_cards_that_cannot_be_charged_are_not_offered() {
    let world = World::start().await;
    let (kept, gone) = (stored(&world, GOOD).await, stored(&world, "5555555555554444").await);
    let form = format!("{}&registrations[0].id={gone}&registrations[1].id={kept}", order());
    let made = world.checkout(&form).await;
    let drawn = world.page(&format!("/v3/checkouts/{}/page", made.id())).await;
    let (entity, _) = world.demo().v3();
    let path = format!("/v3/registrations/{gone}?entityId={entity}");
    assert_eq!(send(world.v3_raw(Method::DELETE, &path, String::new())).await.line(), "200 000.000.000");
    let page = world.page(&format!("/v3/checkouts/{}/page", made.id())).await;
    assert!(page.body.contains("Visa ending in 1111") && !page.body.contains("Mastercard"));
    let late = world.submit_page(made.id(), format!("nonce={}&way={gone}", drawn.nonce())).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    late.has("This card cannot be charged any more");
    world.post_token(made.id(), "registrationId", &gone).await.has("100.150.202");
    assert_eq!(world.outcome(made.id()).await.line(), "200 000.200.100");
    // Nor are they taken in the first place.
    let check = async |id: &str, expected: &str| {
        let form = format!("{}&registrations[0].id={id}", order());
        assert_eq!(world.checkout(&form).await.line(), expected, "{id}");
        let changed = world.v3(&format!("/v3/checkouts/{}", made.id()), &format!("registrations[0].id={id}")).await;
        assert_eq!(changed.line(), expected, "{id}");
    };
    check(&gone, "400 100.150.202").await;
    check("nonsense", "400 100.150.101").await;
    check("8ac7a49f78a6ec6b0178b0b1f4644a3d", "404 100.150.200").await;
    assert_eq!(world.payments().await.iter().filter(|payment| payment.kind() == Kind::Payment).count(), 1);
}

#[tokio::test]
async fn what_was_sent_is_not_kept_longer_than_it_can_be_changed() {
    let world = World::start().await;
    let made = world.checkout(&format!("{ORDER}&customParameters[note]=only-once")).await;
    let said = async || {
        let payment = world.payments().await.remove(0);
        payment.details.echo.matches("only-once").count()
    };
    assert_eq!(said().await, 2);
    world.post_card(made.id(), GOOD).await;
    assert_eq!(said().await, 1);
}
