//! Checkouts of the v3 dialect on the wire: the contract's samples, the payer's form without a script, repeats, changes, endings.

use std::time::Duration;

use florin_gateway::demo;
use florin_kernel::payment::Dialect;
use reqwest::header::{ACCEPT, LOCATION};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::cashier_keys::credential;
use crate::v3::{Answer, assert_like, card, send};
use crate::world::World;

mod cards;
mod changes;

const ORDER: &str = "amount=92.00&currency=EUR&paymentType=DB";
const SHOP: &str = "shopperResultUrl=https://shop.example/return?order=7";
const GOOD: &str = "4111111111111111";
const CHALLENGED: &str = "4000000000003220";
const NO_FUNDS: &str = "4000000000009995";

/// What a payer's browser gets.
struct Page {
    status: StatusCode,
    location: String,
    policy: String,
    body: String,
}

impl Page {
    async fn of(request: reqwest::RequestBuilder) -> Page {
        let response = request.send().await.expect("an answer");
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map(|value| value.to_str().expect("ASCII").to_owned()).unwrap_or_default()
        };
        let (status, location) = (response.status(), header(LOCATION.as_str()));
        let policy = header("content-security-policy");
        Page { status, location, policy, body: response.text().await.expect("a body") }
    }

    /// The nonce of its form.
    fn nonce(&self) -> &str {
        let (_, rest) = self.body.split_once("name=\"nonce\" value=\"").unwrap_or_else(|| panic!("{}", self.body));
        rest.split_once('"').expect("a value").0
    }

    fn has(&self, text: &str) {
        assert!(self.body.contains(text), "{text} is not in {}", self.body);
    }
}

impl World {
    /// A new checkout.
    async fn checkout(&self, form: &str) -> Answer {
        self.v3("/v3/checkouts", form).await
    }

    /// What became of a checkout.
    async fn outcome(&self, id: &str) -> Answer {
        self.v3_get(&format!("/v3/checkouts/{id}/payment")).await
    }

    /// A program that posts the payer's form.
    async fn post_card(&self, id: &str, number: &str) -> Page {
        Page::of(self.form(id, card(number))).await
    }

    fn form(&self, id: &str, form: String) -> reqwest::RequestBuilder {
        let request = self.post(&format!("/v3/checkouts/{id}/payment"));
        request.header("content-type", "application/x-www-form-urlencoded").body(form)
    }

    /// A browser at the page of a checkout.
    async fn page(&self, path: &str) -> Page {
        Page::of(self.get(path).header(ACCEPT, "text/html")).await
    }

    /// A browser sends the form of a page.
    async fn submit_page(&self, id: &str, form: String) -> Page {
        Page::of(self.form(id, form).header(ACCEPT, "text/html,*/*")).await
    }

    /// The demo's credential with other settings.
    async fn v3_settings(&self, settings: Value) {
        let (entity, token) = self.demo().v3();
        let mut whole = json!({ "entity_ids": [entity] });
        whole.as_object_mut().expect("an object").extend(settings.as_object().expect("an object").clone());
        credential(self, demo::V3.number(), |credential| {
            (credential.dialect, credential.key, credential.settings) = (Dialect::V3, token, whole);
        })
        .await;
    }
}

/// As [`ORDER`] with the shop's address.
fn order() -> String {
    format!("{ORDER}&{SHOP}")
}

