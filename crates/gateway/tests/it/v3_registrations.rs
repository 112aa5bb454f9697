//! Stored cards in the v3 dialect: made alone and with a payment, charged by the payer and by the merchant, shown, deleted.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::v3::{Answer, assert_like, card, payment, send};
use crate::world::World;

const NOBODY: &str = "0123456789abcdef0123456789abcdef";

impl World {
    async fn stored(&self, number: &str) -> Answer {
        let stored = self.v3("/v3/registrations", &card(number)).await;
        assert_eq!(stored.line(), "200 000.000.000");
        stored
    }

    async fn charge(&self, id: &str, form: &str) -> Answer {
        let form = format!("paymentType=DB&amount=10.00&currency=EUR&{form}");
        self.v3(&format!("/v3/registrations/{id}/payments"), &form).await
    }

    async fn delete(&self, id: &str) -> Answer {
        let (entity, _) = self.demo().v3();
        send(self.v3_raw(Method::DELETE, &format!("/v3/registrations/{id}?entityId={entity}"), String::new())).await
    }
}

#[tokio::test]
async fn a_card_is_stored_shown_charged_and_deleted() {
    let world = World::start().await;
    let form =
        "card.number=4242424242424242&card.holder=John Doe&card.expiryMonth=03&card.expiryYear=2030&card.cvv=123";
    let stored = world.v3("/v3/registrations", form).await;
    let sample = r#"{"id":"8ac7a49f78a6ec6b0178b0b1f4644a3d","paymentBrand":"VISA","result":{"code":"000.000.000","description":"Transaction succeeded"},
        "card":{"bin":"424242","last4Digits":"4242","holder":"John Doe","expiryMonth":"03","expiryYear":"2030"},
        "buildNumber":"9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000","timestamp":"2025-11-21T01:41:00+00:00","ndc":"EB000001_791bb52e8965445aa57e5b4f188495a2"}"#;
    assert_like(sample, &stored);
    let id = stored.id().to_owned();
    let shown = world.v3_get(&format!("/v3/registrations/{id}")).await;
    assert_eq!(shown.body, stored.body);
    // By its path and by the field it is the same payment.
    let charged = world.charge(&id, "").await;
    let by_field = world
        .v3("/v3/payments", &format!("paymentType=DB&amount=10.00&currency=EUR&card.token={id}&card.number=1"))
        .await;
    for paid in [&charged, &by_field] {
        assert_eq!((paid.line().as_str(), &paid.body["registrationId"]), ("200 000.000.000", &json!(id)));
        assert_eq!((&paid.body["card"], &paid.body["paymentBrand"]), (&stored.body["card"], &json!("VISA")));
    }
    let extended = world.v3(&format!("/v3/registrations/{id}/extendlife"), "").await;
    assert_eq!((extended.line().as_str(), extended.id()), ("200 000.000.000", id.as_str()));
    assert_eq!(world.delete(&id).await.line(), "200 000.000.000");
    assert_eq!(world.delete(&id).await.line(), "400 100.150.202");
    assert_eq!(world.charge(&id, "").await.line(), "400 100.150.202");
    assert_eq!(world.v3_get(&format!("/v3/registrations/{id}")).await.line(), "400 100.150.202");
    assert_eq!(world.v3_get(&format!("/v3/payments/{}", charged.id())).await.body["registrationId"], id.as_str());
    world.assert_book_agrees().await;
}

/// What is sent along comes back; what was stored under a reference is found by none of it later.
#[tokio::test]
async fn a_registration_tells_what_was_sent_along() {
    let world = World::start().await;
    let form = format!(
        "{}&customer.givenName=Jane&customer.merchantCustomerId=c-1&billing.city=Oslo&customParameters[shop]=7\
         &merchantTransactionId=store-1&merchantInvoiceId=inv-1&recurringType=INITIAL",
        card("4111111111111111")
    );
    let stored = world.v3("/v3/registrations", &form).await;
    assert_eq!(stored.line(), "200 000.000.000");
    let keys: Vec<&String> = stored.body.as_object().expect("an object").keys().collect();
    let expected = "id paymentBrand merchantTransactionId merchantInvoiceId result card customer billing customParameters \
                    standingInstruction recurringType buildNumber timestamp ndc";
    assert_eq!(keys, expected.split(' ').collect::<Vec<_>>());
    assert_eq!(stored.body["customer"], json!({"givenName": "Jane", "merchantCustomerId": "c-1"}));
    assert_eq!(stored.body["standingInstruction"]["mode"], "INITIAL");
    let again = world.v3("/v3/registrations", &form).await;
    assert_eq!((again.text, again.replayed), (stored.text, true));
}

