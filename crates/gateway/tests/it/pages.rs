//! The payer's side in test mode, by plain form posts as a browser without scripts sends them.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::world::{Receiver, World};

const CHALLENGED: &str = "4000000000003220";

fn links() -> Value {
    json!({"settings": {
        "success_url": "https://shop.example/ok?basket=7#top",
        "failure_url": "https://shop.example/no",
        "pending_url": "https://shop.example/wait"
    }})
}

fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    answer.headers()["location"].to_str().expect("text").to_owned()
}

fn url(answer: &Value) -> &str {
    answer["url"].as_str().filter(|url| !url.is_empty()).unwrap_or_else(|| panic!("no page in {answer}"))
}

/// Every page, every button: where the payer goes and what became of the payment.
#[tokio::test]
async fn buttons_do_what_they_say() {
    let world = World::start().await;
    let mut count = 0;
    let mut check = async |provider: i64, amount: &str, form: &str, path: &str, status: &str| {
        count += 1;
        let reference = format!("button-{count}");
        let asked = match provider {
            210 => world.pay_by_card(&reference, CHALLENGED, amount, links()).await,
            other => world.pay_at_page(&reference, other, amount, links()).await,
        };
        assert_eq!(asked["transaction_status"], "pending", "{asked}");
        let page = world.open(url(&asked)).await;
        assert_eq!(page.status(), StatusCode::OK);
        let back = location(&world.submit(url(&asked), form).await);
        let expected = format!("https://shop.example/{path}");
        assert!(back.starts_with(&expected), "{provider} {form}: {back}");
        assert!(back.contains(&format!("tracking_id={reference}&status={status}")), "{back}");
        assert_eq!(world.status(&reference).await, status, "{provider} {amount} {form}");
    };
    for provider in [210, 211, 212, 213] {
        check(provider, "10.05", "action=approve", "ok?basket=7&transaction_id=", "successful").await;
        check(provider, "10.05", "action=decline", "no?", "rejected").await;
        check(provider, "10.05", "action=cancel", "no?", "rejected").await;
        check(provider, "10.05", "action=pending", "wait?", "pending").await;
        check(provider, "9051.00", "action=approve", "no?", "rejected").await;
    }
    check(213, "10.05", "voucher_code=1234567812345678", "ok?", "successful").await;
    check(213, "10.05", "voucher_code=1234+5678-1234+0000", "no?", "rejected").await;
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_late_answer_comes_by_the_clock() {
    let world = World::start().await;
    let asked = world.pay_at_page("late", 211, "10.05", links()).await;
    world.submit(url(&asked), "action=pending").await;
    assert_eq!(world.status("late").await, "pending");
    world.advance(Duration::from_secs(31)).await;
    world.status_becomes("late", "successful").await;
}

#[tokio::test]
async fn looking_moves_no_money() {
    let world = World::start().await;
    let asked = world.pay_by_card("look", CHALLENGED, "10.05", links()).await;
    for method in [reqwest::Method::GET, reqwest::Method::HEAD] {
        let path = url(&asked).replace(&world.url(""), "");
        let answer = world.request(method, &format!("{path}?action=approve")).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
    }
    assert_eq!(world.status("look").await, "pending");
    assert!(world.charges().await.is_empty());
}

#[tokio::test]
async fn a_page_is_answered_once() {
    let world = World::start().await;
    let asked = world.pay_by_card("once", CHALLENGED, "10.05", links()).await;
    let first = location(&world.submit(url(&asked), "action=approve").await);
    let again = location(&world.submit(url(&asked), "action=decline").await);
    assert_eq!(first, again);
    let page = world.open(url(&asked)).await.text().await.expect("text");
    assert!(page.contains("answered already") && page.contains("Return to Demo Shop"), "{page}");
    assert_eq!(world.charges().await.len(), 1);
}

#[tokio::test]
async fn the_challenge_has_one_token() {
    let world = World::start().await;
    let asked = world.pay_by_card("token", CHALLENGED, "234567.89", json!({})).await;
    let token = url(&asked).rsplit('/').next().expect("a token");
    assert!(token.len() == 50 && url(&asked) == world.url(&format!("/3ds/{token}")));
    let page = world.open(url(&asked)).await.text().await.expect("text");
    assert!(page.contains("234,567.89 EUR") && page.contains("ending in 3220") && page.contains("Test mode"), "{page}");
    let other = if token.ends_with('x') { 'y' } else { 'x' };
    for path in [format!("/3ds/{}{other}", &token[..49]), format!("/cashier/{token}"), "/3ds/short".to_owned()] {
        let answer = world.get(&path).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

/// Some issuers want to see the browser before the challenge, in a frame that shows nothing.
#[tokio::test]
async fn an_issuers_method_page_shows_and_changes_nothing() {
    let world = World::start().await;
    let asked = world.pay_at_page("method", 210, "10.05", links()).await;
    let page = url(&asked).to_owned();
    let card = "card_number=4200000000000042&holder_name=John+Doe&exp_month=05&exp_year=2030&cvc=123&nonce=x";
    let challenge = location(&world.submit(&page, card).await);
    let answer = world.submit(&format!("{}/method", world.url(&challenge)), "threeDSMethodData=eyJ0").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!answer.text().await.expect("text").contains("form"));
    assert_eq!(world.status("method").await, "pending");
    let nobody = world.submit(&world.url("/sim/3ds/000000000000000/method"), "").await;
    assert_eq!(nobody.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_are_locked_down() {
    let world = World::start().await;
    let asked = world.pay_at_page("headers", 211, "10.05", links()).await;
    let page = world.open(url(&asked)).await;
    let header = |name: &str| page.headers()[name].to_str().expect("text").to_owned();
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'self'") && policy.contains("frame-ancestors 'self'"));
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    assert!(!page.text().await.expect("text").contains("<script"));
}

#[tokio::test]
async fn a_bad_card_form_is_shown_again_without_the_number() {
    let world = World::start().await;
    // A page that asks for the card: the direct operation on the card simulator.
    let asked = world.pay_at_page("card-form", 210, "10.05", links()).await;
    let bad = "holder_name=John+%3CDoe%3E&card_number=4111111111111112&cvc=98765&exp_month=13&exp_year=2030";
    let answer = world.submit(url(&asked), bad).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = answer.text().await.expect("text");
    for part in ["A digit is wrong", "Enter 1 to 12.", "Enter the 3 digits", "John &#60;Doe&#62;", "value=\"2030\""] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("4111111111111112") && !page.contains("98765"), "{page}");
    assert_eq!(world.submit(url(&asked), "action=perhaps").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.submit(url(&asked), "action=approve").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.status("card-form").await, "pending");

    let good = "holder_name=John+Doe&card_number=4111+1111+1111+1111&cvc=987&exp_month=1&exp_year=30&action=approve";
    assert!(location(&world.submit(url(&asked), good).await).starts_with("https://shop.example/ok"));
    assert_eq!(world.status("card-form").await, "successful");
}

#[tokio::test]
async fn a_card_form_can_lead_to_a_challenge() {
    let world = World::start().await;
    let asked = world.pay_at_page("card-3ds", 210, "10.05", links()).await;
    let form = format!("holder_name=John+Doe&card_number={CHALLENGED}&cvc=987&exp_month=1&exp_year=30");
    let next = location(&world.submit(url(&asked), &form).await);
    assert!(next.starts_with("/sim/3ds/"), "{next}");
    // The card page leads on to the challenge, and the card form sent twice does not answer it.
    assert_eq!(location(&world.open(url(&asked)).await), next);
    assert_eq!(location(&world.submit(url(&asked), &form).await), next);
    assert_eq!(world.status("card-3ds").await, "pending");
    let back = location(&world.submit(&world.url(&next), "action=approve").await);
    assert!(back.starts_with("https://shop.example/ok"), "{back}");
}

#[tokio::test]
async fn time_runs_out() {
    let world = World::start().await;
    let asked = world.pay_at_page("slow", 211, "10.05", links()).await;
    world.advance(Duration::from_secs(31 * 60)).await;
    let page = world.open(url(&asked)).await;
    assert_eq!(page.status(), StatusCode::GONE);
    assert_eq!(world.submit(url(&asked), "action=approve").await.status(), StatusCode::GONE);
    world.status_becomes("slow", "rejected").await;
    assert!(world.charges().await.is_empty());
}

#[tokio::test]
async fn without_a_shop_to_return_to_there_is_a_receipt_for_a_day() {
    let world = World::start().await;
    let asked = world.pay_at_page("receipt", 211, "10.05", json!({})).await;
    let receipt = location(&world.submit(url(&asked), "action=approve").await);
    assert!(receipt.starts_with(&world.url("/cashier/")), "{receipt}");
    let page = world.open(&receipt).await.text().await.expect("text");
    for part in ["10.05 EUR", "Demo Shop", "The payment is complete", "receipt", "Bank transfer"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    world.advance(Duration::from_secs(23 * 3_600)).await;
    assert_eq!(world.open(&receipt).await.status(), StatusCode::OK);
    world.advance(Duration::from_secs(2 * 3_600)).await;
    assert_eq!(world.open(&receipt).await.status(), StatusCode::GONE);
    assert_eq!(world.open(&world.url("/cashier/unknown")).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_demo_shop_receives_signed_webhooks() {
    let world = World::start().await;
    let settings = json!({"settings": {"webhook_url": world.url("/sim/inbox")}});
    world.pay_by_card("inbox", "4000000000009995", "10.05", settings).await;
    let letters = async {
        loop {
            let request = world.get("/sim/inbox").header("accept", "application/json");
            let letters: Value = request.send().await.expect("an answer").json().await.expect("JSON");
            if let Some(letter) = letters.get(0) {
                return letter.clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let letter = tokio::time::timeout(crate::world::SOON, letters).await.expect("a webhook arrives");
    assert_eq!(letter["webhook_signature_valid"], true, "{letter}");
    assert_eq!(letter["x_signature_valid"], true, "{letter}");
    assert_eq!(letter["body"]["rejected_reason"], "Insufficient funds", "{letter}");
    let page = world.get("/sim/inbox").send().await.expect("an answer").text().await.expect("text");
    assert!(page.contains("Signatures right"), "{page}");
    let forged = world.post("/sim/inbox").body("{}").send().await.expect("an answer");
    assert_eq!(forged.status(), StatusCode::UNAUTHORIZED);
}

/// The stage's own receiver: what other tests rely on.
#[tokio::test]
async fn a_receiver_that_comes_back_gets_what_it_missed() {
    let world = World::start().await;
    let mut receiver = Receiver::start().await;
    receiver.close().await;
    let settings = json!({"settings": {"webhook_url": receiver.url()}});
    world.pay_by_card("missed", "4111111111111111", "10.05", settings).await;
    world.status_becomes("missed", "successful").await;
    receiver.open().await;
    assert!(receiver.received().is_empty());
    world.advance(Duration::from_secs(5 * 60)).await;
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].field("status"), "successful");
    assert!(received[0].header("webhook-id").starts_with("msg_"));
}
