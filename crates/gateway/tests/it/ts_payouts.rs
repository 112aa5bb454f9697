//! Transaction services: payouts that a merchant orders, and how it hears of their end.

use std::time::Duration;

use florin_engine::directory::{OverdraftDev, Permission};
use florin_engine::{Owner, WithdrawalRequest};
use florin_gateway::demo;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::withdrawal::{Approver, Command};
use florin_kernel::{Asset, Money};
use serde_json::json;

use crate::ts::{Answer, S, card_payment, digest, like, send, with};
use crate::ts_notices::{set, set_and_allow};
use crate::withdrawals::rules;
use crate::world::{Receiver, World};

const CARD: &str = "4000000000000051";

/// Fields of a payout to a card.
fn to_card<'f>(reference: &'f str, amount: &'f str, number: &'f str) -> Vec<(&'f str, &'f str)> {
    vec![
        ("merchantTransactionId", reference),
        ("amount", amount),
        ("currency", "USD"),
        ("cardNumber", number),
        ("cardExpMonth", "7"),
        ("cardExpYear", "2030"),
        ("cardHolderName", "Jon Doe"),
    ]
}

/// Fields of a payout to another target.
fn to<'f>(reference: &'f str, target: (&'f str, &'f str)) -> Vec<(&'f str, &'f str)> {
    vec![("merchantTransactionId", reference), ("amount", "5.00"), ("currency", "USD"), target]
}

fn sum(world: &World, reference: &str, amount: &str) -> String {
    let (member, _, key) = world.demo().member();
    digest(&[member, reference, amount, key.expose()])
}

async fn pay_out(world: &World, fields: &[(&str, &str)]) -> Answer {
    let sent = |name: &str| fields.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
    let sum = sum(world, sent("merchantTransactionId"), sent("amount"));
    send(world.ts_request("/payout", fields, &sum).await).await
}

/// A payout once its time has passed.
async fn ended(world: &World, id: &str, word: &str) -> Answer {
    world.advance(Duration::from_secs(2)).await;
    world.ts_becomes(id, word).await
}

/// Money to pay out.
async fn earn(world: &World, reference: &str) -> Answer {
    let answer = world.ts_pay(&card_payment(reference, "500.00", CARD)).await;
    assert_eq!(answer.line(), "200 00001 Y capturesuccess", "{}", answer.text);
    answer
}

