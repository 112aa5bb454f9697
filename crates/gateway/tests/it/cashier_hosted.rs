//! The hosted cashier: the call, and the payer's page driven by plain form posts as a browser without scripts sends them.

use std::time::Duration;

use florin_gateway::demo;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::cashier_calls::{Answer, get, post};
use crate::cashier_keys::{credential, demo_merchant};
use crate::world::{Receiver, World};

/// Section 4, as printed: the complete hosted deposit.
const COMPLETE: &str = r#"{"request":{"mode":"test","theme":"dark","settings":{"success_url":"https://shop.example/ok","failure_url":"https://shop.example/no",
 "pending_url":"https://shop.example/wait","webhook_url":"https://shop.example/hook","locale":"en","methods":["card","bank_transfer"]},
 "user_id":"128","tracking_id":"fb832194-34e1-4e6c-8494-d88034cf3e47","ip":"127.34.125.54","amount":10.05,"currency":"EUR",
 "amount_restricted":true,"customer":{"max_deposit_limit":1000,"first_name":"John","last_name":"Doe","kyc_status":"passed",
 "email":"user@example.com","zip_code":"12345","address":"123 Main Street","city":"New York","dob":"05/03/2000","country_code":"GB",
 "phone":{"country":"GB","number":783433252,"prefix":44}}}}"#;

pub const CARD: &str = "provider_id=210&holder_name=John+Doe&cvc=444&exp_month=5&exp_year=29&card_number=";
pub const GOOD: &str = "4111111111111111";
pub const CHALLENGED: &str = "4000000000003220";
pub const NO_FUNDS: &str = "4000000000009995";

/// A payer's browser at a cashier page.
pub struct Payer<'a> {
    world: &'a World,
    pub path: String,
}

