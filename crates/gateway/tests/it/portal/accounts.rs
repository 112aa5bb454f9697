//! Provider accounts: made by the operator, taken by payments, changed, and told in the audit log.

use florin_kernel::user::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::api::call;
use super::payments::printed;
use super::stories::between;
use super::{Browser, PASSWORD, add_user, ours};
use crate::world::World;

const LIST: &str = "/portal/operator/providers";

async fn operator(world: &World) -> Browser<'_> {
    let (email, password) = world.demo().operator();
    Browser::signed_in(world, email, password.expose()).await
}

#[tokio::test]
async fn an_account_is_made_and_takes_payments() {
    let world = World::start().await;
    let mut root = operator(&world).await;
    let list = root.get(LIST).await.text;
    assert!(list.contains("Card Simulator B") && list.contains("new?driver=simulator"), "{list}");
    let form = root.get(&format!("{LIST}/new?driver=simulator")).await.text;
    let number = between(
        &form,
        "name=\"number\" autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\" value=\"",
        "\"",
    );
    assert_eq!(number, "311", "after all accounts and routes");
    assert!(form.contains("Approves what others decline") && !form.contains("value=\"live\""), "{form}");
    let fields = |more: &[(&'static str, &'static str)]| {
        let mut fields = vec![
            ("driver", "simulator"),
            ("number", "311"),
            ("merchant_id", "1"),
            ("method", "card"),
            ("name", "Acme <cards>"),
            ("code", "acme"),
            ("modes", "dev"),
        ];
        for (name, value) in more {
            fields.retain(|(known, _)| known != name);
            fields.push((name, value));
        }
        fields
    };
    for (name, value, said) in [
        ("number", "210", "Another provider or route has that number."),
        ("number", "310", "Another provider or route has that number."),
        ("number", "x", "Number must be a whole number."),
        ("merchant_id", "77", "Merchant id names no merchant."),
        ("name", "", "Name must be 1 to 60 characters."),
        ("code", "Acme", "Code must be 1 to 40 lower-case letters"),
        ("modes", "live", "which is not live"),
        ("currencies", "euro", "Currencies must be"),
        ("setting.colour", "red", "Colour is no setting of this driver."),
    ] {
        let page = root.post(LIST, &fields(&[(name, value)])).await;
        assert!(matches!(page.status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::CONFLICT), "{name}");
        assert!(page.text.contains(said) && page.text.contains("value=\"simulator\""), "{said} in {}", page.text);
    }
    let wanted = fields(&[("amount_min", "1"), ("amount_max", "500"), ("setting.approves_declined", "true")]);
    let made = root.post(LIST, &wanted).await;
    assert_eq!(made.location, format!("{LIST}/311?note=made"), "{}", made.text);
    let twice = root.post(LIST, &wanted).await;
    assert_eq!(twice.status, StatusCode::CONFLICT, "the same form makes one");
    let page = root.get(&made.location).await.text;
    for told in ["The account is there.", "Acme &#60;cards&#62;", "sale, authorise", "takes card numbers", "In service"]
    {
        assert!(page.contains(told), "{told} in {page}");
    }

    // A request that names it goes there, by its bounds and by what its driver is told.
    let pay = async |reference: &str, amount: &str| {
        world.pay_by_card(reference, "4000000000000341", amount, json!({"routing_id": 311})).await
    };
    assert_eq!(pay("one", "10.00").await["transaction_status"], "successful", "declined elsewhere");
    assert!(pay("two", "500.01").await["transaction_status"].is_null());
    let own = format!("{LIST}/311");
    let change = root.post(&own, &[("amount_max", "1000"), ("setting.approves_declined", "")]).await;
    assert_eq!(change.location, format!("{own}?note=changed"), "{}", change.text);
    assert_eq!(pay("three", "500.01").await["transaction_status"], "rejected");
    assert_eq!(root.post(&own, &[("service", "out")]).await.location, format!("{own}?note=changed"));
    assert!(pay("four", "10.00").await["transaction_status"].is_null());
    assert!(root.get(LIST).await.text.contains("Out of service"));
    let payment = world.payments().await.into_iter().find(|payment| payment.details.reference == "one");
    let id = printed(&world, payment.expect("paid").id);
    let shown = root.get(&format!("/portal/m/1/dev/payments/{id}")).await.text;
    assert!(shown.contains("Acme &#60;cards&#62;"), "{shown}");

    let (_, log) = call(&world, "GET", "/admin/v1/audit?merchant_id=1&limit=3", &Value::Null).await;
    let told = |at: usize| (&log["entries"][at]["action"], &log["entries"][at]["before"], &log["entries"][at]["after"]);
    let entry = told(1);
    assert_eq!(entry.0, "provider.changed");
    let (before, after) = (
        json!({"amounts": ["1", "500"], "settings.approves_declined": "true"}),
        json!({"amounts": ["0", "1000"], "settings.approves_declined": null}),
    );
    assert_eq!((entry.1, entry.2), (&before, &after), "{log}");
    let entry = told(2);
    assert_eq!((entry.0, entry.1, &entry.2["name"]), (&json!("provider.made"), &Value::Null, &json!("Acme <cards>")));
    // The merchant's owner sees it, and may take it out of service, but makes none.
    add_user(&world, "owner@example.com", ours(Role::Owner)).await;
    let mut owner = Browser::signed_in(&world, "owner@example.com", PASSWORD).await;
    let list = owner.get("/portal/m/1/dev/providers").await.text;
    assert!(list.contains("Acme &#60;cards&#62;") && !list.contains(LIST), "{list}");
    assert!(root.get("/portal/m/1/dev/providers").await.text.contains(LIST));
}