#[tokio::test]
async fn the_samples_work_as_printed() {
    let world = World::start().await;
    let made = world.checkout(&order()).await;
    let sample = r#"{"id":"a03a5f2526733fbb37c419b815e1c091","result":{"code":"000.200.100","description":"Transaction or checkout initialized, send inquiry for the final status"},
        "buildNumber":"9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000","timestamp":"2025-11-21T01:42:00+00:00","ndc":"a03a5f2526733fbb37c419b815e1c091"}"#;
    assert_eq!(made.line(), "200 000.200.100");
    assert_like(sample, &made);
    assert_eq!(made.body["ndc"], made.body["id"]);
    let open = world.outcome(made.id()).await;
    assert_eq!(open.text, made.text);
    let paid = world.post_card(made.id(), "4200000000000000").await;
    let id = made.id();
    assert_eq!(
        (paid.status, paid.location.as_str()),
        (
            StatusCode::SEE_OTHER,
            &*format!("https://shop.example/return?order=7&id={id}&resourcePath=%2Fv3%2Fcheckouts%2F{id}%2Fpayment")
        )
    );
    let result = world.outcome(id).await;
    assert_eq!(result.line(), "200 000.000.000");
    assert_like(
        r#"{"id":"8ac7a4a282d522f70182d53e7a873640","paymentType":"DB","paymentBrand":"VISA","amount":"92.00","currency":"EUR","descriptor":"4610.8883.4210 Demo Shop",
         "result":{"code":"000.000.000","description":"Transaction succeeded"},"resultDetails":{"ExtendedDescription":"Approved","AcquirerResponse":"00",
         "ConnectorTxID1":"x","AuthCode":"831000","clearingInstituteName":"Card Simulator","CardholderInitiatedTransactionID":"x"},"card":{"bin":"420000","last4Digits":"0000","holder":"Jane Jones","expiryMonth":"05","expiryYear":"2034"},
         "risk":{"score":"100"},"summary":{"state":"captured","authorized":"92.00","captured":"92.00","refunded":"0.00","reversed":"0.00","chargedBack":"0.00"},
         "buildNumber":"9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000","timestamp":"2025-11-21T01:39:00+00:00","ndc":"a03a5f2526733fbb37c419b815e1c091"}"#,
        &result,
    );
    assert_eq!(result.body["ndc"], id);
    // The payment has an id of its own; either is taken for it.
    assert_ne!(result.id(), id);
    assert_eq!(world.v3_get(&format!("/v3/payments/{id}")).await.text, result.text);
    assert_eq!(world.v3_get(&format!("/v3/payments/{}", result.id())).await.text, result.text);
    // A result stays readable, and the same form again leads to the same place.
    assert_eq!(world.outcome(id).await.text, result.text);
    assert_eq!(world.post_card(id, GOOD).await.location, paid.location);
    assert_eq!(world.charges().await.len(), 1);
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn the_older_platform_has_its_own_ids_and_words() {
    let world = World::start().await;
    let made = world.v3("/oppwa/v1/checkouts", &order()).await;
    assert_eq!(made.line(), "200 000.200.100");
    assert_eq!(made.body["result"]["description"], "successfully created checkout");
    let (bare, suffix) = made.id().split_once('.').expect("a suffix");
    assert_eq!((bare.len(), suffix, bare.to_uppercase().as_str()), (32, "florin-01", bare));
    assert_eq!(made.body["ndc"], made.body["id"]);
    let open = world.v3_get(&format!("/oppwa/v1/checkouts/{}/payment", made.id())).await;
    assert_eq!((open.line().as_str(), open.body.get("id")), ("200 000.200.000", None));
    let declined = Page::of(world.form(bare, card(NO_FUNDS)).header(ACCEPT, "application/json")).await;
    let location: Value = serde_json::from_str(&declined.body).expect("JSON");
    let path = format!("%2Fv1%2Fcheckouts%2F{}%2Fpayment", made.id());
    assert_eq!(declined.status, StatusCode::OK);
    assert_eq!(
        location,
        json!({"location": format!("https://shop.example/return?order=7&id={}&resourcePath={path}", made.id())})
    );
    // In any case, with the suffix or without it, on every mount.
    for id in [made.id(), &made.id().to_lowercase(), bare, &bare.to_lowercase()] {
        let read = world.v3_get(&format!("/oppwa/v1/checkouts/{id}/payment")).await;
        assert_eq!((read.line().as_str(), read.body["ndc"].as_str()), ("200 800.100.155", Some(made.id())), "{id}");
        assert_eq!(world.outcome(id).await.line(), "200 800.100.51", "{id}");
    }
    let unknown = world.v3_get("/oppwa/v1/checkouts/A03A5F2526733FBB37C419B815E1C091.florin-01/payment").await;
    assert_eq!(unknown.line(), "400 200.300.404");
    let words = "invalid or missing parameter - (opp) No payment session found for the requested id";
    assert_eq!(unknown.body["result"]["description"], words);
    let unknown = world.outcome("a03a5f2526733fbb37c419b815e1c091").await;
    assert_eq!(
        (unknown.line().as_str(), unknown.body["result"]["description"].as_str()),
        ("404 200.300.404", Some(words))
    );
}

