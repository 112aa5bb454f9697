//! Payments in the portal: found, listed, exported, shown whole, captured, released, refunded, resolved.

use florin_engine::office::{Export, Filter, Order, Scope};
use florin_engine::setup;
use florin_gateway::demo::MERCHANT;
use florin_kernel::PaymentId;
use florin_kernel::payment::{Mode, OperationKind, Payment, Word};
use florin_kernel::public_id::Reference;
use florin_kernel::routing::{ProviderAccount, ProviderId};
use florin_kernel::user::Role;
use florin_store::{Changeset, PaymentWrite, Verdict};
use reqwest::StatusCode;
use serde_json::json;

use super::{Browser, PASSWORD, add_merchant, add_user, ours, theirs};
use crate::cashier_keys::put;
use crate::ts::{card_payment, with};
use crate::v3::payment as v3_payment;
use crate::webhooks::delivered;
use crate::world::{Receiver, World};

const CARD: &str = "4111111111111111";
const LIST: &str = "/portal/m/1/dev/payments";

/// An id as the portal's paths have it.
pub fn printed(world: &World, payment: PaymentId) -> String {
    world.engine().codec().base36(Reference { payment, sequence: 0 })
}

async fn back_office(world: &World) -> Browser<'_> {
    add_user(world, "ann@example.com", ours(Role::BackOffice)).await;
    Browser::signed_in(world, "ann@example.com", PASSWORD).await
}

/// The newest payment.
async fn newest(world: &World) -> Payment {
    world.payments().await.pop().expect("a payment")
}

async fn paid(world: &World, reference: &str, amount: &str) -> String {
    world.pay_by_card(reference, CARD, amount, json!({})).await;
    printed(world, newest(world).await.id)
}

/// From now on nobody can ask the provider what became of anything.
async fn lose_the_provider(world: &World) {
    let directory = world.engine().directory();
    let known = directory.catalogue().providers.iter().find(|account| account.id == ProviderId::new(210));
    let gone =
        ProviderAccount { driver: "gone".to_owned(), ..ProviderAccount::clone(known.expect("the demo's provider")) };
    put(world, setup::provider_row(&gone)).await;
}

/// A hidden field of a page.
pub fn hidden(page: &str, name: &str) -> String {
    let before = format!("name=\"{name}\" value=\"");
    let rest = page.split(&before).nth(1).unwrap_or_else(|| panic!("{name} in {page}"));
    rest.split('"').next().expect("a value").to_owned()
}

/// Where a link of a page leads.
fn link(page: &str, label: &str) -> String {
    let (before, _) = page.split_once(&format!("\">{label}</a>")).unwrap_or_else(|| panic!("{label} in {page}"));
    before.rsplit("href=\"").next().expect("a link").replace("&#38;", "&").replace("&amp;", "&")
}

