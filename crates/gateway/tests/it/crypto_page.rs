//! The payer's page of a coin payment.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::crypto::Till;

#[tokio::test]
async fn the_payers_page_and_the_test_wallet_need_no_script() {
    let till = Till::open().await;
    let payment = till.starts(&[("locale", "de_DE_formal")]).await;
    let page = till.world.open(payment["access_url"].as_str().expect("a link")).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(
        page.headers()["content-security-policy"].to_str().is_ok_and(|policy| policy.starts_with("default-src 'none'"))
    );
    let text = page.text().await.expect("text");
    assert!(
        text.contains("0.00079744 BTC")
            && text.contains("Adresse")
            && text.contains("/api/qr/?f=svg&#38;d=bitcoin%3Abcrt1"),
        "{text}"
    );
    let wallet = payment["sandbox_wallet_url"].as_str().expect("a link");
    assert!(till.world.open(wallet).await.text().await.expect("text").contains("Pay half"));
    assert_eq!(till.world.submit(wallet, "do=exact").await.status(), StatusCode::SEE_OTHER);
    till.stands(&payment, &[("state", json!("processing"))]).await;
    assert_eq!(till.world.submit(wallet, "do=mine").await.status(), StatusCode::SEE_OTHER);
    let text = till.world.open(payment["access_url"].as_str().expect("a link")).await.text().await.expect("text");
    assert!(text.contains("Bezahlt"), "{text}");
    let image = till.world.open(payment["qr_img"].as_str().expect("a link")).await;
    assert_eq!((image.status(), image.headers()["content-type"].to_str().ok()), (StatusCode::OK, Some("image/png")));
    assert!(image.bytes().await.expect("bytes").starts_with(b"\x89PNG"));
    for foreign in [
        "https%3A%2F%2Fevil.example",
        "bitcoin%3Abcrt1qwrong",
        "",
        "bitcoin%3Abcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk%3Fpj%3Dx",
    ] {
        let refused = till.world.get(&format!("/api/qr?d={foreign}")).send().await.expect("an answer");
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{foreign}");
    }
    let nowhere = till.world.get(&format!("/pay/{}", "a".repeat(64))).send().await.expect("an answer");
    assert_eq!(nowhere.status(), StatusCode::NOT_FOUND);
}

/// The answer of a page's script's question, and the page itself.
async fn seen(till: &Till, page: &str) -> (Value, String) {
    let told = till.world.open(&format!("{page}/status")).await;
    assert_eq!(told.headers()["cache-control"], "no-store");
    (told.json().await.expect("JSON"), till.world.open(page).await.text().await.expect("text"))
}

#[tokio::test]
async fn the_page_says_what_it_shows_so_that_a_script_knows_when_to_draw_it_anew() {
    let till = Till::open().await;
    // Of an amount that needs two blocks: the chain makes one every ten seconds by itself.
    let payment = till.starts(&[("invoice_amount", "4825.00")]).await;
    let (amount, page) = (payment["amount"].as_str().expect("a text"), payment["access_url"].as_str().expect("a link"));
    let (waiting, text) = seen(&till, page).await;
    assert!(waiting["expires_in"].as_i64().is_some_and(|left| (600..=900).contains(&left)), "{waiting}");
    assert_eq!(waiting["goes_on"], json!(true));
    assert!(text.contains(&format!("data-shows=\"{}\"", waiting["shows"].as_str().expect("a text"))), "{text}");
    for part in ["role=\"timer\"", " minutes</span>", "<noscript><meta http-equiv", "/static/coins.js"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains(&format!("data-copy=\"{amount}\"")), "{text}");
    assert_eq!(seen(&till, page).await.0["shows"], waiting["shows"], "nothing happened");

    till.pays(&payment, "under").await;
    let (missing, text) = seen(&till, page).await;
    assert_ne!(missing["shows"], waiting["shows"]);
    let left = till.checks(&payment).await["underpayment"]["missing_amount"].as_str().expect("a text").to_owned();
    for part in [
        format!("still to send of {amount} BTC (4,825.00 EUR)"),
        format!("amount%3D{left}"),
        format!("data-copy=\"{left}\""),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }
    till.pays(&payment, "rest").await;
    let (under_way, text) = seen(&till, page).await;
    assert!(text.contains(" of 2</dd>") && !text.contains("class=\"qr\""), "{text}");
    assert_eq!((&under_way["expires_in"], &under_way["goes_on"]), (&json!(0), &json!(true)));
    till.mines("2").await;
    let (paid, text) = seen(&till, page).await;
    assert_ne!(paid["shows"], under_way["shows"]);
    assert_eq!(paid["goes_on"], json!(false), "nothing is awaited");
    assert!(!text.contains("<noscript><meta http-equiv"), "{text}");
    let nowhere = till.world.get(&format!("/pay/{}/status", "a".repeat(64))).send().await.expect("an answer");
    assert_eq!(nowhere.status(), StatusCode::NOT_FOUND);
    till.closes().await;
}

#[tokio::test]
async fn coins_that_were_not_taken_and_go_back_are_named_on_the_page() {
    let till = Till::open().await;
    let payment = till.starts(&[]).await;
    let page = payment["access_url"].as_str().expect("a link");
    till.pays(&payment, "over").await;
    till.mines("3").await;
    let excess = till.checks(&payment).await["refund_amount_opened"].as_str().expect("a text").to_owned();
    let text = seen(&till, page).await.1;
    assert!(text.contains(&format!("You sent {excess} BTC more than was asked for.")), "{text}");
    let to = "bcrt1qd7spv5q28348xl4myc8zmh983w5jx32cs707jh";
    till.told("RefundPayment", &Till::of(&payment, &[("address_out", to), ("refund_amount", &excess)])).await;
    let (told, text) = seen(&till, page).await;
    assert_eq!(told["goes_on"], json!(true), "it is awaited");
    assert!(text.contains(&format!("{excess} BTC is on its way back to you.")), "{text}");
    till.is_refunded(&payment).await;
    assert!(seen(&till, page).await.1.contains(&format!("{excess} BTC was sent back to you.")));
    till.closes().await;
}