#[tokio::test]
async fn a_challenge_is_answered_on_the_way() {
    let world = World::start().await;
    for (action, code) in [("approve", "000.000.000"), ("decline", "100.400.152"), ("cancel", "100.396.101")] {
        let made = world.checkout(&order()).await;
        let step = world.post_card(made.id(), CHALLENGED).await;
        assert_eq!(step.status, StatusCode::SEE_OTHER);
        let waiting = world.outcome(made.id()).await;
        assert_eq!(
            (waiting.line().as_str(), &waiting.body["redirect"]["url"]),
            ("200 000.200.000", &json!(step.location))
        );
        // While it waits there is nothing to choose, and nothing else is tried.
        world.page(&format!("/v3/checkouts/{}/page", made.id())).await.has("Your payment waits for you");
        assert_eq!(world.post_card(made.id(), GOOD).await.location, step.location);
        let back = world.submit(&step.location, &format!("action={action}")).await;
        let back = back.headers()[LOCATION].to_str().expect("ASCII").to_owned();
        assert!(back.starts_with(&format!("https://shop.example/return?order=7&id={}&", made.id())), "{back}");
        assert_eq!(world.outcome(made.id()).await.line(), format!("200 {code}"), "{action}");
    }
    assert_eq!(world.charges().await.len(), 1);
}

#[tokio::test]
async fn a_brand_leads_to_its_page_and_back() {
    let world = World::start().await;
    let made = world.checkout(ORDER).await;
    // Nobody said where the payer goes back to but the shop's page.
    let form = "paymentBrand=PAYPAL&shopperResultUrl=http://shop.example/done".to_owned();
    let step = world.submit_page(made.id(), form).await;
    assert_eq!(step.status, StatusCode::SEE_OTHER, "{}", step.body);
    let back = world.submit(&step.location, "action=approve").await;
    let back = back.headers()[LOCATION].to_str().expect("ASCII").to_owned();
    assert!(back.starts_with(&format!("http://shop.example/done?id={}&resourcePath=", made.id())), "{back}");
    let result = world.outcome(made.id()).await;
    assert_eq!((result.line().as_str(), &result.body["paymentBrand"]), ("200 000.000.000", &json!("PAYPAL")));
    assert!(result.body.get("card").is_none());
    // With neither, the payer ends on our receipt.
    let made = world.checkout(ORDER).await;
    let page = world.post_card(made.id(), GOOD).await;
    assert_eq!(page.location, world.url(&format!("/v3/checkouts/{}/page", made.id())));
    world.page(&format!("/v3/checkouts/{}/page", made.id())).await.has("The payment is complete");
}

#[tokio::test]
async fn the_page_works_without_a_script() {
    let world = World::start().await;
    let made = world.checkout(&format!("{}&customer.language=de", order())).await;
    let path = format!("/v3/checkouts/{}/page", made.id());
    let page = world.page(&path).await;
    page.has("92,00 EUR bezahlen");
    page.has("lang=\"de\"");
    assert!(
        page.policy.contains("default-src 'none'") && page.policy.contains("frame-ancestors 'self';"),
        "{}",
        page.policy
    );
    // As people write: one digit of the month, two of the year, blanks in the number.
    let fields = |number: &str| {
        format!(
            "way=card&card.number={number}&card.expiryMonth=5&card.expiryYear=34&card.cvv=123&card.holder=Jane+Jones"
        )
    };
    let form = format!("nonce={}&{}", page.nonce(), fields("4111 1111 1111 1112"));
    let wrong = world.submit_page(made.id(), form).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.has("Eine Ziffer stimmt nicht");
    wrong.has("value=\"Jane Jones\"");
    assert!(!wrong.body.contains("4111") && !wrong.body.contains("value=\"123\""));
    let empty = world.submit_page(made.id(), format!("nonce={}&way=card", page.nonce())).await;
    assert_eq!(empty.body.matches("aria-invalid").count(), 5, "{}", empty.body);
    // A page of another amount pays nothing.
    world.v3(&format!("/v3/checkouts/{}", made.id()), "amount=99.00").await;
    let stale = world.submit_page(made.id(), format!("nonce={}&{}", page.nonce(), fields(GOOD))).await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fresh = world.page(&path).await;
    fresh.has("99,00 EUR bezahlen");
    let form = format!("nonce={}&{}", fresh.nonce(), fields(GOOD));
    let paid = world.submit_page(made.id(), form.clone()).await;
    assert!(paid.location.starts_with("https://shop.example/return?order=7&id="), "{} {}", paid.location, paid.body);
    assert_eq!(world.submit_page(made.id(), form).await.location, paid.location);
    assert_eq!(world.charges().await.len(), 1);
    world.page("/v3/checkouts/a03a5f2526733fbb37c419b815e1c091/page").await.has("There is no such page");
}

