//! Who takes a payment: rules that ask about the card, what is kept of a choice, and the call that explains one.

use florin_engine::setup;
use florin_kernel::card::Brand;
use florin_kernel::routing::{Conditions, Member, Method, ProviderId, Rule, RuleOperation};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cashier_hosted::{CARD, GOOD, Payer, links, location};
use crate::cashier_keys::put;
use crate::world::World;

const AMEX: &str = "378282246310005";

/// A rule for card deposits before the demo's own.
fn by_card(id: i64, provider: i64, conditions: Conditions) -> Rule {
    Rule {
        id,
        operation: RuleOperation::Deposit,
        method: Method::Card,
        order: 1,
        merchant: None,
        conditions,
        members: vec![Member { provider_id: ProviderId::new(provider), tier: 0, weight: 1 }],
        disabled: false,
        cascade: false,
        auto_approve_up_to: None,
        auto_approve_daily_per_user: None,
    }
}

/// Provider of a payment's last attempt, and how it was chosen.
async fn chosen(world: &World, reference: &str) -> (i64, Value) {
    let payments = world.payments().await;
    let payment = payments.iter().find(|payment| payment.details.reference == reference).expect("a payment");
    let route = &payment.last_attempt().expect("an attempt").route;
    (route.provider.number(), serde_json::to_value(&route.trail).expect("JSON"))
}

#[tokio::test]
async fn rules_go_by_the_card() {
    let world = World::start().await;
    let amex = Conditions { card_brands: vec![Brand::Amex], ..Conditions::default() };
    put(&world, setup::rule_row(&by_card(91, 215, amex))).await;
    let issuer = Conditions { card_bins: vec!["42424242".into()], ..Conditions::default() };
    put(&world, setup::rule_row(&by_card(92, 215, issuer))).await;
    for (reference, number, provider, trail) in [
        ("s2s-amex", AMEX, 215, json!({"rule": 91})),
        ("s2s-bin", "4242424242424242", 215, json!({"rule": 92, "passed": [[91, "card_brands"]]})),
        ("s2s-visa", GOOD, 210, json!({"rule": 1, "passed": [[91, "card_brands"], [92, "card_bins"]]})),
    ] {
        world.pay_by_card(reference, number, "10.05", json!({"routing_id": null})).await;
        assert_eq!(chosen(&world, reference).await, (provider, trail), "{reference}");
    }
    // Our page offers what takes any card; the card decides when it is there.
    let payer = Payer::new(&world, "page-amex", "10.05", json!({"settings": links()})).await;
    let form = CARD.replace("cvc=444", "cvc=4444");
    assert!(location(&payer.pay(&format!("{form}{AMEX}")).await).starts_with("https://shop.example/ok"));
    assert_eq!(chosen(&world, "page-amex").await, (215, json!({"rule": 91})));
    world.pay_by_card("named", GOOD, "10.05", json!({})).await;
    assert_eq!(chosen(&world, "named").await, (210, Value::Null));
}

#[tokio::test]
async fn a_card_that_no_rule_takes_is_refused_at_its_field() {
    let world = World::start().await;
    let amex = Conditions { card_brands: vec![Brand::Amex], ..Conditions::default() };
    // The demo's rule for cards now asks about the card as well: none is left for others.
    put(&world, setup::rule_row(&Rule { order: 10, ..by_card(1, 215, amex) })).await;
    let payer = Payer::new(&world, "only-amex", "10.05", json!({"settings": links()})).await;
    let form = CARD.replace("provider_id=210", "provider_id=215");
    let refused = payer.pay(&format!("{form}{GOOD}")).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = refused.text().await.expect("a page");
    assert!(page.contains("This card is not accepted here") && !page.contains(GOOD), "{page}");
    assert_eq!(world.charges().await.len(), 0);
    let form = form.replace("cvc=444", "cvc=4444");
    assert!(location(&payer.pay(&format!("{form}{AMEX}")).await).starts_with("https://shop.example/ok"));
}

#[tokio::test]
async fn the_operator_is_told_what_would_happen() {
    let world = World::start().await;
    let token = world.demo().admin_token();
    let ask = async |body: Value| -> (u16, Value) {
        let answer = world.post("/admin/v1/explain").bearer_auth(token.expose()).json(&body).send().await;
        let answer = answer.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    };
    let good = json!({"mode": "dev", "operation": "deposit", "method": "card", "amount": 10.05, "currency": "EUR"});
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for (field, value, named) in [
        ("mode", json!("perhaps"), "mode"),
        ("mode", Value::Null, "mode"),
        ("operation", json!("refund"), "operation"),
        ("method", json!("cash"), "method"),
        ("amount", json!("10.005"), "amount"),
        ("amount", Value::Null, "amount"),
        ("currency", json!("XYZ"), "currency"),
        ("tags", json!("vip"), "tags"),
        ("card_bin", json!("4111111111111111"), "card_bin"),
        ("provider_id", json!("210"), "provider_id"),
        ("merchant_id", json!(77), "merchant_id"),
        ("ammount", json!(1), "body"),
    ] {
        let (status, said) = ask(with(field, value)).await;
        assert_eq!((status, said["field"].as_str()), (400, Some(named)), "{said}");
    }
    assert_eq!(world.post("/admin/v1/explain").send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED);

    let (_, taken) = ask(good.clone()).await;
    assert_eq!((&taken["result"], &taken["refusal"]), (&json!("taken"), &Value::Null), "{taken}");
    let card = &taken["methods"][0];
    assert_eq!((&card["order"], &card["cascade"], &card["entry"]), (&json!([210]), &json!(false), &json!("card")));
    assert_eq!(card["rules"][0]["verdict"], "decides");

    let (_, route) = ask(with("provider_id", json!(310))).await;
    assert_eq!((&route["methods"][0]["order"], &route["methods"][0]["cascade"]), (&json!([210, 215]), &json!(true)));
    let (_, pounds) = ask(json!({"mode": "dev", "operation": "deposit", "method": "card", "amount": "1", "currency": "USD", "provider_id": 216})).await;
    assert_eq!(pounds["methods"][0]["providers"][0]["reason"], "currency");
    assert_eq!(pounds["refusal"]["cashier_code"], 9004);
    let (_, live) = ask(with("mode", json!("live"))).await;
    assert_eq!(
        (&live["refusal"]["cashier_code"], &live["methods"][0]["providers"][0]["reason"]),
        (&json!(9005), &json!("mode"))
    );
    let (_, large) = ask(with("amount", json!("1000000.01"))).await;
    assert_eq!(large["refusal"]["cashier_code"], 9003);

    let payout =
        json!({"mode": "dev", "operation": "withdrawal", "amount": "50", "currency": "EUR", "tags": ["auto-payout"]});
    let (_, payout) = ask(payout).await;
    let methods = payout["methods"].as_array().expect("methods");
    let results: Vec<_> = methods.iter().map(|method| (&method["method"], &method["result"])).collect();
    assert_eq!(results[0], (&json!("card"), &json!("taken")));
    assert_eq!(results[3], (&json!("voucher"), &json!("refused")));
    assert_eq!(methods[1]["auto_approve"]["up_to"], "100.00");
    assert_eq!(methods[1]["rules"][1]["verdict"], "not_reached");
    assert_eq!(world.payments().await.len(), 0, "nothing is made");
}