#[tokio::test]
async fn the_list_is_what_the_engine_says() {
    let world = World::start().await;
    add_merchant(&world).await;
    add_user(&world, "other@example.com", theirs(Role::Owner)).await;
    let mut ann = back_office(&world).await;
    let empty = ann.get(LIST).await;
    assert!(empty.text.contains("No payments yet"), "{}", empty.text);

    for number in 0..51 {
        let (card, amount) = if number == 7 { ("4000000000009995", "70.00") } else { (CARD, "10.00") };
        world
            .pay_by_card(&format!("order-{number}"), card, amount, json!({"customer": {"email": "jane@example.com"}}))
            .await;
    }
    let first = ann.get(LIST).await.text;
    assert_eq!(first.matches("<tr data-href").count(), 50);
    assert!(first.contains("order-50") && !first.contains(">order-0<"), "the newest first");
    let older = ann.get(&link(&first, "Older")).await.text;
    assert_eq!(older.matches("<tr data-href").count(), 1);
    assert!(older.contains(">order-0<"));
    assert_eq!(ann.get(&link(&older, "Newer")).await.text.matches("<tr data-href").count(), 50);
    let oldest = ann.get(&format!("{LIST}?sort=oldest")).await.text;
    assert!(oldest.contains(">order-0<") && !oldest.contains("order-50"), "the oldest first");

    let declined = ann.get(&format!("{LIST}?status=declined&currency=EUR&min=70&max=70")).await.text;
    assert_eq!(declined.matches("<tr data-href").count(), 1);
    assert!(declined.contains("order-7") && declined.contains("70.00 EUR") && declined.contains("Declined"));
    assert!(ann.get(&format!("{LIST}?kind=withdrawal")).await.text.contains("Nothing fits"));
    let wrong = ann.get(&format!("{LIST}?min=70")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("An amount needs its currency beside it."), "{}", wrong.text);

    // By amount, within a currency; of equal amounts the newest first.
    let none = ann.get(&format!("{LIST}?sort=largest")).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.text.contains("amounts of several currencies have no order"), "{}", none.text);
    let largest = ann.get(&format!("{LIST}?sort=largest&currency=EUR")).await.text;
    let places = ["order-7<", "order-50<", "order-49<"].map(|text| largest.find(text).expect(text));
    assert!(
        places.is_sorted()
            && largest.contains(
                "aria-sort=\"descending\"><a href=\"/portal/m/1/dev/payments?currency=EUR&#38;sort=smallest\""
            ),
        "{largest}"
    );
    assert_eq!(largest.matches("<tr data-href").count(), 50);
    let rest = ann.get(&link(&largest, "On")).await.text;
    assert!(rest.matches("<tr data-href").count() == 1 && rest.contains(">order-0<"), "{rest}");
    assert_eq!(ann.get(&link(&rest, "Back")).await.text.matches("<tr data-href").count(), 50);
    let smallest = ann.get(&format!("{LIST}?sort=smallest&currency=EUR")).await.text;
    assert!(!smallest.contains("order-7<") && smallest.contains("order-50<"), "the largest is on the next page");
    let file = ann.get(&link(&largest, "Export these as CSV")).await.text;
    assert!(
        file.lines().nth(1).is_some_and(|line| line.contains(",70.00,EUR,")) && file.lines().count() == 52,
        "{file}"
    );

    let csv = ann.get(&link(&declined, "Export these as CSV")).await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8; header=present");
    assert!(
        csv.headers["content-disposition"].to_str().expect("text").starts_with("attachment; filename=\"payments-dev-")
    );
    assert_eq!(csv.text.lines().count(), 2, "{}", csv.text);
    let whole = ann.get("/portal/m/1/dev/payments.csv").await.text;
    let scope = Scope { mode: Mode::Dev, merchant: Some(MERCHANT) };
    let mut export = Export::of(world.engine().clone(), scope, Filter::default(), Order::NewestFirst);
    let mut expected = String::new();
    while let Some(piece) = export.next_piece().await.expect("the store answers") {
        expected.push_str(&piece);
    }
    assert_eq!((whole.lines().count(), whole), (52, expected));

    let mut other = Browser::signed_in(&world, "other@example.com", PASSWORD).await;
    assert!(other.get("/portal/m/2/dev/payments").await.text.contains("No payments yet"));
    assert_eq!(other.get("/portal/m/2/dev/payments.csv").await.text.lines().count(), 1, "the head alone");
    assert!(ann.get("/portal/m/1/live/payments").await.text.contains("No payments yet"));
}

#[tokio::test]
async fn whatever_one_has_in_hand_leads_to_the_payment() {
    let world = World::start().await;
    add_merchant(&world).await;
    add_user(&world, "other@example.com", theirs(Role::Owner)).await;
    let mut ann = back_office(&world).await;
    let mut other = Browser::signed_in(&world, "other@example.com", PASSWORD).await;
    world.pay_by_card("order-1", CARD, "10.05", json!({"customer": {"email": "jane@example.com"}})).await;
    let id = newest(&world).await.id;
    paid(&world, "order-2", "10.00").await;
    let page = format!("{LIST}/{}", printed(&world, id));
    let hex = world.engine().codec().hex(Reference { payment: id, sequence: 0 });
    for text in ["order-1", "jane@example.com", &printed(&world, id), &hex] {
        assert_eq!(ann.get(&format!("{LIST}?q={text}")).await.location, page, "{text}");
        let elsewhere = other.get(&format!("/portal/m/2/dev/payments?q={text}")).await;
        assert!(elsewhere.text.contains("Nothing found"), "{text}: {}", elsewhere.text);
    }
    let both = ann.get(&format!("{LIST}?q=1111")).await;
    assert_eq!((both.status, both.text.matches("<tr data-href").count()), (StatusCode::OK, 2));
    let foreign = page.replace("/m/1/", "/m/2/");
    assert_eq!(other.get(&foreign).await.status, StatusCode::NOT_FOUND);
    assert_eq!(other.get(&page).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ann.get(&page.replace("/dev/", "/live/")).await.status, StatusCode::NOT_FOUND, "of the other mode");
}

