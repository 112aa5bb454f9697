//! Transaction services: captures, reversals, refunds, and payments repeated by their id.

use std::time::Duration;

use crate::ts::{Answer, S, card_payment, like, send, with};
use crate::ts_notices::set;
use crate::world::{Receiver, World};

const CARD: &str = "4000000000000051";

/// An order about a payment, signed over id and amount.
async fn order(world: &World, kind: &str, id: &str, fields: &[(&str, &str)]) -> Answer {
    let amount = fields.iter().find(|(name, _)| *name == "amount").map(|(_, amount)| *amount);
    let sum = match amount {
        Some(amount) => world.ts_sum(&[id, amount]),
        None => world.ts_sum(&[id]),
    };
    let fields = with(fields, &[("paymentType", kind)]);
    send(world.ts_request(&format!("/payments/{id}"), &fields, &sum).await).await
}

async fn held(world: &World, reference: &str) -> String {
    let answer = world.ts_pay(&with(&card_payment(reference, "50.00", CARD), &[("paymentType", "PA")])).await;
    assert_eq!(answer.line(), "200 00001 Y authsuccessful", "{}", answer.text);
    answer.id().to_owned()
}

async fn paid(world: &World, reference: &str) -> String {
    let answer = world.ts_pay(&card_payment(reference, "50.00", CARD)).await;
    assert_eq!(answer.line(), "200 00001 Y capturesuccess", "{}", answer.text);
    answer.id().to_owned()
}

