//! Transaction services: the page that a shop's form sends the payer to.

use reqwest::Response;
use serde_json::json;

use crate::ts::{digest, form, with};
use crate::ts_notices::set;
use crate::world::{Receiver, World};

const CARD: &str = "4000000000000051";
const DECLINED: &str = "4000000000009995";

/// The shop's form, signed.
fn signed<'f>(world: &World, fields: &[(&'f str, &'f str)]) -> Vec<(String, String)> {
    let (member, _, key) = world.demo().member();
    let sent = |names: [&str; 2]| {
        let found = fields.iter().find(|(name, _)| names.contains(name));
        found.map_or("", |(_, value)| *value)
    };
    let reference = sent(["merchantTransactionId", "description"]);
    let url = sent(["merchantRedirectUrl", "redirecturl"]);
    let sum = digest(&[member, sent(["totype", ""]), sent(["amount", ""]), reference, url, key.expose()]);
    let owned = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    owned.chain([("memberId".to_owned(), member.to_owned()), ("checksum".to_owned(), sum)]).collect()
}

fn order<'f>(reference: &'f str, amount: &'f str) -> Vec<(&'f str, &'f str)> {
    vec![
        ("totype", "Florin"),
        ("amount", amount),
        ("currency", "USD"),
        ("merchantTransactionId", reference),
        ("merchantRedirectUrl", "https://shop.example/return"),
    ]
}

async fn send(world: &World, fields: &[(String, String)]) -> Response {
    let body = form(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    world.submit(&world.url("/transaction/Checkout"), &body).await
}

/// Opens a session; its address.
async fn open(world: &World, fields: &[(&str, &str)]) -> String {
    let answer = send(world, &signed(world, fields)).await;
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap_or_default());
    answer.headers()["location"].to_str().expect("text").to_owned()
}

async fn text(response: Response) -> String {
    response.text().await.expect("a page")
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let from = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&from).unwrap_or_else(|| panic!("no {name} in {page}")).1;
    rest.split_once('"').expect("an end").0.to_owned()
}

/// Pays with a card on the page as it is drawn now.
async fn pay(world: &World, session: &str, number: &str) -> Response {
    let page = text(world.open(session).await).await;
    let card = [
        ("nonce", hidden(&page, "nonce")),
        ("provider_id", "210".to_owned()),
        ("card_number", number.to_owned()),
        ("exp_month", "07".to_owned()),
        ("exp_year", "2030".to_owned()),
        ("cvc", "745".to_owned()),
        ("holder_name", "Jon Doe".to_owned()),
    ];
    world.submit(&format!("{session}/pay"), &form(card.iter().map(|(name, value)| (*name, value.as_str())))).await
}