#[tokio::test]
async fn programs_make_and_change_accounts() {
    let world = World::start().await;
    let post = async |path: &str, body: Value| call(&world, "POST", path, &body).await;
    let (_, drivers) = call(&world, "GET", "/admin/v1/drivers", &Value::Null).await;
    assert_eq!(
        (&drivers["drivers"][0]["name"], &drivers["drivers"][0]["modes"]),
        (&json!("simulator"), &json!(["dev"]))
    );
    let new = json!({
        "driver": "simulator", "method": "card", "code": "acme", "name": "Acme", "modes": ["dev"], "currencies": ["EUR", "USD"],
        "amount_max": "500", "conversion_currency": "GBP", "conversion_rate": "0.5", "settings": {"approves_declined": "true"}
    });
    let (status, made) = post("/admin/v1/providers", new.clone()).await;
    assert_eq!((status, &made["provider_id"]), (StatusCode::CREATED, &json!(311)), "{made}");
    let account = &made["provider"];
    assert_eq!((&account["currencies"], &account["amounts"]), (&json!(["EUR", "USD"]), &json!(["0", "500"])));
    assert_eq!(
        (&account["conversion"], &account["settings"]),
        (&json!(["GBP", "0.5"]), &json!({"approves_declined": "true"}))
    );
    let wrong = |name: &str, value: Value| {
        let mut body = new.clone();
        body[name] = value;
        body
    };
    for (field, body) in [
        ("driver", wrong("driver", json!("gone"))),
        ("method", wrong("method", json!("cash"))),
        ("modes", wrong("modes", json!(["live"]))),
        ("colour", wrong("settings", json!({"colour": "red"}))),
        ("approves_declined", wrong("settings", json!({"approves_declined": true}))),
        ("merchant_id", wrong("merchant_id", json!(9))),
        ("amounts", wrong("amount_min", json!("501"))),
    ] {
        let (status, refusal) = post("/admin/v1/providers", body).await;
        assert_eq!((status, &refusal["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{refusal}");
    }
    assert_eq!(post("/admin/v1/providers", wrong("number", json!(311))).await.0, StatusCode::CONFLICT);
    let own = "/admin/v1/providers/311";
    let (_, changed) =
        post(own, json!({"name": "Acme 2", "settings": {"approves_declined": null}, "disabled": true})).await;
    let account = &changed["provider"];
    assert_eq!(
        (&account["name"], &account["disabled"], &account["settings"]),
        (&json!("Acme 2"), &json!(true), &json!({}))
    );
    assert_eq!(
        (&account["currencies"], &account["amounts"]),
        (&json!(["EUR", "USD"]), &json!(["0", "500"])),
        "the rest stays"
    );
    assert_eq!(call(&world, "GET", own, &Value::Null).await.1, changed);
    assert_eq!(post(own, json!({"driver": "other"})).await.1["field"], "driver");
    assert_eq!(post("/admin/v1/providers/999", json!({"name": "x"})).await.0, StatusCode::NOT_FOUND);
}