#[tokio::test]
async fn a_capture_is_answered_as_the_contract_prints_it() {
    let world = World::start().await;
    let id = held(&world, "ORDER-1001").await;
    let captured = order(&world, "CP", &id, &[("amount", "30.00")]).await;
    assert_eq!(
        like(&captured),
        r#"{"paymentId":"9999999999","paymentType":"CP","status":"capturesuccess","transactionStatus":"Y","amount":"30.00","currency":"USD","merchantTransactionId":"ORDER-1001","captureamount":"30.00","refundamount":"0.00","remark":"Captured","result":{"code":"00004","description":"Transaction captured successfully"},"timestamp":"9999-99-99 99:99:99"}"#
    );
    let again = order(&world, "CP", &id, &[("amount", "30")]).await;
    assert!(again.replayed && again.text == captured.text);
    let other = order(&world, "CP", &id, &[("amount", "20.00")]).await;
    assert_eq!(other.line(), "200 10005 N capturesuccess");
    assert_eq!(other.at("/result/description"), "Capture transaction failed. Transaction is already captured");
    let found = world.ts_inquire(&id).await;
    assert_eq!((found.at("/captureamount"), found.at("/transactionResult/code")), ("30.00", "00004"));
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn what_cannot_be_captured_or_reversed_says_why() {
    let world = World::start().await;
    let check = async |kind: &str, id: &str, fields: &[(&str, &str)], expected: &str, reason: &str| {
        let answer = order(&world, kind, id, fields).await;
        assert_eq!(answer.line(), expected, "{kind} {fields:?}: {}", answer.text);
        assert!(answer.at("/result/description").ends_with(reason), "{kind} {fields:?}: {}", answer.text);
    };
    let whole = [("amount", "50.00")];
    let pa = held(&world, "H1").await;
    check("CP", &pa, &[("amount", "50.01")], "200 10005 N authsuccessful", ". Amount exceeds the authorised amount")
        .await;
    check("RF", &pa, &whole, "200 10006 N authsuccessful", ". Transaction is not captured").await;
    check("RV", &pa, &[("amount", "20.00")], "200 10007 N authsuccessful", ". Partial reversal is not possible").await;
    check("CP", &pa, &[], "200 20007 N failed", "amount is missing").await;
    check("CP", &pa, &[("amount", "50.00"), ("currency", "EUR")], "200 20007 N failed", "that of the payment").await;
    check("CP", &pa, &[("amount", "0.00")], "200 20007 N failed", "must be greater than zero").await;
    check("XX", &pa, &whole, "200 20007 N failed", "must be one of CP, RV, RF").await;
    check("CP", "1234567890", &whole, "200 10026 N failed", "Your record not found").await;
    let db = paid(&world, "D1").await;
    check("CP", &db, &whole, "200 10005 N capturesuccess", ". Transaction is already captured").await;
    check("RV", &db, &[], "200 10007 N capturesuccess", ". Transaction is captured, use refund").await;
    let declined = world.ts_pay(&card_payment("N1", "50.00", "4000000000009995")).await;
    check("CP", declined.id(), &whole, "200 10005 N capturefailed", ". Transaction is not authorised").await;
    check("RF", declined.id(), &whole, "200 10006 N capturefailed", ". Transaction is not captured").await;
    // An operation's own amount decides about it.
    let large = world.ts_pay(&with(&card_payment("H2", "9500.00", CARD), &[("paymentType", "PA")])).await;
    check("CP", large.id(), &[("amount", "9051.00")], "200 10005 N authsuccessful", ". Insufficient funds").await;
    check("CP", large.id(), &[("amount", "9105.00")], "200 00002 P capturestarted", "Transaction pending").await;
    check("RV", large.id(), &[], "200 10007 N capturestarted", ". Another operation is in progress").await;
    world.advance(Duration::from_secs(30)).await;
    world.ts_becomes(large.id(), "capturesuccess").await;
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_reversal_releases_the_whole() {
    let world = World::start().await;
    let id = held(&world, "V1").await;
    let reversed = order(&world, "RV", &id, &[]).await;
    assert_eq!(
        like(&reversed),
        r#"{"paymentId":"9999999999","paymentType":"RV","status":"authcancelled","transactionStatus":"Y","amount":"50.00","currency":"USD","merchantTransactionId":"V1","captureamount":"0.00","refundamount":"0.00","remark":"Cancelled","result":{"code":"00006","description":"Transaction cancelled successfully"},"timestamp":"9999-99-99 99:99:99"}"#
    );
    let again = order(&world, "RV", &id, &[]).await;
    assert!(again.replayed && again.text == reversed.text);
    assert_eq!(world.ts_inquire(&id).await.line(), "200 00026 C authcancelled");
    let with_amount = held(&world, "V2").await;
    assert_eq!(order(&world, "RV", &with_amount, &[("amount", "50.0")]).await.line(), "200 00006 Y authcancelled");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_payer_who_is_awaited_is_given_up() {
    let world = World::start().await;
    let begun = world.ts_pay(&card_payment("G1", "50.00", "4000000000000002")).await;
    let closed = order(&world, "RV", begun.id(), &[]).await;
    assert_eq!(closed.line(), "200 00006 Y cancelled", "{}", closed.text);
    let again = order(&world, "RV", begun.id(), &[]).await;
    assert!(again.replayed && again.text == closed.text, "{}", again.text);
    // The payer who answers all the same pays nothing.
    world.submit(begun.at("/redirect/url"), "action=approve").await;
    assert_eq!(world.ts_inquire(begun.id()).await.line(), "200 00026 C cancelled");
    assert!(world.charges().await.is_empty());
}

#[tokio::test]
async fn a_part_is_released_where_the_member_wants_that() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    set(&world, serde_json::json!({"partial_reversal": true, "default_notification_url": receiver.url()})).await;
    let id = held(&world, "P1").await;
    let part = order(&world, "RV", &id, &[("amount", "20.00")]).await;
    assert_eq!(part.line(), "200 00006 Y authsuccessful", "{}", part.text);
    assert_eq!(part.at("/amount"), "20.00");
    // What is told is what is authorised now.
    let told = receiver.wait_for(2).await;
    let line = |told: &crate::world::Received| format!("{} {}", told.field("status"), told.field("amount"));
    assert_eq!([line(&told[0]), line(&told[1])], ["authsuccessful 50.00", "authsuccessful 30.00"]);
    assert_eq!(order(&world, "CP", &id, &[("amount", "30.01")]).await.line(), "200 10005 N authsuccessful");
    assert_eq!(order(&world, "CP", &id, &[("amount", "30.00")]).await.line(), "200 00004 Y capturesuccess");
    assert_eq!(line(&receiver.wait_for(3).await[2]), "capturesuccess 30.00");
    // The last of a hold ends it, and that is told once.
    let id = held(&world, "P2").await;
    let reversed = order(&world, "RV", &id, &[]).await;
    assert_eq!(reversed.line(), "200 00006 Y authcancelled", "{}", reversed.text);
    assert_eq!(line(&receiver.wait_for(5).await[4]), "authcancelled 50.00");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_refund_is_given_once() {
    let world = World::start().await;
    let id = paid(&world, "ORDER-1001").await;
    let refunded = order(&world, "RF", &id, &[("amount", "50.00")]).await;
    assert_eq!(
        like(&refunded),
        r#"{"paymentId":"9999999999","paymentType":"RF","status":"reversed","transactionStatus":"Y","amount":"50.00","currency":"USD","merchantTransactionId":"ORDER-1001","captureamount":"50.00","refundamount":"50.00","remark":"Refunded","result":{"code":"00005","description":"Transaction refunded successfully"},"timestamp":"9999-99-99 99:99:99"}"#
    );
    let again = order(&world, "RF", &id, &[("amount", "50")]).await;
    assert!(again.replayed && again.text == refunded.text);
    let part = paid(&world, "R2").await;
    assert_eq!(order(&world, "RF", &part, &[("amount", "50.01")]).await.line(), "200 10006 N capturesuccess");
    // By the merchant's reference, at the other path.
    let by_reference = [("amount", "20.00"), ("idType", "MID")];
    let sum = world.ts_sum(&["R2", "20.00"]);
    let refund = send(world.ts_request("/refund/R2", &by_reference, &sum).await).await;
    assert_eq!(refund.line(), "200 00005 Y reversed", "{}", refund.text);
    let more = order(&world, "RF", &part, &[("amount", "10.00")]).await;
    assert_eq!(more.at("/result/description"), "Refund transaction failed. Transaction has already been refunded");
    let same = order(&world, "RF", &part, &[("amount", "20.00")]).await;
    assert!(same.replayed && same.text == refund.text);
    // One that v3 has refunded in part.
    let other = paid(&world, "R3").await;
    let v3 = world.v3(&format!("/v3/payments/{other}"), "paymentType=RF&amount=5.00&currency=USD").await;
    assert_eq!(v3.code(), "000.000.000", "{}", v3.text);
    assert_eq!(order(&world, "RF", &other, &[("amount", "5.00")]).await.line(), "200 10006 N reversed");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn several_refunds_tell_themselves_apart() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    set(&world, serde_json::json!({"refunds": "several", "default_notification_url": receiver.url()})).await;
    let id = paid(&world, "S1").await;
    let nameless = order(&world, "RF", &id, &[("amount", "20.00")]).await;
    assert_eq!(nameless.faults(), ["merchantTransactionId missing"]);
    let refund = async |reference: &str, amount: &str| {
        order(&world, "RF", &id, &[("amount", amount), ("merchantTransactionId", reference)]).await
    };
    let first = refund("r1", "20.00").await;
    assert_eq!((first.line().as_str(), first.at("/refundamount")), ("200 00005 Y reversed", "20.00"));
    let again = refund("r1", "20.00").await;
    assert!(again.replayed && again.text == first.text);
    assert_eq!(refund("r1", "10.00").await.code(), "20010");
    assert_eq!(refund("r2", "20.00").await.at("/refundamount"), "40.00");
    assert_eq!(refund("r3", "10.01").await.code(), "10006");
    let told = receiver.wait_for(3).await;
    assert_eq!((told[2].field("status"), told[2].field("transactionStatus")), ("reversed".into(), "reversed".into()));
    assert_eq!(told[2].field("amount"), "20.00");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_payment_is_repeated_without_its_payer() {
    let world = World::start().await;
    let first = with(&card_payment("I1", "50.00", CARD), &[("recurringType", "INITIAL"), ("card.holder", "Jon Doe")]);
    let initial = world.ts_pay(&first).await;
    assert!(initial.body.get("registrationId").is_none(), "nobody asked for it: {}", initial.text);
    let again = [("recurringType", "REPEATED"), ("amount", "9.99")];
    let repeated = order(&world, "DB", initial.id(), &again).await;
    assert_eq!(repeated.line(), "200 00001 Y capturesuccess", "{}", repeated.text);
    assert_eq!(repeated.at("/initialPaymentId"), initial.id());
    assert_ne!(repeated.id(), initial.id());
    assert_eq!(repeated.at("/merchantTransactionId"), format!("FL-{}", repeated.id()));
    assert_eq!((repeated.at("/currency"), repeated.at("/card/holder")), ("USD", "Jon Doe"));
    let by_reference = world.ts_inquire(repeated.at("/merchantTransactionId")).await;
    assert_eq!(by_reference.id(), repeated.id());
    // At the other path, with a reference of its own.
    let fields = with(&again, &[("paymentId", initial.id()), ("paymentType", "PA"), ("merchantTransactionId", "I2")]);
    let sum = world.ts_sum(&[initial.id(), "9.99"]);
    let held = send(world.ts_request("/payments", &fields, &sum).await).await;
    assert_eq!(held.line(), "200 00001 Y authsuccessful", "{}", held.text);
    let copy = send(world.ts_request("/payments", &fields, &sum).await).await;
    assert!(copy.replayed && copy.text == held.text);
    // An issuer that would challenge a payer has none here.
    let challenged = with(&card_payment("I3", "50.00", "4000000000000002"), &[("recurringType", "INITIAL")]);
    let begun = world.ts_pay(&challenged).await;
    let early = order(&world, "DB", begun.id(), &again).await;
    assert!(early.at("/result/description").ends_with("recurring not allowed: the first payment was not successful"));
    world.submit(begun.at("/redirect/url"), "action=approve").await;
    assert_eq!(order(&world, "DB", begun.id(), &again).await.line(), "200 00001 Y capturesuccess");
    // By the merchant's reference.
    let named = with(&again, &[("idType", "MID"), ("amount", "7.77")]);
    let by_reference = order(&world, "DB", "I1", &named).await;
    assert_eq!((by_reference.code(), by_reference.at("/initialPaymentId")), ("00001", initial.id()));
    assert_eq!(order(&world, "DB", "I1", &again).await.code(), "10026", "unless it says so, it is our id");
    // A token that is deleted ends its series; a copy of a charge is told its answer all the same.
    let kept = [("recurringType", "INITIAL"), ("createRegistration", "true")];
    let kept = world.ts_pay(&with(&card_payment("I5", "50.00", CARD), &kept)).await;
    let once = with(&again, &[("merchantTransactionId", "I6")]);
    let charged = order(&world, "DB", kept.id(), &once).await;
    assert_eq!(charged.code(), "00001", "{}", charged.text);
    let token = kept.at("/registrationId");
    let (path, sum) = (format!("/paywithtoken/{token}"), world.ts_sum(&[token]));
    let deleted = world.ts_request(&path, &[("paymentType", "DL")], &sum).await;
    assert_eq!(send(deleted).await.code(), "00008");
    let late = order(&world, "DB", kept.id(), &again).await;
    assert!(late.at("/result/description").ends_with("recurring not allowed: the token is deleted"), "{}", late.text);
    let copy = order(&world, "DB", kept.id(), &once).await;
    assert!(copy.replayed && copy.text == charged.text, "{}", copy.text);
    let plain = paid(&world, "I4").await;
    let refused = order(&world, "DB", &plain, &again).await;
    assert_eq!(refused.line(), "200 10002 N failed", "{}", refused.text);
    assert_eq!(order(&world, "DB", "1234567890", &again).await.line(), "200 10026 N failed");
    assert_eq!(order(&world, "DB", &plain, &[("amount", "1.00")]).await.line(), "200 20007 N failed");
    let missing = send(world.post(&format!("{S}/payments/{plain}")).header("AuthToken", world.ts_token().await)).await;
    assert_eq!(missing.code(), "20005");
    world.assert_book_agrees().await;
}
