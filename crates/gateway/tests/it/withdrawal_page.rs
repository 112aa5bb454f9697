//! The payer's page of a withdrawal, by plain form posts as a browser without scripts sends them.

use std::time::Duration;

use florin_engine::directory::{OverdraftDev, Permission};
use florin_engine::setup;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cashier_calls::post;
use crate::cashier_hosted::{Payer, links, location};
use crate::cashier_keys::{credential, demo_merchant, put};
use crate::withdrawals::{CARD, IBAN, WALLET, approve, balance, open, reject, rules};
use crate::world::World;

async fn payer<'a>(world: &'a World, reference: &str, more: Value) -> Payer<'a> {
    let token = open(world, reference, "200.00", more).await;
    Payer::at(world, format!("/cashier/{token}"))
}

async fn held(world: &World) -> i64 {
    balance(world, "merchant:1:held").await
}

/// Theme, language, brand and name are those of the deposit's page; `theme` is part of the request.
#[tokio::test]
async fn it_looks_as_the_merchant_wants() {
    let world = World::start().await;
    let mut merchant = demo_merchant(&world);
    merchant.brand.accent = "#0a7d4f".to_owned();
    merchant.brand.logo = "data:image/png;base64,iVBORw0KGgo=".to_owned();
    put(&world, setup::merchant_row(&merchant, world.engine().keyring())).await;
    for (locale, lang, says) in [
        ("en", "en", "Where shall the money go?"),
        ("de-AT", "de", "Wohin soll das Geld gehen?"),
        ("es", "es", "¿Adónde enviamos el dinero?"),
        ("fr", "fr", "Où faut-il verser l’argent ?"),
    ] {
        let page = payer(&world, lang, json!({"theme": "dark", "settings": {"locale": locale}})).await.page().await;
        assert_eq!(page.status, 200);
        let parts = [
            "data-theme=\"dark\"",
            says,
            "--accent:#",
            "src=\"data:image/png",
            "<bdi>Demo Shop</bdi>",
            "data-status=\"pending\"",
        ];
        for part in parts.into_iter().chain([format!("<html lang=\"{lang}\"").as_str()]) {
            assert!(page.body.contains(part), "{lang}: {part} is not in {}", page.body);
        }
    }
    let body = json!({"request": {"user_id": "128", "tracking_id": "en", "amount": "200.00", "currency": "EUR",
        "mode": "test", "theme": "light", "settings": {"locale": "en"}}});
    assert_eq!(post(&world, "/v1/withdrawals/hosted", body.to_string()).await.code(), 9002, "another theme");
    let key = credential(&world, 7, |credential| {
        credential.permissions = vec![Permission::Withdrawals];
        credential.settings = json!({"theme": "light"});
    })
    .await;
    let body = json!({"request": {"user_id": "128", "tracking_id": "own", "amount": 1, "currency": "EUR"}});
    let made =
        world.post("/v1/withdrawals/hosted").header("x-api-key", key).json(&body).send().await.expect("an answer");
    let page = world.open(made.headers()["x-cashier-url"].to_str().expect("text")).await.text().await.expect("text");
    assert!(page.contains("data-theme=\"light\""), "the credential's own theme: {page}");
}

