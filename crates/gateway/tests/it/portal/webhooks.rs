//! Webhooks in the portal: what was sent, how it was answered, and sending it again.

use florin_gateway::demo::{MERCHANT, V3};
use florin_kernel::user::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::api::call;
use super::stories::between;
use super::{Browser, PASSWORD, add_user, ours};
use crate::world::{Mode, Receiver, SOON, World};

const WEBHOOKS: &str = "/portal/m/1/dev/webhooks";

async fn owner(world: &World) -> Browser<'_> {
    add_user(world, "owner@example.com", ours(Role::Owner)).await;
    Browser::signed_in(world, "owner@example.com", PASSWORD).await
}

/// Whatever is behind the question mark is the receiver's secret.
async fn pay(world: &World, receiver: &Receiver, reference: &str) {
    let url = format!("{}?key=s3cret", receiver.url());
    let more = json!({"settings": {"webhook_url": url}});
    world.pay_by_card(reference, "4111111111111111", "10.05", more).await;
}

#[tokio::test]
async fn events_are_listed_with_answers_and_sent_again() {
    let world = World::start().await;
    let mut owner = owner(&world).await;
    let empty = owner.get(WEBHOOKS).await.text;
    assert!(empty.contains("No webhooks yet") && !empty.contains("Send these again"), "{empty}");

    let receiver = Receiver::start().await;
    pay(&world, &receiver, "one").await;
    let first = receiver.wait_for(1).await.remove(0);
    let list = delivered(&mut owner, 1).await;
    assert!(list.contains("100.0 %") && list.contains(first.header("webhook-id")), "{list}");
    let event = between(&list, &format!("data-href=\"{WEBHOOKS}/"), "\"").to_owned();
    let page = owner.get(&format!("{WEBHOOKS}/{event}")).await.text;
    for text in
        [first.header("webhook-id"), "&#34;tracking_id&#34;: &#34;one&#34;", ">200</span>", receiver.url().as_str()]
    {
        assert!(page.contains(text), "{text} in {page}");
    }
    assert!(page.contains("?key=\u{2026}</dd>") && !page.contains("s3cret"), "{page}");
    let (_, api) = call(&world, "GET", &format!("/admin/v1/webhooks/{event}"), &Value::Null).await;
    assert_eq!(api["event"]["url"], format!("{}?key=\u{2026}", receiver.url()));
    let sent = owner.post(&format!("{WEBHOOKS}/{event}/replay"), &[]).await;
    assert_eq!(sent.location, format!("{WEBHOOKS}/{event}?note=replayed"));
    let again = receiver.wait_for(2).await.remove(1);
    assert_eq!((again.header("webhook-id"), &again.body), (first.header("webhook-id"), &first.body));
    let page = owner.get(&format!("{WEBHOOKS}/{event}")).await.text;
    assert!(page.contains("ordered by owner@example.com"), "{page}");
    let log = world.engine().audit_entries(Some(MERCHANT), None, 1).await.expect("the log");
    assert_eq!(
        (log[0].action.as_str(), log[0].object.as_str()),
        ("webhook.replay_ordered", first.header("webhook-id"))
    );
    assert_eq!((&log[0].before["state"], &log[0].after["state"]), (&json!("delivered"), &json!("due")));

    pay(&world, &receiver, "two").await;
    receiver.wait_for(3).await;
    delivered(&mut owner, 2).await;
    let asked = owner.get(&format!("{WEBHOOKS}/replay?state=delivered")).await.text;
    assert!(asked.contains("Send 2 again"), "{asked}");
    assert!(owner.get(&format!("{WEBHOOKS}/replay?state=given_up")).await.text.contains("No event would be sent"));
    let form = [("state", "delivered"), ("newest", between(&asked, "name=\"newest\" value=\"", "\""))];
    let other = owner.post(&format!("{WEBHOOKS}/replay"), &[form[0], ("newest", "7")]).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert!(other.text.contains("nothing was ordered") && other.text.contains("Send 2 again"), "{}", other.text);
    let sent = owner.post(&format!("{WEBHOOKS}/replay"), &form).await;
    assert_eq!(sent.location, format!("{WEBHOOKS}?note=replayed&count=2"));
    receiver.wait_for(5).await;
    let log = world.engine().audit_entries(Some(MERCHANT), None, 1).await.expect("the log");
    assert_eq!(log[0].action, "webhooks.replay_ordered");
    assert_eq!(log[0].after, json!({"events": 2, "state": "delivered"}));
    assert!(owner.get(&sent.location).await.text.contains("2 events are to be sent again."));
    let bad = owner.post(&format!("{WEBHOOKS}/replay"), &[("from", "yesterday")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(owner.get(&format!("{WEBHOOKS}?endpoint=nobody:1")).await.text.contains("Nothing fits"));
    assert!(owner.get("/portal/m/1/live/webhooks").await.text.contains("No webhooks yet"));
    assert_eq!(owner.get(&format!("/portal/m/1/live/webhooks/{event}")).await.status, StatusCode::NOT_FOUND);
}

/// The list, once so many events are delivered.
async fn delivered(owner: &mut Browser<'_>, count: usize) -> String {
    becomes(owner, &format!("{WEBHOOKS}?state=delivered"), |list| list.matches("data-href").count() == count).await
}

/// A page, once it is as it will be soon.
async fn becomes(browser: &mut Browser<'_>, path: &str, is_so: impl Fn(&str) -> bool) -> String {
    let reached = async {
        loop {
            let page = browser.get(path).await.text;
            if is_so(&page) {
                return page;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, reached).await.unwrap_or_else(|_| panic!("{path} is not what it should become"))
}

#[tokio::test]
async fn a_failing_receiver_is_seen_to_fail() {
    let world = World::start().await;
    let mut owner = owner(&world).await;
    let receiver = Receiver::start().await;
    receiver.behave(Mode::Fails);
    pay(&world, &receiver, "one").await;
    receiver.wait_for(1).await;
    let list = becomes(&mut owner, WEBHOOKS, |list| list.contains("(0.0 %)")).await;
    assert!(list.contains("Fails") && list.contains("500: ") && list.contains("Waiting"), "{list}");
    let event = between(&list, &format!("data-href=\"{WEBHOOKS}/"), "\"").to_owned();
    let page = owner.get(&format!("{WEBHOOKS}/{event}")).await.text;
    assert!(page.contains(">500</span>") && !page.contains("Send it again"), "{page}");
    let waits = owner.post(&format!("{WEBHOOKS}/{event}/replay"), &[]).await;
    assert_eq!(waits.location, format!("{WEBHOOKS}/{event}?note=waits"));
    let request = world.get("/admin/v1/webhooks/receivers?merchant_id=1&mode=dev");
    let request = request.bearer_auth(world.demo().admin_token().expose());
    let health: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    let receiver = &health["receivers"][0];
    assert!(receiver["attempts"].as_i64() > Some(0) && receiver["taken"] == 0, "{health}");
}

#[tokio::test]
async fn a_receiver_is_tried_and_secrets_are_rotated() {
    let world = World::start().await;
    let mut owner = owner(&world).await;
    let receiver = Receiver::start().await;
    let try_it = format!("{WEBHOOKS}/try");
    let number = V3.number().to_string();
    assert!(owner.get(WEBHOOKS).await.text.contains("has a message for trying a receiver"));
    assert_eq!(owner.post(&try_it, &[("credential", &number)]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let url = format!("{}?key=s3cret", receiver.url());
    let set = format!("/portal/m/1/dev/credentials/{number}/settings");
    assert_eq!(owner.post(&set, &[("set.notification_url", &url)]).await.status, StatusCode::SEE_OTHER);
    let tried = owner.post(&try_it, &[("credential", &number)]).await;
    assert!(tried.location.starts_with(&format!("{WEBHOOKS}?note=tried&id=msg_")), "{} {}", tried.location, tried.text);
    let first = receiver.wait_for(1).await.remove(0);
    assert!(tried.location.ends_with(first.header("webhook-id")));
    assert_eq!(first.header("webhook-signature").split(' ').count(), 1);
    let log = world.engine().audit_entries(Some(MERCHANT), None, 2).await.expect("the log");
    assert_eq!((log[0].action.as_str(), &log[0].object), ("webhook.trial_ordered", &V3.to_string()));
    assert_eq!(log[0].after["webhook_id"], first.header("webhook-id"));
    assert_eq!(log[1].action, "credential.changed");
    assert_eq!(log[1].before["settings"]["notification_url"], Value::Null);
    assert_eq!(log[1].after["settings"]["notification_url"], format!("{}?key=\u{2026}", receiver.url()));
    let page = owner.get(WEBHOOKS).await.text;
    assert!(page.contains("?key=\u{2026}</option>") && !page.contains("s3cret"), "{page}");

    let secret = format!("{WEBHOOKS}/secret");
    assert_eq!(owner.post(&secret, &[("do", "")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(owner.post(&secret, &[("do", "begin")]).await.location, format!("{WEBHOOKS}?note=secret"));
    // Once more, as by a double click, changes nothing.
    assert_eq!(owner.post(&secret, &[("do", "begin")]).await.location, format!("{WEBHOOKS}?note=secret"));
    pay(&world, &receiver, "two").await;
    let signed = receiver.wait_for(2).await.remove(1);
    assert_eq!(signed.header("webhook-signature").split(' ').count(), 2);
    let page = owner.get(WEBHOOKS).await.text;
    assert!(page.contains("The one before") && page.contains(world.demo().webhook_secret().expose()), "{page}");
    assert_eq!(owner.post(&secret, &[("do", "end")]).await.location, format!("{WEBHOOKS}?note=secret-ended"));
    assert!(!owner.get(WEBHOOKS).await.text.contains(world.demo().webhook_secret().expose()));
    add_user(&world, "office@example.com", ours(Role::BackOffice)).await;
    let mut office = Browser::signed_in(&world, "office@example.com", PASSWORD).await;
    assert!(!office.get(WEBHOOKS).await.text.contains("Signing secret"));
}