/// References that programs of the other APIs gave are found by what they took, however old: here nothing else is left of them.
#[tokio::test]
async fn references_of_every_api_are_found_without_looking_through_the_list() {
    let world = World::start().await;
    let mut ann = back_office(&world).await;
    let forget = async |payment: Payment| {
        let stored = world.engine().store().transaction(payment.id).await.expect("the store answers").expect("it");
        let mut forgotten = payment;
        forgotten.details.reference = String::new();
        let payments = vec![PaymentWrite::update(&forgotten, stored.version)];
        let verdict = world.engine().store().commit(Changeset { payments, ..Changeset::default() }).await;
        assert_eq!(verdict.expect("the store answers"), Verdict::Committed);
        forgotten.id
    };
    let form = format!("{}&merchantTransactionId=v3-reference", v3_payment("DB", "92.00", "4200000000000000"));
    let paid = world.v3("/v3/payments", &form).await;
    let v3 = forget(newest(&world).await).await;
    let refund = "paymentType=RF&amount=10.00&currency=EUR&merchantTransactionId=v3-refund";
    assert_eq!(world.v3(&format!("/v3/payments/{}", paid.id()), refund).await.code(), "000.000.000");
    world.ts_pay(&card_payment("TS-reference", "50.00", "4000000000000051")).await;
    let ts = forget(newest(&world).await).await;
    for (text, id) in [("v3-reference", v3), ("v3-refund", v3), ("TS-reference", ts)] {
        let page = format!("{LIST}/{}", printed(&world, id));
        assert_eq!(ann.get(&format!("{LIST}?q={text}")).await.location, page, "{text}");
    }
    let nobody = ann.get("/portal/m/1/live/payments?q=v3-reference").await;
    assert!(nobody.text.contains("Nothing found"), "of the other mode");
}

#[tokio::test]
async fn a_payment_is_shown_whole() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let mut ann = back_office(&world).await;
    let customer = json!({"first_name": "Jane", "last_name": "<i>Jones</i>"});
    let more = json!({"customer": customer, "settings": {"webhook_url": receiver.url()}});
    world.pay_by_card("order-1", CARD, "10.05", more).await;
    receiver.wait_for(1).await;
    delivered(&world, 1).await;
    let page = format!("{LIST}/{}", printed(&world, newest(&world).await.id));
    let text = ann.get(&page).await.text;
    for told in [
        "Payment of 10.05 EUR",
        "10.05 EUR asked for",
        "Sale of 10.05 EUR",
        "Visa ending in 1111, 411111\u{2026}1111",
        "The answer",
        "Booked: captured",
        "merchant:1:available",
        "Webhook",
        &receiver.url(),
        "Attempt to deliver it",
        "Can be refunded",
        "Refund\u{2026}",
        "&#60;i&#62;Jones",
    ] {
        assert!(text.contains(told), "{told} in {text}");
    }
    for never in [CARD, "Release the hold", "<i>Jones", "4444"] {
        assert!(!text.contains(never), "{never} in {text}");
    }
    add_user(&world, "approver@example.com", ours(Role::Approver)).await;
    let mut approver = Browser::signed_in(&world, "approver@example.com", PASSWORD).await;
    let text = approver.get(&page).await.text;
    assert!(
        text.contains("Booked: captured") && !text.contains(&receiver.url()) && !text.contains("Refund\u{2026}"),
        "{text}"
    );
}