/// Bad input: the page again, with what is wrong beside the field, names kept, numbers not, and nothing written.
#[tokio::test]
async fn a_faulty_form_says_how_to_mend_it() {
    let world = World::start().await;
    let payer = payer(&world, "faulty", json!({})).await;
    let faulty = async |form: &str, expected: &[&str], secret: &str| {
        let answer = payer.pay(form).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        let page = answer.text().await.expect("text");
        for part in expected {
            assert!(page.contains(part), "{form}: {part} is not in {page}");
        }
        assert!(!page.contains(secret), "{form}: a number came back: {page}");
    };
    let marked = "aria-invalid=\"true\" aria-describedby=\"iban-note\"";
    faulty(
        &IBAN.replace("GB33", "GB34"),
        &["Check the IBAN", marked, "value=\"John Doe\"", "value=\"211\" checked"],
        "BUKB",
    )
    .await;
    faulty(&CARD.replace("1111&", "1112&"), &["A digit is wrong", "aria-describedby=\"card_number-note\""], "411111")
        .await;
    faulty("provider_id=210&card_number=4111", &["Enter the 12 to 19 digits", "Enter the name as it stands"], "4111\"")
        .await;
    faulty(
        "provider_id=212&wallet_id=my+wallet",
        &["Enter the wallet’s ID", "aria-describedby=\"wallet_id-note\""],
        "my wallet",
    )
    .await;
    faulty("provider_id=213&voucher_code=1", &["Choose where the money shall go"], "voucher_code").await;
    let stale = payer.send("stale", IBAN).await;
    assert_eq!(stale.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(stale.text().await.expect("text").contains("This page was out of date"));
    assert_eq!((held(&world).await, world.status("faulty").await.as_str()), (0, "pending"));
    assert_eq!(payer.polled().await["transaction_status"], "pending");
    assert!(payer.page().await.body.contains("Where shall the money go?"), "it is still to be confirmed");

    rules(&world, |rules| rules.overdraft_dev = OverdraftDev::UpTo(Vec::new())).await;
    let uncovered = payer.pay(IBAN).await;
    assert_eq!(uncovered.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = uncovered.text().await.expect("text");
    assert!(page.contains("cannot be made right now") && page.contains("value=\"John Doe\""), "{page}");
    assert_eq!(held(&world).await, 0);
}

/// Where the payer comes to, and what the page's script is told on the way.
#[tokio::test]
async fn the_page_tells_where_it_stands() {
    let world = World::start().await;
    let cash = payer(&world, "told", json!({})).await;
    let left = cash.polled().await["expires_in"].as_i64().expect("seconds");
    assert!((1_700..=1_800).contains(&left), "{left}");
    assert_eq!(location(&cash.pay(IBAN).await), world.url(&cash.path));
    let page = cash.page().await.body;
    let poll = format!("data-poll=\"{}/status\"", cash.path);
    for part in ["Your withdrawal is being checked", "Bank account ending in 5555", &poll, "Check again"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert_eq!(cash.polled().await, json!({"transaction_status": "pending"}), "nothing expires any more");
    assert_eq!(approve(&world, "told").await.status, 200);
    world.status_becomes("told", "successful").await;
    let paid = json!({"transaction_status": "successful", "expires_in": 0, "return_url": world.url(&cash.path)});
    assert_eq!(cash.polled().await, paid);
    assert!(cash.page().await.body.contains("was paid out"));
    world.advance(Duration::from_secs(25 * 3_600)).await;
    assert_eq!(cash.page().await.status, 410, "receipts are kept 24 hours");

    let cash = payer(&world, "rejected", json!({"settings": links()})).await;
    assert!(location(&cash.pay(WALLET).await).starts_with("https://shop.example/wait?"));
    assert_eq!(reject(&world, "rejected").await.status, 200);
    let page = cash.page().await.body;
    assert!(page.contains("did not approve") && page.contains("https://shop.example/no?"), "{page}");

    let unknown = world.get("/cashier/nothing/status").send().await.expect("an answer");
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert!(unknown.text().await.expect("text").contains("9020"));
}

/// After its time the page says so, whether anybody has noted it or not, and takes no form.
#[tokio::test]
async fn the_time_to_confirm_ends() {
    let world = World::start().await;
    let payer = payer(&world, "late", json!({})).await;
    let nonce = payer.nonce().await;
    world.advance(Duration::from_secs(1_801)).await;
    for answer in [payer.send(&nonce, IBAN).await, payer.cancel(&nonce).await] {
        // By then a worker may have noted it: the way back is then to the receipt.
        assert!(matches!(answer.status(), StatusCode::GONE | StatusCode::SEE_OTHER), "{answer:?}");
    }
    let page = payer.page().await;
    assert!(page.status == 410 && page.body.contains("The time for this withdrawal is over"), "{}", page.body);
    world.status_becomes("late", "rejected").await;
    assert_eq!((payer.page().await.status, held(&world).await), (410, 0));
}

/// A frame keeps the payer on our page, and only registered sites may hold one.
#[tokio::test]
async fn only_registered_sites_may_frame_it() {
    let world = World::start().await;
    let key = credential(&world, 77, |credential| {
        credential.permissions = vec![Permission::Withdrawals];
        credential.settings = json!({"origins": ["https://shop.example", "https://evil.example/; script-src *"]});
    })
    .await;
    let body = json!({"request": {"user_id": "U1", "tracking_id": "framed", "amount": 1, "currency": "EUR", "settings": links()}});
    let made =
        world.post("/v1/withdrawals/hosted").header("x-api-key", key).json(&body).send().await.expect("an answer");
    let url = made.headers()["x-cashier-url"].to_str().expect("text").to_owned();
    let payer = Payer::at(&world, url.replace(&world.url(""), ""));
    let page = payer.page().await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("frame-ancestors 'self' https://shop.example;")
            && policy.contains("default-src 'none'; script-src 'self'"),
        "{policy}"
    );
    assert!(!policy.contains("evil") && page.body.contains("data-origins=\"https://shop.example\""), "{policy}");
    assert!(page.header("set-cookie").is_empty());
    let form = format!("nonce={}&{WALLET}", payer.nonce().await);
    let framed = world.post(&format!("{}/pay", payer.path)).header("sec-fetch-dest", "iframe").body(form);
    assert_eq!(location(&framed.send().await.expect("an answer")), url, "the payer stays in the frame");
    let page = payer.page().await;
    assert!(page.header("content-security-policy").contains("https://shop.example"), "its receipt may be framed, too");
}

#[tokio::test]
async fn a_blocked_payer_is_told_politely() {
    let world = World::start().await;
    let payer = payer(&world, "blocked", json!({"settings": {"locale": "fr"}})).await;
    let nonce = payer.nonce().await;
    let mut merchant = demo_merchant(&world);
    merchant.blocked_payers = vec!["127.0.0.0/8".parse().expect("a range")];
    put(&world, setup::merchant_row(&merchant, world.engine().keyring())).await;
    let page = payer.page().await;
    assert!(page.status == 403 && page.body.contains("pas faire de retrait depuis cette connexion"), "{}", page.body);
    assert_eq!(payer.send(&nonce, IBAN).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(held(&world).await, 0);
    assert_eq!(location(&payer.cancel(&nonce).await), world.url(&payer.path), "giving up is always possible");
}
