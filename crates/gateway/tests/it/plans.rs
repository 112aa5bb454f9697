//! The operator's API of recurring plans, over HTTP, on a card stored by the v3 dialect.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::v3::card;
use crate::world::World;

const DAY: Duration = Duration::from_secs(86_400);

impl World {
    async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.request(method, path).bearer_auth(self.demo().admin_token().expose());
        let request = match body {
            Some(body) => request.header("idempotency-key", "key-1").json(&body),
            None => request,
        };
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    async fn plan(&self, id: &str) -> Value {
        let (status, plan) = self.admin(Method::GET, &format!("/admin/v1/plans/{id}?mode=dev"), None).await;
        assert_eq!(status, 200, "{plan}");
        plan
    }

    /// Waits until a plan has made so many charges.
    async fn charges_become(&self, id: &str, charged: u64) {
        let reached = async {
            while self.plan(id).await["charged"] != charged {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(crate::world::SOON, reached).await.is_err() {
            panic!("{} and not {charged} charges", self.plan(id).await);
        }
    }
}

fn new_plan(registration: &str) -> Value {
    json!({"mode": "dev", "registration_id": registration, "amount": "9.90", "currency": "EUR",
        "unit": "month", "reference": "club-4711", "webhook_url": "https://shop.example/events"})
}

#[tokio::test]
async fn a_plan_is_made_charged_paused_and_cancelled() {
    let world = World::start().await;
    let card = world.v3("/v3/registrations", &card("4111111111111111")).await.id().to_owned();
    let (status, plan) = world.admin(Method::POST, "/admin/v1/plans", Some(new_plan(&card))).await;
    assert_eq!((status, &plan["state"], &plan["registration_id"]), (201, &json!("active"), &json!(card)), "{plan}");
    let id = plan["plan_id"].as_str().expect("an id").to_owned();
    let (_, again) = world.admin(Method::POST, "/admin/v1/plans", Some(new_plan(&card))).await;
    assert_eq!(again["plan_id"], plan["plan_id"], "the same key, the same plan");
    let other = json!({"amount": "1.00", "mode": "dev", "registration_id": card, "currency": "EUR", "unit": "day"});
    assert_eq!(world.admin(Method::POST, "/admin/v1/plans", Some(other)).await.0, 409);

    world.charges_become(&id, 1).await;
    world.advance(31 * DAY).await;
    world.charges_become(&id, 2).await;
    // A charge reads in v3 as any other payment there.
    let shown = world.plan(&id).await;
    let last = shown["last_payment_id"].as_str().expect("a payment");
    let payment = world.v3_get(&format!("/v3/payments/{last}")).await;
    assert_eq!((payment.code(), &payment.body["amount"]), ("000.000.000", &json!("9.90")), "{}", payment.text);
    assert_eq!(payment.body["merchantTransactionId"], "club-4711");

    let say =
        async |verb: &str| world.admin(Method::POST, &format!("/admin/v1/plans/{id}/{verb}?mode=dev"), None).await;
    assert_eq!(say("pause").await.1["state"], "paused");
    world.advance(62 * DAY).await;
    let (status, resumed) = say("resume").await;
    assert_eq!((status, &resumed["charged"], &resumed["skipped"]), (200, &json!(2), &json!(2)), "{resumed}");
    assert_eq!(say("resume").await.0, 409);
    assert_eq!(say("cancel").await.1["state"], "cancelled");
    assert_eq!(say("resume").await.0, 409);
    assert_eq!(say("explode").await.0, 404);
    let (_, listed) = world.admin(Method::GET, "/admin/v1/plans?mode=dev&state=cancelled", None).await;
    assert_eq!((&listed["total"], &listed["plans"][0]["plan_id"]), (&json!(1), &json!(id)), "{listed}");
    let (_, live) = world.admin(Method::GET, "/admin/v1/plans?mode=live", None).await;
    assert_eq!(live["total"], 0);
    assert_eq!(world.admin(Method::GET, &format!("/admin/v1/plans/{id}?mode=live"), None).await.0, 404);
    world.assert_book_agrees().await;
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let world = World::start().await;
    let card = world.v3("/v3/registrations", &card("4111111111111111")).await.id().to_owned();
    let check = async |field: &str, value: Value| {
        let mut plan = new_plan(&card);
        plan[field] = value;
        let (status, said) = world.admin(Method::POST, "/admin/v1/plans", Some(plan)).await;
        assert_eq!((status, said["field"].as_str()), (400, Some(field)), "{said}");
    };
    check("mode", json!("test")).await;
    check("amount", json!("9.999")).await;
    check("amount", json!(9.9)).await;
    check("amount", json!("0")).await;
    check("currency", json!("XAU")).await;
    check("unit", json!("year")).await;
    check("every", json!(0)).await;
    check("every", json!(367)).await;
    check("charges", json!(0)).await;
    check("first_at", json!("tomorrow")).await;
    check("first_at", json!("2020-01-01T00:00:00Z")).await;
    check("webhook_url", json!("ftp://shop.example")).await;
    check("registration_id", json!("0123456789abcdef0123456789abcdef")).await;
    check("registration_id", json!("reg_5")).await;
    check("merchant_id", json!(9)).await;
    let mut unknown = new_plan(&card);
    unknown["amont"] = json!("1.00");
    assert_eq!(world.admin(Method::POST, "/admin/v1/plans", Some(unknown)).await.1["field"], "body");
    assert_eq!(world.admin(Method::GET, "/admin/v1/plans?mode=dev&state=lost", None).await.1["field"], "state");
    assert_eq!(world.admin(Method::GET, "/admin/v1/plans?mode=dev&limit=1000", None).await.1["field"], "limit");
    assert_eq!(world.admin(Method::GET, "/admin/v1/plans/plan_9?mode=dev", None).await.0, 404);
    let nobody = world.get("/admin/v1/plans?mode=dev").send().await.expect("an answer");
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(world.admin(Method::GET, "/admin/v1/plans?mode=dev", None).await.1["total"], 0, "nothing was made");
}