#[tokio::test]
async fn a_payment_may_store_its_card() {
    let world = World::start().await;
    let form = |number: &str, more: &str| format!("{}&{more}", payment("DB", "10.00", number));
    let paid = world.v3("/v3/payments", &form("4111111111111111", "createRegistration=true")).await;
    let id = paid.body["registrationId"].as_str().expect("a registration").to_owned();
    assert_eq!(world.charge(&id, "").await.line(), "200 000.000.000");
    let verified =
        world.v3("/v3/payments", &format!("paymentType=CV&createRegistration=1&{}", card("4111111111111111"))).await;
    let by_verification = verified.body["registrationId"].as_str().expect("a registration");
    assert_eq!(world.charge(by_verification, "").await.line(), "200 000.000.000");
    let declined = world.v3("/v3/payments", &form("4000000000000341", "createRegistration=true")).await;
    let id = declined.body["registrationId"].as_str().expect("a registration");
    assert_eq!(world.charge(id, "").await.line(), "400 100.150.203");
    let open = world.v3("/v3/payments", &form("4000000000003220", "createRegistration=true")).await;
    let id = open.body["registrationId"].as_str().expect("a registration");
    assert_eq!(world.charge(id, "").await.line(), "400 100.150.201");
    assert_eq!(world.v3_get(&format!("/v3/registrations/{id}")).await.line(), "200 000.200.300");
    world.submit(open.body["redirect"]["url"].as_str().expect("a URL"), "action=approve").await;
    // The payer is there, so the issuer asks her again.
    assert_eq!(world.charge(id, "shopperResultUrl=https://shop.example/r").await.line(), "200 000.200.000");
    for more in ["", "createRegistration=false", "createRegistration=false&recurringType=INITIAL"] {
        let paid = world.v3("/v3/payments", &form("4111111111111111", more)).await;
        assert!(paid.body["registrationId"].is_null(), "{more}");
    }
    assert_eq!(
        world.v3("/v3/payments", &form("4111111111111111", "createRegistration=x")).await.names(),
        ["createRegistration"]
    );
}

#[tokio::test]
async fn the_merchant_charges_a_stored_card_alone() {
    let world = World::start().await;
    let first = world
        .v3("/v3/payments", &format!("{}&recurringType=INITIAL", payment("DB", "10.00", "4111111111111111")))
        .await;
    let id = first.body["registrationId"].as_str().expect("a registration");
    let alone = "standingInstruction.mode=REPEATED&standingInstruction.type=RECURRING&standingInstruction.source=MIT";
    let again = world.charge(id, alone).await;
    assert_eq!(
        (again.line().as_str(), &again.body["standingInstruction"]["source"]),
        ("200 000.000.000", &json!("MIT"))
    );
    // A card that would be challenged is not, where nobody is there; and a token needs no payment before.
    let stored = world.stored("4000000000003220").await;
    assert_eq!(world.charge(stored.id(), "recurringType=REPEATED").await.line(), "200 000.000.000");
    assert_eq!(world.charge(stored.id(), "").await.names(), ["shopperResultUrl"]);
    let out = world.v3(&format!("/v3/registrations/{id}/payments"), "paymentType=CD&amount=5.00&currency=EUR").await;
    assert_eq!((out.line().as_str(), &out.body["registrationId"]), ("200 000.000.000", &json!(id)));
}

#[tokio::test]
async fn other_ids_are_refused() {
    let world = World::start().await;
    let check = async |id: &str, v3: &str, oppwa: &str| {
        let path = format!("registrations/{id}");
        assert_eq!(world.v3_get(&format!("/v3/{path}")).await.line(), v3, "{id}");
        assert_eq!(world.v3_get(&format!("/oppwa/v1/{path}")).await.line(), oppwa, "{id}");
        assert_eq!(world.charge(id, "").await.line(), v3, "{id}");
        assert_eq!(world.v3(&format!("/v3/{path}/extendlife"), "").await.line(), v3, "{id}");
    };
    check(NOBODY, "404 100.150.200", "400 100.150.200").await;
    check("short", "400 100.150.101", "400 100.150.101").await;
    let paid = world.v3("/v3/payments", &payment("DB", "1.00", "4111111111111111")).await;
    check(paid.id(), "404 100.150.200", "400 100.150.200").await;
    let refused = world.v3("/v3/registrations", "card.number=4111111111111112&card.expiryMonth=13").await;
    assert_eq!(refused.names(), ["card.expiryMonth", "card.expiryYear"]);
    assert_eq!(world.v3("/v3/registrations", "").await.line(), "400 100.100.100");
    assert_eq!(world.v3("/v3/registrations", &card("4111111111111112")).await.line(), "400 100.100.101");
}

#[tokio::test]
async fn a_card_is_stored_once_for_one_reference() {
    let mut world = World::start().await;
    let form = format!("{}&merchantTransactionId=card-1", card("4111111111111111"));
    let first = world.v3("/v3/registrations", &form).await;
    assert_eq!(first.body["merchantTransactionId"], "card-1");
    world.restart().await;
    let copy = world.v3("/v3/registrations", &form).await;
    assert_eq!((&copy.text, copy.replayed), (&first.text, true));
    let other = world.v3("/v3/registrations", &form.replace("Jane", "Joan")).await;
    assert_eq!(other.line(), "400 800.130.100");
    // A reference of a payment is another.
    let paid = world
        .v3("/v3/payments", &format!("{}&merchantTransactionId=card-1", payment("DB", "1.00", "4111111111111111")))
        .await;
    assert_eq!(paid.line(), "200 000.000.000");
    // A charge is told again although its card is gone.
    let charge = "merchantTransactionId=charge-1";
    let charged = world.charge(first.id(), charge).await;
    world.delete(first.id()).await;
    assert_eq!(world.charge(first.id(), charge).await.text, charged.text);
}

#[tokio::test]
async fn a_card_that_nobody_uses_is_not_kept() {
    let world = World::start().await;
    let stored = world.stored("4111111111111111").await;
    world.advance(Duration::from_secs(25 * 31 * 86_400)).await;
    let gone = async {
        while world.v3_get(&format!("/v3/registrations/{}", stored.id())).await.code() != "100.150.202" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::world::SOON, gone).await.expect("its time is over");
}