#[tokio::test]
async fn a_payout_is_answered_as_the_contract_prints_it() {
    let world = World::start().await;
    earn(&world, "E1").await;
    let fields = with(&to_card("PAYOUT-7", "25.00", CARD), &[("paymentType", "PO"), ("merchant.email", "a@b.example")]);
    let accepted = pay_out(&world, &fields).await;
    assert_eq!(
        like(&accepted),
        r#"{"paymentId":"9999999999","paymentType":"PO","status":"P","transactionStatus":"P","paymentBrand":"VISA","paymentMode":"CC","amount":"25.00","currency":"USD","merchantTransactionId":"PAYOUT-7","payoutStatus":"payoutstarted","remark":"Payout accepted","result":{"code":"00002","description":"Transaction pending"},"timestamp":"9999-99-99 99:99:99"}"#
    );
    let again = pay_out(&world, &fields).await;
    assert!(again.replayed && again.text == accepted.text);
    // As JSON it is the same request.
    let (member, _, _) = world.demo().member();
    let mut body = json!({"authentication": {"memberId": member, "checksum": sum(&world, "PAYOUT-7", "25.00")}});
    for (name, value) in &fields {
        body[*name] = json!(value);
    }
    let request = world.post(&format!("{S}/payout")).header("AuthToken", world.ts_token().await).json(&body);
    let as_json = send(request).await;
    assert!(as_json.replayed && as_json.text == accepted.text, "{}", as_json.text);
    let other = pay_out(&world, &with(&fields, &[("amount", "26.00")])).await;
    assert_eq!(other.line(), "200 20010 N failed");
    let ended = ended(&world, accepted.id(), "payoutsuccessful").await;
    assert_eq!((ended.at("/paymentType"), ended.at("/transactionResult/code")), ("PO", "00001"));
    assert_eq!((ended.at("/transactionStatus"), ended.at("/card/last4Digits")), ("Y", "0051"));
    // By the merchant's reference; a purchase may have the same one.
    assert_eq!(world.ts_inquire("PAYOUT-7").await.id(), accepted.id());
    assert_eq!(world.ts_pay(&card_payment("PAYOUT-7", "1.00", CARD)).await.code(), "00001");
    // The answer stays the first one.
    let late = pay_out(&world, &fields).await;
    assert!(late.replayed && late.text == accepted.text);
    let list =
        send(world.ts_request("/getTransactionList", &[("status", "payoutsuccessful")], &world.ts_sum(&[])).await);
    let list = list.await;
    assert_eq!((list.at("/totalrecords"), list.at("/transaction/0/payoutamount")), ("1", "25.00"));
    assert_eq!(list.at("/transaction/0/systemPaymentId"), accepted.id());
    let sum = sum(&world, "PAYOUT-8", "25.00");
    let request = world.ts_request("/payout", &to_card("PAYOUT-8", "25.00", CARD), &sum).await;
    let xml = send(request.header("accept", "application/xml")).await;
    assert!(xml.text.contains("<paymentType>PO</paymentType><status>P</status>"), "{}", xml.text);
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn every_target_is_paid() {
    let world = World::start().await;
    let (paid, kept) = (earn(&world, "T1").await, [("createRegistration", "true")]);
    let stored = world.ts_pay(&with(&card_payment("T2", "50.00", CARD), &kept)).await;
    let check = async |reference: &str, target: (&str, &str), expected: &str| {
        let answer = pay_out(&world, &to(reference, target)).await;
        let line = format!("{} {} {}", answer.line(), answer.at("/paymentMode"), answer.at("/paymentBrand"));
        assert_eq!(line.trim(), expected, "{target:?}: {}", answer.text);
        if answer.at("/transactionStatus") == "P" {
            ended(&world, answer.id(), "payoutsuccessful").await;
        }
    };
    // The demo keeps cards, so that a payment can be named.
    check("P1", ("paymentId", paid.id()), "200 00002 P P CC VISA").await;
    check("P2", ("registrationId", stored.at("/registrationId")), "200 00002 P P CC VISA").await;
    check("P3", ("bankAccount.iban", "DE89 3704 0044 0532 0130 00"), "200 00002 P P NB SEPA").await;
    check("P4", ("bankAccount.iban", "DE09100100101234567893"), "200 00002 P P NB SEPA").await;
    check("P5", ("bankAccount.accountNumber", "9876543210"), "200 00002 P P NB Bank Transfer").await;
    check("P6", ("paymentId", "1234567890"), "200 10026 N failed").await;
    check("P7", ("registrationId", "kGuadVKOymeTYkuAYoxon2vKUzu88Po1"), "200 10026 N failed").await;
    check("P8", ("bankAccount.iban", "DE89370400440532013001"), "200 20007 N failed").await;
    check("P9", ("card.holder", "Jon Doe"), "200 20007 N failed").await;
    let held = world.ts_pay(&with(&card_payment("T3", "50.00", CARD), &[("paymentType", "PA")])).await;
    check("P10", ("paymentId", held.id()), "200 10002 N failed").await;
    // The currency is the payment's where none is sent.
    let fields = with(&to("P11", ("paymentId", paid.id())), &[("currency", "")]);
    let answer = pay_out(&world, &fields).await;
    assert_eq!((answer.line().as_str(), answer.at("/currency")), ("200 00002 P P", "USD"), "{}", answer.text);
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn what_is_wrong_is_not_paid() {
    let world = World::start().await;
    earn(&world, "W1").await;
    let check = async |more: &[(&str, &str)], expected: &str| {
        let answer = pay_out(&world, &with(&to_card("W2", "25.00", CARD), more)).await;
        assert_eq!(answer.line(), expected, "{more:?}: {}", answer.text);
        answer
    };
    check(&[("cardNumber", "4000000000000052")], "200 20007 N failed").await;
    check(&[("cardExpMonth", "13")], "200 20007 N failed").await;
    check(&[("amount", "0.00")], "200 20007 N failed").await;
    check(&[("currency", "")], "200 20007 N failed").await;
    check(&[("paymentType", "DB")], "200 20007 N failed").await;
    check(&[("authentication.terminalId", "1")], "200 20012 N failed").await;
    check(&[("amount", "")], "200 20007 N failed").await;
    let wrong =
        send(world.ts_request("/payout", &to_card("W2", "25.00", CARD), &world.ts_sum(&["W2", "25.00"])).await).await;
    assert_eq!(wrong.line(), "200 20006 N failed");
    let request = world.post(&format!("{S}/payout")).header("AuthToken", "x");
    assert_eq!(send(request.body("amount=1")).await.line(), "401 20002 N failed");
    let foreign = world.post(&format!("{S}/payout")).header("AuthToken", world.ts_token().await);
    assert_eq!(send(foreign.body("authentication.memberId=99999&amount=1")).await.line(), "200 20005 N failed");
    // None of that used the reference up.
    let accepted = check(&[], "200 00002 P P").await;
    ended(&world, accepted.id(), "payoutsuccessful").await;
    let list = send(world.ts_request("/getTransactionList", &[], &world.ts_sum(&[])).await).await;
    assert_eq!(list.at("/totalrecords"), "2");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn the_end_is_notified() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let url = receiver.url();
    let hook = [("notificationUrl", url.as_str())];
    earn(&world, "N1").await;
    let paid = pay_out(&world, &with(&to_card("N2", "25.00", CARD), &hook)).await;
    world.advance(Duration::from_secs(2)).await;
    let told = &receiver.wait_for(1).await[0];
    assert_eq!((told.field("paymentId"), told.field("status")), (paid.id().into(), "payoutsuccessful".into()));
    assert_eq!((told.field("transactionStatus"), told.field("amount")), ("Y".into(), "25.00".into()));
    let (_, _, key) = world.demo().member();
    assert_eq!(told.field("checksum"), digest(&[paid.id(), "N2", "25.00", "Y", key.expose()]));
    let refused = pay_out(&world, &with(&to_card("N3", "25.00", "4000000000000341"), &hook)).await;
    assert_eq!(refused.line(), "200 00002 P P", "accepted all the same: {}", refused.text);
    world.advance(Duration::from_secs(2)).await;
    let told = &receiver.wait_for(2).await[1];
    assert_eq!((told.field("paymentId"), told.field("status")), (refused.id().into(), "payoutfailed".into()));
    assert_eq!(told.field("transactionStatus"), "N");
    let found = world.ts_inquire(refused.id()).await;
    assert_eq!((found.at("/status"), found.at("/transactionResult/code")), ("payoutfailed", "11005"));
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn settings_and_permissions_hold() {
    let world = World::start().await;
    set(&world, json!({})).await;
    let answer = pay_out(&world, &to_card("S1", "25.00", CARD)).await;
    assert_eq!(answer.line(), "200 20013 N failed", "without the permission: {}", answer.text);
    set_and_allow(&world, json!({"payout_answer_status": "long"}), &[Permission::Withdrawals]).await;
    let paid = earn(&world, "S2").await;
    let long = pay_out(&world, &to_card("S1", "25.00", CARD)).await;
    assert_eq!(long.line(), "200 00002 P payoutstarted", "{}", long.text);
    assert_eq!(long.at("/payoutStatus"), "payoutstarted");
    ended(&world, long.id(), "payoutsuccessful").await;
    // This member keeps no cards of payments.
    let refused = pay_out(&world, &to("S3", ("paymentId", paid.id()))).await;
    assert_eq!(refused.line(), "200 10002 N failed");
    assert!(refused.at("/result/description").ends_with("the card of the payment was not kept"), "{}", refused.text);
    let kept = with(&card_payment("S4", "50.00", CARD), &[("createRegistration", "true")]);
    let kept = world.ts_pay(&kept).await;
    let answer = pay_out(&world, &to("S5", ("paymentId", kept.id()))).await;
    assert_eq!(answer.line(), "200 00002 P payoutstarted", "{}", answer.text);
    ended(&world, answer.id(), "payoutsuccessful").await;
    world.assert_book_agrees().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_paid_than_there_is() {
    let world = World::start().await;
    rules(&world, |rules| rules.overdraft_dev = OverdraftDev::UpTo(Vec::new())).await;
    let none = pay_out(&world, &to_card("B1", "25.00", CARD)).await;
    assert_eq!(
        like(&none),
        r#"{"paymentId":"-","paymentType":"PO","status":"N","transactionStatus":"N","paymentBrand":"VISA","paymentMode":"CC","amount":"25.00","currency":"USD","merchantTransactionId":"B1","payoutStatus":"payoutfailed","remark":"Insufficient funds","result":{"code":"11051","description":"Insufficient funds"},"timestamp":"9999-99-99 99:99:99"}"#
    );
    let keyed = async |amount: &str| {
        let request = world.ts_request("/payout", &to_card("K1", amount, CARD), &sum(&world, "K1", amount)).await;
        send(request.header("Idempotency-Key", "p-1")).await
    };
    let refused = keyed("25.00").await;
    assert_eq!((refused.line().as_str(), refused.replayed), ("200 11051 N N", false));
    earn(&world, "B2").await;
    // With a key a refusal is told again, with money there.
    let again = keyed("25.00").await;
    assert!(again.replayed && again.text == refused.text, "{}", again.text);
    assert_eq!(keyed("26.00").await.code(), "20011");
    let mut requests = Vec::new();
    for number in 0..16 {
        let reference = format!("B3-{number}");
        let sum = sum(&world, &reference, "100.00");
        let request = world.ts_request("/payout", &to_card(&reference, "100.00", CARD), &sum).await;
        requests.push(tokio::spawn(send(request)));
    }
    let mut lines = Vec::new();
    for request in requests {
        lines.push(request.await.expect("answered").line());
    }
    let accepted = lines.iter().filter(|line| *line == "200 00002 P P").count();
    assert_eq!((accepted, lines.len()), (5, 16), "500.00 are there: {lines:?}");
    assert!(lines.iter().all(|line| line == "200 00002 P P" || line == "200 11051 N N"), "{lines:?}");
    // The reference that was refused was not used up, with money there.
    earn(&world, "B4").await;
    assert_eq!(pay_out(&world, &to_card("B1", "25.00", CARD)).await.line(), "200 00002 P P");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn four_eyes_come_first() {
    let world = World::start().await;
    earn(&world, "F1").await;
    let fifty = Money::parse("50.00", Asset::currency("USD").expect("a currency")).expect("an amount");
    rules(&world, |rules| rules.four_eyes_from = vec![fifty]).await;
    let waits = pay_out(&world, &to_card("F2", "50.00", CARD)).await;
    assert_eq!(waits.line(), "200 00002 P P", "{}", waits.text);
    assert_eq!(world.ts_inquire(waits.id()).await.line(), "200 00026 P payoutstarted");
    let owner = Owner { merchant: demo::MERCHANT, mode: Mode::Dev };
    let found = world.engine().find_printed(owner, Dialect::TransactionServices, waits.id(), None).await;
    let id = found.expect("an answer").expect("it is there").transaction.id();
    for user in [5, 6] {
        assert_eq!(world.ts_inquire(waits.id()).await.at("/status"), "payoutstarted");
        let command = Command::Approve(Approver::User(user));
        let request = WithdrawalRequest::plain(Dialect::Cashier, command);
        world.engine().submit_withdrawal(owner, id, request).await.expect("an approval");
    }
    ended(&world, waits.id(), "payoutsuccessful").await;
    world.assert_book_agrees().await;
}

/// A payout of which nothing was heard is asked after by whoever reads it.
#[tokio::test]
async fn what_is_unknown_is_asked_after() {
    let world = World::start().await;
    let silent = pay_out(&world, &to_card("U1", "9101.00", CARD)).await;
    assert_eq!(silent.line(), "200 00002 P P", "{}", silent.text);
    assert_eq!(world.ts_inquire(silent.id()).await.line(), "200 00026 P payoutstarted");
    world.advance(Duration::from_secs(60)).await;
    let found = world.ts_becomes(silent.id(), "payoutsuccessful").await;
    assert_eq!(found.line(), "200 00026 Y payoutsuccessful");
    world.assert_book_agrees().await;
}
