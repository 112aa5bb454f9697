//! Withdrawals in the portal: the queue, four eyes, the no with its reason; and the same by the admin API.

use florin_gateway::demo::MERCHANT;
use florin_kernel::user::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::payments::printed;
use super::{Browser, PASSWORD, add_user, ours};
use crate::cashier_calls::get;
use crate::withdrawals::{IBAN, confirmed, eur, payouts, rules};
use crate::world::{Receiver, World};

const QUEUE: &str = "/portal/m/1/dev/withdrawals";

/// The ids of the withdrawals that wait, as the portal prints them.
async fn waiting(world: &World) -> Vec<String> {
    use florin_engine::office::Scope;
    let scope = Scope { mode: florin_kernel::payment::Mode::Dev, merchant: Some(MERCHANT) };
    let found = world.engine().office_approvals(scope, None, 10).await.expect("the store answers");
    found.rows.iter().map(|withdrawal| printed(world, withdrawal.id)).collect()
}

async fn approver<'w>(world: &'w World, email: &str) -> Browser<'w> {
    add_user(world, email, ours(Role::Approver)).await;
    Browser::signed_in(world, email, PASSWORD).await
}

#[tokio::test]
async fn one_person_approves_a_small_amount_and_two_a_large_one() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    rules(&world, |rules| rules.four_eyes_from = vec![eur("100.00")]).await;
    let (mut ann, mut bo) = (approver(&world, "ann@example.com").await, approver(&world, "bo@example.com").await);
    assert!(ann.get(QUEUE).await.text.contains("Nothing waits"));
    let hook = json!({"settings": {"webhook_url": receiver.url()}});
    confirmed(&world, "small", "50.00", IBAN, hook.clone()).await;
    confirmed(&world, "large", "200.00", IBAN, hook).await;
    let [small, large] = waiting(&world).await.try_into().expect("two wait");
    let queue = ann.get(QUEUE).await.text;
    for told in ["50.00 EUR", "200.00 EUR", "0 of 1", "0 of 2", "Approve\u{2026}", "Bank transfer"] {
        assert!(queue.contains(told), "{told} in {queue}");
    }
    assert!(!queue.contains("GB33"), "{queue}");

    let approve = |id: &str| format!("{QUEUE}/{id}/approve");
    let page = ann.get(&approve(&small)).await.text;
    assert!(
        page.contains("Approve 50.00 EUR?") && page.contains("is sent to") && page.contains("cannot be undone"),
        "{page}"
    );
    assert_eq!(ann.post(&approve(&small), &[]).await.location, format!("{QUEUE}?note=approved"));
    world.status_becomes("small", "successful").await;
    let late = bo.get(&format!("{QUEUE}/{small}/reject")).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text.contains("cannot be stopped any more"), "{}", late.text);

    let page = ann.get(&approve(&large)).await.text;
    assert!(page.contains("This amount needs two people."), "{page}");
    for _ in 0..2 {
        assert_eq!(
            ann.post(&approve(&large), &[]).await.location,
            format!("{QUEUE}?note=first"),
            "a double click is one"
        );
    }
    assert_eq!((waiting(&world).await, payouts(&world).await), (vec![large.clone()], 1));
    let queue = ann.get(QUEUE).await.text;
    assert!(queue.contains("1 of 2") && queue.contains("You approved") && queue.contains("ann@example.com"), "{queue}");
    let page = ann.get(&approve(&large)).await.text;
    assert!(
        page.contains("You have approved it already.") && !page.contains("<button class=\"button primary"),
        "{page}"
    );
    assert!(bo.get(&approve(&large)).await.text.contains("is sent to"));
    assert_eq!(bo.post(&approve(&large), &[]).await.location, format!("{QUEUE}?note=approved"));
    world.status_becomes("large", "successful").await;
    assert_eq!((waiting(&world).await, payouts(&world).await), (Vec::<String>::new(), 2));
    let told: Vec<String> = receiver.wait_for(4).await.iter().map(|event| event.field("status")).collect();
    assert_eq!(told.iter().filter(|status| *status == "successful").count(), 2, "{told:?}");
    let page = ann.get(&format!("/portal/m/1/dev/payments/{large}")).await.text;
    assert!(page.contains("Approved by Somebody (ann@example.com)") && page.contains("(bo@example.com)"), "{page}");
    let log = world.engine().audit_entries(Some(MERCHANT), None, 50).await.expect("the log");
    let approvals: Vec<_> = log.iter().filter(|entry| entry.action == "withdrawal.approved").collect();
    assert_eq!(approvals.len(), 3, "a repeated click is not told again: {log:?}");
    assert_eq!(approvals[0].after["status"], "approved");
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn a_no_gives_the_money_free_and_its_reason_to_the_merchant() {
    let world = World::start().await;
    let mut ann = approver(&world, "ann@example.com").await;
    confirmed(&world, "w-1", "200.00", IBAN, json!({})).await;
    let [id] = waiting(&world).await.try_into().expect("one waits");
    let reject = format!("{QUEUE}/{id}/reject");
    let asks = ann.get(&reject).await.text;
    assert!(asks.contains("Reject 200.00 EUR?") && asks.contains("The payer is not paid."), "{asks}");
    let wrong = ann.post(&reject, &[("reason", "na\u{ef}ve")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("Use at most 200") && wrong.text.contains("value=\"na\u{ef}ve\""), "{}", wrong.text);
    assert_eq!(ann.post(&reject, &[("reason", "Name differs")]).await.location, format!("{QUEUE}?note=rejected"));
    let answer = get(&world, "/v1/transactions/w-1").await.json();
    assert_eq!(answer, json!({"transaction_status": "rejected", "rejected_reason": "Name differs"}));
    let late = ann.post(&format!("{QUEUE}/{id}/approve"), &[]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text.contains("It has been decided already: rejected."), "{}", late.text);
    add_user(&world, "office@example.com", ours(Role::BackOffice)).await;
    confirmed(&world, "w-2", "20.00", IBAN, json!({})).await;
    let mut office = Browser::signed_in(&world, "office@example.com", PASSWORD).await;
    let queue = office.get(QUEUE).await.text;
    assert!(queue.contains("20.00 EUR") && !queue.contains("Approve\u{2026}"), "{queue}");
    world.assert_book_agrees().await;
}

async fn call(world: &World, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = world.request(method.parse().expect("a method"), path);
    let request = request.bearer_auth(world.demo().admin_token().expose());
    let request = if body.is_null() { request } else { request.json(body) };
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn the_admin_token_is_one_of_two_approvers() {
    let world = World::start().await;
    rules(&world, |rules| rules.four_eyes_from = vec![eur("100.00")]).await;
    confirmed(&world, "w-1", "200.00", IBAN, json!({})).await;
    let (_, list) = call(&world, "GET", "/admin/v1/withdrawals?mode=dev&merchant_id=1", &Value::Null).await;
    assert_eq!(
        (&list["withdrawals"][0]["approvals_required"], &list["next_after"]),
        (&json!(2), &Value::Null),
        "{list}"
    );
    let id = list["withdrawals"][0]["id"].as_str().expect("an id").to_owned();
    let decide = |word: &str| format!("/admin/v1/withdrawals/{id}/{word}");
    let (status, first) = call(&world, "POST", &decide("approve"), &Value::Null).await;
    assert_eq!((status, &first["withdrawal"]["approvals"]), (StatusCode::OK, &json!(["program"])), "{first}");
    // The merchant's own keys are no second pair of eyes beside it.
    crate::withdrawals::approve(&world, "w-1").await;
    assert_eq!(payouts(&world).await, 0);
    let mut ann = approver(&world, "ann@example.com").await;
    assert_eq!(ann.post(&format!("{QUEUE}/{id}/approve"), &[]).await.location, format!("{QUEUE}?note=approved"));
    world.status_becomes("w-1", "successful").await;
    assert_eq!(call(&world, "POST", &decide("reject"), &json!({"reason": "x"})).await.0, StatusCode::CONFLICT);
    assert_eq!(call(&world, "POST", &decide("keep"), &Value::Null).await.0, StatusCode::NOT_FOUND);
    let (status, fault) = call(&world, "POST", &decide("reject"), &json!({"reason": "na\u{ef}ve"})).await;
    assert_eq!((status, &fault["field"]), (StatusCode::BAD_REQUEST, &json!("reason")));

    rules(&world, |rules| rules.approval = florin_engine::directory::ApprovalBy::PortalOnly).await;
    confirmed(&world, "w-2", "20.00", IBAN, json!({})).await;
    let [id] = waiting(&world).await.try_into().expect("one waits");
    let path = format!("/admin/v1/withdrawals/{id}/approve");
    assert_eq!(call(&world, "POST", &path, &Value::Null).await.0, StatusCode::CONFLICT, "people only");
}

#[tokio::test]
async fn programs_do_with_payments_what_the_screens_do() {
    let world = World::start().await;
    world.pay_by_card("order-1", "4111111111111111", "10.05", json!({})).await;
    let get = async |path: &str| call(&world, "GET", path, &Value::Null).await;
    let (_, list) = get("/admin/v1/payments?mode=dev&merchant_id=1&status=captured&limit=1").await;
    let row = &list["payments"][0];
    assert_eq!(
        (&row["reference"], &row["amount"], &row["card"]["last4"]),
        (&json!("order-1"), &json!("10.05"), &json!("1111"))
    );
    let id = row["id"].as_str().expect("an id").to_owned();
    assert_eq!(get("/admin/v1/payments?mode=dev&q=order-1").await.1["payments"][0]["id"], json!(id));
    assert_eq!(get("/admin/v1/payments?mode=live").await.1["payments"], json!([]));
    for (query, field) in [("", "mode"), ("mode=dev&status=done", "status"), ("mode=dev&merchant_id=9", "merchant_id")]
    {
        let (status, fault) = get(&format!("/admin/v1/payments?{query}")).await;
        assert_eq!((status, &fault["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{query}");
    }
    let (_, shown) = get(&format!("/admin/v1/payments/{id}")).await;
    let steps: Vec<&str> =
        shown["timeline"].as_array().expect("steps").iter().filter_map(|step| step["what"].as_str()).collect();
    assert!(["made", "asked", "answered", "booked"].iter().all(|what| steps.contains(what)), "{shown}");
    assert_eq!(
        (&shown["payment"]["captured"], shown.to_string().contains("4111111111111111")),
        (&json!("10.05"), false)
    );

    let order = async |path: &str, key: &str, body: Value| {
        let request = world.post(path).bearer_auth(world.demo().admin_token().expose()).header("idempotency-key", key);
        let answer = request.json(&body).send().await.expect("an answer");
        let replayed = answer.headers().contains_key("idempotency-replayed");
        (answer.status(), replayed, answer.text().await.expect("text"))
    };
    let refund = format!("/admin/v1/payments/{id}/refund");
    let first = order(&refund, "k-1", json!({"amount": "5.00"})).await;
    let told: Value = serde_json::from_str(&first.2).expect("JSON");
    assert_eq!((first.0, first.1, &told["operation"]["status"]), (StatusCode::OK, false, &json!("approved")), "{told}");
    assert_eq!(order(&refund, "k-1", json!({"amount": "5.00"})).await, (StatusCode::OK, true, first.2));
    assert_eq!(order(&refund, "k-1", json!({"amount": "4.00"})).await.0, StatusCode::CONFLICT);
    assert_eq!(order(&refund, "k-2", json!({"amount": "5.06"})).await.0, StatusCode::CONFLICT, "more than is left");
    assert_eq!(order(&refund, "k-2", json!({"amount": 5})).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(order(&refund, "k-2", json!({})).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(order(&refund.replace("refund", "void"), "k-2", json!({})).await.0, StatusCode::CONFLICT);
    assert_eq!(order(&refund.replace("refund", "charge"), "k-2", json!({})).await.0, StatusCode::NOT_FOUND);
    let word = json!({"operation": 1, "outcome": "done", "reason": "seen"});
    assert_eq!(
        order(&refund.replace("refund", "resolve"), "k-2", word).await.0,
        StatusCode::CONFLICT,
        "it is not unknown"
    );
    assert_eq!(get(&format!("/admin/v1/payments/{}", &id[1..])).await.0, StatusCode::NOT_FOUND);

    // Without a key an order is protected by the number of the operation that it is to become.
    let plain = async |body: Value| call(&world, "POST", &refund, &body).await;
    let next = get(&format!("/admin/v1/payments/{id}")).await.1["payment"]["next_operation"].clone();
    assert_eq!(next, json!(3));
    for wrong in [json!("3"), json!(0), json!(960), json!(1.5)] {
        let (status, fault) = plain(json!({"amount": "1.00", "operation": wrong})).await;
        assert_eq!((status, &fault["field"]), (StatusCode::BAD_REQUEST, &json!("operation")), "{fault}");
    }
    let once = plain(json!({"amount": "1.00", "operation": 3})).await;
    assert_eq!((once.0, &once.1["operation"]["number"]), (StatusCode::OK, &json!(3)), "{}", once.1);
    assert_eq!(plain(json!({"amount": "1.00", "operation": 3})).await, once, "the same order");
    assert_eq!(plain(json!({"amount": "2.00", "operation": 3})).await.0, StatusCode::CONFLICT, "another order");
    assert_eq!(plain(json!({"amount": "1.00", "operation": 5})).await.0, StatusCode::CONFLICT, "not the next");
    assert_eq!(order(&refund, "k-3", json!({"amount": "1.00", "operation": 3})).await.0, StatusCode::CONFLICT);
    // With neither, each is an order of its own.
    for number in [4, 5] {
        assert_eq!(plain(json!({"amount": "1.00"})).await.1["operation"]["number"], json!(number));
    }

    let csv = world.get("/admin/v1/payments.csv?mode=dev").bearer_auth(world.demo().admin_token().expose());
    let csv = csv.send().await.expect("an answer").text().await.expect("text");
    assert!(csv.lines().count() == 2 && csv.contains(&id) && csv.contains(",partially_refunded,10.05,EUR,"), "{csv}");
    let log = get("/admin/v1/audit?merchant_id=1").await.1;
    assert_eq!(log["entries"][0]["action"], "payment.refund_ordered", "{log}");
    assert!(log["entries"][0]["who"]["admin_token"].is_object(), "{log}");
}
