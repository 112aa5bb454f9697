//! The message with which an operator tries a merchant's receiver.

use florin_gateway::demo;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{open, set};
use crate::world::{Receiver, World};

/// Asks for the message, and reads the answer.
async fn try_receiver(world: &World, body: Value) -> (StatusCode, Value) {
    let token = world.demo().admin_token();
    let request = world.post("/admin/v1/notifications/test").bearer_auth(token.expose()).json(&body);
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn a_receiver_is_tried_in_the_form_of_its_notifications() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let credential = json!({"credential_id": demo::V3.number()});
    for (count, form) in ["encrypted", "json", "get"].into_iter().enumerate() {
        set(&world, json!({"notification_url": receiver.url(), "notification_form": form})).await;
        let (status, answer) = try_receiver(&world, credential.clone()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let event = receiver.wait_for(count + 1).await.remove(count);
        assert_eq!(event.header("webhook-id"), answer["webhook_id"]);
        let told = match form {
            "encrypted" => open(&world, &event),
            "json" => json!({"payload": serde_json::from_str::<Value>(&event.body).expect("JSON")}),
            _ => {
                assert_eq!((event.method.as_str(), event.target.as_str()), ("GET", "/hook"));
                continue;
            }
        };
        assert_eq!(told["payload"]["result"]["code"], "000.100.110");
        if form == "encrypted" {
            assert_eq!((&told["type"], &told["action"]), (&json!("test"), &json!("webhook activation")));
        }
    }
}

#[tokio::test]
async fn there_must_be_a_receiver() {
    let world = World::start().await;
    let check = async |body: Value, said: &str| {
        let (status, answer) = try_receiver(&world, body.clone()).await;
        assert_eq!((status, &answer["field"]), (StatusCode::BAD_REQUEST, &json!("credential_id")), "{body}");
        assert!(answer["message"].as_str().is_some_and(|message| message.contains(said)), "{answer}");
    };
    check(json!({}), "names no credential").await;
    check(json!({"credential_id": 4711}), "names no credential").await;
    check(json!({"credential_id": demo::V3.number()}), "without a URL").await;
    let answer = world.post("/admin/v1/notifications/test").json(&json!({})).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}
