//! Transaction services: changes of invoices that come again under the same `Idempotency-Key`.

use std::time::Duration;

use reqwest::RequestBuilder;

use super::{HOUR, I, SAMPLE};
use crate::ts::{Answer, digest, send, with};
use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const RETURN: (&str, &str) = ("merchantRedirectUrl", "https://shop.example/return");

/// A call under a key, not yet sent.
async fn keying(world: &World, call: &str, fields: &[(&str, &str)], key: &str) -> RequestBuilder {
    let sent = |name: &str| fields.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
    let (member, _, secret) = world.demo().member();
    let sum = match call {
        "regenerate" => digest(&[sent("invoiceId"), member, secret.expose(), sent("merchantRedirectUrl")]),
        "cancel" | "remind" => world.ts_sum(&[sent("merchantInvoiceId")]),
        _ => world.ts_sum(&[]),
    };
    world.signed(&format!("{I}/{call}"), fields, &sum).await.header("Idempotency-Key", key)
}

async fn keyed(world: &World, call: &str, fields: &[(&str, &str)], key: &str) -> Answer {
    send(keying(world, call, fields, key).await).await
}

/// A call twice under one key, and once more with another field; what the first one was told.
async fn twice(world: &World, call: &str, fields: &[(&str, &str)], other: (&str, &str)) -> Answer {
    let first = keyed(world, call, fields, call).await;
    assert!(!first.replayed, "{call}: {}", first.text);
    again(world, call, fields, (call, &first)).await;
    assert_eq!(keyed(world, call, &with(fields, &[other]), call).await.line(), "200 20011 failed", "{call}");
    first
}

async fn again(world: &World, call: &str, fields: &[(&str, &str)], (key, first): (&str, &Answer)) {
    let answer = keyed(world, call, fields, key).await;
    assert_eq!((answer.replayed, answer.status, &answer.text), (true, first.status, &first.text), "{call}");
}

#[tokio::test]
async fn each_change_is_made_once() {
    let mut world = World::start().await;
    let made = world.generate(&SAMPLE).await;
    let named = [("merchantInvoiceId", "1001")];
    let link = [("invoiceId", made.at("/invoiceDetails/invoiceId")), RETURN];
    let told = |answer: &Answer, name: &str| answer.at(&format!("/invoiceDetails/{name}")).to_owned();

    let renewed = twice(&world, "regenerate", &link, ("expirationPeriod", "2")).await;
    assert_eq!(renewed.code(), "00014");
    let found = world.about("inquiry", "1001", &[]).await;
    let url = told(&found, "transactionUrl");
    assert!(url == told(&renewed, "transactionUrl") && url != told(&made, "transactionUrl"), "{url}");

    let reminded = twice(&world, "remind", &named, ("lang", "de")).await;
    assert_eq!((reminded.code(), told(&reminded, "remindersSent")), ("00013", "1".to_owned()));
    world.advance(6 * MINUTE).await;
    again(&world, "remind", &named, ("remind", &reminded)).await;
    assert_eq!(told(&world.about("inquiry", "1001", &[]).await, "remindersSent"), "1");
    assert_eq!(told(&keyed(&world, "remind", &named, "remind-2").await, "remindersSent"), "2");

    let cancelling = with(&named, &[("cancelReason", "sold out")]);
    let cancelled = twice(&world, "cancel", &cancelling, ("cancelReason", "late")).await;
    assert_eq!((cancelled.code(), told(&cancelled, "invoiceStatus")), ("00012", "cancelled".to_owned()));
    // Whatever has become of it, and after a restart.
    again(&world, "regenerate", &link, ("regenerate", &renewed)).await;
    world.restart().await;
    again(&world, "remind", &named, ("remind", &reminded)).await;
    again(&world, "cancel", &cancelling, ("cancel", &cancelled)).await;
    // One key is of one call.
    assert_eq!(keyed(&world, "remind", &named, "cancel").await.code(), "20011");
    assert_eq!(world.letters(5).await.len(), 5, "made, a new link, two reminders, cancelled");
}

#[tokio::test]
async fn a_refusal_is_told_again_and_a_missing_invoice_uses_nothing_up() {
    let world = World::start().await;
    let named = [("merchantInvoiceId", "1001")];
    assert_eq!(keyed(&world, "remind", &named, "early").await.line(), "200 10026 notfound");
    let made = world.generate(&with(&SAMPLE, &[("expirationPeriod", "1")])).await;
    assert_eq!(keyed(&world, "remind", &named, "early").await.code(), "00013");
    world.advance(HOUR).await;
    let refused = twice(&world, "remind", &named, ("lang", "de")).await;
    assert_eq!(refused.line(), "200 10013 failed");
    assert_eq!(world.regenerate(made.at("/invoiceDetails/invoiceId"), &[]).await.code(), "00014");
    again(&world, "remind", &named, ("remind", &refused)).await;
    assert_eq!(keyed(&world, "remind", &named, "now").await.code(), "00013");
}

#[tokio::test]
async fn settings_are_set_once() {
    let world = World::start().await;
    let day = [("expirationPeriod", "24")];
    for call in ["setInvoiceConfig", "getinvoiceconfigdetails"] {
        let first = twice(&world, call, &day, ("maxReminders", "2")).await;
        assert_eq!((first.code(), first.at("/invoiceConfig/maxReminders")), ("00020", "0"), "{}", first.text);
        assert_eq!(world.plain("setInvoiceConfig", &[("expirationPeriod", "12")]).await.code(), "00020");
        again(&world, call, &day, (call, &first)).await;
        let shown = world.plain("getinvoiceconfigdetails", &[]).await;
        assert_eq!(shown.at("/invoiceConfig/expirationPeriod"), "12", "a copy that comes late sets nothing");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_at_once_write_one_letter_and_make_one_link() {
    let world = World::start().await;
    let made = world.generate(&SAMPLE).await;
    let link = [("invoiceId", made.at("/invoiceDetails/invoiceId")), RETURN];
    for (call, fields) in [("remind", vec![("merchantInvoiceId", "1001")]), ("regenerate", link.to_vec())] {
        let mut requests = Vec::new();
        for _ in 0..16 {
            requests.push(tokio::spawn(send(keying(&world, call, &fields, call).await)));
        }
        let mut answers = Vec::new();
        for request in requests {
            answers.push(request.await.expect("an answer"));
        }
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1, "{call}");
        let first = &answers[0].text;
        assert!(answers.iter().all(|answer| answer.text == *first), "{call}: {first}");
        let found = world.about("inquiry", "1001", &[]).await;
        for path in ["/invoiceDetails/transactionUrl", "/invoiceDetails/remindersSent"] {
            assert_eq!(found.at(path), answers[0].at(path), "{call}");
        }
    }
    world.about("cancel", "1001", &[("cancelReason", "x")]).await;
    assert_eq!(world.letters(4).await.len(), 4, "made, a reminder, a new link, cancelled");
}
