//! What the v3 dialect refuses: logins in their order, fields, and what they mean. Nothing is written for any of it.

use florin_engine::setup;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use reqwest::{Method, StatusCode};

use crate::cashier_keys::{demo_merchant, put};
use crate::v3::{card, payment, send};
use crate::world::{SOON, World};

#[tokio::test]
async fn logins_are_checked_in_the_contracts_order() {
    let world = World::start().await;
    let (entity, token) = world.demo().v3();
    let bearer = format!("Bearer {}", token.expose());
    let check = async |login: Option<&str>, body: &str, expected: &str| {
        for mount in ["/v3", "/gateway/v3", "/oppwa/v1"] {
            let request =
                world.post(&format!("{mount}/payments")).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            let request = login.into_iter().fold(request, |request, login| request.header(AUTHORIZATION, login));
            let answer = send(request.body(body.to_owned())).await;
            assert_eq!(answer.line(), expected, "{login:?} {mount} {}", answer.text);
        }
    };
    check(None, "", "401 800.900.300").await;
    check(Some("Basic dXNlcjpwYXNz"), "", "401 800.900.300").await;
    check(Some("Bearer"), "", "401 800.900.300").await;
    check(Some("Bearer  "), "", "401 800.900.300").await;
    check(Some("Bearer nobody"), "", "403 800.900.300").await;
    check(Some(&bearer), "", "400 200.300.404").await;
    check(Some(&bearer), "entityId=&amount=-1", "400 200.300.404").await;
    check(Some(&bearer), "entityId=EB999999", "403 800.900.300").await;
    check(
        Some(&bearer.to_lowercase().replace(&token.expose().to_lowercase(), token.expose())),
        "entityId=EB999999",
        "403 800.900.300",
    )
    .await;
    check(Some(&bearer), &format!("entityId={entity}"), "400 200.300.404").await;
    let unauthorized = world.post("/v3/payments").send().await.expect("an answer");
    assert_eq!(unauthorized.headers()[WWW_AUTHENTICATE], "Bearer");
    // A GET's entity is in the query, where a POST's does not count.
    let missing = send(world.v3_raw(Method::GET, "/v3/payments/x", String::new())).await;
    assert_eq!((missing.line().as_str(), missing.names()), ("400 200.300.404", vec!["entityId"]));
    let in_query = send(world.v3_raw(Method::POST, &format!("/v3/payments?entityId={entity}"), String::new())).await;
    assert_eq!(in_query.names(), ["entityId"]);
}

#[tokio::test]
async fn the_older_login_is_for_the_older_mount() {
    let world = World::start().await;
    let ((entity, _), (user, password)) = (world.demo().v3(), world.demo().v3_legacy());
    let check = async |path: &str, login: String, expected: &str| {
        let body = format!("{login}&{}", payment("DB", "92.00", "4111111111111111"));
        let request = world.post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        assert_eq!(send(request).await.line(), expected, "{path} {login}");
    };
    let login = |user: &str, password: &str, entity: &str| {
        format!("authentication.userId={user}&authentication.password={password}&authentication.entityId={entity}")
    };
    let good = login(user, password.expose(), entity);
    check("/oppwa/v1/payments", good.clone(), "200 000.100.110").await;
    check("/v3/payments", good.clone(), "401 800.900.300").await;
    check("/oppwa/v1/payments", login(user, "wrong", entity), "403 800.900.300").await;
    check("/oppwa/v1/payments", login("nobody", password.expose(), entity), "403 800.900.300").await;
    check("/oppwa/v1/payments", login(user, password.expose(), "EB999999"), "403 800.900.300").await;
    check("/oppwa/v1/payments", format!("authentication.userId={user}"), "401 800.900.300").await;
    let found = send(world.get(&format!("/oppwa/v1/payments/{}?{good}", "0".repeat(32)))).await;
    assert_eq!(found.line(), "400 700.400.580");
}

