//! Transaction services: cards stored alone and with payments, charged, listed and deleted; customers.

use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::ts::{Answer, S, card_payment, digest, form, like, send, with};
use crate::ts_notices::set;
use crate::world::World;

const CARD: &str = "4000000000000051";
const M: &str = "/merchantServices/api/v1";

fn card(number: &str) -> Vec<(&'static str, &str)> {
    vec![
        ("paymentMode", "CC"),
        ("paymentBrand", "VISA"),
        ("card.number", number),
        ("card.expiryMonth", "07"),
        ("card.expiryYear", "2030"),
        ("card.cvv", "745"),
    ]
}

async fn register(world: &World, fields: &[(&str, &str)]) -> Answer {
    let number = fields.iter().find(|(name, _)| *name == "card.number").map_or("", |(_, value)| *value);
    send(world.ts_request("/registrations", fields, &world.ts_sum(&[number])).await).await
}

async fn charge(world: &World, path: &str, id: &str, fields: &[(&str, &str)]) -> Answer {
    let amount = fields.iter().find(|(name, _)| *name == "amount").map_or("", |(_, value)| *value);
    send(world.ts_request(&format!("/{path}/{id}"), fields, &world.ts_sum(&[id, amount])).await).await
}

async fn delete(world: &World, id: &str) -> Answer {
    send(world.ts_request(&format!("/registrations/{id}"), &[("paymentType", "DL")], &world.ts_sum(&[id])).await).await
}

async fn cards(world: &World, fields: &[(&str, &str)]) -> Answer {
    send(world.ts_request("/getCardsAndAccounts", fields, &world.ts_sum(&[])).await).await
}

const JON: [(&str, &str); 3] =
    [("customer.givenName", "Jon"), ("customer.surname", "Doe"), ("customer.email", "jon.doe@example.com")];

async fn sign_up(world: &World, fields: &[(&str, &str)], sum: &str) -> Answer {
    send(signing_up(world, fields, sum).await).await
}

/// A customer to sign up, not yet sent.
async fn signing_up(world: &World, fields: &[(&str, &str)], sum: &str) -> RequestBuilder {
    let (member, _, _) = world.demo().member();
    let login = [("authentication.memberId", member), ("authentication.checksum", sum)];
    let request = world.post(&format!("{M}/customerSignup")).header("AuthToken", world.ts_token().await);
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.body(form(login.iter().chain(fields).copied()))
}

async fn partner_token(world: &World) -> String {
    let (partner, name, key) = world.demo().partner();
    let login =
        [("authentication.partnerId", partner), ("partner.userName", name), ("authentication.sKey", key.expose())];
    send(world.post(&format!("{S}/partnerAuthToken")).body(form(login))).await.at("/AuthToken").to_owned()
}