#[tokio::test]
async fn a_refund_is_made_once_however_often_it_is_clicked() {
    let world = World::start().await;
    let mut ann = back_office(&world).await;
    let id = paid(&world, "order-1", "10.05").await;
    let refund = format!("{LIST}/{id}/refund");
    let asks = ann.get(&refund).await.text;
    assert!(asks.contains("value=\"10.05\"") && asks.contains("Can be refunded"), "{asks}");
    for (amount, fault) in [
        ("ten", "is not a plain decimal number"),
        ("0", "must be greater than zero"),
        ("10.055", "has more than 2 decimals"),
        ("10.06", "10.06 EUR is more than the 10.05 EUR that can still be refunded."),
    ] {
        let page = ann.get(&format!("{refund}?amount={amount}")).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{amount}");
        assert!(page.text.contains(fault) && page.text.contains(&format!("value=\"{amount}\"")), "{}", page.text);
        assert_eq!(
            ann.post(&refund, &[("amount", amount), ("operation", "2")]).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
    let yes = ann.get(&format!("{refund}?amount=5")).await.text;
    for told in
        ["Refund 5.00 EUR?", "5.05 EUR can still be refunded then.", "It cannot be undone.", "Visa ending in 1111"]
    {
        assert!(yes.contains(told), "{told} in {yes}");
    }
    let operation = hidden(&yes, "operation");
    let form = [("amount", "5.00"), ("operation", operation.as_str())];
    let once = ann.post(&refund, &form).await;
    assert_eq!(once.location, format!("{LIST}/{id}?done=2"), "{}", once.text);
    let twice = ann.post(&refund, &form).await;
    assert_eq!(twice.location, once.location, "a double click");
    let refunds = |payment: &Payment| payment.operations.iter().filter(|of| of.kind == OperationKind::Refund).count();
    assert_eq!(refunds(&newest(&world).await), 1);
    let done = ann.get(&once.location).await.text;
    assert!(done.contains("Refund of 5.00 EUR: done.") && done.contains("Partially refunded"), "{done}");

    // A colleague who opened the page before, and she with another amount on the old page.
    add_user(&world, "bo@example.com", ours(Role::Owner)).await;
    let mut bo = Browser::signed_in(&world, "bo@example.com", PASSWORD).await;
    for browser in [&mut bo, &mut ann] {
        let late = browser.post(&refund, &[("amount", "4.00"), ("operation", operation.as_str())]).await;
        assert_eq!(late.status, StatusCode::CONFLICT);
        assert!(late.text.contains("Something else was done with this payment"), "{}", late.text);
    }
    let none = ann.post(&refund, &[("amount", "4.00")]).await;
    assert_eq!(none.status, StatusCode::CONFLICT, "no form of ours");
    assert_eq!(refunds(&newest(&world).await), 1);
    let all = ann.post(&refund, &[("amount", "5.05"), ("operation", "3")]).await;
    assert_eq!(all.location, format!("{LIST}/{id}?done=3"));
    let nothing = ann.get(&format!("{refund}?amount=1")).await;
    assert_eq!(nothing.status, StatusCode::CONFLICT);
    assert_eq!(newest(&world).await.word(), Word::Refunded);

    let log = world.engine().audit_entries(Some(MERCHANT), None, 50).await.expect("the log");
    let told: Vec<_> = log.iter().filter(|entry| entry.action == "payment.refund_ordered").collect();
    assert_eq!(told.len(), 2, "{log:?}");
    assert_eq!((told[1].object.as_str(), &told[1].after["amount"]), (id.as_str(), &json!("5.00 EUR")));
    assert_eq!(told[0].before["status"], "partially_refunded");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn holds_are_captured_in_parts_and_released() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let mut ann = back_office(&world).await;
    let hold = async || {
        let form = format!("{}&notificationUrl={}", v3_payment("PA", "92.00", "4200000000000000"), receiver.url());
        assert_eq!(world.v3("/v3/payments", &form).await.line(), "200 000.000.000");
        printed(&world, newest(&world).await.id)
    };
    let id = hold().await;
    let capture = format!("{LIST}/{id}/capture");
    let yes = ann.get(&format!("{capture}?amount=50")).await.text;
    assert!(yes.contains("Capture 50.00 EUR?") && yes.contains("42.00 EUR stays held until"), "{yes}");
    let last = ann.get(&format!("{capture}?amount=50&final=yes")).await.text;
    assert!(last.contains("The rest of the hold, 42.00 EUR, is released."), "{last}");
    let form = [("amount", "50.00"), ("operation", "2")];
    assert_eq!(ann.post(&capture, &form).await.location, format!("{LIST}/{id}?done=2"));
    let page = ann.get(&format!("{LIST}/{id}")).await.text;
    assert!(page.contains("Partially captured") && page.contains("value=\"42.00\""), "{page}");
    let refund = format!("{LIST}/{id}/refund");
    let form = [("amount", "10.00"), ("operation", "3")];
    assert_eq!(ann.post(&refund, &form).await.location, format!("{LIST}/{id}?done=3"));
    // What is done in the portal is told as the API that made the payment tells it.
    let received = receiver.wait_for(3).await;
    let kinds: Vec<String> = received.iter().map(|event| event.field("paymentType")).collect();
    assert_eq!(kinds, ["PA", "CP", "RF"]);
    assert_eq!(received[2].field("amount"), "10.00");

    let id = hold().await;
    let release = format!("{LIST}/{id}/void");
    let yes = ann.get(&release).await.text;
    assert!(yes.contains("Release the hold of 92.00 EUR?"), "{yes}");
    assert_eq!(ann.post(&release, &[("operation", "2")]).await.location, format!("{LIST}/{id}?done=2"));
    assert_eq!(newest(&world).await.word(), Word::Voided);
    let again = ann.get(&release).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text);
    assert_eq!(ann.get(&format!("{LIST}/{id}/charge")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(receiver.wait_for(5).await[4].field("paymentType"), "RV");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_refund_of_transaction_services_is_told_in_their_words() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let mut ann = back_office(&world).await;
    let url = receiver.url();
    world.ts_pay(&with(&card_payment("T1", "50.00", "4000000000000051"), &[("notificationUrl", url.as_str())])).await;
    let id = printed(&world, newest(&world).await.id);
    let form = [("amount", "50.00"), ("operation", "2")];
    assert_eq!(ann.post(&format!("{LIST}/{id}/refund"), &form).await.location, format!("{LIST}/{id}?done=2"));
    let told = receiver.wait_for(2).await;
    assert_eq!((told[0].field("status"), told[1].field("status")), ("capturesuccess".into(), "reversed".into()));
}

#[tokio::test]
async fn an_operator_says_what_became_of_an_unknown_payment() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let (email, password) = world.demo().operator();
    let mut root = Browser::signed_in(&world, email, password.expose()).await;
    world.pay_by_card("order-1", CARD, "9101.00", json!({"settings": {"webhook_url": receiver.url()}})).await;
    lose_the_provider(&world).await;
    let payment = newest(&world).await;
    assert_eq!(payment.word(), Word::Unknown);
    let id = printed(&world, payment.id);
    let page = root.get(&format!("{LIST}/{id}")).await.text;
    let resolve = format!("/portal/operator/resolve/dev/{id}/1");
    assert!(page.contains(&resolve) && page.contains("is unknown."), "{page}");
    let mut ann = back_office(&world).await;
    assert!(!ann.get(&format!("{LIST}/{id}")).await.text.contains(&resolve));
    assert_eq!(ann.post(&resolve, &[("outcome", "done"), ("reason", "I want it")]).await.status, StatusCode::FORBIDDEN);

    let asks = root.get(&resolve).await.text;
    assert!(
        asks.contains("Sale of 9,101.00 EUR: what became of it?") && asks.contains("No answer came in time"),
        "{asks}"
    );
    for (form, fault) in [
        ([("outcome", ""), ("reason", "seen")], "must be done or not_done"),
        ([("outcome", "done"), ("reason", " ")], "must say how it is known"),
    ] {
        let page = root.post(&resolve, &form).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.text.contains(fault), "{fault} in {}", page.text);
    }
    let said = [("outcome", "done"), ("provider_id", "acq-1"), ("reason", "Seen in the acquirer's back office")];
    let done = root.post(&resolve, &said).await;
    assert_eq!(done.location, format!("{LIST}/{id}?note=resolved"), "{}", done.text);
    let page = root.get(&done.location).await.text;
    for told in ["Captured", "said what became of operation 1", "Seen in the acquirer", email, "Booked: captured"] {
        assert!(page.contains(told), "{told} in {page}");
    }
    let again = root.post(&resolve, &said).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "said once");
    let events = receiver.wait_for(2).await;
    assert_eq!([0, 1].map(|nth| events[nth].field("status")), ["pending", "successful"]);
    let log = world.engine().audit_entries(Some(MERCHANT), None, 5).await.expect("the log");
    assert_eq!((log[0].action.as_str(), &log[0].before["status"]), ("payment.resolved_as_done", &json!("unknown")));
    assert_eq!(root.get(&resolve.replace("/1", "/2")).await.status, StatusCode::NOT_FOUND);
    world.assert_book_agrees().await;
}