#[tokio::test]
async fn fields_are_refused_all_at_once_and_nothing_is_written() {
    let world = World::start().await;
    let good = payment("DB", "92.00", "4111111111111111");
    let check = async |fields: &str, names: &[&str]| {
        let refused = world.v3("/v3/payments", fields).await;
        assert_eq!(
            (refused.line().as_str(), refused.names()),
            ("400 200.300.404", names.to_vec()),
            "{fields}: {}",
            refused.text
        );
    };
    check("", &["amount", "currency", "paymentType"]).await;
    check(
        "amount=abc&currency=eur&paymentType=XX&card.number=x&card.cvv=1",
        &["amount", "currency", "paymentType", "card.number", "card.cvv", "card.expiryMonth", "card.expiryYear"],
    )
    .await;
    for amount in
        ["1.5", "1,00", "-1.00", "1.000", "1e3", ".50", "1.", "1234567890123", "%2B1.00", "0x1", "NaN", "1 000"]
    {
        check(&good.replace("92.00", amount), &["amount"]).await;
    }
    for (field, name) in [
        ("entityType=SHOP", "entityType"),
        ("testMode=LIVE", "testMode"),
        ("shopperResultUrl=ftp://shop.example", "shopperResultUrl"),
        ("notificationUrl=shop.example", "notificationUrl"),
        ("merchantTransactionId=a&merchantTransactionId=b", "merchantTransactionId"),
        ("paymentBrand=VISA!", "paymentBrand"),
        ("customParameters[ab]=x", "customParameters[ab]"),
        ("customParameters[a-b-c]=x", "customParameters[a-b-c]"),
        ("billing.country=Germany", "billing.country"),
        ("customer.givenName=%00", "customer.givenName"),
        ("card.holder=%ff", "card.holder"),
        ("cart.items[100].name=x", "cart.items[100].name"),
        ("a.b.c.d.e.f.g=x", "a.b.c.d.e.f.g"),
    ] {
        let without =
            good.split('&').filter(|pair| !pair.starts_with(&format!("{name}="))).collect::<Vec<_>>().join("&");
        check(&format!("{without}&{field}"), &[name]).await;
    }
    let long = |name: &str, length: usize| format!("{good}&{name}={}", "x".repeat(length));
    for (name, longest) in [
        ("merchantTransactionId", 255),
        ("descriptor", 127),
        ("merchantInvoiceId", 255),
        ("customer.surname", 50),
        ("customer.email", 128),
        ("billing.street1", 100),
        ("billing.city", 80),
        ("customParameters[key]", 2048),
    ] {
        check(&long(name, longest + 1), &[name]).await;
    }
    // The number is masked and the security code left out.
    let shown = world.v3("/v3/payments", "amount=1.00&currency=EUR&paymentType=DB&card.number=4111111111111112&card.expiryMonth=05&card.expiryYear=2034").await;
    assert_eq!(shown.line(), "400 100.100.101");
    assert!(
        shown
            .text
            .contains(r#"{"name":"card.number","value":"411111******1112","message":"must be a valid card number"}"#),
        "{}",
        shown.text
    );
    let cvv = world.v3("/v3/payments", &good.replace("card.cvv=123", "card.cvv=12345")).await;
    assert!(!cvv.text.contains("12345"), "{}", cvv.text);
    assert!(world.payments().await.is_empty());
}

#[tokio::test]
async fn meaning_has_codes_of_its_own() {
    let world = World::start().await;
    let form = |kind: &str, amount: &str, currency: &str, rest: &str| {
        format!("paymentType={kind}&amount={amount}&currency={currency}&{rest}")
    };
    let visa = card("4111111111111111");
    let check = async |form: String, expected: &str, names: &[&str]| {
        let refused = world.v3("/v3/payments", &form).await;
        assert_eq!((refused.line().as_str(), refused.names()), (expected, names.to_vec()), "{form}: {}", refused.text);
    };
    check(form("DB", "0.00", "EUR", &visa), "400 100.550.300", &["amount"]).await;
    check(form("DB", "999999999.00", "EUR", &visa), "400 100.550.301", &["amount"]).await;
    check(form("DB", "10.50", "JPY", &visa), "400 100.550.303", &["amount"]).await;
    check(form("DB", "10.00", "XXX", &visa), "400 100.550.401", &["currency"]).await;
    check(form("DB", "10.00", "EUR", ""), "400 100.100.100", &[]).await;
    check(form("DB", "10.00", "EUR", "paymentBrand=VISA"), "400 100.100.100", &[]).await;
    check(form("DB", "10.00", "EUR", &card("4111111111111112")), "400 100.100.101", &["card.number"]).await;
    check(form("DB", "10.00", "EUR", &card("411111")), "400 100.100.101", &["card.number"]).await;
    check(form("DB", "10.00", "EUR", &format!("{visa}&paymentBrand=FOO")), "400 100.100.501", &["paymentBrand"]).await;
    check(form("DB", "10.00", "EUR", &format!("{visa}&paymentBrand=MASTER")), "400 100.100.700", &["paymentBrand"])
        .await;
    check(form("RB", "10.00", "EUR", &visa), "400 600.200.400", &[]).await;
    check(form("DB", "10.00", "EUR", "paymentBrand=KLARNA"), "400 600.200.200", &[]).await;
    // Decimals: two, none, and three where the currency has three.
    for (amount, currency, printed) in
        [("10", "EUR", "10.00"), ("1000.00", "JPY", "1000.00"), ("1.250", "KWD", "1.250"), ("1.25", "KWD", "1.250")]
    {
        let paid = world.v3("/v3/payments", &form("DB", amount, currency, &visa)).await;
        assert_eq!(
            (paid.line().as_str(), paid.body["amount"].as_str()),
            ("200 000.000.000", Some(printed)),
            "{amount} {currency}"
        );
    }
}

#[tokio::test]
async fn bodies_are_forms_whatever_their_type_says() {
    let world = World::start().await;
    let (entity, token) = world.demo().v3();
    let body = format!("entityId={entity}&{}", payment("DB", "92.00", "4111111111111111"));
    let check = async |content_type: Option<&str>, body: String, expected: &str| {
        let request = world.post("/v3/payments").bearer_auth(token.expose()).body(body);
        let request = content_type.into_iter().fold(request, |request, kind| request.header(CONTENT_TYPE, kind));
        let answer = send(request).await;
        assert_eq!(answer.line(), expected, "{content_type:?} {}", answer.text);
    };
    check(None, body.clone(), "200 000.000.000").await;
    check(Some("text/plain"), body.clone(), "200 000.000.000").await;
    check(Some("application/x-www-form-urlencoded; charset=UTF-8"), body.clone(), "200 000.000.000").await;
    check(Some("application/json"), body.clone(), "400 200.300.404").await;
    check(Some("text/xml"), body.clone(), "400 200.300.404").await;
    check(Some("multipart/form-data; boundary=x"), body.clone(), "400 200.300.404").await;
    check(None, format!("{body}&x={}", "y".repeat(70_000)), "413 200.100.103").await;
    assert_eq!(world.payments().await.len(), 3);
    let get = world.get("/v3/payments").send().await.expect("an answer");
    assert_eq!(get.status(), StatusCode::UNAUTHORIZED);
}

/// A block list's no is a decline: 400 to a POST on v3 mounts, 200 on the older platform's; nothing is written.
#[tokio::test]
async fn a_blocked_payer_is_declined() {
    let world = World::start().await;
    let mut merchant = demo_merchant(&world);
    merchant.blocked_payers = vec!["127.34.0.0/16".parse().expect("a range")];
    put(&world, setup::merchant_row(&merchant, world.engine().keyring())).await;
    let form = format!("{}&customer.ip=127.34.125.54", payment("DB", "92.00", "4111111111111111"));
    for (mount, line) in [("/v3", "400 100.400.319"), ("/oppwa/v1", "200 100.400.319")] {
        assert_eq!(world.v3(&format!("{mount}/payments"), &form).await.line(), line);
    }
    assert_eq!(world.payments().await.len(), 0);
}

/// The operator's bounds and addresses: off by default, and in the dialect's form where they are on.
#[tokio::test]
async fn the_operator_may_bound_and_redirect() {
    let world = World::with(|config| config.v3.requests_per_second = 1).await;
    let refused = async {
        loop {
            let request = world.v3_raw(Method::GET, "/v3/payments/0?entityId=x", String::new());
            let response = request.send().await.expect("an answer");
            if response.status() == 429 {
                return response;
            }
        }
    };
    let refused = tokio::time::timeout(SOON, refused).await.expect("more than one a second");
    assert_eq!(refused.headers()["retry-after"], "1");
    assert!(refused.text().await.expect("a body").contains("\"800.120.100\""));
    // Readers without a login are not counted.
    assert_eq!(world.get("/v3/resultcodes").send().await.expect("an answer").status(), 200);

    let world = World::with(|config| config.v3.force_https = true).await;
    let led_on =
        world.v3_raw(Method::POST, "/v3/payments?a=1", "entityId=x".to_owned()).send().await.expect("an answer");
    let expected = world.url("/v3/payments?a=1").replace("http://", "https://");
    assert_eq!((led_on.status().as_u16(), led_on.headers()["location"].to_str().expect("text")), (307, &*expected));
    assert_eq!(world.payments().await.len(), 0);
}