impl<'a> Payer<'a> {
    /// A session of the demo's merchant; `more` goes into `request`.
    pub async fn new(world: &'a World, reference: &str, amount: &str, more: Value) -> Payer<'a> {
        let answer = open(world, reference, amount, more).await;
        let body = answer.json();
        let token = body["token"].as_str().unwrap_or_else(|| panic!("no token in {}", answer.body)).to_owned();
        Payer { world, path: format!("/cashier/{token}") }
    }

    /// At a page whose address is known.
    pub fn at(world: &'a World, path: String) -> Payer<'a> {
        Payer { world, path }
    }

    pub async fn page(&self) -> Answer {
        Answer::of(self.request().send().await.expect("an answer")).await
    }

    pub fn request(&self) -> RequestBuilder {
        self.world.get(&self.path)
    }

    /// The nonce of the page as it is now.
    pub async fn nonce(&self) -> String {
        let page = self.page().await.body;
        let (_, rest) = page.split_once("name=\"nonce\" value=\"").unwrap_or_else(|| panic!("no form in {page}"));
        rest.split_once('"').expect("a value").0.to_owned()
    }

    pub async fn send(&self, nonce: &str, form: &str) -> Response {
        let url = self.world.url(&format!("{}/pay", self.path));
        self.world.submit(&url, &format!("nonce={nonce}&{form}")).await
    }

    /// Fills in the page as it is now, and sends it.
    pub async fn pay(&self, form: &str) -> Response {
        let nonce = self.nonce().await;
        self.send(&nonce, form).await
    }

    pub async fn cancel(&self, nonce: &str) -> Response {
        let url = self.world.url(&format!("{}/cancel", self.path));
        self.world.submit(&url, &format!("nonce={nonce}")).await
    }

    pub async fn polled(&self) -> Value {
        let answer = self.world.get(&format!("{}/status", self.path)).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }
}

pub async fn open(world: &World, reference: &str, amount: &str, more: Value) -> Answer {
    let mut request = json!({"user_id": "U123", "tracking_id": reference, "amount": amount, "currency": "EUR"});
    let (Some(whole), Value::Object(more)) = (request.as_object_mut(), more) else { panic!("an object") };
    whole.extend(more);
    post(world, "/v1/payments/hosted", json!({ "request": request }).to_string()).await
}

pub fn links() -> Value {
    json!({
        "success_url": "https://shop.example/ok", "failure_url": "https://shop.example/no",
        "pending_url": "https://shop.example/wait"
    })
}

pub fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    answer.headers()["location"].to_str().expect("text").to_owned()
}

#[tokio::test]
async fn the_contracts_sample_gives_a_token() {
    let world = World::start().await;
    let first = post(&world, "/v1/payments/hosted", COMPLETE).await;
    let token = first.json()["token"].as_str().expect("a token").to_owned();
    assert!(token.len() == 50 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
    assert_eq!((first.status, first.body.as_str()), (200, format!(r#"{{"token":"{token}"}}"#).as_str()));
    assert_eq!(first.header("x-cashier-url"), world.url(&format!("/cashier/{token}")));
    assert_eq!(first.header("x-transaction-id").len(), 15);
    let again = post(&world, "/v1/payments/hosted", COMPLETE).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("x-cashier-url"), first.header("x-cashier-url"));
    for (from, to) in [
        ("10.05", "10.06"),
        ("\"dark\"", "\"light\""),
        ("[\"card\",\"bank_transfer\"]", "[\"bank_transfer\",\"card\"]"),
        ("\"amount_restricted\":true", "\"amount_restricted\":false"),
        ("1000", "1001"),
    ] {
        assert_eq!(post(&world, "/v1/payments/hosted", COMPLETE.replace(from, to)).await.code(), 9002, "{from}");
    }
    assert_eq!(
        post(&world, "/v1/payments/direct", COMPLETE.replace("\"user_id\"", "\"provider_id\":210,\"user_id\""))
            .await
            .code(),
        9002
    );
    // Left out, a field has its default, so it is the same request.
    let default = COMPLETE.replace("\n \"amount_restricted\":true,", "\n ").replace("\"amount_restricted\":true,", "");
    assert_eq!(post(&world, "/v1/payments/hosted", default).await.body, first.body);

    let reference = "fb832194-34e1-4e6c-8494-d88034cf3e47";
    assert_eq!(world.status(reference).await, "pending");
    let page = world.open(first.header("x-cashier-url")).await.text().await.expect("text");
    for part in ["10.05 EUR", "Demo Shop", "value=\"210\"", "value=\"211\"", "data-theme=\"dark\"", "Test mode"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("value=\"212\"") && !page.contains("name=\"amount\""), "{page}");
    let list = get(&world, "/v1/transactions").await.json();
    assert_eq!(list[0]["transaction"]["status"], "pending");
    assert_eq!(list[0]["provider"]["amount"]["value"], 10.05);
}

#[tokio::test]
async fn faulty_requests_name_every_field() {
    let world = World::start().await;
    let faulty = |more: Value| open_owned(&world, more);
    assert_eq!(faulty(json!({"amount_restricted": "yes"})).await.fields(), ["request.amount_restricted"]);
    assert_eq!(faulty(json!({"settings": {"methods": "card"}})).await.fields(), ["request.settings.methods"]);
    let both = faulty(json!({"settings": {"methods": ["card", "cash"], "providers": [210, "x", 999]}})).await;
    assert_eq!(
        both.fields(),
        ["request.settings.methods.1", "request.settings.providers.1", "request.settings.providers.1"]
    );
    assert_eq!(faulty(json!({"settings": {"methods": ["crypto"]}})).await.code(), 9005);
    assert_eq!(faulty(json!({"settings": {"methods": ["card"], "providers": [211]}})).await.code(), 9005);
    assert_eq!(faulty(json!({"amount": "1000000.01"})).await.code(), 9003);
    assert_eq!(faulty(json!({"customer": {"max_deposit_limit": 0}})).await.code(), 9003);
    assert_eq!(faulty(json!({"tracking_id": ""})).await.code(), 1089);
    assert!(world.payments().await.is_empty());
    // A colour and an empty list cost no payment.
    assert_eq!(faulty(json!({"theme": "midnight", "settings": {"methods": [], "providers": []}})).await.status, 200);
}

async fn open_owned(world: &World, more: Value) -> Answer {
    open(world, "faulty", "10.05", more).await
}

/// Every way to pay, to its end.
#[tokio::test]
async fn every_way_to_pay() {
    let world = World::start().await;
    let settings = json!({"settings": links()});
    let payer = Payer::new(&world, "card", "10.05", settings.clone()).await;
    let back = location(&payer.pay(&format!("{CARD}{GOOD}")).await);
    assert!(back.starts_with("https://shop.example/ok?transaction_id="), "{back}");
    assert!(back.ends_with("&tracking_id=card&status=successful"), "{back}");

    let payer = Payer::new(&world, "3ds", "10.05", settings.clone()).await;
    let challenge = location(&payer.pay(&format!("{CARD}{CHALLENGED}")).await);
    assert!(challenge.starts_with(&world.url("/3ds/")), "{challenge}");
    let open = payer.page().await;
    assert!(open.body.contains(&challenge) && open.status == 200, "{}", open.body);
    assert!(location(&world.submit(&challenge, "action=approve").await).starts_with("https://shop.example/ok"));

    for (provider, reference) in [(211, "bank"), (212, "wallet")] {
        let payer = Payer::new(&world, reference, "10.05", settings.clone()).await;
        let page = location(&payer.pay(&format!("provider_id={provider}")).await);
        assert!(page.starts_with(&world.url("/sim/pay/")), "{page}");
        assert!(location(&world.submit(&page, "action=approve").await).starts_with("https://shop.example/ok"));
    }
    let payer = Payer::new(&world, "voucher", "10.05", settings).await;
    let back = location(&payer.pay("provider_id=213&voucher_code=1234-5678+1234+5678").await);
    assert!(back.starts_with("https://shop.example/ok"), "{back}");

    for reference in ["card", "3ds", "bank", "wallet", "voucher"] {
        assert_eq!(world.status(reference).await, "successful", "{reference}");
    }
    assert_eq!(world.charges().await.len(), 5);
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn without_a_shop_to_return_to_the_page_is_the_receipt() {
    let world = World::start().await;
    let payer = Payer::new(&world, "receipt", "10.05", json!({"settings": {"locale": "de-AT"}})).await;
    assert!(payer.page().await.body.contains("<html lang=\"de\">"));
    let back = location(&payer.pay(&format!("{CARD}{GOOD}")).await);
    assert_eq!(back, world.url(&payer.path));
    let receipt = payer.page().await;
    assert!(
        receipt.body.contains("Die Zahlung ist abgeschlossen") && receipt.body.contains("10,05 EUR"),
        "{}",
        receipt.body
    );
    assert_eq!(payer.polled().await, json!({"transaction_status": "successful", "expires_in": 0, "return_url": back}));
    world.advance(Duration::from_secs(25 * 3_600)).await;
    assert_eq!(payer.page().await.status, 410);
}

/// Bad input: the page again, with what is wrong beside the field, what was entered kept, and no card data in it.
#[tokio::test]
async fn a_faulty_form_says_how_to_mend_it() {
    let world = World::start().await;
    let payer = Payer::new(&world, "faulty", "10.05", json!({})).await;
    let nonce = payer.nonce().await;
    let faulty = async |form: &str, expected: &[&str]| {
        let answer = payer.send(&nonce, form).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        let page = answer.text().await.expect("text");
        for part in expected {
            assert!(page.contains(part), "{form}: {part} is not in {page}");
        }
        page
    };
    let wrong =
        "provider_id=210&holder_name=Zo%C3%AB+%3Cb%3E&card_number=4111111111111112&cvc=98&exp_month=13&exp_year=29";
    let page = faulty(wrong, &["A digit is wrong", "Enter the 3 digits", "1 to 12", "Zo\u{eb} &#60;b&#62;"]).await;
    assert!(!page.contains("411111") && !page.contains("\"98\""), "card data came back: {page}");
    faulty("provider_id=213&voucher_code=123", &["Enter the 16 digits of the voucher"]).await;
    faulty("provider_id=216", &["Choose how you want to pay"]).await;
    faulty("", &["Choose how you want to pay"]).await;
    let stale = payer.send("stale", &format!("{CARD}{GOOD}")).await;
    assert_eq!(stale.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(stale.text().await.expect("text").contains("This page was out of date"));
    assert!(world.charges().await.is_empty());
    // The same page's nonce is still good for the attempt itself.
    assert_eq!(payer.send(&nonce, &format!("{CARD}{GOOD}")).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(world.status("faulty").await, "successful");
}

/// The payer's choice of amount: within all limits, and what was paid is what everybody is told.
#[tokio::test]
async fn an_open_amount_is_the_payers_choice() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let more = json!({
        "amount_restricted": false, "customer": {"max_deposit_limit": 50},
        "settings": {"webhook_url": receiver.url()}
    });
    let payer = Payer::new(&world, "open", "10.05", more).await;
    assert!(payer.page().await.body.contains("From 0.01 EUR to 50.00 EUR"));
    for (amount, said) in
        [("50.01", "Enter an amount from"), ("1,000", "such as 10.05"), ("0", "such as"), ("", "such as")]
    {
        let answer = payer.pay(&format!("{CARD}{GOOD}&amount={amount}")).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{amount}");
        let page = answer.text().await.expect("text");
        assert!(
            page.contains(said)
                && page.contains(&format!("value=\"{}\"", if amount.is_empty() { "10.05" } else { amount })),
            "{amount}: {page}"
        );
    }
    location(&payer.pay(&format!("{CARD}{GOOD}&amount=20.5")).await);
    assert_eq!(receiver.wait_for(1).await[0].field("amount"), "20.50");
    let list = get(&world, "/v1/transactions").await.json();
    assert_eq!(list[0]["provider"]["credited_amount"]["value"], 20.5);
    assert_eq!(world.charges().await[0].amount.decimal(), "20.50");
    // A restricted amount is not the payer's, whatever a form says.
    let payer = Payer::new(&world, "fixed", "10.05", json!({})).await;
    location(&payer.pay(&format!("{CARD}{GOOD}&amount=0.01")).await);
    // The simulator lists by reference, which is as good as by chance.
    let mut charged: Vec<String> = world.charges().await.iter().map(|charge| charge.amount.decimal()).collect();
    charged.sort();
    assert_eq!(charged, ["10.05", "20.50"]);
    world.assert_book_agrees().await;
}

/// The script and the headers that keep foreign pages out.
#[tokio::test]
async fn only_registered_sites_may_frame_the_page() {
    let world = World::start().await;
    // The demo's own credential admits shops on the developer's machine.
    let plain = Payer::new(&world, "plain", "10.05", json!({})).await;
    let policy = plain.page().await.header("content-security-policy").to_owned();
    assert!(
        policy.contains("frame-ancestors 'self' http://localhost:*;")
            && policy.contains("default-src 'none'; script-src 'self'"),
        "{policy}"
    );

    let origins =
        json!({"origins": ["https://shop.example", "http://localhost:*", "https://evil.example/; script-src *"]});
    let key = credential(&world, 77, |credential| credential.settings = origins).await;
    let body = json!({"request": {"user_id": "U1", "tracking_id": "framed", "amount": 1, "currency": "EUR"}});
    let made = world.post("/v1/payments/hosted").header("x-api-key", &key).json(&body).send().await.expect("an answer");
    let url = made.headers()["x-cashier-url"].to_str().expect("text").to_owned();
    let payer = Payer { world: &world, path: url.replace(&world.url(""), "") };
    let page = payer.page().await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'self' https://shop.example http://localhost:*;"), "{policy}");
    assert!(!policy.contains("evil"), "{policy}");
    assert_eq!((page.header("cache-control"), page.header("referrer-policy")), ("no-store", "no-referrer"));
    assert!(page.header("set-cookie").is_empty());

    // In the frame the payer stays on our page: a challenge may be framed, and its end is told by the page.
    let nonce = payer.nonce().await;
    let framed = world.post(&format!("{}/pay", payer.path)).header("sec-fetch-dest", "iframe");
    let form = format!("nonce={nonce}&{CARD}{CHALLENGED}");
    let challenge = location(&framed.body(form).send().await.expect("an answer"));
    let policy = world.open(&challenge).await.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains("https://shop.example"), "{policy}");
    let path = challenge.replace(&world.url(""), "");
    let answered =
        world.post(&path).header("sec-fetch-dest", "iframe").body("action=approve").send().await.expect("an answer");
    assert_eq!(location(&answered), url);

    let script = Answer::of(world.get("/cashier.js").send().await.expect("an answer")).await;
    assert!(script.body.contains("FlorinCashier") && script.body.len() < 4096);
    assert_eq!(script.header("cache-control"), "public, max-age=3600");
}

#[tokio::test]
async fn a_blocked_payer_is_told_politely() {
    let world = World::start().await;
    let payer = Payer::new(&world, "blocked", "10.05", json!({})).await;
    let nonce = payer.nonce().await;
    let mut merchant = demo_merchant(&world);
    merchant.blocked_payers = vec!["127.0.0.0/8".parse().expect("a range")];
    merchant.brand.accent = "#0a7d4f".to_owned();
    let row = florin_engine::setup::merchant_row(&merchant, world.engine().keyring());
    world.engine().store().put_config(vec![row]).await.expect("written");
    world.engine().reload_directory().await.expect("read");
    assert_eq!(merchant.id, demo::MERCHANT);
    let page = payer.page().await;
    assert_eq!(page.status, 403);
    assert!(
        page.body.contains("You cannot pay from this connection") && page.body.contains("--accent:#"),
        "{}",
        page.body
    );
    assert_eq!(payer.send(&nonce, &format!("{CARD}{GOOD}")).await.status(), StatusCode::FORBIDDEN);
    assert!(world.charges().await.is_empty());
}
