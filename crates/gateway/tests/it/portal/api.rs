//! The admin API of users and the audit log, and the command that adds the first operator.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Browser, PASSWORD, add_merchant};
use crate::process::command;
use crate::world::World;

/// Calls it with the demo's token.
pub async fn call(world: &World, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = world.request(method.parse().expect("a method"), path);
    let request = request.bearer_auth(world.demo().admin_token().expose());
    let request = if body.is_null() { request } else { request.json(body) };
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn programs_do_what_the_screens_do() {
    let world = World::start().await;
    add_merchant(&world).await;
    let post = async |path: &str, body: Value| call(&world, "POST", path, &body).await;
    let get = async |path: &str| call(&world, "GET", path, &Value::Null).await.1;
    let new = json!({"email": "Ann@example.com", "name": "Ann", "merchant_id": 1, "role": "back_office"});
    let (status, made) = post("/admin/v1/users", new.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    assert_eq!((&made["user"]["email"], &made["user"]["state"]), (&json!("ann@example.com"), &json!("invited")));
    let link = made["link"].as_str().expect("a link");
    let path = link.strip_prefix(&world.url("")).expect("a link to us").to_owned();
    let mut ann = Browser::new(&world);
    let set = ann.post(&path, &[("password", PASSWORD), ("repeated", PASSWORD)]).await;
    assert_eq!(set.status, StatusCode::SEE_OTHER);
    let mut ann = Browser::signed_in(&world, "ann@example.com", PASSWORD).await;

    assert_eq!(post("/admin/v1/users", new).await.0, StatusCode::CONFLICT);
    let second = json!({"email": "ann@example.com", "merchant_id": 2, "role": "approver"});
    let (status, known) = post("/admin/v1/users", second).await;
    assert_eq!((status, &known["link"]), (StatusCode::OK, &Value::Null));
    for (field, body) in [
        ("email", json!({"email": "ann", "name": "Ann", "merchant_id": 1, "role": "owner"})),
        ("name", json!({"email": "bo@example.com", "merchant_id": 1, "role": "owner"})),
        ("role", json!({"email": "bo@example.com", "name": "Bo", "merchant_id": 1, "role": "boss"})),
        ("merchant_id", json!({"email": "bo@example.com", "name": "Bo", "merchant_id": 9, "role": "owner"})),
        ("merchant_id", json!({"email": "bo@example.com", "name": "Bo"})),
        ("operator", json!({"email": "bo@example.com", "name": "Bo", "operator": true, "merchant_id": 1})),
    ] {
        let (status, refusal) = post("/admin/v1/users", body).await;
        assert_eq!((status, &refusal["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{refusal}");
    }
    let user = format!("/admin/v1/users/{}", made["user"]["id"]);
    let (_, moved) = post(&format!("{user}/role"), json!({"merchant_id": 1, "role": null})).await;
    assert_eq!(moved["user"]["standing"], json!({"member": [{"merchant": 2, "role": "approver"}]}));
    assert_eq!(post(&format!("{user}/disable"), Value::Null).await.1["user"]["state"], "disabled");
    assert_eq!(ann.get("/portal/account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(post(&format!("{user}/link"), Value::Null).await.0, StatusCode::NOT_FOUND, "not while she is out");
    assert_eq!(post(&format!("{user}/enable"), Value::Null).await.1["user"]["state"], "active");
    assert_eq!(post(&format!("{user}/one_time/reset"), Value::Null).await.0, StatusCode::OK);
    assert!(post(&format!("{user}/link"), Value::Null).await.1["link"].is_string());
    assert_eq!(post("/admin/v1/users/7/disable", Value::Null).await.0, StatusCode::NOT_FOUND);

    let users = get("/admin/v1/users?limit=1").await;
    assert_eq!((users["users"].as_array().map(Vec::len), &users["next_after"]), (Some(1), &json!("ann@example.com")));
    let users = get("/admin/v1/users?after=ann@example.com").await;
    assert_eq!((&users["users"][0]["email"], &users["next_after"]), (&json!("operator@example.com"), &Value::Null));
    assert_eq!(get("/admin/v1/users?merchant_id=1").await["users"], json!([]));
    let log = get("/admin/v1/audit?limit=3").await;
    assert_eq!(log["entries"][0]["action"], "user.link_made");
    assert!(log["entries"][0]["who"]["admin_token"]["address"].is_string(), "{log}");
    let before = &log["next_before"];
    assert_eq!(
        get(&format!("/admin/v1/audit?before={before}")).await["entries"][0]["number"],
        json!(before.as_i64().expect("a number") - 1)
    );
    let log = get("/admin/v1/audit?merchant_id=2").await;
    assert_eq!(log["entries"].as_array().map(Vec::len), Some(1), "{log}");
}

#[tokio::test]
async fn the_command_line_adds_the_first_operator() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = async |arguments: &[&str]| {
        let output = command(folder.path()).arg("user").args(arguments).output().await.expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, told, log) = run(&["add", "--email", "Root@example.com", "--operator"]).await;
    assert_eq!(code, Some(0), "{log}");
    assert!(told.contains("http://127.0.0.1:8080/portal/invitation/"), "{told}");
    let (code, _, log) = run(&["add", "--email", "root@example.com", "--operator"]).await;
    assert!(code == Some(1) && log.contains("is there already"), "{log}");
    let (code, _, log) = run(&["add", "--email", "ann@example.com", "--merchant", "1", "--role", "owner"]).await;
    assert!(code == Some(1) && log.contains("--merchant 1: there is none"), "{log}");
    assert_eq!(run(&["add", "--email", "ann@example.com"]).await.0, Some(2), "neither operator nor member");
    let (code, told, _) = run(&["link", "--email", "root@example.com"]).await;
    assert!(code == Some(0) && told.contains("/portal/invitation/"), "{told}");
    assert_eq!(run(&["link", "--email", "ann@example.com"]).await.0, Some(1));

    let output = command(folder.path()).args(["ledger", "verify"]).output().await.expect("it runs");
    let told = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success() && told.contains("The audit log agrees: 2 entries"), "{told}");
}