#[tokio::test]
async fn a_program_is_told_what_is_wrong() {
    let world = World::start().await;
    let made = world.checkout(&order()).await;
    let check = async |form: &str, line: &str, names: &[&str]| {
        let refused = send(world.form(made.id(), form.to_owned())).await;
        assert_eq!((refused.line().as_str(), refused.names()), (line, names.to_vec()), "{form}");
    };
    check("", "400 100.100.100", &[]).await;
    check("card.number=4111111111111112&card.expiryMonth=05&card.expiryYear=2034", "400 100.100.101", &["card.number"])
        .await;
    check(
        "card.number=4111111111111111&card.expiryMonth=5",
        "400 200.300.404",
        &["card.expiryMonth", "card.expiryYear"],
    )
    .await;
    check(&format!("{}&paymentBrand=MASTER", card(GOOD)), "400 100.100.700", &["paymentBrand"]).await;
    check("paymentBrand=UNHEARD_OF", "400 600.200.200", &[]).await;
    check(&format!("{}&shopperResultUrl=javascript:1", card(GOOD)), "400 200.300.404", &["shopperResultUrl"]).await;
    check("registrationId=8ac7a49f78a6ec6b0178b0b1f4644a3d", "404 100.150.200", &[]).await;
    assert_eq!(world.outcome(made.id()).await.code(), "000.200.100");
    let nowhere = send(world.form("a03a5f2526733fbb37c419b815e1c091", card(GOOD))).await;
    assert_eq!(nowhere.line(), "404 200.300.404");
    // What cannot be paid at all is refused when it is made.
    for (form, line) in [
        ("amount=92.00&currency=EUR&paymentType=CD", "400 600.200.400"),
        ("amount=92.00&currency=EUR", "400 200.300.404"),
        ("amount=0.00&currency=EUR&paymentType=DB", "400 100.550.300"),
        ("amount=92.00&currency=EUR&paymentType=DB&integrity=perhaps", "400 200.300.404"),
    ] {
        assert_eq!(world.checkout(form).await.line(), line, "{form}");
    }
    let bare = world.request(Method::GET, &format!("/v3/checkouts/{}/payment?entityId=EB000001", made.id()));
    assert_eq!(send(bare).await.line(), "401 800.900.300");
}