#[tokio::test]
async fn a_payer_pays_on_the_page_and_comes_back() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let url = receiver.url();
    let fields = with(&order("ORDER-1001", "1,234.50"), &[("notificationUrl", &url), ("createRegistration", "true")]);
    let session = open(&world, &fields).await;
    assert_eq!(open(&world, &fields).await, session, "the same session while it is open");
    let page = text(world.open(&session).await).await;
    for part in ["1,234.50", "card_number", "exp_month", "exp_year", "cvc", "holder_name", "Demo Shop", "cc-number"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert_eq!(world.ts_inquire("ORDER-1001").await.line(), "200 00026 P begun");
    let back = pay(&world, &session, CARD).await;
    assert_eq!(back.status(), 200);
    assert_eq!(receiver.received().len(), 1, "the shop was told before the payer comes back");
    let page = text(back).await;
    assert!(page.contains(r#"action="https://shop.example/return""#), "{page}");
    let id = hidden(&page, "paymentId");
    let (_, _, key) = world.demo().member();
    assert_eq!(hidden(&page, "checksum"), digest(&[&id, "ORDER-1001", "1234.50", "Y", key.expose()]));
    assert_eq!(hidden(&page, "token").len(), 32);
    let found = world.ts_inquire(&id).await;
    assert_eq!((found.line().as_str(), found.at("/amount")), ("200 00026 Y capturesuccess", "1234.50"));
    assert_eq!((found.at("/paymentBrand"), found.at("/terminalId")), ("VISA", "19671"));
    // The same form again leads to what became of it.
    assert_eq!(open(&world, &fields).await, session);
    assert!(text(world.open(&session).await).await.contains("/transaction/PGRRedirect"));
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_payer_may_try_three_times() {
    let world = World::start().await;
    let fields = order("T1", "50.00");
    let session = open(&world, &fields).await;
    for _ in 0..2 {
        let again = pay(&world, &session, DECLINED).await;
        assert_eq!(
            (again.status().as_u16(), again.headers()["location"].to_str().expect("text")),
            (303, session.as_str())
        );
        assert!(text(world.open(&session).await).await.contains("There is not enough money available."));
    }
    let back = text(pay(&world, &session, DECLINED).await).await;
    assert_eq!((hidden(&back, "status"), hidden(&back, "resultCode")), ("N".to_owned(), "11051".to_owned()));
    // A failed reference may be tried again, in a session of its own.
    let second = open(&world, &fields).await;
    assert_ne!(second, session);
    assert_eq!(hidden(&text(pay(&world, &second, CARD).await).await, "status"), "Y");
    assert_eq!(world.ts_inquire("T1").await.line(), "200 00026 Y capturesuccess");
    let other = send(&world, &signed(&world, &with(&fields, &[("amount", "51.00")]))).await;
    assert_eq!(other.status(), 409);
    assert!(text(other).await.contains("20010"));
}

#[tokio::test]
async fn one_form_makes_one_attempt() {
    let world = World::start().await;
    let session = open(&world, &order("O1", "50.00")).await;
    let page = text(world.open(&session).await).await;
    let nonce = hidden(&page, "nonce");
    let body = format!(
        "nonce={nonce}&provider_id=210&card_number={DECLINED}&exp_month=07&exp_year=2030&cvc=745&holder_name=Jon+Doe"
    );
    for _ in 0..3 {
        assert_eq!(world.submit(&format!("{session}/pay"), &body).await.status(), 303);
    }
    assert_eq!(world.payments().await[0].operations.len(), 1);
    let stale = world.submit(&format!("{session}/pay"), &body.replace(&nonce, "x")).await;
    assert_eq!(stale.status(), 422);
    let faulty = world
        .submit(
            &format!("{session}/pay"),
            &format!("nonce={}&provider_id=210", hidden(&text(world.open(&session).await).await, "nonce")),
        )
        .await;
    assert_eq!(faulty.status(), 422);
}

#[tokio::test]
async fn a_payer_may_give_up_or_go_to_a_bank() {
    let world = World::start().await;
    let session = open(&world, &order("B1", "50.00")).await;
    let nonce = hidden(&text(world.open(&session).await).await, "nonce");
    let left = world.submit(&format!("{session}/pay"), &format!("nonce={nonce}&provider_id=211")).await;
    assert_eq!(left.status(), 303);
    let step = left.headers()["location"].to_str().expect("text").to_owned();
    assert!(step.contains("/transaction/PGRRedirect?id="), "{step}");
    let back = text(world.submit(&step, "action=approve").await).await;
    assert_eq!((hidden(&back, "status"), hidden(&back, "paymentMode")), ("Y".to_owned(), "NB".to_owned()));

    let session = open(&world, &order("B2", "50.00")).await;
    let nonce = hidden(&text(world.open(&session).await).await, "nonce");
    let back = text(world.submit(&format!("{session}/cancel"), &format!("nonce={nonce}")).await).await;
    assert_eq!((hidden(&back, "status"), hidden(&back, "longStatus")), ("C".to_owned(), "cancelled".to_owned()));
}

/// A brand alone says how it is paid; what plugins make up says nothing.
#[tokio::test]
async fn a_brand_steers_the_page() {
    let world = World::start().await;
    for (reference, brand, card, bank) in
        [("S1", "VISA", true, false), ("S2", "sepa", false, true), ("S3", "1_1", true, true), ("S4", "", true, true)]
    {
        let session = open(&world, &with(&order(reference, "50.00"), &[("paymentBrand", brand)])).await;
        let page = text(world.open(&session).await).await;
        assert_eq!((page.contains("card_number"), page.contains("value=\"211\"")), (card, bank), "{brand}: {page}");
    }
}

/// A terminal that takes some cards only takes no others on its page.
#[tokio::test]
async fn a_terminals_card_brands_hold_on_the_page() {
    let world = World::start().await;
    set(&world, json!({"terminals": [{"terminal_id": "19671", "card_brands": ["VISA"]}]})).await;
    let session = open(&world, &order("V1", "50.00")).await;
    let refused = pay(&world, &session, "5101082187256503").await;
    assert_eq!(refused.status(), 422);
    assert!(world.payments().await[0].operations.is_empty());
    assert_eq!(hidden(&text(pay(&world, &session, CARD).await).await, "status"), "Y");
}

#[tokio::test]
async fn old_names_in_any_case_are_taken() {
    let world = World::start().await;
    let (member, _, key) = world.demo().member();
    let sum = digest(&[member, "195", "50.00", "OLD-1", "https://shop.example/return", key.expose()]);
    let body = form([
        ("TOID", member),
        ("TOTYPE", "195"),
        ("Amount", "50.00"),
        ("DESCRIPTION", "OLD-1"),
        ("RedirectURL", "https://shop.example/return"),
        ("checksum", &sum),
        ("key", "a secret that leaked"),
        ("pctype", "1_1|1_2"),
        ("paymenttype", "1"),
        ("TMPL_CURRENCY", "USD"),
        ("TMPL_AMOUNT", "50.00"),
    ]);
    let answer = world.submit(&world.url("/transaction/PayProcessController"), &body).await;
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap_or_default());
    let found = world.ts_inquire("OLD-1").await;
    assert_eq!((found.at("/currency"), found.at("/tmpl_amount")), ("USD", "50.00"));
}

#[tokio::test]
async fn what_is_wrong_is_said_on_a_page() {
    let world = World::start().await;
    let check = async |fields: Vec<(String, String)>, parts: &[&str]| {
        let answer = send(&world, &fields).await;
        assert_eq!(answer.status(), 400, "{fields:?}");
        assert!(answer.headers()["content-type"].to_str().expect("text").starts_with("text/html"));
        let page = text(answer).await;
        for part in parts {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!page.contains("shop.example"), "nobody signed that address: {page}");
    };
    let changed = |name: &str, value: &str| {
        let fields = signed(&world, &order("W1", "50.00"));
        let kept = fields.into_iter().filter(|(known, _)| known != name);
        kept.chain((!value.is_empty()).then(|| (name.to_owned(), value.to_owned()))).collect::<Vec<_>>()
    };
    check(changed("checksum", "0123456789abcdef0123456789abcdef"), &["20006"]).await;
    check(changed("checksum", ""), &["20007", "checksum"]).await;
    check(changed("amount", "51.00"), &["20006"]).await;
    check(changed("memberId", "1"), &["20005"]).await;
    check(changed("totype", "another"), &["20007", "totype"]).await;
    check(changed("terminalid", "1"), &["20012"]).await;
    check(signed(&world, &order("W1", "1,2")), &["20007", "amount"]).await;
    check(signed(&world, &order("W1", "0.00")), &["20007", "amount"]).await;
    check(signed(&world, &with(&order("W1", "50.00"), &[("merchantRedirectUrl", "javascript:x")])), &["20007"]).await;
    assert!(world.payments().await.is_empty());
    assert_eq!(world.open(&world.url("/transaction/Checkout/nothing")).await.status(), 404);
}