#[tokio::test]
async fn a_registration_is_answered_as_the_contract_prints_it() {
    let world = World::start().await;
    let customer = sign_up(&world, &JON, &world.ts_sum(&["Jon", "Doe", "jon.doe@example.com"])).await;
    let customer = customer.at("/customerId").to_owned();
    let fields = with(&card(CARD), &[("customer.customerId", customer.as_str())]);
    let stored = register(&world, &fields).await;
    assert_eq!(
        like(&stored),
        r#"{"registrationId":"…","id":"…","memberId":"11344","paymentBrand":"VISA","paymentMode":"CC","status":"active","customerId":"9999999999","card":{"bin":"400000","last4Digits":"0051","lastFourDigits":"0051","expiryMonth":"07","expiryYear":"2030"},"result":{"code":"00003","description":"Registration created successfully"},"timestamp":"9999-99-99 99:99:99"}"#
    );
    let id = stored.at("/registrationId");
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(stored.at("/customerId"), customer);
    // The same card of the same customer is the same registration; another customer's is another.
    assert_eq!(register(&world, &fields).await.at("/registrationId"), id);
    assert_ne!(register(&world, &card(CARD)).await.at("/registrationId"), id);
    let listed = cards(&world, &[("customer.customerId", customer.as_str())]).await;
    assert_eq!(
        like(&listed),
        r#"{"partnerId":"195","memberId":"11344","customerId":"9999999999","cards":[{"registrationId":"…","registrationStatus":"active","cardType":"VISA","bin":"400000","last4Digits":"0051","expiryMonth":"07","expiryYear":"2030"}],"bankaccounts":[],"result":{"code":"00026","description":"Your record found successfully"},"timestamp":"9999-99-99 99:99:99"}"#
    );
    assert_eq!(cards(&world, &[]).await.body["cards"].as_array().map(Vec::len), Some(2));
    // Nothing was paid, and no list shows that the card's bank was asked.
    let list = send(world.ts_request("/getTransactionList", &[], &world.ts_sum(&[])).await).await;
    assert_eq!((list.at("/totalrecords"), list.code()), ("0", "10026"));
    let request = world.ts_request("/registrations", &fields, &world.ts_sum(&[CARD])).await;
    let xml = send(request.header("accept", "text/xml")).await;
    assert!(
        xml.text.contains(&format!("<response><registrationId>{id}</registrationId><id>{id}</id>")),
        "{}",
        xml.text
    );
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused() {
    let world = World::start().await;
    let check = async |more: &[(&str, &str)], expected: &str| {
        let answer = register(&world, &with(&card(CARD), more)).await;
        assert_eq!(answer.line(), expected, "{more:?}: {}", answer.text);
        answer
    };
    let declined = check(&[("card.number", "4000000000009995")], "200 10003 failed").await;
    assert_eq!(declined.at("/result/bankCode"), "51", "{}", declined.text);
    assert!(declined.body.get("registrationId").is_none());
    check(&[("card.number", "4000000000000052")], "200 20007 failed").await;
    check(&[("card.expiryMonth", "0")], "200 20007 failed").await;
    check(&[("paymentMode", "NB")], "200 20007 failed").await;
    check(&[("customer.customerId", "1234567890")], "200 10026 failed").await;
    check(&[("authentication.terminalId", "1")], "200 20012 failed").await;
    let account = [("bankAccount.iban", "DE89370400440532013000"), ("paymentMode", "NB"), ("paymentBrand", "SEPA")];
    let sum = world.ts_sum(&["DE89370400440532013000"]);
    let bank = send(world.ts_request("/registrations", &account, &sum).await).await;
    assert_eq!(bank.line(), "200 20013 failed", "the vault keeps cards only");
    let wrong = send(world.ts_request("/registrations", &card(CARD), &world.ts_sum(&["1"])).await).await;
    assert_eq!(wrong.line(), "200 20006 failed");
    let nothing = cards(&world, &[]).await;
    assert_eq!((nothing.line().as_str(), nothing.body["cards"].clone()), ("200 10026", json!([])));
    // The other two ways to sign it.
    let alone = send(world.ts_request("/registrations", &card(CARD), &world.ts_sum(&[])).await).await;
    assert_eq!(alone.code(), "00003");
    set(&world, json!({"http_errors": "strict"})).await;
    let missing =
        send(world.ts_request("/getCardsAndAccounts", &[("customer.customerId", "7")], &world.ts_sum(&[])).await);
    assert_eq!(missing.await.line(), "404 10026");
}

#[tokio::test]
async fn a_stored_card_is_charged_and_deleted() {
    let world = World::start().await;
    let stored = register(&world, &with(&card(CARD), &[("card.holder", "Jon Doe")])).await;
    let id = stored.at("/registrationId");
    let fields = [("amount", "50.00"), ("currency", "USD"), ("merchantTransactionId", "T1"), ("paymentType", "DB")];
    let paid = charge(&world, "paywithtoken", id, &fields).await;
    assert_eq!(paid.line(), "200 00001 Y capturesuccess", "{}", paid.text);
    assert_eq!((paid.at("/registrationId"), paid.at("/card/holder")), (id, "Jon Doe"));
    assert_eq!((paid.at("/paymentBrand"), paid.at("/merchantTransactionId")), ("VISA", "T1"));
    let copy = charge(&world, "registrations", id, &fields).await;
    assert!(copy.replayed && copy.text == paid.text, "the alias is the same call: {}", copy.text);
    // Signed over the reference; without a type it is DB, without a reference ours.
    let sum = world.ts_sum(&["T2", "9.00"]);
    let by_reference = [("amount", "9.00"), ("currency", "USD"), ("merchantTransactionId", "T2")];
    let other = send(world.ts_request(&format!("/paywithtoken/{id}"), &by_reference, &sum).await).await;
    assert_eq!((other.line().as_str(), other.at("/paymentType")), ("200 00001 Y capturesuccess", "DB"));
    let nameless = charge(&world, "paywithtoken", id, &with(&fields, &[("merchantTransactionId", "")])).await;
    assert_eq!(nameless.at("/merchantTransactionId"), format!("FL-{}", nameless.id()));
    let held = with(&fields, &[("paymentType", "PA"), ("merchantTransactionId", "T3")]);
    assert_eq!(charge(&world, "payWithToken", id, &held).await.line(), "200 00001 Y authsuccessful");
    let declined = [("amount", "9051.00"), ("merchantTransactionId", "T4")];
    assert_eq!(charge(&world, "paywithtoken", id, &with(&fields, &declined)).await.line(), "200 11051 N capturefailed");
    let challenge = [("attemptThreeD", "only3D"), ("merchantTransactionId", "T5")];
    let begun = charge(&world, "paywithtoken", id, &with(&fields, &challenge)).await;
    assert_eq!(begun.line(), "200 00002 3D 3D Authstarted", "{}", begun.text);
    // A series by the token: the payer is there once.
    let initial = [("recurringType", "INITIAL"), ("merchantTransactionId", "T6")];
    assert_eq!(charge(&world, "paywithtoken", id, &with(&fields, &initial)).await.code(), "00001");
    let repeated = [("recurringType", "REPEATED"), ("merchantTransactionId", "T7")];
    assert_eq!(charge(&world, "paywithtoken", id, &with(&fields, &repeated)).await.code(), "00001");
    let mistaken = [("amount", "x"), ("merchantTransactionId", "T8")];
    assert_eq!(charge(&world, "paywithtoken", id, &with(&fields, &mistaken)).await.line(), "200 20007 N failed");
    let wrong = send(world.ts_request(&format!("/paywithtoken/{id}"), &fields, &world.ts_sum(&["x", "50.00"])).await);
    assert_eq!(wrong.await.line(), "200 20006 N failed");
    let wrong = send(world.ts_request(&format!("/registrations/{id}"), &[("paymentType", "DL")], "00").await).await;
    assert_eq!(wrong.line(), "200 20006 failed");

    let gone = delete(&world, id).await;
    assert_eq!(
        like(&gone),
        r#"{"registrationId":"…","memberId":"11344","status":"deleted","result":{"code":"00008","description":"Registration deleted successfully"},"timestamp":"9999-99-99 99:99:99"}"#
    );
    assert_eq!((gone.at("/registrationId"), delete(&world, id).await.code()), (id, "00008"));
    assert_eq!(delete(&world, "kGuadVKOymeTYkuAYoxon2vKUzu88Po1").await.line(), "200 10026 failed");
    let late = charge(&world, "paywithtoken", id, &with(&fields, &[("merchantTransactionId", "T9")])).await;
    assert_eq!(late.line(), "200 10026 N failed");
    let copy = charge(&world, "paywithtoken", id, &fields).await;
    assert!(copy.replayed && copy.text == paid.text, "a copy is told its answer all the same: {}", copy.text);
    // The payer who was asked before it was deleted may still pay.
    world.submit(begun.at("/redirect/url"), "action=approve").await;
    world.ts_becomes(begun.id(), "capturesuccess").await;
    // Stored again, it is another one.
    assert_ne!(register(&world, &card(CARD)).await.at("/registrationId"), id);
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn cards_of_payments_are_listed_where_the_merchant_wanted_them() {
    let world = World::start().await;
    let kept = world.ts_pay(&with(&card_payment("K1", "5.00", CARD), &[("createRegistration", "true")])).await;
    let initial = [("recurringType", "INITIAL"), ("card.number", "4111110000000021")];
    world.ts_pay(&with(&card_payment("K2", "5.00", CARD), &initial)).await;
    world.ts_pay(&card_payment("K3", "5.00", "4111111111111111")).await;
    let declined = [("createRegistration", "true"), ("card.number", "4000000000009995")];
    world.ts_pay(&with(&card_payment("K4", "5.00", CARD), &declined)).await;
    let listed = cards(&world, &[]).await;
    assert_eq!(listed.body["cards"].as_array().map(Vec::len), Some(1), "{}", listed.text);
    assert_eq!(listed.at("/cards/0/registrationId"), kept.at("/registrationId"));
    // By the member's token it is refused with the partner's checksum, which the partner's token makes good.
    let (partner, _, key) = world.demo().partner();
    let sum = digest(&[partner, key.expose()]);
    let refused = send(world.ts_request("/getCardsAndAccounts", &[], &sum).await).await;
    assert_eq!(refused.code(), "20006");
    let token = partner_token(&world).await;
    let (member, _, _) = world.demo().member();
    for more in [Some(("authentication.memberId", member)), None] {
        let fields = [("authentication.partnerId", partner), ("authentication.checksum", sum.as_str())];
        let request = world.post(&format!("{S}/getCardsAndAccounts")).header("AuthToken", &token);
        let listed = send(request.body(form(fields.into_iter().chain(more)))).await;
        assert_eq!(listed.at("/cards/0/registrationId"), kept.at("/registrationId"), "{}", listed.text);
    }
}

#[tokio::test]
async fn a_customer_is_signed_up_once() {
    let world = World::start().await;
    let sum = world.ts_sum(&["Jon", "Doe", "jon.doe@example.com"]);
    let first = sign_up(&world, &JON, &sum).await;
    assert_eq!(
        like(&first),
        r#"{"memberId":"11344","customerId":"9999999999","result":{"code":"00007","description":"Cardholder successfully registered"},"timestamp":"9999-99-99 99:99:99"}"#
    );
    let same = sign_up(&world, &JON, &world.ts_sum(&[])).await;
    assert_eq!(same.at("/customerId"), first.at("/customerId"));
    let moved =
        with(&JON, &[("customer.surname", "Roe"), ("customer.email", "Jon.Doe@Example.com"), ("customer.sex", "M")]);
    let moved = sign_up(&world, &moved, &world.ts_sum(&[])).await;
    assert_eq!(moved.at("/customerId"), first.at("/customerId"), "addresses are the same in any letter case");
    let other = with(&JON, &[("customer.email", "jane.doe@example.com")]);
    let other = sign_up(&world, &other, &world.ts_sum(&["Jon", "Doe", "jane.doe@example.com"])).await;
    assert_ne!(other.at("/customerId"), first.at("/customerId"));
    assert_eq!(sign_up(&world, &JON, &world.ts_sum(&["Jon", "Doe"])).await.line(), "200 20006 failed");
    let check = async |more: &[(&str, &str)]| {
        let answer = sign_up(&world, &with(&JON, more), &world.ts_sum(&[])).await;
        assert_eq!(answer.line(), "200 20007 failed", "{more:?}: {}", answer.text);
    };
    check(&[("customer.email", "jon")]).await;
    check(&[("customer.email", "")]).await;
    check(&[("customer.givenName", "")]).await;
    check(&[("customer.birthDate", "1980")]).await;
    let many = with(&JON, &[("customer.email", "many@example.com")]);
    let mut requests = Vec::new();
    for _ in 0..8 {
        requests.push(tokio::spawn(send(signing_up(&world, &many, &world.ts_sum(&[])).await)));
    }
    let mut all = Vec::new();
    for request in requests {
        all.push(request.await.expect("answered").at("/customerId").to_owned());
    }
    all.dedup();
    assert_eq!(all.len(), 1, "requests at once make one customer");
}

#[tokio::test]
async fn a_partner_signs_up_customers_of_its_own() {
    let world = World::start().await;
    let (partner, _, key) = world.demo().partner();
    let token = partner_token(&world).await;
    let sum = digest(&[partner, key.expose(), "Jon", "Doe", "jon.doe@example.com"]);
    let ask = async |member: Option<&str>, sum: &str| {
        let login = [("authentication.partnerId", partner), ("authentication.checksum", sum)];
        let member = member.map(|member| ("authentication.memberId", member));
        let body = form(login.into_iter().chain(member).chain(JON));
        send(world.post(&format!("{M}/customerSignup")).header("AuthToken", &token).body(body)).await
    };
    let own = ask(None, &sum).await;
    assert_eq!((own.code(), own.at("/partnerId")), ("00007", partner), "{}", own.text);
    assert!(own.body.get("memberId").is_none());
    assert_eq!(ask(None, &sum).await.at("/customerId"), own.at("/customerId"));
    let (member, _, member_key) = world.demo().member();
    let of_member = ask(Some(member), &sum).await;
    assert_eq!((of_member.code(), of_member.at("/memberId")), ("00007", member), "{}", of_member.text);
    assert_ne!(of_member.at("/customerId"), own.at("/customerId"));
    // Without a member no member's key signs.
    assert_eq!(ask(None, &digest(&["", member_key.expose()])).await.line(), "200 20006 failed");
    assert_eq!(ask(Some("99999"), &sum).await.line(), "200 20005 failed");
}

#[tokio::test]
async fn a_key_makes_these_calls_repeatable() {
    let world = World::start().await;
    let keyed = async |number: &str, key: &str| {
        let fields = card(number);
        let request = world.ts_request("/registrations", &fields, &world.ts_sum(&[number])).await;
        send(request.header("Idempotency-Key", key)).await
    };
    let first = keyed(CARD, "r-1").await;
    assert_eq!(first.code(), "00003", "{}", first.text);
    let again = keyed(CARD, "r-1").await;
    assert!(again.replayed && again.text == first.text, "{}", again.text);
    assert_eq!(keyed("4111110000000021", "r-1").await.code(), "20011");
    delete(&world, first.at("/registrationId")).await;
    let again = keyed(CARD, "r-1").await;
    assert!(again.replayed && again.text == first.text, "{}", again.text);
    let sum = world.ts_sum(&[]);
    let keyed = async |email: &str| {
        let fields = with(&JON, &[("customer.email", email)]);
        send(signing_up(&world, &fields, &sum).await.header("Idempotency-Key", "c-1")).await
    };
    let first = keyed("a@example.com").await;
    world.advance(Duration::from_secs(60)).await;
    let again = keyed("a@example.com").await;
    assert!(again.replayed && again.text == first.text, "{}", again.text);
    assert_eq!(keyed("b@example.com").await.line(), "200 20011 failed");
}

#[tokio::test]
async fn a_deletion_and_a_known_card_are_told_again() {
    let world = World::start().await;
    let registering = async |number: &str| {
        let request = world.ts_request("/registrations", &card(number), &world.ts_sum(&[number])).await;
        send(request.header("Idempotency-Key", "r-2")).await
    };
    let stored = register(&world, &card(CARD)).await;
    let known = registering(CARD).await;
    assert_eq!(known.at("/registrationId"), stored.at("/registrationId"));
    let deleting = async |id: &str, more: &[(&str, &str)]| {
        let fields = with(&[("paymentType", "DL")], more);
        let request = world.ts_request(&format!("/registrations/{id}"), &fields, &world.ts_sum(&[id])).await;
        send(request.header("Idempotency-Key", "d-1")).await
    };
    let id = stored.at("/registrationId");
    let first = deleting(id, &[]).await;
    assert_eq!((first.code(), first.replayed), ("00008", false));
    world.advance(Duration::from_secs(60)).await;
    let again = deleting(id, &[]).await;
    assert!(again.replayed && again.text == first.text, "{}", again.text);
    assert_eq!(deleting(id, &[("lang", "de")]).await.code(), "20011");
    assert_eq!(deleting("kGuadVKOymeTYkuAYoxon2vKUzu88Po1", &[]).await.code(), "20011");
    let again = registering(CARD).await;
    assert!(again.replayed && again.text == known.text, "{}", again.text);
    assert_eq!(registering("4111110000000021").await.code(), "20011");
}

#[tokio::test]
async fn the_code_is_asked_for_where_the_member_wants_it() {
    let world = World::start().await;
    set(&world, json!({"token_cvv_required": true})).await;
    let id = register(&world, &card(CARD)).await.at("/registrationId").to_owned();
    let fields = [("amount", "5.00"), ("currency", "USD")];
    assert_eq!(charge(&world, "paywithtoken", &id, &fields).await.faults(), ["card.cvv missing"]);
    let with_code = with(&fields, &[("card.cvv", "745")]);
    assert_eq!(charge(&world, "paywithtoken", &id, &with_code).await.code(), "00001");
    let repeated = with(&fields, &[("recurringType", "REPEATED")]);
    assert_eq!(charge(&world, "paywithtoken", &id, &repeated).await.code(), "00001", "no payer is there to type it");
}

#[tokio::test]
async fn what_is_for_later_says_so() {
    let world = World::start().await;
    for path in ["merchantSignup", "generateAppOtp", "verifyAppOtp"] {
        assert_eq!(send(world.post(&format!("{M}/{path}"))).await.line(), "200 20013 failed", "{path}");
    }
    for request in [world.post("/transaction/CardRegistration"), world.get("/transaction/CardRegistration")] {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 404);
        let page = response.text().await.expect("a page");
        assert!(page.contains("<html"), "{page}");
    }
}
