//! Captures, refunds and reversals in the v3 dialect: what each may act on, their bounds whatever races, and how they read.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::v3::{Answer, assert_like, payment, send};
use crate::world::World;

const CARD: &str = "4200000000000000";

impl World {
    /// `POST payments/{id}` of an amount in EUR.
    async fn order(&self, id: &str, kind: &str, amount: &str) -> Answer {
        self.v3(&format!("/v3/payments/{id}"), &format!("paymentType={kind}&amount={amount}&currency=EUR")).await
    }

    /// `POST payments/{id}` of an RV.
    async fn reverse(&self, id: &str) -> Answer {
        self.v3(&format!("/v3/payments/{id}"), "paymentType=RV").await
    }

    /// A payment of 92.00 that is approved at once.
    async fn paid(&self, kind: &str) -> Answer {
        let paid = self.v3("/v3/payments", &payment(kind, "92.00", CARD)).await;
        assert_eq!(paid.line(), "200 000.000.000");
        paid
    }
}

#[tokio::test]
async fn the_samples_work_as_printed() {
    let world = World::start().await;
    let held = world.paid("PA").await;
    let form = "amount=50.00&currency=EUR&paymentType=CP&merchantTransactionId=ship-1";
    let captured = world.v3(&format!("/v3/payments/{}", held.id()), form).await;
    assert_like(
        r#"{"id":"8ac7a4a19e320e7c019e3369ce872672","referencedId":"8ac7a4a282d522f70182d53e7a873640","paymentType":"CP","paymentBrand":"VISA",
         "amount":"50.00","currency":"EUR","descriptor":"4610.8883.4210 Demo Shop","merchantTransactionId":"ship-1","result":{"code":"000.000.000",
         "description":"Transaction succeeded"},"resultDetails":{"ExtendedDescription":"Approved","AcquirerResponse":"00","ConnectorTxID1":"0b6f5c3e-92d1-4e0e-8a57-3c1d2f4b6a90",
         "clearingInstituteName":"Card Simulator"},"card":{"bin":"420000","last4Digits":"0000","holder":"Jane Jones","expiryMonth":"05","expiryYear":"2034"},
         "buildNumber":"9a7f25e2679d81630133ac842b2597f4a8f41935@2025-11-20 09:15:46 +0000","timestamp":"2025-11-21T01:40:00+00:00","ndc":"EB000001_66b12f658442479c8ca66166c4999e78"}"#,
        &captured,
    );
    assert_eq!(captured.body["referencedId"], held.id());
    let read = world.v3_get(&format!("/v3/payments/{}", held.id())).await;
    assert_eq!(
        read.body["summary"].to_string(),
        r#"{"state":"partially_captured","authorized":"92.00","captured":"50.00","refunded":"0.00","reversed":"0.00","chargedBack":"0.00"}"#
    );
    assert_eq!((read.code(), &read.body["paymentType"]), ("000.000.000", &json!("PA")));
    // The capture has an inquiry of its own, and is linked to its payment.
    let own = world.v3_get(&format!("/v3/payments/{}", captured.id())).await;
    assert_eq!((own.id(), &own.body["paymentType"]), (captured.id(), &json!("CP")));
    assert_eq!((&own.body["merchantTransactionId"], &own.body["ndc"]), (&json!("ship-1"), &captured.body["ndc"]));
    assert_eq!(own.body["summary"], read.body["summary"]);
    let linked = world.v3_get(&format!("/v3/query/{}?includeLinkedTransactions=true", held.id())).await;
    assert_eq!(linked.body["payments"][0]["id"], captured.id());
    let refunds =
        world.v3_get(&format!("/v3/query/{}?includeLinkedTransactions=true&paymentTypes=RF", held.id())).await;
    assert_eq!(refunds.body["payments"], json!([]));
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn captures_stay_within_the_hold() {
    let world = World::start().await;
    let held = world.paid("PA").await;
    let check = async |amount: &str, expected: &str| {
        assert_eq!(world.order(held.id(), "CP", amount).await.line(), expected, "{amount}");
    };
    check("92.01", "400 700.400.100").await;
    check("0.00", "400 100.550.300").await;
    check("30.00", "200 000.000.000").await;
    check("62.01", "400 700.400.100").await;
    check("32.00", "200 000.000.000").await;
    assert_eq!(world.reverse(held.id()).await.line(), "400 700.400.300");
    let form = "paymentType=CP&amount=10.00&currency=EUR&sequence=FINAL";
    assert_eq!(world.v3(&format!("/v3/payments/{}", held.id()), form).await.line(), "200 000.000.000");
    check("1.00", "400 700.400.100").await;
    let read = world.v3_get(&format!("/v3/payments/{}", held.id())).await;
    let summary = &read.body["summary"];
    assert_eq!(
        (&summary["captured"], &summary["reversed"], &summary["state"]),
        (&json!("72.00"), &json!("20.00"), &json!("captured"))
    );
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn refunds_stay_within_what_was_taken() {
    let world = World::start().await;
    let (paid, held) = (world.paid("DB").await, world.paid("PA").await);
    assert_eq!(world.order(paid.id(), "RF", "92.01").await.line(), "400 700.400.200");
    assert_eq!(world.order(paid.id(), "RF", "40.00").await.line(), "200 000.000.000");
    assert_eq!(world.order(paid.id(), "RF", "52.00").await.line(), "200 000.000.000");
    assert_eq!(world.order(paid.id(), "RF", "0.01").await.line(), "400 700.400.200");
    // Of a PA its captures, together or one by one.
    assert_eq!(world.order(held.id(), "RF", "1.00").await.line(), "400 700.400.520");
    let first = world.order(held.id(), "CP", "30.00").await;
    let second = world.order(held.id(), "CP", "20.00").await;
    assert_eq!(world.order(second.id(), "RF", "20.01").await.line(), "400 700.400.200");
    let refund = world.order(second.id(), "RF", "15.00").await;
    assert_eq!((refund.line().as_str(), &refund.body["referencedId"]), ("200 000.000.000", &json!(second.id())));
    // The oldest first: 30 of the first, then 5 of the second are left.
    assert_eq!(world.order(held.id(), "RF", "30.00").await.line(), "200 000.000.000");
    assert_eq!(world.order(first.id(), "RF", "0.01").await.line(), "400 700.400.200");
    assert_eq!(world.order(second.id(), "RF", "5.00").await.line(), "200 000.000.000");
    assert_eq!(world.order(refund.id(), "RF", "1.00").await.line(), "400 700.100.700");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn what_an_order_may_act_on() {
    let world = World::start().await;
    let (paid, held, voided) = (world.paid("DB").await, world.paid("PA").await, world.paid("PA").await);
    let declined = world.v3("/v3/payments", &payment("PA", "92.00", "4000000000000341")).await;
    let waiting = world.v3("/v3/payments", &payment("PA", "92.00", "4000000000003220")).await;
    let pending = world.v3("/v3/payments", &payment("PA", "9105.00", CARD)).await;
    let verified = world.v3("/v3/payments", &format!("paymentType=CV&{}", crate::v3::card(CARD))).await;
    assert_eq!(world.reverse(voided.id()).await.line(), "200 000.000.000");
    let captured = world.order(held.id(), "CP", "92.00").await;
    let check = async |id: &str, cp: &str, rf: &str, rv: &str| {
        let found =
            [world.order(id, "CP", "1.00").await, world.order(id, "RF", "92.01").await, world.reverse(id).await];
        assert_eq!(found.each_ref().map(Answer::line), [cp, rf, rv].map(|code| format!("400 {code}")), "{id}");
    };
    check(paid.id(), "700.400.510", "700.400.200", "700.400.300").await;
    check(held.id(), "700.400.100", "700.400.200", "700.400.300").await;
    check(captured.id(), "700.100.700", "700.400.200", "700.400.300").await;
    check(voided.id(), "700.400.100", "700.400.520", "700.400.300").await;
    check(declined.id(), "700.400.510", "700.400.520", "700.400.530").await;
    check(waiting.id(), "700.400.510", "700.400.520", "700.400.530").await;
    check(pending.id(), "700.400.570", "700.400.570", "700.400.570").await;
    check(verified.id(), "700.100.700", "700.100.700", "700.100.700").await;
    let unknown = "0123456789abcdef0123456789abcdef";
    assert_eq!(world.order(unknown, "RF", "1.00").await.line(), "404 700.400.580");
    let there = world.v3(&format!("/oppwa/v1/payments/{unknown}"), "paymentType=RF&amount=1.00&currency=EUR").await;
    assert_eq!(there.line(), "400 700.400.580");
}

#[tokio::test]
async fn an_authorisation_expires() {
    let world = World::start().await;
    let held = world.paid("PA").await;
    world.advance(Duration::from_secs(7 * 86_400 + 60)).await;
    let expired = async {
        while world.v3_get(&format!("/v3/payments/{}", held.id())).await.body["summary"]["state"]
            != "authorisation_expired"
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(crate::world::SOON, expired).await.expect("the hold runs out");
    assert_eq!(world.order(held.id(), "CP", "1.00").await.line(), "400 700.300.400");
    assert_eq!(world.reverse(held.id()).await.line(), "400 700.400.300");
    assert_eq!(world.v3_code(held.id()).await, "000.000.000");
}

#[tokio::test]
async fn orders_are_read_with_all_their_faults() {
    let world = World::start().await;
    let held = world.paid("PA").await;
    let check = async |form: &str, expected: &str, names: &[&str]| {
        let refused = world.v3(&format!("/v3/payments/{}", held.id()), form).await;
        assert_eq!((refused.line().as_str(), refused.names()), (expected, names.to_vec()), "{form}: {}", refused.text);
    };
    check("", "400 200.300.404", &["amount", "currency", "paymentType"]).await;
    check("paymentType=DB&amount=1.00&currency=EUR", "400 200.300.404", &["paymentType"]).await;
    check("paymentType=CP", "400 200.300.404", &["amount", "currency"]).await;
    check("paymentType=CB&amount=1.00&currency=EUR", "400 600.200.400", &[]).await;
    check("paymentType=CP&amount=1.00&currency=USD", "400 700.100.500", &["currency"]).await;
    check("paymentType=CP&amount=1.00&currency=XXX", "400 100.550.401", &["currency"]).await;
    check("paymentType=RV&amount=1.00&currency=EUR", "400 700.100.200", &["amount"]).await;
    check("paymentType=RV&originalTransactionId=other", "400 200.300.404", &["originalTransactionId"]).await;
    let same = format!("paymentType=RV&amount=92.00&currency=EUR&originalTransactionId={}", held.id().to_uppercase());
    let reversed = world.v3(&format!("/v3/payments/{}", held.id()), &same).await;
    assert_eq!((reversed.line().as_str(), &reversed.body["amount"]), ("200 000.000.000", &json!("92.00")));
}

#[tokio::test]
async fn an_order_is_done_once() {
    let mut world = World::start().await;
    let held = world.paid("PA").await;
    let path = format!("/v3/payments/{}", held.id());
    let form = "paymentType=CP&amount=40.00&currency=EUR&merchantTransactionId=ship-1";
    let first = world.v3(&path, form).await;
    for _ in 0..2 {
        let copy = world.v3(&path, form).await;
        assert_eq!((&copy.text, copy.status, copy.replayed), (&first.text, first.status, true));
        world.restart().await;
    }
    assert_eq!(world.v3(&path, &form.replace("40.00", "41.00")).await.line(), "400 800.130.100");
    // The same reference is free for another kind of order, and for another payment.
    assert_eq!(world.v3(&path, &form.replace("CP", "RF")).await.line(), "200 000.000.000");
    let (entity, _) = world.demo().v3();
    let body = format!("entityId={entity}&paymentType=CP&amount=1.00&currency=EUR");
    let mut copies = JoinSet::new();
    for _ in 0..100 {
        copies.spawn(send(world.v3_raw(Method::POST, &path, body.clone()).header("idempotency-key", "capture-1")));
    }
    let answers = copies.join_all().await;
    assert!(answers.iter().all(|answer| answer.text == answers[0].text && answer.line() == "200 000.000.000"));
    let read = world.v3_get(&path).await;
    assert_eq!(read.body["summary"]["captured"], "41.00");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn bounds_hold_whatever_races() {
    let world = World::start().await;
    let (paid, held) = (world.paid("DB").await, world.paid("PA").await);
    let (entity, _) = world.demo().v3();
    // A payment is named by the id of either dialect, at either mount.
    let cashier = |id: &str| {
        let codec = world.engine().codec();
        codec.base36(codec.read_hex(id).expect("an id of ours"))
    };
    let mut orders = JoinSet::new();
    for place in 0..64 {
        let (kind, id) = if place % 2 == 0 { ("CP", held.id()) } else { ("RF", paid.id()) };
        let id = if place % 4 < 2 { id.to_owned() } else { cashier(id) };
        let mount = if place % 8 < 4 { "/v3" } else { "/oppwa/v1" };
        let body = format!("entityId={entity}&paymentType={kind}&amount=10.00&currency=EUR");
        orders.spawn(send(world.v3_raw(Method::POST, &format!("{mount}/payments/{id}"), body)));
    }
    let answers = orders.join_all().await;
    let done = |kind: &str| answers.iter().filter(|answer| answer.body["paymentType"] == kind).count();
    assert_eq!((done("CP"), done("RF")), (9, 9), "92.00 holds nine times 10.00");
    for id in [paid.id(), held.id()] {
        let summary = world.v3_get(&format!("/v3/payments/{id}")).await.body["summary"].clone();
        assert!(summary["captured"] == "90.00" || summary["refunded"] == "90.00", "{summary}");
    }
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn an_order_has_triggers_of_its_own() {
    let world = World::start().await;
    let held = world.v3("/v3/payments", &payment("PA", "50000.00", CARD)).await;
    let check = async |kind: &str, amount: &str, expected: &str| {
        assert_eq!(world.order(held.id(), kind, amount).await.line(), expected, "{kind} {amount}");
    };
    check("CP", "9051.00", "400 800.100.51").await;
    check("CP", "9101.00", "200 000.200.300").await;
    check("CP", "20000.00", "200 000.000.000").await;
    check("RF", "9005.00", "400 800.100.05").await;
    // A declined one leaves the payment as it was, an unknown one keeps its amount.
    check("CP", "20900.00", "400 700.400.100").await;
    let summary = world.v3_get(&format!("/v3/payments/{}", held.id())).await.body["summary"].clone();
    assert_eq!((&summary["captured"], &summary["refunded"]), (&json!("20000.00"), &json!("0.00")));
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn orders_are_found_by_their_reference() {
    let world = World::start().await;
    let reference = "merchantTransactionId=trip-1";
    let held = world.v3("/v3/payments", &format!("{}&{reference}", payment("PA", "92.00", CARD))).await;
    let order = async |on: &str, kind: &str, amount: &str, reference: &str| {
        let form = format!("paymentType={kind}&amount={amount}&currency=EUR&{reference}");
        let done = world.v3(&format!("/v3/payments/{on}"), &form).await;
        assert_eq!(done.line(), "200 000.000.000");
        done.id().to_owned()
    };
    let captured = order(held.id(), "CP", "50.00", reference).await;
    let refunded = order(&captured, "RF", "20.00", reference).await;
    let shipped = order(held.id(), "CP", "10.00", "merchantTransactionId=ship-1").await;
    let listed = async |path: &str| {
        let listed = world.v3_get(path).await;
        let payments = listed.body["payments"].as_array().expect("a list").clone();
        let ids: Vec<String> = payments.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect();
        (listed.code().to_owned(), ids)
    };
    let all = vec![held.id().to_owned(), captured.clone(), refunded];
    assert_eq!(listed("/v3/query?merchantTransactionId=trip-1").await, ("000.000.100".to_owned(), all.clone()));
    let newest = listed("/v3/payments?merchantTransactionId=trip-1").await;
    assert_eq!(newest, ("000.000.000".to_owned(), all));
    assert_eq!(listed("/v3/query?merchantTransactionId=ship-1").await.1, [shipped]);
    // A single object is an initial payment.
    assert_eq!(world.v3_get("/v3/payments?merchantTransactionId=ship-1").await.line(), "404 700.400.580");
    // A copy makes nothing new, and is not listed twice.
    assert_eq!(order(held.id(), "CP", "50.00", reference).await, captured);
    assert_eq!(listed("/v3/query?merchantTransactionId=trip-1").await.1.len(), 3);
    world.assert_book_agrees().await;
}
