//! What the overview, the ledger and the operator's screens show is what the book says.

use florin_engine::office::{Figure, Period, Scope};
use florin_gateway::demo::MERCHANT;
use florin_kernel::PaymentId;
use florin_kernel::payment::Mode;
use florin_kernel::user::Role;
use reqwest::{StatusCode, header};
use serde_json::{Value, json};

use super::api::call;
use super::{Browser, PASSWORD, Page, add_merchant, add_user, ours};
use crate::withdrawals::{IBAN, confirmed};
use crate::world::{SOON, World};

const VISA: &str = "4111111111111111";
const OVERVIEW: &str = "/portal/m/1/dev";
const STATEMENT: &str = "/portal/m/1/dev/ledger/statement";
const ACCOUNT: &str = "account=merchant%3A1%3Aavailable&asset=EUR";

async fn get(world: &World, path: &str) -> Value {
    let (status, body) = call(world, "GET", path, &Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}

async fn owner(world: &World) -> Browser<'_> {
    add_user(world, "owner@example.com", ours(Role::Owner)).await;
    Browser::signed_in(world, "owner@example.com", PASSWORD).await
}

async fn operator(world: &World) -> Browser<'_> {
    let (email, password) = world.demo().operator();
    Browser::signed_in(world, email, password.expose()).await
}

/// A page that is there.
async fn opened(browser: &mut Browser<'_>, path: &str) -> Page {
    let page = browser.get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
    page
}

fn shows(page: &Page, texts: &[&str]) {
    for text in texts {
        assert!(page.text.contains(text), "{text} in {}", page.text);
    }
}

/// Every text between two others, in order.
fn all<'p>(page: &'p str, before: &str, after: &str) -> Vec<&'p str> {
    page.split(before).skip(1).map(|rest| rest.split(after).next().unwrap_or_default()).collect()
}

#[tokio::test]
async fn the_overview_tells_what_the_book_says() {
    let world = World::start().await;
    let mut owner = owner(&world).await;
    shows(
        &opened(&mut owner, OVERVIEW).await,
        &["No payments yet", "Nothing needs you now", "aria-current=\"true\">7 days"],
    );

    for (reference, amount) in [("a", "1234.50"), ("b", "20.05"), ("declined", "9051.00"), ("lost", "9101.00")] {
        world.pay_by_card(reference, VISA, amount, json!({})).await;
    }
    confirmed(&world, "out", "200.00", IBAN, json!({})).await;
    world.engine().office_count(PaymentId::from_number(i64::MAX)).await.expect("counted");

    for (word, period) in [("day", Period::Day), ("week", Period::Week), ("month", Period::Month)] {
        let page = opened(&mut owner, &format!("{OVERVIEW}?period={word}")).await;
        shows(
            &page,
            &[
                "1,254.55 EUR</span><br><span class=\"note nowrap\">2 transfers<",
                "1,254.55 EUR</strong>",
                "<svg class=\"chart\"",
                "66.6 %",
                "1 transaction has an unknown outcome",
                "1 withdrawal waits for approval",
                "Together 200.00 EUR",
                "Card Simulator",
            ],
        );
        let scope = Scope { mode: Mode::Dev, merchant: Some(MERCHANT) };
        let told = world.engine().office_overview(scope, period).await.expect("figures");
        assert_eq!(told.by_currency.len(), 1);
        assert_eq!(told.by_currency[0].now.of(Figure::Captured).minor, 125_455);
        let body = get(&world, &format!("/admin/v1/overview?merchant_id=1&mode=dev&period={word}")).await;
        assert_eq!(body["by_currency"][0]["now"]["captured"], json!({"amount": "1254.55", "count": 2}), "{body}");
        assert_eq!(body["by_currency"][0]["provider_id"], Value::Null, "{body}");
        assert_eq!(body["rates"]["now"]["approved_permille"], json!(666), "{body}");
        assert_eq!(body["open"]["unknown"], json!(1), "{body}");
        let steps = body["by_step"].as_array().expect("steps");
        assert_eq!(steps.iter().filter(|step| step["figures"]["captured"]["count"] != json!(0)).count(), 1, "{body}");
    }
    // The same in the account, less what is held for the withdrawal.
    let page = opened(&mut owner, &format!("{OVERVIEW}/ledger")).await;
    shows(&page, &["1,054.55 EUR", "200.00 EUR", "Available", "Held for withdrawals"]);
    assert!(!page.text.contains("Clearing"), "that is the operator's");
    let accounts = get(&world, "/admin/v1/ledger/accounts?merchant_id=1&mode=dev").await;
    let posted = |name: &str| {
        let found = accounts["accounts"].as_array()?.iter().find(|known| known["account"] == json!(name))?;
        found["posted"].as_str().map(str::to_owned)
    };
    assert_eq!(posted("merchant:1:available").as_deref(), Some("1054.55"));
    assert_eq!(posted("merchant:1:held").as_deref(), Some("200.00"));
    world.assert_book_agrees().await;
}