#[tokio::test]
async fn a_reference_is_one_checkout_while_that_is_open() {
    let world = World::start().await;
    let form = format!("{}&merchantTransactionId=order-1", order());
    let first = world.checkout(&form).await;
    assert_eq!(first.body["merchantTransactionId"], "order-1");
    let copy = world.checkout(&form).await;
    assert_eq!((copy.text.as_str(), copy.replayed), (first.text.as_str(), true));
    assert_eq!(world.checkout(&form.replace("92.00", "93.00")).await.line(), "400 800.130.100");
    // One that ended declined, or whose time is over, makes room for another.
    world.post_card(first.id(), NO_FUNDS).await;
    let second = world.checkout(&form).await;
    assert_ne!(second.id(), first.id());
    world.advance(Duration::from_secs(15 * 60)).await;
    let third = world.checkout(&form.replace("92.00", "93.00")).await;
    assert_eq!(third.line(), "200 000.200.100");
    world.post_card(third.id(), GOOD).await;
    for form in [form.clone(), form.replace("92.00", "93.00")] {
        assert_eq!(world.checkout(&form).await.line(), "400 800.130.100");
    }
    // A payment of the same reference is another thing, and both are found by it.
    let beside = format!("{}&{}&merchantTransactionId=order-1", order(), card(GOOD));
    assert_eq!(world.v3("/v3/payments", &beside).await.line(), "200 000.000.000");
    let found = world.v3_get("/v3/payments?merchantTransactionId=order-1").await;
    let types: Vec<_> = found.body["payments"].as_array().expect("a list").iter().map(|one| &one["amount"]).collect();
    assert_eq!(types, ["92.00", "93.00", "92.00"]);
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_key_makes_one_checkout() {
    let world = World::start().await;
    let (entity, _) = world.demo().v3();
    let with_key = async |form: &str| {
        let request = world.v3_raw(Method::POST, "/v3/checkouts", format!("entityId={entity}&{form}"));
        send(request.header("idempotency-key", "key-1")).await
    };
    let first = with_key(&order()).await;
    world.post_card(first.id(), GOOD).await;
    let copy = with_key(&order()).await;
    assert_eq!((copy.text.as_str(), copy.replayed), (first.text.as_str(), true));
    assert_eq!(with_key(ORDER).await.line(), "400 200.300.404");
    assert_ne!(world.checkout(&order()).await.id(), first.id());
}

#[tokio::test]
async fn an_open_checkout_is_changed_and_closed() {
    let world = World::start().await;
    let made = world.checkout(&format!("{}&customer.givenName=Jane&integrity=true", order())).await;
    let path = format!("/v3/checkouts/{}", made.id());
    let changed = world.v3(&path, "amount=95.50&customer.surname=Jones").await;
    assert_eq!((changed.line().as_str(), changed.id()), ("200 000.200.101", made.id()));
    assert_eq!(changed.body["integrity"], made.body["integrity"]);
    assert_eq!(world.v3(&path, "amount=-1").await.names(), ["amount"]);
    assert_eq!(world.v3(&path, "merchantTransactionId=other").await.names(), ["merchantTransactionId"]);
    world.post_card(made.id(), GOOD).await;
    let result = world.outcome(made.id()).await;
    assert_eq!(
        (&result.body["amount"], &result.body["customer"]),
        (&json!("95.50"), &json!({"givenName": "Jane", "surname": "Jones"}))
    );
    assert_eq!(world.v3(&path, "amount=1.00").await.line(), "404 200.300.404");
    let delete = async |id: &str| {
        send(world.v3_raw(Method::DELETE, &format!("/v3/checkouts/{id}?entityId=EB000001"), String::new())).await
    };
    assert_eq!(delete(made.id()).await.line(), "404 200.300.404");
    let other = world.checkout(&order()).await;
    assert_eq!(delete(other.id()).await.line(), "200 000.200.102");
    assert_eq!(delete(other.id()).await.line(), "404 200.300.404");
    assert_eq!(world.outcome(other.id()).await.line(), "404 200.300.404");
    assert_eq!(send(world.form(other.id(), card(GOOD))).await.line(), "404 200.300.404");
    // While the payer is at its bank nothing is changed.
    let waiting = world.checkout(&order()).await;
    world.post_card(waiting.id(), CHALLENGED).await;
    assert_eq!(delete(waiting.id()).await.line(), "400 700.400.570");
    assert_eq!(world.v3(&format!("/v3/checkouts/{}", waiting.id()), "amount=1.00").await.line(), "400 700.400.570");
}

#[tokio::test]
async fn its_time_is_over() {
    let world = World::start().await;
    let made = world.checkout(&order()).await;
    let begun = world.checkout(&order()).await;
    let older = world.v3("/oppwa/v1/checkouts", &order()).await;
    world.advance(Duration::from_secs(14 * 60)).await;
    let step = world.post_card(begun.id(), CHALLENGED).await;
    world.advance(Duration::from_secs(60)).await;
    assert_eq!(world.outcome(made.id()).await.line(), "404 200.300.404");
    assert_eq!(send(world.form(made.id(), card(GOOD))).await.line(), "404 200.300.404");
    let page = world.page(&format!("/v3/checkouts/{}/page", made.id())).await;
    assert_eq!(page.status, StatusCode::GONE);
    page.has("The time to pay is over");
    // An attempt begun in time may end after it; the older platform's checkouts live longer.
    world.submit(&step.location, "action=approve").await;
    assert_eq!(world.outcome(begun.id()).await.code(), "000.000.000");
    let read = async || world.v3_get(&format!("/oppwa/v1/checkouts/{}/payment", older.id())).await.line();
    assert_eq!(read().await, "200 000.200.000");
    world.advance(Duration::from_secs(15 * 60)).await;
    assert_eq!(read().await, "400 200.300.404");
}

#[tokio::test]
async fn a_declined_attempt_may_be_repeated_where_the_merchant_lets_it() {
    let world = World::start().await;
    world.v3_settings(json!({"checkout_attempts": 2, "checkout_single_read": true})).await;
    let made = world.checkout(&order()).await;
    let path = format!("/v3/checkouts/{}/page", made.id());
    assert_eq!(world.post_card(made.id(), NO_FUNDS).await.location, world.url(&path));
    world.page(&path).await.has("There is not enough money available.");
    assert_eq!(world.outcome(made.id()).await.code(), "000.200.100");
    assert!(world.post_card(made.id(), GOOD).await.location.starts_with("https://shop.example/"));
    // Told once.
    assert_eq!(world.outcome(made.id()).await.line(), "200 000.000.000");
    assert_eq!(world.outcome(made.id()).await.line(), "404 200.300.404");
    let unlucky = world.checkout(&order()).await;
    world.post_card(unlucky.id(), NO_FUNDS).await;
    world.advance(Duration::from_secs(15 * 60)).await;
    assert_eq!(world.outcome(unlucky.id()).await.line(), "200 100.396.103");
}

#[tokio::test]
async fn the_script_is_the_same_for_everybody() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let world = World::start().await;
    let made = world.checkout(&format!("{}&integrity=true", order())).await;
    let path = format!("/v3/checkouts/{}", made.id());
    let script = world.get(&path).send().await.expect("an answer");
    assert_eq!(script.headers()["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(script.headers()["access-control-allow-origin"], "*");
    let bytes = script.bytes().await.expect("a body");
    let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha384::digest(&bytes));
    assert_eq!(made.body["integrity"], format!("sha384-{digest}"));
    assert_eq!(world.outcome(made.id()).await.body["integrity"], made.body["integrity"]);
    for path in ["/v3/paymentWidgets.js?checkoutId=unknown", "/oppwa/v1/paymentWidgets.js"] {
        assert_eq!(world.get(path).send().await.expect("an answer").bytes().await.expect("a body"), bytes, "{path}");
    }
    world.advance(Duration::from_secs(3600)).await;
    assert_eq!(world.get(&path).send().await.expect("an answer").bytes().await.expect("a body"), bytes);
    for mount in ["/v3", "/oppwa/v1"] {
        let unknown = world.get(&format!("{mount}/checkouts/a03a5f2526733fbb37c419b815e1c091"));
        assert_eq!(unknown.send().await.expect("an answer").status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn the_frame_is_held_by_the_page_that_asks_or_by_registered_ones() {
    let world = World::start().await;
    let made = world.checkout(&order()).await;
    let frame = async |query: &str| world.page(&format!("/v3/checkouts/{}/frame?{query}", made.id())).await;
    let ancestors = |page: &Page| {
        page.policy.split("frame-ancestors ").nth(1).expect("ancestors").split(';').next().expect("one").to_owned()
    };
    let asked = frame("origin=https://shop.example&brands=VISA+PAYPAL&action=https://shop.example/ok").await;
    assert_eq!(ancestors(&asked), "'self' https://shop.example");
    asked.has("Visa");
    asked.has("PayPal");
    asked.has("name=\"shopperResultUrl\" value=\"https://shop.example/ok\"");
    assert!(!asked.body.contains("iDEAL"));
    for query in
        ["", "origin=*", "origin=https://*.example", "origin=https://shop.example;%20script-src%20*", "origin=data:x"]
    {
        assert_eq!(ancestors(&frame(query).await), "'self'", "{query}");
    }
    assert!(!frame("action=javascript:alert(1)&theme=javascript:").await.body.contains("javascript"));
    world.v3_settings(json!({"origins": ["https://registered.example"]})).await;
    assert_eq!(ancestors(&frame("origin=https://shop.example").await), "'self' https://registered.example");
    let unknown = world.page("/v3/checkouts/a03a5f2526733fbb37c419b815e1c091/frame?origin=https://shop.example").await;
    assert_eq!(
        (unknown.status, ancestors(&unknown)),
        (StatusCode::NOT_FOUND, "'self' https://shop.example".to_owned())
    );
}

#[tokio::test]
async fn a_card_is_verified_without_an_amount() {
    let world = World::start().await;
    let made = world.checkout(&format!("paymentType=CV&{SHOP}")).await;
    assert_eq!(made.line(), "200 000.200.100");
    let page = world.page(&format!("/v3/checkouts/{}/page", made.id())).await;
    page.has("Verify the card");
    assert!(!page.body.contains("PayPal") && !page.body.contains("0.00"), "{}", page.body);
    world.post_card(made.id(), GOOD).await;
    let result = world.outcome(made.id()).await;
    assert_eq!((result.line().as_str(), &result.body["paymentType"]), ("200 000.000.000", &json!("CV")));
    assert!(result.body.get("amount").is_none() && world.charges().await.is_empty());
}
