//! Merchants made and changed by the operator, on screens and by program.

use florin_engine::directory::{ApprovalBy, ClosedLoop, OverdraftDev};
use florin_kernel::MerchantId;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Browser;
use super::api::call;
use crate::world::World;

const LIST: &str = "/portal/operator/merchants";

#[tokio::test]
async fn the_operator_makes_and_changes_merchants() {
    let world = World::start().await;
    let (email, password) = world.demo().operator();
    let mut operator = Browser::signed_in(&world, email, password.expose()).await;
    for (name, slug, field) in [
        ("Golden Shop", "Golden", "lower-case letters"),
        ("", "golden", "1 to 60 characters"),
        ("Golden Shop", "demo", "Another merchant has it."),
    ] {
        let page = operator.post(LIST, &[("name", name), ("slug", slug)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {}", page.text);
        assert!(page.text.contains(field), "{field} in {}", page.text);
        assert!(page.text.contains(&format!("value=\"{slug}\"")), "what was typed is kept: {}", page.text);
    }
    let made = operator.post(LIST, &[("name", "Golden <Shop>"), ("slug", "golden")]).await;
    assert_eq!(made.location, format!("{LIST}/2?note=made"), "{}", made.text);
    let page = operator.get(&made.location).await;
    assert!(
        page.text.contains("Golden &#60;Shop&#62;") && page.text.contains("The merchant is there."),
        "{}",
        page.text
    );
    let list = operator.get(LIST).await;
    assert!(list.text.contains("Demo Shop") && list.text.contains("/portal/m/2/live"), "{}", list.text);
    assert_eq!(operator.get("/portal/m/2/live").await.status, StatusCode::OK);

    let renamed = operator.post(&format!("{LIST}/2"), &[("name", "Silver Shop")]).await;
    assert_eq!(renamed.location, format!("{LIST}/2?note=renamed"));
    let fields = [
        ("limits", "10 5000 EUR"),
        ("approval", "portal_only"),
        ("four_eyes", "1000 EUR"),
        ("approval_days", "7"),
        ("closed_loop", "by_method"),
        ("overdraft_live", "500 EUR"),
        ("overdraft_dev_kind", "up_to"),
        ("overdraft_dev", ""),
    ];
    let changed = operator.post(&format!("{LIST}/2/withdrawals"), &fields).await;
    assert_eq!(changed.location, format!("{LIST}/2?note=rules"), "{}", changed.text);
    let rules =
        world.engine().directory().merchant(MerchantId::from_number(2)).expect("it is there").withdrawals.clone();
    assert_eq!((rules.approval, rules.approval_days), (ApprovalBy::PortalOnly, Some(7)));
    assert_eq!(rules.overdraft_dev, OverdraftDev::UpTo(Vec::new()));
    assert!(matches!(rules.closed_loop, ClosedLoop::ByMethod { .. }));

    let wrong = operator.post(&format!("{LIST}/2/withdrawals"), &[("limits", "9 5 EUR"), ("approval_days", "0")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("larger than the largest") && wrong.text.contains("from 1 to 90"), "{}", wrong.text);
    assert!(wrong.text.contains("9 5 EUR</textarea>"), "what was typed is kept: {}", wrong.text);
    let same =
        world.engine().directory().merchant(MerchantId::from_number(2)).expect("it is there").withdrawals.clone();
    assert_eq!(same, rules, "nothing was changed");

    let log = operator.get("/portal/operator/audit").await.text;
    for told in ["merchant made", "merchant changed", "<del>Golden &#60;Shop&#62;</del> <ins>Silver Shop</ins>"] {
        assert!(log.contains(told), "{told} in {log}");
    }
    assert_eq!(operator.get(&format!("{LIST}/9")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(operator.post(&format!("{LIST}/9"), &[("name", "x")]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn programs_make_and_change_merchants() {
    let world = World::start().await;
    let post = async |path: &str, body: Value| call(&world, "POST", path, &body).await;
    let (status, made) = post("/admin/v1/merchants", json!({"name": "Golden Shop", "slug": "golden"})).await;
    assert_eq!((status, &made["merchant"]["id"]), (StatusCode::CREATED, &json!(2)), "{made}");
    assert_eq!(post("/admin/v1/merchants", json!({"name": "Another", "slug": "golden"})).await.0, StatusCode::CONFLICT);
    for (field, body) in
        [("slug", json!({"name": "Another", "slug": "two words"})), ("name", json!({"slug": "another"}))]
    {
        let (status, refusal) = post("/admin/v1/merchants", body).await;
        assert_eq!((status, &refusal["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{refusal}");
    }
    let rules = json!({"four_eyes_from": ["1000.00 EUR"], "overdraft_dev": [], "approval_days": 30});
    let (status, changed) = post("/admin/v1/merchants/2", json!({"name": "Silver Shop", "withdrawals": rules})).await;
    assert_eq!(status, StatusCode::OK, "{changed}");
    let told = &changed["merchant"];
    assert_eq!((&told["name"], &told["slug"]), (&json!("Silver Shop"), &json!("golden")));
    assert_eq!(told["withdrawals"]["four_eyes_from"], json!(["1000.00 EUR"]));
    assert_eq!(told["withdrawals"]["overdraft_dev"], json!([]));
    // What is not named stays.
    let (_, changed) = post("/admin/v1/merchants/2", json!({"withdrawals": {"approval_days": null}})).await;
    assert_eq!(changed["merchant"]["withdrawals"]["approval_days"], Value::Null);
    assert_eq!(changed["merchant"]["withdrawals"]["four_eyes_from"], json!(["1000.00 EUR"]));
    for wrong in [json!({"limits": ["9 5 EUR"]}), json!({"limits": "all"}), json!({"generous": true}), json!([])] {
        let (status, refusal) = post("/admin/v1/merchants/2", json!({"withdrawals": wrong})).await;
        assert_eq!((status, &refusal["field"]), (StatusCode::BAD_REQUEST, &json!("withdrawals")), "{refusal}");
    }
    assert_eq!(post("/admin/v1/merchants/9", json!({})).await.0, StatusCode::NOT_FOUND);

    let (_, list) = call(&world, "GET", "/admin/v1/merchants?limit=1", &Value::Null).await;
    assert_eq!((&list["merchants"][0]["id"], &list["next_after"]), (&json!(1), &json!(1)));
    assert!(list["merchants"][0]["credentials"]["dev"].as_u64().is_some_and(|many| many > 0), "{list}");
    let (_, list) = call(&world, "GET", "/admin/v1/merchants?after=1", &Value::Null).await;
    assert_eq!((&list["merchants"][0]["name"], &list["next_after"]), (&json!("Silver Shop"), &Value::Null));
    let (_, log) = call(&world, "GET", "/admin/v1/audit?merchant_id=2", &Value::Null).await;
    let actions: Vec<&str> =
        log["entries"].as_array().expect("entries").iter().filter_map(|e| e["action"].as_str()).collect();
    assert_eq!(actions, ["merchant.changed", "merchant.changed", "merchant.made"]);
}