/// What somebody may not see is not told on the overview either.
#[tokio::test]
async fn the_overview_keeps_to_the_role() {
    let world = World::start().await;
    world.pay_by_card("a", VISA, "10.00", json!({})).await;
    for (role, ledger) in [(Role::Developer, false), (Role::ReadOnly, true)] {
        let email = format!("{}@example.com", role.word());
        add_user(&world, &email, ours(role)).await;
        let mut browser = Browser::signed_in(&world, &email, PASSWORD).await;
        let page = opened(&mut browser, OVERVIEW).await;
        assert_eq!(page.text.contains("/portal/m/1/dev/ledger\""), ledger, "{role:?}");
        assert_eq!(browser.get(&format!("{OVERVIEW}/ledger")).await.status == StatusCode::OK, ledger);
        assert!(!page.text.contains("/portal/operator/"), "{role:?}");
    }
}

#[tokio::test]
async fn a_statement_is_read_page_by_page() {
    let world = World::start().await;
    add_merchant(&world).await;
    let mut owner = owner(&world).await;
    for number in 0..52 {
        world.pay_by_card(&format!("p{number}"), VISA, &format!("{}.00", 100 + number), json!({})).await;
    }
    let first = opened(&mut owner, &format!("{STATEMENT}?{ACCOUNT}")).await;
    shows(&first, &["6,526.00 EUR", "Clearing, Card Simulator", "captured", "Available, EUR"]);
    let rows = |page: &Page| all(&page.text, "<td class=\"nowrap\"><time", "</tr>").len();
    assert_eq!(rows(&first), 50);
    let older = all(&first.text, "<p class=\"pages\"><a href=\"", "\"")[0].replace("&#38;", "&");
    let second = opened(&mut owner, &older).await;
    assert_eq!(rows(&second), 2, "{}", second.text);
    // The first transfer of all: its amount is the balance after it.
    let amounts = all(&second.text, "<td class=\"right nowrap\">", "<");
    assert_eq!(amounts, ["101.00 EUR", "201.00 EUR", "100.00 EUR", "100.00 EUR"]);
    assert!(second.text.contains("Newest transfers"));

    // A link that was tampered with shows no balance that the book does not have.
    let (start, mark) = older.split_once("beyond=").expect("a mark");
    let forged = format!("{start}beyond={}", mark.replacen('.', ".9", 1));
    assert_eq!(rows(&opened(&mut owner, &forged).await), 50, "from the newest on");

    let csv = owner.get(&format!("{STATEMENT}.csv?{ACCOUNT}")).await;
    assert_eq!(csv.status, StatusCode::OK);
    assert_eq!(csv.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let lines: Vec<&str> = csv.text.trim_end().split("\r\n").collect();
    assert_eq!(lines.len(), 53, "{}", csv.text);
    assert!(lines[0].starts_with("entry,at,event,payment,layer,debit,credit,amount,balance_posted,"), "{}", lines[0]);
    assert!(
        lines[1].contains(",posted,provider:210:clearing,merchant:1:available,151.00,6526.00,0.00,EUR"),
        "{}",
        lines[1]
    );
    assert!(lines[52].contains(",100.00,100.00,0.00,EUR"), "{}", lines[52]);

    let path = "/admin/v1/ledger/statement?merchant_id=1&mode=dev&account=merchant:1:available&currency=EUR&limit=30";
    let page = get(&world, path).await;
    assert_eq!((page["lines"].as_array().map(Vec::len), &page["lines"][0]["posted"]), (Some(30), &json!("6526.00")));
    let next = page["next_beyond"].as_str().expect("a next page").to_owned();
    let rest = get(&world, &format!("{path}&beyond={next}")).await;
    assert_eq!((rest["lines"].as_array().map(Vec::len), &rest["next_beyond"]), (Some(22), &Value::Null), "{rest}");
    assert_eq!(rest["lines"][21]["posted"], json!("100.00"));
    let (status, refused) = call(&world, "GET", &format!("{path}&beyond=1.2.3.4"), &Value::Null).await;
    assert_eq!((status, &refused["field"]), (StatusCode::BAD_REQUEST, &json!("beyond")));

    for foreign in [
        "account=merchant%3A2%3Aavailable&asset=EUR",
        "account=provider%3A210%3Aclearing&asset=EUR",
        "account=merchant%3A1%3Aavailable&asset=USD",
        "account=nothing&asset=EUR",
    ] {
        for path in [STATEMENT.to_owned(), format!("{STATEMENT}.csv")] {
            assert_eq!(owner.get(&format!("{path}?{foreign}")).await.status, StatusCode::NOT_FOUND, "{path} {foreign}");
        }
    }
    let mut operator = operator(&world).await;
    let clearing = "/portal/operator/ledger/statement?mode=dev&account=provider%3A210%3Aclearing&asset=EUR";
    shows(&opened(&mut operator, clearing).await, &["-6,526.00 EUR", "Available"]);
}

#[tokio::test]
async fn the_operator_audits_the_book() {
    let world = World::start().await;
    let mut operator = operator(&world).await;
    let ledger = "/portal/operator/ledger?mode=dev";
    shows(&opened(&mut operator, ledger).await, &["Nothing is booked yet", "Not yet"]);
    world.pay_by_card("a", VISA, "10.00", json!({})).await;
    world.pay_by_card("b", VISA, "20.00", json!({"currency": "USD"})).await;
    let page = opened(&mut operator, ledger).await;
    shows(&page, &["10.00 EUR", "20.00 USD", "Balances", "provider:210:clearing", "Demo Shop", "verify?mode=dev"]);
    assert!(!page.text.contains("Does not balance"));
    shows(&opened(&mut operator, "/portal/operator/ledger").await, &["Nothing is booked yet"]);
    let trial = get(&world, "/admin/v1/ledger/trial_balance?mode=dev").await;
    assert_eq!(
        trial["currencies"],
        json!([
            {"currency": "EUR", "debit": "10.00", "credit": "10.00", "balances": true},
            {"currency": "USD", "debit": "20.00", "credit": "20.00", "balances": true}
        ])
    );

    assert_eq!(call(&world, "GET", "/admin/v1/ledger/verify", &Value::Null).await.0, StatusCode::NOT_FOUND);
    let begun = operator.post("/portal/operator/ledger/verify?mode=dev", &[]).await;
    assert_eq!((begun.status, begun.location.as_str()), (StatusCode::SEE_OTHER, ledger));
    let done = async {
        loop {
            let last = get(&world, "/admin/v1/ledger/verify").await;
            if last["state"] != json!("under_way") {
                return last;
            }
        }
    };
    let last = tokio::time::timeout(SOON, done).await.expect("it ends");
    assert_eq!((&last["state"], &last["report"]["faults"]), (&json!("done"), &json!([])), "{last}");
    assert_eq!(last["report"]["payments"], json!(2));
    shows(&opened(&mut operator, ledger).await, &["Agrees", "of 2 payments were computed again; everything agrees."]);
    let (status, begun) = call(&world, "POST", "/admin/v1/ledger/verify", &Value::Null).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{begun}");
}

#[tokio::test]
async fn the_operator_sees_what_is_stuck_and_how_it_is_doing() {
    let world = World::start().await;
    let mut operator = operator(&world).await;
    let stuck = "/portal/operator/stuck?mode=dev";
    shows(&opened(&mut operator, stuck).await, &["Nothing is stuck", "No money in suspense"]);
    world.pay_by_card("lost", VISA, "9101.00", json!({})).await;
    let page = opened(&mut operator, stuck).await;
    shows(&page, &["9,101.00 EUR", "Unknown", "Demo Shop", "Card Simulator"]);
    shows(&opened(&mut operator, "/portal/operator/stuck").await, &["Nothing is stuck"]);
    let body = get(&world, "/admin/v1/stuck?mode=dev").await;
    let told = &body["stuck"][0];
    assert_eq!(
        (&told["why"], &told["amount"], &told["merchant_id"]),
        (&json!("unknown"), &json!("9101.00"), &json!(1))
    );
    assert!(page.text.contains(told["id"].as_str().expect("an id")), "{body}");

    let page = opened(&mut operator, "/portal/operator/operation").await;
    shows(&page, &[env!("CARGO_PKG_VERSION"), "Answers now", "Webhooks", "Commits", "Figures"]);
    let body = get(&world, "/admin/v1/operation").await;
    assert_eq!((&body["version"], &body["draining"]), (&json!(env!("CARGO_PKG_VERSION")), &json!(false)));
    assert_eq!(body["nodes"].as_array().map(Vec::len), Some(1), "{body}");
    let version = body["database"]["version"].as_str().expect("a version");
    assert!(page.text.contains(version), "{version}");
}
